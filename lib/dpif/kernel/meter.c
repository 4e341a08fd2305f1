// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "dpif/kernel/kernel.h"

/* Newer than the header: a band that remarks DSCP is nothing that the kernel has. */

static size_t meter_begin(struct kernel_dp *dp, struct knl_train *t, uint8_t cmd, uint16_t flags,
			  uint32_t id)
{
	size_t start;

	knl_train_init(t);
	start = knl_msg_begin(&t->msgs, KNL_METER, cmd, flags, dp->ifindex);
	if (cmd != OVS_METER_CMD_FEATURES)
		odp_put_u32(&t->msgs, OVS_METER_ATTR_ID, id);
	return start;
}

static int meter_call(struct kernel_dp *dp, struct knl_train *t, size_t start)
{
	if (!knl_family_is_there(KNL_METER))
		return -EOPNOTSUPP;
	knl_msg_end(&t->msgs, start);
	knl_train_add(t);
	return knl_call(&dp->pool, t);
}

void kernel_meter_get_features(struct dpif *dpif, struct dpif_meter_features *features)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	const struct nlattr *a[OVS_METER_ATTR_MAX + 1], *b[OVS_BAND_ATTR_MAX + 1], *band;
	struct knl_train t;
	size_t start = meter_begin(dp, &t, OVS_METER_CMD_FEATURES, 0, 0);
	int left;

	if (!meter_call(dp, &t, start) && t.requests[0].attrs) {
		knl_parse(t.requests[0].attrs, t.requests[0].attrs_len, a, OVS_METER_ATTR_MAX);
		features->n_max = knl_get_u32(a[OVS_METER_ATTR_MAX_METERS]);
		features->n_bands_max = MIN(knl_get_u32(a[OVS_METER_ATTR_MAX_BANDS]),
					    DPIF_METER_BANDS_MAX);
		if (a[OVS_METER_ATTR_BANDS]) {
			ODP_FOR_EACH(band, left, nla_data(a[OVS_METER_ATTR_BANDS]),
				     nla_len(a[OVS_METER_ATTR_BANDS])) {
				knl_parse(nla_data(band), nla_len(band), b, OVS_BAND_ATTR_MAX);
				if (knl_get_u32(b[OVS_BAND_ATTR_TYPE]) == OVS_METER_BAND_TYPE_DROP)
					features->has_drop = true;
			}
		}
	}
	knl_train_uninit(&t);
}

int kernel_meter_set(struct dpif *dpif, uint32_t id, const struct dpif_meter *m)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	size_t start, bands, band;
	struct knl_train t;
	int err;

	if (!m->n_bands || m->n_bands > DPIF_METER_BANDS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < m->n_bands; i++) {
		if (m->bands[i].type != OVS_METER_BAND_TYPE_DROP)
			return -ENODEV; /* as the existing switch says of a band it lacks */
	}
	start = meter_begin(dp, &t, OVS_METER_CMD_SET, 0, id);
	if (m->is_kbps)
		odp_put_flag(&t.msgs, OVS_METER_ATTR_KBPS);
	bands = odp_nest_begin(&t.msgs, OVS_METER_ATTR_BANDS);
	for (uint32_t i = 0; i < m->n_bands; i++) {
		band = odp_nest_begin(&t.msgs, OVS_BAND_ATTR_UNSPEC);
		odp_put_u32(&t.msgs, OVS_BAND_ATTR_TYPE, m->bands[i].type);
		odp_put_u32(&t.msgs, OVS_BAND_ATTR_RATE, m->bands[i].rate);
		/* Without a burst, one second's worth. */
		odp_put_u32(&t.msgs, OVS_BAND_ATTR_BURST,
			    m->bands[i].burst ? m->bands[i].burst : m->bands[i].rate);
		odp_nest_end(&t.msgs, band);
	}
	odp_nest_end(&t.msgs, bands);
	err = meter_call(dp, &t, start);
	knl_train_uninit(&t);
	return err;
}

static void parse_flow_stats(const struct nlattr *a, uint64_t *n_packets, uint64_t *n_bytes)
{
	struct ovs_flow_stats stats;

	knl_get(a, &stats, sizeof(stats));
	*n_packets = stats.n_packets;
	*n_bytes = stats.n_bytes;
}

static void parse_meter(const struct knl_request *r, struct dpif_meter *m)
{
	const struct nlattr *a[OVS_METER_ATTR_MAX + 1], *b[OVS_BAND_ATTR_MAX + 1], *band;
	uint64_t used_ms, real_ms = clock_real_us() / 1000;
	int left;

	memset(m, 0, sizeof(*m));
	if (!r->attrs)
		return;
	knl_parse(r->attrs, r->attrs_len, a, OVS_METER_ATTR_MAX);
	m->is_kbps = a[OVS_METER_ATTR_KBPS];
	parse_flow_stats(a[OVS_METER_ATTR_STATS], &m->n_packets, &m->n_bytes);
	used_ms = knl_get_u64(a[OVS_METER_ATTR_USED]);
	if (used_ms && used_ms <= real_ms && clock_ms() > real_ms - used_ms)
		m->used_ms = clock_ms() - (real_ms - used_ms);
	if (!a[OVS_METER_ATTR_BANDS])
		return;
	ODP_FOR_EACH(band, left, nla_data(a[OVS_METER_ATTR_BANDS]),
		     nla_len(a[OVS_METER_ATTR_BANDS])) {
		struct dpif_meter_band *out = &m->bands[m->n_bands];

		if (m->n_bands == DPIF_METER_BANDS_MAX)
			break;
		knl_parse(nla_data(band), nla_len(band), b, OVS_BAND_ATTR_MAX);
		out->type = knl_get_u32(b[OVS_BAND_ATTR_TYPE]);
		out->rate = knl_get_u32(b[OVS_BAND_ATTR_RATE]);
		out->burst = knl_get_u32(b[OVS_BAND_ATTR_BURST]);
		parse_flow_stats(b[OVS_BAND_ATTR_STATS], &out->n_packets, &out->n_bytes);
		m->n_bands++;
	}
}

static int get_or_del(struct dpif *dpif, uint8_t cmd, uint32_t id, struct dpif_meter *m)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct knl_train t;
	size_t start = meter_begin(dp, &t, cmd, cmd == OVS_METER_CMD_DEL ? NLM_F_ECHO : 0, id);
	int err = meter_call(dp, &t, start);

	if (!err && m)
		parse_meter(&t.requests[0], m);
	knl_train_uninit(&t);
	return err;
}

int kernel_meter_get(struct dpif *dpif, uint32_t id, struct dpif_meter *m)
{
	return get_or_del(dpif, OVS_METER_CMD_GET, id, m);
}

int kernel_meter_del(struct dpif *dpif, uint32_t id, struct dpif_meter *last)
{
	return get_or_del(dpif, OVS_METER_CMD_DEL, id, last);
}
