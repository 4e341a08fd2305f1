// SPDX-License-Identifier: Apache-2.0
/* fuzz_netlink: requests to all families of a kernel datapath, good ones and damaged ones, and
 * packets through whatever they have installed.
 *
 * It runs in rounds.  A round is decided by the seed and its number (and by the time, with
 * --noise), and can be run again alone.  At the end of each the datapath is made sane, and must
 * still do what a datapath does; and the kernel must not have complained.  At the end of all, each
 * kind of request must have been taken sometimes and refused sometimes: else nothing was tested. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/netlink.h>
#include <linux/openvswitch.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/kernel/fuzz/client.h"
#include "tests/kernel/fuzz/generate.h"
#include "tests/kernel/fuzz/rig.h"

#define N_KEYS 64
#define N_INSTALLED 32
#define N_COMMANDS 6
#define FEATURES (OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS)
#define DP_NAME "fz0"
#define ENOUGH 200 /* requests of a kind, of which some must be taken and some refused */

static struct client requests, upcalls, listener;
static struct world world;
static uint32_t dp_ifindex;
static struct message message;
static struct frame frame;
static bool strict; /* what a datapath says of a flow, it must take back */

static struct key keys[N_KEYS];
static unsigned int n_keys;

/* Names of flows that were taken: OVS_FLOW_ATTR_KEY and OVS_FLOW_ATTR_UFID. */
static struct message installed[N_INSTALLED];
static unsigned int n_installed;

static struct tally {
	unsigned long n_taken, n_refused;
} tallies[N_FAMILIES][N_COMMANDS];
static unsigned long n_frames, n_upcalls, n_flows_back;

/* ---- requests ---- */

static int ask(enum family family, uint8_t cmd, uint16_t flags, answer_fn *fn, void *aux)
{
	struct request r = { family, cmd, 1, flags, dp_ifindex };

	return client_ask(&requests, &r, &message, fn, aux);
}

static void learn_ifindex(const struct answer *a, void *aux)
{
	(void)aux;
	dp_ifindex = a->dp_ifindex;
}

static int add_vport(uint32_t number, const char *name, uint32_t type, uint16_t udp_port)
{
	size_t options;

	message.len = 0;
	put_text(&message, OVS_VPORT_ATTR_NAME, name);
	put_u32(&message, OVS_VPORT_ATTR_PORT_NO, number);
	put_u32(&message, OVS_VPORT_ATTR_TYPE, type);
	put_u32(&message, OVS_VPORT_ATTR_UPCALL_PID, upcalls.pid);
	if (udp_port) {
		options = nest(&message, OVS_VPORT_ATTR_OPTIONS);
		put_u16(&message, OVS_TUNNEL_ATTR_DST_PORT, udp_port);
		end(&message, options);
	}
	return ask(FAMILY_VPORT, OVS_VPORT_CMD_NEW, 0, NULL, NULL);
}

static void collect_ifindex(const struct answer *a, void *aux)
{
	uint32_t *found = aux;

	if (found[0] < 15)
		found[++found[0]] = a->dp_ifindex;
}

static void delete_datapaths(void)
{
	uint32_t found[16] = { 0 };

	message.len = 0;
	dp_ifindex = 0;
	ask(FAMILY_DATAPATH, OVS_DP_CMD_GET, NLM_F_DUMP, collect_ifindex, found);
	for (uint32_t i = 1; i <= found[0]; i++) {
		dp_ifindex = found[i];
		if (ask(FAMILY_DATAPATH, OVS_DP_CMD_DEL, 0, NULL, NULL))
			die("a datapath cannot be deleted");
	}
}

