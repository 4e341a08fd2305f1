// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that are network devices of their own: physical ones, veth, taps, tunnels that carry
 * metadata.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <net/dst_metadata.h>

#include "dp.h"

static rx_handler_result_t port_netdev_rx(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	enum key_mac_proto mac_proto = KEY_MAC_ETHERNET;
	const struct ip_tunnel_info *tun;
	struct dp_port *port;

	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return RX_HANDLER_PASS;
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return RX_HANDLER_CONSUMED;
	port = rcu_dereference(skb->dev->rx_handler_data);
	tun = skb_tunnel_info(skb);
	if (tun && unlikely(tun->mode & IP_TUNNEL_INFO_TX))
		tun = NULL;
	if (likely(skb->dev->type == ARPHRD_ETHER)) {
		skb_push(skb, ETH_HLEN);
		skb_postpush_rcsum(skb, skb->data, ETH_HLEN);
	} else if (skb->protocol != htons(ETH_P_TEB)) {
		mac_proto = KEY_MAC_NONE;
	}
	dp_port_receive(port, skb, tun, mac_proto);
	return RX_HANDLER_CONSUMED;
}

/**
 * port_netdev_of_dev() - the port that takes what a device receives
 * @dev: any device
 * Context: RCU, rtnl or dp_lock held.
 * Return: its port or NULL.
 */
struct dp_port *port_netdev_of_dev(const struct net_device *dev)
{
	struct dp_port *port = NULL;

	rcu_read_lock();
	if (rcu_access_pointer(dev->rx_handler) == port_netdev_rx)
		port = rcu_dereference(dev->rx_handler_data);
	rcu_read_unlock();
	return port;
}

/* Devices get room in front of frames for what any of the ports may put there. */
static void port_update_headroom(struct datapath *dp, struct net_device *dev)
{
	struct dp_port *port;
	unsigned long no;

	if (netdev_get_fwd_headroom(dev) > dp->headroom) {
		dp->headroom = netdev_get_fwd_headroom(dev);
		xa_for_each(&dp->ports, no, port)
			netdev_set_rx_headroom(port->dev, dp->headroom);
	}
	netdev_set_rx_headroom(dev, dp->headroom);
}

/**
 * port_netdev_attach() - make a port of a device
 * @port: the port; gets a reference to the device
 * @dev: the device, of the datapath's namespace
 * @extack: says what is wrong with it
 * Context: process context, dp_lock and rtnl held.
 * Return: 0 or -errno.
 */
int port_netdev_attach(struct dp_port *port, struct net_device *dev, struct netlink_ext_ack *extack)
{
	struct dp_port *other;
	int err;

	ASSERT_RTNL();
	if (dev->flags & IFF_LOOPBACK) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_NAME is a loopback device");
		return -EINVAL;
	}
	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_NONE) {
		NL_SET_ERR_MSG(extack,
			       "OVS_VPORT_ATTR_NAME has frames of another kind than Ethernet");
		return -EINVAL;
	}
	if (netif_is_ovs_master(dev)) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_NAME is the internal port of a datapath");
		return -EINVAL;
	}
	other = port_netdev_of_dev(dev);
	if (other && other->dp == port->dp) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_NAME is a port of the datapath already");
		return -EEXIST;
	}
	if (netdev_is_rx_handler_busy(dev)) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_NAME is in use by another switch or bond");
		return -EBUSY;
	}
	err = netdev_master_upper_dev_link(dev, port->dp->local->dev, NULL, NULL, extack);
	if (err)
		return err;
	err = netdev_rx_handler_register(dev, port_netdev_rx, port);
	if (err)
		goto err_unlink;
	err = dev_set_promiscuity(dev, 1);
	if (err)
		goto err_unregister;
	dev_disable_lro(dev);
	dev->priv_flags |= IFF_OVS_DATAPATH;
	if (dev->type == ARPHRD_NONE)
		port->mac_protos |= BIT(KEY_MAC_NONE);
	port->dev = dev;
	netdev_hold(dev, &port->dev_tracker, GFP_KERNEL);
	port_update_headroom(port->dp, dev);
	WRITE_ONCE(port->is_attached, true);
	return 0;

err_unregister:
	netdev_rx_handler_unregister(dev);
err_unlink:
	netdev_upper_dev_unlink(dev, port->dp->local->dev);
	return err;
}

/**
 * port_netdev_detach() - the device is no port from now on
 * @port: the port; nothing is received on it when this returns.  May have been detached before.
 * Context: process context, rtnl held.
 */
void port_netdev_detach(struct dp_port *port)
{
	struct net_device *dev = port->dev;
	struct net_device *upper;

	ASSERT_RTNL();
	if (!port->is_attached)
		return;
	dev->priv_flags &= ~IFF_OVS_DATAPATH;
	WRITE_ONCE(port->is_attached, false);
	netdev_rx_handler_unregister(dev);
	upper = netdev_master_upper_dev_get(dev);
	if (upper)
		netdev_upper_dev_unlink(dev, upper);
	netdev_reset_rx_headroom(dev);
	dev_set_promiscuity(dev, -1);
}

static int port_netdev_create(struct dp_port *port, const char *name, u32 desired_ifindex,
			      const struct nlattr *options, struct netlink_ext_ack *extack)
{
	struct net_device *dev;
	int err;

	if (desired_ifindex) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_IFINDEX of a device that there is");
		return -EOPNOTSUPP;
	}
	rtnl_lock();
	dev = __dev_get_by_name(port->dp->net, name);
	if (!dev) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_NAME is no network device");
		err = -ENODEV;
	} else {
		err = port_netdev_attach(port, dev, extack);
	}
	rtnl_unlock();
	return err;
}

static void port_netdev_destroy(struct dp_port *port)
{
	rtnl_lock();
	port_netdev_detach(port);
	rtnl_unlock();
}

struct dp_port_ops port_netdev_ops = {
	.type = OVS_VPORT_TYPE_NETDEV,
	.owner = THIS_MODULE,
	.create = port_netdev_create,
	.destroy = port_netdev_destroy,
};
