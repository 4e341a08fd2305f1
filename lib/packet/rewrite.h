/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the headers of a parsed packet (l2_5_ofs, l3_ofs, l4_ofs as the parser set them).
 * Checksums are updated incrementally (RFC 1624), never computed anew, so that a wrong one stays
 * wrong.  Where a partial checksum is still to be completed, only what its field holds, the sum
 * over the pseudo header, follows the change.  Offsets are right afterwards, and offload metadata,
 * too.
 *
 * Each returns DROP_NONE, DROP_HEADER_TOO_SHORT if the header is not there or is cut (the packet is
 * then as before), or DROP_NO_MEMORY. */
#ifndef PACKET_REWRITE_H
#define PACKET_REWRITE_H

#include "packet/packet.h"

/* A new outermost tag; the CFI bit of 'tci' is the marker of keys and not written. */
enum drop_reason packet_push_vlan(struct packet *, be16 tpid, be16 tci);
/* Takes the outermost tag off; nothing to do if there is none. */
enum drop_reason packet_pop_vlan(struct packet *);
/* A new outermost entry in front of the MPLS stack or the L3 header. */
enum drop_reason packet_push_mpls(struct packet *, be32 lse, be16 eth_type);
enum drop_reason packet_pop_mpls(struct packet *, be16 eth_type);
enum drop_reason packet_set_mpls(struct packet *, be32 lse);
/* A header for a packet that has none (packet_type not 0), and off again. */
enum drop_reason packet_push_eth(struct packet *, const uint8_t dst[6], const uint8_t src[6]);
enum drop_reason packet_pop_eth(struct packet *);
/* 'len' octets of NSH, its base header first, in front of all. */
enum drop_reason packet_push_nsh(struct packet *, const void *nsh, size_t len);
enum drop_reason packet_pop_nsh(struct packet *);

/* Headers of a parsed packet, NULL if they are not whole; of IPv4 and IPv6 only if that is what
 * stands there. */
struct eth_hdr *packet_eth(const struct packet *);
struct ipv4_hdr *packet_ipv4(const struct packet *);
struct ipv6_hdr *packet_ipv6(const struct packet *);
struct arp_hdr *packet_arp(const struct packet *);
/* The L4 header, if 'len' octets of it are there. */
void *packet_l4_header(const struct packet *, size_t len);

enum drop_reason packet_set_eth(struct packet *, const uint8_t src[6], const uint8_t dst[6]);
enum drop_reason packet_set_ipv4(struct packet *, be32 src, be32 dst, uint8_t tos, uint8_t ttl);
/* Addresses: 16 octets anywhere; 'label': 20 bits. */
enum drop_reason packet_set_ipv6(struct packet *, const void *src, const void *dst, be32 label,
				 uint8_t tclass, uint8_t hop_limit);
enum drop_reason packet_set_tcp(struct packet *, be16 src, be16 dst);
enum drop_reason packet_set_udp(struct packet *, be16 src, be16 dst);
enum drop_reason packet_set_sctp(struct packet *, be16 src, be16 dst);
/* ICMP and ICMPv6. */
enum drop_reason packet_set_icmp(struct packet *, uint8_t type, uint8_t code);
enum drop_reason packet_set_arp(struct packet *, be16 op, be32 spa, be32 tpa, const uint8_t sha[6],
				const uint8_t tha[6]);
/* Link-layer addresses are set where the message has such an option; an address of zeroes leaves
 * it. */
enum drop_reason packet_set_nd(struct packet *, const struct in6_addr *target, const uint8_t sll[6],
			       const uint8_t tll[6]);
/* The reserved word and the type of the link-layer address option, 0 leaves it. */
enum drop_reason packet_set_nd_ext(struct packet *, be32 reserved, uint8_t options_type);
/* Takes 1 off TTL or hop limit.  '*expired' says that it was 1 or 0 before, and nothing is
 * changed. */
enum drop_reason packet_dec_ttl(struct packet *, bool *expired);

#endif
