/* SPDX-License-Identifier: Apache-2.0 */
/* The log: modules, levels, destinations.
 * A file that logs says LOG_MODULE(name) once, after its includes.  A line whose level is off at
 * every destination costs a load and a branch; arguments are not evaluated then.
 * Levels: err someone must act; warn something was lost or a peer is wrong; info a state changed;
 * dbg the rest; emer only before the process ends.
 * Rate limits belong to a port or a peer: the caller keeps a 'struct log_rl' in that object.
 * Threads: any; lines are written whole. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

#include "base/compiler.h"

struct smap;
struct str;

enum log_level { LOG_LVL_OFF, LOG_LVL_EMER, LOG_LVL_ERR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DBG };
enum log_dest { LOG_TO_SYSLOG, LOG_TO_CONSOLE, LOG_TO_FILE, LOG_N_DESTS };

struct log_module {
	const char *name; /* as in -vNAME */
	uint8_t min_level; /* most verbose level any destination takes; read without a lock */
	uint8_t level[LOG_N_DESTS];
	bool honor_rate_limits;
	struct log_module *next;
};

/* A token bucket: 'burst' lines at once, 'per_minute' on average.  Zeroed it allows 60 a minute. */
struct log_rl {
	uint32_t per_minute; /* 0: 60 */
	uint32_t burst; /* 0: as per_minute, at most 60 */
	/* The rest belongs to log_rl.c, under 'locked'. */
	uint32_t locked;
	uint32_t n_dropped;
	uint64_t credit; /* a line costs 60,000, a millisecond brings 'per_minute' */
	uint64_t last_ms;
	uint64_t first_dropped_ms, last_dropped_ms; /* valid if 'n_dropped' */
};
#define LOG_RL_INIT(PER_MINUTE, BURST)                                                             \
	{                                                                                          \
		.per_minute = (PER_MINUTE), .burst = (BURST)                                       \
	}

void log_register(struct log_module *);
#define LOG_MODULE(NAME)                                                                           \
	static struct log_module log_this_module = { .name = #NAME };                              \
	static void __attribute__((constructor)) log_register_##NAME(void)                         \
	{                                                                                          \
		log_register(&log_this_module);                                                    \
	}                                                                                          \
	static_assert(true, "swallow the semicolon")

static inline bool log_is_on(const struct log_module *m, enum log_level l)
{
	return __atomic_load_n(&m->min_level, __ATOMIC_RELAXED) >= l;
}

void log_write(const struct log_module *, enum log_level, const char *fmt, ...) PRINTF_FORMAT(3, 4);
void log_write_v(const struct log_module *, enum log_level, const char *fmt, va_list)
	PRINTF_FORMAT(3, 0);
/* Drops the line if 'rl' is empty; says how many were dropped with the next one. */
void log_write_rl(const struct log_module *, enum log_level, struct log_rl *, const char *fmt, ...)
	PRINTF_FORMAT(4, 5);

#define LOG__(L, ...)                                                                              \
	do {                                                                                       \
		if (unlikely(log_is_on(&log_this_module, L)))                                      \
			log_write(&log_this_module, L, __VA_ARGS__);                               \
	} while (0)
#define LOG_RL__(L, RL, ...)                                                                       \
	do {                                                                                       \
		if (unlikely(log_is_on(&log_this_module, L)))                                      \
			log_write_rl(&log_this_module, L, RL, __VA_ARGS__);                        \
	} while (0)

#define log_emer(...) LOG__(LOG_LVL_EMER, __VA_ARGS__)
#define log_err(...) LOG__(LOG_LVL_ERR, __VA_ARGS__)
#define log_warn(...) LOG__(LOG_LVL_WARN, __VA_ARGS__)
#define log_info(...) LOG__(LOG_LVL_INFO, __VA_ARGS__)
#define log_dbg(...) LOG__(LOG_LVL_DBG, __VA_ARGS__)
#define log_err_rl(RL, ...) LOG_RL__(LOG_LVL_ERR, RL, __VA_ARGS__)
#define log_warn_rl(RL, ...) LOG_RL__(LOG_LVL_WARN, RL, __VA_ARGS__)
#define log_info_rl(RL, ...) LOG_RL__(LOG_LVL_INFO, RL, __VA_ARGS__)
#define log_dbg_rl(RL, ...) LOG_RL__(LOG_LVL_DBG, RL, __VA_ARGS__)

/* Applies a -v / vlog/set specification (SPEC section 2: [MODULE:][DEST:]LEVEL in any order,
 * separated by colons, commas or spaces; ANY; PATTERN:DEST:PATTERN; FACILITY:NAME).
 * Returns NULL, or a sentence that the caller frees, nothing changed. */
char *log_set_levels(const char *spec) MUST_CHECK;
/* Starts logging to 'path' (NULL: LOGDIR/PROGRAM.log).  NULL or a sentence. */
char *log_open_file(const char *path) MUST_CHECK;
char *log_reopen_file(void) MUST_CHECK;
void log_close_file(void);
/* The descriptor of the log file, -1 if there is none (what writes without the log: a crash). */
int log_file_fd(void);
/* "libc", "null", "unix:FILE", "udp:IP:PORT". */
char *log_set_syslog_method(const char *) MUST_CHECK;
char *log_set_syslog_target(const char *host_port) MUST_CHECK;
/* Adds the lines of vlog/list and vlog/list-pattern. */
void log_format_levels(struct str *);
void log_format_patterns(struct str *);
/* Turns rate limits of one module (NULL: of all) on or off.  -ENOENT if there is no such module. */
int log_honor_rate_limits(const char *module, bool honor);

#endif
