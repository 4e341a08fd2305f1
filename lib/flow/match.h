/* SPDX-License-Identifier: Apache-2.0 */
/* A match: a flow and the mask of what counts; bits outside the mask are 0 in the flow.  The
 * compact form is what rules hold; minimasks are shared by the rules of one shape. */
#ifndef FLOW_MATCH_H
#define FLOW_MATCH_H

#include "flow/flow.h"

struct str;

struct match {
	struct flow flow;
	struct flow_mask mask;
};
struct minimatch {
	struct miniflow *flow;
	struct minimask *mask;
};

/* A minimask on the heap with a reference count. Threads: any. */
struct minimask *minimask_create(const struct flow_mask *);
struct minimask *minimask_ref(struct minimask *);
void minimask_unref(struct minimask *); /* NULL is nothing */

void match_init_catchall(struct match *);
void match_normalize(struct match *); /* zeroes what the mask does not cover */
bool match_equal(const struct match *, const struct match *);
uint32_t match_hash(const struct match *, uint32_t basis);
void minimatch_init(struct minimatch *, const struct match *);
void minimatch_clone(struct minimatch *, const struct minimatch *);
void minimatch_uninit(struct minimatch *);
void minimatch_expand(const struct minimatch *, struct match *);
bool minimatch_equal(const struct minimatch *, const struct minimatch *);
uint32_t minimatch_hash(const struct minimatch *, uint32_t basis);
/* ovs-fields(7)'s form: "priority=10,tcp,in_port=1,..." ('priority' < 0: left out). */
void match_format(const struct match *, struct str *, int priority);
/* The same grammar read: NULL or a sentence that points at the word. 'priority' may be NULL. */
char *match_parse(struct match *, const char *, int *priority);

#endif
