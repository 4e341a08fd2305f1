// SPDX-License-Identifier: Apache-2.0
/* The field table, and matches as text. */
#include "flow/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/str.h"

static uint32_t seed = 1;

static uint32_t rnd(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static void test_table(void **state)
{
	for (size_t i = 0; i < n_fields; i++) {
		const struct field *f = &fields[i];

		assert_ptr_equal(field_lookup(f->name), f);
		assert_true(f->n_octets <= FIELD_MAX_OCTETS && f->n_bits <= f->n_octets * 8);
		assert_true(f->n_bits > (f->n_octets - 1) * 8 || f->n_octets == 2 ||
			    f->n_octets == 4);
		assert_true(f->ofs + f->size <= (int)sizeof(struct flow));
		for (size_t c = 0; c < 3; c++)
			if (f->codes[c].version)
				assert_ptr_equal(field_lookup_code(f->codes[c].class,
								   f->codes[c].field,
								   f->codes[c].experimenter),
						 f);
		for (size_t a = 0; a < 2; a++)
			if (f->aliases[a])
				assert_ptr_equal(field_lookup(f->aliases[a]), f);
	}
	assert_null(field_lookup("no_such_field"));
	assert_null(field_lookup_code(0x8000, 127, 0));
	assert_string_equal(field_lookup_code(0x8000, 3, 0)->name, "eth_dst");
	assert_string_equal(field_lookup_code(0x0001, 105, 0)->name, "ct_state");
	assert_string_equal(field_lookup_code(0xffff, 12, OXM_NICIRA_EXPERIMENTER)->name,
			    "tun_erspan_ver");
}

/* Every field: what is written is read; nothing else changes; text goes there and back. */
static void test_round_trips(void **state)
{
	for (size_t i = 0; i < n_fields; i++) {
		const struct field *f = &fields[i];

		if (!field_is_mapped(f))
			continue;
		for (int round = 0; round < 50; round++) {
			uint8_t v[FIELD_MAX_OCTETS], all[FIELD_MAX_OCTETS], got[FIELD_MAX_OCTETS];
			uint8_t mask[FIELD_MAX_OCTETS], v2[FIELD_MAX_OCTETS];
			struct str s = STR_INIT;
			struct flow a, b;
			struct match m;
			char *err;

			field_ones(f, all);
			for (unsigned int j = 0; j < f->n_octets; j++)
				v[j] = rnd() & all[j];
			if (f->size == 1 && f->n_octets > 1) /* arp_op, ct_state: 8 bits are kept */
				memset(v, 0, f->n_octets - 1);
			if (f->form == FIELD_FRAG && v[0] == 2)
				v[0] = 3;
			if (f->form ==
			    FIELD_PORT) { /* a number inside has 16 bits, here and there */
				v[0] = v[0] & 0x7f;
				if (f->n_octets == 4)
					v[0] = v[1] = v[2] = 0;
			}
			memset(&a, round & 1 ? 0xff : 0, sizeof(a));
			b = a;
			field_set(f, &b, v);
			field_get(f, &b, got);
			if (memcmp(v, got, f->n_octets))
				fail_msg("%s is not read as written", f->name);
			field_get(f, &a, got);
			field_set(f, &b, got);
			if (f->form != FIELD_PORT && f->size * 8 >= f->n_bits && !(round & 1))
				assert_true(flow_equal(&a, &b));

			match_init_catchall(&m);
			field_match(f, &m, v, NULL);
			field_get_mask(f, &m.mask, got);
			assert_memory_equal(got, all, f->n_octets);

			if (f->text_shift) /* printed as part of nw_tos */
				continue;
			field_format(f, v, NULL, &s);
			err = field_parse(f, str_cstr(&s), v2, mask);
			if (err)
				fail_msg("%s: %s", f->name, err);
			if (f->form != FIELD_CT_STATE && f->form != FIELD_TUN_FLAGS) {
				assert_memory_equal(v, v2, f->n_octets);
				if (f->form != FIELD_FRAG)
					assert_memory_equal(mask, all, f->n_octets);
			}
			str_uninit(&s);
		}
	}
}

/* ---- matches -------------------------------------------------------------------------------- */

struct text {
	const char *in, *out; /* 'out' NULL: the same; "!...": an error that begins so */
};

static const struct text matches[] = {
	{ "foo=3", "!unknown keyword foo" },
	{ "foo", "!field foo missing value" },
	{ "in_port", "!field in_port missing value" },
	{ "in_port=", "!: '' is not a valid value for in_port" },
	{ "in_port=100000", "!100000: '100000' is not a valid value for in_port" },
	{ "ip,nw_src=1.2.3.256", "!1.2.3.256" },
	{ "ip,nw_src=1.2.3.4/33", "!1.2.3.4/33" },
	{ "dl_vlan=4096", "!4096" },
	{ "dl_vlan_pcp=8", "!8" },
	{ "mpls,mpls_label=1048576", "!1048576" },
	{ "ip,nw_ecn=5", "!5" },
	{ "ip,nw_ttl=5/3", "!5/3: nw_ttl cannot be matched in part" },
	{ "ipv6,nw_src=1.1.1.1", "!prerequisites not met for setting nw_src" },
	{ "nw_src=1.1.1.1", "!prerequisites not met for setting nw_src" },
	{ "tp_src=5", "!prerequisites not met for setting tp_src" },
	{ "icmp6,nd_target=::1", "!prerequisites not met for setting nd_target" },
	{ "tun_metadata0=5", "!tun_metadata0: no tunnel option is mapped to it" },
	{ "priority=65536", "!65536: not a valid priority" },
	{ "packet_type=(1,0x894f),icmp", "!packet_type and EtherType contradict each other" },
	{ "packet_type=(2,0x800),ip", "!packet_type and EtherType contradict each other" },
	{ "tcp,nw_src=1.2.3.4" },
	{ "tcp,nw_src=1.2.3.0/24,tp_dst=80" },
	{ "tcp,nw_src=1.2.3.0/255.0.255.0,tp_dst=0x50/0xff",
	  "tcp,nw_src=1.0.3.0/255.0.255.0,tp_dst=0x50/0xff" },
	{ "priority=5,in_port=1,dl_vlan=5" },
	{ "dl_vlan=5,dl_vlan_pcp=3" },
	{ "dl_vlan_pcp=3" },
	{ "dl_vlan=0xffff", "vlan_tci=0x0000" },
	{ "dl_vlan=4095" },
	{ "vlan_tci=0", "vlan_tci=0x0000" },
	{ "vlan_tci=0x1000/0x1000" },
	{ "vlan_tci=0x1005", "dl_vlan=5,dl_vlan_pcp=0" },
	{ "vlan_tci=0x1005/0x1fff", "dl_vlan=5" },
	{ "vlan_tci=0/0x1000", "vlan_tci=0x0000/0x1000" },
	{ "vlan_tci=0x1005/0x1005" },
	{ "vlan_tci=0x2000/0xe000" },
	{ "vlan_tci=0x3000/0xf000", "dl_vlan_pcp=1" },
	{ "vlan_tci=0x0005", "vlan_tci=0x0000" },
	{ "vlan_vid=0x1005", "dl_vlan=5" },
	{ "vlan_vid=0x1000/0x1000", "vlan_tci=0x1000/0x1000" },
	{ "vlan_vid=0x1005,vlan_pcp=1", "dl_vlan=5,dl_vlan_pcp=1" },
	{ "dl_src=00:00:00:00:00:01,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00" },
	{ "dl_src=00:00:00:00:00:01/ff:ff:ff:ff:ff:ff", "dl_src=00:00:00:00:00:01" },
	{ "eth_src=00:00:00:00:00:01", "dl_src=00:00:00:00:00:01" },
	{ "dl_type=0x1234" },
	{ "dl_type=0x0800", "ip" },
	{ "dl_type=0x05ff" },
	{ "dl_type=0", "dl_type=0x0000" },
	{ "ip" },
	{ "ip,nw_proto=6", "tcp" },
	{ "ip,nw_proto=1,icmp_type=8", "icmp,icmp_type=8" },
	{ "ip,nw_proto=200" },
	{ "ip,nw_tos=8" },
	{ "ip,nw_tos=3", "ip,nw_tos=0" },
	{ "ip,ip_dscp=3", "ip,nw_tos=12" },
	{ "ip,nw_ecn=1" },
	{ "ip,nw_ttl=5" },
	{ "ip,nw_frag=first" },
	{ "ip,nw_frag=no" },
	{ "ip,nw_frag=yes" },
	{ "ip,nw_frag=later" },
	{ "ip,ip_frag=not_later", "ip,nw_frag=not_later" },
	{ "udp,tp_src=5,tp_dst=6" },
	{ "udp,udp_src=5", "udp,tp_src=5" },
	{ "sctp,sctp_dst=5", "sctp,tp_dst=5" },
	{ "tcp,tcp_src=5,tcp_dst=6/0xfe", "tcp,tp_src=5,tp_dst=0x6/0xfe" },
	{ "icmp,icmp_type=3,icmp_code=1" },
	{ "icmp6,icmp_type=135,icmp_code=0,nd_target=::1,nd_sll=00:00:00:00:00:01" },
	{ "icmp6,icmpv6_type=136,icmpv6_code=0,nd_target=fe80::/16,nd_tll=00:00:00:00:00:01",
	  "icmp6,icmp_type=136,icmp_code=0,nd_target=fe80::/16,nd_tll=00:00:00:00:00:01" },
	{ "icmp6,icmp_type=135,icmp_code=0,nd_reserved=5,nd_options_type=1" },
	{ "tcp6,ipv6_src=::1,ipv6_dst=fe80::/64,ipv6_label=5,tp_src=4",
	  "tcp6,ipv6_src=::1,ipv6_dst=fe80::/64,ipv6_label=0x00005,tp_src=4" },
	{ "ipv6,ipv6_label=0x5/0xff,nw_proto=17", "udp6,ipv6_label=0x00005/0x000ff" },
	{ "ipv6,ipv6_src=fe80::/ffff::ff" },
	{ "arp,arp_op=1,arp_spa=1.1.1.1,arp_tpa=2.2.2.0/24,arp_sha=00:00:00:00:00:01,"
	  "arp_tha=00:00:00:00:00:02",
	  "arp,arp_spa=1.1.1.1,arp_tpa=2.2.2.0/24,arp_op=1,arp_sha=00:00:00:00:00:01,"
	  "arp_tha=00:00:00:00:00:02" },
	{ "arp,nw_src=1.1.1.1,nw_proto=2", "arp,arp_spa=1.1.1.1,arp_op=2" },
	{ "rarp" },
	{ "mplsm" },
	{ "mpls,mpls_label=5,mpls_tc=1,mpls_bos=1,mpls_ttl=3",
	  "mpls,mpls_label=5,mpls_tc=1,mpls_ttl=3,mpls_bos=1" },
	{ "reg0=5,reg1=0x5/0xff,xreg2=0x1,xxreg2=3",
	  "reg0=0x5,reg1=0x5/0xff,reg4=0,reg5=0x1,reg8=0,reg9=0,reg10=0,reg11=0x3" },
	{ "xreg0=0x100000002", "reg0=0x1,reg1=0x2" },
	{ "xxreg0=1/1", "reg3=0x1/0x1" },
	{ "xreg7=5/0xff", "reg15=0x5/0xff" },
	{ "metadata=5", "metadata=0x5" },
	{ "metadata=0x5/0xf" },
	{ "tunnel_id=5", "tun_id=0x5" },
	{ "tun_id=0x5/0xf,tun_src=1.1.1.1,tun_dst=2.2.2.0/24,tun_ipv6_src=::1,tun_flags=oam,"
	  "tun_gbp_id=3,"
	  "tun_gbp_flags=4",
	  "tun_id=0x5/0xf,tun_src=1.1.1.1,tun_dst=2.2.2.0/24,tun_ipv6_src=::1,tun_gbp_id=3,"
	  "tun_gbp_flags=0x4,tun_flags=+oam" },
	{ "tun_flags=-oam" },
	{ "tun_flags=0", "tun_flags=-oam" },
	{ "tun_erspan_ver=1,tun_erspan_idx=0x7" },
	{ "tun_erspan_ver=2,tun_erspan_dir=1,tun_erspan_hwid=5",
	  "tun_erspan_ver=2,tun_erspan_dir=1,tun_erspan_hwid=0x5" },
	{ "tun_gtpu_flags=5,tun_gtpu_msgtype=3", "gtpu_flags=0x5,gtpu_msgtype=3" },
	{ "pkt_mark=0x5/0xf" },
	{ "dp_hash=3/7,recirc_id=5", "recirc_id=0x5,dp_hash=0x3/0x7" },
	{ "conj_id=5" },
	{ "actset_output=3" },
	{ "actset_output=controller", "actset_output=CONTROLLER" },
	{ "ct_state=+trk+est", "ct_state=+est+trk" },
	{ "ct_state=+trk-new,ct_zone=5,ct_mark=0x5/0xf,ct_label=0x1/0xff",
	  "ct_state=-new+trk,ct_zone=5,ct_mark=0x5/0xf,ct_label=0x1/0xff" },
	{ "ct_state=trk|new", "ct_state=new|trk" },
	{ "ct_state=0x21/0x23", "ct_state=+new-est+trk" },
	{ "ct_state=+trk,ip,ct_nw_src=1.1.1.1", "ct_state=+trk,ct_nw_src=1.1.1.1,ip" },
	{ "tcp,tcp_flags=syn" },
	{ "tcp,tcp_flags=0x2/0x12", "tcp,tcp_flags=+syn-ack" },
	{ "tcp,tcp_flags=0x12", "tcp,tcp_flags=syn|ack" },
	{ "tcp,tcp_flags=0" },
	{ "in_port=local", "in_port=LOCAL" },
	{ "in_port=65534", "in_port=LOCAL" },
	{ "in_port=4294967294", "in_port=LOCAL" },
	{ "in_port=any", "in_port=ANY" },
	{ "in_port=65281" },
	{ "in_port_oxm=3", "in_port=3" },
	{ "packet_type=(1,0x800),ip_src=1.1.1.1", "packet_type=(1,0x800),nw_src=1.1.1.1" },
	{ "packet_type=(1,0x894f),nsh_mdtype=1,nsh_spi=5",
	  "packet_type=(1,0x894f),nsh_mdtype=1,nsh_spi=0x5" },
	{ "eth,ip" },
	{ "dl_type=0x894f,nsh_flags=1,nsh_ttl=3,nsh_mdtype=1,nsh_np=1,nsh_spi=0x5,nsh_si=255,"
	  "nsh_c1=0x1/0xff,nsh_c2=3",
	  "dl_type=0x894f,nsh_flags=1,nsh_ttl=3,nsh_mdtype=1,nsh_np=1,nsh_spi=0x5,nsh_si=255,"
	  "nsh_c1=0x1/0xff,nsh_c2=0x3" },
	{ "nw_src=1.1.1.1/8,ip", "ip,nw_src=1.0.0.0/8" },
	{ "ip,nw_src=1.1.1.1/0", "ip" },
	{ "tcp,icmp", "icmp" },
	{ "priority=7,conj_id=1,reg3=1,tun_id=3,metadata=1,pkt_mark=2,in_port=5,"
	  "ct_state=+trk,dp_hash=1,"
	  "recirc_id=2,dl_vlan=3,dl_src=00:00:00:00:00:01,ip,nw_dst=1.1.1.1,nw_src=2.2.2.2,"
	  "nw_tos=4,"
	  "nw_ecn=1,nw_ttl=3,nw_proto=6,tp_src=1,tp_dst=4,tcp_flags=+ack",
	  "priority=7,pkt_mark=0x2,recirc_id=0x2,dp_hash=0x1,conj_id=1,ct_state=+trk,tcp,reg3=0x1,"
	  "tun_id=0x3,metadata=0x1,in_port=5,dl_vlan=3,dl_src=00:00:00:00:00:01,nw_src=2.2.2.2,"
	  "nw_dst=1.1.1.1,nw_tos=4,nw_ecn=1,nw_ttl=3,tp_src=1,tp_dst=4,tcp_flags=+ack" },
	{ "" },
};

static void test_matches(void **state)
{
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		const struct text *t = &matches[i];
		const char *want = t->out ? t->out : t->in;
		struct str s = STR_INIT;
		struct match m, again;
		int priority = -1;
		char *err = match_parse(&m, t->in, &priority);

		if (want[0] == '!') {
			if (!err || strncmp(err, want + 1, strlen(want + 1)))
				fail_msg("%s: %s", t->in, err ? err : "no error");
			free(err);
			continue;
		}
		if (err)
			fail_msg("%s: %s", t->in, err);
		match_format(&m, &s, priority);
		if (strcmp(str_cstr(&s), want))
			fail_msg("%s:\n  got  %s\n  want %s", t->in, str_cstr(&s), want);
		err = match_parse(&again, str_cstr(&s), &priority);
		if (err)
			fail_msg("%s: %s", str_cstr(&s), err);
		assert_true(match_equal(&m, &again));
		match_normalize(&m);
		assert_true(match_equal(&m, &again));
		str_uninit(&s);
	}
}

