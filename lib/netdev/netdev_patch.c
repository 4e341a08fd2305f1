// SPDX-License-Identifier: Apache-2.0
/* Patch ports: one end of a wire between two bridges.  No packet ever reaches one: translation
 * goes on in the peer's bridge, and accounts here for what crossed. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "netdev/netdev_provider.h"

struct netdev_patch {
	struct netdev up;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* relaxed atomics, any thread */
};

extern const struct netdev_class netdev_patch_class;

static struct netdev_patch *patch_cast(const struct netdev *netdev)
{
	assert(netdev->class == &netdev_patch_class);
	return CONTAINER_OF(netdev, struct netdev_patch, up);
}

static char *patch_construct(struct netdev *netdev)
{
	struct netdev_status *st = &netdev->status;
	uint64_t h = hash_bytes64(netdev->name, strlen(netdev->name), 0);

	st->flags = NETDEV_UP | NETDEV_RUNNING;
	st->carrier = true;
	memcpy(st->mac, &h, sizeof(st->mac));
	st->mac[0] = (st->mac[0] & ~1) | 2; /* local, unicast */
	return NULL;
}

static void patch_destruct(struct netdev *netdev)
{
}

static char *patch_set_options(struct netdev *netdev, const struct smap *options)
{
	const char *peer = smap_get(options, "peer");

	if (!peer || !*peer)
		return xasprintf("%s: patch type requires valid 'peer' argument", netdev->name);
	if (streq(peer, netdev->name))
		return xasprintf("%s: patch peer must not be self", netdev->name);
	return NULL;
}

static int patch_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
	const struct netdev_patch *p = patch_cast(netdev);

	stats->rx_packets = __atomic_load_n(&p->rx_packets, __ATOMIC_RELAXED);
	stats->rx_bytes = __atomic_load_n(&p->rx_bytes, __ATOMIC_RELAXED);
	stats->tx_packets = __atomic_load_n(&p->tx_packets, __ATOMIC_RELAXED);
	stats->tx_bytes = __atomic_load_n(&p->tx_bytes, __ATOMIC_RELAXED);
	return 0;
}

void netdev_patch_add_stats(struct netdev *netdev, uint64_t rx_packets, uint64_t rx_bytes,
			    uint64_t tx_packets, uint64_t tx_bytes)
{
	struct netdev_patch *p = patch_cast(netdev);

	__atomic_add_fetch(&p->rx_packets, rx_packets, __ATOMIC_RELAXED);
	__atomic_add_fetch(&p->rx_bytes, rx_bytes, __ATOMIC_RELAXED);
	__atomic_add_fetch(&p->tx_packets, tx_packets, __ATOMIC_RELAXED);
	__atomic_add_fetch(&p->tx_bytes, tx_bytes, __ATOMIC_RELAXED);
}

static unsigned int patch_send(struct netdev *netdev, unsigned int queue,
			       struct packet_batch *batch, uint64_t drops[DROP_N_REASONS])
{
	unsigned int i;

	for (i = 0; i < batch->n; i++)
		packet_release(batch->pkts[i]);
	drops[DROP_NO_SUCH_PORT] += batch->n;
	return batch->n;
}

const struct netdev_class netdev_patch_class = {
	.type = "patch",
	.uses = NETDEV_FOR_ALL,
	.size = sizeof(struct netdev_patch),
	.construct = patch_construct,
	.destruct = patch_destruct,
	.set_options = patch_set_options,
	.get_stats = patch_get_stats,
	.send = patch_send,
};
