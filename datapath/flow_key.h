/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow key: what a masked flow matches.  Fields are in network byte order where the wire has
 * them so.  Everything is laid out in 64-bit words: a mask is the same struct plus the range of
 * words that are not zero, and hashing and comparing walk only those words.
 *
 * The key of a packet is not carried along: the fast path never builds one.  key_extract() makes it
 * on demand from the packet and its metadata (struct pkt), as deep as the caller needs.
 */
#ifndef DATAPATH_FLOW_KEY_H
#define DATAPATH_FLOW_KEY_H

#include <linux/in6.h>
#include <linux/openvswitch.h>
#include <linux/types.h>
#include <net/ip_tunnels.h>

struct genl_info;
struct netlink_ext_ack;
struct nlattr;
struct pkt;
struct sk_buff;

#define KEY_MAX_MPLS 3
#define KEY_TUN_OPTS_MAX 255 /* octets, IP_TUNNEL_OPTS_MAX */

enum key_mac_proto {
	KEY_MAC_ETHERNET, /* so that zeroed metadata means an Ethernet frame */
	KEY_MAC_NONE, /* a bare layer 3 packet: eth_type is its protocol */
};

struct key_vlan {
	__be16 tpid; /* 0: no tag */
	__be16 tci; /* VLAN_CFI_MASK set: a tag is present */
};

struct key_nsh {
	struct ovs_nsh_key_base base;
	__be32 context[NSH_MD1_CONTEXT_SIZE];
};

/* One key or mask.  A field that the packet does not have is 0 (in the mask of an exact match,
 * too). */
struct flow_key {
	/* Level 0: metadata of the packet, always there. */
	u32 in_port; /* DP_MAX_PORTS: none */
	u32 recirc_id;
	u32 dp_hash;
	u32 skb_mark;
	u32 priority;
	u16 ct_zone;
	u8 ct_state;
	u8 mac_proto; /* enum key_mac_proto */
	u32 ct_mark;
	u8 ct_orig_proto; /* 0: no original tuple */
	u8 tun_proto; /* AF_INET, AF_INET6; 0: no tunnel */
	__be16 ct_orig_src_port, ct_orig_dst_port;
	u16 pad0;
	struct ovs_key_ct_labels ct_labels;
	union {
		struct {
			__be32 src, dst;
		} ct_orig4;
		struct {
			struct in6_addr src, dst;
		} ct_orig6;
	};

	/* Level 1: Ethernet. */
	u8 eth_dst[ETH_ALEN];
	u8 eth_src[ETH_ALEN];
	struct key_vlan vlan, cvlan; /* outermost, then the next */
	__be16 eth_type; /* of the payload after (up to two) tags; ETH_P_802_2 for LLC */
	u16 pad1;

	/* Level 2: the network header. */
	u8 ip_proto; /* ARP: low octet of the operation */
	u8 ip_tos, ip_ttl;
	u8 ip_frag; /* enum ovs_frag_type */
	u16 ipv6_exthdrs; /* OFPIEH12_* bits of struct ovs_key_ipv6_exthdrs */
	u16 pad2;
	union {
		struct {
			__be32 src, dst; /* ARP: spa, tpa */
			u8 arp_sha[ETH_ALEN], arp_tha[ETH_ALEN];
			u32 pad;
		} ipv4;
		struct {
			struct in6_addr src, dst;
			__be32 label; /* 20 bits */
			u32 pad;
		} ipv6;
		struct {
			u32 n_lse; /* 1..3, not matched on by itself */
			__be32 lse[KEY_MAX_MPLS];
		} mpls;
		struct key_nsh nsh;
	};

	/* Level 3: the transport header. */
	__be16 tp_src, tp_dst; /* ICMP: type and code */
	__be16 tp_flags; /* TCP, 12 bits */
	u16 pad3;
	struct {
		struct in6_addr target;
		u8 sll[ETH_ALEN], tll[ETH_ALEN];
		u32 pad;
	} nd;

	/* Last, so that masks without a tunnel are short. */
	struct ip_tunnel_key tun; /* without padding garbage: always zeroed before it is filled */
	u8 tun_opts_len;
	u8 pad4[7];
	u8 tun_opts[KEY_TUN_OPTS_MAX + 1]; /* right-aligned is not needed: from offset 0 */
} __aligned(8);

enum key_level {
	KEY_LEVEL_META,
	KEY_LEVEL_ETHERNET,
	KEY_LEVEL_NETWORK,
	KEY_LEVEL_TRANSPORT,
};

#define KEY_WORDS (sizeof(struct flow_key) / 8)

