// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/monitor_spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "db/error.h"
#include "db/members.h"
#include "ovsdb/json_text.h"

enum {
	SELECT_INITIAL = 1 << 0,
	SELECT_INSERT = 1 << 1,
	SELECT_DELETE = 1 << 2,
	SELECT_MODIFY = 1 << 3,
	SELECT_ALL = SELECT_INITIAL | SELECT_INSERT | SELECT_DELETE | SELECT_MODIFY,
};

struct monitor_column {
	const struct column_schema *schema;
	unsigned int select;
};

struct monitor_table {
	struct db_table *table;
	struct monitor_column *columns; /* by index */
	size_t n_columns;
	uint64_t *bitmap; /* of 'columns' */
	bool has_version; /* changes with every change of the row */
	unsigned int select; /* of any column */
	struct condition where; /* a disjunction; without clauses all rows */
};

void monitor_specs_init(struct monitor_specs *specs, struct db *db)
{
	specs->db = db;
	hmap_init(&specs->map);
}

void monitor_specs_uninit(struct monitor_specs *specs)
{
	assert(hmap_is_empty(&specs->map));
	hmap_uninit(&specs->map);
}

static void table_destroy(struct monitor_table *mt)
{
	if (!mt)
		return;
	condition_uninit(&mt->where);
	free(mt->columns);
	free(mt->bitmap);
	free(mt);
}

static void spec_free(struct monitor_spec *spec)
{
	for (uint32_t i = 0; i < spec->specs->db->schema->n_tables; i++)
		table_destroy(spec->tables[i]);
	free(spec->tables);
	free(spec->key);
	free(spec);
}

void monitor_spec_unref(struct monitor_spec *spec)
{
	if (!spec || --spec->refs)
		return;
	hmap_remove(&spec->specs->map, &spec->node);
	spec_free(spec);
}

static struct monitor_spec *spec_alloc(struct monitor_specs *specs, enum monitor_format format)
{
	struct monitor_spec *spec = xzalloc(sizeof(*spec));
	uint32_t n = specs->db->schema->n_tables;

	spec->refs = 1;
	spec->specs = specs;
	spec->format = format;
	spec->tables = xcalloc(n ? n : 1, sizeof(*spec->tables));
	CDS_INIT_LIST_HEAD(&spec->monitors);
	return spec;
}

static char *spec_key(const struct monitor_spec *spec)
{
	struct str s = STR_INIT;

	str_printf(&s, "%d", spec->format);
	for (uint32_t i = 0; i < spec->specs->db->schema->n_tables; i++) {
		const struct monitor_table *mt = spec->tables[i];

		if (!mt)
			continue;
		str_printf(&s, ";%" PRIu32, i);
		for (size_t j = 0; j < mt->n_columns; j++)
			str_printf(&s, ",%" PRIu32 ":%x", mt->columns[j].schema->index,
				   mt->columns[j].select);
		if (mt->where.n) {
			json_t *json = condition_to_json(&mt->where);

			json_text_put(&s, json);
			json_decref(json);
		}
	}
	return str_steal(&s);
}

/* Returns the specification in use that is the same as 'spec', which is freed then; else 'spec'. */
static struct monitor_spec *spec_share(struct monitor_spec *spec)
{
	struct monitor_spec *other;
	uint32_t hash;

	spec->key = spec_key(spec);
	hash = hash_string(spec->key, 0);
	HMAP_FOR_EACH_WITH_HASH(other, node, hash, &spec->specs->map)
		if (streq(other->key, spec->key)) {
			spec_free(spec);
			other->refs++;
			return other;
		}
	hmap_insert(&spec->specs->map, &spec->node, hash);
	return spec;
}

static char *select_from_json(const char *table_name, const json_t *json, unsigned int *select)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} kinds[] = {
		{ "initial", SELECT_INITIAL },
		{ "insert", SELECT_INSERT },
		{ "delete", SELECT_DELETE },
		{ "modify", SELECT_MODIFY },
	};
	struct members m;

	*select = 0;
	members_init(&m, json, "table %s select", table_name);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const json_t *v = members_get(&m, kinds[i].name, MEMBER_BOOLEAN | MEMBER_OPTIONAL);

		if (!v || json_is_true(v))
			*select |= kinds[i].bit;
	}
	return members_finish(&m);
}

