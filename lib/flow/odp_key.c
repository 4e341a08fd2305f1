// SPDX-License-Identifier: Apache-2.0
/* Flow keys and masks as the kernel's attributes.  Which attributes a key has follows from the
 * key's own types; a mask has those that its key has, with the mask's bits.  The userspace-only
 * attributes (packet type, ND extensions) are never written: the kernel tells a packet without
 * Ethernet header by the missing ETHERNET attribute. */
#include "flow/odp.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "flow/odp_attr.h"
#include "packet/headers.h"

/* What stands at L4 of a key, or 0. */
static uint16_t l4_attr(const struct flow *f)
{
	bool v4 = f->eth_type == htons(ETH_TYPE_IP), v6 = f->eth_type == htons(ETH_TYPE_IPV6);

	if ((!v4 && !v6) || f->ip_frag & FLOW_FRAG_LATER)
		return 0;
	switch (f->ip_proto) {
	case IPPROTO_TCP:
		return OVS_KEY_ATTR_TCP;
	case IPPROTO_UDP:
		return OVS_KEY_ATTR_UDP;
	case IPPROTO_SCTP:
		return OVS_KEY_ATTR_SCTP;
	case IPPROTO_ICMP:
		return v4 ? OVS_KEY_ATTR_ICMP : 0;
	case IPPROTO_ICMPV6:
		return v6 ? OVS_KEY_ATTR_ICMPV6 : 0;
	}
	return 0;
}

static uint16_t l3_attr(const struct flow *f)
{
	switch (ntohs(f->eth_type)) {
	case ETH_TYPE_IP:
		return OVS_KEY_ATTR_IPV4;
	case ETH_TYPE_IPV6:
		return OVS_KEY_ATTR_IPV6;
	case ETH_TYPE_ARP:
	case ETH_TYPE_RARP:
		return OVS_KEY_ATTR_ARP;
	}
	return 0;
}

static bool is_nd(const struct flow *f)
{
	return l4_attr(f) == OVS_KEY_ATTR_ICMPV6 && !f->tp_dst &&
	       (f->tp_src == htons(ND_SOLICIT) || f->tp_src == htons(ND_ADVERT));
}

/* ---- encoding ------------------------------------------------------------------------------- */

struct encoder {
	struct odp_buf *b;
	const struct flow *key; /* decides what is there */
	const struct flow *data; /* the key again, or the mask */
	const struct flow *mask; /* what is 0 in key and mask is left out; NULL: it is not */
	bool is_mask;
};

static void put_attr(const struct encoder *e, uint16_t type)
{
	union odp_attr_value v;

	odp_attr_from_flow(type, e->data, e->is_mask, &v);
	odp_put(e->b, type, &v, odp_attr_size(type));
}

#define MATTERS(E, MEMBER) (!(E)->mask || (E)->key->MEMBER || (E)->mask->MEMBER)

static void put_metadata(const struct encoder *e)
{
	if (MATTERS(e, skb_priority))
		put_attr(e, OVS_KEY_ATTR_PRIORITY);
	if (flow_tnl_is_set(&e->key->tunnel))
		odp_tunnel_encode(e->b, &e->data->tunnel, &e->key->tunnel, e->is_mask);
	if (MATTERS(e, pkt_mark))
		put_attr(e, OVS_KEY_ATTR_SKB_MARK);
	if (MATTERS(e, ct_state))
		put_attr(e, OVS_KEY_ATTR_CT_STATE);
	if (MATTERS(e, ct_zone))
		put_attr(e, OVS_KEY_ATTR_CT_ZONE);
	if (MATTERS(e, ct_mark))
		put_attr(e, OVS_KEY_ATTR_CT_MARK);
	if (MATTERS(e, ct_label.lo) || MATTERS(e, ct_label.hi))
		put_attr(e, OVS_KEY_ATTR_CT_LABELS);
	if (e->key->ct_nw_proto) {
		if (e->key->eth_type == htons(ETH_TYPE_IP))
			put_attr(e, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4);
		else if (e->key->eth_type == htons(ETH_TYPE_IPV6))
			put_attr(e, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6);
	}
	if (MATTERS(e, recirc_id))
		put_attr(e, OVS_KEY_ATTR_RECIRC_ID);
	if (MATTERS(e, dp_hash))
		put_attr(e, OVS_KEY_ATTR_DP_HASH);
	if (e->key->in_port != FLOW_PORT_NONE)
		put_attr(e, OVS_KEY_ATTR_IN_PORT);
}

static void put_mpls(const struct encoder *e)
{
	struct ovs_key_mpls lse[FLOW_MAX_MPLS];
	unsigned int n = MAX(flow_n_mpls(e->key), 1u);

	for (unsigned int i = 0; i < n; i++)
		lse[i].mpls_lse = e->data->mpls_lse[i];
	odp_put(e->b, OVS_KEY_ATTR_MPLS, lse, n * sizeof(lse[0]));
}

