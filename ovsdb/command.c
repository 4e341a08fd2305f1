// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/command.h"

#include <stdio.h>

#include "base/str.h"
#include "base/util.h"

const struct command *command_lookup(const struct command *commands, size_t n_commands,
				     const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (streq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int command_run(const struct command *commands, size_t n_commands, int argc, char *argv[])
{
	const struct command *c;

	if (argc < 1)
		fatal(0, "missing command name; use --help for help");
	c = command_lookup(commands, n_commands, argv[0]);
	if (!c)
		fatal(0, "unknown command '%s'; use --help for help", argv[0]);
	if (argc - 1 < c->min_args)
		fatal(0, "'%s' command requires at least %d arguments", c->name, c->min_args);
	if (c->max_args >= 0 && argc - 1 > c->max_args)
		fatal(0, "'%s' command takes at most %d arguments", c->name, c->max_args);
	return c->run(argc - 1, argv + 1);
}

void command_print_list(const struct command *commands, size_t n_commands)
{
	printf("The available commands are:\n");
	for (size_t i = 0; i < n_commands; i++)
		printf("  %-23s %s\n", commands[i].name, commands[i].usage);
}

char *command_help(const struct command *commands, size_t n_commands, bool compact)
{
	struct str s = STR_INIT;

	for (size_t i = 0; i < n_commands; i++) {
		const struct command *c = &commands[i];
		size_t start = s.len;

		if (!c->help)
			continue;
		str_printf(&s, "  %s%s%s", c->name, *c->usage ? " " : "", c->usage);
		if (compact && s.len - start < 26)
			str_put_repeat(&s, ' ', 26 - (s.len - start));
		else
			str_put(&s, compact ? "\n                          " : "\n    ");
		str_printf(&s, "%s\n", c->help);
	}
	return str_steal(&s);
}
