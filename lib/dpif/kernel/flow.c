// SPDX-License-Identifier: Apache-2.0
/* Flow operations and executions: requests in trains.  Every flow has an identifier of ours, by
 * which it is changed and deleted; one without (another program's) is found by its key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "dpif/kernel/kernel.h"
#include "packet/csum.h"

LOG_MODULE(dpif_flow);

#define MAX_PACKET_LEN (UINT16_MAX - NLA_HDRLEN) /* of an attribute */

static struct log_rl rl; /* what the kernel says that we do not understand: a bug of ours */

static void put_key(struct odp_buf *b, const struct flow *key)
{
	size_t nest = odp_nest_begin(b, OVS_FLOW_ATTR_KEY);

	odp_key_encode(b, key);
	odp_nest_end(b, nest);
}

static void put_ufid(struct odp_buf *b, const struct ufid *ufid)
{
	odp_put(b, OVS_FLOW_ATTR_UFID, ufid, sizeof(*ufid));
}

/* ---- Requests ---- */

struct knl_request *kernel_flow_put(struct knl_train *t, const struct kernel_dp *dp,
				    const struct dpif_op *op)
{
	unsigned int flags = op->put.flags;
	/* Without NLM_F_CREATE a NEW replaces what is there. */
	uint16_t nl_flags = (op->put.stats ? NLM_F_ECHO : 0) |
			    (flags & DPIF_PUT_MODIFY ? 0 : NLM_F_CREATE);
	size_t start = knl_msg_begin(&t->msgs, KNL_FLOW,
				     flags & DPIF_PUT_CREATE ? OVS_FLOW_CMD_NEW : OVS_FLOW_CMD_SET,
				     nl_flags, dp->ifindex);
	struct knl_request *r;
	struct ufid computed;
	size_t nest;

	if (op->put.mask) {
		nest = odp_nest_begin(&t->msgs, OVS_FLOW_ATTR_KEY);
		odp_key_encode_short(&t->msgs, op->put.key, op->put.mask);
		odp_nest_end(&t->msgs, nest);
		nest = odp_nest_begin(&t->msgs, OVS_FLOW_ATTR_MASK);
		odp_mask_encode_short(&t->msgs, op->put.key, op->put.mask);
		odp_nest_end(&t->msgs, nest);
	} else {
		put_key(&t->msgs, op->put.key);
	}
	if (!op->put.ufid)
		dpif_ufid_of_key(&computed, op->put.key);
	put_ufid(&t->msgs, op->put.ufid ? op->put.ufid : &computed);
	if (op->put.stats)
		odp_put_u32(&t->msgs, OVS_FLOW_ATTR_UFID_FLAGS, KERNEL_UFID_OMIT_ALL);
	kernel_put_actions(&t->msgs, dp, OVS_FLOW_ATTR_ACTIONS, op->put.actions,
			   op->put.actions_len);
	if (flags & DPIF_PUT_PROBE)
		odp_put_flag(&t->msgs, OVS_FLOW_ATTR_PROBE);
	if (flags & DPIF_PUT_ZERO_STATS)
		odp_put_flag(&t->msgs, OVS_FLOW_ATTR_CLEAR);
	knl_msg_end(&t->msgs, start);
	r = knl_train_add(t);
	r->is_probe = flags & DPIF_PUT_PROBE;
	return r;
}

/* To delete or to get; by key if it has no identifier. */
static void flow_ref(struct knl_train *t, const struct kernel_dp *dp, uint8_t cmd,
		     uint16_t nl_flags, const struct ufid *ufid, const struct flow *key,
		     uint32_t ufid_flags)
{
	size_t start = knl_msg_begin(&t->msgs, KNL_FLOW, cmd, nl_flags, dp->ifindex);

	if (ufid)
		put_ufid(&t->msgs, ufid);
	else
		put_key(&t->msgs, key);
	if (ufid_flags)
		odp_put_u32(&t->msgs, OVS_FLOW_ATTR_UFID_FLAGS, ufid_flags);
	knl_msg_end(&t->msgs, start);
	knl_train_add(t);
}

static bool is_zero(const struct nlattr *a)
{
	const uint8_t *p = odp_attr_data(a);

	for (int i = 0; i < odp_attr_len(a); i++) {
		if (p[i])
			return false;
	}
	return true;
}