static void add_column(struct monitor_table *mt, const struct column_schema *cs,
		       unsigned int select)
{
	mt->columns[mt->n_columns].schema = cs;
	mt->columns[mt->n_columns++].select = select;
	bitmap_set(mt->bitmap, cs->index);
	mt->has_version |= cs->index == COL_VERSION;
}

static char *columns_from_json(struct monitor_table *mt, const json_t *json, unsigned int select)
{
	const struct table_schema *ts = mt->table->schema;
	size_t i;
	json_t *name_json;

	if (!json) {
		for (uint32_t c = 0; c < ts->n_columns; c++)
			if (c != COL_UUID && !bitmap_get(mt->bitmap, c))
				add_column(mt, ts->columns[c], select);
		return NULL;
	}
	json_array_foreach(json, i, name_json) {
		const char *name = json_string_value(name_json);
		const struct column_schema *cs;

		if (!name)
			return db_syntax_error(json, "array of column names expected");
		cs = table_column(ts, name);
		if (!cs)
			return db_syntax_error(json, "%s is not a valid column name", name);
		if (bitmap_get(mt->bitmap, cs->index))
			return db_syntax_error(json, "column %s mentioned more than once", name);
		add_column(mt, cs, select);
	}
	return NULL;
}

/* Adds the clauses of 'json' to the disjunction. '*all' becomes true if one is true, or there is
 * none. */
static char *where_from_json(struct monitor_table *mt, const json_t *json, bool *all)
{
	struct condition cond;
	char *err;

	if (!json || !json_array_size(json)) {
		*all = true;
		return NULL;
	}
	err = condition_from_json(&cond, mt->table->schema, json, NULL);
	if (err)
		return err;
	for (size_t i = 0; i < cond.n; i++)
		*all |= cond.clauses[i].fn == COND_TRUE;
	if (!mt->where.n) {
		mt->where = cond;
		return NULL;
	}
	if (!cond.n)
		return NULL;
	mt->where.clauses = xrealloc(mt->where.clauses,
				     (mt->where.n + cond.n) * sizeof(*cond.clauses));
	memcpy(mt->where.clauses + mt->where.n, cond.clauses, cond.n * sizeof(*cond.clauses));
	mt->where.n += cond.n;
	free(cond.clauses);
	return NULL;
}

static void where_clear(struct monitor_table *mt)
{
	condition_uninit(&mt->where);
	memset(&mt->where, 0, sizeof(mt->where));
}

/* One <monitor-request> or <monitor-cond-request>. */
static char *request_from_json(struct monitor_table *mt, const json_t *json, bool with_where,
			       bool *all)
{
	const json_t *columns, *select_json;
	const json_t *where = NULL;
	unsigned int select = SELECT_ALL;
	struct members m;
	char *err;

	members_init(&m, json, "table %s", mt->table->schema->name);
	columns = members_get(&m, "columns", MEMBER_ARRAY | MEMBER_OPTIONAL);
	if (with_where)
		where = members_get(&m, "where", MEMBER_ARRAY | MEMBER_OPTIONAL);
	select_json = members_get(&m, "select", MEMBER_OBJECT | MEMBER_OPTIONAL);
	err = members_finish(&m);
	if (!err && select_json)
		err = select_from_json(mt->table->schema->name, select_json, &select);
	if (!err)
		err = columns_from_json(mt, columns, select);
	if (!err)
		err = where_from_json(mt, where, all);
	mt->select |= select;
	return err;
}

static int compare_columns(const void *a_, const void *b_)
{
	const struct monitor_column *a = a_;
	const struct monitor_column *b = b_;

	return a->schema->index < b->schema->index ? -1 : 1;
}

