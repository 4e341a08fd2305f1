// SPDX-License-Identifier: Apache-2.0
/* From one key to another and onto the packet: what odp_commit() writes, odp_execute_header() does,
 * and the parser then sees the key that was wanted; checksums that were right are right afterwards,
 * whole ones and those that are still to be completed.  Actions on frames that are cut anywhere
 * read and write nothing beyond them. */
#include "flow/odp_execute.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/odp_attr.h"
#include "packet/csum.h"
#include "packet/headers.h"
#include "packet/rewrite.h"
#include "tests/unit/flow/frames.h"
#include "tests/unit/flow/unit.h"

static struct random seed = { 11 };

static const char *describe(const struct flow *f)
{
	static struct str s;

	str_clear(&s);
	odp_flow_format(f, NULL, false, NULL, &s);
	return str_cstr(&s);
}

static void release_heap(struct packet *p)
{
	free(p->release_aux);
	free(p);
}

/* A packet between two borders: no head- nor tailroom. */
static struct packet *tight_packet(const uint8_t *octets, size_t n)
{
	struct packet *p = xmalloc(sizeof(*p));
	uint8_t *room = xmalloc(n ? n : 1);

	memcpy(room, octets, n);
	packet_init(p, room, n, 0, n, release_heap);
	p->release_aux = room;
	return p;
}

/* ---- checksums
 * --------------------------------------------------------------------------------- */

struct l4 {
	uint8_t *data;
	size_t len;
	uint8_t proto;
	uint64_t pseudo; /* 0 if the checksum does not cover one */
	uint8_t *csum;
};

/* The L4 message of a parsed packet whose checksum can be verified. */
static bool find_l4(struct packet *p, const struct flow *f, struct l4 *l)
{
	struct ipv4_hdr *v4 = f->eth_type == htons(ETH_TYPE_IP) ? packet_ipv4(p) : NULL;
	struct ipv6_hdr *v6 = f->eth_type == htons(ETH_TYPE_IPV6) ? packet_ipv6(p) : NULL;
	size_t end;

	if (p->l4_ofs == PACKET_NO_OFS || f->ip_frag || (!v4 && !v6))
		return false;
	if (v4)
		end = p->l3_ofs + ntohs(v4->tot_len);
	else
		end = p->l3_ofs + 40 + ntohs(v6->payload_len);
	if (end > p->len || end < p->l4_ofs || (v6 && !v6->payload_len))
		return false;
	l->data = p->data + p->l4_ofs;
	l->len = end - p->l4_ofs;
	l->proto = f->ip_proto;
	l->pseudo = v4 ? csum_pseudo_ipv4(v4->src, v4->dst, l->proto, l->len)
		       : csum_pseudo_ipv6(&v6->src, &v6->dst, l->proto, l->len);
	switch (l->proto) {
	case IPPROTO_TCP:
		l->csum = l->data + 16;
		return l->len >= 20 && f->tp_dst;
	case IPPROTO_UDP:
		l->csum = l->data + 6;
		return l->len >= 8;
	case IPPROTO_ICMPV6:
		l->csum = l->data + 2;
		return v6 && l->len >= 8;
	case IPPROTO_ICMP:
		l->csum = l->data + 2;
		l->pseudo = 0;
		return v4 && l->len >= 8;
	case IPPROTO_SCTP:
		l->csum = l->data + 8;
		return l->len >= 12;
	}
	return false;
}

static void put16(uint8_t *at, be16 v)
{
	memcpy(at, &v, 2);
}

enum kind { WHOLE, PARTIAL };

static void make_csums(struct packet *p, const struct flow *f, enum kind kind)
{
	struct ipv4_hdr *v4 = f->eth_type == htons(ETH_TYPE_IP) ? packet_ipv4(p) : NULL;
	struct l4 l;

	if (v4) {
		v4->csum = 0;
		v4->csum = csum(v4, MIN((v4->ver_ihl & 15) * 4u, p->len - p->l3_ofs));
	}
	if (!find_l4(p, f, &l))
		return;
	if (l.proto == IPPROTO_SCTP) {
		uint32_t crc;

		memset(l.csum, 0, 4);
		crc = crc32c_sctp(l.data, p->len - p->l4_ofs);
		memcpy(l.csum, &crc, 4);
		return;
	}
	if (kind == PARTIAL && l.pseudo && p->l4_ofs + l.len == p->len) {
		put16(l.csum, csum_fold(l.pseudo));
		p->offload.csum_partial = true;
		p->offload.csum_start = p->l4_ofs;
		p->offload.csum_offset = l.csum - l.data;
		return;
	}
	put16(l.csum, 0);
	put16(l.csum, csum_finish(csum_add(l.pseudo, l.data, l.len)));
}

