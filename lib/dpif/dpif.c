// SPDX-License-Identifier: Apache-2.0
/* The registry of open datapaths; everything else goes to the provider. */
#include "dpif/dpif.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "dpif/dpif_provider.h"

/* Main thread. */
static struct hmap dpifs; /* zeroed it is empty */

/* The provider of 'type'; NULL if there is none.  Dummy datapaths are userspace ones on dummy
 * ports. */
static const struct dpif_class *class_lookup(const char *type)
{
	if (streq(type, "netdev") || (streq(type, "dummy") && netdev_dummy_is_enabled()) ||
	    (streq(type, "system") && netdev_dummy_overrides(type)))
		return &dpif_user_class;
	return NULL;
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

char *dpif_open(struct loop *loop, const char *type, const char *name, struct dpif **dpp)
{
	const struct dpif_class *class;
	struct dpif *dp;
	char *err;

	if (!*type)
		type = "system";
	dp = dpif_lookup(type, name);
	if (dp) {
		dp->n_refs++;
		*dpp = dp;
		return NULL;
	}
	class = class_lookup(type);
	if (!class)
		return xasprintf(
			"%s@%s: no datapath of type %s is built in; use datapath_type=netdev", type,
			name, type);
	err = class->open(loop, type, name, &dp);
	if (err)
		return err;
	dp->class = class;
	dp->name = xstrdup(name);
	dp->type = xstrdup(type);
	dp->loop = loop;
	dp->n_refs = 1;
	hmap_insert(&dpifs, &dp->node, dpif_hash(type, name));
	*dpp = dp;
	return NULL;
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

struct dpif_dump *dpif_dump_create(struct dpif *dp)
{
	struct dpif_dump *dump = dp->class->dump_create(dp);

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
