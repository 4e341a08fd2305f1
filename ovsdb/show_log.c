// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/show_log.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/util.h"
#include "db/schema.h"
#include "db/text.h"
#include "ovsdb/oplog.h"

/* What rows were called when they were last seen to have a name. */
struct name {
	struct hmap_node node;
	struct uuid uuid;
	char *text; /* as the value of a column is printed */
};

struct show {
	int detail;
	unsigned int n_records;
	struct db_schema *schema; /* of the last schema record, or NULL */
	struct hmap names;
};

static struct name *name_lookup(struct show *show, const struct uuid *uuid)
{
	struct name *name;

	HMAP_FOR_EACH_WITH_HASH(name, node, uuid_hash(uuid), &show->names)
		if (uuid_equal(&name->uuid, uuid))
			return name;
	return NULL;
}

static void name_set(struct show *show, const struct uuid *uuid, const json_t *value)
{
	struct name *name = name_lookup(show, uuid);

	if (!json_is_string(value))
		return;
	if (!name) {
		name = xzalloc(sizeof(*name));
		name->uuid = *uuid;
		hmap_insert(&show->names, &name->node, uuid_hash(uuid));
	}
	free(name->text);
	name->text = json_dumps(value, JSON_ENCODE_ANY);
}

static void print_value(const struct column_schema *cs, const json_t *value)
{
	struct str s = STR_INIT;
	struct datum d;
	char *err;

	err = cs ? datum_from_json(&d, &cs->type, value, NULL, true) : xstrdup("no such column");
	if (err) {
		char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		fputs(text, stdout);
		free(text);
		free(err);
		return;
	}
	datum_format(&d, &cs->type, &s);
	fputs(str_cstr(&s), stdout);
	str_uninit(&s);
	datum_uninit(&d, &cs->type);
}

static void print_row(struct show *show, const struct table_schema *ts, const char *table,
		      const char *uuid_text, const json_t *row, bool diff)
{
	const json_t *name_value = json_object_get(row, "name");
	const struct name *name;
	const char *column;
	struct uuid uuid;
	json_t *value;
	bool is_new;

	if (!uuid_parse(uuid_text, &uuid)) {
		printf("  table %s bad row \"%s\"\n", table, uuid_text);
		return;
	}
	name = name_lookup(show, &uuid);
	is_new = !name;
	if (is_new)
		/* Remembered also without a name, so that it is new once only. */
		name_set(show, &uuid, json_is_string(name_value) ? name_value : NULL);
	if (is_new && !name_lookup(show, &uuid)) {
		struct name *n = xzalloc(sizeof(*n));

		n->uuid = uuid;
		hmap_insert(&show->names, &n->node, uuid_hash(&uuid));
	}
	name = name_lookup(show, &uuid);
	printf("  table %s %srow ", table, is_new ? "insert " : "");
	if (name->text)
		printf("%s (%.8s)", name->text, uuid_text);
	else if (is_new)
		printf("%.8s", uuid_text);
	else
		printf("%.8s (%.8s)", uuid_text, uuid_text);
	printf("%s:\n", !is_new && diff ? " diff" : "");
	if (!json_is_object(row)) {
		if (json_is_null(row))
			printf("    delete row\n");
		return;
	}
	name_set(show, &uuid, name_value);
	if (show->detail < 2)
		return;
	json_object_foreach((json_t *)(uintptr_t)row, column, value) {
		printf("    %s=", column);
		print_value(ts ? table_column(ts, column) : NULL, value);
		putchar('\n');
	}
}

static void print_txn(struct show *show, const json_t *record)
{
	const json_t *date = json_object_get(record, "_date");
	const json_t *comment = json_object_get(record, "_comment");
	bool diff = json_is_true(json_object_get(record, "_is_diff"));
	const char *table;
	json_t *rows;

	if (json_is_integer(date)) {
		int64_t t = json_integer_value(date);
		char *text;

		if (t < INT64_C(1) << 32)
			t *= 1000; /* seconds, in old files */
		text = clock_format("%Y-%m-%d %H:%M:%S.###", (uint64_t)t, false);
		printf(" %s", text);
		free(text);
	}
	if (json_is_string(comment)) {
		char *text = json_dumps(comment, JSON_ENCODE_ANY);

		printf(" %s", text);
		free(text);
	}
	putchar('\n');
	if (!show->detail)
		return;
	json_object_foreach((json_t *)(uintptr_t)record, table, rows) {
		const char *uuid;
		json_t *row;

		if (!json_is_object(rows) || table[0] == '_')
			continue;
		json_object_foreach(rows, uuid, row)
			print_row(show, show->schema ? schema_table(show->schema, table) : NULL,
				  table, uuid, row, diff);
	}
	putchar('\n');
}

static char *print_schema(struct show *show, const json_t *record)
{
	struct db_schema *schema;
	char *err = schema_from_json(record, &schema);

	if (err)
		return err;
	schema_destroy(show->schema);
	show->schema = schema;
	printf(" \"%s\" schema, version=\"%s\", cksum=\"%s\"\n\n", schema->name, schema->version,
	       schema->cksum);
	return NULL;
}

static char *print_records(struct show *show, struct oplog *log)
{
	for (;;) {
		json_t *record;
		char *err = oplog_read(log, &record);

		if (err || !record)
			return err;
		printf("record %u:", show->n_records);
		if (!show->n_records || (json_is_object(json_object_get(record, "tables")) &&
					 json_is_string(json_object_get(record, "name"))))
			err = print_schema(show, record);
		else
			print_txn(show, record);
		show->n_records++;
		json_decref(record);
		if (err)
			return oplog_bad_record(log, err);
	}
}

char *show_log(const char *path, int detail)
{
	struct show show = { .detail = detail };
	struct oplog *log;
	struct name *name;
	char *err;

	err = oplog_open(path, OPLOG_JSON, false, &log);
	if (err)
		return err;
	hmap_init(&show.names);
	err = print_records(&show, log);
	HMAP_FOR_EACH(name, node, &show.names) {
		free(name->text);
		free(name);
	}
	hmap_uninit(&show.names);
	schema_destroy(show.schema);
	oplog_close(log);
	return err;
}
