// SPDX-License-Identifier: Apache-2.0
/* A database file: whatever it holds, reading it ends, and what was read can be written to and read
 * again. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "ovsdb/oplog.h"
#include "ovsdb/record.h"
#include "ovsdb/storage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static int fd;
static char *path;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	free(log_set_levels("off"));
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	path = xasprintf("/proc/self/fd/%d", fd);
	return 0;
}

/* Records are hard to guess for their checksums: one octet of the input, '#', stands for a header
 * that fits the line that follows. */
static void put_file(const uint8_t *data, size_t size)
{
	struct str s = STR_INIT;

	while (size) {
		const uint8_t *eol = memchr(data, '\n', size);
		size_t len = eol ? (size_t)(eol + 1 - data) : size;

		if (*data == '#' && len > 1)
			oplog_frame_text(OPLOG_JSON, (const char *)data + 1, len - 1, &s);
		else
			str_put_mem(&s, data, len);
		data += len;
		size -= len;
	}
	if (ftruncate(fd, 0) < 0 || (s.len && pwrite(fd, s.data, s.len, 0) != (ssize_t)s.len))
		abort();
	str_uninit(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str json = STR_INIT;
	struct snapshot *snapshot;
	struct db *db;
	char *err;

	put_file(data, size);
	err = storage_read(path, &db);
	free(err);
	if (err)
		return 0;
	snapshot = snapshot_create(db);
	snapshot_format(snapshot, "x", 1, &json);
	if (snapshot_n_rows(snapshot)) {
		struct db *again = db_create(schema_clone(db->schema));
		json_t *record = json_loadb(json.data, json.len, 0, NULL);

		if (!record)
			abort();
		err = record_load(again, record);
		if (err)
			abort();
		record_load_finish(again);
		json_decref(record);
		db_destroy(again);
	}
	snapshot_destroy(snapshot);
	str_uninit(&json);
	db_destroy(db);
	return 0;
}
