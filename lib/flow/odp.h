/* SPDX-License-Identifier: Apache-2.0 */
/* Datapath keys and actions as attributes (linux/openvswitch.h), and their text (SPEC 2.3). Actions
 * have one encoding everywhere: translation writes it, the userspace datapath executes it, the
 * kernel provider sends it, one printer and one parser show it.  Userspace-only actions start at
 * 0x1000. */
#ifndef FLOW_ODP_H
#define FLOW_ODP_H

#include <linux/openvswitch.h>
#include <netlink/attr.h>

#include "flow/match.h"

/* Userspace-only actions. */
enum {
	ODP_ACTION_TUNNEL_PUSH = 0x1000,
	ODP_ACTION_TUNNEL_POP, /* u32 port */
	ODP_ACTION_LB_OUTPUT, /* u32 bond id */
	ODP_ACTION_DROP, /* u32 enum drop_reason; to the kernel it becomes an empty list or DROP */
};
#define ODP_MAX_ACTIONS_LEN 65000
#define ODP_MAX_NESTING 16 /* of lists inside sample, clone, check_pkt_len, dec_ttl */
/* Newer than the oldest kernel header that this is built with. */
#define ODP_ACTION_KERNEL_DROP 24 /* u32 reason */
#define ODP_ACTION_PSAMPLE 25 /* nested ODP_PSAMPLE_* */
enum { ODP_PSAMPLE_GROUP = 1, ODP_PSAMPLE_COOKIE };
#define ODP_HASH_ALG_SYM_L4 1 /* beside OVS_HASH_ALG_L4 */

/* The userdata of a userspace action: why the packet comes up.  Little else than our own programs
 * reads it; other userdata is shown in hex.  Host byte order. */
enum odp_cookie_type {
	ODP_COOKIE_SLOW_PATH = 1, /* translate and execute in userspace */
	ODP_COOKIE_SFLOW,
	ODP_COOKIE_CONTROLLER,
	ODP_COOKIE_FLOW_SAMPLE,
	ODP_COOKIE_IPFIX,
};
enum { /* slow_path.reasons */
       ODP_SLOW_CFM = 1 << 0,
       ODP_SLOW_BFD = 1 << 1,
       ODP_SLOW_LACP = 1 << 2,
       ODP_SLOW_STP = 1 << 3,
       ODP_SLOW_LLDP = 1 << 4,
       ODP_SLOW_ACTION = 1 << 5, /* an action that the datapath lacks */
       ODP_SLOW_MATCH = 1 << 6, /* a match that the datapath lacks */
};
struct odp_cookie {
	uint32_t magic; /* ODP_COOKIE_MAGIC; the version is its lowest octet */
	uint32_t type; /* enum odp_cookie_type */
	uint32_t ofp_in_port; /* OpenFlow port the packet came in by, 0 unknown */
	uint32_t bridge; /* which bridge, by a number of the daemon's own */
	union {
		struct {
			uint32_t reasons;
		} slow_path;
		struct {
			uint32_t vlan_tci; /* after the actions */
			uint32_t output;
		} sflow;
		struct {
			uint8_t dont_send, continuation;
			uint16_t reason;
			uint32_t recirc_id;
			uint64_t rule_cookie;
			uint16_t controller_id, max_len;
		} controller;
		struct {
			uint16_t probability;
			uint16_t direction; /* 0 none, 1 ingress, 2 egress */
			uint32_t collector_set_id, obs_domain_id, obs_point_id;
			uint32_t output_port;
		} flow_sample;
		struct {
			uint32_t output_port;
		} ipfix;
	};
};
#define ODP_COOKIE_MAGIC 0x6f767301u

/* A growing buffer of attributes; {0} is empty. */
struct odp_buf {
	uint8_t *data;
	uint32_t len, size;
	uint8_t *stack_room; /* if 'data' is it, it is not freed */
	bool overflow; /* a nest did not fit into 16 bits of length and was emptied: do not use */
};
void odp_buf_init_stack(struct odp_buf *, void *room, size_t size); /* 4-aligned room */
void odp_buf_uninit(struct odp_buf *);
void odp_buf_clear(struct odp_buf *);
void odp_put(struct odp_buf *, uint16_t type, const void *, size_t len);
/* Room of 'len' octets, zeroed; valid until the next put. */
void *odp_put_room(struct odp_buf *, uint16_t type, size_t len);
void odp_put_flag(struct odp_buf *, uint16_t type);
void odp_put_u8(struct odp_buf *, uint16_t type, uint8_t);
/* As it is: be16 for the fields that are. */
void odp_put_u16(struct odp_buf *, uint16_t type, uint16_t);
void odp_put_u32(struct odp_buf *, uint16_t type, uint32_t);
void odp_put_u64(struct odp_buf *, uint16_t type, uint64_t);
size_t odp_nest_begin(struct odp_buf *, uint16_t type); /* returns what odp_nest_end() takes */
void odp_nest_end(struct odp_buf *, size_t start);
void odp_nest_cancel(struct odp_buf *, size_t start);
/* Walks 'len' octets of attributes at 'data', as libnl's nla_ok() and nla_next() do, but inline. */
#define ODP_FOR_EACH(NLA, LEFT, DATA, LEN)                                                         \
	for ((NLA) = (struct nlattr *)(DATA), (LEFT) = (int)(LEN); odp_attr_is_ok(NLA, LEFT);      \
	     (NLA) = odp_attr_next(NLA, &(LEFT)))
