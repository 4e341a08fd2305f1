// SPDX-License-Identifier: Apache-2.0
#include "tables/tables.h"

#include <stdlib.h>

#include "base/util.h"

/* Hidden rules wait here for a grace period: a reader that took an older version may still look for
 * them. */
struct retired {
	struct rcu_item rcu;
	struct tables *tables;
	size_t n;
	struct rule *rules[];
};

struct tables {
	struct classifier *cls[TABLES_MAX]; /* RCU; NULL until a rule is added */
	cls_version version; /* atomic: what packets see */
	bool open; /* a batch has changes */
	struct rule **hidden; /* by the open batch */
	size_t n_hidden, hidden_size;
	size_t n_rules;
	/* of the classifiers' writers: main, and the reclaim thread that takes retired rules out */
	struct mutex lock;
	unsigned int refs; /* atomic: one for the owner, one for each batch of retired rules */
	struct rcu_item rcu;
};

struct tables *tables_create(void)
{
	struct tables *t = xzalloc(sizeof(*t));

	t->version = CLS_VERSION_MIN;
	t->refs = 1;
	mutex_init(&t->lock);
	return t;
}

cls_version tables_version(const struct tables *t)
{
	return __atomic_load_n(&t->version, __ATOMIC_ACQUIRE);
}

static void tables_free(struct rcu_item *item)
{
	struct tables *t = CONTAINER_OF(item, struct tables, rcu);

	for (size_t i = 0; i < TABLES_MAX; i++) {
		if (t->cls[i])
			classifier_destroy(t->cls[i]);
	}
	mutex_uninit(&t->lock);
	free(t->hidden);
	free(t);
}

static void tables_put(struct tables *t)
{
	if (!__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL))
		rcu_defer(&t->rcu, tables_free);
}

static void retired_free(struct rcu_item *item)
{
	struct retired *r = CONTAINER_OF(item, struct retired, rcu);

	mutex_lock(&r->tables->lock);
	for (size_t i = 0; i < r->n; i++)
		classifier_remove(r->tables->cls[r->rules[i]->table_id], &r->rules[i]->cr);
	mutex_unlock(&r->tables->lock);
	for (size_t i = 0; i < r->n; i++)
		rule_unref(r->rules[i]);
	tables_put(r->tables);
	free(r);
}

static void hide(struct tables *t, struct rule *rule)
{
	cls_rule_hide(&rule->cr, t->version + 1);
	if (t->n_hidden == t->hidden_size)
		t->hidden = x2nrealloc(t->hidden, &t->hidden_size, sizeof(*t->hidden));
	t->hidden[t->n_hidden++] = rule;
	t->n_rules--;
	t->open = true;
}

void tables_add(struct tables *t, struct rule *rule)
{
	struct match match;
	struct cls_rule *old;

	mutex_lock(&t->lock);
	if (!t->cls[rule->table_id])
		rcu_store(&t->cls[rule->table_id], classifier_create());
	minimatch_expand(&rule->cr.match, &match);
	old = classifier_find(t->cls[rule->table_id], &match, rule->cr.priority, t->version + 1);
	if (old)
		hide(t, (struct rule *)rule_from_cls(old));
	classifier_insert(t->cls[rule->table_id], &rule->cr, t->version + 1);
	mutex_unlock(&t->lock);
	t->n_rules++;
	t->open = true;
}

void tables_del(struct tables *t, struct rule *rule)
{
	hide(t, rule);
}

bool tables_publish(struct tables *t)
{
	if (!t->open)
		return false;
	__atomic_store_n(&t->version, t->version + 1, __ATOMIC_RELEASE);
	t->open = false;
	if (t->n_hidden) {
		struct retired *r = xmalloc(sizeof(*r) + t->n_hidden * sizeof(r->rules[0]));

		r->tables = t;
		r->n = t->n_hidden;
		for (size_t i = 0; i < t->n_hidden; i++)
			r->rules[i] = t->hidden[i];
		t->n_hidden = 0;
		__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
		rcu_defer(&r->rcu, retired_free);
	}
	return true;
}

const struct rule *tables_lookup(const struct tables *t, uint8_t table_id, cls_version version,
				 const struct flow *flow, struct flow_mask *mask)
{
	const struct classifier *cls = rcu_load(&t->cls[table_id]);
	const struct cls_rule *cr = cls ? classifier_lookup(cls, version, flow, mask) : NULL;

	return cr ? rule_from_cls(cr) : NULL;
}

struct rule_vec {
	struct rule **rules;
	size_t n, size;
};

static bool collect(struct cls_rule *cr, void *vec_)
{
	struct rule_vec *vec = vec_;

	if (vec->n == vec->size)
		vec->rules = x2nrealloc(vec->rules, &vec->size, sizeof(*vec->rules));
	vec->rules[vec->n++] = (struct rule *)rule_from_cls(cr);
	return true;
}

static int by_priority(const void *a_, const void *b_)
{
	const struct rule *const *a = a_, *const *b = b_;

	return (*b)->cr.priority - (*a)->cr.priority;
}

void tables_walk(const struct tables *t, void (*fn)(struct rule *, void *aux), void *aux)
{
	struct rule_vec vec = { NULL, 0, 0 };

	for (size_t i = 0; i < TABLES_MAX; i++) {
		const struct classifier *cls = rcu_load(&t->cls[i]);

		if (!cls)
			continue;
		vec.n = 0;
		classifier_walk(cls, tables_version(t), NULL, collect, &vec);
		if (vec.n)
			qsort(vec.rules, vec.n, sizeof(*vec.rules), by_priority);
		for (size_t j = 0; j < vec.n; j++)
			fn(vec.rules[j], aux);
	}
	free(vec.rules);
}

size_t tables_n_rules(const struct tables *t)
{
	return t->n_rules;
}

static void destroy_rule(struct rule *rule, void *tables_)
{
	tables_del(tables_, rule);
}

void tables_destroy(struct tables *t)
{
	if (!t)
		return;
	tables_publish(t);
	rcu_enter();
	tables_walk(t, destroy_rule, t);
	rcu_leave();
	tables_publish(t);
	tables_put(t);
}
