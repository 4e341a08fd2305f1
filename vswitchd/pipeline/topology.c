// SPDX-License-Identifier: Apache-2.0
#include "pipeline/topology.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "dpif/dpif.h"

static void ref(unsigned int *refs)
{
	__atomic_add_fetch(refs, 1, __ATOMIC_RELAXED);
}

/* A count that has reached 0 stays there: the object waits for its grace period only. */
static bool tryref(unsigned int *refs)
{
	unsigned int n = __atomic_load_n(refs, __ATOMIC_RELAXED);

	while (n) {
		if (__atomic_compare_exchange_n(refs, &n, n + 1, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static bool unref(unsigned int *refs)
{
	return !__atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL);
}

struct xdp *xdp_create(void)
{
	struct xdp *dp = xzalloc(sizeof(*dp));

	rcuhash_init(&dp->ports);
	return dp;
}

void xdp_destroy(struct xdp *dp)
{
	if (!dp)
		return;
	rcuhash_uninit(&dp->ports);
	free(dp);
}

struct xbridge *xbridge_create(struct xdp *dp, const char *name, struct tables *tables,
			       struct fdb *fdb)
{
	struct xbridge *br = xzalloc(sizeof(*br));

	br->name = xstrdup(name);
	br->dp = dp;
	br->tables = tables;
	br->fdb = fdb_ref(fdb);
	br->refs = 1;
	rcuhash_init(&br->ports);
	return br;
}

static void xbridge_free(struct rcu_item *item)
{
	struct xbridge *br = CONTAINER_OF(item, struct xbridge, rcu);

	fdb_unref(br->fdb);
	tables_destroy(br->tables);
	rcuhash_uninit(&br->ports);
	free(br->bundles);
	free(br->name);
	free(br);
}

void xbridge_unref(struct xbridge *br)
{
	if (br && unref(&br->refs))
		rcu_defer(&br->rcu, xbridge_free);
}

void xbridge_add_bundle(struct xbridge *br, struct xbundle *b)
{
	struct xvec *old = rcu_load_locked(&br->bundles);
	struct xvec *new_;

	if (old && old->n < old->size) {
		old->items[old->n] = b;
		__atomic_store_n(&old->n, old->n + 1, __ATOMIC_RELEASE);
		return;
	}
	new_ = xmalloc(sizeof(*new_) + (old ? 2 * old->size : 8) * sizeof(void *));
	new_->size = old ? 2 * old->size : 8;
	new_->n = old ? old->n : 0;
	if (old)
		memcpy(new_->items, old->items, old->n * sizeof(void *));
	new_->items[new_->n++] = b;
	rcu_store(&br->bundles, new_);
	rcu_free(old);
}

void xbridge_del_bundle(struct xbridge *br, struct xbundle *b)
{
	struct xvec *old = rcu_load_locked(&br->bundles);
	struct xvec *new_;

	if (!old)
		return;
	new_ = xmalloc(sizeof(*new_) + old->size * sizeof(void *));
	new_->size = old->size;
	new_->n = 0;
	for (size_t i = 0; i < old->n; i++) {
		if (old->items[i] != b)
			new_->items[new_->n++] = old->items[i];
	}
	rcu_store(&br->bundles, new_);
	rcu_free(old);
}

void xbridge_clear_bundles(struct xbridge *br)
{
	struct xvec *old = rcu_load_locked(&br->bundles);

	rcu_store(&br->bundles, NULL);
	rcu_free(old);
}

static void config_free(struct rcu_item *item)
{
	struct xbundle_config *c = CONTAINER_OF(item, struct xbundle_config, rcu);

	vlan_config_uninit(&c->vlan);
	xport_unref(c->port);
	free(c);
}

struct xbundle *xbundle_create(struct xbridge *br, const char *name)
{
	struct xbundle *b = xzalloc(sizeof(*b));

	fdb_port_init(&b->fdb_port);
	b->bridge = br;
	ref(&br->refs);
	b->name = xstrdup(name);
	b->refs = 1;
	return b;
}

struct xbundle *xbundle_ref(struct xbundle *b)
{
	ref(&b->refs);
	return b;
}

struct xbundle *xbundle_tryref(struct xbundle *b)
{
	return tryref(&b->refs) ? b : NULL;
}

static void xbundle_free(struct rcu_item *item)
{
	struct xbundle *b = CONTAINER_OF(item, struct xbundle, rcu);

	if (b->config)
		config_free(&b->config->rcu);
	xbridge_unref(b->bridge);
	free(b->name);
	free(b);
}

void xbundle_unref(struct xbundle *b)
{
	if (b && unref(&b->refs))
		rcu_defer(&b->rcu, xbundle_free);
}

void xbundle_configure(struct xbundle *b, const struct vlan_config *vlan, bool is_protected,
		       struct xport *port)
{
	struct xbundle_config *old = rcu_load_locked(&b->config);
	struct xbundle_config *c = xzalloc(sizeof(*c));

	vlan_config_clone(&c->vlan, vlan);
	c->is_protected = is_protected;
	c->port = port ? xport_ref(port) : NULL;
	rcu_store(&b->config, c);
	if (old)
		rcu_defer(&old->rcu, config_free);
}

static uint32_t port_hash(uint32_t number)
{
	return hash_u32(number, 0);
}

struct xport *xport_create(struct xbridge *br, const char *name, uint32_t odp_port,
			   uint16_t ofp_port, bool is_patch)
{
	struct xport *p = xzalloc(sizeof(*p));

	p->bridge = br;
	ref(&br->refs);
	p->name = xstrdup(name);
	p->odp_port = odp_port;
	p->ofp_port = ofp_port;
	p->is_patch = is_patch;
	p->may_forward = true;
	p->refs = 1;
	if (!is_patch)
		rcuhash_insert(&br->dp->ports, &p->odp_node, port_hash(odp_port));
	rcuhash_insert(&br->ports, &p->ofp_node, port_hash(ofp_port));
	return p;
}

struct xport *xport_ref(struct xport *p)
{
	ref(&p->refs);
	return p;
}

struct xport *xport_tryref(struct xport *p)
{
	return tryref(&p->refs) ? p : NULL;
}

static void xport_free(struct rcu_item *item)
{
	struct xport *p = CONTAINER_OF(item, struct xport, rcu);

	xbundle_unref(p->bundle);
	xbridge_unref(p->bridge);
	free(p->name);
	free(p);
}

void xport_unref(struct xport *p)
{
	if (p && unref(&p->refs))
		rcu_defer(&p->rcu, xport_free);
}

void xport_withdraw(struct xport *p)
{
	struct xport *peer = rcu_load_locked(&p->peer);

	if (!p->is_patch)
		rcuhash_remove(&p->bridge->dp->ports, &p->odp_node);
	rcuhash_remove(&p->bridge->ports, &p->ofp_node);
	__atomic_store_n(&p->may_forward, false, __ATOMIC_RELAXED);
	if (peer) {
		rcu_store(&peer->peer, NULL);
		rcu_store(&p->peer, NULL);
	}
}

void xport_renumber(struct xport *p, uint16_t ofp_port)
{
	rcuhash_remove(&p->bridge->ports, &p->ofp_node);
	/* A removed node is inserted again only after a grace period; renumbering is rare. */
	rcu_synchronize();
	__atomic_store_n(&p->ofp_port, ofp_port, __ATOMIC_RELAXED);
	rcuhash_insert(&p->bridge->ports, &p->ofp_node, port_hash(ofp_port));
}

struct xport *xdp_port(const struct xdp *dp, uint32_t odp_port)
{
	struct xport *p;

	RCUHASH_FOR_EACH_WITH_HASH(p, odp_node, port_hash(odp_port), &dp->ports) {
		if (p->odp_port == odp_port)
			return p;
	}
	return NULL;
}

struct xport *xbridge_port(const struct xbridge *br, uint16_t ofp_port)
{
	struct xport *p;

	RCUHASH_FOR_EACH_WITH_HASH(p, ofp_node, port_hash(ofp_port), &br->ports) {
		if (xport_number(p) == ofp_port)
			return p;
	}
	return NULL;
}
