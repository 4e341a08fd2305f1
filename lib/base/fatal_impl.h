/* SPDX-License-Identifier: Apache-2.0 */
/* What threads need of base/fatal.c: a stack of their own for the handler of crashes, because the
 * thread's may be what is exhausted. */
#ifndef BASE_FATAL_IMPL_H
#define BASE_FATAL_IMPL_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FATAL_SANITIZED 1
#else
#define FATAL_SANITIZED 0
#endif

/* Called by a new thread; what it returns goes to fatal_thread_end() before the thread ends. */
void *fatal_thread_start(void);
void fatal_thread_end(void *stack);

#endif