static void check_csums(struct packet *p, const struct flow *f, const char *name)
{
	struct ipv4_hdr *v4 = f->eth_type == htons(ETH_TYPE_IP) ? packet_ipv4(p) : NULL;
	struct l4 l;

	assert_int_equal(packet_csum_complete(p), DROP_NONE);
	if (v4 && (v4->ver_ihl & 15) >= 5 && (v4->ver_ihl & 15) * 4u <= p->len - p->l3_ofs)
		if (csum_fold(csum_add(0, v4, (v4->ver_ihl & 15) * 4)) != 0xffff)
			fail_msg("%s: the header's checksum is wrong", name);
	if (!find_l4(p, f, &l))
		return;
	if (l.proto == IPPROTO_SCTP) {
		uint32_t was, crc;

		memcpy(&was, l.csum, 4);
		memset(l.csum, 0, 4);
		crc = crc32c_sctp(l.data, p->len - p->l4_ofs);
		memcpy(l.csum, &was, 4);
		assert_int_equal(was, crc);
	} else if (csum_fold(csum_add(l.pseudo, l.data, l.len)) != 0xffff) {
		fail_msg("%s: the checksum of protocol %u is wrong", name, l.proto);
	}
}

/* ---- commit and execute
 * ------------------------------------------------------------------------ */

static enum drop_reason execute_all(struct packet *p, const struct odp_buf *acts)
{
	const struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, acts->data, acts->len) {
		enum drop_reason r;

		assert_true(odp_is_header_action(nla_type(a)));
		r = odp_execute_header(p, a);
		if (r)
			return r;
	}
	return DROP_NONE;
}

static void maybe(void *member, size_t n)
{
	if (!rnd_below(&seed, 2))
		rnd_octets(&seed, member, n);
}
#define MAYBE(MEMBER) maybe(&(MEMBER), sizeof(MEMBER))

/* Changes what actions can change, now and then. */
static void change_headers(struct flow *f)
{
	MAYBE(f->eth_src);
	MAYBE(f->eth_dst);
	switch (ntohs(f->eth_type)) {
	case ETH_TYPE_IP:
		MAYBE(f->ip_src);
		MAYBE(f->ip_dst);
		MAYBE(f->ip_tos);
		MAYBE(f->ip_ttl);
		break;
	case ETH_TYPE_IPV6:
		MAYBE(f->ipv6_src);
		MAYBE(f->ipv6_dst);
		MAYBE(f->ip_tos);
		MAYBE(f->ip_ttl);
		if (rnd_below(&seed, 2))
			f->ipv6_label = htonl(rnd(&seed) & 0xfffff);
		break;
	case ETH_TYPE_ARP:
	case ETH_TYPE_RARP:
		MAYBE(f->ip_src);
		MAYBE(f->ip_dst);
		MAYBE(f->ip_proto);
		MAYBE(f->arp_sha);
		MAYBE(f->arp_tha);
		return;
	case ETH_TYPE_NSH:
		if (!f->nsh.mdtype)
			return;
		f->nsh.ttl = rnd_below(&seed, 64);
		f->nsh.flags = rnd_below(&seed, 4);
		MAYBE(f->nsh.path_hdr);
		if (f->nsh.mdtype == 1)
			MAYBE(f->nsh.context);
		return;
	default:
		return;
	}
	if (f->ip_frag & FLOW_FRAG_LATER)
		return;
	if (f->ip_proto == IPPROTO_ICMPV6) {
		if (f->nd_target.s6_addr[0] && f->eth_type == htons(ETH_TYPE_IPV6)) {
			MAYBE(f->nd_target);
			MAYBE(f->nd_reserved);
			if (f->nd_options_type == ND_OPT_SLL)
				f->arp_sha[rnd_below(&seed, 6)] |= 1 << rnd_below(&seed, 8);
			if (f->nd_options_type == ND_OPT_TLL)
				f->arp_tha[rnd_below(&seed, 6)] |= 1 << rnd_below(&seed, 8);
		}
		return;
	}
	if (f->ip_proto == IPPROTO_TCP || f->ip_proto == IPPROTO_UDP ||
	    f->ip_proto == IPPROTO_SCTP) {
		if (f->tp_dst) { /* else it has no header of that protocol */
			MAYBE(f->tp_src);
			f->tp_dst = htons(1 + rnd_below(&seed, 0xffff));
		}
	} else if (f->ip_proto == IPPROTO_ICMP && f->eth_type == htons(ETH_TYPE_IP) && f->tp_src) {
		f->tp_src = htons(1 + rnd_below(&seed, 255));
	}
}

