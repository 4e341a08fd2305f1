// SPDX-License-Identifier: Apache-2.0
#include "openflow/act.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/util.h"

#define ACT_LIST_MAX 4096

static const struct act_class *const classes[ACT_N_TYPES] = {
	[ACT_OUTPUT] = &act_output,
	[ACT_NORMAL] = &act_normal,
};

const struct act_class *act_class(enum act_type type)
{
	return classes[type];
}

struct act_list *act_list_create(const struct act *acts, size_t n)
{
	struct act_list *list = xzalloc(sizeof(*list) + n * sizeof(*acts));

	list->n = n;
	if (n)
		memcpy(list->acts, acts, n * sizeof(*acts));
	return list;
}

bool act_list_equal(const struct act_list *a, const struct act_list *b)
{
	return a->n == b->n && !memcmp(a->acts, b->acts, a->n * sizeof(a->acts[0]));
}

void act_list_format(const struct act_list *list, struct str *s)
{
	if (!list->n)
		str_put(s, "drop");
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			str_putc(s, ',');
		classes[list->acts[i].type]->format(&list->acts[i], s);
	}
}

static char *act_parse(char *word, struct act *act)
{
	char *colon = strchr(word, ':');
	const char *arg = colon ? colon + 1 : "";
	unsigned int port;

	if (colon)
		*colon = '\0';
	for (size_t i = 0; i < ACT_N_TYPES; i++) {
		if (!strcasecmp(word, classes[i]->name)) {
			memset(act, 0, sizeof(*act));
			act->type = i;
			return classes[i]->parse(act, arg);
		}
	}
	/* A port alone is an output. */
	if (!*arg && str_to_uint(word, 10, &port)) {
		memset(act, 0, sizeof(*act));
		act->type = ACT_OUTPUT;
		return act_output.parse(act, word);
	}
	return xasprintf("unknown action \"%s\"", word);
}

char *act_list_parse(const char *text, struct act_list **listp)
{
	char *copy = xstrdup(text), *save = NULL, *err = NULL;
	struct act *acts = NULL;
	size_t n = 0, size = 0;

	for (char *word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
		if (!strcasecmp(word, "drop")) {
			if (n || strtok_r(NULL, ", ", &save))
				err = xstrdup(
					"\"drop\" must not be accompanied by any other action");
			break;
		}
		if (n == ACT_LIST_MAX) {
			err = xasprintf("more than %d actions", ACT_LIST_MAX);
			break;
		}
		if (n == size)
			acts = x2nrealloc(acts, &size, sizeof(*acts));
		err = act_parse(word, &acts[n]);
		if (err)
			break;
		n++;
	}
	if (!err)
		*listp = act_list_create(acts, n);
	free(acts);
	free(copy);
	return err;
}
