// SPDX-License-Identifier: Apache-2.0
/* The gate for action lists from outside: whoever executes a list that passed here may rely on the
 * lengths, the nesting and the kinds. */
#include "base/util.h"
#include "flow/odp_attr.h"
#include "packet/headers.h"

static char *check_list(const void *data, size_t len, unsigned int depth);

/* Payload octets, where they are fixed; ANY: looked at below; -1: no such action. */
#define ANY 1000
static int wanted_len(int type)
{
	switch (type) {
	case OVS_ACTION_ATTR_OUTPUT:
	case OVS_ACTION_ATTR_RECIRC:
	case OVS_ACTION_ATTR_METER:
	case OVS_ACTION_ATTR_TRUNC:
	case ODP_ACTION_TUNNEL_POP:
	case ODP_ACTION_LB_OUTPUT:
	case ODP_ACTION_DROP:
	case ODP_ACTION_KERNEL_DROP:
		return 4;
	case OVS_ACTION_ATTR_POP_VLAN:
	case OVS_ACTION_ATTR_POP_ETH:
	case OVS_ACTION_ATTR_POP_NSH:
	case OVS_ACTION_ATTR_CT_CLEAR:
		return 0;
	case OVS_ACTION_ATTR_PUSH_VLAN:
		return sizeof(struct ovs_action_push_vlan);
	case OVS_ACTION_ATTR_HASH:
		return sizeof(struct ovs_action_hash);
	case OVS_ACTION_ATTR_PUSH_MPLS:
		return sizeof(struct ovs_action_push_mpls);
	case OVS_ACTION_ATTR_ADD_MPLS:
		return sizeof(struct ovs_action_add_mpls);
	case OVS_ACTION_ATTR_POP_MPLS:
		return 2;
	case OVS_ACTION_ATTR_PUSH_ETH:
		return sizeof(struct ovs_action_push_eth);
	case OVS_ACTION_ATTR_USERSPACE:
	case OVS_ACTION_ATTR_SET:
	case OVS_ACTION_ATTR_SET_MASKED:
	case OVS_ACTION_ATTR_SAMPLE:
	case OVS_ACTION_ATTR_CT:
	case OVS_ACTION_ATTR_CLONE:
	case OVS_ACTION_ATTR_CHECK_PKT_LEN:
	case OVS_ACTION_ATTR_DEC_TTL:
	case OVS_ACTION_ATTR_PUSH_NSH:
	case ODP_ACTION_PSAMPLE:
		return ANY;
	}
	return -1;
}

/* A nest of attributes, each at most once: sorts them, NULL or a sentence. */
static char *collect(const struct nlattr *a, const char *what, const struct nlattr **out, int max)
{
	const struct nlattr *n;
	int left;

	memset(out, 0, sizeof(out[0]) * (max + 1));
	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a)) {
		if (!nla_type(n) || nla_type(n) > max)
			return xasprintf("actions: %s has an unknown part %d", what, nla_type(n));
		if (out[nla_type(n)])
			return xasprintf("actions: %s has part %d twice", what, nla_type(n));
		out[nla_type(n)] = n;
	}
	return left > 0 ? xasprintf("actions: %s ends in %d stray octets", what, left) : NULL;
}

static bool has_len(const struct nlattr *a, int len)
{
	return a && nla_len(a) == len;
}

/* Whether an attribute can be set at all, and in part. */
static bool is_settable(uint16_t type)
{
	switch (type) {
	case OVS_KEY_ATTR_PRIORITY:
	case OVS_KEY_ATTR_SKB_MARK:
	case OVS_KEY_ATTR_ETHERNET:
	case OVS_KEY_ATTR_IPV4:
	case OVS_KEY_ATTR_IPV6:
	case OVS_KEY_ATTR_TCP:
	case OVS_KEY_ATTR_UDP:
	case OVS_KEY_ATTR_SCTP:
	case OVS_KEY_ATTR_ICMP:
	case OVS_KEY_ATTR_ICMPV6:
	case OVS_KEY_ATTR_ARP:
	case OVS_KEY_ATTR_ND:
	case ODP_KEY_ATTR_ND_EXTENSIONS:
	case OVS_KEY_ATTR_MPLS:
		return true;
	}
	return false;
}

