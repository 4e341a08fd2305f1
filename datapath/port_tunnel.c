// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of types GRE, VXLAN and Geneve: the kernel's tunnel device in collect-metadata mode, made
 * here and deleted with the port.  Otherwise it is a port like that of any other device.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/geneve.h>
#include <net/gre.h>
#include <net/rtnetlink.h>
#include <net/vxlan.h>

#include "dp.h"

struct tunnel_conf {
	u16 dst_port;
	bool has_gbp;
};

static const struct nla_policy tunnel_policy[OVS_TUNNEL_ATTR_MAX + 1] = {
	[OVS_TUNNEL_ATTR_DST_PORT] = { .type = NLA_U16 },
	[OVS_TUNNEL_ATTR_EXTENSION] = { .type = NLA_NESTED },
};

/* The flag may come with a value, which says nothing. */
static const struct nla_policy vxlan_ext_policy[OVS_VXLAN_EXT_MAX + 1] = {
	[OVS_VXLAN_EXT_GBP] = { .type = NLA_UNSPEC },
};

static int tunnel_parse(const struct nlattr *options, bool has_ext, struct tunnel_conf *conf,
			struct netlink_ext_ack *extack)
{
	struct nlattr *ext[OVS_VXLAN_EXT_MAX + 1];
	struct nlattr *tb[OVS_TUNNEL_ATTR_MAX + 1];
	int err;

	if (!options) {
		NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_OPTIONS is missing");
		return -EINVAL;
	}
	err = nla_parse_nested_deprecated(tb, OVS_TUNNEL_ATTR_MAX, options, tunnel_policy, extack);
	if (err)
		return err;
	if (!tb[OVS_TUNNEL_ATTR_DST_PORT] || !nla_get_u16(tb[OVS_TUNNEL_ATTR_DST_PORT])) {
		NL_SET_ERR_MSG(extack, "OVS_TUNNEL_ATTR_DST_PORT is missing");
		return -EINVAL;
	}
	conf->dst_port = nla_get_u16(tb[OVS_TUNNEL_ATTR_DST_PORT]);
	if (!tb[OVS_TUNNEL_ATTR_EXTENSION])
		return 0;
	if (!has_ext) {
		NL_SET_ERR_MSG_ATTR(extack, tb[OVS_TUNNEL_ATTR_EXTENSION],
				    "OVS_TUNNEL_ATTR_EXTENSION is not supported here");
		return -EINVAL;
	}
	err = nla_parse_nested_deprecated(ext, OVS_VXLAN_EXT_MAX, tb[OVS_TUNNEL_ATTR_EXTENSION],
					  vxlan_ext_policy, extack);
	if (err)
		return err;
	conf->has_gbp = ext[OVS_VXLAN_EXT_GBP];
	return 0;
}

