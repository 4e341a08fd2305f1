/* SPDX-License-Identifier: Apache-2.0 */
/* Generic Netlink as the kernel datapath needs it: trains of requests in one system call, all their
 * answers in a few, dumps by the buffer.
 *
 * The kernel works on a request inside sendmsg(): when that returns, all answers are in the socket,
 * and a request that has asked for none has succeeded if there is no error for it.  So a train
 * needs no acknowledgements, and nothing here waits.
 * Threads: a socket belongs to one thread at a time; a pool to any. */
#ifndef DPIF_KERNEL_KNL_H
#define DPIF_KERNEL_KNL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "base/mutex.h"
#include "flow/odp.h"

enum knl_family {
	KNL_DATAPATH,
	KNL_VPORT,
	KNL_FLOW,
	KNL_PACKET,
	KNL_METER, /* from here on not in every kernel */
	KNL_CT_LIMIT,
	KNL_N_FAMILIES
};

/* Asks for the families (the kernel loads its module then); NULL or a sentence. */
char *knl_families_resolve(void);
bool knl_family_is_there(enum knl_family);
/* The multicast group of that family, 0 if there is none. */
uint32_t knl_group(enum knl_family);

#define KNL_RECV_SIZE (128 << 10) /* a flow with actions as long as an attribute may be, and more */
struct nl_sock;
struct knl_sock {
	struct nl_sock *nl;
	int fd;
	uint32_t port_id;
	uint32_t seq;
	uint8_t *room; /* KNL_RECV_SIZE octets to receive into */
	struct knl_sock *next; /* in a pool */
};
/* 0 or -errno. */
int knl_sock_open(struct knl_sock *, int rcvbuf_size);
void knl_sock_close(struct knl_sock *); /* nothing if it is not open (zeroed) */

/* Starts a message at the end of 'b': headers, then the caller puts attributes.  Returns what
 * knl_msg_end() takes. */
size_t knl_msg_begin(struct odp_buf *b, enum knl_family, uint8_t cmd, uint16_t flags,
		     int dp_ifindex);
void knl_msg_end(struct odp_buf *b, size_t start);

/* A request of a train, and what came of it. */
struct knl_request {
	int error; /* 0 or -errno */
	/* The kernel's answer (NLM_F_ECHO, or a GET): attributes behind the family's header, in
	 * the room that the train keeps; NULL if there was none. */
	const void *attrs;
	size_t attrs_len;
	int dp_ifindex;
	bool is_probe; /* its failure is not logged */
	/* The rest is the train's. */
	size_t end; /* of its message */
	size_t reply; /* where 'attrs' stands in 'replies', + 1 */
};

struct knl_train {
	struct odp_buf msgs; /* whole messages, in order of 'requests' */
	struct knl_request *requests;
	size_t n, size;
	uint8_t *replies;
	size_t replies_len, replies_size;
};
void knl_train_init(struct knl_train *);
void knl_train_uninit(struct knl_train *);
void knl_train_clear(struct knl_train *);
/* Adds the message that stands at the end of train->msgs, complete. */
struct knl_request *knl_train_add(struct knl_train *);
/* Sends all and fills in what came of each.  The answers stay valid until the train is cleared. */
void knl_train_run(struct knl_train *, struct knl_sock *);

/* Walks a dump: calls 'fn' with the attributes of each message; it returns false to stop.  0 or
 * -errno.  'b' holds the request, which has NLM_F_DUMP. */
int knl_dump(struct knl_sock *, struct odp_buf *b,
	     bool (*fn)(int dp_ifindex, const void *attrs, size_t len, void *aux), void *aux);
/* Sends one message. */
int knl_send(struct knl_sock *, struct odp_buf *b);

/* Takes the next message of ours off a buffer that was read.  1: '*attrs' and so on are set; 0: the
 * buffer is used up; -errno: the kernel said so (an error, and -ENODATA for the end of a dump). */
struct knl_reader {
	const uint8_t *data;
	size_t len;
};
int knl_read(struct knl_reader *, uint32_t seq, uint8_t *cmd, int *dp_ifindex, const void **attrs,
	     size_t *attrs_len);

/* Whether a dump ends, well or not, in this buffer. */
bool knl_is_end_of_dump(const void *data, size_t len, uint32_t seq);

/* Attributes by type: 'a' has room for 'max' + 1, those that are twice there are the last.  Types
 * beyond are ignored. */
void knl_parse(const void *attrs, size_t len, const struct nlattr **a, unsigned int max);
/* 0 if it is missing or too short. */
uint32_t knl_get_u32(const struct nlattr *);
uint64_t knl_get_u64(const struct nlattr *);
/* Copies at most 'size' octets of the payload, the rest of 'to' is zeroed. */
void knl_get(const struct nlattr *, void *to, size_t size);
/* The string in 'to', "" if missing. */
void knl_get_string(const struct nlattr *, char *to, size_t size);

/* Sockets for requests, one for each thread that is at it. */
struct knl_pool {
	struct mutex lock;
	struct knl_sock *free;
};
void knl_pool_init(struct knl_pool *);
void knl_pool_uninit(struct knl_pool *);
struct knl_sock *knl_pool_get(struct knl_pool *); /* NULL with errno */
void knl_pool_put(struct knl_pool *, struct knl_sock *);

/* Runs a train; the error of its last request. */
int knl_call(struct knl_pool *, struct knl_train *);

#endif
