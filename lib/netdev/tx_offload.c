// SPDX-License-Identifier: Apache-2.0
/* Segmentation copies the headers in front of each piece of the payload and corrects what differs:
 * lengths, IP identification, TCP sequence number and flags, checksums.  All frames are made
 * before the first is handed out, so that running out of memory halfway leaves nothing half
 * sent. */
#include "netdev/tx_offload.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet/csum.h"
#include "packet/headers.h"

#define MAX_SEGMENTS 1024
#define HEADROOM 64

/* Where the headers of a GSO frame are, checked against the frame. */
struct layout {
	uint32_t l3, l4;
	uint32_t payload; /* behind the L4 header */
	uint32_t mss; /* octets of payload in a segment */
	bool v6;
	uint8_t proto;
};

static bool layout_ip(const struct packet *p, struct layout *l)
{
	uint8_t gso = p->offload.gso;

	if (p->l3_ofs == PACKET_NO_OFS || (uint32_t)p->l3_ofs + sizeof(struct ipv4_hdr) > p->len)
		return false;
	l->l3 = p->l3_ofs;
	l->v6 = p->data[l->l3] >> 4 == 6;
	if (!l->v6 && p->data[l->l3] >> 4 != 4)
		return false;
	if ((gso == PACKET_GSO_TCPV4 && l->v6) || (gso == PACKET_GSO_TCPV6 && !l->v6))
		return false;
	l->proto = gso == PACKET_GSO_TCPV4 || gso == PACKET_GSO_TCPV6 ? IPPROTO_TCP : IPPROTO_UDP;
	/* A partial checksum starts at the L4 header; l4_ofs is absent behind MPLS. */
	l->l4 = p->offload.csum_partial ? p->offload.csum_start
		: p->l4_ofs != PACKET_NO_OFS
			? p->l4_ofs
			: l->l3 + (l->v6 ? sizeof(struct ipv6_hdr) : (p->data[l->l3] & 15) * 4);
	return l->l4 >= l->l3 + (l->v6 ? sizeof(struct ipv6_hdr) : sizeof(struct ipv4_hdr)) &&
	       l->l4 < p->len;
}

static bool layout_get(const struct packet *p, struct layout *l)
{
	if (!p->offload.gso_size || !layout_ip(p, l))
		return false;
	if (l->proto == IPPROTO_TCP) {
		struct tcp_hdr tcp;

		if (l->l4 + sizeof(tcp) > p->len)
			return false;
		memcpy(&tcp, p->data + l->l4, sizeof(tcp));
		l->payload = l->l4 + (ntohs(tcp.ctl) >> 12) * 4;
		if (l->payload < l->l4 + sizeof(tcp))
			return false;
	} else {
		l->payload = l->l4 + sizeof(struct udp_hdr);
	}
	l->mss = p->offload.gso_size;
	return l->payload <= p->len && (p->len - l->payload) / l->mss < MAX_SEGMENTS;
}

uint32_t tx_segment_len(const struct packet *p)
{
	struct layout l;

	if (!p->offload.gso || !layout_get(p, &l))
		return p->len;
	return MIN(p->len, l.payload + l.mss);
}

static void fix_ipv4(struct packet *s, const struct layout *l, be16 frag_off, uint16_t id)
{
	struct ipv4_hdr ip;
	size_t hlen = (s->data[l->l3] & 15) * 4;

	memcpy(&ip, s->data + l->l3, sizeof(ip));
	ip.tot_len = htons(s->len - l->l3);
	ip.id = htons(id);
	ip.frag_off = frag_off;
	ip.csum = 0;
	memcpy(s->data + l->l3, &ip, sizeof(ip));
	if (hlen < sizeof(ip) || l->l3 + hlen > s->len)
		hlen = sizeof(ip);
	ip.csum = csum(s->data + l->l3, hlen);
	memcpy(s->data + l->l3, &ip, sizeof(ip));
}

static void fix_ipv6(struct packet *s, const struct layout *l)
{
	be16 len = htons(s->len - l->l3 - sizeof(struct ipv6_hdr));

	memcpy(s->data + l->l3 + offsetof(struct ipv6_hdr, payload_len), &len, sizeof(len));
}

/* The whole checksum of the L4 header at 'l4', whose checksum field is at 'csum_ofs' in it. */
static void fix_l4_csum(struct packet *s, const struct layout *l, size_t csum_ofs)
{
	uint32_t len = s->len - l->l4;
	struct in6_addr src, dst;
	struct ipv4_hdr ip;
	be16 sum = 0;
	uint64_t pseudo;

	if (l->v6) {
		memcpy(&src, s->data + l->l3 + offsetof(struct ipv6_hdr, src), sizeof(src));
		memcpy(&dst, s->data + l->l3 + offsetof(struct ipv6_hdr, dst), sizeof(dst));
		pseudo = csum_pseudo_ipv6(&src, &dst, l->proto, len);
	} else {
		memcpy(&ip, s->data + l->l3, sizeof(ip));
		pseudo = csum_pseudo_ipv4(ip.src, ip.dst, l->proto, len);
	}
	memcpy(s->data + l->l4 + csum_ofs, &sum, sizeof(sum));
	sum = csum_finish(csum_add(pseudo, s->data + l->l4, len));
	if (!sum)
		sum = 0xffff; /* 0 says in UDP that there is none; elsewhere both are the same */
	memcpy(s->data + l->l4 + csum_ofs, &sum, sizeof(sum));
}

