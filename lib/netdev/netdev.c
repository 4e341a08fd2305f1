// SPDX-License-Identifier: Apache-2.0
/* The registry of open ports, their life and their events.
 *
 * A netdev has references (users: the bridge, a datapath's configuration) and holds (who touches
 * the device from another thread: receive queues, ports that an RCU reader may still see).  The
 * references together are one hold. At the last release a helper thread destructs the device;
 * until that is done its name stays taken, so that a new netdev_open() of it does not meet the old
 * descriptors. */
#include "netdev/netdev_provider.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "netdev/tx_offload.h"
#include "packet/csum.h"

LOG_MODULE(netdev);

/* How long netdev_open() waits for the former device of that name to be gone. */
#define CLOSE_WAIT_US 5000000

/* Guards the registry, the counts and the lists of queues of all netdevs; a leaf. */
static struct mutex registry_lock = MUTEX_INIT;
static struct hmap registry; /* zeroed it is empty */

/* Main thread. */
static bool initialized, dummy_only, keep_on_close;
static enum dummy_mode { DUMMY_OFF, DUMMY_ON, DUMMY_SYSTEM, DUMMY_OVERRIDE } dummy_mode;
static CDS_LIST_HEAD(appear_listeners);

/* A walk over a list of listeners, any of which may be removed meanwhile. */
struct walk {
	struct cds_list_head *next;
	struct walk *outer;
};
static struct walk *walks;

/* ---- Kinds ---- */

static bool class_is_dummy(const struct netdev_class *class)
{
	return str_has_prefix(class->type, "dummy");
}

static bool class_is_usable(const struct netdev_class *class)
{
	return class_is_dummy(class) ? dummy_mode != DUMMY_OFF
				     : !(class->needs_system && dummy_only);
}

static bool class_is_for(const struct netdev_class *class, enum netdev_use use)
{
	return (class->uses ? class->uses : NETDEV_FOR_PACKETS) & 1 << use;
}

static const struct netdev_class *class_lookup(const char *type, enum netdev_use use)
{
	const struct netdev_class *const *c;

	if (dummy_mode == DUMMY_OVERRIDE && !str_has_prefix(type, "dummy") && !streq(type, "patch"))
		type = streq(type, "internal") || streq(type, "tap") ? "dummy-internal" : "dummy";
	else if (dummy_mode == DUMMY_SYSTEM && streq(type, "system"))
		type = "dummy";
	for (c = netdev_classes; *c; c++) {
		if (streq((*c)->type, type) && class_is_usable(*c) && class_is_for(*c, use))
			return *c;
	}
	return NULL;
}

char *netdev_init(struct loop *loop, bool dummy_only_)
{
	const struct netdev_class *const *c;
	char *err = NULL;

	if (initialized)
		return NULL;
	dummy_only = dummy_only_;
	for (c = netdev_classes; *c && !err; c++) {
		if ((*c)->init && !((*c)->needs_system && dummy_only))
			err = (*c)->init(loop);
	}
	if (err) {
		for (c--; c-- > netdev_classes;) {
			if ((*c)->uninit && !((*c)->needs_system && dummy_only))
				(*c)->uninit();
		}
		return err;
	}
	initialized = true;
	return NULL;
}

void netdev_uninit(void)
{
	const struct netdev_class *const *c;

	if (!initialized)
		return;
	netdev_close_barrier();
	for (c = netdev_classes; *c; c++) {
		if ((*c)->uninit && !((*c)->needs_system && dummy_only))
			(*c)->uninit();
	}
	initialized = false;
	mutex_lock(&registry_lock);
	if (hmap_is_empty(&registry))
		hmap_uninit(&registry);
	mutex_unlock(&registry_lock);
}

void netdev_dummy_enable(const char *mode)
{
	if (mode && streq(mode, "override"))
		dummy_mode = DUMMY_OVERRIDE;
	else if (mode && streq(mode, "system"))
		dummy_mode = DUMMY_SYSTEM;
	else
		dummy_mode = DUMMY_ON;
}

bool netdev_dummy_is_enabled(void)
{
	return dummy_mode != DUMMY_OFF;
}

