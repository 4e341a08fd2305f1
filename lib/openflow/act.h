/* SPDX-License-Identifier: Apache-2.0 */
/* OpenFlow actions in memory: a list of counted length, and one operations table for each kind
 * (actions/X.c: text and check; the translation of X is vswitchd/pipeline/act/X.c).
 * An empty list drops. */
#ifndef OPENFLOW_ACT_H
#define OPENFLOW_ACT_H

#include "base/compiler.h"

struct str;

enum act_type { ACT_OUTPUT, ACT_NORMAL, ACT_N_TYPES };

struct act {
	enum act_type type;
	union {
		struct {
			uint16_t port; /* OpenFlow 1.0 number */
		} output;
	};
};

struct act_list { /* constant once shared */
	size_t n;
	struct act acts[];
};

struct act_class {
	const char *name; /* as in text */
	/* Puts the action's text. */
	void (*format)(const struct act *, struct str *);
	/* Reads what follows "NAME" or "NAME:" ('arg' is "" if nothing does). NULL or a
	 * sentence. */
	char *(*parse)(struct act *, const char *arg);
};
extern const struct act_class act_output, act_normal;
const struct act_class *act_class(enum act_type);

struct act_list *act_list_create(const struct act *, size_t n);
bool act_list_equal(const struct act_list *, const struct act_list *);
/* "actions=..." without that word: "drop", "NORMAL", "output:1,output:2". */
void act_list_format(const struct act_list *, struct str *);
char *act_list_parse(const char *, struct act_list **);

#endif
