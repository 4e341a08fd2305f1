// SPDX-License-Identifier: Apache-2.0
/* Names of tables and columns as people abbreviate them. */
#include "db/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

static char fold(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

enum match { MATCH_NONE, MATCH_PREFIX, MATCH_FOLDED, MATCH_EXACT };

static enum match match(const char *name, const char *arg)
{
	size_t i;

	if (streq(name, arg))
		return MATCH_EXACT;
	if (*name == '_')
		return MATCH_NONE; /* _uuid and _version are never abbreviated */
	for (i = 0; arg[i]; i++)
		if (fold(name[i]) != fold(arg[i]))
			return MATCH_NONE;
	return !i ? MATCH_NONE : name[i] ? MATCH_PREFIX : MATCH_FOLDED;
}

/* The best match so far, and how many are as good. */
struct search {
	const char *arg;
	enum match best;
	size_t n, index;
	struct str candidates;
};

static void consider(struct search *s, const char *name, size_t index)
{
	enum match m = match(name, s->arg);

	if (m == MATCH_NONE || m < s->best)
		return;
	if (m > s->best) {
		s->best = m;
		s->n = 0;
		str_clear(&s->candidates);
	}
	str_printf(&s->candidates, "%s%s", s->n ? ", " : "", name);
	s->index = index;
	s->n++;
}

char *schema_match_table(const struct db_schema *db, const char *name,
			 const struct table_schema **tp)
{
	struct search s = { .arg = name };
	char *error = NULL;

	for (uint32_t i = 0; i < db->n_tables; i++)
		consider(&s, db->tables[i]->name, i);
	if (s.n == 1)
		*tp = db->tables[s.index];
	else if (!s.n)
		error = xasprintf("unknown table \"%s\"", name);
	else
		error = xasprintf("\"%s\" matches multiple table names: %s", name,
				  str_cstr(&s.candidates));
	str_uninit(&s.candidates);
	return error;
}

char *schema_match_column(const struct table_schema *t, const char *name,
			  const struct column_schema **cp)
{
	struct search s = { .arg = name };
	char *error = NULL;

	for (uint32_t i = 0; i < t->n_columns; i++)
		consider(&s, t->columns[i]->name, i);
	if (s.n == 1)
		*cp = t->columns[s.index];
	else if (!s.n)
		error = xasprintf("%s does not contain a column whose name matches \"%s\"", t->name,
				  name);
	else
		error = xasprintf("%s contains more than one column whose name matches \"%s\": %s",
				  t->name, name, str_cstr(&s.candidates));
	str_uninit(&s.candidates);
	return error;
}
