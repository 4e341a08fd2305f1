// SPDX-License-Identifier: GPL-2.0
/* The family ovs_vport: ports made, changed, told of and deleted. */
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "compat/genetlink.h"
#include "compat/openvswitch.h"
#include "dp.h"

static const struct nla_policy vport_policy[OVS_VPORT_ATTR_MAX + 1] = {
	[OVS_VPORT_ATTR_PORT_NO] = { .type = NLA_U32 },
	[OVS_VPORT_ATTR_TYPE] = { .type = NLA_U32 },
	[OVS_VPORT_ATTR_NAME] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[OVS_VPORT_ATTR_OPTIONS] = { .type = NLA_NESTED },
	[OVS_VPORT_ATTR_UPCALL_PID] = { .type = NLA_BINARY },
	[OVS_VPORT_ATTR_STATS] = { .len = sizeof(struct ovs_vport_stats) },
	[OVS_VPORT_ATTR_IFINDEX] = { .type = NLA_U32 },
	[OVS_VPORT_ATTR_NETNSID] = { .type = NLA_S32 },
};

enum { VPORT_GROUP };
static const struct genl_multicast_group vport_groups[] = {
	[VPORT_GROUP] = { .name = OVS_VPORT_MCGROUP },
};

/* ---- messages ------------------------------------------------------------------- */

