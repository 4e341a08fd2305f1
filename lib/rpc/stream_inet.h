/* SPDX-License-Identifier: Apache-2.0 */
/* What tcp: and ssl: share. */
#ifndef RPC_STREAM_INET_H
#define RPC_STREAM_INET_H

#include "rpc/stream_impl.h"

char *stream_inet_check_active(const struct stream_kind *, const char *arg, uint16_t default_port);
char *stream_inet_check_passive(const struct stream_kind *, const char *arg, uint16_t default_port);
char *stream_inet_listen(const struct stream_kind *, struct listener *, const char *arg,
			 uint16_t default_port, uint8_t dscp);
/* Sets the options of a descriptor just accepted. */
void stream_inet_accepted(const struct listener *, int fd);
/* "tcp:10.0.0.1:4711"; the caller frees. */
char *stream_inet_peer_name(const char *kind, const struct sockaddr_storage *peer);

#endif
