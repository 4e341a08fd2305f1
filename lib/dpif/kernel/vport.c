// SPDX-License-Identifier: Apache-2.0
/* Ports.  The table holds those that the kernel has, and those that somebody added here whose
 * device is gone: these keep their number, and are given to the kernel again when the device comes
 * back.
 *
 * A change that the kernel tells by its multicast group may be our own, told late: what is not
 * news changes nothing, and a removal is believed only if the kernel says so when asked. */
#include <errno.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "dpif/kernel/kernel.h"

LOG_MODULE(dpif_vport);

#define MAX_PORT_NO (DPIF_MAX_PORTS - 2) /* the kernel's limit */
#define NOTIFY_RCVBUF (4 << 20)
#define NOTIFY_BUFFERS 64 /* in one turn of the loop */

/* ---- Messages ---- */

struct vport_info {
	char name[32];
	uint32_t port_no, type;
	struct ovs_vport_stats stats;
	bool has_upcall_stats;
	uint64_t n_upcalls, n_upcall_errors;
};

static bool parse_vport(const void *attrs, size_t len, struct vport_info *info)
{
	const struct nlattr *a[KERNEL_VPORT_ATTR_UPCALL_STATS + 1];
	const struct nlattr *u[KERNEL_VPORT_UPCALL_FAIL + 1];

	memset(info, 0, sizeof(*info));
	knl_parse(attrs, len, a, ARRAY_SIZE(a) - 1);
	if (!a[OVS_VPORT_ATTR_NAME] || !a[OVS_VPORT_ATTR_PORT_NO])
		return false;
	knl_get_string(a[OVS_VPORT_ATTR_NAME], info->name, sizeof(info->name));
	info->port_no = knl_get_u32(a[OVS_VPORT_ATTR_PORT_NO]);
	info->type = knl_get_u32(a[OVS_VPORT_ATTR_TYPE]);
	knl_get(a[OVS_VPORT_ATTR_STATS], &info->stats, sizeof(info->stats));
	if (a[KERNEL_VPORT_ATTR_UPCALL_STATS]) {
		const struct nlattr *nest = a[KERNEL_VPORT_ATTR_UPCALL_STATS];

		knl_parse(nla_data(nest), nla_len(nest), u, ARRAY_SIZE(u) - 1);
		info->has_upcall_stats = true;
		info->n_upcalls = knl_get_u64(u[KERNEL_VPORT_UPCALL_SUCCESS]);
		info->n_upcall_errors = knl_get_u64(u[KERNEL_VPORT_UPCALL_FAIL]);
	}
	return info->port_no < DPIF_MAX_PORTS;
}

static int vport_call(struct kernel_dp *dp, struct knl_train *train, size_t start,
		      struct vport_info *info)
{
	struct knl_request *r;
	int err;

	knl_msg_end(&train->msgs, start);
	knl_train_add(train);
	err = knl_call(&dp->pool, train);
	r = &train->requests[0];
	if (!err && info && (!r->attrs || !parse_vport(r->attrs, r->attrs_len, info)))
		err = -EPROTO;
	knl_train_uninit(train);
	return err;
}

static size_t vport_begin(struct kernel_dp *dp, struct knl_train *train, uint8_t cmd,
			  uint16_t flags)
{
	knl_train_init(train);
	return knl_msg_begin(&train->msgs, KNL_VPORT, cmd, flags, dp->ifindex);
}

static int vport_get(struct kernel_dp *dp, uint32_t port_no, struct vport_info *info)
{
	struct knl_train train;
	size_t start = vport_begin(dp, &train, OVS_VPORT_CMD_GET, 0);

	odp_put_u32(&train.msgs, OVS_VPORT_ATTR_PORT_NO, port_no);
	return vport_call(dp, &train, start, info);
}

static int vport_del(struct kernel_dp *dp, uint32_t port_no)
{
	struct knl_train train;
	size_t start = vport_begin(dp, &train, OVS_VPORT_CMD_DEL, 0);

	odp_put_u32(&train.msgs, OVS_VPORT_ATTR_PORT_NO, port_no);
	return vport_call(dp, &train, start, NULL);
}

