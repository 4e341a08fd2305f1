// SPDX-License-Identifier: Apache-2.0
/* The registry of open datapaths; everything else goes to the provider. */
#include "dpif/dpif.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "dpif/dpif_provider.h"

/* Main thread. */
static struct hmap dpifs; /* zeroed it is empty */
static bool keep_on_close, system_disabled;

/* Whether the kernel has a datapath for us; asked once, and again as long as it had none (somebody
 * may have loaded the module).  'why' is static. */
static bool kernel_is_there(const char **why)
{
	static char *reason;
	static bool is_there;

	if (system_disabled) {
		*why = "the kernel's is disabled (--disable-system)";
		return false;
	}
	if (!is_there) {
		free(reason);
		reason = dpif_kernel_probe();
		is_there = !reason;
	}
	*why = is_there ? "the kernel has one" : reason;
	return is_there;
}

/* The provider of 'type'; NULL if there is none.  Dummy datapaths are userspace ones on dummy
 * ports. */
static const struct dpif_class *class_lookup(const char *type)
{
	const char *why;

	if (streq(type, "netdev") || (streq(type, "dummy") && netdev_dummy_is_enabled()) ||
	    (streq(type, "system") && netdev_dummy_overrides(type)))
		return &dpif_user_class;
	if (streq(type, "system") && kernel_is_there(&why))
		return &dpif_kernel_class;
	return NULL;
}

void dpif_disable_system(void)
{
	system_disabled = true;
}

const char *dpif_default_type(const char **type)
{
	const char *why;

	if (netdev_dummy_overrides("system")) {
		*type = "system";
		return "dummies stand for it";
	}
	*type = kernel_is_there(&why) ? "system" : "netdev";
	return why;
}

const char *const *dpif_types(void)
{
	static const char *const candidates[] = { "dummy", "netdev", "system" };
	static const char *types[ARRAY_SIZE(candidates) + 1];
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (class_lookup(candidates[i]))
			types[n++] = candidates[i];
	}
	types[n] = NULL;
	return types;
}

const char *dpif_port_open_type(const char *dp_type, const char *port_type)
{
	return streq(dp_type, "dummy") && streq(port_type, "internal") ? "dummy-internal"
								       : port_type;
}

enum netdev_use dpif_port_use(const char *dp_type)
{
	return class_lookup(*dp_type ? dp_type : "system") == &dpif_kernel_class
		       ? NETDEV_USE_VPORT
		       : NETDEV_USE_PACKETS;
}

static uint32_t dpif_hash(const char *type, const char *name)
{
	return hash_string(name, hash_string(type, 0));
}

struct dpif *dpif_lookup(const char *type, const char *name)
{
	struct dpif *dp;

	if (!*type)
		type = "system";
	HMAP_FOR_EACH_WITH_HASH(dp, node, dpif_hash(type, name), &dpifs) {
		if (streq(dp->name, name) && streq(dp->type, type))
			return dp;
	}
	return NULL;
}

static struct dpif *ref_open(const char *type, const char *name)
{
	struct dpif *dp = dpif_lookup(type, name);

	if (dp)
		dp->n_refs++;
	return dp;
}

static void set_up(struct dpif *dp, const struct dpif_class *class, struct loop *loop,
		   const char *type, const char *name)
{
	dp->class = class;
	dp->name = xstrdup(name);
	dp->type = xstrdup(type);
	dp->loop = loop;
	dp->n_refs = 1;
	hmap_insert(&dpifs, &dp->node, dpif_hash(type, name));
}

char *dpif_open(struct loop *loop, const char *type, const char *name, struct dpif **dpp)
{
	const struct dpif_class *class;
	struct dpif *dp;
	const char *why;
	char *err;

	if (!*type)
		type = "system";
	dp = ref_open(type, name);
	if (dp) {
		*dpp = dp;
		return NULL;
	}
	class = class_lookup(type);
	if (!class && streq(type, "system")) {
		kernel_is_there(&why);
		return xasprintf("%s@%s: no kernel datapath: %s; use datapath_type=netdev", type,
				 name, why);
	}
	if (!class)
		return xasprintf(
			"%s@%s: no datapath of type %s is built in; use datapath_type=netdev", type,
			name, type);
	err = class->open(loop, type, name, &dp);
	if (err)
		return err;
	set_up(dp, class, loop, type, name);
	*dpp = dp;
	return NULL;
}

static int open_plain(struct loop *loop, const char *type, const char *name, bool create,
		      struct dpif **dpp)
{
	const struct dpif_class *class;
	struct dpif *dp;
	char *text;
	int err;

