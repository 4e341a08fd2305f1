// SPDX-License-Identifier: Apache-2.0
/* Text of tracked connections, and of what names them. */
#include "dpif/ct_text.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "tests/unit/base/unit.h"

static struct dpif_ct_tuple tuple(uint8_t proto, const char *src, const char *dst, uint16_t sport,
				  uint16_t dport)
{
	struct dpif_ct_tuple t;
	int af = strchr(src, ':') ? AF_INET6 : AF_INET;

	memset(&t, 0, sizeof(t));
	t.is_v6 = af == AF_INET6;
	t.proto = proto;
	assert_int_equal(inet_pton(af, src, &t.src), 1);
	assert_int_equal(inet_pton(af, dst, &t.dst), 1);
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		t.icmp.id = htons(sport);
		t.icmp.type = dport;
	} else {
		t.port.src = htons(sport);
		t.port.dst = htons(dport);
	}
	return t;
}

static struct dpif_ct_entry tcp_entry(void)
{
	return (struct dpif_ct_entry){
		.orig = tuple(IPPROTO_TCP, "10.1.1.1", "10.1.1.2", 38658, 80),
		.reply = tuple(IPPROTO_TCP, "10.1.1.2", "10.1.1.1", 80, 38658),
		.has_counters = true,
		.orig_counters = { 3, 165 },
		.has_timestamps = true,
		.start_ns = UINT64_C(1795260677778123456),
		.has_timeout = true,
		.timeout_s = 431995,
		.id = 3457766929u,
		.status = IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED,
		.mark = 3,
		.has_label = true,
		.label = { .lo = 0x1234 },
		.zone = 5,
		.has_tcp = true,
		.tcp_state = TCP_CONNTRACK_ESTABLISHED,
		.tcp_wscale_orig = 7,
		.tcp_wscale_reply = 7,
		.tcp_flags_orig = 0x2b,
		.tcp_flags_reply = 0x81,
	};
}

static void assert_text(const struct dpif_ct_entry *e, bool more, bool stats, const char *expected)
{
	struct str s = STR_INIT;

	ct_entry_format(e, more, stats, &s);
	assert_string_equal(str_cstr(&s), expected);
	str_uninit(&s);
}

#define TCP_ORIG "src=10.1.1.1,dst=10.1.1.2,sport=38658,dport=80"
#define TCP_REPLY "src=10.1.1.2,dst=10.1.1.1,sport=80,dport=38658"

static void test_format(void **state)
{
	struct dpif_ct_entry e = tcp_entry();

	(void)state;
	assert_text(&e, false, false,
		    "tcp,orig=(" TCP_ORIG "),reply=(" TCP_REPLY "),zone=5,mark=3,labels=0x1234,"
		    "protoinfo=(state=ESTABLISHED)");
	assert_text(&e, true, false,
		    "tcp,orig=(" TCP_ORIG "),reply=(" TCP_REPLY "),id=3457766929,zone=5,"
		    "status=SEEN_REPLY|ASSURED|CONFIRMED,mark=3,labels=0x1234,"
		    "protoinfo=(state_orig=ESTABLISHED,state_reply=ESTABLISHED,wscale_orig=7,"
		    "wscale_reply=7,flags_orig=WINDOW_SCALE|SACK_PERM|BE_LIBERAL|MAXACK_SET,"
		    "flags_reply=WINDOW_SCALE|0x80)");
	assert_text(&e, false, true,
		    "tcp,orig=(" TCP_ORIG ",packets=3,bytes=165),reply=(" TCP_REPLY
		    "),start=2026-11-21T11:31:17.778,zone=5,timeout=431995,mark=3,labels=0x1234,"
		    "protoinfo=(state=ESTABLISHED)");
	e.label.hi = 0x1;
	e.mark = 0;
	e.zone = 0;
	e.has_tcp = false;
	assert_text(&e, false, false,
		    "tcp,orig=(" TCP_ORIG "),reply=(" TCP_REPLY "),labels=0x10000000000001234");
	e = (struct dpif_ct_entry){
		.orig = tuple(IPPROTO_ICMPV6, "fd00::1", "fd00::2", 232, 128),
		.reply = tuple(IPPROTO_ICMPV6, "fd00::2", "fd00::1", 232, 129),
		.zone = 6,
	};
	assert_text(&e, false, false,
		    "icmpv6,orig=(src=fd00::1,dst=fd00::2,id=232,type=128,code=0),"
		    "reply=(src=fd00::2,dst=fd00::1,id=232,type=129,code=0),zone=6");
	e = (struct dpif_ct_entry){
		.orig = tuple(IPPROTO_SCTP, "10.1.1.1", "10.1.1.2", 1, 2),
		.reply = tuple(IPPROTO_SCTP, "10.1.1.2", "10.1.1.1", 2, 1),
		.has_sctp = true,
		.sctp_state = SCTP_CONNTRACK_CLOSED,
		.sctp_vtag_reply = 77,
	};
	assert_text(&e, false, false,
		    "sctp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=1,dport=2),"
		    "reply=(src=10.1.1.2,dst=10.1.1.1,sport=2,dport=1),"
		    "protoinfo=(state=CLOSED,vtag_orig=0,vtag_reply=77)");
	e = (struct dpif_ct_entry){
		.orig = tuple(200, "10.1.1.1", "10.1.1.2", 0, 0),
		.reply = tuple(200, "10.1.1.2", "10.1.1.1", 0, 0),
	};
	assert_text(&e, true, true,
		    "200,orig=(src=10.1.1.1,dst=10.1.1.2),reply=(src=10.1.1.2,dst=10.1.1.1),"
		    "id=0,status=0");
}