static int tunnel_get_options(const struct dp_port *port, struct sk_buff *skb)
{
	const struct tunnel_conf *conf = port->priv;
	struct nlattr *nest;

	if (nla_put_u16(skb, OVS_TUNNEL_ATTR_DST_PORT, conf->dst_port))
		return -EMSGSIZE;
	if (!conf->has_gbp)
		return 0;
	nest = nla_nest_start_noflag(skb, OVS_TUNNEL_ATTR_EXTENSION);
	if (!nest || nla_put_flag(skb, OVS_VXLAN_EXT_GBP))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* rtnl held. */
static void tunnel_delete_dev(struct net_device *dev)
{
	LIST_HEAD(list);

	dev->rtnl_link_ops->dellink(dev, &list);
	unregister_netdevice_many(&list);
}

/* @dev is new, or why it could not be made; rtnl held. */
static int tunnel_attach(struct dp_port *port, struct net_device *dev,
			 struct netlink_ext_ack *extack)
{
	int err;

	if (IS_ERR(dev)) {
		NL_SET_ERR_MSG(extack, "the tunnel device of OVS_VPORT_ATTR_NAME cannot be made");
		return PTR_ERR(dev);
	}
	err = dev_change_flags(dev, dev->flags | IFF_UP, extack);
	if (!err)
		err = port_netdev_attach(port, dev, extack);
	if (err)
		tunnel_delete_dev(dev);
	return err;
}

static void port_tunnel_destroy(struct dp_port *port)
{
	struct net_device *dev = port->dev;

	rtnl_lock();
	port_netdev_detach(port);
	if (dev->reg_state == NETREG_REGISTERED && net_eq(dev_net(dev), port->dp->net)) {
		/* No packet has the port any more when the device is out of the lists, and the
		 * reference must be gone before rtnl_unlock() waits for it.
		 */
		tunnel_delete_dev(dev);
		netdev_put(dev, &port->dev_tracker);
		port->dev = NULL;
	}
	rtnl_unlock();
}

/*
 * The tunnels are modules of their own, which are loaded when the first port needs one, before
 * dp_lock is taken; a device keeps what it needs of them.
 */
#define TUNNEL_LOAD(function)                                                                      \
	do {                                                                                       \
		if (symbol_request(function))                                                      \
			symbol_put(function);                                                      \
	} while (0)

#define TUNNEL_CREATE(port, extack, function, ...)                                                 \
	({                                                                                         \
		typeof(&function) _create = symbol_get(function);                                  \
		int _err = tunnel_has_module(_create, extack);                                     \
		if (!_err) {                                                                       \
			rtnl_lock();                                                               \
			_err = tunnel_attach(port, _create(__VA_ARGS__), extack);                  \
			rtnl_unlock();                                                             \
			symbol_put(function);                                                      \
		}                                                                                  \
		_err;                                                                              \
	})

static int tunnel_has_module(const void *function, struct netlink_ext_ack *extack)
{
	if (function)
		return 0;
	NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_TYPE: there is no module for it");
	return -EAFNOSUPPORT;
}

static int tunnel_refuse_ifindex(u32 desired_ifindex, struct netlink_ext_ack *extack)
{
	if (!desired_ifindex)
		return 0;
	NL_SET_ERR_MSG(extack, "OVS_VPORT_ATTR_IFINDEX of a tunnel cannot be chosen");
	return -EOPNOTSUPP;
}

static void port_gre_load(void)
{
	TUNNEL_LOAD(gretap_fb_dev_create);
}

static void port_vxlan_load(void)
{
	TUNNEL_LOAD(vxlan_dev_create);
}

static void port_geneve_load(void)
{
	TUNNEL_LOAD(geneve_dev_create_fb);
}

static int port_gre_create(struct dp_port *port, const char *name, u32 desired_ifindex,
			   const struct nlattr *options, struct netlink_ext_ack *extack)
{
	int err;

	err = tunnel_refuse_ifindex(desired_ifindex, extack);
	if (err)
		return err;
	return TUNNEL_CREATE(port, extack, gretap_fb_dev_create, port->dp->net, name,
			     NET_NAME_USER);
}

static int port_vxlan_create(struct dp_port *port, const char *name, u32 desired_ifindex,
			     const struct nlattr *options, struct netlink_ext_ack *extack)
{
	struct vxlan_config config = {
		.no_share = true,
		.flags = VXLAN_F_COLLECT_METADATA | VXLAN_F_UDP_ZERO_CSUM6_RX,
		.mtu = IP_MAX_MTU,
	};
	struct tunnel_conf *conf;
	int err;

	err = tunnel_refuse_ifindex(desired_ifindex, extack);
	if (err)
		return err;
	conf = kzalloc(sizeof(*conf), GFP_KERNEL);
	if (!conf)
		return -ENOMEM;
	port->priv = conf;
	err = tunnel_parse(options, true, conf, extack);
	if (err)
		return err;
	config.dst_port = htons(conf->dst_port);
	if (conf->has_gbp)
		config.flags |= VXLAN_F_GBP;
	return TUNNEL_CREATE(port, extack, vxlan_dev_create, port->dp->net, name, NET_NAME_USER,
			     &config);
}

static int port_geneve_create(struct dp_port *port, const char *name, u32 desired_ifindex,
			      const struct nlattr *options, struct netlink_ext_ack *extack)
{
	struct tunnel_conf *conf;
	int err;

	err = tunnel_refuse_ifindex(desired_ifindex, extack);
	if (err)
		return err;
	conf = kzalloc(sizeof(*conf), GFP_KERNEL);
	if (!conf)
		return -ENOMEM;
	port->priv = conf;
	err = tunnel_parse(options, false, conf, extack);
	if (err)
		return err;
	return TUNNEL_CREATE(port, extack, geneve_dev_create_fb, port->dp->net, name, NET_NAME_USER,
			     conf->dst_port);
}

struct dp_port_ops port_gre_ops = {
	.type = OVS_VPORT_TYPE_GRE,
	.owner = THIS_MODULE,
	.load = port_gre_load,
	.create = port_gre_create,
	.destroy = port_tunnel_destroy,
};

struct dp_port_ops port_vxlan_ops = {
	.type = OVS_VPORT_TYPE_VXLAN,
	.owner = THIS_MODULE,
	.load = port_vxlan_load,
	.create = port_vxlan_create,
	.destroy = port_tunnel_destroy,
	.get_options = tunnel_get_options,
};

struct dp_port_ops port_geneve_ops = {
	.type = OVS_VPORT_TYPE_GENEVE,
	.owner = THIS_MODULE,
	.load = port_geneve_load,
	.create = port_geneve_create,
	.destroy = port_tunnel_destroy,
	.get_options = tunnel_get_options,
};
