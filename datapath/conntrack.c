// SPDX-License-Identifier: GPL-2.0
/*
 * The ct action on a packet, by the kernel's nf_conntrack: reassemble, look up, translate, help,
 * commit.
 *
 * A packet may pass here several times, by recirculation; once it has its connection it keeps it in
 * the skb, and a second ct action in the same zone does not track it again.
 */
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ipv6_frag.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_labels.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_conntrack_timeout.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "ct_action.h"
#include "dp.h"
#include "flow_key.h"
#include "pkt.h"

#define NAT_BITS (OVS_CS_F_SRC_NAT | OVS_CS_F_DST_NAT)

/* ---- what the packet is told ------------------------------------------- */

static u8 state_of(const struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	u8 state = OVS_CS_F_TRACKED;

	switch (ctinfo) {
	case IP_CT_ESTABLISHED_REPLY:
		state |= OVS_CS_F_ESTABLISHED | OVS_CS_F_REPLY_DIR;
		break;
	case IP_CT_RELATED_REPLY:
		state |= OVS_CS_F_RELATED | OVS_CS_F_REPLY_DIR;
		break;
	case IP_CT_ESTABLISHED:
		state |= OVS_CS_F_ESTABLISHED;
		break;
	case IP_CT_RELATED:
		state |= OVS_CS_F_RELATED;
		break;
	case IP_CT_NEW:
		state |= OVS_CS_F_NEW;
		break;
	default:
		break;
	}
	if (!nf_ct_is_confirmed(ct))
		state |= OVS_CS_F_NEW;
	/* an expected connection stays related as long as it lives */
	if (ct->master)
		state |= OVS_CS_F_RELATED;
	return state;
}

static u32 mark_of(const struct nf_conn *ct)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK_MARK)
	return READ_ONCE(ct->mark);
#else
	return 0;
#endif
}

static void labels_of(const struct nf_conn *ct, struct ovs_key_ct_labels *labels)
{
	const struct nf_conn_labels *ext = nf_ct_labels_find(ct);

	BUILD_BUG_ON(sizeof(ext->bits) < sizeof(*labels));
	if (ext)
		memcpy(labels, ext->bits, sizeof(*labels));
	else
		memset(labels, 0, sizeof(*labels));
}

/* The tuple that the connection, or the one that it was expected by, began with. */
static void fill_tuple(const struct nf_conn *ct, struct pkt *pkt)
{
	const struct nf_conntrack_tuple *t;

	if (ct->master)
		ct = ct->master;
	t = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	memset(&pkt->ct_orig6, 0, sizeof(pkt->ct_orig6));
	if (nf_ct_l3num(ct) == NFPROTO_IPV4) {
		pkt->ct_orig4.src = t->src.u3.ip;
		pkt->ct_orig4.dst = t->dst.u3.ip;
	} else if (nf_ct_l3num(ct) == NFPROTO_IPV6) {
		pkt->ct_orig6.src = t->src.u3.in6;
		pkt->ct_orig6.dst = t->dst.u3.in6;
	} else {
		pkt->ct_orig_proto = 0;
		return;
	}
	pkt->ct_orig_proto = t->dst.protonum;
	if (t->dst.protonum == IPPROTO_ICMP || t->dst.protonum == IPPROTO_ICMPV6) {
		pkt->ct_orig_src_port = htons(t->dst.u.icmp.type);
		pkt->ct_orig_dst_port = htons(t->dst.u.icmp.code);
	} else {
		pkt->ct_orig_src_port = t->src.u.all;
		pkt->ct_orig_dst_port = t->dst.u.all;
	}
}

static void fill(struct pkt *pkt, u8 state, u16 zone, const struct nf_conn *ct)
{
	pkt->ct_state = state;
	pkt->ct_zone = zone;
	pkt->has_ct = true;
	if (ct) {
		pkt->ct_mark = mark_of(ct);
		labels_of(ct, &pkt->ct_labels);
		fill_tuple(ct, pkt);
	} else {
		pkt->ct_mark = 0;
		memset(&pkt->ct_labels, 0, sizeof(pkt->ct_labels));
		pkt->ct_orig_proto = 0;
	}
}

