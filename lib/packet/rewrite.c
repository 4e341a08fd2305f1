// SPDX-License-Identifier: Apache-2.0
#include "packet/rewrite.h"

#include "packet/csum.h"
#include "packet/headers.h"

/* ---- finding headers ------------------------------------------------------------------------ */

static void *at(const struct packet *p, size_t ofs, size_t len)
{
	return ofs <= p->len && p->len - ofs >= len ? p->data + ofs : NULL;
}

struct eth_hdr *packet_eth(const struct packet *p)
{
	return p->packet_type ? NULL : at(p, 0, sizeof(struct eth_hdr));
}

static void *l3_header(const struct packet *p, size_t len)
{
	return p->l3_ofs != PACKET_NO_OFS ? at(p, p->l3_ofs, len) : NULL;
}

struct ipv4_hdr *packet_ipv4(const struct packet *p)
{
	struct ipv4_hdr *h = l3_header(p, sizeof(*h));

	return h && h->ver_ihl >> 4 == 4 ? h : NULL;
}

struct ipv6_hdr *packet_ipv6(const struct packet *p)
{
	struct ipv6_hdr *h = l3_header(p, sizeof(*h));

	return h && ntohl(h->flow) >> 28 == 6 ? h : NULL;
}

struct arp_hdr *packet_arp(const struct packet *p)
{
	return l3_header(p, sizeof(struct arp_hdr));
}

void *packet_l4_header(const struct packet *p, size_t len)
{
	return p->l4_ofs != PACKET_NO_OFS ? at(p, p->l4_ofs, len) : NULL;
}

/* ---- L4 checksums --------------------------------------------------------------------------- */

/* Whether the L4 checksum is a partial one, of which the payload is not yet part. */
static bool is_partial(const struct packet *p)
{
	return p->offload.csum_partial && p->offload.csum_start == p->l4_ofs;
}

/* The checksum field of the L4 header, NULL if it is not there or has none that covers the pseudo
 * header. */
static void *pseudo_csum(const struct packet *p, uint8_t proto, bool *is_udp)
{
	uint8_t *h;

	*is_udp = false;
	switch (proto) {
	case IPPROTO_TCP:
		h = packet_l4_header(p, sizeof(struct tcp_hdr));
		return h ? h + offsetof(struct tcp_hdr, csum) : NULL;
	case IPPROTO_UDP:
		*is_udp = true;
		h = packet_l4_header(p, sizeof(struct udp_hdr));
		return h ? h + offsetof(struct udp_hdr, csum) : NULL;
	case IPPROTO_ICMPV6:
		h = packet_l4_header(p, sizeof(struct icmp_hdr));
		return h ? h + offsetof(struct icmp_hdr, csum) : NULL;
	}
	return NULL;
}

static void update_field(void *field, bool partial, bool is_udp, const void *from, const void *to,
			 size_t n)
{
	be16 c = load_be16(field);

	if (partial) {
		c = csum_update_partial(c, from, to, n);
	} else {
		if (is_udp && !c)
			return;
		c = csum_update(c, from, to, n);
		if (is_udp && !c)
			c = 0xffff;
	}
	memcpy(field, &c, sizeof(c));
}

/* Addresses changed, which L4 sees through the pseudo header. */
static void update_pseudo(struct packet *p, uint8_t proto, const void *from, const void *to,
			  size_t n)
{
	bool is_udp;
	void *field = pseudo_csum(p, proto, &is_udp);

	if (field)
		update_field(field, is_partial(p), is_udp, from, to, n);
}

/* Octets of the L4 header or payload changed, which a partial checksum does not yet cover. */
static void update_l4(struct packet *p, void *field, bool is_udp, const void *from, const void *to,
		      size_t n)
{
	if (!is_partial(p))
		update_field(field, false, is_udp, from, to, n);
}

/* ---- VLAN ----------------------------------------------------------------------------------- */