static void create_datapath(void)
{
	int err;

	message.len = 0;
	put_text(&message, OVS_DP_ATTR_NAME, DP_NAME);
	put_u32(&message, OVS_DP_ATTR_UPCALL_PID, upcalls.pid);
	put_u32(&message, OVS_DP_ATTR_USER_FEATURES, FEATURES);
	dp_ifindex = 0;
	err = ask(FAMILY_DATAPATH, OVS_DP_CMD_NEW, NLM_F_ECHO, learn_ifindex, NULL);
	if (err || !dp_ifindex)
		die("a datapath cannot be made: %s", strerror(-err));
	rig_reset();
	for (unsigned int i = 1; i <= N_TAPS; i++) {
		char name[] = { 't', '0' + i, '\0' };

		err = add_vport(i, name, OVS_VPORT_TYPE_NETDEV, 0);
		if (err)
			die("%s cannot be a port: %s", name, strerror(-err));
	}
	/* a kernel may be without tunnels */
	add_vport(4, "i4", OVS_VPORT_TYPE_INTERNAL, 0);
	add_vport(5, "v5", OVS_VPORT_TYPE_VXLAN, 4789);
	add_vport(6, "g6", OVS_VPORT_TYPE_GENEVE, 6081);
	add_vport(7, "r7", OVS_VPORT_TYPE_GRE, 0);
}

/* ---- what comes up ---- */

static void learn_key(const struct answer *a, void *aux)
{
	struct key *k = &keys[n_keys < N_KEYS ? n_keys : rnd(N_KEYS)];
	struct attr attr;

	(void)aux;
	n_upcalls++;
	if (!find_attr(a->attrs, a->len, OVS_PACKET_ATTR_KEY, &attr) || attr.len > sizeof(k->data))
		return;
	if (n_keys == N_KEYS && chance(50))
		return;
	n_keys += n_keys < N_KEYS;
	k->len = attr.len;
	memcpy(k->data, attr.data, attr.len);
}

static const struct key *any_key(void)
{
	static const struct key none;

	return n_keys ? &keys[rnd(n_keys)] : &none;
}

static void listen_to_all(void)
{
	client_drain(&upcalls, learn_key, NULL);
	client_drain(&listener, NULL, NULL);
	rig_drain();
}

/* ---- steps ---- */

static void put_ufid(void)
{
	uint8_t ufid[16] = { rnd(8) };

	put(&message, OVS_FLOW_ATTR_UFID, ufid, chance(95) ? sizeof(ufid) : 1 + rnd(sizeof(ufid)));
	if (chance(40))
		put_u32(&message, OVS_FLOW_ATTR_UFID_FLAGS, chance(90) ? rnd(8) : rnd_u32());
}

static void keep_name(void)
{
	static const uint16_t kinds[] = { OVS_FLOW_ATTR_KEY, OVS_FLOW_ATTR_UFID };
	struct message *m =
		&installed[n_installed < N_INSTALLED ? n_installed++ : rnd(N_INSTALLED)];
	struct attr attr;

	m->len = 0;
	for (size_t i = 0; i < 2; i++) {
		if (find_attr(message.data, message.len, kinds[i], &attr))
			put(m, kinds[i], attr.data, attr.len);
	}
}

static void generate_flow(uint8_t cmd)
{
	const struct key *key = any_key();
	const struct message *name = &installed[rnd(n_installed)];
	struct key of_name;
	struct attr attr;

	if (cmd == OVS_FLOW_CMD_DEL && chance(5))
		return; /* all of them */
	if (cmd != OVS_FLOW_CMD_NEW && n_installed && chance(80)) {
		memcpy(message.data, name->data, message.len = name->len);
		if (find_attr(name->data, name->len, OVS_FLOW_ATTR_KEY, &attr) &&
		    attr.len <= sizeof(of_name.data)) {
			of_name.len = attr.len;
			memcpy(of_name.data, attr.data, attr.len);
			key = &of_name;
		}
	} else {
		if (chance(30))
			put_ufid();
		if (chance(95))
			generate_key(&message, OVS_FLOW_ATTR_KEY, key);
	}
	if (chance(80))
		generate_mask(&message, OVS_FLOW_ATTR_MASK, key);
	if (chance(97))
		generate_actions(&message, OVS_FLOW_ATTR_ACTIONS, key, &world);
	if (chance(10))
		put_flag(&message, OVS_FLOW_ATTR_PROBE);
	if (chance(10))
		put_flag(&message, OVS_FLOW_ATTR_CLEAR);
}

