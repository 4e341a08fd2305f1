// SPDX-License-Identifier: Apache-2.0
/* Datapath keys, masks and actions as octets and as text, and matches as text.  The first octet
 * says as what the rest is read; what is understood is shown, and what is shown must be
 * understood. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/odp.h"
#include "flow/odp_execute.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void die(const char *what, const char *text, const char *err)
{
	fprintf(stderr, "%s: %s\n%s\n", what, text, err ? err : "");
	abort();
}

static void actions(const void *data, size_t n)
{
	struct odp_buf b = { 0 };
	struct str s = STR_INIT, t = STR_INIT;
	char *err = odp_actions_check(data, n);
	bool good = !err;

	free(err);
	odp_actions_format(data, n, NULL, &s); /* whatever it is, it can be shown */
	if (good) {
		/* some lists have no text of their own: what has must mean the same again */
		err = odp_actions_parse(str_cstr(&s), NULL, &b);
		if (!err) {
			odp_actions_format(b.data, b.len, NULL, &t);
			str_clear(&s);
			odp_buf_clear(&b);
			err = odp_actions_parse(str_cstr(&t), NULL, &b);
			if (err)
				die("actions", str_cstr(&t), err);
			odp_actions_format(b.data, b.len, NULL, &s);
			if (!streq(str_cstr(&s), str_cstr(&t)))
				die("actions", str_cstr(&s), str_cstr(&t));
		}
		free(err);
	}
	str_uninit(&s);
	str_uninit(&t);
	odp_buf_uninit(&b);
}

static void actions_text(const char *text)
{
	struct odp_buf b = { 0 };
	char *err = odp_actions_parse(text, NULL, &b);

	if (!err)
		actions(b.data, b.len);
	free(err);
	odp_buf_uninit(&b);
}

static void show(const struct flow *f, const struct flow_mask *mask)
{
	struct str s = STR_INIT;

	odp_flow_format(f, mask, false, NULL, &s);
	str_clear(&s);
	odp_flow_format(f, mask, true, NULL, &s);
	str_uninit(&s);
}

static void key(const uint8_t *data, size_t n)
{
	struct odp_buf b = { 0 };
	struct flow_mask mask;
	struct flow f, g;

	if (odp_key_decode(data, n, &f, NULL) == ODP_FIT_ERROR)
		return;
	show(&f, NULL);
	if (odp_mask_decode(data, n, &f, &mask, NULL) != ODP_FIT_ERROR)
		show(&f, &mask);
	odp_key_encode(&b, &f);
	if (odp_key_decode(b.data, b.len, &g, NULL) == ODP_FIT_ERROR)
		abort();
	odp_buf_uninit(&b);
}

static void flow_text(const char *text)
{
	struct str s = STR_INIT, t = STR_INIT;
	struct flow_mask mask, mask2;
	struct flow f, g;
	char *err = odp_flow_parse(text, NULL, &f, &mask);

	if (!err) {
		show(&f, &mask);
		odp_flow_format(&f, &mask, false, NULL, &s);
		err = odp_flow_parse(str_cstr(&s), NULL, &g, &mask2);
		if (err)
			die("flow", str_cstr(&s), err);
		odp_flow_format(&g, &mask2, false, NULL, &t);
		str_clear(&s);
		if (odp_flow_parse(str_cstr(&t), NULL, &f, &mask))
			die("flow", str_cstr(&t), NULL);
		odp_flow_format(&f, &mask, false, NULL, &s);
		if (!streq(str_cstr(&s), str_cstr(&t)))
			die("flow", str_cstr(&s), str_cstr(&t));
	}
	free(err);
	str_uninit(&s);
	str_uninit(&t);
}

static void match_text(const char *text)
{
	struct str s = STR_INIT;
	struct match m, again;
	int priority = -1;
	char *err = match_parse(&m, text, &priority);

	if (!err) {
		match_format(&m, &s, priority);
		err = match_parse(&again, str_cstr(&s), &priority);
		if (err)
			die("match", str_cstr(&s), err);
	}
	free(err);
	str_uninit(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy;

	if (!n)
		return 0;
	copy = malloc(n); /* aligned as attributes must be, and tight */
	memcpy(copy, data + 1, n - 1);
	copy[n - 1] = '\0';
	switch (data[0] % 5) {
	case 0:
		actions(copy, n - 1);
		break;
	case 1:
		key((uint8_t *)copy, n - 1);
		break;
	case 2:
		actions_text(copy);
		break;
	case 3:
		flow_text(copy);
		break;
	case 4:
		match_text(copy);
		break;
	}
	free(copy);
	return 0;
}
