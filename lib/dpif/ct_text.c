// SPDX-License-Identifier: Apache-2.0
#include "dpif/ct_text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"

struct bit_name {
	uint32_t bit;
	const char *name;
};

static const struct bit_name status_names[] = {
	{ IPS_EXPECTED, "EXPECTED" },
	{ IPS_SEEN_REPLY, "SEEN_REPLY" },
	{ IPS_ASSURED, "ASSURED" },
	{ IPS_CONFIRMED, "CONFIRMED" },
	{ IPS_SRC_NAT, "SRC_NAT" },
	{ IPS_DST_NAT, "DST_NAT" },
	{ IPS_SEQ_ADJUST, "SEQ_ADJUST" },
	{ IPS_SRC_NAT_DONE, "SRC_NAT_DONE" },
	{ IPS_DST_NAT_DONE, "DST_NAT_DONE" },
	{ IPS_DYING, "DYING" },
	{ IPS_FIXED_TIMEOUT, "FIXED_TIMEOUT" },
	{ IPS_TEMPLATE, "TEMPLATE" },
	{ IPS_UNTRACKED, "UNTRACKED" },
	{ IPS_HELPER, "HELPER" },
	{ IPS_OFFLOAD, "OFFLOAD" },
};

static const struct bit_name tcp_flag_names[] = {
	{ IP_CT_TCP_FLAG_WINDOW_SCALE, "WINDOW_SCALE" },
	{ IP_CT_TCP_FLAG_SACK_PERM, "SACK_PERM" },
	{ IP_CT_TCP_FLAG_CLOSE_INIT, "CLOSE_INIT" },
	{ IP_CT_TCP_FLAG_BE_LIBERAL, "BE_LIBERAL" },
	{ IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED, "DATA_UNACKNOWLEDGED" },
	{ IP_CT_TCP_FLAG_MAXACK_SET, "MAXACK_SET" },
};

static void bits_format(uint32_t v, const struct bit_name *names, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		if (!(v & names[i].bit))
			continue;
		str_printf(out, "%s|", names[i].name);
		v &= ~names[i].bit;
	}
	if (v)
		str_printf(out, "%#" PRIx32, v);
	str_chomp(out, '|');
}