static void generate_packet(void)
{
	const struct key *key = any_key();
	const size_t skip = sizeof(struct virtio_net_hdr);

	frame_generate(&frame);
	put(&message, OVS_PACKET_ATTR_PACKET, frame.data + skip, frame.len - skip);
	generate_key(&message, OVS_PACKET_ATTR_KEY, key);
	generate_actions(&message, OVS_PACKET_ATTR_ACTIONS, key, &world);
	if (chance(10))
		put_flag(&message, OVS_PACKET_ATTR_PROBE);
	if (chance(10))
		put_u16(&message, OVS_PACKET_ATTR_MRU, rnd_u32());
	if (chance(10))
		put(&message, OVS_PACKET_ATTR_HASH, "12345678", 8);
}

/* With --explain: why good requests are refused. */
static struct reason {
	char text[192];
	unsigned long n;
} reasons[256];
static bool explain;

static void note_reason(enum family family, uint8_t cmd, int err)
{
	char text[sizeof(reasons[0].text)];
	unsigned int i;

	snprintf(text, sizeof(text), "%s command %u: %s: %s", family_names[family], cmd,
		 strerror(-err), requests.why);
	for (i = 0; i < 255 && reasons[i].n; i++) {
		if (!strcmp(reasons[i].text, text))
			break;
	}
	strcpy(reasons[i].text, text);
	reasons[i].n++;
}

static void tally_up(enum family family, uint8_t cmd, int err)
{
	struct tally *t;

	if (cmd >= N_COMMANDS)
		return;
	t = &tallies[family][cmd];
	if (err)
		t->n_refused++;
	else
		t->n_taken++;
}

static void step_request(void)
{
	/* flows are most of it; of the rest, nothing is left out */
	static const enum family families[] = { FAMILY_FLOW,   FAMILY_FLOW,     FAMILY_FLOW,
						FAMILY_FLOW,   FAMILY_FLOW,     FAMILY_FLOW,
						FAMILY_FLOW,   FAMILY_PACKET,   FAMILY_PACKET,
						FAMILY_PACKET, FAMILY_DATAPATH, FAMILY_VPORT,
						FAMILY_METER,  FAMILY_CT_LIMIT };
	static const uint16_t flags[] = { NLM_F_ECHO, NLM_F_CREATE, NLM_F_CREATE | NLM_F_EXCL,
					  NLM_F_REPLACE };
	static const uint8_t flow_cmds[] = { OVS_FLOW_CMD_NEW, OVS_FLOW_CMD_NEW, OVS_FLOW_CMD_NEW,
					     OVS_FLOW_CMD_SET, OVS_FLOW_CMD_GET, OVS_FLOW_CMD_DEL };
	enum family family = families[rnd(sizeof(families) / sizeof(families[0]))];
	struct request r = {
		.family = family, .cmd = 1 + rnd(4), .version = 1, .dp_ifindex = dp_ifindex
	};
	bool is_damaged;
	int err;

	message.len = 0;
	if (chance(40))
		r.flags = flags[rnd(sizeof(flags) / sizeof(flags[0]))];
	switch (family) {
	case FAMILY_FLOW:
		r.cmd = flow_cmds[rnd(sizeof(flow_cmds))];
		generate_flow(r.cmd);
		break;
	case FAMILY_PACKET:
		r.cmd = OVS_PACKET_CMD_EXECUTE;
		r.flags = 0;
		generate_packet();
		break;
	case FAMILY_DATAPATH:
		if ((r.cmd == OVS_DP_CMD_NEW || r.cmd == OVS_DP_CMD_DEL) && chance(90))
			r.cmd = chance(50) ? OVS_DP_CMD_SET : OVS_DP_CMD_GET;
		if (chance(50))
			r.dp_ifindex = 0; /* by its name */
		generate_datapath(&message, &world);
		break;
	case FAMILY_VPORT:
		generate_vport(&message, &world);
		break;
	case FAMILY_METER:
		generate_meter(&message);
		break;
	default:
		r.cmd = 1 + rnd(3);
		generate_ct_limit(&message);
	}
	if (r.cmd == OVS_FLOW_CMD_GET && family != FAMILY_PACKET && chance(20))
		r.flags |= NLM_F_DUMP; /* the number is the same in all families */
	is_damaged = chance(45);
	if (is_damaged) {
		for (unsigned int n = 1 + rnd(3); n; n--)
			mutate(&message);
	}
	if (chance(1))
		r.flags = rnd_u32() & 0xf00;
	if (chance(1))
		r.version = rnd_u32();
	if (chance(1))
		r.cmd = rnd(10);
	if (chance(1))
		r.dp_ifindex = rnd_u32();
	err = client_ask(&requests, &r, &message, NULL, NULL);
	tally_up(family, r.cmd, err);
	if (!err && family == FAMILY_FLOW && r.cmd == OVS_FLOW_CMD_NEW)
		keep_name();
	if (err == -ENODEV && family == FAMILY_FLOW && r.dp_ifindex == dp_ifindex) {
		delete_datapaths();
		create_datapath();
	}
	if (explain && err && !is_damaged)
		note_reason(family, r.cmd, err);
}