/* The keys of packets of every kind have their fields, and no others. */
static void test_prereqs(void **state)
{
	static const struct {
		const char *match, *has, *lacks;
	} table[] = {
		{ "tcp", "tcp_src", "udp_src" },
		{ "tcp6", "tcp_flags", "icmpv6_type" },
		{ "udp", "ip_src", "ipv6_src" },
		{ "arp", "arp_spa", "ip_src" },
		{ "arp", "arp_op", "nw_proto" },
		{ "rarp", "arp_sha", "nd_sll" },
		{ "icmp6,icmp_type=135,icmp_code=0", "nd_sll", "nd_tll" },
		{ "icmp6,icmp_type=136,icmp_code=0", "nd_tll", "nd_sll" },
		{ "icmp6,icmp_type=136,icmp_code=1", "icmpv6_type", "nd_target" },
		{ "mpls", "mpls_label", "ip_src" },
		{ "vlan_tci=0", "vlan_vid", "vlan_pcp" },
		{ "dl_vlan=3", "vlan_pcp", "mpls_bos" },
		{ "packet_type=(1,0x800)", "ip_src", "eth_src" },
		{ "tcp,nw_frag=later", "nw_proto", "tcp_src" },
		{ "ip,ct_state=+trk", "ct_nw_src", "tcp_src" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct match m;

		assert_null(match_parse(&m, table[i].match, NULL));
		assert_true(field_prereqs_met(field_lookup(table[i].has), &m.flow));
		assert_true(field_prereqs_matched(field_lookup(table[i].has), &m));
		assert_false(field_prereqs_met(field_lookup(table[i].lacks), &m.flow));
		assert_false(field_prereqs_matched(field_lookup(table[i].lacks), &m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_prereqs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