static void change_stacks(struct flow *f)
{
	/* a tag off, or on, or another */
	if (!rnd_below(&seed, 3) && flow_n_vlans(f))
		flow_pop_vlan(f);
	if (!rnd_below(&seed, 3) && flow_n_vlans(f) < FLOW_MAX_VLANS) {
		flow_push_vlan(f, htons(rnd_below(&seed, 2) ? 0x8100 : 0x88a8));
		f->vlans[0].tci |= htons(rnd(&seed) & 0xefff);
	}
	if (!rnd_below(&seed, 3) && flow_n_vlans(f))
		f->vlans[0].tci = htons(VLAN_CFI | (rnd(&seed) & 0xefff));
	/* quite other tags */
	if (!rnd_below(&seed, 4)) {
		while (flow_n_vlans(f))
			flow_pop_vlan(f);
		for (unsigned int n = rnd_below(&seed, FLOW_MAX_VLANS + 1); n; n--) {
			flow_push_vlan(f, htons(rnd_below(&seed, 2) ? 0x8100 : 0x88a8));
			f->vlans[0].tci |= htons(rnd(&seed) & 0xefff);
		}
	}
	/* labels: as long as what lies below need not be parsed */
	if (eth_type_is_mpls(f->eth_type)) {
		unsigned int n = flow_n_mpls(f);
		bool bos = n && f->mpls_lse[n - 1] & htonl(MPLS_BOS_MASK);

		if (!rnd_below(&seed, 3) && n)
			f->mpls_lse[0] ^= htonl(rnd(&seed) & 0xfffff0ff & ~MPLS_BOS_MASK);
		if (!rnd_below(&seed, 3) && n && n < FLOW_MAX_MPLS && bos)
			flow_push_mpls(f, f->eth_type, NULL);
		else if (!rnd_below(&seed, 3) && n > 1 && bos)
			flow_pop_mpls(f, f->eth_type);
	}
}

static bool is_whole(const char *name)
{
	/* frames whose lower layers contradict themselves cannot be rewritten */
	return !strstr(name, "cut") && !strstr(name, "past the end") && !strstr(name, "below 5") &&
	       !strstr(name, "of a large opcode") && !strstr(name, "other hardware") &&
	       !strstr(name, "nothing behind") && !strstr(name, "another version") &&
	       !strstr(name, "three tags") && !strstr(name, "stack of four");
}

static void test_commit_and_execute(void **state)
{
	unsigned int n_changed = 0;

	for (int round = 0; round < (SANITIZED ? 100 : 1000); round++)
		for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
			uint8_t octets[FRAME_MAX];
			struct flow f, want, base, got;
			struct odp_buf acts = { 0 };
			struct flow_mask mask;
			struct packet *p;
			char *text;

			if (!is_whole(frames[i].name))
				continue;
			p = tight_packet(octets, frame_octets(frames[i].hex, octets));
			assert_int_equal(flow_extract(p, &f), DROP_NONE);
			make_csums(p, &f, rnd_below(&seed, 2) ? WHOLE : PARTIAL);
			want = f;
			change_headers(&want);
			change_stacks(&want);
			base = f;
			flow_mask_init_catchall(&mask);
			odp_commit(&want, &base, &acts, &mask);
			assert_true(flow_equal(&want, &base));
			text = odp_actions_check(acts.data, acts.len);
			if (text)
				fail_msg("%s: %s", frames[i].name, text);
			n_changed += acts.len != 0;
			assert_int_equal(execute_all(p, &acts), DROP_NONE);
			assert_int_equal(flow_extract(p, &got), DROP_NONE);
			if (!flow_equal(&want, &got)) {
				struct str s = STR_INIT;

				text = xstrdup(describe(&got));
				odp_actions_format(acts.data, acts.len, NULL, &s);
				fail_msg("%s, %s:\n  got  %s\n  want %s", frames[i].name,
					 str_cstr(&s), text, describe(&want));
			}
			check_csums(p, &got, frames[i].name);
			/* once more there is nothing to do */
			odp_buf_clear(&acts);
			odp_commit(&want, &base, &acts, &mask);
			assert_int_equal(acts.len, 0);
			odp_buf_uninit(&acts);
			packet_release(p);
		}
	assert_true(n_changed > 1000);
}