static inline bool odp_attr_is_ok(const struct nlattr *a, int left)
{
	return left >= (int)sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;
}

static inline struct nlattr *odp_attr_next(const struct nlattr *a, int *left)
{
	int len = NLA_ALIGN(a->nla_len);

	*left -= len;
	return (struct nlattr *)((uint8_t *)(uintptr_t)a + len);
}

/* Its payload, type without flags, and length of payload. */
static inline void *odp_attr_data(const struct nlattr *a)
{
	return (uint8_t *)(uintptr_t)a + NLA_HDRLEN;
}

static inline unsigned int odp_attr_type(const struct nlattr *a)
{
	return a->nla_type & NLA_TYPE_MASK;
}

static inline int odp_attr_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

/* Commits to 'acts' what turns 'base' (the key of the packet as actions so far left it) into
 * 'flow', masked sets and pushes and pops in the right order; 'base' is then equal to 'flow' and
 * 'mask' has what the sets depended on.  Used by translation before each output. A set takes only
 * the members that differ, and of those the bits that 'mask' has, if these cover the difference.
 * The tunnel is left alone, in 'base', too: odp_commit_tunnel(). */
void odp_commit(const struct flow *flow, struct flow *base, struct odp_buf *acts,
		struct flow_mask *mask);
/* The same for the tunnel, before output to a tunnel port. */
void odp_commit_tunnel(const struct flow *flow, struct flow *base, struct odp_buf *acts);

/* Keys and masks as attributes. */
enum odp_fitness { ODP_FIT_PERFECT, ODP_FIT_TOO_MUCH, ODP_FIT_TOO_LITTLE, ODP_FIT_ERROR };
void odp_key_encode(struct odp_buf *, const struct flow *);
void odp_mask_encode(struct odp_buf *, const struct flow *, const struct flow_mask *);
/* The same without metadata that the mask leaves out and that is 0 in the key: for a reader that
 * takes what is not there for just that, if it has both key and mask. */
void odp_key_encode_short(struct odp_buf *, const struct flow *, const struct flow_mask *);
void odp_mask_encode_short(struct odp_buf *, const struct flow *, const struct flow_mask *);
enum odp_fitness odp_key_decode(const void *key, size_t len, struct flow *, char **error);
enum odp_fitness odp_mask_decode(const void *mask, size_t len, const struct flow *,
				 struct flow_mask *, char **error);

/* Text.  'port_name' (may be NULL) maps a datapath port to its name, NULL if unknown. */
struct odp_names {
	const char *(*port_name)(uint32_t port, void *aux);
	bool (*port_number)(const char *name, uint32_t *port, void *aux);
	void *aux;
};
enum {
	ODP_STYLE_VERBOSE = 1, /* fields that are not matched, too */
	/* in the order of the kernel's attributes, without what it leaves out */
	ODP_STYLE_KERNEL = 2,
};
/* "recirc_id(0),in_port(1),eth(src=..,dst=..),eth_type(0x0800),ipv4(...)"; 'mask' NULL: exact. */
void odp_flow_format(const struct flow *, const struct flow_mask *, unsigned int style,
		     const struct odp_names *, struct str *);
char *odp_flow_parse(const char *, const struct odp_names *, struct flow *, struct flow_mask *);
void odp_actions_format(const void *acts, size_t len, const struct odp_names *, struct str *);
char *odp_actions_parse(const char *, const struct odp_names *, struct odp_buf *);
/* Checks an action list that came from outside: lengths, nesting depth, types.  NULL or a
 * sentence. */
char *odp_actions_check(const void *acts, size_t len);

struct ufid {
	uint64_t parts[2];
};
void ufid_of_flow(struct ufid *, const struct flow *, const struct flow_mask *);
#define UFID_FMT "%08x-%04x-%04x-%04x-%04x%08x"

#endif