char *monitor_spec_from_json(struct monitor_specs *specs, enum monitor_format format,
			     bool with_where, const json_t *requests, struct monitor_spec **specp)
{
	struct monitor_spec *spec;
	const char *name;
	char *err = NULL;
	json_t *value;

	if (!json_is_object(requests))
		return db_syntax_error(requests, "monitor-requests must be object");
	spec = spec_alloc(specs, format);
	json_object_foreach((json_t *)requests, name, value) {
		struct db_table *t = db_table(specs->db, name);
		struct monitor_table *mt;
		bool all = false;

		if (!t) {
			err = db_syntax_error(NULL, "no table named %s", name);
			break;
		}
		mt = xzalloc(sizeof(*mt));
		mt->table = t;
		mt->columns = xcalloc(t->schema->n_columns, sizeof(*mt->columns));
		mt->bitmap = xcalloc(t->n_words, sizeof(*mt->bitmap));
		spec->tables[t->schema->index] = mt;
		if (json_is_array(value)) {
			size_t i;
			json_t *request;

			json_array_foreach(value, i, request) {
				err = request_from_json(mt, request, with_where, &all);
				if (err)
					break;
			}
		} else {
			err = request_from_json(mt, value, with_where, &all);
		}
		if (err)
			break;
		qsort(mt->columns, mt->n_columns, sizeof(*mt->columns), compare_columns);
		if (all)
			where_clear(mt);
	}
	if (err) {
		spec_free(spec);
		return err;
	}
	*specp = spec_share(spec);
	return NULL;
}

static struct monitor_table *table_clone(const struct monitor_table *mt)
{
	struct monitor_table *clone;

	if (!mt)
		return NULL;
	clone = xmemdup(mt, sizeof(*mt));
	clone->columns = xmemdup(mt->columns, mt->table->schema->n_columns * sizeof(*mt->columns));
	clone->bitmap = xmemdup(mt->bitmap, mt->table->n_words * sizeof(*mt->bitmap));
	condition_clone(&clone->where, &mt->where);
	return clone;
}

static char *change_request(struct monitor_table *mt, const json_t *json, bool *all)
{
	const json_t *where;
	struct members m;
	char *err;

	members_init(&m, json, "table %s", mt->table->schema->name);
	if (json_is_object(json) && json_object_get(json, "columns")) {
		free(members_finish(&m));
		return db_syntax_error(json, "changing columns is unsupported");
	}
	where = members_get(&m, "where", MEMBER_ARRAY | MEMBER_OPTIONAL);
	err = members_finish(&m);
	return err ? err : where_from_json(mt, where, all);
}

char *monitor_spec_change(struct monitor_spec *old, const json_t *requests,
			  struct monitor_spec **specp)
{
	struct monitor_spec *spec;
	const char *name;
	char *err = NULL;
	json_t *value;

	if (!json_is_object(requests))
		return db_syntax_error(requests, "monitor-requests must be object");
	spec = spec_alloc(old->specs, old->format);
	for (uint32_t i = 0; i < old->specs->db->schema->n_tables; i++)
		spec->tables[i] = table_clone(old->tables[i]);
	json_object_foreach((json_t *)requests, name, value) {
		const struct table_schema *ts = schema_table(old->specs->db->schema, name);
		struct monitor_table *mt;
		bool all = false;

		if (!ts) {
			err = db_syntax_error(NULL, "no table named %s", name);
			break;
		}
		mt = spec->tables[ts->index];
		if (!mt) {
			err = db_syntax_error(NULL, "no table named %s in monitor session", name);
			break;
		}
		where_clear(mt);
		if (json_is_array(value)) {
			size_t i;
			json_t *request;

			all = !json_array_size(value);
			json_array_foreach(value, i, request) {
				err = change_request(mt, request, &all);
				if (err)
					break;
			}
		} else {
			err = change_request(mt, value, &all);
		}
		if (err)
			break;
		if (all)
			where_clear(mt);
	}
	if (err) {
		spec_free(spec);
		return err;
	}
	*specp = spec_share(spec);
	return NULL;
}

/* ---- updates */

/* Where the text of one update stands while it is being put together. */
struct writer {
	struct str *s;
	const struct db_table *last; /* the table whose object is open, or NULL */
};

static void writer_begin(struct writer *w, struct str *s)
{
	w->s = s;
	w->last = NULL;
	str_putc(s, '{');
}

static void writer_row(struct writer *w, const struct row *row)
{
	if (row->table != w->last) {
		if (w->last)
			str_put(w->s, "},");
		str_printf(w->s, "\"%s\":{", row->table->schema->name);
		w->last = row->table;
	} else {
		str_putc(w->s, ',');
	}
	json_text_put_uuid(w->s, row_uuid(row));
	str_putc(w->s, ':');
}