/* Of a key that the kernel sent with a packet: not what it finds in the packet again, nor metadata
 * that is 0. */
static void put_packet_key(struct odp_buf *b, const struct nlattr *key)
{
	size_t nest = odp_nest_begin(b, OVS_PACKET_ATTR_KEY);
	const struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, odp_attr_data(key), odp_attr_len(key)) {
		switch (odp_attr_type(a)) {
		case OVS_KEY_ATTR_IPV4:
		case OVS_KEY_ATTR_IPV6:
		case OVS_KEY_ATTR_ARP:
		case OVS_KEY_ATTR_TCP:
		case OVS_KEY_ATTR_TCP_FLAGS:
		case OVS_KEY_ATTR_UDP:
		case OVS_KEY_ATTR_SCTP:
		case OVS_KEY_ATTR_ICMP:
		case OVS_KEY_ATTR_ICMPV6:
		case OVS_KEY_ATTR_ND:
			continue;
		case OVS_KEY_ATTR_PRIORITY:
		case OVS_KEY_ATTR_SKB_MARK:
		case OVS_KEY_ATTR_DP_HASH:
		case OVS_KEY_ATTR_RECIRC_ID:
		case OVS_KEY_ATTR_CT_STATE:
		case OVS_KEY_ATTR_CT_ZONE:
		case OVS_KEY_ATTR_CT_MARK:
		case OVS_KEY_ATTR_CT_LABELS:
			if (is_zero(a))
				continue;
			break;
		default:
			break;
		}
		odp_put(b, a->nla_type, odp_attr_data(a), odp_attr_len(a));
	}
	odp_nest_end(b, nest);
}

struct knl_request *kernel_execute(struct knl_train *t, const struct kernel_dp *dp,
				   const struct dpif_op *op, const struct nlattr *key,
				   const struct nlattr *mru, const struct nlattr *hash)
{
	const struct packet *p = op->execute.packet;
	size_t start = knl_msg_begin(&t->msgs, KNL_PACKET, OVS_PACKET_CMD_EXECUTE, 0, dp->ifindex);
	size_t nest;

	odp_put(&t->msgs, OVS_PACKET_ATTR_PACKET, p->data, p->len);
	if (key) {
		put_packet_key(&t->msgs, key);
	} else {
		nest = odp_nest_begin(&t->msgs, OVS_PACKET_ATTR_KEY);
		odp_key_encode(&t->msgs, op->execute.key);
		odp_nest_end(&t->msgs, nest);
	}
	kernel_put_actions(&t->msgs, dp, OVS_PACKET_ATTR_ACTIONS, op->execute.actions,
			   op->execute.actions_len);
	if (mru)
		odp_put(&t->msgs, OVS_PACKET_ATTR_MRU, odp_attr_data(mru), odp_attr_len(mru));
	if (hash)
		odp_put(&t->msgs, OVS_PACKET_ATTR_HASH, odp_attr_data(hash), odp_attr_len(hash));
	knl_msg_end(&t->msgs, start);
	return knl_train_add(t);
}

/* ---- What the kernel shows ---- */

struct kernel_now kernel_now(void)
{
	return (struct kernel_now){ clock_ms(), clock_real_us() / 1000 };
}

/* The kernel's time of use is of the system's monotonic clock, which ours may have left. */
static uint64_t used_ms(uint64_t kernel_ms, struct kernel_now now)
{
	uint64_t idle_ms;

	if (!kernel_ms)
		return 0;
	idle_ms = now.real_ms > kernel_ms ? now.real_ms - kernel_ms : 0;
	return now.ms > idle_ms ? now.ms - idle_ms : 1;
}

static void decode_stats(const struct nlattr *const *a, struct kernel_now now,
			 struct dpif_flow_stats *out)
{
	struct ovs_flow_stats stats;
	uint8_t tcp_flags;

	knl_get(a[OVS_FLOW_ATTR_STATS], &stats, sizeof(stats));
	knl_get(a[OVS_FLOW_ATTR_TCP_FLAGS], &tcp_flags, sizeof(tcp_flags));
	out->n_packets = stats.n_packets;
	out->n_bytes = stats.n_bytes;
	out->used_ms = used_ms(knl_get_u64(a[OVS_FLOW_ATTR_USED]), now);
	out->tcp_flags = tcp_flags;
}

