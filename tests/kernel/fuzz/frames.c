// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/fuzz/frames.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "tests/kernel/fuzz/message.h"

#define N_HOSTS 3

struct arp {
	uint16_t htype, ptype;
	uint8_t hlen, plen;
	uint16_t op;
	uint8_t sha[6], spa[4], tha[6], tpa[4];
} __attribute__((packed));

static void add(struct frame *f, const void *p, size_t len)
{
	if (len > sizeof(f->data) - f->len)
		return;
	memcpy(f->data + f->len, p, len);
	f->len += len;
}

static void add_be16(struct frame *f, uint16_t value)
{
	value = htons(value);
	add(f, &value, sizeof(value));
}

static void add_be32(struct frame *f, uint32_t value)
{
	value = htonl(value);
	add(f, &value, sizeof(value));
}

static uint32_t sum(const void *p, size_t len, uint32_t start)
{
	const uint8_t *octets = p;

	for (size_t i = 0; i + 1 < len; i += 2)
		start += octets[i] << 8 | octets[i + 1];
	if (len & 1)
		start += octets[len - 1] << 8;
	return start;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons(~s);
}

static void host(uint8_t mac[6], unsigned int n)
{
	memcpy(mac, (const uint8_t[]){ 2, 0, 0, 0, 0, n }, 6);
}

static void add_ethernet(struct frame *f)
{
	uint8_t mac[6];

	host(mac, rnd(N_HOSTS));
	if (chance(5))
		memset(mac, 0xff, sizeof(mac));
	add(f, mac, sizeof(mac));
	host(mac, rnd(N_HOSTS));
	add(f, mac, sizeof(mac));
}

static void add_payload(struct frame *f)
{
	static uint8_t octets[8192];
	size_t len = chance(80) ? rnd(200) : rnd(chance(50) ? 1500 : sizeof(octets));

	memset(octets, rnd(256), len);
	add(f, octets, len);
}

/* TCP, UDP or another, and its checksum; 'pseudo' is the sum of what is in front of it. */
static void add_transport(struct frame *f, uint8_t protocol, uint32_t pseudo,
			  struct virtio_net_hdr *offload)
{
	struct tcphdr tcp = {
		.source = htons(1000 + rnd(3)),
		.dest = htons(chance(20) ? 21 : 80 + rnd(3)),
		.seq = htonl(rnd_u32()),
		.doff = 5,
		.syn = chance(40),
		.ack = chance(60),
		.fin = chance(10),
		.rst = chance(5),
		.window = htons(1000),
	};
	struct udphdr udp = { .source = tcp.source, .dest = tcp.dest };
	size_t start = f->len, check = 0, header = 0;
	uint8_t other[8] = { chance(50) ? 8 : chance(50) ? 135 + rnd(2) : rnd(256), rnd(3) };
	bool partial = chance(20);
	uint16_t sum16;

	switch (protocol) {
	case IPPROTO_TCP:
		add(f, &tcp, header = sizeof(tcp));
		check = offsetof(struct tcphdr, check);
		break;
	case IPPROTO_UDP:
		add(f, &udp, header = sizeof(udp));
		check = offsetof(struct udphdr, check);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		add(f, other, header = sizeof(other));
		check = 2;
		break;
	case IPPROTO_SCTP:
		add_be16(f, 1000 + rnd(3));
		add_be16(f, 80);
		add_be32(f, rnd_u32());
		break;
	}
	add_payload(f);
	if (protocol == IPPROTO_UDP) {
		udp.len = htons(f->len - start);
		memcpy(f->data + start, &udp, sizeof(udp));
	}
	if (!header || (check && f->len < start + check + 2))
		return;
	if (protocol != IPPROTO_ICMP)
		pseudo += protocol + (f->len - start);
	else
		pseudo = 0;
	if (partial && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)) {
		offload->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		offload->csum_start = start - sizeof(*offload);
		offload->csum_offset = check;
		sum16 = ~fold(pseudo);
	} else {
		partial = false;
		sum16 = fold(sum(f->data + start, f->len - start, pseudo));
	}
	memcpy(f->data + start + check, &sum16, sizeof(sum16));
	if (partial && protocol == IPPROTO_TCP && chance(60)) {
		offload->gso_size = chance(90) ? 100 + rnd(1400) : rnd_u32();
		offload->hdr_len = start + header - sizeof(*offload);
	}
}