static bool writer_end(struct writer *w)
{
	if (w->last)
		str_putc(w->s, '}');
	str_putc(w->s, '}');
	return w->last != NULL;
}

static bool matches(const struct monitor_table *mt, const struct row *row,
		    const struct values *values)
{
	return values &&
	       (!mt->where.n ||
		condition_matches_any(&mt->where, row_fill_values(row, values, &mt->where)));
}

static void put_column(struct str *s, bool *first, const struct column_schema *cs,
		       const struct datum *d)
{
	str_printf(s, "%s\"%s\":", *first ? "" : ",", cs->name);
	json_text_put_datum(s, d, &cs->type);
	*first = false;
}

static bool column_differs(const struct row *row, const struct values *old,
			   const struct values *new_, const struct column_schema *cs)
{
	struct datum a, b;

	if (cs->index == COL_UUID || values_is_shared(old, new_, row->table->schema, cs->index))
		return false;
	a = row_get_values(row, old, cs->index);
	b = row_get_values(row, new_, cs->index);
	return !datum_equal(&a, &b, &cs->type);
}

/* The columns of 'values' that are selected for 'select'; {} included. */
static void put_columns(struct str *s, const struct monitor_table *mt, const struct row *row,
			const struct values *values, unsigned int select, bool defaults)
{
	bool first = true;

	str_putc(s, '{');
	for (size_t i = 0; i < mt->n_columns; i++) {
		const struct column_schema *cs = mt->columns[i].schema;
		struct datum d;

		if (!(mt->columns[i].select & select) || (!defaults && cs->index >= N_STD_COLUMNS &&
							  !bitmap_get(values->present, cs->index)))
			continue;
		d = row_get_values(row, values, cs->index);
		put_column(s, &first, cs, &d);
	}
	str_putc(s, '}');
}

/* <row-update> of RFC 7047. */
static void put_update(struct writer *w, const struct monitor_table *mt, const struct row *row,
		       const struct values *old, const struct values *new_, unsigned int select)
{
	bool first = true;

	if (old && new_) {
		bool any = false;

		for (size_t i = 0; i < mt->n_columns && !any; i++)
			any = mt->columns[i].select & SELECT_MODIFY &&
			      column_differs(row, old, new_, mt->columns[i].schema);
		if (!any)
			return;
	}
	writer_row(w, row);
	str_putc(w->s, '{');
	if (old && new_) {
		str_put(w->s, "\"old\":{");
		for (size_t i = 0; i < mt->n_columns; i++) {
			const struct column_schema *cs = mt->columns[i].schema;
			struct datum d;

			if (!(mt->columns[i].select & select) ||
			    !column_differs(row, old, new_, cs))
				continue;
			d = row_get_values(row, old, cs->index);
			put_column(w->s, &first, cs, &d);
		}
		str_put(w->s, "},");
	} else if (old) {
		str_put(w->s, "\"old\":");
		put_columns(w->s, mt, row, old, select, true);
	}
	if (new_) {
		str_put(w->s, "\"new\":");
		put_columns(w->s, mt, row, new_, select, true);
	}
	str_putc(w->s, '}');
}

/* <row-update2>: defaults are left out, modified sets and maps are differences. */
static void put_update2(struct writer *w, const struct monitor_table *mt, const struct row *row,
			const struct values *old, const struct values *new_, unsigned int select)
{
	bool first = true;

	if (!old || !new_) {
		writer_row(w, row);
		if (old) {
			str_put(w->s, "{\"delete\":null}");
			return;
		}
		str_put(w->s, select == SELECT_INITIAL ? "{\"initial\":" : "{\"insert\":");
		put_columns(w->s, mt, row, new_, select, false);
		str_putc(w->s, '}');
		return;
	}
	for (size_t i = 0; i < mt->n_columns; i++) {
		const struct column_schema *cs = mt->columns[i].schema;
		struct datum a, b, diff;

		if (!(mt->columns[i].select & select) || !column_differs(row, old, new_, cs))
			continue;
		if (first) {
			writer_row(w, row);
			str_put(w->s, "{\"modify\":{");
		}
		a = row_get_values(row, old, cs->index);
		b = row_get_values(row, new_, cs->index);
		if (cs->type.n_max == 1) {
			put_column(w->s, &first, cs, &b);
			continue;
		}
		datum_diff(&diff, &a, &b, &cs->type);
		put_column(w->s, &first, cs, &diff);
		datum_uninit(&diff, &cs->type);
	}
	if (!first)
		str_put(w->s, "}}");
}