/* Where the misses of a port go: by CPU, for which the datapath knows, or to any handler. */
static void put_pids(struct odp_buf *b, const struct kernel_dp *dp)
{
	uint32_t pids[DPIF_MAX_WORKERS];
	unsigned int n = 0;

	if (!dp->is_held && !(dp->user_features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU))
		n = kernel_handler_pids(dp, pids);
	if (!n)
		pids[n++] = 0;
	odp_put(b, OVS_VPORT_ATTR_UPCALL_PID, pids, n * sizeof(*pids));
}

static int vport_set_pids(struct kernel_dp *dp, uint32_t port_no)
{
	struct knl_train train;
	size_t start = vport_begin(dp, &train, OVS_VPORT_CMD_SET, 0);

	odp_put_u32(&train.msgs, OVS_VPORT_ATTR_PORT_NO, port_no);
	put_pids(&train.msgs, dp);
	return vport_call(dp, &train, start, NULL);
}

static int vport_new(struct kernel_dp *dp, const char *name, uint32_t type, uint32_t port_no,
		     struct vport_info *info)
{
	struct knl_train train;
	size_t start = vport_begin(dp, &train, OVS_VPORT_CMD_NEW, NLM_F_ECHO);

	odp_put(&train.msgs, OVS_VPORT_ATTR_NAME, name, strlen(name) + 1);
	odp_put_u32(&train.msgs, OVS_VPORT_ATTR_TYPE, type);
	odp_put_u32(&train.msgs, OVS_VPORT_ATTR_PORT_NO, port_no);
	put_pids(&train.msgs, dp);
	return vport_call(dp, &train, start, info);
}

/* ---- The table ---- */

static struct kernel_port *port_by_name(struct kernel_dp *dp, const char *name)
{
	struct kernel_port *port;

	RCUHASH_FOR_EACH_WITH_HASH(port, name_node, hash_string(name, 0), &dp->ports_by_name) {
		if (streq(port->name, name))
			return port;
	}
	return NULL;
}

struct kernel_port *kernel_port_by_no(struct kernel_dp *dp, uint32_t port_no)
{
	struct kernel_port *port;

	RCUHASH_FOR_EACH_WITH_HASH(port, no_node, hash_u32(port_no, 0), &dp->ports_by_no) {
		if (port->port_no == port_no)
			return port;
	}
	return NULL;
}

/* The same for the main thread, the only one that changes the table. */
static struct kernel_port *find(struct kernel_dp *dp, uint32_t port_no)
{
	struct kernel_port *port;

	rcu_enter();
	port = kernel_port_by_no(dp, port_no);
	rcu_leave();
	return port;
}

static struct kernel_port *find_name(struct kernel_dp *dp, const char *name)
{
	struct kernel_port *port;

	rcu_enter();
	port = port_by_name(dp, name);
	rcu_leave();
	return port;
}

static struct kernel_port *port_insert(struct kernel_dp *dp, const char *name, uint32_t port_no,
				       uint32_t type)
{
	struct kernel_port *port = xzalloc(sizeof(*port));

	port->dp = dp;
	port->name = xstrdup(name);
	port->port_no = port_no;
	port->type = type;
	port->is_attached = true;
	mutex_lock(&dp->lock);
	rcuhash_insert(&dp->ports_by_name, &port->name_node, hash_string(name, 0));
	rcuhash_insert(&dp->ports_by_no, &port->no_node, hash_u32(port_no, 0));
	mutex_unlock(&dp->lock);
	return port;
}

static void port_free(struct rcu_item *item)
{
	struct kernel_port *port = CONTAINER_OF(item, struct kernel_port, rcu);

	free(port->name);
	free(port);
}

static void let_go(struct kernel_port *port)
{
	if (!port->netdev)
		return;
	netdev_unlisten(&port->listener);
	netdev_unref(port->netdev);
	port->netdev = NULL;
}

static void port_remove(struct kernel_port *port)
{
	struct kernel_dp *dp = port->dp;

	let_go(port);
	mutex_lock(&dp->lock);
	rcuhash_remove(&dp->ports_by_name, &port->name_node);
	rcuhash_remove(&dp->ports_by_no, &port->no_node);
	mutex_unlock(&dp->lock);
	rcu_defer(&port->rcu, port_free); /* handlers count in it, names are shown */
}