static char *check_set(const struct nlattr *a, bool masked)
{
	const struct nlattr *n = nla_data(a);
	struct flow_nsh nsh, mask;
	struct flow_tnl tunnel;
	bool unknown = false;
	size_t size;
	uint16_t type;

	if (!nla_ok(n, nla_len(a)) || NLA_ALIGN(n->nla_len) < nla_len(a))
		return xasprintf("actions: set wants one key attribute");
	type = nla_type(n);
	if (type == OVS_KEY_ATTR_TUNNEL) {
		if (masked)
			return xasprintf("actions: a tunnel cannot be set in part");
		memset(&tunnel, 0, sizeof(tunnel));
		if (odp_tunnel_decode(nla_data(n), nla_len(n), false, &tunnel, &unknown) || unknown)
			return xasprintf("actions: malformed tunnel in set");
		return NULL;
	}
	if (type == OVS_KEY_ATTR_NSH)
		return odp_nsh_decode(nla_data(n), nla_len(n), false, &nsh, masked ? &mask : NULL)
			       ? xasprintf("actions: malformed NSH in set")
			       : NULL;
	if (!is_settable(type))
		return xasprintf("actions: key attribute %u cannot be set", type);
	size = odp_attr_size(type) * (masked ? 2 : 1);
	if ((size_t)nla_len(n) != size)
		return xasprintf("actions: set of key attribute %u has %d octets instead of %zu",
				 type, nla_len(n), size);
	return NULL;
}

static char *check_nat(const struct nlattr *a)
{
	const struct nlattr *at[OVS_NAT_ATTR_MAX + 1], *min, *max;
	char *err = collect(a, "nat", at, OVS_NAT_ATTR_MAX);

	if (err)
		return err;
	min = at[OVS_NAT_ATTR_IP_MIN];
	max = at[OVS_NAT_ATTR_IP_MAX];
	if (at[OVS_NAT_ATTR_SRC] && at[OVS_NAT_ATTR_DST])
		return xasprintf("actions: nat of source and destination at once");
	if ((min && !has_len(min, 4) && !has_len(min, 16)) ||
	    (max && (!min || nla_len(max) != nla_len(min))))
		return xasprintf("actions: nat has a malformed address range");
	if ((at[OVS_NAT_ATTR_PROTO_MIN] && !has_len(at[OVS_NAT_ATTR_PROTO_MIN], 2)) ||
	    (at[OVS_NAT_ATTR_PROTO_MAX] &&
	     (!at[OVS_NAT_ATTR_PROTO_MIN] || !has_len(at[OVS_NAT_ATTR_PROTO_MAX], 2))))
		return xasprintf("actions: nat has a malformed port range");
	if ((min || at[OVS_NAT_ATTR_PROTO_MIN]) && !at[OVS_NAT_ATTR_SRC] && !at[OVS_NAT_ATTR_DST])
		return xasprintf(
			"actions: nat has a range, but is of neither source nor destination");
	return NULL;
}

static bool is_string(const struct nlattr *a, int size)
{
	int len = nla_len(a);

	return len > 1 && len <= size && !memchr(nla_data(a), '\0', len - 1) &&
	       !((const char *)nla_data(a))[len - 1];
}

