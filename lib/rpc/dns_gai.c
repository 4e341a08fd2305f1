// SPDX-License-Identifier: Apache-2.0
/* Names by getaddrinfo_a(), where libunbound was not built in.
 *
 * The C library answers from a thread of its own, and a query under way cannot be called back.  So
 * a cancelled query lives on without its loop, and whoever comes last, frees it. */
#ifndef HAVE_UNBOUND
#include "rpc/dns.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutex.h"
#include "base/util.h"
#include "rpc/inet_target.h"

struct dns_query {
	struct gaicb cb;
	struct addrinfo hints;
	struct loop *loop; /* guarded by 'lock'; NULL: cancelled */
	struct post answered;
	struct work failed; /* getaddrinfo_a() itself did */
	int start_error;
	char *name;
	void (*done)(void *aux, const struct dns_result *);
	void *aux;
};

static struct mutex lock = MUTEX_INIT;

static void query_destroy(struct dns_query *q)
{
	if (q->cb.ar_result)
		freeaddrinfo(q->cb.ar_result);
	free(q->name);
	free(q);
}

static void report(struct dns_query *q, int err)
{
	void (*done)(void *aux, const struct dns_result *) = q->done;
	struct dns_result result = { .n = 0 };
	void *aux = q->aux;

	for (const struct addrinfo *ai = err ? NULL : q->cb.ar_result; ai; ai = ai->ai_next) {
		if (result.n < DNS_MAX_ADDRESSES && ai->ai_addrlen <= sizeof(*result.addresses)) {
			memcpy(&result.addresses[result.n], ai->ai_addr, ai->ai_addrlen);
			inet_address_set_port(&result.addresses[result.n++], 0);
		}
	}
	result.why = err ? gai_strerror(err) : "the name has no address";
	query_destroy(q);
	done(aux, &result);
}

static void answered_post(struct post *p)
{
	struct dns_query *q = CONTAINER_OF(p, struct dns_query, answered);

	if (q->loop)
		report(q, gai_error(&q->cb));
	else
		query_destroy(q);
}

static void failed_work(struct work *w)
{
	struct dns_query *q = CONTAINER_OF(w, struct dns_query, failed);

	report(q, q->start_error);
}

/* In a thread of the C library. */
static void answered(union sigval v)
{
	struct dns_query *q = v.sival_ptr;

	mutex_lock(&lock);
	if (q->loop) {
		loop_post(q->loop, &q->answered);
		q = NULL;
	}
	mutex_unlock(&lock);
	if (q)
		query_destroy(q);
}

struct dns_query *dns_resolve(struct loop *loop, const char *name,
			      void (*done)(void *aux, const struct dns_result *), void *aux)
{
	struct dns_query *q = xzalloc(sizeof(*q));
	struct gaicb *list[] = { &q->cb };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = answered,
		.sigev_value.sival_ptr = q,
	};

	q->loop = loop;
	q->answered.cb = answered_post;
	work_init(&q->failed, loop, failed_work);
	q->done = done;
	q->aux = aux;
	q->name = xstrdup(name);
	q->hints.ai_socktype = SOCK_STREAM;
	q->cb.ar_name = q->name;
	q->cb.ar_request = &q->hints;
	q->start_error = getaddrinfo_a(GAI_NOWAIT, list, 1, &event);
	if (q->start_error)
		work_schedule(&q->failed);
	return q;
}

void dns_cancel(struct dns_query *q)
{
	if (!q)
		return;
	if (q->start_error) {
		work_cancel(&q->failed);
		query_destroy(q);
		return;
	}
	mutex_lock(&lock);
	q->loop = NULL;
	mutex_unlock(&lock);
}
#endif /* !HAVE_UNBOUND */

/* With libunbound this file is empty: dns_unbound.c takes its place. */
extern int dns_gai_not_empty;
