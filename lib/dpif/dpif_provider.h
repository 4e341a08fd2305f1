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
	/* Frees it; ports are removed first, by the provider. */
	void (*close)(struct dpif *);
	/* Removes its ports and flows. */
	int (*delete)(struct dpif *);
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

	/* A dump starts with 'struct dpif *' and a state with 'struct dpif_dump *' (below). */
	struct dpif_dump *(*dump_create)(struct dpif *);
	struct dpif_dump_thread *(*dump_thread_create)(struct dpif_dump *);
	size_t (*dump_next)(struct dpif_dump_thread *, struct dpif_flow *, size_t max);
	void (*dump_thread_destroy)(struct dpif_dump_thread *);
	int (*dump_destroy)(struct dpif_dump *);

	void (*set_upcall_ops)(struct dpif *, const struct dpif_upcall_ops *, void *aux);
	void (*upcalls_pause)(struct dpif *);
	void (*upcalls_resume)(struct dpif *);

	void (*get_stats)(struct dpif *, struct dpif_stats *);
	void (*set_flow_limit)(struct dpif *, uint32_t n);
	void (*set_config)(struct dpif *, const struct smap *);
	void (*get_features)(struct dpif *, struct smap *);
};

struct dpif_dump {
	struct dpif *dpif;
};
struct dpif_dump_thread {
	struct dpif_dump *dump;
};

extern const struct dpif_class dpif_user_class;

#endif
