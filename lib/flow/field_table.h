/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the field table, in the order in which a match is printed: first what is printed
 * before the protocol's keyword, then the rest.  Included by fields.c alone.
 *
 * F(name, text, bits, octets, storage, member, shift, form, prereq, maskable, writable, kernel
 * attribute, codes...) with further members by designator behind the codes. */

#define NONE FIELD_NEEDS_NONE
#define N(NUMBER)                                                                                  \
	{                                                                                          \
		OXM_CLASS_NXM_0, NUMBER, 1, 0                                                      \
	}
#define X(NUMBER)                                                                                  \
	{                                                                                          \
		OXM_CLASS_NXM_1, NUMBER, 1, 0                                                      \
	}
#define O(NUMBER)                                                                                  \
	{                                                                                          \
		OXM_CLASS_BASIC, NUMBER, 3, 0                                                      \
	}
#define O_SINCE(NUMBER, VERSION)                                                                   \
	{                                                                                          \
		OXM_CLASS_BASIC, NUMBER, VERSION, 0                                                \
	}
#define P(NUMBER)                                                                                  \
	{                                                                                          \
		OXM_CLASS_PACKET_REGS, NUMBER, 4, 0                                                \
	}
#define E(NUMBER)                                                                                  \
	{                                                                                          \
		OXM_CLASS_ERICSSON, NUMBER, 1, 0                                                   \
	}
#define ONF(NUMBER)                                                                                \
	{                                                                                          \
		OXM_CLASS_EXPERIMENTER, NUMBER, 4, OXM_ONF_EXPERIMENTER                            \
	}
#define V(NUMBER)                                                                                  \
	{                                                                                          \
		OXM_CLASS_EXPERIMENTER, NUMBER, 1, OXM_NICIRA_EXPERIMENTER                         \
	}
#define NSH(NUMBER)                                                                                \
	{                                                                                          \
		OXM_CLASS_EXPERIMENTER, NUMBER, 1, OXM_NSH_EXPERIMENTER                            \
	}

#define RO false
#define RW true
#define MASK true
#define EXACT false

#define AT_FLOW(MEMBER)                                                                            \
	.ofs = offsetof(struct flow, MEMBER), .size = sizeof(((struct flow *)0)->MEMBER)

#define F(NAME, TEXT, BITS, OCTETS, STORAGE, MEMBER, SHIFT, FORM, PREREQ, MASKABLE, WRITABLE,      \
	  ATTR, ...)                                                                               \
	{                                                                                          \
		.name = NAME, .text = TEXT, .n_bits = BITS, .n_octets = OCTETS,                    \
		.storage = STORAGE, AT_FLOW(MEMBER), .shift = SHIFT, .form = FIELD_##FORM,         \
		.prereq = PREREQ, .is_maskable = MASKABLE, .is_writable = WRITABLE,                \
		.kernel_attr = ATTR, __VA_ARGS__                                                   \
	}
#define CODES(...) .codes = { __VA_ARGS__ }
#define ALIAS(...) .aliases = { __VA_ARGS__ }

