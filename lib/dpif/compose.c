// SPDX-License-Identifier: Apache-2.0
#include "dpif/compose.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet/csum.h"
#include "packet/headers.h"

/* Puts a header that may be NULL (zeroes) and says where it is. */
static uint32_t put(struct packet *p, const void *data, size_t len)
{
	uint32_t ofs = p->len;
	void *room = packet_put(p, len);

	/* The packet was made with room for everything. */
	assert(room);
	if (data)
		memcpy(room, data, len);
	else
		memset(room, 0, len);
	return ofs;
}

static void put_payload(struct packet *p, size_t len)
{
	uint8_t octet = 0;

	while (len--)
		put(p, &(uint8_t){ octet++ }, 1);
}

static void set_csum(struct packet *p, uint32_t ofs, be16 sum)
{
	memcpy(p->data + ofs, &sum, sizeof(sum));
}

static void put_l4_csum(struct packet *p, const struct flow *f, uint32_t l4, size_t csum_ofs)
{
	uint32_t len = p->len - l4;
	uint64_t sum;
	be16 csum;

	if (f->eth_type == htons(ETH_TYPE_IP))
		sum = csum_pseudo_ipv4(f->ip_src, f->ip_dst, f->ip_proto, len);
	else
		sum = csum_pseudo_ipv6(&f->ipv6_src, &f->ipv6_dst, f->ip_proto, len);
	csum = csum_finish(csum_add(sum, p->data + l4, len));
	set_csum(p, l4 + csum_ofs, csum ? csum : 0xffff);
}

static void put_tcp(struct packet *p, const struct flow *f, size_t payload_len)
{
	struct tcp_hdr h = {
		.src = f->tp_src,
		.dst = f->tp_dst,
		.ctl = htons(5 << 12) | (f->tcp_flags & htons(TCP_FLAGS_MASK)),
	};
	uint32_t ofs = put(p, &h, sizeof(h));

	put_payload(p, payload_len);
	put_l4_csum(p, f, ofs, offsetof(struct tcp_hdr, csum));
}

static void put_udp(struct packet *p, const struct flow *f, size_t payload_len)
{
	struct udp_hdr h = {
		.src = f->tp_src,
		.dst = f->tp_dst,
		.len = htons(sizeof(h) + payload_len),
	};
	uint32_t ofs = put(p, &h, sizeof(h));

	put_payload(p, payload_len);
	put_l4_csum(p, f, ofs, offsetof(struct udp_hdr, csum));
}

static void put_icmp6(struct packet *p, const struct flow *f, size_t payload_len)
{
	uint8_t type = ntohs(f->tp_src), code = ntohs(f->tp_dst);
	uint32_t ofs;

	if (!code && (type == ND_SOLICIT || type == ND_ADVERT)) {
		const uint8_t *lla = type == ND_SOLICIT ? f->arp_sha : f->arp_tha;
		struct nd_hdr h = {
			.type = type,
			.code = code,
			.reserved = f->nd_reserved,
			.target = f->nd_target,
		};
		struct nd_lla_opt o = {
			.type = type == ND_SOLICIT ? ND_OPT_SLL : ND_OPT_TLL,
			.len = 1,
		};

		ofs = put(p, &h, sizeof(h));
		if (!eth_is_zero(lla)) {
			memcpy(o.addr, lla, 6);
			put(p, &o, sizeof(o));
		}
	} else {
		struct icmp_hdr h = { .type = type, .code = code };

		ofs = put(p, &h, sizeof(h));
		put_payload(p, payload_len);
	}
	put_l4_csum(p, f, ofs, offsetof(struct icmp_hdr, csum));
}

static void put_l4(struct packet *p, const struct flow *f, size_t payload_len)
{
	uint32_t ofs;

	if (f->ip_frag & FLOW_FRAG_LATER) {
		put_payload(p, payload_len);
	} else if (f->ip_proto == IPPROTO_TCP) {
		put_tcp(p, f, payload_len);
	} else if (f->ip_proto == IPPROTO_UDP) {
		put_udp(p, f, payload_len);
	} else if (f->ip_proto == IPPROTO_SCTP) {
		struct sctp_hdr h = { .src = f->tp_src, .dst = f->tp_dst };

		put(p, &h, sizeof(h));
		put_payload(p, payload_len);
	} else if (f->ip_proto == IPPROTO_ICMP && f->eth_type == htons(ETH_TYPE_IP)) {
		struct icmp_hdr h = { .type = ntohs(f->tp_src), .code = ntohs(f->tp_dst) };

		ofs = put(p, &h, sizeof(h));
		put_payload(p, payload_len);
		set_csum(p, ofs + offsetof(struct icmp_hdr, csum),
			 csum(p->data + ofs, p->len - ofs));
	} else if (f->ip_proto == IPPROTO_IGMP && f->eth_type == htons(ETH_TYPE_IP)) {
		struct igmp_hdr h = {
			.type = ntohs(f->tp_src),
			.code = ntohs(f->tp_dst),
			.group = f->igmp_group,
		};

		ofs = put(p, &h, sizeof(h));
		set_csum(p, ofs + offsetof(struct igmp_hdr, csum), csum(p->data + ofs, sizeof(h)));
	} else if (f->ip_proto == IPPROTO_ICMPV6 && f->eth_type == htons(ETH_TYPE_IPV6)) {
		put_icmp6(p, f, payload_len);
	} else {
		put_payload(p, payload_len);
	}
}

