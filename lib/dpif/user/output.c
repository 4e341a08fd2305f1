// SPDX-License-Identifier: Apache-2.0
/* Output: packets wait in batches, one for each port, until the batch that was received is done.
 * The batches stand in a small table by port number; two ports that meet in one place take
 * turns. */
#include "dpif/user/dp.h"

static uint64_t batch_len(const struct packet_batch *b)
{
	uint64_t len = 0;
	uint32_t i;

	for (i = 0; i < b->n; i++)
		len += b->pkts[i]->len;
	return len;
}

static void slot_send(struct worker *w, struct out_slot *o)
{
	struct port_counters *c = user_port_counters(o->port, w->slot);
	uint64_t bytes = batch_len(&o->batch);
	uint32_t n = o->batch.n;
	unsigned int n_refused;

	n_refused = netdev_send(o->port->netdev, w->slot, &o->batch, w->tx_drops);
	o->batch.n = 0;
	if (unlikely(n_refused)) {
		int why;

		for (why = 0; why < DROP_N_REASONS; why++) {
			if (!w->tx_drops[why])
				continue;
			CTR_ADD(&c->tx_drops[why], w->tx_drops[why]);
			w->tx_drops[why] = 0;
		}
		/* Segments may have been refused, not packets; octets of what was refused are not
		 * known. */
		n_refused = MIN(n_refused, n);
		bytes -= bytes * n_refused / n;
	}
	CTR_ADD(&c->tx_packets, n - n_refused);
	CTR_ADD(&c->tx_bytes, bytes);
	CTR_ADD(&w->counters.n_tx, n - n_refused);
	CTR_ADD(&w->counters.n_tx_batches, 1);
}

static void slot_flush(struct worker *w, unsigned int i)
{
	struct out_slot *o = &w->out[i];

	if (o->batch.n)
		slot_send(w, o);
	netdev_flush(o->port->netdev, w->slot);
	o->port = NULL;
	w->out_used &= ~(UINT64_C(1) << i);
}

void output_packet(struct worker *w, struct packet *p, uint32_t port_no)
{
	unsigned int i = port_no % OUT_SLOTS;
	struct out_slot *o = &w->out[i];

	if (o->port && o->port->port_no != port_no)
		slot_flush(w, i);
	if (!o->port) {
		struct user_port *port = user_port_by_no(w->dp, port_no);

		if (unlikely(!port)) {
			drop_packet(w, p, DROP_NO_SUCH_PORT);
			return;
		}
		o->port = port;
		o->batch.n = 0;
		w->out_used |= UINT64_C(1) << i;
	}
	if (p->cutlen) {
		/* A cut frame cannot go on being GSO, nor be summed up to its former end. */
		p->len -= MIN(p->cutlen, p->len);
		p->cutlen = 0;
		p->offload.csum_partial = false;
		p->offload.gso = PACKET_GSO_NONE;
	}
	o->batch.pkts[o->batch.n++] = p;
	if (o->batch.n == PACKET_BATCH_MAX)
		slot_send(w, o);
}

void output_flush(struct worker *w)
{
	while (w->out_used)
		slot_flush(w, __builtin_ctzll(w->out_used));
}
