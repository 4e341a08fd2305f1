// SPDX-License-Identifier: Apache-2.0
/* The session of an invocation: connect, run the commands, commit, print, wait for the daemon.
 *
 * Commands run when the replica is complete, all in one go; if one of them has to wait, or another
 * client's transaction came between, all of them run again after the next change.  While it waits
 * for something that may never come, it says for what: a dead daemon looks like a busy one. */
#include "utilities/ovs-vsctl.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "db/symbol.h"
#include "db/table.h"
#include "rpc/jsonrpc.h"

LOG_MODULE(vsctl);

#define DEAD_DAEMON_MS 1000 /* until a daemon that is not there is told of */
#define HINT_MS 5000 /* until anything else that is waited for is */
#define EXIT_NOT_APPLIED 65 /* the daemon could not do what the database says */

/* Timers and work of the one session that a process has. */
static struct session {
	struct vsctl *vs;
	struct timer daemon_hint, hint, timeout;
	struct work rerun;
	bool hinted;
} session;

static void run_commands(struct vsctl *vs);
static void reconnect_for_more(struct vsctl *vs);

void vsctl_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (log_is_on(&log_this_module, LOG_LVL_WARN))
		log_write_v(&log_this_module, LOG_LVL_WARN, fmt, args);
	va_end(args);
}

/* ---- what is waited for ------------------------------------------------------------ */

static bool is_local(const struct vsctl *vs)
{
	return str_has_prefix(vs->db, "unix:");
}

/* A sentence if the daemon on this host is not running. */
static char *daemon_problem(const struct vsctl *vs)
{
	char *path, *problem = NULL;

	if (!is_local(vs))
		return NULL;
	path = path_in(dir_run(), "ovs-vswitchd.pid");
	if (pidfile_read(path) <= 0)
		problem = xasprintf("ovs-vswitchd is not running (%s names no live process)", path);
	free(path);
	return problem;
}

/* Why the program has not ended yet, in a sentence. */
static char *reason(struct vsctl *vs)
{
	char *problem, *text;

	switch (vs->phase) {
	case VSCTL_CONNECTING:
		if (idl_last_error(vs->idl))
			return xasprintf("%s: %s", vs->db, idl_last_error(vs->idl));
		if (jsonrpc_session_is_connected(idl_session(vs->idl)))
			return xasprintf("%s: waiting for the database's contents", vs->db);
		return xasprintf("%s: waiting for ovsdb-server%s", vs->db,
				 is_local(vs) ? "; is it running?" : "");
	case VSCTL_BLOCKED:
		return xstrdup("waiting for the database to change");
	case VSCTL_COMMITTING:
		return xasprintf("%s: waiting for the answer to the transaction", vs->db);
	case VSCTL_WAITING:
		problem = daemon_problem(vs);
		text = xasprintf("the change is in the database; %s%swaiting for ovs-vswitchd to "
				 "apply it (--no-wait does not wait)",
				 problem ? problem : "", problem ? "; " : "");
		free(problem);
		return text;
	case VSCTL_DONE:
		break;
	}
	return xstrdup("finishing");
}

static void tell_reason(struct vsctl *vs)
{
	char *text = reason(vs);

	fprintf(stderr, "%s: %s\n", program_name, text);
	free(text);
	session.hinted = true;
}

static void hint_due(struct timer *timer)
{
	if (!session.hinted && session.vs->phase != VSCTL_DONE &&
	    session.vs->phase != VSCTL_BLOCKED)
		tell_reason(session.vs);
}

static void daemon_hint_due(struct timer *timer)
{
	char *problem = daemon_problem(session.vs);

	if (session.vs->phase == VSCTL_WAITING && problem)
		tell_reason(session.vs);
	free(problem);
}

/* Ends as by the signal that a time limit has always ended this program by. */
static void timeout_due(struct timer *timer)
{
	char *text = reason(session.vs);

	fprintf(stderr, "%s: timed out after %u s: %s\n", program_name, session.vs->timeout_s,
		text);
	free(text);
	fflush(stdout);
	signal(SIGALRM, SIG_DFL);
	raise(SIGALRM);
}

static void done(struct vsctl *vs)
{
	vs->phase = VSCTL_DONE;
	loop_quit(vs->loop);
}

/* ---- after the change ---------------------------------------------------------------- */

