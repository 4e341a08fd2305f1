// SPDX-License-Identifier: Apache-2.0
/* Between datums and the members of generated structs: five shapes (enum idl_shape) times the atom
 * types, driven by the column's class.  Strings in typed members are borrowed from the datum; only
 * arrays and string maps are owned by the row. */
#include "db/idl_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/smap.h"
#include "base/util.h"

static size_t element_size(const struct base_type *b)
{
	switch (b->type) {
	case ATOM_INTEGER:
		return sizeof(int64_t);
	case ATOM_REAL:
		return sizeof(double);
	case ATOM_BOOLEAN:
		return sizeof(bool);
	case ATOM_UUID:
		return b->uuid.table_name ? sizeof(struct idl_row *) : sizeof(struct uuid);
	case ATOM_STRING:
	case ATOM_VOID:
		break;
	}
	return sizeof(char *);
}

/* Stores 'a' at 'p'.  Returns false, with NULL stored, for a reference to an absent row. */
static bool store(void *p, struct idl_row *row, uint32_t column, const struct base_type *b,
		  struct idl_table *ref, const union atom *a)
{
	switch (b->type) {
	case ATOM_INTEGER:
		*(int64_t *)p = a->integer;
		break;
	case ATOM_REAL:
		*(double *)p = a->real;
		break;
	case ATOM_BOOLEAN:
		*(bool *)p = a->boolean;
		break;
	case ATOM_STRING:
		*(char **)p = a->string->s;
		break;
	case ATOM_UUID:
		if (b->uuid.table_name) {
			struct idl_row *dst = ref ? idl_row_refer(row, column, ref, &a->uuid)
						  : NULL;

			*(struct idl_row **)p = dst;
			return dst;
		}
		*(struct uuid *)p = a->uuid;
		break;
	case ATOM_VOID:
		break;
	}
	return true;
}

void idl_typed_parse(struct idl_row *row, uint32_t column)
{
	struct idl_table *t = row->table;
	const struct idl_column_class *c = &t->class->columns[column];
	const struct datum *d = idl_read(row, c);
	const struct base_type *kt = &c->type.key, *vt = &c->type.value;
	struct idl_table *kref = t->key_refs[column], *vref = t->value_refs[column];
	void *member = (char *)row + c->offset;
	char *keys, *values;
	size_t n;

	switch (c->shape) {
	case IDL_SCALAR:
	case IDL_OPTIONAL:
		if (d->n)
			store(member, row, column, kt, kref, &d->keys[0]);
		else
			memset(member, 0, element_size(kt));
		break;
	case IDL_SMAP:
		datum_to_smap(d, member);
		break;
	case IDL_SET:
	case IDL_MAP:
		keys = d->n ? xcalloc(d->n, element_size(kt)) : NULL;
		values = d->n && c->shape == IDL_MAP ? xcalloc(d->n, element_size(vt)) : NULL;
		n = 0;
		for (size_t i = 0; i < d->n; i++) {
			bool ok = store(keys + n * element_size(kt), row, column, kt, kref,
					&d->keys[i]);

			if (values)
				ok &= store(values + n * element_size(vt), row, column, vt, vref,
					    &d->values[i]);
			n += ok;
		}
		*(void **)member = keys;
		if (c->shape == IDL_MAP)
			*(void **)((char *)row + c->value_offset) = values;
		*(size_t *)((char *)row + c->n_offset) = n;
		break;
	}
}

void idl_typed_unparse(struct idl_row *row, uint32_t column)
{
	const struct idl_column_class *c = &row->table->class->columns[column];
	void *member = (char *)row + c->offset;

	switch (c->shape) {
	case IDL_SCALAR:
	case IDL_OPTIONAL:
		break;
	case IDL_SMAP:
		smap_uninit(member);
		break;
	case IDL_MAP:
		free(*(void **)((char *)row + c->value_offset));
		free(*(void **)member);
		break;
	case IDL_SET:
		free(*(void **)member);
		break;
	}
}

/* Where 'uuid' is, or belongs, among 'n' rows. */
static size_t position(struct idl_row *const *rows, size_t n, const struct uuid *uuid)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = (lo + n) / 2;

		if (uuid_compare(&rows[mid]->uuid, uuid) < 0)
			lo = mid + 1;
		else
			n = mid;
	}
	return lo;
}