/* A number that was freed comes again only after the others: cached flows may name it until they
 * are revalidated. */
static uint32_t choose_number(struct kernel_dp *dp)
{
	for (uint32_t i = 0; i < MAX_PORT_NO; i++) {
		uint32_t n = (dp->next_port + i) % MAX_PORT_NO + 1;

		if (!find(dp, n)) {
			dp->next_port = n;
			return n;
		}
	}
	return DPIF_PORT_NONE;
}

static int by_number(const void *a_, const void *b_)
{
	const struct kernel_port *const *a = a_, *const *b = b_;

	return (*a)->port_no < (*b)->port_no ? -1 : (*a)->port_no > (*b)->port_no;
}

/* In order of numbers, as they are now; the caller frees the array.  Main thread. */
static struct kernel_port **all_ports(struct kernel_dp *dp, size_t *n)
{
	struct kernel_port *port, **ports = xcalloc(rcuhash_count(&dp->ports_by_no) + 1,
						    sizeof(struct kernel_port *));

	*n = 0;
	rcu_enter();
	RCUHASH_FOR_EACH(port, no_node, &dp->ports_by_no)
		ports[(*n)++] = port;
	rcu_leave();
	qsort(ports, *n, sizeof(*ports), by_number);
	return ports;
}

/* ---- Devices that go and come ---- */

/* Gives the kernel a port again under the number it had. */
static void attach(struct kernel_port *port)
{
	struct kernel_dp *dp = port->dp;
	int err = vport_new(dp, port->name, port->type, port->port_no, NULL);

	if (err == -ENODEV)
		return; /* not back yet */
	if (err) {
		log_warn("%s: cannot be put into datapath %s again: %s", port->name, dp->up.name,
			 errno_str(err));
		return;
	}
	port->is_attached = true;
	log_info("%s: is in datapath %s again, as port %u", port->name, dp->up.name, port->port_no);
	if (port->type == OVS_VPORT_TYPE_INTERNAL)
		netdev_refresh(port->netdev);
}

/* The kernel has it no more. */
static void port_is_gone(struct kernel_port *port)
{
	struct netdev_status status;

	if (!port->netdev) {
		port_remove(port);
		return;
	}
	port->is_attached = false;
	log_info("%s: is out of datapath %s: its device is gone, or somebody removed it",
		 port->name, port->dp->up.name);
	netdev_get_status(port->netdev, &status);
	if (port->type == OVS_VPORT_TYPE_INTERNAL || status.ifindex)
		attach(port);
}

static void netdev_is_changed(struct netdev_listener *l, struct netdev *netdev)
{
	struct kernel_port *port = CONTAINER_OF(l, struct kernel_port, listener);
	struct netdev_status status;
	struct vport_info info;

	if (port->type == OVS_VPORT_TYPE_INTERNAL)
		return;
	netdev_get_status(netdev, &status);
	if (status.ifindex && !port->is_attached) {
		attach(port);
	} else if (!status.ifindex && port->is_attached) {
		/* Deleted, moved to another namespace, or it has another name now. */
		int err = vport_get(port->dp, port->port_no, &info);

		if (!err && !streq(info.name, port->name))
			vport_del(port->dp, port->port_no);
		else if (!err)
			return;
		port->is_attached = false;
	}
}

/* ---- What the kernel has ---- */

struct sync {
	struct kernel_dp *dp;
	uint64_t *seen; /* bitmap by number */
	bool is_first;
};

static bool sync_one(int ifindex, const void *attrs, size_t len, void *sync_)
{
	struct sync *sync = sync_;
	struct kernel_dp *dp = sync->dp;
	struct vport_info info;
	struct kernel_port *port;

	(void)ifindex;
	if (!parse_vport(attrs, len, &info))
		return true;
	sync->seen[info.port_no / 64] |= UINT64_C(1) << info.port_no % 64;
	port = find(dp, info.port_no);
	if (port && !streq(port->name, info.name)) {
		port_remove(port); /* another device has its number */
		port = NULL;
	}
	if (!port) {
		port = port_insert(dp, info.name, info.port_no, info.type);
		port->is_stale = sync->is_first;
	}
	port->is_attached = true;
	return true;
}

