/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol headers as they stand in a frame.  All structs are packed: they may lie at any address,
 * and the compiler then reads them octet-safe; multi-octet members are big-endian. Whoever overlays
 * one on a frame has compared the length first. */
#ifndef PACKET_HEADERS_H
#define PACKET_HEADERS_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/compiler.h"

#define HEADER __attribute__((packed))

struct eth_hdr { /* IEEE 802.3 */
	uint8_t dst[6];
	uint8_t src[6];
	be16 type; /* below ETH_TYPE_MIN: a length */
} HEADER;
static_assert(sizeof(struct eth_hdr) == 14, "IEEE 802.3");
#define ETH_TYPE_MIN 0x600

struct vlan_hdr { /* IEEE 802.1Q-2014, 9.5: what follows the tag protocol identifier */
	be16 tci;
	be16 next_type;
} HEADER;
static_assert(sizeof(struct vlan_hdr) == 4, "IEEE 802.1Q");

struct llc_snap_hdr { /* IEEE 802.2, RFC 1042 */
	uint8_t dsap, ssap, control;
	uint8_t oui[3];
	be16 type;
} HEADER;
static_assert(sizeof(struct llc_snap_hdr) == 8, "RFC 1042");

struct mpls_hdr { /* RFC 3032 section 2.1 */
	be32 lse; /* label 20, traffic class 3, bottom of stack 1, TTL 8 */
} HEADER;
static_assert(sizeof(struct mpls_hdr) == 4, "RFC 3032");
#define MPLS_LABEL_MASK 0xfffff000u
#define MPLS_LABEL_SHIFT 12
#define MPLS_TC_MASK 0x00000e00u
#define MPLS_TC_SHIFT 9
#define MPLS_BOS_MASK 0x00000100u
#define MPLS_BOS_SHIFT 8
#define MPLS_TTL_MASK 0x000000ffu

struct ipv4_hdr { /* RFC 791 */
	uint8_t ver_ihl; /* version, header length in 4 octets */
	uint8_t tos;
	be16 tot_len;
	be16 id;
	be16 frag_off; /* IPV4_DF, IPV4_MF, offset in 8 octets */
	uint8_t ttl;
	uint8_t proto;
	be16 csum;
	be32 src, dst;
} HEADER;
static_assert(sizeof(struct ipv4_hdr) == 20, "RFC 791");
#define IPV4_DF 0x4000
#define IPV4_MF 0x2000
#define IPV4_OFFSET_MASK 0x1fff

struct ipv6_hdr { /* RFC 8200 */
	be32 flow; /* version 4, traffic class 8, label 20 */
	be16 payload_len;
	uint8_t next_hdr;
	uint8_t hop_limit;
	struct in6_addr src, dst;
} HEADER;
static_assert(sizeof(struct ipv6_hdr) == 40, "RFC 8200");
#define IPV6_LABEL_MASK 0x000fffffu
#define IPV6_TCLASS_MASK 0x0ff00000u
#define IPV6_TCLASS_SHIFT 20

struct ipv6_ext_hdr { /* hop-by-hop, routing, destination options */
	uint8_t next_hdr;
	uint8_t len; /* in 8 octets, the first 8 not counted; AH: in 4, less 2 */
} HEADER;
struct ipv6_frag_hdr { /* RFC 8200 section 4.5 */
	uint8_t next_hdr;
	uint8_t reserved;
	be16 frag_off; /* offset in the upper 13 bits, more fragments in the lowest */
	be32 id;
} HEADER;
static_assert(sizeof(struct ipv6_frag_hdr) == 8, "RFC 8200");
#define IPV6_FRAG_OFFSET_MASK 0xfff8
#define IPV6_FRAG_MORE 0x0001

struct arp_hdr { /* RFC 826, Ethernet and IPv4 */
	be16 hw_type;
	be16 proto_type;
	uint8_t hw_len, proto_len;
	be16 op;
	uint8_t sha[6];
	be32 spa;
	uint8_t tha[6];
	be32 tpa;
} HEADER;
static_assert(sizeof(struct arp_hdr) == 28, "RFC 826");

