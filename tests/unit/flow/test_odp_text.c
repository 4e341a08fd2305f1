// SPDX-License-Identifier: Apache-2.0
/* The text of datapath flows and actions, as it has always been written, and back. */
#include "flow/odp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/str.h"

static const char *port_name(uint32_t port, void *aux)
{
	return port == 1 ? "p1" : port == 2 ? "p2" : NULL;
}

static bool port_number(const char *name, uint32_t *port, void *aux)
{
	if (name[0] != 'p' || name[1] < '1' || name[1] > '2' || name[2])
		return false;
	*port = name[1] - '0';
	return true;
}

static const struct odp_names names = { port_name, port_number, NULL };

struct text {
	const char *in, *out; /* 'out' NULL: the same; "!...": an error that begins so */
};

/* ---- actions -------------------------------------------------------------------------------- */

static const struct text actions[] = {
	/* hostile first */
	{ "clone(2", "!actions: syntax error" },
	{ "foo", "!actions: syntax error at 'foo'" },
	{ "2)", "!actions: syntax error at ')'" },
	{ "2,set(eth(src=1))", "!actions: syntax error" },
	{ "drop,2", "!actions: syntax error" },
	{ "2,drop", "!actions: syntax error" },
	{ "4294967296", "!actions: syntax error" },
	{ "0x", "!actions: syntax error" },
	{ "push_vlan(vid=1)", "!actions: syntax error" },
	{ "push_vlan(vid=4096,pcp=0)", "!actions: syntax error" },
	{ "push_vlan(vid=1,pcp=8)", "!actions: syntax error" },
	{ "push_vlan(tpid=0x0800,vid=1,pcp=0)", "!actions: push_vlan of type 0x0800" },
	{ "push_mpls(label=1,tc=0,ttl=1,bos=1,eth_type=0x800)", "!actions: push_mpls of type" },
	{ "sample(sample=101%,actions(2))", "!actions: syntax error" },
	{ "sample(sample=-1%,actions(2))", "!actions: syntax error" },
	{ "sample(sample=nan%,actions(2))", "!actions: syntax error" },
	{ "ct(commit,commit)", "!actions: ct has part 1 twice" },
	{ "ct(nat(src=1.1.1.2-1.1.1.1))", "!actions: syntax error" },
	{ "ct(nat(src=1.1.1.2-::1))", "!actions: syntax error" },
	{ "ct(nat(src=1.1.1.2:0))", "!actions: syntax error" },
	{ "ct(helper=abcdefghijklmnopqrstuvwxyz)", "!actions: syntax error" },
	{ "userspace()", "!actions: syntax error" },
	{ "userspace(pid=0,userdata(1))", "!actions: syntax error" },
	{ "userspace(pid=0,slow_path(controller))", "!actions: syntax error at 'controller))'" },
	{ "userspace(pid=0,userdata(01),userdata(02))", "!actions: userspace has part 2 twice" },
	{ "set(recirc_id(1))", "!actions: key attribute 20 cannot be set" },
	{ "set(in_port(1))", "!actions: key attribute 3 cannot be set" },
	{ "set(mpls(label=3,tc=0,ttl=1,bos=1,label=4,tc=0,ttl=1,bos=1))", "!actions: syntax" },
	{ "set(tunnel(geneve({class=1,type=2,len=3,0x1})))", "!actions: syntax error" },
	{ "set(tunnel(geneve({class=1,type=2,len=4,0x123456789})))", "!actions: syntax error" },
	{ "set(tunnel(geneve({class=1,type=2,len=4,0x})))", "!actions: syntax error" },
	{ "set(tunnel(geneve({class=1,type=2,len=4,4294967296})))", "!actions: syntax error" },
	{ "push_nsh(mdtype=2,md2=0x000102)", "!actions: syntax error" },
	{ "clone(clone(clone(clone(clone(clone(clone(clone(clone(clone(clone(clone(clone(clone("
	  "clone(clone(clone(2)))))))))))))))))",
	  "!actions: syntax error" },
	/* what is written as it was read */
	{ "drop" },
	{ "2,3" },
	{ "4294967295" },
	{ "userspace(pid=0,slow_path(action))" },
	{ "userspace(pid=0,slow_path(bfd,lldp,action,match))" },
	{ "userspace(pid=5,controller(reason=1,dont_send=1,continuation=0,recirc_id=5,"
	  "rule_cookie=0x1,"
	  "controller_id=0,max_len=65535))" },
	{ "userspace(pid=5,flow_sample(probability=10,collector_set_id=1,obs_domain_id=2,"
	  "obs_point_id=3,output_port=4,egress))" },
	{ "userspace(pid=5,flow_sample(probability=10,collector_set_id=1,obs_domain_id=2,"
	  "obs_point_id=3,output_port=4294967295))" },
	{ "userspace(pid=5,ipfix(output_port=3))" },
	{ "userspace(pid=0,sFlow(vid=1,pcp=2,output=3))" },
	{ "userspace(pid=0,userdata(0102030405060708090a0b0c0d0e0f10111213141516171819),actions,"
	  "tunnel_out_port=3)" },
	{ "set(mpls(label=3,tc=0,ttl=1,bos=1))" },
	{ "push_mpls(label=0,tc=0,ttl=64,bos=1,eth_type=0x8847)" },
	{ "pop_mpls(eth_type=0x800)" },
	{ "add_mpls(label=1,tc=2,ttl=3,bos=1,eth_type=0x8847)" },
	{ "ct" },
	{ "ct(commit)" },
	{ "ct(commit,zone=5,mark=0x1/0x2)" },
	{ "ct(commit,zone=5,label=0x1/0xf)" },
	{ "ct(commit,label=0x1/0x1234567890123456789012345678901f)" },
	{ "ct(commit,zone=3,mark=0x1/0xffffffff,label=0x1,helper=ftp,timeout=x,nat)" },
	{ "ct(force_commit)" },
	{ "ct(nat)" },
	{ "ct(commit,nat(src=1.1.1.1-1.1.1.2:10-20,persistent,random))" },
	{ "ct(commit,nat(dst=1.1.1.1:80,hash))" },
	{ "ct(commit,nat(dst=[::1]-[::2]:80-81,hash))" },
	{ "ct(commit,nat(dst=fe80::1-fe80::2))" },
	{ "ct(commit,nat(src))" },
	{ "ct_clear" },
	{ "hash(sym_l4(0)),recirc(0x4)" },
	{ "hash(l4(7)),recirc(0x4)" },
	{ "meter(5)" },
	{ "trunc(100),2,3" },
	{ "clone(2,3)" },
	{ "clone(drop)" },
	{ "clone(ct(commit,nat(src=1.1.1.1)),2),3" },
	{ "sample(sample=10.0%,actions(2))" },
	{ "sample(sample=50.0%,actions(userspace(pid=0,sFlow(vid=1,pcp=2,output=3),actions)))" },
	{ "check_pkt_len(size=1500,gt(trunc(100),2),le(drop))" },
	{ "push_eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02)" },
	{ "pop_eth" },
	{ "set(ipv4(src=1.1.1.1,dst=2.2.2.2,proto=6,tos=0,ttl=1,frag=no))" },
	{ "set(ipv4(src=1.1.1.0/255.255.255.0,ttl=3))" },
	{ "set(ipv4(src=1.1.1.1,dst=2.2.2.2,tos=0,ttl=1))" },
	{ "set(ipv4(src=1.1.1.2,tos=0x8/0xfc))" },
	{ "set(ipv4(tos=0/0x3,ttl=63))" },
	{ "set(ipv6(src=fe80::1,label=0x3,tclass=0x8/0xfc))" },
	{ "set(ipv6(label=0x3,hlimit=5))" },
	{ "set(eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02))" },
	{ "set(eth(src=00:00:00:00:00:01/00:00:00:00:00:ff))" },
	{ "set(eth())" },
	{ "set(tcp(src=1/0xff))" },
	{ "set(udp(src=1,dst=2))" },
	{ "set(sctp(dst=3))" },
	{ "set(icmp(type=1,code=2))" },
	{ "set(icmp(type=1))" },
	{ "set(icmpv6(type=1,code=3))" },
	{ "set(arp(sip=9.9.9.9,op=2,sha=00:00:00:00:00:09))" },
	{ "set(nd(target=::1))" },
	{ "set(nd_ext(nd_reserved=0x1))" },
	{ "set(skb_priority(0x3)),set(skb_mark(0x3/0xf))" },
	{ "pop_vlan,push_vlan(vid=7,pcp=0),2" },
	{ "push_vlan(tpid=0x88a8,vid=1,pcp=0)" },
	{ "push_vlan(vid=1,pcp=0,cfi=0)" },
	{ "push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x1,si=255,c1=0x1,c2=0x0,c3=0x0,c4=0x0)" },
	{ "push_nsh(flags=0,ttl=63,mdtype=2,np=3,spi=0x1,si=255,md2=0x00010203)" },
	{ "pop_nsh()" },
	{ "set(nsh(ttl=5,spi=0x5))" },
	{ "lb_output(3)" },
	{ "tnl_pop(2)" },
	{ "psample(group=1,cookie=0102)" },
	{ "dec_ttl(le_1(2))" },
	{ "set(tunnel(tun_id=0x1,src=1.1.1.1,dst=3.3.3.3,tos=0x3,ttl=64,tp_dst=4789,"
	  "flags(df|key))),2" },
	{ "set(tunnel(tun_id=0x1,ipv6_dst=::3,ttl=64,vxlan(gbp(id=1,flags=0x2)),"
	  "flags(df|csum|key)))" },
	{ "ct(commit,mark=0x5/0,label=0x7/0)", "ct(commit)" },
	{ "set(tunnel(dst=1.1.1.1,ttl=3,geneve({class=1,type=0,len=8,0xab}{class=0x1,type=0x3,"
	  "len=4,12}{class=0x1,type=0x4,len=4,0x00}),flags(df)))",
	  "set(tunnel(dst=1.1.1.1,ttl=3,geneve({class=0x1,type=0,len=8,0xab}{class=0x1,type=0x3,"
	  "len=4,0xc}{class=0x1,type=0x4,len=4,0}),flags(df)))" },
	{ "set(tunnel(tun_id=0x1,dst=3.3.3.3,ttl=64,geneve({class=0x1,type=0x2,len=4,0x12345678}),"
	  "flags(df|key)))" },
	{ "set(tunnel(dst=3.3.3.3,ttl=64,erspan(ver=1,idx=0x7),flags(df)))" },
	{ "set(tunnel(dst=3.3.3.3,ttl=64,erspan(ver=2,dir=1,hwid=0x7),flags(0)))" },
	{ "set(tunnel(dst=3.3.3.3,ttl=64,gtpu(flags=0x1,msgtype=2),flags(0)))" },
	/* what is written otherwise */
	{ "", "drop" },
	{ "userspace(pid=0,slow_path())", "userspace(pid=0,slow_path(0))" },
	{ "userspace(pid=0,slow_path(lacp|stp))", "userspace(pid=0,slow_path(lacp,stp))" },
	{ "ct(commit,nat(src=1.1.1.1-1.1.1.2:10-20,random,persistent))",
	  "ct(commit,nat(src=1.1.1.1-1.1.1.2:10-20,persistent,random))" },
	{ "ct(commit,timeout=x,helper=ftp,nat,label=0x1,mark=0x1,zone=3)",
	  "ct(commit,zone=3,mark=0x1/0xffffffff,label=0x1,helper=ftp,timeout=x,nat)" },
	{ "ct()", "ct" },
	{ "ct(zone=0)", "ct" },
	{ "clone()", "clone(drop)" },
	{ "sample(sample=33.33%,actions(push_vlan(vid=1,pcp=0),2))",
	  "sample(sample=33.3%,actions(push_vlan(vid=1,pcp=0),2))" },
	{ "sample(sample=100.0%,actions())", "sample(sample=100.0%,actions(drop))" },
	{ "check_pkt_len(size=1500,gt(trunc(100),2),le())",
	  "check_pkt_len(size=1500,gt(trunc(100),2),le(drop))" },
	{ "set(skb_priority(3))", "set(skb_priority(0x3))" },
	{ "set(eth(src=00:00:00:00:00:01/ff:ff:ff:ff:ff:ff,"
	  "dst=00:00:00:00:00:02/00:00:00:00:00:00))",
	  "set(eth(src=00:00:00:00:00:01))" },
	{ "set(mpls(label=3))", "set(mpls(label=3/0xfffff,tc=0/0,ttl=0/0x0,bos=0/0))" },
	{ "push_vlan(vid=1,pcp=7,cfi=1)", "push_vlan(vid=1,pcp=7)" },
	{ "push_vlan(tpid=0x8100,vid=1,pcp=0)", "push_vlan(vid=1,pcp=0)" },
	{ "recirc(1)", "recirc(0x1)" },
	{ "push_nsh(mdtype=1,spi=0x1,si=3)",
	  "push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x1,si=3,c1=0x0,c2=0x0,c3=0x0,c4=0x0)" },
	{ "2,,3", "2,3" },
	{ " 2 3\n", "2,3" },
	{ "0x2", "2" },
	{ "p2", "2" },
};

