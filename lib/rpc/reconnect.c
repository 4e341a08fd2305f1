// SPDX-License-Identifier: Apache-2.0
/* The figure, for an active connection:
 *
 *	VOID --enable--> BACKOFF --back-off over--> CONNECTING --connected--> ACTIVE
 *	                   ^                            |                     |    ^
 *	                   |                            |       quiet: probe  v    | activity
 *	                   +-------- disconnected ------+-------------------- IDLE-+
 *
 * IDLE lasts as long as ACTIVE may be quiet; then the connection is given up.  A passive one begins
 * in CONNECTING or ACTIVE and ends in VOID.
 *
 * The back-off starts at its minimum and doubles up to its maximum with each attempt that failed; a
 * connection that outlived twice the back-off before it counts as good, and starts it anew. */
#include "rpc/reconnect.h"

#include <string.h>

static void enter(struct reconnect *r, enum reconnect_state state, uint64_t now_ms)
{
	r->state = state;
	r->state_since_ms = now_ms;
}

static bool is_connected(const struct reconnect *r)
{
	return r->state == RECONNECT_ACTIVE || r->state == RECONNECT_IDLE;
}

void reconnect_init(struct reconnect *r, uint64_t now_ms)
{
	memset(r, 0, sizeof(*r));
	r->min_backoff_ms = 1000;
	r->max_backoff_ms = 8000;
	r->probe_interval_ms = 5000;
	enter(r, RECONNECT_VOID, now_ms);
}

void reconnect_enable(struct reconnect *r, uint64_t now_ms)
{
	if (r->state != RECONNECT_VOID || r->passive)
		return;
	r->backoff_ms = 0;
	enter(r, RECONNECT_BACKOFF, now_ms);
}

void reconnect_disable(struct reconnect *r, uint64_t now_ms)
{
	if (is_connected(r))
		r->last_disconnected_ms = now_ms;
	r->forced = false;
	if (r->state != RECONNECT_VOID)
		enter(r, RECONNECT_VOID, now_ms);
}

void reconnect_force(struct reconnect *r, uint64_t now_ms)
{
	switch (r->state) {
	case RECONNECT_VOID:
		break;
	case RECONNECT_BACKOFF:
		r->backoff_ms = 0;
		break;
	case RECONNECT_CONNECTING:
	case RECONNECT_ACTIVE:
	case RECONNECT_IDLE:
		r->forced = true;
		break;
	}
}

void reconnect_connecting(struct reconnect *r, uint64_t now_ms)
{
	r->n_attempts++;
	enter(r, RECONNECT_CONNECTING, now_ms);
}

void reconnect_connected(struct reconnect *r, uint64_t now_ms)
{
	if (is_connected(r))
		return;
	r->n_connections++;
	r->last_connected_ms = now_ms;
	r->last_activity_ms = now_ms;
	enter(r, RECONNECT_ACTIVE, now_ms);
}

static uint32_t next_backoff_ms(const struct reconnect *r, uint64_t now_ms)
{
	uint32_t min_ms = MIN(r->min_backoff_ms, r->max_backoff_ms);

	if (r->forced)
		return 0;
	if (is_connected(r) && now_ms - r->last_connected_ms >= 2 * (uint64_t)r->backoff_ms)
		return min_ms;
	if (r->backoff_ms < min_ms)
		return min_ms;
	return r->backoff_ms > r->max_backoff_ms / 2 ? r->max_backoff_ms : r->backoff_ms * 2;
}

void reconnect_disconnected(struct reconnect *r, uint64_t now_ms, int error)
{
	if (r->state == RECONNECT_VOID)
		return;
	r->last_error = error;
	r->backoff_ms = next_backoff_ms(r, now_ms);
	if (is_connected(r))
		r->last_disconnected_ms = now_ms;
	r->forced = false;
	enter(r, r->passive ? RECONNECT_VOID : RECONNECT_BACKOFF, now_ms);
}

void reconnect_activity(struct reconnect *r, uint64_t now_ms)
{
	r->last_activity_ms = now_ms;
	if (r->state == RECONNECT_IDLE)
		enter(r, RECONNECT_ACTIVE, now_ms);
}

static uint64_t connect_timeout_ms(const struct reconnect *r)
{
	return r->passive ? RECONNECT_PASSIVE_TIMEOUT_MS : MAX(r->backoff_ms, 1000u);
}

uint64_t reconnect_deadline_ms(const struct reconnect *r, uint64_t now_ms)
{
	if (r->forced)
		return now_ms;
	switch (r->state) {
	case RECONNECT_VOID:
		break;
	case RECONNECT_BACKOFF:
		return r->passive ? UINT64_MAX : r->state_since_ms + r->backoff_ms;
	case RECONNECT_CONNECTING:
		return r->state_since_ms + connect_timeout_ms(r);
	case RECONNECT_ACTIVE:
		if (r->probe_interval_ms)
			return MAX(r->last_activity_ms, r->state_since_ms) + r->probe_interval_ms;
		break;
	case RECONNECT_IDLE:
		if (r->probe_interval_ms)
			return r->state_since_ms + r->probe_interval_ms;
		break;
	}
	return UINT64_MAX;
}

enum reconnect_action reconnect_step(struct reconnect *r, uint64_t now_ms)
{
	if (now_ms < reconnect_deadline_ms(r, now_ms))
		return RECONNECT_NOTHING;
	switch (r->state) {
	case RECONNECT_VOID:
		break;
	case RECONNECT_BACKOFF:
		return RECONNECT_CONNECT;
	case RECONNECT_CONNECTING:
	case RECONNECT_IDLE:
		return RECONNECT_DISCONNECT;
	case RECONNECT_ACTIVE:
		if (r->forced)
			return RECONNECT_DISCONNECT;
		enter(r, RECONNECT_IDLE, now_ms);
		return RECONNECT_PROBE;
	}
	return RECONNECT_NOTHING;
}

const char *reconnect_state_name(enum reconnect_state state)
{
	switch (state) {
	case RECONNECT_VOID:
		return "VOID";
	case RECONNECT_BACKOFF:
		return "BACKOFF";
	case RECONNECT_CONNECTING:
		return "CONNECTING";
	case RECONNECT_ACTIVE:
		return "ACTIVE";
	case RECONNECT_IDLE:
		return "IDLE";
	}
	return "VOID";
}
