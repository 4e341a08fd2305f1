// SPDX-License-Identifier: GPL-2.0
/*
 * Meters: token buckets that actions refer to by number, and the family ovs_meter.
 *
 * A band's bucket holds its burst or, without one, what passes in a second at its rate.  Amounts
 * are counted in such units that a nanosecond at a rate of 1 adds 1: a millionth of a bit for
 * kilobits per second, and a billionth of a packet for packets per second; neither needs a division
 * per packet.
 */
#include "meter.h"

#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/xarray.h>
#include <net/genetlink.h>

#include "compat/genetlink.h"
#include "dp.h"

#define METER_MAX (1U << 18) /* of a datapath, with any numbers */
#define METER_MAX_BANDS 16

struct meter_band {
	u32 rate;
	u64 size; /* of the bucket */
	u64 fill_ns; /* an empty bucket is full after that */
	u64 n_tokens;
	struct ovs_flow_stats stats;
};

struct meter {
	struct rcu_head rcu;
	spinlock_t lock; /* the following; meters are for all CPUs together */
	u64 used_ns; /* 0: never */
	struct ovs_flow_stats stats;
	bool is_kbps;
	u32 id;
	u32 n_bands;
	struct meter_band bands[];
};

struct meter_table {
	struct mutex lock; /* of writers */
	struct xarray meters; /* by number, RCU */
	u32 n_meters;
};

/**
 * meter_table_create() - make the meters of a datapath
 * Context: process context.
 * Return: an empty table, NULL if there is no memory.
 */
struct meter_table *meter_table_create(void)
{
	struct meter_table *table;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return NULL;
	mutex_init(&table->lock);
	xa_init(&table->meters);
	return table;
}

/**
 * meter_table_destroy() - free all meters
 * @table: no reader is left
 * Context: process context.
 */
void meter_table_destroy(struct meter_table *table)
{
	struct meter *meter;
	unsigned long id;

	xa_for_each(&table->meters, id, meter)
		kfree(meter);
	xa_destroy(&table->meters);
	kfree(table);
}

/* ---- packets ---------------------------------------------------------------------- */

static void meter_fill(struct meter *meter, u64 now)
{
	u64 delta = now > meter->used_ns ? now - meter->used_ns : 0;
	u32 i;

	for (i = 0; i < meter->n_bands; i++) {
		struct meter_band *band = &meter->bands[i];

		if (delta >= band->fill_ns)
			band->n_tokens = band->size;
		else
			band->n_tokens = min(band->size, band->n_tokens + delta * band->rate);
	}
}

/**
 * meter_exceeded() - let a packet through a meter
 * @dp: the datapath
 * @skb: the packet
 * @meter_id: the meter; one that does not exist lets all pass
 *
 * A packet that a band has no room for takes nothing from the others; it is counted with that of
 * the highest rate.
 * Context: RCU, BH disabled.
 * Return: true: it is to be dropped.
 */
bool meter_exceeded(struct datapath *dp, struct sk_buff *skb, u32 meter_id)
{
	struct meter *meter = xa_load(&dp->meters->meters, meter_id);
	struct meter_band *hit = NULL;
	unsigned int len;
	u64 cost, now;
	u32 i;

	if (!meter)
		return false;
	len = skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
	now = ktime_get_ns();

	spin_lock(&meter->lock);
	meter_fill(meter, now);
	meter->used_ns = now;
	meter->stats.n_packets++;
	meter->stats.n_bytes += len;
	cost = meter->is_kbps ? len * 8ULL * 1000000 : NSEC_PER_SEC;
	for (i = 0; i < meter->n_bands; i++) {
		struct meter_band *band = &meter->bands[i];

		if (band->n_tokens < cost && (!hit || band->rate > hit->rate))
			hit = band;
	}
	if (hit) {
		hit->stats.n_packets++;
		hit->stats.n_bytes += len;
	} else {
		for (i = 0; i < meter->n_bands; i++)
			meter->bands[i].n_tokens -= cost;
	}
	spin_unlock(&meter->lock);
	return hit;
}

