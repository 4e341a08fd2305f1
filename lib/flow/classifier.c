// SPDX-License-Identifier: Apache-2.0
/* What a reader sees hangs on one pointer, the view: the subtables in descending order of their
 * highest priority, and the prefix tries.  Everything a reader decides by (that priority, the
 * prefix length of each subtable in each trie) stands in the view beside the pointer to the
 * subtable, so that a new view changes all of it at once.  Writers copy the view when a subtable
 * comes, goes, or changes its highest priority.
 *
 * A look-up in a subtable gives up as soon as it knows that no rule matches, and adds to the mask
 * only what that knowledge rests on:
 *   - after the words of a stage, if no rule has their hash: the mask of these stages;
 *   - before L3, if a trie has no prefix of the subtable's length for the flow's address: the
 *     leading bits that the trie looked at, and nothing else;
 *   - at the end, if the trie of the subtable's ports has no rule with the flow's ports: the bits
 *     that the trie looked at, and nothing else; otherwise the subtable's mask. Each of these is a
 *     proof on its own: whatever agrees in the added bits is refused, too. */
#include "flow/classifier.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hmap.h"
#include "base/util.h"
#include "flow/fields.h"
#include "flow/miniflow.h"
#include "flow/trie.h"

#define MAX_PREFIXES 4

/* One field with a trie: whole octets of struct flow, the most significant first. */
struct prefix {
	uint16_t ofs;
	uint16_t n_bits;
	struct trie trie;
};
struct prefixes {
	unsigned int n;
	struct prefix field[MAX_PREFIXES];
};

struct view_entry {
	struct cls_subtable *subtable;
	int max_priority; /* no rule in it has a higher one */
	uint8_t prefix_len[MAX_PREFIXES]; /* in the trie of that number; 0 none */
};
struct cls_view {
	struct prefixes *prefixes; /* lives as long as any view that has it */
	size_t n;
	struct view_entry entries[];
};

struct classifier {
	struct cls_view *view; /* RCU */
	struct hmap subtables; /* writer: by hash of the mask */
	size_t n_rules; /* atomic */
};

struct priority_count {
	struct hmap_node node; /* by priority */
	int priority;
	size_t n;
};

/* Hashes of one stage's words (and those before) that some rule has. */
struct stage_hash {
	struct rcuhash_node node;
	size_t n_rules;
};

struct cls_subtable {
	struct minimask *mask;
	unsigned int n_words; /* of the mask, whose numbers follow */
	uint8_t words[FLOW_U64S];
	uint8_t stage_end[FLOW_N_STAGES]; /* index into 'words' */
	bool staged[FLOW_N_STAGES]; /* 'stages' of this number is in use */
	struct rcuhash stages[FLOW_N_STAGES - 1]; /* struct stage_hash */
	struct rcuhash rules; /* struct cls_rule */
	struct trie ports; /* tp_src and tp_dst under the mask */
	unsigned int ports_len; /* bits up to the last one of the ports' mask; 0: no trie */
	/* Writer. */
	struct hmap_node node; /* in classifier's subtables */
	struct hmap priorities; /* struct priority_count */
	int max_priority;
	struct rcu_item rcu;
};

static const uint8_t stage_ends[] = FLOW_STAGE_ENDS;
static_assert(ARRAY_SIZE(stage_ends) == FLOW_N_STAGES, "an end for each stage");

/* ---- prefixes ------------------------------------------------------------------------------- */

static struct trie_key key_of_field(const struct flow *f, const struct prefix *p)
{
	const uint8_t *at = (const uint8_t *)f + p->ofs;
	struct trie_key k = { { 0, 0 } };

	for (unsigned int i = 0; i < p->n_bits / 8u; i++)
		k.words[i / 8] |= (uint64_t)at[i] << (56 - i % 8 * 8);
	return k;
}

/* The length of the mask of a field, 0 if it is no prefix or empty. */
static unsigned int prefix_len(const struct flow_mask *mask, const struct prefix *p)
{
	struct trie_key k = key_of_field(&mask->masks, p);
	unsigned int n = 0;

	while (n < p->n_bits && k.words[n / 64] >> (63 - n % 64) & 1)
		n++;
	for (unsigned int i = n; i < p->n_bits; i++)
		if (k.words[i / 64] >> (63 - i % 64) & 1)
			return 0;
	return n;
}

