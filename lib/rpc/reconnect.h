/* SPDX-License-Identifier: Apache-2.0 */
/* When to connect again and when to probe: a pure state machine on the clock it is given.
 * States as the database shows them: VOID, BACKOFF, CONNECTING, ACTIVE, IDLE.
 * The owner reports what happens (connecting, connected, activity, disconnected) and does what
 * reconnect_step() says; after RECONNECT_DISCONNECT it reports reconnect_disconnected().
 * Threads: none of its own. */
#ifndef RPC_RECONNECT_H
#define RPC_RECONNECT_H

#include "base/compiler.h"

#define RECONNECT_EOF (-1) /* as an error: the peer closed the connection */
#define RECONNECT_PASSIVE_TIMEOUT_MS 10000 /* for the handshake of an accepted connection */

enum reconnect_state {
	RECONNECT_VOID,
	RECONNECT_BACKOFF,
	RECONNECT_CONNECTING,
	RECONNECT_ACTIVE,
	RECONNECT_IDLE
};
enum reconnect_action {
	RECONNECT_NOTHING,
	RECONNECT_CONNECT,
	RECONNECT_DISCONNECT,
	RECONNECT_PROBE
};

struct reconnect {
	enum reconnect_state state;
	bool passive; /* accepted or listening: never connects by itself */
	uint32_t min_backoff_ms, max_backoff_ms, probe_interval_ms /* 0: no probes */;
	uint32_t backoff_ms;
	uint64_t state_since_ms, last_activity_ms, last_connected_ms, last_disconnected_ms;
	uint32_t n_attempts, n_connections;
	int last_error; /* errno of the last disconnection, 0 none, EOF as -1 */
	bool forced; /* reconnect_force() waits for the disconnection */
};

void reconnect_init(struct reconnect *, uint64_t now_ms); /* back-off 1 s to 8 s, probe 5 s */
void reconnect_enable(struct reconnect *, uint64_t now_ms);
void reconnect_disable(struct reconnect *, uint64_t now_ms);
void reconnect_force(struct reconnect *, uint64_t now_ms); /* connect again at once */
void reconnect_connecting(struct reconnect *, uint64_t now_ms);
void reconnect_connected(struct reconnect *, uint64_t now_ms);
void reconnect_disconnected(struct reconnect *, uint64_t now_ms, int error);
void reconnect_activity(struct reconnect *, uint64_t now_ms);
/* What to do now. */
enum reconnect_action reconnect_step(struct reconnect *, uint64_t now_ms);
/* When to ask again; UINT64_MAX: never by itself. */
uint64_t reconnect_deadline_ms(const struct reconnect *, uint64_t now_ms);
const char *reconnect_state_name(enum reconnect_state);

#endif
