// SPDX-License-Identifier: Apache-2.0
/* Limits of connections by zone.  A message has an array of them in one attribute. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/kernel/kernel.h"

static size_t limit_begin(struct kernel_dp *dp, struct knl_train *t, uint8_t cmd)
{
	knl_train_init(t);
	return knl_msg_begin(&t->msgs, KNL_CT_LIMIT, cmd, 0, dp->ifindex);
}

static int limit_call(struct kernel_dp *dp, struct knl_train *t, size_t start,
		      const struct ovs_zone_limit *zones, size_t n)
{
	/* An attribute has 16 bits of length, inside another. */
	if (n > (UINT16_MAX - 2 * NLA_HDRLEN) / sizeof(*zones))
		return -E2BIG;
	if (!knl_family_is_there(KNL_CT_LIMIT))
		return -EOPNOTSUPP;
	if (n)
		odp_put(&t->msgs, OVS_CT_LIMIT_ATTR_ZONE_LIMIT, zones, n * sizeof(*zones));
	knl_msg_end(&t->msgs, start);
	knl_train_add(t);
	return knl_call(&dp->pool, t);
}

int kernel_ct_limits_set(struct dpif *dpif, const struct dpif_ct_limit *limits, size_t n)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct ovs_zone_limit *zones = xcalloc(n + 1, sizeof(*zones));
	struct knl_train t;
	size_t start = limit_begin(dp, &t, OVS_CT_LIMIT_CMD_SET);
	int err;

	for (size_t i = 0; i < n; i++) {
		zones[i].zone_id = limits[i].zone;
		zones[i].limit = limits[i].limit;
	}
	err = n ? limit_call(dp, &t, start, zones, n) : -EINVAL;
	knl_train_uninit(&t);
	free(zones);
	return err;
}

int kernel_ct_limits_get(struct dpif *dpif, const uint16_t *wanted, size_t n_wanted,
			 struct dpif_ct_limit **limits, size_t *n)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct ovs_zone_limit *zones = xcalloc(n_wanted + 1, sizeof(*zones)), zone;
	const struct nlattr *a[OVS_CT_LIMIT_ATTR_MAX + 1], *z;
	struct knl_train t;
	size_t start = limit_begin(dp, &t, OVS_CT_LIMIT_CMD_GET), n_got;
	int err;

	for (size_t i = 0; i < n_wanted; i++)
		zones[i + 1].zone_id = wanted[i];
	zones[0].zone_id = OVS_ZONE_LIMIT_DEFAULT_ZONE;
	err = limit_call(dp, &t, start, zones, n_wanted ? n_wanted + 1 : 0);
	if (!err && !t.requests[0].attrs)
		err = -EPROTO;
	if (!err) {
		knl_parse(t.requests[0].attrs, t.requests[0].attrs_len, a, OVS_CT_LIMIT_ATTR_MAX);
		z = a[OVS_CT_LIMIT_ATTR_ZONE_LIMIT];
		n_got = z ? nla_len(z) / sizeof(zone) : 0;
		*limits = xcalloc(n_got + 1, sizeof(**limits));
		for (size_t i = 0; i < n_got; i++) {
			memcpy(&zone, (uint8_t *)nla_data(z) + i * sizeof(zone), sizeof(zone));
			(*limits)[i] = (struct dpif_ct_limit){ zone.zone_id, zone.limit,
							       zone.count };
		}
		*n = n_got;
	}
	knl_train_uninit(&t);
	free(zones);
	return err;
}

int kernel_ct_limits_del(struct dpif *dpif, const int32_t *wanted, size_t n)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct ovs_zone_limit *zones = xcalloc(n + 1, sizeof(*zones));
	struct knl_train t;
	size_t start = limit_begin(dp, &t, OVS_CT_LIMIT_CMD_DEL);
	int err;

	for (size_t i = 0; i < n; i++)
		zones[i].zone_id = wanted[i];
	err = n ? limit_call(dp, &t, start, zones, n) : -EINVAL;
	knl_train_uninit(&t);
	free(zones);
	return err;
}
