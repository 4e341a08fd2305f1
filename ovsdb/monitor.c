// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/util.h"
#include "ovsdb/json_text.h"

COUNTER(ovsdb_monitor_update);
COUNTER(ovsdb_monitor_send);

void monitors_init(struct monitors *ms, struct db *db)
{
	monitor_specs_init(&ms->specs, db);
	history_init(&ms->history);
	ms->n = 0;
}

void monitors_uninit(struct monitors *ms)
{
	history_uninit(&ms->history);
	monitor_specs_uninit(&ms->specs);
}

/* The notification that brings 'body' to 'm'. */
static struct jsonrpc_text *make_update(const struct monitor *m, const struct str *body)
{
	struct str s = STR_INIT;
	size_t len;

	str_put(&s, "{\"id\":null,\"method\":\"update");
	if (m->version != MONITOR_V1)
		str_putc(&s, m->version == MONITOR_V2 ? '2' : '3');
	str_put(&s, "\",\"params\":[");
	str_put(&s, m->id_text);
	str_putc(&s, ',');
	if (m->version == MONITOR_V3) {
		json_text_put_uuid(&s, &m->monitors->history.last);
		str_putc(&s, ',');
	}
	str_put_mem(&s, body->data, body->len);
	str_put(&s, "]}");
	len = s.len;
	return jsonrpc_text_create_raw(str_steal(&s), len);
}

static void publish_spec(struct monitor_spec *spec, const struct txn *txn)
{
	struct str body = STR_INIT;
	struct jsonrpc_text *text = NULL;
	const struct monitor *last = NULL;
	struct monitor *m;

	if (cds_list_empty(&spec->monitors) || !monitor_spec_put_txn(spec, txn, &body)) {
		str_uninit(&body);
		return;
	}
	COUNTER_INC(ovsdb_monitor_update);
	cds_list_for_each_entry(m, &spec->monitors, node) {
		if (!last || m->version != last->version || !streq(m->id_text, last->id_text)) {
			jsonrpc_text_unref(text);
			text = make_update(m, &body);
			last = m;
		}
		COUNTER_INC(ovsdb_monitor_send);
		m->send(text, m->aux);
	}
	jsonrpc_text_unref(text);
	str_uninit(&body);
}

void monitors_publish(struct monitors *ms, struct txn *txn)
{
	struct monitor_spec *spec;

	history_add(&ms->history, txn);
	HMAP_FOR_EACH(spec, node, &ms->specs.map)
		publish_spec(spec, txn);
}

static char *id_to_text(const json_t *id)
{
	return json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
}

char *monitor_create(struct monitors *ms, enum monitor_version version, const json_t *id,
		     const json_t *requests, void (*send)(struct jsonrpc_text *, void *aux),
		     void *aux, struct monitor **mp)
{
	enum monitor_format format = version == MONITOR_V1 ? MONITOR_UPDATES : MONITOR_UPDATES2;
	struct monitor_spec *spec;
	struct monitor *m;
	char *err;

	err = monitor_spec_from_json(&ms->specs, format, version != MONITOR_V1, requests, &spec);
	if (err)
		return err;
	m = xzalloc(sizeof(*m));
	m->monitors = ms;
	m->spec = spec;
	m->version = version;
	m->id_text = id_to_text(id);
	m->send = send;
	m->aux = aux;
	cds_list_add_tail(&m->node, &spec->monitors);
	ms->n++;
	*mp = m;
	return NULL;
}

void monitor_destroy(struct monitor *m)
{
	if (!m)
		return;
	m->monitors->n--;
	cds_list_del(&m->node);
	monitor_spec_unref(m->spec);
	free(m->id_text);
	free(m);
}

char *monitor_change(struct monitor *m, const json_t *id, const json_t *requests)
{
	struct str body = STR_INIT;
	struct monitor_spec *spec;
	char *err;

	err = monitor_spec_change(m->spec, requests, &spec);
	if (err)
		return err;
	free(m->id_text);
	m->id_text = id_to_text(id);
	/* The plain "monitor" of RFC 7047 has no conditions: nothing changes for it. */
	if (m->version == MONITOR_V1) {
		monitor_spec_unref(spec);
		return NULL;
	}
	if (monitor_spec_put_difference(m->spec, spec, &body)) {
		struct jsonrpc_text *text = make_update(m, &body);

		m->send(text, m->aux);
		jsonrpc_text_unref(text);
	}
	str_uninit(&body);
	cds_list_del(&m->node);
	monitor_spec_unref(m->spec);
	m->spec = spec;
	cds_list_add_tail(&m->node, &spec->monitors);
	return NULL;
}

void monitor_put_initial(const struct monitor *m, struct str *s)
{
	monitor_spec_put_initial(m->spec, s);
}

void monitor_put_since(const struct monitor *m, const struct uuid *last, struct str *s)
{
	struct monitor_change *changes;
	size_t n;

	if (history_since(&m->monitors->history, last, &changes, &n)) {
		str_put(s, "[true,");
		json_text_put_uuid(s, &m->monitors->history.last);
		str_putc(s, ',');
		monitor_spec_put_changes(m->spec, changes, n, s);
		free(changes);
	} else {
		str_put(s, "[false,");
		json_text_put_uuid(s, &m->monitors->history.last);
		str_putc(s, ',');
		monitor_spec_put_initial(m->spec, s);
	}
	str_putc(s, ']');
}
