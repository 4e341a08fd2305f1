// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls: packets that userspace is to see, in messages of the family ovs_packet.
 *
 * Fairness.  The queue of a receiver's socket has a size in octets, and once it is full, netlink
 * takes nothing more until it has been emptied.  So that a port which misses in a flood cannot
 * bring that about for all others, a port is held to a share once the queue is a quarter full: it
 * may have put at most half as much into it as there is room left.  One flood thus ends when the
 * queue is half full, and each more takes a third of the room that is left; a quiet port always
 * finds some.  Accounts start anew (a new epoch) when the queue is less than a quarter full again,
 * so the receiver is never kept waiting by this: what is refused would only have made the queue
 * longer.
 *
 * How full the queue is is read from the socket, by the message that was just put there: a
 * reference to it is kept until then, and RCU keeps the socket.  A refused port learns of a queue
 * that was emptied meanwhile by a message that is let through, a millisecond after the last, and
 * ever less often as long as the receiver takes nothing.
 *
 * Nothing of this is locked: a queue's state is one line of memory that only misses write, and with
 * per-CPU dispatch only those of one CPU.  Two CPUs that race lose an update of an account, i.e. a
 * port gets a message more than its share, or one message fewer counts against it.
 */
#include <linux/hash.h>
#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat/gso.h"
#include "dp.h"
#include "trace.h"

#define UPCALL_PROBE_NS (1 * NSEC_PER_MSEC)
#define UPCALL_PROBE_MAX_SHIFT 7
/* Of OVS_PACKET_ATTR_HASH, beside the 32 bits of the skb's hash. */
#define PACKET_HASH_SW BIT_ULL(32)
#define PACKET_HASH_L4 BIT_ULL(33)

struct upcall_queue { /* of one receiver */
	u32 portid; /* 0: of none yet */
	u32 used; /* jiffies: of the last upcall */
	u32 epoch;
	u32 n_bytes, size; /* as they were seen last */
	u32 probe_shift; /* of UPCALL_PROBE_NS */
	u64 seen_ns;
} ____cacheline_aligned_in_smp;

/**
 * upcall_queues_create() - make the accounts of receivers' queues
 * Context: process context.
 * Return: an array for struct datapath, NULL if there is no memory.
 */
struct upcall_queue *upcall_queues_create(void)
{
	return kcalloc(UPCALL_N_QUEUES, sizeof(struct upcall_queue), GFP_KERNEL);
}

void upcall_queues_destroy(struct upcall_queue *queues)
{
	kfree(queues);
}

/**
 * dp_pids_create() - take the receivers from a message
 * @attr: an array of netlink port IDs
 * @extack: says what is wrong with it
 * Context: process context.
 * Return: the receivers or ERR_PTR().
 */
struct dp_pids *dp_pids_create(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct dp_pids *pids;
	int len = nla_len(attr);

	if (!len || len % sizeof(u32)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the list of port IDs has no whole number of them");
		return ERR_PTR(-EINVAL);
	}
	pids = kmalloc(struct_size(pids, pids, len / sizeof(u32)), GFP_KERNEL);
	if (!pids)
		return ERR_PTR(-ENOMEM);
	pids->n = len / sizeof(u32);
	nla_memcpy(pids->pids, attr, len);
	return pids;
}

/* ---- who gets it, and whether ----------------------------------------------- */

static u32 upcall_portid(struct sk_buff *skb, const struct pkt *pkt, const struct upcall_info *info)
{
	const struct dp_pids *pids;

	if (READ_ONCE(pkt->dp->user_features) & OVS_DP_F_DISPATCH_UPCALL_PER_CPU) {
		pids = rcu_dereference(pkt->dp->pids);
		return pids ? pids->pids[smp_processor_id() % pids->n] : 0;
	}
	if (info->portid)
		return info->portid;
	pids = pkt->port ? rcu_dereference(pkt->port->pids) : NULL;
	if (!pids)
		return 0;
	return pids->pids[pids->n == 1 ? 0 : reciprocal_scale(skb_get_hash(skb), pids->n)];
}

/* The account of a receiver.  If there are too many of them, that which was idle for longest is
 * taken over. */
static struct upcall_queue *upcall_queue(const struct datapath *dp, u32 portid)
{
	u32 i, first = hash_32(portid, ilog2(UPCALL_N_QUEUES)), now = jiffies;
	struct upcall_queue *queue, *oldest = NULL;

