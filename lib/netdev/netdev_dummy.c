// SPDX-License-Identifier: Apache-2.0
/* Dummy ports: receive what a test injects, remember what they send.  They need no privilege and
 * no network.
 *
 * options: n_rxq=N; ifindex=N; tx_pcap=FILE, rxq_pcap=FILE, pcap=FILE (both): capture files;
 * tx_offloads=csum,tso4,tso6,uso,ufo: what the device claims to do itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/util.h"
#include "netdev/netdev_provider.h"
#include "netdev/pcap_file.h"

#define MAX_RXQS 16
#define MAX_QUEUED 65536 /* packets of a queue */
#define N_TRANSMITTED 64
#define DEFAULT_MTU 1500
/* Ethernet header and one VLAN tag. */
#define L2_LEN 18

struct dummy_rxq;

struct frame {
	uint8_t *data;
	uint32_t len, size;
};

struct netdev_dummy {
	struct netdev up;
	uint32_t is_up; /* atomic: workers look */

	struct mutex lock; /* guards the rest; a leaf */
	struct dummy_rxq *rxqs[MAX_RXQS]; /* NULL: not open */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	FILE *rx_pcap, *tx_pcap; /* may be one */
	char *rx_pcap_name, *tx_pcap_name;
	struct frame transmitted[N_TRANSMITTED]; /* a ring */
	unsigned int transmitted_head, n_transmitted;
};

struct dummy_rxq {
	struct netdev_rxq up;
	/* A ring that grows, under the netdev's lock: 'n' packets from 'head' on. */
	struct packet **ring;
	uint32_t size, head, n;
	uint32_t n_queued; /* as 'n', relaxed atomic: a look without the lock */
};

extern const struct netdev_class netdev_dummy_class, netdev_dummy_internal_class,
	netdev_dummy_pmd_class;

static bool is_dummy(const struct netdev *netdev)
{
	return netdev->class == &netdev_dummy_class ||
	       netdev->class == &netdev_dummy_internal_class ||
	       netdev->class == &netdev_dummy_pmd_class;
}

static struct netdev_dummy *dummy_cast(const struct netdev *netdev)
{
	assert(is_dummy(netdev));
	return CONTAINER_OF(netdev, struct netdev_dummy, up);
}

static char *dummy_construct(struct netdev *netdev)
{
	static uint16_t n_made;
	struct netdev_dummy *d = dummy_cast(netdev);
	struct netdev_status *st = &netdev->status;

	mutex_init(&d->lock);
	d->is_up = 1;
	netdev->n_rxqs = 1;
	netdev->tx_max_len = DEFAULT_MTU + L2_LEN;
	st->flags = NETDEV_UP | NETDEV_RUNNING;
	st->carrier = true;
	st->mtu = DEFAULT_MTU;
	memcpy(st->mac, (uint8_t[]){ 0xaa, 0x55, 0xaa, 0x55, n_made >> 8, n_made & 0xff }, 6);
	n_made++;
	return NULL;
}

static void close_pcaps(struct netdev_dummy *d)
{
	pcap_file_close(d->rx_pcap);
	if (d->tx_pcap != d->rx_pcap)
		pcap_file_close(d->tx_pcap);
	d->rx_pcap = d->tx_pcap = NULL;
	free(d->rx_pcap_name);
	free(d->tx_pcap_name);
	d->rx_pcap_name = d->tx_pcap_name = NULL;
}

static void dummy_destruct(struct netdev *netdev)
{
	struct netdev_dummy *d = dummy_cast(netdev);
	int i;

	close_pcaps(d);
	for (i = 0; i < N_TRANSMITTED; i++)
		free(d->transmitted[i].data);
	mutex_uninit(&d->lock);
}

static char *parse_offloads(const char *s, uint32_t *offloads)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{ "csum", NETDEV_TX_CSUM }, { "tso4", NETDEV_TX_TSO4 }, { "tso6", NETDEV_TX_TSO6 },
		{ "uso", NETDEV_TX_USO },   { "ufo", NETDEV_TX_UFO },
	};
	size_t i, len;

	for (*offloads = 0; *s; s += len + (s[len] == ',')) {
		len = strcspn(s, ",");
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			if (strlen(names[i].name) == len && !strncmp(names[i].name, s, len))
				break;
		}
		if (i == ARRAY_SIZE(names))
			return xasprintf("tx_offloads: \"%.*s\" is not an offload", (int)len, s);
		*offloads |= names[i].bit;
	}
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

