// SPDX-License-Identifier: Apache-2.0
/* Ports.  A port that is deleted leaves in three steps: it is taken out of the tables and of its
 * workers' epoll sets; a grace period passes, in which workers end the batches that may still name
 * it; then its queues and its hold on the device are given to the threads that close. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "dpif/user/dp.h"
#include "netdev/netdev_provider.h"

LOG_MODULE(dpif_port);

struct port_counters *user_port_counters(struct user_port *port, unsigned int slot)
{
	struct port_counters *c = CTR_GET(&port->counters[slot]);

	if (unlikely(!c)) {
		c = xzalloc_cacheline(sizeof(*c));
		__atomic_store_n(&port->counters[slot], c, __ATOMIC_RELEASE);
	}
	return c;
}

/* ---- Numbers ---- */

static bool number_is_free(const struct user_dp *dp, uint32_t n)
{
	return n < DPIF_MAX_PORTS && !(dp->port_bitmap[n / 64] >> (n % 64) & 1);
}

static void number_set(struct user_dp *dp, uint32_t n, bool used)
{
	if (used)
		dp->port_bitmap[n / 64] |= UINT64_C(1) << (n % 64);
	else
		dp->port_bitmap[n / 64] &= ~(UINT64_C(1) << (n % 64));
}

/* Tests read better if p7 is port 7: on dummy datapaths the digits of a name are its number, those
 * of a bridge ("br0") from 100 on. */
static uint32_t number_of_name(const char *name)
{
	uint32_t base = str_has_prefix(name, "br") ? 100 : 0;
	const char *digits = name + strcspn(name, "0123456789");
	unsigned int n;

	if (!str_to_uint(digits, 10, &n) || n >= DPIF_MAX_PORTS - base)
		return DPIF_PORT_NONE;
	return base + n;
}

/* A number that was freed comes again only after the others: cached flows may name it until they
 * are revalidated, and what is another port now must get nothing of theirs. */
static uint32_t number_choose(struct user_dp *dp, const char *name)
{
	uint32_t i, n;

	if (streq(dp->up.type, "dummy") || netdev_dummy_overrides(dp->up.type)) {
		i = number_of_name(name);
		if (i && number_is_free(dp, i))
			return i;
	}
	for (i = 0; i < DPIF_MAX_PORTS; i++) {
		n = (dp->next_port + i) % DPIF_MAX_PORTS;
		if (number_is_free(dp, n)) {
			dp->next_port = (n + 1) % DPIF_MAX_PORTS;
			return n;
		}
	}
	return DPIF_PORT_NONE;
}

/* ---- Queues ---- */

static void close_rxqs(struct port_rxq **rxqs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		netdev_rxq_close(rxqs[i]->up);
		mutex_uninit(&rxqs[i]->lock);
		free(rxqs[i]);
	}
	free(rxqs);
}

/* Queues on their way out, for a grace period. */
struct leaving_rxqs {
	struct rcu_item rcu;
	struct port_rxq **rxqs;
	unsigned int n;
};

static void leaving_rxqs_run(struct rcu_item *item)
{
	struct leaving_rxqs *l = CONTAINER_OF(item, struct leaving_rxqs, rcu);

	close_rxqs(l->rxqs, l->n);
	free(l);
}

static int open_rxqs(struct user_port *port)
{
	unsigned int n = netdev_n_rxqs(port->netdev);
	int err = 0;

	port->rxqs = xcalloc(n + 1, sizeof(*port->rxqs));
	for (port->n_rxqs = 0; port->n_rxqs < n; port->n_rxqs++) {
		struct port_rxq *rxq = xzalloc_cacheline(sizeof(*rxq));

		rxq->port = port;
		rxq->epoll_fd = -1;
		mutex_init(&rxq->lock);
		rxq->up = netdev_rxq_open(port->netdev, port->n_rxqs);
		if (!rxq->up) {
			err = -errno;
			mutex_uninit(&rxq->lock);
			free(rxq);
			break;
		}
		port->rxqs[port->n_rxqs] = rxq;
	}
	return err;
}

static void remove_rxqs(struct user_port *port)
{
	unsigned int i;

	for (i = 0; i < port->n_rxqs; i++)
		assign_remove_rxq(port->rxqs[i]);
}