static void check_error(const char *in, const char *want, char *err)
{
	if (!err || strncmp(err, want, strlen(want)))
		fail_msg("%s:\n  got  %s\n  want %s", in, err ? err : "no error", want);
	free(err);
}

static void test_actions(void **state)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const struct text *t = &actions[i];
		const char *want = t->out ? t->out : t->in;
		struct odp_buf b = { 0 }, again = { 0 };
		struct str s = STR_INIT;
		char *err = odp_actions_parse(t->in, &names, &b);

		if (want[0] == '!') {
			check_error(t->in, want + 1, err);
			assert_int_equal(b.len, 0);
		} else {
			if (err)
				fail_msg("%s: %s", t->in, err);
			odp_actions_format(b.data, b.len, NULL, &s);
			if (strcmp(str_cstr(&s), want))
				fail_msg("%s:\n  got  %s\n  want %s", t->in, str_cstr(&s), want);
			err = odp_actions_parse(str_cstr(&s), NULL, &again);
			assert_null(err);
			if (!t->out) { /* else parts may stand in another order */
				assert_int_equal(b.len, again.len);
				if (b.len)
					assert_memory_equal(b.data, again.data, b.len);
			}
		}
		str_uninit(&s);
		odp_buf_uninit(&b);
		odp_buf_uninit(&again);
	}
}

