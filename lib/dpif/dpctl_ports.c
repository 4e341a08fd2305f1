// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about datapaths and ports. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpctl.h"
#include "dpif/dpif_ctl.h"

static struct dpctl_listener *listeners;

void dpctl_listen(struct dpctl_listener *l)
{
	l->next = listeners;
	listeners = l;
}

void dpctl_unlisten(struct dpctl_listener *l)
{
	struct dpctl_listener **p;

	for (p = &listeners; *p && *p != l; p = &(*p)->next)
		continue;
	if (*p)
		*p = l->next;
}

static void tell_removed(struct dpif *dp, uint32_t port_no)
{
	for (struct dpctl_listener *l = listeners; l; l = l->next)
		l->port_removed(l, dp, port_no);
}

static void dump_dp(struct dpctl *d, struct dpif *dp)
{
	str_printf(&d->out, "%s@%s\n", dpif_type(dp), dpif_name(dp));
	dpctl_json_add(d, json_pack("{s:s, s:s}", "type", dpif_type(dp), "name", dpif_name(dp)));
}

void dpctl_dump_dps(struct dpctl *d, int argc, const char *argv[])
{
	(void)argc, (void)argv;
	dpctl_walk(d, dump_dp);
}

/* ---- show ---- */

static void put_counter(struct str *out, const char *before, uint64_t n)
{
	str_put(out, before);
	if (n == UINT64_MAX)
		str_putc(out, '?');
	else
		str_printf(out, "%" PRIu64, n);
}

static void put_octets(struct str *out, const char *before, uint64_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	int i;

	put_counter(out, before, n);
	if (n == UINT64_MAX)
		return;
	for (i = 3; i >= 0; i--) {
		uint64_t unit = UINT64_C(1) << (10 * (i + 1));

		if (n >= unit) {
			str_printf(out, " (%.1f %s)", (double)n / unit, units[i]);
			return;
		}
	}
}

static void show_stats(struct str *out, const struct netdev *netdev, json_t *json)
{
	struct netdev_stats s;
	int err = netdev_get_stats(netdev, &s);
	const struct {
		const char *before, *name;
		uint64_t n;
		bool octets;
	} rows[] = {
		{ "    RX packets:", "rx_packets", s.rx_packets, false },
		{ " errors:", "rx_errors", s.rx_errors, false },
		{ " dropped:", "rx_dropped", s.rx_dropped, false },
		{ " overruns:", "rx_over_errors", s.rx_over_errors, false },
		{ " frame:", "rx_frame_errors", s.rx_frame_errors, false },
		{ "\n    TX packets:", "tx_packets", s.tx_packets, false },
		{ " errors:", "tx_errors", s.tx_errors, false },
		{ " dropped:", "tx_dropped", s.tx_dropped, false },
		{ " aborted:", "tx_aborted_errors", s.tx_aborted_errors, false },
		{ " carrier:", "tx_carrier_errors", s.tx_carrier_errors, false },
		{ "\n    collisions:", "collisions", s.collisions, false },
		{ "\n    RX bytes:", "rx_bytes", s.rx_bytes, true },
		{ "  TX bytes:", "tx_bytes", s.tx_bytes, true },
	};

	if (err) {
		str_printf(out, ", could not retrieve stats (%s)", errno_str(err));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].octets)
			put_octets(out, rows[i].before, rows[i].n);
		else
			put_counter(out, rows[i].before, rows[i].n);
		if (rows[i].n != UINT64_MAX)
			json_object_set_new(json, rows[i].name, json_integer(rows[i].n));
	}
	str_putc(out, '\n');
}

struct show {
	struct dpctl *d;
	struct dpif *dp;
	json_t *ports;
};

/* The device behind a port, with a reference; NULL. */
static struct netdev *port_netdev(struct dpif *dp, const struct dpif_port *port)
{
	struct netdev *netdev = dpif_port_netdev(dp, port->port_no);
	enum netdev_use use = dpif_port_use(dpif_type(dp));