bool netdev_dummy_overrides(const char *type)
{
	return dummy_mode == DUMMY_OVERRIDE ||
	       (dummy_mode == DUMMY_SYSTEM && streq(type, "system"));
}

const char *const *netdev_types(void)
{
	static const char *types[32];
	const struct netdev_class *const *c;
	size_t n = 0;

	for (c = netdev_classes; *c && n < ARRAY_SIZE(types) - 1; c++) {
		if (class_is_usable(*c) && class_is_for(*c, NETDEV_USE_PACKETS))
			types[n++] = (*c)->type;
	}
	types[n] = NULL;
	return types;
}

bool netdev_type_is_patch(const char *type)
{
	return streq(type, "patch");
}

/* ---- Open and close ---- */

static struct netdev *registry_lookup(const char *name) REQUIRES(registry_lock)
{
	struct netdev *netdev;

	HMAP_FOR_EACH_WITH_HASH(netdev, node, hash_string(name, 0), &registry) {
		if (streq(netdev->name, name))
			return netdev;
	}
	return NULL;
}

static void netdev_free(struct netdev *netdev)
{
	netdev_policer_uninit(&netdev->policer);
	smap_uninit(&netdev->options);
	free(netdev->name);
	free(netdev->type);
	free(netdev);
}

struct destruct_job {
	struct netdev_close_job job;
	struct netdev *netdev;
};

static void destruct_job_run(struct netdev_close_job *job_)
{
	struct destruct_job *job = CONTAINER_OF(job_, struct destruct_job, job);
	struct netdev *netdev = job->netdev;

	netdev->class->destruct(netdev);
	mutex_lock(&registry_lock);
	hmap_remove(&registry, &netdev->node);
	mutex_unlock(&registry_lock);
	netdev_free(netdev);
	free(job);
}

void netdev_hold(struct netdev *netdev)
{
	mutex_lock(&registry_lock);
	assert(netdev->n_holds);
	netdev->n_holds++;
	mutex_unlock(&registry_lock);
}

void netdev_release(struct netdev *netdev)
{
	struct destruct_job *job;
	bool last;

	mutex_lock(&registry_lock);
	assert(netdev->n_holds);
	last = !--netdev->n_holds;
	mutex_unlock(&registry_lock);
	if (!last)
		return;
	job = xmalloc(sizeof(*job));
	job->job.fn = destruct_job_run;
	job->netdev = netdev;
	netdev_closer_submit(&job->job);
}

struct netdev *netdev_ref(struct netdev *netdev)
{
	mutex_lock(&registry_lock);
	assert(netdev->n_refs);
	netdev->n_refs++;
	mutex_unlock(&registry_lock);
	return netdev;
}

void netdev_unref(struct netdev *netdev)
{
	bool last;

	if (!netdev)
		return;
	mutex_lock(&registry_lock);
	assert(netdev->n_refs);
	last = !--netdev->n_refs;
	if (last) {
		netdev->closing = true;
		netdev->keep = keep_on_close;
	}
	mutex_unlock(&registry_lock);
	if (last)
		netdev_release(netdev);
}

void netdev_keep_on_close(bool keep)
{
	mutex_lock(&registry_lock);
	keep_on_close = keep;
	mutex_unlock(&registry_lock);
}

void netdev_close_barrier(void)
{
	/* Ports that a datapath gave up are released after a grace period, then queued to be
	 * closed, and the last queue that closes releases the device: two rounds each. */
	rcu_barrier_();
	netdev_closer_wait();
	netdev_closer_wait();
}

/* Takes a reference on an open netdev of that name; waits until one that is being closed is
 * gone. */
static char *lookup_for_open(const char *name, const char *type, enum netdev_use use,
			     struct netdev **np)
{
	uint64_t deadline_us = 0;