	if (!*type)
		type = "system";
	dp = dpif_lookup(type, name);
	if (dp && create)
		return -EEXIST;
	if (dp) {
		*dpp = ref_open(type, name);
		return 0;
	}
	class = class_lookup(type);
	if (!class)
		return create ? -EAFNOSUPPORT : -ENODEV;
	if (class->open_plain) {
		err = class->open_plain(loop, name, create, &dp);
	} else if (create) {
		text = class->open(loop, type, name, &dp);
		err = text ? -EINVAL : 0;
		free(text);
	} else {
		err = -ENODEV;
	}
	if (err)
		return err;
	set_up(dp, class, loop, type, name);
	*dpp = dp;
	return 0;
}

int dpif_open_existing(struct loop *loop, const char *type, const char *name, struct dpif **dp)
{
	return open_plain(loop, type, name, false, dp);
}

int dpif_create(struct loop *loop, const char *type, const char *name, struct dpif **dp)
{
	return open_plain(loop, type, name, true, dp);
}

int dpif_enumerate(const char *type, void (*fn)(const char *name, void *aux), void *aux)
{
	const struct dpif_class *class;
	struct dpif *dp;

	if (!*type)
		type = "system";
	class = class_lookup(type);
	if (!class)
		return -EAFNOSUPPORT;
	if (class->enumerate)
		return class->enumerate(fn, aux);
	HMAP_FOR_EACH(dp, node, &dpifs) {
		if (streq(dp->type, type))
			fn(dp->name, aux);
	}
	return 0;
}

void dpif_unref(struct dpif *dp)
{
	char *name, *type;

	if (!dp || --dp->n_refs)
		return;
	hmap_remove(&dpifs, &dp->node);
	name = dp->name;
	type = dp->type;
	dp->class->close(dp);
	free(name);
	free(type);
	if (hmap_is_empty(&dpifs))
		hmap_uninit(&dpifs);
}

void dpif_set_created(struct dpif *dp)
{
	if (!dp->created) {
		dp->created = true;
		dp->n_refs++;
	}
}

int dpif_delete(struct dpif *dp)
{
	int err = dp->class->delete (dp);

	if (dp->created) {
		dp->created = false;
		dpif_unref(dp);
	}
	return err;
}

void dpif_keep_on_close(bool keep)
{
	keep_on_close = keep;
}

bool dpif_is_kept(void)
{
	return keep_on_close;
}

void dpif_remove_stale_ports(struct dpif *dp)
{
	if (dp->class->remove_stale_ports)
		dp->class->remove_stale_ports(dp);
}

const char *dpif_name(const struct dpif *dp)
{
	return dp->name;
}

const char *dpif_type(const struct dpif *dp)
{
	return dp->type;
}

const char *dpif_version(const struct dpif *dp)
{
	return dp->class->version(dp);
}

static int compare_dpifs(const void *a_, const void *b_)
{
	const struct dpif *const *a = a_, *const *b = b_;
	int cmp = strcmp((*a)->type, (*b)->type);

	return cmp ? cmp : strcmp((*a)->name, (*b)->name);
}

void dpif_walk(bool (*fn)(struct dpif *, void *aux), void *aux)
{
	size_t i, n = 0, n_all;
	struct dpif *dp, **all;
	bool go_on = true;

	n_all = hmap_count(&dpifs);
	all = xcalloc(n_all + 1, sizeof(*all));
	HMAP_FOR_EACH(dp, node, &dpifs) {
		dp->n_refs++;
		all[n++] = dp;
	}
	qsort(all, n, sizeof(*all), compare_dpifs);
	for (i = 0; i < n; i++) {
		if (go_on)
			go_on = fn(all[i], aux);
		dpif_unref(all[i]);
	}
	free(all);
}

/* ---- Ports ---- */

int dpif_port_add(struct dpif *dp, struct netdev *netdev, uint32_t *port_no)
{
	return dp->class->port_add(dp, netdev, port_no);
}

int dpif_port_del(struct dpif *dp, uint32_t port_no)
{
	return dp->class->port_del(dp, port_no);
}

int dpif_port_lookup(struct dpif *dp, const char *name, struct dpif_port *port)
{
	return dp->class->port_lookup(dp, name, port);
}

int dpif_port_get(struct dpif *dp, uint32_t port_no, struct dpif_port *port)
{
	return dp->class->port_get(dp, port_no, port);
}

void dpif_port_uninit(struct dpif_port *port)
{
	free(port->name);
	free(port->type);
}

void dpif_port_walk(struct dpif *dp, bool (*fn)(const struct dpif_port *, void *aux), void *aux)
{
	dp->class->port_walk(dp, fn, aux);
}

int dpif_port_get_stats(struct dpif *dp, uint32_t port_no, struct dpif_port_stats *stats)
{
	return dp->class->port_get_stats(dp, port_no, stats);
}

struct netdev *dpif_port_netdev(struct dpif *dp, uint32_t port_no)
{
	return dp->class->port_netdev(dp, port_no);
}

const struct odp_names *dpif_names(struct dpif *dp)
{
	return dp->class->names(dp);
}