static void encode(const struct encoder *e)
{
	const struct flow *key = e->key;
	unsigned int n_vlans = flow_n_vlans(key);
	size_t nests[FLOW_MAX_VLANS];
	uint16_t l3 = l3_attr(key), l4 = l4_attr(key);

	put_metadata(e);
	if (!key->packet_type)
		put_attr(e, OVS_KEY_ATTR_ETHERNET);
	for (unsigned int i = 0; i < n_vlans; i++) {
		odp_put_u16(e->b, OVS_KEY_ATTR_ETHERTYPE, e->data->vlans[i].tpid);
		odp_put_u16(e->b, OVS_KEY_ATTR_VLAN, e->data->vlans[i].tci);
		nests[i] = odp_nest_begin(e->b, OVS_KEY_ATTR_ENCAP);
	}
	/* A tag that is cut off: its type, and nothing behind it. */
	if (n_vlans < FLOW_MAX_VLANS && eth_type_is_vlan(key->eth_type)) {
		put_attr(e, OVS_KEY_ATTR_ETHERTYPE);
		odp_put_u16(e->b, OVS_KEY_ATTR_VLAN, e->is_mask ? 0xffff : 0);
		odp_nest_end(e->b, odp_nest_begin(e->b, OVS_KEY_ATTR_ENCAP));
		goto end;
	}
	/* A frame without EtherType has no such attribute; its mask says that this counts. */
	if (key->eth_type != htons(FLOW_ETH_TYPE_NONE))
		put_attr(e, OVS_KEY_ATTR_ETHERTYPE);
	else if (e->is_mask)
		odp_put_u16(e->b, OVS_KEY_ATTR_ETHERTYPE, 0xffff);
	if (l3)
		put_attr(e, l3);
	if (eth_type_is_mpls(key->eth_type))
		put_mpls(e);
	if (key->eth_type == htons(ETH_TYPE_NSH))
		odp_nsh_encode(e->b, OVS_KEY_ATTR_NSH, &e->data->nsh, NULL, e->is_mask);
	if (l4) {
		put_attr(e, l4);
		if (l4 == OVS_KEY_ATTR_TCP)
			put_attr(e, OVS_KEY_ATTR_TCP_FLAGS);
		if (is_nd(key))
			put_attr(e, OVS_KEY_ATTR_ND);
	}
end:
	while (n_vlans)
		odp_nest_end(e->b, nests[--n_vlans]);
}

void odp_key_encode(struct odp_buf *b, const struct flow *f)
{
	encode(&(struct encoder){ b, f, f, NULL, false });
}

void odp_mask_encode(struct odp_buf *b, const struct flow *f, const struct flow_mask *mask)
{
	encode(&(struct encoder){ b, f, &mask->masks, NULL, true });
}

void odp_key_encode_short(struct odp_buf *b, const struct flow *f, const struct flow_mask *mask)
{
	encode(&(struct encoder){ b, f, f, &mask->masks, false });
}

void odp_mask_encode_short(struct odp_buf *b, const struct flow *f, const struct flow_mask *mask)
{
	encode(&(struct encoder){ b, f, &mask->masks, &mask->masks, true });
}

/* ---- decoding ------------------------------------------------------------------------------- */

struct attrs {
	const struct nlattr *a[ODP_KEY_ATTR_MAX + 1];
	bool unknown;
};

/* Sorts one level of attributes; "a sentence" if one is twice there or has a wrong size. */
static char *collect(const void *data, size_t len, struct attrs *out)
{
	const struct nlattr *a;
	int left;

	memset(out, 0, sizeof(*out));
	ODP_FOR_EACH(a, left, data, len) {
		unsigned int type = odp_attr_type(a);
		size_t want = odp_attr_size(type);

		if (!type || type > ODP_KEY_ATTR_MAX) {
			out->unknown = true;
			continue;
		}
		if (out->a[type])
			return xasprintf("flow key: attribute %u is there twice", type);
		if (type == OVS_KEY_ATTR_MPLS) {
			if (!odp_attr_len(a) || odp_attr_len(a) % want)
				return xasprintf("flow key: MPLS attribute of %d octets",
						 odp_attr_len(a));
		} else if (want && (size_t)odp_attr_len(a) != want) {
			return xasprintf("flow key: attribute %u has %d octets instead of %zu",
					 type, odp_attr_len(a), want);
		}
		out->a[type] = a;
	}
	return left > 0 ? xasprintf("flow key: %d octets that are no attribute", left) : NULL;
}

