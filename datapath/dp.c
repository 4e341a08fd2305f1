// SPDX-License-Identifier: GPL-2.0
/*
 * Datapaths: what is in a namespace, how long it lives, and the way of a packet through one.
 */
#include "dp.h"

#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>

#include "action.h"
#include "compat/compiler.h"
#include "conntrack.h"
#include "flow.h"
#include "meter.h"

DEFINE_MUTEX(dp_lock);
unsigned int dp_net_id __read_mostly;

/**
 * dp_create() - make an empty datapath
 * @net: its namespace
 * Context: process context.
 * Return: the datapath, to be given to dp_publish() or dp_put(); NULL if there is no memory.
 */
struct datapath *dp_create(struct net *net)
{
	struct datapath *dp;
	int cpu;

	dp = kzalloc(sizeof(*dp), GFP_KERNEL);
	if (!dp)
		return NULL;
	dp->net = net;
	INIT_LIST_HEAD(&dp->node);
	mutex_init(&dp->flow_lock);
	xa_init_flags(&dp->ports, XA_FLAGS_ALLOC);
	refcount_set(&dp->refs, 1);
	dp->stats = alloc_percpu(struct dp_stats_percpu);
	if (!dp->stats)
		goto err_free;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(dp->stats, cpu)->sync);
	dp->queues = upcall_queues_create();
	if (!dp->queues)
		goto err_stats;
	dp->meters = meter_table_create();
	if (!dp->meters)
		goto err_queues;
	dp->table = flow_table_create();
	if (!dp->table)
		goto err_meters;
	return dp;

err_meters:
	meter_table_destroy(dp->meters);
err_queues:
	upcall_queues_destroy(dp->queues);
err_stats:
	free_percpu(dp->stats);
err_free:
	kfree(dp);
	return NULL;
}

/* No reference and no reader is left. */
static void dp_free_work(struct work_struct *work)
{
	struct datapath *dp = container_of(to_rcu_work(work), struct datapath, free_work);

	flow_table_destroy(dp->table);
	meter_table_destroy(dp->meters);
	upcall_queues_destroy(dp->queues);
	kfree(rcu_dereference_protected(dp->pids, true));
	free_percpu(dp->stats);
	kvfree(rcu_dereference_protected(dp->port_array, true));
	xa_destroy(&dp->ports);
	kfree(dp);
}

/**
 * dp_put() - give a reference back
 * @dp: the datapath; it is freed after a grace period if this was the last one
 * Context: any.
 */
void dp_put(struct datapath *dp)
{
	if (!refcount_dec_and_test(&dp->refs))
		return;
	INIT_RCU_WORK(&dp->free_work, dp_free_work);
	queue_rcu_work(dp_wq, &dp->free_work);
}

/**
 * dp_publish() - let requests find a datapath
 * @dp: it has its local port; its first reference goes over to the namespace
 * Context: process context, dp_lock held.
 */
void dp_publish(struct datapath *dp)
{
	lockdep_assert_held(&dp_lock);
	WRITE_ONCE(dp->ifindex, dp->local->dev->ifindex);
	list_add_tail_rcu(&dp->node, &dp_net(dp->net)->dps);
}

/**
 * dp_destroy() - take a datapath out of its namespace, with all ports and flows
 * @dp: a datapath that was published, or was not but has ports
 * Context: process context, dp_lock held, without rtnl.
 */
void dp_destroy(struct datapath *dp)
{
	struct dp_port *port;
	unsigned long no;

	lockdep_assert_held(&dp_lock);
	if (!list_empty(&dp->node))
		list_del_rcu(&dp->node);
	/* the local port goes last: the others have it for a master */
	xa_for_each(&dp->ports, no, port)
		if (no != OVSP_LOCAL)
			dp_port_del(port);
	if (dp->local)
		dp_port_del(dp->local);

	mutex_lock(&dp->flow_lock);
	dp->dead = true;
	flow_table_flush(dp->table);
	mutex_unlock(&dp->flow_lock);
	dp_put(dp);
}

/**
 * dp_lookup() - find a datapath by the device of its local port
 * @net: namespace of the request
 * @dp_ifindex: from its header
 * Context: RCU or dp_lock held.
 * Return: the datapath or NULL.
 */
struct datapath *dp_lookup(struct net *net, int dp_ifindex)
{
	struct datapath *dp = NULL;
	struct net_device *dev;
	struct dp_port *port;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, dp_ifindex);
	port = dev ? port_internal_of_dev(dev) : NULL;
	/* one that is being made has no index yet */
	if (port && port->port_no == OVSP_LOCAL && READ_ONCE(port->dp->ifindex) == dp_ifindex &&
	    !READ_ONCE(port->dp->dead))
		dp = port->dp;
	rcu_read_unlock();
	return dp;
}