/* ---- Flows ---- */

void dpif_ufid_of_key(struct ufid *ufid, const struct flow *key)
{
	struct miniflow_buf b;
	size_t len;

	miniflow_from_flow(&b, key);
	len = miniflow_size(&b.mf);
	ufid->parts[0] = hash_bytes64(&b.mf, len, 0);
	ufid->parts[1] = hash_bytes64(&b.mf, len, 1);
}

void dpif_operate(struct dpif *dp, struct dpif_op **ops, size_t n)
{
	dp->class->operate(dp, ops, n);
}

int dpif_flow_flush(struct dpif *dp)
{
	return dp->class->flow_flush(dp);
}

bool dpif_actions_agree(const struct dpif *dp, const void *put, size_t put_len, const void *shown,
			size_t shown_len)
{
	if (dp->class->actions_agree)
		return dp->class->actions_agree(dp, put, put_len, shown, shown_len);
	return put_len == shown_len && (!put_len || !memcmp(put, shown, put_len));
}

struct dpif_dump *dpif_dump_create(struct dpif *dp, bool terse)
{
	struct dpif_dump *dump = dp->class->dump_create(dp, terse);

	dump->dpif = dp;
	return dump;
}

struct dpif_dump_thread *dpif_dump_thread_create(struct dpif_dump *dump)
{
	struct dpif_dump_thread *t = dump->dpif->class->dump_thread_create(dump);

	t->dump = dump;
	return t;
}

size_t dpif_dump_next(struct dpif_dump_thread *t, struct dpif_flow *flows, size_t max)
{
	return t->dump->dpif->class->dump_next(t, flows, max);
}

void dpif_dump_thread_destroy(struct dpif_dump_thread *t)
{
	if (t)
		t->dump->dpif->class->dump_thread_destroy(t);
}

int dpif_dump_destroy(struct dpif_dump *dump)
{
	return dump ? dump->dpif->class->dump_destroy(dump) : 0;
}

/* ---- Misses, statistics, configuration ---- */

void dpif_set_upcall_ops(struct dpif *dp, const struct dpif_upcall_ops *ops, void *aux)
{
	dp->class->set_upcall_ops(dp, ops, aux);
}

void dpif_upcalls_pause(struct dpif *dp)
{
	dp->class->upcalls_pause(dp);
}

void dpif_upcalls_resume(struct dpif *dp)
{
	dp->class->upcalls_resume(dp);
}

uint32_t dpif_upcall_pid(struct dpif *dp, uint32_t port_no)
{
	return dp->class->upcall_pid ? dp->class->upcall_pid(dp, port_no) : 0;
}

void dpif_get_stats(struct dpif *dp, struct dpif_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	dp->class->get_stats(dp, stats);
}

void dpif_set_flow_limit(struct dpif *dp, uint32_t n)
{
	dp->class->set_flow_limit(dp, n);
}

void dpif_set_config(struct dpif *dp, const struct smap *config)
{
	dp->class->set_config(dp, config);
}

void dpif_get_features(struct dpif *dp, struct smap *features)
{
	dp->class->get_features(dp, features);
}

void dpif_format_features(struct dpif *dp, struct str *s)
{
	/* In this order, and with these words, by the existing switch. */
	static const struct {
		const char *title, *key;
		bool is_number;
	} rows[] = {
		{ "Masked set action", "masked_set_action", false },
		{ "Tunnel push pop", "tnl_push_pop", false },
		{ "Ufid", "ufid", false },
		{ "Truncate action", "trunc", false },
		{ "Clone action", "clone", false },
		{ "Sample nesting", "sample_nesting", true },
		{ "Conntrack eventmask", "ct_eventmask", false },
		{ "Conntrack clear", "ct_clear", false },
		{ "Max dp_hash algorithm", "max_hash_alg", true },
		{ "Check pkt length action", "check_pkt_len", false },
		{ "Conntrack timeout policy", "ct_timeout", false },
		{ "Explicit Drop action", "explicit_drop_action", false },
		{ "Optimized Balance TCP mode", "lb_output_action", false },
		{ "Conntrack all-zero IP SNAT", "ct_zero_snat", false },
		{ "MPLS Label add", "add_mpls", false },
		{ "Max VLAN headers", "max_vlan_headers", true },
		{ "Max MPLS depth", "max_mpls_depth", true },
		{ "Recirc", "recirc", false },
		{ "CT state", "ct_state", false },
		{ "CT zone", "ct_zone", false },
		{ "CT mark", "ct_mark", false },
		{ "CT label", "ct_label", false },
		{ "CT state NAT", "ct_state_nat", false },
		{ "CT orig tuple", "ct_orig_tuple", false },
		{ "CT orig tuple for IPv6", "ct_orig_tuple6", false },
		{ "IPv6 ND Extension", "nd_ext", false },
	};
	struct smap features;

	smap_init(&features);
	dpif_get_features(dp, &features);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].is_number)
			str_printf(s, "%s: %s\n", rows[i].title,
				   smap_get_def(&features, rows[i].key, "0"));
		else
			str_printf(s, "%s: %s\n", rows[i].title,
				   smap_get_bool(&features, rows[i].key, false) ? "Yes" : "No");
	}
	smap_uninit(&features);
}

