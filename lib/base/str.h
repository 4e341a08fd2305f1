/* SPDX-License-Identifier: Apache-2.0 */
/* A string that grows.  Zero-initialised ({0} or STR_INIT) it is empty and valid.
 * Threads: none of its own. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>

#include "base/compiler.h"

struct str {
	char *data; /* NUL-terminated once anything was put; NULL before */
	size_t len;
	size_t size; /* allocated octets, 0 if 'data' is NULL */
};
#define STR_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void str_uninit(struct str *);
void str_clear(struct str *);
void str_truncate(struct str *, size_t len);
void str_put(struct str *, const char *);
void str_putc(struct str *, char);
void str_put_mem(struct str *, const void *, size_t);
void str_put_repeat(struct str *, char, size_t n);
void str_printf(struct str *, const char *fmt, ...) PRINTF_FORMAT(2, 3);
void str_vprintf(struct str *, const char *fmt, va_list) PRINTF_FORMAT(2, 0);
/* Drops the last octet if it is 'c' (as for trailing commas). */
void str_chomp(struct str *, char c);
/* Puts 'n' octets as a hex dump of 16 a line, offsets and ASCII. */
void str_put_hexdump(struct str *, const void *, size_t n);
/* The content, never NULL; owned by the string until it changes. */
const char *str_cstr(const struct str *);
/* The content, which the caller frees; the string is empty afterwards.  Never NULL. */
char *str_steal(struct str *) MUST_CHECK;

#endif
