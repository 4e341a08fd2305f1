// SPDX-License-Identifier: GPL-2.0
/*
 * Generic Netlink family of flows.
 *
 * A request is parsed, checked and compiled before dp->flow_lock is taken; under it, things are
 * only looked up and linked.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "compat/genetlink.h"

#include "action.h"
#include "dp.h"
#include "flow.h"

static const struct nla_policy flow_policy[OVS_FLOW_ATTR_MAX + 1] = {
	[OVS_FLOW_ATTR_KEY] = { .type = NLA_NESTED },
	[OVS_FLOW_ATTR_MASK] = { .type = NLA_NESTED },
	[OVS_FLOW_ATTR_ACTIONS] = { .type = NLA_NESTED },
	[OVS_FLOW_ATTR_CLEAR] = { .type = NLA_FLAG },
	[OVS_FLOW_ATTR_PROBE] = { .type = NLA_FLAG },
	[OVS_FLOW_ATTR_UFID] = NLA_POLICY_RANGE(NLA_BINARY, 1, FLOW_UFID_MAX),
	[OVS_FLOW_ATTR_UFID_FLAGS] = { .type = NLA_U32 },
};

static const struct genl_multicast_group flow_groups[] = {
	{ .name = OVS_FLOW_MCGROUP },
};

/* ---- messages ---------------------------------------------------------------- */

static u64 used_ms(unsigned long used)
{
	return ktime_to_ms(ktime_get()) - jiffies_to_msecs(jiffies - used);
}

static size_t flow_msg_size(const struct action_prog *prog, u32 omit)
{
	size_t size = NLMSG_ALIGN(sizeof(struct ovs_header)) + nla_total_size(FLOW_UFID_MAX) +
		      key_attr_size() + nla_total_size_64bit(sizeof(struct ovs_flow_stats)) +
		      nla_total_size(sizeof(u8)) + nla_total_size_64bit(sizeof(u64));

	if (!(omit & OVS_UFID_F_OMIT_MASK))
		size += key_attr_size();
	if (!(omit & OVS_UFID_F_OMIT_ACTIONS))
		size += nla_total_size(prog->attrs_len);
	return size;
}

static int put_name_and_match(struct sk_buff *skb, const struct flow *flow, u32 omit)
{
	struct flow_key key = {}, unmasked = {};
	const struct flow_key *mask = &flow->mask->mask;

	memcpy(&key, &flow->key, flow->n_words * sizeof(u64));
	if (flow->ufid_len) {
		if (nla_put(skb, OVS_FLOW_ATTR_UFID, flow->ufid_len, flow->ufid) ||
		    (!(omit & OVS_UFID_F_OMIT_KEY) &&
		     flow_key_put(skb, OVS_FLOW_ATTR_KEY, &key, &key)))
			return -EMSGSIZE;
	} else {
		memcpy(&unmasked, flow->unmasked, flow->n_unmasked * sizeof(u64));
		if (flow_key_put(skb, OVS_FLOW_ATTR_KEY, &unmasked, &unmasked))
			return -EMSGSIZE;
	}
	if (!(omit & OVS_UFID_F_OMIT_MASK) && flow_key_put(skb, OVS_FLOW_ATTR_MASK, &key, mask))
		return -EMSGSIZE;
	return 0;
}

static int put_stats(struct sk_buff *skb, const struct flow *flow)
{
	struct ovs_flow_stats stats;
	unsigned long used;
	__be16 tcp_flags;

	flow_get_stats(flow, &stats, &used, &tcp_flags);
	if (used && nla_put_u64_64bit(skb, OVS_FLOW_ATTR_USED, used_ms(used), OVS_FLOW_ATTR_PAD))
		return -EMSGSIZE;
	if (stats.n_packets &&
	    nla_put_64bit(skb, OVS_FLOW_ATTR_STATS, sizeof(stats), &stats, OVS_FLOW_ATTR_PAD))
		return -EMSGSIZE;
	if ((u8)ntohs(tcp_flags) && nla_put_u8(skb, OVS_FLOW_ATTR_TCP_FLAGS, (u8)ntohs(tcp_flags)))
		return -EMSGSIZE;
	return 0;
}

/* One flow; @may_skip_actions: leave them out rather than have nothing, the reader can get them.
 * RCU or flow_lock held. */
