// SPDX-License-Identifier: Apache-2.0
/* Bundles: a port of the database, its VLANs and its interfaces.  With several interfaces it is a
 * bond; until bonds have their own logic the first interface that is there carries the traffic
 * (active-backup by order). */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "ofproto/ofproto_impl.h"

struct bundle *ofproto_bundle_by_name(const struct ofproto *o, const char *name)
{
	struct bundle *b;

	HMAP_FOR_EACH_WITH_HASH(b, node, hash_string(name, 0), &o->bundles) {
		if (streq(b->name, name))
			return b;
	}
	return NULL;
}

static void set_port_bundle(struct ofport *p, struct bundle *b)
{
	struct xbundle *old = rcu_load_locked(&p->xport->bundle);

	p->bundle = b;
	rcu_store(&p->xport->bundle, b ? xbundle_ref(b->xbundle) : NULL);
	xbundle_unref(old);
}

static void publish(struct bundle *b)
{
	xbundle_configure(b->xbundle, &b->vlan, b->is_protected,
			  b->n_ports ? b->ports[0]->xport : NULL);
	ofproto_changed(b->ofproto);
}

static bool same_ports(const struct bundle *b, const struct bundle_settings *s)
{
	return b->n_ports == s->n_ports &&
	       (!b->n_ports || !memcmp(b->ports, s->ports, s->n_ports * sizeof(*s->ports)));
}

static bool has_port(const struct bundle_settings *s, const struct ofport *p)
{
	for (size_t i = 0; i < s->n_ports; i++) {
		if (s->ports[i] == p)
			return true;
	}
	return false;
}

struct bundle *ofproto_bundle_create(struct ofproto *o, const struct bundle_settings *s)
{
	struct bundle *b = xzalloc(sizeof(*b));

	b->ofproto = o;
	b->name = xstrdup(s->name);
	b->xbundle = xbundle_create(o->xbridge, s->name);
	hmap_insert(&o->bundles, &b->node, hash_string(s->name, 0));
	b->vlan.mode = VLAN_TRUNK;
	b->is_protected = !s->protected_; /* differs: so that it is published */
	ofproto_bundle_set(b, s);
	xbridge_add_bundle(o->xbridge, b->xbundle);
	b->in_flood = true;
	return b;
}

void ofproto_bundle_set(struct bundle *b, const struct bundle_settings *s)
{
	bool same_vlan = vlan_config_equal(&b->vlan, &s->vlan);

	if (same_vlan && b->is_protected == s->protected_ && same_ports(b, s))
		return;
	if (!same_ports(b, s)) {
		/* Ports that stay are at no moment without a bundle. */
		for (size_t i = 0; i < b->n_ports; i++) {
			if (!has_port(s, b->ports[i]))
				set_port_bundle(b->ports[i], NULL);
		}
		free(b->ports);
		b->ports = s->n_ports ? xmemdup(s->ports, s->n_ports * sizeof(*s->ports)) : NULL;
		b->n_ports = s->n_ports;
		for (size_t i = 0; i < b->n_ports; i++) {
			if (b->ports[i]->bundle == b)
				continue;
			if (b->ports[i]->bundle)
				bundle_forget_port(b->ports[i]->bundle, b->ports[i]);
			set_port_bundle(b->ports[i], b);
		}
	}
	if (!same_vlan) {
		struct vlan_config old = b->vlan;

		vlan_config_clone(&b->vlan, &s->vlan);
		vlan_config_uninit(&old);
	}
	b->is_protected = s->protected_;
	publish(b);
	/* What was learned in the old VLANs is not behind this port any more. */
	if (!same_vlan)
		fdb_flush_port_learned(b->ofproto->fdb, &b->xbundle->fdb_port);
}

void bundle_forget_port(struct bundle *b, struct ofport *p)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_ports; i++) {
		if (b->ports[i] != p)
			b->ports[n++] = b->ports[i];
	}
	if (n == b->n_ports)
		return;
	b->n_ports = n;
	set_port_bundle(p, NULL);
	publish(b);
}

void ofproto_bundle_destroy(struct bundle *b)
{
	struct ofproto *o;

	if (!b)
		return;
	o = b->ofproto;
	for (size_t i = 0; i < b->n_ports; i++)
		set_port_bundle(b->ports[i], NULL);
	if (b->in_flood)
		xbridge_del_bundle(o->xbridge, b->xbundle);
	fdb_flush_port(o->fdb, &b->xbundle->fdb_port);
	hmap_remove(&o->bundles, &b->node);
	/* Its settings name the port, which may be freed only after the readers: xbundle_unref() is
	 * RCU. */
	xbundle_unref(b->xbundle);
	vlan_config_uninit(&b->vlan);
	free(b->ports);
	free(b->name);
	free(b);
	ofproto_changed(o);
}

const char *bundle_name(const struct bundle *b)
{
	return b->name;
}
