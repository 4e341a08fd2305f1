// SPDX-License-Identifier: Apache-2.0
/* The packet parser: one pass over the headers, which writes the words of the key in their order
 * and the map beside them.  A word that is 0 is not kept: storing it and not advancing costs less
 * than a branch.
 *
 * A cursor holds what is left of the frame; every read compares with it first.  A header that is
 * cut short or contradicts itself ends the parse of its layer: its fields stay out of the key (0),
 * the packet goes on. Lengths inside IP headers only ever shorten what is looked at: trailing
 * padding is no L4 header. */
#include "flow/flow.h"

#include "flow/miniflow.h"
#include "packet/headers.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static unsigned int vlan_limit = FLOW_MAX_VLANS; /* atomic */

void flow_set_vlan_limit(unsigned int n)
{
	if (!n || n > FLOW_MAX_VLANS)
		n = FLOW_MAX_VLANS;
	__atomic_store_n(&vlan_limit, n, __ATOMIC_RELAXED);
}

struct writer {
	uint64_t *p;
	uint64_t lo, hi; /* the two halves of the map */
};

static ALWAYS_INLINE void put_word(struct writer *w, unsigned int word, uint64_t v)
{
	uint64_t set = v != 0;

	*w->p = v;
	w->p += set;
	if (word < 64)
		w->lo |= set << word;
	else
		w->hi |= set << (word - 64);
}

static ALWAYS_INLINE void put_pair(struct writer *w, unsigned int word, uint32_t a, uint32_t b)
{
	uint32_t pair[2] = { a, b };
	uint64_t v;

	memcpy(&v, pair, sizeof(v));
	put_word(w, word, v);
}

static ALWAYS_INLINE void put_octets(struct writer *w, unsigned int word, const void *p,
				     unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put_word(w, word + i, load_u64((const char *)p + 8 * i));
}

struct reader {
	const uint8_t *p;
	size_t left;
};

static ALWAYS_INLINE void skip(struct reader *r, size_t n)
{
	r->p += n;
	r->left -= n;
}

/* Everything before L2.  The tunnel's words, and those of a tracked connection, are rare. */
static ALWAYS_INLINE void put_metadata(struct writer *w, const struct packet *p)
{
	const struct packet_md *md = &p->md;

	if (unlikely(md->has_tunnel))
		put_octets(w, FLOW_U64_OF(tunnel), &md->tunnel, sizeof(md->tunnel) / 8);
	put_pair(w, FLOW_U64_OF(skb_priority), md->skb_priority, md->pkt_mark);
	if (unlikely(md->ct_state))
		put_octets(w, FLOW_U64_OF(ct_label), &md->ct_label, 2);
	put_pair(w, FLOW_U64_OF(dp_hash), md->dp_hash, md->in_port);
	put_pair(w, FLOW_U64_OF(recirc_id), md->recirc_id, p->packet_type);
	if (unlikely(md->ct_state)) {
		struct {
			uint8_t state, proto;
			uint16_t zone;
			uint32_t mark;
		} ct = { md->ct_state, md->ct_nw_proto, md->ct_zone, md->ct_mark };

		put_octets(w, FLOW_U64_OF(ct_state), &ct, 1);
	}
}

/* The EtherType after a length field: a SNAP header's, or FLOW_ETH_TYPE_NONE. */
static be16 parse_llc(struct reader *r)
{
	struct llc_snap_hdr h;

	if (r->left < sizeof(h))
		return htons(FLOW_ETH_TYPE_NONE);
	memcpy(&h, r->p, sizeof(h));
	if (h.dsap != 0xaa || h.ssap != 0xaa || h.control != 3 || h.oui[0] | h.oui[1] | h.oui[2])
		return htons(FLOW_ETH_TYPE_NONE);
	skip(r, sizeof(h));
	return ntohs(h.type) >= ETH_TYPE_MIN ? h.type : htons(FLOW_ETH_TYPE_NONE);
}

