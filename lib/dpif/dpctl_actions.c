// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs that need no datapath: actions, read and shown. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpctl.h"

void dpctl_parse_actions(struct dpctl *d, int argc, const char *argv[])
{
	for (int i = 1; i < argc; i++) {
		struct odp_buf acts = { .data = NULL };
		char *err = odp_actions_parse(argv[i], NULL, &acts);

		if (err) {
			dpctl_error(d, 0, "odp_actions_from_string (%s)", err);
			free(err);
		} else {
			size_t start = d->out.len;

			odp_actions_format(acts.data, acts.len, NULL, &d->out);
			dpctl_json_add(d, json_string(str_cstr(&d->out) + start));
			str_putc(&d->out, '\n');
		}
		odp_buf_uninit(&acts);
	}
}

/* ---- normalize-actions ----
 * Which actions a packet gets in which state of its tags and labels, whatever the order in which
 * they were pushed and popped: two lists that do the same to a packet look the same. */

#define MAX_NAMES 64

struct names { /* "NAME=NUMBER" */
	struct {
		char *name;
		uint32_t number;
	} ports[MAX_NAMES];
	size_t n;
};

static bool name_to_number(const char *name, uint32_t *port, void *names_)
{
	const struct names *names = names_;

	for (size_t i = 0; i < names->n; i++) {
		if (streq(names->ports[i].name, name)) {
			*port = names->ports[i].number;
			return true;
		}
	}
	return false;
}

static bool parse_names(struct dpctl *d, int n, const char *words[], struct names *names)
{
	for (int i = 0; i < n; i++) {
		const char *equals = strchr(words[i], '=');
		unsigned int number;

		if (!equals || !str_to_uint(equals + 1, 10, &number)) {
			dpctl_error(d, 0, "%s: expected NAME=NUMBER", words[i]);
			return false;
		}
		if (names->n == MAX_NAMES) {
			dpctl_error(d, E2BIG, "%s", words[i]);
			return false;
		}
		names->ports[names->n].name = xstrndup(words[i], equals - words[i]);
		names->ports[names->n++].number = number;
	}
	return true;
}

struct state {
	struct flow_vlan vlans[FLOW_MAX_VLANS];
	be32 mpls_lse[FLOW_MAX_MPLS];
};

struct group {
	struct state state;
	struct odp_buf actions;
};

struct groups {
	struct group *list;
	size_t n, size;
};

static struct group *group_of(struct groups *g, const struct flow *flow)
{
	struct state state = { 0 };

	memcpy(state.vlans, flow->vlans, sizeof(state.vlans));
	memcpy(state.mpls_lse, flow->mpls_lse, sizeof(state.mpls_lse));
	for (size_t i = 0; i < g->n; i++) {
		if (!memcmp(&g->list[i].state, &state, sizeof(state)))
			return &g->list[i];
	}
	if (g->n == g->size)
		g->list = x2nrealloc(g->list, &g->size, sizeof(*g->list));
	g->list[g->n] = (struct group){ .state = state };
	return &g->list[g->n++];
}

