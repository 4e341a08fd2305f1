/* SPDX-License-Identifier: Apache-2.0 */
/* Text of tracked connections and of what names them, as dpctl/dump-conntrack and
 * dpctl/flush-conntrack have it. */
#ifndef DPIF_CT_TEXT_H
#define DPIF_CT_TEXT_H

#include <jansson.h>

#include "base/str.h"
#include "dpif/dpif_ct.h"

/* 'more': identifier, status, all of the protocol's state; 'stats': counters and times. */
void ct_entry_format(const struct dpif_ct_entry *, bool more, bool stats, struct str *);
json_t *ct_entry_to_json(const struct dpif_ct_entry *);
/* "tcp", "udp", ..., or the number in '*room'. */
const char *ct_proto_name(uint8_t proto, char room[4]);
const char *ct_tcp_state_name(uint8_t state);

/* "ct_nw_src=..,ct_nw_proto=..": members that are not named match anything.  "" matches all. */
struct ct_match {
	bool has_src, has_dst, has_proto, has_sport, has_dport, has_id, has_type, has_code;
	struct dpif_ct_tuple tuple;
};
/* NULL or a sentence. */
char *ct_match_parse(const char *, struct ct_match *) MUST_CHECK;
bool ct_match_is_empty(const struct ct_match *);
/* It names one connection, not several. */
bool ct_match_is_exact(const struct ct_match *);
bool ct_match_covers(const struct ct_match *, const struct dpif_ct_tuple *);

#endif