static int sync_ports(struct kernel_dp *dp, bool is_first)
{
	struct sync sync = { dp, xcalloc(DPIF_MAX_PORTS / 64, sizeof(uint64_t)), is_first };
	struct knl_sock *s = knl_pool_get(&dp->pool);
	struct odp_buf b = { 0 };
	int err = s ? 0 : -errno;

	if (!err) {
		knl_msg_end(&b, knl_msg_begin(&b, KNL_VPORT, OVS_VPORT_CMD_GET, NLM_F_DUMP,
					      dp->ifindex));
		err = knl_dump(s, &b, sync_one, &sync);
		odp_buf_uninit(&b);
		knl_pool_put(&dp->pool, s);
	}
	if (!err && !is_first) {
		for (uint32_t i = 0; i < DPIF_MAX_PORTS; i++) {
			struct kernel_port *port = find(dp, i);

			if (port && port->is_attached && !(sync.seen[i / 64] >> i % 64 & 1))
				port_is_gone(port);
		}
	}
	free(sync.seen);
	return err;
}

/* ---- Notifications ---- */

static void notify_new(struct kernel_dp *dp, const struct vport_info *info)
{
	struct kernel_port *port = find(dp, info->port_no);

	if (!port && !find_name(dp, info->name) &&
	    !vport_get(dp, info->port_no, &(struct vport_info){ .type = 0 })) {
		port_insert(dp, info->name, info->port_no, info->type);
		log_info("%s: somebody put it into datapath %s as port %u", info->name, dp->up.name,
			 info->port_no);
	}
}

static void notify_del(struct kernel_dp *dp, const struct vport_info *info)
{
	struct kernel_port *port = find(dp, info->port_no);
	struct vport_info now;

	if (!port || !port->is_attached || !streq(port->name, info->name))
		return;
	if (vport_get(dp, info->port_no, &now) == -ENODEV)
		port_is_gone(port);
}

static void notify_ready(struct watch *w, uint32_t revents)
{
	struct kernel_dp *dp = CONTAINER_OF(w, struct kernel_dp, notify_watch);
	struct knl_sock *s = &dp->notify;

	(void)revents;
	for (int i = 0; i < NOTIFY_BUFFERS; i++) {
		ssize_t n = recv(s->fd, s->room, KNL_RECV_SIZE, MSG_DONTWAIT);
		struct knl_reader r = { .data = s->room, .len = n < 0 ? 0 : n };
		struct vport_info info;
		const void *attrs;
		int ifindex;
		uint8_t cmd;
		size_t len;

		if (n < 0 && errno == ENOBUFS) {
			log_warn("%s: news of ports were lost; reading all of them again",
				 dp->up.name);
			sync_ports(dp, false);
		} else if (n < 0 && errno != EINTR) {
			break;
		}
		while (knl_read(&r, 0, &cmd, &ifindex, &attrs, &len) > 0) {
			if (ifindex != dp->ifindex || !parse_vport(attrs, len, &info))
				continue;
			if (cmd == OVS_VPORT_CMD_NEW)
				notify_new(dp, &info);
			else if (cmd == OVS_VPORT_CMD_DEL)
				notify_del(dp, &info);
		}
	}
}

/* ---- Names ---- */

static const char *name_of_port(uint32_t port_no, void *dp)
{
	struct kernel_port *port = kernel_port_by_no(dp, port_no);

	return port ? port->name : NULL;
}

static bool port_of_name(const char *name, uint32_t *port_no, void *dp)
{
	struct kernel_port *port;

	rcu_enter();
	port = port_by_name(dp, name);
	if (port)
		*port_no = port->port_no;
	rcu_leave();
	return port;
}

/* ---- Life ---- */