static void test_action_names(void **state)
{
	struct odp_buf b = { 0 };
	struct str s = STR_INIT;

	assert_null(odp_actions_parse("p1,2,3,tnl_pop(p2)", &names, &b));
	odp_actions_format(b.data, b.len, &names, &s);
	assert_string_equal(str_cstr(&s), "p1,p2,3,tnl_pop(p2)");
	str_uninit(&s);
	odp_buf_uninit(&b);
}

/* ---- keys ----------------------------------------------------------------------------------- */

#define META "recirc_id(0),in_port(1),packet_type(ns=0,id=0)"
#define E META ",eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02)"
#define I E ",eth_type(0x0800),ipv4(proto=6,frag=no),tcp(src=1)"

static const struct text keys[] = {
	{ "foo(1)", "!flow key: unknown field at 'foo(1)'" },
	{ "eth(src=1)", "!flow key: syntax error" },
	{ "in_port(1", "!flow key: syntax error" },
	{ "in_port()", "!flow key: syntax error" },
	{ "in_port(px)", "!flow key: syntax error" },
	{ "encap(eth())", "!flow key: syntax error" },
	{ "vlan(vid=1,pcp=0),encap(", "!flow key: encap( is not closed" },
	{ "vlan(vid=1,pcp=0),encap(vlan(vid=1,pcp=0),encap(vlan(vid=1,pcp=0),encap())))",
	  "!flow key: syntax error" },
	{ "ipv4(src=1.2.3.256)", "!flow key: syntax error" },
	{ "ipv4(ttl=256)", "!flow key: syntax error" },
	{ "ipv4(frag=maybe)", "!flow key: syntax error" },
	{ "tcp_flags(+syn+syn)", "!flow key: syntax error" },
	{ "ct_state(0x100)", "!flow key: syntax error" },
	{ "mpls(label=1,tc=0,ttl=0,bos=0,label=1,tc=0,ttl=0,bos=0,label=1,tc=0,ttl=0,bos=0,"
	  "label=1)",
	  "!flow key: syntax error" },
	{ "mpls(label=1048576)", "!flow key: syntax error" },
	{ E ",eth_type(0x8100),vlan(vid=1,pcp=0),encap(eth_type(0x0800),ipv4(frag=no))" },
	{ E ",eth_type(0x88a8),vlan(vid=5,pcp=0),encap(eth_type(0x8100),vlan(vid=7/0xff,pcp=1/0x1),"
	    "encap(eth_type(0x0800),ipv4(frag=no)))" },
	{ E ",eth_type(0x8100),vlan(),encap(eth_type(0x0800),ipv4(frag=no))" },
	{ E ",eth_type(0x8100),vlan(pcp=3),encap(eth_type(0x0800),ipv4(frag=no))" },
	{ E ",eth_type(0x86dd),ipv6(src=::1/ffff::,dst=fe80::/ffff::,label=0x12/0xff,proto=58,"
	    "tclass=0x1/0xf,hlimit=255/0xf,frag=no),icmpv6(type=135,code=0),nd(target=fe80::1,"
	    "sll=00:00:00:00:00:01,tll=00:00:00:00:00:00)" },
	{ E ",eth_type(0x86dd),ipv6(proto=58,frag=no),icmpv6(type=136,code=0),"
	    "nd(target=fe80::1/ffff::)"
	    ",nd_ext(nd_reserved=0x1,nd_options_type=2)" },
	{ E ",eth_type(0x0806),arp(sip=1.1.1.1,tip=2.2.2.2,op=1,sha=00:00:00:00:00:01,"
	    "tha=00:00:00:00:00:00)" },
	{ E ",eth_type(0x8035),arp(sip=1.1.1.1)" },
	{ E ",eth_type(0x8847),mpls(label=100,tc=1,ttl=64,bos=1)" },
	{ E ",eth_type(0x8847),mpls(label=100/0xf,tc=1/1,ttl=64/0xf,bos=1/1)" },
	{ E ",eth_type(0x8847),mpls(label=100,tc=0,ttl=64,bos=0,label=101,tc=0,ttl=3,bos=1)" },
	{ E ",eth_type(0x0800),ipv4(src=1.2.3.4/255.0.255.0,proto=6,tos=0x4/0xfc,ttl=64/0xf0,"
	    "frag=no),"
	    "tcp(src=1/0xff,dst=2),tcp_flags(+syn-ack)" },
	{ E ",eth_type(0x0800),ipv4(proto=6,frag=first),tcp(src=1)" },
	{ E ",eth_type(0x0800),ipv4(proto=6,frag=later)" },
	{ E ",eth_type(0x0800),ipv4(proto=17,frag=no),udp(src=1,dst=2/0xff00)" },
	{ E ",eth_type(0x0800),ipv4(proto=132,frag=no),sctp(src=1,dst=2/0xff00)" },
	{ E ",eth_type(0x0800),ipv4(proto=1,frag=no),icmp(type=8,code=0/0xf)" },
	{ E ",eth_type(0x0800),ipv4(proto=2,frag=no)" },
	{ E ",eth_type(0x1234/0xff00)" },
	{ E ",eth_type(0x894f),nsh(flags=0,ttl=63,mdtype=1,np=1,spi=0x123,si=255,c1=0x1,"
	    "c2=0x2,c3=0x3,"
	    "c4=0x4)" },
	{ I ",tcp_flags(syn)" },
	{ I ",tcp_flags(0)" },
	{ I ",tcp_flags(syn|[800])" },
	{ I ",tcp_flags(+syn-[200])" },
	{ I ",tcp_flags(fin|syn|rst|psh|ack|urg|ece|cwr|ns)" },
	{ I ",tcp_flags(0x2/0x12)", I ",tcp_flags(+syn-ack)" },
	{ I ",tcp_flags(0/0)", I },
	{ "ct_state(+new-est-rel-rpl-inv+trk-snat-dnat)," I },
	{ "ct_state(0x21)," I, "ct_state(+new-est-rel-rpl-inv+trk-snat-dnat)," I },
	{ "ct_state(-trk)," I },
	{ E ",ct_state(+trk+est-new),ct_zone(0x5),ct_mark(0x1/0xf),ct_label(0x12/0xff),"
	    "eth_type(0x1234)",
	  "ct_state(-new+est+trk),ct_zone(0x5),ct_mark(0x1/0xf),ct_label(0x12/0xff)," E
	  ",eth_type(0x1234)" },
	{ "ct_state(+new-est+trk),ct_tuple4(src=1.1.1.1,dst=2.2.2.2,proto=6,tp_src=1,tp_dst=2)," E
	  ",eth_type(0x0800),ipv4(frag=no)" },
	{ "ct_state(+new-est+trk),ct_tuple6(src=::1,dst=::2,proto=6,src_port=1/0xff,dst_port=2)," E
	  ",eth_type(0x86dd),ipv6(frag=no)" },
	{ "dp_hash(2),skb_priority(1/0xf)," E ",eth_type(0x1234)",
	  "skb_priority(0x1/0xf),recirc_id(0),dp_hash(0x2),in_port(1),packet_type(ns=0,id=0),"
	  "eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234)" },
	{ "skb_priority(0x1),tunnel(tun_id=0x7,src=1.1.1.1,dst=2.2.2.2,ttl=64,flags(key)),"
	  "skb_mark(0x1)," E ",eth_type(0x1234)" },
	{ "tunnel(tun_id=0x7/0xf,src=1.1.1.1,dst=2.2.2.0/255.255.255.0,tos=0x1/0x3,ttl=64,"
	  "tp_src=3/0xf,"
	  "tp_dst=4,geneve({class=0x1,type=0x2,len=4,0x12345678/0xffffff00}{class=0x2,"
	  "type=0x80,len=8,"
	  "0x1234567812345678}),flags(-df+csum+key))," E ",eth_type(0x1234)" },
	{ "tunnel(tun_id=0x7,src=1.1.1.1,dst=2.2.2.2,ttl=64,vxlan(gbp(id=5/0xf,flags=0x1)),"
	  "flags(key))," E ",eth_type(0x1234)" },
	{ "tunnel(tun_id=0x7/0xf,ipv6_src=::1,ipv6_dst=::2,ttl=64,flags(-df+csum+key))," E
	  ",eth_type(0x1234)" },
	{ "recirc_id(0),in_port(1),packet_type(ns=1,id=0x800),eth_type(0x0800),ipv4(frag=no)" },
	{ "in_port(1),eth(),eth_type(0x0800),ipv4(src=1.2.3.0/255.255.255.0,frag=no)",
	  "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(src=1.2.3.0/255.255.255.0,"
	  "frag=no)" },
	{ "in_port(p2),eth()", "recirc_id(0),in_port(2),eth(),eth_type(0/0xffff)" },
	{ "ufid:cf8e29a7-56ec-4be4-b311-d5651400afed, " E ",eth_type(0x1234)",
	  E ",eth_type(0x1234)" },
};

