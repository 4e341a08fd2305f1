// SPDX-License-Identifier: Apache-2.0
/* netdev-dummy/...: the far ends of dummy ports, for tests. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "base/util.h"
#include "dpif/compose.h"
#include "dpif/dpif_ctl.h"
#include "rpc/unixctl.h"

/* How long netdev-dummy/receive waits for its packets to be taken. */
#define DRAIN_US 2000000

/* ---- receive ---- */

static bool parse_hex(const char *s, uint8_t **datap, size_t *lenp)
{
	size_t i, n = strlen(s);
	uint8_t *data;

	if (!n || n % 2)
		return false;
	data = xmalloc(n / 2);
	for (i = 0; i < n; i += 2) {
		unsigned int v;

		if (!isxdigit((unsigned char)s[i]) || !isxdigit((unsigned char)s[i + 1])) {
			free(data);
			return false;
		}
		sscanf(s + i, "%2x", &v);
		data[i / 2] = v;
	}
	*datap = data;
	*lenp = n / 2;
	return true;
}

static struct packet *parse_packet(const char *s)
{
	struct packet *p = NULL;
	uint8_t *data;
	size_t len;

	if (parse_hex(s, &data, &len)) {
		p = packet_create_data(data, len);
		free(data);
	}
	return p;
}

/* Cuts or pads to 'len' octets. */
static bool resize(struct packet *p, unsigned int len)
{
	if (len > p->len) {
		uint32_t more = len - p->len;
		void *room = packet_put(p, more);

		if (room)
			memset(room, 0, more);
		return room;
	}
	p->len = len;
	return true;
}

static bool find_names(struct dpif *dp, void *aux)
{
	const struct odp_names **names = aux;

	*names = dpif_names(dp);
	return false;
}

static char *parse_flow(const char *s, unsigned int len, struct packet **pp)
{
	const struct odp_names *names = NULL;
	struct flow_mask mask;
	struct flow flow;
	char *err;

	dpif_walk(find_names, &names);
	err = odp_flow_parse(s, names, &flow, &mask);
	if (err)
		return err;
	*pp = compose_packet(&flow, COMPOSE_PAYLOAD_LEN);
	return *pp && (!len || resize(*pp, len)) ? NULL : xstrdup("memory is out");
}

/* Waits until the packets that were put into the port's queues are through: first until they are
 * taken, then until the batches that they were taken in have ended (a worker holds one read
 * section that long). */
static void drain(struct netdev *netdev)
{
	uint64_t deadline = clock_real_us() + DRAIN_US;

	while (netdev_dummy_n_queued(netdev) && clock_real_us() < deadline)
		usleep(20);
	rcu_synchronize();
}

/* Packets and their queue, all parsed before the first goes out. */
struct injection {
	struct packet **packets;
	size_t n, size;
	unsigned int queue;
};

static void injection_add(struct injection *in, struct packet *p)
{
	if (in->n == in->size)
		in->packets = x2nrealloc(in->packets, &in->size, sizeof(*in->packets));
	in->packets[in->n++] = p;
}

static char *parse_injection(int argc, const char *argv[], struct injection *in)
{
	int i = 2;

	if (i + 1 < argc && streq(argv[i], "--qid")) {
		if (!str_to_uint(argv[i + 1], 10, &in->queue))
			return xstrdup("bad rx queue id.");
		i += 2;
	}
	while (i < argc) {
		struct packet *p = parse_packet(argv[i]);
		unsigned int len = 0;
		const char *text = argv[i++];

		if (!p) {
			char *err;

			if (i + 1 < argc && streq(argv[i], "--len")) {
				if (!str_to_uint(argv[i + 1], 10, &len) || len < 14 || len > 65535)
					return xasprintf("%s: not a length of a frame",
							 argv[i + 1]);
				i += 2;
			}
			err = parse_flow(text, len, &p);
			if (err)
				return err;
		}
		injection_add(in, p);
	}
	return NULL;
}

