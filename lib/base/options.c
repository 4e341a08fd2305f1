// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

/* getopt_long() reports long options by number: above every character. */
#define FIRST_LONG 1024

#define HELP_COLUMN 28

static const struct option_row common_rows[] = {
	{ "help", 'h', OPT_NONE, NULL, "display this help message" },
	{ "version", 'V', OPT_NONE, NULL, "display version information" },
	{ "option", 'o', OPT_NONE, NULL, "print the list of options" },
};
static const struct option_group common_group = OPTION_GROUP("Other options", common_rows);

/* All rows of all groups in one array, the common ones last.  A program's own row hides a common
 * one of the same name, and takes a short name from it. */
struct flat {
	const struct option_row **rows;
	size_t n;
};

static bool is_taken(const struct flat *f, const struct option_row *row)
{
	for (size_t i = 0; i < f->n; i++) {
		if (streq(f->rows[i]->name, row->name))
			return true;
	}
	return false;
}

static const struct option_row *short_lookup(const struct flat *f, int c)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->rows[i]->short_name && f->rows[i]->short_name == c)
			return f->rows[i];
	}
	return NULL;
}

static struct flat flatten(const struct option_group *groups, size_t n_groups)
{
	struct flat f = { NULL, 0 };
	size_t n = common_group.n_rows;

	for (size_t g = 0; g < n_groups; g++)
		n += groups[g].n_rows;
	f.rows = xcalloc(n, sizeof(struct option_row *));
	for (size_t g = 0; g <= n_groups; g++) {
		const struct option_group *group = g < n_groups ? &groups[g] : &common_group;

		for (size_t i = 0; i < group->n_rows; i++) {
			if (!is_taken(&f, &group->rows[i]))
				f.rows[f.n++] = &group->rows[i];
		}
	}
	return f;
}

static void put_help_row(struct str *s, const struct flat *f, const struct option_row *row)
{
	size_t start = s->len;

	if (!row->help)
		return;
	str_put(s, "  ");
	if (row->short_name && short_lookup(f, row->short_name) == row)
		str_printf(s, "-%c, ", row->short_name);
	str_printf(s, "--%s", row->name);
	if (row->arg != OPT_NONE) {
		str_printf(s, row->arg == OPT_OPTIONAL ? "[=%s]" : "=%s",
			   row->metavar ? row->metavar : "ARG");
	}
	if (s->len - start > HELP_COLUMN - 2) {
		str_putc(s, '\n');
		start = s->len;
	}
	str_put_repeat(s, ' ', HELP_COLUMN - (s->len - start));
	str_printf(s, "%s\n", row->help);
}

static void put_help_group(struct str *s, const struct flat *f, const struct option_group *g)
{
	bool any = false;

	for (size_t i = 0; i < g->n_rows; i++) {
		bool hidden = true;

		for (size_t j = 0; j < f->n; j++)
			hidden &= f->rows[j] != &g->rows[i];
		if (hidden || !g->rows[i].help)
			continue;
		if (!any)
			str_printf(s, "\n%s:\n", g->title);
		any = true;
		put_help_row(s, f, &g->rows[i]);
	}
}

static void print_and_exit(struct str *s)
{
	fputs(str_cstr(s), stdout);
	str_uninit(s);
	exit(fflush(stdout) ? 1 : 0);
}

static void print_help(const struct flat *f, const struct option_group *groups, size_t n_groups,
		       const char *usage, const char *epilogue)
{
	struct str s = STR_INIT;

	for (; *usage; usage++) {
		if (usage[0] == '%' && usage[1] == 's') {
			str_put(&s, program_name);
			usage++;
		} else {
			str_putc(&s, *usage);
		}
	}
	for (size_t g = 0; g < n_groups; g++)
		put_help_group(&s, f, &groups[g]);
	put_help_group(&s, f, &common_group);
	if (epilogue)
		str_put(&s, epilogue);
	print_and_exit(&s);
}

static void put_option_list(struct str *s, const struct flat *f)
{
	static const char *const long_args[] = { "", "=ARG", "=[ARG]" };
	static const char *const short_args[] = { "", " ARG", " [ARG]" };

	for (size_t i = 0; i < f->n; i++) {
		const struct option_row *row = f->rows[i];

		str_printf(s, "--%s%s\n", row->name, long_args[row->arg]);
		if (row->short_name && short_lookup(f, row->short_name) == row)
			str_printf(s, "-%c%s\n", row->short_name, short_args[row->arg]);
	}
}

static void print_option_list(const struct flat *f)
{
	struct str s = STR_INIT;

	put_option_list(&s, f);
	print_and_exit(&s);
}

void options_format_list(struct str *s, const struct option_group *groups, size_t n_groups)
{
	struct flat f = flatten(groups, n_groups);

	put_option_list(s, &f);
	free(f.rows);
}

/* The rows as getopt_long() wants them; the caller frees both. */
static struct option *make_getopt(const struct flat *f, bool posixly, char **short_options)
{
	struct option *options = xcalloc(f->n + 1, sizeof(*options));
	struct str s = STR_INIT;

	if (posixly)
		str_putc(&s, '+');
	for (size_t i = 0; i < f->n; i++) {
		const struct option_row *row = f->rows[i];

		options[i].name = row->name;
		options[i].has_arg = row->arg == OPT_NONE       ? no_argument
				     : row->arg == OPT_REQUIRED ? required_argument
								: optional_argument;
		options[i].val = FIRST_LONG + (int)i;
		if (row->short_name && short_lookup(f, row->short_name) == row) {
			str_putc(&s, row->short_name);
			str_put_repeat(&s, ':',
				       row->arg == OPT_NONE       ? 0
				       : row->arg == OPT_REQUIRED ? 1
								  : 2);
		}
	}
	*short_options = str_steal(&s);
	return options;
}

int options_parse(int argc, char *argv[], const struct option_group *groups, size_t n_groups,
		  const char *usage, const char *epilogue, bool posixly)
{
	/* Static, so that what --help and errors leave behind when they exit is not lost. */
	static struct option *options;
	static char *short_options;
	static struct flat f;
	int c;

	f = flatten(groups, n_groups);
	options = make_getopt(&f, posixly, &short_options);
	optind = 0; /* makes getopt() start afresh */
	while ((c = getopt_long(argc, argv, short_options, options, NULL)) != -1) {
		const struct option_row *row = NULL;
		char *err;

		if (c >= FIRST_LONG && (size_t)(c - FIRST_LONG) < f.n)
			row = f.rows[c - FIRST_LONG];
		else if (c != '?')
			row = short_lookup(&f, c);
		if (!row)
			exit(1); /* getopt_long() has said why */
		if (row->set) {
			err = row->set(row, optarg);
			if (err)
				fatal(0, "%s", err);
		} else if (streq(row->name, "help")) {
			print_help(&f, groups, n_groups, usage, epilogue);
		} else if (streq(row->name, "version")) {
			program_print_version();
			exit(fflush(stdout) ? 1 : 0);
		} else if (streq(row->name, "option")) {
			print_option_list(&f);
		}
	}
	free(options);
	free(short_options);
	free(f.rows);
	return optind;
}
