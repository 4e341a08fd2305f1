/* SPDX-License-Identifier: Apache-2.0 */
/* Names that stand for rows of one transaction: "named-uuid" (RFC 7047 section 5.1), @name of
 * ovs-vsctl. */
#ifndef DB_SYMBOL_H
#define DB_SYMBOL_H

#include "db/atom.h"

struct symbol {
	char *name;
	struct uuid uuid; /* random from the first mention */
	bool created; /* an insert made it */
	bool strong_ref, weak_ref; /* something refers to it */
};
struct symbol_table *symbol_table_create(void);
void symbol_table_destroy(struct symbol_table *);
struct symbol *symbol_lookup(const struct symbol_table *, const char *name); /* may be NULL */
struct symbol *symbol_insert(struct symbol_table *, const char *name); /* finds or makes it */
/* Calls 'fn' for each, in order of creation, until it returns false. */
void symbol_table_walk(const struct symbol_table *, bool (*fn)(struct symbol *, void *aux),
		       void *aux);

#endif