	for (;;) {
		struct netdev *netdev;
		char *err = NULL;

		mutex_lock(&registry_lock);
		netdev = registry_lookup(name);
		if (!netdev) {
			mutex_unlock(&registry_lock);
			return NULL;
		}
		if (!netdev->closing) {
			if (streq(netdev->type, type) && class_is_for(netdev->class, use)) {
				netdev->n_refs++;
				*np = netdev;
			} else if (streq(netdev->type, type)) {
				err = xasprintf("could not open network device %s (already open "
						"in a datapath of another type)",
						name);
			} else {
				err = xasprintf("could not open network device %s (already open as "
						"type %s)",
						name, netdev->type);
			}
			mutex_unlock(&registry_lock);
			return err;
		}
		mutex_unlock(&registry_lock);
		if (!deadline_us)
			deadline_us = clock_real_us() + CLOSE_WAIT_US;
		else if (clock_real_us() > deadline_us)
			return xasprintf(
				"could not open network device %s (it is still being closed)",
				name);
		usleep(200);
	}
}

void netdev_prepare(const char *const *names, size_t n)
{
	const struct netdev_class *class = class_lookup("system", NETDEV_USE_PACKETS);

	if (class && class->prepare && class_is_usable(class))
		class->prepare(names, n);
}

char *netdev_open(const char *name, const char *type, struct netdev **np)
{
	return netdev_open_for(name, type, NETDEV_USE_PACKETS, np);
}

char *netdev_open_for(const char *name, const char *type, enum netdev_use use, struct netdev **np)
{
	const struct netdev_class *class;
	struct netdev *netdev = NULL;
	char *err, *why;

	if (!*type)
		type = "system";
	err = lookup_for_open(name, type, use, &netdev);
	if (err || netdev) {
		*np = netdev;
		return err;
	}
	class = class_lookup(type, use);
	if (!class)
		return xasprintf(
			"could not open network device %s (unknown or unavailable type %s)", name,
			type);

	netdev = xzalloc(class->size);
	netdev->class = class;
	netdev->name = xstrdup(name);
	netdev->type = xstrdup(type);
	smap_init(&netdev->options);
	CDS_INIT_LIST_HEAD(&netdev->listeners);
	CDS_INIT_LIST_HEAD(&netdev->rxqs);
	netdev_policer_init(&netdev->policer);
	netdev->n_refs = netdev->n_holds = 1;
	why = class->construct(netdev);
	if (why) {
		err = xasprintf("could not open network device %s (%s)", name, why);
		free(why);
		netdev_free(netdev);
		return err;
	}
	mutex_lock(&registry_lock);
	hmap_insert(&registry, &netdev->node, hash_string(name, 0));
	mutex_unlock(&registry_lock);
	*np = netdev;
	return NULL;
}

struct netdev *netdev_lookup(const char *name)
{
	struct netdev *netdev;

	mutex_lock(&registry_lock);
	netdev = registry_lookup(name);
	if (netdev && netdev->closing)
		netdev = NULL;
	mutex_unlock(&registry_lock);
	return netdev;
}

void netdev_walk(const struct netdev_class *class, void (*fn)(struct netdev *, void *aux),
		 void *aux)
{
	struct netdev *netdev, **all;
	size_t i, n = 0;

	/* 'fn' may open and close others: it runs on a snapshot, whose members cannot vanish. */
	mutex_lock(&registry_lock);
	all = xcalloc(hmap_count(&registry) + 1, sizeof(*all));
	HMAP_FOR_EACH(netdev, node, &registry) {
		if ((class && netdev->class != class) || netdev->closing)
			continue;
		netdev->n_holds++;
		all[n++] = netdev;
	}
	mutex_unlock(&registry_lock);
	for (i = 0; i < n; i++) {
		fn(all[i], aux);
		netdev_release(all[i]);
	}
	free(all);
}

/* ---- What they are ---- */

const char *netdev_name(const struct netdev *netdev)
{
	return netdev->name;
}

const char *netdev_type(const struct netdev *netdev)
{
	return netdev->type;
}

const char *netdev_class_type(const struct netdev *netdev)
{
	return netdev->class->type;
}

enum netdev_use netdev_get_use(const struct netdev *netdev)
{
	return class_is_for(netdev->class, NETDEV_USE_PACKETS) ? NETDEV_USE_PACKETS
							       : NETDEV_USE_VPORT;
}

void netdev_refresh(struct netdev *netdev)
{
	if (netdev->class->refresh)
		netdev->class->refresh(netdev);
}