static void step_frames(void)
{
	for (unsigned int n = 1 + rnd(4); n; n--) {
		if (chance(10)) {
			rig_send_tunnel(&frame);
		} else {
			frame_generate(&frame);
			rig_send(rnd(N_TAPS), &frame);
		}
		n_frames++;
	}
	listen_to_all();
}

/* A device that becomes a port and goes while it is one. */
static void step_passing_device(void)
{
	int fd = rig_open_tap("x6");

	if (fd < 0)
		return;
	add_vport(rnd(2) ? 6 : 20, "x6", OVS_VPORT_TYPE_NETDEV, 0);
	close(fd);
}

struct one_flow {
	unsigned int n; /* seen so far */
	bool is_named;
	struct message m;
};

/* Keeps one of all flows, each as likely. */
static void keep_one(const struct answer *a, void *aux)
{
	static const uint16_t kinds[] = { OVS_FLOW_ATTR_KEY, OVS_FLOW_ATTR_MASK,
					  OVS_FLOW_ATTR_ACTIONS };
	struct one_flow *kept = aux;
	struct attr attr;

	if (rnd(++kept->n))
		return;
	kept->m.len = 0;
	kept->is_named = find_attr(a->attrs, a->len, OVS_FLOW_ATTR_UFID, &attr);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!find_attr(a->attrs, a->len, kinds[i], &attr))
			kept->is_named = true; /* it did not fit: not to be used */
		else
			put(&kept->m, kinds[i], attr.data, attr.len);
	}
}

static void print_message(const struct message *m)
{
	for (size_t i = 0; i < m->len; i++)
		fprintf(stderr, "%02x%s", m->data[i], i % 32 == 31 ? "\n" : "");
	fputc('\n', stderr);
}

/* What is said of a flow makes the same flow. */
static void step_give_back(void)
{
	static struct one_flow kept;
	int err;

	kept.n = 0;
	kept.is_named = true;
	message.len = 0;
	ask(FAMILY_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, keep_one, &kept);
	if (kept.is_named)
		return;
	message = kept.m;
	if (ask(FAMILY_FLOW, OVS_FLOW_CMD_DEL, 0, NULL, NULL) == 0) {
		err = ask(FAMILY_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE, NULL, NULL);
		/* its key may by now be another one's that has a wider mask */
		if (err && err != -EEXIST) {
			print_message(&message);
			die("a flow that was dumped is refused: %s", strerror(-err));
		}
		n_flows_back++;
	}
}

