// SPDX-License-Identifier: Apache-2.0
/* A reporter writes "name:count " pairs into a string; memory_format() reads them back, because
 * several reporters (one for each bridge, say) may use one name. */
#include "base/memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/smap.h"
#include "base/str.h"
#include "base/util.h"

/* In programs that are linked with mimalloc (https://microsoft.github.io/mimalloc). */
void mi_collect(bool force) __attribute__((weak));

static struct memory_reporter *reporters;

void memory_reporter_add(struct memory_reporter *r)
{
	r->next = reporters;
	reporters = r;
}

void memory_reporter_del(struct memory_reporter *r)
{
	struct memory_reporter **p;

	for (p = &reporters; *p; p = &(*p)->next) {
		if (*p == r) {
			*p = r->next;
			return;
		}
	}
}

void memory_report(struct str *s, const char *name, uint64_t n)
{
	str_printf(s, "%s:%" PRIu64 "\n", name, n);
}

static void add_pairs(struct smap *sums, char *text)
{
	char *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strrchr(line, ':');
		uint64_t n, old = 0;

		if (!colon || !str_to_u64(colon + 1, 10, &n))
			continue;
		*colon = '\0';
		if (smap_get(sums, line))
			str_to_u64(smap_get(sums, line), 10, &old);
		smap_setf(sums, line, "%" PRIu64, old + n);
	}
}

void memory_format(struct str *s)
{
	const struct smap_node **sorted;
	struct memory_reporter *r;
	struct smap sums;
	struct str pairs = STR_INIT;
	char *text;

	for (r = reporters; r; r = r->next)
		r->report(r, &pairs);
	text = str_steal(&pairs);
	smap_init(&sums);
	add_pairs(&sums, text);
	free(text);

	sorted = smap_sort(&sums);
	for (size_t i = 0; i < smap_count(&sums); i++)
		str_printf(s, "%s%s:%s", i ? " " : "", sorted[i]->key, sorted[i]->value);
	str_putc(s, '\n');
	free(sorted);
	smap_uninit(&sums);
}

void memory_give_back(void)
{
	if (mi_collect)
		mi_collect(true);
	else
		malloc_trim(0);
}
