// SPDX-License-Identifier: Apache-2.0
/* What this kernel's datapath can: it is asked once, by flows that no packet can match, each
 * installed (as a probe, so that nothing is logged) and deleted in one train.  The first line of a
 * feature's name in the tables below is its name in Datapath.capabilities. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "dpif/kernel/kernel.h"
#include "packet/headers.h"

LOG_MODULE(dpif_features);

#define PROBE_RECIRC_ID 0xfffffff0u /* nobody gives a packet this one */
#define MAX_NESTING 10

struct probe {
	struct flow key;
	struct flow_mask mask;
	struct odp_buf acts;
};

static void probe_init(struct probe *p, uint16_t eth_type)
{
	memset(p, 0, sizeof(*p));
	p->key.in_port = FLOW_PORT_NONE;
	p->key.recirc_id = PROBE_RECIRC_ID;
	p->key.eth_type = htons(eth_type);
	MASK_FIELD(&p->mask, recirc_id);
	MASK_FIELD(&p->mask, eth_type);
}

/* Installs and deletes; whether the first worked. */
static bool probe_run(struct kernel_dp *dp, struct probe *p)
{
	struct ufid ufid = { { 0x70726f62, PROBE_RECIRC_ID } };
	struct dpif_op put = { .type = DPIF_OP_PUT,
			       .put = { .flags = DPIF_PUT_CREATE | DPIF_PUT_MODIFY | DPIF_PUT_PROBE,
					.key = &p->key,
					.mask = &p->mask,
					.ufid = &ufid,
					.actions = p->acts.data,
					.actions_len = p->acts.len } };
	struct dpif_op del = { .type = DPIF_OP_DEL, .del = { .ufid = &ufid, .key = &p->key } };
	struct dpif_op *ops[] = { &put, &del };

	kernel_operate(&dp->up, ops, ARRAY_SIZE(ops));
	odp_buf_uninit(&p->acts);
	if (!put.error && del.error)
		log_warn("a flow of a question to the kernel stays: %s", errno_str(del.error));
	return !put.error;
}

/* ---- Keys ---- */

enum key_probe {
	KEY_RECIRC,
	KEY_CT_STATE,
	KEY_CT_STATE_NAT,
	KEY_CT_ZONE,
	KEY_CT_MARK,
	KEY_CT_LABEL,
	KEY_CT_ORIG_TUPLE,
	KEY_CT_ORIG_TUPLE6,
};

static bool probe_key(struct kernel_dp *dp, enum key_probe what)
{
	struct probe p;

	probe_init(&p, what == KEY_CT_ORIG_TUPLE6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP);
	switch (what) {
	case KEY_RECIRC:
		break;
	case KEY_CT_STATE:
		p.key.ct_state = p.mask.masks.ct_state = OVS_CS_F_TRACKED;
		break;
	case KEY_CT_STATE_NAT:
		p.key.ct_state = OVS_CS_F_TRACKED | OVS_CS_F_SRC_NAT;
		p.mask.masks.ct_state = OVS_CS_F_TRACKED | OVS_CS_F_SRC_NAT | OVS_CS_F_DST_NAT;
		break;
	case KEY_CT_ZONE:
		p.key.ct_zone = 1;
		MASK_FIELD(&p.mask, ct_zone);
		break;
	case KEY_CT_MARK:
		p.key.ct_mark = 1;
		MASK_FIELD(&p.mask, ct_mark);
		break;
	case KEY_CT_LABEL:
		p.key.ct_label.lo = 1;
		MASK_FIELD(&p.mask, ct_label);
		break;
	case KEY_CT_ORIG_TUPLE:
	case KEY_CT_ORIG_TUPLE6:
		p.key.ct_state = p.mask.masks.ct_state = OVS_CS_F_TRACKED;
		p.key.ct_nw_proto = IPPROTO_TCP;
		MASK_FIELD(&p.mask, ct_nw_proto);
		p.key.ct_ip_src = htonl(0x7f000001);
		p.key.ct_ipv6_src.s6_addr[15] = 1;
		if (what == KEY_CT_ORIG_TUPLE)
			MASK_FIELD(&p.mask, ct_ip_src);
		else
			MASK_FIELD(&p.mask, ct_ipv6_src);
		break;
	}
	return probe_run(dp, &p);
}

