/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket of a daemon (RUNDIR/PROGRAM.PID.ctl), and its client (SPEC 2.4): JSON-RPC 1.0,
 * method = command, params = strings, result or error = string (or JSON after "set-options --format
 * json").  list-commands, version, exit, set-options come with the server; files *_ctl.c register
 * the commands of the layers below (vlog, time, coverage, memory).
 * Threads: the main loop's. */
#ifndef RPC_UNIXCTL_H
#define RPC_UNIXCTL_H

#include <jansson.h>

#include "base/loop.h"

struct unixctl_server;
struct unixctl_conn; /* one request that waits for its answer */

/* 'argv[0]' is the command, 'argv[argc]' NULL.  Must answer exactly once, now or later, by one of
 * the functions below. */
typedef void unixctl_fn(struct unixctl_conn *, int argc, const char *argv[], void *aux);

/* Registers for the life of the process; texts are copied.  'usage' is the text of list-commands
 * after the name ("[BRIDGE]
 * [PORT]"); 'min_args' and 'max_args' do not count the command itself (max -1: any). */
void unixctl_command_register(const char *name, const char *usage, int min_args, int max_args,
			      unixctl_fn *, void *aux);

void unixctl_reply(struct unixctl_conn *,
		   const char *text); /* NULL: "" ; a newline is added if missing */
void unixctl_reply_error(struct unixctl_conn *, const char *text);
/* Takes the reference.  Only where unixctl_wants_json(). */
void unixctl_reply_json(struct unixctl_conn *, json_t *);
/* --format=json was asked for: every listing command then answers with unixctl_reply_json(). */
bool unixctl_wants_json(const struct unixctl_conn *);

/* Listens on 'path' (NULL: RUNDIR/PROGRAM.PID.ctl; "none": no socket).  NULL or a sentence. */
char *unixctl_server_create(struct loop *, const char *path, struct unixctl_server **) MUST_CHECK;
void unixctl_server_destroy(struct unixctl_server *); /* unlinks the socket */

/* Registers version, vlog/..., coverage/..., memory/show, and (with_time) time/stop, time/warp. */
void unixctl_register_base_commands(struct loop *, bool with_time);
/* "exit" calls 'fn' (NULL: quits 'loop'); it takes '[--cleanup]' if 'with_cleanup'. */
void unixctl_register_exit(struct loop *, bool with_cleanup, unixctl_fn *fn, void *aux);

/* The client's side, blocking.  'target' is a program name or an absolute socket path.  One of
 * '*result' and '*error' is set on success (the caller frees).  NULL or a sentence. */
char *unixctl_transact(const char *target, const char *command, int argc, char *argv[], bool json,
		       uint32_t timeout_ms, json_t **result, char **error) MUST_CHECK;

#endif
