// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about datapaths and ports. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpctl.h"

static bool dump_dp(struct dpif *dp, void *d_)
{
	struct dpctl *d = d_;

	str_printf(&d->out, "%s@%s\n", dpif_type(dp), dpif_name(dp));
	return true;
}

void dpctl_dump_dps(struct dpctl *d, int argc, const char *argv[])
{
	dpif_walk(dump_dp, d);
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

static void show_stats(struct str *out, const struct netdev *netdev)
{
	struct netdev_stats s;
	int err = netdev_get_stats(netdev, &s);

	if (err) {
		str_printf(out, ", could not retrieve stats (%s)", errno_str(err));
		return;
	}
	put_counter(out, "    RX packets:", s.rx_packets);
	put_counter(out, " errors:", s.rx_errors);
	put_counter(out, " dropped:", s.rx_dropped);
	put_counter(out, " overruns:", s.rx_over_errors);
	put_counter(out, " frame:", s.rx_frame_errors);
	put_counter(out, "\n    TX packets:", s.tx_packets);
	put_counter(out, " errors:", s.tx_errors);
	put_counter(out, " dropped:", s.tx_dropped);
	put_counter(out, " aborted:", s.tx_aborted_errors);
	put_counter(out, " carrier:", s.tx_carrier_errors);
	put_counter(out, "\n    collisions:", s.collisions);
	put_octets(out, "\n    RX bytes:", s.rx_bytes);
	put_octets(out, "  TX bytes:", s.tx_bytes);
	str_putc(out, '\n');
}

struct show {
	struct dpctl *d;
	struct dpif *dp;
};

static bool show_port(const struct dpif_port *port, void *show_)
{
	struct show *show = show_;
	struct str *out = &show->d->out;
	struct netdev *netdev = dpif_port_netdev(show->dp, port->port_no);
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
		for (i = 0; i < smap_count(&options); i++)
			str_printf(out, "%s %s=%s", i ? "," : ":", sorted[i]->key,
				   sorted[i]->value);
		str_putc(out, ')');
		free(sorted);
	}
	str_putc(out, '\n');
	smap_uninit(&options);
	if (netdev && show->d->stats)
		show_stats(out, netdev);
	return true;
}

static double ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / b : 0;
}

static bool show_dp(struct dpif *dp, void *d_)
{
	struct dpctl *d = d_;
	struct str *out = &d->out;
	struct dpif_stats s;

	dpif_get_stats(dp, &s);
	str_printf(out, "%s@%s:\n", dpif_type(dp), dpif_name(dp));
	str_printf(out, "  lookups: hit:%" PRIu64 " missed:%" PRIu64 " lost:%" PRIu64 "\n", s.n_hit,
		   s.n_missed, s.n_lost);
	str_printf(out, "  flows: %" PRIu64 "\n", s.n_flows);
	if (s.has_masks)
		str_printf(out, "  masks: hit:%" PRIu64 " total:%" PRIu32 " hit/pkt:%.2f\n",
			   s.n_mask_hit, s.n_masks, ratio(s.n_mask_hit, s.n_hit + s.n_missed));
	if (s.has_cache)
		str_printf(out, "  cache: hit:%" PRIu64 " hit-rate:%.2f%%\n", s.n_cache_hit,
			   100 * ratio(s.n_cache_hit, s.n_hit + s.n_missed));
	dpif_port_walk(dp, show_port, &(struct show){ .d = d, .dp = dp });
	return true;
}