/* Takes tags off while the type says there is one and the frame holds it and the type behind it. */
static be16 parse_vlans(struct reader *r, be16 type, struct flow_vlan vlans[FLOW_MAX_VLANS])
{
	unsigned int limit = __atomic_load_n(&vlan_limit, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < limit && eth_type_is_vlan(type); i++) {
		if (r->left < sizeof(struct vlan_hdr))
			break;
		vlans[i].tpid = type;
		vlans[i].tci = load_be16(r->p) | htons(VLAN_CFI);
		type = load_be16(r->p + 2);
		skip(r, sizeof(struct vlan_hdr));
	}
	return type;
}

static void put_mpls(struct writer *w, struct reader *r)
{
	be32 lse[FLOW_MAX_MPLS + 1] = { 0 };
	unsigned int n = 0;

	while (r->left >= sizeof(struct mpls_hdr)) {
		be32 e = load_be32(r->p);

		if (n < FLOW_MAX_MPLS)
			lse[n++] = e;
		skip(r, sizeof(struct mpls_hdr));
		if (e & htonl(MPLS_BOS_MASK))
			break;
	}
	put_octets(w, FLOW_U64_OF(mpls_lse), lse, sizeof(lse) / 8);
}

/* The L3 and L4 words of a key, gathered before they are written in order. */
struct l3l4 {
	be32 ipv6_label;
	uint8_t frag, tos, ttl, proto;
};

static ALWAYS_INLINE void put_l3_word(struct writer *w, const struct l3l4 *k)
{
	uint64_t v;

	static_assert(sizeof(*k) == 8, "one word");
	static_assert(offsetof(struct flow, ip_frag) - offsetof(struct flow, ipv6_label) ==
			      offsetof(struct l3l4, frag),
		      "the order of struct flow");
	memcpy(&v, k, sizeof(v));
	put_word(w, FLOW_U64_OF(ipv6_label), v);
}

static ALWAYS_INLINE void put_ct_ports(struct writer *w, const struct packet_md *md, be16 src,
				       be16 dst)
{
	struct {
		be16 src, dst, ct_src, ct_dst;
	} ports = { src, dst, 0, 0 };

	if (unlikely(md->ct_state)) {
		ports.ct_src = md->ct_tp_src;
		ports.ct_dst = md->ct_tp_dst;
	}
	put_octets(w, FLOW_U64_OF(tp_src), &ports, 1);
}

static ALWAYS_INLINE void put_tcp_flags(struct writer *w, be16 flags)
{
	struct {
		uint8_t tha[4];
		be16 flags;
		uint8_t nd_options_type, pad;
	} word = { .flags = flags };

	static_assert(FLOW_U64_OF(tcp_flags) == FLOW_U64_OF(arp_sha) + 1 &&
			      offsetof(struct flow, tcp_flags) % 8 == 4,
		      "where the flags stand");
	put_octets(w, FLOW_U64_OF(tcp_flags), &word, 1);
}

/* Neighbour solicitation and advertisement.  An option of no length ends the list, one that runs
 * over the end makes the rest void, a second address of one kind makes the whole message void. */
static void put_nd(struct writer *w, struct reader r, const struct packet_md *md, be16 type,
		   be16 code)
{
	struct nd_hdr h;
	struct {
		uint8_t sll[6], tll[6];
		be16 tcp_flags;
		uint8_t options_type, pad;
	} ll = { { 0 }, { 0 }, 0, 0, 0 };
	static const uint8_t zero[6];

	static_assert(sizeof(ll) == 16, "two words");
	memcpy(&h, r.p, sizeof(h));
	skip(&r, sizeof(h));
	while (r.left >= sizeof(struct nd_lla_opt)) {
		struct nd_lla_opt o;
		size_t len;

		memcpy(&o, r.p, sizeof(o));
		len = (size_t)o.len * 8;
		if (!len || len > r.left)
			break;
		if (o.type == ND_OPT_SLL && len == 8 && type == htons(ND_SOLICIT)) {
			if (memcmp(ll.sll, zero, 6))
				goto invalid;
			memcpy(ll.sll, o.addr, 6);
			ll.options_type = ND_OPT_SLL;
		} else if (o.type == ND_OPT_TLL && len == 8 && type == htons(ND_ADVERT)) {
			if (memcmp(ll.tll, zero, 6))
				goto invalid;
			memcpy(ll.tll, o.addr, 6);
			ll.options_type = ND_OPT_TLL;
		}
		skip(&r, len);
	}
	put_octets(w, FLOW_U64_OF(nd_target), &h.target, 2);
	put_octets(w, FLOW_U64_OF(arp_sha), &ll, 2);
	put_pair(w, FLOW_U64_OF(nd_reserved), h.reserved, 0);
invalid:
	put_ct_ports(w, md, type, code);
}

