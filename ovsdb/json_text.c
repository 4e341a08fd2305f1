// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/json_text.h"

static int put_chunk(const char *buf, size_t n, void *s)
{
	str_put_mem(s, buf, n);
	return 0;
}

void json_text_put(struct str *s, const json_t *json)
{
	json_dump_callback(json, put_chunk, s,
			   JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

/* True if no octet needs an escape (what is not ASCII stands for itself in UTF-8). */
static bool is_plain(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == '"' || p[i] == '\\' || p[i] == 0x7f)
			return false;
	return true;
}

void json_text_put_string(struct str *s, const char *p, size_t len)
{
	json_t *json;

	if (is_plain(p, len)) {
		str_putc(s, '"');
		str_put_mem(s, p, len);
		str_putc(s, '"');
		return;
	}
	json = json_stringn(p, len);
	json_text_put(s, json);
	json_decref(json);
}

void json_text_put_integer(struct str *s, int64_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char buf[24];
	char *p = buf + sizeof(buf);

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	str_put_mem(s, p, (size_t)(buf + sizeof(buf) - p));
}

void json_text_put_uuid(struct str *s, const struct uuid *uuid)
{
	static const char hex[] = "0123456789abcdef";
	char buf[UUID_LEN + 2];
	size_t n = 0;

	buf[n++] = '"';
	for (unsigned int i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			buf[n++] = '-';
		buf[n++] = hex[uuid->parts[i / 8] >> (28 - i % 8 * 4) & 15];
	}
	buf[n++] = '"';
	str_put_mem(s, buf, n);
}

static void put_atom(struct str *s, const union atom *atom, enum atom_type type)
{
	json_t *json;

	switch (type) {
	case ATOM_INTEGER:
		json_text_put_integer(s, atom->integer);
		return;
	case ATOM_BOOLEAN:
		str_put(s, atom->boolean ? "true" : "false");
		return;
	case ATOM_STRING:
		json_text_put_string(s, atom->string->s, atom->string->len);
		return;
	case ATOM_UUID:
		str_put(s, "[\"uuid\",");
		json_text_put_uuid(s, &atom->uuid);
		str_putc(s, ']');
		return;
	case ATOM_REAL:
		json = atom_to_json(atom, type);
		json_text_put(s, json);
		json_decref(json);
		return;
	case ATOM_VOID:
		break;
	}
	assert(!"an atom has a type");
}

void json_text_put_datum(struct str *s, const struct datum *d, const struct column_type *type)
{
	if (column_type_is_map(type)) {
		str_put(s, "[\"map\",[");
		for (uint32_t i = 0; i < d->n; i++) {
			str_put(s, i ? ",[" : "[");
			put_atom(s, &d->keys[i], type->key.type);
			str_putc(s, ',');
			put_atom(s, &d->values[i], type->value.type);
			str_putc(s, ']');
		}
		str_put(s, "]]");
	} else if (d->n == 1) {
		put_atom(s, &d->keys[0], type->key.type);
	} else {
		str_put(s, "[\"set\",[");
		for (uint32_t i = 0; i < d->n; i++) {
			if (i)
				str_putc(s, ',');
			put_atom(s, &d->keys[i], type->key.type);
		}
		str_put(s, "]]");
	}
}
