/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: named, small stacks, signals blocked (the main thread takes them), registered with RCU.
 * All threads start after the forks of --detach and --monitor; thread_create() asserts that. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

#include "base/compiler.h"

#define THREAD_STACK_SIZE (512 * 1024)

/* Starts 'fn(arg)' in a thread named 'name' (at most 15 octets are shown).  0 or -errno. */
int thread_create(pthread_t *, const char *name, void *(*fn)(void *), void *arg);
void thread_join(pthread_t);
/* CPUs this process may use now: affinity and cgroup quota; at least 1. */
unsigned int thread_n_cpus(void);
/* A daemon that is going to fork says so before, and calls the second after its last fork; between
 * the two no thread may be created, and before the first none may exist. */
void thread_forks_pending(void);
void thread_forks_done(void);
bool thread_may_create(void);
/* The name given to thread_create() or thread_set_name(), whole (up to 31 octets); "" in the main
 * thread.  The log shows it. */
const char *thread_name(void);
void thread_set_name(const char *);
/* For the log only; ps(1) goes on showing the old one. */
void thread_set_log_name(const char *);

#endif