static void decode_stats_of_reply(const struct knl_request *r, struct dpif_flow_stats *out)
{
	const struct nlattr *a[OVS_FLOW_ATTR_MAX + 1];

	memset(out, 0, sizeof(*out));
	if (!r->attrs)
		return;
	knl_parse(r->attrs, r->attrs_len, a, OVS_FLOW_ATTR_MAX);
	decode_stats(a, kernel_now(), out);
}

/* What every flow of the kernel matches on, without a word in its mask: whether there is an
 * Ethernet header, and that there are no more VLAN tags than its key has. */
static void mask_unsaid(const struct flow *key, struct flow_mask *mask)
{
	MASK_FIELD(mask, packet_type);
	for (unsigned int i = flow_n_vlans(key); i < FLOW_MAX_VLANS; i++)
		MASK_FIELD(mask, vlans[i]);
}

static bool decode_key_and_mask(const struct nlattr *k, const struct nlattr *m,
				struct dpif_flow *out)
{
	enum odp_fitness fitness;
	char *err = NULL;

	fitness = odp_key_decode(odp_attr_data(k), odp_attr_len(k), &out->key, &err);
	if (fitness != ODP_FIT_ERROR && m)
		fitness = odp_mask_decode(odp_attr_data(m), odp_attr_len(m), &out->key, &out->mask,
					  &err);
	else if (fitness != ODP_FIT_ERROR && !out->lacks_rest)
		flow_mask_init_for_packet(&out->mask, &out->key);
	if (fitness == ODP_FIT_ERROR) {
		log_warn_rl(&rl, "a flow of the kernel is not to be understood: %s", err);
		free(err);
		return false;
	}
	if (!out->lacks_rest)
		mask_unsaid(&out->key, &out->mask);
	return true;
}

bool kernel_flow_decode(const struct kernel_dp *dp, const void *attrs, size_t len,
			struct kernel_now now, struct dpif_flow *out)
{
	const struct nlattr *a[OVS_FLOW_ATTR_MAX + 1], *k, *m, *acts;

	(void)dp;
	knl_parse(attrs, len, a, OVS_FLOW_ATTR_MAX);
	k = a[OVS_FLOW_ATTR_KEY];
	m = a[OVS_FLOW_ATTR_MASK];
	acts = a[OVS_FLOW_ATTR_ACTIONS];
	out->lacks_key = !k;
	/* Exact matches have no mask in some kernels, but every flow shows its actions. */
	out->lacks_rest = !k || (!m && !acts);
	if (k && !decode_key_and_mask(k, m, out))
		return false;
	out->ufid_present = a[OVS_FLOW_ATTR_UFID] &&
			    odp_attr_len(a[OVS_FLOW_ATTR_UFID]) >= (int)sizeof(out->ufid);
	if (out->ufid_present)
		knl_get(a[OVS_FLOW_ATTR_UFID], &out->ufid, sizeof(out->ufid));
	else if (k)
		dpif_ufid_of_key(&out->ufid, &out->key);
	else
		return false;
	out->actions = acts ? odp_attr_data(acts) : NULL;
	out->actions_len = acts ? odp_attr_len(acts) : 0;
	decode_stats(a, now, &out->stats);
	out->pmd_id = -1;
	out->dp_layer = "ovs";
	out->offloaded = false;
	return true;
}

/* ---- Operations ---- */

/* Adds the request of an operation; false with op->error if there can be none. */
static bool add(struct kernel_dp *dp, struct knl_train *t, struct dpif_op *op)
{
	op->error = 0;
	switch (op->type) {
	case DPIF_OP_PUT:
		kernel_flow_put(t, dp, op);
		break;
	case DPIF_OP_DEL:
		flow_ref(t, dp, OVS_FLOW_CMD_DEL, op->del.stats ? NLM_F_ECHO : 0, op->del.ufid,
			 op->del.key, op->del.ufid ? KERNEL_UFID_OMIT_ALL : 0);
		break;
	case DPIF_OP_GET:
		flow_ref(t, dp, OVS_FLOW_CMD_GET, 0, op->get.ufid, op->get.key, 0);
		break;
	case DPIF_OP_EXECUTE:
		if (op->execute.packet->offload.gso || op->execute.packet->len > MAX_PACKET_LEN ||
		    packet_csum_complete(op->execute.packet)) {
			op->error = -EMSGSIZE;
			return false;
		}
		if (kernel_actions_are_empty(op->execute.actions, op->execute.actions_len))
			return false; /* dropped; the kernel refuses to do nothing */
		kernel_execute(t, dp, op, NULL, NULL, NULL);
		break;
	default:
		op->error = -EINVAL;
		return false;
	}
	if (!t->msgs.overflow)
		return true;
	/* A nest of more than 64 KB: the request says something else than was meant. */
	t->msgs.overflow = false;
	t->n--;
	t->msgs.len = t->n ? t->requests[t->n - 1].end : 0;
	op->error = -EMSGSIZE;
	return false;
}

