// SPDX-License-Identifier: Apache-2.0
/* Ways to the system's log: the C library, a datagram socket (unix or UDP) of our own, or none.
 * The environment's OVS_SYSLOG_METHOD is the default.  Beside it, --syslog-target sends each line
 * to a remote collector in the format of RFC 5424. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log_impl.h"
#include "base/str.h"
#include "base/util.h"

struct sink {
	struct sockaddr_storage addr;
	socklen_t addr_len; /* 0: no sink */
	int fd; /* valid if 'addr_len' is not 0; -1 before the first message and after a failure */
};

static enum { METHOD_UNSET, METHOD_LIBC, METHOD_NULL, METHOD_SINK } method;
static struct sink method_sink;
static struct sink target;
static bool libc_opened;

static const struct {
	const char *name;
	int value;
} facilities[] = {
	{ "kern", LOG_KERN },     { "user", LOG_USER },     { "mail", LOG_MAIL },
	{ "daemon", LOG_DAEMON }, { "auth", LOG_AUTH },     { "syslog", LOG_SYSLOG },
	{ "lpr", LOG_LPR },       { "news", LOG_NEWS },     { "uucp", LOG_UUCP },
	{ "clock", LOG_CRON },    { "ftp", LOG_FTP },       { "ntp", 12 << 3 },
	{ "audit", 13 << 3 },     { "alert", 14 << 3 },     { "clock2", 15 << 3 },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};

int log_facility_lookup(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(facilities); i++) {
		if (!strcasecmp(facilities[i].name, name))
			return facilities[i].value;
	}
	return -1;
}

static void sink_close(struct sink *k)
{
	if (k->addr_len && k->fd >= 0)
		close(k->fd);
	k->addr_len = 0;
}

static char *sink_set_unix(struct sink *k, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (!*path || strlen(path) >= sizeof(un.sun_path))
		return xasprintf("syslog socket \"%s\": the name has 1 to %zu octets", path,
				 sizeof(un.sun_path) - 1);
	strlcpy_(un.sun_path, path, sizeof(un.sun_path));
	sink_close(k);
	memcpy(&k->addr, &un, sizeof(un));
	k->addr_len = sizeof(un);
	k->fd = -1;
	return NULL;
}

/* "HOST:PORT", "[HOST]:PORT" or, with 'flags' of getaddrinfo(), an address only. */
static char *sink_set_inet(struct sink *k, const char *host_port, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = flags | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	char *host = xstrdup(host_port), *h = host;
	char *colon = strrchr(host, ':');
	const char *port = "514";
	char *err = NULL;
	uint64_t number;
	int rc;

	if (colon && colon != host && !strchr(colon, ']')) {
		*colon = '\0';
		port = colon + 1;
	}
	if (*h == '[') {
		h++;
		h[strcspn(h, "]")] = '\0';
	}
	rc = str_to_u64(port, 10, &number) && number && number <= UINT16_MAX
		     ? getaddrinfo(h, port, &hints, &ai)
		     : EAI_SERVICE;
	if (rc) {
		err = xasprintf("syslog target \"%s\": not ADDRESS:PORT: %s", host_port,
				gai_strerror(rc));
	} else {
		sink_close(k);
		memcpy(&k->addr, ai->ai_addr, ai->ai_addrlen);
		k->addr_len = ai->ai_addrlen;
		k->fd = -1;
		freeaddrinfo(ai);
	}
	free(host);
	return err;
}

/* Never waits: a log that is full or gone loses the line. */
static void sink_send(struct sink *k, const char *text, size_t len)
{
	for (int tries = 0; tries < 2; tries++) {
		if (k->fd < 0) {
			k->fd = socket(k->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				       0);
			if (k->fd < 0)
				return;
			if (connect(k->fd, (struct sockaddr *)&k->addr, k->addr_len)) {
				close(k->fd);
				k->fd = -1;
				return;
			}
		}
		if (send(k->fd, text, len, MSG_NOSIGNAL) >= 0 || errno == EAGAIN ||
		    errno == EMSGSIZE)
			return;
		/* The daemon at the other end was restarted: its socket is another one now. */
		close(k->fd);
		k->fd = -1;
	}
}

char *log_syslog_set_method(const char *name)
{
	char *err = NULL;

	if (streq(name, "libc")) {
		method = METHOD_LIBC;
	} else if (streq(name, "null")) {
		method = METHOD_NULL;
	} else if (str_has_prefix(name, "unix:") || str_has_prefix(name, "udp:")) {
		err = name[1] == 'n' ? sink_set_unix(&method_sink, name + 5)
				     : sink_set_inet(&method_sink, name + 4, AI_NUMERICHOST);
		if (!err)
			method = METHOD_SINK;
	} else {
		err = xasprintf("unsupported syslog method '%s'", name);
	}
	return err;
}

char *log_syslog_set_target(const char *host_port)
{
	return sink_set_inet(&target, host_port, 0);
}

static void choose_method(void)
{
	const char *name = getenv("OVS_SYSLOG_METHOD");

	if (name && *name) {
		char *err = log_syslog_set_method(name);

		if (!err)
			return;
		fprintf(stderr, "%s: OVS_SYSLOG_METHOD: %s\n", program_name, err);
		free(err);
	}
	method = METHOD_LIBC;
}

static void send_one(int priority, const char *line, size_t len)
{
	if (method == METHOD_LIBC) {
		if (!libc_opened) {
			openlog(program_name, LOG_NDELAY, LOG_DAEMON);
			libc_opened = true;
		}
		syslog(priority, "%.*s", (int)len, line);
	} else {
		struct str s = STR_INIT;

		str_printf(&s, "<%d>", priority);
		str_put_mem(&s, line, len);
		sink_send(&method_sink, s.data, s.len);
		str_uninit(&s);
	}
}

void log_syslog_send(int priority, const char *text)
{
	if (method == METHOD_UNSET)
		choose_method();
	if (method == METHOD_NULL)
		return;
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			send_one(priority, text, len);
		text += len + (text[len] != '\0');
	}
}

void log_syslog_send_target(const struct log_line *line)
{
	struct str s = STR_INIT;

	if (!target.addr_len)
		return;
	/* RFC 5424 section 6: no structured data; the text is UTF-8 and says so by its BOM. */
	log_expand(&s, "<%B>1 %D{%Y-%m-%dT%H:%M:%S.###Z} %E %A %P %c - \xef\xbb\xbf%m", line);
	sink_send(&target, s.data, s.len);
	str_uninit(&s);
}