/* What a set depends on is in the mask, and a set takes no more than that. */
static void test_commit_masks(void **state)
{
	struct flow base, want, packet;
	struct odp_buf acts = { 0 };
	struct flow_mask mask;
	struct str s = STR_INIT;

	memset(&packet, 0, sizeof(packet));
	packet.eth_type = htons(ETH_TYPE_IP);
	packet.ip_src = htonl(0x01010101);
	packet.ip_tos = 3;
	packet.ip_ttl = 64;
	packet.ip_proto = 17;

	/* nothing matched: the member is, whole */
	want = base = packet;
	want.ip_src = htonl(0x01010102);
	flow_mask_init_catchall(&mask);
	odp_commit(&want, &base, &acts, &mask);
	odp_actions_format(acts.data, acts.len, NULL, &s);
	assert_string_equal(str_cstr(&s), "set(ipv4(src=1.1.1.2))");
	assert_int_equal(mask.masks.ip_src, UINT32_MAX);
	assert_int_equal(mask.masks.ip_dst, 0);

	/* bits that are matched already are enough if the change is within them */
	want = base = packet;
	want.ip_tos = 11;
	flow_mask_init_catchall(&mask);
	mask.masks.ip_tos = 0xfc;
	MASK_FIELD(&mask, ip_dst);
	odp_buf_clear(&acts);
	str_clear(&s);
	odp_commit(&want, &base, &acts, &mask);
	odp_actions_format(acts.data, acts.len, NULL, &s);
	assert_string_equal(str_cstr(&s), "set(ipv4(tos=0x8/0xfc))");
	assert_int_equal(mask.masks.ip_tos, 0xfc);

	/* a tag for an untagged packet */
	want = base = packet;
	flow_push_vlan(&want, htons(0x8100));
	want.vlans[0].tci |= htons(5);
	want.skb_priority = 3;
	want.pkt_mark = 4;
	flow_mask_init_catchall(&mask);
	odp_buf_clear(&acts);
	str_clear(&s);
	odp_commit(&want, &base, &acts, &mask);
	odp_actions_format(acts.data, acts.len, NULL, &s);
	assert_string_equal(str_cstr(&s), "push_vlan(vid=5,pcp=0),set(skb_priority(0x3)),"
					  "set(skb_mark(0x4))");
	assert_int_equal(mask.masks.vlans[0].tci, 0xffff);

	/* other tags over the same inner one */
	packet = want;
	packet.vlans[1] = packet.vlans[0];
	want = base = packet;
	want.vlans[0].tci = htons(VLAN_CFI | 7);
	odp_buf_clear(&acts);
	str_clear(&s);
	odp_commit(&want, &base, &acts, &mask);
	odp_actions_format(acts.data, acts.len, NULL, &s);
	assert_string_equal(str_cstr(&s), "pop_vlan,push_vlan(vid=7,pcp=0)");

	/* NSH around an Ethernet frame, and another Ethernet header around that */
	memset(&base, 0, sizeof(base));
	base.eth_type = htons(0x1234);
	want = base;
	want.eth_type = htons(ETH_TYPE_NSH);
	want.nsh.mdtype = 1;
	want.nsh.np = 3;
	want.nsh.ttl = 63;
	want.nsh.path_hdr = htonl(0x1ff);
	odp_buf_clear(&acts);
	str_clear(&s);
	odp_commit(&want, &base, &acts, &mask);
	odp_actions_format(acts.data, acts.len, NULL, &s);
	assert_string_equal(str_cstr(&s),
			    "push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x1,si=255,c1=0x0,c2=0x0,"
			    "c3=0x0,c4=0x0),push_eth(src=00:00:00:00:00:00,dst=00:00:00:00:00:00)");

	/* the tunnel has a function of its own */
	base = want;
	want.tunnel.ip_dst = htonl(0x03030303);
	want.tunnel.ip_ttl = 64;
	want.tunnel.tun_id = htobe64(7);
	want.tunnel.flags = FLOW_TNL_F_KEY;
	odp_buf_clear(&acts);
	str_clear(&s);
	odp_commit(&want, &base, &acts, &mask);
	assert_int_equal(acts.len, 0);
	odp_commit_tunnel(&want, &base, &acts);
	odp_actions_format(acts.data, acts.len, NULL, &s);
	assert_string_equal(str_cstr(&s), "set(tunnel(tun_id=0x7,dst=3.3.3.3,ttl=64,flags(key)))");
	odp_buf_clear(&acts);
	odp_commit_tunnel(&want, &base, &acts);
	assert_int_equal(acts.len, 0);
	str_uninit(&s);
	odp_buf_uninit(&acts);
}