/* 'r' stands at the L4 header of a packet that is no later fragment. */
static ALWAYS_INLINE void put_l4(struct writer *w, const struct reader *r,
				 const struct packet_md *md, uint8_t proto, bool v6)
{
	be16 src = 0, dst = 0;

	switch (proto) {
	case IPPROTO_TCP:
		if (likely(r->left >= sizeof(struct tcp_hdr))) {
			be16 ctl = load_be16(r->p + offsetof(struct tcp_hdr, ctl));
			size_t len = (ntohs(ctl) >> 12) * 4;

			if (unlikely(len < sizeof(struct tcp_hdr) || len > r->left))
				break;
			put_tcp_flags(w, ctl & htons(TCP_FLAGS_MASK));
			src = load_be16(r->p);
			dst = load_be16(r->p + 2);
		}
		break;
	case IPPROTO_UDP:
		if (likely(r->left >= sizeof(struct udp_hdr))) {
			src = load_be16(r->p);
			dst = load_be16(r->p + 2);
		}
		break;
	case IPPROTO_SCTP:
		if (r->left >= sizeof(struct sctp_hdr)) {
			src = load_be16(r->p);
			dst = load_be16(r->p + 2);
		}
		break;
	case IPPROTO_ICMP:
		if (!v6 && r->left >= sizeof(struct icmp_hdr)) {
			src = htons(r->p[0]);
			dst = htons(r->p[1]);
		}
		break;
	case IPPROTO_IGMP:
		if (!v6 && r->left >= sizeof(struct igmp_hdr)) {
			src = htons(r->p[0]);
			dst = htons(r->p[1]);
			put_pair(w, FLOW_U64_OF(nd_reserved), 0,
				 load_be32(r->p + offsetof(struct igmp_hdr, group)));
		}
		break;
	case IPPROTO_ICMPV6:
		if (v6 && r->left >= sizeof(struct icmp_hdr)) {
			src = htons(r->p[0]);
			dst = htons(r->p[1]);
			if ((r->p[0] == ND_SOLICIT || r->p[0] == ND_ADVERT) && !r->p[1] &&
			    r->left >= sizeof(struct nd_hdr)) {
				put_nd(w, *r, md, src, dst);
				return;
			}
		}
		break;
	}
	put_ct_ports(w, md, src, dst);
}

static ALWAYS_INLINE void parse_ipv4(struct writer *w, struct reader r, struct packet *p)
{
	struct ipv4_hdr h;
	struct l3l4 k = { 0 };
	size_t len, total;

	if (unlikely(r.left < sizeof(h)))
		goto malformed;
	memcpy(&h, r.p, sizeof(h));
	len = (h.ver_ihl & 0xf) * 4;
	if (unlikely(len < sizeof(h) || len > r.left))
		goto malformed;
	total = ntohs(h.tot_len);
	if (total >= len && total < r.left)
		r.left = total;
	skip(&r, len);

	put_pair(w, FLOW_U64_OF(ip_src), h.src, h.dst);
	if (unlikely(p->md.ct_state))
		put_pair(w, FLOW_U64_OF(ct_ip_src), p->md.ct_ip_src, p->md.ct_ip_dst);
	k.tos = h.tos;
	k.ttl = h.ttl;
	k.proto = h.proto;
	if (unlikely(h.frag_off & htons(IPV4_MF | IPV4_OFFSET_MASK))) {
		k.frag = FLOW_FRAG_ANY;
		if (h.frag_off & htons(IPV4_OFFSET_MASK))
			k.frag |= FLOW_FRAG_LATER;
	} else if (unlikely(p->offload.gso == PACKET_GSO_UDP)) {
		k.frag = FLOW_FRAG_ANY; /* what will leave are fragments, this is the first */
	}
	put_l3_word(w, &k);
	if (unlikely(k.frag & FLOW_FRAG_LATER)) {
		put_ct_ports(w, &p->md, 0, 0);
		return;
	}
	p->l4_ofs = r.p - p->data;
	put_l4(w, &r, &p->md, h.proto, false);
	return;
malformed:
	put_ct_ports(w, &p->md, 0, 0);
}

