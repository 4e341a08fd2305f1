// SPDX-License-Identifier: Apache-2.0
/* Patterns: a conversion is '%', flags ('-' to the left, '0' for leading zeros), a width, and a
 * letter; some letters take an argument in braces. */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_impl.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"

#define WIDTH_MAX 1000
#define DATE_DEFAULT "%Y-%m-%d %H:%M:%S.###"

int log_severity(enum log_level l)
{
	switch (l) {
	case LOG_LVL_OFF:
	case LOG_LVL_EMER:
		return LOG_ALERT;
	case LOG_LVL_ERR:
		return LOG_ERR;
	case LOG_LVL_WARN:
		return LOG_WARNING;
	case LOG_LVL_INFO:
		return LOG_NOTICE;
	case LOG_LVL_DBG:
		break;
	}
	return LOG_DEBUG;
}

static void put_hostname(struct str *s)
{
	char name[256];

	if (gethostname(name, sizeof(name)))
		strlcpy_(name, "unknown", sizeof(name));
	name[sizeof(name) - 1] = '\0';
	str_put(s, name);
}

/* Takes "{...}" off '*p'; the caller frees; NULL if there is none. */
static char *take_braces(const char **p)
{
	const char *start = *p + 1, *end;

	if (**p != '{')
		return NULL;
	end = strchr(start, '}');
	if (!end)
		end = start + strlen(start);
	*p = *end ? end + 1 : end;
	return xstrndup(start, end - start);
}

static void put_date(struct str *s, const char **p, uint64_t wall_ms, bool utc)
{
	char *fmt = take_braces(p);
	char *text = clock_format(fmt ? fmt : DATE_DEFAULT, wall_ms, utc);

	str_put(s, text);
	free(text);
	free(fmt);
}

static uint64_t started_ms;

static void __attribute__((constructor)) remember_start(void)
{
	started_ms = clock_ms();
}

/* Puts what the letter at '*p' stands for, and passes it. */
static void put_conversion(struct str *s, const char **p, const struct log_line *line)
{
	char letter = *(*p)++;

	switch (letter) {
	case 'A':
		str_put(s, program_name);
		break;
	case 'B':
		str_printf(s, "%d", line->facility | log_severity(line->level));
		break;
	case 'c':
		str_put(s, line->module->name);
		break;
	case 'd':
	case 'D':
		put_date(s, p, line->wall_ms, letter == 'D');
		break;
	case 'E':
		put_hostname(s);
		break;
	case 'm':
		str_put(s, line->message);
		break;
	case 'N':
		str_printf(s, "%u", line->serial);
		break;
	case 'n':
		str_putc(s, '\n');
		break;
	case 'p':
		str_put(s, log_level_name(line->level));
		break;
	case 'P':
		str_printf(s, "%ld", (long)getpid());
		break;
	case 'r':
		str_printf(s, "%llu", (unsigned long long)(clock_ms() - started_ms));
		break;
	case 't':
		str_put(s, *thread_name() ? thread_name() : "main");
		break;
	case 'T':
		if (*thread_name())
			str_printf(s, "(%s)", thread_name());
		break;
	default:
		str_putc(s, letter);
		break;
	}
}

/* Widens what was put since 'start' to 'width' octets. */
static void pad(struct str *s, size_t start, size_t width, bool left, bool zeros)
{
	size_t n = s->len - start, fill;

	if (n >= width)
		return;
	fill = width - n;
	str_put_repeat(s, left ? ' ' : zeros ? '0' : ' ', fill);
	if (!left) {
		memmove(s->data + start + fill, s->data + start, n);
		memset(s->data + start, zeros ? '0' : ' ', fill);
	}
}

void log_expand(struct str *s, const char *p, const struct log_line *line)
{
	while (*p) {
		bool left = false, zeros = false;
		size_t width = 0, start = s->len;

		if (*p != '%') {
			str_putc(s, *p++);
			continue;
		}
		for (p++; *p == '-' || *p == '0'; p++) {
			left |= *p == '-';
			zeros |= *p == '0';
		}
		for (; *p >= '0' && *p <= '9'; p++)
			width = MIN(width * 10 + (size_t)(*p - '0'), (size_t)WIDTH_MAX);
		if (!*p)
			break;
		put_conversion(s, &p, line);
		pad(s, start, width, left, zeros);
	}
}
