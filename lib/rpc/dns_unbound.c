// SPDX-License-Identifier: Apache-2.0
/* Names by libunbound, whose context works in a thread of its own and tells of answers by a
 * descriptor.
 *
 * A loop has one context, for as long as it has queries: nothing is left to clean up when the loop
 * goes, and a daemon that knows its peers' addresses keeps no resolver. */
#ifdef HAVE_UNBOUND
#include "rpc/dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mutex.h"
#include "base/util.h"

LOG_MODULE(dns_resolve);

#define RR_CLASS_IN 1
#define RR_A 1
#define RR_AAAA 28

struct resolver {
	struct resolver *next;
	struct loop *loop;
	struct ub_ctx *ctx;
	struct watch watch;
	unsigned int n_queries;
};

struct question {
	struct dns_query *query;
	int rr_type;
	int id;
	bool pending;
	struct sockaddr_storage addresses[DNS_MAX_ADDRESSES / 2];
	unsigned int n;
};

struct dns_query {
	struct resolver *resolver; /* NULL: failed before it began */
	struct question questions[2]; /* A, AAAA: their answers are given in this order */
	struct work finish;
	char *why;
	void (*done)(void *aux, const struct dns_result *);
	void *aux;
};

static struct mutex lock = MUTEX_INIT;
static struct resolver *resolvers GUARDED; /* by 'lock'; each is its loop's thread's */

static void answers_ready(struct watch *w, uint32_t revents)
{
	ub_process(CONTAINER_OF(w, struct resolver, watch)->ctx);
}

static void resolver_destroy(struct resolver *r)
{
	watch_del(&r->watch);
	if (r->ctx)
		ub_ctx_delete(r->ctx);
	free(r);
}

static char *configure(struct ub_ctx *ctx)
{
	const char *resolv_conf = getenv("OVS_RESOLV_CONF");
	const char *unbound_conf = getenv("OVS_UNBOUND_CONF");
	int err;

	if (unbound_conf && *unbound_conf) {
		err = ub_ctx_config(ctx, unbound_conf);
		if (err)
			return xasprintf("%s: %s", unbound_conf, ub_strerror(err));
	}
	err = ub_ctx_async(ctx, true);
	if (!err)
		err = ub_ctx_resolvconf(ctx, resolv_conf && *resolv_conf ? resolv_conf : NULL);
	if (err)
		return xasprintf("%s: %s", resolv_conf ? resolv_conf : "/etc/resolv.conf",
				 ub_strerror(err));
	err = ub_ctx_hosts(ctx, NULL);
	if (err)
		log_dbg("/etc/hosts: %s", ub_strerror(err));
	return NULL;
}

static struct resolver *resolver_create(struct loop *loop, char **why)
{
	struct resolver *r = xzalloc(sizeof(*r));
	int err;

	r->loop = loop;
	r->ctx = ub_ctx_create();
	*why = r->ctx ? configure(r->ctx)
		      : xasprintf("cannot make a resolver: %s", errno_str(errno));
	if (!*why) {
		err = watch_add(loop, &r->watch, ub_fd(r->ctx), EPOLLIN, answers_ready);
		if (err)
			*why = xasprintf("cannot watch the resolver: %s", errno_str(err));
	}
	if (*why) {
		resolver_destroy(r);
		return NULL;
	}
	return r;
}

static struct resolver *resolver_ref(struct loop *loop, char **why)
{
	struct resolver *r;

	mutex_lock(&lock);
	for (r = resolvers; r && r->loop != loop; r = r->next)
		;
	if (!r) {
		r = resolver_create(loop, why);
		if (r) {
			r->next = resolvers;
			resolvers = r;
		}
	}
	if (r)
		r->n_queries++;
	mutex_unlock(&lock);
	return r;
}

