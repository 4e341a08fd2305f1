// SPDX-License-Identifier: GPL-2.0
/* OVS_ACTION_ATTR_CT: checked and prepared for conntrack.c. */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_labels.h>
#include <net/netfilter/nf_conntrack_timeout.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "ct_action.h"
#include "dp.h"
#include "key_attr.h"

/* clang-format off */
static const struct {
	const char *wrong_len, *twice;
	u16 min_len, max_len;
} ct_attrs[OVS_CT_ATTR_MAX + 1] = {
#define ATTR(type, text, min, max) \
	[OVS_CT_ATTR_##type] = { "ct " text ": wrong length", "ct " text ": given twice", min, max }
	ATTR(COMMIT, "commit", 0, 0),
	ATTR(ZONE, "zone", sizeof(u16), sizeof(u16)),
	ATTR(MARK, "mark", 2 * sizeof(u32), 2 * sizeof(u32)),
	ATTR(LABELS, "labels", 2 * OVS_CT_LABELS_LEN, 2 * OVS_CT_LABELS_LEN),
	ATTR(HELPER, "helper", 1, NF_CT_HELPER_NAME_LEN),
	ATTR(NAT, "nat", 0, U16_MAX),
	ATTR(FORCE_COMMIT, "force_commit", 0, 0),
	ATTR(EVENTMASK, "eventmask", sizeof(u32), sizeof(u32)),
	ATTR(TIMEOUT, "timeout", 1, CTNL_TIMEOUT_NAME_MAX),
#undef ATTR
};
/* clang-format on */

struct ct_attr_set {
	const struct nlattr *a[OVS_CT_ATTR_MAX + 1];
};

static int collect(const struct nlattr *attr, struct ct_attr_set *set,
		   struct netlink_ext_ack *extack)
{
	const struct nlattr *a;
	int rem;

	memset(set, 0, sizeof(*set));
	nla_for_each_nested(a, attr, rem) {
		unsigned int type = nla_type(a);

		if (!type || type > OVS_CT_ATTR_MAX)
			return key_error(extack, a, "ct: unknown attribute");
		if (nla_len(a) < ct_attrs[type].min_len || nla_len(a) > ct_attrs[type].max_len)
			return key_error(extack, a, ct_attrs[type].wrong_len);
		if (set->a[type])
			return key_error(extack, a, ct_attrs[type].twice);
		set->a[type] = a;
	}
	if (rem)
		return key_error(extack, attr, "ct: octets that are no attribute");
	return 0;
}

static int parse_mark(const struct nlattr *a, struct ct_action *ct, struct netlink_ext_ack *extack)
{
	u32 v[2];

	if (!a)
		return 0;
	if (!IS_ENABLED(CONFIG_NF_CONNTRACK_MARK))
		return key_error(extack, a, "ct mark: this kernel has none");
	memcpy(v, nla_data(a), sizeof(v));
	if (!v[1])
		return key_error(extack, a, "ct mark: the mask is 0");
	ct->mark = v[0];
	ct->mark_mask = v[1];
	return 0;
}

static int parse_labels(const struct nlattr *a, struct ct_action *ct,
			struct netlink_ext_ack *extack)
{
	const struct ovs_key_ct_labels *v;

	if (!a)
		return 0;
	if (!IS_ENABLED(CONFIG_NF_CONNTRACK_LABELS))
		return key_error(extack, a, "ct labels: this kernel has none");
	v = nla_data(a);
	if (!memchr_inv(&v[1], 0, sizeof(v[1])))
		return key_error(extack, a, "ct labels: the mask is 0");
	memcpy(&ct->labels, &v[0], sizeof(v[0]));
	memcpy(&ct->labels_mask, &v[1], sizeof(v[1]));
	ct->has_labels = true;
	return 0;
}

/* What needs no resources. */
static int parse(const struct ct_attr_set *set, struct ct_action *ct,
		 struct netlink_ext_ack *extack)
{
	const struct nlattr *nat = set->a[OVS_CT_ATTR_NAT];
	int err;

	ct->is_force = set->a[OVS_CT_ATTR_FORCE_COMMIT];
	ct->is_commit = ct->is_force || set->a[OVS_CT_ATTR_COMMIT];
	if (set->a[OVS_CT_ATTR_ZONE])
		ct->zone = nla_get_u16(set->a[OVS_CT_ATTR_ZONE]);
	if (ct->zone && !IS_ENABLED(CONFIG_NF_CONNTRACK_ZONES))
		return key_error(extack, set->a[OVS_CT_ATTR_ZONE], "ct zone: this kernel has none");
	if (set->a[OVS_CT_ATTR_EVENTMASK]) {
		ct->has_eventmask = true;
		ct->eventmask = nla_get_u32(set->a[OVS_CT_ATTR_EVENTMASK]);
	}
	err = parse_mark(set->a[OVS_CT_ATTR_MARK], ct, extack);
	if (!err)
		err = parse_labels(set->a[OVS_CT_ATTR_LABELS], ct, extack);
	if (err)
		return err;
	if (nat) {
#if IS_ENABLED(CONFIG_NF_NAT)
		err = nat_parse(nat, ct->family, &ct->nat, extack);
		if (err)
			return err;
#else
		return key_error(extack, nat, "ct nat: this kernel has none");
#endif
	}
	/* these change connections, which only a commit may */
	if (!ct->is_commit) {
		if (ct->mark_mask)
			return key_error(extack, set->a[OVS_CT_ATTR_MARK],
					 "ct mark: without commit");
		if (ct->has_labels)
			return key_error(extack, set->a[OVS_CT_ATTR_LABELS],
					 "ct labels: without commit");
		if (ct->nat.has_type)
			return key_error(extack, nat, "ct nat: src or dst without commit");
	}
	return 0;
}

static int add_helper(const struct nlattr *a, u8 proto, struct ct_action *ct,
		      struct netlink_ext_ack *extack)
{
	struct nf_conntrack_helper *helper;
	char name[NF_CT_HELPER_NAME_LEN];
	struct nf_conn_help *help;

	if (!memchr(nla_data(a), 0, nla_len(a)))
		return key_error(extack, a, "ct helper: a name that does not end");
	nla_strscpy(name, a, sizeof(name));
	helper = nf_conntrack_helper_try_module_get(name, ct->family, proto);
	if (!helper)
		return key_error(extack, a, "ct helper: there is no such helper for such packets");
	help = nf_ct_helper_ext_add(ct->tmpl, GFP_KERNEL);
	if (!help) {
		nf_conntrack_helper_put(helper);
		return -ENOMEM;
	}
#if IS_ENABLED(CONFIG_NF_NAT)
	if (ct->nat.is_wanted) {
		int err = nf_nat_helper_try_module_get(name, ct->family, proto);

		if (err) {
			nf_conntrack_helper_put(helper);
			key_error(extack, a, "ct helper: it cannot do nat");
			return err;
		}
		ct->has_nat_helper = true;
	}
#endif
	rcu_assign_pointer(help->helper, helper);
	ct->helper = helper;
	return 0;
}

static int add_timeout(struct net *net, const struct nlattr *a, u8 proto, struct ct_action *ct,
		       struct netlink_ext_ack *extack)
{
	char name[CTNL_TIMEOUT_NAME_MAX];

	if (!memchr(nla_data(a), 0, nla_len(a)))
		return key_error(extack, a, "ct timeout: a name that does not end");
	nla_strscpy(name, a, sizeof(name));
	/* Policies come and go while flows stay: without it the connection has the usual
	 * timeouts. */
	if (nf_ct_set_timeout(net, ct->tmpl, ct->family, proto, name))
		NL_SET_ERR_MSG_ATTR(extack, a,
				    "ct timeout: there is no such policy for such packets");
	else
		ct->has_timeout = true;
	return 0;
}

static int add_tmpl(struct net *net, struct ct_action *ct)
{
	struct nf_conntrack_zone zone;

	nf_ct_zone_init(&zone, ct->zone, NF_CT_DEFAULT_ZONE_DIR, 0);
	ct->tmpl = nf_ct_tmpl_alloc(net, &zone, GFP_KERNEL);
	return ct->tmpl ? 0 : -ENOMEM;
}

/* From the first ct action on, connections of this namespace have room for labels. */
static int enable_labels(struct net *net)
{
	static DEFINE_MUTEX(lock);
	struct dp_net *dpn = dp_net(net);
	int err = 0;

	if (!IS_ENABLED(CONFIG_NF_CONNTRACK_LABELS))
		return 0;
	mutex_lock(&lock);
	if (!dpn->has_connlabels) {
		err = nf_connlabels_get(net, OVS_CT_LABELS_LEN * BITS_PER_BYTE - 1);
		dpn->has_connlabels = !err;
	}
	mutex_unlock(&lock);
	return err;
}

struct ct_action *ct_action_create(struct net *net, const struct nlattr *attr,
				   const struct flow_key *key, const struct flow_key *mask,
				   struct netlink_ext_ack *extack)
{
	/* helpers and policies are for one protocol: that which all of these packets have */
	u8 proto = !mask || mask->ip_proto == 0xff ? key->ip_proto : 0;
	struct ct_attr_set set;
	struct ct_action *ct;
	int err;

	if (!key_is_ip(key) || (mask && mask->eth_type != htons(0xffff))) {
		key_error(extack, attr, "ct: of packets that are not known to be IP");
		return ERR_PTR(-EINVAL);
	}
	err = collect(attr, &set, extack);
	if (err)
		return ERR_PTR(err);
	ct = kzalloc(sizeof(*ct), GFP_KERNEL);
	if (!ct)
		return ERR_PTR(-ENOMEM);
	ct->family = key->eth_type == htons(ETH_P_IP) ? NFPROTO_IPV4 : NFPROTO_IPV6;
	err = parse(&set, ct, extack);
	if (!err)
		err = enable_labels(net);
	if (!err && (ct->zone || set.a[OVS_CT_ATTR_HELPER] || set.a[OVS_CT_ATTR_TIMEOUT]))
		err = add_tmpl(net, ct);
	if (!err && set.a[OVS_CT_ATTR_HELPER])
		err = add_helper(set.a[OVS_CT_ATTR_HELPER], proto, ct, extack);
	if (!err && set.a[OVS_CT_ATTR_TIMEOUT])
		err = add_timeout(net, set.a[OVS_CT_ATTR_TIMEOUT], proto, ct, extack);
	if (err) {
		ct_action_destroy(ct);
		return ERR_PTR(err);
	}
	return ct;
}

/**
 * ct_action_destroy() - release what a ct action holds
 * @ct: the action; no packet uses it any more
 * Context: any, from RCU callbacks, too.
 */
void ct_action_destroy(struct ct_action *ct)
{
	if (ct->helper) {
#if IS_ENABLED(CONFIG_NF_NAT)
		if (ct->has_nat_helper)
			nf_nat_helper_put(ct->helper);
#endif
		nf_conntrack_helper_put(ct->helper);
	}
	if (ct->has_timeout)
		nf_ct_destroy_timeout(ct->tmpl);
	if (ct->tmpl)
		nf_ct_put(ct->tmpl);
	kfree(ct);
}