/* Tells what becomes of 'row' for a client of 'spec', if anything. */
static void put_row(struct writer *w, const struct monitor_spec *spec,
		    const struct monitor_table *mt, const struct row *row, const struct values *old,
		    const struct values *new_, bool initial)
{
	unsigned int select;

	if (!matches(mt, row, old))
		old = NULL;
	if (!matches(mt, row, new_))
		new_ = NULL;
	if (!old && !new_)
		return;
	select = initial ? SELECT_INITIAL
		 : !old  ? SELECT_INSERT
		 : !new_ ? SELECT_DELETE
			 : SELECT_MODIFY;
	if (!(mt->select & select))
		return;
	if (spec->format == MONITOR_UPDATES)
		put_update(w, mt, row, old, new_, select);
	else
		put_update2(w, mt, row, old, new_, select);
}

bool monitor_spec_put_initial(const struct monitor_spec *spec, struct str *s)
{
	struct writer w;

	writer_begin(&w, s);
	for (uint32_t i = 0; i < spec->specs->db->schema->n_tables; i++) {
		const struct monitor_table *mt = spec->tables[i];
		struct row *row;

		if (!mt || !(mt->select & SELECT_INITIAL))
			continue;
		HMAP_FOR_EACH(row, node, &mt->table->rows)
			put_row(&w, spec, mt, row, NULL, row->values, true);
	}
	return writer_end(&w);
}

bool monitor_spec_put_txn(const struct monitor_spec *spec, const struct txn *txn, struct str *s)
{
	struct writer w;
	struct change *c;

	writer_begin(&w, s);
	TXN_FOR_EACH_CHANGE(c, txn) {
		const struct db_table *t = c->row->table;
		const struct monitor_table *mt = spec->tables[t->schema->index];

		if (!mt)
			continue;
		/* Without a condition, what changed elsewhere in the row is nothing to this
		 * client. */
		if (c->old && c->new_ && !mt->where.n && !mt->has_version &&
		    !bitmap_intersects(c->changed, mt->bitmap, t->n_words))
			continue;
		put_row(&w, spec, mt, c->row, c->old, c->new_, false);
	}
	return writer_end(&w);
}

bool monitor_spec_put_changes(const struct monitor_spec *spec, const struct monitor_change *changes,
			      size_t n, struct str *s)
{
	struct writer w;

	writer_begin(&w, s);
	for (size_t i = 0; i < n; i++) {
		const struct monitor_change *c = &changes[i];
		const struct monitor_table *mt = spec->tables[c->row->table->schema->index];

		if (mt)
			put_row(&w, spec, mt, c->row, c->old, c->new_, false);
	}
	return writer_end(&w);
}

bool monitor_spec_put_difference(const struct monitor_spec *old, const struct monitor_spec *new_,
				 struct str *s)
{
	struct writer w;

	writer_begin(&w, s);
	for (uint32_t i = 0; i < old->specs->db->schema->n_tables; i++) {
		const struct monitor_table *old_mt = old->tables[i];
		const struct monitor_table *mt = new_->tables[i];
		struct row *row;

		if (!mt || (!mt->where.n && !old_mt->where.n))
			continue;
		HMAP_FOR_EACH(row, node, &mt->table->rows) {
			bool was = matches(old_mt, row, row->values);
			bool is = matches(mt, row, row->values);

			if (was && !is && mt->select & SELECT_DELETE)
				put_update2(&w, mt, row, row->values, NULL, SELECT_DELETE);
			else if (is && !was && mt->select & SELECT_INSERT)
				put_update2(&w, mt, row, NULL, row->values, SELECT_INSERT);
		}
	}
	return writer_end(&w);
}