void ct_fill(const struct sk_buff *skb, struct pkt *pkt)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct || nf_ct_is_template(ct))
		return;
	fill(pkt, state_of(ct, ctinfo), nf_ct_zone(ct)->id, ct);
}

int ct_clear(struct sk_buff *skb, struct pkt *pkt)
{
	nf_reset_ct(skb);
	pkt->ct_state = 0;
	pkt->ct_zone = 0;
	pkt->ct_mark = 0;
	pkt->has_ct = false;
	return 0;
}

/* ---- the packet as nf_conntrack wants it --------------------------------- */

/* Cuts what is behind the IP packet: padding is no data of a connection. */
static int trim(struct sk_buff *skb, u8 family)
{
	unsigned int len;

	if (family == NFPROTO_IPV4) {
		if (!pskb_may_pull(skb, sizeof(struct iphdr)))
			return -EINVAL;
		len = ntohs(ip_hdr(skb)->tot_len);
		if (len < sizeof(struct iphdr))
			return skb_is_gso(skb) ? 0 : -EINVAL;
	} else {
		if (!pskb_may_pull(skb, sizeof(struct ipv6hdr)))
			return -EINVAL;
		len = ntohs(ipv6_hdr(skb)->payload_len);
		if (!len) /* a jumbogram */
			return 0;
		len += sizeof(struct ipv6hdr);
	}
	return len < skb->len ? pskb_trim_rcsum(skb, len) : 0;
}

static bool is_fragment(const struct sk_buff *skb, u8 family)
{
	if (family == NFPROTO_IPV4)
		return ip_is_fragment(ip_hdr(skb));
	if (ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr)) {
		struct frag_hdr buf;
		const struct frag_hdr *h;
		unsigned int ofs = 0;

		if (ipv6_find_hdr(skb, &ofs, NEXTHDR_FRAGMENT, NULL, NULL) != NEXTHDR_FRAGMENT)
			return false;
		h = skb_header_pointer(skb, ofs, sizeof(buf), &buf);
		/* an atomic fragment is the whole packet (RFC 6946) */
		return h && h->frag_off & htons(IP6_OFFSET | IP6_MF);
	}
	return false;
}

/*
 * Gathers fragments.  0: @skb is whole; -EINPROGRESS: it was taken; another error: *@consumed says
 * whether it was freed.
 */
static noinline int defrag(struct net *net, struct sk_buff *skb, struct pkt *pkt,
			   const struct ct_action *action, bool *consumed)
{
	int err;

	/* the kernel asks it for its master device */
	if (!skb->dev)
		skb->dev = pkt->dp->local->dev;
	if (action->family == NFPROTO_IPV4) {
		memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
		err = ip_defrag(net, skb, IP_DEFRAG_CONNTRACK_IN + action->zone);
		*consumed = err;
		if (err)
			return err;
		pkt->mru = IPCB(skb)->frag_max_size;
	} else {
#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV6)
		memset(IP6CB(skb), 0, sizeof(struct inet6_skb_parm));
		err = nf_ct_frag6_gather(net, skb, IP6_DEFRAG_CONNTRACK_IN + action->zone);
		*consumed = err == -EINPROGRESS;
		if (err)
			return err;
		pkt->mru = IP6CB(skb)->frag_max_size;
#else
		return -EPFNOSUPPORT;
#endif
	}
	pkt->is_parsed = false;
	skb_clear_hash(skb);
	skb->ignore_df = 1;
	return 0;
}

/* ---- look-up ------------------------------------------------------------ */

/* The skb has a connection, which this action would find again. */
static bool is_found(struct net *net, struct sk_buff *skb, const struct ct_action *action)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct || nf_ct_is_template(ct))
		return false;
	if (!net_eq(net, nf_ct_net(ct)) || nf_ct_zone(ct)->id != action->zone)
		return false;
	if (action->helper) {
		const struct nf_conn_help *help = nfct_help(ct);

		/* one without a helper gets it when it is committed */
		if (help && rcu_access_pointer(help->helper) != action->helper)
			return false;
	}
	if (action->has_timeout && !nf_ct_is_confirmed(ct)) {
		const struct nf_conn_timeout *have = nf_ct_timeout_find(ct);
		const struct nf_conn_timeout *want = nf_ct_timeout_find(action->tmpl);

		if (!have || rcu_access_pointer(have->timeout) != rcu_access_pointer(want->timeout))
			return false;
	}
	return true;
}

