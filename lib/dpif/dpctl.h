/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a dpctl command, by unixctl (dpctl/...) or by ovs-dpctl: what its options say, what it
 * prints.  The verbs stand in dpctl_*.c by subject; dpctl.c has their one table, which both go by.
 * Threads: main. */
#ifndef DPIF_DPCTL_H
#define DPIF_DPCTL_H

#include <jansson.h>

#include "base/options.h"
#include "dpif/dpif.h"

struct dpctl_options {
	bool more; /* -m, --more */
	bool stats; /* -s, --statistics */
	bool clear; /* --clear */
	bool may_create; /* --may-create */
	bool read_only; /* --read-only */
	int names; /* --names 1, --no-names 0, neither -1 */
};
#define DPCTL_OPTIONS_DEFAULT ((struct dpctl_options){ .names = -1 })
/* Rows that set the members of '*dpctl_options_target'. */
extern const struct option_group dpctl_option_groups[];
#define DPCTL_N_OPTION_GROUPS 3
extern struct dpctl_options *dpctl_options_target;

struct dpctl {
	struct loop *loop;
	struct dpctl_options opt;
	bool standalone; /* ovs-dpctl: the datapaths of others */
	/* Where the words that are worked on stand, for errors; NULL: in the command itself. */
	const char *file;
	unsigned int line;
	struct str out;
	struct str errors; /* lines "PROGRAM: [FILE:LINE: ]what (why)" */
	bool failed;
	/* NULL: text is wanted.  Else what the verb lists goes here, too. */
	json_t *json;
	void (*show_help)(void); /* of ovs-dpctl */
};

/* Runs 'argv[0]' with its words; options are gone.  The caller has set up 'd' and prints 'out',
 * 'errors' and 'json'. */
void dpctl_run(struct dpctl *, int argc, const char *argv[]);
void dpctl_init(struct dpctl *, struct loop *, bool standalone, bool json);
void dpctl_uninit(struct dpctl *);

/* "PROGRAM: [FILE:LINE: ]text (strerror)"; 'err' is 0 or an errno of either sign. */
void dpctl_error(struct dpctl *, int err, const char *fmt, ...) PRINTF_FORMAT(3, 4);
/* Adds an element to the list that the command answers with; takes the reference. */
void dpctl_json_add(struct dpctl *, json_t *);

/* "[TYPE@]NAME": opens it, or NULL and why not as a negative errno.  Without a type it is that of
 * the one datapath of that name. */
struct dpif *dpctl_find(const struct dpctl *, const char *name, int *err);
/* Calls 'fn' with each datapath, sorted. */
void dpctl_walk(struct dpctl *, void (*fn)(struct dpctl *, struct dpif *));
/* The datapath that the first word names, which is taken off; or the only one there is, if at most
 * 'max_words' are left.  NULL, and said why. */
struct dpif *dpctl_take_dp(struct dpctl *, int *argc, const char ***argv, int max_words);
/* The names to print and parse ports with. */
const struct odp_names *dpctl_names(const struct dpctl *, struct dpif *);

/* 'argv[0]' is the command. */
typedef void dpctl_fn(struct dpctl *, int argc, const char *argv[]);
struct dpctl_verb {
	const char *name, *usage, *help;
	int min_words, max_words; /* -1: any number */
	dpctl_fn *fn;
	enum {
		DPCTL_READS,
		DPCTL_WRITES,
		DPCTL_IS_TEXT, /* looks at no datapath */
		DPCTL_IS_TOOL, /* so, too; ovs-dpctl only */
	} access;
};
extern const struct dpctl_verb dpctl_verbs[];
extern const size_t dpctl_n_verbs;

/* dpctl_ports.c */
dpctl_fn dpctl_add_dp, dpctl_del_dp, dpctl_add_if, dpctl_del_if, dpctl_set_if, dpctl_dump_dps,
	dpctl_show;
/* dpctl_flows.c, dpctl_put.c, dpctl_actions.c */
dpctl_fn dpctl_dump_flows, dpctl_get_flow, dpctl_offload_stats_show;
dpctl_fn dpctl_add_flow, dpctl_mod_flow, dpctl_del_flow, dpctl_add_flows, dpctl_mod_flows,
	dpctl_del_flows;
dpctl_fn dpctl_parse_actions, dpctl_normalize_actions;
/* dpctl_cache.c */
dpctl_fn dpctl_cache_get_size, dpctl_cache_set_size;
/* dpctl_ct.c, dpctl_ct_limits.c */
dpctl_fn dpctl_dump_conntrack, dpctl_flush_conntrack, dpctl_ct_stats_show, dpctl_ct_bkts,
	dpctl_ct_set_maxconns, dpctl_ct_get_maxconns, dpctl_ct_get_nconns,
	dpctl_ct_enable_tcp_seq_chk, dpctl_ct_disable_tcp_seq_chk, dpctl_ct_get_tcp_seq_chk,
	dpctl_ct_set_sweep_interval, dpctl_ct_get_sweep_interval;
dpctl_fn dpctl_ct_set_limits, dpctl_ct_get_limits, dpctl_ct_del_limits;
/* dpctl_ipf.c */
dpctl_fn dpctl_ipf_set_enabled, dpctl_ipf_set_disabled, dpctl_ipf_set_min_frag,
	dpctl_ipf_set_max_nfrags, dpctl_ipf_get_status;

/* Prints the cache sizes of 'dp' as "show" does, and adds them to 'json' if it is not NULL. */
void dpctl_put_caches(struct dpctl *, struct dpif *, json_t *json);
/* What a flow is, for --format=json. */
json_t *dpctl_flow_to_json(const struct dpif *, const struct dpif_flow *, const struct odp_names *);

#endif
