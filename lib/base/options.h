/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line options from tables: a program joins its own table with those of the log, the
 * daemon, TLS and so on; parsing, abbreviations, --help and --option (-o, the list that completion
 * reads) come from the same rows.  Long options may be abbreviated to a unique prefix
 * (getopt_long). */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/compiler.h"

enum option_arg { OPT_NONE, OPT_REQUIRED, OPT_OPTIONAL };

struct option_row {
	const char *name; /* long name without "--" */
	char short_name; /* 0: none */
	enum option_arg arg;
	const char *metavar; /* in help; NULL if no argument */
	const char *help; /* one line; NULL hides the row from --help */
	/* 'value' is NULL without an argument.  Returns NULL, or a sentence that is printed
	 * ("PROGRAM: ") and ends the program with 1. */
	char *(*set)(const struct option_row *, const char *value);
	void *aux;
};

struct option_group {
	const char *title; /* "Logging options" */
	const struct option_row *rows;
	size_t n_rows;
};
#define OPTION_GROUP(TITLE, ROWS)                                                                  \
	{                                                                                          \
		TITLE, ROWS, ARRAY_SIZE(ROWS)                                                      \
	}

/* Parses argv; -h/--help, -V/--version, -o/--option are handled here (they print and exit 0).
 * 'usage' is the text before the options ("usage: %s [OPTIONS] ...": each %s is the program);
 * 'epilogue' may be NULL.  Parsing stops at the first non-option if 'posixly' (needed by tools
 * whose commands take options), else options may follow operands.
 * Returns the index of the first operand.  Wrong usage: one line on stderr, exit 1. */
int options_parse(int argc, char *argv[], const struct option_group *groups, size_t n_groups,
		  const char *usage, const char *epilogue, bool posixly);

struct str;
/* Puts the list that --option prints. */
void options_format_list(struct str *, const struct option_group *groups, size_t n_groups);

/* -v[SPEC] --verbose[=SPEC] --log-file[=FILE] --syslog-target --syslog-method (log_options.c) */
extern const struct option_group log_option_group;
/* --detach --no-chdir --pidfile[=F] --overwrite-pidfile --monitor --user --no-self-confinement */
extern const struct option_group daemon_option_group;

#endif