/*
 * A packet that went through userspace has lost its connection, not what was told of it.  Finding
 * it in the table does not count the packet twice.
 */
static bool find_again(struct net *net, struct sk_buff *skb, const struct pkt *pkt,
		       const struct ct_action *action)
{
	struct nf_conntrack_tuple tuple, inverse;
	struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_zone zone;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;

	if (!(pkt->ct_state & OVS_CS_F_TRACKED) || pkt->ct_state & OVS_CS_F_INVALID ||
	    pkt->ct_zone != action->zone)
		return false;
	if (!nf_ct_get_tuplepr(skb, skb_network_offset(skb), action->family, net, &tuple))
		return false;
	nf_ct_zone_init(&zone, action->zone, NF_CT_DEFAULT_ZONE_DIR, 0);
	/* What is translated already looks like what comes back, the other way round. */
	if (pkt->ct_state & NAT_BITS) {
		if (!nf_ct_invert_tuple(&inverse, &tuple))
			return false;
		tuple = inverse;
	}
	h = nf_conntrack_find_get(net, &zone, &tuple);
	if (!h)
		return false;
	if (pkt->ct_state & NAT_BITS)
		h = &nf_ct_tuplehash_to_ctrack(h)->tuplehash[!NF_CT_DIRECTION(h)];
	ct = nf_ct_tuplehash_to_ctrack(h);
	if (NF_CT_DIRECTION(h) == IP_CT_DIR_REPLY)
		ctinfo = IP_CT_ESTABLISHED_REPLY;
	else if (test_bit(IPS_SEEN_REPLY_BIT, &ct->status))
		ctinfo = IP_CT_ESTABLISHED;
	else if (test_bit(IPS_EXPECTED_BIT, &ct->status))
		ctinfo = IP_CT_RELATED;
	else
		ctinfo = IP_CT_NEW;
	nf_reset_ct(skb);
	nf_ct_set(skb, ct, ctinfo);
	return true;
}

static int track(struct net *net, struct sk_buff *skb, const struct ct_action *action)
{
	struct nf_hook_state state = {
		.hook = NF_INET_PRE_ROUTING,
		.pf = action->family,
		.net = net,
	};

	nf_reset_ct(skb);
	if (action->tmpl) {
		nf_conntrack_get(&action->tmpl->ct_general);
		nf_ct_set(skb, action->tmpl, IP_CT_NEW);
	}
	return nf_conntrack_in(skb, &state) == NF_ACCEPT ? 0 : -EINVAL;
}

/* A committed connection that began in the other direction gives way to one that begins here. */
static bool give_way(struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct || CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL)
		return false;
	if (nf_ct_is_confirmed(ct))
		nf_ct_delete(ct, 0, 0);
	nf_reset_ct(skb);
	return true;
}

/* *@is_new: the packet has not been through the table with this action's zone before. */
static int look_up(struct net *net, struct sk_buff *skb, struct pkt *pkt,
		   const struct ct_action *action, bool *is_new)
{
	int err;

	*is_new = false;
	if (is_found(net, skb, action) || (!skb_nfct(skb) && find_again(net, skb, pkt, action))) {
		if (!action->is_force || !give_way(skb))
			return 0;
	}
	*is_new = true;
	pkt->ct_state &= ~NAT_BITS;
	err = track(net, skb, action);
	if (!err && action->is_force && give_way(skb))
		err = track(net, skb, action);
	return err;
}

/* ---- helpers -------------------------------------------------------------- */

