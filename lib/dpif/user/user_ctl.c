// SPDX-License-Identifier: Apache-2.0
/* dpif-netdev/...: what the workers do, in the existing form of text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "dpif/dpif_ctl.h"
#include "dpif/user/dp.h"
#include "netdev/netdev_provider.h"
#include "rpc/unixctl.h"

enum show { SHOW_STATS, SHOW_PERF, SHOW_RXQS };

/* What a command asks for. */
struct request {
	const char *dp_name; /* NULL: the only one */
	int core; /* -1: all */
	unsigned int secs; /* of pmd-rxq-show */
	struct user_dp *dp;
	unsigned int n_dps;
	enum show what;
	struct str *out;
};

static bool find_dp(struct dpif *dpif, void *req_)
{
	struct request *req = req_;

	if (dpif->class != &dpif_user_class)
		return true;
	req->n_dps++;
	if (!req->dp_name ? req->n_dps == 1 : dpif_is_named(dpif, req->dp_name))
		req->dp = user_dp_cast(dpif);
	return true;
}

/* With one datapath, its name is nobody's concern; with several it must be said. */
static bool request_find(struct request *req)
{
	dpif_walk(find_dp, req);
	return req->dp && (req->n_dps == 1 || req->dp_name);
}

static bool parse_request(int argc, const char *argv[], struct request *req)
{
	int i;

	req->core = -1;
	req->secs = USAGE_N * USAGE_INTERVAL_MS / 1000;
	for (i = 1; i < argc; i++) {
		if (streq(argv[i], "-pmd") && i + 1 < argc) {
			if (!str_to_int(argv[++i], 10, &req->core) || req->core < 0)
				req->core = -1;
		} else if (streq(argv[i], "-secs") && i + 1 < argc) {
			if (!str_to_uint(argv[++i], 10, &req->secs) || !req->secs ||
			    req->secs > USAGE_N * USAGE_INTERVAL_MS / 1000)
				req->secs = USAGE_N * USAGE_INTERVAL_MS / 1000;
		} else if (streq(argv[i], "-nh")) {
			continue;
		} else if ((streq(argv[i], "-it") || streq(argv[i], "-ms")) && i + 1 < argc) {
			i++; /* lengths of histories, which are not kept */
		} else {
			req->dp_name = argv[i];
		}
	}
	if (request_find(req))
		return true;
	if (req->n_dps != 1)
		return false;
	/* As ever: a name that fits nothing does not matter while there is only one. */
	req->dp_name = NULL;
	req->n_dps = 0;
	return request_find(req);
}

static bool wants(const struct request *req, const struct worker *w)
{
	return req->core < 0 || worker_core(w) == req->core;
}

static void title(struct str *out, const struct worker *w)
{
	if (w->slot == USER_N_SLOTS - 1)
		str_put(out, "main thread:\n");
	else
		str_printf(out, "pmd thread numa_id 0 core_id %d:\n", worker_core(w));
}

/* Calls 'fn' for each worker that is asked for, in order of cores, and for the context of other
 * threads. */
static void walk_workers(const struct request *req, bool with_outside,
			 void (*fn)(const struct request *, struct worker *))
{
	struct worker *sorted[DPIF_MAX_WORKERS];
	unsigned int i, j, n = 0;

	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		struct worker *w = req->dp->workers[i];

		if (!w || !wants(req, w))
			continue;
		for (j = n++; j > 0 && worker_core(sorted[j - 1]) > worker_core(w); j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = w;
	}
	for (i = 0; i < n; i++)
		fn(req, sorted[i]);
	if (with_outside && req->core < 0)
		fn(req, req->dp->outside);
}

/* What was counted since the last clearing. */
static void counters_since(const struct worker *w, struct worker_counters *c_)
{
	const uint64_t *now = (const uint64_t *)&w->counters, *then = (const uint64_t *)&w->cleared;
	uint64_t *c = (uint64_t *)c_;
	size_t i;

	for (i = 0; i < sizeof(*c_) / sizeof(*c); i++)
		c[i] = CTR_GET(&now[i]) - then[i];
}

