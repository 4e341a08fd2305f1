/* SPDX-License-Identifier: Apache-2.0 */
/* Bridges as translation sees them, from a few words of text:
 *
 *	"br0: p1 access=10, p2 trunks=10/20, x1 patch=y1; br1: y1 patch=x1, p3"
 *
 * A port "pN" is datapath port N, "brN" 100 + N; OpenFlow numbers are 1, 2, ... in order.
 * Settings: access=V, trunk, native-tagged=V, native-untagged=V, tunnel=V, trunks=A/B/...,
 * cvlans=A/B/..., prio=if-nonzero or always, qinq=802.1q, protected, patch=PEER, down. */
#ifndef TESTS_UNIT_VSWITCHD_TOPOLOGY_H
#define TESTS_UNIT_VSWITCHD_TOPOLOGY_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "dpif/dpif.h"
#include "pipeline/xlate.h"
#include "tests/unit/base/unit.h"

#define TOPOLOGY_MAX 24

struct topology_port {
	char name[16], peer[16];
	struct xport *xport;
	struct xbundle *bundle;
	struct vlan_config vlan;
	bool is_protected;
};

struct topology {
	struct xdp *dp;
	struct xbridge *bridges[TOPOLOGY_MAX];
	size_t n_bridges;
	struct topology_port ports[TOPOLOGY_MAX];
	size_t n_ports;
};

static inline struct topology_port *topology_port(struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_ports; i++) {
		if (streq(t->ports[i].name, name))
			return &t->ports[i];
	}
	fail_msg("no port %s", name);
	return NULL;
}

static inline struct xbridge *topology_bridge(struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_bridges; i++) {
		if (streq(t->bridges[i]->name, name))
			return t->bridges[i];
	}
	fail_msg("no bridge %s", name);
	return NULL;
}

static inline const unsigned long *topology_vlans(const char *s)
{
	unsigned long *b = xcalloc(VLAN_BITMAP_WORDS, sizeof(*b));

	for (; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
		vlan_bitmap_set(b, (uint16_t)atoi(s));
	return b;
}

static inline void topology_setting(struct topology_port *p, char *word)
{
	char *value = strchr(word, '=');
	uint16_t vid;

	if (value)
		*value++ = '\0';
	vid = value ? (uint16_t)atoi(value) : 0;
	if (streq(word, "access"))
		p->vlan.mode = VLAN_ACCESS, p->vlan.vid = vid;
	else if (streq(word, "trunk"))
		p->vlan.mode = VLAN_TRUNK;
	else if (streq(word, "native-tagged"))
		p->vlan.mode = VLAN_NATIVE_TAGGED, p->vlan.vid = vid;
	else if (streq(word, "native-untagged"))
		p->vlan.mode = VLAN_NATIVE_UNTAGGED, p->vlan.vid = vid;
	else if (streq(word, "tunnel"))
		p->vlan.mode = VLAN_DOT1Q_TUNNEL, p->vlan.vid = vid;
	else if (streq(word, "trunks"))
		p->vlan.trunks = topology_vlans(value);
	else if (streq(word, "cvlans"))
		p->vlan.cvlans = topology_vlans(value);
	else if (streq(word, "prio"))
		p->vlan.priority_tags = streq(value, "always") ? PRIORITY_TAGS_ALWAYS
							       : PRIORITY_TAGS_IF_NONZERO;
	else if (streq(word, "qinq"))
		p->vlan.qinq_ethtype = htons(0x8100);
	else if (streq(word, "protected"))
		p->is_protected = true;
	else if (streq(word, "patch"))
		snprintf(p->peer, sizeof(p->peer), "%s", value);
	else if (streq(word, "down"))
		p->xport->may_forward = false;
	else
		fail_msg("%s: not a setting", word);
}

static inline void topology_publish(struct topology_port *p)
{
	xbundle_configure(p->bundle, &p->vlan, p->is_protected, p->xport);
}

static inline void topology_add_port(struct topology *t, struct xbridge *br, char *text,
				     uint16_t ofp_port)
{
	struct topology_port *p = &t->ports[t->n_ports++];
	char *save, *name = strtok_r(text, " ", &save), *word;
	bool is_patch = strstr(save, "patch=") != NULL;
	uint32_t odp_port = DPIF_PORT_NONE;

	assert_true(t->n_ports <= TOPOLOGY_MAX);
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (!is_patch)
		odp_port = atoi(name + strcspn(name, "0123456789")) +
			   (str_has_prefix(name, "br") ? 100 : 0);
	p->xport = xport_create(br, name, odp_port, ofp_port, is_patch);
	p->bundle = xbundle_create(br, name);
	p->vlan.mode = VLAN_TRUNK;
	p->vlan.qinq_ethtype = htons(0x88a8);
	while ((word = strtok_r(NULL, " ", &save)))
		topology_setting(p, word);
	topology_publish(p);
	p->xport->bundle = xbundle_ref(p->bundle);
	xbridge_add_bundle(br, p->bundle);
}

static inline void topology_add_bridge(struct topology *t, char *text)
{
	const struct act normal = { .type = ACT_NORMAL };
	struct fdb *fdb = fdb_create();
	struct tables *tables = tables_create();
	char *save, *name = strtok_r(text, ": ", &save), *port, *save_port;
	struct xbridge *br = xbridge_create(t->dp, name, tables, fdb);
	struct match match;
	uint16_t ofp_port = 1;

	fdb_unref(fdb); /* the bridge has its own reference */
	match_init_catchall(&match);
	tables_add(tables, rule_create(0, &match, 0, 0, act_list_create(&normal, 1)));
	tables_publish(tables);
	t->bridges[t->n_bridges++] = br;
	for (port = strtok_r(save, ",", &save_port); port; port = strtok_r(NULL, ",", &save_port))
		topology_add_port(t, br, port, ofp_port++);
}

static inline void topology_init(struct topology *t, const char *text)
{
	char *copy = xstrdup(text), *save, *part;

	memset(t, 0, sizeof(*t));
	t->dp = xdp_create();
	for (part = strtok_r(copy, ";", &save); part; part = strtok_r(NULL, ";", &save))
		topology_add_bridge(t, part);
	for (size_t i = 0; i < t->n_ports; i++) {
		if (*t->ports[i].peer)
			rcu_store(&t->ports[i].xport->peer,
				  topology_port(t, t->ports[i].peer)->xport);
	}
	free(copy);
}

static inline void topology_uninit(struct topology *t)
{
	for (size_t i = 0; i < t->n_bridges; i++)
		xbridge_clear_bundles(t->bridges[i]);
	for (size_t i = 0; i < t->n_ports; i++) {
		struct topology_port *p = &t->ports[i];
		struct xbundle *b = rcu_load_locked(&p->xport->bundle);

		rcu_store(&p->xport->bundle, NULL);
		xbundle_unref(b);
		fdb_flush_port(p->bundle->bridge->fdb, &p->bundle->fdb_port);
		xport_withdraw(p->xport);
		xport_unref(p->xport);
		xbundle_unref(p->bundle);
		vlan_config_uninit(&p->vlan);
	}
	for (size_t i = 0; i < t->n_bridges; i++)
		xbridge_unref(t->bridges[i]);
	/* A bundle lets go of its bridge, the bridge of its tables, these of their rules. */
	for (unsigned int i = 0; i < 6; i++)
		rcu_barrier_();
	xdp_destroy(t->dp);
}

#endif