static int put_flow(struct sk_buff *skb, const struct flow *flow, int dp_ifindex, u32 portid,
		    u32 seq, u32 flags, u8 cmd, u32 omit, bool may_skip_actions)
{
	const struct action_prog *prog = rcu_dereference_check(flow->prog, true);
	struct ovs_header *header;
	unsigned int len;

	header = genlmsg_put(skb, portid, seq, &dp_flow_family, flags, cmd);
	if (!header)
		return -EMSGSIZE;
	header->dp_ifindex = dp_ifindex;
	if (put_name_and_match(skb, flow, omit) || put_stats(skb, flow))
		goto err;
	if (!(omit & OVS_UFID_F_OMIT_ACTIONS)) {
		len = skb->len;
		if (action_prog_put(skb, OVS_FLOW_ATTR_ACTIONS, prog)) {
			if (!may_skip_actions)
				goto err;
			skb_trim(skb, len);
		}
	}
	genlmsg_end(skb, header);
	return 0;
err:
	genlmsg_cancel(skb, header);
	return -EMSGSIZE;
}

/* ---- requests ------------------------------------------------------------------ */

struct flow_request {
	struct flow_match_bufs {
		struct flow_key key, mask;
	} * bufs;
	struct key_match match; /* over bufs; key is NULL without OVS_FLOW_ATTR_KEY */
	const u8 *ufid; /* NULL: none */
	u8 ufid_len;
	u32 omit; /* OVS_UFID_F_OMIT_* */
};

static u32 omit_of(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static int parse_request(struct flow_request *req, struct genl_info *info, bool wants_mask)
{
	struct nlattr **a = info->attrs;
	int err;

	memset(req, 0, sizeof(*req));
	if (a[OVS_FLOW_ATTR_UFID]) {
		req->ufid = nla_data(a[OVS_FLOW_ATTR_UFID]);
		req->ufid_len = nla_len(a[OVS_FLOW_ATTR_UFID]);
	}
	req->omit = omit_of(a[OVS_FLOW_ATTR_UFID_FLAGS]);
	if (!a[OVS_FLOW_ATTR_KEY])
		return 0;
	req->bufs = kmalloc(sizeof(*req->bufs), GFP_KERNEL);
	if (!req->bufs)
		return -ENOMEM;
	req->match.key = &req->bufs->key;
	req->match.mask = wants_mask ? &req->bufs->mask : NULL;
	err = key_match_parse(genl_info_net(info), &req->match, a[OVS_FLOW_ATTR_KEY],
			      wants_mask ? a[OVS_FLOW_ATTR_MASK] : NULL, info->extack);
	if (err) {
		kfree(req->bufs);
		req->bufs = NULL;
	}
	return err;
}

static void free_request(struct flow_request *req)
{
	kfree(req->bufs);
}

/* By UFID, or without one by the unmasked key. flow_lock held. */
static struct flow *find_flow(struct datapath *dp, const struct flow_request *req)
{
	if (req->ufid)
		return flow_table_find_ufid(dp->table, req->ufid, req->ufid_len);
	return flow_table_find_exact(dp->table, req->match.key);
}

static struct datapath *request_dp(struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct datapath *dp = dp_get(genl_info_net(info), header->dp_ifindex);

	if (!dp)
		NL_SET_ERR_MSG(info->extack, "no datapath has a local port with this dp_ifindex");
	return dp;
}

static bool is_wanted(struct genl_info *info)
{
	return (info->nlhdr->nlmsg_flags & NLM_F_ECHO) ||
	       genl_has_listeners(&dp_flow_family, genl_info_net(info), 0);
}

/* Of @flow, whose program is @prog; NULL if nobody wants it or there is no memory. */
static struct sk_buff *alloc_notice(struct genl_info *info, const struct action_prog *prog,
				    u32 omit)
{
	if (!is_wanted(info))
		return NULL;
	return genlmsg_new(flow_msg_size(prog, omit), GFP_KERNEL);
}

static void fill_notice(struct sk_buff **notice, const struct flow *flow, struct genl_info *info,
			u8 cmd, u32 omit)
{
	const struct ovs_header *header = genl_info_userhdr(info);

	if (*notice && put_flow(*notice, flow, header->dp_ifindex, info->snd_portid, info->snd_seq,
				0, cmd, omit, false)) {
		WARN_ON_ONCE(1);
		kfree_skb(*notice);
		*notice = NULL;
	}
}

static void send_notice(struct sk_buff *notice, struct genl_info *info)
{
	if (notice)
		genl_notify(&dp_flow_family, notice, info, 0, GFP_KERNEL);
}

/* A flow as the request wants it, in no table yet. */
static struct flow *make_flow(const struct flow_request *req)
{
	const struct key_match *match = &req->match;
	unsigned int n = KEY_WORDS;
	struct flow *flow;

	flow = flow_alloc(match->range.end);
	if (!flow)
		return NULL;
	key_apply_mask(&flow->key, match->key, match->mask, &match->range);
	if (req->ufid) {
		flow->ufid_len = req->ufid_len;
		memcpy(flow->ufid, req->ufid, req->ufid_len);
		return flow;
	}
	while (n && !((const u64 *)match->key)[n - 1])
		n--;
	flow->unmasked = kmemdup(match->key, max(n, 1U) * sizeof(u64), GFP_KERNEL);
	if (!flow->unmasked) {
		flow_free(flow);
		return NULL;
	}
	flow->n_unmasked = n;
	return flow;
}

/* The program of @flow becomes @prog.  flow_lock held. */
static void replace_prog(struct datapath *dp, struct flow *flow, struct action_prog *prog)
{
	struct action_prog *old;

	old = rcu_replace_pointer(flow->prog, prog, lockdep_is_held(&dp->flow_lock));
	action_prog_free_rcu(old);
}

/*
 * A flow is there that the new one meets: by name, or by hitting the same packets.
 *
 * Return: the one to be changed, or ERR_PTR(-EEXIST).
 */
static struct flow *flow_to_replace(struct datapath *dp, const struct flow_request *req,
				    struct flow *flow, struct genl_info *info)
{
	/* who says "create" does not want one replaced; NLM_F_EXCL is half of NLM_F_DUMP */
	if (info->nlhdr->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OVS_FLOW_ATTR_KEY],
				    "a flow with this name or match exists");
		return ERR_PTR(-EEXIST);
	}
	if (flow->ufid_len != req->ufid_len || memcmp(flow->ufid, req->ufid, req->ufid_len) ||
	    (!req->ufid && flow != flow_table_find_exact(dp->table, req->match.key)))
		flow = find_flow(dp, req);
	if (!flow) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OVS_FLOW_ATTR_KEY],
				    "a flow with another name matches this key");
		return ERR_PTR(-EEXIST);
	}
	return flow;
}