static double ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / b : 0;
}

static double percent(uint64_t a, uint64_t b)
{
	return 100 * ratio(a, b);
}

/* ---- pmd-stats-show ---- */

static void format_stats(const struct request *req, struct worker *w)
{
	struct str *out = req->out;
	struct worker_counters c;
	uint64_t total;

	counters_since(w, &c);
	total = c.idle_cycles + c.busy_cycles;
	title(out, w);
	str_printf(out, "  packets received: %" PRIu64 "\n", c.n_rx);
	str_printf(out, "  packet recirculations: %" PRIu64 "\n", c.n_recirc);
	str_printf(out, "  avg. datapath passes per packet: %.2f\n",
		   ratio(c.n_rx + c.n_recirc, c.n_rx));
	str_put(out, "  phwol hits: 0\n  mfex opt hits: 0\n  simple match hits: 0\n");
	str_printf(out, "  emc hits: %" PRIu64 "\n", c.n_emc_hit);
	str_put(out, "  smc hits: 0\n");
	str_printf(out, "  megaflow hits: %" PRIu64 "\n", c.n_mask_hit);
	str_printf(out, "  avg. subtable lookups per megaflow hit: %.2f\n",
		   ratio(c.n_searched, c.n_mask_hit));
	str_printf(out, "  miss with success upcall: %" PRIu64 "\n", c.n_miss_ok);
	str_printf(out, "  miss with failed upcall: %" PRIu64 "\n", c.n_miss_failed);
	str_printf(out, "  avg. packets per output batch: %.2f\n", ratio(c.n_tx, c.n_tx_batches));
	if (!total)
		return;
	str_printf(out, "  idle cycles: %" PRIu64 " (%.2f%%)\n", c.idle_cycles,
		   percent(c.idle_cycles, total));
	str_printf(out, "  processing cycles: %" PRIu64 " (%.2f%%)\n", c.busy_cycles,
		   percent(c.busy_cycles, total));
	if (!c.n_rx)
		return;
	str_printf(out, "  avg cycles per packet: %.2f (%" PRIu64 "/%" PRIu64 ")\n",
		   ratio(total, c.n_rx), total, c.n_rx);
	str_printf(out, "  avg processing cycles per packet: %.2f (%" PRIu64 "/%" PRIu64 ")\n",
		   ratio(c.busy_cycles, c.n_rx), c.busy_cycles, c.n_rx);
}

/* ---- pmd-perf-show ---- */

static void line(struct str *out, const char *name, uint64_t n, const char *fmt, ...)
	PRINTF_FORMAT(4, 5);
static void line(struct str *out, const char *name, uint64_t n, const char *fmt, ...)
{
	va_list args;

	str_printf(out, "  %s %*" PRIu64 "  (", name, 31 - (int)strlen(name), n);
	va_start(args, fmt);
	str_vprintf(out, fmt, args);
	va_end(args);
	str_put(out, ")\n");
}

static void format_perf_passes(struct str *out, const struct worker_counters *c, uint64_t hz)
{
	uint64_t passes = c->n_rx + c->n_recirc;
	uint64_t upcalls = c->n_miss_ok + c->n_miss_failed;

	line(out, "Datapath passes:", passes, "%.2f passes/pkt", ratio(passes, c->n_rx));
	line(out, "- PHWOL hits:", 0, "%5.1f %%", 0.0);
	line(out, "- MFEX Opt hits:", 0, "%5.1f %%", 0.0);
	line(out, "- Simple Match hits:", 0, "%5.1f %%", 0.0);
	line(out, "- EMC hits:", c->n_emc_hit, "%5.1f %%", percent(c->n_emc_hit, passes));
	line(out, "- SMC hits:", 0, "%5.1f %%", 0.0);
	line(out, "- Megaflow hits:", c->n_mask_hit, "%5.1f %%, %.2f subtbl lookups/hit",
	     percent(c->n_mask_hit, passes), ratio(c->n_searched, c->n_mask_hit));
	line(out, "- Upcalls:", upcalls, "%5.1f %%, %.1f us/upcall", percent(upcalls, passes),
	     ratio(c->upcall_cycles, upcalls) * 1e6 / hz);
	line(out, "- Lost upcalls:", c->n_miss_failed, "%5.1f %%",
	     percent(c->n_miss_failed, passes));
}