static unsigned int probe_vlans(struct kernel_dp *dp)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= FLOW_MAX_VLANS; i++) {
		struct probe p;

		probe_init(&p, ETH_TYPE_IP);
		for (unsigned int j = 0; j < i; j++) {
			p.key.vlans[j].tpid = htons(ETH_TYPE_VLAN_8021Q);
			p.key.vlans[j].tci = htons(VLAN_CFI | 1);
			MASK_FIELD(&p.mask, vlans[j]);
		}
		if (!probe_run(dp, &p))
			break;
		n = i;
	}
	return n;
}

static unsigned int probe_mpls(struct kernel_dp *dp)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= FLOW_MAX_MPLS; i++) {
		struct probe p;

		probe_init(&p, ETH_TYPE_MPLS);
		for (unsigned int j = 0; j < i; j++) {
			p.key.mpls_lse[j] = htonl(16 << 12 | (j + 1 == i ? 1 << 8 : 0) | 64);
			MASK_FIELD(&p.mask, mpls_lse[j]);
		}
		if (!probe_run(dp, &p))
			break;
		n = i;
	}
	return n;
}

/* ---- Actions ---- */

static void put_ct(struct odp_buf *b, uint16_t attr, uint32_t value)
{
	size_t nest = odp_nest_begin(b, OVS_ACTION_ATTR_CT);

	odp_put_flag(b, OVS_CT_ATTR_COMMIT);
	if (attr)
		odp_put_u32(b, attr, value);
	odp_nest_end(b, nest);
}

static void put_ct_zero_snat(struct odp_buf *b)
{
	size_t ct = odp_nest_begin(b, OVS_ACTION_ATTR_CT), nat;

	odp_put_flag(b, OVS_CT_ATTR_COMMIT);
	nat = odp_nest_begin(b, OVS_CT_ATTR_NAT);
	odp_put_flag(b, OVS_NAT_ATTR_SRC);
	odp_put_u32(b, OVS_NAT_ATTR_IP_MIN, 0);
	odp_nest_end(b, nat);
	odp_nest_end(b, ct);
}

static void put_ct_timeout(struct odp_buf *b)
{
	static const char name[] = "ovs_no_such_policy";
	size_t ct = odp_nest_begin(b, OVS_ACTION_ATTR_CT);

	odp_put_flag(b, OVS_CT_ATTR_COMMIT);
	odp_put(b, OVS_CT_ATTR_TIMEOUT, name, sizeof(name));
	odp_nest_end(b, ct);
}

static void put_set_masked(struct odp_buf *b)
{
	struct ovs_key_ethernet eth[2] = { { .eth_src = { 0 } } };
	size_t nest = odp_nest_begin(b, OVS_ACTION_ATTR_SET_MASKED);

	memset(&eth[1].eth_src, 0xff, sizeof(eth[1].eth_src));
	odp_put(b, OVS_KEY_ATTR_ETHERNET, eth, sizeof(eth));
	odp_nest_end(b, nest);
}

static void put_trunc(struct odp_buf *b)
{
	struct ovs_action_trunc trunc = { .max_len = 64 };

	odp_put(b, OVS_ACTION_ATTR_TRUNC, &trunc, sizeof(trunc));
}

static void put_clone(struct odp_buf *b)
{
	size_t nest = odp_nest_begin(b, OVS_ACTION_ATTR_CLONE);

	odp_nest_end(b, nest);
}

static void put_check_pkt_len(struct odp_buf *b)
{
	size_t nest = odp_nest_begin(b, OVS_ACTION_ATTR_CHECK_PKT_LEN);

	odp_put_u16(b, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, 100);
	odp_nest_end(b, odp_nest_begin(b, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER));
	odp_nest_end(b, odp_nest_begin(b, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL));
	odp_nest_end(b, nest);
}

static void put_dec_ttl(struct odp_buf *b)
{
	size_t nest = odp_nest_begin(b, OVS_ACTION_ATTR_DEC_TTL);

	odp_nest_end(b, odp_nest_begin(b, OVS_DEC_TTL_ATTR_ACTION));
	odp_nest_end(b, nest);
}

