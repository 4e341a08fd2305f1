// SPDX-License-Identifier: Apache-2.0
/* Ports: a netdev in the datapath, its OpenFlow number, what translation sees of it; patch ports
 * find their peer by name, wherever it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "ofproto/ofproto_impl.h"

LOG_MODULE(ofport);

static struct hmap patch_ports; /* of all bridges, by name */
static bool initialized;

struct ofport *ofproto_port_by_name(const struct ofproto *o, const char *name)
{
	struct ofport *p;

	HMAP_FOR_EACH_WITH_HASH(p, node, hash_string(name, 0), &o->ports) {
		if (streq(ofport_name(p), name))
			return p;
	}
	return NULL;
}

/* OpenFlow numbers. */

static bool number_is_used(const struct ofproto *o, uint16_t n)
{
	return o->used_numbers[n / 64] >> n % 64 & 1;
}

static void number_set_used(struct ofproto *o, uint16_t n, bool used)
{
	if (used)
		o->used_numbers[n / 64] |= 1UL << n % 64;
	else
		o->used_numbers[n / 64] &= ~(1UL << n % 64);
}

/* A freed number is used again only after the others: controllers keep state by number. */
static uint16_t number_alloc(struct ofproto *o, uint16_t requested, const char *name)
{
	if (streq(name, o->name))
		return OFPP_PORT_LOCAL;
	if (requested && requested <= OFPP_MAX_NUMBER && !number_is_used(o, requested))
		return requested;
	for (unsigned int i = 0; i < OFPP_MAX_NUMBER; i++) {
		uint16_t n = o->next_number;

		o->next_number = n == OFPP_MAX_NUMBER ? 1 : n + 1;
		if (!number_is_used(o, n))
			return n;
	}
	return OFPP_PORT_NONE;
}

/* Patch ports. */

static struct ofport *patch_lookup(const char *name)
{
	struct ofport *p;

	HMAP_FOR_EACH_WITH_HASH(p, patch_node, hash_string(name, 0), &patch_ports) {
		if (streq(ofport_name(p), name))
			return p;
	}
	return NULL;
}

static void patch_disconnect(struct ofport *p)
{
	struct xport *peer = rcu_load_locked(&p->xport->peer);

	if (!peer)
		return;
	rcu_store(&p->xport->peer, NULL);
	rcu_store(&peer->peer, NULL);
	ofproto_changed(p->ofproto);
}

/* Two patch ports are connected if each names the other. */
static void patch_connect(struct ofport *p)
{
	struct ofport *peer = p->peer_name ? patch_lookup(p->peer_name) : NULL;

	if (!peer || peer == p || !peer->peer_name || !streq(peer->peer_name, ofport_name(p)) ||
	    peer->ofproto->backer != p->ofproto->backer)
		return;
	rcu_store(&p->xport->peer, peer->xport);
	rcu_store(&peer->xport->peer, p->xport);
	ofproto_changed(p->ofproto);
}

void ofport_peer_changed(struct ofport *p)
{
	struct smap options;
	const char *name;

	if (!p->is_patch)
		return;
	smap_init(&options);
	netdev_get_options(p->netdev, &options);
	name = smap_get(&options, "peer");
	if (!p->peer_name || !name || !streq(p->peer_name, name)) {
		patch_disconnect(p);
		free(p->peer_name);
		p->peer_name = xstrdup_nullable(name);
		patch_connect(p);
	}
	smap_uninit(&options);
}

static void netdev_changed(struct netdev_listener *l, struct netdev *netdev)
{
	struct ofport *p = CONTAINER_OF(l, struct ofport, listener);
	struct netdev_status status;
	bool may_forward;

	/* The carrier is the sender's and the receiver's business; only "administratively down"
	 * stops us. */
	netdev_get_status(netdev, &status);
	may_forward = status.flags & NETDEV_UP;
	if (__atomic_load_n(&p->xport->may_forward, __ATOMIC_RELAXED) != may_forward) {
		__atomic_store_n(&p->xport->may_forward, may_forward, __ATOMIC_RELAXED);
		upcalls_revalidate(p->ofproto->backer->upcalls);
	}
}