	for (i = 0; i < UPCALL_N_QUEUES; i++) {
		queue = &dp->queues[(first + i) % UPCALL_N_QUEUES];
		if (READ_ONCE(queue->portid) == portid)
			goto found;
		if (!READ_ONCE(queue->portid)) {
			oldest = queue;
			break;
		}
		if (!oldest || now - READ_ONCE(queue->used) > now - READ_ONCE(oldest->used))
			oldest = queue;
	}
	queue = oldest;
	WRITE_ONCE(queue->n_bytes, 0);
	WRITE_ONCE(queue->epoch, queue->epoch + 1);
	WRITE_ONCE(queue->portid, portid);
found:
	if (READ_ONCE(queue->used) != now)
		WRITE_ONCE(queue->used, now);
	return queue;
}

static bool upcall_is_filling(const struct upcall_queue *queue)
{
	return READ_ONCE(queue->n_bytes) > READ_ONCE(queue->size) / 4;
}

static bool upcall_admit(const struct pkt *pkt, struct upcall_queue *queue)
{
	const struct dp_port_upcalls *account;
	u32 n_bytes, size, shift;
	u64 now;

	if (likely(!upcall_is_filling(queue)) || !pkt->port)
		return true;
	account = &pkt->port->upcalls[queue - pkt->dp->queues];
	if (READ_ONCE(account->epoch) != READ_ONCE(queue->epoch))
		return true;
	n_bytes = READ_ONCE(queue->n_bytes);
	size = READ_ONCE(queue->size);
	if (n_bytes < size && READ_ONCE(account->n_bytes) <= (size - n_bytes) / 2)
		return true;
	now = ktime_get_mono_fast_ns();
	shift = READ_ONCE(queue->probe_shift);
	if (now - READ_ONCE(queue->seen_ns) < UPCALL_PROBE_NS << shift)
		return false;
	WRITE_ONCE(queue->seen_ns, now);
	if (shift < UPCALL_PROBE_MAX_SHIFT)
		WRITE_ONCE(queue->probe_shift, shift + 1);
	return true;
}

/* A message of @truesize was put into the queue of @sk, or was not for want of room (@sk is
 * NULL). */
static void upcall_account(const struct pkt *pkt, struct upcall_queue *queue, const struct sock *sk,
			   u32 truesize)
{
	struct dp_port_upcalls *account;
	bool was_filling = upcall_is_filling(queue);
	u32 epoch, n_bytes;

	if (sk) {
		n_bytes = atomic_read(&sk->sk_rmem_alloc);
		if (n_bytes < READ_ONCE(queue->n_bytes) + truesize)
			WRITE_ONCE(queue->probe_shift, 0);
		WRITE_ONCE(queue->size, READ_ONCE(sk->sk_rcvbuf));
		WRITE_ONCE(queue->n_bytes, n_bytes);
	} else {
		WRITE_ONCE(queue->n_bytes, queue->size);
	}
	if (!upcall_is_filling(queue)) {
		if (was_filling)
			WRITE_ONCE(queue->epoch, queue->epoch + 1);
		return;
	}
	WRITE_ONCE(queue->seen_ns, ktime_get_mono_fast_ns());
	if (!pkt->port || !sk)
		return;
	account = &pkt->port->upcalls[queue - pkt->dp->queues];
	epoch = READ_ONCE(queue->epoch);
	if (account->epoch != epoch) {
		WRITE_ONCE(account->n_bytes, truesize);
		WRITE_ONCE(account->epoch, epoch);
	} else {
		WRITE_ONCE(account->n_bytes, account->n_bytes + truesize);
	}
}

/* ---- the message --------------------------------------------------------------- */

/* The packet as it is on the wire, its first @len octets. */
static void upcall_copy_packet(const struct sk_buff *skb, u8 *to, u32 len)
{
	u32 n = min_t(u32, len, 2 * ETH_ALEN);
	__be16 tag[2];

	if (!skb_vlan_tag_present(skb)) {
		skb_copy_bits(skb, 0, to, len);
		return;
	}
	skb_copy_bits(skb, 0, to, n);
	tag[0] = skb->vlan_proto;
	tag[1] = htons(skb_vlan_tag_get(skb));
	to += n;
	len -= n;
	n = min_t(u32, len, sizeof(tag));
	memcpy(to, tag, n);
	skb_copy_bits(skb, 2 * ETH_ALEN, to + n, len - n);
}

