// SPDX-License-Identifier: Apache-2.0
/* One batch of upcalls: all of it is translated, then flows and packets go to the kernel in one
 * train, each flow before its packets, so that what comes behind them finds it.
 *
 * Packets of one flow that came together are translated once: the kernel's key, octet by octet, is
 * what makes them so.  A key of the kernel that lacks what we match on, or has what we do not know,
 * is translated each time and never installed: the flow would cover packets that it must not.
 *
 * All of it runs in one read section, up to the installation: a round of revalidation that begins
 * after a grace period finds each flow that an older configuration brought. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "dpif/kernel/handler.h"
#include "flow/odp_attr.h"

LOG_MODULE(dpif_upcall);
COUNTER(dpif_upcall_repeated);
COUNTER(dpif_upcall_unfit);

#define ACTIONS_ROOM 1024

static struct log_rl rl;

struct pending {
	struct upcall_item *item; /* owns what all the pointers point to */
	const struct nlattr *key_attr, *mru, *hash;
	uint64_t key_hash;
	enum odp_fitness fitness;
	struct packet packet;
	struct flow key;
	struct flow_tnl egress_tunnel;
	struct dpif_upcall upcall;
	struct dpif_upcall_reply reply;
	struct pending *leader; /* whose reply is used: itself, or another of the same flow */
	bool is_translated;
	size_t put; /* number of the request to install it, + 1 */
	uint8_t room[ACTIONS_ROOM] __attribute__((aligned(8)));
	uint8_t install_room[ACTIONS_ROOM / 2] __attribute__((aligned(8)));
};

#define SLOTS (2 * HANDLER_BATCH)

static_assert(HANDLER_BATCH < 255, "slots");

struct upcall_batch {
	struct knl_train train;
	unsigned int n;
	uint8_t slots[SLOTS]; /* by 'key_hash': number of a leader in 'p', + 1 */
	struct pending p[HANDLER_BATCH];
};

struct upcall_batch *upcall_batch_create(void)
{
	struct upcall_batch *b = xzalloc(sizeof(*b));

	knl_train_init(&b->train);
	return b;
}

void upcall_batch_destroy(struct upcall_batch *b)
{
	if (!b)
		return;
	knl_train_uninit(&b->train);
	free(b);
}

/* ---- Decoding ---- */

/* The buffer belongs to the item. */
static void nothing_to_release(struct packet *p)
{
	(void)p;
}

static bool decode_key(struct pending *p)
{
	char *err = NULL;

	p->fitness = odp_key_decode(odp_attr_data(p->key_attr), odp_attr_len(p->key_attr), &p->key,
				    &err);
	if (p->fitness == ODP_FIT_ERROR) {
		log_warn_rl(&rl, "a key of the kernel is not to be understood: %s", err);
		free(err);
		return false;
	}
	flow_to_packet_md(&p->key, &p->packet.md);
	p->packet.packet_type = p->key.packet_type;
	if (p->fitness != ODP_FIT_PERFECT)
		COUNTER_INC(dpif_upcall_unfit);
	if (p->fitness == ODP_FIT_TOO_LITTLE && flow_extract(&p->packet, &p->key))
		return false;
	return true;
}