	if (netdev)
		return netdev_ref(netdev);
	/* A tool has not opened the ports of a datapath of the kernel's. */
	if (use == NETDEV_USE_VPORT) {
		char *err = netdev_open_for(port->name, port->type, use, &netdev);

		if (!err)
			return netdev;
		free(err);
	}
	return NULL;
}

static bool show_port(const struct dpif_port *port, void *show_)
{
	struct show *show = show_;
	struct str *out = &show->d->out;
	struct netdev *netdev = port_netdev(show->dp, port);
	json_t *json = json_pack("{s:I, s:s, s:s}", "port_no", (json_int_t)port->port_no, "name",
				 port->name, "type", port->type);
	json_t *json_options = json_object();
	const struct smap_node **sorted;
	struct smap options;
	size_t i;

	str_printf(out, "  port %" PRIu32 ": %s", port->port_no, port->name);
	smap_init(&options);
	if (netdev)
		netdev_get_options(netdev, &options);
	if (!streq(port->type, "system") || smap_count(&options)) {
		sorted = smap_sort(&options);
		str_printf(out, " (%s", port->type);
		for (i = 0; i < smap_count(&options); i++) {
			str_printf(out, "%s %s=%s", i ? "," : ":", sorted[i]->key,
				   sorted[i]->value);
			json_object_set_new(json_options, sorted[i]->key,
					    json_string(sorted[i]->value));
		}
		str_putc(out, ')');
		free(sorted);
	}
	str_putc(out, '\n');
	smap_uninit(&options);
	if (netdev && show->d->opt.stats)
		show_stats(out, netdev, json);
	netdev_unref(netdev);
	json_object_set_new(json, "options", json_options);
	json_array_append_new(show->ports, json);
	return true;
}

static double ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / b : 0;
}

static void show_dp(struct dpctl *d, struct dpif *dp)
{
	struct show show = { .d = d, .dp = dp, .ports = json_array() };
	struct str *out = &d->out;
	struct dpif_stats s;
	json_t *json;

	dpif_get_stats(dp, &s);
	json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "type", dpif_type(dp), "name",
			 dpif_name(dp), "hit", (json_int_t)s.n_hit, "missed",
			 (json_int_t)s.n_missed, "lost", (json_int_t)s.n_lost, "flows",
			 (json_int_t)s.n_flows);
	str_printf(out, "%s@%s:\n", dpif_type(dp), dpif_name(dp));
	str_printf(out, "  lookups: hit:%" PRIu64 " missed:%" PRIu64 " lost:%" PRIu64 "\n", s.n_hit,
		   s.n_missed, s.n_lost);
	str_printf(out, "  flows: %" PRIu64 "\n", s.n_flows);
	if (s.has_masks) {
		str_printf(out, "  masks: hit:%" PRIu64 " total:%" PRIu32 " hit/pkt:%.2f\n",
			   s.n_mask_hit, s.n_masks, ratio(s.n_mask_hit, s.n_hit + s.n_missed));
		json_object_set_new(json, "masks", json_integer(s.n_masks));
		json_object_set_new(json, "mask-hit", json_integer(s.n_mask_hit));
	}
	if (s.has_cache) {
		if (s.n_cache_hit)
			str_printf(out, "  cache: hit:%" PRIu64 " hit-rate:%.2f%%\n", s.n_cache_hit,
				   100 * ratio(s.n_cache_hit, s.n_hit + s.n_missed));
		json_object_set_new(json, "cache-hit", json_integer(s.n_cache_hit));
	}
	dpctl_put_caches(d, dp, json);
	dpif_port_walk(dp, show_port, &show);
	json_object_set_new(json, "ports", show.ports);
	dpctl_json_add(d, json);
}

void dpctl_show(struct dpctl *d, int argc, const char *argv[])
{
	if (argc == 1)
		dpctl_walk(d, show_dp);
	for (int i = 1; i < argc; i++) {
		struct dpif *dp;
		int err;

		dp = dpctl_find(d, argv[i], &err);
		if (dp)
			show_dp(d, dp);
		else
			dpctl_error(d, err, "opening datapath %s failed", argv[i]);
		dpif_unref(dp);
	}
}