static void mask_leading_bits(struct flow_mask *mask, const struct prefix *p, unsigned int n)
{
	uint8_t *at = (uint8_t *)&mask->masks + p->ofs;

	n = MIN(n, p->n_bits);
	for (; n >= 8; n -= 8)
		*at++ = 0xff;
	if (n)
		*at |= 0xff << (8 - n);
}

static struct prefixes *prefixes_create(void)
{
	static const struct prefix defaults[] = {
		{ offsetof(struct flow, ip_src), 32, { NULL } },
		{ offsetof(struct flow, ip_dst), 32, { NULL } },
		{ offsetof(struct flow, ipv6_src), 128, { NULL } },
		{ offsetof(struct flow, ipv6_dst), 128, { NULL } },
	};
	struct prefixes *p = xzalloc(sizeof(*p));

	p->n = ARRAY_SIZE(defaults);
	memcpy(p->field, defaults, sizeof(defaults));
	return p;
}

static void prefixes_free(struct prefixes *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		trie_uninit(&p->field[i].trie);
	rcu_free(p);
}

static void prefixes_add_rule(struct prefixes *p, const struct match *m, bool add)
{
	for (unsigned int i = 0; i < p->n; i++) {
		struct prefix *f = &p->field[i];
		unsigned int len = prefix_len(&m->mask, f);
		struct trie_key key;

		if (!len)
			continue;
		key = key_of_field(&m->flow, f);
		if (add)
			trie_insert(&f->trie, &key, len);
		else
			trie_remove(&f->trie, &key, len);
	}
}

/* ---- subtables ------------------------------------------------------------------------------ */

static struct trie_key ports_key(const struct flow *f, const struct cls_subtable *s)
{
	uint64_t w = flow_word(f, FLOW_U64_OF(tp_src)) &
		     miniflow_word(&s->mask->masks, FLOW_U64_OF(tp_src));
	be32 both;

	static_assert(FLOW_U64_OF(tp_src) * 8 == offsetof(struct flow, tp_src),
		      "first in the word");
	memcpy(&both, &w, sizeof(both));
	return (struct trie_key){ { (uint64_t)ntohl(both) << 32, 0 } };
}

static uint64_t hash_words(uint64_t hash, const struct flow *f, const struct cls_subtable *s,
			   unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		hash = flow_hash_add(hash, flow_word(f, s->words[i]) & s->mask->masks.values[i]);
	return hash;
}

static struct cls_subtable *subtable_create(struct minimask *mask)
{
	struct cls_subtable *s = xzalloc(sizeof(*s));
	unsigned int word, last = 0;
	uint64_t ports = miniflow_word(&mask->masks, FLOW_U64_OF(tp_src));
	be32 both;

	s->mask = minimask_ref(mask);
	FLOWMAP_FOR_EACH(word, mask->masks.map)
		s->words[s->n_words++] = word;
	for (unsigned int stage = 0, i = 0; stage < FLOW_N_STAGES; stage++) {
		while (i < s->n_words && s->words[i] < stage_ends[stage])
			i++;
		s->stage_end[stage] = i;
		/* A stage is worth an index if it has words and others follow. */
		s->staged[stage] = i > last && i < s->n_words;
		if (s->staged[stage])
			rcuhash_init(&s->stages[stage]);
		last = i;
	}
	rcuhash_init(&s->rules);
	memcpy(&both, &ports, sizeof(both));
	if (both)
		s->ports_len = 32 - __builtin_ctz(ntohl(both));
	hmap_init(&s->priorities);
	s->max_priority = INT32_MIN;
	return s;
}

static void subtable_free(struct rcu_item *item)
{
	struct cls_subtable *s = CONTAINER_OF(item, struct cls_subtable, rcu);

	for (unsigned int stage = 0; stage < FLOW_N_STAGES; stage++)
		if (s->staged[stage])
			rcuhash_uninit(&s->stages[stage]);
	rcuhash_uninit(&s->rules);
	hmap_uninit(&s->priorities);
	minimask_unref(s->mask);
	free(s);
}

