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
/* Daemons call it after their last fork. */
void thread_forks_done(void);

#endif
