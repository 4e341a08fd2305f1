/* SPDX-License-Identifier: Apache-2.0 */
/* Translation: one packet's key and the tables -> datapath actions, and the mask of what mattered.
 * A pure function of (flow, table version, L2 state): what is to happen besides is recorded as
 * effects, which the caller applies.
 * Threads: any, inside rcu_enter(). */
#ifndef PIPELINE_XLATE_H
#define PIPELINE_XLATE_H

#include "pipeline/effect.h"
#include "flow/odp.h"

#define XLATE_MAX_DEPTH 64 /* of patch ports crossed, and later of resubmits */
#define XLATE_MAX_STEPS 4096 /* table look-ups in one translation */

struct xlate_out {
	struct odp_buf actions; /* initialised by the caller: appended to */
	struct flow_mask mask;
	struct effects effects;
	enum drop_reason drop; /* why there are no actions, or DROP_NONE */
};

/* 'key' as the datapath gave it (in_port a datapath number).  Always fills 'out'; a packet that
 * goes nowhere has the one action ODP_ACTION_DROP with 'out->drop', so that the datapath counts
 * cached drops by reason. */
void xlate(const struct xdp *, const struct flow *key, struct xlate_out *out);
void xlate_out_uninit(struct xlate_out *); /* not 'actions' */

/* For pipeline/act/X.c only: the state of a translation. */
struct xlate_ctx {
	const struct xdp *dp;
	struct xlate_out *out;
	struct flow flow; /* as the actions so far want it; in_port is the OpenFlow number */
	struct flow base; /* as the actions so far have made it */
	const struct xbridge *bridge;
	struct xport *in_port;
	unsigned int depth, steps;
	size_t n_outputs;
	enum drop_reason drop; /* the most telling reason so far */
};
void xlate_drop(struct xlate_ctx *, enum drop_reason);
/* Sends the packet as it is now out of 'port', crossing to the peer if that is a patch port. */
void xlate_output(struct xlate_ctx *, struct xport *port);

struct act_xlate {
	void (*xlate)(struct xlate_ctx *, const struct act *);
};
extern const struct act_xlate act_xlate_output, act_xlate_normal;

#endif
