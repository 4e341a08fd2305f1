// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about the reassembly of fragments. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "dpif/dpctl.h"

/* "v4" or "v6", the word after the datapath. */
static bool parse_family(struct dpctl *d, const char *s, const char *complaint, bool *v6)
{
	*v6 = s && streq(s, "v6");
	if (!*v6 && !(s && streq(s, "v4"))) {
		dpctl_error(d, EINVAL, "%s", complaint);
		return false;
	}
	return true;
}

static void set_enabled(struct dpctl *d, int argc, const char *argv[], bool enabled)
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	const char *what = enabled ? "enabling" : "disabling";
	bool v6;
	int err;

	if (dp &&
	    parse_family(d, argv[1], "parameter missing: 'v4' for IPv4 or 'v6' for IPv6", &v6)) {
		err = dpif_ipf_set_enabled(dp, v6, enabled);
		if (err)
			dpctl_error(d, err, "%s fragmentation reassembly failed", what);
		else
			str_printf(&d->out, "%s fragmentation reassembly successful\n", what);
	}
	dpif_unref(dp);
}

void dpctl_ipf_set_enabled(struct dpctl *d, int argc, const char *argv[])
{
	set_enabled(d, argc, argv, true);
}

void dpctl_ipf_set_disabled(struct dpctl *d, int argc, const char *argv[])
{
	set_enabled(d, argc, argv, false);
}

void dpctl_ipf_set_min_frag(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 2);
	unsigned int n;
	bool v6;
	int err;

	if (!dp)
		return;
	if (!parse_family(d, argv[1], "parameter missing: v4 for IPv4 or v6 for IPv6", &v6))
		goto out;
	if (argc < 3 || !str_to_uint(argv[2], 10, &n)) {
		dpctl_error(d, EINVAL, "parameter missing for minimum fragment size");
		goto out;
	}
	err = dpif_ipf_set_min_frag(dp, v6, n);
	if (err)
		dpctl_error(d, err, "requested minimum fragment size too small; see documentation");
	else
		str_put(&d->out, "setting minimum fragment size successful\n");
out:
	dpif_unref(dp);
}

void dpctl_ipf_set_max_nfrags(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	unsigned int n;
	int err;

	if (!dp)
		return;
	if (argc < 2 || !str_to_uint(argv[1], 10, &n)) {
		dpctl_error(d, EINVAL, "parameter missing for maximum fragments");
	} else {
		err = dpif_ipf_set_max_nfrags(dp, n);
		if (err)
			dpctl_error(d, err, "setting maximum fragments failed");
		else
			str_put(&d->out, "setting maximum fragments successful\n");
	}
	dpif_unref(dp);
}

static json_t *put_family(struct str *out, const char *name, const struct dpif_ipf_family *f)
{
	const struct {
		const char *text, *key;
		uint64_t n;
	} rows[] = {
		{ "frags accepted", "accepted", f->n_accepted },
		{ "frags completed", "completed", f->n_completed },
		{ "frags expired", "expired", f->n_expired },
		{ "frags too small", "too-small", f->n_too_small },
		{ "frags overlapped", "overlapped", f->n_overlapped },
		{ "frags purged", "purged", f->n_purged },
	};
	json_t *json = json_pack("{s:b, s:I}", "enabled", f->enabled, "min-size",
				 (json_int_t)f->min_frag);

	str_printf(out, "        min %s frag size: %" PRIu32 "\n", name, f->min_frag);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		str_printf(out, "        %s %s: %" PRIu64 "\n", name, rows[i].text, rows[i].n);
		json_object_set_new(json, rows[i].key, json_integer(rows[i].n));
	}
	return json;
}

void dpctl_ipf_get_status(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 0);
	struct dpif_ipf_status s;
	int err;

	if (!dp)
		return;
	err = dpif_ipf_get_status(dp, &s);
	if (err) {
		dpctl_error(d, err, "ipf status could not be retrieved");
	} else {
		json_t *v4, *v6;

		str_put(&d->out, "        Fragmentation Module Status\n"
				 "        ---------------------------\n");
		str_printf(&d->out, "        v4 enabled: %d\n        v6 enabled: %d\n",
			   s.v4.enabled, s.v6.enabled);
		str_printf(&d->out,
			   "        max num frags (v4/v6): %" PRIu32 "\n        num frag: %" PRIu32
			   "\n",
			   s.n_frags_max, s.n_frags);
		v4 = put_family(&d->out, "v4", &s.v4);
		v6 = put_family(&d->out, "v6", &s.v6);
		dpctl_json_add(d, json_pack("{s:I, s:I, s:o, s:o}", "frags", (json_int_t)s.n_frags,
					    "frags-max", (json_int_t)s.n_frags_max, "v4", v4, "v6",
					    v6));
		if (d->opt.more) {
			str_put(&d->out, "\n        Fragment Lists:\n\n");
			err = dpif_ipf_format_lists(dp, &d->out);
			if (err)
				dpctl_error(d, err, "ipf lists could not be retrieved");
		}
	}
	dpif_unref(dp);
}
