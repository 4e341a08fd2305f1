// SPDX-License-Identifier: Apache-2.0
#include "flow/fields.h"

#include <arpa/inet.h>
#include <linux/openvswitch.h>

#include "base/util.h"
#include "packet/headers.h"

/* How a field lies in struct flow. */
enum storage {
	NET, /* bits of a big-endian number of at most 8 octets */
	HOST, /* bits of a number of at most 4 octets in host order */
	OCTETS, /* more than 8 octets as they are */
	HOST32S, /* registers: host-order words, the most significant first */
	WIDE, /* struct u128 */
	PORT16, /* a port number, of 16 bits outside */
	PORT32, /* the same with reserved numbers moved to the end of 32 bits */
	NOWHERE, /* not in struct flow */
};

#include "flow/field_table.h"

const struct field *const fields = table;
const size_t n_fields = ARRAY_SIZE(table);

/* ---- finding -------------------------------------------------------------------------------- */

const struct field *field_lookup(const char *name)
{
	for (size_t i = 0; i < n_fields; i++)
		if (streq(table[i].name, name))
			return &table[i];
	for (size_t i = 0; i < n_fields; i++)
		for (size_t j = 0; j < ARRAY_SIZE(table[i].aliases); j++)
			if (table[i].aliases[j] && streq(table[i].aliases[j], name))
				return &table[i];
	return NULL;
}

const struct field *field_lookup_code(uint16_t class, uint8_t number, uint32_t experimenter)
{
	for (size_t i = 0; i < n_fields; i++)
		for (size_t j = 0; j < ARRAY_SIZE(table[i].codes); j++) {
			const struct field_code *c = &table[i].codes[j];

			if (c->version && c->class == class && c->field == number &&
			    c->experimenter == experimenter)
				return &table[i];
		}
	return NULL;
}

bool field_is_mapped(const struct field *f)
{
	return f->size != 0;
}

bool field_is_prefix(const struct field *f)
{
	return f->is_maskable && (f->storage == NET || f->storage == OCTETS) && !f->shift &&
	       f->size * 8u == f->n_bits;
}

/* ---- bits ----------------------------------------------------------------------------------- */

static uint64_t ones(unsigned int n_bits)
{
	return n_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << n_bits) - 1;
}

/* The whole member as a number. */
static uint64_t load(const struct field *f, const uint8_t *at)
{
	if (f->storage == NET || f->size == 1)
		return load_be(at, f->size);
	if (f->size == 2)
		return *(const uint16_t *)at;
	return *(const uint32_t *)at;
}

static void store(const struct field *f, uint8_t *at, uint64_t v)
{
	if (f->storage == NET || f->size == 1)
		store_be(at, f->size, v);
	else if (f->size == 2)
		*(uint16_t *)at = v;
	else
		*(uint32_t *)at = v;
}

/* Port numbers of 16 bits from 0xff00 on are reserved; in 32 bits they stand at the end. */
static uint32_t port_to_32(uint32_t port)
{
	return port >= 0xff00 && port <= 0xffff ? port | 0xffff0000u : port;
}

static uint32_t port_from_32(uint32_t port)
{
	return port >= 0xffffff00u ? port & 0xffff : port;
}

static void get(const struct field *f, const struct flow *flow, bool is_mask, uint8_t *value)
{
	const uint8_t *at = (const uint8_t *)flow + f->ofs;
	uint64_t number;
	uint32_t v;

	switch ((enum storage)f->storage) {
	case NET:
	case HOST:
		number = load(f, at) >> f->shift & ones(f->n_bits);
		/* bits that the key does not keep (arp_op, ct_state) are matched with those it
		 * does */
		if (is_mask && f->size * 8u < f->n_bits && number == ones(f->size * 8))
			number = ones(f->n_bits);
		store_be(value, f->n_octets, number);
		break;
	case OCTETS:
		memcpy(value, at, f->n_octets);
		break;
	case HOST32S:
		for (unsigned int i = 0; i < f->n_octets; i += 4) {
			memcpy(&v, at + i, 4);
			store_be(value + i, 4, v);
		}
		break;
	case WIDE:
		store_be(value, 8, ((const struct u128 *)at)->hi);
		store_be(value + 8, 8, ((const struct u128 *)at)->lo);
		break;
	case PORT16:
		store_be(value, 2, *(const uint32_t *)at);
		break;
	case PORT32:
		v = *(const uint32_t *)at;
		store_be(value, 4, is_mask ? v : port_to_32(v));
		break;
	case NOWHERE:
		memset(value, 0, f->n_octets);
		break;
	}
}