static int flow_cmd_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct sk_buff *notice = NULL;
	struct flow *old, *flow = NULL;
	struct action_prog *prog;
	struct flow_request req;
	struct datapath *dp;
	int err;

	if (!a[OVS_FLOW_ATTR_KEY]) {
		NL_SET_ERR_MSG(info->extack, "OVS_FLOW_ATTR_KEY is missing");
		return -EINVAL;
	}
	if (!a[OVS_FLOW_ATTR_ACTIONS]) {
		NL_SET_ERR_MSG(info->extack, "OVS_FLOW_ATTR_ACTIONS is missing");
		return -EINVAL;
	}
	err = parse_request(&req, info, true);
	if (err)
		return err;
	dp = request_dp(info);
	if (!dp) {
		err = -ENODEV;
		goto err_request;
	}
	flow = make_flow(&req);
	if (!flow) {
		err = -ENOMEM;
		goto err_dp;
	}
	prog = actions_compile(dp, a[OVS_FLOW_ATTR_ACTIONS], req.match.key, req.match.mask,
			       info->extack);
	if (IS_ERR(prog)) {
		err = PTR_ERR(prog);
		goto err_flow;
	}
	RCU_INIT_POINTER(flow->prog, prog);
	notice = alloc_notice(info, prog, req.omit);

	mutex_lock(&dp->flow_lock);
	if (dp->dead) {
		err = -ENODEV;
		goto err_unlock;
	}
	old = req.ufid ? flow_table_find_ufid(dp->table, req.ufid, req.ufid_len) : NULL;
	if (!old)
		old = flow_table_find_key(dp->table, req.match.key);
	if (!old) {
		err = flow_table_insert(dp->table, flow, req.match.mask, &req.match.range);
		if (err)
			goto err_unlock;
		fill_notice(&notice, flow, info, OVS_FLOW_CMD_NEW, req.omit);
		flow = NULL;
	} else {
		old = flow_to_replace(dp, &req, old, info);
		if (IS_ERR(old)) {
			err = PTR_ERR(old);
			goto err_unlock;
		}
		RCU_INIT_POINTER(flow->prog, NULL);
		replace_prog(dp, old, prog);
		fill_notice(&notice, old, info, OVS_FLOW_CMD_NEW, req.omit);
	}
	mutex_unlock(&dp->flow_lock);
	send_notice(notice, info);
	notice = NULL;
	goto out;

