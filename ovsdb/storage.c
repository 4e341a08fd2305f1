// SPDX-License-Identifier: Apache-2.0
/* While a compaction runs, what is flushed to the log is also remembered in 'tail': it goes behind
 * the snapshot before the new file takes the old one's place. */
#include "ovsdb/storage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "base/util.h"
#include "ovsdb/convert.h"
#include "db/error.h"
#include "ovsdb/oplog.h"
#include "ovsdb/record.h"

LOG_MODULE(ovsdb_file);

#define COMPACT_MIN_MS (10 * 60 * 1000) /* since the last one */
#define COMPACT_MAX_MS (24 * 60 * 60 * 1000)
#define COMPACT_MIN_RECORDS 100
#define COMPACT_MIN_SIZE (10 << 20)
#define COMPACT_SUFFIX ".tmp"

struct storage {
	struct loop *loop;
	struct oplog *log;
	bool column_diff;
	struct str batch; /* framed records */
	size_t n_batch; /* records in it */

	size_t n_records; /* since the last snapshot */
	off_t snapshot_size;
	uint64_t snapshot_ms; /* clock_ms() */
	struct compaction *compaction; /* running, or NULL */
};

struct compaction {
	struct post post;
	struct storage *storage;
	struct snapshot *snapshot;
	struct str schema; /* framed */
	struct str tail; /* framed records since the snapshot */
	uint64_t date_ms, start_us;
	struct oplog *newer;
	char *err; /* the thread's */
	pthread_t thread;
	bool cancelled; /* the storage is being closed */
	storage_done_fn *done;
	void *aux;
};

/* ---- opening */

static char *load_schema(struct oplog *log, struct db **dbp)
{
	struct db_schema *schema;
	json_t *record;
	char *err;

	err = oplog_read(log, &record);
	if (err)
		return err;
	if (!record)
		return xasprintf("%s: has no schema", oplog_path(log));
	err = schema_from_json(record, &schema);
	json_decref(record);
	if (err)
		return oplog_bad_record(log, err);
	*dbp = db_create(schema);
	return NULL;
}

/* A schema in the middle of a log converts what was read so far. */
static char *load_conversion(const json_t *record, struct db **dbp)
{
	struct db_schema *schema;
	struct db *converted;
	char *err = schema_from_json(record, &schema);

	if (err)
		return err;
	err = convert_db(*dbp, schema, &converted);
	if (err)
		return err;
	db_destroy(*dbp);
	*dbp = converted;
	return NULL;
}

static char *load(struct oplog *log, struct db **dbp, size_t *n_records, off_t *snapshot_size)
{
	struct db *db = NULL;
	char *err;

	*n_records = 0;
	*snapshot_size = 0;
	err = load_schema(log, &db);
	if (err)
		return err;
	for (;;) {
		json_t *record;

		err = oplog_read(log, &record);
		if (err || !record)
			break;
		if (json_is_object(json_object_get(record, "tables")) &&
		    json_is_string(json_object_get(record, "name")))
			err = load_conversion(record, &db);
		else
			err = record_load(db, record);
		json_decref(record);
		if (err) {
			err = oplog_bad_record(log, err);
			break;
		}
		if (!(*n_records)++)
			*snapshot_size = oplog_size(log);
	}
	if (err) {
		db_destroy(db);
		return err;
	}
	record_load_finish(db);
	memory_give_back(); /* the trees of large records are gone */
	*dbp = db;
	return NULL;
}

char *storage_open(struct loop *loop, const char *path, const struct storage_options *options,
		   struct db **dbp, struct storage **sp)
{
	struct storage *s = xzalloc(sizeof(*s));
	char *err;

	err = oplog_open(path, OPLOG_JSON, true, &s->log);
	if (!err)
		err = load(s->log, dbp, &s->n_records, &s->snapshot_size);
	if (err) {
		oplog_close(s->log);
		free(s);
		return err;
	}
	s->loop = loop;
	s->column_diff = !options || !options->no_column_diff;
	s->snapshot_ms = clock_ms();
	*sp = s;
	return NULL;
}

char *storage_read(const char *path, struct db **dbp)
{
	struct oplog *log;
	off_t snapshot_size;
	size_t n_records;
	char *err;

	err = oplog_open(path, OPLOG_JSON, false, &log);
	if (err)
		return err;
	err = load(log, dbp, &n_records, &snapshot_size);
	oplog_close(log);
	return err;
}

static void frame_schema(const struct db_schema *schema, struct str *s)
{
	json_t *json = schema_to_json(schema);

	oplog_frame(OPLOG_JSON, json, s);
	json_decref(json);
}

char *storage_create_file(const char *path, const struct db_schema *schema)
{
	struct str batch = STR_INIT;
	struct oplog *log;
	char *err;

	err = oplog_create(path, OPLOG_JSON, &log);
	if (err)
		return err;
	frame_schema(schema, &batch);
	err = oplog_append(log, &batch);
	str_uninit(&batch);
	if (err)
		oplog_discard(log);
	else
		oplog_close(log);
	return err;
}

/* ---- writing */

bool storage_add(struct storage *s, const struct txn *txn)
{
	struct str json = STR_INIT;
	bool any = record_format_txn(txn, s->column_diff, &json);

	if (any) {
		oplog_frame_text(OPLOG_JSON, json.data, json.len, &s->batch);
		s->n_batch++;
	}
	str_uninit(&json);
	return any;
}

size_t storage_pending(const struct storage *s)
{
	return s->batch.len;
}

