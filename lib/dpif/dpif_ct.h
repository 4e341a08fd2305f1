/* SPDX-License-Identifier: Apache-2.0 */
/* A tracked connection, whichever datapath tracks it. */
#ifndef DPIF_DPIF_CT_H
#define DPIF_DPIF_CT_H

#include "dpif/dpif.h"

struct dpif_ct_tuple {
	bool is_v6;
	uint8_t proto; /* IPPROTO_* */
	union {
		struct in6_addr v6;
		be32 v4;
	} src, dst;
	union {
		struct {
			be16 src, dst;
		} port;
		struct {
			be16 id;
			uint8_t type, code;
		} icmp; /* ICMPv6, too */
	};
};

struct dpif_ct_counters {
	uint64_t n_packets, n_bytes;
};

struct dpif_ct_entry {
	struct dpif_ct_tuple orig, reply, master;
	bool has_master;
	bool has_counters;
	struct dpif_ct_counters orig_counters, reply_counters;
	bool has_timestamps;
	uint64_t start_ns, stop_ns; /* since the epoch; 0: not (yet) */
	uint32_t timeout_s;
	bool has_timeout;
	uint32_t id; /* 0: has none */
	uint32_t status; /* IPS_* of linux/netfilter/nf_conntrack_common.h */
	uint32_t mark;
	struct u128 label;
	bool has_label;
	uint16_t zone;
	char helper[32]; /* "": none */
	/* Of TCP: TCP_CONNTRACK_* of linux/netfilter/nf_conntrack_tcp.h, as many octets of
	 * flags. */
	bool has_tcp;
	uint8_t tcp_state;
	uint8_t tcp_wscale_orig, tcp_wscale_reply;
	uint8_t tcp_flags_orig, tcp_flags_reply;
	bool has_sctp;
	uint8_t sctp_state; /* SCTP_CONNTRACK_* */
	be32 sctp_vtag_orig, sctp_vtag_reply;
};

#endif
