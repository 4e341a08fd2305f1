// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/server_db.h"

#include <stdlib.h>

#include "base/util.h"
#include "db/server_schema.h"

struct service *server_db_create(struct loop *loop)
{
	json_t *json = json_loads(server_schema_text, 0, NULL);
	struct db_schema *schema;
	char *err = schema_from_json(json, &schema);

	json_decref(json);
	if (err)
		fatal(0, "the schema of _Server: %s", err);
	return service_create(loop, db_create(schema), NULL);
}

static struct db_table *database_table(const struct service *server_db)
{
	return db_table(service_db(server_db), "Database");
}

static void set(struct row *row, const char *column, struct datum d)
{
	txn_set(row, table_column(row->table->schema, column)->index, &d);
}

static struct datum string_datum(const char *s)
{
	struct datum d;

	datum_init_string(&d, s);
	return d;
}

static struct datum true_datum(void)
{
	struct datum d;

	datum_init_boolean(&d, true);
	return d;
}

void server_db_add(struct service *server_db, const struct service *service)
{
	struct txn *txn = txn_open(service_db(server_db));
	json_t *schema = schema_to_json(service_db(service)->schema);
	char *text = json_dumps(schema, JSON_COMPACT);
	struct uuid uuid;
	struct row *row;

	uuid_generate(&uuid);
	row = txn_insert(database_table(server_db), &uuid);
	set(row, "name", string_datum(service_name(service)));
	set(row, "model", string_datum("standalone"));
	set(row, "connected", true_datum());
	set(row, "leader", true_datum());
	set(row, "schema", string_datum(text));
	service_commit(server_db, txn);
	free(text);
	json_decref(schema);
}

void server_db_remove(struct service *server_db, const struct service *service)
{
	struct db_table *t = database_table(server_db);
	uint32_t name = table_column(t->schema, "name")->index;
	struct txn *txn = txn_open(service_db(server_db));
	struct row *row;

	HMAP_FOR_EACH(row, node, &t->rows) {
		struct datum d = row_get(row, name);

		if (row_is_live(row) && streq(d.keys[0].string->s, service_name(service)))
			txn_delete(row);
	}
	service_commit(server_db, txn);
}