enum drop_reason packet_push_vlan(struct packet *p, be16 tpid, be16 tci)
{
	uint8_t *d;

	if (!packet_eth(p))
		return DROP_HEADER_TOO_SHORT;
	d = packet_push(p, sizeof(struct vlan_hdr));
	if (!d)
		return DROP_NO_MEMORY;
	memmove(d, d + sizeof(struct vlan_hdr), 12);
	tci &= htons(0xefff);
	memcpy(d + 12, &tpid, 2);
	memcpy(d + 14, &tci, 2);
	return DROP_NONE;
}

enum drop_reason packet_pop_vlan(struct packet *p)
{
	struct eth_hdr *h = packet_eth(p);

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	if (!eth_type_is_vlan(h->type))
		return DROP_NONE;
	if (p->len < sizeof(*h) + sizeof(struct vlan_hdr))
		return DROP_HEADER_TOO_SHORT;
	memmove(p->data + sizeof(struct vlan_hdr), p->data, 12);
	packet_pull(p, sizeof(struct vlan_hdr));
	return DROP_NONE;
}

/* ---- MPLS ----------------------------------------------------------------------------------- */

/* Where the header behind the EtherType stands. */
static size_t behind_type(const struct packet *p)
{
	return p->l2_5_ofs != PACKET_NO_OFS ? p->l2_5_ofs : p->l3_ofs;
}

static void set_eth_type(struct packet *p, size_t behind, be16 type)
{
	if (p->packet_type)
		p->packet_type = htonl(1u << 16 | ntohs(type));
	else
		memcpy(p->data + behind - 2, &type, 2);
}

enum drop_reason packet_push_mpls(struct packet *p, be32 lse, be16 eth_type)
{
	size_t ofs = behind_type(p);
	uint8_t *d;

	if (ofs == PACKET_NO_OFS || ofs > p->len ||
	    (!p->packet_type && ofs < sizeof(struct eth_hdr)))
		return DROP_HEADER_TOO_SHORT;
	d = packet_push(p, sizeof(lse));
	if (!d)
		return DROP_NO_MEMORY;
	memmove(d, d + sizeof(lse), ofs);
	memcpy(d + ofs, &lse, sizeof(lse));
	p->l2_5_ofs = ofs;
	set_eth_type(p, ofs, eth_type);
	return DROP_NONE;
}

enum drop_reason packet_pop_mpls(struct packet *p, be16 eth_type)
{
	size_t ofs = p->l2_5_ofs;

	if (ofs == PACKET_NO_OFS || !at(p, ofs, sizeof(struct mpls_hdr)) ||
	    (!p->packet_type && ofs < sizeof(struct eth_hdr)))
		return DROP_HEADER_TOO_SHORT;
	memmove(p->data + sizeof(struct mpls_hdr), p->data, ofs);
	packet_pull(p, sizeof(struct mpls_hdr));
	set_eth_type(p, ofs, eth_type);
	if (eth_type_is_mpls(eth_type)) {
		p->l2_5_ofs = ofs;
	} else {
		p->l2_5_ofs = PACKET_NO_OFS;
		p->l3_ofs = ofs;
		p->l4_ofs = PACKET_NO_OFS; /* not parsed */
	}
	return DROP_NONE;
}

enum drop_reason packet_set_mpls(struct packet *p, be32 lse)
{
	uint8_t *h = p->l2_5_ofs != PACKET_NO_OFS ? at(p, p->l2_5_ofs, sizeof(lse)) : NULL;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	memcpy(h, &lse, sizeof(lse));
	return DROP_NONE;
}

/* ---- Ethernet and NSH ----------------------------------------------------------------------- */

enum drop_reason packet_push_eth(struct packet *p, const uint8_t dst[6], const uint8_t src[6])
{
	be16 type = htons(ntohl(p->packet_type));
	struct eth_hdr *h;

