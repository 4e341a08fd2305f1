// SPDX-License-Identifier: Apache-2.0
#include "netdev/large_packet.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_KEPT 32 /* by each thread, some 2 MB */
#define ROOM (LARGE_PACKET_HEADROOM + LARGE_PACKET_MAX)

struct large_packet {
	struct packet p;
	struct large_packet *next;
	uint8_t room[ROOM];
};

static __thread struct large_packet *kept; /* the one released last comes first */
static __thread unsigned int n_kept;

static pthread_key_t key; /* set in threads that keep some, so that they free them at their end */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_kept(void *arg)
{
	struct large_packet *lp;

	while ((lp = kept)) {
		kept = lp->next;
		free(lp);
	}
	n_kept = 0;
}

static void init_once(void)
{
	pthread_key_create(&key, free_kept);
	atexit((void (*)(void))free_kept);
}

static void keep_or_free(struct packet *p)
{
	struct large_packet *lp = CONTAINER_OF(p, struct large_packet, p);

	if (n_kept >= MAX_KEPT) {
		free(lp);
		return;
	}
	if (!n_kept) {
		pthread_once(&once, init_once);
		pthread_setspecific(key, &once);
	}
	lp->next = kept;
	kept = lp;
	n_kept++;
}

struct packet *large_packet_create(size_t len)
{
	struct large_packet *lp = kept;

	if (len > LARGE_PACKET_MAX)
		return NULL;
	if (lp) {
		kept = lp->next;
		n_kept--;
	} else {
		lp = malloc(sizeof(*lp));
		if (!lp)
			return NULL;
	}
	packet_init(&lp->p, lp->room, ROOM, LARGE_PACKET_HEADROOM, len, keep_or_free);
	return &lp->p;
}