struct decoder {
	const struct flow *key; /* of a mask; the flow itself while a key is decoded */
	struct flow *f;
	bool is_mask;
	bool too_little, too_much;
	struct attrs attrs;
};

/* Takes an attribute if it is there; 'wanted' if a key of this kind must have it. */
static bool take(struct decoder *d, uint16_t type, bool wanted)
{
	const struct nlattr *a = d->attrs.a[type];

	if (!a) {
		d->too_little |= wanted && !d->is_mask;
		return false;
	}
	odp_attr_to_flow(type, odp_attr_data(a), d->is_mask, d->f);
	d->attrs.a[type] = NULL;
	return true;
}

static char *take_metadata(struct decoder *d)
{
	static const uint16_t types[] = {
		OVS_KEY_ATTR_PRIORITY,
		OVS_KEY_ATTR_SKB_MARK,
		OVS_KEY_ATTR_CT_STATE,
		OVS_KEY_ATTR_CT_ZONE,
		OVS_KEY_ATTR_CT_MARK,
		OVS_KEY_ATTR_CT_LABELS,
		OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4,
		OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6,
		OVS_KEY_ATTR_RECIRC_ID,
		OVS_KEY_ATTR_DP_HASH,
	};
	const struct nlattr *tunnel = d->attrs.a[OVS_KEY_ATTR_TUNNEL];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		take(d, types[i], false);
	if (!take(d, OVS_KEY_ATTR_IN_PORT, false) && !d->is_mask)
		d->f->in_port = FLOW_PORT_NONE;
	if (tunnel) {
		if (odp_tunnel_decode(odp_attr_data(tunnel), odp_attr_len(tunnel), d->is_mask,
				      &d->f->tunnel, &d->attrs.unknown))
			return xasprintf("flow key: malformed tunnel");
		if (d->is_mask) {
			MASK_FIELD((struct flow_mask *)d->f, tunnel.flags);
			/* what one address family leaves out is 0, exactly */
			if (!d->key->tunnel.ip_dst) {
				MASK_FIELD((struct flow_mask *)d->f, tunnel.ip_src);
				MASK_FIELD((struct flow_mask *)d->f, tunnel.ip_dst);
			} else {
				MASK_FIELD((struct flow_mask *)d->f, tunnel.ipv6_src);
				MASK_FIELD((struct flow_mask *)d->f, tunnel.ipv6_dst);
			}
		}
		d->attrs.a[OVS_KEY_ATTR_TUNNEL] = NULL;
	}
	return NULL;
}

/* Anything left was not expected in a key of this kind. */
static void end_level(struct decoder *d)
{
	d->too_much |= d->attrs.unknown;
	for (unsigned int i = 0; i <= ODP_KEY_ATTR_MAX; i++)
		d->too_much |= d->attrs.a[i] != NULL;
}

/* The outer levels: a type, a tag, and the rest inside ENCAP. */
static char *take_vlans(struct decoder *d)
{
	for (unsigned int i = 0;; i++) {
		const struct nlattr *type = d->attrs.a[OVS_KEY_ATTR_ETHERTYPE];
		const struct nlattr *tag = d->attrs.a[OVS_KEY_ATTR_VLAN];
		const struct nlattr *encap = d->attrs.a[OVS_KEY_ATTR_ENCAP];
		be16 tpid, tci;
		char *err;

		if (d->is_mask ? i >= flow_n_vlans(d->key) : !tag && !encap) {
			if (d->is_mask && (tag || encap)) {
				/* The mask of a tag that is not there says that it must not be. */
				if (tag && i < FLOW_MAX_VLANS)
					d->f->vlans[i].tci = load_be16(odp_attr_data(tag));
				d->attrs.a[OVS_KEY_ATTR_VLAN] = NULL;
				d->attrs.a[OVS_KEY_ATTR_ENCAP] = NULL;
			}
			return NULL;
		}
		tpid = type ? load_be16(odp_attr_data(type)) : 0;
		tci = tag ? load_be16(odp_attr_data(tag)) : 0;
		if (!d->is_mask) {
			if (!eth_type_is_vlan(tpid))
				return xasprintf("flow key: a VLAN tag behind EtherType 0x%04x",
						 ntohs(tpid));
			if (!(tci & htons(VLAN_CFI))) {
				/* A cut tag: the type is all there is. */
				if (tci || (encap && odp_attr_len(encap)))
					return xasprintf("flow key: a VLAN tag without CFI bit");
				d->attrs.a[OVS_KEY_ATTR_VLAN] = NULL;
				d->attrs.a[OVS_KEY_ATTR_ENCAP] = NULL;
				return NULL;
			}
			if (!encap)
				return xasprintf("flow key: a VLAN tag with nothing behind it");
			if (i == FLOW_MAX_VLANS)
				return xasprintf("flow key: more than %d VLAN tags",
						 FLOW_MAX_VLANS);
		}
		d->f->vlans[i].tpid = tpid;
		d->f->vlans[i].tci = tci;
		d->attrs.a[OVS_KEY_ATTR_ETHERTYPE] = NULL;
		d->attrs.a[OVS_KEY_ATTR_VLAN] = NULL;
		d->attrs.a[OVS_KEY_ATTR_ENCAP] = NULL;
		end_level(d);
		if (!encap) {
			memset(&d->attrs, 0, sizeof(d->attrs));
			continue;
		}
		err = collect(odp_attr_data(encap), odp_attr_len(encap), &d->attrs);
		if (err)
			return err;
	}
}