/* ---- every action on every cut frame
 * ----------------------------------------------------------- */

static const char *const all_actions[] = {
	"push_vlan(vid=5,pcp=0)",
	"pop_vlan",
	"push_mpls(label=1,tc=0,ttl=64,bos=1,eth_type=0x8847)",
	"pop_mpls(eth_type=0x800)",
	"pop_mpls(eth_type=0x8847)",
	"add_mpls(label=1,tc=2,ttl=3,bos=1,eth_type=0x8847)",
	"add_mpls(label=1,tc=2,ttl=3,bos=1,tun_flags=1,eth_type=0x8847)",
	"push_eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02)",
	"pop_eth",
	"push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x1,si=255,c1=0x1)",
	"push_nsh(flags=0,ttl=63,mdtype=2,np=3,spi=0x1,si=255,md2=0x0001020304050607)",
	"pop_nsh()",
	"set(eth(src=00:00:00:00:00:09,dst=00:00:00:00:00:08))",
	"set(ipv4(src=9.9.9.9,dst=8.8.8.8,tos=1,ttl=2))",
	"set(ipv4(src=9.9.9.9/255.0.0.255,tos=0/3))",
	"set(ipv6(src=::9,dst=::8,label=5,tclass=4,hlimit=3))",
	"set(tcp(src=9,dst=8))",
	"set(udp(src=9,dst=8/0xff))",
	"set(sctp(src=9,dst=8))",
	"set(icmp(type=9,code=8))",
	"set(icmpv6(type=9))",
	"set(arp(sip=9.9.9.9,tip=8.8.8.8,op=7,sha=00:00:00:00:00:09,tha=00:00:00:00:00:08))",
	"set(nd(target=::9,sll=00:00:00:00:00:09,tll=00:00:00:00:00:08))",
	"set(nd_ext(nd_reserved=0x9,nd_options_type=2))",
	"set(mpls(label=9,tc=1,ttl=2,bos=0))",
	"set(nsh(flags=1,ttl=5,spi=0x9,si=8,c1=0x7,c2=0x6,c3=0x5,c4=0x4/0xf))",
	"set(skb_priority(0x9)),set(skb_mark(0x8/0xf))",
	"set(tunnel(tun_id=0x9,dst=9.9.9.9,ttl=8,flags(key)))",
};

static void test_cut_everywhere(void **state)
{
	for (size_t a = 0; a < ARRAY_SIZE(all_actions); a++) {
		struct odp_buf acts = { 0 };
		char *err = odp_actions_parse(all_actions[a], NULL, &acts);

		if (err)
			fail_msg("%s: %s", all_actions[a], err);
		for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
			uint8_t octets[FRAME_MAX];
			size_t n = frame_octets(frames[i].hex, octets);

			for (size_t cut = 14; cut <= n; cut++) {
				struct packet *p = tight_packet(octets, cut);
				struct flow f;
				bool expired;

				assert_int_equal(flow_extract(p, &f), DROP_NONE);
				if (cut % 2) {
					p->offload.csum_partial = true;
					p->offload.csum_start = p->l4_ofs;
				}
				if (execute_all(p, &acts) == DROP_NONE) {
					assert_true(packet_headroom(p) < 1000);
					flow_extract(p, &f);
					packet_dec_ttl(p, &expired);
				} else if (!strchr(all_actions[a], ',') ||
					   !strstr(all_actions[a], "),")) {
					/* refused: as it was */
					assert_int_equal(p->len, cut);
					assert_memory_equal(p->data, octets, cut);
				}
				packet_release(p);
			}
		}
		odp_buf_uninit(&acts);
	}
}

/* ---- single rewrites
 * --------------------------------------------------------------------------- */

static void test_udp_without_checksum(void **state)
{
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(MACS "0800" IP4("0020", "0000", "11") UDP, octets);
	struct packet *p = tight_packet(octets, n);
	struct flow f;

	flow_extract(p, &f);
	assert_int_equal(packet_set_ipv4(p, 1, 2, 3, 4), DROP_NONE);
	assert_int_equal(packet_set_udp(p, 5, 6), DROP_NONE);
	assert_int_equal(load_be16(p->data + 40), 0);
	packet_release(p);
}

