/* SPDX-License-Identifier: Apache-2.0 */
/* The field table: one row for each field that can be matched.  Match parsing and printing, the OXM
 * codec, set_field, move and learn, prerequisites and the manual page are driven by it; nothing
 * else lists fields.
 *
 * A value is 'n_octets' octets, big-endian, right-aligned, as OXM carries it; bits above 'n_bits'
 * are 0. Rows of different names may be views of the same bits: vlan_tci and vlan_vid, reg0 and
 * xreg0, ip_src and arp_spa; prerequisites tell which of them a flow has. Threads: the table is
 * constant. */
#ifndef FLOW_FIELDS_H
#define FLOW_FIELDS_H

#include "flow/match.h"

struct str;

/* OXM classes. */
#define OXM_CLASS_NXM_0 0x0000
#define OXM_CLASS_NXM_1 0x0001
#define OXM_CLASS_BASIC 0x8000
#define OXM_CLASS_PACKET_REGS 0x8001
#define OXM_CLASS_ERICSSON 0x1000
#define OXM_CLASS_EXPERIMENTER 0xffff
#define OXM_ONF_EXPERIMENTER 0x4f4e4600u
#define OXM_NICIRA_EXPERIMENTER 0x00002320u
#define OXM_NSH_EXPERIMENTER 0x005ad650u

struct field_code {
	uint16_t class; /* OXM_CLASS_*; of no code where 'version' is 0 */
	uint8_t field;
	uint8_t version; /* first OpenFlow wire version that has it: 0x01 to 0x06 */
	uint32_t experimenter; /* with OXM_CLASS_EXPERIMENTER */
};

enum field_prereq {
	FIELD_NEEDS_NONE,
	FIELD_NEEDS_ETHERNET,
	FIELD_NEEDS_VLAN_VID, /* a tag */
	FIELD_NEEDS_IPV4,
	FIELD_NEEDS_IPV6,
	FIELD_NEEDS_IP_ANY,
	FIELD_NEEDS_ARP,
	FIELD_NEEDS_MPLS,
	FIELD_NEEDS_NSH,
	FIELD_NEEDS_TCP,
	FIELD_NEEDS_UDP,
	FIELD_NEEDS_SCTP,
	FIELD_NEEDS_ICMPV4,
	FIELD_NEEDS_ICMPV6,
	FIELD_NEEDS_ND, /* solicitation or advertisement */
	FIELD_NEEDS_ND_SOLICIT,
	FIELD_NEEDS_ND_ADVERT,
	FIELD_NEEDS_CT, /* a tracked packet of IP */
};

enum field_form {
	FIELD_DECIMAL,
	FIELD_HEXADECIMAL,
	FIELD_ETH, /* xx:xx:xx:xx:xx:xx */
	FIELD_IPV4,
	FIELD_IPV6,
	FIELD_PORT, /* number, or LOCAL and so on */
	FIELD_FRAG, /* no, yes, first, later, not_later */
	FIELD_TCP_FLAGS,
	FIELD_CT_STATE,
	FIELD_TUN_FLAGS,
	FIELD_PACKET_TYPE, /* (ns,id) */
};

#define FIELD_MAX_OCTETS 128
struct field {
	const char *name; /* as in ovs-fields(7) */
	const char *aliases[2];
	const char *text; /* how a match is printed; NULL if other rows print these bits */
	uint16_t n_bits;
	uint8_t n_octets; /* of a value, and in OXM */
	uint8_t prereq; /* enum field_prereq */
	uint8_t form; /* enum field_form */
	bool is_maskable; /* any bits; else all or nothing */
	bool is_writable; /* by set_field, load, move */
	/* Where it stands, in struct flow and in a mask alike: private to fields.c but for 'ofs'
	 * and 'size', the octets that hold it (size 0: not in struct flow). */
	uint16_t ofs;
	uint8_t size;
	uint8_t storage;
	uint8_t shift;
	uint8_t text_shift; /* printed times 2^this (the six bits of nw_tos) */
	uint8_t hex_digits; /* printed with so many, 0 as needed */
	uint16_t kernel_attr; /* first OVS_KEY_ATTR_* that carries it, 0 none */
	struct field_code codes[3];
};

union field_value {
	uint8_t octets[FIELD_MAX_OCTETS];
};

extern const struct field *const fields; /* the table, in the order matches are printed */
extern const size_t n_fields;

const struct field *field_lookup(const char *name); /* or alias; NULL */
/* NULL if there is none; experimenter 0 outside that class. */
const struct field *field_lookup_code(uint16_t class, uint8_t number, uint32_t experimenter);

/* The field's bits of a flow, or of a mask: 'n_octets' of them. */
void field_get(const struct field *, const struct flow *, uint8_t *value);
/* Writes them; bits that do not belong to the field stay. */
void field_set(const struct field *, struct flow *, const uint8_t *value);
void field_get_mask(const struct field *, const struct flow_mask *, uint8_t *mask);
void field_set_mask(const struct field *, struct flow_mask *, const uint8_t *mask);
/* Marks all of its bits as matched. */
void field_mask_exact(const struct field *, struct flow_mask *);
/* All bits 1, as a value. */
void field_ones(const struct field *, uint8_t *mask);
/* Value under mask into a match; 'mask' NULL: exact. */
void field_match(const struct field *, struct match *, const uint8_t *value, const uint8_t *mask);
bool field_is_mapped(const struct field *); /* it has a place in struct flow */
/* Its leading bits can be matched on their own: it is maskable, and whole octets in network
 * order. */
bool field_is_prefix(const struct field *);

/* Whether a flow has the field: for a packet's key, and for what a rule demands (the demand must be
 * exact). */
bool field_prereqs_met(const struct field *, const struct flow *);
bool field_prereqs_matched(const struct field *, const struct match *);
/* Marks what decided field_prereqs_met(). */
void field_mask_prereqs(const struct field *, const struct flow *, struct flow_mask *);
/* Whether value and mask can be right: no bits outside the field, or of the value outside the
 * mask. */
bool field_is_valid(const struct field *, const uint8_t *value, const uint8_t *mask);

/* "value" or "value/mask" into both: NULL or a sentence. */
char *field_parse(const struct field *, const char *text, uint8_t *value, uint8_t *mask);
/* "value" or "value/mask"; 'mask' NULL: exact. */
void field_format(const struct field *, const uint8_t *value, const uint8_t *mask, struct str *);

#endif
