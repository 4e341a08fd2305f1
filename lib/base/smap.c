// SPDX-License-Identifier: Apache-2.0
#include "base/smap.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"

static struct smap_node *find(const struct smap *m, const char *key, uint32_t hash)
{
	struct smap_node *n;

	HMAP_FOR_EACH_WITH_HASH(n, node, hash, &m->map) {
		if (streq(n->key, key))
			return n;
	}
	return NULL;
}

static void node_free(struct smap_node *n)
{
	free(n->key);
	free(n->value);
	free(n);
}

void smap_init(struct smap *m)
{
	hmap_init(&m->map);
}

void smap_uninit(struct smap *m)
{
	if (!m)
		return;
	smap_clear(m);
	hmap_uninit(&m->map);
}

void smap_clear(struct smap *m)
{
	struct smap_node *n;

	SMAP_FOR_EACH(n, m) {
		hmap_remove(&m->map, &n->node);
		node_free(n);
	}
}

/* Takes 'value'. */
static void set_owned(struct smap *m, const char *key, char *value)
{
	uint32_t hash = hash_string(key, 0);
	struct smap_node *n = find(m, key, hash);

	if (n) {
		free(n->value);
	} else {
		n = xmalloc(sizeof(*n));
		n->key = xstrdup(key);
		hmap_insert(&m->map, &n->node, hash);
	}
	n->value = value;
}

void smap_clone(struct smap *dst, const struct smap *src)
{
	const struct smap_node *n;

	smap_init(dst);
	hmap_reserve(&dst->map, smap_count(src));
	SMAP_FOR_EACH(n, src)
		set_owned(dst, n->key, xstrdup_nullable(n->value));
}

void smap_set(struct smap *m, const char *key, const char *value)
{
	set_owned(m, key, xstrdup_nullable(value));
}

void smap_setf(struct smap *m, const char *key, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_owned(m, key, xvasprintf(fmt, args));
	va_end(args);
}

bool smap_del(struct smap *m, const char *key)
{
	struct smap_node *n = find(m, key, hash_string(key, 0));

	if (!n)
		return false;
	hmap_remove(&m->map, &n->node);
	node_free(n);
	return true;
}

const char *smap_get(const struct smap *m, const char *key)
{
	return smap_get_def(m, key, NULL);
}

const char *smap_get_def(const struct smap *m, const char *key, const char *def)
{
	const struct smap_node *n = find(m, key, hash_string(key, 0));

	return n && n->value ? n->value : def;
}

bool smap_has(const struct smap *m, const char *key)
{
	return find(m, key, hash_string(key, 0)) != NULL;
}

bool smap_get_bool(const struct smap *m, const char *key, bool def)
{
	const char *v = smap_get_def(m, key, "");

	if (!strcasecmp(v, "true"))
		return true;
	if (!strcasecmp(v, "false"))
		return false;
	return def;
}

int64_t smap_get_int(const struct smap *m, const char *key, int64_t def, int64_t min, int64_t max)
{
	int64_t v;

	if (!str_to_i64(smap_get(m, key), 0, &v) || v < min || v > max)
		return def;
	return v;
}

bool smap_equal(const struct smap *a, const struct smap *b)
{
	const struct smap_node *n, *o;

	if (smap_count(a) != smap_count(b))
		return false;
	SMAP_FOR_EACH(n, a) {
		o = find(b, n->key, n->node.hash);
		if (!o || !n->value != !o->value || (n->value && !streq(n->value, o->value)))
			return false;
	}
	return true;
}

size_t smap_count(const struct smap *m)
{
	return hmap_count(&m->map);
}

static int compare_keys(const void *a, const void *b)
{
	const struct smap_node *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

const struct smap_node **smap_sort(const struct smap *m)
{
	const struct smap_node **nodes, *n;
	size_t i = 0;

	if (!smap_count(m))
		return NULL;
	nodes = xcalloc(smap_count(m), sizeof(struct smap_node *));
	SMAP_FOR_EACH(n, m)
		nodes[i++] = n;
	qsort(nodes, i, sizeof(struct smap_node *), compare_keys);
	return nodes;
}
