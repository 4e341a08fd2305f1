// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/fuzz/generate.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/openvswitch.h>
#include <stdio.h>
#include <string.h>

#define MAX_NESTING 4

enum { /* newer than some headers */
       ACTION_DROP = 24,
       ACTION_PSAMPLE = 25,
       PSAMPLE_GROUP = 1,
       PSAMPLE_COOKIE = 2,
};

/* ---- keys and masks ---- */

static bool is_nest(uint16_t type)
{
	return type == OVS_KEY_ATTR_ENCAP || type == OVS_KEY_ATTR_TUNNEL ||
	       type == OVS_KEY_ATTR_NSH;
}

void generate_key(struct message *m, uint16_t type, const struct key *key)
{
	size_t start = nest(m, type), at = 0, first = m->len;
	struct attr a;

	while (next_attr(key->data, key->len, &at, &a))
		put(m, a.type, a.data, a.len);
	if (chance(30) && m->len > first) { /* another value of one of them */
		unsigned int n = 1 + rnd(8);

		for (at = first; n && next_attr(m->data, m->len, &at, &a); n--)
			;
		if (a.len && !is_nest(a.type))
			m->data[(a.data - m->data) + rnd(a.len)] ^= 1 << rnd(8);
	}
	end(m, start);
}

static void mask_list(struct message *m, const uint8_t *data, size_t len, unsigned int exact,
		      bool is_key)
{
	uint8_t bits[256];
	struct attr a;

	for (size_t at = 0; next_attr(data, len, &at, &a);) {
		bool must = a.type == OVS_KEY_ATTR_ETHERTYPE || a.type == OVS_KEY_ATTR_IN_PORT;

		if (is_key && is_nest(a.type)) {
			size_t start = nest(m, a.type);

			mask_list(m, a.data, a.len, exact, a.type == OVS_KEY_ATTR_ENCAP);
			end(m, start);
			continue;
		}
		if (a.len > sizeof(bits))
			continue;
		memset(bits, 0xff, a.len);
		if (!must && !chance(exact)) {
			switch (rnd(4)) {
			case 0: /* left out is wild */
				continue;
			case 1:
				memset(bits, 0, a.len);
				break;
			case 2:
				rnd_fill(bits, a.len);
				break;
			default: /* a prefix */
				memset(bits + rnd(a.len), 0, 1);
				if (a.len > 1)
					memset(bits + a.len / 2, 0, a.len - a.len / 2);
			}
			/* most of what is behind them needs to know what it is */
			if (a.type == OVS_KEY_ATTR_IPV4 && a.len == 12 && chance(90))
				bits[8] = 0xff;
			if (a.type == OVS_KEY_ATTR_IPV6 && a.len == 40) {
				bits[33] &= 0x0f;
				bits[32] = 0;
				if (chance(90))
					bits[36] = 0xff;
			}
		}
		if (a.type == OVS_KEY_ATTR_CT_STATE && a.len == 4) /* there are no others */
			memset(bits + 1, 0, 3);
		put(m, a.type, bits, a.len);
	}
}

void generate_mask(struct message *m, uint16_t type, const struct key *key)
{
	static const unsigned int exact[] = { 100, 90, 60, 20 };
	size_t start = nest(m, type);

	mask_list(m, key->data, key->len, exact[rnd(4)], true);
	end(m, start);
}

/* ---- actions ---- */

static void tunnel(struct message *m, uint16_t type, const struct world *w)
{
	size_t start = nest(m, type), vxlan;
	uint64_t id = rnd_u32();
	uint8_t opts[255];
	uint32_t address = w->underlay;

	put(m, OVS_TUNNEL_KEY_ATTR_ID, &id, sizeof(id));
	if (chance(90)) {
		if (chance(10))
			address = htonl(rnd_u32());
		if (chance(20))
			put_u32(m, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, htonl(rnd_u32()));
		put_u32(m, OVS_TUNNEL_KEY_ATTR_IPV4_DST, address);
	} else {
		rnd_fill(opts, 16);
		put(m, OVS_TUNNEL_KEY_ATTR_IPV6_DST, opts, 16);
	}
	put_u8(m, OVS_TUNNEL_KEY_ATTR_TTL, rnd_u32());
	if (chance(20))
		put_u8(m, OVS_TUNNEL_KEY_ATTR_TOS, rnd_u32());
	if (chance(30))
		put_flag(m, OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT);
	if (chance(30))
		put_flag(m, OVS_TUNNEL_KEY_ATTR_CSUM);
	if (chance(10))
		put_flag(m, OVS_TUNNEL_KEY_ATTR_OAM);
	if (chance(20))
		put_be16(m, OVS_TUNNEL_KEY_ATTR_TP_DST, rnd_u32());
	switch (rnd(6)) {
	case 0: /* one good option, or nonsense */
		rnd_fill(opts, sizeof(opts));
		opts[3] = chance(70) ? 1 : rnd(32);
		put(m, OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS, opts, chance(70) ? 8 : rnd(256));
		break;
	case 1:
		vxlan = nest(m, OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS);
		put_u32(m, OVS_VXLAN_EXT_GBP, rnd_u32());
		end(m, vxlan);
		break;
	case 2:
		rnd_fill(opts, 12);
		opts[0] = 1 + rnd(2);
		put(m, OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS, opts, 12);
	}
	end(m, start);
}

