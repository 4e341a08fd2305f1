/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the log share.  Not for others.
 * Threads: everything here is called with the log's lock held, log_expand() apart. */
#ifndef BASE_LOG_IMPL_H
#define BASE_LOG_IMPL_H

#include "base/compiler.h"
#include "base/log.h"

struct log_line {
	const struct log_module *module;
	enum log_level level;
	const char *message;
	unsigned int serial; /* counts the lines of this thread */
	uint64_t wall_ms;
	int facility; /* as in syslog(3), already shifted */
};

const char *log_level_name(enum log_level);
/* Puts 'pattern' with its conversions (ovs-appctl(8), "FORMATS") filled in from the line. */
void log_expand(struct str *, const char *pattern, const struct log_line *);
/* The severity of syslog(3) for a level. */
int log_severity(enum log_level);

/* Facility by name in any case; -1 if there is none. */
int log_facility_lookup(const char *name);
char *log_syslog_set_method(const char *);
char *log_syslog_set_target(const char *host_port);
/* Sends 'text', of one or more lines, each as a message of its own. */
void log_syslog_send(int priority, const char *text);
/* Sends the line to the target of --syslog-target, if there is one. */
void log_syslog_send_target(const struct log_line *);

#endif