static uint8_t any_protocol(bool is_v6)
{
	const uint8_t of[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
			       is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP };

	return chance(97) ? of[rnd(sizeof(of))] : rnd(256);
}

static void add_ipv4(struct frame *f, struct virtio_net_hdr *offload)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tos = chance(20) ? rnd(256) : 0,
		.id = htons(rnd(4)),
		.frag_off = htons(chance(90)   ? 0x4000
				  : chance(50) ? 0x2000
					       : rnd(16)),
		.ttl = chance(90) ? 64 : rnd(3),
		.protocol = any_protocol(false),
		.saddr = htonl(0x0a000000 + rnd(N_HOSTS)),
		.daddr = htonl(0x0a000000 + rnd(N_HOSTS)),
	};
	size_t start = f->len;

	add(f, &ip, sizeof(ip));
	add_transport(f, ip.protocol, sum(&ip.saddr, 8, 0), offload);
	if (offload->gso_size)
		offload->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	ip.tot_len = htons(f->len - start);
	ip.check = fold(sum(&ip, sizeof(ip), 0));
	memcpy(f->data + start, &ip, sizeof(ip));
}

static void add_ipv6(struct frame *f, struct virtio_net_hdr *offload)
{
	static const uint8_t extensions[] = { 0, 43, 44, 60 };
	struct ipv6hdr ip = { .version = 6, .hop_limit = chance(90) ? 64 : rnd(3) };
	uint8_t protocol = any_protocol(true), extension[8] = { protocol };
	size_t start = f->len;

	ip.saddr.s6_addr[0] = ip.daddr.s6_addr[0] = 0xfd;
	ip.saddr.s6_addr[15] = rnd(N_HOSTS);
	ip.daddr.s6_addr[15] = rnd(N_HOSTS);
	ip.nexthdr = protocol;
	if (chance(15))
		ip.nexthdr = extensions[rnd(4)];
	add(f, &ip, sizeof(ip));
	if (ip.nexthdr != protocol) {
		if (ip.nexthdr == 44)
			extension[3] = chance(50) ? 1 : rnd(16);
		add(f, extension, sizeof(extension));
	}
	add_transport(f, protocol, sum(&ip.saddr, 32, 0), offload);
	if (offload->gso_size)
		offload->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	ip.payload_len = htons(f->len - start - sizeof(ip));
	memcpy(f->data + start, &ip, sizeof(ip));
}

static void add_arp(struct frame *f)
{
	struct arp arp = { htons(1), htons(ETH_P_IP), 6,     4,    htons(1 + rnd(2)),
			   { 0 },    { 0 },           { 0 }, { 0 } };

	host(arp.sha, rnd(N_HOSTS));
	memcpy(arp.spa, (const uint8_t[]){ 10, 0, 0, rnd(N_HOSTS) }, 4);
	memcpy(arp.tpa, (const uint8_t[]){ 10, 0, 0, rnd(N_HOSTS) }, 4);
	add(f, &arp, sizeof(arp));
}

static void add_nsh(struct frame *f)
{
	uint8_t octets[24] = { 0, 0x46, 1, 1 + rnd(4) }; /* type 1: six words */

	octets[7] = 255;
	if (chance(10))
		rnd_fill(octets, sizeof(octets));
	add(f, octets, sizeof(octets));
	add_payload(f);
}