static bool is_settable(uint16_t type)
{
	static const uint16_t types[] = { OVS_KEY_ATTR_ETHERNET, OVS_KEY_ATTR_IPV4,
					  OVS_KEY_ATTR_IPV6,     OVS_KEY_ATTR_TCP,
					  OVS_KEY_ATTR_UDP,      OVS_KEY_ATTR_SCTP,
					  OVS_KEY_ATTR_MPLS };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i] == type)
			return true;
	}
	return false;
}

/* A set of something that is in the key, so that it may be set. */
static void set(struct message *m, const struct key *key, const struct world *w)
{
	bool masked = chance(60);
	uint8_t value[128];
	size_t start, at = 0;
	struct attr a = { 0 };
	unsigned int n = 1 + rnd(14);

	if (chance(15)) {
		start = nest(m, chance(90) ? OVS_ACTION_ATTR_SET : OVS_ACTION_ATTR_SET_MASKED);
		tunnel(m, OVS_KEY_ATTR_TUNNEL, w);
		end(m, start);
		return;
	}
	while (n && next_attr(key->data, key->len, &at, &a)) {
		n--;
		if (is_settable(a.type) && chance(40))
			break;
	}
	if (!a.len || is_nest(a.type) || 2 * a.len > sizeof(value))
		return;
	memcpy(value, a.data, a.len);
	if (!is_settable(a.type) && chance(90))
		return;
	if (!masked) {
		value[rnd(a.len)] = rnd_u32();
		if (chance(30)) { /* what all packets have */
			uint32_t any = rnd_u32();

			a.type = chance(50) ? OVS_KEY_ATTR_SKB_MARK : OVS_KEY_ATTR_PRIORITY;
			a.len = sizeof(any);
			memcpy(value, &any, sizeof(any));
		}
	} else {
		uint8_t *mask = value + a.len;

		rnd_fill(mask, a.len);
		for (unsigned int i = rnd(3); i; i--)
			memset(mask + rnd(a.len), chance(50) ? 0xff : 0, 1);
		if (a.type == OVS_KEY_ATTR_IPV4 && a.len == 12)
			mask[8] = mask[11] = 0;
		if (a.type == OVS_KEY_ATTR_IPV6 && a.len == 40)
			mask[32] = mask[36] = mask[39] = 0;
		rnd_fill(value, a.len);
		for (unsigned int i = 0; i < a.len; i++)
			value[i] &= chance(99) ? mask[i] : 0xff;
	}
	start = nest(m, masked ? OVS_ACTION_ATTR_SET_MASKED : OVS_ACTION_ATTR_SET);
	put(m, a.type, value, masked ? 2 * a.len : a.len);
	end(m, start);
}

static void nat(struct message *m)
{
	size_t start = nest(m, OVS_CT_ATTR_NAT);
	uint32_t from = htonl(0x0a090100 | rnd(256));
	uint16_t port = 1 + rnd(60000);

	if (chance(80)) {
		put_flag(m, chance(50) ? OVS_NAT_ATTR_SRC : OVS_NAT_ATTR_DST);
		if (chance(80)) {
			put_u32(m, OVS_NAT_ATTR_IP_MIN, from);
			if (chance(50))
				put_u32(m, OVS_NAT_ATTR_IP_MAX, htonl(ntohl(from) + rnd(9)));
			if (chance(50)) {
				put_u16(m, OVS_NAT_ATTR_PROTO_MIN, port);
				if (chance(50))
					put_u16(m, OVS_NAT_ATTR_PROTO_MAX, port + rnd(999));
			}
		}
		if (chance(20))
			put_flag(m, OVS_NAT_ATTR_PERSISTENT);
		if (chance(20))
			put_flag(m,
				 chance(50) ? OVS_NAT_ATTR_PROTO_HASH : OVS_NAT_ATTR_PROTO_RANDOM);
	}
	end(m, start);
}

