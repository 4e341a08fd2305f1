// SPDX-License-Identifier: Apache-2.0
#include "db/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "db/text.h"

struct cell {
	char *text; /* or NULL */
	json_t *json; /* or NULL */
	struct datum datum; /* if 'has_datum' */
	struct column_type type; /* without constraints */
	bool has_datum;
};

struct table {
	char *caption;
	bool timestamp;
	char **headings;
	size_t n_columns, columns_allocated;
	struct cell *cells; /* [n_rows * n_columns] */
	size_t n_rows, rows_allocated;
	size_t column; /* the next cell of the last row */
};

/* ---- options ---- */

struct table_style table_style = { .format = TABLE_TABLE, .cells = CELL_STRING, .headings = true };

static char *set_format(const struct option_row *row, const char *value)
{
	static const char *const names[] = {
		[TABLE_TABLE] = "table", [TABLE_LIST] = "list", [TABLE_HTML] = "html",
		[TABLE_CSV] = "csv",     [TABLE_JSON] = "json",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (streq(value, names[i])) {
			table_style.format = (enum table_format)i;
			return NULL;
		}
	}
	return xasprintf("unknown output format \"%s\"", value);
}

static char *set_data(const struct option_row *row, const char *value)
{
	static const char *const names[] = {
		[CELL_STRING] = "string",
		[CELL_BARE] = "bare",
		[CELL_JSON] = "json",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (streq(value, names[i])) {
			table_style.cells = (enum cell_format)i;
			table_style.cells_set = true;
			return NULL;
		}
	}
	return xasprintf("unknown data format \"%s\"", value);
}

static char *set_no_headings(const struct option_row *row, const char *value)
{
	table_style.headings = false;
	return NULL;
}

static char *set_pretty(const struct option_row *row, const char *value)
{
	table_style.pretty = true;
	return NULL;
}

static char *set_bare(const struct option_row *row, const char *value)
{
	table_style.format = TABLE_LIST;
	table_style.cells = CELL_BARE;
	table_style.cells_set = true;
	table_style.headings = false;
	return NULL;
}

static char *set_max_column_width(const struct option_row *row, const char *value)
{
	unsigned int width;

	if (!str_to_uint(value, 10, &width))
		return xasprintf("--max-column-width: \"%s\" is not a valid width", value);
	table_style.max_column_width = width;
	return NULL;
}

static const struct option_row option_rows[] = {
	{ "format", 'f', OPT_REQUIRED, "FORMAT", "table, list, html, csv or json", set_format },
	{ "data", 'd', OPT_REQUIRED, "FORMAT", "cells as string, bare or json", set_data },
	{ "no-headings", 0, OPT_NONE, NULL, "leave out the row of headings", set_no_headings },
	{ "pretty", 0, OPT_NONE, NULL, "indent JSON output", set_pretty },
	{ "bare", 0, OPT_NONE, NULL, "--format=list --data=bare --no-headings", set_bare },
	{ "max-column-width", 0, OPT_REQUIRED, "N", "cut the columns of tables to N characters",
	  set_max_column_width },
};
const struct option_group table_option_group = OPTION_GROUP("Output formatting options",
							    option_rows);

/* ---- filling ---- */

struct table *table_create(const char *caption)
{
	struct table *t = xzalloc(sizeof(*t));

	t->caption = xstrdup_nullable(caption);
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
		struct cell *c = &t->cells[i];

		free(c->text);
		json_decref(c->json);
		if (c->has_datum)
			datum_uninit(&c->datum, &c->type);
	}
	for (size_t i = 0; i < t->n_columns; i++)
		free(t->headings[i]);
	free(t->headings);
	free(t->cells);
	free(t->caption);
	free(t);
}

void table_set_timestamp(struct table *t, bool timestamp)
{
	t->timestamp = timestamp;
}

void table_add_column(struct table *t, const char *heading)
{
	assert(!t->n_rows);
	if (t->n_columns == t->columns_allocated)
		t->headings = x2nrealloc(t->headings, &t->columns_allocated, sizeof(*t->headings));
	t->headings[t->n_columns++] = xstrdup(heading);
}

