// SPDX-License-Identifier: Apache-2.0
#include "rpc/json_scan.h"

#include <string.h>

/* What jansson takes for each, rounded up: a hash table with its first buckets, an array with its
 * first slots, a pair of an object, an element. */
#define OBJECT_WEIGHT 320
#define ARRAY_WEIGHT 144
#define PAIR_WEIGHT 128
#define ELEMENT_WEIGHT 64

void json_scan_init(struct json_scan *scan, uint32_t max_depth)
{
	memset(scan, 0, sizeof(*scan));
	scan->max_depth = max_depth;
}

/* Returns how many octets of a string were taken; the string may go on. */
static size_t scan_string(struct json_scan *scan, const char *p, size_t n)
{
	size_t i = 0;

	if (scan->escaped && n) {
		scan->escaped = false;
		i++;
	}
	for (; i < n; i++) {
		if (p[i] == '"') {
			scan->in_string = false;
			i++;
			break;
		}
		if (p[i] == '\\' && ++i == n) {
			scan->escaped = true;
			break;
		}
	}
	scan->weight += i;
	return i;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

enum json_scan_result json_scan_feed(struct json_scan *scan, const char *p, size_t n, size_t *used)
{
	size_t i = 0;

	if (!scan->depth) {
		while (i < n && is_space(p[i]))
			i++;
		*used = i;
		if (i == n)
			return JSON_SCAN_MORE;
		if (p[i] != '{')
			return JSON_SCAN_NOT_OBJECT;
		scan->weight = 0;
	}
	while (i < n) {
		if (scan->in_string) {
			i += scan_string(scan, p + i, n - i);
			continue;
		}
		switch (p[i]) {
		case '"':
			scan->in_string = true;
			scan->weight += ELEMENT_WEIGHT;
			break;
		case '{':
		case '[':
			if (scan->depth == scan->max_depth) {
				*used = i;
				return JSON_SCAN_TOO_DEEP;
			}
			scan->depth++;
			scan->weight += p[i] == '{' ? OBJECT_WEIGHT : ARRAY_WEIGHT;
			break;
		case '}':
		case ']':
			if (!--scan->depth) {
				*used = i + 1;
				return JSON_SCAN_DONE;
			}
			break;
		case ':':
			scan->weight += PAIR_WEIGHT;
			break;
		case ',':
			scan->weight += ELEMENT_WEIGHT;
			break;
		}
		i++;
	}
	*used = n;
	return JSON_SCAN_MORE;
}