static void print_outputs(struct vsctl *vs)
{
	for (size_t i = 0; i < vs->n_commands; i++) {
		struct vsctl_cmd *cmd = &vs->commands[i];

		if (cmd->table)
			table_format(cmd->table, &table_style, &cmd->out);
		if (!vs->oneline) {
			fputs(str_cstr(&cmd->out), stdout);
			continue;
		}
		str_chomp(&cmd->out, '\n');
		for (const char *p = str_cstr(&cmd->out); *p; p++) {
			if (*p == '\n')
				fputs("\\n", stdout);
			else if (*p == '\\')
				fputs("\\\\", stdout);
			else
				putchar(*p);
		}
		putchar('\n');
	}
	fflush(stdout);
}

/* The daemon's verdict on the interfaces that this change brought. */
static void check_ifaces(struct vsctl *vs)
{
	bool any = false;

	for (size_t i = 0; i < vs->n_new_ifaces; i++) {
		const struct ovsrec_interface *iface = ovsrec_interface_by_uuid(vs->idl,
										&vs->new_ifaces[i]);
		bool failed;

		if (!iface)
			continue;
		failed = iface->n_ofport && iface->ofport[0] == -1;
		if (iface->error)
			fprintf(stderr,
				"%s: Error detected while setting up '%s': %s.  "
				"See ovs-vswitchd log for details.\n",
				program_name, iface->name, iface->error);
		else if (failed)
			fprintf(stderr,
				"%s: Error detected while setting up '%s'.  "
				"See ovs-vswitchd log for details.\n",
				program_name, iface->name);
		any |= failed || iface->error;
	}
	if (any) {
		fprintf(stderr, "%s: The default log directory is \"%s\".\n", program_name,
			dir_log());
		vs->exit_code = EXIT_NOT_APPLIED;
	}
}

static void check_cfg(struct vsctl *vs)
{
	const struct ovsrec_open_vswitch *ovs = ovsrec_open_vswitch_first(vs->idl);

	if (ovs && ovs->cur_cfg >= vs->next_cfg) {
		check_ifaces(vs);
		done(vs);
	}
}

/* Rows that nothing refers to go to the spool, under the UUID that is printed. */
static void spool_created(struct vsctl *vs)
{
	char *err;

	for (size_t i = 0; i < vs->n_created; i++) {
		struct vsctl_created *c = &vs->created[i];
		const struct uuid *uuid = idl_txn_inserted_uuid(vs->txn, &c->uuid);

		if (uuid && !vs->dry_run && (!c->symbol || !c->symbol->strong_ref))
			vsctl_spool_add(vs, c->table, uuid, json_incref(c->columns));
	}
	err = vsctl_spool_commit(vs);
	if (err) {
		vsctl_warn("%s: rows that nothing refers to are lost", err);
		free(err);
	}
}

static void succeed(struct vsctl *vs, enum idl_txn_status status)
{
	for (size_t i = 0; i < vs->n_commands; i++) {
		if (vs->commands[i].class->finish)
			vs->commands[i].class->finish(&vs->commands[i]);
	}
	if (!vs->dry_run)
		spool_created(vs);
	print_outputs(vs);
	if (vs->no_wait || vs->dry_run || status == TXN_UNCHANGED) {
		done(vs);
		return;
	}
	if (!vs->next_cfg)
		vs->next_cfg = idl_txn_increment_value(vs->txn);
	for (size_t i = 0; i < vs->n_new_ifaces; i++) {
		const struct uuid *uuid = idl_txn_inserted_uuid(vs->txn, &vs->new_ifaces[i]);

		if (uuid)
			vs->new_ifaces[i] = *uuid;
	}
	vs->phase = VSCTL_WAITING;
	timer_set_in(&session.daemon_hint, DEAD_DAEMON_MS);
	check_cfg(vs);
}

static void committed(struct idl_txn *txn, void *aux)
{
	struct vsctl *vs = aux;
	enum idl_txn_status status = idl_txn_status(txn);

	switch (status) {
	case TXN_SUCCESS:
	case TXN_UNCHANGED:
		succeed(vs, status);
		return;
	case TXN_TRY_AGAIN:
		vs->phase = VSCTL_BLOCKED;
		/* What came between may be here already. */
		if (idl_seqno(vs->idl) != vs->seqno)
			work_schedule(&session.rerun);
		return;
	case TXN_ERROR:
		fatal(0, "transaction error: %s", idl_txn_error(txn));
	case TXN_NOT_LOCKED:
		fatal(0, "database not locked");
	case TXN_ABORTED:
	case TXN_UNCOMMITTED:
	case TXN_INCOMPLETE:
		break;
	}
	fatal(0, "transaction %s", idl_txn_status_name(status));
}