/* Room for the key of most packets; what has more is tried again with key_attr_size(). */
static size_t upcall_key_size(const struct flow_key *key)
{
	return key->tun_proto ? key_attr_size() : 352;
}

static struct sk_buff *upcall_message(const struct sk_buff *skb, const struct pkt *pkt,
				      const struct upcall_info *info, const struct flow_key *key,
				      size_t key_size)
{
	bool unaligned = READ_ONCE(pkt->dp->user_features) & OVS_DP_F_UNALIGNED;
	u32 wire_len = skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
	u32 len = min(wire_len, pkt->trunc_len);
	struct ovs_header *header;
	struct nlattr *attr;
	struct sk_buff *msg;
	size_t size;
	u64 hash;

	/* its length would overflow, and what is behind be taken for other attributes */
	if (unlikely(nla_attr_size(len) > U16_MAX))
		return ERR_PTR(-EFBIG);
	size = NLMSG_ALIGN(sizeof(*header)) + nla_total_size(len) + key_size +
	       nla_total_size(sizeof(u16)) + nla_total_size(sizeof(u32)) +
	       nla_total_size_64bit(sizeof(u64));
	if (info->userdata)
		size += nla_total_size(nla_len(info->userdata));
	if (info->actions)
		size += nla_total_size(info->actions_len);
	if (info->egress_tun)
		size += key_attr_size();
	msg = genlmsg_new(size, GFP_ATOMIC);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	header = genlmsg_put(msg, 0, 0, &dp_packet_family, 0, info->cmd);
	if (!header)
		goto err;
	header->dp_ifindex = dp_ifindex(pkt->dp);
	if (flow_key_put(msg, OVS_PACKET_ATTR_KEY, key, key))
		goto err;
	if (info->userdata && nla_put(msg, OVS_PACKET_ATTR_USERDATA, nla_len(info->userdata),
				      nla_data(info->userdata)))
		goto err;
	if (info->egress_tun &&
	    key_put_tunnel(msg, OVS_PACKET_ATTR_EGRESS_TUN_KEY, &info->egress_tun->key,
			   ip_tunnel_info_opts((struct ip_tunnel_info *)info->egress_tun),
			   info->egress_tun->options_len, ip_tunnel_info_af(info->egress_tun)))
		goto err;
	if (info->actions &&
	    nla_put(msg, OVS_PACKET_ATTR_ACTIONS | NLA_F_NESTED, info->actions_len, info->actions))
		goto err;
	if (pkt->mru && nla_put_u16(msg, OVS_PACKET_ATTR_MRU, pkt->mru))
		goto err;
	if (len < wire_len && nla_put_u32(msg, OVS_PACKET_ATTR_LEN, wire_len))
		goto err;
	hash = skb_get_hash_raw(skb);
	if (skb->sw_hash)
		hash |= PACKET_HASH_SW;
	if (skb->l4_hash)
		hash |= PACKET_HASH_L4;
	if (nla_put_u64_64bit(msg, OVS_PACKET_ATTR_HASH, hash, OVS_PACKET_ATTR_UNSPEC))
		goto err;

	/* last, for its padding may be left out */
	if (skb_tailroom(msg) < nla_total_size(len))
		goto err;
	attr = skb_put(msg, unaligned ? nla_attr_size(len) : nla_total_size(len));
	attr->nla_type = OVS_PACKET_ATTR_PACKET;
	attr->nla_len = nla_attr_size(len);
	upcall_copy_packet(skb, nla_data(attr), len);
	if (!unaligned)
		memset((u8 *)attr + nla_attr_size(len), 0, nla_padlen(len));
	genlmsg_end(msg, header);
	return msg;

err:
	kfree_skb(msg);
	return ERR_PTR(-EMSGSIZE);
}