static void put_ipv4(struct packet *p, const struct flow *f, size_t payload_len)
{
	struct ipv4_hdr h = {
		.ver_ihl = 0x45,
		.tos = f->ip_tos,
		.ttl = f->ip_ttl,
		.proto = f->ip_proto,
		.src = f->ip_src,
		.dst = f->ip_dst,
	};
	uint32_t ofs = put(p, &h, sizeof(h));

	if (f->ip_frag & FLOW_FRAG_ANY)
		h.frag_off = f->ip_frag & FLOW_FRAG_LATER ? htons(100) : htons(IPV4_MF);
	put_l4(p, f, payload_len);
	h.tot_len = htons(p->len - ofs);
	h.csum = csum(&h, sizeof(h));
	memcpy(p->data + ofs, &h, sizeof(h));
}

static void put_ipv6(struct packet *p, const struct flow *f, size_t payload_len)
{
	struct ipv6_hdr h = {
		.flow = htonl(6u << 28 | (uint32_t)f->ip_tos << IPV6_TCLASS_SHIFT) |
			(f->ipv6_label & htonl(IPV6_LABEL_MASK)),
		.next_hdr = f->ip_proto,
		.hop_limit = f->ip_ttl,
		.src = f->ipv6_src,
		.dst = f->ipv6_dst,
	};
	uint32_t ofs = put(p, &h, sizeof(h));

	if (f->ip_frag & FLOW_FRAG_ANY) {
		struct ipv6_frag_hdr frag = {
			.next_hdr = f->ip_proto,
			.frag_off = f->ip_frag & FLOW_FRAG_LATER ? htons(100 << 3) : htons(1),
		};

		h.next_hdr = IPPROTO_FRAGMENT;
		put(p, &frag, sizeof(frag));
	}
	put_l4(p, f, payload_len);
	h.payload_len = htons(p->len - ofs - sizeof(h));
	memcpy(p->data + ofs, &h, sizeof(h));
}

static void put_arp(struct packet *p, const struct flow *f)
{
	struct arp_hdr h = {
		.hw_type = htons(1),
		.proto_type = htons(ETH_TYPE_IP),
		.hw_len = 6,
		.proto_len = 4,
		.op = htons(f->ip_proto),
		.spa = f->ip_src,
		.tpa = f->ip_dst,
	};

	memcpy(h.sha, f->arp_sha, 6);
	memcpy(h.tha, f->arp_tha, 6);
	put(p, &h, sizeof(h));
}

static void put_mpls(struct packet *p, const struct flow *f, size_t payload_len)
{
	unsigned int i;

	for (i = 0; i < FLOW_MAX_MPLS; i++) {
		put(p, &(struct mpls_hdr){ .lse = f->mpls_lse[i] }, sizeof(struct mpls_hdr));
		if (f->mpls_lse[i] & htonl(MPLS_BOS_MASK))
			break;
	}
	put_payload(p, payload_len);
}

static void put_l2(struct packet *p, const struct flow *f)
{
	unsigned int i;

	if (!f->packet_type) {
		put(p, f->eth_dst, 6);
		put(p, f->eth_src, 6);
	}
	for (i = 0; i < FLOW_MAX_VLANS && f->vlans[i].tpid; i++)
		put(p, &f->vlans[i], sizeof(f->vlans[i]));
	if (f->eth_type == htons(FLOW_ETH_TYPE_NONE)) {
		/* A length, and an LLC header of no SNAP. */
		be16 len = htons(3 + COMPOSE_PAYLOAD_LEN);

		put(p, &len, sizeof(len));
		put(p, (uint8_t[]){ 0x42, 0x42, 3 }, 3);
	} else if (!f->packet_type) {
		put(p, &f->eth_type, sizeof(f->eth_type));
	}
}

struct packet *compose_packet(const struct flow *f, size_t payload_len)
{
	struct packet *p = packet_create(128, 0, 256 + payload_len);

	if (!p)
		return NULL;
	p->packet_type = f->packet_type;
	put_l2(p, f);
	if (f->eth_type == htons(ETH_TYPE_IP))
		put_ipv4(p, f, payload_len);
	else if (f->eth_type == htons(ETH_TYPE_IPV6))
		put_ipv6(p, f, payload_len);
	else if (f->eth_type == htons(ETH_TYPE_ARP) || f->eth_type == htons(ETH_TYPE_RARP))
		put_arp(p, f);
	else if (eth_type_is_mpls(f->eth_type))
		put_mpls(p, f, payload_len);
	else
		put_payload(p, payload_len);
	flow_to_packet_md(f, &p->md);
	return p;
}
