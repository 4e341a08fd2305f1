// SPDX-License-Identifier: Apache-2.0
/* The kernel datapath as a provider: life, settings, statistics.
 *
 * A datapath outlives us: what is opened is what is there, with its ports and flows, and it is made
 * only if there is none.  It is removed by dpif_delete(); with dpif_keep_on_close() everything in
 * it stays, packets go on by the flows that are there, and the next daemon adopts both. */
#include "dpif/kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"

LOG_MODULE(dpif_kernel);

#define BASE_FEATURES (OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS)

/* ---- Messages about datapaths ---- */

static size_t dp_msg(struct odp_buf *b, uint8_t cmd, uint16_t flags, int ifindex, const char *name)
{
	size_t start = knl_msg_begin(b, KNL_DATAPATH, cmd, flags, ifindex);

	if (name)
		odp_put(b, OVS_DP_ATTR_NAME, name, strlen(name) + 1);
	return start;
}

static void parse_info(int ifindex, const void *attrs, size_t len, struct kernel_dp_info *info)
{
	const struct nlattr *a[OVS_DP_ATTR_MAX + 1];

	memset(info, 0, sizeof(*info));
	knl_parse(attrs, len, a, OVS_DP_ATTR_MAX);
	info->ifindex = ifindex;
	knl_get_string(a[OVS_DP_ATTR_NAME], info->name, sizeof(info->name));
	info->user_features = knl_get_u32(a[OVS_DP_ATTR_USER_FEATURES]);
	knl_get(a[OVS_DP_ATTR_STATS], &info->stats, sizeof(info->stats));
	info->has_megaflow_stats = a[OVS_DP_ATTR_MEGAFLOW_STATS];
	knl_get(a[OVS_DP_ATTR_MEGAFLOW_STATS], &info->megaflow_stats, sizeof(info->megaflow_stats));
	info->has_cache_size = a[OVS_DP_ATTR_MASKS_CACHE_SIZE];
	info->cache_size = knl_get_u32(a[OVS_DP_ATTR_MASKS_CACHE_SIZE]);
}

/* Sends the request whose message is complete in 'train', which it uninits; 'info' may be NULL. */
static int dp_call(struct kernel_dp *dp, struct knl_train *train, struct kernel_dp_info *info)
{
	struct knl_request *r;
	int err;

	knl_train_add(train);
	err = knl_call(&dp->pool, train);
	r = &train->requests[0];
	if (!err && info) {
		if (r->attrs)
			parse_info(r->dp_ifindex, r->attrs, r->attrs_len, info);
		else
			err = -EPROTO;
	}
	knl_train_uninit(train);
	return err;
}

static int dp_get(struct kernel_dp *dp, int ifindex, const char *name, struct kernel_dp_info *info)
{
	struct knl_train train;

	knl_train_init(&train);
	knl_msg_end(&train.msgs, dp_msg(&train.msgs, OVS_DP_CMD_GET, 0, ifindex, name));
	return dp_call(dp, &train, info);
}

int kernel_dp_query(struct kernel_dp *dp, struct kernel_dp_info *info)
{
	return dp_get(dp, dp->ifindex, NULL, info);
}

static int dp_new(struct kernel_dp *dp, const char *name, struct kernel_dp_info *info)
{
	struct knl_train train;
	size_t start;

	knl_train_init(&train);
	start = dp_msg(&train.msgs, OVS_DP_CMD_NEW, NLM_F_ECHO, 0, name);
	odp_put_u32(&train.msgs, OVS_DP_ATTR_UPCALL_PID, 0);
	odp_put_u32(&train.msgs, OVS_DP_ATTR_USER_FEATURES, BASE_FEATURES);
	knl_msg_end(&train.msgs, start);
	return dp_call(dp, &train, info);
}

int kernel_dp_set(struct kernel_dp *dp, uint32_t user_features, const uint32_t *pids, size_t n_pids)
{
	struct kernel_dp_info info;
	struct knl_train train;
	size_t start;
	int err;

	knl_train_init(&train);
	start = dp_msg(&train.msgs, OVS_DP_CMD_SET, NLM_F_ECHO, dp->ifindex, NULL);
	odp_put_u32(&train.msgs, OVS_DP_ATTR_USER_FEATURES, user_features);
	if (n_pids)
		odp_put(&train.msgs, OVS_DP_ATTR_PER_CPU_PIDS, pids, n_pids * sizeof(*pids));
	knl_msg_end(&train.msgs, start);
	err = dp_call(dp, &train, &info);
	if (!err)
		dp->user_features = info.user_features;
	return err;
}

/* ---- Life ---- */

