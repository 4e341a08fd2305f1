// SPDX-License-Identifier: Apache-2.0
/* Ingress policing.  A bucket may go below zero once: the frame that empties it passes whole, and
 * the next ones wait until the debt is paid.  So a GSO frame larger than the burst is not lost for
 * ever, and the average is exact. Tokens are scaled by 1,000,000: a rate of n per second adds n of
 * them each microsecond. */
#include "netdev/netdev_provider.h"

#include "base/clock.h"
#include "base/util.h"

#define SCALE 1000000
#define DEFAULT_KBIT_BURST 8000
#define DEFAULT_KPKT_BURST 16

void netdev_policer_init(struct netdev_policer *p)
{
	*p = (struct netdev_policer){ .on = 0 };
	mutex_init(&p->lock);
}

void netdev_policer_uninit(struct netdev_policer *p)
{
	mutex_uninit(&p->lock);
}

static void fill(int64_t *tokens, uint64_t rate, uint64_t burst, uint64_t elapsed_us)
{
	__int128 t = *tokens + (__int128)rate * elapsed_us;
	int64_t max = (int64_t)burst * SCALE;

	*tokens = t > max ? max : (int64_t)t;
}

static void fill_both(struct netdev_policer *p)
{
	uint64_t now = clock_us();

	if (now <= p->last_us)
		return;
	fill(&p->bit_tokens, p->bps, p->bit_burst, now - p->last_us);
	fill(&p->packet_tokens, p->pps, p->packet_burst, now - p->last_us);
	p->last_us = now;
}

/* A limit that is new begins with a full bucket.  Another one keeps what is in it, so that nobody
 * gets more than his rate by changing something over and over. */
static void set_limit(uint64_t *rate, uint64_t *burst, int64_t *tokens, uint64_t new_rate,
		      uint64_t new_burst)
{
	int64_t max = (int64_t)new_burst * SCALE;

	*tokens = *rate ? MIN(*tokens, max) : max;
	*rate = new_rate;
	*burst = new_burst;
}

void netdev_policer_set(struct netdev_policer *p, uint32_t kbps, uint32_t kbit_burst, uint32_t kpps,
			uint32_t kpkt_burst)
{
	mutex_lock(&p->lock);
	fill_both(p); /* at the old rates */
	set_limit(&p->bps, &p->bit_burst, &p->bit_tokens, (uint64_t)kbps * 1000,
		  (uint64_t)(kbit_burst ? kbit_burst : DEFAULT_KBIT_BURST) * 1000);
	set_limit(&p->pps, &p->packet_burst, &p->packet_tokens, (uint64_t)kpps * 1000,
		  (uint64_t)(kpkt_burst ? kpkt_burst : DEFAULT_KPKT_BURST) * 1000);
	__atomic_store_n(&p->on, kbps || kpps, __ATOMIC_RELAXED);
	mutex_unlock(&p->lock);
}

unsigned int netdev_policer_run(struct netdev_policer *p, struct packet_batch *batch)
{
	unsigned int i, n_kept = 0, n_dropped;

	mutex_lock(&p->lock);
	fill_both(p);
	for (i = 0; i < batch->n; i++) {
		struct packet *pkt = batch->pkts[i];

		if ((p->bps && p->bit_tokens <= 0) || (p->pps && p->packet_tokens <= 0)) {
			packet_release(pkt);
			continue;
		}
		p->bit_tokens -= p->bps ? (int64_t)pkt->len * 8 * SCALE : 0;
		p->packet_tokens -= p->pps ? SCALE : 0;
		batch->pkts[n_kept++] = pkt;
	}
	mutex_unlock(&p->lock);
	n_dropped = batch->n - n_kept;
	batch->n = n_kept;
	return n_dropped;
}