void dpctl_show(struct dpctl *d, int argc, const char *argv[])
{
	int i;

	if (argc == 1)
		dpif_walk(show_dp, d);
	for (i = 1; i < argc; i++) {
		struct dpif *dp = dpctl_open(d, argv[i]);

		if (dp)
			show_dp(dp, d);
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

static void add_iface(struct dpctl *d, struct dpif *dp, const struct iface *iface)
{
	const char *type = dpif_port_open_type(dpif_type(dp), iface->type ? iface->type : "system");
	uint32_t port_no = iface->port_no;
	struct netdev *netdev;
	int error;
	char *err = netdev_open(iface->name, type, &netdev);

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
			dpctl_error(d, error, "adding %s to %s@%s failed", iface->name,
				    dpif_type(dp), dpif_name(dp));
	}
	free(err);
	netdev_unref(netdev);
}

static void add_ifaces(struct dpctl *d, struct dpif *dp, int n, const char *args[])
{
	int i;

	for (i = 0; i < n; i++) {
		struct iface iface;

		if (!*args[i] || *args[i] == ',') {
			dpctl_error(d, 0, "\"%s\" has no name of a port", args[i]);
			continue;
		}
		if (iface_parse(d, args[i], &iface))
			add_iface(d, dp, &iface);
		iface_uninit(&iface);
	}
}

void dpctl_add_dp(struct dpctl *d, int argc, const char *argv[])
{
	const char *at = strchr(argv[1], '@'), *name = at ? at + 1 : argv[1];
	char *type = at ? xstrndup(argv[1], at - argv[1]) : xstrdup("system"), *err;
	struct dpif *dp;

	if (dpif_lookup(type, name)) {
		dpctl_error(d, EEXIST, "add_dp");
	} else if (!*name) {
		dpctl_error(d, EINVAL, "add_dp");
	} else {
		err = dpif_open(d->loop, type, name, &dp);
		if (err) {
			dpctl_error(d, 0, "add_dp (%s)", err);
			free(err);
		} else {
			dpif_set_created(dp);
			add_ifaces(d, dp, argc - 2, argv + 2);
			dpif_unref(dp);
		}
	}
	free(type);
}

void dpctl_del_dp(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_find(argv[1]);

	if (!dp)
		dpctl_error(d, ENODEV, "opening datapath");
	else if (dpif_delete(dp))
		dpctl_error(d, EBUSY, "del_dp");
}

void dpctl_add_if(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_find(argv[1]);

	if (dp)
		add_ifaces(d, dp, argc - 2, argv + 2);
	else
		dpctl_error(d, EINVAL, "opening datapath");
}

static void set_iface(struct dpctl *d, struct dpif *dp, const struct iface *iface)
{
	struct dpif_port port;
	struct netdev *netdev;
	const struct smap_node *node;
	struct smap merged;
	char *err;
	int error = dpif_port_lookup(dp, iface->name, &port);

	if (error) {
		dpctl_error(d, error, "%s: failed to query port in %s@%s", iface->name,
			    dpif_type(dp), dpif_name(dp));
		return;
	}
	if (iface->type && !streq(iface->type, port.type)) {
		dpctl_error(d, 0, "%s: can't change type from %s to %s", iface->name, port.type,
			    iface->type);
	} else if (iface->port_no != DPIF_PORT_NONE && iface->port_no != port.port_no) {
		dpctl_error(d, 0, "%s: can't change port number from %" PRIu32 " to %" PRIu32,
			    iface->name, port.port_no, iface->port_no);
	} else {
		netdev = dpif_port_netdev(dp, port.port_no);
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
	}
	dpif_port_uninit(&port);
}

void dpctl_set_if(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_find(argv[1]);
	int i;

	if (!dp)
		dpctl_error(d, EINVAL, "opening datapath");
	for (i = 2; dp && i < argc; i++) {
		struct iface iface;

		if (!*argv[i] || *argv[i] == ',') {
			dpctl_error(d, 0, "\"%s\" has no name of a port", argv[i]);
			continue;
		}
		if (iface_parse(d, argv[i], &iface))
			set_iface(d, dp, &iface);
		iface_uninit(&iface);
	}
}

void dpctl_del_if(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_find(argv[1]);
	int i;

	if (!dp)
		dpctl_error(d, EINVAL, "opening datapath");
	for (i = 2; dp && i < argc; i++) {
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
				    "deleting port %s from %s@%s failed", argv[i], dpif_type(dp),
				    dpif_name(dp));
	}
}
