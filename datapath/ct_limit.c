// SPDX-License-Identifier: GPL-2.0
/*
 * How many connections a zone may have (OVS_CT_LIMIT_*).  They are counted by the kernel's
 * nf_conncount, from the first limit on that a namespace gets.
 */
#include <linux/slab.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "compat/conncount.h"
#include "compat/genetlink.h"
#include "conntrack.h"
#include "ct_action.h"
#include "dp.h"
#include "key_attr.h"

#define N_ZONES (U16_MAX + 1)

struct ct_limit {
	struct rcu_head rcu;
	u32 limit;
};

struct ct_limit_info {
	struct rcu_head rcu;
	struct nf_conncount_data __rcu *data; /* NULL: nothing was ever limited here */
	struct xarray zones; /* by zone: struct ct_limit, RCU */
	u32 dflt; /* of zones without one of their own; 0: none */
	struct mutex lock; /* of those who write */
};

/* ---- in the way of a packet ------------------------------------------------ */

static u32 limit_of(struct ct_limit_info *info, u16 zone)
{
	const struct ct_limit *limit = xa_load(&info->zones, zone);

	return limit ? READ_ONCE(limit->limit) : READ_ONCE(info->dflt);
}

bool ct_limit_exceeded(struct net *net, const struct sk_buff *skb, u8 family, struct nf_conn *ct)
{
	struct ct_limit_info *info = dp_net(net)->ct_limits;
	struct nf_conncount_data *data = rcu_dereference(info->data);
	u32 zone, limit;

	if (likely(!data))
		return false;
	zone = nf_ct_zone(ct)->id;
	limit = limit_of(info, zone);
	return limit && nf_conncount_count_skb(net, skb, family, data, &zone) > limit;
}

static u32 count(struct net *net, struct ct_limit_info *info, u32 zone)
{
	struct nf_conncount_data *data;
	u32 n = 0;

	/* it expects to be in the way of packets */
	rcu_read_lock();
	local_bh_disable();
	data = rcu_dereference(info->data);
	if (data)
		n = nf_conncount_count_skb(net, NULL, NFPROTO_UNSPEC, data, &zone);
	local_bh_enable();
	rcu_read_unlock();
	return n;
}

/* ---- requests ----------------------------------------------------------------- */

static const struct nla_policy policy[OVS_CT_LIMIT_ATTR_MAX + 1] = {
	/* an array of struct ovs_zone_limit, although it has the flag of a nest */
	[OVS_CT_LIMIT_ATTR_ZONE_LIMIT] = { .type = NLA_BINARY },
};

/* Walks the zones of a request; those that cannot be are passed over. */
static const struct ovs_zone_limit *zone_next(const struct nlattr *attr, int *ofs)
{
	const struct ovs_zone_limit *z;

	while (*ofs + (int)sizeof(*z) <= nla_len(attr)) {
		z = nla_data(attr) + *ofs;
		*ofs += NLA_ALIGN(sizeof(*z));
		if (z->zone_id >= OVS_ZONE_LIMIT_DEFAULT_ZONE && z->zone_id < N_ZONES)
			return z;
	}
	return NULL;
}