static void put_add_mpls(struct odp_buf *b)
{
	struct ovs_action_add_mpls mpls = {
		.mpls_lse = htonl(16 << 12 | 1 << 8 | 64),
		.mpls_ethertype = htons(ETH_TYPE_MPLS),
		.tun_flags = OVS_MPLS_L3_TUNNEL_FLAG_MASK,
	};

	odp_put(b, OVS_ACTION_ATTR_ADD_MPLS, &mpls, sizeof(mpls));
}

static void put_psample(struct odp_buf *b)
{
	size_t nest = odp_nest_begin(b, ODP_ACTION_PSAMPLE);

	odp_put_u32(b, ODP_PSAMPLE_GROUP, 10);
	odp_nest_end(b, nest);
}

static void put_drop(struct odp_buf *b)
{
	odp_put_u32(b, ODP_ACTION_KERNEL_DROP, 0);
}

static void put_ct_clear(struct odp_buf *b)
{
	odp_put_flag(b, OVS_ACTION_ATTR_CT_CLEAR);
}

static void put_ct_eventmask(struct odp_buf *b)
{
	put_ct(b, OVS_CT_ATTR_EVENTMASK, ~0u);
}

static bool probe_action(struct kernel_dp *dp, void (*put)(struct odp_buf *))
{
	struct probe p;

	probe_init(&p, ETH_TYPE_IP);
	put(&p.acts);
	return probe_run(dp, &p);
}

/* sample(sample(...)), as deep as it takes. */
static unsigned int probe_nesting(struct kernel_dp *dp)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= MAX_NESTING; i++) {
		size_t nests[MAX_NESTING][2];
		struct probe p;

		probe_init(&p, ETH_TYPE_IP);
		for (unsigned int j = 0; j < i; j++) {
			nests[j][0] = odp_nest_begin(&p.acts, OVS_ACTION_ATTR_SAMPLE);
			odp_put_u32(&p.acts, OVS_SAMPLE_ATTR_PROBABILITY, UINT32_MAX);
			nests[j][1] = odp_nest_begin(&p.acts, OVS_SAMPLE_ATTR_ACTIONS);
		}
		for (unsigned int j = i; j-- > 0;) {
			odp_nest_end(&p.acts, nests[j][1]);
			odp_nest_end(&p.acts, nests[j][0]);
		}
		if (!probe_run(dp, &p))
			break;
		n = i;
	}
	return n;
}

static unsigned int probe_hash_alg(struct kernel_dp *dp)
{
	unsigned int max = 0;

	for (uint32_t alg = 0; alg <= ODP_HASH_ALG_SYM_L4; alg++) {
		struct ovs_action_hash hash = { .hash_alg = alg };
		struct probe p;

		probe_init(&p, ETH_TYPE_IP);
		odp_put(&p.acts, OVS_ACTION_ATTR_HASH, &hash, sizeof(hash));
		if (probe_run(dp, &p))
			max = alg;
	}
	return max;
}

/* A flow that was put with an identifier is found by it. */
static bool probe_ufid(struct kernel_dp *dp)
{
	struct ufid ufid = { { 0x75666964, PROBE_RECIRC_ID } };
	struct dpif_flow flow;
	struct probe p;
	struct dpif_op put = { .type = DPIF_OP_PUT,
			       .put = { .flags = DPIF_PUT_CREATE | DPIF_PUT_MODIFY | DPIF_PUT_PROBE,
					.key = &p.key,
					.mask = &p.mask,
					.ufid = &ufid } };
	struct dpif_op get = { .type = DPIF_OP_GET, .get = { .ufid = &ufid, .flow = &flow } };
	struct dpif_op del = { .type = DPIF_OP_DEL, .del = { .ufid = &ufid, .key = &p.key } };
	struct dpif_op *ops[] = { &put, &get, &del };

	probe_init(&p, ETH_TYPE_IP);
	kernel_operate(&dp->up, ops, ARRAY_SIZE(ops));
	return !put.error && !get.error;
}

/* ---- The table ---- */