char *netdev_set_options(struct netdev *netdev, const struct smap *options)
{
	char *err = netdev->class->set_options ? netdev->class->set_options(netdev, options) : NULL;

	if (!err) {
		smap_uninit(&netdev->options);
		smap_clone(&netdev->options, options);
	}
	return err;
}

void netdev_get_options(const struct netdev *netdev, struct smap *options)
{
	const struct smap_node *node;

	if (netdev->class->get_options) {
		netdev->class->get_options(netdev, options);
		return;
	}
	SMAP_FOR_EACH(node, &netdev->options)
		smap_set(options, node->key, node->value);
}

void netdev_get_status(const struct netdev *netdev, struct netdev_status *status)
{
	*status = netdev->status;
}

void netdev_format_status(const struct netdev *netdev, struct smap *status)
{
	if (netdev->class->format_status)
		netdev->class->format_status(netdev, status);
}

int netdev_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
	memset(stats, 0xff, sizeof(*stats));
	return netdev->class->get_stats ? netdev->class->get_stats(netdev, stats) : -EOPNOTSUPP;
}

int netdev_set_mtu(struct netdev *netdev, uint32_t mtu)
{
	return netdev->class->set_mtu ? netdev->class->set_mtu(netdev, mtu) : -EOPNOTSUPP;
}

int netdev_set_mac(struct netdev *netdev, const uint8_t mac[6])
{
	return netdev->class->set_mac ? netdev->class->set_mac(netdev, mac) : -EOPNOTSUPP;
}

int netdev_set_admin_up(struct netdev *netdev, bool up)
{
	return netdev->class->set_admin_up ? netdev->class->set_admin_up(netdev, up) : -EOPNOTSUPP;
}

int netdev_set_policing(struct netdev *netdev, uint32_t kbps, uint32_t kbit_burst, uint32_t kpps,
			uint32_t kpkt_burst)
{
	if (!netdev->n_rxqs)
		return kbps || kpps ? -EOPNOTSUPP : 0;
	netdev_policer_set(&netdev->policer, kbps, kbit_burst, kpps, kpkt_burst);
	return 0;
}

/* ---- Events ---- */

static void walk_begin(struct walk *walk, struct cds_list_head *list)
{
	walk->next = list->next;
	walk->outer = walks;
	walks = walk;
}

static struct cds_list_head *walk_step(struct walk *walk, struct cds_list_head *list)
{
	struct cds_list_head *node = walk->next;

	if (node == list)
		return NULL;
	walk->next = node->next;
	return node;
}

static void walk_end(struct walk *walk)
{
	walks = walk->outer;
}

static void listener_remove(struct cds_list_head *node)
{
	struct walk *walk;

	for (walk = walks; walk; walk = walk->outer) {
		if (walk->next == node)
			walk->next = node->next;
	}
	cds_list_del(node);
	CDS_INIT_LIST_HEAD(node);
}

void netdev_listen(struct netdev *netdev, struct netdev_listener *listener)
{
	listener->netdev = netdev;
	cds_list_add_tail(&listener->node, &netdev->listeners);
}

void netdev_unlisten(struct netdev_listener *listener)
{
	if (listener->netdev)
		listener_remove(&listener->node);
	listener->netdev = NULL;
}

void netdev_changed(struct netdev *netdev)
{
	struct cds_list_head *node;
	struct walk walk;

	netdev->status.seq++;
	/* A listener may drop the last reference of the device it hears of. */
	netdev_hold(netdev);
	walk_begin(&walk, &netdev->listeners);
	while ((node = walk_step(&walk, &netdev->listeners))) {
		struct netdev_listener *l = CONTAINER_OF(node, struct netdev_listener, node);

		l->changed(l, netdev);
	}
	walk_end(&walk);
	netdev_release(netdev);
}

void netdev_appear_listen(struct netdev_appear_listener *listener)
{
	cds_list_add_tail(&listener->node, &appear_listeners);
}

void netdev_appear_unlisten(struct netdev_appear_listener *listener)
{
	listener_remove(&listener->node);
}

