/* SPDX-License-Identifier: Apache-2.0 */
/* A rule of an OpenFlow table: match, priority, actions, counters.
 * Counted: the table holds one reference, each cached translation that used it another.  Freed by
 * RCU, so that a look-up inside rcu_enter() needs no reference.
 * Threads: counters any; the rest is constant once the rule is in a table. */
#ifndef TABLES_RULE_H
#define TABLES_RULE_H

#include "flow/classifier.h"
#include "openflow/act.h"

struct rule {
	struct cls_rule cr;
	uint8_t table_id;
	uint64_t cookie;
	const struct act_list *acts; /* owned */
	uint64_t created_ms;
	/* Counters: relaxed atomics, added to by workers, revalidators and main. */
	uint64_t n_packets, n_bytes, used_ms;
	unsigned int refs; /* atomic */
	struct rcu_item rcu;
};

struct rule_stats {
	uint64_t n_packets, n_bytes;
	uint64_t used_ms; /* clock_ms(), created_ms if never */
};

/* Takes over 'acts'. */
struct rule *rule_create(uint8_t table_id, const struct match *, int priority, uint64_t cookie,
			 struct act_list *acts);
struct rule *rule_ref(const struct rule *);
void rule_unref(struct rule *);
static inline const struct rule *rule_from_cls(const struct cls_rule *cr)
{
	return CONTAINER_OF(cr, const struct rule, cr);
}
void rule_credit(struct rule *, uint64_t n_packets, uint64_t n_bytes, uint64_t used_ms);
void rule_get_stats(const struct rule *, struct rule_stats *);
/* "duration=1s, n_packets=0, n_bytes=0, priority=0,actions=NORMAL", as bridge/dump-flows has it. */
void rule_format(const struct rule *, uint64_t now_ms, struct str *);

#endif