void table_add_row(struct table *t)
{
	assert(t->n_columns);
	if (t->n_rows == t->rows_allocated)
		t->cells = x2nrealloc(t->cells, &t->rows_allocated,
				      t->n_columns * sizeof(*t->cells));
	memset(&t->cells[t->n_rows * t->n_columns], 0, t->n_columns * sizeof(*t->cells));
	t->n_rows++;
	t->column = 0;
}

static struct cell *add_cell(struct table *t)
{
	assert(t->n_rows && t->column < t->n_columns);
	return &t->cells[(t->n_rows - 1) * t->n_columns + t->column++];
}

void table_add_text(struct table *t, const char *text)
{
	add_cell(t)->text = xstrdup(text);
}

void table_add_json(struct table *t, json_t *json)
{
	add_cell(t)->json = json;
}

void table_add_datum(struct table *t, const struct datum *d, const struct column_type *type)
{
	struct cell *c = add_cell(t);

	base_type_init(&c->type.key, type->key.type);
	base_type_init(&c->type.value, type->value.type);
	c->type.n_min = type->n_min;
	c->type.n_max = type->n_max;
	datum_clone(&c->datum, d, &c->type);
	c->has_datum = true;
}

/* ---- cells ---- */

static int put_chunk(const char *buf, size_t n, void *s)
{
	str_put_mem(s, buf, n);
	return 0;
}

static void put_json(struct str *s, const json_t *json)
{
	json_dump_callback(json, put_chunk, s,
			   JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
				   JSON_REAL_PRECISION(15));
}

/* The cell as text, which the caller frees. */
static char *cell_text(const struct cell *c, enum cell_format format)
{
	struct str s = STR_INIT;

	if (c->json) {
		put_json(&s, c->json);
	} else if (c->text) {
		str_put(&s, c->text);
	} else if (!c->has_datum) {
		/* empty */
	} else if (format == CELL_JSON) {
		json_t *json = datum_to_json(&c->datum, &c->type);

		put_json(&s, json);
		json_decref(json);
	} else if (format == CELL_BARE) {
		datum_format_bare(&c->datum, &c->type, &s);
	} else {
		datum_format(&c->datum, &c->type, &s);
	}
	return str_steal(&s);
}

static json_t *cell_json(const struct cell *c)
{
	json_t *json;

	if (c->has_datum)
		return datum_to_json(&c->datum, &c->type);
	if (c->json)
		return json_incref(c->json);
	json = c->text ? json_string(c->text) : NULL;
	return json ? json : json_null();
}

static const struct cell *cell_at(const struct table *t, size_t row, size_t column)
{
	return &t->cells[row * t->n_columns + column];
}

/* ---- what several formats share ---- */

static char *timestamp_text(void)
{
	return clock_format("%Y-%m-%d %H:%M:%S.###", clock_wall_ms(), true);
}

/* Lines above the table, and the empty line after the one before. */
static void put_preface(const struct table *t, bool with_caption, bool separate, struct str *s)
{
	static bool not_first;

	if (separate && not_first)
		str_putc(s, '\n');
	not_first = true;
	if (t->timestamp) {
		char *time = timestamp_text();

		str_printf(s, "%s\n", time);
		free(time);
	}
	if (with_caption && t->caption)
		str_printf(s, "%s\n", t->caption);
}

/* ---- table ---- */

static size_t bounded_len(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (!max || len <= max)
		return len;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--; /* no character is cut in two */
	return max;
}

static void put_line(const struct table *t, char *const *texts, const size_t *widths,
		     const struct table_style *style, struct str *s)
{
	size_t start = s->len;

	for (size_t x = 0; x < t->n_columns; x++) {
		size_t len = bounded_len(texts[x], style->max_column_width ? widths[x] : 0);

		if (x)
			str_putc(s, ' ');
		str_put_mem(s, texts[x], len);
		if (x + 1 < t->n_columns && len < widths[x])
			str_put_repeat(s, ' ', widths[x] - len);
	}
	while (s->len > start && s->data[s->len - 1] == ' ')
		str_truncate(s, s->len - 1);
	str_putc(s, '\n');
}

