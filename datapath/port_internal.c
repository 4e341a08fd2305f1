// SPDX-License-Identifier: GPL-2.0
/* Ports that are network devices made for the host: what it sends comes in on the port, and the
 * other way. */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <net/rtnetlink.h>

#include "compat/netdevice.h"
#include "dp.h"

struct internal_dev { /* private part of the device */
	struct dp_port __rcu *port; /* NULL: it is going */
};

static netdev_tx_t internal_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct internal_dev *priv = netdev_priv(dev);
	struct dp_port *port;

	rcu_read_lock(); /* that BH are disabled would do, but is not what the datapath asks for */
	port = rcu_dereference(priv->port);
	if (likely(port)) {
		dev_sw_netstats_tx_add(dev, 1, skb->len);
		/* connection, mark and route of another namespace mean nothing here, and are not to
		 * be believed */
		if (unlikely(!net_eq(dev_net(dev), port->dp->net)))
			skb_scrub_packet(skb, true);
		dp_port_receive(port, skb, NULL, KEY_MAC_ETHERNET);
	} else {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
	}
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

static int internal_open(struct net_device *dev)
{
	netif_start_queue(dev);
	return 0;
}

static int internal_stop(struct net_device *dev)
{
	netif_stop_queue(dev);
	return 0;
}

static void internal_set_rx_headroom(struct net_device *dev, int headroom)
{
	dev->needed_headroom = headroom < 0 ? 0 : headroom;
}

static int internal_init(struct net_device *dev)
{
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	return dev->tstats ? 0 : -ENOMEM;
}

static void internal_uninit(struct net_device *dev)
{
	free_percpu(dev->tstats);
}

static const struct net_device_ops internal_netdev_ops = {
	.ndo_init = internal_init,
	.ndo_uninit = internal_uninit,
	.ndo_open = internal_open,
	.ndo_stop = internal_stop,
	.ndo_start_xmit = internal_start_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_set_rx_headroom = internal_set_rx_headroom,
};

static void internal_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "openvswitch", sizeof(info->driver));
}

static const struct ethtool_ops internal_ethtool_ops = {
	.get_drvinfo = internal_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
};

/* Only the datapath makes and deletes them; this gives the kind its name. */
static struct rtnl_link_ops internal_link_ops __read_mostly = {
	.kind = "openvswitch",
};

static void internal_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &internal_netdev_ops;
	dev->ethtool_ops = &internal_ethtool_ops;
	dev->rtnl_link_ops = &internal_link_ops;
	dev->needs_free_netdev = true;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE | IFF_OPENVSWITCH | IFF_NO_QUEUE;

	/* all that the actions and, where a port cannot, the stack's own segmentation take */
	dev->features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | NETIF_F_HW_CSUM |
			NETIF_F_GSO_SOFTWARE | NETIF_F_GSO_ENCAP_ALL;
	dev->vlan_features = dev->features;
	dev->hw_enc_features = dev->features;
	dev->features |= NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_STAG_TX;
	dev->hw_features = dev->features;
	compat_netdev_set_lltx(dev);
	eth_hw_addr_random(dev);
}

/**
 * port_internal_of_dev() - the port of an internal device
 * @dev: any device
 * Context: RCU, rtnl or dp_lock held.
 * Return: its port; NULL if it is none, or is going.
 */
struct dp_port *port_internal_of_dev(const struct net_device *dev)
{
	struct internal_dev *priv = netdev_priv(dev);
	struct dp_port *port;

	if (dev->netdev_ops != &internal_netdev_ops)
		return NULL;
	rcu_read_lock();
	port = rcu_dereference(priv->port);
	rcu_read_unlock();
	return port;
}

static int port_internal_create(struct dp_port *port, const char *name, u32 desired_ifindex,
				const struct nlattr *options, struct netlink_ext_ack *extack)
{
	struct internal_dev *priv;
	struct net_device *dev;
	int err;

	if (desired_ifindex > S32_MAX) {
		NL_SET_ERR_MSG(extack, "the ifindex that is asked for is too large");
		return -ERANGE;
	}
	dev = alloc_netdev(sizeof(*priv), name, NET_NAME_USER, internal_setup);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, port->dp->net);
	dev->ifindex = desired_ifindex;
	if (port->port_no == OVSP_LOCAL)
		compat_netdev_set_netns_immutable(dev);
	priv = netdev_priv(dev);
	port->dev = dev;
	RCU_INIT_POINTER(priv->port, port);

	rtnl_lock();
	dev->needed_headroom = port->dp->headroom;
	err = register_netdevice(dev);
	if (!err) {
		dev_set_promiscuity(dev, 1);
		netif_start_queue(dev);
	}
	rtnl_unlock();
	if (err) {
		NL_SET_ERR_MSG(extack, "the device of OVS_VPORT_ATTR_NAME cannot be made");
		port->dev = NULL;
		free_netdev(dev);
		return err;
	}
	port->is_attached = true;
	return 0;
}

static void port_internal_destroy(struct dp_port *port)
{
	struct net_device *dev = port->dev;
	struct internal_dev *priv = netdev_priv(dev);

	/* waits for readers, then for references: packets that found the port are through */
	rtnl_lock();
	netif_stop_queue(dev);
	dev_set_promiscuity(dev, -1);
	RCU_INIT_POINTER(priv->port, NULL);
	unregister_netdevice(dev);
	port->dev = NULL;
	rtnl_unlock();
}

static void port_internal_send(struct dp_port *port, struct sk_buff *skb)
{
	struct net_device *dev = port->dev;

	if (unlikely(!(dev->flags & IFF_UP))) {
		dev_core_stats_rx_dropped_inc(dev);
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return;
	}
	dev_sw_netstats_rx_add(dev, skb->len);
	skb_orphan(skb);
	skb_scrub_packet(skb, false);
	skb->protocol = eth_type_trans(skb, dev);
	skb_postpull_rcsum(skb, eth_hdr(skb), ETH_HLEN);
	netif_rx(skb);
}

int port_internal_module_init(void)
{
	return rtnl_link_register(&internal_link_ops);
}

void port_internal_module_exit(void)
{
	rtnl_link_unregister(&internal_link_ops);
}

struct dp_port_ops port_internal_ops = {
	.type = OVS_VPORT_TYPE_INTERNAL,
	.owner = THIS_MODULE,
	.create = port_internal_create,
	.destroy = port_internal_destroy,
	.send = port_internal_send,
};