/* ---- Ports ---- */

/* "NAME[,type=T][,port_no=N][,KEY=VALUE]..." */
struct iface {
	char *name, *type;
	uint32_t port_no;
	struct smap options;
};

static bool iface_parse(struct dpctl *d, const char *s, struct iface *iface)
{
	char *copy = xstrdup(s), *save = NULL, *word;

	*iface = (struct iface){ .port_no = DPIF_PORT_NONE };
	smap_init(&iface->options);
	iface->name = xstrdup(strtok_r(copy, ",", &save));
	while ((word = strtok_r(NULL, ",", &save))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (!value) {
			dpctl_error(d, 0, "%s: \"%s\" is not KEY=VALUE", iface->name, word);
		} else if (streq(word, "type")) {
			free(iface->type);
			iface->type = xstrdup(value);
		} else if (streq(word, "port_no")) {
			unsigned int n;

			if (str_to_uint(value, 10, &n) && n < DPIF_MAX_PORTS)
				iface->port_no = n;
			else
				dpctl_error(d, 0, "%s: \"%s\" is not a port number", iface->name,
					    value);
		} else {
			smap_set(&iface->options, word, value);
		}
	}
	free(copy);
	return !d->failed;
}

static void iface_uninit(struct iface *iface)
{
	free(iface->name);
	free(iface->type);
	smap_uninit(&iface->options);
}

static void add_iface(struct dpctl *d, struct dpif *dp, const char *dp_name,
		      const struct iface *iface)
{
	const char *type = dpif_port_open_type(dpif_type(dp), iface->type ? iface->type : "system");
	uint32_t port_no = iface->port_no;
	struct netdev *netdev;
	int error;
	char *err = netdev_open_for(iface->name, type, dpif_port_use(dpif_type(dp)), &netdev);

	if (err) {
		dpctl_error(d, 0, "%s: failed to open network device (%s)", iface->name, err);
		free(err);
		return;
	}
	if (smap_count(&iface->options)) {
		err = netdev_set_options(netdev, &iface->options);
		if (err)
			dpctl_error(d, 0, "%s: failed to configure network device (%s)",
				    iface->name, err);
	}
	if (!err) {
		error = dpif_port_add(dp, netdev, &port_no);
		if (error)
			dpctl_error(d, error, "adding %s to %s failed", iface->name, dp_name);
	}
	free(err);
	netdev_unref(netdev);
}

static void add_ifaces(struct dpctl *d, struct dpif *dp, const char *dp_name, int n,
		       const char *args[])
{
	int i;

	for (i = 0; i < n; i++) {
		struct iface iface;

		if (!*args[i] || *args[i] == ',') {
			dpctl_error(d, 0, "\"%s\" has no name of a port", args[i]);
			continue;
		}
		if (iface_parse(d, args[i], &iface))
			add_iface(d, dp, dp_name, &iface);
		iface_uninit(&iface);
	}
}

void dpctl_add_dp(struct dpctl *d, int argc, const char *argv[])
{
	const char *at = strchr(argv[1], '@'), *name = at ? at + 1 : argv[1];
	char *type = at ? xstrndup(argv[1], at - argv[1]) : xstrdup("system");
	struct dpif *dp;
	int err;

	/* One that lives in this process would end with it. */
	if (!*name)
		err = -EINVAL;
	else if (d->standalone && !streq(type, "system"))
		err = -EAFNOSUPPORT;
	else
		err = dpif_create(d->loop, type, name, &dp);
	if (err) {
		dpctl_error(d, err, "add_dp");
	} else {
		if (dpif_port_use(type) == NETDEV_USE_PACKETS)
			dpif_set_created(dp);
		add_ifaces(d, dp, argv[1], argc - 2, argv + 2);
		dpif_unref(dp);
	}
	free(type);
}

/* The datapath 'name', which the command cannot do without. */
static struct dpif *open_to_change(struct dpctl *d, const char *name)
{
	struct dpif *dp;
	int err;

	dp = dpctl_find(d, name, &err);
	if (!dp)
		dpctl_error(d, err, "opening datapath");
	return dp;
}

