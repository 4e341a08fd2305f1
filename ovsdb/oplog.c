// SPDX-License-Identifier: Apache-2.0
/* Reading maps the file whole; the map is dropped when the end was reached.  'end' is the offset
 * behind the last good record: writes go there, and a failed one is cut back to there. */
#include "ovsdb/oplog.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

LOG_MODULE(ovsdb_log);

#define SHA1_LEN 20
#define SHA1_HEX_LEN 40
#define HEADER_MAX 128 /* octets of a header line */
#define RECORD_MAX ((size_t)INT_MAX) /* octets of a record */

struct oplog {
	char *path; /* symbolic links resolved */
	char *name; /* as the user said it */
	char *magic;
	bool writable;
	int fd;
	int lock_fd; /* -1: none */
	dev_t lock_dev;
	ino_t lock_ino;
	struct oplog *next_locked;

	const char *map; /* NULL once everything was read */
	size_t map_len;
	size_t offset; /* where the next record begins */
	size_t record_offset;
	off_t end;
	bool tail_is_bad; /* octets beyond 'end' must go before the next append */
	bool dir_is_unsynced; /* a rename may not be durable; it must be before the next append */
};

/* Locks that this process holds: fcntl() locks do not conflict within a process. */
static struct oplog *locked_logs;

static void sha1_hex(const char *data, size_t len, char hex[SHA1_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	static EVP_MD *sha1;
	unsigned char md[EVP_MAX_MD_SIZE];

	if (!sha1)
		sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	if (!sha1 || !EVP_Digest(data, len, md, NULL, sha1, NULL))
		fatal(0, "libcrypto cannot compute SHA-1, which the database log needs");
	for (size_t i = 0; i < SHA1_LEN; i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[SHA1_HEX_LEN] = '\0';
}

/* True if 'word' is one of those in 'list', separated by '|'. */
static bool word_in_list(const char *word, size_t len, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, "|");

		if (n == len && !strncmp(word, list, n))
			return true;
		list += n;
		list += *list == '|';
	}
	return false;
}

struct header {
	const char *magic;
	size_t magic_len;
	size_t header_len; /* with the line feed */
	size_t len;
	char sha1[SHA1_HEX_LEN + 1];
};

/* Parses the header line at 'p'.  NULL, or why it is none (static). */
static const char *header_parse(const char *p, size_t n, struct header *h)
{
	const char *eol = memchr(p, '\n', MIN(n, HEADER_MAX));
	const char *q = p;
	size_t i;

	if (!eol)
		return n < HEADER_MAX ? "the header line is incomplete" : "there is no header line";
	if ((size_t)(eol - p) < 6 || memcmp(p, "OVSDB ", 6))
		return "the header line does not begin with OVSDB";
	q += 6;
	h->magic = q;
	while (q < eol && *q != ' ')
		q++;
	h->magic_len = (size_t)(q - h->magic);
	if (q == eol || !h->magic_len)
		return "the header line is malformed";
	h->len = 0;
	for (q++; q < eol && isdigit((unsigned char)*q); q++) {
		h->len = h->len * 10 + (size_t)(*q - '0');
		if (h->len > RECORD_MAX)
			return "the header line says an impossible length";
	}
	if (q == eol || *q != ' ' || !h->len)
		return "the header line is malformed";
	q++;
	if (eol - q < SHA1_HEX_LEN)
		return "the header line is malformed";
	for (i = 0; i < SHA1_HEX_LEN; i++) {
		if (!isxdigit((unsigned char)q[i]))
			return "the header line is malformed";
		h->sha1[i] = (char)tolower((unsigned char)q[i]);
	}
	h->sha1[i] = '\0';
	h->header_len = (size_t)(eol + 1 - p);
	return NULL;
}

/* Checks the whole record at 'p': NULL, or what is wrong with it. */
static const char *record_check(const char *p, size_t n, struct header *h)
{
	const char *why = header_parse(p, n, h);
	char hex[SHA1_HEX_LEN + 1];

	if (why)
		return why;
	if (n - h->header_len < h->len)
		return "the record is incomplete";
	sha1_hex(p + h->header_len, h->len, hex);
	if (strcmp(hex, h->sha1))
		return "its checksum is wrong";
	if (p[h->header_len + h->len - 1] != '\n')
		return "it does not end in a line feed";
	return NULL;
}

/* True if some record that begins after 'from' is valid: then what is bad at 'from' is no torn
 * tail. */
