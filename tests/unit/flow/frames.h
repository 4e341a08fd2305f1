/* SPDX-License-Identifier: Apache-2.0 */
/* One frame of each kind that the parser knows, octet by octet, and the key it has. */
#ifndef TESTS_UNIT_FLOW_FRAMES_H
#define TESTS_UNIT_FLOW_FRAMES_H

#include <stddef.h>

#define MACS                                                                                       \
	"000000000002"                                                                             \
	"000000000001"
#define KEY "eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02)"
/* IPv4 from 10.0.0.1 to 10.0.0.2, of so many octets; the checksum is not looked at */
#define IP4(LEN, FRAG, PROTO)                                                                      \
	"4500" LEN "1234" FRAG "40" PROTO "0000"                                                   \
	"0a000001"                                                                                 \
	"0a000002"
#define K4(PROTO, FRAG)                                                                            \
	KEY ",eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=" PROTO                        \
	    ",tos=0,ttl=64,frag=" FRAG ")"
/* IPv6 from fe80::1 to fe80::2 */
#define IP6(LEN, NEXT)                                                                             \
	"60312345" LEN NEXT "ff"                                                                   \
	"fe800000000000000000000000000001"                                                         \
	"fe800000000000000000000000000002"
#define K6(PROTO, FRAG)                                                                            \
	KEY ",eth_type(0x86dd),ipv6(src=fe80::1,dst=fe80::2,label=0x12345,proto=" PROTO            \
	    ",tclass=0x3,hlimit=255,frag=" FRAG ")"
#define TCP                                                                                        \
	"04d2"                                                                                     \
	"0050"                                                                                     \
	"00000001"                                                                                 \
	"00000002"                                                                                 \
	"5012"                                                                                     \
	"1000"                                                                                     \
	"0000"                                                                                     \
	"0000"
#define UDP                                                                                        \
	"0035"                                                                                     \
	"1f90"                                                                                     \
	"000c"                                                                                     \
	"0000"                                                                                     \
	"01020304"

