/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that cannot fail, small text and number helpers.
 * x*alloc() end the process with one line when memory is out: for sizes of our own making.  What is
 * sized from outside is bounded first and uses malloc(). */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdarg.h>

#include "base/compiler.h"

void *xmalloc(size_t) MUST_CHECK;
void *xzalloc(size_t) MUST_CHECK;
void *xcalloc(size_t n, size_t size) MUST_CHECK;
void *xrealloc(void *, size_t) MUST_CHECK;
void *xmemdup(const void *, size_t) MUST_CHECK;
/* Aligned to a cache line; freed with free(). */
void *xzalloc_cacheline(size_t) MUST_CHECK;
char *xstrdup(const char *) MUST_CHECK;
char *xstrndup(const char *, size_t) MUST_CHECK;
/* NULL for NULL. */
char *xstrdup_nullable(const char *) MUST_CHECK;
char *xasprintf(const char *fmt, ...) PRINTF_FORMAT(1, 2) MUST_CHECK;
char *xvasprintf(const char *fmt, va_list) PRINTF_FORMAT(1, 0) MUST_CHECK;
/* Doubles the room of an array: '*n_allocated' elements of 'size' octets. */
void *x2nrealloc(void *, size_t *n_allocated, size_t size) MUST_CHECK;

/* Copies at most 'size' - 1 octets and always ends 'dst' with a NUL ('size' > 0). */
void strlcpy_(char *dst, const char *src, size_t size);

/* Whole-string conversions: false (and '*v' untouched) on anything but a number in range. */
bool str_to_int(const char *, int base, int *v);
bool str_to_uint(const char *, int base, unsigned int *v);
bool str_to_i64(const char *, int base, int64_t *v);
bool str_to_u64(const char *, int base, uint64_t *v);
bool str_to_double(const char *, double *v);
int hex_digit_value(char); /* -1: it is no digit */

bool streq(const char *a, const char *b);
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);

/* The name after the last '/', as the program was started; set by program_init(). */
extern const char *program_name;
/* Call first in main(): remembers argv[0], ignores SIGPIPE. */
void program_init(int argc, char *argv[]);
/* Shows this instead of the command line in ps(1), as far as it fits in there; NULL brings that
 * back.  argv[] stays usable: program_init() has moved its strings. */
void program_set_title(const char *fmt, ...) PRINTF_FORMAT(1, 2);
/* Prints "NAME (Open vSwitch) 4.0.0" and our own version on the next line, to stdout. */
void program_print_version(void);
/* One line on stderr, "NAME: " first, ended with ": strerror" if 'err' is not 0; exits with 1. */
void fatal(int err, const char *fmt, ...) PRINTF_FORMAT(2, 3) NORETURN;

/* "Success" for 0, else strerror() of the absolute value; thread-safe, static storage. */
const char *errno_str(int err);

#endif
