// SPDX-License-Identifier: Apache-2.0
#include "db/symbol.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/hmap.h"
#include "base/util.h"

struct entry {
	struct hmap_node node;
	struct symbol symbol;
};

struct symbol_table {
	struct hmap by_name;
	struct entry **entries; /* in order of creation */
	size_t n, n_allocated;
};

struct symbol_table *symbol_table_create(void)
{
	struct symbol_table *t = xzalloc(sizeof(*t));

	hmap_init(&t->by_name);
	return t;
}

void symbol_table_destroy(struct symbol_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->entries[i]->symbol.name);
		free(t->entries[i]);
	}
	free(t->entries);
	hmap_uninit(&t->by_name);
	free(t);
}

struct symbol *symbol_lookup(const struct symbol_table *t, const char *name)
{
	struct entry *e;

	HMAP_FOR_EACH_WITH_HASH(e, node, hash_string(name, 0), &t->by_name)
		if (streq(e->symbol.name, name))
			return &e->symbol;
	return NULL;
}

struct symbol *symbol_insert(struct symbol_table *t, const char *name)
{
	struct symbol *s = symbol_lookup(t, name);
	struct entry *e;

	if (s)
		return s;
	e = xzalloc(sizeof(*e));
	e->symbol.name = xstrdup(name);
	uuid_generate(&e->symbol.uuid);
	hmap_insert(&t->by_name, &e->node, hash_string(name, 0));
	if (t->n == t->n_allocated)
		t->entries = x2nrealloc(t->entries, &t->n_allocated, sizeof(*t->entries));
	t->entries[t->n++] = e;
	return &e->symbol;
}

void symbol_table_walk(const struct symbol_table *t, bool (*fn)(struct symbol *, void *aux),
		       void *aux)
{
	for (size_t i = 0; i < t->n; i++)
		if (!fn(&t->entries[i]->symbol, aux))
			break;
}
