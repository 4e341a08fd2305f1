// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about tracked connections. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/ct_text.h"
#include "dpif/dpctl.h"

/* "zone=N", the word at '*i' if it is one. */
static bool parse_zone(struct dpctl *d, int argc, const char *argv[], int *i, int *zone)
{
	unsigned int n;

	*zone = DPIF_CT_ZONE_ANY;
	if (*i >= argc || !str_has_prefix(argv[*i], "zone="))
		return true;
	if (!str_to_uint(argv[*i] + 5, 0, &n) || n > UINT16_MAX) {
		dpctl_error(d, EINVAL, "failed to parse zone");
		return false;
	}
	*zone = n;
	++*i;
	return true;
}

/* "[dp] [zone=N]", and nothing else. */
static struct dpif *take_dp_zone(struct dpctl *d, int argc, const char *argv[], int max_words,
				 int *zone)
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, max_words);
	int i = 1;

	if (dp && (!parse_zone(d, argc, argv, &i, zone) || i < argc)) {
		if (i < argc && !d->failed)
			dpctl_error(d, EINVAL, "invalid argument %s", argv[i]);
		dpif_unref(dp);
		return NULL;
	}
	return dp;
}

static bool put_entry(const struct dpif_ct_entry *e, void *d_)
{
	struct dpctl *d = d_;

	if (d->json) {
		dpctl_json_add(d, ct_entry_to_json(e));
		return true;
	}
	ct_entry_format(e, d->opt.more, d->opt.stats, &d->out);
	str_putc(&d->out, '\n');
	return true;
}

void dpctl_dump_conntrack(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp;
	int zone, err;

	dp = take_dp_zone(d, argc, argv, 1, &zone);
	if (!dp)
		return;
	err = dpif_ct_dump(dp, zone, put_entry, d);
	if (err)
		dpctl_error(d, err, "conntrack entries could not be dumped");
	dpif_unref(dp);
}

/* ---- Flushing ---- */

struct flush {
	struct ct_match orig, reply;
	struct found {
		struct dpif_ct_tuple tuple;
		uint16_t zone;
	} * found;
	size_t n, size;
};

static bool find_flushed(const struct dpif_ct_entry *e, void *flush_)
{
	struct flush *flush = flush_;

	if (!ct_match_covers(&flush->orig, &e->orig) || !ct_match_covers(&flush->reply, &e->reply))
		return true;
	if (flush->n == flush->size)
		flush->found = x2nrealloc(flush->found, &flush->size, sizeof(*flush->found));
	flush->found[flush->n++] = (struct found){ .tuple = e->orig, .zone = e->zone };
	return true;
}

static int flush(struct dpif *dp, int zone, struct flush *flush)
{
	int err;

	if (ct_match_is_empty(&flush->orig) && ct_match_is_empty(&flush->reply))
		return dpif_ct_flush(dp, zone, NULL);
	/* One connection, in zone 0 unless another is given; the tracker knows which. */
	if (ct_match_is_exact(&flush->orig) && ct_match_is_empty(&flush->reply))
		return dpif_ct_flush(dp, zone, &flush->orig.tuple);
	err = dpif_ct_dump(dp, zone, find_flushed, flush);
	for (size_t i = 0; i < flush->n && !err; i++) {
		err = dpif_ct_flush(dp, flush->found[i].zone, &flush->found[i].tuple);
		if (err == -ENOENT) /* it has ended meanwhile */
			err = 0;
	}
	return err;
}

void dpctl_flush_conntrack(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 3);
	struct flush f = { .n = 0 };
	struct ct_match *const matches[] = { &f.orig, &f.reply };
	int zone, err, i = 1;

	if (!dp || !parse_zone(d, argc, argv, &i, &zone))
		goto out;
	if (argc - i > 2) {
		dpctl_error(d, EINVAL, "invalid argument %s", argv[i + 2]);
		goto out;
	}
	for (size_t j = 0; i < argc; i++, j++) {
		char *why = ct_match_parse(argv[i], matches[j]);

		if (why) {
			dpctl_error(d, EINVAL, "%s", why);
			free(why);
			goto out;
		}
	}
	err = flush(dp, zone, &f);
	if (err)
		dpctl_error(d, err, "failed to flush conntrack");
out:
	free(f.found);
	dpif_unref(dp);
}

/* ---- Numbers ---- */