static int assign_rxqs(struct user_port *port)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < port->n_rxqs && !err; i++)
		err = assign_rxq(port->rxqs[i]);
	return err;
}

/* The device has another number of queues now: others in place of the old ones. */
static void reopen_rxqs(struct user_port *port)
{
	struct leaving_rxqs *l = xzalloc(sizeof(*l));
	int err;

	remove_rxqs(port);
	l->rxqs = port->rxqs;
	l->n = port->n_rxqs;
	rcu_defer(&l->rcu, leaving_rxqs_run);
	err = open_rxqs(port);
	if (!err)
		err = assign_rxqs(port);
	if (err)
		log_err("%s: cannot open its receive queues again: %s", port->name, errno_str(err));
}

static void port_changed(struct netdev_listener *listener, struct netdev *netdev)
{
	struct user_port *port = CONTAINER_OF(listener, struct user_port, listener);
	unsigned int i;

	if (port->n_rxqs != netdev_n_rxqs(netdev)) {
		reopen_rxqs(port);
		return;
	}
	for (i = 0; i < port->n_rxqs; i++)
		assign_renew_rxq(port->rxqs[i]);
}

/* ---- Addition and removal ---- */

static void port_free(struct user_port *port)
{
	unsigned int i;

	close_rxqs(port->rxqs, port->n_rxqs);
	for (i = 0; i < USER_N_SLOTS; i++)
		free(port->counters[i]);
	netdev_release(port->netdev);
	free(port->name);
	free(port);
}

static void port_free_rcu(struct rcu_item *item)
{
	port_free(CONTAINER_OF(item, struct user_port, rcu));
}

static struct user_port *port_by_name(struct user_dp *dp, const char *name)
{
	struct user_port *port;

	RCUHASH_FOR_EACH_WITH_HASH(port, name_node, hash_string(name, 0), &dp->ports_by_name) {
		if (streq(port->name, name))
			return port;
	}
	return NULL;
}

int user_port_add(struct dpif *dpif, struct netdev *netdev, uint32_t *port_no)
{
	struct user_dp *dp = user_dp_cast(dpif);
	const char *name = netdev_name(netdev);
	struct user_port *port;
	uint32_t n = *port_no;
	int err;

	if (dp->is_deleted)
		return -ENODEV;
	if (port_by_name(dp, name))
		return -EEXIST;
	if (n == DPIF_PORT_NONE)
		n = number_choose(dp, name);
	else if (n >= DPIF_MAX_PORTS)
		return -EINVAL;
	if (!number_is_free(dp, n))
		return n == DPIF_PORT_NONE ? -EFBIG : -EBUSY;

	port = xzalloc_cacheline(sizeof(*port));
	port->dp = dp;
	port->netdev = netdev_ref(netdev);
	netdev_hold(netdev);
	port->name = xstrdup(name);
	port->port_no = n;
	err = open_rxqs(port);
	if (err) {
		netdev_unref(netdev);
		port_free(port);
		return err;
	}
	mutex_lock(&dp->lock);
	number_set(dp, n, true);
	rcuhash_insert(&dp->ports_by_name, &port->name_node, hash_string(name, 0));
	dp->n_ports++;
	mutex_unlock(&dp->lock);
	rcu_store(&dp->ports[n], port);
	port->listener.changed = port_changed;
	netdev_listen(netdev, &port->listener);
	*port_no = n;
	err = assign_rxqs(port);
	if (err)
		user_port_del(dpif, n);
	return err;
}

int user_port_del(struct dpif *dpif, uint32_t port_no)
{
	struct user_dp *dp = user_dp_cast(dpif);
	struct user_port *port = user_port_by_no(dp, port_no);

	if (!port)
		return -ENOENT;
	netdev_unlisten(&port->listener);
	__atomic_store_n(&port->is_dead, 1, __ATOMIC_RELAXED);
	rcu_store(&dp->ports[port_no], NULL);
	mutex_lock(&dp->lock);
	rcuhash_remove(&dp->ports_by_name, &port->name_node);
	number_set(dp, port_no, false);
	dp->n_ports--;
	mutex_unlock(&dp->lock);
	remove_rxqs(port);
	netdev_unref(port->netdev);
	rcu_defer(&port->rcu, port_free_rcu);
	return 0;
}