static uint32_t mask_hash(const struct minimask *m)
{
	return miniflow_hash(&m->masks, 0);
}

static struct cls_subtable *subtable_find(const struct classifier *cls, const struct minimask *mask)
{
	struct cls_subtable *s;

	HMAP_FOR_EACH_WITH_HASH(s, node, mask_hash(mask), &cls->subtables)
		if (miniflow_equal(&s->mask->masks, &mask->masks))
			return s;
	return NULL;
}

static struct priority_count *priority_find(const struct cls_subtable *s, int priority)
{
	struct priority_count *p;

	HMAP_FOR_EACH_WITH_HASH(p, node, priority, &s->priorities)
		if (p->priority == priority)
			return p;
	return NULL;
}

/* ---- views ---------------------------------------------------------------------------------- */

static struct view_entry entry_of_subtable(struct cls_subtable *s, const struct prefixes *prefixes)
{
	struct view_entry e = { .subtable = s, .max_priority = s->max_priority };
	struct flow_mask mask;

	minimask_expand(s->mask, &mask);
	for (unsigned int i = 0; i < prefixes->n; i++)
		e.prefix_len[i] = prefix_len(&mask, &prefixes->field[i]);
	return e;
}

/* Publishes a view in which 's' stands according to its highest priority, or, with 'gone', no
 * longer. */
static void view_update(struct classifier *cls, struct cls_subtable *s, bool gone)
{
	struct cls_view *old = rcu_load_locked(&cls->view);
	struct cls_view *v = xmalloc(sizeof(*v) + (old->n + 1) * sizeof(v->entries[0]));
	bool placed = gone;

	v->prefixes = old->prefixes;
	v->n = 0;
	for (size_t i = 0; i < old->n; i++) {
		if (old->entries[i].subtable == s)
			continue;
		if (!placed && s->max_priority > old->entries[i].max_priority) {
			v->entries[v->n++] = entry_of_subtable(s, v->prefixes);
			placed = true;
		}
		v->entries[v->n++] = old->entries[i];
	}
	if (!placed)
		v->entries[v->n++] = entry_of_subtable(s, v->prefixes);
	rcu_store(&cls->view, v);
	rcu_free(old);
}

struct classifier *classifier_create(void)
{
	struct classifier *cls = xzalloc(sizeof(*cls));
	struct cls_view *v = xzalloc(sizeof(*v));

	v->prefixes = prefixes_create();
	hmap_init(&cls->subtables);
	rcu_store(&cls->view, v);
	return cls;
}

void classifier_destroy(struct classifier *cls)
{
	struct cls_view *v;

	if (!cls)
		return;
	assert(!cls->n_rules);
	v = rcu_load_locked(&cls->view);
	prefixes_free(v->prefixes);
	rcu_free(v);
	hmap_uninit(&cls->subtables);
	rcu_free(cls);
}

/* The new tries are filled before the view that has them is seen; nobody writes to the old ones any
 * more, which is no loss: who still reads them took an older version than any later rule has. */
int classifier_set_prefix_fields(struct classifier *cls, const struct field *const *f, size_t n)
{
	struct cls_view *old = rcu_load_locked(&cls->view);
	struct prefixes *p;
	struct cls_rule *r;
	struct cls_view *v;

	if (n > MAX_PREFIXES)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		if (!field_is_prefix(f[i]))
			return -EINVAL;
	p = xzalloc(sizeof(*p));
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		p->field[i].ofs = f[i]->ofs;
		p->field[i].n_bits = f[i]->n_bits;
	}
	v = xmalloc(sizeof(*v) + old->n * sizeof(v->entries[0]));
	v->prefixes = p;
	v->n = old->n;
	for (size_t i = 0; i < old->n; i++) {
		struct cls_subtable *s = old->entries[i].subtable;

		v->entries[i] = entry_of_subtable(s, p);
		RCUHASH_FOR_EACH(r, node, &s->rules) {
			struct match m;

			minimatch_expand(&r->match, &m);
			prefixes_add_rule(p, &m, true);
		}
	}
	rcu_store(&cls->view, v);
	prefixes_free(old->prefixes);
	rcu_free(old);
	return 0;
}