/* ---- What some providers have ---- */

#define CALL(DP, OP, ...) ((DP)->class->OP ? (DP)->class->OP(DP, __VA_ARGS__) : -EOPNOTSUPP)

int dpif_cache_get_size(struct dpif *dp, uint32_t *n)
{
	return CALL(dp, cache_get_size, n);
}

int dpif_cache_set_size(struct dpif *dp, uint32_t n)
{
	return CALL(dp, cache_set_size, n);
}

void dpif_meter_get_features(struct dpif *dp, struct dpif_meter_features *features)
{
	memset(features, 0, sizeof(*features));
	if (dp->class->meter_get_features)
		dp->class->meter_get_features(dp, features);
}

int dpif_meter_set(struct dpif *dp, uint32_t id, const struct dpif_meter *meter)
{
	return CALL(dp, meter_set, id, meter);
}

int dpif_meter_get(struct dpif *dp, uint32_t id, struct dpif_meter *meter)
{
	return CALL(dp, meter_get, id, meter);
}

int dpif_meter_del(struct dpif *dp, uint32_t id, struct dpif_meter *last)
{
	return CALL(dp, meter_del, id, last);
}

int dpif_ct_dump(struct dpif *dp, int zone, bool (*fn)(const struct dpif_ct_entry *, void *aux),
		 void *aux)
{
	return CALL(dp, ct_dump, zone, fn, aux);
}

int dpif_ct_flush(struct dpif *dp, int zone, const struct dpif_ct_tuple *tuple)
{
	return CALL(dp, ct_flush, zone, tuple);
}

int dpif_ct_limits_set(struct dpif *dp, const struct dpif_ct_limit *limits, size_t n)
{
	return CALL(dp, ct_limits_set, limits, n);
}

int dpif_ct_limits_get(struct dpif *dp, const uint16_t *zones, size_t n_zones,
		       struct dpif_ct_limit **limits, size_t *n)
{
	return CALL(dp, ct_limits_get, zones, n_zones, limits, n);
}

int dpif_ct_limits_del(struct dpif *dp, const int32_t *zones, size_t n)
{
	return CALL(dp, ct_limits_del, zones, n);
}

int dpif_ct_set_maxconns(struct dpif *dp, uint32_t n)
{
	return CALL(dp, ct_set_maxconns, n);
}

int dpif_ct_get_maxconns(struct dpif *dp, uint32_t *n)
{
	return CALL(dp, ct_get_maxconns, n);
}

int dpif_ct_get_nconns(struct dpif *dp, uint32_t *n)
{
	return CALL(dp, ct_get_nconns, n);
}

int dpif_ct_set_tcp_seq_chk(struct dpif *dp, bool on)
{
	return CALL(dp, ct_set_tcp_seq_chk, on);
}

int dpif_ct_get_tcp_seq_chk(struct dpif *dp, bool *on)
{
	return CALL(dp, ct_get_tcp_seq_chk, on);
}

int dpif_ct_set_sweep_interval(struct dpif *dp, uint32_t ms)
{
	return CALL(dp, ct_set_sweep_interval, ms);
}

int dpif_ct_get_sweep_interval(struct dpif *dp, uint32_t *ms)
{
	return CALL(dp, ct_get_sweep_interval, ms);
}

int dpif_ct_get_buckets(struct dpif *dp, uint32_t **counts, size_t *n)
{
	return CALL(dp, ct_get_buckets, counts, n);
}

int dpif_ipf_set_enabled(struct dpif *dp, bool v6, bool enabled)
{
	return CALL(dp, ipf_set_enabled, v6, enabled);
}

int dpif_ipf_set_min_frag(struct dpif *dp, bool v6, uint32_t octets)
{
	return CALL(dp, ipf_set_min_frag, v6, octets);
}

int dpif_ipf_set_max_nfrags(struct dpif *dp, uint32_t n)
{
	return CALL(dp, ipf_set_max_nfrags, n);
}

int dpif_ipf_get_status(struct dpif *dp, struct dpif_ipf_status *status)
{
	return CALL(dp, ipf_get_status, status);
}

int dpif_ipf_format_lists(struct dpif *dp, struct str *s)
{
	return CALL(dp, ipf_format_lists, s);
}

int dpif_get_n_offloaded(struct dpif *dp, uint64_t *n)
{
	return CALL(dp, get_n_offloaded, n);
}
