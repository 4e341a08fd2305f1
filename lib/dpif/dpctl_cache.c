// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about the caches of a datapath. */
#include <errno.h>
#include <inttypes.h>

#include "base/util.h"
#include "dpif/dpctl.h"

/* The one cache whose size can be told. */
#define CACHE_NAME "masks-cache"

void dpctl_put_caches(struct dpctl *d, struct dpif *dp, json_t *json)
{
	uint32_t n;

	if (dpif_cache_get_size(dp, &n))
		return;
	str_printf(&d->out, "  caches:\n    " CACHE_NAME ": size:%" PRIu32 "\n", n);
	json_object_set_new(json, "caches", json_pack("{s:I}", CACHE_NAME, (json_int_t)n));
}

static void get_size(struct dpctl *d, struct dpif *dp)
{
	json_t *json = json_pack("{s:s, s:s}", "type", dpif_type(dp), "name", dpif_name(dp));

	str_printf(&d->out, "%s@%s:\n", dpif_type(dp), dpif_name(dp));
	dpctl_put_caches(d, dp, json);
	dpctl_json_add(d, json);
}

static struct dpif *find(struct dpctl *d, const char *name)
{
	struct dpif *dp;
	int err;

	dp = dpctl_find(d, name, &err);
	if (!dp)
		dpctl_error(d, err, "Opening datapath %s failed", name);
	return dp;
}

void dpctl_cache_get_size(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp;

	if (argc == 1) {
		dpctl_walk(d, get_size);
		return;
	}
	dp = find(d, argv[1]);
	if (dp)
		get_size(d, dp);
	dpif_unref(dp);
}

/* The kernel takes powers of two only, and 0. */
static uint32_t round_up(uint32_t n)
{
	uint32_t power = 1;

	while (power < n && power < UINT32_C(1) << 31)
		power <<= 1;
	return n ? power : 0;
}

void dpctl_cache_set_size(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = find(d, argv[1]);
	uint32_t now;
	unsigned int n;
	int err;

	(void)argc;
	if (!dp)
		return;
	if (!str_to_uint(argv[3], 10, &n)) {
		dpctl_error(d, EINVAL, "size is malformed");
	} else if ((err = dpif_cache_get_size(dp, &now))) {
		dpctl_error(d, err, "Setting caches not supported");
	} else if (!streq(argv[2], CACHE_NAME)) {
		dpctl_error(d, EINVAL, "Cache name \"%s\" not found on dpif", argv[2]);
	} else if ((err = dpif_cache_set_size(dp, round_up(n))) ||
		   (err = dpif_cache_get_size(dp, &now))) {
		dpctl_error(d, err, "Setting cache size failed");
	} else {
		/* It may have been rounded. */
		str_printf(&d->out, "Setting cache size successful, new size %" PRIu32 "\n", now);
	}
	dpif_unref(dp);
}