/* Walks extension headers from 'k->proto' on to the one that is none.  False if the chain is
 * cut. */
static bool skip_ipv6_exts(struct reader *r, struct l3l4 *k)
{
	for (;;) {
		size_t len;

		switch (k->proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_AH:
			if (r->left < 8)
				return false;
			len = k->proto == IPPROTO_AH ? (r->p[1] + 2) * 4 : (r->p[1] + 1) * 8;
			if (len > r->left)
				return false;
			k->proto = r->p[0];
			skip(r, len);
			break;
		case IPPROTO_FRAGMENT: {
			struct ipv6_frag_hdr h;

			if (r->left < sizeof(h))
				return false;
			memcpy(&h, r->p, sizeof(h));
			/* an atomic fragment is the whole packet (RFC 6946) */
			if (h.frag_off & htons(IPV6_FRAG_OFFSET_MASK | IPV6_FRAG_MORE))
				k->frag = FLOW_FRAG_ANY;
			if (h.frag_off & htons(IPV6_FRAG_OFFSET_MASK)) {
				k->frag |= FLOW_FRAG_LATER; /* 'proto' stays that of fragments */
				return true;
			}
			k->proto = h.next_hdr;
			skip(r, sizeof(h));
			break;
		}
		default:
			return true;
		}
	}
}

static void parse_ipv6(struct writer *w, struct reader r, struct packet *p)
{
	struct ipv6_hdr h;
	struct l3l4 k = { 0 };
	bool cut;
	size_t len;

	if (r.left < sizeof(h)) {
		put_ct_ports(w, &p->md, 0, 0);
		return;
	}
	memcpy(&h, r.p, sizeof(h));
	skip(&r, sizeof(h));
	len = ntohs(h.payload_len);
	if (len && len < r.left) /* 0: a jumbogram */
		r.left = len;

	k.ipv6_label = h.flow & htonl(IPV6_LABEL_MASK);
	k.tos = ntohl(h.flow) >> IPV6_TCLASS_SHIFT;
	k.ttl = h.hop_limit;
	k.proto = h.next_hdr;
	cut = !skip_ipv6_exts(&r, &k);
	if (cut) {
		put_ct_ports(w, &p->md, 0, 0);
		return;
	}
	if (p->offload.gso == PACKET_GSO_UDP)
		k.frag |= FLOW_FRAG_ANY;

	put_octets(w, FLOW_U64_OF(ipv6_src), &h.src, 4);
	if (unlikely(p->md.ct_state))
		put_octets(w, FLOW_U64_OF(ct_ipv6_src), &p->md.ct_ipv6_src, 4);
	put_l3_word(w, &k);
	if (k.frag & FLOW_FRAG_LATER) {
		put_ct_ports(w, &p->md, 0, 0);
		return;
	}
	p->l4_ofs = r.p - p->data;
	put_l4(w, &r, &p->md, k.proto, true);
}

static void parse_arp(struct writer *w, struct reader r)
{
	struct arp_hdr h;
	struct l3l4 k = { 0 };
	struct {
		uint8_t sha[6], tha[6], pad[4];
	} hw = { 0 };

	if (r.left < sizeof(h))
		return;
	memcpy(&h, r.p, sizeof(h));
	if (h.hw_type != htons(1) || h.proto_type != htons(ETH_TYPE_IP) || h.hw_len != 6 ||
	    h.proto_len != 4)
		return;
	put_pair(w, FLOW_U64_OF(ip_src), h.spa, h.tpa);
	if (ntohs(h.op) <= 0xff)
		k.proto = ntohs(h.op);
	put_l3_word(w, &k);
	memcpy(hw.sha, h.sha, 6);
	memcpy(hw.tha, h.tha, 6);
	put_octets(w, FLOW_U64_OF(arp_sha), &hw, 2);
}

