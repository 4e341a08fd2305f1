/* SPDX-License-Identifier: Apache-2.0 */
/* ovs-vsctl: what its files share.
 *
 * One invocation is one transaction.  Each command has a class, a row of one of the tables
 * vsctl_*_commands: name, arguments, help, options, and up to three functions.
 *
 *	prepare()  says which tables, columns and rows the command looks at: only these are fetched
 *	run()      reads the replica, writes to the open transaction; runs again if that must be
 *	           tried again, so it leaves nothing behind but its output
 *	finish()   after success: output that only the server's answer tells
 *
 * run() returns NULL or a sentence, which ends the program ("ovs-vsctl: ...", exit 1) with the
 * transaction abandoned. */
#ifndef OVS_VSCTL_H
#define OVS_VSCTL_H

#include "base/smap.h"
#include "base/str.h"
#include "db/idl.h"
#include "db/text.h"
#include "db/vswitch_idl.h"

struct symbol_table;
struct table;
struct vs_model;
struct vsctl;
struct vsctl_cmd;

struct vsctl_class {
	const char *name;
	int min_args, max_args; /* without the name; INT_MAX: any number */
	const char *args; /* for completion: '!' needed, '?' may be, '+' one or more, '*' any */
	const char *usage; /* arguments as help prints them */
	const char *help;
	const char *options; /* "--if-exists,--columns=": '=' takes an argument */
	void (*prepare)(struct vsctl_cmd *);
	char *(*run)(struct vsctl_cmd *);
	void (*finish)(struct vsctl_cmd *); /* may be NULL */
	bool writes;
};
struct vsctl_group {
	const char *title; /* of the section in --help */
	const struct vsctl_class *classes;
	size_t n;
};
extern const struct vsctl_group vsctl_switch_group, vsctl_bridge_group, vsctl_port_group;
extern const struct vsctl_group vsctl_remote_group, vsctl_aa_group, vsctl_datapath_group;
extern const struct vsctl_group vsctl_database_group;

/* A row that may have to be spooled: the server drops it unless something refers to it. */
struct vsctl_created {
	const char *table;
	struct uuid uuid; /* in the transaction */
	const struct symbol *symbol; /* NULL: it has no name, so nothing can refer to it */
	json_t *columns; /* RFC 7047 notation */
};

/* One command of the command line. */
struct vsctl_cmd {
	struct vsctl *vs;
	const struct vsctl_class *class;
	int argc; /* argv[0] is the name */
	char **argv;
	struct smap options; /* "--if-exists" to NULL or its argument */
	struct str out; /* what it prints */
	struct table *table; /* or this */
	struct uuid *created; /* "create": the rows' UUIDs in the transaction */
	size_t n_created;
};

enum vsctl_phase {
	VSCTL_CONNECTING, /* until the replica has come */
	VSCTL_BLOCKED, /* until the replica changes: a condition, or another's transaction */
	VSCTL_COMMITTING, /* until the server answers */
	VSCTL_WAITING, /* until cur_cfg reaches next_cfg */
	VSCTL_DONE,
};

/* How much is fetched.  Each invocation starts with little and goes on to more if that does not
 * tell, which is rare. */
enum vsctl_detail {
	VSCTL_NAMES, /* rows that the commands name; whose port is which, only if asked for */
	VSCTL_NAMED_ROWS, /* the same, and which bridge has which port */
	VSCTL_EVERYTHING, /* all rows */
};

struct vsctl {
	struct loop *loop;
	struct idl *idl;
	struct db_schema *schema; /* of this program's tables */
	struct vsctl_cmd *commands;
	size_t n_commands;
	char *called_as; /* the command line, quoted */

	/* options */
	const char *db;
	bool no_wait, dry_run, oneline, retry, no_syslog;
	unsigned int timeout_s; /* 0: none */

	/* this run */
	enum vsctl_phase phase;
	struct idl_txn *txn;
	struct symbol_table *symbols;
	struct ovsrec_open_vswitch *ovs; /* never NULL while commands run */
	struct vs_model *model;
	bool try_again; /* a condition does not hold yet */
	bool incomplete; /* the rows fetched do not tell: once more with all of them */
	bool writes; /* some command does */
	int exit_code;
	uint64_t seqno; /* of the replica when the commands ran */
	int64_t next_cfg;
	enum vsctl_detail detail;
	bool has_ports; /* Bridge.ports is fetched */
	struct vsctl_created *created;
	size_t n_created;
	struct uuid *new_ifaces; /* inserted Interface rows; the server's UUIDs after success */
	size_t n_new_ifaces;

	/* what is fetched: clauses of the condition of each big table */
	struct vsctl_want *wants;
	size_t n_wants;
};

bool vsctl_option(const struct vsctl_cmd *, const char *name);
const char *vsctl_option_value(const struct vsctl_cmd *, const char *name); /* NULL: not given */

