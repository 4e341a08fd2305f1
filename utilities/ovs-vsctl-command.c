// SPDX-License-Identifier: Apache-2.0
/* The command line: options and commands, separated by "--"; help and completion from the same
 * tables. */
#include "utilities/ovs-vsctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

const struct vsctl_group *const vsctl_groups[] = {
	&vsctl_switch_group, &vsctl_bridge_group,   &vsctl_port_group,     &vsctl_remote_group,
	&vsctl_aa_group,     &vsctl_datapath_group, &vsctl_database_group,
};
const size_t vsctl_n_groups = ARRAY_SIZE(vsctl_groups);

/* A value may be NULL, so smap_get() does not tell. */
static bool has_option(const struct smap *options, const char *name)
{
	const struct smap_node *node;

	SMAP_FOR_EACH(node, options) {
		if (streq(node->key, name))
			return true;
	}
	return false;
}

bool vsctl_option(const struct vsctl_cmd *cmd, const char *name)
{
	return has_option(&cmd->options, name);
}

const char *vsctl_option_value(const struct vsctl_cmd *cmd, const char *name)
{
	return smap_get(&cmd->options, name);
}

static const struct vsctl_class *find_class(const char *name)
{
	for (size_t g = 0; g < vsctl_n_groups; g++) {
		for (size_t i = 0; i < vsctl_groups[g]->n; i++) {
			if (streq(vsctl_groups[g]->classes[i].name, name))
				return &vsctl_groups[g]->classes[i];
		}
	}
	return NULL;
}

/* How 'class' lists option 'name' ("--id"): 0 not at all, '=' with an argument, ' ' without. */
static char option_kind(const struct vsctl_class *class, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = class->options; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, name, len) && (p[len] == '\0' || p[len] == ',' || p[len] == '='))
			return p[len] == '=' ? '=' : ' ';
	}
	return 0;
}

static void check_options(const struct vsctl_cmd *cmd)
{
	const struct smap_node *node;

	SMAP_FOR_EACH(node, &cmd->options) {
		char kind = option_kind(cmd->class, node->key);

		if (!kind)
			fatal(0, "'%s' command has no '%s' option", cmd->class->name, node->key);
		if (kind == '=' && !node->value)
			fatal(0, "missing argument to '%s' option on '%s' command", node->key,
			      cmd->class->name);
		if (kind == ' ' && node->value)
			fatal(0, "'%s' option on '%s' does not accept an argument", node->key,
			      cmd->class->name);
	}
}

static void check_count(const struct vsctl_cmd *cmd)
{
	const struct vsctl_class *c = cmd->class;
	int n = cmd->argc - 1;

	if (n < c->min_args)
		fatal(0, "'%s' command requires at least %d arguments", c->name, c->min_args);
	if (n > c->max_args) {
		for (int i = 1; i < cmd->argc; i++) {
			if (!strncmp(cmd->argv[i], "--", 2) && option_kind(c, cmd->argv[i]))
				fprintf(stderr,
					"%s: options come before the command: give \"%s %s\"\n",
					program_name, cmd->argv[i], c->name);
		}
		fatal(0, "'%s' command takes at most %d arguments", c->name, c->max_args);
	}
}

/* One command: [OPTION...] NAME [ARG...]. */
static void parse_command(struct vsctl *vs, int argc, char *argv[], const struct smap *options,
			  struct vsctl_cmd *cmd)
{
	int i;

	memset(cmd, 0, sizeof(*cmd));
	cmd->vs = vs;
	smap_init(&cmd->options);
	if (options) {
		smap_uninit(&cmd->options);
		smap_clone(&cmd->options, options);
	}
	for (i = 0; i < argc && argv[i][0] == '-'; i++) {
		char *eq = strchr(argv[i], '=');
		char *name = eq ? xstrndup(argv[i], (size_t)(eq - argv[i])) : xstrdup(argv[i]);

		if (has_option(&cmd->options, name))
			fatal(0, "'%s' option specified multiple times", name);
		smap_set(&cmd->options, name, eq ? eq + 1 : NULL);
		free(name);
	}
	if (i >= argc)
		fatal(0, "missing command name (use --help for help)");
	cmd->class = find_class(argv[i]);
	if (!cmd->class)
		fatal(0, "unknown command '%s'; use --help for help", argv[i]);
	cmd->argc = argc - i;
	cmd->argv = argv + i;
	check_options(cmd);
	check_count(cmd);
	vs->writes |= cmd->class->writes;
}

void vsctl_parse_commands(struct vsctl *vs, int argc, char *argv[],
			  const struct smap *first_options)
{
	int start = 0;

	/* Commands do not move: their maps would notice. */
	vs->commands = xcalloc((size_t)argc + 1, sizeof(vs->commands[0]));
	for (int i = 0; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], "--"))
			continue;
		if (i > start) {
			parse_command(vs, i - start, &argv[start],
				      vs->n_commands ? NULL : first_options,
				      &vs->commands[vs->n_commands]);
			vs->n_commands++;
		}
		start = i + 1;
	}
	if (!vs->n_commands)
		fatal(0, "missing command name (use --help for help)");
}

void vsctl_format_commands(struct str *s)
{
	for (size_t g = 0; g < vsctl_n_groups; g++) {
		for (size_t i = 0; i < vsctl_groups[g]->n; i++) {
			const struct vsctl_class *c = &vsctl_groups[g]->classes[i];

			for (const char *p = c->options; *p;) {
				size_t len = strcspn(p, ",");

				str_printf(s, "[%.*s] ", (int)len, p);
				p += len + (p[len] == ',');
			}
			str_printf(s, ",%s,%s\n", c->name, c->args);
		}
	}
}

void vsctl_format_help(struct str *s)
{
	for (size_t g = 0; g < vsctl_n_groups; g++) {
		str_printf(s, "\n%s:\n", vsctl_groups[g]->title);
		for (size_t i = 0; i < vsctl_groups[g]->n; i++) {
			const struct vsctl_class *c = &vsctl_groups[g]->classes[i];
			size_t start = s->len;

			str_put(s, "  ");
			for (const char *p = c->options; *p;) {
				size_t len = strcspn(p, ",");

				str_printf(s, "[%.*s%s] ", (int)len, p,
					   p[len - 1] == '=' ? "ARG" : "");
				p += len + (p[len] == ',');
			}
			str_printf(s, "%s%s%s", c->name, *c->usage ? " " : "", c->usage);
			if (s->len - start > 40) {
				str_putc(s, '\n');
				start = s->len;
			}
			str_put_repeat(s, ' ', 42 - (s->len - start));
			str_printf(s, "%s\n", c->help);
		}
	}
}