/* ---- the commands --------------------------------------------------------------------- */

static json_t *row_json(const struct idl_row *row)
{
	const struct idl_table_class *tc = idl_row_class(row);
	json_t *json = json_object();

	for (size_t i = 0; i < tc->n_columns; i++) {
		const struct idl_column_class *c = &tc->columns[i];
		const struct datum *d = idl_read(row, c);

		if (!datum_is_default(d, &c->type))
			json_object_set_new(json, c->name, datum_to_json(d, &c->type));
	}
	return json;
}

void vsctl_note_created(struct vsctl *vs, const struct table_schema *ts, struct idl_row *row,
			const struct symbol *symbol)
{
	struct vsctl_created *c;

	if (ts->is_root)
		return;
	vs->created = xrealloc(vs->created, (vs->n_created + 1) * sizeof(vs->created[0]));
	c = &vs->created[vs->n_created++];
	c->table = idl_row_class(row)->name;
	c->uuid = row->uuid;
	c->symbol = symbol;
	c->columns = row_json(row);
}

static void warn_of_unreferenced(struct vsctl *vs)
{
	for (size_t i = 0; i < vs->n_created; i++) {
		const struct vsctl_created *c = &vs->created[i];

		if (c->symbol && c->symbol->strong_ref)
			continue;
		vsctl_warn("no row refers to the new %s row%s%s, so the database does not keep it; "
			   "ovs-vsctl does for %u minutes: refer to it by its UUID",
			   c->table, c->symbol ? " " : "", c->symbol ? c->symbol->name : "",
			   VSCTL_SPOOL_S / 60);
	}
}

static bool check_created(struct symbol *symbol, void *aux)
{
	if (!symbol->created)
		fatal(0,
		      "row id \"%s\" is referenced but never created (e.g. with \"-- --id=%s "
		      "create ...\")",
		      symbol->name, symbol->name);
	return true;
}

/* Leaves nothing of an earlier run. */
static void reset(struct vsctl *vs)
{
	for (size_t i = 0; i < vs->n_commands; i++) {
		struct vsctl_cmd *cmd = &vs->commands[i];

		str_clear(&cmd->out);
		table_destroy(cmd->table);
		cmd->table = NULL;
		free(cmd->created);
		cmd->created = NULL;
		cmd->n_created = 0;
	}
	for (size_t i = 0; i < vs->n_created; i++)
		json_decref(vs->created[i].columns);
	free(vs->created);
	vs->created = NULL;
	vs->n_created = 0;
	free(vs->new_ifaces);
	vs->new_ifaces = NULL;
	vs->n_new_ifaces = 0;
	vs_model_drop(vs);
	vsctl_spool_abort(vs);
	symbol_table_destroy(vs->symbols);
	vs->symbols = NULL;
	idl_txn_destroy(vs->txn);
	vs->txn = NULL;
	vs->try_again = vs->incomplete = false;
	vs->next_cfg = 0;
	vs->exit_code = 0;
}

/* The one row of the root table, made if this database is new; a change bumps next_cfg. */
static void start_root(struct vsctl *vs)
{
	vs->ovs = ovsrec_open_vswitch_first(vs->idl);
	if (vs->ovs && !vs->no_wait) {
		idl_txn_increment(vs->txn, &vs->ovs->row, &ovsrec_open_vswitch_col_next_cfg, 1);
	} else if (!vs->ovs) {
		vs->ovs = ovsrec_open_vswitch_insert(vs->txn);
		if (!vs->no_wait) {
			ovsrec_open_vswitch_set_next_cfg(vs->ovs, 1);
			vs->next_cfg = 1;
		}
	}
}

