// SPDX-License-Identifier: Apache-2.0
/* Command-line text as ovs-vsctl reads it.  The first octet says as what: a value of one of the
 * types below, or a setting or a condition on a table with a column of each.  What is accepted
 * prints to text that reads as the same value. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/symbol.h"
#include "db/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
	"{\"name\":\"T\",\"tables\":{\"Port\":{\"columns\":{"
	"\"tag\":{\"type\":{\"key\":{\"type\":\"integer\",\"minInteger\":0,\"maxInteger\":4095},"
	"\"min\":0}},"
	"\"trunks\":{\"type\":{\"key\":\"integer\",\"min\":0,\"max\":4096}},"
	"\"weights\":{\"type\":{\"key\":\"real\",\"min\":0,\"max\":\"unlimited\"}},"
	"\"fake\":{\"type\":\"boolean\"},"
	"\"mode\":{\"type\":{\"key\":{\"type\":\"string\",\"enum\":[\"set\",[\"access\","
	"\"trunk\"]]},"
	"\"min\":0}},"
	"\"names\":{\"type\":{\"key\":\"string\",\"min\":0,\"max\":\"unlimited\"}},"
	"\"ports\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"Port\"},\"min\":0,"
	"\"max\":\"unlimited\"}},"
	"\"mappings\":{\"type\":{\"key\":\"integer\",\"value\":\"integer\",\"min\":0,"
	"\"max\":\"unlimited\"}},"
	"\"external_ids\":{\"type\":{\"key\":\"string\",\"value\":\"string\",\"min\":0,"
	"\"max\":\"unlimited\"}}}}}}";

static const struct table_schema *port_table(void)
{
	static struct db_schema *db;

	if (!db) {
		json_t *json = json_loads(schema_text, 0, NULL);

		if (!json || schema_from_json(json, &db))
			abort();
		json_decref(json);
	}
	return db->tables[0];
}

/* An error is a sentence: not empty. */
static bool failed(char *error)
{
	if (error && !*error)
		abort();
	free(error);
	return error != NULL;
}

static void try_value(const struct column_type *t, const char *text)
{
	struct symbol_table *symbols = symbol_table_create();
	struct str s = STR_INIT;
	struct datum d, again;

	if (!failed(datum_parse(&d, t, text, symbols))) {
		if (failed(datum_check(&d, t)))
			abort();
		datum_format_bare(&d, t, &s);
		str_clear(&s);
		datum_format(&d, t, &s);
		if (t->key.type != ATOM_REAL) { /* 15 digits are not all */
			if (failed(datum_parse(&again, t, str_cstr(&s), NULL)) ||
			    !datum_equal(&d, &again, t))
				abort();
			datum_uninit(&again, t);
		}
		datum_uninit(&d, t);
	}
	str_uninit(&s);
	symbol_table_destroy(symbols);
}

static void try_setting(const struct table_schema *t, enum text_want want, const char *text)
{
	struct text_setting s;
	struct datum d;
	bool matches;

	if (failed(text_setting_parse_as(t, text, want, &s)))
		return;
	if ((s.op == TEXT_OP_NONE) != !s.value)
		abort();
	if (want == TEXT_WANT_RELATION && s.column->index >= N_STD_COLUMNS) {
		datum_init_default(&d, &s.column->type);
		failed(text_setting_matches(&s, &d, NULL, &matches));
		datum_uninit(&d, &s.column->type);
	}
	text_setting_uninit(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_schema *t = port_table();
	const struct table_schema *found;
	unsigned int what;
	char *text;

	if (!size)
		return 0;
	what = data[0] % (t->n_columns + 4);
	text = xstrndup((const char *)data + 1, size - 1);
	if (what < t->n_columns)
		try_value(&t->columns[what]->type, text);
	else if (what < t->n_columns + 3)
		try_setting(t, (enum text_want)(what - t->n_columns), text);
	else
		failed(schema_match_table(
			&(struct db_schema){
				.n_tables = 1,
				.tables = (struct table_schema *[]){ (struct table_schema *)t } },
			text, &found));
	free(text_typography(text));
	free(text);
	return 0;
}