static int vport_put_stats(struct sk_buff *skb, const struct dp_port *port)
{
	struct rtnl_link_stats64 dev_stats;
	struct ovs_vport_stats stats = {};
	struct nlattr *nest;
	u64 n_ok = 0, n_fail = 0;
	int cpu;

	/* a device that is going has freed its counters after a grace period */
	rcu_read_lock();
	if (READ_ONCE(port->is_attached)) {
		dev_get_stats(port->dev, &dev_stats);
		stats.rx_packets = dev_stats.rx_packets;
		stats.tx_packets = dev_stats.tx_packets;
		stats.rx_bytes = dev_stats.rx_bytes;
		stats.tx_bytes = dev_stats.tx_bytes;
		stats.rx_errors = dev_stats.rx_errors;
		stats.tx_errors = dev_stats.tx_errors;
		stats.rx_dropped = dev_stats.rx_dropped;
		stats.tx_dropped = dev_stats.tx_dropped;
	}
	rcu_read_unlock();
	if (nla_put_64bit(skb, OVS_VPORT_ATTR_STATS, sizeof(stats), &stats, OVS_VPORT_ATTR_PAD))
		return -EMSGSIZE;

	for_each_possible_cpu(cpu) {
		const struct dp_port_drops *percpu = per_cpu_ptr(port->drops, cpu);

		n_ok += READ_ONCE(percpu->n_upcalls);
		n_fail += READ_ONCE(percpu->n_upcall_fails);
	}
	nest = nla_nest_start_noflag(skb, OVS_VPORT_ATTR_UPCALL_STATS);
	if (!nest ||
	    nla_put_u64_64bit(skb, OVS_VPORT_UPCALL_ATTR_SUCCESS, n_ok, OVS_VPORT_ATTR_PAD) ||
	    nla_put_u64_64bit(skb, OVS_VPORT_UPCALL_ATTR_FAIL, n_fail, OVS_VPORT_ATTR_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static const struct dp_pids *vport_pids(const struct dp_port *port)
{
	return rcu_dereference_protected(port->pids, lockdep_is_held(&dp_lock));
}

static int vport_put_pids(struct sk_buff *skb, const struct dp_port *port)
{
	const struct dp_pids *pids = vport_pids(port);

	if (!pids)
		return nla_put_u32(skb, OVS_VPORT_ATTR_UPCALL_PID, 0);
	if (!(port->dp->user_features & OVS_DP_F_VPORT_PIDS))
		return nla_put_u32(skb, OVS_VPORT_ATTR_UPCALL_PID, pids->pids[0]);
	return nla_put(skb, OVS_VPORT_ATTR_UPCALL_PID, pids->n * sizeof(u32), pids->pids);
}

static int vport_put_options(struct sk_buff *skb, const struct dp_port *port)
{
	struct nlattr *nest;

	if (!port->ops->get_options)
		return 0;
	nest = nla_nest_start_noflag(skb, OVS_VPORT_ATTR_OPTIONS);
	if (!nest || port->ops->get_options(port, skb))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* dp_lock held; @net is the receiver's. */
static int vport_put_info(struct sk_buff *skb, const struct dp_port *port, struct net *net,
			  u32 portid, u32 seq, int flags, u8 cmd)
{
	struct net *dev_netns = dev_net(port->dev);
	struct ovs_header *header;

	header = genlmsg_put(skb, portid, seq, &dp_vport_family, flags, cmd);
	if (!header)
		return -EMSGSIZE;
	header->dp_ifindex = dp_ifindex(port->dp);
	if (nla_put_u32(skb, OVS_VPORT_ATTR_PORT_NO, port->port_no) ||
	    nla_put_u32(skb, OVS_VPORT_ATTR_TYPE, port->ops->type) ||
	    nla_put_string(skb, OVS_VPORT_ATTR_NAME, port->dev->name) ||
	    nla_put_u32(skb, OVS_VPORT_ATTR_IFINDEX, port->dev->ifindex) ||
	    (!net_eq(net, dev_netns) && READ_ONCE(port->is_attached) &&
	     nla_put_s32(skb, OVS_VPORT_ATTR_NETNSID,
			 peernet2id_alloc(net, dev_netns, GFP_KERNEL))) ||
	    vport_put_stats(skb, port) || vport_put_pids(skb, port) ||
	    vport_put_options(skb, port)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* dp_lock held. */
static struct sk_buff *vport_message(const struct dp_port *port, struct net *net, u32 portid,
				     u32 seq, u8 cmd)
{
	const struct dp_pids *pids = vport_pids(port);
	struct sk_buff *skb;
	int err;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE + (pids ? pids->n * sizeof(u32) : 0), GFP_KERNEL);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	err = vport_put_info(skb, port, net, portid, seq, 0, cmd);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	return skb;
}

static struct sk_buff *vport_reply(const struct dp_port *port, struct genl_info *info, u8 cmd)
{
	return vport_message(port, genl_info_net(info), info->snd_portid, info->snd_seq, cmd);
}

/**
 * vport_notify_del() - tell the multicast group that a port goes without having been asked to
 * @port: the port
 * Context: process context, dp_lock held.
 */
void vport_notify_del(struct dp_port *port)
{
	struct net *net = port->dp->net;
	struct sk_buff *skb;

	skb = vport_message(port, net, 0, 0, OVS_VPORT_CMD_DEL);
	if (IS_ERR(skb))
		genl_set_err(&dp_vport_family, net, 0, VPORT_GROUP, PTR_ERR(skb));
	else
		genlmsg_multicast_netns(&dp_vport_family, net, skb, 0, VPORT_GROUP, GFP_KERNEL);
}

/* ---- requests --------------------------------------------------------------------- */

/* By name, or by the header's ifindex and number; dp_lock held. */
static struct dp_port *vport_of_request(struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct nlattr **a = info->attrs;
	struct dp_port *port;
	struct datapath *dp;
	u32 port_no;

	if (a[OVS_VPORT_ATTR_IFINDEX]) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_IFINDEX],
				    "OVS_VPORT_ATTR_IFINDEX names no port");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (a[OVS_VPORT_ATTR_NAME]) {
		port = dp_port_find(genl_info_net(info), NULL, nla_data(a[OVS_VPORT_ATTR_NAME]));
		if (port && (!header->dp_ifindex || header->dp_ifindex == dp_ifindex(port->dp)))
			return port;
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_NAME],
				    "OVS_VPORT_ATTR_NAME is no port");
		return ERR_PTR(-ENODEV);
	}
	if (!a[OVS_VPORT_ATTR_PORT_NO]) {
		NL_SET_ERR_MSG(info->extack,
			       "OVS_VPORT_ATTR_NAME and OVS_VPORT_ATTR_PORT_NO are missing");
		return ERR_PTR(-EINVAL);
	}
	port_no = nla_get_u32(a[OVS_VPORT_ATTR_PORT_NO]);
	if (port_no >= DP_MAX_PORTS) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_PORT_NO],
				    "OVS_VPORT_ATTR_PORT_NO is too large");
		return ERR_PTR(-EFBIG);
	}
	dp = dp_lookup(genl_info_net(info), header->dp_ifindex);
	if (!dp) {
		NL_SET_ERR_MSG(info->extack, "dp_ifindex is no datapath");
		return ERR_PTR(-ENODEV);
	}
	port = dp_port_lookup(dp, port_no);
	if (!port) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_PORT_NO],
				    "OVS_VPORT_ATTR_PORT_NO is no port");
		return ERR_PTR(-ENODEV);
	}
	return port;
}

