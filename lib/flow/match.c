// SPDX-License-Identifier: Apache-2.0
#include "flow/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "flow/miniflow.h"

/* ---- shared minimasks ----------------------------------------------------------------------- */

struct shared_mask {
	uint32_t refs; /* atomic */
	uint32_t pad;
	struct minimask mask;
};

static struct shared_mask *shared_mask(struct minimask *m)
{
	return CONTAINER_OF(m, struct shared_mask, mask);
}

struct minimask *minimask_create(const struct flow_mask *mask)
{
	struct miniflow_buf b;
	struct shared_mask *s;
	size_t size;

	minimask_from_mask(&b, mask);
	size = miniflow_size(&b.mf);
	s = xmalloc(offsetof(struct shared_mask, mask) + size);
	s->refs = 1;
	s->pad = 0;
	memcpy(&s->mask, &b.mf, size);
	return &s->mask;
}

struct minimask *minimask_ref(struct minimask *m)
{
	__atomic_add_fetch(&shared_mask(m)->refs, 1, __ATOMIC_RELAXED);
	return m;
}

void minimask_unref(struct minimask *m)
{
	if (m && !__atomic_sub_fetch(&shared_mask(m)->refs, 1, __ATOMIC_ACQ_REL))
		free(shared_mask(m));
}

/* ---- matches -------------------------------------------------------------------------------- */

void match_init_catchall(struct match *m)
{
	memset(m, 0, sizeof(*m));
}

void match_normalize(struct match *m)
{
	flow_apply_mask(&m->flow, &m->mask);
}

bool match_equal(const struct match *a, const struct match *b)
{
	return flow_equal(&a->flow, &b->flow) && flow_equal(&a->mask.masks, &b->mask.masks);
}

uint32_t match_hash(const struct match *m, uint32_t basis)
{
	return flow_hash(&m->flow, flow_hash(&m->mask.masks, basis));
}

static struct miniflow *miniflow_dup(const struct miniflow *m)
{
	return xmemdup(m, miniflow_size(m));
}

void minimatch_init(struct minimatch *mini, const struct match *m)
{
	struct flow masked = m->flow;
	struct miniflow_buf b;

	flow_apply_mask(&masked, &m->mask);
	miniflow_from_flow(&b, &masked);
	mini->flow = miniflow_dup(&b.mf);
	mini->mask = minimask_create(&m->mask);
}

void minimatch_clone(struct minimatch *dst, const struct minimatch *src)
{
	dst->flow = miniflow_dup(src->flow);
	dst->mask = minimask_ref(src->mask);
}

void minimatch_uninit(struct minimatch *m)
{
	free(m->flow);
	minimask_unref(m->mask);
	m->flow = NULL;
	m->mask = NULL;
}

void minimatch_expand(const struct minimatch *mini, struct match *m)
{
	miniflow_expand(mini->flow, &m->flow);
	minimask_expand(mini->mask, &m->mask);
}

bool minimatch_equal(const struct minimatch *a, const struct minimatch *b)
{
	return (a->mask == b->mask || miniflow_equal(&a->mask->masks, &b->mask->masks)) &&
	       miniflow_equal(a->flow, b->flow);
}

uint32_t minimatch_hash(const struct minimatch *m, uint32_t basis)
{
	return miniflow_hash(m->flow, miniflow_hash(&m->mask->masks, basis));
}