static const struct frame {
	const char *name, *hex, *key; /* the key as odp_flow_format() shows it from eth() on */
} frames[] = {
	{ "empty payload", MACS "1234", KEY ",eth_type(0x1234)" },
	{ "tcp", MACS "0800" IP4("0028", "4000", "06") TCP,
	  K4("6", "no") ",tcp(src=1234,dst=80),tcp_flags(syn|ack)" },
	{ "tcp with options",
	  MACS "0800" IP4("0030", "4000", "06") "04d2"
						"0050"
						"00000001"
						"00000002"
						"7fff"
						"1000"
						"0000"
						"0000"
						"0101080a01020304",
	  K4("6", "no") ",tcp(src=1234,dst=80),tcp_flags(fin|syn|rst|psh|ack|urg|ece|cwr|ns|[200]|"
			"[400]|[800])" },
	{ "tcp header longer than the packet",
	  MACS "0800" IP4("0028", "4000", "06") "04d2"
						"0050"
						"00000001"
						"00000002"
						"6012"
						"1000"
						"0000"
						"0000"
						"00000000",
	  K4("6", "no") ",tcp(src=0,dst=0),tcp_flags(0)" },
	{ "tcp header shorter than a tcp header",
	  MACS "0800" IP4("0028", "4000", "06") "04d2"
						"0050"
						"00000001"
						"00000002"
						"4012"
						"1000"
						"0000"
						"0000",
	  K4("6", "no") ",tcp(src=0,dst=0),tcp_flags(0)" },
	{ "ip options",
	  MACS "0800"
	       "4600"
	       "0020"
	       "1234"
	       "0000"
	       "40"
	       "11"
	       "0000"
	       "0a000001"
	       "0a000002"
	       "01010101"
	       "0035"
	       "1f90"
	       "0008"
	       "0000",
	  K4("17", "no") ",udp(src=53,dst=8080)" },
	{ "ip header length below 5",
	  MACS "0800"
	       "4400"
	       "0020"
	       "1234"
	       "0000"
	       "40"
	       "11"
	       "0000"
	       "0a000001"
	       "0a000002" UDP,
	  KEY ",eth_type(0x0800),ipv4(src=0.0.0.0,dst=0.0.0.0,proto=0,tos=0,ttl=0,frag=no)" },
	{ "ip header length past the end",
	  MACS "0800"
	       "4f00"
	       "0020"
	       "1234"
	       "0000"
	       "40"
	       "11"
	       "0000"
	       "0a000001"
	       "0a000002" UDP,
	  KEY ",eth_type(0x0800),ipv4(src=0.0.0.0,dst=0.0.0.0,proto=0,tos=0,ttl=0,frag=no)" },
	{ "udp with padding", MACS "0800" IP4("0020", "0000", "11") UDP "000000000000",
	  K4("17", "no") ",udp(src=53,dst=8080)" },
	{ "padding is no udp header", MACS "0800" IP4("0014", "0000", "11") UDP,
	  K4("17", "no") ",udp(src=0,dst=0)" },
	{ "ip total length past the end", MACS "0800" IP4("ffff", "0000", "11") UDP,
	  K4("17", "no") ",udp(src=53,dst=8080)" },
	{ "ip total length 0", MACS "0800" IP4("0000", "0000", "11") UDP,
	  K4("17", "no") ",udp(src=53,dst=8080)" },
	{ "first fragment", MACS "0800" IP4("0020", "2000", "11") UDP,
	  K4("17", "first") ",udp(src=53,dst=8080)" },
	{ "later fragment", MACS "0800" IP4("0020", "2001", "11") UDP, K4("17", "later") },
	{ "last fragment", MACS "0800" IP4("0020", "1fff", "11") UDP, K4("17", "later") },
	{ "sctp",
	  MACS "0800" IP4("0020", "0000", "84") "0bb8"
						"0bb9"
						"00000001"
						"00000000",
	  K4("132", "no") ",sctp(src=3000,dst=3001)" },
	{ "icmp",
	  MACS "0800" IP4("001c", "0000", "01") "0800"
						"0000"
						"00010001",
	  K4("1", "no") ",icmp(type=8,code=0)" },
	{ "igmp",
	  MACS "0800" IP4("001c", "0000", "02") "1600"
						"0000"
						"e0000005",
	  K4("2", "no") },
	{ "icmpv6 in ipv4",
	  MACS "0800" IP4("001c", "0000", "3a") "8700"
						"0000"
						"00000000",
	  K4("58", "no") },
	{ "unknown protocol",
	  MACS "0800" IP4("001c", "0000", "c8") "8700"
						"0000"
						"00000000",
	  K4("200", "no") },
	{ "tcp6", MACS "86dd" IP6("0014", "06") TCP,
	  K6("6", "no") ",tcp(src=1234,dst=80),tcp_flags(syn|ack)" },
	{ "jumbogram", MACS "86dd" IP6("0000", "11") UDP, K6("17", "no") ",udp(src=53,dst=8080)" },
	{ "extension headers",
	  MACS "86dd" IP6("002c", "00") "3c00010400000000"
					"2b01010200000000"
					"0000000000000000"
					"1100000000000000" UDP,
	  K6("17", "no") ",udp(src=53,dst=8080)" },
	{ "four extension headers",
	  MACS "86dd" IP6("0034", "00") "3c00010400000000"
					"2b00010200000000"
					"3300010000000000"
					"11020000"
					"00000001"
					"00000002"
					"03040506" UDP,
	  K6("17", "no") ",udp(src=53,dst=8080)" },
	{ "a payload length that cuts udp", MACS "86dd" IP6("000c", "00") "1100010400000000" UDP,
	  K6("17", "no") ",udp(src=0,dst=0)" },
	{ "authentication header",
	  MACS "86dd" IP6("001c", "33") "11020000"
					"00000001"
					"00000002"
					"00000003" UDP,
	  K6("17", "no") ",udp(src=53,dst=8080)" },
	{ "first fragment of ipv6", MACS "86dd" IP6("0014", "2c") "1100000100000007" UDP,
	  K6("17", "first") ",udp(src=53,dst=8080)" },
	{ "later fragment of ipv6", MACS "86dd" IP6("0014", "2c") "1100000800000007" UDP,
	  K6("44", "later") },
	{ "atomic fragment", MACS "86dd" IP6("0014", "2c") "1100000000000007" UDP,
	  K6("17", "no") ",udp(src=53,dst=8080)" },
	{ "extension header past the end", MACS "86dd" IP6("0008", "00") "1105010400000000",
	  KEY ",eth_type(0x86dd),ipv6(src=::,dst=::,label=0,proto=0,tclass=0,hlimit=0,frag=no)" },
	{ "icmp6",
	  MACS "86dd" IP6("0008", "3a") "8000"
					"0000"
					"00010001",
	  K6("58", "no") ",icmpv6(type=128,code=0)" },
	{ "neighbour solicitation",
	  MACS "86dd" IP6("0020", "3a") "8700"
					"0000"
					"00000000"
					"fe800000000000000000000000000003"
					"0101"
					"000000000009",
	  K6("58", "no") ",icmpv6(type=135,code=0),nd(target=fe80::3,sll=00:00:00:00:00:09,"
			 "tll=00:00:00:00:00:00),nd_ext(nd_reserved=0,nd_options_type=1)" },
	{ "neighbour advertisement",
	  MACS "86dd" IP6("0028", "3a") "8800"
					"0000"
					"60000000"
					"fe800000000000000000000000000003"
					"0e01010203040506"
					"0201"
					"000000000009",
	  K6("58",
	     "no") ",icmpv6(type=136,code=0),nd(target=fe80::3,sll=00:00:00:00:00:00,"
		   "tll=00:00:00:00:00:09),nd_ext(nd_reserved=0x60000000,nd_options_type=2)" },
	{ "two addresses in a solicitation",
	  MACS "86dd" IP6("0028", "3a") "8700"
					"0000"
					"00000000"
					"fe800000000000000000000000000003"
					"0101"
					"000000000009"
					"0101"
					"00000000000a",
	  K6("58", "no") ",icmpv6(type=135,code=0),nd(target=::,sll=00:00:00:00:00:00,"
			 "tll=00:00:00:00:00:00)" },
	{ "option of no length",
	  MACS "86dd" IP6("0028", "3a") "8700"
					"0000"
					"00000000"
					"fe800000000000000000000000000003"
					"0100"
					"000000000009"
					"0101"
					"00000000000a",
	  K6("58", "no") ",icmpv6(type=135,code=0),nd(target=fe80::3,sll=00:00:00:00:00:00,"
			 "tll=00:00:00:00:00:00)" },
	{ "arp",
	  MACS "0806"
	       "0001"
	       "0800"
	       "06"
	       "04"
	       "0001"
	       "000000000001"
	       "0a000001"
	       "000000000000"
	       "0a000002",
	  KEY ",eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,sha=00:00:00:00:00:01,"
	      "tha=00:00:00:00:00:00)" },
	{ "rarp of a large opcode",
	  MACS "8035"
	       "0001"
	       "0800"
	       "06"
	       "04"
	       "0103"
	       "000000000001"
	       "0a000001"
	       "000000000000"
	       "0a000002",
	  KEY ",eth_type(0x8035),arp(sip=10.0.0.1,tip=10.0.0.2,op=0,sha=00:00:00:00:00:01,"
	      "tha=00:00:00:00:00:00)" },
	{ "arp of other hardware",
	  MACS "0806"
	       "0006"
	       "0800"
	       "06"
	       "04"
	       "0001"
	       "000000000001"
	       "0a000001"
	       "000000000000"
	       "0a000002",
	  KEY ",eth_type(0x0806),arp(sip=0.0.0.0,tip=0.0.0.0,op=0,sha=00:00:00:00:00:00,"
	      "tha=00:00:00:00:00:00)" },
	{ "vlan",
	  MACS "8100"
	       "6005"
	       "0800" IP4("0020", "0000", "11") UDP,
	  KEY ",eth_type(0x8100),vlan(vid=5,pcp=3),encap(eth_type(0x0800),ipv4(src=10.0.0.1,"
	      "dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=53,dst=8080))" },
	{ "priority tag with cfi",
	  MACS "8100"
	       "1000"
	       "1234",
	  KEY ",eth_type(0x8100),vlan(vid=0,pcp=0),encap(eth_type(0x1234))" },
	{ "two tags",
	  MACS "88a8"
	       "0064"
	       "8100"
	       "2005"
	       "0806"
	       "0001"
	       "0800"
	       "06"
	       "04"
	       "0002"
	       "000000000001"
	       "0a000001"
	       "000000000002"
	       "0a000002",
	  KEY ",eth_type(0x88a8),vlan(vid=100,pcp=0),encap(eth_type(0x8100),vlan(vid=5,pcp=1),"
	      "encap(eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=2,sha=00:00:00:00:00:01,"
	      "tha=00:00:00:00:00:02)))" },
	{ "three tags",
	  MACS "88a8"
	       "0064"
	       "8100"
	       "2005"
	       "8100"
	       "0007"
	       "0800",
	  KEY ",eth_type(0x88a8),vlan(vid=100,pcp=0),encap(eth_type(0x8100),vlan(vid=5,pcp=1),"
	      "encap(eth_type(0x8100)))" },
	{ "a tag and nothing behind it",
	  MACS "8100"
	       "0005",
	  KEY ",eth_type(0x8100),vlan(vid=0,pcp=0,cfi=0),encap()" },
	{ "mpls",
	  MACS "8847"
	       "00064140"
	       "45000014",
	  KEY ",eth_type(0x8847),mpls(label=100,tc=0,ttl=64,bos=1)" },
	{ "mpls stack of four",
	  MACS "8848"
	       "00064040"
	       "000650ff"
	       "00066001"
	       "00067102"
	       "45",
	  KEY ",eth_type(0x8848),mpls(label=100,tc=0,ttl=64,bos=0,label=101,tc=0,ttl=255,bos=0,"
	      "label=102,tc=0,ttl=1,bos=0)" },
	{ "802.2",
	  MACS "0026"
	       "424203"
	       "0000000000",
	  KEY },
	{ "snap",
	  MACS "0026"
	       "aaaa03"
	       "000000"
	       "0800" IP4("0020", "0000", "11") UDP,
	  K4("17", "no") ",udp(src=53,dst=8080)" },
	{ "snap of another organisation",
	  MACS "0026"
	       "aaaa03"
	       "00000c"
	       "2000"
	       "0102",
	  KEY },
	{ "snap of a small type",
	  MACS "0026"
	       "aaaa03"
	       "000000"
	       "0042"
	       "0102",
	  KEY },
	{ "802.2 behind a tag",
	  MACS "8100"
	       "0005"
	       "0026"
	       "424203"
	       "0000000000",
	  KEY ",eth_type(0x8100),vlan(vid=5,pcp=0),encap()" },
	{ "nsh",
	  MACS "894f"
	       "0fc6"
	       "01"
	       "03"
	       "000123ff"
	       "00000001"
	       "00000002"
	       "00000003"
	       "00000004",
	  KEY ",eth_type(0x894f),nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x123,si=255,c1=0x1,c2=0x2,"
	      "c3=0x3,c4=0x4)" },
	{ "nsh of type 2",
	  MACS "894f"
	       "2083"
	       "02"
	       "01"
	       "000123ff"
	       "01020304",
	  KEY ",eth_type(0x894f),nsh(flags=2,ttl=2,mdtype=2,np=1,spi=0x123,si=255,c1=0x0,c2=0x0,"
	      "c3=0x0,c4=0x0)" },
	{ "nsh of another version",
	  MACS "894f"
	       "4fc6"
	       "01"
	       "03"
	       "000123ff"
	       "00000001"
	       "00000002"
	       "00000003"
	       "00000004",
	  KEY ",eth_type(0x894f),nsh(flags=0,ttl=0,mdtype=0,np=0,spi=0x0,si=0,c1=0x0,c2=0x0,c3=0x0,"
	      "c4=0x0)" },
	{ "reserved address",
	  "0180c2000000"
	  "000000000001"
	  "0027"
	  "424203"
	  "0000",
	  "eth(src=00:00:00:00:00:01,dst=01:80:c2:00:00:00)" },
	{ "lacp",
	  "0180c2000002"
	  "000000000001"
	  "8809"
	  "01010114",
	  "eth(src=00:00:00:00:00:01,dst=01:80:c2:00:00:02),eth_type(0x8809)" },
};

/* Octets of a frame; their number. */
static inline size_t frame_octets(const char *hex, unsigned char *out)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		unsigned int v = 0;

		for (int i = 0; i < 2; i++)
			v = v << 4 | (hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
		out[n++] = v;
	}
	return n;
}
#define FRAME_MAX 256

#endif