/* A frame of the first 'hdr_len' octets of 'p' and 'len' octets from 'from'. */
static struct packet *piece(const struct packet *p, uint32_t hdr_len, uint32_t from, uint32_t len)
{
	struct packet *s = packet_create(HEADROOM, hdr_len + len, 0);

	if (!s)
		return NULL;
	memcpy(s->data, p->data, hdr_len);
	memcpy(s->data + hdr_len, p->data + from, len);
	s->l2_5_ofs = p->l2_5_ofs;
	s->l3_ofs = p->l3_ofs;
	s->l4_ofs = p->l4_ofs;
	s->packet_type = p->packet_type;
	s->hash = p->hash;
	memcpy(&s->md, &p->md,
	       p->md.has_tunnel ? sizeof(s->md) : offsetof(struct packet_md, tunnel));
	return s;
}

static void fix_tcp(struct packet *s, const struct packet *p, const struct layout *l, uint32_t ofs,
		    bool last)
{
	struct tcp_hdr tcp;
	uint16_t ctl;

	memcpy(&tcp, p->data + l->l4, sizeof(tcp));
	ctl = ntohs(tcp.ctl);
	if (!last)
		ctl &= ~(TCP_FIN | TCP_PSH);
	if (ofs)
		ctl &= ~TCP_CWR; /* RFC 3168 section 6.1.2: once for each window */
	tcp.ctl = htons(ctl);
	tcp.seq = htonl(ntohl(tcp.seq) + ofs);
	memcpy(s->data + l->l4, &tcp, sizeof(tcp));
	fix_l4_csum(s, l, offsetof(struct tcp_hdr, csum));
}

static void fix_udp(struct packet *s, const struct layout *l)
{
	be16 len = htons(s->len - l->l4);

	memcpy(s->data + l->l4 + offsetof(struct udp_hdr, len), &len, sizeof(len));
	fix_l4_csum(s, l, offsetof(struct udp_hdr, csum));
}

/* TCP, and UDP into datagrams. */
static struct packet *make_segment(const struct packet *p, const struct layout *l, uint32_t ofs,
				   uint32_t len, uint32_t index, bool last)
{
	struct packet *s = piece(p, l->payload, l->payload + ofs, len);

	if (!s)
		return NULL;
	if (l->v6) {
		fix_ipv6(s, l);
	} else {
		struct ipv4_hdr ip;

		memcpy(&ip, p->data + l->l3, sizeof(ip));
		fix_ipv4(s, l, ip.frag_off, ntohs(ip.id) + index);
	}
	if (l->proto == IPPROTO_TCP)
		fix_tcp(s, p, l, ofs, last);
	else
		fix_udp(s, l);
	return s;
}

/* One UDP datagram into IPv4 fragments; the checksum of 'p' is complete.  'ofs' is from the UDP
 * header on. */
static struct packet *make_fragment(const struct packet *p, const struct layout *l, uint32_t ofs,
				    uint32_t len, bool last)
{
	struct packet *s = piece(p, l->l4, l->l4 + ofs, len);
	struct ipv4_hdr ip;

	if (!s)
		return NULL;
	memcpy(&ip, p->data + l->l3, sizeof(ip));
	fix_ipv4(s, l, htons(ofs / 8 | (last ? 0 : IPV4_MF)), ntohs(ip.id));
	return s;
}

/* The checksum of a datagram that is to be cut into fragments. */
static enum drop_reason complete_datagram(struct packet *p)
{
	enum drop_reason why;
	uint8_t gso = p->offload.gso;

	p->offload.gso = PACKET_GSO_NONE;
	why = packet_csum_complete(p);
	p->offload.gso = gso;
	return why;
}

enum drop_reason tx_segment(struct packet *p, void (*emit)(struct packet *, void *aux), void *aux)
{
	bool fragment = p->offload.gso == PACKET_GSO_UDP;
	struct packet *segs[MAX_SEGMENTS];
	uint32_t from, total, step, ofs, i, n = 0;
	struct layout l;

	if (!layout_get(p, &l))
		return DROP_BAD_OFFLOAD;
	from = fragment ? l.l4 : l.payload;
	total = p->len - from;
	step = fragment ? l.mss & ~7u : l.mss;
	if (fragment && (l.v6 || !step || total / step >= MAX_SEGMENTS))
		return DROP_NO_SEGMENTATION;
	if (fragment && complete_datagram(p))
		return DROP_BAD_OFFLOAD;
	ofs = 0;
	do {
		uint32_t len = MIN(step, total - ofs);
		bool last = ofs + len == total;

		segs[n] = fragment ? make_fragment(p, &l, ofs, len, last)
				   : make_segment(p, &l, ofs, len, n, last);
		if (!segs[n]) {
			while (n)
				packet_release(segs[--n]);
			return DROP_NO_MEMORY;
		}
		n++;
		ofs += len;
	} while (ofs < total);
	for (i = 0; i < n; i++)
		emit(segs[i], aux);
	packet_release(p);
	return DROP_NONE;
}