struct numbers {
	uint32_t *list;
	size_t n, size;
};

static bool note_number(const struct dpif_port *port, void *numbers_)
{
	struct numbers *numbers = numbers_;

	if (numbers->n == numbers->size)
		numbers->list = x2nrealloc(numbers->list, &numbers->size, sizeof(*numbers->list));
	numbers->list[numbers->n++] = port->port_no;
	return true;
}

void dpctl_del_dp(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = open_to_change(d, argv[1]);
	struct numbers ports = { .n = 0 };
	int err;

	(void)argc;
	if (!dp)
		return;
	dpif_port_walk(dp, note_number, &ports);
	err = dpif_delete(dp);
	if (err)
		dpctl_error(d, err, "del_dp");
	for (size_t i = 0; i < ports.n && !err; i++)
		tell_removed(dp, ports.list[i]);
	free(ports.list);
	dpif_unref(dp);
}

void dpctl_add_if(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = open_to_change(d, argv[1]);

	if (dp)
		add_ifaces(d, dp, argv[1], argc - 2, argv + 2);
	dpif_unref(dp);
}

static void set_iface(struct dpctl *d, struct dpif *dp, const char *dp_name,
		      const struct iface *iface)
{
	struct dpif_port port;
	struct netdev *netdev;
	const struct smap_node *node;
	struct smap merged;
	char *err;
	int error = dpif_port_lookup(dp, iface->name, &port);

	if (error) {
		dpctl_error(d, error, "%s: failed to query port in %s", iface->name, dp_name);
		return;
	}
	if (iface->type && !streq(iface->type, port.type)) {
		dpctl_error(d, 0, "%s: can't change type from %s to %s", iface->name, port.type,
			    iface->type);
	} else if (iface->port_no != DPIF_PORT_NONE && iface->port_no != port.port_no) {
		dpctl_error(d, 0, "%s: can't change port number from %" PRIu32 " to %" PRIu32,
			    iface->name, port.port_no, iface->port_no);
	} else {
		netdev = port_netdev(dp, &port);
		if (!netdev) {
			dpctl_error(d, 0, "%s: failed to open network device", iface->name);
			dpif_port_uninit(&port);
			return;
		}
		smap_init(&merged);
		netdev_get_options(netdev, &merged);
		SMAP_FOR_EACH(node, &iface->options) {
			if (*node->value)
				smap_set(&merged, node->key, node->value);
			else
				smap_del(&merged, node->key);
		}
		err = netdev_set_options(netdev, &merged);
		if (err)
			dpctl_error(d, 0, "%s: failed to configure network device (%s)",
				    iface->name, err);
		free(err);
		smap_uninit(&merged);
		netdev_unref(netdev);
	}
	dpif_port_uninit(&port);
}

void dpctl_set_if(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = open_to_change(d, argv[1]);

	for (int i = 2; dp && i < argc; i++) {
		struct iface iface;

		if (!*argv[i] || *argv[i] == ',') {
			dpctl_error(d, 0, "\"%s\" has no name of a port", argv[i]);
			continue;
		}
		if (iface_parse(d, argv[i], &iface))
			set_iface(d, dp, argv[1], &iface);
		iface_uninit(&iface);
	}
	dpif_unref(dp);
}

void dpctl_del_if(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = open_to_change(d, argv[1]);

	for (int i = 2; dp && i < argc; i++) {
		unsigned int port_no;
		struct dpif_port port;
		int error;

		if (!str_to_uint(argv[i], 10, &port_no)) {
			if (dpif_port_lookup(dp, argv[i], &port)) {
				dpctl_error(d, 0, "no port named %s", argv[i]);
				continue;
			}
			port_no = port.port_no;
			dpif_port_uninit(&port);
		}
		error = dpif_port_del(dp, port_no);
		if (error)
			dpctl_error(d, error == -ENOENT ? ENODEV : error,
				    "deleting port %s from %s failed", argv[i], argv[1]);
		else
			tell_removed(dp, port_no);
	}
	dpif_unref(dp);
}