/* ovs-vsctl-command.c: the command line into commands.  Errors end the program. */
extern const struct vsctl_group *const vsctl_groups[];
extern const size_t vsctl_n_groups;
void vsctl_parse_commands(struct vsctl *, int argc, char *argv[], const struct smap *first_options);
void vsctl_format_commands(struct str *); /* --commands */
void vsctl_format_help(struct str *);

/* ovs-vsctl-run.c: the session.  Returns the exit status. */
int vsctl_run(struct vsctl *);
/* A message of the log that also goes to stderr. */
void vsctl_warn(const char *fmt, ...) PRINTF_FORMAT(1, 2);

/* A row that "create" made, named or not (NULL): if nothing refers to it, it is spooled. */
struct symbol;
void vsctl_note_created(struct vsctl *, const struct table_schema *, struct idl_row *,
			const struct symbol *);

/* ovs-vsctl-want.c: what is fetched. */
void vsctl_want_column(struct vsctl *, const char *table, const char *column);
void vsctl_want_table(struct vsctl *, const char *table); /* all columns */
/* Which rows of a table: all, or those whose 'column' is 'value' (a name, or _uuid). */
void vsctl_want_all_rows(struct vsctl *, const char *table);
void vsctl_want_row(struct vsctl *, const char *table, const char *column, const char *value);
/* Bridges, and the ports that are fake bridges. */
void vsctl_want_bridges(struct vsctl *);
void vsctl_want_port(struct vsctl *, const char *name); /* and an interface of that name */
void vsctl_want_new_port(struct vsctl *, const char *name); /* one that should not be there */
void vsctl_want_iface(struct vsctl *, const char *name);
void vsctl_want_all_ports(struct vsctl *); /* and interfaces */
void vsctl_want_apply(struct vsctl *); /* tells vs->idl */
void vsctl_want_clear(struct vsctl *);

/* ovs-vsctl-model.c: bridges, fake bridges, ports and interfaces by name, as the commands mean
 * them: the port that bears its bridge's name is not a port here, nor is a fake bridge's. */
struct vs_bridge {
	struct hmap_node node;
	const char *name;
	struct ovsrec_bridge *cfg; /* of a fake bridge: its parent's */
	struct ovsrec_port *fake; /* the port that makes a fake bridge, else NULL */
	struct vs_bridge *parent; /* of a fake bridge, else NULL */
	int64_t vlan; /* of a fake bridge, else 0 */
	size_t n_ports;
};
struct vs_port {
	struct hmap_node node;
	const char *name;
	struct ovsrec_port *cfg;
	struct vs_bridge *bridge;
};
struct vs_iface {
	struct hmap_node node;
	const char *name;
	struct ovsrec_interface *cfg;
	struct vs_port *port;
};
struct vs_model {
	struct hmap bridges, ports, ifaces;
	struct hmap strays; /* interfaces of ports that were not fetched: 'port' is NULL */
};
struct vs_model *vs_model_get(struct vsctl *);
void vs_model_drop(struct vsctl *); /* after changes that it has not been told of */
/* NULL if there is none; 'err' may be NULL, else it gets "no bridge named X". */
struct vs_bridge *vs_bridge_lookup(struct vsctl *, const char *name, char **err);
struct vs_port *vs_port_lookup(struct vsctl *, const char *name, char **err);
struct vs_iface *vs_iface_lookup(struct vsctl *, const char *name, char **err);
struct vs_bridge *vs_bridge_child(struct vsctl *, const struct vs_bridge *, int64_t vlan);
struct vs_bridge *vs_bridge_add(struct vs_model *, struct ovsrec_bridge *, struct ovsrec_port *fake,
				struct vs_bridge *parent);
struct vs_port *vs_port_add(struct vs_model *, struct vs_bridge *, struct ovsrec_port *);
struct vs_iface *vs_iface_add(struct vs_model *, struct vs_port *, struct ovsrec_interface *);
/* Deletes rows and model together. */
void vs_bridge_del(struct vsctl *, struct vs_bridge *);
void vs_port_del(struct vsctl *, struct vs_port *);
void vs_iface_del(struct vsctl *, struct vs_iface *);
/* "cannot create X because ..." if a bridge, port or interface has the name. */
char *vs_check_conflict(struct vsctl *, const char *name, const char *fmt, ...) PRINTF_FORMAT(3, 4);
/* The number of elements of a column, fetched or not. */
size_t vs_count(const struct idl_row *, const struct idl_column_class *);
/* Remembers a new Interface row: after the change the daemon's verdict on it is looked for. */
struct ovsrec_interface *vs_iface_insert(struct vsctl *, const char *name);

/* Sorted lines. */
void vs_put_sorted(struct str *, char **lines, size_t n); /* frees the lines, not the array */

