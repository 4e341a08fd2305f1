// SPDX-License-Identifier: Apache-2.0
/* The least switch that lib/netdev allows: one thread that receives from two ports and sends each
 * batch to the other.  What it costs is what the ports cost.
 *
 *	bench_netdev [-t TYPE] [-o KEY=VALUE]... [-s SPIN_US] PORT PORT
 *
 * runs until SIGTERM or SIGINT, then prints what it did. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "base/util.h"
#include "netdev/netdev_provider.h"

struct port {
	struct netdev *netdev;
	struct netdev_rxq *rxqs[16];
	unsigned int n_rxqs;
	uint64_t n_frames, n_octets, n_gso, n_batches, n_refused;
	uint64_t drops[DROP_N_REASONS];
};

struct source {
	struct port *from, *to;
	unsigned int queue;
};

static struct port ports[2];
static struct source sources[32];
static unsigned int n_sources;
static bool has_polled; /* some queue has no descriptor */
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static unsigned int forward(const struct source *s)
{
	struct packet_batch batch;
	unsigned int n_received;
	int n;

	rcu_enter();
	n = netdev_rxq_recv(s->from->rxqs[s->queue], &batch);
	if (n <= 0) {
		rcu_leave();
		return 0;
	}
	n_received = n;
	for (unsigned int i = 0; i < n_received; i++) {
		s->from->n_octets += batch.pkts[i]->len;
		s->from->n_gso += batch.pkts[i]->offload.gso != PACKET_GSO_NONE;
	}
	s->from->n_frames += n_received;
	s->from->n_batches++;
	s->to->n_refused += netdev_send(s->to->netdev, 0, &batch, s->to->drops);
	netdev_flush(s->to->netdev, 0);
	rcu_leave();
	return n_received;
}

static void run(uint64_t spin_us)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[32];
	uint64_t last_us = 0;

	for (unsigned int i = 0; i < n_sources; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &sources[i] };
		int fd = netdev_rxq_fd(sources[i].from->rxqs[sources[i].queue]);

		if (fd < 0)
			has_polled = true;
		else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev))
			fatal(errno, "epoll_ctl");
	}
	while (!stop) {
		uint64_t now_us = spin_us ? clock_real_us() : 0;
		bool spin = has_polled || (spin_us && now_us - last_us < spin_us);
		int n = epoll_wait(epoll_fd, events, ARRAY_SIZE(events), spin ? 0 : -1);
		unsigned int n_forwarded = 0;

		for (int i = 0; i < n; i++)
			n_forwarded += forward(events[i].data.ptr);
		for (unsigned int i = 0; has_polled && i < n_sources; i++)
			n_forwarded += forward(&sources[i]);
		if (n_forwarded)
			last_us = now_us;
	}
	close(epoll_fd);
}

static void open_port(struct port *port, const char *name, const char *type,
		      const struct smap *options)
{
	char *err = netdev_open(name, type, &port->netdev);

	if (!err)
		err = netdev_set_options(port->netdev, options);
	if (err)
		fatal(0, "%s", err);
	port->n_rxqs = netdev_n_rxqs(port->netdev);
	for (unsigned int i = 0; i < port->n_rxqs; i++) {
		port->rxqs[i] = netdev_rxq_open(port->netdev, i);
		if (!port->rxqs[i])
			fatal(errno, "%s: queue %u", name, i);
	}
}

static void print_port(const struct port *port)
{
	struct netdev_stats s;
	uint64_t drops[DROP_N_REASONS] = { 0 };

	netdev_get_stats(port->netdev, &s);
	netdev_add_rx_drops(port->netdev, drops);
	printf("%s frames %" PRIu64 " octets %" PRIu64 " gso %" PRIu64
	       " batch %.1f refused %" PRIu64 " rx_dropped %" PRIu64,
	       netdev_name(port->netdev), port->n_frames, port->n_octets, port->n_gso,
	       (double)port->n_frames / MAX(port->n_batches, 1), port->n_refused, s.rx_dropped);
	for (unsigned int i = 0; i < DROP_N_REASONS; i++) {
		if (drops[i] || port->drops[i])
			printf(" %s rx %" PRIu64 " tx %" PRIu64, drop_reason_name(i), drops[i],
			       port->drops[i]);
	}
	printf("\n");
}

int main(int argc, char *argv[])
{
	const char *type = "";
	unsigned int spin_us = 20;
	struct smap options;
	struct timespec cpu;
	struct loop *loop;
	char *err, *value;
	int opt;

	program_init(argc, argv);
	smap_init(&options);
	while ((opt = getopt(argc, argv, "t:o:s:")) >= 0) {
		switch (opt) {
		case 't':
			type = optarg;
			break;
		case 'o':
			value = strchr(optarg, '=');
			if (!value)
				fatal(0, "-o %s: not KEY=VALUE", optarg);
			*value++ = '\0';
			smap_set(&options, optarg, value);
			break;
		case 's':
			if (!str_to_uint(optarg, 10, &spin_us))
				fatal(0, "-s %s: not a number", optarg);
			break;
		default:
			return 1;
		}
	}
	if (argc - optind != 2)
		fatal(0, "usage: %s [-t TYPE] [-o KEY=VALUE]... [-s SPIN_US] PORT PORT",
		      program_name);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	rcu_register_thread_();
	loop = loop_create();
	err = netdev_init(loop, false);
	if (err)
		fatal(0, "%s", err);
	for (unsigned int i = 0; i < 2; i++)
		open_port(&ports[i], argv[optind + i], type, &options);
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int q = 0; q < ports[i].n_rxqs; q++)
			sources[n_sources++] = (struct source){ &ports[i], &ports[!i], q };
	}
	run(spin_us);

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	printf("cpu_ns_per_frame %.0f\n",
	       (cpu.tv_sec * 1e9 + cpu.tv_nsec) / MAX(ports[0].n_frames + ports[1].n_frames, 1));
	for (unsigned int i = 0; i < 2; i++)
		print_port(&ports[i]);
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int q = 0; q < ports[i].n_rxqs; q++)
			netdev_rxq_close(ports[i].rxqs[q]);
		netdev_unref(ports[i].netdev);
	}
	smap_uninit(&options);
	netdev_uninit();
	loop_destroy(loop);
	rcu_unregister_thread_();
	return 0;
}