/**
 * dp_get() - find a datapath and keep it
 * @net: namespace of the request
 * @dp_ifindex: from its header
 *
 * It may be dead by the time that the caller looks: see dp.h.
 * Context: any.
 * Return: the datapath with a reference, or NULL.
 */
struct datapath *dp_get(struct net *net, int dp_ifindex)
{
	struct datapath *dp;

	rcu_read_lock();
	dp = dp_lookup(net, dp_ifindex);
	if (dp && !refcount_inc_not_zero(&dp->refs))
		dp = NULL;
	rcu_read_unlock();
	return dp;
}

const char *dp_name(const struct datapath *dp)
{
	return dp->local->dev->name;
}

/* ---- packets -------------------------------------------------------------- */

static noinline void dp_miss(struct sk_buff *skb, struct pkt *pkt)
{
	struct datapath *dp = pkt->dp;
	struct dp_stats_percpu *stats = this_cpu_ptr(dp->stats);
	struct upcall_info info = { .cmd = OVS_PACKET_CMD_MISS };
	int err;

	err = dp_upcall(skb, pkt, &info);
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->n_missed);
	u64_stats_update_end(&stats->sync);
	/* why it did not go up is counted there; the packet went up, or is lost */
	if (err)
		kfree_skb(skb);
	else
		consume_skb(skb);
}

/**
 * dp_classify() - find the actions of a packet
 * @skb: packet, data at its outermost header
 * @pkt: its metadata
 * Context: RCU, BH disabled.
 * Return: the program of the flow that it hits, counted; NULL: @skb was consumed.
 */
const struct action_prog *dp_classify(struct sk_buff *skb, struct pkt *pkt)
{
	struct datapath *dp = pkt->dp;
	struct dp_stats_percpu *stats;
	struct flow *flow;

	flow = flow_lookup(dp->table, skb, pkt);
	if (unlikely(IS_ERR_OR_NULL(flow))) {
		if (IS_ERR(flow))
			dp_drop(skb, pkt, PTR_ERR(flow) == -ENOMEM ? DROP_NO_MEMORY : DROP_RUNT);
		else
			dp_miss(skb, pkt);
		return NULL;
	}
	flow_count(flow, skb, pkt);
	stats = this_cpu_ptr(dp->stats);
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->n_hit);
	u64_stats_update_end(&stats->sync);
	return rcu_dereference(flow->prog);
}

/**
 * dp_process() - look a packet up and do what its flow says
 * @skb: packet, data at its outermost header; consumed
 * @pkt: its metadata
 * Context: RCU, BH disabled.
 */
void dp_process(struct sk_buff *skb, struct pkt *pkt)
{
	const struct action_prog *prog = dp_classify(skb, pkt);

	if (likely(prog))
		actions_run(prog, skb, pkt);
}

/**
 * dp_untag() - move the outermost VLAN tag from the data to the metadata
 * @skb: its MAC header is at its data and has a tag; freed if that is cut short
 * Context: any.
 * Return: the packet, maybe another one; NULL: it was freed.
 */
struct sk_buff *dp_untag(struct sk_buff *skb)
{
	skb->protocol = eth_hdr(skb)->h_proto;
	__skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb = skb_vlan_untag(skb);
	if (unlikely(!skb))
		return NULL;
	skb_push(skb, ETH_HLEN);
	return skb;
}

/**
 * dp_port_receive() - a frame came in on a port
 * @port: the port
 * @skb: data at the outermost header; not shared; consumed
 * @tun: the tunnel that it came out of, or NULL
 * @mac_proto: whether the outermost header is Ethernet
 * Context: RCU, BH disabled.
 */
void dp_port_receive(struct dp_port *port, struct sk_buff *skb, const struct ip_tunnel_info *tun,
		     enum key_mac_proto mac_proto)
{
	struct pkt pkt __uninitialized; /* pkt_init() writes what counts */

	pkt_init(&pkt, port->dp, port, port->port_no);
	pkt.tun = tun;
	pkt.mac_proto = mac_proto;
	if (likely(mac_proto == KEY_MAC_ETHERNET)) {
		if (unlikely(!pskb_may_pull(skb, ETH_HLEN))) {
			dp_drop(skb, &pkt, DROP_RUNT);
			return;
		}
		skb_reset_mac_header(skb);
		if (unlikely(eth_type_vlan(eth_hdr(skb)->h_proto) && !skb_vlan_tag_present(skb))) {
			skb = dp_untag(skb);
			if (!skb) {
				dp_count_drop(&pkt, U32_MAX, DROP_RUNT);
				return;
			}
		}
	}
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	if (unlikely(skb_nfct(skb)))
		ct_fill(skb, &pkt);
#endif
	dp_process(skb, &pkt);
}