static bool decode(struct handler *h, struct pending *p, struct upcall_item *item)
{
	const struct nlattr *a[OVS_PACKET_ATTR_MAX + 1], *packet;
	struct knl_reader r = { .data = item->data, .len = item->len };
	const void *attrs;
	bool unknown;
	int ifindex;
	uint8_t cmd;
	size_t len;

	if (knl_read(&r, 0, &cmd, &ifindex, &attrs, &len) <= 0 || ifindex != h->dp->ifindex ||
	    (cmd != OVS_PACKET_CMD_MISS && cmd != OVS_PACKET_CMD_ACTION))
		return false;
	knl_parse(attrs, len, a, OVS_PACKET_ATTR_MAX);
	packet = a[OVS_PACKET_ATTR_PACKET];
	p->key_attr = a[OVS_PACKET_ATTR_KEY];
	if (!packet || !p->key_attr)
		return false;
	p->item = item;
	p->mru = a[OVS_PACKET_ATTR_MRU];
	p->hash = a[OVS_PACKET_ATTR_HASH];
	p->leader = p;
	p->is_translated = false;
	p->put = 0;
	packet_init(&p->packet, odp_attr_data(packet), odp_attr_len(packet), 0,
		    odp_attr_len(packet), nothing_to_release);
	if (!decode_key(p))
		return false;
	p->upcall = (struct dpif_upcall){
		.type = cmd == OVS_PACKET_CMD_MISS ? DPIF_UPCALL_MISS : DPIF_UPCALL_ACTION,
		.packet = &p->packet,
		.key = &p->key,
		.worker = h->index,
		.in_port = p->key.in_port,
	};
	if (p->mru && odp_attr_len(p->mru) >= 2)
		p->upcall.mru = nla_get_u16((struct nlattr *)p->mru);
	dpif_ufid_of_key(&p->upcall.ufid, &p->key);
	if (a[OVS_PACKET_ATTR_USERDATA]) {
		p->upcall.userdata = odp_attr_data(a[OVS_PACKET_ATTR_USERDATA]);
		p->upcall.userdata_len = odp_attr_len(a[OVS_PACKET_ATTR_USERDATA]);
	}
	if (a[OVS_PACKET_ATTR_ACTIONS]) {
		p->upcall.actions = odp_attr_data(a[OVS_PACKET_ATTR_ACTIONS]);
		p->upcall.actions_len = odp_attr_len(a[OVS_PACKET_ATTR_ACTIONS]);
	}
	if (a[OVS_PACKET_ATTR_EGRESS_TUN_KEY]) {
		const struct nlattr *t = a[OVS_PACKET_ATTR_EGRESS_TUN_KEY];

		memset(&p->egress_tunnel, 0, sizeof(p->egress_tunnel));
		if (!odp_tunnel_decode(odp_attr_data(t), odp_attr_len(t), false, &p->egress_tunnel,
				       &unknown))
			p->upcall.egress_tunnel = &p->egress_tunnel;
	}
	p->key_hash = hash_bytes64(odp_attr_data(p->key_attr), odp_attr_len(p->key_attr), 0);
	return true;
}

/* ---- Translation ---- */

static void reply_init(struct pending *p)
{
	p->reply.install = false;
	p->reply.drop = DROP_NONE;
	p->reply.cookie = NULL;
	flow_mask_init_catchall(&p->reply.mask);
	odp_buf_init_stack(&p->reply.actions, p->room, sizeof(p->room));
	odp_buf_init_stack(&p->reply.install_actions, p->install_room, sizeof(p->install_room));
}

static bool is_same_flow(const struct pending *a, const struct pending *b)
{
	return a->key_hash == b->key_hash &&
	       odp_attr_len(a->key_attr) == odp_attr_len(b->key_attr) &&
	       !memcmp(odp_attr_data(a->key_attr), odp_attr_data(b->key_attr),
		       odp_attr_len(a->key_attr));
}

/* Another packet of a flow that was just translated, with nothing special about it. */
static bool repeat(struct upcall_batch *b, struct pending *p, const struct upcall_target *target)
{
	unsigned int i;

	if (!target->ops->repeat || p->upcall.type != DPIF_UPCALL_MISS || p->mru)
		return false;
	for (i = p->key_hash % SLOTS; b->slots[i]; i = (i + 1) % SLOTS) {
		struct pending *q = &b->p[b->slots[i] - 1];

		if (!is_same_flow(p, q))
			continue;
		if (!q->is_translated || q->reply.install_actions.len)
			return false;
		if (!target->ops->repeat(&q->upcall, &q->reply, 1, p->packet.len, target->aux))
			return false;
		p->leader = q;
		COUNTER_INC(dpif_upcall_repeated);
		return true;
	}
	b->slots[i] = p - b->p + 1;
	return false;
}

static void count_upcall(struct kernel_dp *dp, const struct pending *p, bool is_error)
{
	struct kernel_port *port = kernel_port_by_no(dp, p->upcall.in_port);

	if (!port)
		return;
	__atomic_add_fetch(&port->n_upcalls, 1, __ATOMIC_RELAXED);
	if (is_error)
		__atomic_add_fetch(&port->n_upcall_errors, 1, __ATOMIC_RELAXED);
}

static void translate(struct handler *h, struct pending *p, const struct upcall_target *target)
{
	int err = -ENOENT;

	reply_init(p);
	if (repeat(h->batch, p, target)) {
		count_upcall(h->dp, p, false);
		return;
	}
	err = target->ops->upcall(&p->upcall, &p->reply, target->aux);
	p->is_translated = !err;
	count_upcall(h->dp, p, err);
}

