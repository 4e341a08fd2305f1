// SPDX-License-Identifier: Apache-2.0
/* Dumps.  One socket for a dump; each of its threads takes a whole buffer off it, under a lock, and
 * decodes that by itself, so that the work that costs is done at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "dpif/kernel/kernel.h"

struct kernel_dump {
	struct dpif_dump up;
	struct mutex lock;
	struct knl_sock *sock GUARDED;
	bool is_over GUARDED;
	int error GUARDED;
	uint32_t seq;
	bool is_terse;
};

struct kernel_dump_thread {
	struct dpif_dump_thread up;
	struct knl_reader reader; /* of 'room' */
	struct kernel_now now; /* when that was read */
	uint8_t *room;
	struct odp_buf actions; /* of the flow that was fetched */
};

struct dpif_dump *kernel_dump_create(struct dpif *dpif, bool terse)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct kernel_dump *dump = xzalloc(sizeof(*dump));
	struct odp_buf b = { 0 };
	size_t start;

	dump->is_terse = terse;
	mutex_init(&dump->lock);
	mutex_lock(&dump->lock);
	dump->sock = knl_pool_get(&dp->pool);
	dump->error = dump->sock ? 0 : -errno;
	if (!dump->error) {
		start = knl_msg_begin(&b, KNL_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, dp->ifindex);
		if (terse)
			odp_put_u32(&b, OVS_FLOW_ATTR_UFID_FLAGS, KERNEL_UFID_OMIT_ALL);
		knl_msg_end(&b, start);
		dump->error = knl_send(dump->sock, &b);
		dump->seq = dump->sock->seq;
		odp_buf_uninit(&b);
	}
	dump->is_over = dump->error;
	mutex_unlock(&dump->lock);
	return &dump->up;
}

struct dpif_dump_thread *kernel_dump_thread_create(struct dpif_dump *dump)
{
	struct kernel_dump_thread *t = xzalloc(sizeof(*t));

	(void)dump;
	t->room = xmalloc(KNL_RECV_SIZE);
	return &t->up;
}

/* The next buffer into t->room; false at the end. */
static bool take_buffer(struct kernel_dump *dump, struct kernel_dump_thread *t)
{
	ssize_t n = -1;

	mutex_lock(&dump->lock);
	while (!dump->is_over) {
		n = recv(dump->sock->fd, t->room, KNL_RECV_SIZE, 0);
		if (n >= 0)
			break;
		if (errno != EINTR) {
			dump->error = -errno;
			dump->is_over = true;
		}
	}
	/* Who reads the end tells the others, before they wait for more. */
	if (n >= 0 && knl_is_end_of_dump(t->room, n, dump->seq))
		dump->is_over = true;
	mutex_unlock(&dump->lock);
	t->now = kernel_now();
	t->reader = (struct knl_reader){ .data = t->room, .len = n < 0 ? 0 : n };
	return n >= 0;
}

static void set_error(struct kernel_dump *dump, int err)
{
	mutex_lock(&dump->lock);
	if (!dump->error)
		dump->error = err;
	mutex_unlock(&dump->lock);
}

/* A flow whose actions do not fit into one buffer of a dump is shown without them, and alone. */
static bool fetch(struct kernel_dump *dump, struct kernel_dump_thread *t, struct dpif_flow *flow)
{
	struct flow key = flow->key;
	struct ufid ufid = flow->ufid;
	struct dpif_op op = {
		.type = DPIF_OP_GET,
		.get = { .key = flow->ufid_present ? NULL : &key,
			 .ufid = &ufid,
			 .actions = &t->actions,
			 .flow = flow },
	};
	struct dpif_op *ops = &op;

	odp_buf_clear(&t->actions);
	kernel_operate(dump->up.dpif, &ops, 1);
	if (op.error && op.error != -ENOENT) /* it has gone meanwhile */
		set_error(dump, op.error);
	return !op.error;
}

size_t kernel_dump_next(struct dpif_dump_thread *t_, struct dpif_flow *flows, size_t max)
{
	struct kernel_dump_thread *t = CONTAINER_OF(t_, struct kernel_dump_thread, up);
	struct kernel_dump *dump = CONTAINER_OF(t_->dump, struct kernel_dump, up);
	struct kernel_dp *dp = kernel_dp_cast(t_->dump->dpif);
	size_t n = 0;

	/* What was handed out points into 'room': no other buffer once there is a flow. */
	do {
		const void *attrs;
		int ifindex, rc;
		uint8_t cmd;
		size_t len;

		while (n < max &&
		       (rc = knl_read(&t->reader, dump->seq, &cmd, &ifindex, &attrs, &len))) {
			if (rc < 0) {
				if (rc != -ENODATA)
					set_error(dump, rc);
				t->reader.len = 0;
				break;
			}
			if (ifindex != dp->ifindex ||
			    !kernel_flow_decode(dp, attrs, len, t->now, &flows[n]))
				continue;
			if (dump->is_terse || (!flows[n].lacks_rest &&
					       (flows[n].actions || fetch(dump, t, &flows[n]))))
				n++;
		}
	} while (!n && take_buffer(dump, t));
	return n;
}

void kernel_dump_thread_destroy(struct dpif_dump_thread *t_)
{
	struct kernel_dump_thread *t = CONTAINER_OF(t_, struct kernel_dump_thread, up);

	odp_buf_uninit(&t->actions);
	free(t->room);
	free(t);
}

int kernel_dump_destroy(struct dpif_dump *dump_)
{
	struct kernel_dump *dump = CONTAINER_OF(dump_, struct kernel_dump, up);
	struct kernel_dp *dp = kernel_dp_cast(dump_->dpif);
	int err;

	mutex_lock(&dump->lock);
	err = dump->error;
	if (dump->sock && dump->is_over && !err) {
		knl_pool_put(&dp->pool, dump->sock);
	} else if (dump->sock) {
		/* Left in the middle: the kernel would go on with it. */
		knl_sock_close(dump->sock);
		free(dump->sock);
	}
	mutex_unlock(&dump->lock);
	mutex_uninit(&dump->lock);
	free(dump);
	return err;
}