/* Words [start, end) of a key that a mask looks at. */
struct key_range {
	u16 start, end;
};

/* Result of parsing attributes into a key or a mask. */
struct key_match {
	struct flow_key *key;
	struct flow_key *mask; /* may be NULL */
	struct key_range range; /* of the mask */
};

/**
 * key_extract() - make the flow key of a packet
 * @skb: packet, data at its outermost header (Ethernet, or layer 3 for KEY_MAC_NONE)
 * @pkt: its metadata; @pkt->tun is copied in
 * @level: how deep; deeper levels of @key are then zero
 * @key: where to
 *
 * Sets the skb's mac_len, network and transport header offsets as far as it parses, skb->protocol
 * stays as it was.  Truncated and malformed headers leave the fields of that level zero, as
 * userspace's extraction does (lib/flow/extract.c: same rules, see there).
 * Context: BH disabled; may reallocate the skb's head.
 * Return: 0, or -EINVAL for what is no frame at all, or -ENOMEM.
 */
int key_extract(struct sk_buff *skb, struct pkt *pkt, enum key_level level, struct flow_key *key);

/* Smallest level that 'range' of a mask needs. */
enum key_level key_level_of_range(const struct key_range *range);
/* The same, and smaller for masks of tunnel metadata, which stand behind all else. */
enum key_level key_level_of_mask(const struct flow_key *mask);

/**
 * key_match_parse() - a key and its mask from attributes
 * @net: namespace, for tunnel options and logging
 * @match: its key, mask (NULL: not wanted); both are zeroed first
 * @key: nested OVS_KEY_ATTR_*
 * @mask: nested OVS_KEY_ATTR_*, or NULL: exact match of what @key has
 * @extack: names the offending attribute
 *
 * The result is consistent: prerequisites hold, mask bits of absent fields are zero, key & mask ==
 * key is NOT yet applied (key_apply_mask()).
 * Context: process context.
 * Return: 0 or -errno.
 */
int key_match_parse(struct net *net, struct key_match *match, const struct nlattr *key,
		    const struct nlattr *mask, struct netlink_ext_ack *extack);

/* The metadata attributes of a key (for OVS_PACKET_CMD_EXECUTE): fills @pkt, whose tunnel metadata
 * is attached to @skb (dst) if there is any. */
int key_parse_metadata(struct net *net, const struct nlattr *key, struct sk_buff *skb,
		       struct pkt *pkt, struct netlink_ext_ack *extack);

void key_apply_mask(struct flow_key *dst, const struct flow_key *src, const struct flow_key *mask,
		    const struct key_range *range);
/* Range of words that are not zero. */
void key_mask_range(const struct flow_key *mask, struct key_range *range);

/**
 * flow_key_put() - write a key or mask as nested attributes
 * @skb: netlink message
 * @attr: OVS_FLOW_ATTR_KEY, OVS_FLOW_ATTR_MASK or OVS_PACKET_ATTR_KEY
 * @key: tells which attributes there are (a mask does not)
 * @value: @key itself, or the mask
 * Return: 0 or -EMSGSIZE.
 */
int flow_key_put(struct sk_buff *skb, int attr, const struct flow_key *key,
		 const struct flow_key *value);
/* Tunnel info as a nest of OVS_TUNNEL_KEY_ATTR_* (OVS_PACKET_ATTR_EGRESS_TUN_KEY). */
int key_put_tunnel(struct sk_buff *skb, int attr, const struct ip_tunnel_key *tun, const void *opts,
		   int opts_len, u8 tun_proto);
/* Room that flow_key_put() may take. */
size_t key_attr_size(void);

/* Tunnel attributes (of a set action) into an ip_tunnel_info with options, IP_TUNNEL_INFO_TX set.
 * @info has room for IP_TUNNEL_OPTS_MAX octets behind it.  Options are validated. */
int key_parse_tunnel_info(const struct nlattr *tunnel, struct ip_tunnel_info *info,
			  struct netlink_ext_ack *extack);
/* NSH header of a push action from OVS_NSH_KEY_ATTR_*: writes at most @size octets.  Length or
 * -errno. */
int key_parse_nsh_hdr(const struct nlattr *nsh, void *hdr, size_t size,
		      struct netlink_ext_ack *extack);
/* The same as key and mask (set_masked). */
int key_parse_nsh(const struct nlattr *nsh, struct key_nsh *key, struct key_nsh *mask,
		  struct netlink_ext_ack *extack);
int key_put_nsh(struct sk_buff *skb, int attr, const struct key_nsh *nsh);

/* Fixed payload size of key attribute @type, 0 if it is a nest or unknown. */
size_t key_attr_len(int type);

#endif