static int finish_get(struct kernel_dp *dp, struct dpif_op *op, const struct knl_request *r)
{
	size_t start;

	if (!r->attrs ||
	    !kernel_flow_decode(dp, r->attrs, r->attrs_len, kernel_now(), op->get.flow) ||
	    op->get.flow->lacks_key || op->get.flow->lacks_rest)
		return -EPROTO;
	/* The answer's room does not last. */
	if (op->get.actions) {
		const struct nlattr *a;
		int left;

		start = op->get.actions->len;
		ODP_FOR_EACH(a, left, op->get.flow->actions, op->get.flow->actions_len)
			odp_put(op->get.actions, a->nla_type, odp_attr_data(a), odp_attr_len(a));
		op->get.flow->actions = op->get.actions->data + start;
		op->get.flow->actions_len = op->get.actions->len - start;
	} else {
		op->get.flow->actions = NULL;
		op->get.flow->actions_len = 0;
	}
	return 0;
}

static void finish(struct kernel_dp *dp, struct dpif_op *op, const struct knl_request *r)
{
	op->error = r->error;
	if (op->error)
		return;
	if (op->type == DPIF_OP_GET)
		op->error = finish_get(dp, op, r);
	else if (op->type == DPIF_OP_DEL && op->del.stats)
		decode_stats_of_reply(r, op->del.stats);
	else if (op->type == DPIF_OP_PUT && op->put.stats)
		decode_stats_of_reply(r, op->put.stats);
}

/* A flow that another program installed without an identifier: again, by key. */
static void retry_by_key(struct kernel_dp *dp, struct knl_sock *s, struct dpif_op *op)
{
	struct knl_train t;
	struct dpif_op by_key = *op;

	if (op->type == DPIF_OP_DEL)
		by_key.del.ufid = NULL;
	else
		by_key.get.ufid = NULL;
	knl_train_init(&t);
	if (add(dp, &t, &by_key)) {
		knl_train_run(&t, s);
		finish(dp, &by_key, &t.requests[0]);
	}
	op->error = by_key.error;
	knl_train_uninit(&t);
}

static bool may_retry(const struct dpif_op *op)
{
	if (op->error != -ENOENT)
		return false;
	return (op->type == DPIF_OP_DEL && op->del.ufid && op->del.key) ||
	       (op->type == DPIF_OP_GET && op->get.ufid && op->get.key);
}

void kernel_operate(struct dpif *dpif, struct dpif_op **ops, size_t n)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct knl_sock *s = knl_pool_get(&dp->pool);
	struct dpif_op **sent = xcalloc(n + 1, sizeof(struct dpif_op *));
	struct knl_train t;
	size_t i, n_sent = 0;
	int err = s ? 0 : -errno;

	knl_train_init(&t);
	for (i = 0; i < n; i++) {
		if (err)
			ops[i]->error = err;
		else if (add(dp, &t, ops[i]))
			sent[n_sent++] = ops[i];
	}
	if (n_sent)
		knl_train_run(&t, s);
	for (i = 0; i < n_sent; i++) {
		finish(dp, sent[i], &t.requests[i]);
		if (may_retry(sent[i]))
			retry_by_key(dp, s, sent[i]);
	}
	knl_train_uninit(&t);
	knl_pool_put(&dp->pool, s);
	free(sent);
}

int kernel_flow_flush(struct dpif *dpif)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct knl_train t;
	int err;

	/* A deletion that names no flow means all. */
	knl_train_init(&t);
	knl_msg_end(&t.msgs, knl_msg_begin(&t.msgs, KNL_FLOW, OVS_FLOW_CMD_DEL, 0, dp->ifindex));
	knl_train_add(&t);
	err = knl_call(&dp->pool, &t);
	knl_train_uninit(&t);
	return err;
}
