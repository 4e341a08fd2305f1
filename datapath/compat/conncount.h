/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nf_conncount: 6.12 no longer asks for a family, and kernels that have the fix take the packet
 * that is counted where others take its tuple.
 */
#ifndef DATAPATH_COMPAT_CONNCOUNT_H
#define DATAPATH_COMPAT_CONNCOUNT_H

#include <linux/netfilter.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_count.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "compat_config.h"

#ifndef HAVE_CONNCOUNT_NO_FAMILY
#define nf_conncount_init(net, keylen) nf_conncount_init(net, NFPROTO_INET, keylen)
#define nf_conncount_destroy(net, data) nf_conncount_destroy(net, NFPROTO_INET, data)
#endif

#ifndef HAVE_CONNCOUNT_SKB
/* With NULL instead of a packet, the connections there are. */
static inline unsigned int nf_conncount_count_skb(struct net *net, const struct sk_buff *skb,
						  u16 l3num, struct nf_conncount_data *data,
						  const u32 *key)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = skb ? nf_ct_get(skb, &ctinfo) : NULL;

	return nf_conncount_count(net, data, key,
				  ct ? &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple : NULL,
				  ct ? nf_ct_zone(ct) : NULL);
}
#endif

#endif