static int vport_parse_new(struct genl_info *info, struct dp_port_params *params)
{
	struct nlattr **a = info->attrs;

	if (!DP_REQUIRE(info, OVS_VPORT_ATTR_NAME) || !DP_REQUIRE(info, OVS_VPORT_ATTR_TYPE) ||
	    !DP_REQUIRE(info, OVS_VPORT_ATTR_UPCALL_PID))
		return -EINVAL;
	params->name = nla_data(a[OVS_VPORT_ATTR_NAME]);
	params->type = nla_get_u32(a[OVS_VPORT_ATTR_TYPE]);
	params->pids = a[OVS_VPORT_ATTR_UPCALL_PID];
	params->options = a[OVS_VPORT_ATTR_OPTIONS];
	params->port_no = U32_MAX;
	/* 0, the local port's, asks for any */
	if (a[OVS_VPORT_ATTR_PORT_NO] && nla_get_u32(a[OVS_VPORT_ATTR_PORT_NO])) {
		params->port_no = nla_get_u32(a[OVS_VPORT_ATTR_PORT_NO]);
		if (params->port_no >= DP_MAX_PORTS) {
			NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_PORT_NO],
					    "OVS_VPORT_ATTR_PORT_NO is too large");
			return -EFBIG;
		}
	}
	if (a[OVS_VPORT_ATTR_IFINDEX]) {
		params->desired_ifindex = nla_get_u32(a[OVS_VPORT_ATTR_IFINDEX]);
		if (params->type != OVS_VPORT_TYPE_INTERNAL) {
			NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_IFINDEX],
					    "OVS_VPORT_ATTR_IFINDEX is for internal ports");
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

static int vport_cmd_new(struct sk_buff *skb, struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct dp_port_params params = {};
	struct sk_buff *reply;
	struct datapath *dp;
	struct dp_port *port;
	int err;

	err = vport_parse_new(info, &params);
	if (err)
		return err;
	dp_port_load(params.type);
	mutex_lock(&dp_lock);
	dp = dp_lookup(genl_info_net(info), header->dp_ifindex);
	if (!dp) {
		NL_SET_ERR_MSG(info->extack, "dp_ifindex is no datapath");
		err = -ENODEV;
		goto out;
	}
	port = dp_port_add(dp, &params, info->extack);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
		goto out;
	}
	reply = vport_reply(port, info, OVS_VPORT_CMD_NEW);
	if (IS_ERR(reply)) {
		err = PTR_ERR(reply);
		dp_port_del(port);
	}
out:
	mutex_unlock(&dp_lock);
	if (err)
		return err;
	genl_notify(&dp_vport_family, reply, info, VPORT_GROUP, GFP_KERNEL);
	return 0;
}

/* dp_lock held. */
static int vport_change(struct dp_port *port, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct dp_pids *pids = NULL;
	int err;

	if (a[OVS_VPORT_ATTR_TYPE] && nla_get_u32(a[OVS_VPORT_ATTR_TYPE]) != port->ops->type) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_TYPE],
				    "OVS_VPORT_ATTR_TYPE is another one than the port's");
		return -EINVAL;
	}
	if (a[OVS_VPORT_ATTR_UPCALL_PID]) {
		pids = dp_pids_create(a[OVS_VPORT_ATTR_UPCALL_PID], info->extack);
		if (IS_ERR(pids))
			return PTR_ERR(pids);
	}
	if (a[OVS_VPORT_ATTR_OPTIONS]) {
		if (port->ops->set_options) {
			err = port->ops->set_options(port, a[OVS_VPORT_ATTR_OPTIONS], info->extack);
		} else {
			NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_VPORT_ATTR_OPTIONS],
					    "OVS_VPORT_ATTR_OPTIONS of such a port cannot change");
			err = -EOPNOTSUPP;
		}
		if (err) {
			kfree(pids);
			return err;
		}
	}
	if (pids) {
		pids = rcu_replace_pointer(port->pids, pids, lockdep_is_held(&dp_lock));
		if (pids)
			kfree_rcu(pids, rcu);
	}
	return 0;
}