/* ---- rules ---------------------------------------------------------------------------------- */

void cls_rule_init(struct cls_rule *r, const struct match *m, int priority)
{
	memset(r, 0, sizeof(*r));
	minimatch_init(&r->match, m);
	r->priority = priority;
	r->until = CLS_VERSION_MAX;
}

void cls_rule_uninit(struct cls_rule *r)
{
	assert(!r->subtable);
	minimatch_uninit(&r->match);
}

bool cls_rule_visible(const struct cls_rule *r, cls_version version)
{
	return r->since <= version && version < __atomic_load_n(&r->until, __ATOMIC_ACQUIRE);
}

void cls_rule_hide(struct cls_rule *r, cls_version version)
{
	__atomic_store_n(&r->until, version, __ATOMIC_RELEASE);
}

void cls_rule_restore(struct cls_rule *r)
{
	__atomic_store_n(&r->until, CLS_VERSION_MAX, __ATOMIC_RELEASE);
}

static void stage_add(struct rcuhash *stage, uint32_t hash)
{
	struct stage_hash *h;

	RCUHASH_FOR_EACH_WITH_HASH(h, node, hash, stage) {
		h->n_rules++;
		return;
	}
	h = xzalloc(sizeof(*h));
	h->n_rules = 1;
	rcuhash_insert(stage, &h->node, hash);
}

static void stage_del(struct rcuhash *stage, uint32_t hash)
{
	struct stage_hash *h;

	RCUHASH_FOR_EACH_WITH_HASH(h, node, hash, stage) {
		if (!--h->n_rules) {
			rcuhash_remove(stage, &h->node);
			rcu_free(h);
		}
		return;
	}
}

/* Calls 'fn' with the hash of each indexed stage; returns the hash of all words. */
static uint32_t for_each_stage(struct cls_subtable *s, const struct flow *f,
			       void (*fn)(struct rcuhash *, uint32_t hash))
{
	uint64_t hash = 0;
	unsigned int i = 0;

	for (unsigned int stage = 0; stage < FLOW_N_STAGES; stage++) {
		hash = hash_words(hash, f, s, i, s->stage_end[stage]);
		i = s->stage_end[stage];
		if (fn && s->staged[stage])
			fn(&s->stages[stage], flow_hash_finish(hash));
	}
	return flow_hash_finish(hash);
}

static void subtable_add_priority(struct classifier *cls, struct cls_subtable *s, int priority)
{
	struct priority_count *p = priority_find(s, priority);

	if (!p) {
		p = xzalloc(sizeof(*p));
		p->priority = priority;
		hmap_insert(&s->priorities, &p->node, priority);
	}
	p->n++;
	if (p->n == 1 && (hmap_count(&s->priorities) == 1 || priority > s->max_priority)) {
		s->max_priority = priority;
		view_update(cls, s, false);
	}
}

static void subtable_del_priority(struct classifier *cls, struct cls_subtable *s, int priority)
{
	struct priority_count *p = priority_find(s, priority);

	assert(p && p->n);
	if (--p->n)
		return;
	hmap_remove(&s->priorities, &p->node);
	free(p);
	if (hmap_is_empty(&s->priorities)) {
		/* Out of the view and the map; readers that came before may still look into it. */
		view_update(cls, s, true);
		hmap_remove(&cls->subtables, &s->node);
		rcu_defer(&s->rcu, subtable_free);
	} else if (priority == s->max_priority) {
		s->max_priority = INT32_MIN;
		HMAP_FOR_EACH(p, node, &s->priorities)
			s->max_priority = MAX(s->max_priority, p->priority);
		view_update(cls, s, false);
	}
}