static char *open_pcaps(struct netdev_dummy *d, const struct smap *options)
{
	const char *both = smap_get(options, "pcap");
	const char *rx = smap_get_def(options, "rxq_pcap", both);
	const char *tx = smap_get_def(options, "tx_pcap", both);
	char *err = NULL;

	mutex_lock(&d->lock);
	if (same_name(rx, d->rx_pcap_name) && same_name(tx, d->tx_pcap_name))
		goto out;
	close_pcaps(d);
	if (rx) {
		d->rx_pcap = pcap_file_open(rx);
		if (!d->rx_pcap)
			err = xasprintf("%s: cannot open: %s", rx, errno_str(errno));
	}
	if (tx && rx && streq(tx, rx)) {
		d->tx_pcap = d->rx_pcap;
	} else if (tx && !err) {
		d->tx_pcap = pcap_file_open(tx);
		if (!d->tx_pcap)
			err = xasprintf("%s: cannot open: %s", tx, errno_str(errno));
	}
	d->rx_pcap_name = xstrdup_nullable(rx);
	d->tx_pcap_name = xstrdup_nullable(tx);
	if (err)
		close_pcaps(d);
out:
	mutex_unlock(&d->lock);
	return err;
}

static char *dummy_set_options(struct netdev *netdev, const struct smap *options)
{
	struct netdev_dummy *d = dummy_cast(netdev);
	unsigned int n_rxqs = smap_get_int(options, "n_rxq", 1, 1, MAX_RXQS);
	uint32_t offloads, ifindex = smap_get_int(options, "ifindex", 0, 0, INT32_MAX);
	char *err = parse_offloads(smap_get_def(options, "tx_offloads", ""), &offloads);

	if (!err)
		err = open_pcaps(d, options);
	if (err)
		return err;
	__atomic_store_n(&netdev->tx_offloads, offloads, __ATOMIC_RELAXED);
	if (netdev->status.ifindex != ifindex || netdev->n_rxqs != n_rxqs) {
		netdev->status.ifindex = ifindex;
		netdev->n_rxqs = n_rxqs;
		netdev_changed(netdev);
	}
	return NULL;
}

static int dummy_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
	struct netdev_dummy *d = dummy_cast(netdev);

	mutex_lock(&d->lock);
	stats->rx_packets = d->rx_packets;
	stats->rx_bytes = d->rx_bytes;
	stats->tx_packets = d->tx_packets;
	stats->tx_bytes = d->tx_bytes;
	mutex_unlock(&d->lock);
	return 0;
}

static int dummy_set_mtu(struct netdev *netdev, uint32_t mtu)
{
	if (mtu < 68 || mtu > 65535)
		return -EINVAL;
	if (netdev->status.mtu == mtu)
		return 0;
	netdev->status.mtu = mtu;
	__atomic_store_n(&netdev->tx_max_len, mtu + L2_LEN, __ATOMIC_RELAXED);
	netdev_changed(netdev);
	return 0;
}

static int dummy_set_mac(struct netdev *netdev, const uint8_t mac[6])
{
	if (!memcmp(netdev->status.mac, mac, 6))
		return 0;
	memcpy(netdev->status.mac, mac, 6);
	netdev_changed(netdev);
	return 0;
}

static int dummy_set_admin_up(struct netdev *netdev, bool up)
{
	struct netdev_dummy *d = dummy_cast(netdev);

	if (!!(netdev->status.flags & NETDEV_UP) == up)
		return 0;
	if (up)
		netdev->status.flags |= NETDEV_UP | NETDEV_RUNNING;
	else
		netdev->status.flags &= ~(NETDEV_UP | NETDEV_RUNNING);
	__atomic_store_n(&d->is_up, up, __ATOMIC_RELAXED);
	netdev_changed(netdev);
	return 0;
}

