// SPDX-License-Identifier: GPL-2.0
/* NSH keys and headers (RFC 8300): OVS_NSH_KEY_ATTR_*. */
#include <net/nsh.h>

#include "flow_key.h"
#include "key_attr.h"

struct nsh_attrs {
	const struct nlattr *base, *md1, *md2;
};

/* Sorts the attributes, each of @times the length of its struct (a masked set: 2). */
static int collect(const struct nlattr *nest, unsigned int times, struct nsh_attrs *attrs,
		   struct netlink_ext_ack *extack)
{
	const struct nlattr *a, **slot;
	int rem;

	memset(attrs, 0, sizeof(*attrs));
	nla_for_each_nested(a, nest, rem) {
		switch (nla_type(a)) {
		case OVS_NSH_KEY_ATTR_BASE:
			if (nla_len(a) != times * sizeof(struct ovs_nsh_key_base))
				return key_error(extack, a, "nsh base: wrong length");
			slot = &attrs->base;
			break;
		case OVS_NSH_KEY_ATTR_MD1:
			if (nla_len(a) != times * sizeof(struct ovs_nsh_key_md1))
				return key_error(extack, a, "nsh md1: wrong length");
			slot = &attrs->md1;
			break;
		case OVS_NSH_KEY_ATTR_MD2:
			slot = &attrs->md2;
			break;
		default:
			return key_error(extack, a, "nsh: unknown attribute");
		}
		if (*slot)
			return key_error(extack, a, "nsh: an attribute is given twice");
		*slot = a;
	}
	if (rem)
		return key_error(extack, nest, "nsh: octets that are no attribute");
	return 0;
}

int key_nsh_parse(const struct nlattr *attr, bool is_mask, struct key_nsh *nsh,
		  struct netlink_ext_ack *extack)
{
	struct nsh_attrs attrs;
	int err = collect(attr, 1, &attrs, extack);

	if (err)
		return err;
	if (attrs.md2)
		return key_error(extack, attrs.md2, "nsh md2: cannot be matched");
	if (attrs.base)
		memcpy(&nsh->base, nla_data(attrs.base), sizeof(nsh->base));
	if (attrs.md1)
		memcpy(nsh->context, nla_data(attrs.md1), sizeof(nsh->context));
	if (is_mask)
		return 0;
	if (!attrs.base)
		return key_error(extack, attr, "nsh base: missing");
	if (attrs.md1 && nsh->base.mdtype != NSH_M_TYPE1)
		return key_error(extack, attrs.md1, "nsh md1: metadata are of another type");
	if (!attrs.md1 && nsh->base.mdtype == NSH_M_TYPE1)
		return key_error(extack, attr, "nsh md1: missing");
	return 0;
}

int key_parse_nsh(const struct nlattr *nsh, struct key_nsh *key, struct key_nsh *mask,
		  struct netlink_ext_ack *extack)
{
	struct nsh_attrs attrs;
	int err = collect(nsh, mask ? 2 : 1, &attrs, extack);

	if (err)
		return err;
	if (attrs.md2)
		return key_error(extack, attrs.md2, "nsh md2: cannot be set");
	memset(key, 0, sizeof(*key));
	if (attrs.base)
		memcpy(&key->base, nla_data(attrs.base), sizeof(key->base));
	if (attrs.md1)
		memcpy(key->context, nla_data(attrs.md1), sizeof(key->context));
	if (!mask) {
		if (!attrs.base)
			return key_error(extack, nsh, "nsh base: missing");
		return 0;
	}
	memset(mask, 0, sizeof(*mask));
	if (attrs.base)
		memcpy(&mask->base, nla_data(attrs.base) + sizeof(mask->base), sizeof(mask->base));
	if (attrs.md1)
		memcpy(mask->context, nla_data(attrs.md1) + sizeof(mask->context),
		       sizeof(mask->context));
	return 0;
}

int key_parse_nsh_hdr(const struct nlattr *nsh, void *hdr, size_t size,
		      struct netlink_ext_ack *extack)
{
	const struct ovs_nsh_key_base *base;
	const struct nlattr *md = NULL;
	struct nshhdr *h = hdr;
	struct nsh_attrs attrs;
	size_t len;
	int err = collect(nsh, 1, &attrs, extack);

	if (err)
		return err;
	if (!attrs.base)
		return key_error(extack, nsh, "nsh base: missing");
	base = nla_data(attrs.base);
	if (base->flags & ~(NSH_FLAGS_MASK >> NSH_FLAGS_SHIFT) ||
	    base->ttl & ~(NSH_TTL_MASK >> NSH_TTL_SHIFT))
		return key_error(extack, attrs.base, "nsh base: flags or ttl out of range");
	switch (base->mdtype) {
	case NSH_M_TYPE1:
		md = attrs.md1;
		if (!md || attrs.md2)
			return key_error(extack, nsh, "nsh: md1 is what type 1 needs");
		break;
	case NSH_M_TYPE2:
		md = attrs.md2;
		if (!md || attrs.md1)
			return key_error(extack, nsh, "nsh: md2 is what type 2 needs");
		if (nla_len(md) % 4 || nla_len(md) > NSH_CTX_HDRS_MAX_LEN)
			return key_error(extack, md, "nsh md2: wrong length");
		break;
	default:
		return key_error(extack, attrs.base, "nsh base: unknown type of metadata");
	}
	/* the length field counts words in 6 bits */
	len = NSH_BASE_HDR_LEN + nla_len(md);
	if (len > size || len / 4 > NSH_LEN_MASK)
		return key_error(extack, md, "nsh: header too long");
	memset(h, 0, NSH_BASE_HDR_LEN);
	nsh_set_flags_ttl_len(h, base->flags, base->ttl, len);
	h->mdtype = base->mdtype;
	h->np = base->np;
	h->path_hdr = base->path_hdr;
	memcpy((u8 *)hdr + NSH_BASE_HDR_LEN, nla_data(md), nla_len(md));
	return len;
}

static int put_nsh(struct sk_buff *skb, int attr, const struct key_nsh *nsh, bool has_md1)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, attr);

	if (!nest || nla_put(skb, OVS_NSH_KEY_ATTR_BASE, sizeof(nsh->base), &nsh->base) ||
	    (has_md1 && nla_put(skb, OVS_NSH_KEY_ATTR_MD1, sizeof(nsh->context), nsh->context)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int key_put_nsh(struct sk_buff *skb, int attr, const struct key_nsh *nsh)
{
	return put_nsh(skb, attr, nsh, nsh->base.mdtype == NSH_M_TYPE1);
}

int key_nsh_put(struct sk_buff *skb, const struct key_nsh *key, const struct key_nsh *value)
{
	/* a key that is masked may have lost its type, not what is matched of that type */
	return put_nsh(skb, OVS_KEY_ATTR_NSH, value,
		       key->base.mdtype == NSH_M_TYPE1 ||
			       memchr_inv(value->context, 0, sizeof(value->context)));
}
