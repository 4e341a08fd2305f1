/* SPDX-License-Identifier: Apache-2.0 */
/* What turns a program into a daemon: --detach, --pidfile, --monitor, --user, capabilities.
 * Order in main(): program_init(), options_parse(), daemon_start() (forks; the parent of --detach
 * waits, and carries the child's error text and exit code), set-up, daemon_ready() (pid file is in
 * place, the parent leaves with 0), the loop.  An error exit between the two is the parent's
 * too. */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include "base/compiler.h"

/* 'caps_kept' is a list of CAP_* numbers kept with --user (NULL: none), ended by -1; without --user
 * nothing is given up.  Returns in the daemon, with fatal_signals_init() done and the pid file
 * taken; whatever fails ends the process with one line on stderr and exit code 1.  Before any
 * thread. */
void daemon_start(const int *caps_kept);
/* From here on the terminal is left alone (--detach). */
void daemon_ready(void);
bool daemon_is_detached(void);
/* The pid of the live process that holds the pid file 'path', 0 if there is none, or -errno. */
int pidfile_read(const char *path);
/* The pid file's path in use, NULL if none. */
const char *daemon_pidfile(void);
/* Locks all memory (--mlockall of ovs-vswitchd).  After daemon_start(), because forks do not
 * inherit it; with --user that takes CAP_IPC_LOCK among the capabilities kept.  NULL or a
 * sentence. */
char *daemon_mlockall(void);

/* Files to unlink when a fatal signal (HUP, INT, TERM, ALRM) or exit() ends the process; they are
 * unlinked by the process that added them only, not by its forks. */
void fatal_unlink_add(const char *path);
void fatal_unlink_del(const char *path);
/* Installs the handlers (daemon_start() does it); a crash (SEGV, BUS, ILL, FPE, ABRT) logs a
 * backtrace first. */
void fatal_signals_init(void);
/* The first TERM or INT quits 'loop' instead of ending the process at once.  NULL before 'loop' is
 * destroyed. */
struct loop;
void fatal_signals_quit_loop(struct loop *);

#endif
