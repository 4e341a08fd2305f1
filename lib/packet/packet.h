/* SPDX-License-Identifier: Apache-2.0 */
/* A packet in userspace: octets with head- and tailroom, offload metadata, datapath metadata. The
 * buffer carries its release function, so that whoever drops the last packet of a ring slot or a
 * pool gives it back.  A packet has one owner; handing it to a function that "takes" it passes
 * ownership. Threads: one at a time. */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H

#include <netinet/in.h>

#include "base/compiler.h"
#include "drop_reason.h"

struct packet;

/* Tunnel metadata of a packet received from, or to be sent to, a tunnel. */
#define TUN_METADATA_SIZE 256
struct flow_tnl {
	be32 ip_src, ip_dst; /* 0 if the outer header is IPv6 or there is none */
	struct in6_addr ipv6_src, ipv6_dst;
	be64 tun_id;
	uint16_t flags; /* FLOW_TNL_F_* */
	uint8_t ip_tos, ip_ttl;
	be16 tp_src, tp_dst;
	be16 gbp_id;
	uint8_t gbp_flags;
	uint8_t erspan_ver;
	uint32_t erspan_idx;
	uint8_t erspan_dir, erspan_hwid;
	uint8_t gtpu_flags, gtpu_msgtype;
	uint8_t pad[4];
	/* bit n: tun_metadata'n' is there; raw options: see tun_opts_len */
	uint64_t metadata_present;
	uint32_t tun_opts_len; /* octets of raw Geneve options in 'opts' (datapath form) */
	uint32_t pad2;
	uint8_t opts[TUN_METADATA_SIZE];
};
#define FLOW_TNL_F_OAM (1 << 0)
#define FLOW_TNL_F_DONT_FRAGMENT (1 << 1)
#define FLOW_TNL_F_CSUM (1 << 2)
#define FLOW_TNL_F_KEY (1 << 3)
static_assert(sizeof(struct flow_tnl) % 8 == 0, "whole words");

static inline bool flow_tnl_is_set(const struct flow_tnl *t)
{
	return t->ip_dst || t->ipv6_dst.s6_addr32[0] || t->ipv6_dst.s6_addr32[1] ||
	       t->ipv6_dst.s6_addr32[2] || t->ipv6_dst.s6_addr32[3];
}

struct u128 {
	uint64_t hi, lo; /* host order: 'hi' holds the 64 more significant bits */
};

/* What the datapath knows of a packet beyond its octets. */
struct packet_md {
	uint32_t in_port; /* datapath port number */
	uint32_t recirc_id, dp_hash;
	uint32_t skb_priority, pkt_mark;
	uint8_t ct_state, ct_nw_proto;
	uint16_t ct_zone;
	uint32_t ct_mark;
	struct u128 ct_label;
	be32 ct_ip_src, ct_ip_dst;
	struct in6_addr ct_ipv6_src, ct_ipv6_dst;
	be16 ct_tp_src, ct_tp_dst;
	bool has_tunnel; /* 'tunnel' is valid only then */
	struct flow_tnl tunnel;
};

/* Offloads, as struct virtio_net_hdr has them (linux/virtio_net.h). */
enum packet_gso {
	PACKET_GSO_NONE,
	PACKET_GSO_TCPV4,
	PACKET_GSO_TCPV6,
	PACKET_GSO_UDP,
	PACKET_GSO_UDP_L4
};
struct packet_offload {
	uint16_t csum_start; /* from the start of the frame */
	uint16_t csum_offset; /* from csum_start */
	uint16_t gso_size; /* payload octets of a segment */
	uint16_t hdr_len; /* octets of headers, a hint */
	uint8_t gso; /* enum packet_gso */
	bool gso_ecn;
	bool csum_partial; /* the checksum at csum_start + csum_offset is to be completed */
	bool csum_valid; /* the receiver verified it */
};

#define PACKET_NO_OFS UINT16_MAX
struct packet {
	uint8_t *data; /* first octet of the frame (Ethernet header) */
	uint32_t len;
	uint8_t *base; /* start of the buffer */
	uint32_t size; /* of the buffer */
	uint16_t l2_5_ofs, l3_ofs, l4_ofs; /* PACKET_NO_OFS if absent; set by the parser */
	/* 0 Ethernet; else (namespace << 16 | ethertype), as OpenFlow 1.5 has it */
	be32 packet_type;
	uint32_t hash; /* of the flow's L3/L4 addresses; 0 not computed */
	uint32_t cutlen; /* octets to cut at output (trunc), 0 none */
	struct packet_offload offload;
	/* Frees, or gives back, the buffer and the struct.  It goes by 'release_aux' and its own
	 * memory: 'base' is another buffer once the packet has grown.  Called by packet_release()
	 * only. */
	void (*release)(struct packet *);
	void *release_aux;
	/* heap buffer that replaced the first one, or NULL; packet_release() frees it */
	void *grown;
	struct packet_md md;
};

/* A heap packet of 'len' octets not set, with head- and tailroom; NULL if memory is out. */
struct packet *packet_create(size_t headroom, size_t len, size_t tailroom);
struct packet *packet_create_data(const void *, size_t len); /* copies, default headroom */
/* A deep copy (offloads and metadata too) on the heap. */
struct packet *packet_clone(const struct packet *);
void packet_release(struct packet *); /* NULL is nothing */
/* Sets up a struct around a foreign buffer. */
void packet_init(struct packet *, void *base, size_t size, size_t headroom, size_t len,
		 void (*release)(struct packet *));
void packet_md_init(struct packet_md *, uint32_t in_port);

static inline size_t packet_headroom(const struct packet *p)
{
	return p->data - p->base;
}
static inline size_t packet_tailroom(const struct packet *p)
{
	return p->base + p->size - (p->data + p->len);
}
static inline void *packet_l3(const struct packet *p)
{
	return p->l3_ofs != PACKET_NO_OFS ? p->data + p->l3_ofs : NULL;
}
static inline void *packet_l4(const struct packet *p)
{
	return p->l4_ofs != PACKET_NO_OFS ? p->data + p->l4_ofs : NULL;
}
static inline size_t packet_l4_len(const struct packet *p)
{
	return p->l4_ofs != PACKET_NO_OFS ? p->len - p->l4_ofs : 0;
}
/* Makes room for 'n' octets at the front (grows the buffer if it must) and returns it; NULL if
 * memory is out.  Offsets and csum_start move along. */
void *packet_push(struct packet *, size_t n);
/* Takes 'n' octets off the front; NULL if there are fewer. */
void *packet_pull(struct packet *, size_t n);
void *packet_put(struct packet *, size_t n); /* room at the end, not set; NULL if memory is out */

#define PACKET_BATCH_MAX 64
struct packet_batch {
	uint32_t n;
	struct packet *pkts[PACKET_BATCH_MAX];
};

const char *drop_reason_name(enum drop_reason);
const char *drop_reason_help(enum drop_reason);

#endif
