// SPDX-License-Identifier: Apache-2.0
/* The spool of rows that nothing refers to yet.  A JSON array in one small file:
 *
 *	[{"time": ms, "db": REMOTE, "uuid": UUID, "table": TABLE, "columns": {COLUMN: VALUE}}]
 *
 * with values in RFC 7047 notation.  It is read when first asked for; changes are kept in memory
 * and written, under a lock, to what is then in the file.  A file that is not ours, too large or
 * damaged counts as empty. */
#include "utilities/ovs-vsctl.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/dirs.h"
#include "base/util.h"

/* Of this process, since an invocation has one database. */
static struct {
	bool loaded;
	json_t *rows; /* as in the file */
	json_t *added; /* rows to add */
	json_t *deleted; /* {UUID: true} */
} spool;

static char *spool_path(void)
{
	return path_in(dir_run(), "ovs-vsctl.spool");
}

static json_t *read_rows(int fd)
{
	struct stat st;
	json_t *rows = NULL;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > VSCTL_SPOOL_SIZE ||
	    (st.st_uid != geteuid() && st.st_uid) || st.st_mode & 022)
		return json_array();
	text = xmalloc((size_t)st.st_size + 1);
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n > 0)
		rows = json_loadb(text, (size_t)n, 0, NULL);
	free(text);
	if (!json_is_array(rows)) {
		json_decref(rows);
		return json_array();
	}
	return rows;
}

static bool is_expired(const json_t *row)
{
	json_int_t time = json_integer_value(json_object_get(row, "time"));
	uint64_t now = clock_wall_ms();

	return time <= 0 || (uint64_t)time > now || now - (uint64_t)time > VSCTL_SPOOL_S * 1000;
}

static void load(void)
{
	char *path;
	int fd;

	if (spool.loaded)
		return;
	spool.loaded = true;
	spool.added = json_array();
	spool.deleted = json_object();
	path = spool_path();
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	spool.rows = fd >= 0 ? read_rows(fd) : json_array();
	if (fd >= 0)
		close(fd);
}

static bool take_row(struct vsctl *vs, const json_t *json, struct vsctl_spooled *row)
{
	const char *db = json_string_value(json_object_get(json, "db"));
	const char *uuid = json_string_value(json_object_get(json, "uuid"));

	row->table = json_string_value(json_object_get(json, "table"));
	row->columns = json_object_get(json, "columns");
	return db && streq(db, vs->db) && uuid && uuid_parse(uuid, &row->uuid) && row->table &&
	       json_is_object(row->columns) && !is_expired(json) &&
	       !json_object_get(spool.deleted, uuid);
}

void vsctl_spool_walk(struct vsctl *vs, const char *table,
		      bool (*fn)(const struct vsctl_spooled *, void *aux), void *aux)
{
	const json_t *json;
	size_t i;

	load();
	json_array_foreach(spool.rows, i, json) {
		struct vsctl_spooled row;

		if (take_row(vs, json, &row) && (!table || streq(table, row.table)) &&
		    !fn(&row, aux))
			return;
	}
}

struct search {
	const struct uuid *uuid;
	struct vsctl_spooled found;
	bool is_found;
};

static bool match_uuid(const struct vsctl_spooled *row, void *aux)
{
	struct search *search = aux;

	if (!uuid_equal(&row->uuid, search->uuid))
		return true;
	search->found = *row;
	search->is_found = true;
	return false;
}

bool vsctl_spool_has(struct vsctl *vs, const char *table, const struct uuid *uuid)
{
	struct search search = { .uuid = uuid };

	vsctl_spool_walk(vs, table, match_uuid, &search);
	return search.is_found;
}

static const struct idl_table_class *find_table(const char *name)
{
	for (size_t i = 0; i < ovsrec_class.n_tables; i++) {
		if (streq(ovsrec_class.tables[i].name, name))
			return &ovsrec_class.tables[i];
	}
	return NULL;
}