/* ---- Installation and execution ---- */

static bool is_installed(const struct pending *p)
{
	return p->leader == p && p->is_translated && p->reply.install &&
	       p->upcall.type == DPIF_UPCALL_MISS;
}

static void add_put(struct handler *h, struct pending *p)
{
	const struct odp_buf *acts = p->reply.install_actions.len ? &p->reply.install_actions
								  : &p->reply.actions;
	struct dpif_op op = {
		.type = DPIF_OP_PUT,
		.put = { .flags = DPIF_PUT_CREATE,
			 .key = &p->key,
			 .mask = &p->reply.mask,
			 .ufid = &p->upcall.ufid,
			 .actions = acts->data,
			 .actions_len = acts->len },
	};

	kernel_flow_put(&h->batch->train, h->dp, &op);
	p->put = h->batch->train.n;
}

static void add_execute(struct handler *h, struct pending *p)
{
	const struct odp_buf *acts = &p->leader->reply.actions;
	struct dpif_op op = {
		.type = DPIF_OP_EXECUTE,
		.execute = { .key = &p->key,
			     .actions = acts->data,
			     .actions_len = acts->len,
			     .packet = &p->packet },
	};

	if (!kernel_actions_are_empty(acts->data, acts->len))
		kernel_execute(&h->batch->train, h->dp, &op, p->key_attr, p->mru, p->hash);
}

/* A nest of more than 64 KB spoils its message: the train without it. */
static bool drop_overflow(struct knl_train *t, size_t n, size_t len)
{
	if (!t->msgs.overflow)
		return false;
	t->msgs.overflow = false;
	t->n = n;
	t->msgs.len = len;
	return true;
}

static void build(struct handler *h)
{
	struct upcall_batch *b = h->batch;
	struct knl_train *t = &b->train;

	knl_train_clear(t);
	for (struct pending *p = b->p; p < b->p + b->n; p++) {
		size_t n = t->n, len = t->msgs.len;

		if (!p->leader->is_translated)
			continue;
		if (is_installed(p) && p->fitness == ODP_FIT_PERFECT) {
			add_put(h, p);
			if (drop_overflow(t, n, len))
				p->put = 0;
		}
		n = t->n;
		len = t->msgs.len;
		add_execute(h, p);
		drop_overflow(t, n, len);
	}
}

static void finish(struct handler *h, const struct upcall_target *target)
{
	struct upcall_batch *b = h->batch;

	for (struct pending *p = b->p; p < b->p + b->n; p++) {
		if (is_installed(p) && target->ops->installed)
			target->ops->installed(&p->upcall, &p->reply,
					       p->put ? b->train.requests[p->put - 1].error
						      : -EOPNOTSUPP,
					       target->aux);
	}
}

static void run(struct handler *h)
{
	const struct upcall_target *target = rcu_load(&h->dp->upcall);
	struct upcall_batch *b = h->batch;

	if (!target || __atomic_load_n(&h->dp->upcalls_paused, __ATOMIC_RELAXED))
		return;
	memset(b->slots, 0, sizeof(b->slots));
	for (unsigned int i = 0; i < b->n; i++)
		translate(h, &b->p[i], target);
	build(h);
	if (b->train.n)
		knl_train_run(&b->train, h->requests);
	finish(h, target);
	for (unsigned int i = 0; i < b->n; i++) {
		odp_buf_uninit(&b->p[i].reply.actions);
		odp_buf_uninit(&b->p[i].reply.install_actions);
	}
}

void upcall_batch_run(struct handler *h)
{
	struct upcall_batch *b = h->batch;
	struct upcall_item *item;

	b->n = 0;
	while (b->n < HANDLER_BATCH && (item = upcall_queue_pop(&h->queue))) {
		if (decode(h, &b->p[b->n], item))
			b->n++;
		else
			upcall_item_put(&h->queue, item);
	}
	rcu_enter();
	run(h);
	rcu_leave();
	for (unsigned int i = 0; i < b->n; i++) {
		packet_release(&b->p[i].packet); /* a buffer that it grew into */
		upcall_item_put(&h->queue, b->p[i].item);
	}
}
