// SPDX-License-Identifier: Apache-2.0
/* Octets from a peer, cut at places that the input chooses, through the scanner and the parser, and
 * once more in one piece: both must find the same messages.  The first octet says how to cut. */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "rpc/json_scan.h"
#include "rpc/jsonrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct found {
	unsigned int n;
	size_t end; /* of the last */
	enum json_scan_result result;
};

static void parse(const char *text, size_t n)
{
	struct jsonrpc_msg msg;
	json_error_t error;
	json_t *json = json_loadb(text, n, 0, &error);
	struct jsonrpc_text *again;
	char *why;

	if (!json)
		return;
	why = jsonrpc_msg_from_json(json, &msg);
	if (!why)
		jsonrpc_msg_uninit(&msg);
	free(why);
	again = jsonrpc_text_create(json); /* takes the reference */
	if (!again)
		abort(); /* what was parsed has a text */
	jsonrpc_text_unref(again);
}

/* 'cut' 0: in one piece. */
static struct found scan(const char *text, size_t size, unsigned int cut, bool and_parse)
{
	struct found f = { 0, 0, JSON_SCAN_MORE };
	size_t pos = 0, start = 0, used;
	struct json_scan s;
	uint32_t x = cut;

	json_scan_init(&s, JSONRPC_MAX_DEPTH);
	while (pos < size) {
		size_t n = size - pos;

		x = x * 1664525 + 1013904223;
		if (cut)
			n = MIN(n, 1 + (x >> 24) % cut);
		f.result = json_scan_feed(&s, text + pos, n, &used);
		if (used > n)
			abort();
		pos += used;
		if (f.result == JSON_SCAN_DONE) {
			if (and_parse)
				parse(text + start, pos - start);
			f.n++;
			f.end = start = pos;
		} else if (f.result != JSON_SCAN_MORE) {
			f.end = pos;
			break;
		} else if (used != n) {
			abort();
		}
	}
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct found whole, cut;
	const char *text = (const char *)data + 1;

	if (!size)
		return 0;
	whole = scan(text, size - 1, 0, true);
	cut = scan(text, size - 1, 1 + data[0] % 32, false);
	if (whole.n != cut.n || whole.end != cut.end || whole.result != cut.result)
		abort();
	return 0;
}
