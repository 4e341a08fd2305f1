// SPDX-License-Identifier: GPL-2.0
/* Ports: numbers, kinds, how they come and go. */
#include "dp.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>

static LIST_HEAD(port_kinds); /* dp_lock */

/**
 * dp_port_ops_register() - make a kind of port known
 * @ops: the kind; stays the caller's
 * Context: process context.
 * Return: 0, or -EEXIST if there is one of that type.
 */
int dp_port_ops_register(struct dp_port_ops *ops)
{
	struct dp_port_ops *other;
	int err = 0;

	mutex_lock(&dp_lock);
	list_for_each_entry(other, &port_kinds, node) {
		if (other->type == ops->type) {
			err = -EEXIST;
			break;
		}
	}
	if (!err)
		list_add_tail(&ops->node, &port_kinds);
	mutex_unlock(&dp_lock);
	return err;
}

/**
 * dp_port_ops_unregister() - forget a kind of port
 * @ops: the kind; no port of it is left
 * Context: process context.
 */
void dp_port_ops_unregister(struct dp_port_ops *ops)
{
	mutex_lock(&dp_lock);
	list_del(&ops->node);
	mutex_unlock(&dp_lock);
}

static const struct dp_port_ops *port_ops_lookup(enum ovs_vport_type type)
{
	const struct dp_port_ops *ops;

	list_for_each_entry(ops, &port_kinds, node)
		if (ops->type == type)
			return ops;
	return NULL;
}

/**
 * dp_port_load() - have the modules loaded that a kind of port needs
 * @type: its type; one that is not known needs none
 * Context: process context, without a lock.
 */
void dp_port_load(enum ovs_vport_type type)
{
	const struct dp_port_ops *ops;

	mutex_lock(&dp_lock);
	ops = port_ops_lookup(type);
	mutex_unlock(&dp_lock);
	if (ops && ops->load)
		ops->load();
}

/* A number for a port, kept for it in the array. */
static int port_reserve(struct datapath *dp, u32 *no, struct netlink_ext_ack *extack)
{
	int err;

	if (*no == U32_MAX) {
		err = xa_alloc(&dp->ports, no, NULL, XA_LIMIT(1, DP_MAX_PORTS - 1), GFP_KERNEL);
		if (err == -EBUSY) {
			NL_SET_ERR_MSG(extack, "the datapath has as many ports as it can");
			err = -EFBIG;
		}
		return err;
	}
	if (*no >= DP_MAX_PORTS) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_PORT_NO is too large");
		return -EFBIG;
	}
	err = xa_insert(&dp->ports, *no, NULL, GFP_KERNEL);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_PORT_NO is in use");
	return err;
}

