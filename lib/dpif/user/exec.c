// SPDX-License-Identifier: Apache-2.0
/* Execution of datapath actions on a batch.
 *
 * The last action of a list takes the packets themselves, the ones before it take clones; so a
 * plain output copies nothing.  "Last" is seen by looking at what is left of the list.
 *
 * A list that comes by dpif_operate() has passed odp_actions_check(), one that comes from a
 * callback was made by our own translation: lengths are right. */
#include "dpif/user/dp.h"

#include "flow/odp_execute.h"
#include "netdev/tx_offload.h"
#include "packet/rewrite.h"

/* A list of actions on its way. */
struct exec {
	struct worker *w;
	struct packet_batch *batch;
	bool steal; /* the packets are ours, to be given away or released */
	bool last; /* this action may take them */
	bool done; /* they are gone */
	bool used; /* something was done with them besides editing */
};

static void release_batch(struct packet_batch *b)
{
	uint32_t i;

	for (i = 0; i < b->n; i++)
		packet_release(b->pkts[i]);
	b->n = 0;
}

static void drop_batch(struct worker *w, struct packet_batch *b, enum drop_reason why)
{
	uint32_t i;

	for (i = 0; i < b->n; i++)
		drop_packet(w, b->pkts[i], why);
	b->n = 0;
}

/* The packet at 'i' for an action that takes it: itself, or a clone; NULL (counted) without
 * memory. */
static struct packet *take(struct exec *x, uint32_t i)
{
	struct packet *p = x->batch->pkts[i], *clone;

	if (x->last)
		return p;
	clone = packet_clone(p);
	if (unlikely(!clone))
		count_drop(x->w, p, DROP_NO_MEMORY);
	p->cutlen = 0; /* a truncation holds for one output */
	return clone;
}

/* All of them. */
static void take_batch(struct exec *x, struct packet_batch *out)
{
	uint32_t i;

	out->n = 0;
	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = take(x, i);

		if (p)
			out->pkts[out->n++] = p;
	}
}

static void do_output(struct exec *x, uint32_t port_no)
{
	uint32_t i;

	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = take(x, i);

		if (likely(p))
			output_packet(x->w, p, port_no);
	}
}

static void do_userspace(struct exec *x, const struct nlattr *nla)
{
	const struct nlattr *a;
	const void *userdata = NULL;
	size_t userdata_len = 0;
	uint32_t i;
	int left;

	ODP_FOR_EACH(a, left, nla_data(nla), nla_len(nla)) {
		if (nla_type(a) == OVS_USERSPACE_ATTR_USERDATA) {
			userdata = nla_data(a);
			userdata_len = nla_len(a);
		}
	}
	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = take(x, i);

		if (!p)
			continue;
		p->len -= MIN(p->cutlen, p->len);
		p->cutlen = 0;
		upcall_action(x->w, p, userdata, userdata_len);
	}
}

static void do_recirc(struct exec *x, uint32_t id)
{
	struct packet_batch b;
	uint32_t i;

	take_batch(x, &b);
	for (i = 0; i < b.n; i++)
		b.pkts[i]->md.recirc_id = id;
	CTR_ADD(&x->w->counters.n_recirc, b.n);
	process_batch(x->w, &b);
}

static void do_hash(struct exec *x, const struct ovs_action_hash *h)
{
	struct flow flow;
	uint32_t i;

	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = x->batch->pkts[i];
		struct miniflow_buf key;
		uint32_t v;

		if (h->hash_alg == OVS_HASH_ALG_L4) {
			if (miniflow_extract(p, &key))
				continue;
			v = miniflow_hash_5tuple(&key.mf, h->hash_basis);
		} else {
			if (flow_extract(p, &flow))
				continue;
			v = flow_hash_symmetric_l4(&flow, h->hash_basis);
		}
		p->md.dp_hash = v ? v : 1; /* 0 means that none was computed */
	}
}

static uint32_t next_random(struct worker *w)
{
	uint32_t r = w->random ? w->random : 2463534242u;

	r ^= r << 13;
	r ^= r >> 17;
	r ^= r << 5;
	return w->random = r;
}

static void nested(struct exec *x, struct packet_batch *b, const struct nlattr *acts)
{
	if (b->n)
		exec_actions(x->w, b, true, nla_data(acts), nla_len(acts));
}

