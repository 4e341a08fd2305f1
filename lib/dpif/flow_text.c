// SPDX-License-Identifier: Apache-2.0
/* Text of a flow as dump-flows shows it. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "dpif/dpif_ctl.h"
#include "packet/headers.h"

static void format_tcp_flags(uint16_t flags, struct str *out)
{
	static const char letters[] = "FSRP.UEC";
	static const char order[] = {
		1, 0, 3, 2, 5, 4, 6, 7
	}; /* as it is usually written: SYN first */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (flags >> order[i] & 1)
			str_putc(out, letters[(int)order[i]]);
	}
	if (flags & ~0xff)
		str_printf(out, "[%d]", flags & ~0xff);
}

void dpif_flow_stats_format(const struct dpif_flow_stats *s, struct str *out)
{
	str_printf(out, "packets:%" PRIu64 ", bytes:%" PRIu64 ", used:", s->n_packets, s->n_bytes);
	if (s->used_ms) {
		uint64_t now = clock_ms();

		str_printf(out, "%.3fs", (now > s->used_ms ? now - s->used_ms : 0) / 1000.0);
	} else {
		str_put(out, "never");
	}
	if (s->tcp_flags) {
		str_put(out, ", flags:");
		format_tcp_flags(s->tcp_flags, out);
	}
}

void dpif_ufid_format(const struct ufid *u, struct str *out)
{
	str_printf(out, "ufid:" UFID_FMT, (uint32_t)(u->parts[0] >> 32),
		   (uint32_t)(u->parts[0] >> 16 & 0xffff), (uint32_t)(u->parts[0] & 0xffff),
		   (uint32_t)(u->parts[1] >> 48), (uint32_t)(u->parts[1] >> 32 & 0xffff),
		   (uint32_t)u->parts[1]);
}

int dpif_ufid_parse(const char *s, struct ufid *ufid, const char **rest)
{
	unsigned int n = 0;

	*rest = s;
	if (!str_has_prefix(s, "ufid:"))
		return 0;
	ufid->parts[0] = ufid->parts[1] = 0;
	for (s += 5; isxdigit((unsigned char)*s) || *s == '-'; s++) {
		unsigned int digit;

		if (*s == '-')
			continue;
		if (n == 32)
			return -EINVAL;
		digit = isdigit((unsigned char)*s) ? *s - '0'
						   : tolower((unsigned char)*s) - 'a' + 10;
		ufid->parts[n / 16] = ufid->parts[n / 16] << 4 | digit;
		n++;
	}
	if (n != 32)
		return -EINVAL;
	*rest = s + strspn(s, ", ");
	return 1;
}

void dpif_flow_format(const struct dpif_flow *f, const struct odp_names *names, bool verbose,
		      struct str *out)
{
	if (verbose && f->ufid_present) {
		dpif_ufid_format(&f->ufid, out);
		str_put(out, ", ");
	}
	odp_flow_format(&f->key, &f->mask, verbose, names, out);
	str_put(out, ", ");
	dpif_flow_stats_format(&f->stats, out);
	if (verbose && f->offloaded)
		str_put(out, ", offloaded:yes");
	if (verbose && f->dp_layer)
		str_printf(out, ", dp:%s", f->dp_layer);
	str_put(out, ", actions:");
	odp_actions_format(f->actions, f->actions_len, names, out);
}
