/* SPDX-License-Identifier: Apache-2.0 */
/* The internet part of a target: HOST[:PORT] of active kinds, [PORT][:IP] of passive ones. */
#ifndef RPC_INET_TARGET_H
#define RPC_INET_TARGET_H

#include <sys/socket.h>

#include "base/compiler.h"

struct inet_target {
	char *host; /* without brackets, scope included */
	uint16_t port;
	bool port_given; /* false: 'port' is the default */
};

/* 'kind' ("tcp") is for the sentence.  NULL, or a sentence with '*t' untouched. */
char *inet_target_parse(const char *kind, const char *arg, uint16_t default_port,
			struct inet_target *t) MUST_CHECK;
void inet_target_uninit(struct inet_target *);
/* [PORT][:IP]; without IP, any IPv4 address. */
char *inet_target_parse_passive(const char *kind, const char *arg, uint16_t default_port,
				struct sockaddr_storage *ss, socklen_t *len) MUST_CHECK;

/* A numeric address with an optional %scope, port 0.  False if 'host' is none. */
bool inet_address_parse(const char *host, struct sockaddr_storage *ss);
socklen_t inet_address_len(const struct sockaddr_storage *);
void inet_address_set_port(struct sockaddr_storage *, uint16_t port);
uint16_t inet_address_port(const struct sockaddr_storage *);
/* "10.0.0.1:80", "[fe80::1%eth0]:80"; the caller frees. */
char *inet_address_format(const struct sockaddr_storage *) MUST_CHECK;
/* Marks outgoing packets; a refusal costs nothing but the mark. */
void inet_set_dscp(int fd, uint8_t dscp);

#endif
