/* SPDX-License-Identifier: Apache-2.0 */
/* Misses and cached flows of one datapath, whichever provider: a miss is translated and its flow
 * installed, in the thread that saw it; revalidators dump the flows, push statistics to what the
 * flows used, remove the idle ones, and correct those whose translation has changed.
 *
 * Threads: upcalls_revalidate() any; the callbacks run on workers or handlers; the rest belongs to
 * main. */
#ifndef UPCALL_UPCALL_H
#define UPCALL_UPCALL_H

#include <jansson.h>

#include "base/loop.h"
#include "dpif/dpif.h"
#include "pipeline/xlate.h"

struct upcalls;
struct str;

struct upcall_config { /* Open_vSwitch.other_config, SPEC 1.1 */
	uint32_t flow_limit; /* 200000 */
	uint32_t max_idle_ms; /* 10000 */
	uint32_t max_revalidator_ms; /* 500 */
	/* 5: a flow of less is not worth a translation when rounds take long; 0: each is */
	uint32_t min_revalidate_pps;
	uint32_t offloaded_stats_delay_ms; /* 2000: how late counters of offloaded flows may be */
	uint32_t n_handlers; /* 0: the datapath's default */
	uint32_t n_revalidators; /* 0: from the number of CPUs */
	/* flow-restore-wait: flows are being restored by somebody else.  Misses are lost, and what
	 * the datapath has stays as it is. */
	bool restore_wait;
};
extern const struct upcall_config upcall_config_default;

/* Takes over the misses of 'dpif'.  'dp' must outlive it.  Flows that the datapath has already stay
 * as they are until somebody first asks for a round, which says that the configuration is whole;
 * what they teach is learned then, and each stays if a new translation agrees with it. */
struct upcalls *upcalls_create(struct loop *, struct dpif *, const struct xdp *dp);
void upcalls_destroy(struct upcalls *); /* flows stay in the datapath */
/* Before a teardown after which the flows are to go on forwarding: from now on no miss is handled
 * and no flow is changed.  For good. */
void upcalls_freeze(struct upcalls *);
void upcalls_configure(struct upcalls *, const struct upcall_config *);

/* Something changed that translations depend on.  Cheap; many calls make one round. */
void upcalls_revalidate(struct upcalls *);
/* The MAC table's part of that: its fdb_set_touched_cb() and, after it, fdb_set_changed_cb().  Only
 * flows that looked the address up are translated again; without any there is no round. */
void upcalls_touch(struct upcalls *, uint32_t tag);
void upcalls_touched(struct upcalls *);

/* Waits for a whole round that starts after this call: every cached flow agrees with the
 * configuration then. */
struct upcall_waiter {
	void (*done)(struct upcall_waiter *); /* from the main loop; may free it */
	uint64_t round;
	struct cds_list_head node;
};
void upcalls_wait(struct upcalls *, struct upcall_waiter *);
void upcalls_wait_cancel(struct upcall_waiter *);

void upcalls_purge(struct upcalls *); /* removes every flow, with its last statistics pushed */
void upcalls_pause(struct upcalls *, bool); /* revalidation stands still */
void upcalls_set_flow_limit(struct upcalls *, uint32_t);
/* Pushes what the datapath counted so far to rules and MAC entries: before their counters are
 * read. */
void upcalls_push_stats(struct upcalls *);
void upcalls_format(struct upcalls *, struct str *); /* upcall/show */
json_t *upcalls_to_json(struct upcalls *);
void upcalls_report_memory(struct upcalls *, struct str *); /* for a memory_reporter */
/* Whether flows leave out what did not matter to their translation, in all datapaths; those that
 * are cached go. */
void upcalls_set_megaflows(bool enabled);
/* Rounds ask for flows by identifier where that is enough, instead of whole ones. */
void upcalls_set_terse(bool enabled);
/* The identifier of each cached flow with the rules it passes, or of the one flow 'ufid'. */
json_t *upcalls_dump_rules(struct upcalls *, const struct ufid *ufid);
void upcalls_walk(void (*fn)(struct upcalls *, void *aux), void *aux);

/* Registers upcall/... and revalidator/... */
void upcall_register_commands(void);

#endif
