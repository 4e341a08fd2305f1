// SPDX-License-Identifier: Apache-2.0
/* Messages: JSON object <-> struct, and their text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "rpc/jsonrpc.h"
#include "rpc/jsonrpc_impl.h"

void jsonrpc_msg_uninit(struct jsonrpc_msg *m)
{
	free(m->method);
	json_decref(m->params);
	json_decref(m->result);
	json_decref(m->error);
	json_decref(m->id);
	memset(m, 0, sizeof(*m));
}

static bool is_given(const json_t *json)
{
	return json && !json_is_null(json);
}

static char *from_call(const json_t *json, json_t *id, struct jsonrpc_msg *m)
{
	json_t *method = json_object_get(json, "method");
	json_t *params = json_object_get(json, "params");

	if (!json_is_string(method))
		return xstrdup("\"method\" is not a string");
	if (!json_is_array(params))
		return xstrdup("\"params\" is not an array");
	if (is_given(json_object_get(json, "result")) || is_given(json_object_get(json, "error")))
		return xstrdup("a request has a \"result\" or an \"error\"");
	*m = (struct jsonrpc_msg){
		.type = is_given(id) ? JSONRPC_REQUEST : JSONRPC_NOTIFY,
		.method = xstrdup(json_string_value(method)),
		.params = json_incref(params),
		.id = is_given(id) ? json_incref(id) : NULL,
	};
	return NULL;
}

char *jsonrpc_msg_from_json(json_t *json, struct jsonrpc_msg *m)
{
	json_t *id = json_object_get(json, "id");
	json_t *result = json_object_get(json, "result");
	json_t *error = json_object_get(json, "error");

	if (!json_is_object(json))
		return xstrdup("a message is not an object");
	if (is_given(json_object_get(json, "method")))
		return from_call(json, id, m);
	if (!is_given(id))
		return xstrdup("a message has neither \"method\" nor \"id\"");
	if (is_given(error)) {
		if (is_given(result))
			return xstrdup("a reply has both \"result\" and \"error\"");
		*m = (struct jsonrpc_msg){
			.type = JSONRPC_ERROR,
			.error = json_incref(error),
			.id = json_incref(id),
		};
		return NULL;
	}
	if (!result)
		return xstrdup("a reply has neither \"result\" nor \"error\"");
	*m = (struct jsonrpc_msg){
		.type = JSONRPC_REPLY,
		.result = json_incref(result),
		.id = json_incref(id),
	};
	return NULL;
}

/* ---- text ------------------------------------------------------------- */

struct jsonrpc_text *jsonrpc_text_create(json_t *message)
{
	char *data = json_dumps(message, JSON_COMPACT | JSON_REAL_PRECISION(15));
	struct jsonrpc_text *t = NULL;

	json_decref(message);
	if (data) {
		t = xmalloc(sizeof(*t));
		*t = (struct jsonrpc_text){ .n_refs = 1, .data = data, .len = strlen(data) };
	}
	return t;
}

struct jsonrpc_text *jsonrpc_text_create_raw(char *text, size_t len)
{
	struct jsonrpc_text *t = xmalloc(sizeof(*t));

	*t = (struct jsonrpc_text){ .n_refs = 1, .data = text, .len = len };
	return t;
}

struct jsonrpc_text *jsonrpc_text_ref(struct jsonrpc_text *t)
{
	t->n_refs++;
	return t;
}

void jsonrpc_text_unref(struct jsonrpc_text *t)
{
	if (t && !--t->n_refs) {
		free(t->data);
		free(t);
	}
}

json_t *jsonrpc_call_json(const char *method, json_t *params, json_t *id)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", id ? id : json_null());
	json_object_set_new(json, "method", json_string(method));
	json_object_set_new(json, "params", params ? params : json_array());
	return json;
}

json_t *jsonrpc_reply_json(json_t *result, json_t *error, json_t *id)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", id ? id : json_null());
	json_object_set_new(json, "result", result ? result : json_null());
	json_object_set_new(json, "error", error ? error : json_null());
	return json;
}