/* Never inside ub_process(): work_schedule() takes care of that for finished queries. */
static void resolver_unref(struct resolver *r)
{
	struct resolver **p;

	if (!r)
		return;
	mutex_lock(&lock);
	if (--r->n_queries) {
		mutex_unlock(&lock);
		return;
	}
	for (p = &resolvers; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	mutex_unlock(&lock);
	resolver_destroy(r);
}

static void add_address(struct question *q, const char *data, int len)
{
	struct sockaddr_storage *ss = &q->addresses[q->n];

	if (q->n == ARRAY_SIZE(q->addresses))
		return;
	memset(ss, 0, sizeof(*ss));
	if (q->rr_type == RR_A && len == sizeof(struct in_addr)) {
		ss->ss_family = AF_INET;
		memcpy(&((struct sockaddr_in *)ss)->sin_addr, data, sizeof(struct in_addr));
	} else if (q->rr_type == RR_AAAA && len == sizeof(struct in6_addr)) {
		ss->ss_family = AF_INET6;
		memcpy(&((struct sockaddr_in6 *)ss)->sin6_addr, data, sizeof(struct in6_addr));
	} else {
		return;
	}
	q->n++;
}

static void answered(void *aux, int err, struct ub_result *result)
{
	struct question *q = aux;
	struct dns_query *query = q->query;

	q->pending = false;
	if (!err && result->havedata && !result->bogus) {
		for (int i = 0; result->data[i]; i++)
			add_address(q, result->data[i], result->len[i]);
	} else if (!query->why) {
		query->why = xstrdup(err                ? ub_strerror(err)
				     : result->bogus    ? "the answer does not verify"
				     : result->nxdomain ? "no such name"
				     : result->rcode    ? "the name server failed"
							: "the name has no address");
	}
	if (!err)
		ub_resolve_free(result);
	if (!query->questions[0].pending && !query->questions[1].pending)
		work_schedule(&query->finish);
}

static void query_destroy(struct dns_query *query)
{
	work_cancel(&query->finish);
	resolver_unref(query->resolver);
	free(query->why);
	free(query);
}

static void finish(struct work *w)
{
	struct dns_query *query = CONTAINER_OF(w, struct dns_query, finish);
	void (*done)(void *aux, const struct dns_result *) = query->done;
	struct dns_result result = { .n = 0 };
	void *aux = query->aux;
	char *why = query->why;

	for (size_t i = 0; i < ARRAY_SIZE(query->questions); i++) {
		const struct question *q = &query->questions[i];

		memcpy(&result.addresses[result.n], q->addresses, q->n * sizeof(q->addresses[0]));
		result.n += q->n;
	}
	result.why = why ? why : "the name has no address";
	query->why = NULL;
	query_destroy(query);
	done(aux, &result);
	free(why);
}

/* The context's thread starts with the first question: signals are the main thread's. */
static void ask(struct dns_query *query, const char *name)
{
	sigset_t all, old;

	query->questions[0].pending = query->questions[1].pending = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (size_t i = 0; i < ARRAY_SIZE(query->questions); i++) {
		struct question *q = &query->questions[i];
		int err;

		err = ub_resolve_async(query->resolver->ctx, name, q->rr_type, RR_CLASS_IN, q,
				       answered, &q->id);
		if (err)
			answered(q, err, NULL);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct dns_query *dns_resolve(struct loop *loop, const char *name,
			      void (*done)(void *aux, const struct dns_result *), void *aux)
{
	struct dns_query *query = xzalloc(sizeof(*query));

	query->done = done;
	query->aux = aux;
	work_init(&query->finish, loop, finish);
	query->questions[0] = (struct question){ .query = query, .rr_type = RR_A };
	query->questions[1] = (struct question){ .query = query, .rr_type = RR_AAAA };
	query->resolver = resolver_ref(loop, &query->why);
	if (query->resolver)
		ask(query, name);
	else
		work_schedule(&query->finish);
	return query;
}

void dns_cancel(struct dns_query *query)
{
	if (!query)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(query->questions); i++) {
		if (query->questions[i].pending)
			ub_cancel(query->resolver->ctx, query->questions[i].id);
	}
	query_destroy(query);
}
#endif /* HAVE_UNBOUND */

/* Without libunbound this file is empty: dns_gai.c takes its place. */
extern int dns_unbound_not_empty;
