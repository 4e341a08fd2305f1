// SPDX-License-Identifier: Apache-2.0
/* What memory/show says of the switches. */
#include "base/memory.h"

#include "ofproto/ofproto_impl.h"

static void report_backer(struct backer *b, void *s)
{
	upcalls_report_memory(b->upcalls, s);
}

static void report(struct memory_reporter *r, struct str *s)
{
	struct ofproto *o;

	(void)r;
	backer_walk(report_backer, s);
	HMAP_FOR_EACH(o, node, &ofprotos) {
		memory_report(s, "ports", hmap_count(&o->ports));
		memory_report(s, "rules", tables_n_rules(o->tables));
	}
}

void ofproto_memory_register(void)
{
	static struct memory_reporter reporter = { .report = report };

	memory_reporter_add(&reporter);
}
