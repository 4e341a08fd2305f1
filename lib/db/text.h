/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people and scripts write them on ovs-vsctl's command line, and as it prints them (SPEC 2.1:
 * true/yes/on/1; a,b or [a, b]; ranges 1-10; {k=v, ...}; strings quoted JSON-style when needed), and names
 * of tables and columns: case-insensitive, '-' is '_', unique prefix. */
#ifndef DB_TEXT_H
#define DB_TEXT_H

#include "db/condition.h"

/* "@name" stands for a row of this transaction if 'symbols' is given. NULL or a sentence. */
char *atom_parse(union atom *, const struct base_type *, const char *, struct symbol_table *,
		 union atom *range_end /* NULL: no ranges */, bool *is_range);
void atom_format(const union atom *, enum atom_type, struct str *);
/* Without quotes: --data=bare. */
void atom_format_bare(const union atom *, enum atom_type, struct str *);
char *datum_parse(struct datum *, const struct column_type *, const char *, struct symbol_table *);
void datum_format(const struct datum *, const struct column_type *, struct str *);
void datum_format_bare(const struct datum *, const struct column_type *, struct str *);

/* Unique match by the rules above: NULL and '*tp', or a sentence listing candidates. */
char *schema_match_table(const struct db_schema *, const char *name, const struct table_schema **tp);
char *schema_match_column(const struct table_schema *, const char *name, const struct column_schema **cp);

enum text_op { TEXT_OP_NONE, TEXT_EQ, TEXT_NE, TEXT_LT, TEXT_GT, TEXT_LE, TEXT_GE,
	TEXT_SET_EQ, TEXT_SET_NE, TEXT_SET_LT, TEXT_SET_GT, TEXT_SET_LE, TEXT_SET_GE, TEXT_IN, TEXT_NOT_IN };

/* COLUMN[:KEY][OP VALUE] taken apart.  Strings are the caller's to free, NULL where absent.  The key is
 * unquoted if it was quoted. */
struct text_setting {
	const struct column_schema *column;
	char *key;
	enum text_op op;
	char *value;
};
char *text_setting_parse(const struct table_schema *, const char *arg, bool with_relations,
			 struct text_setting *);
void text_setting_uninit(struct text_setting *);
/* Evaluates "COLUMN[:KEY] OP VALUE" on a datum: find, wait-until. */
char *text_setting_matches(const struct text_setting *, const struct datum *, struct symbol_table *,
			   bool *matches);

#endif