/* One message, of a packet that is no GSO one and whose checksum is in it. */
static int upcall_send(const struct sk_buff *skb, const struct pkt *pkt,
		       const struct upcall_info *info, const struct flow_key *key, u32 portid)
{
	struct upcall_queue *queue = upcall_queue(pkt->dp, portid);
	struct sk_buff *msg;
	int err;

	if (!upcall_admit(pkt, queue))
		return -ENOBUFS;
	msg = upcall_message(skb, pkt, info, key, upcall_key_size(key));
	if (msg == ERR_PTR(-EMSGSIZE))
		msg = upcall_message(skb, pkt, info, key, key_attr_size() + 256);
	if (IS_ERR(msg))
		return PTR_ERR(msg);

	skb_get(msg);
	err = genlmsg_unicast(pkt->dp->net, msg, portid);
	if (!err) {
		/* netlink passes a copy on if there is much room left in it, and then knows no
		 * socket */
		if (msg->sk)
			upcall_account(pkt, queue, msg->sk, msg->truesize);
	} else if (err == -EAGAIN) {
		upcall_account(pkt, queue, NULL, 0);
	}
	consume_skb(msg);
	return err;
}

static int upcall_send_one(struct sk_buff *skb, const struct pkt *pkt,
			   const struct upcall_info *info, const struct flow_key *key, u32 portid)
{
	struct sk_buff *clone;
	int err;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return upcall_send(skb, pkt, info, key, portid);
	/* the packet itself may go on, and then the device does this */
	clone = skb_clone(skb, GFP_ATOMIC);
	if (!clone)
		return -ENOMEM;
	err = skb_csum_hwoffload_help(clone, 0);
	if (!err)
		err = upcall_send(clone, pkt, info, key, portid);
	consume_skb(clone);
	return err;
}

static int upcall_send_gso(struct sk_buff *skb, struct pkt *pkt, const struct upcall_info *info,
			   struct flow_key *key, u32 portid)
{
	/* of fragments, all but the first have another key */
	bool is_ufo = skb_shinfo(skb)->gso_type & SKB_GSO_UDP;
	struct sk_buff *segs, *seg, *next;
	int err = 0;

	segs = __skb_gso_segment(skb, NETIF_F_SG, false);
	if (IS_ERR(segs))
		return PTR_ERR(segs);
	if (!segs)
		return -EINVAL;
	skb_list_walk_safe(segs, seg, next)
	{
		skb_mark_not_on_list(seg);
		if (!err && is_ufo && seg != segs)
			err = key_extract(seg, pkt, KEY_LEVEL_TRANSPORT, key);
		if (!err)
			err = upcall_send_one(seg, pkt, info, key, portid);
		consume_skb(seg);
	}
	if (is_ufo) /* what is known now is of the last fragment */
		pkt->is_parsed = false;
	return err;
}

static void upcall_lost(const struct pkt *pkt, int err)
{
	struct dp_stats_percpu *stats = this_cpu_ptr(pkt->dp->stats);

	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->n_lost);
	u64_stats_update_end(&stats->sync);
	switch (err) {
	case -ENOBUFS:
	case -EAGAIN:
		dp_count_drop(pkt, U32_MAX, DROP_UPCALL_QUEUE_FULL);
		break;
	case -ENOMEM:
		dp_count_drop(pkt, U32_MAX, DROP_NO_MEMORY);
		break;
	default:
		dp_count_drop(pkt, U32_MAX, DROP_UPCALL_ERROR);
		break;
	}
}

/**
 * dp_upcall() - send a packet to userspace
 * @skb: the packet, data at its outermost header; stays the caller's
 * @pkt: its metadata
 * @info: what is said with it
 *
 * Never blocks, and no port can take the whole of a receiver's queue (see above).
 * Context: RCU, BH disabled.
 * Return: 0, or -errno: it was counted as lost.
 */
int dp_upcall(struct sk_buff *skb, struct pkt *pkt, const struct upcall_info *info)
{
	struct flow_key key;
	u32 portid;
	int err;

	portid = upcall_portid(skb, pkt, info);
	if (!portid) {
		err = -ENOTCONN;
	} else {
		err = 0;
		if (info->key)
			key = *info->key;
		else
			err = key_extract(skb, pkt, KEY_LEVEL_TRANSPORT, &key);
		if (!err)
			err = skb_is_gso(skb) ? upcall_send_gso(skb, pkt, info, &key, portid)
					      : upcall_send_one(skb, pkt, info, &key, portid);
	}
	trace_upcall(skb, pkt, info->cmd, portid, err);
	if (pkt->port) {
		if (err)
			this_cpu_inc(pkt->port->drops->n_upcall_fails);
		else
			this_cpu_inc(pkt->port->drops->n_upcalls);
	}
	if (err)
		upcall_lost(pkt, err);
	return err;
}
