/* SPDX-License-Identifier: Apache-2.0 */
/* A map from strings to strings, or to pointers of the caller's.
 * Threads: none of its own. */
#ifndef BASE_SMAP_H
#define BASE_SMAP_H

#include "base/hmap.h"

struct smap {
	struct hmap map; /* contains 'struct smap_node' */
};

struct smap_node {
	struct hmap_node node;
	char *key;
	char *value; /* owned, may be NULL */
};

#define SMAP_FOR_EACH(var, smap) HMAP_FOR_EACH(var, node, &(smap)->map)

void smap_init(struct smap *);
void smap_uninit(struct smap *);
void smap_clear(struct smap *);
void smap_clone(struct smap *dst, const struct smap *src); /* initialises 'dst' */
/* Sets 'key' to a copy of 'value', in place of an older value. */
void smap_set(struct smap *, const char *key, const char *value);
void smap_setf(struct smap *, const char *key, const char *fmt, ...) PRINTF_FORMAT(3, 4);
bool smap_del(struct smap *, const char *key);
/* NULL if there is none; owned by the map. */
const char *smap_get(const struct smap *, const char *key);
const char *smap_get_def(const struct smap *, const char *key, const char *def);
/* 'def' if absent; "true" and "false" (in any case) are the values, anything else is 'def'. */
bool smap_get_bool(const struct smap *, const char *key, bool def);
/* 'def' if absent, not a number (decimal, 0x, or 0 for octal), or outside [min, max]. */
int64_t smap_get_int(const struct smap *, const char *key, int64_t def, int64_t min, int64_t max);
bool smap_equal(const struct smap *, const struct smap *);
/* Whether the key is there, with a value or NULL. */
bool smap_has(const struct smap *, const char *key);
size_t smap_count(const struct smap *);
/* The nodes sorted by key; an array of smap_count() that the caller frees (NULL if empty). */
const struct smap_node **smap_sort(const struct smap *);

#endif
