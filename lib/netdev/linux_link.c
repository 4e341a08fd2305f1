// SPDX-License-Identifier: Apache-2.0
#include "netdev/linux_link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "netdev/vnet_hdr.h"

LOG_MODULE(linux_link);

#define STATS_MAX_AGE_MS 500
#define STATS_DUMP_FROM 16 /* queries in STATS_MAX_AGE_MS, before a dump answers the rest */
#define EVENT_BUFFER_SIZE (4 << 20)

static struct nl_sock *events, *requests;
static struct watch events_watch;
static unsigned int n_users;
static int ioctl_fd = -1;

/* Ports by the index of their device, so that an event finds the port of a device that was renamed.
 * Main writes, but closers remove; a leaf. */
static struct mutex map_lock = MUTEX_INIT;
static struct hmap ports_by_ifindex; /* zeroed: empty */

/* Messages. */

static struct nl_msg *link_msg(int type, int flags, int ifindex)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

/* libnl's error of a request as a negative errno; -NLE_NODEV and so on are the kernel's answer. */
static int nl_to_errno(int err)
{
	switch (-err) {
	case 0:
		return 0;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_RANGE:
	case NLE_INVAL:
		return -EINVAL;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_NOADDR:
		return -EADDRNOTAVAIL;
	case NLE_EXIST:
		return -EEXIST;
	default:
		return -EIO;
	}
}

static bool link_parse(const struct nlmsghdr *h, struct linux_link *link)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct ifinfomsg info;

	if (nlmsg_datalen(h) < (int)sizeof(info) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(info), attrs, IFLA_MAX, NULL) < 0 ||
	    !attrs[IFLA_IFNAME] || !attrs[IFLA_MTU])
		/* without MTU: an event of a wireless device, which tells nothing else */
		return false;
	memcpy(&info, nlmsg_data(h), sizeof(info));
	/* Bridge ports tell AF_BRIDGE messages of their own, which lack most attributes. */
	if (info.ifi_family != AF_UNSPEC)
		return false;
	memset(link, 0, sizeof(*link));
	link->ifindex = info.ifi_index;
	link->flags = info.ifi_flags;
	nla_strlcpy(link->name, attrs[IFLA_IFNAME], sizeof(link->name));
	link->mtu = nla_get_u32(attrs[IFLA_MTU]);
	link->carrier = attrs[IFLA_CARRIER] ? nla_get_u8(attrs[IFLA_CARRIER])
					    : info.ifi_flags & IFF_LOWER_UP;
	if (attrs[IFLA_CARRIER_CHANGES])
		link->carrier_changes = nla_get_u32(attrs[IFLA_CARRIER_CHANGES]);
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == 6)
		memcpy(link->mac, nla_data(attrs[IFLA_ADDRESS]), 6);
	if (attrs[IFLA_STATS64])
		memcpy(&link->stats, nla_data(attrs[IFLA_STATS64]),
		       MIN((size_t)nla_len(attrs[IFLA_STATS64]), sizeof(link->stats)));
	return true;
}

/* Sends a request that has an answer, one message or a dump, and reads that; frees 'msg'.  Without
 * NLM_F_ACK: an acknowledgement behind the answer would be taken for that of the next request.
 * libnl's error. */
static int request(struct nl_msg *msg, int (*cb)(struct nl_msg *, void *), void *aux)
{
	int err;

	nl_socket_modify_cb(requests, NL_CB_VALID, NL_CB_CUSTOM, cb, aux);
	err = nl_send_auto(requests, msg);
	nlmsg_free(msg);
	return err < 0 ? err : nl_recvmsgs_default(requests);
}

struct query {
	struct linux_link *link;
	bool found;
};

static int query_cb(struct nl_msg *msg, void *q_)
{
	struct query *q = q_;

	q->found = q->found || link_parse(nlmsg_hdr(msg), q->link);
	return NL_OK;
}

int linux_link_query(const char *name, struct linux_link *link)
{
	struct query q = { .link = link };
	struct nl_msg *msg;
	int err;

	if (!requests)
		return -ENODEV;
	if (strlen(name) >= IFNAMSIZ)
		return -ENAMETOOLONG;
	msg = link_msg(RTM_GETLINK, 0, 0);
	if (!msg)
		return -ENOMEM;
	nla_put_string(msg, IFLA_IFNAME, name);
	err = request(msg, query_cb, &q);
	if (err < 0)
		return nl_to_errno(err);
	/* The kernel knows alternative names too, which events do not speak of. */
	return q.found && streq(link->name, name) ? 0 : -ENODEV;
}