void netdev_appeared(const char *name)
{
	struct cds_list_head *node;
	struct walk walk;

	walk_begin(&walk, &appear_listeners);
	while ((node = walk_step(&walk, &appear_listeners))) {
		struct netdev_appear_listener *l = CONTAINER_OF(node, struct netdev_appear_listener,
								node);

		l->appeared(l, name);
	}
	walk_end(&walk);
}

/* ---- Receive ---- */

unsigned int netdev_n_rxqs(const struct netdev *netdev)
{
	return netdev->n_rxqs;
}

struct netdev_rxq *netdev_rxq_open(struct netdev *netdev, unsigned int queue)
{
	struct netdev_rxq *rxq;

	if (!netdev->class->rxq_open || queue >= netdev->n_rxqs) {
		errno = EINVAL;
		return NULL;
	}
	rxq = netdev->class->rxq_open(netdev, queue);
	if (!rxq)
		return NULL;
	rxq->netdev = netdev;
	rxq->queue = queue;
	mutex_lock(&registry_lock);
	netdev->n_holds++;
	cds_list_add_tail(&rxq->node, &netdev->rxqs);
	mutex_unlock(&registry_lock);
	return rxq;
}

struct rxq_close_job {
	struct netdev_close_job job;
	struct netdev_rxq *rxq;
};

static void rxq_close_job_run(struct netdev_close_job *job_)
{
	struct rxq_close_job *job = CONTAINER_OF(job_, struct rxq_close_job, job);
	struct netdev_rxq *rxq = job->rxq;
	struct netdev *netdev = rxq->netdev;
	int i;

	mutex_lock(&registry_lock);
	cds_list_del(&rxq->node);
	for (i = 0; i < DROP_N_REASONS; i++)
		netdev->rx_drops[i] += __atomic_load_n(&rxq->drops[i], __ATOMIC_RELAXED);
	mutex_unlock(&registry_lock);
	netdev->class->rxq_close(rxq);
	netdev_release(netdev);
	free(job);
}

void netdev_rxq_close(struct netdev_rxq *rxq)
{
	struct rxq_close_job *job;

	if (!rxq)
		return;
	job = xmalloc(sizeof(*job));
	job->job.fn = rxq_close_job_run;
	job->rxq = rxq;
	netdev_closer_submit(&job->job);
}

int netdev_rxq_fd(const struct netdev_rxq *rxq)
{
	return __atomic_load_n(&rxq->fd, __ATOMIC_RELAXED);
}

uint32_t netdev_rxq_serial(const struct netdev_rxq *rxq)
{
	return __atomic_load_n(&rxq->serial, __ATOMIC_ACQUIRE);
}

