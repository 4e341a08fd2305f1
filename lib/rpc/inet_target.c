// SPDX-License-Identifier: Apache-2.0
#include "rpc/inet_target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define HOST_MAX 255 /* RFC 1035 section 2.3.4 */

static char *parse_port(const char *kind, const char *arg, const char *text, uint16_t min,
			uint16_t *port)
{
	unsigned int n;

	if (!str_to_uint(text, 10, &n) || n > UINT16_MAX || n < min)
		return xasprintf("%s:%s: \"%s\" is not a port number (%u to 65535)", kind, arg,
				 text, min);
	*port = (uint16_t)n;
	return NULL;
}

/* Takes the host off 'arg': '*rest' is what follows it. */
static char *take_host(const char *kind, const char *arg, const char *text, char **host,
		       const char **rest)
{
	size_t n;

	if (*text == '[') {
		const char *end = strchr(++text, ']');

		if (!end)
			return xasprintf("%s:%s: \"]\" is missing after the address", kind, arg);
		n = (size_t)(end - text);
		*rest = end + 1;
	} else {
		n = strcspn(text, ":");
		*rest = text + n;
		if (strchr(text + n + (text[n] == ':'), ':'))
			return xasprintf("%s:%s: write an IPv6 address in brackets, as in "
					 "%s:[::1]:PORT",
					 kind, arg, kind);
	}
	if (!n)
		return xasprintf("%s:%s: host is missing; give %s:HOST[:PORT]", kind, arg, kind);
	if (n > HOST_MAX)
		return xasprintf("%s: host name is longer than %d characters", kind, HOST_MAX);
	*host = xstrndup(text, n);
	if ((*host)[strcspn(*host, " \t\r\n/")]) {
		free(*host);
		return xasprintf("%s:%s: not a host name", kind, arg);
	}
	return NULL;
}

char *inet_target_parse(const char *kind, const char *arg, uint16_t default_port,
			struct inet_target *t)
{
	struct inet_target new = { .port = default_port };
	const char *rest;
	char *err;

	err = take_host(kind, arg, arg, &new.host, &rest);
	if (err)
		return err;
	if (*rest == ':' && rest[1]) {
		new.port_given = true;
		err = parse_port(kind, arg, rest + 1, 1, &new.port);
	} else if (*rest && strcmp(rest, ":")) {
		err = xasprintf("%s:%s: unexpected \"%s\" after the host", kind, arg, rest);
	} else if (!default_port) {
		err = xasprintf("%s:%s: port is missing; give %s:HOST:PORT", kind, arg, kind);
	}
	if (err) {
		free(new.host);
		return err;
	}
	*t = new;
	return NULL;
}

void inet_target_uninit(struct inet_target *t)
{
	free(t->host);
	t->host = NULL;
}

char *inet_target_parse_passive(const char *kind, const char *arg, uint16_t default_port,
				struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_storage new = { .ss_family = AF_INET };
	size_t n = strcspn(arg, ":");
	uint16_t port = default_port;
	const char *rest;
	char *err, *host;

	if (n) {
		char *text = xstrndup(arg, n);

		err = parse_port(kind, arg, text, 0, &port);
		free(text);
		if (err)
			return err;
	}
	if (arg[n] == ':' && arg[n + 1]) {
		bool ok;

		err = take_host(kind, arg, arg + n + 1, &host, &rest);
		if (err)
			return err;
		ok = !*rest && inet_address_parse(host, &new);
		free(host);
		if (!ok)
			return xasprintf("%s:%s: \"%s\" is not an IP address", kind, arg,
					 arg + n + 1);
	}
	inet_address_set_port(&new, port);
	*ss = new;
	*len = inet_address_len(&new);
	return NULL;
}

bool inet_address_parse(const char *host, struct sockaddr_storage *ss)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai;

	if (getaddrinfo(host, NULL, &hints, &ai))
		return false;
	memset(ss, 0, sizeof(*ss));
	memcpy(ss, ai->ai_addr, MIN((size_t)ai->ai_addrlen, sizeof(*ss)));
	freeaddrinfo(ai);
	return ss->ss_family == AF_INET || ss->ss_family == AF_INET6;
}

socklen_t inet_address_len(const struct sockaddr_storage *ss)
{
	return ss->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

void inet_address_set_port(struct sockaddr_storage *ss, uint16_t port)
{
	if (ss->ss_family == AF_INET6)
		((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)ss)->sin_port = htons(port);
}

uint16_t inet_address_port(const struct sockaddr_storage *ss)
{
	return ntohs(ss->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)ss)->sin6_port
					       : ((const struct sockaddr_in *)ss)->sin_port);
}

char *inet_address_format(const struct sockaddr_storage *ss)
{
	char host[INET6_ADDRSTRLEN + 32], port[8];

	if (getnameinfo((const struct sockaddr *)ss, inet_address_len(ss), host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return xstrdup("unknown");
	return xasprintf(ss->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

void inet_set_dscp(int fd, uint8_t dscp)
{
	int tos = dscp << 2;

	setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}