const char *ct_tcp_state_name(uint8_t state)
{
	static const char *const names[] = {
		[TCP_CONNTRACK_NONE] = "CLOSED",
		[TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
		[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV",
		[TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
		[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT_1",
		[TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK",
		[TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
		[TCP_CONNTRACK_CLOSE] = "CLOSING",
		[TCP_CONNTRACK_SYN_SENT2] = "SYN_SENT",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "UNKNOWN";
}

static const char *sctp_state_name(uint8_t state)
{
	static const char *const names[] = {
		[SCTP_CONNTRACK_NONE] = "CLOSED",
		[SCTP_CONNTRACK_CLOSED] = "CLOSED",
		[SCTP_CONNTRACK_COOKIE_WAIT] = "COOKIE_WAIT",
		[SCTP_CONNTRACK_COOKIE_ECHOED] = "COOKIE_ECHOED",
		[SCTP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
		[SCTP_CONNTRACK_SHUTDOWN_SENT] = "SHUTDOWN_SENT",
		[SCTP_CONNTRACK_SHUTDOWN_RECD] = "SHUTDOWN_RECD",
		[SCTP_CONNTRACK_SHUTDOWN_ACK_SENT] = "SHUTDOWN_ACK_SENT",
		[SCTP_CONNTRACK_HEARTBEAT_SENT] = "HEARTBEAT_SENT",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "UNKNOWN";
}

const char *ct_proto_name(uint8_t proto, char room[4])
{
	switch (proto) {
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_UDPLITE:
		return "udplite";
	case IPPROTO_DCCP:
		return "dccp";
	case IPPROTO_IGMP:
		return "igmp";
	}
	snprintf(room, 4, "%u", proto);
	return room;
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_UDPLITE || proto == IPPROTO_DCCP;
}

static void tuple_format(const struct dpif_ct_tuple *t, struct str *out)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int af = t->is_v6 ? AF_INET6 : AF_INET;

	inet_ntop(af, &t->src, src, sizeof(src));
	inet_ntop(af, &t->dst, dst, sizeof(dst));
	str_printf(out, "src=%s,dst=%s", src, dst);
	if (is_icmp(t->proto))
		str_printf(out, ",id=%u,type=%u,code=%u", ntohs(t->icmp.id), t->icmp.type,
			   t->icmp.code);
	else if (has_ports(t->proto))
		str_printf(out, ",sport=%u,dport=%u", ntohs(t->port.src), ntohs(t->port.dst));
}

static void counters_format(const struct dpif_ct_counters *c, struct str *out)
{
	if (c->n_packets || c->n_bytes)
		str_printf(out, ",packets=%" PRIu64 ",bytes=%" PRIu64, c->n_packets, c->n_bytes);
}

static void time_format(const char *name, uint64_t ns, struct str *out)
{
	char *text = clock_format("%Y-%m-%dT%H:%M:%S.###", ns / 1000000, false);

	str_printf(out, ",%s=%s", name, text);
	free(text);
}

static void protoinfo_format(const struct dpif_ct_entry *e, bool more, struct str *out)
{
	if (e->has_tcp && more) {
		const char *state = ct_tcp_state_name(e->tcp_state);

		str_printf(out,
			   ",protoinfo=(state_orig=%s,state_reply=%s,wscale_orig=%u,"
			   "wscale_reply=%u,flags_orig=",
			   state, state, e->tcp_wscale_orig, e->tcp_wscale_reply);
		bits_format(e->tcp_flags_orig, tcp_flag_names, ARRAY_SIZE(tcp_flag_names), out);
		str_put(out, ",flags_reply=");
		bits_format(e->tcp_flags_reply, tcp_flag_names, ARRAY_SIZE(tcp_flag_names), out);
		str_putc(out, ')');
	} else if (e->has_tcp) {
		str_printf(out, ",protoinfo=(state=%s)", ct_tcp_state_name(e->tcp_state));
	} else if (e->has_sctp) {
		str_printf(out,
			   ",protoinfo=(state=%s,vtag_orig=%" PRIu32 ",vtag_reply=%" PRIu32 ")",
			   sctp_state_name(e->sctp_state), e->sctp_vtag_orig, e->sctp_vtag_reply);
	}
}

static void label_format(const struct u128 *label, struct str *out)
{
	if (label->hi)
		str_printf(out, "0x%" PRIx64 "%016" PRIx64, label->hi, label->lo);
	else
		str_printf(out, "0x%" PRIx64, label->lo);
}

static bool has_label(const struct dpif_ct_entry *e)
{
	return e->has_label && (e->label.hi || e->label.lo);
}

void ct_entry_format(const struct dpif_ct_entry *e, bool more, bool stats, struct str *out)
{
	char room[4];

	str_printf(out, "%s,orig=(", ct_proto_name(e->orig.proto, room));
	tuple_format(&e->orig, out);
	if (stats && e->has_counters)
		counters_format(&e->orig_counters, out);
	str_put(out, "),reply=(");
	tuple_format(&e->reply, out);
	if (stats && e->has_counters)
		counters_format(&e->reply_counters, out);
	str_putc(out, ')');
	if (stats && e->has_timestamps) {
		if (e->start_ns)
			time_format("start", e->start_ns, out);
		if (e->stop_ns)
			time_format("stop", e->stop_ns, out);
	}
	if (more)
		str_printf(out, ",id=%" PRIu32, e->id);
	if (e->zone)
		str_printf(out, ",zone=%u", e->zone);
	if (more) {
		str_put(out, e->status ? ",status=" : ",status=0");
		bits_format(e->status, status_names, ARRAY_SIZE(status_names), out);
	}
	if (stats && e->has_timeout)
		str_printf(out, ",timeout=%" PRIu32, e->timeout_s);
	if (e->mark)
		str_printf(out, ",mark=%" PRIu32, e->mark);
	if (has_label(e)) {
		str_put(out, ",labels=");
		label_format(&e->label, out);
	}
	protoinfo_format(e, more, out);
	if (more && *e->helper)
		str_printf(out, ",helper=%s", e->helper);
	if (more && e->has_master) {
		str_put(out, ",parent=(");
		tuple_format(&e->master, out);
		str_putc(out, ')');
	}
}

static json_t *tuple_to_json(const struct dpif_ct_tuple *t, const struct dpif_ct_counters *c)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int af = t->is_v6 ? AF_INET6 : AF_INET;
	json_t *json;

	inet_ntop(af, &t->src, src, sizeof(src));
	inet_ntop(af, &t->dst, dst, sizeof(dst));
	json = json_pack("{s:s, s:s}", "src", src, "dst", dst);
	if (is_icmp(t->proto)) {
		json_object_set_new(json, "id", json_integer(ntohs(t->icmp.id)));
		json_object_set_new(json, "type", json_integer(t->icmp.type));
		json_object_set_new(json, "code", json_integer(t->icmp.code));
	} else if (has_ports(t->proto)) {
		json_object_set_new(json, "sport", json_integer(ntohs(t->port.src)));
		json_object_set_new(json, "dport", json_integer(ntohs(t->port.dst)));
	}
	if (c) {
		json_object_set_new(json, "packets", json_integer(c->n_packets));
		json_object_set_new(json, "bytes", json_integer(c->n_bytes));
	}
	return json;
}

json_t *ct_entry_to_json(const struct dpif_ct_entry *e)
{
	struct str status = STR_INIT, label = STR_INIT;
	json_t *json;
	char room[4];

	bits_format(e->status, status_names, ARRAY_SIZE(status_names), &status);
	label_format(&e->label, &label);
	json = json_pack("{s:s, s:o, s:o, s:i, s:I, s:s, s:I}", "protocol",
			 ct_proto_name(e->orig.proto, room), "orig",
			 tuple_to_json(&e->orig, e->has_counters ? &e->orig_counters : NULL),
			 "reply",
			 tuple_to_json(&e->reply, e->has_counters ? &e->reply_counters : NULL),
			 "zone", e->zone, "mark", (json_int_t)e->mark, "status", str_cstr(&status),
			 "id", (json_int_t)e->id);
	if (has_label(e))
		json_object_set_new(json, "labels", json_string(str_cstr(&label)));
	if (e->has_timeout)
		json_object_set_new(json, "timeout", json_integer(e->timeout_s));
	if (e->has_timestamps)
		json_object_set_new(json, "start-ns", json_integer(e->start_ns));
	if (e->has_tcp)
		json_object_set_new(json, "state", json_string(ct_tcp_state_name(e->tcp_state)));
	if (e->has_sctp)
		json_object_set_new(json, "state", json_string(sctp_state_name(e->sctp_state)));
	if (*e->helper)
		json_object_set_new(json, "helper", json_string(e->helper));
	if (e->has_master)
		json_object_set_new(json, "parent", tuple_to_json(&e->master, NULL));
	str_uninit(&status);
	str_uninit(&label);
	return json;
}

/* ---- Tuples that are given ---- */

static char *parse_address(struct ct_match *m, const char *key, const char *value, bool v6,
			   bool *has_v4, bool *has_v6)
{
	bool is_src = str_has_suffix(key, "src");
	void *to = is_src ? (void *)&m->tuple.src : (void *)&m->tuple.dst;

	if (v6 ? *has_v4 : *has_v6)
		return xasprintf("the L3 protocol does not match %s", value);
	*(v6 ? has_v6 : has_v4) = true;
	m->tuple.is_v6 = v6;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, value, to) != 1)
		return xasprintf("failed to parse field %s", key);
	*(is_src ? &m->has_src : &m->has_dst) = true;
	return NULL;
}

static char *parse_field(struct ct_match *m, const char *key, const char *value, bool *has_v4,
			 bool *has_v6)
{
	const struct {
		const char *key;
		bool *has;
		unsigned int max;
		bool icmp;
	} numbers[] = {
		{ "ct_nw_proto", &m->has_proto, UINT8_MAX, false },
		{ "ct_tp_src", &m->has_sport, UINT16_MAX, false },
		{ "ct_tp_dst", &m->has_dport, UINT16_MAX, false },
		{ "icmp_id", &m->has_id, UINT16_MAX, true },
		{ "icmp_type", &m->has_type, UINT8_MAX, true },
		{ "icmp_code", &m->has_code, UINT8_MAX, true },
	};
	unsigned int n;

	if (streq(key, "ct_nw_src") || streq(key, "ct_nw_dst"))
		return parse_address(m, key, value, false, has_v4, has_v6);
	if (streq(key, "ct_ipv6_src") || streq(key, "ct_ipv6_dst"))
		return parse_address(m, key, value, true, has_v4, has_v6);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!streq(key, numbers[i].key))
			continue;
		if (!str_to_uint(value, 0, &n) || n > numbers[i].max)
			return xasprintf("failed to parse field %s", key);
		/* Ports and what ICMP has in their place exclude each other. */
		if (i && m->has_proto && numbers[i].icmp != is_icmp(m->tuple.proto))
			return xstrdup("invalid L4 fields");
		*numbers[i].has = true;
		switch (i) {
		case 0:
			m->tuple.proto = n;
			break;
		case 1:
			m->tuple.port.src = htons(n);
			break;
		case 2:
			m->tuple.port.dst = htons(n);
			break;
		case 3:
			m->tuple.icmp.id = htons(n);
			break;
		case 4:
			m->tuple.icmp.type = n;
			break;
		case 5:
			m->tuple.icmp.code = n;
			break;
		}
		return NULL;
	}
	return xasprintf("invalid conntrack tuple field: %s", key);
}

char *ct_match_parse(const char *s, struct ct_match *m)
{
	char *copy = xstrdup(s), *save = NULL, *word, *err = NULL;
	bool has_v4 = false, has_v6 = false;

	memset(m, 0, sizeof(*m));
	for (word = strtok_r(copy, ", ", &save); word && !err; word = strtok_r(NULL, ", ", &save)) {
		char *value = strchr(word, '=');

		if (value) {
			*value++ = '\0';
			err = parse_field(m, word, value, &has_v4, &has_v6);
		} else {
			err = xasprintf("field %s missing value", word);
		}
	}
	if (!err && !m->has_proto &&
	    (m->has_sport || m->has_dport || m->has_id || m->has_type || m->has_code))
		err = xstrdup("invalid L4 fields");
	free(copy);
	return err;
}

bool ct_match_is_empty(const struct ct_match *m)
{
	return !m->has_src && !m->has_dst && !m->has_proto;
}

bool ct_match_is_exact(const struct ct_match *m)
{
	if (!m->has_src || !m->has_dst || !m->has_proto)
		return false;
	return is_icmp(m->tuple.proto) ? m->has_id && m->has_type && m->has_code
				       : m->has_sport && m->has_dport;
}

bool ct_match_covers(const struct ct_match *m, const struct dpif_ct_tuple *t)
{
	size_t len = t->is_v6 ? sizeof(t->src.v6) : sizeof(t->src.v4);

	if ((m->has_src || m->has_dst) && m->tuple.is_v6 != t->is_v6)
		return false;
	if ((m->has_src && memcmp(&m->tuple.src, &t->src, len)) ||
	    (m->has_dst && memcmp(&m->tuple.dst, &t->dst, len)) ||
	    (m->has_proto && m->tuple.proto != t->proto))
		return false;
	return (!m->has_sport || m->tuple.port.src == t->port.src) &&
	       (!m->has_dport || m->tuple.port.dst == t->port.dst) &&
	       (!m->has_id || m->tuple.icmp.id == t->icmp.id) &&
	       (!m->has_type || m->tuple.icmp.type == t->icmp.type) &&
	       (!m->has_code || m->tuple.icmp.code == t->icmp.code);
}