static void set(const struct field *f, struct flow *flow, bool is_mask, const uint8_t *value)
{
	uint8_t *at = (uint8_t *)flow + f->ofs;
	uint64_t bits;
	uint32_t v;

	switch ((enum storage)f->storage) {
	case NET:
	case HOST:
		bits = ones(f->n_bits) << f->shift;
		store(f, at,
		      (load(f, at) & ~bits) | (load_be(value, f->n_octets) << f->shift & bits));
		break;
	case OCTETS:
		memcpy(at, value, f->n_octets);
		break;
	case HOST32S:
		for (unsigned int i = 0; i < f->n_octets; i += 4) {
			v = load_be(value + i, 4);
			memcpy(at + i, &v, 4);
		}
		break;
	case WIDE:
		((struct u128 *)at)->hi = load_be(value, 8);
		((struct u128 *)at)->lo = load_be(value + 8, 8);
		break;
	case PORT16:
		v = load_be(value, 2);
		*(uint32_t *)at = is_mask && v == 0xffff ? UINT32_MAX : v;
		break;
	case PORT32:
		v = load_be(value, 4);
		*(uint32_t *)at = is_mask ? v : port_from_32(v);
		break;
	case NOWHERE:
		break;
	}
}

void field_get(const struct field *f, const struct flow *flow, uint8_t *value)
{
	get(f, flow, false, value);
}

void field_set(const struct field *f, struct flow *flow, const uint8_t *value)
{
	set(f, flow, false, value);
}

void field_get_mask(const struct field *f, const struct flow_mask *mask, uint8_t *value)
{
	get(f, &mask->masks, true, value);
}

void field_set_mask(const struct field *f, struct flow_mask *mask, const uint8_t *value)
{
	set(f, &mask->masks, true, value);
}

void field_ones(const struct field *f, uint8_t *mask)
{
	unsigned int spare = f->n_octets * 8u - f->n_bits;

	memset(mask, 0xff, f->n_octets);
	memset(mask, 0, spare / 8);
	if (spare % 8)
		mask[spare / 8] = 0xff >> spare % 8;
}

void field_mask_exact(const struct field *f, struct flow_mask *mask)
{
	uint8_t all[FIELD_MAX_OCTETS];

	field_ones(f, all);
	field_set_mask(f, mask, all);
}

void field_match(const struct field *f, struct match *m, const uint8_t *value, const uint8_t *mask)
{
	uint8_t masked[FIELD_MAX_OCTETS], all[FIELD_MAX_OCTETS];

	if (!mask) {
		field_ones(f, all);
		mask = all;
	}
	for (unsigned int i = 0; i < f->n_octets; i++)
		masked[i] = value[i] & mask[i];
	field_set(f, &m->flow, masked);
	field_set_mask(f, &m->mask, mask);
}

bool field_is_valid(const struct field *f, const uint8_t *value, const uint8_t *mask)
{
	uint8_t all[FIELD_MAX_OCTETS];

	field_ones(f, all);
	for (unsigned int i = 0; i < f->n_octets; i++)
		if (value[i] & ~all[i] || (mask && (mask[i] & ~all[i] || value[i] & ~mask[i])))
			return false;
	return true;
}

/* ---- prerequisites -------------------------------------------------------------------------- */

