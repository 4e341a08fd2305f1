/* SPDX-License-Identifier: Apache-2.0 */
/* Finds where a JSON object ends, octet by octet and with bounded memory, before a parser sees it.
 * It knows strings and brackets, nothing else: whether the text is JSON, the parser says.
 * It also adds up what the parsed value will take in memory, for "[[],[],..." takes a hundred times
 * its length.
 * Threads: none of its own. */
#ifndef RPC_JSON_SCAN_H
#define RPC_JSON_SCAN_H

#include "base/compiler.h"

enum json_scan_result {
	JSON_SCAN_MORE, /* all was taken, the object goes on */
	JSON_SCAN_DONE, /* the object ends with the last octet taken */
	JSON_SCAN_NOT_OBJECT, /* the text does not begin with "{" */
	JSON_SCAN_TOO_DEEP,
};

struct json_scan {
	uint32_t depth; /* of open brackets; 0: outside of an object */
	uint32_t max_depth;
	bool in_string, escaped;
	uint64_t weight; /* octets of memory, estimated from above, of the object so far */
};

void json_scan_init(struct json_scan *, uint32_t max_depth);
/* Takes octets of 'p' until the object ends: '*used' of them.  White space before the object is
 * taken too, and leaves 'depth' at 0.  After JSON_SCAN_DONE it is ready for the next object; after
 * an error '*used' is where the offending octet is, and nothing but json_scan_init() may follow. */
enum json_scan_result json_scan_feed(struct json_scan *, const char *p, size_t n, size_t *used);

#endif