/* Makes the array of what packets look ports up in long enough for a number. */
static int port_array_grow(struct datapath *dp, u32 no)
{
	struct dp_port_array *old, *new;
	u32 n = max_t(u32, roundup_pow_of_two(no + 1), 16);

	old = rcu_dereference_protected(dp->port_array, lockdep_is_held(&dp_lock));
	if (old && no < old->n)
		return 0;
	new = kvzalloc(struct_size(new, of, n), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->n = n;
	if (old)
		memcpy(new->of, old->of, old->n * sizeof(old->of[0]));
	rcu_assign_pointer(dp->port_array, new);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

/* Where packets find a port; the array is long enough. */
static void port_array_set(struct datapath *dp, u32 no, struct dp_port *port)
{
	struct dp_port_array *array;

	array = rcu_dereference_protected(dp->port_array, lockdep_is_held(&dp_lock));
	rcu_assign_pointer(array->of[no], port);
}

static void port_free(struct dp_port *port)
{
	free_percpu(port->drops);
	kfree(rcu_access_pointer(port->pids));
	kfree(port->priv);
	kfree(port);
}

static void port_free_rcu(struct rcu_head *rcu)
{
	struct dp_port *port = container_of(rcu, struct dp_port, rcu);

	if (port->dev)
		netdev_put(port->dev, &port->dev_tracker);
	port_free(port);
}

/**
 * dp_port_add() - add a port
 * @dp: the datapath
 * @params: what is asked for
 * @extack: names what is wrong with it
 * Context: process context, dp_lock held, without rtnl.
 * Return: the port or ERR_PTR().
 */
struct dp_port *dp_port_add(struct datapath *dp, const struct dp_port_params *params,
			    struct netlink_ext_ack *extack)
{
	const struct dp_port_ops *ops;
	struct dp_pids *pids;
	struct dp_port *port;
	int err = -ENOMEM;

	lockdep_assert_held(&dp_lock);
	ops = port_ops_lookup(params->type);
	if (!ops) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_TYPE is not supported");
		return ERR_PTR(-EAFNOSUPPORT);
	}
	/* The module stays as long as anybody forwards by it. */
	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		goto err_put;
	port->dp = dp;
	port->ops = ops;
	port->port_no = params->port_no;
	port->mac_protos = BIT(KEY_MAC_ETHERNET);
	port->drops = alloc_percpu(struct dp_port_drops);
	if (!port->drops)
		goto err_free;
	if (params->pids) {
		pids = dp_pids_create(params->pids, extack);
		if (IS_ERR(pids)) {
			err = PTR_ERR(pids);
			goto err_free;
		}
		RCU_INIT_POINTER(port->pids, pids);
	}
	err = port_reserve(dp, &port->port_no, extack);
	if (err)
		goto err_free;
	err = port_array_grow(dp, port->port_no);
	if (err)
		goto err_release;
	if (port->port_no == OVSP_LOCAL)
		dp->local = port;
	err = ops->create(port, params->name, params->desired_ifindex, params->options, extack);
	if (err)
		goto err_release;
	/* has its room already */
	xa_store(&dp->ports, port->port_no, port, GFP_KERNEL);
	port_array_set(dp, port->port_no, port);
	dp->n_ports++;
	return port;

err_release:
	if (port->port_no == OVSP_LOCAL)
		dp->local = NULL;
	xa_release(&dp->ports, port->port_no);
err_free:
	port_free(port);
err_put:
	module_put(THIS_MODULE);
	return ERR_PTR(err);
}

/**
 * dp_port_del() - delete a port
 * @port: the port; freed after a grace period
 * Context: process context, dp_lock held, without rtnl.
 */
void dp_port_del(struct dp_port *port)
{
	struct datapath *dp = port->dp;

	lockdep_assert_held(&dp_lock);
	port_array_set(dp, port->port_no, NULL);
	xa_erase(&dp->ports, port->port_no);
	dp->n_ports--;
	port->ops->destroy(port);
	if (port->port_no == OVSP_LOCAL)
		dp->local = NULL;
	/* Unloading waits for it. */
	call_rcu(&port->rcu, port_free_rcu);
	module_put(THIS_MODULE);
}

/**
 * dp_port_of_dev() - the port that a device is
 * @dev: any device
 * Context: RCU, rtnl or dp_lock held.
 * Return: its port or NULL.
 */
struct dp_port *dp_port_of_dev(const struct net_device *dev)
{
	struct dp_port *port = port_internal_of_dev(dev);

	return port ? port : port_netdev_of_dev(dev);
}

/* Internal ports whose devices were moved to another namespace. */
static struct dp_port *port_find_moved(const struct datapath *dp, const char *name)
{
	struct dp_port *port;
	unsigned long no;

	xa_for_each((struct xarray *)&dp->ports, no, port)
		if (!net_eq(dev_net(port->dev), dp->net) && !strcmp(port->dev->name, name))
			return port;
	return NULL;
}

/**
 * dp_port_find() - find a port by the name of its device
 * @net: namespace of the datapath
 * @dp: the datapath, or NULL for any of the namespace
 * @name: the name
 * Context: dp_lock or RCU held.
 * Return: the port or NULL.
 */
struct dp_port *dp_port_find(struct net *net, const struct datapath *dp, const char *name)
{
	struct dp_port *port = NULL;
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, name);
	if (dev)
		port = dp_port_of_dev(dev);
	if (port && (!net_eq(port->dp->net, net) || (dp && port->dp != dp)))
		port = NULL;
	if (!port) {
		if (dp) {
			port = port_find_moved(dp, name);
		} else {
			list_for_each_entry_rcu(dp, &dp_net(net)->dps, node) {
				port = port_find_moved(dp, name);
				if (port)
					break;
			}
		}
	}
	rcu_read_unlock();
	return port;
}

/**
 * dp_port_send() - hand a frame to the device of a port
 * @port: the port
 * @skb: consumed
 * @mac_proto: whether it starts with an Ethernet header
 * Context: RCU, BH disabled.
 */
void dp_port_send(struct dp_port *port, struct sk_buff *skb, enum key_mac_proto mac_proto)
{
	if (unlikely(port->dev->type != ARPHRD_ETHER && mac_proto == KEY_MAC_ETHERNET)) {
		/* such a device takes frames as what a bare packet may carry */
		skb_reset_network_header(skb);
		skb_reset_mac_len(skb);
		skb->protocol = htons(ETH_P_TEB);
	}
	skb->dev = port->dev;
	if (port->ops->send)
		port->ops->send(port, skb);
	else
		dev_queue_xmit(skb);
}
