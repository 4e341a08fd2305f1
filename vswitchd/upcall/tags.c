// SPDX-License-Identifier: Apache-2.0
#include "upcall/tags.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void tags_init(struct tags *t)
{
	memset(t, 0, sizeof(*t));
	/* Pages that no tag falls into are never there. */
	t->users = xcalloc(TAGS_N, sizeof(*t->users));
}

void tags_uninit(struct tags *t)
{
	free(t->users);
}

static uint64_t bit_of(uint32_t tag)
{
	return UINT64_C(1) << tag % 64;
}

static uint64_t *word_of(struct tags *t, uint32_t tag)
{
	return &t->touched[tag % TAGS_N / 64];
}

static bool want(struct tags *t)
{
	return !__atomic_exchange_n(&t->wanted, true, __ATOMIC_ACQ_REL);
}

bool tags_touch(struct tags *t, uint32_t tag)
{
	__atomic_fetch_or(word_of(t, tag), bit_of(tag), __ATOMIC_SEQ_CST);
	return __atomic_load_n(&t->users[tag % TAGS_N], __ATOMIC_SEQ_CST) && want(t);
}

bool tags_use(struct tags *t, uint32_t tag)
{
	__atomic_fetch_add(&t->users[tag % TAGS_N], 1, __ATOMIC_SEQ_CST);
	return __atomic_load_n(word_of(t, tag), __ATOMIC_SEQ_CST) & bit_of(tag) && want(t);
}

void tags_unuse(struct tags *t, uint32_t tag)
{
	__atomic_fetch_sub(&t->users[tag % TAGS_N], 1, __ATOMIC_RELAXED);
}

bool tags_is_wanted(const struct tags *t)
{
	return __atomic_load_n(&t->wanted, __ATOMIC_ACQUIRE);
}

void tags_take(struct tags *t, struct tag_set *set)
{
	/* First: what is touched from now on asks for another round. */
	__atomic_store_n(&t->wanted, false, __ATOMIC_SEQ_CST);
	set->is_empty = true;
	set->n_users = 0;
	for (size_t i = 0; i < ARRAY_SIZE(t->touched); i++) {
		set->bits[i] = 0;
		if (!__atomic_load_n(&t->touched[i], __ATOMIC_SEQ_CST))
			continue;
		set->bits[i] = __atomic_exchange_n(&t->touched[i], 0, __ATOMIC_SEQ_CST);
		set->is_empty = false;
		for (uint64_t bits = set->bits[i]; bits; bits &= bits - 1)
			set->n_users += __atomic_load_n(&t->users[i * 64 + __builtin_ctzll(bits)],
							__ATOMIC_RELAXED);
	}
}
