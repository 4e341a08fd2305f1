// SPDX-License-Identifier: Apache-2.0
#include "tables/rule.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"

struct rule *rule_create(uint8_t table_id, const struct match *match, int priority, uint64_t cookie,
			 struct act_list *acts)
{
	struct rule *rule = xzalloc(sizeof(*rule));

	cls_rule_init(&rule->cr, match, priority);
	rule->table_id = table_id;
	rule->cookie = cookie;
	rule->acts = acts;
	rule->created_ms = clock_ms();
	rule->used_ms = rule->created_ms;
	rule->refs = 1;
	return rule;
}

struct rule *rule_ref(const struct rule *rule_)
{
	struct rule *rule = (struct rule *)rule_;

	__atomic_add_fetch(&rule->refs, 1, __ATOMIC_RELAXED);
	return rule;
}

static void rule_free(struct rcu_item *item)
{
	struct rule *rule = CONTAINER_OF(item, struct rule, rcu);

	cls_rule_uninit(&rule->cr);
	free((void *)rule->acts);
	free(rule);
}

void rule_unref(struct rule *rule)
{
	/* A look-up that found the rule before its last reference went may still read it: hence
	 * RCU. */
	if (rule && !__atomic_sub_fetch(&rule->refs, 1, __ATOMIC_ACQ_REL))
		rcu_defer(&rule->rcu, rule_free);
}

void rule_credit(struct rule *rule, uint64_t n_packets, uint64_t n_bytes, uint64_t used_ms)
{
	__atomic_add_fetch(&rule->n_packets, n_packets, __ATOMIC_RELAXED);
	__atomic_add_fetch(&rule->n_bytes, n_bytes, __ATOMIC_RELAXED);
	if (used_ms > __atomic_load_n(&rule->used_ms, __ATOMIC_RELAXED))
		__atomic_store_n(&rule->used_ms, used_ms, __ATOMIC_RELAXED);
}

void rule_get_stats(const struct rule *rule, struct rule_stats *stats)
{
	stats->n_packets = __atomic_load_n(&rule->n_packets, __ATOMIC_RELAXED);
	stats->n_bytes = __atomic_load_n(&rule->n_bytes, __ATOMIC_RELAXED);
	stats->used_ms = __atomic_load_n(&rule->used_ms, __ATOMIC_RELAXED);
}

void rule_format(const struct rule *rule, uint64_t now_ms, struct str *s)
{
	struct rule_stats stats;
	struct match match;

	rule_get_stats(rule, &stats);
	if (rule->table_id)
		str_printf(s, "table_id=%u, ", rule->table_id);
	str_printf(s, "duration=%" PRIu64 "s, n_packets=%" PRIu64 ", n_bytes=%" PRIu64 ", ",
		   (now_ms - rule->created_ms) / 1000, stats.n_packets, stats.n_bytes);
	minimatch_expand(&rule->cr.match, &match);
	match_format(&match, s, rule->cr.priority);
	str_put(s, ",actions=");
	act_list_format(rule->acts, s);
}