static void format_table(const struct table *t, const struct table_style *style, struct str *s)
{
	char **texts = xcalloc(t->n_rows * t->n_columns + 1, sizeof(*texts));
	size_t *widths = xcalloc(t->n_columns + 1, sizeof(*widths));

	put_preface(t, true, true, s);
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
		size_t *width = &widths[i % t->n_columns];

		texts[i] = cell_text(&t->cells[i], style->cells);
		*width = MAX(*width, bounded_len(texts[i], style->max_column_width));
	}
	if (style->headings) {
		for (size_t x = 0; x < t->n_columns; x++)
			widths[x] = MAX(widths[x], strlen(t->headings[x]));
		put_line(t, t->headings, widths, style, s);
		for (size_t x = 0; x < t->n_columns; x++) {
			if (x)
				str_putc(s, ' ');
			str_put_repeat(s, '-', widths[x]);
		}
		str_putc(s, '\n');
	}
	for (size_t y = 0; y < t->n_rows; y++)
		put_line(t, &texts[y * t->n_columns], widths, style, s);
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++)
		free(texts[i]);
	free(texts);
	free(widths);
}

/* ---- list ---- */

static void format_list(const struct table *t, const struct table_style *style, struct str *s)
{
	put_preface(t, true, true, s);
	for (size_t y = 0; y < t->n_rows; y++) {
		if (y)
			str_putc(s, '\n');
		for (size_t x = 0; x < t->n_columns; x++) {
			char *text = cell_text(cell_at(t, y, x), style->cells);

			if (style->headings)
				str_printf(s, "%-20s: ", t->headings[x]);
			str_printf(s, "%s\n", text);
			free(text);
		}
	}
}

/* ---- HTML ---- */

static void put_html(struct str *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			str_put(s, "&amp;");
			break;
		case '<':
			str_put(s, "&lt;");
			break;
		case '>':
			str_put(s, "&gt;");
			break;
		case '"':
			str_put(s, "&quot;");
			break;
		default:
			str_putc(s, text[i]);
		}
	}
}

#define SHORT_UUID_LEN 8 /* of a UUID that is a link */

/* Text in which UUIDs become links to the rows of other tables. */
static void put_html_linked(struct str *s, const char *text)
{
	while (*text) {
		if (uuid_prefix_len(text) == UUID_LEN) {
			str_printf(s, "<a href=\"#%.*s\">%.*s</a>", UUID_LEN, text, SHORT_UUID_LEN,
				   text);
			text += UUID_LEN;
		} else {
			put_html(s, text++, 1);
		}
	}
}

static void put_html_cell(struct str *s, const char *element, const char *heading, const char *text)
{
	str_printf(s, "    <%s>", element);
	if (heading && streq(heading, "_uuid")) {
		str_put(s, "<a name=\"");
		put_html(s, text, strlen(text));
		str_put(s, "\">");
		put_html(s, text, MIN(strlen(text), (size_t)SHORT_UUID_LEN));
		str_put(s, "</a>");
	} else {
		put_html_linked(s, text);
	}
	str_printf(s, "</%s>\n", element);
}

static void format_html(const struct table *t, const struct table_style *style, struct str *s)
{
	put_preface(t, false, false, s);
	str_put(s, "<table border=1>\n");
	if (t->caption)
		put_html_cell(s, "caption", NULL, t->caption);
	if (style->headings) {
		str_put(s, "  <tr>\n");
		for (size_t x = 0; x < t->n_columns; x++)
			put_html_cell(s, "th", NULL, t->headings[x]);
		str_put(s, "  </tr>\n");
	}
	for (size_t y = 0; y < t->n_rows; y++) {
		str_put(s, "  <tr>\n");
		for (size_t x = 0; x < t->n_columns; x++) {
			char *text = cell_text(cell_at(t, y, x), style->cells);

			put_html_cell(s, "td", t->headings[x], text);
			free(text);
		}
		str_put(s, "  </tr>\n");
	}
	str_put(s, "</table>\n");
}