static int link_change(int ifindex, unsigned int flags, unsigned int mask, int attr,
		       const void *data, size_t len)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
				  .ifi_index = ifindex,
				  .ifi_flags = flags,
				  .ifi_change = mask };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_ACK);
	int err;

	if (!msg)
		return -ENOMEM;
	nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO);
	if (attr)
		nla_put(msg, attr, len, data);
	err = nl_send_auto(requests, msg);
	nlmsg_free(msg);
	return nl_to_errno(err < 0 ? err : nl_wait_for_ack(requests));
}

int linux_link_set_mtu(int ifindex, uint32_t mtu)
{
	return link_change(ifindex, 0, 0, IFLA_MTU, &mtu, sizeof(mtu));
}

int linux_link_set_mac(int ifindex, const uint8_t mac[6])
{
	return link_change(ifindex, 0, 0, IFLA_ADDRESS, mac, 6);
}

int linux_link_set_up(int ifindex, bool up)
{
	return link_change(ifindex, up ? IFF_UP : 0, IFF_UP, 0, NULL, 0);
}

/* ethtool. */

static int ethtool(const char *name, void *cmd)
{
	struct ifreq ifr = { 0 };

	strlcpy_(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	ifr.ifr_data = cmd;
	return ioctl(ioctl_fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static void read_speed(const char *name, struct netdev_status *s)
{
	struct {
		struct ethtool_link_settings s;
		uint32_t masks[3 * 127];
	} cmd = { .s.cmd = ETHTOOL_GLINKSETTINGS };

	s->speed_bps = 0;
	s->duplex_known = false;
	/* Asked twice: the first answer says, negated, how long the bitmaps are. */
	if (ethtool(name, &cmd) || cmd.s.link_mode_masks_nwords >= 0)
		return;
	cmd.s.link_mode_masks_nwords = -cmd.s.link_mode_masks_nwords;
	cmd.s.cmd = ETHTOOL_GLINKSETTINGS;
	if (ethtool(name, &cmd))
		return;
	if (cmd.s.speed && cmd.s.speed != (uint32_t)SPEED_UNKNOWN)
		s->speed_bps = (uint64_t)cmd.s.speed * 1000000;
	s->duplex_known = cmd.s.duplex == DUPLEX_FULL || cmd.s.duplex == DUPLEX_HALF;
	s->full_duplex = cmd.s.duplex == DUPLEX_FULL;
}

void linux_port_format_status(const struct netdev *netdev, struct smap *status)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (ethtool(netdev_name(netdev), &info))
		return;
	if (*info.driver)
		smap_set(status, "driver_name", info.driver);
	if (*info.version)
		smap_set(status, "driver_version", info.version);
	if (*info.fw_version)
		smap_set(status, "firmware_version", info.fw_version);
}

/* Ports. */

static void map_port(struct linux_port *port, uint32_t ifindex)
{
	mutex_lock(&map_lock);
	if (port->by_ifindex.pprev)
		hmap_remove(&ports_by_ifindex, &port->by_ifindex);
	port->up.status.ifindex = ifindex;
	if (ifindex)
		hmap_insert(&ports_by_ifindex, &port->by_ifindex, hash_u32(ifindex, 0));
	mutex_unlock(&map_lock);
}

void linux_port_uninit(struct linux_port *port)
{
	mutex_lock(&map_lock);
	if (port->by_ifindex.pprev)
		hmap_remove(&ports_by_ifindex, &port->by_ifindex);
	mutex_unlock(&map_lock);
}

void linux_port_update(struct linux_port *port, const struct linux_link *link)
{
	struct netdev_status *s = &port->up.status;
	bool was_running = s->flags & NETDEV_RUNNING;

	if (!port->carrier_base_known) {
		port->carrier_base_known = true;
		port->carrier_changes_base = link->carrier_changes;
	}
	port->was_there = true;
	if (s->ifindex != (uint32_t)link->ifindex)
		map_port(port, link->ifindex);
	s->flags = (link->flags & IFF_UP ? NETDEV_UP : 0) |
		   (link->flags & IFF_PROMISC ? NETDEV_PROMISC : 0) |
		   (link->flags & IFF_LOOPBACK ? NETDEV_LOOPBACK : 0) |
		   (link->flags & IFF_RUNNING ? NETDEV_RUNNING : 0);
	s->carrier = link->carrier;
	s->n_carrier_resets = link->carrier_changes - port->carrier_changes_base;
	s->mtu = link->mtu;
	memcpy(s->mac, link->mac, 6);
	__atomic_store_n(&port->up.tx_max_len, link->mtu + 14 + 4, __ATOMIC_RELAXED);
	if (!s->speed_bps || was_running != !!(s->flags & NETDEV_RUNNING))
		read_speed(netdev_name(&port->up), s);
}

static bool is_linux_port(const struct netdev *netdev)
{
	return netdev->class->needs_system && netdev->class->init == linux_link_init;
}

static void port_link_gone(struct linux_port *port)
{
	struct netdev_status *s = &port->up.status;

	if (!s->ifindex)
		return;
	log_info("%s: device is gone; it is used again when it comes back", netdev_name(&port->up));
	map_port(port, 0);
	s->flags = 0;
	s->carrier = false;
	port->carrier_base_known = false;
	port->link_changed(port, NULL);
	netdev_changed(&port->up);
}

static void port_link_is(struct linux_port *port, const struct linux_link *link)
{
	struct netdev_status old = port->up.status;
	bool is_new = (int)old.ifindex != link->ifindex;

	if (is_new) {
		if (!old.ifindex && port->was_there)
			log_info("%s: device is back", netdev_name(&port->up));
		port->carrier_base_known = false;
		port->up.status.speed_bps = 0;
	}
	linux_port_update(port, link);
	if (!is_new && !memcmp(&old, &port->up.status, sizeof(old)))
		return;
	port->link_changed(port, link);
	netdev_changed(&port->up);
}

/* A device that has an open port's index under another name was renamed: for its port it is
 * gone. */
static void check_renamed(const struct linux_link *link)
{
	struct linux_port *port;
	char name[IFNAMSIZ] = "";
	struct netdev *netdev;

	mutex_lock(&map_lock);
	HMAP_FOR_EACH_WITH_HASH(port, by_ifindex, hash_u32(link->ifindex, 0), &ports_by_ifindex) {
		if ((int)port->up.status.ifindex == link->ifindex &&
		    !streq(port->up.name, link->name))
			strlcpy_(name, port->up.name, sizeof(name));
	}
	mutex_unlock(&map_lock);
	/* By name: the port in the map may be on its way out. */
	netdev = *name ? netdev_lookup(name) : NULL;
	if (netdev && is_linux_port(netdev) && (int)netdev->status.ifindex == link->ifindex)
		port_link_gone((struct linux_port *)netdev);
}

static void handle_link(const struct linux_link *link, bool deleted)
{
	struct netdev *netdev;

	check_renamed(link);
	netdev = netdev_lookup(link->name);
	if (!netdev) {
		if (!deleted)
			netdev_appeared(link->name);
		return;
	}
	if (!is_linux_port(netdev))
		return;
	if (!deleted)
		port_link_is((struct linux_port *)netdev, link);
	else if ((int)netdev->status.ifindex == link->ifindex)
		port_link_gone((struct linux_port *)netdev);
}

static int event_cb(struct nl_msg *msg, void *aux)
{
	const struct nlmsghdr *h = nlmsg_hdr(msg);
	struct linux_link link;

	(void)aux;
	if ((h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK) && link_parse(h, &link))
		handle_link(&link, h->nlmsg_type == RTM_DELLINK);
	return NL_OK;
}

static int dump_stats_cb(struct nl_msg *msg, void *aux)
{
	struct linux_link link;
	struct netdev *netdev;

	(void)aux;
	if (!link_parse(nlmsg_hdr(msg), &link))
		return NL_OK;
	netdev = netdev_lookup(link.name);
	if (netdev && is_linux_port(netdev)) {
		struct linux_port *port = (struct linux_port *)netdev;

		port->stats = link.stats;
		port->stats_ms = clock_real_us() / 1000;
	}
	return NL_OK;
}

static int dump(int (*cb)(struct nl_msg *, void *), void *aux)
{
	struct nl_msg *msg = link_msg(RTM_GETLINK, NLM_F_DUMP, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = request(msg, cb, aux);
	return err < 0 ? nl_to_errno(err) : 0;
}

struct link_list {
	struct linux_link *links;
	size_t n, size;
};

static int collect_cb(struct nl_msg *msg, void *list_)
{
	struct link_list *list = list_;

	if (list->n == list->size)
		list->links = x2nrealloc(list->links, &list->size, sizeof(*list->links));
	list->n += link_parse(nlmsg_hdr(msg), &list->links[list->n]);
	return NL_OK;
}

/* Who handles a link may ask the kernel something: not before the dump is read. */
static void resync(void)
{
	struct link_list list = { NULL };

	dump(collect_cb, &list);
	for (size_t i = 0; i < list.n; i++)
		handle_link(&list.links[i], false);
	free(list.links);
}

static void check_gone(struct netdev *netdev, void *aux)
{
	struct linux_link link;

	(void)aux;
	if (is_linux_port(netdev) && netdev->status.ifindex &&
	    linux_link_query(netdev_name(netdev), &link) == -ENODEV)
		port_link_gone((struct linux_port *)netdev);
}

static void events_ready(struct watch *w, uint32_t revents)
{
	int err;

	(void)w, (void)revents;
	for (int i = 0; i < 64; i++) {
		err = nl_recvmsgs_default(events);
		if (err < 0)
			break;
	}
	if (err == -NLE_NOMEM) {
		/* The kernel dropped events (ENOBUFS): what they said is read anew. */
		log_warn("link events were lost; reading all links again");
		resync();
		netdev_walk(NULL, check_gone, NULL);
	}
}

static struct nl_sock *open_socket(void)
{
	struct nl_sock *s = nl_socket_alloc();

	if (s && nl_connect(s, NETLINK_ROUTE) < 0) {
		nl_socket_free(s);
		s = NULL;
	}
	return s;
}

/* What the kernel's virtio headers can say is found out by way of a tap, which takes the kernel
 * some 15 ms to remove: in time for the first port to know. */
static void probe_job(struct netdev_close_job *job)
{
	vnet_hdr_has_uso();
	free(job);
}

static void start_probe(void)
{
	struct netdev_close_job *job = xzalloc(sizeof(*job));

	job->fn = probe_job;
	netdev_closer_submit(job);
}

struct loop *linux_link_loop(void)
{
	return events_watch.loop;
}

char *linux_link_init(struct loop *loop)
{
	int size = EVENT_BUFFER_SIZE;

	if (n_users++)
		return NULL;
	start_probe();
	ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	requests = open_socket();
	events = open_socket();
	if (ioctl_fd < 0 || !requests || !events ||
	    nl_socket_add_memberships(events, RTNLGRP_LINK, RTNLGRP_NONE) < 0) {
		linux_link_uninit();
		return xasprintf("cannot open rtnetlink sockets: %s", strerror(errno));
	}
	nl_socket_disable_auto_ack(requests);
	nl_socket_disable_seq_check(events);
	nl_socket_modify_cb(events, NL_CB_VALID, NL_CB_CUSTOM, event_cb, NULL);
	nl_socket_set_nonblocking(events);
	setsockopt(nl_socket_get_fd(events), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	nl_socket_set_msg_buf_size(events, 65536);
	nl_socket_set_msg_buf_size(requests, 65536);
	if (watch_add(loop, &events_watch, nl_socket_get_fd(events), EPOLLIN, events_ready)) {
		linux_link_uninit();
		return xstrdup("cannot watch link events");
	}
	return NULL;
}

void linux_link_uninit(void)
{
	if (!n_users || --n_users)
		return;
	watch_del(&events_watch);
	nl_socket_free(events);
	nl_socket_free(requests);
	events = requests = NULL;
	if (ioctl_fd >= 0)
		close(ioctl_fd);
	ioctl_fd = -1;
	mutex_lock(&map_lock);
	if (hmap_is_empty(&ports_by_ifindex))
		hmap_uninit(&ports_by_ifindex);
	mutex_unlock(&map_lock);
}

/* Who asks for the statistics of many ports in a row gets a dump; who asks for those of a port that
 * is new does not, however many others there are. */
static bool should_dump(uint64_t now_ms)
{
	static uint64_t dump_ms, first_query_ms;
	static unsigned int n_queries; /* since 'first_query_ms' */

	if (now_ms - first_query_ms >= STATS_MAX_AGE_MS) {
		first_query_ms = now_ms;
		n_queries = 0;
	}
	if (n_queries < STATS_DUMP_FROM) {
		n_queries++;
		return false;
	}
	if (dump_ms && now_ms - dump_ms < STATS_MAX_AGE_MS)
		return false;
	dump_ms = now_ms;
	return true;
}

static void refresh_stats(struct linux_port *port)
{
	uint64_t now_ms = clock_real_us() / 1000;
	struct linux_link link;

	if (port->stats_ms && now_ms - port->stats_ms < STATS_MAX_AGE_MS)
		return;
	if (should_dump(now_ms)) {
		dump(dump_stats_cb, NULL);
		if (port->stats_ms >= now_ms)
			return;
	}
	if (!linux_link_query(netdev_name(&port->up), &link)) {
		port->stats = link.stats;
		port->stats_ms = now_ms;
	}
}

int linux_port_get_stats(const struct netdev *netdev, struct netdev_stats *s)
{
	struct linux_port *port = (struct linux_port *)netdev;
	const struct rtnl_link_stats64 *l = &port->stats;

	refresh_stats(port);
	if (port->stats_are_swapped) {
		s->rx_packets = l->tx_packets;
		s->rx_bytes = l->tx_bytes;
		s->rx_errors = l->tx_errors;
		s->rx_dropped = l->tx_dropped;
		s->tx_packets = l->rx_packets;
		s->tx_bytes = l->rx_bytes;
		s->tx_errors = l->rx_errors;
		s->tx_dropped = l->rx_dropped;
		return 0;
	}
	s->rx_packets = l->rx_packets;
	s->rx_bytes = l->rx_bytes;
	s->rx_errors = l->rx_errors;
	s->rx_dropped = l->rx_dropped + port->n_ring_drops;
	s->tx_packets = l->tx_packets;
	s->tx_bytes = l->tx_bytes;
	s->tx_errors = l->tx_errors;
	s->tx_dropped = l->tx_dropped;
	s->multicast = l->multicast;
	s->collisions = l->collisions;
	s->rx_length_errors = l->rx_length_errors;
	s->rx_over_errors = l->rx_over_errors;
	s->rx_crc_errors = l->rx_crc_errors;
	s->rx_frame_errors = l->rx_frame_errors;
	s->rx_fifo_errors = l->rx_fifo_errors;
	s->rx_missed_errors = l->rx_missed_errors;
	s->tx_aborted_errors = l->tx_aborted_errors;
	s->tx_carrier_errors = l->tx_carrier_errors;
	s->tx_fifo_errors = l->tx_fifo_errors;
	s->tx_heartbeat_errors = l->tx_heartbeat_errors;
	s->tx_window_errors = l->tx_window_errors;
	return 0;
}

/* After a change of ours the status is read at once: who made it looks at the database next. */
static void reread(struct netdev *netdev)
{
	struct linux_link link;

	if (!linux_link_query(netdev_name(netdev), &link))
		port_link_is((struct linux_port *)netdev, &link);
}

void linux_port_refresh(struct netdev *netdev)
{
	struct linux_link link;
	int err = linux_link_query(netdev_name(netdev), &link);

	if (!err)
		port_link_is((struct linux_port *)netdev, &link);
	else if (err == -ENODEV)
		port_link_gone((struct linux_port *)netdev);
}

int linux_port_set_mtu(struct netdev *netdev, uint32_t mtu)
{
	int err = netdev->status.ifindex ? linux_link_set_mtu(netdev->status.ifindex, mtu)
					 : -ENODEV;

	reread(netdev);
	return err;
}

int linux_port_set_mac(struct netdev *netdev, const uint8_t mac[6])
{
	int err = netdev->status.ifindex ? linux_link_set_mac(netdev->status.ifindex, mac)
					 : -ENODEV;

	reread(netdev);
	return err;
}

int linux_port_set_admin_up(struct netdev *netdev, bool up)
{
	int err = netdev->status.ifindex ? linux_link_set_up(netdev->status.ifindex, up) : -ENODEV;

	reread(netdev);
	return err;
}
