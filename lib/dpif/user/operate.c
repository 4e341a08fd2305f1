// SPDX-License-Identifier: Apache-2.0
/* Flow operations and executions that come from other threads (or from a callback in a worker). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "dpif/user/dp.h"

LOG_MODULE(dpif_operate);

static struct log_rl rl; /* callers are our own code: a bug of ours, or a person at dpctl */

/* What executes actions relies on their being well-formed. */
static bool are_valid(const void *acts, size_t len)
{
	char *err = odp_actions_check(acts, len);

	if (err)
		log_warn_rl(&rl, "refused: %s", err);
	free(err);
	return !err;
}

static int put(struct user_dp *dp, struct dpif_op *op)
{
	unsigned int flags = op->put.flags;
	struct flow_mask exact;
	const struct flow_mask *mask = op->put.mask;
	struct ufid computed;
	const struct ufid *ufid = op->put.ufid;
	struct megaflow *flow;

	if (!are_valid(op->put.actions, op->put.actions_len))
		return -EINVAL;
	if (!mask) {
		flow_mask_init_for_packet(&exact, op->put.key);
		mask = &exact;
	}
	if (!ufid) {
		dpif_ufid_of_key(&computed, op->put.key);
		ufid = &computed;
	}
	flow = megaflow_by_ufid(&dp->flows, ufid);
	if (!flow && flags & DPIF_PUT_CREATE) {
		if (op->put.stats)
			memset(op->put.stats, 0, sizeof(*op->put.stats));
		return megaflow_insert(&dp->flows, op->put.key, mask, ufid, op->put.actions,
				       op->put.actions_len, NULL);
	}
	if (!flow)
		return -ENOENT;
	if (!(flags & DPIF_PUT_MODIFY))
		return -EEXIST;
	if (op->put.stats)
		megaflow_get_stats(flow, op->put.stats);
	if (flags & DPIF_PUT_ZERO_STATS)
		megaflow_zero_stats(flow);
	return megaflow_set_actions(&dp->flows, flow, op->put.actions, op->put.actions_len);
}

static struct megaflow *find(struct user_dp *dp, const struct ufid *ufid, const struct flow *key)
{
	struct ufid computed;

	if (!ufid) {
		dpif_ufid_of_key(&computed, key);
		ufid = &computed;
	}
	return megaflow_by_ufid(&dp->flows, ufid);
}

/* A deleted flow whose last statistics are asked for. */
struct deleted {
	struct megaflow *flow; /* counted */
	struct dpif_flow_stats *stats;
};
struct deleted_list {
	struct deleted *list;
	size_t n, size;
};

static int del(struct user_dp *dp, struct dpif_op *op, struct deleted_list *deleted)
{
	struct megaflow *flow = find(dp, op->del.ufid, op->del.key);
	int err;

	if (!flow || !megaflow_try_ref(flow))
		return -ENOENT;
	err = megaflow_remove(&dp->flows, flow);
	if (err || !op->del.stats) {
		megaflow_unref(flow);
		return err;
	}
	if (deleted->n == deleted->size)
		deleted->list = x2nrealloc(deleted->list, &deleted->size, sizeof(*deleted->list));
	deleted->list[deleted->n++] = (struct deleted){ flow, op->del.stats };
	return 0;
}

/* Workers that found the flows before may be counting still: what they count in this read section
 * is in. */
static void read_last_stats(struct deleted_list *deleted)
{
	size_t i;

	if (!deleted->n)
		return;
	rcu_synchronize();
	for (i = 0; i < deleted->n; i++) {
		megaflow_get_stats(deleted->list[i].flow, deleted->list[i].stats);
		megaflow_unref(deleted->list[i].flow);
	}
	free(deleted->list);
}

static int get(struct user_dp *dp, struct dpif_op *op)
{
	struct megaflow *flow = find(dp, op->get.ufid, op->get.key);
	size_t start;

	if (!flow)
		return -ENOENT;
	user_flow_get(dp, flow, op->get.flow);
	op->get.flow->actions = NULL;
	op->get.flow->actions_len = 0;
	if (op->get.actions) {
		start = op->get.actions->len;
		op->get.flow->actions_len = user_append_actions(op->get.actions,
								rcu_load(&flow->actions));
		op->get.flow->actions = op->get.actions->data + start;
	}
	return 0;
}

static int execute(struct user_dp *dp, struct dpif_op *op)
{
	struct packet_batch batch = { .n = 1, .pkts = { op->execute.packet } };
	struct worker *w;

	if (!are_valid(op->execute.actions, op->execute.actions_len))
		return -EINVAL;
	w = worker_acquire(dp);
	flow_to_packet_md(op->execute.key, &op->execute.packet->md);
	exec_actions(w, &batch, false, op->execute.actions, op->execute.actions_len);
	worker_release(w);
	return 0;
}

void user_operate(struct dpif *dpif, struct dpif_op **ops, size_t n)
{
	struct user_dp *dp = user_dp_cast(dpif);
	struct deleted_list deleted = { .list = NULL };
	size_t i;

	for (i = 0; i < n; i++) {
		struct dpif_op *op = ops[i];

		rcu_enter();
		switch (op->type) {
		case DPIF_OP_PUT:
			op->error = put(dp, op);
			break;
		case DPIF_OP_DEL:
			op->error = del(dp, op, &deleted);
			break;
		case DPIF_OP_GET:
			op->error = get(dp, op);
			break;
		case DPIF_OP_EXECUTE:
			op->error = execute(dp, op);
			break;
		default:
			op->error = -EINVAL;
			break;
		}
		rcu_leave();
	}
	read_last_stats(&deleted);
}