static int help(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo, u8 family)
{
	const struct nf_conn_help *ext = nfct_help(ct);
	const struct nf_conntrack_helper *helper;
	unsigned int ofs;
	u8 proto;

	if (!ext || ctinfo == IP_CT_RELATED_REPLY)
		return 0;
	helper = rcu_dereference(ext->helper);
	if (!helper)
		return 0;
	if (family == NFPROTO_IPV4) {
		ofs = ip_hdrlen(skb);
		proto = ip_hdr(skb)->protocol;
	} else {
		__be16 frag_off;
		int ret;

		proto = ipv6_hdr(skb)->nexthdr;
		ret = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &proto, &frag_off);
		if (ret < 0 || frag_off & htons(~0x7))
			return 0;
		ofs = ret;
	}
	/* an error of ICMP belongs to a connection of another protocol */
	if (helper->tuple.dst.protonum != proto)
		return 0;
	if (helper->help(skb, ofs, ct, ctinfo) != NF_ACCEPT)
		return -EINVAL;
	/* what helpers have put into the stream before moves what comes now */
	if (test_bit(IPS_SEQ_ADJUST_BIT, &ct->status) &&
	    !nf_ct_seq_adjust(skb, ct, ctinfo, skb_network_offset(skb) + ofs))
		return -EINVAL;
	return 0;
}

static int assign_helper(struct nf_conn *ct, const struct ct_action *action)
{
	int err;

	if (!action->helper || nfct_help(ct))
		return 0;
	err = __nf_ct_try_assign_helper(ct, action->tmpl, GFP_ATOMIC);
	if (err)
		return err;
	if (action->nat.is_wanted && !nfct_seqadj(ct) && !nfct_seqadj_ext_add(ct))
		return -EINVAL;
	return 0;
}

/* ---- commit ---------------------------------------------------------------- */

static void set_mark(struct nf_conn *ct, const struct ct_action *action)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK_MARK)
	u32 mark = action->mark | (READ_ONCE(ct->mark) & ~action->mark_mask);

	if (mark == READ_ONCE(ct->mark))
		return;
	WRITE_ONCE(ct->mark, mark);
	if (nf_ct_is_confirmed(ct))
		nf_conntrack_event_cache(IPCT_MARK, ct);
#endif
}

static struct nf_conn_labels *labels_ext(struct nf_conn *ct)
{
	struct nf_conn_labels *ext = nf_ct_labels_find(ct);

	if (!ext && !nf_ct_is_confirmed(ct)) {
		nf_ct_labels_ext_add(ct);
		ext = nf_ct_labels_find(ct);
	}
	return ext;
}

/* A new connection begins with the labels of the one that it was expected by. */
static int init_labels(struct nf_conn *ct, const struct ct_action *action)
{
	const struct nf_conn_labels *master = ct->master ? nf_ct_labels_find(ct->master) : NULL;
	struct nf_conn_labels *ext;
	u32 *bits;
	unsigned int i;

	if (!action->has_labels && !master)
		return 0;
	ext = labels_ext(ct);
	if (!ext)
		return -ENOSPC;
	if (master)
		memcpy(ext->bits, master->bits, sizeof(ext->bits));
	if (action->has_labels) {
		bits = (u32 *)ext->bits;
		for (i = 0; i < OVS_CT_LABELS_LEN_32; i++)
			bits[i] = (bits[i] & ~action->labels_mask.ct_labels_32[i]) |
				  (action->labels.ct_labels_32[i] &
				   action->labels_mask.ct_labels_32[i]);
	}
	nf_conntrack_event_cache(IPCT_LABEL, ct);
	return 0;
}

static int change_labels(struct nf_conn *ct, const struct ct_action *action)
{
	if (!action->has_labels)
		return 0;
	if (!labels_ext(ct))
		return -ENOSPC;
	return nf_connlabels_replace(ct, action->labels.ct_labels_32,
				     action->labels_mask.ct_labels_32, OVS_CT_LABELS_LEN_32);
}

static void set_eventmask(struct nf_conn *ct, const struct ct_action *action)
{
	struct nf_conntrack_ecache *cache = nf_ct_ecache_find(ct);

	if (action->has_eventmask && cache)
		cache->ctmask = action->eventmask;
}