static int vport_cmd_set(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct dp_port *port;
	int err;

	mutex_lock(&dp_lock);
	port = vport_of_request(info);
	err = IS_ERR(port) ? PTR_ERR(port) : vport_change(port, info);
	if (!err) {
		reply = vport_reply(port, info, OVS_VPORT_CMD_SET);
		err = PTR_ERR_OR_ZERO(reply);
	}
	mutex_unlock(&dp_lock);
	if (err)
		return err;
	genl_notify(&dp_vport_family, reply, info, VPORT_GROUP, GFP_KERNEL);
	return 0;
}

static int vport_cmd_del(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct dp_port *port;
	int err = 0;

	mutex_lock(&dp_lock);
	port = vport_of_request(info);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
		goto out;
	}
	if (port->port_no == OVSP_LOCAL) {
		NL_SET_ERR_MSG(info->extack, "the local port goes with its datapath only");
		err = -EINVAL;
		goto out;
	}
	reply = vport_reply(port, info, OVS_VPORT_CMD_DEL);
	if (IS_ERR(reply))
		err = PTR_ERR(reply);
	else
		dp_port_del(port);
out:
	mutex_unlock(&dp_lock);
	if (err)
		return err;
	genl_notify(&dp_vport_family, reply, info, VPORT_GROUP, GFP_KERNEL);
	return 0;
}

static int vport_cmd_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct dp_port *port;

	mutex_lock(&dp_lock);
	port = vport_of_request(info);
	reply = IS_ERR(port) ? ERR_CAST(port) : vport_reply(port, info, OVS_VPORT_CMD_NEW);
	mutex_unlock(&dp_lock);
	if (IS_ERR(reply))
		return PTR_ERR(reply);
	return genlmsg_reply(reply, info);
}

/* In the order of port numbers, which do not move: whatever else changes meanwhile, a port that
 * stays is told of once.
 */
static int vport_cmd_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct ovs_header *header = genlmsg_data(nlmsg_data(cb->nlh));
	struct net *net = sock_net(skb->sk);
	unsigned long no = cb->args[0];
	struct datapath *dp;
	struct dp_port *port;

	mutex_lock(&dp_lock);
	dp = dp_lookup(net, header->dp_ifindex);
	if (!dp) {
		mutex_unlock(&dp_lock);
		return -ENODEV;
	}
	xa_for_each_start(&dp->ports, no, port, cb->args[0])
		if (vport_put_info(skb, port, net, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   NLM_F_MULTI, OVS_VPORT_CMD_NEW))
			break;
	/* past the last one, if all had room */
	cb->args[0] = port ? no : ULONG_MAX;
	mutex_unlock(&dp_lock);
	return skb->len;
}

static const struct genl_ops vport_ops[] = {
	{
		.cmd = OVS_VPORT_CMD_NEW,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = vport_cmd_new,
	},
	{
		.cmd = OVS_VPORT_CMD_DEL,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = vport_cmd_del,
	},
	{
		.cmd = OVS_VPORT_CMD_GET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.doit = vport_cmd_get,
		.dumpit = vport_cmd_dump,
	},
	{
		.cmd = OVS_VPORT_CMD_SET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = vport_cmd_set,
	},
};

struct genl_family dp_vport_family __ro_after_init = {
	.name = OVS_VPORT_FAMILY,
	.version = OVS_VPORT_VERSION,
	.hdrsize = sizeof(struct ovs_header),
	.maxattr = OVS_VPORT_ATTR_MAX,
	.policy = vport_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = vport_ops,
	.n_ops = ARRAY_SIZE(vport_ops),
	.resv_start_op = OVS_VPORT_CMD_SET + 1,
	.mcgrps = vport_groups,
	.n_mcgrps = ARRAY_SIZE(vport_groups),
	.module = THIS_MODULE,
};