/* What ct-stats-show counts apart, in its order. */
static const struct {
	uint8_t proto;
	const char *name;
} counted[] = {
	{ IPPROTO_TCP, "TCP" },   { IPPROTO_UDP, "UDP" },       { IPPROTO_UDPLITE, "UDPLITE" },
	{ IPPROTO_SCTP, "SCTP" }, { IPPROTO_ICMP, "ICMP" },     { IPPROTO_DCCP, "DCCP" },
	{ IPPROTO_IGMP, "IGMP" }, { IPPROTO_ICMPV6, "ICMPV6" },
};

struct ct_stats {
	uint64_t n, n_other;
	uint64_t by_proto[ARRAY_SIZE(counted)];
	uint64_t by_tcp_state[UINT8_MAX + 1];
};

static bool count(const struct dpif_ct_entry *e, void *stats_)
{
	struct ct_stats *s = stats_;
	size_t i;

	s->n++;
	for (i = 0; i < ARRAY_SIZE(counted) && counted[i].proto != e->orig.proto; i++)
		continue;
	if (i < ARRAY_SIZE(counted))
		s->by_proto[i]++;
	else
		s->n_other++;
	if (e->has_tcp)
		s->by_tcp_state[e->tcp_state]++;
	return true;
}

static json_t *put_tcp_states(struct dpctl *d, const struct ct_stats *s)
{
	json_t *json = json_object();

	if (d->opt.more)
		str_put(&d->out, "    Conn per TCP states:\n");
	for (size_t i = 0; i < ARRAY_SIZE(s->by_tcp_state); i++) {
		if (!s->by_tcp_state[i])
			continue;
		if (d->opt.more)
			str_printf(&d->out, "\t  [%s]=%" PRIu64 "\n", ct_tcp_state_name(i),
				   s->by_tcp_state[i]);
		json_object_set_new(json, ct_tcp_state_name(i), json_integer(s->by_tcp_state[i]));
	}
	return json;
}

void dpctl_ct_stats_show(struct dpctl *d, int argc, const char *argv[])
{
	struct ct_stats *s;
	struct dpif *dp;
	json_t *json;
	int zone, err;

	/* An old way to say -m. */
	if (argc > 1 && streq(argv[argc - 1], "verbose")) {
		d->opt.more = true;
		argc--;
	}
	dp = take_dp_zone(d, argc, argv, 1, &zone);
	if (!dp)
		return;
	s = xzalloc(sizeof(*s));
	err = dpif_ct_dump(dp, zone, count, s);
	if (err) {
		dpctl_error(d, err, "Can't open conntrack dump");
		goto out;
	}
	json = json_pack("{s:I, s:I}", "total", (json_int_t)s->n, "other", (json_int_t)s->n_other);
	str_printf(&d->out, "Connections Stats:\n    Total: %" PRIu64 "\n", s->n);
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		json_object_set_new(json, counted[i].name, json_integer(s->by_proto[i]));
		if (!s->by_proto[i])
			continue;
		str_printf(&d->out, "  %s: %" PRIu64 "\n", counted[i].name, s->by_proto[i]);
		if (counted[i].proto == IPPROTO_TCP)
			json_object_set_new(json, "tcp-states", put_tcp_states(d, s));
	}
	if (s->n_other)
		str_printf(&d->out, "  Other: %" PRIu64 "\n", s->n_other);
	dpctl_json_add(d, json);
out:
	free(s);
	dpif_unref(dp);
}

#define BUCKETS_PER_LINE 8