static char *check_ct(const struct nlattr *a)
{
	const struct nlattr *at[OVS_CT_ATTR_MAX + 1];
	char *err = collect(a, "ct", at, OVS_CT_ATTR_MAX);

	if (err)
		return err;
	if ((at[OVS_CT_ATTR_ZONE] && !has_len(at[OVS_CT_ATTR_ZONE], 2)) ||
	    (at[OVS_CT_ATTR_MARK] && !has_len(at[OVS_CT_ATTR_MARK], 8)) ||
	    (at[OVS_CT_ATTR_LABELS] && !has_len(at[OVS_CT_ATTR_LABELS], 32)) ||
	    (at[OVS_CT_ATTR_EVENTMASK] && !has_len(at[OVS_CT_ATTR_EVENTMASK], 4)))
		return xasprintf("actions: ct has a part of a wrong size");
	if ((at[OVS_CT_ATTR_HELPER] && !is_string(at[OVS_CT_ATTR_HELPER], 16)) ||
	    (at[OVS_CT_ATTR_TIMEOUT] && !is_string(at[OVS_CT_ATTR_TIMEOUT], 32)))
		return xasprintf("actions: ct has a malformed name");
	return at[OVS_CT_ATTR_NAT] ? check_nat(at[OVS_CT_ATTR_NAT]) : NULL;
}

static char *check_userspace(const struct nlattr *a)
{
	const struct nlattr *at[OVS_USERSPACE_ATTR_MAX + 1];
	char *err = collect(a, "userspace", at, OVS_USERSPACE_ATTR_MAX);

	if (err)
		return err;
	if (!has_len(at[OVS_USERSPACE_ATTR_PID], 4))
		return xasprintf("actions: userspace without a pid");
	if (at[OVS_USERSPACE_ATTR_EGRESS_TUN_PORT] &&
	    !has_len(at[OVS_USERSPACE_ATTR_EGRESS_TUN_PORT], 4))
		return xasprintf("actions: userspace has a malformed tunnel port");
	return NULL;
}

static char *check_sample(const struct nlattr *a, unsigned int depth)
{
	const struct nlattr *at[OVS_SAMPLE_ATTR_MAX + 1];
	char *err = collect(a, "sample", at, OVS_SAMPLE_ATTR_MAX);

	if (err)
		return err;
	if (!has_len(at[OVS_SAMPLE_ATTR_PROBABILITY], 4) || !at[OVS_SAMPLE_ATTR_ACTIONS])
		return xasprintf("actions: sample wants a probability and actions");
	return check_list(nla_data(at[OVS_SAMPLE_ATTR_ACTIONS]),
			  nla_len(at[OVS_SAMPLE_ATTR_ACTIONS]), depth);
}

static char *check_check_pkt_len(const struct nlattr *a, unsigned int depth)
{
	const struct nlattr *at[OVS_CHECK_PKT_LEN_ATTR_MAX + 1], *gt, *le;
	char *err = collect(a, "check_pkt_len", at, OVS_CHECK_PKT_LEN_ATTR_MAX);

	if (err)
		return err;
	gt = at[OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER];
	le = at[OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL];
	if (!has_len(at[OVS_CHECK_PKT_LEN_ATTR_PKT_LEN], 2) || !gt || !le)
		return xasprintf("actions: check_pkt_len wants a size and two lists");
	err = check_list(nla_data(gt), nla_len(gt), depth);
	return err ? err : check_list(nla_data(le), nla_len(le), depth);
}

static char *check_dec_ttl(const struct nlattr *a, unsigned int depth)
{
	const struct nlattr *at[OVS_DEC_TTL_ATTR_MAX + 1], *list;
	char *err = collect(a, "dec_ttl", at, OVS_DEC_TTL_ATTR_MAX);

	if (err)
		return err;
	list = at[OVS_DEC_TTL_ATTR_ACTION];
	return list ? check_list(nla_data(list), nla_len(list), depth) : NULL;
}

static char *check_psample(const struct nlattr *a)
{
	const struct nlattr *at[ODP_PSAMPLE_COOKIE + 1];
	char *err = collect(a, "psample", at, ODP_PSAMPLE_COOKIE);

	if (err)
		return err;
	if (!has_len(at[ODP_PSAMPLE_GROUP], 4) ||
	    (at[ODP_PSAMPLE_COOKIE] && nla_len(at[ODP_PSAMPLE_COOKIE]) > 16))
		return xasprintf("actions: malformed psample");
	return NULL;
}

