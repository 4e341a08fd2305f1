/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of ovsdb-tool and ovsdb-client, from one table each: dispatch, the count of
 * arguments, the list that --help and list-commands print. */
#ifndef OVSDB_COMMAND_H
#define OVSDB_COMMAND_H

#include "base/compiler.h"

struct command {
	const char *name;
	const char *usage; /* the arguments, as list-commands shows them */
	int min_args, max_args; /* without the name; max -1: any number */
	/* 'args' has 'n' words after the name.  Returns the exit code. */
	int (*run)(int n, char *args[]);
	const char *help; /* one or more lines, NULL: not in the help */
	unsigned int flags; /* the program's own */
};

/* NULL if there is no such command. */
const struct command *command_lookup(const struct command *, size_t n_commands, const char *name);
/* Runs the command that 'argv' begins with.  Without one, or with a wrong one, a line on stderr and
 * exit code 1. */
int command_run(const struct command *, size_t n_commands, int argc, char *argv[]);
void command_print_list(const struct command *, size_t n_commands);
/* The part of a usage text (for options_parse()) that lists commands; the caller frees.  'compact':
 * name and help in one line each, else help in a line of its own. */
char *command_help(const struct command *, size_t n_commands, bool compact);

#endif