void dpctl_ct_bkts(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	unsigned int above = 0;
	uint32_t *counts = NULL;
	uint64_t total = 0;
	size_t n;
	int err;

	if (!dp)
		return;
	if (argc > 1 &&
	    (!str_has_prefix(argv[1], "gt=") || !str_to_uint(argv[1] + 3, 10, &above))) {
		dpctl_error(d, EINVAL, "invalid argument %s", argv[1]);
		goto out;
	}
	err = dpif_ct_get_buckets(dp, &counts, &n);
	if (err == -EOPNOTSUPP) {
		str_put(&d->out, "Command is available for UserSpace ConnTracker only.\n");
		goto out;
	} else if (err) {
		dpctl_error(d, err, "Can't open conntrack dump");
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		total += counts[i];
	str_printf(&d->out, "Total Buckets: %zu\nCurrent Connections: %" PRIu64 "\n\n", n, total);
	if (total)
		str_put(&d->out, "+-----------+-----------------------------------------+\n"
				 "|  Buckets  |         Connections per Buckets         |\n"
				 "+-----------+-----------------------------------------+\n");
	for (size_t i = 0; i < n && total; i++) {
		if (i % BUCKETS_PER_LINE == 0)
			str_printf(&d->out, "%4zu..%3zu   |", i, i + BUCKETS_PER_LINE - 1);
		if (counts[i] > above)
			str_printf(&d->out, "%6" PRIu32, counts[i]);
		else
			str_put(&d->out, "     .");
		if (i % BUCKETS_PER_LINE == BUCKETS_PER_LINE - 1 || i == n - 1)
			str_putc(&d->out, '\n');
		if (counts[i] > above)
			dpctl_json_add(d, json_pack("{s:I, s:I}", "bucket", (json_int_t)i,
						    "connections", (json_int_t)counts[i]));
	}
	if (total)
		str_putc(&d->out, '\n');
out:
	free(counts);
	dpif_unref(dp);
}

/* ---- Settings ---- */

/* "[dp] N": sets, and says how that went. */
static void set_number(struct dpctl *d, int argc, const char *argv[],
		       int (*set)(struct dpif *, uint32_t), const char *malformed,
		       const char *failed, const char *done)
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	unsigned int n;
	int err;

	if (!dp)
		return;
	if (argc < 2 || !str_to_uint(argv[1], 10, &n)) {
		dpctl_error(d, EINVAL, "%s", malformed);
	} else {
		err = set(dp, n);
		if (err)
			dpctl_error(d, err, "%s", failed);
		else
			str_printf(&d->out, "%s\n", done);
	}
	dpif_unref(dp);
}

static void get_number(struct dpctl *d, int argc, const char *argv[],
		       int (*get)(struct dpif *, uint32_t *), const char *name)
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 0);
	uint32_t n;
	int err;

	if (!dp)
		return;
	err = get(dp, &n);
	if (err) {
		dpctl_error(d, err, "%s could not be retrieved", name);
	} else {
		str_printf(&d->out, "%" PRIu32 "\n", n);
		dpctl_json_add(d, json_pack("{s:I}", name, (json_int_t)n));
	}
	dpif_unref(dp);
}

void dpctl_ct_set_maxconns(struct dpctl *d, int argc, const char *argv[])
{
	set_number(d, argc, argv, dpif_ct_set_maxconns, "maxconns missing or malformed",
		   "ct set maxconns failed", "setting maxconns successful");
}

void dpctl_ct_get_maxconns(struct dpctl *d, int argc, const char *argv[])
{
	get_number(d, argc, argv, dpif_ct_get_maxconns, "maxconns");
}

void dpctl_ct_get_nconns(struct dpctl *d, int argc, const char *argv[])
{
	get_number(d, argc, argv, dpif_ct_get_nconns, "nconns");
}

void dpctl_ct_set_sweep_interval(struct dpctl *d, int argc, const char *argv[])
{
	set_number(d, argc, argv, dpif_ct_set_sweep_interval, "sweep interval missing or malformed",
		   "failed to set the sweep interval", "setting sweep interval successful");
}

void dpctl_ct_get_sweep_interval(struct dpctl *d, int argc, const char *argv[])
{
	get_number(d, argc, argv, dpif_ct_get_sweep_interval, "sweep interval");
}

static void set_seq_chk(struct dpctl *d, int argc, const char *argv[], bool on)
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 0);
	const char *what = on ? "enabling" : "disabling";
	int err;

	if (!dp)
		return;
	err = dpif_ct_set_tcp_seq_chk(dp, on);
	if (err)
		dpctl_error(d, err, "%s TCP sequence checking failed", what);
	else
		str_printf(&d->out, "%s TCP sequence checking successful\n", what);
	dpif_unref(dp);
}

void dpctl_ct_enable_tcp_seq_chk(struct dpctl *d, int argc, const char *argv[])
{
	set_seq_chk(d, argc, argv, true);
}

void dpctl_ct_disable_tcp_seq_chk(struct dpctl *d, int argc, const char *argv[])
{
	set_seq_chk(d, argc, argv, false);
}

void dpctl_ct_get_tcp_seq_chk(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 0);
	bool on;
	int err;

	if (!dp)
		return;
	err = dpif_ct_get_tcp_seq_chk(dp, &on);
	if (err) {
		dpctl_error(d, err, "TCP sequence checking query failed");
	} else {
		str_printf(&d->out, "TCP sequence checking: %s\n", on ? "enabled" : "disabled");
		dpctl_json_add(d, json_pack("{s:b}", "tcp-sequence-checking", on));
	}
	dpif_unref(dp);
}