int kernel_ports_init(struct kernel_dp *dp, struct loop *loop)
{
	int err;

	dp->names = (struct odp_names){
		.port_name = name_of_port,
		.port_number = port_of_name,
		.aux = dp,
	};
	if (loop) {
		/* It listens before it reads, so that nothing falls between. */
		err = knl_sock_open(&dp->notify, NOTIFY_RCVBUF);
		if (!err && knl_group(KNL_VPORT) &&
		    nl_socket_add_membership(dp->notify.nl, knl_group(KNL_VPORT)) < 0)
			err = -EPERM;
		if (!err)
			err = watch_add(loop, &dp->notify_watch, dp->notify.fd, EPOLLIN,
					notify_ready);
		if (err)
			goto fail;
	}
	dp->may_have_stale = true;
	err = sync_ports(dp, true);
	if (!err)
		return 0;
fail:
	kernel_ports_uninit(dp);
	rcu_barrier_();
	return err;
}

void kernel_ports_uninit(struct kernel_dp *dp)
{
	struct kernel_port **ports;
	size_t i, n;

	watch_del(&dp->notify_watch);
	knl_sock_close(&dp->notify);
	ports = all_ports(dp, &n);
	for (i = 0; i < n; i++)
		port_remove(ports[i]);
	free(ports);
}

void kernel_ports_set_pids(struct kernel_dp *dp)
{
	struct kernel_port **ports;
	size_t i, n;

	ports = all_ports(dp, &n);
	for (i = 0; i < n; i++) {
		if (ports[i]->is_attached)
			vport_set_pids(dp, ports[i]->port_no);
	}
	free(ports);
}

/* ---- Addition and removal ---- */

static uint32_t wanted_type(const struct netdev *netdev)
{
	return streq(netdev_class_type(netdev), "internal") ? OVS_VPORT_TYPE_INTERNAL
							    : OVS_VPORT_TYPE_NETDEV;
}

static void take(struct kernel_port *port, struct netdev *netdev)
{
	port->netdev = netdev_ref(netdev);
	port->is_stale = false;
	port->listener.changed = netdev_is_changed;
	netdev_listen(netdev, &port->listener);
	netdev_refresh(netdev);
}

static int create_port(struct kernel_dp *dp, struct netdev *netdev, uint32_t *port_no)
{
	const char *name = netdev_name(netdev);
	uint32_t type = wanted_type(netdev), n;
	struct kernel_port *port;
	struct vport_info info;
	bool is_any = *port_no == DPIF_PORT_NONE;
	int err;

	for (int tries = 0;; tries++) {
		n = is_any ? choose_number(dp) : *port_no;
		if (n == DPIF_PORT_NONE)
			return -EFBIG;
		if (n > MAX_PORT_NO)
			return -EINVAL;
		err = vport_new(dp, name, type, n, &info);
		if (!err)
			break;
		/* Busy is the device, or the number: somebody took it, and it is not told yet. */
		if (err != -EBUSY || !is_any || tries == 3 || vport_get(dp, n, &info))
			return err;
		err = sync_ports(dp, false);
		if (err)
			return err;
	}
	port = port_insert(dp, info.name, info.port_no, info.type);
	take(port, netdev);
	*port_no = info.port_no;
	return 0;
}

int kernel_port_add(struct dpif *dpif, struct netdev *netdev, uint32_t *port_no)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_port *port = find_name(dp, netdev_name(netdev));

	if (dp->is_deleted)
		return -ENODEV;
	if (port && (port->netdev || dp->is_plain))
		return -EEXIST;
	if (port && port->is_attached && port->type == wanted_type(netdev) &&
	    (*port_no == DPIF_PORT_NONE || *port_no == port->port_no)) {
		/* It was there, from before: with its number, so that its flows go on. */
		int err = vport_set_pids(dp, port->port_no);

		if (!err) {
			take(port, netdev);
			*port_no = port->port_no;
			log_info("%s: was in datapath %s, as port %u", port->name, dpif->name,
				 port->port_no);
			return 0;
		}
	}
	if (port) {
		if (port->is_attached)
			vport_del(dp, port->port_no);
		port_remove(port);
	}
	return create_port(dp, netdev, port_no);
}