/* The rule is put in last: a reader that finds it finds everything that leads to it. */
void classifier_insert(struct classifier *cls, struct cls_rule *r, cls_version version)
{
	struct cls_subtable *s = subtable_find(cls, r->match.mask);
	struct match m;
	uint32_t hash;

	assert(!r->subtable);
	if (!s) {
		s = subtable_create(r->match.mask);
		hmap_insert(&cls->subtables, &s->node, mask_hash(s->mask));
	} else if (r->match.mask != s->mask) {
		minimask_unref(r->match.mask);
		r->match.mask = minimask_ref(s->mask);
	}
	r->subtable = s;
	r->since = version;
	__atomic_store_n(&r->until, CLS_VERSION_MAX, __ATOMIC_RELAXED);
	minimatch_expand(&r->match, &m);

	prefixes_add_rule(rcu_load_locked(&cls->view)->prefixes, &m, true);
	if (s->ports_len) {
		struct trie_key key = ports_key(&m.flow, s);

		trie_insert(&s->ports, &key, s->ports_len);
	}
	hash = for_each_stage(s, &m.flow, stage_add);
	subtable_add_priority(cls, s, r->priority);
	rcuhash_insert(&s->rules, &r->node, hash);
	__atomic_add_fetch(&cls->n_rules, 1, __ATOMIC_RELAXED);
}

void classifier_remove(struct classifier *cls, struct cls_rule *r)
{
	struct cls_subtable *s = r->subtable;
	struct match m;

	assert(s);
	minimatch_expand(&r->match, &m);
	rcuhash_remove(&s->rules, &r->node);
	for_each_stage(s, &m.flow, stage_del);
	prefixes_add_rule(rcu_load_locked(&cls->view)->prefixes, &m, false);
	if (s->ports_len) {
		struct trie_key key = ports_key(&m.flow, s);

		trie_remove(&s->ports, &key, s->ports_len);
	}
	r->subtable = NULL;
	subtable_del_priority(cls, s, r->priority);
	__atomic_sub_fetch(&cls->n_rules, 1, __ATOMIC_RELAXED);
}

size_t classifier_count(const struct classifier *cls)
{
	return __atomic_load_n(&cls->n_rules, __ATOMIC_RELAXED);
}

/* ---- look-up -------------------------------------------------------------------------------- */

/* What one look-up found out about tries so far. */
struct lookup {
	const struct flow *flow;
	struct flow_mask *mask; /* may be NULL */
	cls_version version;
	const struct prefixes *prefixes;
	unsigned int looked_up; /* bit i: answers[i] is set */
	struct trie_answer answers[MAX_PREFIXES];
};

static void add_mask(struct lookup *l, const struct cls_subtable *s, unsigned int n_words)
{
	if (!l->mask)
		return;
	for (unsigned int i = 0; i < n_words; i++)
		flow_set_word(&l->mask->masks, s->words[i],
			      flow_word(&l->mask->masks, s->words[i]) | s->mask->masks.values[i]);
}

/* Whether the prefix tries prove that no rule of the subtable matches. */
static bool prefixes_refuse(struct lookup *l, const struct view_entry *e)
{
	for (unsigned int i = 0; i < l->prefixes->n; i++) {
		const struct prefix *p = &l->prefixes->field[i];
		struct trie_answer *a = &l->answers[i];

		if (!e->prefix_len[i])
			continue;
		if (!(l->looked_up & 1u << i)) {
			struct trie_key key = key_of_field(l->flow, p);

			trie_lookup(&p->trie, &key, a);
			l->looked_up |= 1u << i;
		}
		if (!trie_has_length(a, e->prefix_len[i])) {
			if (l->mask)
				mask_leading_bits(l->mask, p, a->n_bits);
			return true;
		}
	}
	return false;
}

static bool ports_refuse(struct lookup *l, const struct cls_subtable *s)
{
	struct trie_key key = ports_key(l->flow, s);
	struct trie_answer a;
	uint64_t bits, m;
	be32 both[2] = { 0, 0 };

	trie_lookup(&s->ports, &key, &a);
	if (trie_has_length(&a, s->ports_len))
		return false;
	if (l->mask && a.n_bits) {
		unsigned int word = FLOW_U64_OF(tp_src);

		both[0] = htonl(UINT32_MAX << (32 - MIN(a.n_bits, 32u)));
		memcpy(&bits, both, sizeof(bits));
		m = miniflow_word(&s->mask->masks, word);
		flow_set_word(&l->mask->masks, word, flow_word(&l->mask->masks, word) | (bits & m));
	}
	return true;
}