void user_ports_del_all(struct user_dp *dp)
{
	uint32_t i;

	for (i = 0; i < DPIF_MAX_PORTS && dp->n_ports; i++)
		user_port_del(&dp->up, i);
}

/* ---- Queries ---- */

/* What the existing switch calls the kind of a port: its internal ports are taps. */
static const char *type_name(const struct user_port *port)
{
	const char *type = netdev_class_type(port->netdev);

	return streq(type, "internal") ? "tap" : type;
}

static void describe(const struct user_port *port, struct dpif_port *out)
{
	out->name = xstrdup(port->name);
	out->type = xstrdup(type_name(port));
	out->port_no = port->port_no;
}

int user_port_lookup(struct dpif *dpif, const char *name, struct dpif_port *out)
{
	struct user_dp *dp = user_dp_cast(dpif);
	struct user_port *port;

	rcu_enter();
	port = port_by_name(dp, name);
	if (port)
		describe(port, out);
	rcu_leave();
	return port ? 0 : -ENODEV;
}

int user_port_get(struct dpif *dpif, uint32_t port_no, struct dpif_port *out)
{
	struct user_port *port;

	rcu_enter();
	port = user_port_by_no(user_dp_cast(dpif), port_no);
	if (port)
		describe(port, out);
	rcu_leave();
	return port ? 0 : -ENODEV;
}

void user_port_walk(struct dpif *dpif, bool (*fn)(const struct dpif_port *, void *aux), void *aux)
{
	struct user_dp *dp = user_dp_cast(dpif);
	uint32_t i;

	for (i = 0; i < DPIF_MAX_PORTS; i++) {
		uint64_t word = dp->port_bitmap[i / 64] >> (i % 64);
		struct user_port *port;

		if (!word) {
			i |= 63;
			continue;
		}
		port = user_port_by_no(dp, i);
		if (port && !fn(&(struct dpif_port){ .name = port->name,
						     .type = (char *)type_name(port),
						     .port_no = port->port_no },
				aux))
			return;
	}
}

struct netdev *user_port_netdev(struct dpif *dpif, uint32_t port_no)
{
	struct user_port *port = user_port_by_no(user_dp_cast(dpif), port_no);

	return port ? port->netdev : NULL;
}

int user_port_get_stats(struct dpif *dpif, uint32_t port_no, struct dpif_port_stats *s)
{
	struct user_port *port;
	unsigned int i, why;

	memset(s, 0, sizeof(*s));
	rcu_enter();
	port = user_port_by_no(user_dp_cast(dpif), port_no);
	for (i = 0; port && i < USER_N_SLOTS; i++) {
		const struct port_counters *c = __atomic_load_n(&port->counters[i],
								__ATOMIC_ACQUIRE);

		if (!c)
			continue;
		s->rx_packets += CTR_GET(&c->rx_packets);
		s->rx_bytes += CTR_GET(&c->rx_bytes);
		s->tx_packets += CTR_GET(&c->tx_packets);
		s->tx_bytes += CTR_GET(&c->tx_bytes);
		s->upcalls += CTR_GET(&c->upcalls);
		s->upcall_errors += CTR_GET(&c->upcall_errors);
		for (why = 0; why < DROP_N_REASONS; why++) {
			s->drops[why] += CTR_GET(&c->drops[why]);
			s->tx_drops[why] += CTR_GET(&c->tx_drops[why]);
		}
	}
	if (port)
		netdev_add_rx_drops(port->netdev, s->drops);
	rcu_leave();
	return port ? 0 : -ENOENT;
}

static const char *name_of_port(uint32_t port_no, void *dp)
{
	struct user_port *port = user_port_by_no(dp, port_no);

	return port ? port->name : NULL;
}

static bool port_of_name(const char *name, uint32_t *port_no, void *dp)
{
	struct user_port *port;

	rcu_enter();
	port = port_by_name(dp, name);
	if (port)
		*port_no = port->port_no;
	rcu_leave();
	return port;
}

void user_port_names_init(struct user_dp *dp)
{
	dp->names = (struct odp_names){
		.port_name = name_of_port,
		.port_number = port_of_name,
		.aux = dp,
	};
}