static void parse_nsh(struct writer *w, struct reader r)
{
	struct nsh_hdr h;
	struct flow_nsh k = { 0 };
	uint16_t bits;
	size_t len;

	if (r.left < sizeof(h))
		return;
	memcpy(&h, r.p, sizeof(h));
	bits = ntohs(h.ver_flags_len);
	len = (bits & 0x3f) * 4;
	if (bits >> 14 || len < sizeof(h) || len > r.left)
		return;
	if (h.mdtype == NSH_MDTYPE1) {
		if (len != NSH_MD1_LEN)
			return;
		memcpy(k.context, r.p + sizeof(h), sizeof(k.context));
	}
	k.flags = bits >> 12 & 3;
	k.ttl = bits >> 6 & 0x3f;
	k.mdtype = h.mdtype;
	k.np = h.np;
	k.path_hdr = h.path_hdr;
	put_octets(w, FLOW_U64_OF(nsh), &k, sizeof(k) / 8);
}

enum drop_reason miniflow_extract(struct packet *p, struct miniflow_buf *b)
{
	struct writer w = { b->mf.values, 0, 0 };
	struct reader r = { p->data, p->len };
	be16 type;

	p->l2_5_ofs = p->l3_ofs = p->l4_ofs = PACKET_NO_OFS;
	if (unlikely(p->len >= PACKET_NO_OFS)) /* offsets must fit, and none is PACKET_NO_OFS */
		r.left = PACKET_NO_OFS - 1;
	put_metadata(&w, p);

	if (likely(!p->packet_type)) {
		struct {
			uint8_t addrs[12];
			be16 type;
			uint8_t pad[2];
		} eth = { .pad = { 0 } };

		static_assert(sizeof(eth) == 16, "two words");
		if (unlikely(r.left < sizeof(struct eth_hdr))) {
			b->mf.map = (struct flowmap){ { 0, 0 } };
			return DROP_RUNT;
		}
		memcpy(&eth, r.p, sizeof(struct eth_hdr));
		skip(&r, sizeof(struct eth_hdr));
		type = eth.type;
		if (unlikely(eth_type_is_vlan(type))) {
			struct flow_vlan vlans[FLOW_MAX_VLANS] = { { 0, 0 } };

			type = parse_vlans(&r, type, vlans);
			if (ntohs(type) < ETH_TYPE_MIN)
				type = parse_llc(&r);
			eth.type = type;
			put_octets(&w, FLOW_U64_OF(eth_dst), &eth, 2);
			put_octets(&w, FLOW_U64_OF(vlans), vlans, 1);
		} else {
			if (unlikely(ntohs(type) < ETH_TYPE_MIN))
				eth.type = type = parse_llc(&r);
			put_octets(&w, FLOW_U64_OF(eth_dst), &eth, 2);
		}
	} else {
		struct {
			uint8_t addrs[4];
			be16 type;
			uint8_t pad[2];
		} eth = { .type = htons(ntohl(p->packet_type)) };

		type = eth.type;
		put_octets(&w, FLOW_U64_OF(eth_type), &eth, 1);
	}
	static_assert(FLOW_U64_OF(eth_type) == FLOW_U64_OF(eth_dst) + 1 &&
			      offsetof(struct flow, eth_type) % 8 == 4,
		      "where the type stands");

	if (unlikely(eth_type_is_mpls(type))) {
		p->l2_5_ofs = r.p - p->data;
		put_mpls(&w, &r);
	}
	p->l3_ofs = r.p - p->data;

	if (likely(type == htons(ETH_TYPE_IP)))
		parse_ipv4(&w, r, p);
	else if (likely(type == htons(ETH_TYPE_IPV6)))
		parse_ipv6(&w, r, p);
	else if (type == htons(ETH_TYPE_ARP) || type == htons(ETH_TYPE_RARP))
		parse_arp(&w, r);
	else if (type == htons(ETH_TYPE_NSH))
		parse_nsh(&w, r);

	b->mf.map.bits[0] = w.lo;
	b->mf.map.bits[1] = w.hi;
	return DROP_NONE;
}

enum drop_reason flow_extract(struct packet *p, struct flow *f)
{
	struct miniflow_buf b;
	enum drop_reason r = miniflow_extract(p, &b);

	miniflow_expand(&b.mf, f);
	return r;
}
