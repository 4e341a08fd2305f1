/* SPDX-License-Identifier: Apache-2.0 */
/* The database turned into switches: what the rows want is compared with what is, and the
 * difference applied through ofproto/; what came of it is written back.  A port that fails goes to
 * Interface.error and the rest goes on.  The cost of a change is the change's: only rows that the
 * replica tells of are looked at.
 * Threads: main. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "base/loop.h"

/* Connects to the database and keeps the switches as it says.  'ready' is called once, when the
 * configuration that was found first is in force (or no database answers yet after a while).  NULL
 * or a sentence. */
char *bridges_start(struct loop *, const char *remote, void (*ready)(void)) MUST_CHECK;
/* Ends every switch; 'cleanup' removes what was made on the host. */
void bridges_stop(bool cleanup);

#endif
