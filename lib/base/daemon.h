/* SPDX-License-Identifier: Apache-2.0 */
/* What turns a program into a daemon: --detach, --pidfile, --monitor, --user, capabilities.
 * Order in main(): program_init(), options_parse(), daemon_start() (forks; the parent of --detach
 * waits, and carries the child's error text and exit code), set-up, daemon_ready() (pid file is in
 * place, the parent leaves with 0), the loop.  An error exit between the two is the parent's too. */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include "base/compiler.h"

/* 'caps' is a list of CAP_* numbers kept after --user (NULL: none), ended by -1. */
void daemon_start(const int *caps_kept);
void daemon_ready(void);
bool daemon_is_detached(void);
/* Fails if a live process holds the pid file 'path': returns its pid, 0 if none, -errno. */
int pidfile_read(const char *path);
/* The pid file's path in use, NULL if none. */
const char *daemon_pidfile(void);
/* Locks all memory (--mlockall of ovs-vswitchd). NULL or a sentence. */
char *daemon_mlockall(void);

/* Files to unlink when a fatal signal (HUP, INT, TERM, ALRM) or exit() ends the process; they are
 * unlinked by the process that added them only, not by its forks. */
void fatal_unlink_add(const char *path);
void fatal_unlink_del(const char *path);
/* Installs the handlers; a crash (SEGV, BUS, ILL, FPE, ABRT) logs a backtrace first. */
void fatal_signals_init(void);
/* TERM and INT quit 'loop' instead of ending the process at once. */
struct loop;
void fatal_signals_quit_loop(struct loop *);

#endif