struct tcp_hdr { /* RFC 9293 */
	be16 src, dst;
	be32 seq, ack;
	be16 ctl; /* data offset 4 (in 4 octets), reserved 3, flags 9 */
	be16 window;
	be16 csum;
	be16 urgent;
} HEADER;
static_assert(sizeof(struct tcp_hdr) == 20, "RFC 9293");
#define TCP_FLAGS_MASK 0x0fff
#define TCP_FIN 0x001
#define TCP_SYN 0x002
#define TCP_RST 0x004
#define TCP_PSH 0x008
#define TCP_ACK 0x010
#define TCP_CWR 0x080

struct udp_hdr { /* RFC 768 */
	be16 src, dst;
	be16 len;
	be16 csum;
} HEADER;
static_assert(sizeof(struct udp_hdr) == 8, "RFC 768");

struct sctp_hdr { /* RFC 9260 section 3.1 */
	be16 src, dst;
	be32 vtag;
	uint32_t csum; /* CRC32c, little-endian */
} HEADER;
static_assert(sizeof(struct sctp_hdr) == 12, "RFC 9260");

struct icmp_hdr { /* RFC 792, RFC 4443: the part all types share */
	uint8_t type, code;
	be16 csum;
	be32 rest;
} HEADER;
static_assert(sizeof(struct icmp_hdr) == 8, "RFC 792");

struct igmp_hdr { /* RFC 2236 */
	uint8_t type, code;
	be16 csum;
	be32 group;
} HEADER;
static_assert(sizeof(struct igmp_hdr) == 8, "RFC 2236");

struct nd_hdr { /* RFC 4861 sections 4.3, 4.4: neighbour solicitation and advertisement */
	uint8_t type, code;
	be16 csum;
	be32 reserved; /* an advertisement's flags */
	struct in6_addr target;
} HEADER;
static_assert(sizeof(struct nd_hdr) == 24, "RFC 4861");
struct nd_lla_opt { /* RFC 4861 section 4.6.1 */
	uint8_t type, len; /* in 8 octets */
	uint8_t addr[6];
} HEADER;
static_assert(sizeof(struct nd_lla_opt) == 8, "RFC 4861");
#define ND_SOLICIT 135
#define ND_ADVERT 136
#define ND_OPT_SLL 1
#define ND_OPT_TLL 2

struct nsh_hdr { /* RFC 8300 section 2.2, base and service path headers */
	be16 ver_flags_len; /* version 2, O 1, unassigned 1, TTL 6, length in 4 octets 6 */
	uint8_t mdtype, np;
	be32 path_hdr; /* path 24, index 8 */
} HEADER;
static_assert(sizeof(struct nsh_hdr) == 8, "RFC 8300");
#define NSH_MD1_LEN 24 /* base, path and four context words */
#define NSH_MDTYPE1 1
#define NSH_MDTYPE2 2

/* EtherTypes that linux/if_ether.h lacks or names at length. */
#define ETH_TYPE_VLAN_8021Q 0x8100
#define ETH_TYPE_VLAN_8021AD 0x88a8
#define ETH_TYPE_IP 0x0800
#define ETH_TYPE_IPV6 0x86dd
#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_RARP 0x8035
#define ETH_TYPE_MPLS 0x8847
#define ETH_TYPE_MPLS_MCAST 0x8848
#define ETH_TYPE_NSH 0x894f
#define ETH_TYPE_TEB 0x6558

static inline bool eth_type_is_vlan(be16 type)
{
	return type == htons(ETH_TYPE_VLAN_8021Q) || type == htons(ETH_TYPE_VLAN_8021AD);
}
static inline bool eth_type_is_mpls(be16 type)
{
	return type == htons(ETH_TYPE_MPLS) || type == htons(ETH_TYPE_MPLS_MCAST);
}

/* Reads from any address. */
static inline be16 load_be16(const void *p)
{
	be16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}
/* A number of 'n' octets, at most 8, the most significant first. */
static inline uint64_t load_be(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}
static inline void store_be(uint8_t *p, unsigned int n, uint64_t v)
{
	while (n--) {
		p[n] = v;
		v >>= 8;
	}
}
static inline be32 load_be32(const void *p)
{
	be32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}
static inline uint64_t load_u64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#endif
