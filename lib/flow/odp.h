/* SPDX-License-Identifier: Apache-2.0 */
/* Datapath keys and actions as attributes (linux/openvswitch.h), and their text (SPEC 2.3).
 * Actions have one encoding everywhere: translation writes it, the userspace datapath executes it, the
 * kernel provider sends it, one printer and one parser show it.  Userspace-only actions start at 0x1000. */
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
void *odp_put_room(struct odp_buf *, uint16_t type, size_t len); /* not set; valid until the next put */
void odp_put_flag(struct odp_buf *, uint16_t type);
void odp_put_u8(struct odp_buf *, uint16_t type, uint8_t);
void odp_put_u16(struct odp_buf *, uint16_t type, uint16_t); /* as it is: be16 for the fields that are */
void odp_put_u32(struct odp_buf *, uint16_t type, uint32_t);
void odp_put_u64(struct odp_buf *, uint16_t type, uint64_t);
size_t odp_nest_begin(struct odp_buf *, uint16_t type); /* returns what odp_nest_end() takes */
void odp_nest_end(struct odp_buf *, size_t start);
void odp_nest_cancel(struct odp_buf *, size_t start);
/* Walks 'len' octets of attributes at 'data': libnl's nla_ok(), nla_next() on a struct nlattr. */
#define ODP_FOR_EACH(NLA, LEFT, DATA, LEN)                                                         \
	for ((NLA) = (struct nlattr *)(DATA), (LEFT) = (int)(LEN); nla_ok(NLA, LEFT);              \
	     (NLA) = nla_next(NLA, &(LEFT)))

/* Commits to 'acts' what turns 'base' (the key of the packet as actions so far left it) into 'flow', masked
 * sets and pushes and pops in the right order; 'base' is then equal to 'flow' and 'mask' has what the sets
 * depended on.  Used by translation before each output. */
void odp_commit(const struct flow *flow, struct flow *base, struct odp_buf *acts, struct flow_mask *mask);

/* Keys and masks as attributes. */
enum odp_fitness { ODP_FIT_PERFECT, ODP_FIT_TOO_MUCH, ODP_FIT_TOO_LITTLE, ODP_FIT_ERROR };
void odp_key_encode(struct odp_buf *, const struct flow *);
void odp_mask_encode(struct odp_buf *, const struct flow *, const struct flow_mask *);
enum odp_fitness odp_key_decode(const void *key, size_t len, struct flow *, char **error);
enum odp_fitness odp_mask_decode(const void *mask, size_t len, const struct flow *, struct flow_mask *,
				 char **error);

/* Text.  'port_name' (may be NULL) maps a datapath port to its name, NULL if unknown. */
struct odp_names {
	const char *(*port_name)(uint32_t port, void *aux);
	bool (*port_number)(const char *name, uint32_t *port, void *aux);
	void *aux;
};
/* "recirc_id(0),in_port(1),eth(src=..,dst=..),eth_type(0x0800),ipv4(...)"; 'mask' NULL: exact. */
void odp_flow_format(const struct flow *, const struct flow_mask *, bool verbose,
		     const struct odp_names *, struct str *);
char *odp_flow_parse(const char *, const struct odp_names *, struct flow *, struct flow_mask *);
void odp_actions_format(const void *acts, size_t len, const struct odp_names *, struct str *);
char *odp_actions_parse(const char *, const struct odp_names *, struct odp_buf *);
/* Checks an action list that came from outside: lengths, nesting depth, types.  NULL or a sentence. */
char *odp_actions_check(const void *acts, size_t len);

struct ufid {
	uint64_t parts[2];
};
void ufid_of_flow(struct ufid *, const struct flow *, const struct flow_mask *);
#define UFID_FMT "%08x-%04x-%04x-%04x-%04x%08x"

#endif
