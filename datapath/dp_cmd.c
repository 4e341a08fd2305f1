// SPDX-License-Identifier: GPL-2.0
/* The family ovs_datapath: datapaths made, changed, told of and deleted. */
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "compat/genetlink.h"
#include "dp.h"

static const struct nla_policy dp_policy[OVS_DP_ATTR_MAX + 1] = {
	[OVS_DP_ATTR_NAME] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[OVS_DP_ATTR_UPCALL_PID] = { .type = NLA_U32 },
	[OVS_DP_ATTR_USER_FEATURES] = { .type = NLA_U32 },
	[OVS_DP_ATTR_MASKS_CACHE_SIZE] = { .type = NLA_U32 },
	[OVS_DP_ATTR_PER_CPU_PIDS] = { .type = NLA_BINARY },
	[OVS_DP_ATTR_IFINDEX] = { .type = NLA_U32 },
};

enum { DP_GROUP };
static const struct genl_multicast_group dp_groups[] = {
	[DP_GROUP] = { .name = OVS_DATAPATH_MCGROUP },
};

/* Grows whenever the list of datapaths changes; dp_lock. */
static unsigned int dp_list_seq;

/* ---- messages ----------------------------------------------------------------- */

static void dp_get_stats(const struct datapath *dp, struct ovs_dp_stats *stats,
			 struct ovs_dp_megaflow_stats *mega)
{
	struct flow_table_stats table;
	int cpu;

	flow_table_get_stats(dp->table, &table);
	*stats = (struct ovs_dp_stats){ .n_flows = table.n_flows };
	for_each_possible_cpu(cpu) {
		const struct dp_stats_percpu *percpu = per_cpu_ptr(dp->stats, cpu);
		u64 n_hit, n_missed, n_lost;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&percpu->sync);
			n_hit = u64_stats_read(&percpu->n_hit);
			n_missed = u64_stats_read(&percpu->n_missed);
			n_lost = u64_stats_read(&percpu->n_lost);
		} while (u64_stats_fetch_retry(&percpu->sync, start));
		stats->n_hit += n_hit;
		stats->n_missed += n_missed;
		stats->n_lost += n_lost;
	}
	*mega = (struct ovs_dp_megaflow_stats){
		.n_mask_hit = table.n_mask_hit,
		.n_masks = table.n_masks,
		.n_cache_hit = table.n_cache_hit,
	};
}

static const struct dp_pids *dp_pids_locked(const struct datapath *dp)
{
	return rcu_dereference_protected(dp->pids, lockdep_is_held(&dp_lock));
}

/* dp_lock held. */
static int dp_put_info(struct sk_buff *skb, const struct datapath *dp, u32 portid, u32 seq,
		       int flags, u8 cmd, struct netlink_callback *cb)
{
	const struct dp_pids *pids = dp_pids_locked(dp);
	struct ovs_dp_megaflow_stats mega;
	struct ovs_dp_stats stats;
	struct ovs_header *header;

	header = genlmsg_put(skb, portid, seq, &dp_datapath_family, flags, cmd);
	if (!header)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, header);
	header->dp_ifindex = dp_ifindex(dp);
	dp_get_stats(dp, &stats, &mega);
	if (nla_put_string(skb, OVS_DP_ATTR_NAME, dp_name(dp)) ||
	    nla_put_64bit(skb, OVS_DP_ATTR_STATS, sizeof(stats), &stats, OVS_DP_ATTR_PAD) ||
	    nla_put_64bit(skb, OVS_DP_ATTR_MEGAFLOW_STATS, sizeof(mega), &mega, OVS_DP_ATTR_PAD) ||
	    nla_put_u32(skb, OVS_DP_ATTR_USER_FEATURES, dp->user_features) ||
	    nla_put_u32(skb, OVS_DP_ATTR_MASKS_CACHE_SIZE, flow_table_mask_cache_size(dp->table)) ||
	    (pids && (dp->user_features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU) &&
	     nla_put(skb, OVS_DP_ATTR_PER_CPU_PIDS, pids->n * sizeof(u32), pids->pids))) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* dp_lock held. */