static void do_sample(struct exec *x, const struct nlattr *nla)
{
	const struct nlattr *a, *acts = NULL;
	struct packet_batch chosen = { .n = 0 };
	uint32_t i, probability = 0;
	int left;

	ODP_FOR_EACH(a, left, nla_data(nla), nla_len(nla)) {
		if (nla_type(a) == OVS_SAMPLE_ATTR_PROBABILITY && nla_len(a) >= 4)
			probability = nla_get_u32(a);
		else if (nla_type(a) == OVS_SAMPLE_ATTR_ACTIONS)
			acts = a;
	}
	for (i = 0; i < x->batch->n; i++) {
		bool take_it = acts && probability &&
			       (probability == UINT32_MAX || next_random(x->w) < probability);
		struct packet *p = take_it ? take(x, i) : NULL;

		if (p)
			chosen.pkts[chosen.n++] = p;
		else if (x->last)
			packet_release(x->batch->pkts[i]);
	}
	if (acts)
		nested(x, &chosen, acts);
}

static void do_clone(struct exec *x, const struct nlattr *nla)
{
	struct packet_batch b;

	take_batch(x, &b);
	nested(x, &b, nla);
}

static void do_check_pkt_len(struct exec *x, const struct nlattr *nla)
{
	struct packet_batch le = { .n = 0 }, gt = { .n = 0 };
	const struct nlattr *a, *acts_le = NULL, *acts_gt = NULL;
	uint32_t i, limit = UINT32_MAX;
	int left;

	ODP_FOR_EACH(a, left, nla_data(nla), nla_len(nla)) {
		switch (nla_type(a)) {
		case OVS_CHECK_PKT_LEN_ATTR_PKT_LEN:
			limit = nla_len(a) >= 2 ? nla_get_u16(a) : limit;
			break;
		case OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL:
			acts_le = a;
			break;
		case OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER:
			acts_gt = a;
			break;
		}
	}
	for (i = 0; i < x->batch->n; i++) {
		bool is_greater = tx_segment_len(x->batch->pkts[i]) > limit;
		struct packet *p = (is_greater ? acts_gt : acts_le) ? take(x, i) : NULL;

		if (p && is_greater)
			gt.pkts[gt.n++] = p;
		else if (p)
			le.pkts[le.n++] = p;
		else if (x->last)
			packet_release(x->batch->pkts[i]);
	}
	if (acts_le)
		nested(x, &le, acts_le);
	if (acts_gt)
		nested(x, &gt, acts_gt);
}

/* Collects the segments of GSO packets and executes the rest of the list on them. */
struct segments {
	struct exec *x;
	const void *acts;
	size_t len;
	struct packet_batch out;
};

static void segments_run(struct segments *s)
{
	if (s->out.n)
		exec_actions(s->x->w, &s->out, true, s->acts, s->len);
	s->out.n = 0;
}

static void segments_put(struct packet *p, void *s_)
{
	struct segments *s = s_;

	s->out.pkts[s->out.n++] = p;
	if (s->out.n == PACKET_BATCH_MAX)
		segments_run(s);
}

/* A frame to be cut must not be GSO: those go through 'acts' (this action first) as segments, and
 * leave the batch. Packets that are not ours stay where they are, a clone is cut in their
 * place. */
static void do_trunc(struct exec *x, const struct nlattr *nla, const void *acts, size_t acts_len)
{
	const struct ovs_action_trunc *t = nla_data(nla);
	struct segments segs = { .x = x, .acts = acts, .len = acts_len };
	uint32_t i, n = 0;

	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = x->batch->pkts[i];
		enum drop_reason why;

		if (likely(!p->offload.gso)) {
			p->cutlen = p->len > t->max_len ? p->len - t->max_len : 0;
			x->batch->pkts[n++] = p;
			continue;
		}
		if (!x->steal)
			p = packet_clone(p);
		why = p ? tx_segment(p, segments_put, &segs) : DROP_NO_MEMORY;
		if (why) {
			count_drop(x->w, x->batch->pkts[i], why);
			packet_release(p);
		}
		x->used = true;
	}
	x->batch->n = n;
	segments_run(&segs);
}

/* What the packets cannot live through. */
static void fail(struct exec *x, enum drop_reason why)
{
	if (x->steal) {
		drop_batch(x->w, x->batch, why);
	} else {
		uint32_t i;

		for (i = 0; i < x->batch->n; i++)
			count_drop(x->w, x->batch->pkts[i], why);
		x->batch->n = 0;
	}
	x->done = true;
}

