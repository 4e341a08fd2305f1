/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier: finds the rule of highest priority that matches a flow, and narrows the megaflow
 * mask to what the answer depended on.  Tuple-space search: a subtable for each mask, sorted by the
 * highest priority in it; staged look-up (a subtable is given up at the first stage whose hash has
 * no rule), prefix tries on IP addresses and port tries bound what an unmatched subtable adds to
 * the mask.
 *
 * Rules are versioned: visible in versions [since, until).  A look-up takes one version. Readers:
 * lock-free, inside rcu_enter().  Writers: the caller's lock.  Removed rules stay readable until a
 * grace period is over: free through rcu_defer(). */
#ifndef FLOW_CLASSIFIER_H
#define FLOW_CLASSIFIER_H

#include "base/rcuhash.h"
#include "flow/match.h"

typedef uint64_t cls_version;
#define CLS_VERSION_MIN 1
#define CLS_VERSION_MAX UINT64_MAX

/* Rules of one match that differ in priority or version stand beside each other under one hash:
 * they are few, and a chain of them would have to change heads under the readers. */
struct cls_rule {
	struct rcuhash_node node; /* in its subtable */
	struct minimatch match;
	int priority;
	cls_version since; /* written before publication */
	cls_version until; /* atomic: MAX while not deleted */
	struct cls_subtable *subtable;
};

struct classifier;
struct classifier *classifier_create(void);
/* It holds no rules any more.  Waits for nothing, frees by RCU. */
void classifier_destroy(struct classifier *);

void cls_rule_init(struct cls_rule *, const struct match *, int priority);
void cls_rule_uninit(struct cls_rule *);
/* Makes it visible from 'version' on. An equal rule (match and priority) visible at 'version' must
 * have been hidden by cls_rule_hide(version) before. */
void classifier_insert(struct classifier *, struct cls_rule *, cls_version);
/* Invisible from 'version' on, but still in place for older versions. */
void cls_rule_hide(struct cls_rule *, cls_version);
void cls_rule_restore(struct cls_rule *); /* undoes a hide */
bool cls_rule_visible(const struct cls_rule *, cls_version);
/* Takes a rule out, once no version that sees it is in use. */
void classifier_remove(struct classifier *, struct cls_rule *);

/* 'mask' (may be NULL) is narrowed by OR-ing what mattered.  NULL if nothing matches. */
const struct cls_rule *classifier_lookup(const struct classifier *, cls_version,
					 const struct flow *, struct flow_mask *mask);
/* The rule with exactly this match and priority, visible at 'version'. */
struct cls_rule *classifier_find(const struct classifier *, const struct match *, int priority,
				 cls_version);
size_t classifier_count(const struct classifier *);
/* Fields whose prefixes get a trie, at most 4; default ip_src, ip_dst, ipv6_src, ipv6_dst.  0,
 * -E2BIG if there are more, or -EINVAL if one has no prefixes (field_is_prefix()). */
struct field;
int classifier_set_prefix_fields(struct classifier *, const struct field *const *, size_t n);

/* Walks rules visible at 'version' (any version if MAX) whose match is at least as specific as
 * 'target' (NULL: all) until 'fn' returns false.  For the writer, or a reader under RCU; the
 * callback may hide or remove the rule it is given. */
void classifier_walk(const struct classifier *, cls_version, const struct match *target,
		     bool (*fn)(struct cls_rule *, void *aux), void *aux);

#endif