/* ---- the family ---------------------------------------------------------------------- */

static const struct nla_policy meter_policy[OVS_METER_ATTR_MAX + 1] = {
	[OVS_METER_ATTR_ID] = { .type = NLA_U32 },
	[OVS_METER_ATTR_KBPS] = { .type = NLA_FLAG },
	[OVS_METER_ATTR_STATS] = { .len = sizeof(struct ovs_flow_stats) },
	[OVS_METER_ATTR_BANDS] = { .type = NLA_NESTED },
	[OVS_METER_ATTR_USED] = { .type = NLA_U64 },
	[OVS_METER_ATTR_CLEAR] = { .type = NLA_FLAG },
	[OVS_METER_ATTR_MAX_METERS] = { .type = NLA_U32 },
	[OVS_METER_ATTR_MAX_BANDS] = { .type = NLA_U32 },
};

static const struct nla_policy band_policy[OVS_BAND_ATTR_MAX + 1] = {
	[OVS_BAND_ATTR_TYPE] = { .type = NLA_U32 },
	[OVS_BAND_ATTR_RATE] = { .type = NLA_U32 },
	[OVS_BAND_ATTR_BURST] = { .type = NLA_U32 },
	[OVS_BAND_ATTR_STATS] = { .len = sizeof(struct ovs_flow_stats) },
};

static const struct genl_multicast_group meter_groups[] = {
	{ .name = OVS_METER_MCGROUP },
};

static int meter_put_stats(struct sk_buff *skb, struct meter *meter)
{
	struct nlattr *bands, *nest;
	struct ovs_flow_stats stats;
	u64 used_ns;
	u32 i;

	spin_lock_bh(&meter->lock);
	stats = meter->stats;
	used_ns = meter->used_ns;
	spin_unlock_bh(&meter->lock);
	if (nla_put_64bit(skb, OVS_METER_ATTR_STATS, sizeof(stats), &stats, OVS_METER_ATTR_PAD) ||
	    nla_put_u64_64bit(skb, OVS_METER_ATTR_USED, div_u64(used_ns, NSEC_PER_MSEC),
			      OVS_METER_ATTR_PAD))
		return -EMSGSIZE;
	bands = nla_nest_start_noflag(skb, OVS_METER_ATTR_BANDS);
	if (!bands)
		return -EMSGSIZE;
	for (i = 0; i < meter->n_bands; i++) {
		spin_lock_bh(&meter->lock);
		stats = meter->bands[i].stats;
		spin_unlock_bh(&meter->lock);
		nest = nla_nest_start_noflag(skb, OVS_BAND_ATTR_UNSPEC);
		if (!nest || nla_put(skb, OVS_BAND_ATTR_STATS, sizeof(stats), &stats))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	nla_nest_end(skb, bands);
	return 0;
}

/* Answers with the number of a meter, and with what it counted if there is (or was) one. */
static int meter_reply(struct genl_info *info, u32 id, struct meter *meter)
{
	const struct ovs_header *request = genl_info_userhdr(info);
	struct ovs_header *header;
	struct sk_buff *skb;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &dp_meter_family, 0, info->genlhdr->cmd);
	if (!header)
		goto err;
	header->dp_ifindex = request->dp_ifindex;
	if (nla_put_u32(skb, OVS_METER_ATTR_ID, id) || (meter && meter_put_stats(skb, meter)))
		goto err;
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);

err:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

static struct datapath *meter_dp(struct genl_info *info)
{
	const struct ovs_header *header = genl_info_userhdr(info);
	struct datapath *dp = dp_get(genl_info_net(info), header->dp_ifindex);

	if (!dp)
		NL_SET_ERR_MSG(info->extack, "dp_ifindex is no datapath");
	return dp;
}