static void test_later_fragment_payload(void **state)
{
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(MACS "0800" IP4("0020", "2001", "11") UDP, octets);
	struct packet *p = tight_packet(octets, n);
	struct flow f;

	flow_extract(p, &f);
	assert_int_equal(packet_set_ipv4(p, 1, 2, 3, 4), DROP_NONE);
	assert_memory_equal(p->data + 34, octets + 34, n - 34); /* it is no header */
	assert_int_equal(packet_set_udp(p, 5, 6), DROP_HEADER_TOO_SHORT);
	packet_release(p);
}

/* With a routing header the checksum covers the last destination. */
static void test_routing_header(void **state)
{
	static const char hex[] = MACS
		"86dd" IP6("0024", "2b") "1102000100000000"
					 "fe800000000000000000000000000003" UDP;
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(hex, octets);
	struct packet *p;
	struct ipv6_hdr h;
	struct in6_addr other;
	struct flow f;
	be16 c;

	octets[14 + 40 + 24 + 6] = 0x12; /* some checksum */
	p = tight_packet(octets, n);
	flow_extract(p, &f);
	assert_int_equal(p->l4_ofs, 14 + 40 + 24);
	h = *packet_ipv6(p);
	memset(&other, 0x77, sizeof(other));
	assert_int_equal(packet_set_ipv6(p, &h.src, &other, 0, 0, 5), DROP_NONE);
	c = load_be16(p->data + p->l4_ofs + 6);
	assert_int_equal(c, htons(0x1200));
	/* the source counts */
	assert_int_equal(packet_set_ipv6(p, &other, &other, 0, 0, 5), DROP_NONE);
	assert_int_not_equal(load_be16(p->data + p->l4_ofs + 6), c);
	packet_release(p);
	/* no segments left: the destination is the last one */
	octets[14 + 40 + 3] = 0;
	p = tight_packet(octets, n);
	flow_extract(p, &f);
	assert_int_equal(packet_set_ipv6(p, &h.src, &other, 0, 0, 5), DROP_NONE);
	assert_int_not_equal(load_be16(p->data + p->l4_ofs + 6), c);
	packet_release(p);
}

/* A wrong checksum stays wrong, so that the receiver finds it. */
static void test_wrong_stays_wrong(void **state)
{
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(MACS "0800" IP4("0028", "4000", "06") TCP, octets);
	struct packet *p = tight_packet(octets, n);
	struct flow f;
	struct l4 l;

	flow_extract(p, &f);
	make_csums(p, &f, WHOLE);
	p->data[50] ^= 0x40; /* the checksum */
	packet_set_ipv4(p, 99, 98, 97, 96);
	packet_set_tcp(p, 95, 94);
	flow_extract(p, &f);
	assert_true(find_l4(p, &f, &l));
	assert_int_not_equal(csum_fold(csum_add(l.pseudo, l.data, l.len)), 0xffff);
	p->data[50] ^= 0x40; /* not necessarily the bit, but the amount */
	packet_release(p);
}

static void test_dec_ttl(void **state)
{
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(MACS "0800" IP4("0020", "0000", "11") UDP, octets);
	struct packet *p;
	struct flow f;
	bool expired;

	for (unsigned int ttl = 0; ttl < 256; ttl++) {
		octets[22] = ttl;
		p = tight_packet(octets, n);
		flow_extract(p, &f);
		make_csums(p, &f, WHOLE);
		assert_int_equal(packet_dec_ttl(p, &expired), DROP_NONE);
		assert_int_equal(expired, ttl <= 1);
		assert_int_equal(p->data[22], ttl <= 1 ? ttl : ttl - 1);
		check_csums(p, &f, "dec_ttl");
		packet_release(p);
	}
	n = frame_octets(frames[0].hex, octets);
	p = tight_packet(octets, n);
	flow_extract(p, &f);
	assert_int_equal(packet_dec_ttl(p, &expired), DROP_HEADER_TOO_SHORT);
	packet_release(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_commit_and_execute),
		cmocka_unit_test(test_commit_masks),
		cmocka_unit_test(test_udp_without_checksum),
		cmocka_unit_test(test_later_fragment_payload),
		cmocka_unit_test(test_routing_header),
		cmocka_unit_test(test_wrong_stays_wrong),
		cmocka_unit_test(test_dec_ttl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