int kernel_port_del(struct dpif *dpif, uint32_t port_no)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_port *port = find(dp, port_no);
	int err = 0;

	if (!port)
		return -ENOENT;
	if (dpif_is_kept() && port->is_attached) {
		let_go(port);
		return 0;
	}
	if (port->is_attached && !dp->is_deleted)
		err = vport_del(dp, port_no);
	if (err == -ENODEV)
		err = 0;
	if (err)
		return err;
	port_remove(port);
	return 0;
}

void kernel_ports_remove_stale(struct dpif *dpif)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_port **ports;
	size_t i, n;

	handlers_release(dp);
	if (!dp->may_have_stale)
		return;
	dp->may_have_stale = false;
	ports = all_ports(dp, &n);
	for (i = 0; i < n; i++) {
		struct kernel_port *port = ports[i];

		if (!port->is_stale || port->port_no == DPIF_PORT_LOCAL)
			continue;
		log_info("%s: nobody wants this port of datapath %s any more: removed", port->name,
			 dpif->name);
		kernel_port_del(dpif, port->port_no);
	}
	free(ports);
}

/* ---- Queries ---- */

static const char *type_name(const struct kernel_port *port)
{
	static const char *const names[] = {
		[OVS_VPORT_TYPE_NETDEV] = "system", [OVS_VPORT_TYPE_INTERNAL] = "internal",
		[OVS_VPORT_TYPE_GRE] = "gre",       [OVS_VPORT_TYPE_VXLAN] = "vxlan",
		[OVS_VPORT_TYPE_GENEVE] = "geneve",
	};

	if (port->netdev)
		return netdev_class_type(port->netdev);
	return port->type < ARRAY_SIZE(names) && names[port->type] ? names[port->type] : "unknown";
}

static void describe(const struct kernel_port *port, struct dpif_port *out)
{
	out->name = xstrdup(port->name);
	out->type = xstrdup(type_name(port));
	out->port_no = port->port_no;
}

int kernel_port_lookup(struct dpif *dpif, const char *name, struct dpif_port *out)
{
	struct kernel_port *port = find_name(kernel_dp_cast(dpif), name);

	if (!port)
		return -ENODEV;
	describe(port, out);
	return 0;
}

int kernel_port_get(struct dpif *dpif, uint32_t port_no, struct dpif_port *out)
{
	struct kernel_port *port = find(kernel_dp_cast(dpif), port_no);

	if (!port)
		return -ENODEV;
	describe(port, out);
	return 0;
}

void kernel_port_walk(struct dpif *dpif, bool (*fn)(const struct dpif_port *, void *aux), void *aux)
{
	struct kernel_port **ports;
	bool go_on = true;
	size_t i, n;

	ports = all_ports(kernel_dp_cast(dpif), &n);
	for (i = 0; i < n && go_on; i++)
		go_on = fn(&(struct dpif_port){ .name = ports[i]->name,
						.type = (char *)type_name(ports[i]),
						.port_no = ports[i]->port_no },
			   aux);
	free(ports);
}

struct netdev *kernel_port_netdev(struct dpif *dpif, uint32_t port_no)
{
	struct kernel_port *port = find(kernel_dp_cast(dpif), port_no);

	return port ? port->netdev : NULL;
}

int kernel_port_get_stats(struct dpif *dpif, uint32_t port_no, struct dpif_port_stats *s)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_port *port = find(dp, port_no);
	struct vport_info info;

	memset(s, 0, sizeof(*s));
	if (!port)
		return -ENOENT;
	s->upcalls = __atomic_load_n(&port->n_upcalls, __ATOMIC_RELAXED);
	s->upcall_errors = __atomic_load_n(&port->n_upcall_errors, __ATOMIC_RELAXED);
	if (!port->is_attached || vport_get(dp, port_no, &info))
		return 0;
	s->rx_packets = info.stats.rx_packets;
	s->rx_bytes = info.stats.rx_bytes;
	s->tx_packets = info.stats.tx_packets;
	s->tx_bytes = info.stats.tx_bytes;
	if (info.has_upcall_stats) {
		s->upcalls = info.n_upcalls;
		s->upcall_errors += info.n_upcall_errors;
	}
	return 0;
}