/* From the Ethernet type on. */
static void add_rest(struct frame *f, struct virtio_net_hdr *offload)
{
	unsigned int n;

	for (n = chance(25) ? 1 + rnd(3) : 0; n; n--) {
		add_be16(f, chance(70) ? ETH_P_8021Q : ETH_P_8021AD);
		add_be16(f, rnd(5) | (chance(20) ? rnd(8) << 13 : 0));
	}
	if (chance(10)) {
		n = 1 + rnd(5);
		add_be16(f, ETH_P_MPLS_UC);
		while (n--)
			add_be32(f, rnd(4) << 12 | (n ? 0 : 0x100) | 64);
		add_ipv4(f, offload);
		return;
	}
	switch (rnd(10)) {
	case 0:
		add_be16(f, ETH_P_ARP);
		add_arp(f);
		break;
	case 1:
		add_be16(f, ETH_P_NSH);
		add_nsh(f);
		break;
	case 2:
		add_be16(f, chance(50) ? 0x88b6 : rnd(0x600));
		add_payload(f);
		break;
	case 3:
	case 4:
	case 5:
		add_be16(f, ETH_P_IPV6);
		add_ipv6(f, offload);
		break;
	default:
		add_be16(f, ETH_P_IP);
		add_ipv4(f, offload);
	}
}

static void damage(struct frame *f, size_t from)
{
	if (chance(15) && f->len > from) {
		for (unsigned int n = 1 + rnd(3); n; n--)
			f->data[from + rnd(f->len - from)] = rnd_u32();
	}
	if (chance(5))
		f->len = from + 14 + rnd(f->len - from - 14);
}

void frame_generate(struct frame *f)
{
	struct virtio_net_hdr offload = { 0 };

	f->len = 0;
	add(f, &offload, sizeof(offload));
	add_ethernet(f);
	add_rest(f, &offload);
	damage(f, sizeof(offload));
	memcpy(f->data, &offload, sizeof(offload));
	if (chance(1))
		rnd_fill(f->data, sizeof(offload));
}

void frame_generate_tunnel(struct frame *f, uint32_t remote, uint32_t local, const uint8_t mac[6])
{
	struct virtio_net_hdr offload = { 0 }, none = { 0 };
	struct udphdr udp = { .source = htons(5000) };
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .saddr = remote, .daddr = local };
	size_t start, at_udp;
	uint8_t from[6];

	f->len = 0;
	add(f, &none, sizeof(none));
	add(f, mac, 6);
	host(from, 9);
	add(f, from, sizeof(from));
	add_be16(f, ETH_P_IP);
	start = f->len;
	ip.protocol = chance(70) ? IPPROTO_UDP : IPPROTO_GRE;
	add(f, &ip, sizeof(ip));
	at_udp = f->len;
	if (ip.protocol == IPPROTO_GRE) {
		add_be16(f, chance(80) ? 0x2000 : 0); /* with a key */
		add_be16(f, ETH_P_TEB);
		add_be32(f, rnd(3));
	} else if (chance(50)) {
		udp.dest = htons(4789);
		add(f, &udp, sizeof(udp));
		add_be32(f, chance(80) ? 0x08000000 : 0x88000000 | rnd(65536));
		add_be32(f, rnd(3) << 8);
	} else {
		bool has_option = chance(50);

		udp.dest = htons(6081);
		add(f, &udp, sizeof(udp));
		add_be16(f, has_option ? 0x0200 : 0);
		add_be16(f, ETH_P_TEB);
		add_be32(f, rnd(3) << 8);
		if (has_option) { /* of class 1, one word */
			add_be32(f, 0x00010001);
			add_be32(f, rnd_u32());
		}
	}
	add_ethernet(f);
	add_rest(f, &offload); /* what it says of offloads does not hold out here */
	damage(f, at_udp + sizeof(udp));
	udp.len = htons(f->len - at_udp);
	if (ip.protocol == IPPROTO_UDP)
		memcpy(f->data + at_udp, &udp, sizeof(udp));
	ip.tot_len = htons(f->len - start);
	ip.check = fold(sum(&ip, sizeof(ip), 0));
	memcpy(f->data + start, &ip, sizeof(ip));
}