static void ct(struct message *m)
{
	size_t start = nest(m, OVS_ACTION_ATTR_CT);
	bool commit = chance(60);
	uint32_t words[8];

	if (commit)
		put_flag(m, chance(80) ? OVS_CT_ATTR_COMMIT : OVS_CT_ATTR_FORCE_COMMIT);
	if (chance(60))
		put_u16(m, OVS_CT_ATTR_ZONE, rnd(4));
	if (commit && chance(30)) {
		words[1] = rnd_u32();
		words[0] = rnd_u32() & words[1];
		put(m, OVS_CT_ATTR_MARK, words, 8);
	}
	if (commit && chance(30)) {
		rnd_fill(words, sizeof(words));
		put(m, OVS_CT_ATTR_LABELS, words, sizeof(words));
	}
	if (chance(10))
		put_text(m, OVS_CT_ATTR_HELPER, chance(70) ? "ftp" : "none-such");
	if (chance(30))
		nat(m);
	if (commit && chance(20))
		put_u32(m, OVS_CT_ATTR_EVENTMASK, rnd_u32());
	if (chance(10))
		put_text(m, OVS_CT_ATTR_TIMEOUT, chance(50) ? "ovs_tp" : "");
	end(m, start);
}

static void userspace(struct message *m, const struct world *w)
{
	size_t start = nest(m, OVS_ACTION_ATTR_USERSPACE);
	uint8_t data[128];

	put_u32(m, OVS_USERSPACE_ATTR_PID, chance(80) ? w->pids[rnd(2)] : rnd_u32());
	rnd_fill(data, sizeof(data));
	if (chance(60))
		put(m, OVS_USERSPACE_ATTR_USERDATA, data, rnd(sizeof(data)));
	if (chance(20))
		put_u32(m, OVS_USERSPACE_ATTR_EGRESS_TUN_PORT, rnd(N_PORTS));
	if (chance(20))
		put_flag(m, OVS_USERSPACE_ATTR_ACTIONS);
	end(m, start);
}

static void nsh_header(struct message *m)
{
	size_t outer = nest(m, OVS_ACTION_ATTR_PUSH_NSH), start = nest(m, OVS_KEY_ATTR_NSH);
	struct ovs_nsh_key_base base = {
		.ttl = 63, .mdtype = 1 + rnd(2), .np = 1 + rnd(4), .path_hdr = rnd_u32()
	};
	uint8_t metadata[248];

	rnd_fill(metadata, sizeof(metadata));
	put(m, OVS_NSH_KEY_ATTR_BASE, &base, sizeof(base));
	if (base.mdtype == 1)
		put(m, OVS_NSH_KEY_ATTR_MD1, metadata, 16);
	else
		put(m, OVS_NSH_KEY_ATTR_MD2, metadata, chance(90) ? 4 * rnd(63) : rnd(248));
	end(m, start);
	end(m, outer);
}

static void list(struct message *m, uint16_t type, const struct key *key, const struct world *w,
		 unsigned int depth);

static void nested(struct message *m, const struct key *key, const struct world *w,
		   unsigned int depth)
{
	size_t start;

	switch (rnd(4)) {
	case 0:
		start = nest(m, OVS_ACTION_ATTR_SAMPLE);
		put_u32(m, OVS_SAMPLE_ATTR_PROBABILITY, rnd_u32());
		list(m, OVS_SAMPLE_ATTR_ACTIONS, key, w, depth);
		end(m, start);
		break;
	case 1:
		list(m, OVS_ACTION_ATTR_CLONE, key, w, depth);
		break;
	case 2:
		start = nest(m, OVS_ACTION_ATTR_CHECK_PKT_LEN);
		put_u16(m, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, 1 + rnd(chance(50) ? 200 : 9000));
		list(m, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER, key, w, depth);
		list(m, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL, key, w, depth);
		end(m, start);
		break;
	default:
		start = nest(m, OVS_ACTION_ATTR_DEC_TTL);
		list(m, OVS_DEC_TTL_ATTR_ACTION, key, w, depth);
		end(m, start);
	}
}

