// SPDX-License-Identifier: Apache-2.0
/* Misses and userspace actions: the callback runs here, in the thread that has the packet.
 *
 * A callback starts inside a read section in which 'upcalls_paused' was 0; so, after setting it,
 * one grace period says that none is running. */
#include "dpif/user/dp.h"

#include <errno.h>
#include <string.h>

/* Room for the actions of one upcall on the stack; more of them go to the heap. */
#define ACTIONS_ROOM 1024

struct upcall_frame {
	struct flow key;
	struct dpif_upcall upcall;
	struct dpif_upcall_reply reply;
	uint8_t room[ACTIONS_ROOM] __attribute__((aligned(8)));
	uint8_t install_room[ACTIONS_ROOM / 2] __attribute__((aligned(8)));
};

static void frame_init(struct upcall_frame *f, struct worker *w, enum dpif_upcall_type type,
		       struct packet *p)
{
	f->upcall = (struct dpif_upcall){
		.type = type,
		.packet = p,
		.key = &f->key,
		.worker = w->slot,
		.in_port = p->md.in_port,
	};
	f->reply.install = false;
	f->reply.drop = DROP_NONE;
	f->reply.cookie = NULL;
	flow_mask_init_catchall(&f->reply.mask);
	odp_buf_init_stack(&f->reply.actions, f->room, sizeof(f->room));
	odp_buf_init_stack(&f->reply.install_actions, f->install_room, sizeof(f->install_room));
}

static void frame_uninit(struct upcall_frame *f)
{
	odp_buf_uninit(&f->reply.actions);
	odp_buf_uninit(&f->reply.install_actions);
}

/* Calls back.  The target, or NULL: then the packet cannot be translated. */
static const struct upcall_target *call(struct worker *w, struct upcall_frame *f)
{
	const struct upcall_target *target = rcu_load(&w->dp->upcall);
	struct user_port *port = user_port_by_no(w->dp, f->upcall.packet->md.in_port);
	struct port_counters *c = port ? user_port_counters(port, w->slot) : NULL;
	uint64_t start = cycles_now();
	int err = -ENOENT;

	if (target && !__atomic_load_n(&w->dp->upcalls_paused, __ATOMIC_RELAXED))
		err = target->ops->upcall(&f->upcall, &f->reply, target->aux);
	CTR_ADD(&w->counters.upcall_cycles, cycles_now() - start);
	if (c) {
		CTR_ADD(&c->upcalls, 1);
		if (err)
			CTR_ADD(&c->upcall_errors, 1);
	}
	return err ? NULL : target;
}

static void execute_reply(struct worker *w, struct upcall_frame *f, struct packet *p)
{
	struct packet_batch batch = { .n = 1, .pkts = { p } };

	if (f->reply.actions.len)
		exec_actions(w, &batch, true, f->reply.actions.data, f->reply.actions.len);
	else
		drop_packet(w, p, f->reply.drop ? f->reply.drop : DROP_EXPLICIT);
}

static void install(struct worker *w, struct upcall_frame *f, const struct miniflow *mf,
		    uint32_t hash, const struct upcall_target *target)
{
	const struct odp_buf *acts = f->reply.install_actions.len ? &f->reply.install_actions
								  : &f->reply.actions;
	struct megaflow *flow = NULL;
	int err;

	err = megaflow_insert(&w->dp->flows, &f->key, &f->reply.mask, &f->upcall.ufid, acts->data,
			      acts->len, &flow);
	if (!err) {
		megaflow_claim(flow, w->slot);
		emc_insert(&w->emc, mf, hash, flow, CTR_GET(&w->dp->emc_inv_prob), w->random++);
	}
	if (target->ops->installed)
		target->ops->installed(&f->upcall, &f->reply, err, target->aux);
}

void upcall_miss(struct worker *w, struct packet *p, const struct miniflow *mf, uint32_t hash)
{
	const struct upcall_target *target;
	struct upcall_frame f;

	frame_init(&f, w, DPIF_UPCALL_MISS, p);
	miniflow_expand(mf, &f.key);
	dpif_ufid_of_key(&f.upcall.ufid, &f.key);
	target = call(w, &f);
	if (target) {
		CTR_ADD(&w->counters.n_miss_ok, 1);
		if (f.reply.install)
			install(w, &f, mf, hash, target);
		execute_reply(w, &f, p);
	} else {
		CTR_ADD(&w->counters.n_miss_failed, 1);
		drop_packet(w, p, DROP_UPCALL_ERROR);
	}
	frame_uninit(&f);
}

void upcall_action(struct worker *w, struct packet *p, const void *userdata, size_t userdata_len)
{
	enum drop_reason why = DROP_NONE;
	struct upcall_frame f;

	frame_init(&f, w, DPIF_UPCALL_ACTION, p);
	why = flow_extract(p, &f.key);
	if (why) {
		drop_packet(w, p, why);
	} else {
		f.upcall.userdata = userdata;
		f.upcall.userdata_len = userdata_len;
		dpif_ufid_of_key(&f.upcall.ufid, &f.key);
		if (!call(w, &f))
			drop_packet(w, p, DROP_UPCALL_ERROR);
		else if (f.reply.actions.len || f.reply.drop)
			execute_reply(w, &f, p);
		else
			packet_release(p); /* it was for the callback only */
	}
	frame_uninit(&f);
}
