/* SPDX-License-Identifier: Apache-2.0 */
/* A mutex and a condition that clang's thread safety analysis knows.  Failure to lock is a bug and
 * aborts.  Conditions sleep on the project's clock: a deadline moves with simulated time. */
#ifndef BASE_MUTEX_H
#define BASE_MUTEX_H

#include <pthread.h>

#include "base/compiler.h"

struct LOCKABLE mutex {
	pthread_mutex_t m;
};
#define MUTEX_INIT                                                                                 \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER                                                          \
	}

void mutex_init(struct mutex *);
void mutex_uninit(struct mutex *);
void mutex_lock(struct mutex *m) ACQUIRES(*m);
bool mutex_trylock(struct mutex *m) TRY_ACQUIRES(true, *m);
void mutex_unlock(struct mutex *m) RELEASES(*m);

struct cond {
	pthread_cond_t c; /* CLOCK_MONOTONIC */
};
void cond_init(struct cond *);
void cond_uninit(struct cond *);
void cond_wait(struct cond *, struct mutex *m) REQUIRES(*m);
/* Waits until signalled or until clock_ms() >= 'at_ms'; spurious returns happen. */
void cond_wait_until(struct cond *, struct mutex *m, uint64_t at_ms) REQUIRES(*m);
void cond_signal(struct cond *);
void cond_broadcast(struct cond *);

#endif
