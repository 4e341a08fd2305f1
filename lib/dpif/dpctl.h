/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a dpctl command: what its options say, what it prints.  The verbs stand in
 * dpctl_ports.c and dpctl_flows.c; dpctl.c has their table.
 * Threads: main. */
#ifndef DPIF_DPCTL_H
#define DPIF_DPCTL_H

#include "dpif/dpif.h"

struct dpctl {
	struct loop *loop;
	struct str out;
	bool failed; /* what was printed is an error */

	bool more; /* -m, --more */
	bool stats; /* -s, --statistics */
	bool clear; /* --clear */
	bool may_create; /* --may-create */
	bool read_only; /* --read-only */
	int names; /* --names 1, --no-names 0, neither -1 */
};

/* "PROGRAM: text (strerror)"; 'err' is 0 or an errno of either sign. */
void dpctl_error(struct dpctl *, int err, const char *fmt, ...) PRINTF_FORMAT(3, 4);
/* A reference on the datapath 'name' ("[TYPE@]NAME"), which must be open, or the only one if
 * 'name' is NULL. NULL, and said why. */
struct dpif *dpctl_open(struct dpctl *, const char *name);
/* An open datapath of that name, without a reference and without complaint; NULL. */
struct dpif *dpctl_find(const char *name);
/* The names to print and parse ports with. */
const struct odp_names *dpctl_names(const struct dpctl *, struct dpif *);

/* 'argv[0]' is the command, options are gone. */
typedef void dpctl_fn(struct dpctl *, int argc, const char *argv[]);
dpctl_fn dpctl_add_dp, dpctl_del_dp, dpctl_add_if, dpctl_del_if, dpctl_set_if, dpctl_dump_dps,
	dpctl_show;
dpctl_fn dpctl_dump_flows, dpctl_add_flow, dpctl_mod_flow, dpctl_get_flow, dpctl_del_flow,
	dpctl_add_flows, dpctl_mod_flows, dpctl_del_flows, dpctl_parse_actions;

#endif
