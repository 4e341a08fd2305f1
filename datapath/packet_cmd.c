// SPDX-License-Identifier: GPL-2.0
/* The family ovs_packet: packets that userspace has actions run on.  What goes up is upcall.c's. */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "action.h"
#include "compat/genetlink.h"
#include "dp.h"

/* Of OVS_PACKET_ATTR_HASH, beside the 32 bits of the skb's hash. */
#define PACKET_HASH_SW BIT_ULL(32)
#define PACKET_HASH_L4 BIT_ULL(33)

static const struct nla_policy packet_policy[OVS_PACKET_ATTR_MAX + 1] = {
	[OVS_PACKET_ATTR_PACKET] = { .len = ETH_HLEN },
	[OVS_PACKET_ATTR_KEY] = { .type = NLA_NESTED },
	[OVS_PACKET_ATTR_ACTIONS] = { .type = NLA_NESTED },
	[OVS_PACKET_ATTR_PROBE] = { .type = NLA_FLAG },
	[OVS_PACKET_ATTR_MRU] = { .type = NLA_U16 },
	[OVS_PACKET_ATTR_HASH] = { .type = NLA_U64 },
};

/* A packet out of its attribute, as a port would hand it over. */
static struct sk_buff *packet_create(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[OVS_PACKET_ATTR_PACKET];
	struct sk_buff *skb;
	u64 hash;

	skb = __dev_alloc_skb(NET_IP_ALIGN + nla_len(attr), GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, NET_IP_ALIGN);
	skb_put_data(skb, nla_data(attr), nla_len(attr));
	skb_reset_mac_header(skb);
	if (info->attrs[OVS_PACKET_ATTR_HASH]) {
		hash = nla_get_u64(info->attrs[OVS_PACKET_ATTR_HASH]);
		__skb_set_hash(skb, (u32)hash, hash & PACKET_HASH_SW, hash & PACKET_HASH_L4);
	}
	return skb;
}

/* The port that it is said to have come from; RCU. */
static int packet_set_port(struct sk_buff *skb, struct pkt *pkt)
{
	struct dp_port *port;

	pkt->port = dp_port_lookup(pkt->dp, pkt->in_port);
	port = pkt->port ? pkt->port : dp_port_lookup(pkt->dp, OVSP_LOCAL);
	if (!port || READ_ONCE(pkt->dp->dead))
		return -ENODEV;
	skb->dev = port->dev;
	return 0;
}

static int packet_cmd_execute(struct sk_buff *request, struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct net *net = genl_info_net(info);
	struct nlattr **a = info->attrs;
	struct action_prog *prog = NULL;
	struct flow_key *key = NULL;
	struct sk_buff *skb;
	struct datapath *dp;
	struct pkt pkt;
	int err;

	if (!DP_REQUIRE(info, OVS_PACKET_ATTR_PACKET) || !DP_REQUIRE(info, OVS_PACKET_ATTR_KEY) ||
	    !DP_REQUIRE(info, OVS_PACKET_ATTR_ACTIONS))
		return -EINVAL;
	dp = dp_get(net, header->dp_ifindex);
	if (!dp) {
		NL_SET_ERR_MSG(info->extack, "dp_ifindex is no datapath");
		return -ENODEV;
	}
	err = -ENOMEM;
	skb = packet_create(info);
	key = kmalloc(sizeof(*key), GFP_KERNEL);
	if (!skb || !key)
		goto out;

	pkt_init(&pkt, dp, NULL, DP_MAX_PORTS);
	err = key_parse_metadata(net, a[OVS_PACKET_ATTR_KEY], skb, &pkt, info->extack);
	if (err)
		goto out;
	pkt.probe = nla_get_flag(a[OVS_PACKET_ATTR_PROBE]);
	if (a[OVS_PACKET_ATTR_MRU]) {
		pkt.mru = nla_get_u16(a[OVS_PACKET_ATTR_MRU]);
		skb->ignore_df = 1;
	}
	if (pkt.mac_proto == KEY_MAC_ETHERNET) {
		skb->protocol = eth_hdr(skb)->h_proto;
		/* one that is cut off, or all there is, stays where it is */
		if (eth_type_vlan(skb->protocol) && skb->len >= VLAN_ETH_HLEN + sizeof(__be16)) {
			skb = dp_untag(skb);
			if (!skb) {
				err = -EINVAL;
				goto out;
			}
		}
		if (!eth_proto_is_802_3(skb->protocol))
			skb->protocol = htons(ETH_P_802_2);
	}

	local_bh_disable();
	err = key_extract(skb, &pkt, KEY_LEVEL_TRANSPORT, key);
	local_bh_enable();
	if (err) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_PACKET_ATTR_PACKET],
				    "OVS_PACKET_ATTR_PACKET is no packet");
		goto out;
	}
	prog = actions_compile(dp, a[OVS_PACKET_ATTR_ACTIONS], key, NULL, info->extack);
	if (IS_ERR(prog)) {
		err = PTR_ERR(prog);
		prog = NULL;
		goto out;
	}

	local_bh_disable();
	rcu_read_lock();
	err = packet_set_port(skb, &pkt);
	if (!err) {
		actions_run(prog, skb, &pkt);
		skb = NULL;
	}
	rcu_read_unlock();
	local_bh_enable();
out:
	if (prog)
		action_prog_free(prog);
	kfree(key);
	kfree_skb(skb);
	dp_put(dp);
	return err;
}

static const struct genl_ops packet_ops[] = {
	{
		.cmd = OVS_PACKET_CMD_EXECUTE,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = packet_cmd_execute,
	},
};

struct genl_family dp_packet_family __ro_after_init = {
	.name = OVS_PACKET_FAMILY,
	.version = OVS_PACKET_VERSION,
	.hdrsize = sizeof(struct ovs_header),
	.maxattr = OVS_PACKET_ATTR_MAX,
	.policy = packet_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = packet_ops,
	.n_ops = ARRAY_SIZE(packet_ops),
	.resv_start_op = OVS_PACKET_CMD_EXECUTE + 1,
	.module = THIS_MODULE,
};
