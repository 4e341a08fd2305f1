/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people and scripts write them on ovs-vsctl's command line, and as it prints them (SPEC
 * 2.1:
 * true/yes/on/1; a,b or [a, b]; ranges 1-10; {k=v, ...}; strings quoted JSON-style when needed),
 * and names of tables and columns: case-insensitive, '-' is '_', unique prefix. */
#ifndef DB_TEXT_H
#define DB_TEXT_H

#include "db/condition.h"

/* The longest range 'A-B' of integers. */
#define TEXT_RANGE_MAX 4096

/* "@name" stands for a row of this transaction if 'symbols' is given. NULL or a sentence. */
char *atom_parse(union atom *, const struct base_type *, const char *, struct symbol_table *,
		 union atom *range_end /* NULL: no ranges */, bool *is_range);
void atom_format(const union atom *, enum atom_type, struct str *);
/* Without quotes: --data=bare. */
void atom_format_bare(const union atom *, enum atom_type, struct str *);
/* A set or map as 'type' says, and its number of elements.  Braces and brackets may be left out. */
char *datum_parse(struct datum *, const struct column_type *, const char *, struct symbol_table *);
void datum_format(const struct datum *, const struct column_type *, struct str *);
void datum_format_bare(const struct datum *, const struct column_type *, struct str *);

/* Unique match by the rules above, an exact name first; "_uuid" and "_version" only in full: NULL
 * and '*tp', or a sentence listing candidates. */
char *schema_match_table(const struct db_schema *, const char *name,
			 const struct table_schema **tp);
char *schema_match_column(const struct table_schema *, const char *name,
			  const struct column_schema **cp);

enum text_op {
	TEXT_OP_NONE,
	TEXT_EQ,
	TEXT_NE,
	TEXT_LT,
	TEXT_GT,
	TEXT_LE,
	TEXT_GE,
	TEXT_SET_EQ,
	TEXT_SET_NE,
	TEXT_SET_LT,
	TEXT_SET_GT,
	TEXT_SET_LE,
	TEXT_SET_GE,
	TEXT_IN,
	TEXT_NOT_IN
};

/* NULL, or a sentence about the first typographic quote, dash or space in 'arg': pasted text has
 * them where plain characters were meant.  For adding to an error. */
char *text_typography(const char *arg);

/* Takes a token off '*p': up to the next of ":=, []{}!<>", a space or the end.  A '\' takes the
 * next character as it is and goes; between double quotes all is taken and quotes and '\' stay, for
 * atom_parse().  NULL and '*token' (maybe empty, the caller frees it), or a sentence. */
char *text_token(const char **p, char **token);

/* COLUMN[:KEY][OP VALUE] taken apart.  Strings are the caller's to free, NULL where absent.  The
 * key is unquoted if it was quoted. */
struct text_setting {
	const struct column_schema *column;
	char *key;
	enum text_op op;
	char *value;
};
/* Without an operator 'op' is TEXT_OP_NONE; "=" alone is allowed unless 'with_relations'. */
char *text_setting_parse(const struct table_schema *, const char *arg, bool with_relations,
			 struct text_setting *);
/* The same for a command that knows what must come, with the sentences that belong to it: a name
 * alone (get), NAME=VALUE (set, create), NAME OP VALUE (find, wait-until).  A key needs a map. */
enum text_want { TEXT_WANT_NAME, TEXT_WANT_ASSIGNMENT, TEXT_WANT_RELATION };
char *text_setting_parse_as(const struct table_schema *, const char *arg, enum text_want,
			    struct text_setting *);
void text_setting_uninit(struct text_setting *);
/* Evaluates "COLUMN[:KEY] OP VALUE" on the column's datum: find, wait-until.  '=', '<' ... compare
 * whole values, by the number of elements first; an absent key matches none of them.  The set forms
 * take any number of elements, an absent key is the empty set to them: {<=} and {in} subset, {>=}
 * superset,
 * {not-in} nothing in common. */
char *text_setting_matches(const struct text_setting *, const struct datum *, struct symbol_table *,
			   bool *matches);

#endif