static void format_perf(const struct request *req, struct worker *w)
{
	double secs = (clock_real_us() - w->cleared_us) / 1e6;
	uint64_t hz = cycles_per_second(), used, idle_turns;
	char *now = clock_format("%H:%M:%S.###", clock_wall_ms(), false);
	struct str *out = req->out;
	struct worker_counters c;

	counters_since(w, &c);
	used = c.busy_cycles + c.idle_cycles;
	idle_turns = c.n_turns - MIN(c.n_busy_turns, c.n_turns);
	str_printf(out, "\nTime: %s\nMeasurement duration: %.3f s\n\n", now, secs);
	title(out, w);
	str_putc(out, '\n');
	line(out, "Iterations:", c.n_turns, "%.2f us/it", ratio(used, c.n_turns) * 1e6 / hz);
	line(out, "- Used TSC cycles:", used, "%5.1f %% of total cycles", percent(used, secs * hz));
	line(out, "- idle iterations:", idle_turns, "%5.1f %% of used cycles",
	     percent(c.idle_cycles, used));
	line(out, "- busy iterations:", c.n_busy_turns, "%5.1f %% of used cycles",
	     percent(c.busy_cycles, used));
	line(out, "- sleep iterations:", c.n_sleeps, "%5.1f %% of iterations",
	     percent(c.n_sleeps, c.n_turns));
	line(out, "Sleep time (us):", c.sleep_us, "%3.0f us/iteration avg.",
	     ratio(c.sleep_us, c.n_sleeps));
	line(out, "Rx packets:", c.n_rx, "%.0f Kpps, %.0f cycles/pkt",
	     secs > 0 ? c.n_rx / secs / 1000 : 0, ratio(c.busy_cycles, c.n_rx));
	format_perf_passes(out, &c, hz);
	line(out, "Tx packets:", c.n_tx, "%.0f Kpps", secs > 0 ? c.n_tx / secs / 1000 : 0);
	line(out, "Tx batches:", c.n_tx_batches, "%.2f pkts/batch", ratio(c.n_tx, c.n_tx_batches));
	free(now);
}

/* ---- pmd-rxq-show ---- */

/* Cycles of the last 'secs' s, the running interval aside. */
static uint64_t usage_cycles(const struct usage *u, unsigned int secs)
{
	uint64_t now = clock_coarse_ms() / USAGE_INTERVAL_MS, cycles = 0;
	unsigned int i, n = MAX(secs * 1000 / USAGE_INTERVAL_MS, 1);

	for (i = 0; i < USAGE_N; i++) {
		uint64_t interval = CTR_GET(&u->interval[i]);

		if (interval < now && interval + n >= now)
			cycles += CTR_GET(&u->cycles[i]);
	}
	return cycles;
}

static int compare_rxqs(const void *a_, const void *b_)
{
	const struct port_rxq *const *a = a_, *const *b = b_;
	int cmp = strcmp((*a)->port->name, (*b)->port->name);

	return cmp ? cmp : (int)(*a)->up->queue - (int)(*b)->up->queue;
}

static void put_usage(struct str *out, uint64_t cycles, uint64_t total)
{
	if (total)
		str_printf(out, "%2.0f %%", percent(cycles, total));
	else
		str_put(out, "NOT AVAIL");
}