/* ---- CSV (RFC 4180, lines ending in LF) ---- */

static void put_csv(struct str *s, const char *text)
{
	if (!strpbrk(text, "\",\n\r")) {
		str_put(s, text);
		return;
	}
	str_putc(s, '"');
	for (; *text; text++) {
		if (*text == '"')
			str_putc(s, '"');
		str_putc(s, *text);
	}
	str_putc(s, '"');
}

static void format_csv(const struct table *t, const struct table_style *style, struct str *s)
{
	put_preface(t, true, true, s);
	if (style->headings) {
		for (size_t x = 0; x < t->n_columns; x++) {
			if (x)
				str_putc(s, ',');
			put_csv(s, t->headings[x]);
		}
		str_putc(s, '\n');
	}
	for (size_t y = 0; y < t->n_rows; y++) {
		for (size_t x = 0; x < t->n_columns; x++) {
			char *text = cell_text(cell_at(t, y, x), style->cells);

			if (x)
				str_putc(s, ',');
			put_csv(s, text);
			free(text);
		}
		str_putc(s, '\n');
	}
}

/* ---- JSON ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_indented(struct str *s, const json_t *json, size_t indent);

static void put_indented_object(struct str *s, const json_t *json, size_t indent)
{
	const char **names = xcalloc(json_object_size(json) + 1, sizeof(*names)), *name;
	size_t n = 0;
	json_t *value;

	json_object_foreach((json_t *)json, name, value)
		names[n++] = name;
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++) {
		json_t *text = json_string(names[i]);

		str_put(s, i ? ",\n" : "\n");
		str_put_repeat(s, ' ', indent);
		put_json(s, text);
		json_decref(text);
		str_put(s, ": ");
		put_indented(s, json_object_get(json, names[i]), indent);
	}
	free(names);
}

/* Two columns a level, closing brackets after the last element.  As deep as 'json' is, which who
 * parsed it has bounded. */
static void put_indented(struct str *s, const json_t *json, size_t indent)
{
	if (json_is_object(json)) {
		str_putc(s, '{');
		put_indented_object(s, json, indent + 2);
		str_putc(s, '}');
	} else if (json_is_array(json)) {
		const json_t *element;
		size_t i;

		str_putc(s, '[');
		json_array_foreach((json_t *)json, i, element) {
			str_put(s, i ? ",\n" : "\n");
			str_put_repeat(s, ' ', indent + 2);
			put_indented(s, element, indent + 2);
		}
		str_putc(s, ']');
	} else {
		put_json(s, json);
	}
}

static void format_json(const struct table *t, const struct table_style *style, struct str *s)
{
	json_t *json = json_object(), *headings = json_array(), *data = json_array();

	if (t->caption)
		json_object_set_new(json, "caption", json_string(t->caption));
	if (t->timestamp) {
		char *time = timestamp_text();

		json_object_set_new(json, "time", json_string(time));
		free(time);
	}
	for (size_t x = 0; x < t->n_columns; x++)
		json_array_append_new(headings, json_string(t->headings[x]));
	for (size_t y = 0; y < t->n_rows; y++) {
		json_t *row = json_array();

		for (size_t x = 0; x < t->n_columns; x++)
			json_array_append_new(row, cell_json(cell_at(t, y, x)));
		json_array_append_new(data, row);
	}
	json_object_set_new(json, "headings", headings);
	json_object_set_new(json, "data", data);
	if (style->pretty)
		put_indented(s, json, 0);
	else
		put_json(s, json);
	str_putc(s, '\n');
	json_decref(json);
}

void table_format(struct table *t, const struct table_style *style, struct str *s)
{
	switch (style->format) {
	case TABLE_TABLE:
		format_table(t, style, s);
		break;
	case TABLE_LIST:
		format_list(t, style, s);
		break;
	case TABLE_HTML:
		format_html(t, style, s);
		break;
	case TABLE_CSV:
		format_csv(t, style, s);
		break;
	case TABLE_JSON:
		format_json(t, style, s);
		break;
	}
}