static struct sk_buff *dp_reply(const struct datapath *dp, const struct genl_info *info, u8 cmd)
{
	const struct dp_pids *pids = dp_pids_locked(dp);
	struct sk_buff *skb;
	int err;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE + (pids ? pids->n * sizeof(u32) : 0), GFP_KERNEL);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	err = dp_put_info(skb, dp, info->snd_portid, info->snd_seq, 0, cmd, NULL);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	return skb;
}

/* ---- requests ------------------------------------------------------------------- */

/* By name, or by the header's ifindex; dp_lock held. */
static struct datapath *dp_of_request(struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	const struct nlattr *name = info->attrs[OVS_DP_ATTR_NAME];
	struct datapath *dp = NULL;
	struct dp_port *port;

	if (name) {
		port = dp_port_find(genl_info_net(info), NULL, nla_data(name));
		if (port && port->port_no == OVSP_LOCAL)
			dp = port->dp;
	} else {
		dp = dp_lookup(genl_info_net(info), header->dp_ifindex);
	}
	if (dp)
		return dp;
	if (name)
		NL_SET_ERR_MSG_ATTR(info->extack, name, "OVS_DP_ATTR_NAME is no datapath");
	else
		NL_SET_ERR_MSG(info->extack, "dp_ifindex is no datapath");
	return ERR_PTR(-ENODEV);
}

/* What may be changed later, too. */
static int dp_change(struct datapath *dp, struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	u32 features = dp->user_features;
	struct dp_pids *pids = NULL, *old;
	int err;

	if (attrs[OVS_DP_ATTR_USER_FEATURES]) {
		features = nla_get_u32(attrs[OVS_DP_ATTR_USER_FEATURES]);
		if (features & ~DP_FEATURES) {
			NL_SET_ERR_MSG_ATTR(extack, attrs[OVS_DP_ATTR_USER_FEATURES],
					    "OVS_DP_ATTR_USER_FEATURES has unknown features");
			return -EOPNOTSUPP;
		}
	}
	if (attrs[OVS_DP_ATTR_PER_CPU_PIDS] && (features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU)) {
		pids = dp_pids_create(attrs[OVS_DP_ATTR_PER_CPU_PIDS], extack);
		if (IS_ERR(pids))
			return PTR_ERR(pids);
	}
	if (attrs[OVS_DP_ATTR_MASKS_CACHE_SIZE]) {
		err = flow_table_set_mask_cache_size(dp->table,
						     nla_get_u32(
							     attrs[OVS_DP_ATTR_MASKS_CACHE_SIZE]));
		if (err) {
			NL_SET_ERR_MSG_ATTR(extack, attrs[OVS_DP_ATTR_MASKS_CACHE_SIZE],
					    "OVS_DP_ATTR_MASKS_CACHE_SIZE is no size for a cache");
			kfree(pids);
			return err;
		}
	}
	if (pids) {
		old = rcu_replace_pointer(dp->pids, pids, true);
		if (old)
			kfree_rcu(old, rcu);
	}
	WRITE_ONCE(dp->user_features, features);
	return 0;
}

/* A client that knows no features may be about to use a datapath that another one has left. */
static void dp_reset_features(struct genl_info *info)
{
	struct datapath *dp;

	if (info->genlhdr->version >= OVS_DP_VER_FEATURES)
		return;
	dp = dp_of_request(info);
	if (!IS_ERR(dp))
		WRITE_ONCE(dp->user_features, 0);
}

static int dp_cmd_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct dp_port_params params = {
		.type = OVS_VPORT_TYPE_INTERNAL,
		.port_no = OVSP_LOCAL,
	};
	struct sk_buff *reply;
	struct datapath *dp;
	struct dp_port *port;
	int err;

	if (!DP_REQUIRE(info, OVS_DP_ATTR_NAME) || !DP_REQUIRE(info, OVS_DP_ATTR_UPCALL_PID))
		return -EINVAL;
	params.name = nla_data(a[OVS_DP_ATTR_NAME]);
	params.pids = a[OVS_DP_ATTR_UPCALL_PID];
	if (a[OVS_DP_ATTR_IFINDEX])
		params.desired_ifindex = nla_get_u32(a[OVS_DP_ATTR_IFINDEX]);

	dp = dp_create(genl_info_net(info));
	if (!dp)
		return -ENOMEM;
	err = dp_change(dp, a, info->extack);
	if (err)
		goto err_put;

	mutex_lock(&dp_lock);
	port = dp_port_add(dp, &params, info->extack);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
		/* of the name, or of the index */
		if (err == -EBUSY)
			err = -EEXIST;
		if (err == -EEXIST)
			dp_reset_features(info);
		mutex_unlock(&dp_lock);
		goto err_put;
	}
	dp_publish(dp);
	dp_list_seq++;
	reply = dp_reply(dp, info, OVS_DP_CMD_NEW);
	if (IS_ERR(reply)) {
		dp_destroy(dp);
		dp_list_seq++;
		mutex_unlock(&dp_lock);
		return PTR_ERR(reply);
	}
	mutex_unlock(&dp_lock);
	genl_notify(&dp_datapath_family, reply, info, DP_GROUP, GFP_KERNEL);
	return 0;

