/* SPDX-License-Identifier: Apache-2.0 */
/* memory/show: owners register a reporter that adds "name:count" pairs. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/compiler.h"

struct str;
struct memory_reporter {
	/* Calls memory_report() for each figure; runs in the main thread. */
	void (*report)(struct memory_reporter *, struct str *);
	struct memory_reporter *next;
};
void memory_reporter_add(struct memory_reporter *);
void memory_reporter_del(struct memory_reporter *);
void memory_report(struct str *, const char *name, uint64_t n);
/* One line: "name:value name:value", sorted by name; the sum where several report one name. */
void memory_format(struct str *);

/* Gives what the allocator holds in reserve back to the system: after work that freed much and will
 * not come again soon.  Takes some ms.  Threads: any. */
void memory_give_back(void);

#endif