static int meter_cmd_features(struct sk_buff *request, struct genl_info *info)
{
	const struct ovs_header *request_header = genl_info_userhdr(info);
	struct nlattr *bands, *band;
	struct ovs_header *header;
	struct sk_buff *skb;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &dp_meter_family, 0, info->genlhdr->cmd);
	if (!header)
		goto err;
	header->dp_ifindex = request_header->dp_ifindex;
	if (nla_put_u32(skb, OVS_METER_ATTR_MAX_METERS, METER_MAX) ||
	    nla_put_u32(skb, OVS_METER_ATTR_MAX_BANDS, METER_MAX_BANDS))
		goto err;
	bands = nla_nest_start_noflag(skb, OVS_METER_ATTR_BANDS);
	band = bands ? nla_nest_start_noflag(skb, OVS_BAND_ATTR_UNSPEC) : NULL;
	if (!band || nla_put_u32(skb, OVS_BAND_ATTR_TYPE, OVS_METER_BAND_TYPE_DROP))
		goto err;
	nla_nest_end(skb, band);
	nla_nest_end(skb, bands);
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);

err:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

static int band_parse(struct meter_band *band, const struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *a[OVS_BAND_ATTR_MAX + 1];
	u32 burst;
	int err;

	err = nla_parse_nested_deprecated(a, OVS_BAND_ATTR_MAX, attr, band_policy, extack);
	if (err)
		return err;
	if (!a[OVS_BAND_ATTR_TYPE]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "OVS_BAND_ATTR_TYPE is missing");
		return -EINVAL;
	}
	if (!a[OVS_BAND_ATTR_RATE]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "OVS_BAND_ATTR_RATE is missing");
		return -EINVAL;
	}
	if (nla_get_u32(a[OVS_BAND_ATTR_TYPE]) != OVS_METER_BAND_TYPE_DROP) {
		NL_SET_ERR_MSG_ATTR(extack, a[OVS_BAND_ATTR_TYPE],
				    "OVS_BAND_ATTR_TYPE is not supported");
		return -EINVAL;
	}
	band->rate = nla_get_u32(a[OVS_BAND_ATTR_RATE]);
	burst = band->rate;
	if (a[OVS_BAND_ATTR_BURST])
		burst = nla_get_u32(a[OVS_BAND_ATTR_BURST]);
	band->size = (u64)burst * NSEC_PER_SEC;
	band->fill_ns = band->rate ? div_u64(band->size, band->rate) : U64_MAX;
	band->n_tokens = band->size;
	return 0;
}

static struct meter *meter_create(u32 id, struct nlattr **a, struct netlink_ext_ack *extack)
{
	struct nlattr *attr;
	struct meter *meter;
	u32 n_bands = 0;
	int rem, err;

	nla_for_each_nested(attr, a[OVS_METER_ATTR_BANDS], rem)
		if (++n_bands > METER_MAX_BANDS) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "OVS_METER_ATTR_BANDS has too many");
			return ERR_PTR(-EINVAL);
		}
	meter = kzalloc(struct_size(meter, bands, n_bands), GFP_KERNEL_ACCOUNT);
	if (!meter)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&meter->lock);
	meter->id = id;
	meter->is_kbps = nla_get_flag(a[OVS_METER_ATTR_KBPS]);
	nla_for_each_nested(attr, a[OVS_METER_ATTR_BANDS], rem) {
		err = band_parse(&meter->bands[meter->n_bands++], attr, extack);
		if (err) {
			kfree(meter);
			return ERR_PTR(err);
		}
	}
	return meter;
}

/* What an old meter of the number has counted goes on, unless it is to start anew. */
static void meter_keep_stats(struct meter *meter, struct meter *old)
{
	u32 i;

	spin_lock_bh(&old->lock);
	meter->stats = old->stats;
	for (i = 0; i < min(meter->n_bands, old->n_bands); i++)
		meter->bands[i].stats = old->bands[i].stats;
	spin_unlock_bh(&old->lock);
}

static int meter_set(struct meter_table *table, struct meter *meter, bool clear,
		     struct meter **oldp)
{
	struct meter *old;
	int err;