err_put:
	dp_put(dp);
	return err;
}

static int dp_cmd_del(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct datapath *dp;
	int err = 0;

	mutex_lock(&dp_lock);
	dp = dp_of_request(info);
	reply = IS_ERR(dp) ? ERR_CAST(dp) : dp_reply(dp, info, OVS_DP_CMD_DEL);
	if (IS_ERR(reply)) {
		err = PTR_ERR(reply);
	} else {
		dp_destroy(dp);
		dp_list_seq++;
	}
	mutex_unlock(&dp_lock);
	if (err)
		return err;
	genl_notify(&dp_datapath_family, reply, info, DP_GROUP, GFP_KERNEL);
	return 0;
}

static int dp_cmd_set(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct datapath *dp;
	int err;

	mutex_lock(&dp_lock);
	dp = dp_of_request(info);
	err = IS_ERR(dp) ? PTR_ERR(dp) : dp_change(dp, info->attrs, info->extack);
	if (!err) {
		reply = dp_reply(dp, info, OVS_DP_CMD_SET);
		err = PTR_ERR_OR_ZERO(reply);
	}
	mutex_unlock(&dp_lock);
	if (err)
		return err;
	genl_notify(&dp_datapath_family, reply, info, DP_GROUP, GFP_KERNEL);
	return 0;
}

static int dp_cmd_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct datapath *dp;

	mutex_lock(&dp_lock);
	dp = dp_of_request(info);
	reply = IS_ERR(dp) ? ERR_CAST(dp) : dp_reply(dp, info, OVS_DP_CMD_NEW);
	mutex_unlock(&dp_lock);
	if (IS_ERR(reply))
		return PTR_ERR(reply);
	return genlmsg_reply(reply, info);
}

static int dp_cmd_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dp_net *dpn = dp_net(sock_net(skb->sk));
	int skip = cb->args[0], i = 0;
	struct datapath *dp;

	mutex_lock(&dp_lock);
	cb->seq = dp_list_seq;
	list_for_each_entry(dp, &dpn->dps, node) {
		if (i >= skip && dp_put_info(skb, dp, NETLINK_CB(cb->skb).portid,
					     cb->nlh->nlmsg_seq, NLM_F_MULTI, OVS_DP_CMD_NEW, cb))
			break;
		i++;
	}
	mutex_unlock(&dp_lock);
	cb->args[0] = i;
	return skb->len;
}

static const struct genl_ops dp_ops[] = {
	{
		.cmd = OVS_DP_CMD_NEW,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dp_cmd_new,
	},
	{
		.cmd = OVS_DP_CMD_DEL,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dp_cmd_del,
	},
	{
		.cmd = OVS_DP_CMD_GET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.doit = dp_cmd_get,
		.dumpit = dp_cmd_dump,
	},
	{
		.cmd = OVS_DP_CMD_SET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dp_cmd_set,
	},
};

struct genl_family dp_datapath_family __ro_after_init = {
	.name = OVS_DATAPATH_FAMILY,
	.version = OVS_DATAPATH_VERSION,
	.hdrsize = sizeof(struct ovs_header),
	.maxattr = OVS_DP_ATTR_MAX,
	.policy = dp_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = dp_ops,
	.n_ops = ARRAY_SIZE(dp_ops),
	.resv_start_op = OVS_DP_CMD_SET + 1,
	.mcgrps = dp_groups,
	.n_mcgrps = ARRAY_SIZE(dp_groups),
	.module = THIS_MODULE,
};
