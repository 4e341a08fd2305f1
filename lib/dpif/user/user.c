// SPDX-License-Identifier: Apache-2.0
/* The userspace datapath as a provider: life, configuration, statistics. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "dpif/user/dp.h"

LOG_MODULE(dpif_netdev);

#define DEFAULT_EMC_INV_PROB 100
/* Affinity and cgroup limits are looked at again this often. */
#define CPU_CHECK_INTERVAL_MS 10000

/* ---- Life ---- */

static void rebalance_run(struct work *work)
{
	assign_reconfigure(CONTAINER_OF(work, struct user_dp, rebalance));
}

static void cpu_check_run(struct timer *timer)
{
	struct user_dp *dp = CONTAINER_OF(timer, struct user_dp, cpu_check);

	assign_reconfigure(dp);
	timer_set_in(timer, CPU_CHECK_INTERVAL_MS);
}

static char *user_open(struct loop *loop, const char *type, const char *name, struct dpif **dpp)
{
	struct user_dp *dp = xzalloc_cacheline(sizeof(*dp));

	megaflow_table_init(&dp->flows);
	dp->ports = xcalloc(DPIF_MAX_PORTS, sizeof(*dp->ports));
	dp->emc_inv_prob = DEFAULT_EMC_INV_PROB;
	mutex_init(&dp->lock);
	mutex_init(&dp->outside_lock);
	rcuhash_init(&dp->ports_by_name);
	dp->port_bitmap[0] = 1; /* 0 is the datapath's own port, DPIF_PORT_LOCAL */
	user_port_names_init(dp);
	dp->outside = worker_create(dp, USER_N_SLOTS - 1, -1);
	work_init(&dp->rebalance, loop, rebalance_run);
	timer_init(&dp->cpu_check, loop, cpu_check_run);
	timer_set_in(&dp->cpu_check, CPU_CHECK_INTERVAL_MS);
	assign_reconfigure(dp);
	*dpp = &dp->up;
	return NULL;
}

static void user_close(struct dpif *dpif)
{
	struct user_dp *dp = user_dp_cast(dpif);

	user_ports_del_all(dp);
	work_cancel(&dp->rebalance);
	timer_cancel(&dp->cpu_check);
	assign_stop_all(dp);
	rcu_barrier_(); /* ports that are on their way out name this datapath */
	megaflow_table_uninit(&dp->flows);
	worker_destroy(dp->outside);
	free(dp->upcall);
	rcuhash_uninit(&dp->ports_by_name);
	mutex_uninit(&dp->outside_lock);
	mutex_uninit(&dp->lock);
	free(dp->cpu_mask_text);
	free(dp->ports);
	free(dp);
}

static int user_delete(struct dpif *dpif)
{
	struct user_dp *dp = user_dp_cast(dpif);

	dp->is_deleted = true;
	user_ports_del_all(dp);
	megaflow_flush(&dp->flows);
	return 0;
}

static const char *user_version(const struct dpif *dpif)
{
	return "<built-in>";
}

static int user_flow_flush(struct dpif *dpif)
{
	megaflow_flush(&user_dp_cast(dpif)->flows);
	return 0;
}

/* ---- Misses ---- */

static void free_target(struct rcu_item *item)
{
	free(CONTAINER_OF(item, struct upcall_target, rcu));
}

static void user_set_upcall_ops(struct dpif *dpif, const struct dpif_upcall_ops *ops, void *aux)
{
	struct user_dp *dp = user_dp_cast(dpif);
	struct upcall_target *old = rcu_load_locked(&dp->upcall), *new = NULL;

	if (ops) {
		new = xzalloc(sizeof(*new));
		new->ops = ops;
		new->aux = aux;
	}
	rcu_store(&dp->upcall, new);
	if (old)
		rcu_defer(&old->rcu, free_target);
}

static void user_upcalls_pause(struct dpif *dpif)
{
	__atomic_store_n(&user_dp_cast(dpif)->upcalls_paused, 1, __ATOMIC_RELAXED);
	rcu_synchronize();
}

static void user_upcalls_resume(struct dpif *dpif)
{
	__atomic_store_n(&user_dp_cast(dpif)->upcalls_paused, 0, __ATOMIC_RELAXED);
}

/* ---- Statistics ---- */

static void add_counters(struct worker_counters *to_, const struct worker_counters *from_)
{
	const uint64_t *from = (const uint64_t *)from_;
	uint64_t *to = (uint64_t *)to_;
	size_t i;

	for (i = 0; i < sizeof(*to_) / sizeof(*to); i++)
		to[i] += CTR_GET(&from[i]);
}

void user_sum_counters(struct user_dp *dp, struct worker_counters *sum)
{
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	add_counters(sum, &dp->retired);
	add_counters(sum, &dp->outside->counters);
	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		if (dp->workers[i])
			add_counters(sum, &dp->workers[i]->counters);
	}
}