static char *check_push_nsh(const struct nlattr *a)
{
	const struct nlattr *at[OVS_NSH_KEY_ATTR_MAX + 1], *base;
	char *err = collect(a, "push_nsh", at, OVS_NSH_KEY_ATTR_MAX);
	struct flow_nsh h = { 0 };

	if (err)
		return err;
	base = at[OVS_NSH_KEY_ATTR_BASE];
	if (!base || odp_nsh_decode(nla_data(a), nla_len(a), false, &h, NULL))
		return xasprintf("actions: malformed push_nsh");
	if (h.mdtype == NSH_MDTYPE1 ? !at[OVS_NSH_KEY_ATTR_MD1]
				    : h.mdtype == NSH_MDTYPE2 && at[OVS_NSH_KEY_ATTR_MD2] &&
					      nla_len(at[OVS_NSH_KEY_ATTR_MD2]) % 4)
		return xasprintf("actions: push_nsh with wrong metadata");
	return NULL;
}

static char *check_fixed(const struct nlattr *a)
{
	struct ovs_action_push_vlan vlan;
	be16 type;

	switch (nla_type(a)) {
	case OVS_ACTION_ATTR_PUSH_VLAN:
		memcpy(&vlan, nla_data(a), sizeof(vlan));
		if (!eth_type_is_vlan(vlan.vlan_tpid))
			return xasprintf("actions: push_vlan of type 0x%04x",
					 ntohs(vlan.vlan_tpid));
		break;
	case OVS_ACTION_ATTR_PUSH_MPLS:
	case OVS_ACTION_ATTR_ADD_MPLS:
		type = load_be16((const uint8_t *)nla_data(a) + 4);
		static_assert(offsetof(struct ovs_action_push_mpls, mpls_ethertype) == 4 &&
				      offsetof(struct ovs_action_add_mpls, mpls_ethertype) == 4,
			      "the type of both");
		if (!eth_type_is_mpls(type))
			return xasprintf("actions: push_mpls of type 0x%04x", ntohs(type));
		break;
	}
	return NULL;
}

static char *check_action(const struct nlattr *a, unsigned int depth)
{
	int type = nla_type(a), want = wanted_len(type);

	if (want < 0)
		return xasprintf("actions: unknown action %d", type);
	if (want != ANY) {
		if (nla_len(a) != want)
			return xasprintf("actions: action %d has %d octets instead of %d", type,
					 nla_len(a), want);
		return check_fixed(a);
	}
	switch (type) {
	case OVS_ACTION_ATTR_USERSPACE:
		return check_userspace(a);
	case OVS_ACTION_ATTR_SET:
	case OVS_ACTION_ATTR_SET_MASKED:
		return check_set(a, type == OVS_ACTION_ATTR_SET_MASKED);
	case OVS_ACTION_ATTR_SAMPLE:
		return check_sample(a, depth);
	case OVS_ACTION_ATTR_CT:
		return check_ct(a);
	case OVS_ACTION_ATTR_CLONE:
		return check_list(nla_data(a), nla_len(a), depth);
	case OVS_ACTION_ATTR_CHECK_PKT_LEN:
		return check_check_pkt_len(a, depth);
	case OVS_ACTION_ATTR_DEC_TTL:
		return check_dec_ttl(a, depth);
	case OVS_ACTION_ATTR_PUSH_NSH:
		return check_push_nsh(a);
	case ODP_ACTION_PSAMPLE:
		return check_psample(a);
	}
	return NULL;
}

static char *check_list(const void *data, size_t len, unsigned int depth)
{
	const struct nlattr *a;
	int left;

	if (depth >= ODP_MAX_NESTING)
		return xasprintf("actions: nested more than %d deep", ODP_MAX_NESTING);
	ODP_FOR_EACH(a, left, data, len) {
		char *err = check_action(a, depth + 1);

		if (err)
			return err;
	}
	return left > 0 ? xasprintf("actions: %d octets that are no action", left) : NULL;
}

char *odp_actions_check(const void *acts, size_t len)
{
	if (len > ODP_MAX_ACTIONS_LEN)
		return xasprintf("actions: %zu octets, at most %d are allowed", len,
				 ODP_MAX_ACTIONS_LEN);
	return check_list(acts, len, 0);
}
