/* SPDX-License-Identifier: Apache-2.0 */
/* Which cached flows must be translated again after a change of the L2 state.  A translation notes
 * the tag of each address it looked up; a change touches the tag of its address; a round takes what
 * was touched, and looks at the flows that have such a tag.  Tags are hashes, folded into a few
 * bits here: two addresses may share one, which costs a translation and harms nothing.
 *
 * Nothing is missed.  Who changes: (1) publishes the change, (2) touches.  A round: (3) takes,
 * (4) waits for a grace period, (5) dumps.  Who translates, in one read section: (6) looks up,
 * (7) installs.  If (2) comes before (3), the round has the tag, and a flow either was looked up
 * after (1), or before (3); then its section ends before (5), which finds it installed.  If (2)
 * comes after (3), the next round has the tag.
 * And nothing waits for long: either tags_touch() sees that a flow has the tag, or tags_use() sees
 * that the tag is touched, as all four accesses are sequentially consistent; tags_is_wanted() then
 * asks for a round.  A change that no flow depends on starts none.
 *
 * Threads: any. */
#ifndef UPCALL_TAGS_H
#define UPCALL_TAGS_H

#include "base/compiler.h"

#define TAGS_N (1u << 19) /* a flood of new addresses seldom meets that of many flows */

struct tag_set {
	uint64_t bits[TAGS_N / 64];
	bool is_empty;
	uint64_t n_users; /* flows that had one of them when they were taken, more or less */
};

struct tags {
	uint64_t touched[TAGS_N / 64]; /* atomic: since it was taken */
	uint32_t *users; /* [TAGS_N], atomic: flows that depend on it */
	bool wanted; /* atomic */
};

void tags_init(struct tags *);
void tags_uninit(struct tags *);
/* What the tag stands for has changed.  True if a round is wanted from now on. */
bool tags_touch(struct tags *, uint32_t tag);
/* A translation that looked it up is about to be cached; once for each tags_unuse().  True as
 * above. */
bool tags_use(struct tags *, uint32_t tag);
void tags_unuse(struct tags *, uint32_t tag);
/* Something touched has users: a round is due. */
bool tags_is_wanted(const struct tags *);
/* Moves all that is touched to 'set'. */
void tags_take(struct tags *, struct tag_set *set);

static inline bool tag_set_has(const struct tag_set *set, uint32_t tag)
{
	tag %= TAGS_N;
	return set->bits[tag / 64] >> tag % 64 & 1;
}

#endif