static void action(struct message *m, const struct key *key, const struct world *w,
		   unsigned int depth)
{
	static const uint16_t types[] = { ETH_P_IP,      ETH_P_IPV6,  ETH_P_TEB, ETH_P_MPLS_UC,
					  ETH_P_MPLS_MC, ETH_P_8021Q, ETH_P_ARP, 0x88b6 };
	uint16_t type = types[rnd(sizeof(types) / sizeof(types[0]))];
	struct ovs_action_push_vlan vlan = {
		.vlan_tpid = htons(chance(50) ? ETH_P_8021Q : ETH_P_8021AD),
		.vlan_tci = htons(rnd_u32() | 0x1000),
	};
	struct ovs_action_add_mpls mpls = {
		.mpls_lse = htonl(rnd_u32()),
		.mpls_ethertype = htons(chance(80) ? ETH_P_MPLS_UC : type),
		.tun_flags = rnd(3),
	};
	struct ovs_action_hash hash = { .hash_alg = rnd(8) ? rnd(2) : rnd_u32(),
					.hash_basis = rnd_u32() };
	uint8_t octets[16];
	size_t start;

	rnd_fill(octets, sizeof(octets));
	switch (rnd(26)) {
	case 0:
	case 1:
	case 2:
	case 3:
		put_u32(m, OVS_ACTION_ATTR_OUTPUT, chance(95) ? rnd(N_PORTS) : rnd_u32());
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		set(m, key, w);
		break;
	case 8:
		userspace(m, w);
		break;
	case 9:
		put(m, OVS_ACTION_ATTR_PUSH_VLAN, &vlan, sizeof(vlan));
		break;
	case 10:
		put_flag(m, OVS_ACTION_ATTR_POP_VLAN);
		break;
	case 11: /* the one without the last member is the older */
		put(m, OVS_ACTION_ATTR_PUSH_MPLS, &mpls, sizeof(struct ovs_action_push_mpls));
		break;
	case 12:
		put_be16(m, OVS_ACTION_ATTR_POP_MPLS, type);
		break;
	case 13:
		put(m, OVS_ACTION_ATTR_ADD_MPLS, &mpls, sizeof(mpls));
		break;
	case 14:
		put_u32(m, OVS_ACTION_ATTR_RECIRC, chance(80) ? 1 + rnd(3) : rnd_u32());
		break;
	case 15:
		put(m, OVS_ACTION_ATTR_HASH, &hash, sizeof(hash));
		break;
	case 16:
		put_u32(m, OVS_ACTION_ATTR_TRUNC, chance(90) ? 14 + rnd(200) : rnd_u32());
		break;
	case 17:
		put_u32(m, OVS_ACTION_ATTR_METER, rnd(6));
		break;
	case 18:
	case 19:
		ct(m);
		break;
	case 20:
		put_flag(m, OVS_ACTION_ATTR_CT_CLEAR);
		break;
	case 21:
		put(m, OVS_ACTION_ATTR_PUSH_ETH, octets, 12);
		break;
	case 22:
		put_flag(m, chance(60) ? OVS_ACTION_ATTR_POP_ETH : OVS_ACTION_ATTR_POP_NSH);
		break;
	case 23:
		if (chance(50)) {
			nsh_header(m);
		} else if (chance(50)) {
			put_u32(m, ACTION_DROP, rnd_u32());
		} else {
			start = nest(m, ACTION_PSAMPLE | 0x8000);
			put_u32(m, PSAMPLE_GROUP, rnd_u32());
			put(m, PSAMPLE_COOKIE, octets, 1 + rnd(16));
			end(m, start);
		}
		break;
	default:
		if (depth < MAX_NESTING)
			nested(m, key, w, depth + 1);
	}
}

static void list(struct message *m, uint16_t type, const struct key *key, const struct world *w,
		 unsigned int depth)
{
	size_t start = nest(m, type);
	unsigned int n = rnd(depth ? 3 : 5);

	if (!depth && chance(2))
		n += rnd(200);
	while (n--)
		action(m, key, w, depth);
	if (chance(60))
		put_u32(m, OVS_ACTION_ATTR_OUTPUT, 1 + rnd(N_PORTS - 1));
	end(m, start);
}

void generate_actions(struct message *m, uint16_t type, const struct key *key,
		      const struct world *w)
{
	list(m, type, key, w, 0);
}