/* Rewrites each packet; those that cannot be leave the batch. */
static void edit(struct exec *x, const struct nlattr *nla)
{
	uint32_t i, n = 0;

	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = x->batch->pkts[i];
		enum drop_reason why = odp_execute_header(p, nla);

		if (likely(!why)) {
			x->batch->pkts[n++] = p;
			continue;
		}
		count_drop(x->w, p, why);
		if (x->steal)
			packet_release(p);
		x->used = true;
	}
	x->batch->n = n;
}

static void do_dec_ttl(struct exec *x, const struct nlattr *nla)
{
	struct packet_batch expired = { .n = 0 };
	const struct nlattr *a, *acts = NULL;
	uint32_t i, n = 0;
	int left;

	ODP_FOR_EACH(a, left, nla_data(nla), nla_len(nla)) {
		if (nla_type(a) == OVS_DEC_TTL_ATTR_ACTION)
			acts = a;
	}
	for (i = 0; i < x->batch->n; i++) {
		struct packet *p = x->batch->pkts[i];
		bool is_expired;
		enum drop_reason why = packet_dec_ttl(p, &is_expired);

		if (!why && !is_expired) {
			x->batch->pkts[n++] = p;
			continue;
		}
		if (why)
			count_drop(x->w, p, why);
		if (!x->steal)
			p = why ? NULL : packet_clone(p);
		if (why)
			packet_release(p);
		else if (p)
			expired.pkts[expired.n++] = p;
		x->used = true;
	}
	x->batch->n = n;
	if (acts)
		nested(x, &expired, acts);
	else
		release_batch(&expired);
}

static void execute_one(struct exec *x, const struct nlattr *nla, int left)
{
	switch ((unsigned int)nla_type(nla)) {
	case OVS_ACTION_ATTR_OUTPUT:
		do_output(x, nla_get_u32(nla));
		goto took;
	case OVS_ACTION_ATTR_USERSPACE:
		do_userspace(x, nla);
		goto took;
	case OVS_ACTION_ATTR_RECIRC:
		do_recirc(x, nla_get_u32(nla));
		goto took;
	case OVS_ACTION_ATTR_SAMPLE:
		do_sample(x, nla);
		goto took;
	case OVS_ACTION_ATTR_CLONE:
		do_clone(x, nla);
		goto took;
	case OVS_ACTION_ATTR_CHECK_PKT_LEN:
		do_check_pkt_len(x, nla);
		goto took;
	case OVS_ACTION_ATTR_HASH:
		do_hash(x, nla_data(nla));
		break;
	case OVS_ACTION_ATTR_TRUNC:
		do_trunc(x, nla, nla, left);
		break;
	case OVS_ACTION_ATTR_DEC_TTL:
		do_dec_ttl(x, nla);
		break;
	case OVS_ACTION_ATTR_METER:
		break; /* no meter exists yet: packets of an unknown one pass */
	case ODP_ACTION_KERNEL_DROP: /* its reasons are the kernel's */
		fail(x, DROP_EXPLICIT);
		break;
	case ODP_ACTION_DROP:
		fail(x, nla_get_u32(nla) < DROP_N_REASONS ? nla_get_u32(nla) : DROP_EXPLICIT);
		break;
	default:
		if (odp_is_header_action(nla_type(nla)))
			edit(x, nla);
		else
			fail(x, DROP_BAD_ACTION);
		break;
	}
	return;
took:
	x->used = true;
	if (x->last) {
		x->batch->n = 0;
		x->done = true;
	}
}

void exec_actions(struct worker *w, struct packet_batch *batch, bool steal, const void *acts,
		  size_t len)
{
	struct exec x = { .w = w, .batch = batch, .steal = steal };
	const struct nlattr *nla;
	int left;

	if (unlikely(w->nest == USER_NEST_LIMIT)) {
		fail(&x, DROP_RECURSION_LIMIT);
		return;
	}
	w->nest++;
	ODP_FOR_EACH(nla, left, acts, len) {
		/* Attributes are padded to 4 octets; what follows the last one is nothing. */
		x.last = steal && left <= NLA_ALIGN((int)nla->nla_len);
		execute_one(&x, nla, left);
		if (x.done || !batch->n)
			break;
	}
	w->nest--;
	if (!steal || x.done)
		return;
	if (x.used)
		release_batch(batch);
	else
		drop_batch(w, batch, DROP_EXPLICIT);
}
