// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static NORETURN void out_of_memory(void)
{
	fprintf(stderr, "%s: out of memory\n", program_name);
	abort();
}

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xzalloc(size_t n)
{
	return xcalloc(1, n);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = n && size ? calloc(n, size) : calloc(1, 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *old, size_t n)
{
	void *p = realloc(old, n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xmemdup(const void *src, size_t n)
{
	void *p = xmalloc(n);

	if (n)
		memcpy(p, src, n);
	return p;
}

void *xzalloc_cacheline(size_t n)
{
	void *p;

	if (n > SIZE_MAX - CACHE_LINE_SIZE)
		out_of_memory();
	n = ROUND_UP(MAX(n, (size_t)1), CACHE_LINE_SIZE);
	p = aligned_alloc(CACHE_LINE_SIZE, n);
	if (!p)
		out_of_memory();
	return memset(p, 0, n);
}

char *xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

char *xstrndup(const char *s, size_t max)
{
	size_t n = strnlen(s, max);
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *xstrdup_nullable(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

char *xvasprintf(const char *fmt, va_list args)
{
	char *s;

	if (vasprintf(&s, fmt, args) < 0)
		out_of_memory();
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = xvasprintf(fmt, args);
	va_end(args);
	return s;
}

void *x2nrealloc(void *p, size_t *n_allocated, size_t size)
{
	size_t n = *n_allocated ? *n_allocated : 1;
	size_t octets;

	if (*n_allocated && __builtin_mul_overflow(n, (size_t)2, &n))
		out_of_memory();
	if (__builtin_mul_overflow(n, size, &octets))
		out_of_memory();
	*n_allocated = n;
	return xrealloc(p, octets);
}

void strlcpy_(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
}

/* What the C library's conversions would skip or take beyond digits is not a number here. */
static bool starts_number(const char *s, bool negative_too)
{
	if (*s == '-')
		return negative_too && s[1] != '-' && s[1] != '+' && s[1] != ' ' && s[1];
	return (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
}

bool str_to_i64(const char *s, int base, int64_t *v)
{
	long long x;
	char *end;

	if (!s || !starts_number(s, true))
		return false;
	errno = 0;
	x = strtoll(s, &end, base);
	if (errno || end == s || *end)
		return false;
	*v = x;
	return true;
}

bool str_to_u64(const char *s, int base, uint64_t *v)
{
	unsigned long long x;
	char *end;

	if (!s || !starts_number(s, false))
		return false;
	errno = 0;
	x = strtoull(s, &end, base);
	if (errno || end == s || *end)
		return false;
	*v = x;
	return true;
}

bool str_to_int(const char *s, int base, int *v)
{
	int64_t x;

	if (!str_to_i64(s, base, &x) || x < INT32_MIN || x > INT32_MAX)
		return false;
	*v = (int)x;
	return true;
}

int hex_digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool str_to_uint(const char *s, int base, unsigned int *v)
{
	uint64_t x;

	if (!str_to_u64(s, base, &x) || x > UINT32_MAX)
		return false;
	*v = (unsigned int)x;
	return true;
}

bool str_to_double(const char *s, double *v)
{
	double x;
	char *end;

	if (!s || !((*s >= '0' && *s <= '9') || *s == '-' || *s == '+' || *s == '.'))
		return false;
	x = strtod(s, &end);
	if (end == s || *end || !isfinite(x))
		return false;
	*v = x;
	return true;
}

bool streq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !memcmp(s + n - m, suffix, m);
}

const char *program_name = "?";

/* The room of the original argv, for program_set_title(); NULL before program_init(). */
static char *title_start;
static size_t title_size;
static char *original_title; /* 'title_size' octets, once the title was changed */

void program_init(int argc, char *argv[])
{
	const char *slash;
	int i;

	if (argc < 1 || !argv[0])
		return;
	slash = strrchr(argv[0], '/');
	program_name = xstrdup(slash ? slash + 1 : argv[0]);
	/* A broken pipe is an error of one connection, not the end of the program. */
	signal(SIGPIPE, SIG_IGN);

	title_start = argv[0];
	title_size = 0;
	for (i = 0; i < argc; i++) {
		if (argv[i] == title_start + title_size)
			title_size += strlen(argv[i]) + 1;
		argv[i] = xstrdup(argv[i]);
	}
}

void program_set_title(const char *fmt, ...)
{
	va_list args;
	char *title;

	if (!title_size)
		return;
	if (!original_title)
		original_title = xmemdup(title_start, title_size);
	if (!fmt) {
		memcpy(title_start, original_title, title_size);
		return;
	}
	va_start(args, fmt);
	title = xvasprintf(fmt, args);
	va_end(args);
	memset(title_start, 0, title_size);
	strlcpy_(title_start, title, title_size);
	free(title);
}

void program_print_version(void)
{
	printf("%s (Open vSwitch) %s\nrelease %s\n", program_name, PACKAGE_VERSION, OUR_VERSION);
}

void fatal(int err, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	if (err)
		fprintf(stderr, ": %s", errno_str(err));
	putc('\n', stderr);
	exit(1);
}

const char *errno_str(int err)
{
	static __thread char unknown[32];
	const char *s;

	err = err == INT32_MIN ? INT32_MAX : abs(err);
	if (!err)
		return "Success";
	s = strerrordesc_np(err);
	if (s)
		return s;
	snprintf(unknown, sizeof(unknown), "Unknown error %d", err);
	return unknown;
}