static void format_rxqs(const struct request *req, struct worker *w)
{
	struct port_rxq **sorted = xcalloc(w->n_rxqs + 1, sizeof(*sorted));
	/* Nothing was measured before the first interval was over. */
	bool measured = clock_real_us() - w->cleared_us > USAGE_INTERVAL_MS * 1000;
	uint64_t total = measured ? cycles_per_second() * req->secs : 0;
	unsigned int i;

	title(req->out, w);
	str_put(req->out, "  isolated : false\n");
	memcpy(sorted, w->rxqs, w->n_rxqs * sizeof(*sorted));
	qsort(sorted, w->n_rxqs, sizeof(*sorted), compare_rxqs);
	for (i = 0; i < w->n_rxqs; i++) {
		const struct port_rxq *rxq = sorted[i];

		str_printf(req->out,
			   "  port: %-16s  queue-id: %2u %s  pmd usage: ", rxq->port->name,
			   rxq->up->queue,
			   rxq->port->netdev->status.flags & NETDEV_UP ? "(enabled) "
								       : "(disabled)");
		put_usage(req->out, usage_cycles(&rxq->usage, req->secs), total);
		str_putc(req->out, '\n');
	}
	/* All that a worker does is a queue's; the way there and back costs what is not
	 * measured. */
	str_put(req->out, "  overhead: ");
	put_usage(req->out, 0, total);
	str_putc(req->out, '\n');
	free(sorted);
}

static void format_rxqs_all(const struct request *req)
{
	str_printf(req->out, "Displaying last %u seconds pmd usage %%\n", req->secs);
	walk_workers(req, false, format_rxqs);
}

/* ---- Commands ---- */

static void show(const struct request *req)
{
	switch (req->what) {
	case SHOW_STATS:
		walk_workers(req, true, format_stats);
		break;
	case SHOW_PERF:
		walk_workers(req, false, format_perf);
		break;
	case SHOW_RXQS:
		format_rxqs_all(req);
		break;
	}
}

static void show_command(struct unixctl_conn *conn, int argc, const char *argv[], void *what)
{
	struct str out = STR_INIT;
	struct request req = { .what = (enum show)(uintptr_t)what, .out = &out };

	if (!parse_request(argc, argv, &req)) {
		unixctl_reply_error(conn, "please specify an existing datapath");
		return;
	}
	show(&req);
	unixctl_reply(conn, str_cstr(&out));
	str_uninit(&out);
}

static void clear(const struct request *req, struct worker *w)
{
	const uint64_t *now = (const uint64_t *)&w->counters;
	uint64_t *then = (uint64_t *)&w->cleared;
	size_t i;

	for (i = 0; i < sizeof(w->cleared) / sizeof(*then); i++)
		then[i] = CTR_GET(&now[i]);
	w->cleared_us = clock_real_us();
}

static void clear_command(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct request req = { .out = NULL };

	if (!parse_request(argc, argv, &req)) {
		unixctl_reply_error(conn, "please specify an existing datapath");
		return;
	}
	walk_workers(&req, true, clear);
	unixctl_reply(conn, NULL);
}

static bool show_each(struct dpif *dpif, void *req_)
{
	struct request *req = req_;

	if (dpif->class == &dpif_user_class) {
		req->dp = user_dp_cast(dpif);
		show(req);
	}
	return true;
}

static void show_all(enum show what, struct str *out)
{
	struct request req = {
		.core = -1,
		.secs = USAGE_N * USAGE_INTERVAL_MS / 1000,
		.what = what,
		.out = out,
	};

	dpif_walk(show_each, &req);
}

void dpif_user_format_pmd_perf(struct str *out)
{
	show_all(SHOW_PERF, out);
}

void dpif_user_format_pmd_stats(struct str *out)
{
	show_all(SHOW_STATS, out);
}

void dpif_user_format_rxqs(struct str *out)
{
	show_all(SHOW_RXQS, out);
}

void dpif_user_register_commands(void)
{
	unixctl_command_register("dpif-netdev/pmd-stats-show", "[-pmd core] [dp]", 0, 3,
				 show_command, (void *)SHOW_STATS);
	unixctl_command_register("dpif-netdev/pmd-stats-clear", "[-pmd core] [dp]", 0, 3,
				 clear_command, NULL);
	unixctl_command_register("dpif-netdev/pmd-rxq-show", "[-pmd core] [-secs secs] [dp]", 0, 5,
				 show_command, (void *)SHOW_RXQS);
	unixctl_command_register(
		"dpif-netdev/pmd-perf-show",
		"[-nh] [-it iter-history-len] [-ms ms-history-len] [-pmd core] [dp]", 0, 8,
		show_command, (void *)SHOW_PERF);
}