static void test_keys(void **state)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct text *t = &keys[i];
		const char *want = t->out ? t->out : t->in;
		struct flow_mask mask, mask2;
		struct flow f, f2;
		struct str s = STR_INIT;
		char *err = odp_flow_parse(t->in, &names, &f, &mask);

		if (want[0] == '!') {
			check_error(t->in, want + 1, err);
		} else {
			if (err)
				fail_msg("%s: %s", t->in, err);
			odp_flow_format(&f, &mask, false, NULL, &s);
			if (strcmp(str_cstr(&s), want))
				fail_msg("%s:\n  got  %s\n  want %s", t->in, str_cstr(&s), want);
			assert_null(odp_flow_parse(str_cstr(&s), NULL, &f2, &mask2));
			assert_true(flow_equal(&mask.masks, &mask2.masks));
			assert_true(flow_equal_in_mask(&f, &f2, &mask));
		}
		str_uninit(&s);
	}
}

static void test_verbose(void **state)
{
	static const struct text table[] = {
		{ I,
		  "skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),"
		  "ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(p1),packet_type(ns=0,id=0),"
		  "eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x0800),"
		  "ipv4(src=0.0.0.0/0.0.0.0,dst=0.0.0.0/0.0.0.0,proto=6,tos=0/0,ttl=0/0,frag=no),"
		  "tcp(src=1,dst=0/0)" },
		{ "in_port(1),eth(),eth_type(0x8100),vlan(vid=1),encap(eth_type(0x86dd),"
		  "ipv6(frag=no))",
		  "skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),"
		  "ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(p1),packet_type(ns=0/0,id=0/0),"
		  "eth(src=00:00:00:00:00:00/00:00:00:00:00:00,dst=00:00:00:00:00:00/"
		  "00:00:00:00:00:00),eth_type(0x8100),vlan(vid=1,pcp=0/0x0),"
		  "encap(eth_type(0x86dd),"
		  "ipv6(src=::/::,dst=::/::,label=0/0,proto=0/0,tclass=0/0,hlimit=0/0,frag=no))" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct flow_mask mask;
		struct flow f;
		struct str s = STR_INIT;

		assert_null(odp_flow_parse(table[i].in, &names, &f, &mask));
		odp_flow_format(&f, &mask, true, &names, &s);
		assert_string_equal(str_cstr(&s), table[i].out);
		str_uninit(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_action_names),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_verbose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