static void receive(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct netdev *netdev = netdev_dummy_lookup(argv[1]);
	struct injection in = { .packets = NULL };
	int error = 0;
	char *err;
	size_t i;

	if (!netdev) {
		unixctl_reply_error(conn, "no such dummy netdev");
		return;
	}
	err = parse_injection(argc, argv, &in);
	for (i = 0; i < in.n; i++) {
		if (err || error)
			packet_release(in.packets[i]);
		else
			error = netdev_dummy_inject(netdev, in.packets[i], in.queue);
	}
	if (!err && error == -EINVAL)
		err = xstrdup("bad rx queue id.");
	else if (!err && error && error != -ENOTCONN)
		err = xasprintf("%s: %s", argv[1], errno_str(error));
	if (!error && in.n)
		drain(netdev);
	if (err)
		unixctl_reply_error(conn, err);
	else
		unixctl_reply(conn, NULL);
	free(err);
	free(in.packets);
	netdev_unref(netdev);
}

/* ---- transmitted ---- */

struct hex_list {
	struct str text;
	json_t *array; /* NULL: text is asked for */
};

static void put_frame(const void *data, size_t len, void *list_)
{
	struct hex_list *list = list_;
	const uint8_t *octets = data;
	struct str line = STR_INIT;
	size_t i;

	for (i = 0; i < len; i++)
		str_printf(&line, "%02x", octets[i]);
	if (list->array)
		json_array_append_new(list->array, json_string(str_cstr(&line)));
	else
		str_printf(&list->text, "%s\n", str_cstr(&line));
	str_uninit(&line);
}

static void transmitted(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct hex_list list = { .text = STR_INIT };
	struct netdev *netdev;
	bool clear = argc > 2;

	if (clear && !streq(argv[2], "clear")) {
		unixctl_reply_error(conn, "the only word after the name is \"clear\"");
		return;
	}
	netdev = netdev_dummy_lookup(argv[1]);
	if (!netdev) {
		unixctl_reply_error(conn, "no such dummy netdev");
		return;
	}
	if (unixctl_wants_json(conn))
		list.array = json_array();
	netdev_dummy_walk_transmitted(netdev, put_frame, &list);
	if (clear)
		netdev_dummy_clear_transmitted(netdev);
	if (list.array)
		unixctl_reply_json(conn, list.array);
	else
		unixctl_reply(conn, str_cstr(&list.text));
	str_uninit(&list.text);
	netdev_unref(netdev);
}

/* ---- State ---- */

static void set_up(struct netdev *netdev, void *up)
{
	netdev_set_admin_up(netdev, *(bool *)up);
}

static void set_admin_state(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	const char *state = argv[argc - 1];
	bool up = !strcasecmp(state, "up");

	if (!up && strcasecmp(state, "down")) {
		unixctl_reply_error(conn, "Invalid Admin State");
		return;
	}
	if (argc > 2) {
		struct netdev *netdev = netdev_dummy_lookup(argv[1]);

		if (!netdev) {
			unixctl_reply_error(conn, "Unknown Dummy Interface");
			return;
		}
		set_up(netdev, &up);
		netdev_unref(netdev);
	} else {
		netdev_dummy_walk(set_up, &up);
	}
	unixctl_reply(conn, "OK");
}

/* No dummy port has a connection: its packets come by netdev-dummy/receive. */
static void conn_state(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct netdev *netdev;
	char *text;

	if (argc < 2) {
		unixctl_reply(conn, NULL);
		return;
	}
	netdev = netdev_dummy_lookup(argv[1]);
	if (!netdev) {
		unixctl_reply_error(conn, "Unknown Dummy Interface");
		return;
	}
	text = xasprintf("%s: unknown", argv[1]);
	unixctl_reply(conn, text);
	free(text);
	netdev_unref(netdev);
}

void netdev_dummy_register_commands(void)
{
	unixctl_command_register("netdev-dummy/receive",
				 "name [--qid queue_id] packet|flow [--len packet_len]", 2, -1,
				 receive, NULL);
	unixctl_command_register("netdev-dummy/transmitted", "name [clear]", 1, 2, transmitted,
				 NULL);
	unixctl_command_register("netdev-dummy/set-admin-state", "[netdev] up|down", 1, 2,
				 set_admin_state, NULL);
	unixctl_command_register("netdev-dummy/conn-state", "[netdev]", 0, 1, conn_state, NULL);
}
