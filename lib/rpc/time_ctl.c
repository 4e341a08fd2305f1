// SPDX-License-Identifier: Apache-2.0
/* time/stop and time/warp, of daemons that run with --enable-dummy.
 *
 * A warp advances step by step, and lets everything that a step made due happen before the next.
 * The steps are taken from the loop, not within the command, so that the control socket serves
 * others meanwhile; the answer is sent after the last. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/util.h"
#include "rpc/unixctl_impl.h"

static struct {
	struct loop *loop;
	struct work step;
	struct unixctl_conn *conn; /* that waits for the end, NULL: none */
	uint64_t left_ms, step_ms;
} warp;

static void take_step(struct work *w)
{
	uint64_t ms = MIN(warp.left_ms, warp.step_ms);
	struct unixctl_conn *conn = warp.conn;

	clock_warp(ms);
	warp.left_ms -= ms;
	loop_settle(warp.loop);
	if (warp.left_ms) {
		work_schedule(&warp.step);
		return;
	}
	warp.conn = NULL;
	unixctl_reply(conn, "warped");
}

static bool parse_msecs(const char *text, uint64_t *ms)
{
	uint64_t n;

	if (!str_to_u64(text, 10, &n) || !n || n > INT32_MAX)
		return false;
	*ms = n;
	return true;
}

static void time_warp(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	uint64_t total_ms, step_ms;

	if (!parse_msecs(argv[1], &total_ms) || !parse_msecs(argv[argc - 1], &step_ms)) {
		unixctl_reply_error(conn, "invalid MSECS");
	} else if (warp.conn) {
		unixctl_reply_error(conn, "A previous warp in progress");
	} else if (!clock_is_stopped()) {
		unixctl_reply_error(conn, "time is not stopped: run time/stop first");
	} else {
		warp.conn = conn;
		warp.left_ms = total_ms;
		warp.step_ms = step_ms;
		work_schedule(&warp.step);
	}
}

static void time_stop(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	clock_stop();
	unixctl_reply(conn, NULL);
}

void time_ctl_register(struct loop *loop)
{
	warp.loop = loop;
	work_init(&warp.step, loop, take_step);
	unixctl_command_register("time/stop", "", 0, 0, time_stop, NULL);
	unixctl_command_register("time/warp", "[large_msecs] msecs", 1, 2, time_warp, NULL);
}