/* ovs-vsctl-record.c: a row by the names that SPEC 2.1 lists for its table. */
const struct idl_table_class *vsctl_table_class(const struct table_schema *);
const struct idl_column_class *vsctl_column_class(const struct table_schema *,
						  const struct column_schema *);
void vsctl_want_record(struct vsctl *, const struct table_schema *, const char *record);
/* '*row' is NULL, without an error, if there is none and 'must_exist' is false. */
char *vsctl_record_lookup(struct vsctl *, const struct table_schema *, const char *record,
			  bool must_exist, struct idl_row **row);
void vsctl_format_records_help(struct str *);

/* ovs-vsctl-set.c: COLUMN[:KEY]=VALUE onto a row.  'fresh': a row that was just made, whose
 * read-only columns may be set. */
char *vsctl_set_column(struct vsctl *, const struct table_schema *, struct idl_row *,
		       const char *arg, bool fresh);
char *vsctl_check_mutable(const struct table_schema *, const struct column_schema *);
/* A value that may name rows: @names, and rows of the spool, which it brings back. */
char *vsctl_parse_value(struct vsctl *, const struct column_schema *, const struct column_type *,
			const char *text, struct datum *);

/* ovs-vsctl-list.c: "list" and "find", and what the other commands on any table share with them.
 * Names are matched in prepare() and again in run(): errors of the first end the program before it
 * connects. */
/* The table that argv[1] names.  An unknown one ends the program. */
const struct table_schema *vsctl_db_get_table(struct vsctl_cmd *cmd);
/* Its name, for as long as the program lives. */
const char *vsctl_db_table_name(const struct table_schema *ts);
/* The column that begins 'arg', which may go on with a key, an operator and a value.  An unknown
 * one ends the program. */
const struct column_schema *vsctl_db_get_column(const struct table_schema *ts, const char *arg,
						enum text_want want);
void vsctl_db_want_schema_column(struct vsctl *vs, const struct table_schema *ts,
				 const struct column_schema *c);
/* A column's datum; that of _uuid is made in '*tmp' and '*atom', and needs no uninit. */
const struct datum *vsctl_db_read_column(const struct idl_row *row, const struct table_schema *ts,
					 const struct column_schema *c, struct datum *tmp,
					 union atom *atom);
/* A sentence if the column is _version, which a replica does not have. */
char *vsctl_db_no_version(const struct table_schema *ts, const struct column_schema *c);
/* A column that the server's schema lacks is not shown, unless it was asked for. */
bool vsctl_db_is_listed(struct vsctl_cmd *cmd, const struct table_schema *ts,
			const struct column_schema *c);
/* All rows, in the order of their UUIDs; '*n' of them.  The caller frees the array. */
struct idl_row **vsctl_db_sorted_rows(struct vsctl *vs, const struct table_schema *ts, size_t *n);
/* '*all' tells whether each of the conditions holds for 'row'. */
char *vsctl_db_check_conditions(struct vsctl *vs, const struct table_schema *ts,
				const struct idl_row *row, char *const conditions[], size_t n,
				bool *all);
void vsctl_prepare_list(struct vsctl_cmd *);
char *vsctl_run_list(struct vsctl_cmd *);
void vsctl_prepare_find(struct vsctl_cmd *);
char *vsctl_run_find(struct vsctl_cmd *);

/* ovs-vsctl-show.c */
void vsctl_show_prepare(struct vsctl_cmd *);
char *vsctl_show_run(struct vsctl_cmd *);

/* ovs-vsctl-spool.c: rows that "create" made and nothing refers to.  A server drops such a row at
 * once; we keep it for VSCTL_SPOOL_S seconds in RUNDIR/ovs-vsctl.spool (mode 0600), and insert it
 * with its UUID in the transaction that refers to it. */
#define VSCTL_SPOOL_S 3600
#define VSCTL_SPOOL_MAX 256 /* rows */
#define VSCTL_SPOOL_SIZE (1u << 20) /* octets of the file */
struct vsctl_spooled {
	struct uuid uuid;
	const char *table;
	json_t *columns; /* borrowed */
};
/* Calls 'fn' for each row of 'table' (NULL: of any), until it returns false. */
void vsctl_spool_walk(struct vsctl *, const char *table,
		      bool (*fn)(const struct vsctl_spooled *, void *aux), void *aux);
bool vsctl_spool_has(struct vsctl *, const char *table, const struct uuid *);
/* Brings a row into the open transaction, if it is spooled.  NULL or a sentence. */
char *vsctl_spool_insert(struct vsctl *, const char *table, const struct uuid *);
/* Takes effect with vsctl_spool_commit(). */
void vsctl_spool_add(struct vsctl *, const char *table, const struct uuid *, json_t *columns);
void vsctl_spool_del(struct vsctl *, const struct uuid *);
void vsctl_spool_abort(struct vsctl *);
char *vsctl_spool_commit(struct vsctl *); /* NULL or a sentence: it could not be written */

#endif