/* The rows that a value in RFC 7047 notation refers to. */
static char *insert_referred(struct vsctl *vs, const struct base_type *b, const union atom *atoms,
			     size_t n)
{
	char *err = NULL;

	for (size_t i = 0; b->type == ATOM_UUID && b->uuid.table_name && i < n && !err; i++)
		err = vsctl_spool_insert(vs, b->uuid.table_name, &atoms[i].uuid);
	return err;
}

char *vsctl_spool_insert(struct vsctl *vs, const char *table, const struct uuid *uuid)
{
	struct search search = { .uuid = uuid };
	const struct idl_table_class *tc = find_table(table);
	struct idl_row *row;
	char *err = NULL;

	vsctl_spool_walk(vs, table, match_uuid, &search);
	if (!search.is_found || !tc || idl_row_by_uuid(vs->idl, tc, uuid))
		return NULL;
	row = idl_insert(vs->txn, tc, uuid);
	vsctl_spool_del(vs, uuid); /* before those that it refers to: a circle must end */
	for (size_t i = 0; i < tc->n_columns && !err; i++) {
		const struct idl_column_class *c = &tc->columns[i];
		const json_t *json = json_object_get(search.found.columns, c->name);
		struct datum d;

		if (!json)
			continue;
		err = datum_from_json(&d, &c->type, json, NULL, false);
		if (err)
			break;
		err = insert_referred(vs, &c->type.key, d.keys, d.n);
		if (!err && column_type_is_map(&c->type))
			err = insert_referred(vs, &c->type.value, d.values, d.n);
		idl_write(row, c, &d);
	}
	return err;
}

void vsctl_spool_add(struct vsctl *vs, const char *table, const struct uuid *uuid, json_t *columns)
{
	char s[UUID_LEN + 1];

	load();
	snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(uuid));
	json_array_append_new(spool.added,
			      json_pack("{sIsssssssO}", "time", (json_int_t)clock_wall_ms(), "db",
					vs->db, "uuid", s, "table", table, "columns", columns));
	json_decref(columns);
}

void vsctl_spool_del(struct vsctl *vs, const struct uuid *uuid)
{
	char s[UUID_LEN + 1];

	load();
	snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(uuid));
	json_object_set_new(spool.deleted, s, json_true());
}

void vsctl_spool_abort(struct vsctl *vs)
{
	if (!spool.loaded)
		return;
	json_decref(spool.rows);
	json_decref(spool.added);
	json_decref(spool.deleted);
	memset(&spool, 0, sizeof(spool));
}

/* The file's present rows without those that are deleted or too old, then the new ones; the oldest
 * give way when there are too many. */
static json_t *merge(json_t *rows)
{
	json_t *merged = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *uuid = json_string_value(json_object_get(row, "uuid"));

		if (uuid && !is_expired(row) && !json_object_get(spool.deleted, uuid))
			json_array_append(merged, row);
	}
	json_array_extend(merged, spool.added);
	while (json_array_size(merged) > VSCTL_SPOOL_MAX)
		json_array_remove(merged, 0);
	return merged;
}

static int write_rows(int fd, const json_t *rows)
{
	char *text = json_dumps(rows, JSON_COMPACT | JSON_SORT_KEYS);
	size_t len = text ? strlen(text) : 0;
	int err = 0;

	if (!text || len > VSCTL_SPOOL_SIZE)
		err = -E2BIG;
	else if (ftruncate(fd, 0) || pwrite(fd, text, len, 0) != (ssize_t)len)
		err = errno ? -errno : -EIO;
	free(text);
	return err;
}

char *vsctl_spool_commit(struct vsctl *vs)
{
	char *path, *err = NULL;
	json_t *rows, *merged;
	int fd, rc;

	if (!spool.loaded || (!json_array_size(spool.added) && !json_object_size(spool.deleted)))
		return NULL;
	path = spool_path();
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX)) {
		err = xasprintf("%s: cannot open: %s", path, errno_str(errno));
	} else {
		rows = read_rows(fd);
		merged = merge(rows);
		rc = write_rows(fd, merged);
		if (rc)
			err = xasprintf("%s: cannot write: %s", path, errno_str(rc));
		json_decref(rows);
		json_decref(merged);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	vsctl_spool_abort(vs);
	return err;
}