static void cpu_check_run(struct timer *timer)
{
	struct kernel_dp *dp = CONTAINER_OF(timer, struct kernel_dp, cpu_check);

	handlers_reconfigure(dp);
	timer_set_in(timer, KERNEL_CPU_CHECK_INTERVAL_MS);
}

static void dp_free(struct kernel_dp *dp)
{
	knl_pool_uninit(&dp->pool);
	rcuhash_uninit(&dp->ports_by_name);
	rcuhash_uninit(&dp->ports_by_no);
	mutex_uninit(&dp->lock);
	free(dp);
}

enum how { OPEN, CREATE, OPEN_OR_CREATE };

static int do_open(struct loop *loop, const char *name, enum how how, bool is_plain,
		   struct dpif **dpp, bool *was_there)
{
	struct kernel_dp *dp = xzalloc(sizeof(*dp));
	struct kernel_dp_info info;
	int err;

	knl_pool_init(&dp->pool);
	mutex_init(&dp->lock);
	rcuhash_init(&dp->ports_by_name);
	rcuhash_init(&dp->ports_by_no);
	dp->is_plain = is_plain;
	*was_there = false;
	err = how == CREATE ? -ENODEV : dp_get(dp, 0, name, &info);
	if (!err)
		*was_there = true;
	else if (err == -ENODEV && how != OPEN)
		err = dp_new(dp, name, &info);
	if (!err) {
		dp->ifindex = info.ifindex;
		dp->user_features = info.user_features;
		err = kernel_ports_init(dp, is_plain ? NULL : loop);
	}
	if (err) {
		dp_free(dp);
		return err;
	}
	timer_init(&dp->cpu_check, loop, cpu_check_run);
	*dpp = &dp->up;
	return 0;
}

static char *kernel_open(struct loop *loop, const char *type, const char *name, struct dpif **dpp)
{
	bool was_there;
	int err = do_open(loop, name, OPEN_OR_CREATE, false, dpp, &was_there);
	struct kernel_dp *dp;

	if (err)
		return xasprintf("%s@%s: cannot open the kernel's datapath: %s", type, name,
				 errno_str(err));
	dp = kernel_dp_cast(*dpp);
	dp->is_held = was_there;
	log_info("%s@%s: kernel datapath %s (index %d)", type, name,
		 was_there ? "was there, with what is in it" : "created", dp->ifindex);
	kernel_features_probe(dp);
	return NULL;
}

static int kernel_open_plain(struct loop *loop, const char *name, bool create, struct dpif **dpp)
{
	bool was_there;

	return do_open(loop, name, create ? CREATE : OPEN, true, dpp, &was_there);
}

struct enumeration {
	void (*fn)(const char *name, void *aux);
	void *aux;
};

static bool enumerate_one(int ifindex, const void *attrs, size_t len, void *e_)
{
	const struct enumeration *e = e_;
	struct kernel_dp_info info;

	parse_info(ifindex, attrs, len, &info);
	e->fn(info.name, e->aux);
	return true;
}

static int kernel_enumerate(void (*fn)(const char *name, void *aux), void *aux)
{
	struct enumeration e = { fn, aux };
	struct odp_buf b = { 0 };
	struct knl_sock s;
	int err = knl_sock_open(&s, 1 << 18);

	if (err)
		return err;
	knl_msg_end(&b, knl_msg_begin(&b, KNL_DATAPATH, OVS_DP_CMD_GET, NLM_F_DUMP, 0));
	err = knl_dump(&s, &b, enumerate_one, &e);
	odp_buf_uninit(&b);
	knl_sock_close(&s);
	return err;
}

static int kernel_delete(struct dpif *dpif)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct knl_train train;
	int err;

	knl_train_init(&train);
	knl_msg_end(&train.msgs, dp_msg(&train.msgs, OVS_DP_CMD_DEL, 0, dp->ifindex, NULL));
	err = dp_call(dp, &train, NULL);
	if (!err)
		dp->is_deleted = true;
	return err;
}

static void kernel_close(struct dpif *dpif)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);

	timer_cancel(&dp->cpu_check);
	handlers_stop(dp);
	if (!dp->is_plain && !dp->is_deleted && !dpif_is_kept())
		kernel_delete(dpif);
	kernel_ports_uninit(dp);
	free(dp->upcall);
	rcu_barrier_(); /* ports on their way out name this datapath */
	dp_free(dp);
}

static const char *kernel_version(const struct dpif *dpif)
{
	static char version[64];
	FILE *f = fopen("/sys/module/openvswitch/version", "re");

	(void)dpif;
	if (!f || fscanf(f, "%63s", version) != 1)
		strlcpy_(version, "<unknown>", sizeof(version)); /* the kernel's own has none */
	if (f)
		fclose(f);
	return version;
}

/* ---- Statistics and settings ---- */