	if (!p->packet_type)
		return DROP_BAD_ACTION;
	h = packet_push(p, sizeof(*h));
	if (!h)
		return DROP_NO_MEMORY;
	memcpy(h->dst, dst, 6);
	memcpy(h->src, src, 6);
	h->type = type;
	p->packet_type = 0;
	return DROP_NONE;
}

enum drop_reason packet_pop_eth(struct packet *p)
{
	struct eth_hdr *h = packet_eth(p);
	be16 type;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	type = h->type;
	if (ntohs(type) < ETH_TYPE_MIN || eth_type_is_vlan(type))
		return DROP_BAD_ACTION;
	packet_pull(p, sizeof(*h));
	p->packet_type = htonl(1u << 16 | ntohs(type));
	return DROP_NONE;
}

enum drop_reason packet_push_nsh(struct packet *p, const void *nsh, size_t len)
{
	uint8_t *d = packet_push(p, len);

	if (!d)
		return DROP_NO_MEMORY;
	memcpy(d, nsh, len);
	p->packet_type = htonl(1u << 16 | ETH_TYPE_NSH);
	p->l2_5_ofs = p->l4_ofs = PACKET_NO_OFS;
	p->l3_ofs = 0;
	return DROP_NONE;
}

enum drop_reason packet_pop_nsh(struct packet *p)
{
	static const uint16_t types[] = { 0, ETH_TYPE_IP,  ETH_TYPE_IPV6,
					  0, ETH_TYPE_NSH, ETH_TYPE_MPLS };
	struct nsh_hdr h;
	size_t len;

	if (p->packet_type != htonl(1u << 16 | ETH_TYPE_NSH) || p->len < sizeof(h))
		return DROP_HEADER_TOO_SHORT;
	memcpy(&h, p->data, sizeof(h));
	len = (ntohs(h.ver_flags_len) & 0x3f) * 4;
	if (len < sizeof(h) || len > p->len)
		return DROP_HEADER_TOO_SHORT;
	if (h.np >= ARRAY_SIZE(types) || (!types[h.np] && h.np != 3))
		return DROP_BAD_ACTION;
	packet_pull(p, len);
	p->packet_type = h.np == 3 ? 0 : htonl(1u << 16 | types[h.np]);
	p->l2_5_ofs = p->l3_ofs = p->l4_ofs = PACKET_NO_OFS; /* to be parsed again */
	return DROP_NONE;
}

enum drop_reason packet_set_eth(struct packet *p, const uint8_t src[6], const uint8_t dst[6])
{
	struct eth_hdr *h = packet_eth(p);

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	memcpy(h->src, src, 6);
	memcpy(h->dst, dst, 6);
	return DROP_NONE;
}

/* ---- IP ------------------------------------------------------------------------------------- */

enum drop_reason packet_set_ipv4(struct packet *p, be32 src, be32 dst, uint8_t tos, uint8_t ttl)
{
	struct ipv4_hdr *h = packet_ipv4(p);

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	if (h->src != src || h->dst != dst) {
		be32 from[2] = { h->src, h->dst }, to[2] = { src, dst };

		update_pseudo(p, h->proto, from, to, sizeof(from));
		h->csum = csum_update(h->csum, from, to, sizeof(from));
		h->src = src;
		h->dst = dst;
	}
	if (h->tos != tos) {
		h->csum = csum_update16(h->csum, htons(h->tos), htons(tos));
		h->tos = tos;
	}
	if (h->ttl != ttl) {
		h->csum = csum_update16(h->csum, htons(h->ttl << 8), htons(ttl << 8));
		h->ttl = ttl;
	}
	return DROP_NONE;
}

/* The protocol behind the extension headers, and whether a routing header with segments left stands
 * there: the checksum then covers the last destination, not the one in the header. */