void netdev_rxq_set_fd(struct netdev *netdev, unsigned int queue, int fd)
{
	struct netdev_rxq *rxq;

	mutex_lock(&registry_lock);
	cds_list_for_each_entry(rxq, &netdev->rxqs, node) {
		if (rxq->queue == queue) {
			__atomic_store_n(&rxq->fd, fd, __ATOMIC_RELAXED);
			__atomic_add_fetch(&rxq->serial, 1, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&registry_lock);
}

int netdev_rxq_recv(struct netdev_rxq *rxq, struct packet_batch *batch)
{
	struct netdev *netdev = rxq->netdev;
	int n = netdev->class->rxq_recv(rxq, batch);

	if (n > 0 && unlikely(__atomic_load_n(&netdev->policer.on, __ATOMIC_RELAXED))) {
		unsigned int n_dropped = netdev_policer_run(&netdev->policer, batch);

		if (n_dropped)
			netdev_rxq_drop(rxq, DROP_METER, n_dropped);
		n = batch->n;
	}
	return n;
}

void netdev_add_rx_drops(const struct netdev *netdev, uint64_t drops[DROP_N_REASONS])
{
	struct netdev_rxq *rxq;
	int i;

	mutex_lock(&registry_lock);
	for (i = 0; i < DROP_N_REASONS; i++)
		drops[i] += netdev->rx_drops[i];
	cds_list_for_each_entry(rxq, &netdev->rxqs, node) {
		for (i = 0; i < DROP_N_REASONS; i++)
			drops[i] += __atomic_load_n(&rxq->drops[i], __ATOMIC_RELAXED);
	}
	mutex_unlock(&registry_lock);
}

/* ---- Send ---- */

/* The offloads that a device must have to take the frame as it is. */
static uint32_t tx_needs(const struct packet *p)
{
	static const uint8_t gso_bit[] = {
		[PACKET_GSO_NONE] = 0,
		[PACKET_GSO_TCPV4] = NETDEV_TX_TSO4,
		[PACKET_GSO_TCPV6] = NETDEV_TX_TSO6,
		[PACKET_GSO_UDP] = NETDEV_TX_UFO,
		[PACKET_GSO_UDP_L4] = NETDEV_TX_USO,
	};

	return (p->offload.csum_partial ? NETDEV_TX_CSUM : 0) | gso_bit[p->offload.gso];
}

static bool is_too_long(const struct packet *p, uint32_t max_len)
{
	return max_len && !p->offload.gso && p->len > max_len;
}

/* A batch on its way through what the device cannot do itself. */
struct preparation {
	struct netdev *netdev;
	unsigned int queue;
	uint32_t offloads, max_len;
	uint64_t *drops;
	unsigned int n_refused;
	struct packet_batch out;
};

static void prep_drop(struct preparation *prep, struct packet *p, enum drop_reason why)
{
	prep->drops[why]++;
	prep->n_refused++;
	packet_release(p);
}

static void prep_send(struct preparation *prep)
{
	if (prep->out.n)
		prep->n_refused += prep->netdev->class->send(prep->netdev, prep->queue, &prep->out,
							     prep->drops);
	prep->out.n = 0;
}

/* A packet that needs no segmentation (any more). */
static void prep_put(struct packet *p, void *prep_)
{
	struct preparation *prep = prep_;

	if (is_too_long(p, prep->max_len)) {
		prep_drop(prep, p, DROP_MTU_EXCEEDED);
	} else if (!(prep->offloads & NETDEV_TX_CSUM) && packet_csum_complete(p)) {
		prep_drop(prep, p, DROP_BAD_OFFLOAD);
	} else {
		if (prep->out.n == PACKET_BATCH_MAX)
			prep_send(prep);
		prep->out.pkts[prep->out.n++] = p;
	}
}

/* Brings 'batch' into a form that the device takes and sends it, in as many pieces as that
 * makes. */
static unsigned int send_prepared(struct preparation *prep, const struct packet_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->n; i++) {
		struct packet *p = batch->pkts[i];
		enum drop_reason why;

		if (!(tx_needs(p) & ~prep->offloads & ~NETDEV_TX_CSUM)) {
			prep_put(p, prep);
			continue;
		}
		if (prep->max_len && tx_segment_len(p) > prep->max_len)
			why = DROP_MTU_EXCEEDED;
		else
			why = tx_segment(p, prep_put, prep);
		if (why)
			prep_drop(prep, p, why);
	}
	prep_send(prep);
	return prep->n_refused;
}

unsigned int netdev_send(struct netdev *netdev, unsigned int queue, struct packet_batch *batch,
			 uint64_t drops[DROP_N_REASONS])
{
	uint32_t offloads = __atomic_load_n(&netdev->tx_offloads, __ATOMIC_RELAXED);
	uint32_t max_len = __atomic_load_n(&netdev->tx_max_len, __ATOMIC_RELAXED);
	uint32_t missing = 0;
	unsigned int i;

	if (!batch->n)
		return 0;
	for (i = 0; i < batch->n; i++)
		missing |= (tx_needs(batch->pkts[i]) & ~offloads) |
			   (is_too_long(batch->pkts[i], max_len) ? UINT32_MAX : 0);
	if (likely(!missing))
		return netdev->class->send(netdev, queue, batch, drops);
	return send_prepared(&(struct preparation){ .netdev = netdev,
						    .queue = queue,
						    .offloads = offloads,
						    .max_len = max_len,
						    .drops = drops },
			     batch);
}

void netdev_flush(struct netdev *netdev, unsigned int queue)
{
	if (netdev->class->flush)
		netdev->class->flush(netdev, queue);
}