#define REG(I, CODE)                                                                               \
	F("reg" #I, "reg" #I, 32, 4, HOST, regs[I], 0, HEXADECIMAL, NONE, MASK, RW, 0, CODES(CODE))
#define XREG(I)                                                                                    \
	{                                                                                          \
		.name = "xreg" #I, .n_bits = 64, .n_octets = 8, .storage = HOST32S,                \
		.ofs = offsetof(struct flow, regs[2 * (I)]), .size = 8, .form = FIELD_HEXADECIMAL, \
		.is_maskable = MASK, .is_writable = RW, CODES(P(I)),                               \
	}
#define XXREG(I, CODE)                                                                             \
	{                                                                                          \
		.name = "xxreg" #I, .n_bits = 128, .n_octets = 16, .storage = HOST32S,             \
		.ofs = offsetof(struct flow, regs[4 * (I)]), .size = 16,                           \
		.form = FIELD_HEXADECIMAL, .is_maskable = MASK, .is_writable = RW, CODES(CODE),    \
	}
#define TUN_METADATA(I)                                                                            \
	{                                                                                          \
		.name = "tun_metadata" #I, .text = "tun_metadata" #I, .n_bits = 992,               \
		.n_octets = 124, .storage = NOWHERE, .form = FIELD_HEXADECIMAL,                    \
		.is_maskable = MASK, .is_writable = RW, .kernel_attr = OVS_KEY_ATTR_TUNNEL,        \
		CODES(X(40 + (I))),                                                                \
	}

static const struct field table[] = {
	/* ---- before the keyword
	 * --------------------------------------------------------------------- */
	F("pkt_mark", "pkt_mark", 32, 4, HOST, pkt_mark, 0, HEXADECIMAL, NONE, MASK, RW,
	  OVS_KEY_ATTR_SKB_MARK, CODES(X(33))),
	F("recirc_id", "recirc_id", 32, 4, HOST, recirc_id, 0, HEXADECIMAL, NONE, EXACT, RO,
	  OVS_KEY_ATTR_RECIRC_ID, CODES(X(36))),
	F("dp_hash", "dp_hash", 32, 4, HOST, dp_hash, 0, HEXADECIMAL, NONE, MASK, RO,
	  OVS_KEY_ATTR_DP_HASH, CODES(X(35), V(0))),
	F("conj_id", "conj_id", 32, 4, HOST, conj_id, 0, DECIMAL, NONE, EXACT, RO, 0, CODES(X(37))),
	F("skb_priority", "skb_priority", 32, 4, HOST, skb_priority, 0, HEXADECIMAL, NONE, EXACT,
	  RO, OVS_KEY_ATTR_PRIORITY),
	F("actset_output", "actset_output", 32, 4, PORT32, actset_output, 0, PORT, NONE, EXACT, RO,
	  0, CODES(O_SINCE(43, 6), ONF(43))),
	F("ct_state", "ct_state", 32, 4, HOST, ct_state, 0, CT_STATE, NONE, MASK, RO,
	  OVS_KEY_ATTR_CT_STATE, CODES(X(105))),
	F("ct_zone", "ct_zone", 16, 2, HOST, ct_zone, 0, DECIMAL, NONE, EXACT, RO,
	  OVS_KEY_ATTR_CT_ZONE, CODES(X(106))),
	F("ct_mark", "ct_mark", 32, 4, HOST, ct_mark, 0, HEXADECIMAL, NONE, MASK, RW,
	  OVS_KEY_ATTR_CT_MARK, CODES(X(107))),
	F("ct_label", "ct_label", 128, 16, WIDE, ct_label, 0, HEXADECIMAL, NONE, MASK, RW,
	  OVS_KEY_ATTR_CT_LABELS, CODES(X(108))),
	F("ct_nw_src", "ct_nw_src", 32, 4, NET, ct_ip_src, 0, IPV4, FIELD_NEEDS_CT, MASK, RO,
	  OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, CODES(X(120))),
	F("ct_nw_dst", "ct_nw_dst", 32, 4, NET, ct_ip_dst, 0, IPV4, FIELD_NEEDS_CT, MASK, RO,
	  OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, CODES(X(121))),
	F("ct_ipv6_src", "ct_ipv6_src", 128, 16, OCTETS, ct_ipv6_src, 0, IPV6, FIELD_NEEDS_CT, MASK,
	  RO, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6, CODES(X(122))),
	F("ct_ipv6_dst", "ct_ipv6_dst", 128, 16, OCTETS, ct_ipv6_dst, 0, IPV6, FIELD_NEEDS_CT, MASK,
	  RO, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6, CODES(X(123))),
	F("ct_nw_proto", "ct_nw_proto", 8, 1, NET, ct_nw_proto, 0, DECIMAL, FIELD_NEEDS_CT, EXACT,
	  RO, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, CODES(X(119))),
	F("ct_tp_src", "ct_tp_src", 16, 2, NET, ct_tp_src, 0, DECIMAL, FIELD_NEEDS_CT, MASK, RO,
	  OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, CODES(X(124))),
	F("ct_tp_dst", "ct_tp_dst", 16, 2, NET, ct_tp_dst, 0, DECIMAL, FIELD_NEEDS_CT, MASK, RO,
	  OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, CODES(X(125))),
	F("packet_type", NULL, 32, 4, NET, packet_type, 0, PACKET_TYPE, NONE, EXACT, RO, 29,
	  CODES(O_SINCE(44, 6))),
	/* ---- behind it
	 * ------------------------------------------------------------------------------ */
	REG(0, X(0)),
	REG(1, X(1)),
	REG(2, X(2)),
	REG(3, X(3)),
	REG(4, X(4)),
	REG(5, X(5)),
	REG(6, X(6)),
	REG(7, X(7)),
	REG(8, X(8)),
	REG(9, X(9)),
	REG(10, X(10)),
	REG(11, X(11)),
	REG(12, X(12)),
	REG(13, X(13)),
	REG(14, X(14)),
	REG(15, X(15)),
	REG(16, V(17)),
	REG(17, V(18)),
	REG(18, V(19)),
	REG(19, V(20)),
	REG(20, V(21)),
	REG(21, V(22)),
	REG(22, V(23)),
	REG(23, V(24)),
	REG(24, V(25)),
	REG(25, V(26)),
	REG(26, V(27)),
	REG(27, V(28)),
	REG(28, V(29)),
	REG(29, V(30)),
	REG(30, V(31)),
	REG(31, V(32)),
	XREG(0),
	XREG(1),
	XREG(2),
	XREG(3),
	XREG(4),
	XREG(5),
	XREG(6),
	XREG(7),
	XREG(8),
	XREG(9),
	XREG(10),
	XREG(11),
	XREG(12),
	XREG(13),
	XREG(14),
	XREG(15),
	XXREG(0, X(111)),
	XXREG(1, X(112)),
	XXREG(2, X(113)),
	XXREG(3, X(114)),
	XXREG(4, V(33)),
	XXREG(5, V(34)),
	XXREG(6, V(35)),
	XXREG(7, V(36)),
	F("tun_id", "tun_id", 64, 8, NET, tunnel.tun_id, 0, HEXADECIMAL, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(16), O_SINCE(38, 4)), ALIAS("tunnel_id")),
	F("tun_src", "tun_src", 32, 4, NET, tunnel.ip_src, 0, IPV4, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(31))),
	F("tun_dst", "tun_dst", 32, 4, NET, tunnel.ip_dst, 0, IPV4, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(32))),
	F("tun_ipv6_src", "tun_ipv6_src", 128, 16, OCTETS, tunnel.ipv6_src, 0, IPV6, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(109))),
	F("tun_ipv6_dst", "tun_ipv6_dst", 128, 16, OCTETS, tunnel.ipv6_dst, 0, IPV6, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(110))),
	F("tun_gbp_id", "tun_gbp_id", 16, 2, NET, tunnel.gbp_id, 0, DECIMAL, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(38))),
	F("tun_gbp_flags", "tun_gbp_flags", 8, 1, NET, tunnel.gbp_flags, 0, HEXADECIMAL, NONE, MASK,
	  RW, OVS_KEY_ATTR_TUNNEL, CODES(X(39))),
	F("tun_tos", "tun_tos", 8, 1, NET, tunnel.ip_tos, 0, HEXADECIMAL, NONE, EXACT, RO,
	  OVS_KEY_ATTR_TUNNEL),
	F("tun_ttl", "tun_ttl", 8, 1, NET, tunnel.ip_ttl, 0, DECIMAL, NONE, EXACT, RO,
	  OVS_KEY_ATTR_TUNNEL),
	F("tun_erspan_ver", "tun_erspan_ver", 4, 1, NET, tunnel.erspan_ver, 0, DECIMAL, NONE, MASK,
	  RW, OVS_KEY_ATTR_TUNNEL, CODES(V(12))),
	F("tun_erspan_idx", "tun_erspan_idx", 20, 4, HOST, tunnel.erspan_idx, 0, HEXADECIMAL, NONE,
	  MASK, RW, OVS_KEY_ATTR_TUNNEL, CODES(V(11))),
	F("tun_erspan_dir", "tun_erspan_dir", 1, 1, NET, tunnel.erspan_dir, 0, DECIMAL, NONE, MASK,
	  RW, OVS_KEY_ATTR_TUNNEL, CODES(V(13))),
	F("tun_erspan_hwid", "tun_erspan_hwid", 6, 1, NET, tunnel.erspan_hwid, 0, HEXADECIMAL, NONE,
	  MASK, RW, OVS_KEY_ATTR_TUNNEL, CODES(V(14))),
	F("tun_gtpu_flags", "gtpu_flags", 8, 1, NET, tunnel.gtpu_flags, 0, HEXADECIMAL, NONE, MASK,
	  RO, OVS_KEY_ATTR_TUNNEL, CODES(V(15)), ALIAS("gtpu_flags")),
	F("tun_gtpu_msgtype", "gtpu_msgtype", 8, 1, NET, tunnel.gtpu_msgtype, 0, DECIMAL, NONE,
	  MASK, RO, OVS_KEY_ATTR_TUNNEL, CODES(V(16)), ALIAS("gtpu_msgtype")),
	F("tun_flags", "tun_flags", 1, 2, HOST, tunnel.flags, 0, TUN_FLAGS, NONE, MASK, RW,
	  OVS_KEY_ATTR_TUNNEL, CODES(X(104))),
	TUN_METADATA(0),
	TUN_METADATA(1),
	TUN_METADATA(2),
	TUN_METADATA(3),
	TUN_METADATA(4),
	TUN_METADATA(5),
	TUN_METADATA(6),
	TUN_METADATA(7),
	TUN_METADATA(8),
	TUN_METADATA(9),
	TUN_METADATA(10),
	TUN_METADATA(11),
	TUN_METADATA(12),
	TUN_METADATA(13),
	TUN_METADATA(14),
	TUN_METADATA(15),
	TUN_METADATA(16),
	TUN_METADATA(17),
	TUN_METADATA(18),
	TUN_METADATA(19),
	TUN_METADATA(20),
	TUN_METADATA(21),
	TUN_METADATA(22),
	TUN_METADATA(23),
	TUN_METADATA(24),
	TUN_METADATA(25),
	TUN_METADATA(26),
	TUN_METADATA(27),
	TUN_METADATA(28),
	TUN_METADATA(29),
	TUN_METADATA(30),
	TUN_METADATA(31),
	TUN_METADATA(32),
	TUN_METADATA(33),
	TUN_METADATA(34),
	TUN_METADATA(35),
	TUN_METADATA(36),
	TUN_METADATA(37),
	TUN_METADATA(38),
	TUN_METADATA(39),
	TUN_METADATA(40),
	TUN_METADATA(41),
	TUN_METADATA(42),
	TUN_METADATA(43),
	TUN_METADATA(44),
	TUN_METADATA(45),
	TUN_METADATA(46),
	TUN_METADATA(47),
	TUN_METADATA(48),
	TUN_METADATA(49),
	TUN_METADATA(50),
	TUN_METADATA(51),
	TUN_METADATA(52),
	TUN_METADATA(53),
	TUN_METADATA(54),
	TUN_METADATA(55),
	TUN_METADATA(56),
	TUN_METADATA(57),
	TUN_METADATA(58),
	TUN_METADATA(59),
	TUN_METADATA(60),
	TUN_METADATA(61),
	TUN_METADATA(62),
	TUN_METADATA(63),
	F("metadata", "metadata", 64, 8, NET, metadata, 0, HEXADECIMAL, NONE, MASK, RW, 0,
	  CODES(O_SINCE(2, 2))),
	F("in_port", "in_port", 16, 2, PORT16, in_port, 0, PORT, NONE, EXACT, RW,
	  OVS_KEY_ATTR_IN_PORT, CODES(N(0))),
	F("in_port_oxm", NULL, 32, 4, PORT32, in_port, 0, PORT, NONE, EXACT, RW,
	  OVS_KEY_ATTR_IN_PORT, CODES(O(0))),
	F("vlan_tci", NULL, 16, 2, NET, vlans[0].tci, 0, HEXADECIMAL, FIELD_NEEDS_ETHERNET, MASK,
	  RW, OVS_KEY_ATTR_VLAN, CODES(N(4)), .hex_digits = 4),
	F("vlan_vid", NULL, 13, 2, NET, vlans[0].tci, 0, HEXADECIMAL, FIELD_NEEDS_ETHERNET, MASK,
	  RW, OVS_KEY_ATTR_VLAN, CODES(O(6))),
	F("vlan_pcp", NULL, 3, 1, NET, vlans[0].tci, 13, DECIMAL, FIELD_NEEDS_VLAN_VID, EXACT, RW,
	  OVS_KEY_ATTR_VLAN, CODES(O(7))),
	F("dl_vlan", NULL, 12, 2, NET, vlans[0].tci, 0, DECIMAL, FIELD_NEEDS_ETHERNET, EXACT, RW,
	  OVS_KEY_ATTR_VLAN),
	F("dl_vlan_pcp", NULL, 3, 1, NET, vlans[0].tci, 13, DECIMAL, FIELD_NEEDS_ETHERNET, EXACT,
	  RW, OVS_KEY_ATTR_VLAN),
	F("eth_src", "dl_src", 48, 6, NET, eth_src, 0, ETH, FIELD_NEEDS_ETHERNET, MASK, RW,
	  OVS_KEY_ATTR_ETHERNET, CODES(N(2), O(4)), ALIAS("dl_src")),
	F("eth_dst", "dl_dst", 48, 6, NET, eth_dst, 0, ETH, FIELD_NEEDS_ETHERNET, MASK, RW,
	  OVS_KEY_ATTR_ETHERNET, CODES(N(1), O(3)), ALIAS("dl_dst")),
	F("eth_type", "dl_type", 16, 2, NET, eth_type, 0, HEXADECIMAL, FIELD_NEEDS_ETHERNET, EXACT,
	  RO, OVS_KEY_ATTR_ETHERTYPE, CODES(N(3), O(5)), ALIAS("dl_type"), .hex_digits = 4),
	F("ip_src", "nw_src", 32, 4, NET, ip_src, 0, IPV4, FIELD_NEEDS_IPV4, MASK, RW,
	  OVS_KEY_ATTR_IPV4, CODES(N(7), O(11)), ALIAS("nw_src")),
	F("ip_dst", "nw_dst", 32, 4, NET, ip_dst, 0, IPV4, FIELD_NEEDS_IPV4, MASK, RW,
	  OVS_KEY_ATTR_IPV4, CODES(N(8), O(12)), ALIAS("nw_dst")),
	F("ipv6_src", "ipv6_src", 128, 16, OCTETS, ipv6_src, 0, IPV6, FIELD_NEEDS_IPV6, MASK, RW,
	  OVS_KEY_ATTR_IPV6, CODES(X(19), O(26))),
	F("ipv6_dst", "ipv6_dst", 128, 16, OCTETS, ipv6_dst, 0, IPV6, FIELD_NEEDS_IPV6, MASK, RW,
	  OVS_KEY_ATTR_IPV6, CODES(X(20), O(27))),
	F("ipv6_label", "ipv6_label", 20, 4, NET, ipv6_label, 0, HEXADECIMAL, FIELD_NEEDS_IPV6,
	  MASK, RW, OVS_KEY_ATTR_IPV6, CODES(X(27), O(28)), .hex_digits = 5),
	F("arp_spa", "arp_spa", 32, 4, NET, ip_src, 0, IPV4, FIELD_NEEDS_ARP, MASK, RW,
	  OVS_KEY_ATTR_ARP, CODES(N(16), O(22))),
	F("arp_tpa", "arp_tpa", 32, 4, NET, ip_dst, 0, IPV4, FIELD_NEEDS_ARP, MASK, RW,
	  OVS_KEY_ATTR_ARP, CODES(N(17), O(23))),
	F("arp_op", "arp_op", 16, 2, NET, ip_proto, 0, DECIMAL, FIELD_NEEDS_ARP, EXACT, RW,
	  OVS_KEY_ATTR_ARP, CODES(N(15), O(21))),
	F("arp_sha", "arp_sha", 48, 6, NET, arp_sha, 0, ETH, FIELD_NEEDS_ARP, MASK, RW,
	  OVS_KEY_ATTR_ARP, CODES(X(17), O(24))),
	F("arp_tha", "arp_tha", 48, 6, NET, arp_tha, 0, ETH, FIELD_NEEDS_ARP, MASK, RW,
	  OVS_KEY_ATTR_ARP, CODES(X(18), O(25))),
	F("nsh_flags", "nsh_flags", 8, 1, NET, nsh.flags, 0, DECIMAL, FIELD_NEEDS_NSH, MASK, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(1))),
	F("nsh_ttl", "nsh_ttl", 8, 1, NET, nsh.ttl, 0, DECIMAL, FIELD_NEEDS_NSH, EXACT, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(10))),
	F("nsh_mdtype", "nsh_mdtype", 8, 1, NET, nsh.mdtype, 0, DECIMAL, FIELD_NEEDS_NSH, EXACT, RO,
	  OVS_KEY_ATTR_NSH, CODES(NSH(2))),
	F("nsh_np", "nsh_np", 8, 1, NET, nsh.np, 0, DECIMAL, FIELD_NEEDS_NSH, EXACT, RO,
	  OVS_KEY_ATTR_NSH, CODES(NSH(3))),
	F("nsh_spi", "nsh_spi", 24, 4, NET, nsh.path_hdr, 8, HEXADECIMAL, FIELD_NEEDS_NSH, EXACT,
	  RW, OVS_KEY_ATTR_NSH, CODES(NSH(4))),
	F("nsh_si", "nsh_si", 8, 1, NET, nsh.path_hdr, 0, DECIMAL, FIELD_NEEDS_NSH, EXACT, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(5))),
	F("nsh_c1", "nsh_c1", 32, 4, NET, nsh.context[0], 0, HEXADECIMAL, FIELD_NEEDS_NSH, MASK, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(6))),
	F("nsh_c2", "nsh_c2", 32, 4, NET, nsh.context[1], 0, HEXADECIMAL, FIELD_NEEDS_NSH, MASK, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(7))),
	F("nsh_c3", "nsh_c3", 32, 4, NET, nsh.context[2], 0, HEXADECIMAL, FIELD_NEEDS_NSH, MASK, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(8))),
	F("nsh_c4", "nsh_c4", 32, 4, NET, nsh.context[3], 0, HEXADECIMAL, FIELD_NEEDS_NSH, MASK, RW,
	  OVS_KEY_ATTR_NSH, CODES(NSH(9))),
	F("nw_proto", "nw_proto", 8, 1, NET, ip_proto, 0, DECIMAL, FIELD_NEEDS_IP_ANY, EXACT, RO,
	  OVS_KEY_ATTR_IPV4, CODES(N(6), O(10)), ALIAS("ip_proto")),
	F("nw_tos", NULL, 8, 1, NET, ip_tos, 0, DECIMAL, FIELD_NEEDS_IP_ANY, EXACT, RW,
	  OVS_KEY_ATTR_IPV4, CODES(N(5))),
	F("ip_dscp", "nw_tos", 6, 1, NET, ip_tos, 2, DECIMAL, FIELD_NEEDS_IP_ANY, EXACT, RW,
	  OVS_KEY_ATTR_IPV4, CODES(O(8)), .text_shift = 2),
	F("nw_ecn", "nw_ecn", 2, 1, NET, ip_tos, 0, DECIMAL, FIELD_NEEDS_IP_ANY, EXACT, RW,
	  OVS_KEY_ATTR_IPV4, CODES(X(28), O(9)), ALIAS("ip_ecn")),
	F("nw_ttl", "nw_ttl", 8, 1, NET, ip_ttl, 0, DECIMAL, FIELD_NEEDS_IP_ANY, EXACT, RW,
	  OVS_KEY_ATTR_IPV4, CODES(X(29)), ALIAS("ip_ttl")),
	F("mpls_label", "mpls_label", 20, 4, NET, mpls_lse[0], 12, DECIMAL, FIELD_NEEDS_MPLS, EXACT,
	  RW, OVS_KEY_ATTR_MPLS, CODES(O(34))),
	F("mpls_tc", "mpls_tc", 3, 1, NET, mpls_lse[0], 9, DECIMAL, FIELD_NEEDS_MPLS, EXACT, RW,
	  OVS_KEY_ATTR_MPLS, CODES(O(35))),
	F("mpls_ttl", "mpls_ttl", 8, 1, NET, mpls_lse[0], 0, DECIMAL, FIELD_NEEDS_MPLS, EXACT, RW,
	  OVS_KEY_ATTR_MPLS, CODES(X(30))),
	F("mpls_bos", "mpls_bos", 1, 1, NET, mpls_lse[0], 8, DECIMAL, FIELD_NEEDS_MPLS, EXACT, RO,
	  OVS_KEY_ATTR_MPLS, CODES(O_SINCE(36, 4))),
	F("ip_frag", "nw_frag", 2, 1, NET, ip_frag, 0, FRAG, FIELD_NEEDS_IP_ANY, MASK, RO,
	  OVS_KEY_ATTR_IPV4, CODES(X(26)), ALIAS("nw_frag")),
	F("icmp_type", "icmp_type", 8, 1, NET, tp_src, 0, DECIMAL, FIELD_NEEDS_ICMPV4, EXACT, RW,
	  OVS_KEY_ATTR_ICMP, CODES(N(13), O(19))),
	F("icmp_code", "icmp_code", 8, 1, NET, tp_dst, 0, DECIMAL, FIELD_NEEDS_ICMPV4, EXACT, RW,
	  OVS_KEY_ATTR_ICMP, CODES(N(14), O(20))),
	F("icmpv6_type", "icmp_type", 8, 1, NET, tp_src, 0, DECIMAL, FIELD_NEEDS_ICMPV6, EXACT, RW,
	  OVS_KEY_ATTR_ICMPV6, CODES(X(21), O(29))),
	F("icmpv6_code", "icmp_code", 8, 1, NET, tp_dst, 0, DECIMAL, FIELD_NEEDS_ICMPV6, EXACT, RW,
	  OVS_KEY_ATTR_ICMPV6, CODES(X(22), O(30))),
	F("nd_target", "nd_target", 128, 16, OCTETS, nd_target, 0, IPV6, FIELD_NEEDS_ND, MASK, RW,
	  OVS_KEY_ATTR_ND, CODES(X(23), O(31))),
	F("nd_sll", "nd_sll", 48, 6, NET, arp_sha, 0, ETH, FIELD_NEEDS_ND_SOLICIT, MASK, RW,
	  OVS_KEY_ATTR_ND, CODES(X(24), O(32))),
	F("nd_tll", "nd_tll", 48, 6, NET, arp_tha, 0, ETH, FIELD_NEEDS_ND_ADVERT, MASK, RW,
	  OVS_KEY_ATTR_ND, CODES(X(25), O(33))),
	F("nd_reserved", "nd_reserved", 32, 4, NET, nd_reserved, 0, DECIMAL, FIELD_NEEDS_ND, MASK,
	  RW, 30, CODES(E(1))),
	F("nd_options_type", "nd_options_type", 8, 1, NET, nd_options_type, 0, DECIMAL,
	  FIELD_NEEDS_ND, MASK, RW, 30, CODES(E(2))),
	F("tcp_src", "tp_src", 16, 2, NET, tp_src, 0, DECIMAL, FIELD_NEEDS_TCP, MASK, RW,
	  OVS_KEY_ATTR_TCP, CODES(N(9), O(13))),
	F("tcp_dst", "tp_dst", 16, 2, NET, tp_dst, 0, DECIMAL, FIELD_NEEDS_TCP, MASK, RW,
	  OVS_KEY_ATTR_TCP, CODES(N(10), O(14))),
	F("udp_src", "tp_src", 16, 2, NET, tp_src, 0, DECIMAL, FIELD_NEEDS_UDP, MASK, RW,
	  OVS_KEY_ATTR_UDP, CODES(N(11), O(15))),
	F("udp_dst", "tp_dst", 16, 2, NET, tp_dst, 0, DECIMAL, FIELD_NEEDS_UDP, MASK, RW,
	  OVS_KEY_ATTR_UDP, CODES(N(12), O(16))),
	F("sctp_src", "tp_src", 16, 2, NET, tp_src, 0, DECIMAL, FIELD_NEEDS_SCTP, MASK, RW,
	  OVS_KEY_ATTR_SCTP, CODES(O(17))),
	F("sctp_dst", "tp_dst", 16, 2, NET, tp_dst, 0, DECIMAL, FIELD_NEEDS_SCTP, MASK, RW,
	  OVS_KEY_ATTR_SCTP, CODES(O(18))),
	F("tcp_flags", "tcp_flags", 12, 2, NET, tcp_flags, 0, TCP_FLAGS, FIELD_NEEDS_TCP, MASK, RO,
	  OVS_KEY_ATTR_TCP_FLAGS, CODES(X(34), O_SINCE(42, 6), ONF(42))),
};

#undef NONE
#undef N
#undef X
#undef O
#undef O_SINCE
#undef P
#undef E
#undef ONF
#undef V
#undef NSH
#undef RO
#undef RW
#undef MASK
#undef EXACT