static void step(void)
{
	unsigned int which = rnd(1000);

	if (which < 700)
		step_request();
	else if (which < 970)
		step_frames();
	else if (which < 980)
		rig_disturb();
	else if (which < 985)
		step_passing_device();
	else if (strict)
		step_give_back();
}

/* ---- health ---- */

static void sane_datapath(void)
{
	int err;

	rig_reset();
	message.len = 0;
	put_u32(&message, OVS_DP_ATTR_UPCALL_PID, upcalls.pid);
	put_u32(&message, OVS_DP_ATTR_USER_FEATURES, FEATURES);
	err = ask(FAMILY_DATAPATH, OVS_DP_CMD_SET, 0, NULL, NULL);
	for (unsigned int i = 1; !err && i <= 2; i++) {
		char name[] = { 't', '0' + i, '\0' };

		message.len = 0;
		put_text(&message, OVS_VPORT_ATTR_NAME, name);
		put_u32(&message, OVS_VPORT_ATTR_PORT_NO, i);
		put_u32(&message, OVS_VPORT_ATTR_UPCALL_PID, upcalls.pid);
		err = ask(FAMILY_VPORT, OVS_VPORT_CMD_SET, 0, NULL, NULL);
	}
	if (err) { /* what was deleted, or has another number, is made anew */
		delete_datapaths();
		create_datapath();
	}
	message.len = 0;
	err = ask(FAMILY_FLOW, OVS_FLOW_CMD_DEL, 0, NULL, NULL);
	if (err)
		die("the flows cannot be deleted: %s", strerror(-err));
}

static void want_packet(const struct answer *a, void *aux)
{
	struct message *m = aux;
	struct attr packet, key;

	if (m->len || !find_attr(a->attrs, a->len, OVS_PACKET_ATTR_PACKET, &packet) ||
	    packet.len != frame.len - sizeof(struct virtio_net_hdr) ||
	    memcmp(packet.data, frame.data + sizeof(struct virtio_net_hdr), packet.len))
		return;
	if (find_attr(a->attrs, a->len, OVS_PACKET_ATTR_KEY, &key))
		put(m, OVS_FLOW_ATTR_KEY, key.data, key.len);
}

/* A packet misses, its flow is installed, and the next one comes out where that says. */
static void check_health(void)
{
	static const uint8_t octets[sizeof(struct virtio_net_hdr) + 64] = {
		[sizeof(struct virtio_net_hdr)] = 2,
		[sizeof(struct virtio_net_hdr) + 12] = 0x88,
		0xb5
	};
	uint8_t got[256];
	long n = -1;
	size_t actions;
	int err;

	rig_pause_noise(true);
	listen_to_all();
	sane_datapath();
	usleep(1000);
	listen_to_all();
	memcpy(frame.data, octets, frame.len = sizeof(octets));
	message.len = 0;
	/* a port that has filled a queue need not know at once that it was emptied */
	for (unsigned int i = 0; i < 2000 && !message.len; i++) {
		if (i % 10 == 0)
			rig_send(0, &frame);
		client_drain(&upcalls, want_packet, &message);
		if (!message.len)
			usleep(5000);
	}
	if (!message.len)
		die("a packet did not come up");
	actions = nest(&message, OVS_FLOW_ATTR_ACTIONS);
	put_u32(&message, OVS_ACTION_ATTR_OUTPUT, 2);
	end(&message, actions);
	err = ask(FAMILY_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE, NULL, NULL);
	if (err)
		die("a flow is not taken: %s", strerror(-err));
	rig_send(0, &frame);
	for (unsigned int i = 0; i < 2000 && n != 64; i++) {
		n = rig_receive(1, got, sizeof(got));
		if (n < 0)
			usleep(5000);
	}
	if (n != 64 || memcmp(got, octets + sizeof(struct virtio_net_hdr), n))
		die("a packet did not come out as it went in");
	rig_pause_noise(false);
}