static void user_get_stats(struct dpif *dpif, struct dpif_stats *s)
{
	struct user_dp *dp = user_dp_cast(dpif);
	struct worker_counters c;

	user_sum_counters(dp, &c);
	s->n_hit = c.n_emc_hit + c.n_mask_hit;
	s->n_missed = c.n_miss_ok;
	s->n_lost = c.n_miss_failed;
	s->n_mask_hit = c.n_searched;
	s->n_cache_hit = c.n_emc_hit;
	s->n_flows = megaflow_count(&dp->flows);
	s->n_masks = megaflow_n_masks(&dp->flows);
}

/* ---- Configuration ---- */

static void user_set_flow_limit(struct dpif *dpif, uint32_t n)
{
	__atomic_store_n(&user_dp_cast(dpif)->flows.limit, n, __ATOMIC_RELAXED);
}

/* A hexadecimal mask of any length: the last digit has CPUs 0 to 3. */
static bool parse_cpu_mask(const char *s, uint64_t *mask, size_t n_words)
{
	size_t i, len, bit = 0;

	memset(mask, 0, n_words * sizeof(*mask));
	if (str_has_prefix(s, "0x") || str_has_prefix(s, "0X"))
		s += 2;
	len = strlen(s);
	if (!len)
		return false;
	for (i = len; i-- > 0; bit += 4) {
		int digit = hex_digit_value(s[i]);

		if (digit < 0 || bit >= n_words * 64)
			return false;
		mask[bit / 64] |= (uint64_t)digit << (bit % 64);
	}
	return true;
}

static void set_cpu_mask(struct user_dp *dp, const char *text)
{
	if (dp->cpu_mask_text ? streq(dp->cpu_mask_text, text) : !*text)
		return;
	free(dp->cpu_mask_text);
	dp->cpu_mask_text = xstrdup(text);
	if (!parse_cpu_mask(text, dp->cpu_mask, ARRAY_SIZE(dp->cpu_mask))) {
		memset(dp->cpu_mask, 0, sizeof(dp->cpu_mask));
		if (*text)
			log_warn("pmd-cpu-mask \"%s\" is not a hexadecimal number of CPUs that can "
				 "be: ignored",
				 text);
	}
	assign_reconfigure(dp);
}

static void user_set_config(struct dpif *dpif, const struct smap *config)
{
	struct user_dp *dp = user_dp_cast(dpif);
	uint32_t inv_prob = smap_get_int(config, "emc-insert-inv-prob", DEFAULT_EMC_INV_PROB, 0,
					 UINT32_MAX);

	if (inv_prob != CTR_GET(&dp->emc_inv_prob)) {
		__atomic_store_n(&dp->emc_inv_prob, inv_prob, __ATOMIC_RELAXED);
		log_info("%s: EMC insertion probability is %s%u", dpif->name, inv_prob ? "1/" : "",
			 inv_prob);
	}
	set_cpu_mask(dp, smap_get_def(config, "pmd-cpu-mask", ""));
}

static void user_get_features(struct dpif *dpif, struct smap *f)
{
	static const struct {
		const char *name, *value;
	} features[] = {
		{ "max_vlan_headers", "2" },
		{ "recirc", "true" },
		{ "lb_output_action", "false" },
		{ "ct_state", "false" },
		{ "ct_state_nat", "false" },
		{ "ct_zone", "false" },
		{ "ct_mark", "false" },
		{ "ct_label", "false" },
		{ "ct_orig_tuple", "false" },
		{ "ct_orig_tuple6", "false" },
		{ "masked_set_action", "true" },
		{ "tnl_push_pop", "false" },
		{ "ufid", "true" },
		{ "trunc", "true" },
		{ "nd_ext", "true" },
		{ "clone", "true" },
		{ "sample_nesting", "10" },
		{ "ct_eventmask", "false" },
		{ "ct_clear", "false" },
		{ "max_hash_alg", "1" },
		{ "check_pkt_len", "true" },
		{ "ct_timeout", "false" },
		{ "explicit_drop_action", "true" },
		{ "ct_zero_snat", "false" },
		{ "ct_flush", "false" },
		{ "add_mpls", "true" },
		{ "max_mpls_depth", "3" },
		{ "psample", "false" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		smap_set(f, features[i].name, features[i].value);
}

static const struct odp_names *user_names(struct dpif *dpif)
{
	return &user_dp_cast(dpif)->names;
}

const struct dpif_class dpif_user_class = {
	.type = "netdev",
	.open = user_open,
	.close = user_close,
	.delete = user_delete,
	.version = user_version,
	.port_add = user_port_add,
	.port_del = user_port_del,
	.port_lookup = user_port_lookup,
	.port_get = user_port_get,
	.port_walk = user_port_walk,
	.port_get_stats = user_port_get_stats,
	.port_netdev = user_port_netdev,
	.names = user_names,
	.operate = user_operate,
	.flow_flush = user_flow_flush,
	.dump_create = user_dump_create,
	.dump_thread_create = user_dump_thread_create,
	.dump_next = user_dump_next,
	.dump_thread_destroy = user_dump_thread_destroy,
	.dump_destroy = user_dump_destroy,
	.set_upcall_ops = user_set_upcall_ops,
	.upcalls_pause = user_upcalls_pause,
	.upcalls_resume = user_upcalls_resume,
	.get_stats = user_get_stats,
	.set_flow_limit = user_set_flow_limit,
	.set_config = user_set_config,
	.get_features = user_get_features,
};