/* ---- datapaths, ports ---- */

static void pids(struct message *m, uint16_t type, const struct world *w)
{
	uint32_t of[4];

	for (unsigned int i = 0; i < 4; i++)
		of[i] = chance(90) ? w->pids[rnd(2)] : rnd_u32();
	put(m, type, of, 4 * (chance(90) ? 1 + rnd(4) : 0));
}

void generate_datapath(struct message *m, const struct world *w)
{
	char name[16];

	snprintf(name, sizeof(name), "fz%u", rnd(3));
	if (chance(70))
		put_text(m, OVS_DP_ATTR_NAME, name);
	put_u32(m, OVS_DP_ATTR_UPCALL_PID, w->pids[rnd(2)]);
	if (chance(70))
		put_u32(m, OVS_DP_ATTR_USER_FEATURES, chance(80) ? rnd(16) : rnd_u32());
	if (chance(30))
		put_u32(m, OVS_DP_ATTR_MASKS_CACHE_SIZE, chance(80) ? 1u << rnd(17) : rnd_u32());
	if (chance(30))
		pids(m, OVS_DP_ATTR_PER_CPU_PIDS, w);
}

void generate_vport(struct message *m, const struct world *w)
{
	static const char *const names[] = { "fz0", "t1", "t2", "t3",   "i4", "x6",
					     "x7",  "lo", "u0", "none", "" };
	static const uint16_t udp_ports[] = { 4789, 6081, 8472, 0 };
	size_t start;

	if (chance(80))
		put_text(m, OVS_VPORT_ATTR_NAME, names[rnd(sizeof(names) / sizeof(names[0]))]);
	if (chance(70))
		put_u32(m, OVS_VPORT_ATTR_PORT_NO, chance(90) ? rnd(3 * N_PORTS) : rnd_u32());
	if (chance(85))
		put_u32(m, OVS_VPORT_ATTR_TYPE, chance(90) ? 1 + rnd(5) : rnd_u32());
	if (chance(85))
		pids(m, OVS_VPORT_ATTR_UPCALL_PID, w);
	if (chance(40)) {
		start = nest(m, OVS_VPORT_ATTR_OPTIONS);
		put_u16(m, OVS_TUNNEL_ATTR_DST_PORT, udp_ports[rnd(4)]);
		if (chance(30)) {
			size_t ext = nest(m, OVS_TUNNEL_ATTR_EXTENSION);

			put_flag(m, OVS_VXLAN_EXT_GBP);
			end(m, ext);
		}
		end(m, start);
	}
	if (chance(5))
		put_u32(m, OVS_VPORT_ATTR_IFINDEX, rnd_u32());
	if (chance(5))
		put_u32(m, OVS_VPORT_ATTR_NETNSID, rnd_u32());
}

/* ---- meters, limits ---- */

void generate_meter(struct message *m)
{
	unsigned int n = chance(90) ? 1 : rnd(12);
	size_t start, band;

	put_u32(m, OVS_METER_ATTR_ID, chance(80) ? rnd(6) : rnd_u32());
	if (chance(40))
		put_flag(m, OVS_METER_ATTR_KBPS);
	if (chance(20))
		put_flag(m, OVS_METER_ATTR_CLEAR);
	start = nest(m, OVS_METER_ATTR_BANDS);
	while (n--) {
		band = nest(m, rnd(3));
		put_u32(m, OVS_BAND_ATTR_TYPE, chance(95) ? OVS_METER_BAND_TYPE_DROP : rnd_u32());
		put_u32(m, OVS_BAND_ATTR_RATE, chance(50) ? rnd(100) : rnd_u32());
		put_u32(m, OVS_BAND_ATTR_BURST, chance(50) ? rnd(100) : rnd_u32());
		end(m, band);
	}
	end(m, start);
}

void generate_ct_limit(struct message *m)
{
	struct ovs_zone_limit limits[16];
	unsigned int n = rnd(4) ? rnd(4) : rnd(16);

	for (unsigned int i = 0; i < n; i++) {
		limits[i].zone_id = chance(80) ? (int)rnd(4) - 1 : (int)rnd_u32();
		limits[i].limit = chance(80) ? rnd(50) : rnd_u32();
		limits[i].count = rnd(3);
	}
	put(m, OVS_CT_LIMIT_ATTR_ZONE_LIMIT, limits, n * sizeof(limits[0]));
}
