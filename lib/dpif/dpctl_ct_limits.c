// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about how many connections each zone may have. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpctl.h"

#define DEFAULT_ZONE (-1)

/* "zone=N,limit=L"; a word of it that is not as it should be makes a sentence. */
static char *parse_limit(const char *s, struct dpif_ct_limit *l)
{
	char *copy = xstrdup(s), *save = NULL, *word, *err = NULL;
	bool has_zone = false, has_limit = false;
	unsigned int n;

	for (word = strtok_r(copy, ", ", &save); word && !err; word = strtok_r(NULL, ", ", &save)) {
		char *value = strchr(word, '=');

		if (!value) {
			err = xasprintf("field %s missing value", word);
			break;
		}
		*value++ = '\0';
		if (streq(word, "zone") && str_to_uint(value, 10, &n) && n <= UINT16_MAX) {
			l->zone = n;
			has_zone = true;
		} else if (streq(word, "limit") && str_to_uint(value, 10, &n)) {
			l->limit = n;
			has_limit = true;
		} else if (streq(word, "zone") || streq(word, "limit")) {
			err = xasprintf("failed to parse field %s", word);
		} else {
			err = xasprintf("invalid zone limit field: %s", word);
		}
	}
	if (!err && (!has_zone || !has_limit))
		err = xstrdup("failed to parse zone limit");
	free(copy);
	return err;
}

void dpctl_ct_set_limits(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, INT16_MAX);
	struct dpif_ct_limit *limits = xcalloc(argc, sizeof(*limits));
	size_t n = 0;
	int i, err;

	for (i = 1; dp && i < argc && !d->failed; i++) {
		unsigned int limit;
		char *why;

		if (i == 1 && str_has_prefix(argv[i], "default=")) {
			if (str_to_uint(argv[i] + 8, 10, &limit))
				limits[n++] = (struct dpif_ct_limit){ .zone = DEFAULT_ZONE,
								      .limit = limit };
			else
				dpctl_error(d, EINVAL, "invalid default limit");
			continue;
		}
		why = parse_limit(argv[i], &limits[n++]);
		if (why)
			dpctl_error(d, EINVAL, "%s", why);
		free(why);
	}
	if (dp && !d->failed && !n)
		dpctl_error(d, EINVAL, "no limit is given");
	if (dp && !d->failed) {
		err = dpif_ct_limits_set(dp, limits, n);
		if (err)
			dpctl_error(d, err, "failed to set conntrack limit");
	}
	free(limits);
	dpif_unref(dp);
}

/* "zone=N1[,N2]..."; the caller frees '*zones'. */
static bool parse_zones(struct dpctl *d, const char *s, int32_t **zones, size_t *n)
{
	char *copy, *save = NULL, *word;
	size_t size = 0;

	*zones = NULL;
	*n = 0;
	if (!str_has_prefix(s, "zone=")) {
		dpctl_error(d, EINVAL, "invalid argument %s", s);
		return false;
	}
	copy = xstrdup(s + 5);
	for (word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
		unsigned int zone;

		if (!str_to_uint(word, 10, &zone) || zone > UINT16_MAX) {
			dpctl_error(d, EINVAL, "invalid zone");
			break;
		}
		if (*n == size)
			*zones = x2nrealloc(*zones, &size, sizeof(**zones));
		(*zones)[(*n)++] = zone;
	}
	free(copy);
	if (!d->failed && !*n)
		dpctl_error(d, EINVAL, "invalid zone");
	return !d->failed;
}

void dpctl_ct_del_limits(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	int32_t *zones = NULL;
	size_t n;
	int err;

	if (dp && argc < 2) {
		dpctl_error(d, EINVAL, "no zone is given");
	} else if (dp && parse_zones(d, argv[1], &zones, &n)) {
		err = dpif_ct_limits_del(dp, zones, n);
		if (err)
			dpctl_error(d, err, "failed to delete conntrack limit");
	}
	free(zones);
	dpif_unref(dp);
}

static void put_limit(struct dpctl *d, const struct dpif_ct_limit *l)
{
	json_t *json = json_pack("{s:I}", "limit", (json_int_t)l->limit);

	if (l->zone == DEFAULT_ZONE) {
		str_printf(&d->out, "default limit=%" PRIu32 "\n", l->limit);
		json_object_set_new(json, "zone", json_null());
	} else {
		str_printf(&d->out, "zone=%" PRId32 ",limit=%" PRIu32 ",count=%" PRIu32 "\n",
			   l->zone, l->limit, l->count);
		json_object_set_new(json, "zone", json_integer(l->zone));
		json_object_set_new(json, "count", json_integer(l->count));
	}
	dpctl_json_add(d, json);
}

void dpctl_ct_get_limits(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	struct dpif_ct_limit *limits = NULL;
	int32_t *wanted = NULL;
	uint16_t *zones;
	size_t n_zones = 0, n;
	int err;

	if (!dp || (argc > 1 && !parse_zones(d, argv[1], &wanted, &n_zones)))
		goto out;
	zones = xcalloc(n_zones + 1, sizeof(*zones));
	for (size_t i = 0; i < n_zones; i++)
		zones[i] = wanted[i];
	err = dpif_ct_limits_get(dp, zones, n_zones, &limits, &n);
	free(zones);
	if (err) {
		dpctl_error(d, err, "failed to retrieve conntrack limit");
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		put_limit(d, &limits[i]);
	free(limits);
out:
	free(wanted);
	dpif_unref(dp);
}