static bool valid_record_follows(const struct oplog *log, size_t from, size_t *where)
{
	static const char mark[] = "OVSDB ";
	const char *p = log->map + from + 1;
	const char *end = log->map + log->map_len;

	while (p < end) {
		struct header h;

		p = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1);
		if (!p)
			return false;
		if (!record_check(p, (size_t)(end - p), &h)) {
			*where = (size_t)(p - log->map);
			return true;
		}
		p++;
	}
	return false;
}

static void unmap(struct oplog *log)
{
	if (log->map_len)
		munmap((void *)(uintptr_t)log->map, log->map_len);
	log->map = NULL;
	log->map_len = 0;
}

static char *map_file(struct oplog *log)
{
	struct stat st;
	void *map;

	if (fstat(log->fd, &st) < 0)
		return xasprintf("%s: cannot be examined: %s", log->name, errno_str(errno));
	if (!S_ISREG(st.st_mode))
		return xasprintf("%s: is not a regular file", log->name);
	if (!st.st_size)
		return xasprintf(
			"%s: is empty, so it is no database; make one with 'ovsdb-tool create'",
			log->name);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, log->fd, 0);
	if (map == MAP_FAILED)
		return xasprintf("%s: cannot be read: %s", log->name, errno_str(errno));
	madvise(map, (size_t)st.st_size, MADV_SEQUENTIAL);
	log->map = map;
	log->map_len = (size_t)st.st_size;
	return NULL;
}

static char *lock_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash + 1 - path) : 0;

	return xasprintf("%.*s.%s.~lock~", dir_len, path, path + dir_len);
}

static char *lock(struct oplog *log)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *path = lock_name(log->path);
	struct stat st;
	char *err = NULL;
	int fd;

	/* Before it is opened: closing any descriptor of a file drops all locks that a process has
	 * on it. */
	if (!stat(path, &st))
		for (struct oplog *o = locked_logs; o; o = o->next_locked)
			if (o->lock_dev == st.st_dev && o->lock_ino == st.st_ino) {
				err = xasprintf("%s: this process has the database open already",
						log->name);
				free(path);
				return err;
			}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err = xasprintf("%s: cannot make lock file %s: %s", log->name, path,
				errno_str(errno));
		goto out;
	}
	if (fcntl(fd, F_SETLK, &l) < 0) {
		bool held = errno == EAGAIN || errno == EACCES;
		int error = errno;

		l.l_pid = 0;
		if (held && !fcntl(fd, F_GETLK, &l) && l.l_type != F_UNLCK && l.l_pid > 0)
			err = xasprintf("%s: process %d has the database open; stop it, or use "
					"ovsdb-client to talk to it",
					log->name, (int)l.l_pid);
		else if (held)
			err = xasprintf("%s: another process has the database open; stop it, or "
					"use ovsdb-client to talk to it",
					log->name);
		else
			err = xasprintf("%s: cannot lock %s: %s", log->name, path,
					errno_str(error));
		goto out;
	}
	log->lock_fd = fd;
	log->lock_dev = st.st_dev;
	log->lock_ino = st.st_ino;
	log->next_locked = locked_logs;
	locked_logs = log;
	free(path);
	return NULL;
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

static void unlock(struct oplog *log)
{
	if (log->lock_fd < 0)
		return;
	for (struct oplog **p = &locked_logs; *p; p = &(*p)->next_locked)
		if (*p == log) {
			*p = log->next_locked;
			break;
		}
	close(log->lock_fd);
	log->lock_fd = -1;
}

static struct oplog *alloc(const char *name, const char *magic, bool writable)
{
	struct oplog *log = xzalloc(sizeof(*log));

	log->name = xstrdup(name);
	log->magic = xstrdup(magic);
	log->writable = writable;
	log->fd = log->lock_fd = -1;
	return log;
}