	meter->used_ns = ktime_get_ns();
	mutex_lock(&table->lock);
	old = xa_load(&table->meters, meter->id);
	if (old && !clear)
		meter_keep_stats(meter, old);
	if (!old && table->n_meters >= METER_MAX)
		err = -EFBIG;
	else
		err = xa_err(xa_store(&table->meters, meter->id, meter, GFP_KERNEL_ACCOUNT));
	table->n_meters += !err && !old;
	mutex_unlock(&table->lock);
	*oldp = err ? NULL : old;
	return err;
}

static int meter_cmd_set(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct meter *meter, *old;
	struct datapath *dp;
	u32 id;
	int err;

	if (!DP_REQUIRE(info, OVS_METER_ATTR_ID) || !DP_REQUIRE(info, OVS_METER_ATTR_BANDS))
		return -EINVAL;
	id = nla_get_u32(a[OVS_METER_ATTR_ID]);
	dp = meter_dp(info);
	if (!dp)
		return -ENODEV;
	meter = meter_create(id, a, info->extack);
	err = PTR_ERR_OR_ZERO(meter);
	if (err)
		goto out;
	err = meter_set(dp->meters, meter, nla_get_flag(a[OVS_METER_ATTR_CLEAR]), &old);
	if (err) {
		if (err == -EFBIG)
			NL_SET_ERR_MSG(info->extack, "the datapath has as many meters as it may");
		kfree(meter);
		goto out;
	}
	err = meter_reply(info, id, old);
	if (old)
		kfree_rcu(old, rcu);
out:
	dp_put(dp);
	return err;
}

static int meter_cmd_get(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct meter *meter;
	struct datapath *dp;
	int err;
	u32 id;

	if (!DP_REQUIRE(info, OVS_METER_ATTR_ID))
		return -EINVAL;
	id = nla_get_u32(a[OVS_METER_ATTR_ID]);
	dp = meter_dp(info);
	if (!dp)
		return -ENODEV;
	mutex_lock(&dp->meters->lock);
	meter = xa_load(&dp->meters->meters, id);
	if (meter) {
		err = meter_reply(info, id, meter);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, a[OVS_METER_ATTR_ID],
				    "OVS_METER_ATTR_ID is no meter");
		err = -ENOENT;
	}
	mutex_unlock(&dp->meters->lock);
	dp_put(dp);
	return err;
}

static int meter_cmd_del(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct meter *meter;
	struct datapath *dp;
	int err;
	u32 id;

	if (!DP_REQUIRE(info, OVS_METER_ATTR_ID))
		return -EINVAL;
	id = nla_get_u32(a[OVS_METER_ATTR_ID]);
	dp = meter_dp(info);
	if (!dp)
		return -ENODEV;
	mutex_lock(&dp->meters->lock);
	meter = xa_erase(&dp->meters->meters, id);
	dp->meters->n_meters -= !!meter;
	mutex_unlock(&dp->meters->lock);
	err = meter_reply(info, id, meter);
	if (meter)
		kfree_rcu(meter, rcu);
	dp_put(dp);
	return err;
}

static const struct genl_ops meter_ops[] = {
	{
		.cmd = OVS_METER_CMD_FEATURES,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.doit = meter_cmd_features,
	},
	{
		.cmd = OVS_METER_CMD_SET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = meter_cmd_set,
	},
	{
		.cmd = OVS_METER_CMD_GET,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.doit = meter_cmd_get,
	},
	{
		.cmd = OVS_METER_CMD_DEL,
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = meter_cmd_del,
	},
};

struct genl_family dp_meter_family __ro_after_init = {
	.name = OVS_METER_FAMILY,
	.version = OVS_METER_VERSION,
	.hdrsize = sizeof(struct ovs_header),
	.maxattr = OVS_METER_ATTR_MAX,
	.policy = meter_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = meter_ops,
	.n_ops = ARRAY_SIZE(meter_ops),
	.resv_start_op = OVS_METER_CMD_GET + 1,
	.mcgrps = meter_groups,
	.n_mcgrps = ARRAY_SIZE(meter_groups),
	.module = THIS_MODULE,
};