void kernel_features_probe(struct kernel_dp *dp)
{
	struct kernel_features *f = &dp->features;
	struct smap map;
	struct str s = STR_INIT;
	const struct smap_node **sorted;

	f->ufid = probe_ufid(dp);
	f->recirc = probe_key(dp, KEY_RECIRC);
	f->ct_state = probe_key(dp, KEY_CT_STATE);
	f->ct_state_nat = probe_key(dp, KEY_CT_STATE_NAT);
	f->ct_zone = probe_key(dp, KEY_CT_ZONE);
	f->ct_mark = probe_key(dp, KEY_CT_MARK);
	f->ct_label = probe_key(dp, KEY_CT_LABEL);
	f->ct_orig_tuple = probe_key(dp, KEY_CT_ORIG_TUPLE);
	f->ct_orig_tuple6 = probe_key(dp, KEY_CT_ORIG_TUPLE6);
	f->max_vlans = probe_vlans(dp);
	f->max_mpls = probe_mpls(dp);
	f->masked_set = probe_action(dp, put_set_masked);
	f->trunc = probe_action(dp, put_trunc);
	f->clone = probe_action(dp, put_clone);
	f->check_pkt_len = probe_action(dp, put_check_pkt_len);
	f->dec_ttl = probe_action(dp, put_dec_ttl);
	f->add_mpls = probe_action(dp, put_add_mpls);
	f->psample = probe_action(dp, put_psample);
	f->drop = probe_action(dp, put_drop);
	f->ct_clear = probe_action(dp, put_ct_clear);
	f->ct_eventmask = probe_action(dp, put_ct_eventmask);
	f->ct_timeout = probe_action(dp, put_ct_timeout);
	f->ct_zero_snat = probe_action(dp, put_ct_zero_snat);
	f->sample_nesting = probe_nesting(dp);
	f->max_hash_alg = probe_hash_alg(dp);

	smap_init(&map);
	kernel_get_features(&dp->up, &map);
	sorted = smap_sort(&map);
	for (size_t i = 0; i < smap_count(&map); i++)
		str_printf(&s, "%s%s=%s", i ? " " : "", sorted[i]->key, sorted[i]->value);
	log_info("kernel datapath: %s", str_cstr(&s));
	free(sorted);
	str_uninit(&s);
	smap_uninit(&map);
}

void kernel_get_features(struct dpif *dpif, struct smap *out)
{
	const struct kernel_dp *dp = kernel_dp_cast(dpif);
	const struct kernel_features *f = &dp->features;
	const struct {
		const char *name;
		bool value;
	} flags[] = {
		{ "recirc", f->recirc },
		{ "lb_output_action", false },
		{ "ct_state", f->ct_state },
		{ "ct_state_nat", f->ct_state_nat },
		{ "ct_zone", f->ct_zone },
		{ "ct_mark", f->ct_mark },
		{ "ct_label", f->ct_label },
		{ "ct_orig_tuple", f->ct_orig_tuple },
		{ "ct_orig_tuple6", f->ct_orig_tuple6 },
		{ "masked_set_action", f->masked_set },
		{ "tnl_push_pop", false },
		{ "ufid", f->ufid },
		{ "trunc", f->trunc },
		{ "nd_ext", false },
		{ "clone", f->clone },
		{ "ct_eventmask", f->ct_eventmask },
		{ "ct_clear", f->ct_clear },
		{ "check_pkt_len", f->check_pkt_len },
		{ "ct_timeout", f->ct_timeout },
		{ "explicit_drop_action", f->drop },
		{ "ct_zero_snat", f->ct_zero_snat },
		{ "ct_flush", true },
		{ "add_mpls", f->add_mpls },
		{ "psample", f->psample },
		{ "dec_ttl", f->dec_ttl },
		{ "per_cpu_upcalls", dp->user_features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		smap_set(out, flags[i].name, flags[i].value ? "true" : "false");
	smap_setf(out, "max_vlan_headers", "%u", f->max_vlans);
	smap_setf(out, "max_mpls_depth", "%u", f->max_mpls);
	smap_setf(out, "sample_nesting", "%u", f->sample_nesting);
	smap_setf(out, "max_hash_alg", "%u", f->max_hash_alg);
}
