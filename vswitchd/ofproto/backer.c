// SPDX-License-Identifier: Apache-2.0
#include "ofproto/backer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"

LOG_MODULE(backer);

static struct hmap backers;
static struct upcall_config config;
static struct smap other_config;
static unsigned int vlan_limit = UINT_MAX; /* as flow_set_vlan_limit() was told last */
static bool initialized;

static void init(void)
{
	if (initialized)
		return;
	initialized = true;
	hmap_init(&backers);
	smap_init(&other_config);
	config = upcall_config_default;
}

char *backer_ref(struct loop *loop, const char *type, struct backer **bp, char **no_kernel)
{
	uint32_t hash;
	struct backer *b;
	const char *why = "it is what the bridge asks for";
	char *name, *err;

	init();
	*no_kernel = NULL;
	if (!*type) {
		/* The kernel's where there is one; else a bridge works all the same. */
		why = dpif_default_type(&type);
		if (!streq(type, "system"))
			*no_kernel = xstrdup(why);
	}
	hash = hash_string(type, 0);
	HMAP_FOR_EACH_WITH_HASH(b, node, hash, &backers) {
		if (streq(dpif_type(b->dpif), type)) {
			b->refs++;
			*bp = b;
			return NULL;
		}
	}

	b = xzalloc(sizeof(*b));
	name = xasprintf("ovs-%s", type);
	err = dpif_open(loop, type, name, &b->dpif);
	free(name);
	if (err) {
		free(b);
		free(*no_kernel);
		*no_kernel = NULL;
		return err;
	}
	b->dp = xdp_create();
	b->upcalls = upcalls_create(loop, b->dpif, b->dp);
	upcalls_configure(b->upcalls, &config);
	dpif_set_config(b->dpif, &other_config);
	b->refs = 1;
	hmap_insert(&backers, &b->node, hash);
	log_info("%s@%s: datapath opened: %s", dpif_type(b->dpif), dpif_name(b->dpif), why);
	*bp = b;
	return NULL;
}

void backer_unref(struct backer *b)
{
	if (!b || --b->refs)
		return;
	hmap_remove(&backers, &b->node);
	log_info("%s@%s: datapath closed", dpif_type(b->dpif), dpif_name(b->dpif));
	upcalls_destroy(b->upcalls);
	dpif_unref(b->dpif);
	/* Topology that cached flows named is freed by RCU, after the flows' own references. */
	rcu_barrier_();
	xdp_destroy(b->dp);
	free(b);
}

static void remove_stale_ports(struct backer *b, void *aux)
{
	(void)aux;
	dpif_remove_stale_ports(b->dpif);
}

void backer_remove_stale_ports(void)
{
	backer_walk(remove_stale_ports, NULL);
}

void backers_freeze(void)
{
	struct backer *b;

	init();
	HMAP_FOR_EACH(b, node, &backers)
		upcalls_freeze(b->upcalls);
}

void backer_walk(void (*fn)(struct backer *, void *aux), void *aux)
{
	struct backer *b;

	init();
	HMAP_FOR_EACH(b, node, &backers)
		fn(b, aux);
}

void backer_configure(const struct upcall_config *new_config, const struct smap *new_other_config)
{
	struct backer *b;

	init();
	if (!memcmp(&config, new_config, sizeof(config)) &&
	    smap_equal(&other_config, new_other_config))
		return;
	config = *new_config;
	smap_uninit(&other_config);
	smap_clone(&other_config, new_other_config);
	HMAP_FOR_EACH(b, node, &backers) {
		upcalls_configure(b->upcalls, &config);
		dpif_set_config(b->dpif, &other_config);
	}
}

void backer_set_vlan_limit(unsigned int limit)
{
	struct backer *b;

	init();
	if (limit == vlan_limit)
		return;
	vlan_limit = limit;
	flow_set_vlan_limit(limit);
	HMAP_FOR_EACH(b, node, &backers)
		upcalls_purge(b->upcalls);
}