err_unlock:
	mutex_unlock(&dp->flow_lock);
out:
	kfree_skb(notice);
err_flow:
	flow_free(flow);
err_dp:
	dp_put(dp);
err_request:
	free_request(&req);
	return err;
}

static int flow_cmd_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct action_prog *prog = NULL;
	struct sk_buff *notice = NULL;
	struct flow_request req;
	struct datapath *dp;
	struct flow *flow;
	int err;

	if (!a[OVS_FLOW_ATTR_KEY] && (!a[OVS_FLOW_ATTR_UFID] || a[OVS_FLOW_ATTR_ACTIONS])) {
		NL_SET_ERR_MSG(info->extack, "OVS_FLOW_ATTR_KEY is missing");
		return -EINVAL;
	}
	err = parse_request(&req, info, true);
	if (err)
		return err;
	dp = request_dp(info);
	if (!dp) {
		err = -ENODEV;
		goto out_request;
	}
	if (a[OVS_FLOW_ATTR_ACTIONS]) {
		prog = actions_compile(dp, a[OVS_FLOW_ATTR_ACTIONS], req.match.key, req.match.mask,
				       info->extack);
		if (IS_ERR(prog)) {
			err = PTR_ERR(prog);
			goto out_dp;
		}
		notice = alloc_notice(info, prog, req.omit);
	}

	mutex_lock(&dp->flow_lock);
	flow = dp->dead ? NULL : find_flow(dp, &req);
	if (!flow) {
		NL_SET_ERR_MSG(info->extack, "no such flow");
		err = -ENOENT;
		goto out_unlock;
	}
	if (prog) {
		replace_prog(dp, flow, prog);
		prog = NULL;
	} else {
		notice = alloc_notice(info,
				      rcu_dereference_protected(flow->prog,
								lockdep_is_held(&dp->flow_lock)),
				      req.omit);
	}
	if (a[OVS_FLOW_ATTR_CLEAR])
		flow_clear_stats(flow);
	fill_notice(&notice, flow, info, OVS_FLOW_CMD_SET, req.omit);
	mutex_unlock(&dp->flow_lock);
	send_notice(notice, info);
	goto out_dp;

out_unlock:
	mutex_unlock(&dp->flow_lock);
	kfree_skb(notice);
	action_prog_free(prog);
out_dp:
	dp_put(dp);
out_request:
	free_request(&req);
	return err;
}

static int flow_cmd_get(struct sk_buff *skb, struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct sk_buff *reply = NULL;
	struct flow_request req;
	struct datapath *dp;
	struct flow *flow;
	int err;

	if (!info->attrs[OVS_FLOW_ATTR_KEY] && !info->attrs[OVS_FLOW_ATTR_UFID]) {
		NL_SET_ERR_MSG(info->extack,
			       "OVS_FLOW_ATTR_KEY and OVS_FLOW_ATTR_UFID are missing");
		return -EINVAL;
	}
	err = parse_request(&req, info, false);
	if (err)
		return err;
	dp = request_dp(info);
	if (!dp) {
		err = -ENODEV;
		goto out_request;
	}
	mutex_lock(&dp->flow_lock);
	flow = dp->dead ? NULL : find_flow(dp, &req);
	if (flow) {
		reply = genlmsg_new(flow_msg_size(rcu_dereference_protected(flow->prog, true),
						  req.omit),
				    GFP_KERNEL);
		err = reply ? put_flow(reply, flow, header->dp_ifindex, info->snd_portid,
				       info->snd_seq, 0, OVS_FLOW_CMD_GET, req.omit, false)
			    : -ENOMEM;
	} else {
		NL_SET_ERR_MSG(info->extack, "no such flow");
		err = -ENOENT;
	}
	mutex_unlock(&dp->flow_lock);
	if (err)
		kfree_skb(reply);
	else
		err = genlmsg_reply(reply, info);
	dp_put(dp);
out_request:
	free_request(&req);
	return err;
}

