/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of datapath implements.  dpif.c keeps the registry of open datapaths and calls
 * through here; each operation has the contract of the function of its name in dpif.h. */
#ifndef DPIF_DPIF_PROVIDER_H
#define DPIF_DPIF_PROVIDER_H

#include "base/hmap.h"
#include "dpif/dpif.h"

struct dpif {
	const struct dpif_class *class;
	char *name, *type;
	struct loop *loop;
	/* The rest belongs to dpif.c, main thread. */
	struct hmap_node node;
	unsigned int n_refs;
	bool created; /* by dpctl/add-dp: holds a reference until it is deleted */
};

struct dpif_class {
	const char *type;
	/* Fills '*dp', whose base dpif.c then sets up.  NULL or a sentence. */
	char *(*open)(struct loop *, const char *type, const char *name, struct dpif **dp);
	/* For tools, not to be the daemon of it; 'create': it must not be there, else it must.  0
	 * or -errno.  NULL: datapaths are there only as long as they are open. */
	int (*open_plain)(struct loop *, const char *name, bool create, struct dpif **dp);
	int (*enumerate)(void (*fn)(const char *name, void *aux), void *aux); /* with the former */
	/* All that follow with "may be NULL" are -EOPNOTSUPP, false, 0 or nothing then. */
	/* Frees it; ports are removed first, by the provider. */
	void (*close)(struct dpif *);
	/* Removes its ports and flows. */
	int (*delete)(struct dpif *);
	void (*remove_stale_ports)(struct dpif *); /* may be NULL */
	const char *(*version)(const struct dpif *);

	int (*port_add)(struct dpif *, struct netdev *, uint32_t *port_no);
	int (*port_del)(struct dpif *, uint32_t port_no);
	int (*port_lookup)(struct dpif *, const char *name, struct dpif_port *);
	int (*port_get)(struct dpif *, uint32_t port_no, struct dpif_port *);
	void (*port_walk)(struct dpif *, bool (*fn)(const struct dpif_port *, void *aux),
			  void *aux);
	int (*port_get_stats)(struct dpif *, uint32_t port_no, struct dpif_port_stats *);
	struct netdev *(*port_netdev)(struct dpif *, uint32_t port_no);
	const struct odp_names *(*names)(struct dpif *);

	void (*operate)(struct dpif *, struct dpif_op **, size_t n);
	int (*flow_flush)(struct dpif *);
	/* NULL: octet by octet. */
	bool (*actions_agree)(const struct dpif *, const void *put, size_t put_len,
			      const void *shown, size_t shown_len);

	/* A dump starts with 'struct dpif *' and a state with 'struct dpif_dump *' (below). */
	struct dpif_dump *(*dump_create)(struct dpif *, bool terse);
	struct dpif_dump_thread *(*dump_thread_create)(struct dpif_dump *);
	size_t (*dump_next)(struct dpif_dump_thread *, struct dpif_flow *, size_t max);
	void (*dump_thread_destroy)(struct dpif_dump_thread *);
	int (*dump_destroy)(struct dpif_dump *);

	void (*set_upcall_ops)(struct dpif *, const struct dpif_upcall_ops *, void *aux);
	void (*upcalls_pause)(struct dpif *);
	void (*upcalls_resume)(struct dpif *);
	uint32_t (*upcall_pid)(struct dpif *, uint32_t port_no); /* may be NULL */

	void (*get_stats)(struct dpif *, struct dpif_stats *);
	void (*set_flow_limit)(struct dpif *, uint32_t n);
	void (*set_config)(struct dpif *, const struct smap *);
	void (*get_features)(struct dpif *, struct smap *);

	/* These may be NULL. */
	int (*cache_get_size)(struct dpif *, uint32_t *n);
	int (*cache_set_size)(struct dpif *, uint32_t n);
	void (*meter_get_features)(struct dpif *, struct dpif_meter_features *);
	int (*meter_set)(struct dpif *, uint32_t id, const struct dpif_meter *);
	int (*meter_get)(struct dpif *, uint32_t id, struct dpif_meter *);
	int (*meter_del)(struct dpif *, uint32_t id, struct dpif_meter *last);
	int (*ct_dump)(struct dpif *, int zone, bool (*fn)(const struct dpif_ct_entry *, void *aux),
		       void *aux);
	int (*ct_flush)(struct dpif *, int zone, const struct dpif_ct_tuple *);
	int (*ct_limits_set)(struct dpif *, const struct dpif_ct_limit *, size_t n);
	int (*ct_limits_get)(struct dpif *, const uint16_t *zones, size_t n_zones,
			     struct dpif_ct_limit **limits, size_t *n);
	int (*ct_limits_del)(struct dpif *, const int32_t *zones, size_t n);
	int (*ct_set_maxconns)(struct dpif *, uint32_t);
	int (*ct_get_maxconns)(struct dpif *, uint32_t *);
	int (*ct_get_nconns)(struct dpif *, uint32_t *);
	int (*ct_set_tcp_seq_chk)(struct dpif *, bool);
	int (*ct_get_tcp_seq_chk)(struct dpif *, bool *);
	int (*ct_set_sweep_interval)(struct dpif *, uint32_t ms);
	int (*ct_get_sweep_interval)(struct dpif *, uint32_t *ms);
	int (*ct_get_buckets)(struct dpif *, uint32_t **counts, size_t *n);
	int (*ipf_set_enabled)(struct dpif *, bool v6, bool enabled);
	int (*ipf_set_min_frag)(struct dpif *, bool v6, uint32_t octets);
	int (*ipf_set_max_nfrags)(struct dpif *, uint32_t);
	int (*ipf_get_status)(struct dpif *, struct dpif_ipf_status *);
	int (*ipf_format_lists)(struct dpif *, struct str *);
	int (*get_n_offloaded)(struct dpif *, uint64_t *n);
};

struct dpif_dump {
	struct dpif *dpif;
};
struct dpif_dump_thread {
	struct dpif_dump *dump;
};

/* What dpif_keep_on_close() said last. */
bool dpif_is_kept(void);

extern const struct dpif_class dpif_user_class;
extern const struct dpif_class dpif_kernel_class;
/* NULL if the kernel has the families, or a sentence why it cannot be used. */
char *dpif_kernel_probe(void);

#endif