static int compare_groups(const void *a_, const void *b_)
{
	const struct state *a = &((const struct group *)a_)->state;
	const struct state *b = &((const struct group *)b_)->state;

	for (size_t i = 0; i < FLOW_MAX_VLANS; i++) {
		uint16_t x = ntohs(a->vlans[i].tci), y = ntohs(b->vlans[i].tci);

		if (x != y)
			return x < y ? -1 : 1;
	}
	for (size_t i = 0; i < FLOW_MAX_MPLS; i++) {
		uint32_t x = ntohl(a->mpls_lse[i]), y = ntohl(b->mpls_lse[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return memcmp(a, b, sizeof(*a));
}

static void sort_out(struct flow *flow, const struct odp_buf *acts, struct groups *groups)
{
	const struct nlattr *a;
	struct flow_mask mask;
	int left;

	flow_mask_init_catchall(&mask);
	ODP_FOR_EACH(a, left, acts->data, acts->len) {
		const struct ovs_action_push_vlan *vlan;
		const struct ovs_action_push_mpls *mpls;
		be16 eth_type;

		switch (nla_type(a)) {
		case OVS_ACTION_ATTR_PUSH_VLAN:
			vlan = nla_data(a);
			flow_push_vlan(flow, vlan->vlan_tpid);
			flow->vlans[0].tci = vlan->vlan_tci | htons(VLAN_CFI);
			break;
		case OVS_ACTION_ATTR_POP_VLAN:
			flow_pop_vlan(flow);
			break;
		case OVS_ACTION_ATTR_PUSH_MPLS:
			mpls = nla_data(a);
			flow_push_mpls(flow, mpls->mpls_ethertype, &mask);
			flow->mpls_lse[0] = mpls->mpls_lse;
			break;
		case OVS_ACTION_ATTR_POP_MPLS:
			memcpy(&eth_type, nla_data(a), sizeof(eth_type));
			flow_pop_mpls(flow, eth_type);
			break;
		default:
			odp_put(&group_of(groups, flow)->actions, nla_type(a), nla_data(a),
				nla_len(a));
		}
	}
}

static void state_format(const struct state *s, struct str *out)
{
	size_t i;

	for (i = 0; i < FLOW_MAX_VLANS && s->vlans[i].tci & htons(VLAN_CFI); i++) {
		uint16_t tci = ntohs(s->vlans[i].tci), tpid = ntohs(s->vlans[i].tpid);

		str_put(out, "vlan(");
		if (tpid && tpid != ETH_P_8021Q)
			str_printf(out, "tpid=0x%04x,", tpid);
		str_printf(out, "vid=%u,pcp=%u): ", tci & VLAN_VID_MASK, tci >> VLAN_PCP_SHIFT);
	}
	if (!i)
		str_put(out, "no vlan: ");
	for (i = 0; i < FLOW_MAX_MPLS && s->mpls_lse[i]; i++) {
		uint32_t lse = ntohl(s->mpls_lse[i]);

		str_printf(out, "mpls(label=%u,tc=%u,ttl=%u): ", lse >> 12, lse >> 9 & 7,
			   lse & 0xff);
	}
	if (!i)
		str_put(out, "no mpls: ");
}

static void put_groups(struct dpctl *d, struct groups *groups)
{
	if (groups->n)
		qsort(groups->list, groups->n, sizeof(*groups->list), compare_groups);
	for (size_t i = 0; i < groups->n; i++) {
		struct str state = STR_INIT, acts = STR_INIT;

		state_format(&groups->list[i].state, &state);
		odp_actions_format(groups->list[i].actions.data, groups->list[i].actions.len, NULL,
				   &acts);
		str_printf(&d->out, "%s%s", str_cstr(&state), str_cstr(&acts));
		dpctl_json_add(d, json_pack("{s:s, s:s}", "state", str_cstr(&state), "actions",
					    str_cstr(&acts)));
		odp_buf_uninit(&groups->list[i].actions);
		str_uninit(&state);
		str_uninit(&acts);
	}
	str_putc(&d->out, '\n');
	free(groups->list);
}

/* The headers whole, and of the metadata what was given. */
static void put_input(struct dpctl *d, const struct flow *flow, const struct flow_mask *given)
{
	struct flow_mask mask;

	flow_mask_init_for_packet(&mask, flow);
	memcpy(&mask, given, offsetof(struct flow, eth_dst));
	str_put(&d->out, "input flow: ");
	odp_flow_format(flow, &mask, false, NULL, &d->out);
	str_putc(&d->out, '\n');
}

/* "FLOW ACTIONS [NAME=NUMBER]..." */
void dpctl_normalize_actions(struct dpctl *d, int argc, const char *argv[])
{
	struct names *names = xzalloc(sizeof(*names));
	const struct odp_names odp_names = { .port_number = name_to_number, .aux = names };
	struct odp_buf acts = { .data = NULL };
	struct groups groups = { .list = NULL };
	struct flow_mask mask;
	struct flow flow;
	char *err;

	if (!parse_names(d, argc - 3, argv + 3, names))
		goto out;
	err = odp_flow_parse(argv[1], &odp_names, &flow, &mask);
	if (err) {
		dpctl_error(d, EINVAL, "odp_flow_key_from_string (%s)", err);
		free(err);
		goto out;
	}
	put_input(d, &flow, &mask);
	err = odp_actions_parse(argv[2], &odp_names, &acts);
	if (err) {
		dpctl_error(d, EINVAL, "odp_actions_from_string (%s)", err);
		free(err);
		goto out;
	}
	sort_out(&flow, &acts, &groups);
	put_groups(d, &groups);
out:
	for (size_t i = 0; i < names->n; i++)
		free(names->ports[i].name);
	free(names);
	odp_buf_uninit(&acts);
}
