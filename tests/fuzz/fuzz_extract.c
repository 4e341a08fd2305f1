// SPDX-License-Identifier: Apache-2.0
/* The packet parser and all rewriting: the first octets choose metadata and actions, the rest is a
 * frame at the end of its memory. */
#include <stdint.h>
#include <stdlib.h>

#include "flow/miniflow.h"
#include "flow/odp_execute.h"
#include "packet/csum.h"
#include "packet/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const texts[] = {
	"push_vlan(vid=5,pcp=0)",
	"pop_vlan",
	"push_mpls(label=1,tc=0,ttl=64,bos=1,eth_type=0x8847)",
	"pop_mpls(eth_type=0x800)",
	"pop_mpls(eth_type=0x8847)",
	"add_mpls(label=1,tc=2,ttl=3,bos=1,eth_type=0x8847)",
	"push_eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02)",
	"pop_eth",
	"push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x1,si=255,c1=0x1)",
	"pop_nsh()",
	"set(eth(src=00:00:00:00:00:09,dst=00:00:00:00:00:08))",
	"set(ipv4(src=9.9.9.9,dst=8.8.8.8/255.0.0.0,tos=1,ttl=2))",
	"set(ipv6(src=::9,dst=::8,label=5,tclass=4,hlimit=3))",
	"set(tcp(src=9,dst=8))",
	"set(udp(src=9,dst=8/0xff))",
	"set(sctp(src=9,dst=8))",
	"set(icmp(type=9,code=8))",
	"set(arp(sip=9.9.9.9,tip=8.8.8.8,op=7,sha=00:00:00:00:00:09,tha=00:00:00:00:00:08))",
	"set(nd(target=::9,sll=00:00:00:00:00:09,tll=00:00:00:00:00:08))",
	"set(nd_ext(nd_reserved=0x9,nd_options_type=2))",
	"set(mpls(label=9,tc=1,ttl=2,bos=0))",
	"set(nsh(flags=1,ttl=5,spi=0x9,si=8,c1=0x7))",
};
#define N_ACTIONS (sizeof(texts) / sizeof(texts[0]))
static struct odp_buf actions[N_ACTIONS];

static void release(struct packet *p)
{
	free(p->release_aux);
}

static void parse(struct packet *p)
{
	struct miniflow_buf b, again;
	struct flow f;

	if (miniflow_extract(p, &b))
		return;
	miniflow_expand(&b.mf, &f);
	miniflow_from_flow(&again, &f);
	if (!miniflow_equal(&b.mf, &again.mf))
		abort();
	if ((p->l3_ofs != PACKET_NO_OFS && p->l3_ofs > p->len) ||
	    (p->l4_ofs != PACKET_NO_OFS && p->l4_ofs > p->len) ||
	    (p->l2_5_ofs != PACKET_NO_OFS && p->l2_5_ofs > p->len))
		abort();
	miniflow_hash_5tuple(&b.mf, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct packet p;
	uint8_t *room;
	bool expired;

	if (!actions[0].data)
		for (size_t i = 0; i < N_ACTIONS; i++)
			if (odp_actions_parse(texts[i], NULL, &actions[i]))
				abort();
	if (n < 8)
		return 0;
	room = malloc(n - 8 ? n - 8 : 1);
	memcpy(room, data + 8, n - 8);
	packet_init(&p, room, n - 8, 0, n - 8, release);
	p.release_aux = room;
	if (data[0] & 1)
		p.packet_type = htonl(1 << 16 | data[1] << 8 | data[2]);
	if (data[0] & 2)
		p.md.ct_state = 0x21;
	if (data[0] & 4) {
		p.offload.csum_partial = true;
		p.offload.csum_start = data[3];
		p.offload.csum_offset = data[4];
	}
	if (data[0] & 8)
		p.offload.gso = PACKET_GSO_UDP;
	parse(&p);
	for (int i = 5; i < 8; i++) {
		if (data[i] == 0xff)
			packet_dec_ttl(&p, &expired);
		else if (odp_execute_header(
				 &p, (const struct nlattr *)actions[data[i] % N_ACTIONS].data))
			break;
		if (data[0] & 0x10)
			parse(&p);
	}
	packet_csum_complete(&p);
	parse(&p);
	packet_release(&p);
	return 0;
}