static struct netdev_rxq *dummy_rxq_open(struct netdev *netdev, unsigned int queue)
{
	struct netdev_dummy *d = dummy_cast(netdev);
	struct dummy_rxq *rxq;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	rxq = xzalloc(sizeof(*rxq));
	rxq->up.fd = fd;
	mutex_lock(&d->lock);
	d->rxqs[queue] = rxq; /* injection goes to the one that was opened last */
	mutex_unlock(&d->lock);
	return &rxq->up;
}

static void dummy_rxq_close(struct netdev_rxq *rxq_)
{
	struct dummy_rxq *rxq = CONTAINER_OF(rxq_, struct dummy_rxq, up);
	struct netdev_dummy *d = dummy_cast(rxq_->netdev);

	mutex_lock(&d->lock);
	if (d->rxqs[rxq_->queue] == rxq)
		d->rxqs[rxq_->queue] = NULL;
	mutex_unlock(&d->lock);
	for (; rxq->n; rxq->n--)
		packet_release(rxq->ring[rxq->head++ & (rxq->size - 1)]);
	free(rxq->ring);
	close(rxq->up.fd);
	free(rxq);
}

static int dummy_rxq_recv(struct netdev_rxq *rxq_, struct packet_batch *batch)
{
	struct dummy_rxq *rxq = CONTAINER_OF(rxq_, struct dummy_rxq, up);
	struct netdev_dummy *d = dummy_cast(rxq_->netdev);
	uint64_t bytes = 0;
	uint32_t i;

	if (!__atomic_load_n(&rxq->n_queued, __ATOMIC_RELAXED))
		return -EAGAIN;
	mutex_lock(&d->lock);
	batch->n = MIN(rxq->n, PACKET_BATCH_MAX);
	for (i = 0; i < batch->n; i++) {
		struct packet *p = rxq->ring[rxq->head++ & (rxq->size - 1)];

		batch->pkts[i] = p;
		bytes += p->len;
		if (d->rx_pcap)
			pcap_file_write(d->rx_pcap, p->data, p->len);
	}
	rxq->n -= batch->n;
	__atomic_store_n(&rxq->n_queued, rxq->n, __ATOMIC_RELAXED);
	d->rx_packets += batch->n;
	d->rx_bytes += bytes;
	if (!rxq->n) {
		uint64_t n;

		if (read(rxq->up.fd, &n, sizeof(n)) < 0)
			assert(errno == EAGAIN);
	}
	mutex_unlock(&d->lock);
	if (__atomic_load_n(&d->is_up, __ATOMIC_RELAXED))
		return batch->n;
	for (i = 0; i < batch->n; i++)
		packet_release(batch->pkts[i]);
	netdev_rxq_drop(rxq_, DROP_PORT_DOWN, batch->n);
	return batch->n = 0;
}

static void remember(struct netdev_dummy *d, const struct packet *p)
{
	struct frame *f = &d->transmitted[d->transmitted_head++ % N_TRANSMITTED];

	if (f->size < p->len) {
		f->size = ROUND_UP(p->len, 256);
		f->data = xrealloc(f->data, f->size);
	}
	f->len = p->len;
	memcpy(f->data, p->data, p->len);
	if (d->n_transmitted < N_TRANSMITTED)
		d->n_transmitted++;
}

static unsigned int dummy_send(struct netdev *netdev, unsigned int queue,
			       struct packet_batch *batch, uint64_t drops[DROP_N_REASONS])
{
	struct netdev_dummy *d = dummy_cast(netdev);
	bool up = __atomic_load_n(&d->is_up, __ATOMIC_RELAXED);
	uint32_t i;

	mutex_lock(&d->lock);
	for (i = 0; i < batch->n && up; i++) {
		const struct packet *p = batch->pkts[i];

		d->tx_packets++;
		d->tx_bytes += p->len;
		remember(d, p);
		if (d->tx_pcap)
			pcap_file_write(d->tx_pcap, p->data, p->len);
	}
	mutex_unlock(&d->lock);
	for (i = 0; i < batch->n; i++)
		packet_release(batch->pkts[i]);
	if (up)
		return 0;
	drops[DROP_TX_DOWN] += batch->n;
	return batch->n;
}