static void take_mpls(struct decoder *d)
{
	const struct nlattr *a = d->attrs.a[OVS_KEY_ATTR_MPLS];
	unsigned int n;

	if (!a) {
		d->too_little |= !d->is_mask;
		return;
	}
	n = odp_attr_len(a) / 4;
	d->too_much |= n > FLOW_MAX_MPLS;
	memcpy(d->f->mpls_lse, odp_attr_data(a), MIN(n, FLOW_MAX_MPLS) * 4);
	d->attrs.a[OVS_KEY_ATTR_MPLS] = NULL;
}

static char *take_nsh(struct decoder *d)
{
	const struct nlattr *a = d->attrs.a[OVS_KEY_ATTR_NSH];

	if (!a) {
		d->too_little |= !d->is_mask;
		return NULL;
	}
	if (odp_nsh_decode(odp_attr_data(a), odp_attr_len(a), d->is_mask, &d->f->nsh, NULL))
		return xasprintf("flow key: malformed NSH");
	d->attrs.a[OVS_KEY_ATTR_NSH] = NULL;
	return NULL;
}

static char *decode(struct decoder *d, const void *data, size_t len)
{
	char *err = collect(data, len, &d->attrs);
	uint16_t l3, l4;
	bool has_eth;

	if (err)
		return err;
	err = take_metadata(d);
	if (err)
		return err;
	has_eth = take(d, OVS_KEY_ATTR_ETHERNET, false);
	take(d, ODP_KEY_ATTR_PACKET_TYPE, false);
	err = take_vlans(d);
	if (err)
		return err;
	if (!take(d, OVS_KEY_ATTR_ETHERTYPE, false) && !d->is_mask)
		d->f->eth_type = htons(FLOW_ETH_TYPE_NONE);
	if (!d->is_mask && !has_eth) {
		if (d->f->eth_type == htons(FLOW_ETH_TYPE_NONE))
			return xasprintf("flow key: neither Ethernet addresses nor EtherType");
		d->f->packet_type = htonl(1u << 16 | ntohs(d->f->eth_type));
	}

	l3 = l3_attr(d->key);
	if (l3)
		take(d, l3, true);
	if (eth_type_is_mpls(d->key->eth_type))
		take_mpls(d);
	if (d->key->eth_type == htons(ETH_TYPE_NSH)) {
		err = take_nsh(d);
		if (err)
			return err;
	}
	l4 = l4_attr(d->key);
	if (l4) {
		take(d, l4, true);
		if (l4 == OVS_KEY_ATTR_TCP)
			take(d, OVS_KEY_ATTR_TCP_FLAGS, false);
		if (is_nd(d->key)) {
			take(d, OVS_KEY_ATTR_ND, false);
			take(d, ODP_KEY_ATTR_ND_EXTENSIONS, false);
		}
	}
	/* IPv6 extension headers are told by newer kernels; nothing matches on them. */
	d->attrs.a[32] = NULL;
	end_level(d);
	return NULL;
}

static enum odp_fitness finish(struct decoder *d, char *err, char **error)
{
	if (error)
		*error = err;
	else
		free(err);
	if (err)
		return ODP_FIT_ERROR;
	if (d->too_little)
		return ODP_FIT_TOO_LITTLE;
	return d->too_much ? ODP_FIT_TOO_MUCH : ODP_FIT_PERFECT;
}

enum odp_fitness odp_key_decode(const void *data, size_t len, struct flow *f, char **error)
{
	struct decoder d = { .key = f, .f = f };

	memset(f, 0, sizeof(*f));
	return finish(&d, decode(&d, data, len), error);
}

enum odp_fitness odp_mask_decode(const void *data, size_t len, const struct flow *f,
				 struct flow_mask *mask, char **error)
{
	struct decoder d = { .key = f, .f = &mask->masks, .is_mask = true };

	memset(mask, 0, sizeof(*mask));
	return finish(&d, decode(&d, data, len), error);
}