static int flow_cmd_del(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *notice = NULL;
	struct flow_request req;
	struct datapath *dp;
	struct flow *flow;
	int err;

	err = parse_request(&req, info, false);
	if (err)
		return err;
	dp = request_dp(info);
	if (!dp) {
		err = -ENODEV;
		goto out_request;
	}
	mutex_lock(&dp->flow_lock);
	if (!req.match.key && !req.ufid) {
		flow_table_flush(dp->table);
		goto out_unlock;
	}
	flow = dp->dead ? NULL : find_flow(dp, &req);
	if (!flow) {
		NL_SET_ERR_MSG(info->extack, "no such flow");
		err = -ENOENT;
		goto out_unlock;
	}
	notice = alloc_notice(info, rcu_dereference_protected(flow->prog, true), req.omit);
	/* after the removal, so that what was counted until then is in it */
	flow_table_unlink(dp->table, flow);
	fill_notice(&notice, flow, info, OVS_FLOW_CMD_DEL, req.omit);
	flow_table_release(dp->table, flow);
out_unlock:
	mutex_unlock(&dp->flow_lock);
	send_notice(notice, info);
	dp_put(dp);
out_request:
	free_request(&req);
	return err;
}

/* ---- dumps ----------------------------------------------------------------------- */

/* cb->args[0]: id of the next flow; [1]: where to stop, 0 at the start; [2]: OVS_UFID_F_OMIT_*. */
static int flow_cmd_dump_start(struct netlink_callback *cb)
{
	const struct nlattr *attr;

	attr = nlmsg_find_attr(cb->nlh, GENL_HDRLEN + sizeof(struct ovs_header),
			       OVS_FLOW_ATTR_UFID_FLAGS);
	if (attr && nla_len(attr) < sizeof(u32)) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attr, "OVS_FLOW_ATTR_UFID_FLAGS is too short");
		return -EINVAL;
	}
	cb->args[0] = 0;
	cb->args[1] = 0;
	cb->args[2] = omit_of(attr);
	return 0;
}

static int flow_cmd_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct ovs_header *header = genlmsg_data(nlmsg_data(cb->nlh));
	unsigned long id = cb->args[0];
	struct datapath *dp;
	struct flow *flow;

	rcu_read_lock();
	dp = dp_lookup(sock_net(skb->sk), header->dp_ifindex);
	if (!dp) {
		rcu_read_unlock();
		NL_SET_ERR_MSG(cb->extack, "no datapath has a local port with this dp_ifindex");
		return -ENODEV;
	}
	if (!cb->args[1])
		cb->args[1] = flow_table_end(dp->table);
	while ((flow = flow_table_next(dp->table, &id, cb->args[1]))) {
		if (put_flow(skb, flow, header->dp_ifindex, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, NLM_F_MULTI, OVS_FLOW_CMD_NEW, cb->args[2],
			     !skb->len))
			break;
		id++;
	}
	rcu_read_unlock();
	cb->args[0] = id;
	return skb->len;
}

static const struct genl_small_ops flow_ops[] = {
	{
		.cmd = OVS_FLOW_CMD_NEW,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = flow_cmd_new,
	},
	{
		.cmd = OVS_FLOW_CMD_DEL,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = flow_cmd_del,
	},
	{
		.cmd = OVS_FLOW_CMD_SET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = flow_cmd_set,
	},
};

static const struct genl_ops flow_dump_ops[] = {
	{
		.cmd = OVS_FLOW_CMD_GET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.doit = flow_cmd_get,
		.start = flow_cmd_dump_start,
		.dumpit = flow_cmd_dump,
	},
};

struct genl_family dp_flow_family __ro_after_init = {
	.hdrsize = sizeof(struct ovs_header),
	.name = OVS_FLOW_FAMILY,
	.version = OVS_FLOW_VERSION,
	.maxattr = OVS_FLOW_ATTR_MAX,
	.policy = flow_policy,
	.netnsok = true,
	.parallel_ops = true,
	.small_ops = flow_ops,
	.n_small_ops = ARRAY_SIZE(flow_ops),
	.ops = flow_dump_ops,
	.n_ops = ARRAY_SIZE(flow_dump_ops),
	.mcgrps = flow_groups,
	.n_mcgrps = ARRAY_SIZE(flow_groups),
	.resv_start_op = OVS_FLOW_CMD_SET + 1,
	.module = THIS_MODULE,
};