/* What a prerequisite asks of the key; 0 is not asked. */
static const struct need {
	uint16_t eth_type;
	uint16_t eth_type_or; /* another that will do */
	uint8_t ip_proto;
	uint8_t icmp_type, icmp_type_or;
	bool ethernet, vlan, tracked;
} needs[] = {
	[FIELD_NEEDS_NONE] = { 0 },
	[FIELD_NEEDS_ETHERNET] = { .ethernet = true },
	[FIELD_NEEDS_VLAN_VID] = { .ethernet = true, .vlan = true },
	[FIELD_NEEDS_IPV4] = { ETH_TYPE_IP },
	[FIELD_NEEDS_IPV6] = { ETH_TYPE_IPV6 },
	[FIELD_NEEDS_IP_ANY] = { ETH_TYPE_IP, ETH_TYPE_IPV6 },
	[FIELD_NEEDS_ARP] = { ETH_TYPE_ARP, ETH_TYPE_RARP },
	[FIELD_NEEDS_MPLS] = { ETH_TYPE_MPLS, ETH_TYPE_MPLS_MCAST },
	[FIELD_NEEDS_NSH] = { ETH_TYPE_NSH },
	[FIELD_NEEDS_TCP] = { ETH_TYPE_IP, ETH_TYPE_IPV6, IPPROTO_TCP },
	[FIELD_NEEDS_UDP] = { ETH_TYPE_IP, ETH_TYPE_IPV6, IPPROTO_UDP },
	[FIELD_NEEDS_SCTP] = { ETH_TYPE_IP, ETH_TYPE_IPV6, IPPROTO_SCTP },
	[FIELD_NEEDS_ICMPV4] = { ETH_TYPE_IP, 0, IPPROTO_ICMP },
	[FIELD_NEEDS_ICMPV6] = { ETH_TYPE_IPV6, 0, IPPROTO_ICMPV6 },
	[FIELD_NEEDS_ND] = { ETH_TYPE_IPV6, 0, IPPROTO_ICMPV6, ND_SOLICIT, ND_ADVERT },
	[FIELD_NEEDS_ND_SOLICIT] = { ETH_TYPE_IPV6, 0, IPPROTO_ICMPV6, ND_SOLICIT },
	[FIELD_NEEDS_ND_ADVERT] = { ETH_TYPE_IPV6, 0, IPPROTO_ICMPV6, ND_ADVERT },
	[FIELD_NEEDS_CT] = { ETH_TYPE_IP, ETH_TYPE_IPV6, .tracked = true },
};

static bool met(const struct need *n, const struct flow *f)
{
	uint16_t type = ntohs(f->eth_type), icmp = ntohs(f->tp_src);

	if (n->ethernet && f->packet_type)
		return false;
	if (n->vlan && !(f->vlans[0].tci & htons(VLAN_CFI)))
		return false;
	if (n->eth_type && type != n->eth_type && (!n->eth_type_or || type != n->eth_type_or))
		return false;
	if (n->ip_proto && (f->ip_proto != n->ip_proto || f->ip_frag & FLOW_FRAG_LATER))
		return false;
	if (n->icmp_type &&
	    (f->tp_dst || (icmp != n->icmp_type && (!n->icmp_type_or || icmp != n->icmp_type_or))))
		return false;
	return !n->tracked || f->ct_state & 0x20;
}

bool field_prereqs_met(const struct field *f, const struct flow *flow)
{
	return met(&needs[f->prereq], flow);
}

bool field_prereqs_matched(const struct field *f, const struct match *m)
{
	const struct need *n = &needs[f->prereq];
	const struct flow *mask = &m->mask.masks;

	return met(n, &m->flow) && (!n->vlan || mask->vlans[0].tci & htons(VLAN_CFI)) &&
	       (!n->eth_type || mask->eth_type == htons(0xffff)) &&
	       (!n->ip_proto || mask->ip_proto == 0xff) &&
	       (!n->icmp_type ||
		((ntohs(mask->tp_src) & 0xff) == 0xff && (ntohs(mask->tp_dst) & 0xff) == 0xff)) &&
	       (!n->tracked || mask->ct_state & 0x20);
}

void field_mask_prereqs(const struct field *f, const struct flow *flow, struct flow_mask *mask)
{
	const struct need *n = &needs[f->prereq];

	if (n->ethernet)
		MASK_FIELD(mask, packet_type);
	if (n->vlan)
		mask->masks.vlans[0].tci |= htons(VLAN_CFI);
	if (n->eth_type)
		MASK_FIELD(mask, eth_type);
	if (n->ip_proto) {
		MASK_FIELD(mask, ip_proto);
		MASK_FIELD(mask, ip_frag);
	}
	if (n->icmp_type && flow->ip_proto == IPPROTO_ICMPV6) {
		MASK_FIELD(mask, tp_src);
		MASK_FIELD(mask, tp_dst);
	}
	if (n->tracked)
		mask->masks.ct_state |= 0x20;
}