char *ofproto_port_add(struct ofproto *o, struct netdev *netdev, uint16_t requested,
		       struct ofport **portp)
{
	bool is_patch = netdev_type_is_patch(netdev_type(netdev));
	const char *name = netdev_name(netdev);
	uint32_t odp_port = DPIF_PORT_NONE;
	struct ofport *p;
	uint16_t number;

	if (!initialized) {
		initialized = true;
		hmap_init(&patch_ports);
	}
	number = number_alloc(o, requested, name);
	if (number == OFPP_PORT_NONE)
		return xasprintf("%s: bridge %s has no free port number (limit %d)", name, o->name,
				 OFPP_MAX_NUMBER);
	if (!is_patch) {
		int err = dpif_port_add(o->backer->dpif, netdev, &odp_port);

		if (err)
			return xasprintf("%s: cannot add to datapath %s: %s", name,
					 dpif_name(o->backer->dpif), errno_str(err));
	}
	number_set_used(o, number, true);

	p = xzalloc(sizeof(*p));
	p->ofproto = o;
	p->netdev = netdev_ref(netdev);
	p->is_patch = is_patch;
	p->xport = xport_create(o->xbridge, name, odp_port, number, is_patch);
	hmap_insert(&o->ports, &p->node, hash_string(name, 0));
	if (is_patch) {
		hmap_insert(&patch_ports, &p->patch_node, hash_string(name, 0));
		ofport_peer_changed(p);
	} else {
		p->listener.changed = netdev_changed;
		netdev_listen(netdev, &p->listener);
		netdev_changed(&p->listener, netdev);
	}
	ofproto_changed(o);
	log_info("bridge %s: added interface %s on port %u", o->name, name, number);
	*portp = p;
	return NULL;
}

void ofproto_port_del(struct ofport *p)
{
	struct ofproto *o;

	if (!p)
		return;
	o = p->ofproto;
	log_info("bridge %s: deleted interface %s on port %u", o->name, ofport_name(p),
		 ofport_number(p));
	if (p->bundle)
		bundle_forget_port(p->bundle, p);
	if (p->is_patch) {
		patch_disconnect(p);
		hmap_remove(&patch_ports, &p->patch_node);
	} else {
		netdev_unlisten(&p->listener);
		dpif_port_del(o->backer->dpif, p->xport->odp_port);
	}
	number_set_used(o, ofport_number(p), false);
	hmap_remove(&o->ports, &p->node);
	xport_withdraw(p->xport);
	xport_unref(p->xport);
	netdev_unref(p->netdev);
	free(p->peer_name);
	free(p);
	ofproto_changed(o);
}

uint16_t ofport_number(const struct ofport *p)
{
	return xport_number(p->xport);
}

uint32_t ofport_odp_number(const struct ofport *p)
{
	return p->xport->odp_port;
}

struct netdev *ofport_netdev(const struct ofport *p)
{
	return p->netdev;
}

const char *ofport_name(const struct ofport *p)
{
	return p->xport->name;
}

int ofport_set_number(struct ofport *p, uint16_t requested)
{
	struct ofproto *o = p->ofproto;

	if (requested == ofport_number(p) || ofport_number(p) == OFPP_PORT_LOCAL)
		return 0;
	if (!requested || requested > OFPP_MAX_NUMBER || number_is_used(o, requested))
		return -EBUSY;
	number_set_used(o, ofport_number(p), false);
	number_set_used(o, requested, true);
	xport_renumber(p->xport, requested);
	ofproto_changed(o);
	return 0;
}

static uint64_t counter(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

int ofport_get_stats(struct ofport *p, struct netdev_stats *stats)
{
	if (!p->is_patch)
		return netdev_get_stats(p->netdev, stats);
	memset(stats, 0xff, sizeof(*stats));
	stats->rx_packets = counter(&p->xport->rx_packets);
	stats->rx_bytes = counter(&p->xport->rx_bytes);
	stats->tx_packets = counter(&p->xport->tx_packets);
	stats->tx_bytes = counter(&p->xport->tx_bytes);
	return 0;
}

int ofport_get_dp_stats(struct ofport *p, struct dpif_port_stats *stats)
{
	if (p->is_patch)
		return -ENOENT;
	return dpif_port_get_stats(p->ofproto->backer->dpif, p->xport->odp_port, stats);
}
