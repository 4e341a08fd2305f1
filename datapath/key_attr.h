/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files that turn attributes into keys and back; not for others. */
#ifndef DATAPATH_KEY_ATTR_H
#define DATAPATH_KEY_ATTR_H

#include <linux/netlink.h>
#include <net/netlink.h>

#include "flow_key.h"

/* @msg must stay: a literal.  Always -EINVAL. */
static inline int key_error(struct netlink_ext_ack *extack, const struct nlattr *attr,
			    const char *msg)
{
	if (extack) {
		extack->_msg = msg;
		if (attr)
			NL_SET_BAD_ATTR(extack, attr);
	}
	return -EINVAL;
}

/* The tunnel part of a key or mask. */
struct key_tunnel {
	struct ip_tunnel_key *tun; /* zeroed before */
	u8 *opts; /* room for KEY_TUN_OPTS_MAX */
	u8 opts_len;
	u8 proto; /* AF_INET, AF_INET6; 0: no address was given (in a mask) */
	bool has_opts; /* there was an attribute of options, be it empty */
	bool is_bridge; /* OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE */
};

/* @attr: nest of OVS_TUNNEL_KEY_ATTR_*.  A key must be complete, a mask need not. */
int key_tunnel_parse(const struct nlattr *attr, bool is_mask, struct key_tunnel *t,
		     struct netlink_ext_ack *extack);
/* All that can be told of @key by attributes, into @mask. */
void key_tunnel_exact_mask(const struct flow_key *key, struct flow_key *mask);
size_t key_tunnel_attr_size(void);

/* @attr: nest of OVS_NSH_KEY_ATTR_*. */
int key_nsh_parse(const struct nlattr *attr, bool is_mask, struct key_nsh *nsh,
		  struct netlink_ext_ack *extack);
/* OVS_KEY_ATTR_NSH of @value, a key or mask, with the attributes that @key has. */
int key_nsh_put(struct sk_buff *skb, const struct key_nsh *key, const struct key_nsh *value);

/* What a key has behind its EtherType. */
bool key_is_ip(const struct flow_key *key);
unsigned int key_l4_attr(const struct flow_key *key); /* its transport header's attribute, or 0 */
bool key_is_nd(const struct flow_key *key);
/* Without a mask, all that the attributes of a key say is matched: those with a bit in @present. */
void key_exact_mask(const struct flow_key *key, u64 present, bool has_ethertype,
		    struct flow_key *mask);

#endif
