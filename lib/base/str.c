// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* Makes room for 'n' more octets and the NUL; returns where they go. */
static char *str_room(struct str *s, size_t n)
{
	size_t need;

	if (__builtin_add_overflow(s->len + 1, n, &need))
		fatal(0, "string of %zu octets cannot grow by %zu", s->len, n);
	if (need > s->size) {
		s->size = MAX(need, s->size > SIZE_MAX / 2 ? need : MAX(s->size * 2, (size_t)64));
		s->data = xrealloc(s->data, s->size);
	}
	return s->data + s->len;
}

void str_uninit(struct str *s)
{
	if (!s)
		return;
	free(s->data);
	*s = (struct str)STR_INIT;
}

void str_clear(struct str *s)
{
	str_truncate(s, 0);
}

void str_truncate(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

void str_put(struct str *s, const char *t)
{
	str_put_mem(s, t, strlen(t));
}

void str_putc(struct str *s, char c)
{
	str_put_mem(s, &c, 1);
}

void str_put_mem(struct str *s, const void *p, size_t n)
{
	char *dst = str_room(s, n);

	if (n)
		memcpy(dst, p, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void str_put_repeat(struct str *s, char c, size_t n)
{
	memset(str_room(s, n), c, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void str_vprintf(struct str *s, const char *fmt, va_list args)
{
	va_list again;
	int n;

	str_room(s, 0);
	va_copy(again, args);
	n = vsnprintf(s->data + s->len, s->size - s->len, fmt, args);
	if (n >= 0 && (size_t)n >= s->size - s->len) {
		str_room(s, n);
		n = vsnprintf(s->data + s->len, s->size - s->len, fmt, again);
	}
	va_end(again);
	if (n > 0)
		s->len += n;
	s->data[s->len] = '\0';
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	str_vprintf(s, fmt, args);
	va_end(args);
}

void str_chomp(struct str *s, char c)
{
	if (s->len && s->data[s->len - 1] == c)
		str_truncate(s, s->len - 1);
}

void str_put_hexdump(struct str *s, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t ofs, i;

	for (ofs = 0; ofs < n; ofs += 16) {
		size_t n_line = MIN(n - ofs, (size_t)16);

		str_printf(s, "%08zx ", ofs);
		for (i = 0; i < 16; i++) {
			char sep = i == 8 ? '-' : ' ';

			if (i < n_line)
				str_printf(s, "%c%02x", sep, p[ofs + i]);
			else
				str_put(s, "   ");
		}
		str_put(s, " |");
		for (i = 0; i < 16; i++) {
			if (i >= n_line)
				str_putc(s, ' ');
			else
				str_putc(s,
					 p[ofs + i] >= 32 && p[ofs + i] < 127 ? p[ofs + i] : '.');
		}
		str_put(s, "|\n");
	}
}

const char *str_cstr(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_steal(struct str *s)
{
	char *data = s->data ? s->data : xstrdup("");

	*s = (struct str)STR_INIT;
	return data;
}