static uint8_t ipv6_l4_proto(const struct packet *p, const struct ipv6_hdr *h, bool *routed)
{
	size_t ofs = p->l3_ofs + sizeof(*h);
	uint8_t proto = h->next_hdr;

	*routed = false;
	while (p->l4_ofs != PACKET_NO_OFS && ofs < p->l4_ofs) {
		const uint8_t *ext = at(p, ofs, 8);

		if (!ext)
			break;
		if (proto == IPPROTO_ROUTING && ext[3])
			*routed = true;
		if (proto == IPPROTO_FRAGMENT)
			ofs += 8;
		else if (proto == IPPROTO_AH)
			ofs += (ext[1] + 2) * 4;
		else
			ofs += (ext[1] + 1) * 8;
		proto = ext[0];
	}
	return proto;
}

enum drop_reason packet_set_ipv6(struct packet *p, const void *src, const void *dst, be32 label,
				 uint8_t tclass, uint8_t hop_limit)
{
	struct ipv6_hdr *h = packet_ipv6(p);
	uint8_t proto;
	bool routed;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	proto = ipv6_l4_proto(p, h, &routed);
	if (memcmp(&h->src, src, 16)) {
		update_pseudo(p, proto, &h->src, src, 16);
		memcpy(&h->src, src, 16);
	}
	if (memcmp(&h->dst, dst, 16)) {
		if (!routed)
			update_pseudo(p, proto, &h->dst, dst, 16);
		memcpy(&h->dst, dst, 16);
	}
	h->flow = (h->flow & htonl(0xf0000000)) | htonl((uint32_t)tclass << IPV6_TCLASS_SHIFT) |
		  (label & htonl(IPV6_LABEL_MASK));
	h->hop_limit = hop_limit;
	return DROP_NONE;
}

enum drop_reason packet_dec_ttl(struct packet *p, bool *expired)
{
	struct ipv4_hdr *v4 = packet_ipv4(p);
	struct ipv6_hdr *v6 = packet_ipv6(p);

	if (v4) {
		*expired = v4->ttl <= 1;
		return *expired ? DROP_NONE
				: packet_set_ipv4(p, v4->src, v4->dst, v4->tos, v4->ttl - 1);
	}
	if (v6) {
		*expired = v6->hop_limit <= 1;
		if (!*expired)
			v6->hop_limit--;
		return DROP_NONE;
	}
	return DROP_HEADER_TOO_SHORT;
}

/* ---- L4 ------------------------------------------------------------------------------------- */

/* 'h' starts with source and destination port. */
static void set_ports(struct packet *p, uint8_t *h, void *field, bool is_udp, be16 src, be16 dst)
{
	be16 to[2] = { src, dst };

	if (!memcmp(h, to, sizeof(to)))
		return;
	update_l4(p, field, is_udp, h, to, sizeof(to));
	memcpy(h, to, sizeof(to));
	p->hash = 0;
}

enum drop_reason packet_set_tcp(struct packet *p, be16 src, be16 dst)
{
	uint8_t *h = packet_l4_header(p, sizeof(struct tcp_hdr));

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	set_ports(p, h, h + offsetof(struct tcp_hdr, csum), false, src, dst);
	return DROP_NONE;
}

enum drop_reason packet_set_udp(struct packet *p, be16 src, be16 dst)
{
	uint8_t *h = packet_l4_header(p, sizeof(struct udp_hdr));

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	set_ports(p, h, h + offsetof(struct udp_hdr, csum), true, src, dst);
	return DROP_NONE;
}

/* A CRC is linear: the difference that new ports make does not depend on the rest, so a wrong CRC
 * stays wrong by the same amount, as with the checksums above. */