static bool rule_matches(const struct cls_rule *r, const struct flow *f,
			 const struct cls_subtable *s)
{
	const struct miniflow *want = r->match.flow;
	const uint64_t *v = want->values;

	for (unsigned int i = 0; i < s->n_words; i++) {
		uint64_t w = flowmap_has(&want->map, s->words[i]) ? *v++ : 0;

		if ((flow_word(f, s->words[i]) & s->mask->masks.values[i]) != w)
			return false;
	}
	return true;
}

static const struct cls_rule *subtable_lookup(struct lookup *l, const struct view_entry *e)
{
	const struct cls_subtable *s = e->subtable;
	const struct cls_rule *best = NULL, *r;
	struct rcuhash_cursor cursor;
	unsigned int done = 0;
	uint64_t hash = 0;

	for (unsigned int stage = 0; stage < FLOW_N_STAGES; stage++) {
		if (stage == FLOW_STAGE_L3 && prefixes_refuse(l, e))
			return NULL;
		hash = hash_words(hash, l->flow, s, done, s->stage_end[stage]);
		done = s->stage_end[stage];
		if (s->staged[stage] &&
		    !rcuhash_first_with_hash(&s->stages[stage], &cursor, flow_hash_finish(hash))) {
			add_mask(l, s, done);
			return NULL;
		}
	}
	RCUHASH_FOR_EACH_WITH_HASH(r, node, flow_hash_finish(hash), &s->rules)
		if ((!best || r->priority > best->priority) && cls_rule_visible(r, l->version) &&
		    rule_matches(r, l->flow, s))
			best = r;
	if (best || !s->ports_len || !ports_refuse(l, s))
		add_mask(l, s, s->n_words);
	return best;
}

const struct cls_rule *classifier_lookup(const struct classifier *cls, cls_version version,
					 const struct flow *flow, struct flow_mask *mask)
{
	const struct cls_view *v = rcu_load(&cls->view);
	struct lookup l;
	const struct cls_rule *best = NULL;

	l.flow = flow;
	l.mask = mask;
	l.version = version;
	l.prefixes = v->prefixes;
	l.looked_up = 0;
	for (size_t i = 0; i < v->n; i++) {
		const struct cls_rule *r;

		if (best && best->priority >= v->entries[i].max_priority)
			break;
		r = subtable_lookup(&l, &v->entries[i]);
		if (r && (!best || r->priority > best->priority))
			best = r;
	}
	return best;
}

struct cls_rule *classifier_find(const struct classifier *cls, const struct match *m, int priority,
				 cls_version version)
{
	struct minimask *mask = minimask_create(&m->mask);
	struct cls_subtable *s = subtable_find(cls, mask);
	struct cls_rule *r;

	minimask_unref(mask);
	if (!s)
		return NULL;
	RCUHASH_FOR_EACH_WITH_HASH(r, node, for_each_stage(s, &m->flow, NULL), &s->rules)
		if (r->priority == priority && cls_rule_visible(r, version) &&
		    rule_matches(r, &m->flow, s))
			return r;
	return NULL;
}

static bool mask_covers(const struct minimask *m, const struct flow_mask *target)
{
	for (unsigned int i = 0; i < FLOW_U64S; i++)
		if (flow_word(&target->masks, i) & ~miniflow_word(&m->masks, i))
			return false;
	return true;
}

void classifier_walk(const struct classifier *cls, cls_version version, const struct match *target,
		     bool (*fn)(struct cls_rule *, void *aux), void *aux)
{
	const struct cls_view *v;
	struct cls_rule *r;

	rcu_enter(); /* the callback may remove a rule, and with it the subtable */
	v = rcu_load(&cls->view);
	for (size_t i = 0; i < v->n; i++) {
		const struct cls_subtable *s = v->entries[i].subtable;

		if (target && !mask_covers(s->mask, &target->mask))
			continue;
		RCUHASH_FOR_EACH(r, node, &s->rules) {
			if (version != CLS_VERSION_MAX && !cls_rule_visible(r, version))
				continue;
			if (target) {
				struct flow f;

				miniflow_expand(r->match.flow, &f);
				if (!flow_equal_in_mask(&f, &target->flow, &target->mask))
					continue;
			}
			if (!fn(r, aux))
				goto out;
		}
	}
out:
	rcu_leave();
}
