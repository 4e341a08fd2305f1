/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenFlow tables of a bridge: versioned classifiers.  A batch of changes is made at the next
 * version and becomes visible to packets at one instant, whole, by tables_publish(); a translation
 * takes one version at its start.  Rules hidden by a batch leave their classifier when no reader
 * can be at an older version any more.
 * Threads: changes belong to the main thread; look-ups are lock-free, inside rcu_enter(). */
#ifndef TABLES_TABLES_H
#define TABLES_TABLES_H

#include "base/mutex.h"
#include "tables/rule.h"

#define TABLES_MAX 255 /* 254 visible ones and the internal one, 254 */

struct tables;
struct tables *tables_create(void);
void tables_destroy(struct tables *); /* by RCU */

/* The version that packets see now. */
cls_version tables_version(const struct tables *);
/* In the open batch: takes over the table's reference of 'rule'; a rule of the same match and
 * priority is replaced.  */
void tables_add(struct tables *, struct rule *);
void tables_del(struct tables *, struct rule *);
/* Ends the batch.  Returns whether anything changed. */
bool tables_publish(struct tables *);

const struct rule *tables_lookup(const struct tables *, uint8_t table_id, cls_version,
				 const struct flow *, struct flow_mask *);
/* Rules visible now, by table, then by priority, highest first. */
void tables_walk(const struct tables *, void (*fn)(struct rule *, void *aux), void *aux);
size_t tables_n_rules(const struct tables *);

#endif