#define DUMMY_CLASS(TYPE)                                                                          \
	{                                                                                          \
		.type = TYPE, .size = sizeof(struct netdev_dummy), .construct = dummy_construct,   \
		.destruct = dummy_destruct, .set_options = dummy_set_options,                      \
		.get_stats = dummy_get_stats, .set_mtu = dummy_set_mtu, .set_mac = dummy_set_mac,  \
		.set_admin_up = dummy_set_admin_up, .rxq_open = dummy_rxq_open,                    \
		.rxq_close = dummy_rxq_close, .rxq_recv = dummy_rxq_recv, .send = dummy_send,      \
	}

const struct netdev_class netdev_dummy_class = DUMMY_CLASS("dummy");
const struct netdev_class netdev_dummy_internal_class = DUMMY_CLASS("dummy-internal");
const struct netdev_class netdev_dummy_pmd_class = DUMMY_CLASS("dummy-pmd");

/* ---- For commands and tests ---- */

struct netdev *netdev_dummy_lookup(const char *name)
{
	struct netdev *netdev = netdev_lookup(name);

	return netdev && is_dummy(netdev) ? netdev_ref(netdev) : NULL;
}

static void ring_put(struct dummy_rxq *rxq, struct packet *p)
{
	if (rxq->n == rxq->size) {
		uint32_t i, size = rxq->size ? rxq->size * 2 : 64;
		struct packet **ring = xcalloc(size, sizeof(*ring));

		for (i = 0; i < rxq->n; i++)
			ring[i] = rxq->ring[(rxq->head + i) & (rxq->size - 1)];
		free(rxq->ring);
		rxq->ring = ring;
		rxq->size = size;
		rxq->head = 0;
	}
	rxq->ring[(rxq->head + rxq->n++) & (rxq->size - 1)] = p;
	__atomic_store_n(&rxq->n_queued, rxq->n, __ATOMIC_RELAXED);
}

int netdev_dummy_inject(struct netdev *netdev, struct packet *p, unsigned int queue)
{
	struct netdev_dummy *d = dummy_cast(netdev);
	struct dummy_rxq *rxq;
	int err = 0;

	mutex_lock(&d->lock);
	rxq = queue < MAX_RXQS ? d->rxqs[queue] : NULL;
	if (!rxq)
		err = d->rxqs[0] ? -EINVAL : -ENOTCONN;
	else if (rxq->n >= MAX_QUEUED)
		err = -ENOBUFS;
	if (!err) {
		uint64_t one = 1;

		ring_put(rxq, p);
		if (rxq->n == 1 && write(rxq->up.fd, &one, sizeof(one)) < 0)
			assert(errno == EAGAIN);
	}
	mutex_unlock(&d->lock);
	if (err)
		packet_release(p);
	return err;
}

unsigned int netdev_dummy_n_queued(struct netdev *netdev)
{
	struct netdev_dummy *d = dummy_cast(netdev);
	unsigned int i, n = 0;

	mutex_lock(&d->lock);
	for (i = 0; i < MAX_RXQS; i++)
		n += d->rxqs[i] ? d->rxqs[i]->n : 0;
	mutex_unlock(&d->lock);
	return n;
}

void netdev_dummy_walk_transmitted(struct netdev *netdev,
				   void (*fn)(const void *data, size_t len, void *aux), void *aux)
{
	struct netdev_dummy *d = dummy_cast(netdev);
	unsigned int i;

	mutex_lock(&d->lock);
	for (i = d->n_transmitted; i > 0; i--) {
		const struct frame *f = &d->transmitted[(d->transmitted_head - i) % N_TRANSMITTED];

		fn(f->data, f->len, aux);
	}
	mutex_unlock(&d->lock);
}

void netdev_dummy_clear_transmitted(struct netdev *netdev)
{
	struct netdev_dummy *d = dummy_cast(netdev);

	mutex_lock(&d->lock);
	d->n_transmitted = 0;
	mutex_unlock(&d->lock);
}

void netdev_dummy_walk(void (*fn)(struct netdev *, void *aux), void *aux)
{
	netdev_walk(&netdev_dummy_class, fn, aux);
	netdev_walk(&netdev_dummy_internal_class, fn, aux);
	netdev_walk(&netdev_dummy_pmd_class, fn, aux);
}