static void kernel_get_stats(struct dpif *dpif, struct dpif_stats *s)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_dp_info info;

	if (kernel_dp_query(dp, &info))
		return;
	s->n_hit = info.stats.n_hit;
	s->n_missed = info.stats.n_missed;
	s->n_lost = info.stats.n_lost;
	s->n_flows = info.stats.n_flows;
	s->has_masks = info.has_megaflow_stats;
	s->n_masks = info.megaflow_stats.n_masks;
	s->n_mask_hit = info.megaflow_stats.n_mask_hit;
	s->n_cache_hit = info.megaflow_stats.n_cache_hit;
	s->has_cache = info.has_cache_size;
	s->n_upcalls_unfair = __atomic_load_n(&dp->n_unfair, __ATOMIC_RELAXED);
}

static int kernel_cache_get_size(struct dpif *dpif, uint32_t *n)
{
	struct kernel_dp_info info;
	int err = kernel_dp_query(kernel_dp_cast(dpif), &info);

	if (err)
		return err;
	if (!info.has_cache_size)
		return -EOPNOTSUPP;
	*n = info.cache_size;
	return 0;
}

static int kernel_cache_set_size(struct dpif *dpif, uint32_t n)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_dp_info info;
	struct knl_train train;
	size_t start;
	int err;

	knl_train_init(&train);
	start = dp_msg(&train.msgs, OVS_DP_CMD_SET, NLM_F_ECHO, dp->ifindex, NULL);
	/* A SET without features would turn them off. */
	odp_put_u32(&train.msgs, OVS_DP_ATTR_USER_FEATURES, dp->user_features);
	odp_put_u32(&train.msgs, OVS_DP_ATTR_MASKS_CACHE_SIZE, n);
	knl_msg_end(&train.msgs, start);
	err = dp_call(dp, &train, &info);
	if (err)
		return err;
	if (!info.has_cache_size)
		return -EOPNOTSUPP;
	/* The kernel takes powers of 2 only and says nothing of others. */
	return info.cache_size == n ? 0 : -EINVAL;
}

/* The kernel's table has no limit of its own: who installs flows keeps to it. */
static void kernel_set_flow_limit(struct dpif *dpif, uint32_t n)
{
	(void)dpif, (void)n;
}

static void kernel_set_config(struct dpif *dpif, const struct smap *config)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	unsigned int n = smap_get_int(config, "n-handler-threads", 0, 0, DPIF_MAX_WORKERS);

	if (n == dp->n_wanted)
		return;
	dp->n_wanted = n;
	handlers_reconfigure(dp);
}

static const struct odp_names *kernel_names(struct dpif *dpif)
{
	return &kernel_dp_cast(dpif)->names;
}

char *dpif_kernel_probe(void)
{
	return knl_families_resolve();
}

const struct dpif_class dpif_kernel_class = {
	.type = "system",
	.open = kernel_open,
	.open_plain = kernel_open_plain,
	.enumerate = kernel_enumerate,
	.close = kernel_close,
	.delete = kernel_delete,
	.remove_stale_ports = kernel_ports_remove_stale,
	.version = kernel_version,
	.port_add = kernel_port_add,
	.port_del = kernel_port_del,
	.port_lookup = kernel_port_lookup,
	.port_get = kernel_port_get,
	.port_walk = kernel_port_walk,
	.port_get_stats = kernel_port_get_stats,
	.port_netdev = kernel_port_netdev,
	.names = kernel_names,
	.operate = kernel_operate,
	.flow_flush = kernel_flow_flush,
	.actions_agree = kernel_actions_agree,
	.dump_create = kernel_dump_create,
	.dump_thread_create = kernel_dump_thread_create,
	.dump_next = kernel_dump_next,
	.dump_thread_destroy = kernel_dump_thread_destroy,
	.dump_destroy = kernel_dump_destroy,
	.set_upcall_ops = kernel_set_upcall_ops,
	.upcalls_pause = kernel_upcalls_pause,
	.upcalls_resume = kernel_upcalls_resume,
	.upcall_pid = kernel_upcall_pid,
	.get_stats = kernel_get_stats,
	.set_flow_limit = kernel_set_flow_limit,
	.set_config = kernel_set_config,
	.get_features = kernel_get_features,
	.cache_get_size = kernel_cache_get_size,
	.cache_set_size = kernel_cache_set_size,
	.meter_get_features = kernel_meter_get_features,
	.meter_set = kernel_meter_set,
	.meter_get = kernel_meter_get,
	.meter_del = kernel_meter_del,
	.ct_dump = kernel_ct_dump,
	.ct_flush = kernel_ct_flush,
	.ct_limits_set = kernel_ct_limits_set,
	.ct_limits_get = kernel_ct_limits_get,
	.ct_limits_del = kernel_ct_limits_del,
};
