// SPDX-License-Identifier: Apache-2.0
/* Helper threads for what blocks.  Closing a packet socket waits for the kernel's RCU, some 17 ms;
 * waits that run at once share a grace period, so many threads are worth it.  Threads start when
 * there is work and end when there is none: an idle switch has none of them. */
#include "netdev/netdev_provider.h"

#include "base/log.h"
#include "base/thread.h"
#include "base/util.h"

LOG_MODULE(netdev_closer);

#define MAX_THREADS 32

static struct mutex lock = MUTEX_INIT;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct cond idle; /* no job is queued or running */
/* Under 'lock'. */
static struct netdev_close_job *head, **tail = &head;
static unsigned int n_threads, n_pending;

static void init_once(void)
{
	cond_init(&idle);
}

static void finish_job(void)
{
	if (!--n_pending)
		cond_broadcast(&idle);
}

static void *closer_main(void *arg)
{
	mutex_lock(&lock);
	while (head) {
		struct netdev_close_job *job = head;

		head = job->next;
		if (!head)
			tail = &head;
		mutex_unlock(&lock);
		job->fn(job);
		mutex_lock(&lock);
		finish_job();
	}
	n_threads--;
	mutex_unlock(&lock);
	return NULL;
}

void netdev_closer_submit(struct netdev_close_job *job)
{
	bool start;

	pthread_once(&once, init_once);
	job->next = NULL;
	mutex_lock(&lock);
	*tail = job;
	tail = &job->next;
	n_pending++;
	start = n_threads < MAX_THREADS;
	n_threads += start;
	mutex_unlock(&lock);
	if (start) {
		pthread_t thread;
		int err = thread_create(&thread, "closer", closer_main, NULL);

		if (!err) {
			pthread_detach(thread);
			return;
		}
		/* No thread to be had: this one does the work, slowly but surely. */
		log_warn("cannot start a thread that closes ports: %s", errno_str(err));
		closer_main(NULL);
	}
}

void netdev_closer_wait(void)
{
	pthread_once(&once, init_once);
	mutex_lock(&lock);
	while (n_pending)
		cond_wait(&idle, &lock);
	mutex_unlock(&lock);
}