char *oplog_open(const char *path, const char *magic, bool writable, struct oplog **logp)
{
	struct oplog *log = alloc(path, magic, writable);
	struct header h;
	const char *why;
	char *err;

	log->path = writable ? realpath(path, NULL) : xstrdup(path);
	if (!log->path) {
		err = xasprintf("%s: cannot open: %s", path, errno_str(errno));
		goto fail;
	}
	if (writable) {
		err = lock(log);
		if (err)
			goto fail;
	}
	log->fd = open(log->path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (log->fd < 0) {
		err = xasprintf("%s: cannot open%s: %s", path, writable ? " for writing" : "",
				errno_str(errno));
		goto fail;
	}
	err = map_file(log);
	if (err)
		goto fail;
	why = header_parse(log->map, log->map_len, &h);
	if (why) {
		err = xasprintf("%s: is not a database file: %s", path, why);
		goto fail;
	}
	if (!word_in_list(h.magic, h.magic_len, magic)) {
		err = xasprintf("%s: is a database file of kind \"%.*s\", which is not served here "
				"(only \"%s\")",
				path, (int)MIN(h.magic_len, 32u), h.magic, magic);
		goto fail;
	}
	free(log->magic);
	log->magic = xstrndup(h.magic, h.magic_len);
	*logp = log;
	return NULL;
fail:
	oplog_close(log);
	return err;
}

/* Makes a directory entry durable. */
static int sync_dir(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = 0;

	free(copy);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		error = -errno;
	close(fd);
	return error;
}

char *oplog_create(const char *path, const char *magic, struct oplog **logp)
{
	struct oplog *log = alloc(path, magic, true);
	char *err;
	int error;

	log->path = xstrdup(path);
	err = lock(log);
	if (err)
		goto fail;
	log->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (log->fd < 0) {
		err = xasprintf("%s: cannot create: %s", path, errno_str(errno));
		goto fail;
	}
	error = sync_dir(path);
	if (error) {
		err = xasprintf("%s: cannot sync the directory: %s", path, errno_str(error));
		unlink(path);
		goto fail;
	}
	*logp = log;
	return NULL;
fail:
	oplog_close(log);
	return err;
}

void oplog_close(struct oplog *log)
{
	if (!log)
		return;
	unmap(log);
	if (log->fd >= 0)
		close(log->fd);
	unlock(log);
	free(log->path);
	free(log->name);
	free(log->magic);
	free(log);
}

static char *bad_record(const struct oplog *log, size_t offset, const char *why)
{
	size_t next;

	if (valid_record_follows(log, offset, &next))
		return xasprintf(
			"%s: the record at octet %zu is damaged (%s) but valid records follow "
			"from octet %zu on; nothing was changed.  Restore a backup, or keep only "
			"what is before the damage: cp FILE FILE.bad && truncate -s %zu FILE",
			log->name, offset, why, next, offset);
	return NULL;
}

char *oplog_read_text(struct oplog *log, const char **text, size_t *len)
{
	struct header h;
	const char *why;
	char *err;

	*text = NULL;
	*len = 0;
	if (!log->map)
		return NULL;
	if (log->offset == log->map_len) {
		unmap(log);
		return NULL;
	}
	log->record_offset = log->offset;
	why = record_check(log->map + log->offset, log->map_len - log->offset, &h);
	if (!why && (strlen(log->magic) != h.magic_len || memcmp(log->magic, h.magic, h.magic_len)))
		why = "it is of another kind than the first record";
	if (!why) {
		*text = log->map + log->offset + h.header_len;
		*len = h.len;
		log->offset += h.header_len + h.len;
		log->end = (off_t)log->offset;
		return NULL;
	}
	err = bad_record(log, log->offset, why);
	if (err)
		return err;
	if (!log->offset)
		return xasprintf(
			"%s: the first record is damaged (%s), so there is no schema; restore "
			"a backup or make a new file with 'ovsdb-tool create'",
			log->name, why);
	log_warn("%s: the last write was cut short at octet %zu (%s): %s %zu octets", log->name,
		 log->offset, why, log->writable ? "dropping" : "ignoring",
		 log->map_len - log->offset);
	log->tail_is_bad = true;
	unmap(log);
	return NULL;
}

char *oplog_read(struct oplog *log, json_t **record)
{
	const char *text;
	json_error_t error;
	size_t len;
	char *err;

	*record = NULL;
	err = oplog_read_text(log, &text, &len);
	if (err || !text)
		return err;
	*record = json_loadb(text, len, 0, &error);
	if (!*record)
		return oplog_bad_record(log, xasprintf("it is not JSON: %s", error.text));
	if (!json_is_object(*record) && !json_is_array(*record)) {
		json_decref(*record);
		*record = NULL;
		return oplog_bad_record(log, xstrdup("it is not a JSON object"));
	}
	return NULL;
}

char *oplog_bad_record(const struct oplog *log, char *why)
{
	char *err = xasprintf("%s: the record at octet %zu cannot be used: %s", log->name,
			      log->record_offset, why);

	free(why);
	return err;
}

void oplog_frame_text(const char *magic, const char *json, size_t len, struct str *batch)
{
	char hex[SHA1_HEX_LEN + 1];

	sha1_hex(json, len, hex);
	str_printf(batch, "OVSDB %s %zu %s\n", magic, len, hex);
	str_put_mem(batch, json, len);
}

static int put_chunk(const char *buf, size_t n, void *s)
{
	str_put_mem(s, buf, n);
	return 0;
}

void oplog_frame(const char *magic, const json_t *record, struct str *batch)
{
	struct str json = STR_INIT;

	json_dump_callback(record, put_chunk, &json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	str_putc(&json, '\n');
	oplog_frame_text(magic, json.data, json.len, batch);
	str_uninit(&json);
}

static int write_all(int fd, const char *p, size_t n, off_t at)
{
	while (n) {
		ssize_t done = pwrite(fd, p, n, at);

		if (done < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

char *oplog_append(struct oplog *log, const struct str *batch)
{
	int error = 0;

	assert(log->writable && !log->map);
	if (!batch->len)
		return NULL;
	if (log->tail_is_bad) {
		if (ftruncate(log->fd, log->end) < 0)
			return xasprintf("%s: cannot cut off a damaged tail: %s", log->name,
					 errno_str(errno));
		log->tail_is_bad = false;
	}
	if (log->dir_is_unsynced) {
		/* A crash could bring back the file from before the rename, without this record. */
		error = sync_dir(log->path);
		if (error)
			return xasprintf("%s: cannot sync the directory: %s", log->name,
					 errno_str(error));
		log->dir_is_unsynced = false;
	}
	error = write_all(log->fd, batch->data, batch->len, log->end);
	if (!error && fdatasync(log->fd) < 0)
		error = -errno;
	if (error) {
		/* After a failed fsync the kernel may have dropped the pages: what is on the disk
		 * beyond 'end' is unknown, so it goes, whatever it is. */
		log->tail_is_bad = ftruncate(log->fd, log->end) < 0 || fsync(log->fd) < 0;
		return xasprintf("%s: cannot write to the database: %s", log->name,
				 errno_str(error));
	}
	log->end += (off_t)batch->len;
	return NULL;
}

char *oplog_create_beside(const struct oplog *log, const char *suffix, struct oplog **newer)
{
	struct oplog *o;
	char *path = xasprintf("%s%s", log->path, suffix);
	struct stat st;

	o = alloc(path, log->magic, true);
	o->path = path;
	unlink(path);
	o->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (o->fd < 0 || fstat(log->fd, &st) < 0 || fchmod(o->fd, st.st_mode & 07777) < 0) {
		char *err = xasprintf("%s: cannot create: %s", path, errno_str(errno));

		oplog_discard(o);
		return err;
	}
	/* The owner changes only if we may; a file that only we can read is better than none. */
	if (fchown(o->fd, st.st_uid, st.st_gid) < 0)
		log_dbg("%s: cannot keep the owner: %s", path, errno_str(errno));
	*newer = o;
	return NULL;
}

char *oplog_replace(struct oplog *log, struct oplog *newer)
{
	int error;

	if (rename(newer->path, log->path) < 0) {
		error = errno;
		oplog_discard(newer);
		return xasprintf("%s: cannot be replaced: %s", log->name, errno_str(error));
	}
	error = sync_dir(log->path);
	log->dir_is_unsynced = error != 0;
	if (error)
		log_warn("%s: cannot sync the directory, nothing is written until that works: %s",
			 log->name, errno_str(error));
	close(log->fd);
	log->fd = newer->fd;
	log->end = newer->end;
	log->tail_is_bad = newer->tail_is_bad;
	newer->fd = -1;
	oplog_close(newer);
	return NULL;
}

void oplog_discard(struct oplog *newer)
{
	if (!newer)
		return;
	unlink(newer->path);
	oplog_close(newer);
}

const char *oplog_path(const struct oplog *log)
{
	return log->path;
}

const char *oplog_magic(const struct oplog *log)
{
	return log->magic;
}

off_t oplog_size(const struct oplog *log)
{
	return log->end;
}

off_t oplog_record_offset(const struct oplog *log)
{
	return (off_t)log->record_offset;
}
