// SPDX-License-Identifier: Apache-2.0
/* Dumps.  A dump is a position in the numbers of flows; its threads take ranges off it.  A flow
 * that is there all the while is seen once; one that comes or goes may be. */
#include "dpif/user/dp.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct user_dump {
	struct dpif_dump up;
	uint32_t next; /* atomic: first number that nobody has taken */
	uint32_t end;
	bool is_terse;
};

struct user_dump_thread {
	struct dpif_dump_thread up;
	uint32_t next, end; /* of the range taken */
	struct odp_buf actions; /* of the flows handed out */
};

struct dpif_dump *user_dump_create(struct dpif *dpif, bool terse)
{
	struct user_dump *dump = xzalloc(sizeof(*dump));

	dump->is_terse = terse;
	dump->end = __atomic_load_n(&user_dp_cast(dpif)->flows.n_numbers, __ATOMIC_ACQUIRE);
	return &dump->up;
}

struct dpif_dump_thread *user_dump_thread_create(struct dpif_dump *dump)
{
	struct user_dump_thread *t = xzalloc(sizeof(*t));

	return &t->up;
}

static void get_outline(struct user_dp *dp, const struct megaflow *flow, struct dpif_flow *out)
{
	int owner = CTR_GET(&flow->owner);

	out->lacks_key = out->lacks_rest = true;
	out->ufid = flow->ufid;
	out->ufid_present = true;
	megaflow_get_stats(flow, &out->stats);
	out->pmd_id = owner >= 0 && owner < DPIF_MAX_WORKERS
			      ? __atomic_load_n(&dp->worker_core[owner], __ATOMIC_RELAXED)
			      : -1;
	out->dp_layer = "ovs";
	out->offloaded = false;
	out->actions = NULL;
	out->actions_len = 0;
}

void user_flow_get(struct user_dp *dp, const struct megaflow *flow, struct dpif_flow *out)
{
	get_outline(dp, flow, out);
	out->lacks_key = out->lacks_rest = false;
	miniflow_expand(&flow->key, &out->key);
	minimask_expand(&flow->subtable->mask, &out->mask);
}

size_t user_append_actions(struct odp_buf *b, const struct megaflow_actions *acts)
{
	size_t start = b->len;
	struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, acts->data, acts->len)
		odp_put(b, a->nla_type, nla_data(a), nla_len(a));
	return b->len - start;
}

/* The next range, false at the end. */
static bool take_range(struct user_dump *dump, struct user_dump_thread *t, size_t max)
{
	uint32_t n = MIN(max, 64);

	t->next = __atomic_fetch_add(&dump->next, n, __ATOMIC_RELAXED);
	if (t->next >= dump->end)
		return false;
	t->end = MIN(t->next + n, dump->end);
	return true;
}

size_t user_dump_next(struct dpif_dump_thread *t_, struct dpif_flow *flows, size_t max)
{
	struct user_dump_thread *t = CONTAINER_OF(t_, struct user_dump_thread, up);
	struct user_dump *dump = CONTAINER_OF(t_->dump, struct user_dump, up);
	struct user_dp *dp = user_dp_cast(t_->dump->dpif);
	size_t i, n = 0;

	odp_buf_clear(&t->actions);
	rcu_enter();
	while (n < max && (t->next < t->end || take_range(dump, t, max))) {
		struct megaflow *flow = megaflow_by_number(&dp->flows, t->next++);

		if (!flow)
			continue;
		if (dump->is_terse) {
			get_outline(dp, flow, &flows[n++]);
			continue;
		}
		user_flow_get(dp, flow, &flows[n]);
		flows[n++].actions_len = user_append_actions(&t->actions, rcu_load(&flow->actions));
	}
	rcu_leave();
	/* Only now does the buffer stay where it is. */
	for (i = 0, max = 0; i < n && !dump->is_terse; i++) {
		flows[i].actions = t->actions.data + max;
		max += flows[i].actions_len;
	}
	return n;
}

void user_dump_thread_destroy(struct dpif_dump_thread *t_)
{
	struct user_dump_thread *t = CONTAINER_OF(t_, struct user_dump_thread, up);

	odp_buf_uninit(&t->actions);
	free(t);
}

int user_dump_destroy(struct dpif_dump *dump)
{
	free(CONTAINER_OF(dump, struct user_dump, up));
	return 0;
}
