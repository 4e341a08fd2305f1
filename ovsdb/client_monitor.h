/* SPDX-License-Identifier: Apache-2.0 */
/* ovsdb-client monitor, monitor-cond, monitor-cond-since: prints what a server tells of a database,
 * for ever. */
#ifndef OVSDB_CLIENT_MONITOR_H
#define OVSDB_CLIENT_MONITOR_H

#include "ovsdb/client_conn.h"

enum client_monitor_kind { CLIENT_MONITOR = 1, CLIENT_MONITOR_COND, CLIENT_MONITOR_COND_SINCE };

extern bool client_monitor_timestamp; /* --timestamp */

/* 'args': [LASTID] CONDITION (as the kind has them) TABLE [COLUMN,...]..., or ALL.  False: they
 * make no sense.  Else does not return. */
bool client_monitor(struct client_conn *, enum client_monitor_kind, int n, char *args[]);

#endif
