// SPDX-License-Identifier: GPL-2.0
/*
 * Drops: counted per port, reason and CPU, told by a Generic Netlink family of our own
 * (include/ovs_drop_nl.h), and passed on to the kernel's tracing of freed packets.
 */
#include <net/genetlink.h>
#include <net/sock.h>

#include "../include/ovs_drop_nl.h"
#include "compat/drop_reason.h"
#include "compat/genetlink.h"
#include "dp.h"

/**
 * dp_count_drop() - count a packet that is dropped
 * @pkt: its metadata
 * @port_no: the port that it was to leave by; U32_MAX: counted at the one that it came from
 * @reason: why
 * Context: RCU, BH disabled.
 */
void dp_count_drop(const struct pkt *pkt, u32 port_no, enum drop_reason reason)
{
	struct dp_port *port;

	if (port_no == U32_MAX) {
		if (pkt->port)
			this_cpu_inc(pkt->port->drops->rx[reason]);
		return;
	}
	port = dp_port_lookup(pkt->dp, port_no);
	if (port)
		this_cpu_inc(port->drops->tx[reason]);
	else if (pkt->port)
		this_cpu_inc(pkt->port->drops->rx[reason]);
}

/**
 * dp_drop() - drop a packet that came in, and count it
 * @skb: freed
 * @pkt: its metadata
 * @reason: why
 * Context: RCU, BH disabled.
 */
void dp_drop(struct sk_buff *skb, const struct pkt *pkt, enum drop_reason reason)
{
	dp_count_drop(pkt, U32_MAX, reason);
	kfree_skb_reason(skb, compat_drop_reason(reason));
}

/* ---- the family ----------------------------------------------------------------- */

static const struct nla_policy drop_policy[OVS_DROP_ATTR_MAX + 1] = {
	[OVS_DROP_ATTR_PORT_NO] = { .type = NLA_U32 },
};

static int drop_put_counters(struct sk_buff *skb, int attr, const u64 *counters)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i < DROP_N_REASONS; i++)
		if (counters[i] && nla_put_u64_64bit(skb, i, counters[i], OVS_DROP_ATTR_UNSPEC))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int drop_put_port(struct sk_buff *skb, const struct dp_port *port, u32 portid, u32 seq,
			 int flags)
{
	struct dp_port_drops sum = {};
	struct ovs_header *header;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		const struct dp_port_drops *drops = per_cpu_ptr(port->drops, cpu);

		for (i = 0; i < DROP_N_REASONS; i++) {
			sum.rx[i] += READ_ONCE(drops->rx[i]);
			sum.tx[i] += READ_ONCE(drops->tx[i]);
		}
	}
	header = genlmsg_put(skb, portid, seq, &dp_drop_family, flags, OVS_DROP_CMD_GET);
	if (!header)
		return -EMSGSIZE;
	header->dp_ifindex = dp_ifindex(port->dp);
	if (nla_put_u32(skb, OVS_DROP_ATTR_PORT_NO, port->port_no) ||
	    nla_put_string(skb, OVS_DROP_ATTR_NAME, port->dev->name) ||
	    drop_put_counters(skb, OVS_DROP_ATTR_RX, sum.rx) ||
	    drop_put_counters(skb, OVS_DROP_ATTR_TX, sum.tx)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int drop_cmd_get(struct sk_buff *skb, struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct dp_port *port = NULL;
	struct datapath *dp;
	struct sk_buff *reply;
	int err;

	if (!info->attrs[OVS_DROP_ATTR_PORT_NO]) {
		NL_SET_ERR_MSG(info->extack, "OVS_DROP_ATTR_PORT_NO is missing");
		return -EINVAL;
	}
	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&dp_lock);
	dp = dp_lookup(genl_info_net(info), header->dp_ifindex);
	if (dp)
		port = dp_port_lookup(dp, nla_get_u32(info->attrs[OVS_DROP_ATTR_PORT_NO]));
	err = port ? drop_put_port(reply, port, info->snd_portid, info->snd_seq, 0) : -ENODEV;
	mutex_unlock(&dp_lock);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	return genlmsg_reply(reply, info);
}

static int drop_cmd_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct ovs_header *header = genlmsg_data(nlmsg_data(cb->nlh));
	unsigned long no = cb->args[0];
	struct datapath *dp;
	struct dp_port *port;

	mutex_lock(&dp_lock);
	dp = dp_lookup(sock_net(skb->sk), header->dp_ifindex);
	if (!dp) {
		mutex_unlock(&dp_lock);
		return -ENODEV;
	}
	xa_for_each_start(&dp->ports, no, port, cb->args[0])
		if (drop_put_port(skb, port, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  NLM_F_MULTI))
			break;
	/* past the last one, if all had room */
	cb->args[0] = port ? no : ULONG_MAX;
	mutex_unlock(&dp_lock);
	return skb->len;
}

static const struct genl_ops drop_ops[] = {
	{
		.cmd = OVS_DROP_CMD_GET,
		.doit = drop_cmd_get,
		.dumpit = drop_cmd_dump,
	},
};

struct genl_family dp_drop_family __ro_after_init = {
	.name = OVS_DROP_FAMILY,
	.version = OVS_DROP_VERSION,
	.hdrsize = sizeof(struct ovs_header),
	.maxattr = OVS_DROP_ATTR_MAX,
	.policy = drop_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = drop_ops,
	.n_ops = ARRAY_SIZE(drop_ops),
	.module = THIS_MODULE,
};

int drop_module_init(void)
{
	compat_drop_reasons_register();
	return 0;
}

void drop_module_exit(void)
{
	compat_drop_reasons_unregister();
}