static void test_json(void **state)
{
	struct dpif_ct_entry e = tcp_entry();
	json_t *json = ct_entry_to_json(&e);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(json, "protocol")), "tcp");
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(json, "orig"), "packets")),
			 3);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "ESTABLISHED");
	assert_string_equal(json_string_value(json_object_get(json, "labels")), "0x1234");
	json_decref(json);
}

static const struct match_case {
	const char *text;
	const char *error; /* NULL: none */
	bool is_empty, is_exact, covers; /* the TCP connection above */
} match_cases[] = {
	{ "", NULL, true, false, true },
	{ "ct_nw_src=10.1.1.1", NULL, false, false, true },
	{ "ct_nw_src=10.1.1.2", NULL, false, false, false },
	{ "ct_nw_dst=10.1.1.2,ct_nw_proto=6", NULL, false, false, true },
	{ "ct_nw_dst=10.1.1.2, ct_nw_proto=17", NULL, false, false, false },
	{ "ct_nw_proto=6,ct_tp_dst=80", NULL, false, false, true },
	{ "ct_nw_proto=6,ct_tp_dst=81", NULL, false, false, false },
	{ "ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=6,ct_tp_src=38658,ct_tp_dst=80", NULL,
	  false, true, true },
	{ "ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=1,icmp_id=1,icmp_type=8,icmp_code=0",
	  NULL, false, true, false },
	{ "ct_ipv6_src=fd00::1", NULL, false, false, false },
	{ "ct_nw_src", "field ct_nw_src missing value", 0, 0, 0 },
	{ "ct_nw_src=x", "failed to parse field ct_nw_src", 0, 0, 0 },
	{ "ct_nw_proto=256", "failed to parse field ct_nw_proto", 0, 0, 0 },
	{ "ct_nw_proto=6,ct_tp_src=65536", "failed to parse field ct_tp_src", 0, 0, 0 },
	{ "ct_nw_src=1.2.3.4,ct_ipv6_dst=::1", "the L3 protocol does not match ::1", 0, 0, 0 },
	{ "ct_nw_proto=17,icmp_type=3", "invalid L4 fields", 0, 0, 0 },
	{ "ct_nw_proto=1,ct_tp_src=3", "invalid L4 fields", 0, 0, 0 },
	{ "ct_tp_src=3", "invalid L4 fields", 0, 0, 0 },
	{ "foo=1", "invalid conntrack tuple field: foo", 0, 0, 0 },
};

static void test_match(void **state)
{
	struct dpif_ct_entry e = tcp_entry();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(match_cases); i++) {
		const struct match_case *c = &match_cases[i];
		struct ct_match m;
		char *err = ct_match_parse(c->text, &m);

		if (c->error) {
			assert_non_null(err);
			assert_string_equal(err, c->error);
			free(err);
			continue;
		}
		if (err)
			fail_msg("%s: %s", c->text, err);
		if (ct_match_is_empty(&m) != c->is_empty || ct_match_is_exact(&m) != c->is_exact ||
		    ct_match_covers(&m, &e.orig) != c->covers)
			fail_msg("%s", c->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_match),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
