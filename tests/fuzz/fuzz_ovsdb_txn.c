// SPDX-License-Identifier: Apache-2.0
/* Transactions, one in a line, on a small database: each is committed, aborted, waits, or is rolled
 * back, and after each what the database derives from its rows is what the rows say.  A line that
 * begins with 'm' is the request of a monitor, which is then fed with what the transactions do. */
#include <stdlib.h>
#include <string.h>

#include "ovsdb/monitor_spec.h"
#include "ovsdb/ops.h"
#include "ovsdb/record.h"
#include "tests/unit/ovsdb/check_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_MONITORS 8

struct world {
	struct db *db;
	struct monitor_specs specs;
	struct monitor_spec *monitors[MAX_MONITORS];
	size_t n_monitors;
	unsigned int n_lines;
};

/* All that leaves is JSON. */
static void check_json(struct str *s, bool array)
{
	json_t *json = json_loadb(s->data, s->len, 0, NULL);

	if (array ? !json_is_array(json) : !json_is_object(json))
		abort();
	json_decref(json);
	str_uninit(s);
}

static void add_monitor(struct world *w, const json_t *request)
{
	enum monitor_format format = w->n_monitors % 2 ? MONITOR_UPDATES : MONITOR_UPDATES2;
	struct monitor_spec *spec;
	struct str s = STR_INIT;
	char *err;

	if (w->n_monitors == MAX_MONITORS) {
		err = monitor_spec_change(w->monitors[0], request, &spec);
		if (!err) {
			monitor_spec_put_difference(w->monitors[0], spec, &s);
			check_json(&s, false);
			monitor_spec_unref(w->monitors[0]);
			w->monitors[0] = spec;
		}
		free(err);
		return;
	}
	err = monitor_spec_from_json(&w->specs, format, format == MONITOR_UPDATES2, request, &spec);
	free(err);
	if (err)
		return;
	w->monitors[w->n_monitors++] = spec;
	monitor_spec_put_initial(spec, &s);
	check_json(&s, false);
}

static void finish(struct world *w, struct txn *txn)
{
	struct str s = STR_INIT;

	if (record_format_txn(txn, w->n_lines % 2, &s))
		check_json(&s, false);
	str_uninit(&s);
	if (w->n_lines % 5 == 0) {
		txn_rollback(txn);
	} else {
		txn_settle(txn);
		for (size_t i = 0; i < w->n_monitors; i++) {
			monitor_spec_put_txn(w->monitors[i], txn, &s);
			check_json(&s, false);
		}
	}
	txn_unref(txn);
}

static void run_line(struct world *w, const char *line, size_t len)
{
	bool monitor = len && *line == 'm';
	json_t *json = json_loadb(line + monitor, len - monitor, 0, NULL);
	struct ops_request request = { .db = w->db, .params = json };
	struct ops_outcome outcome;

	w->n_lines++;
	if (monitor && json) {
		add_monitor(w, json);
	} else if (json_array_size(json)) {
		ops_run(&request, &outcome);
		if (outcome.result.len)
			check_json(&outcome.result, true);
		if (outcome.txn)
			finish(w, outcome.txn);
		if (unit_inconsistency(w->db))
			abort();
	}
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .db = unit_db() };

	monitor_specs_init(&w.specs, w.db);
	while (size) {
		const uint8_t *eol = memchr(data, '\n', size);
		size_t len = eol ? (size_t)(eol - data) : size;

		run_line(&w, (const char *)data, len);
		data += len + (eol != NULL);
		size -= len + (eol != NULL);
	}
	for (size_t i = 0; i < w.n_monitors; i++)
		monitor_spec_unref(w.monitors[i]);
	monitor_specs_uninit(&w.specs);
	db_destroy(w.db);
	return 0;
}