static void run_commands(struct vsctl *vs)
{
	reset(vs);
	vs->seqno = idl_seqno(vs->idl);
	vs->txn = idl_txn_create(vs->idl);
	vs->symbols = symbol_table_create();
	if (vs->dry_run)
		idl_txn_set_dry_run(vs->txn);
	idl_txn_comment(vs->txn, vs->called_as);
	start_root(vs);
	for (size_t i = 0; i < vs->n_commands && !vs->try_again; i++) {
		char *err = vs->commands[i].class->run(&vs->commands[i]);

		if (vs->incomplete) {
			free(err);
			reconnect_for_more(vs);
			return;
		}
		if (err)
			fatal(0, "%s", err);
	}
	if (vs->try_again) {
		idl_txn_abort(vs->txn);
		vs->phase = VSCTL_BLOCKED;
		return;
	}
	symbol_table_walk(vs->symbols, check_created, NULL);
	if (!vs->writes) {
		idl_txn_abort(vs->txn);
		print_outputs(vs);
		done(vs);
		return;
	}
	warn_of_unreferenced(vs);
	vs->phase = VSCTL_COMMITTING;
	idl_txn_commit(vs->txn, committed, vs);
}

static void rerun(struct work *work)
{
	if (session.vs->phase == VSCTL_BLOCKED && idl_is_synced(session.vs->idl))
		run_commands(session.vs);
}

/* ---- the session ------------------------------------------------------------------------ */

static void changed(struct idl *idl, void *aux)
{
	struct vsctl *vs = aux;

	if (idl_is_dead(idl)) {
		const char *why = idl_disconnect_reason(idl);

		fatal(0, "%s: database connection failed (%s)", vs->db, why ? why : "closed");
	}
	if (!vs->retry && idl_last_error(idl) && vs->phase == VSCTL_CONNECTING)
		fatal(0, "%s: %s", vs->db, idl_last_error(idl));
	if (!idl_is_synced(idl))
		return;
	if (vs->phase == VSCTL_CONNECTING || vs->phase == VSCTL_BLOCKED)
		run_commands(vs);
	else if (vs->phase == VSCTL_WAITING)
		check_cfg(vs);
}

static void open_idl(struct vsctl *vs)
{
	char *err = (vs->retry ? idl_create : idl_create_once)(vs->loop, vs->db, &ovsrec_class,
							       changed, vs, &vs->idl);

	if (err)
		fatal(0, "%s", err);
	vsctl_want_column(vs, "Open_vSwitch", "cur_cfg");
	vsctl_want_column(vs, "Open_vSwitch", "next_cfg");
	for (size_t i = 0; i < vs->n_commands; i++)
		vs->commands[i].class->prepare(&vs->commands[i]);
	if (vs->writes && !vs->no_wait) {
		vsctl_want_column(vs, "Interface", "name");
		vsctl_want_column(vs, "Interface", "ofport");
		vsctl_want_column(vs, "Interface", "error");
	}
	vsctl_want_apply(vs);
	vs->phase = VSCTL_CONNECTING;
}

static void reconnect_for_more(struct vsctl *vs)
{
	assert(vs->detail < VSCTL_EVERYTHING);
	reset(vs);
	/* With the ports of each bridge at hand, only all rows can tell more. */
	vs->detail = vs->has_ports ? VSCTL_EVERYTHING : VSCTL_NAMED_ROWS;
	idl_destroy(vs->idl);
	vsctl_want_clear(vs);
	open_idl(vs);
}

static void log_call(const struct vsctl *vs)
{
	if (vs->writes)
		log_info("Called as %s", vs->called_as);
	else
		log_dbg("Called as %s", vs->called_as);
}

int vsctl_run(struct vsctl *vs)
{
	session.vs = vs;
	timer_init(&session.daemon_hint, vs->loop, daemon_hint_due);
	timer_init(&session.hint, vs->loop, hint_due);
	timer_init(&session.timeout, vs->loop, timeout_due);
	work_init(&session.rerun, vs->loop, rerun);
	vs->schema = idl_class_schema(&ovsrec_class);
	log_call(vs);
	open_idl(vs);
	timer_set_in(&session.hint, HINT_MS);
	if (vs->timeout_s) {
		timer_set_in(&session.timeout, vs->timeout_s * 1000ULL);
		alarm(vs->timeout_s + 1); /* if the loop should not turn */
	}
	loop_run(vs->loop);

	timer_cancel(&session.daemon_hint);
	timer_cancel(&session.hint);
	timer_cancel(&session.timeout);
	work_cancel(&session.rerun);
	int code = vs->exit_code;

	reset(vs);
	idl_destroy(vs->idl);
	vsctl_want_clear(vs);
	schema_destroy(vs->schema);
	return code;
}