char *storage_flush(struct storage *s)
{
	char *err = oplog_append(s->log, &s->batch);

	if (!err) {
		s->n_records += s->n_batch;
		if (s->compaction)
			str_put_mem(&s->compaction->tail, s->batch.data, s->batch.len);
	}
	if (s->batch.size > 1 << 20)
		str_uninit(&s->batch);
	else
		str_clear(&s->batch);
	s->n_batch = 0;
	return err;
}

/* ---- compaction */

static void compaction_destroy(struct compaction *c)
{
	snapshot_destroy(c->snapshot);
	str_uninit(&c->schema);
	str_uninit(&c->tail);
	free(c);
}

/* Writes the snapshot: all that takes long. */
static char *compaction_write(struct compaction *c)
{
	struct str json = STR_INIT;
	char *err;

	if (snapshot_n_rows(c->snapshot)) {
		snapshot_format(c->snapshot, "compacting database online", c->date_ms, &json);
		oplog_frame_text(OPLOG_JSON, json.data, json.len, &c->schema);
	}
	str_uninit(&json);
	err = oplog_append(c->newer, &c->schema);
	str_uninit(&c->schema);
	return err;
}

/* Puts the file into place.  Takes 'err', what the writing said. */
static char *compaction_finish(struct compaction *c, char *err)
{
	struct storage *s = c->storage;
	off_t old_size = oplog_size(s->log);
	off_t snapshot_size = oplog_size(c->newer);
	size_t n_rows = snapshot_n_rows(c->snapshot);

	if (!err)
		err = oplog_append(c->newer, &c->tail);
	if (err)
		oplog_discard(c->newer);
	else
		err = oplog_replace(s->log, c->newer);
	s->snapshot_ms = clock_ms(); /* also after a failure: not again at once */
	if (err)
		return err;
	s->n_records = 1;
	s->snapshot_size = snapshot_size;
	log_info("%s: compacted %zu rows from %lld to %lld octets in %" PRIu64 " ms",
		 oplog_path(s->log), n_rows, (long long)old_size, (long long)oplog_size(s->log),
		 (clock_real_us() - c->start_us) / 1000);
	return NULL;
}

static void compaction_done(struct post *post)
{
	struct compaction *c = CONTAINER_OF(post, struct compaction, post);
	char *err = c->err;

	if (c->cancelled) {
		compaction_destroy(c);
		return;
	}
	thread_join(c->thread);
	c->storage->compaction = NULL;
	err = compaction_finish(c, err);
	if (err)
		log_warn("compaction failed: %s", err);
	c->done(err, c->aux);
	compaction_destroy(c);
	memory_give_back();
}

static void *compaction_thread(void *c_)
{
	struct compaction *c = c_;

	c->err = compaction_write(c);
	loop_post(c->storage->loop, &c->post);
	return NULL;
}

static char *compaction_start(struct storage *s, const struct db *db, struct compaction **cp)
{
	struct compaction *c = xzalloc(sizeof(*c));
	char *err;

	assert(!s->batch.len && !s->compaction);
	err = oplog_create_beside(s->log, COMPACT_SUFFIX, &c->newer);
	if (err) {
		free(c);
		return err;
	}
	c->storage = s;
	c->start_us = clock_real_us();
	c->date_ms = clock_wall_ms();
	frame_schema(db->schema, &c->schema);
	c->snapshot = snapshot_create(db);
	*cp = c;
	return NULL;
}

void storage_compact(struct storage *s, const struct db *db, storage_done_fn *done, void *aux)
{
	struct compaction *c;
	char *err;
	int error;

	err = compaction_start(s, db, &c);
	if (err) {
		s->snapshot_ms = clock_ms();
		done(err, aux);
		return;
	}
	c->done = done;
	c->aux = aux;
	c->post.cb = compaction_done;
	error = thread_create(&c->thread, "compact", compaction_thread, c);
	if (error) {
		log_warn("cannot start a thread to compact (%s): compacting in the main one",
			 errno_str(error));
		done(compaction_finish(c, compaction_write(c)), aux);
		compaction_destroy(c);
		return;
	}
	s->compaction = c;
}

char *storage_compact_now(struct storage *s, const struct db *db)
{
	struct compaction *c;
	char *err;

	err = compaction_start(s, db, &c);
	if (err)
		return err;
	err = compaction_finish(c, compaction_write(c));
	compaction_destroy(c);
	return err;
}

bool storage_is_compacting(const struct storage *s)
{
	return s->compaction != NULL;
}

bool storage_wants_compaction(const struct storage *s)
{
	uint64_t age_ms = clock_ms() - s->snapshot_ms;
	off_t size = oplog_size(s->log);

	if (s->compaction || age_ms < COMPACT_MIN_MS || !s->n_records)
		return false;
	if (age_ms >= COMPACT_MAX_MS)
		return s->n_records > 1;
	return s->n_records >= COMPACT_MIN_RECORDS && size >= COMPACT_MIN_SIZE &&
	       size / 2 >= s->snapshot_size;
}

void storage_close(struct storage *s)
{
	struct compaction *c;

	if (!s)
		return;
	c = s->compaction;
	if (c) {
		/* Its post is in the loop's queue by now or will be; it frees what is left. */
		thread_join(c->thread);
		c->cancelled = true;
		oplog_discard(c->newer);
		free(c->err);
		snapshot_destroy(c->snapshot);
		c->snapshot = NULL;
		c->done(xstrdup("the database was closed"), c->aux);
	}
	oplog_close(s->log);
	str_uninit(&s->batch);
	free(s);
}

const char *storage_path(const struct storage *s)
{
	return oplog_path(s->log);
}

void storage_set_column_diff(struct storage *s, bool on)
{
	s->column_diff = on;
}