/* ---- rounds ---- */

static void run_round(uint64_t seed, uint64_t number, unsigned int n_steps)
{
	const char *line;

	rnd_seed(seed, number);
	delete_datapaths();
	create_datapath();
	n_keys = n_installed = 0;
	for (unsigned int i = 0; i < 50; i++)
		step_frames(); /* there are keys from now on */
	for (unsigned int i = 0; i < n_steps; i++)
		step();
	check_health();
	line = rig_complaint();
	if (line)
		die("the kernel complains: %s", line);
}

static int report(void)
{
	unsigned long n_requests = 0;
	int rc = 0;

	for (enum family f = 0; f < N_FAMILIES; f++) {
		for (unsigned int cmd = 0; cmd < N_COMMANDS; cmd++) {
			const struct tally *t = &tallies[f][cmd];
			unsigned long n = t->n_taken + t->n_refused;

			n_requests += n;
			if (n < ENOUGH)
				continue;
			printf("%s command %u: %lu taken, %lu refused\n", family_names[f], cmd,
			       t->n_taken, t->n_refused);
			if (!t->n_taken || !t->n_refused) {
				printf("... which tests little\n");
				rc = 1;
			}
		}
	}
	for (unsigned int i = 0; i < 256 && reasons[i].n; i++)
		printf("%8lu %s\n", reasons[i].n, reasons[i].text);
	printf("%lu requests, %lu frames, %lu upcalls, %lu flows given back\n", n_requests,
	       n_frames, n_upcalls, n_flows_back);
	return rc;
}

static uint64_t number(const char *text)
{
	char *rest;
	uint64_t n = strtoull(text, &rest, 0);

	if (!*text || *rest)
		die("%s is not a number", text);
	return n;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "round", required_argument, NULL, 'r' },
		{ "rounds", required_argument, NULL, 'n' },
		{ "steps", required_argument, NULL, 'l' },
		{ "seconds", required_argument, NULL, 't' },
		{ "noise", no_argument, NULL, 'z' },
		{ "strict", no_argument, NULL, 'x' },
		{ "explain", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t seed = time(NULL), round = 0, n_rounds = 10, n_steps = 2000, seconds = 0, done = 0;
	time_t start = time(NULL);
	bool noise = false;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
		switch (c) {
		case 's':
			seed = number(optarg);
			break;
		case 'r':
			round = number(optarg);
			break;
		case 'n':
			n_rounds = number(optarg);
			break;
		case 'l':
			n_steps = number(optarg);
			break;
		case 't':
			seconds = number(optarg);
			break;
		case 'z':
			noise = true;
			break;
		case 'e':
			explain = true;
			break;
		case 'x':
			strict = true;
			break;
		default:
			fputs("usage: fuzz_netlink [--seed=N] [--round=N] [--rounds=N | "
			      "--seconds=N] [--steps=N] [--noise] [--strict] [--explain]\n",
			      stderr);
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	rig_create();
	client_open(&requests);
	client_open(&upcalls);
	client_open(&listener);
	client_join_all(&listener);
	world.pids[0] = upcalls.pid;
	world.pids[1] = listener.pid;
	world.underlay = inet_addr(rig_remote);
	if (noise)
		rig_noise(true, seed);
	while (seconds ? time(NULL) - start < (time_t)seconds : done < n_rounds) {
		printf("--seed=%llu --round=%llu --steps=%llu\n", (unsigned long long)seed,
		       (unsigned long long)(round + done), (unsigned long long)n_steps);
		run_round(seed, round + done, n_steps);
		done++;
	}
	rig_noise(false, 0);
	delete_datapaths();
	return done * n_steps < 20 * ENOUGH ? (report(), 0) : report();
}