static int commit(struct net *net, struct sk_buff *skb, struct nf_conn *ct, struct pkt *pkt,
		  const struct ct_action *action)
{
	int err;

	if (!nf_ct_is_confirmed(ct) && ct_limit_exceeded(net, skb, action->family, ct))
		return -ENOSPC;
	set_eventmask(ct, action);
	if (action->mark_mask)
		set_mark(ct, action);
	err = nf_ct_is_confirmed(ct) ? change_labels(ct, action) : init_labels(ct, action);
	if (err)
		return err;
	pkt->ct_mark = mark_of(ct);
	labels_of(ct, &pkt->ct_labels);
	return nf_conntrack_confirm(skb) == NF_ACCEPT ? 0 : -EINVAL;
}

/* ---- the action -------------------------------------------------------------- */

static int translate(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo,
		     struct pkt *pkt, const struct ct_action *action)
{
#if IS_ENABLED(CONFIG_NF_NAT)
	u8 flags;
	int err;

	/* once is enough */
	if (!action->nat.is_wanted || pkt->ct_state & NAT_BITS)
		return 0;
	err = nat_execute(skb, ct, ctinfo, &action->nat, action->is_commit, &flags);
	if (err)
		return err;
	if (flags)
		skb_clear_hash(skb);
	pkt->ct_state |= flags;
#endif
	return 0;
}

/* Data at the network header of a whole packet. */
static int execute(struct net *net, struct sk_buff *skb, struct pkt *pkt,
		   const struct ct_action *action)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;
	bool is_new, is_confirmed;
	int err = look_up(net, skb, pkt, action, &is_new);

	if (unlikely(err))
		return err;
	ct = nf_ct_get(skb, &ctinfo);
	if (unlikely(!ct)) {
		fill(pkt, OVS_CS_F_TRACKED | OVS_CS_F_INVALID, action->zone, NULL);
		return 0;
	}
	is_confirmed = nf_ct_is_confirmed(ct);
	err = translate(skb, ct, ctinfo, pkt, action);
	if (unlikely(err))
		return err;
	if (!is_confirmed && action->is_commit) {
		err = assign_helper(ct, action);
		if (err)
			return err;
	}
	/* once for each packet: on its way into a connection, or when that begins */
	if (is_confirmed ? is_new : action->is_commit) {
		err = help(skb, ct, ctinfo, action->family);
		if (unlikely(err))
			return err;
	}
	fill(pkt, state_of(ct, ctinfo) | (pkt->ct_state & NAT_BITS), action->zone, ct);
	return action->is_commit ? commit(net, skb, ct, pkt, action) : 0;
}

/* Makes the offsets in the skb right. */
static noinline_for_stack int parse(struct sk_buff *skb, struct pkt *pkt)
{
	struct flow_key key;

	return key_extract(skb, pkt, KEY_LEVEL_TRANSPORT, &key);
}

int ct_execute(struct sk_buff *skb, struct pkt *pkt, const struct ct_action *action, bool *consumed)
{
	struct net *net = pkt->dp->net;
	unsigned int ofs;
	int err;

	*consumed = false;
	if (!pkt->is_parsed) {
		err = parse(skb, pkt);
		if (err)
			return err;
	}
	ofs = skb_network_offset(skb);
	skb_pull_rcsum(skb, ofs);
	err = trim(skb, action->family);
	if (err)
		goto out;
	if (unlikely(is_fragment(skb, action->family))) {
		err = defrag(net, skb, pkt, action, consumed);
		if (err && *consumed)
			return err;
		if (err)
			goto out;
		/* it has the outer headers of the first fragment, which need not be this one's */
		ofs = skb->data - skb_mac_header(skb);
	}
	err = execute(net, skb, pkt, action);
out:
	skb_push_rcsum(skb, ofs);
	return err;
}

int ct_net_init(struct net *net)
{
	dp_net(net)->has_connlabels = false;
	return 0;
}

void ct_net_exit(struct net *net)
{
	if (dp_net(net)->has_connlabels)
		nf_connlabels_put(net);
}