void idl_typed_insert(struct idl_row *row, uint32_t column, struct idl_row *dst)
{
	const struct idl_column_class *c = &row->table->class->columns[column];
	struct idl_row ***rows = (struct idl_row ***)((char *)row + c->offset);
	size_t *n = (size_t *)((char *)row + c->n_offset);
	size_t i = position(*rows, *n, &dst->uuid);

	*rows = xrealloc(*rows, (*n + 1) * sizeof(struct idl_row *));
	memmove(*rows + i + 1, *rows + i, (*n - i) * sizeof(struct idl_row *));
	(*rows)[i] = dst;
	++*n;
}

void idl_typed_remove(struct idl_row *row, uint32_t column, const struct idl_row *dst)
{
	const struct idl_column_class *c = &row->table->class->columns[column];
	struct idl_row **rows = *(struct idl_row ***)((char *)row + c->offset);
	size_t *n = (size_t *)((char *)row + c->n_offset);
	size_t i = position(rows, *n, &dst->uuid);

	if (i < *n && rows[i] == dst)
		memmove(rows + i, rows + i + 1, (--*n - i) * sizeof(struct idl_row *));
}

/* The atom of element 'i' of a typed array; to be uninited. */
static void load(union atom *a, const struct base_type *b, const void *array, size_t i)
{
	const char *s;

	switch (b->type) {
	case ATOM_INTEGER:
		a->integer = ((const int64_t *)array)[i];
		break;
	case ATOM_REAL:
		a->real = ((const double *)array)[i];
		break;
	case ATOM_BOOLEAN:
		a->boolean = ((const bool *)array)[i];
		break;
	case ATOM_STRING:
		s = ((const char *const *)array)[i];
		a->string = atom_string_create(s, strlen(s));
		break;
	case ATOM_UUID:
		a->uuid = b->uuid.table_name ? ((struct idl_row *const *)array)[i]->uuid
					     : ((const struct uuid *)array)[i];
		break;
	case ATOM_VOID:
		break;
	}
}

/* Builds a datum; the first of equal keys stays. */
static void build(struct datum *d, const struct column_type *type, const void *keys,
		  const void *values, size_t n)
{
	datum_init_empty(d);
	for (size_t i = 0; i < n; i++) {
		union atom k, v;

		load(&k, &type->key, keys, i);
		if (values)
			load(&v, &type->value, values, i);
		datum_add_unsafe(d, &k, values ? &v : NULL, type);
		atom_uninit(&k, type->key.type);
		if (values)
			atom_uninit(&v, type->value.type);
	}
	datum_sort_unique(d, type);
}

void idl_set_set(struct idl_row *row, const struct idl_column_class *c, const void *elements,
		 size_t n)
{
	struct datum d;

	build(&d, &c->type, elements, NULL, n);
	idl_write(row, c, &d);
}

void idl_set_map(struct idl_row *row, const struct idl_column_class *c, const void *keys,
		 const void *values, size_t n)
{
	struct datum d;

	build(&d, &c->type, keys, values, n);
	idl_write(row, c, &d);
}

void idl_set_smap(struct idl_row *row, const struct idl_column_class *c, const struct smap *smap)
{
	struct datum d;

	datum_from_smap(&d, smap);
	idl_write(row, c, &d);
}

void idl_add_value(struct idl_row *row, const struct idl_column_class *c, const void *element)
{
	struct datum d;

	build(&d, &c->type, element, NULL, 1);
	idl_mutate_insert(row, c, &d);
}

void idl_del_value(struct idl_row *row, const struct idl_column_class *c, const void *element)
{
	struct datum d;

	build(&d, &c->type, element, NULL, 1);
	idl_mutate_delete(row, c, &d);
}

/* Deletes 'key' of a map: a datum with keys only. */
void idl_del_key(struct idl_row *row, const struct idl_column_class *c, const void *key)
{
	struct column_type keys = { .key = c->type.key, .n_max = UINT32_MAX };
	struct datum d;

	build(&d, &keys, key, NULL, 1);
	idl_mutate_delete(row, c, &d);
}

void idl_set_key(struct idl_row *row, const struct idl_column_class *c, const void *key,
		 const void *value)
{
	struct datum d;

	build(&d, &c->type, key, value, 1);
	idl_mutate_set(row, c, &d);
}