enum drop_reason packet_set_sctp(struct packet *p, be16 src, be16 dst)
{
	uint8_t *h = packet_l4_header(p, sizeof(struct sctp_hdr));
	uint32_t was, old_crc, new_crc;
	be16 to[2] = { src, dst };
	const uint32_t zero = 0;
	size_t len;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	if (!memcmp(h, to, sizeof(to)))
		return DROP_NONE;
	if (is_partial(p)) {
		memcpy(h, to, sizeof(to));
		return DROP_NONE;
	}
	len = packet_l4_len(p);
	memcpy(&was, h + offsetof(struct sctp_hdr, csum), 4);
	memcpy(h + offsetof(struct sctp_hdr, csum), &zero, 4);
	old_crc = crc32c_sctp(h, len);
	memcpy(h, to, sizeof(to));
	new_crc = crc32c_sctp(h, len);
	was ^= old_crc ^ new_crc;
	memcpy(h + offsetof(struct sctp_hdr, csum), &was, 4);
	p->hash = 0;
	return DROP_NONE;
}

enum drop_reason packet_set_icmp(struct packet *p, uint8_t type, uint8_t code)
{
	uint8_t *h = packet_l4_header(p, sizeof(struct icmp_hdr));
	uint8_t to[2] = { type, code };

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	update_l4(p, h + offsetof(struct icmp_hdr, csum), false, h, to, sizeof(to));
	memcpy(h, to, sizeof(to));
	return DROP_NONE;
}

/* ---- ARP and ND ----------------------------------------------------------------------------- */

enum drop_reason packet_set_arp(struct packet *p, be16 op, be32 spa, be32 tpa, const uint8_t sha[6],
				const uint8_t tha[6])
{
	struct arp_hdr *h = packet_arp(p);

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	h->op = op;
	h->spa = spa;
	h->tpa = tpa;
	memcpy(h->sha, sha, 6);
	memcpy(h->tha, tha, 6);
	return DROP_NONE;
}

/* Writes 'n' (even) octets inside an ICMPv6 message and keeps its checksum. */
static void write_nd(struct packet *p, uint8_t *to, const void *from, size_t n)
{
	uint8_t *h = packet_l4(p);

	update_l4(p, h + offsetof(struct nd_hdr, csum), false, to, from, n);
	memcpy(to, from, n);
}

/* The link-layer address option of a type, NULL if there is none before the options end. */
static uint8_t *find_lla(struct packet *p, uint8_t type)
{
	uint8_t *o = (uint8_t *)packet_l4(p) + sizeof(struct nd_hdr);
	size_t left = packet_l4_len(p) - sizeof(struct nd_hdr);

	while (left >= sizeof(struct nd_lla_opt)) {
		size_t len = (size_t)o[1] * 8;

		if (!len || len > left)
			return NULL;
		if (o[0] == type && len == sizeof(struct nd_lla_opt))
			return o;
		o += len;
		left -= len;
	}
	return NULL;
}

static void set_lla(struct packet *p, uint8_t type, const uint8_t addr[6])
{
	static const uint8_t zero[6];
	uint8_t *o = memcmp(addr, zero, 6) ? find_lla(p, type) : NULL;

	if (o)
		write_nd(p, o + offsetof(struct nd_lla_opt, addr), addr, 6);
}

enum drop_reason packet_set_nd(struct packet *p, const struct in6_addr *target,
			       const uint8_t sll[6], const uint8_t tll[6])
{
	uint8_t *h = packet_l4_header(p, sizeof(struct nd_hdr));

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	write_nd(p, h + offsetof(struct nd_hdr, target), target, 16);
	set_lla(p, ND_OPT_SLL, sll);
	set_lla(p, ND_OPT_TLL, tll);
	return DROP_NONE;
}

enum drop_reason packet_set_nd_ext(struct packet *p, be32 reserved, uint8_t options_type)
{
	uint8_t *h = packet_l4_header(p, sizeof(struct nd_hdr)), *o;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	write_nd(p, h + offsetof(struct nd_hdr, reserved), &reserved, 4);
	if (!options_type)
		return DROP_NONE;
	o = find_lla(p, ND_OPT_SLL);
	if (!o)
		o = find_lla(p, ND_OPT_TLL);
	if (o) {
		uint8_t head[2] = { options_type, o[1] };

		write_nd(p, o, head, 2);
	}
	return DROP_NONE;
}