static struct sk_buff *new_reply(struct genl_info *info, u8 cmd, unsigned int n_zones,
				 struct ovs_header **header)
{
	const struct ovs_header *request = genl_info_userhdr(info);
	struct sk_buff *skb = genlmsg_new(NLMSG_ALIGN(sizeof(*request)) +
						  nla_total_size(n_zones *
								 sizeof(struct ovs_zone_limit)),
					  GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put_reply(skb, info, &dp_ct_limit_family, 0, cmd);
	if (!*header) {
		nlmsg_free(skb);
		return NULL;
	}
	(*header)->dp_ifindex = request->dp_ifindex;
	return skb;
}

static int reply(struct sk_buff *skb, struct ovs_header *header, struct genl_info *info)
{
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static const struct nlattr *zones_of(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[OVS_CT_LIMIT_ATTR_ZONE_LIMIT];

	if (!attr)
		key_error(info->extack, NULL, "zone_limit: missing");
	return attr;
}

/* ct_limit_info::lock held. */
static int start_counting(struct net *net, struct ct_limit_info *info)
{
	struct nf_conncount_data *data;

	if (rcu_access_pointer(info->data))
		return 0;
	data = nf_conncount_init(net, sizeof(u32));
	if (IS_ERR(data))
		return PTR_ERR(data);
	rcu_assign_pointer(info->data, data);
	return 0;
}

/* ct_limit_info::lock held. */
static int set_limit(struct ct_limit_info *info, const struct ovs_zone_limit *z)
{
	struct ct_limit *limit, *old;

	if (z->zone_id == OVS_ZONE_LIMIT_DEFAULT_ZONE) {
		WRITE_ONCE(info->dflt, z->limit);
		return 0;
	}
	old = xa_load(&info->zones, z->zone_id);
	if (old) {
		WRITE_ONCE(old->limit, z->limit);
		return 0;
	}
	limit = kmalloc(sizeof(*limit), GFP_KERNEL);
	if (!limit)
		return -ENOMEM;
	limit->limit = z->limit;
	old = xa_store(&info->zones, z->zone_id, limit, GFP_KERNEL);
	if (xa_is_err(old)) {
		kfree(limit);
		return xa_err(old);
	}
	return 0;
}

static int cmd_set(struct sk_buff *request, struct genl_info *info)
{
	struct net *net = sock_net(request->sk);
	struct ct_limit_info *limits = dp_net(net)->ct_limits;
	const struct nlattr *attr = zones_of(info);
	const struct ovs_zone_limit *z;
	struct ovs_header *header;
	struct sk_buff *skb;
	int ofs = 0, err;

	if (!attr)
		return -EINVAL;
	skb = new_reply(info, OVS_CT_LIMIT_CMD_SET, 0, &header);
	if (!skb)
		return -ENOMEM;
	mutex_lock(&limits->lock);
	err = start_counting(net, limits);
	while (!err && (z = zone_next(attr, &ofs)))
		err = set_limit(limits, z);
	mutex_unlock(&limits->lock);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return reply(skb, header, info);
}

static int cmd_del(struct sk_buff *request, struct genl_info *info)
{
	struct ct_limit_info *limits = dp_net(sock_net(request->sk))->ct_limits;
	const struct nlattr *attr = zones_of(info);
	const struct ovs_zone_limit *z;
	struct ovs_header *header;
	struct ct_limit *old;
	struct sk_buff *skb;
	int ofs = 0;

	if (!attr)
		return -EINVAL;
	skb = new_reply(info, OVS_CT_LIMIT_CMD_DEL, 0, &header);
	if (!skb)
		return -ENOMEM;
	mutex_lock(&limits->lock);
	while ((z = zone_next(attr, &ofs))) {
		if (z->zone_id == OVS_ZONE_LIMIT_DEFAULT_ZONE) {
			WRITE_ONCE(limits->dflt, 0);
			continue;
		}
		old = xa_erase(&limits->zones, z->zone_id);
		if (old)
			kfree_rcu(old, rcu);
	}
	mutex_unlock(&limits->lock);
	return reply(skb, header, info);
}

static int put_zone(struct sk_buff *skb, struct net *net, struct ct_limit_info *limits, int zone,
		    u32 limit)
{
	struct ovs_zone_limit z = { .zone_id = zone, .limit = limit };

	if (zone != OVS_ZONE_LIMIT_DEFAULT_ZONE)
		z.count = count(net, limits, zone);
	return nla_put_nohdr(skb, sizeof(z), &z);
}

/* Those that were asked for. */
static int put_zones(struct sk_buff *skb, struct net *net, struct ct_limit_info *limits,
		     const struct nlattr *attr)
{
	const struct ovs_zone_limit *z;
	int ofs = 0, err = 0;
	u32 limit;

	while (!err && (z = zone_next(attr, &ofs))) {
		rcu_read_lock();
		limit = z->zone_id == OVS_ZONE_LIMIT_DEFAULT_ZONE ? READ_ONCE(limits->dflt)
								  : limit_of(limits, z->zone_id);
		rcu_read_unlock();
		err = put_zone(skb, net, limits, z->zone_id, limit);
	}
	return err;
}

/* The default, and all that have one of their own, @n_left at most. */
static int put_all_zones(struct sk_buff *skb, struct net *net, struct ct_limit_info *limits,
			 unsigned int n_left)
{
	struct ct_limit *limit;
	unsigned long zone;
	int err = put_zone(skb, net, limits, OVS_ZONE_LIMIT_DEFAULT_ZONE, READ_ONCE(limits->dflt));

	if (err)
		return err;
	mutex_lock(&limits->lock);
	xa_for_each(&limits->zones, zone, limit) {
		if (!n_left--)
			break;
		err = put_zone(skb, net, limits, zone, limit->limit);
		if (err)
			break;
	}
	mutex_unlock(&limits->lock);
	return err;
}

static unsigned int n_zones(struct ct_limit_info *limits)
{
	struct ct_limit *limit;
	unsigned int n = 0;
	unsigned long zone;

	mutex_lock(&limits->lock);
	xa_for_each(&limits->zones, zone, limit)
		n++;
	mutex_unlock(&limits->lock);
	/* an attribute cannot be longer */
	return min_t(unsigned int, n, U16_MAX / sizeof(struct ovs_zone_limit) - 2);
}

static int cmd_get(struct sk_buff *request, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[OVS_CT_LIMIT_ATTR_ZONE_LIMIT];
	struct net *net = sock_net(request->sk);
	struct ct_limit_info *limits = dp_net(net)->ct_limits;
	struct ovs_header *header;
	unsigned int n = attr ? nla_len(attr) / sizeof(struct ovs_zone_limit) : n_zones(limits);
	struct nlattr *nest;
	struct sk_buff *skb;
	int err = -EMSGSIZE;

	skb = new_reply(info, OVS_CT_LIMIT_CMD_GET, n + 1, &header);
	if (!skb)
		return -ENOMEM;
	nest = nla_nest_start_noflag(skb, OVS_CT_LIMIT_ATTR_ZONE_LIMIT);
	if (nest)
		err = attr ? put_zones(skb, net, limits, attr) : put_all_zones(skb, net, limits, n);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	nla_nest_end(skb, nest);
	return reply(skb, header, info);
}

static const struct genl_small_ops ops[] = {
	{
		.cmd = OVS_CT_LIMIT_CMD_SET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = cmd_set,
	},
	{
		.cmd = OVS_CT_LIMIT_CMD_DEL,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = cmd_del,
	},
	{
		.cmd = OVS_CT_LIMIT_CMD_GET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.doit = cmd_get,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = OVS_CT_LIMIT_MCGROUP },
};

struct genl_family dp_ct_limit_family __ro_after_init = {
	.hdrsize = sizeof(struct ovs_header),
	.name = OVS_CT_LIMIT_FAMILY,
	.version = OVS_CT_LIMIT_VERSION,
	.maxattr = OVS_CT_LIMIT_ATTR_MAX,
	.policy = policy,
	.netnsok = true,
	.parallel_ops = true,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.resv_start_op = OVS_CT_LIMIT_CMD_GET + 1,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

/* ---- namespaces ------------------------------------------------------------------ */

int ct_limit_net_init(struct net *net)
{
	struct ct_limit_info *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return -ENOMEM;
	xa_init(&info->zones);
	mutex_init(&info->lock);
	dp_net(net)->ct_limits = info;
	return 0;
}

void ct_limit_net_exit(struct net *net)
{
	struct ct_limit_info *info = dp_net(net)->ct_limits;
	struct nf_conncount_data *data = rcu_dereference_protected(info->data, true);
	struct ct_limit *limit;
	unsigned long zone;

	/* packets may be on their way that were when the last datapath went */
	if (data) {
		synchronize_net();
		nf_conncount_destroy(net, data);
	}
	xa_for_each(&info->zones, zone, limit)
		kfree(limit);
	xa_destroy(&info->zones);
	kfree_rcu(info, rcu);
}
