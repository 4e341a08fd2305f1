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
	uint32_t w[4]; /* as the kernel's messages have it */

	memcpy(w, u, sizeof(w));
	str_printf(out, "ufid:" UFID_FMT, w[0], w[1] >> 16, w[1] & 0xffff, w[2] >> 16,
		   w[2] & 0xffff, w[3]);
}

int dpif_ufid_parse(const char *s, struct ufid *ufid, const char **rest)
{
	uint32_t w[4] = { 0 };
	unsigned int n = 0;

	*rest = s;
	if (!str_has_prefix(s, "ufid:"))
		return 0;
	for (s += 5; isxdigit((unsigned char)*s) || *s == '-'; s++) {
		unsigned int digit;

		if (*s == '-')
			continue;
		if (n == 32)
			return -EINVAL;
		digit = isdigit((unsigned char)*s) ? *s - '0'
						   : tolower((unsigned char)*s) - 'a' + 10;
		w[n / 8] = w[n / 8] << 4 | digit;
		n++;
	}
	if (n != 32)
		return -EINVAL;
	memcpy(ufid, w, sizeof(w));
	*rest = s + strspn(s, ", ");
	return 1;
}

unsigned int dpif_flow_style(const struct dpif *dp, bool verbose)
{
	return (verbose ? ODP_STYLE_VERBOSE : 0) |
	       (dpif_port_use(dpif_type(dp)) == NETDEV_USE_VPORT ? ODP_STYLE_KERNEL : 0);
}

void dpif_flow_format(const struct dpif_flow *f, const struct odp_names *names, unsigned int style,
		      struct str *out)
{
	bool verbose = style & ODP_STYLE_VERBOSE;

	if (verbose && f->ufid_present) {
		dpif_ufid_format(&f->ufid, out);
		str_put(out, ", ");
	}
	odp_flow_format(&f->key, &f->mask, style, names, out);
	str_put(out, ", ");
	dpif_flow_stats_format(&f->stats, out);
	if (verbose && f->offloaded)
		str_put(out, ", offloaded:yes");
	if (verbose && f->dp_layer)
		str_printf(out, ", dp:%s", f->dp_layer);
	str_put(out, ", actions:");
	odp_actions_format(f->actions, f->actions_len, names, out);
}
