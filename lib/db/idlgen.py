#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the typed replica of a database schema: one header, one .c file of constant tables.

usage: idlgen.py SCHEMA PREFIX OUTPUT.h OUTPUT.c

For each table T of the schema the header holds 'struct PREFIX_T' with a typed member for each
column, and thin inline functions around db/idl.h; the .c file holds only data.  lib/db/idl.h
explains what the members look like.  Output depends on the schema alone, so it may be compared.
"""

import json
import os
import sys

C_WORDS = set(
    """auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    union unsigned void volatile while asm bool row""".split()
)
ATOMS = {"integer": "int64_t", "real": "double", "boolean": "bool", "string": "char *"}
ATOM_ENUM = {
    "integer": "ATOM_INTEGER",
    "real": "ATOM_REAL",
    "boolean": "ATOM_BOOLEAN",
    "string": "ATOM_STRING",
    "uuid": "ATOM_UUID",
}


def c_string(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Base:
    """A base type: RFC 7047 section 3.2 <base-type>."""

    def __init__(self, spec):
        if isinstance(spec, str):
            spec = {"type": spec}
        self.type = spec["type"]
        if self.type not in ATOM_ENUM:
            raise ValueError("%s is no atomic type" % self.type)
        self.spec = spec
        self.ref = spec.get("refTable") if self.type == "uuid" else None
        enum = spec.get("enum")
        if enum is None:
            self.enum = None
        elif isinstance(enum, list) and enum[0] == "set":
            self.enum = sorted(enum[1])
        else:
            self.enum = [enum]

    def c(self, prefix):
        """The type of one element, ready for a name after it."""
        if self.ref:
            return "struct %s_%s *" % (prefix, self.ref.lower())
        if self.type == "uuid":
            return "struct uuid "
        t = ATOMS[self.type]
        return t if t.endswith("*") else t + " "

    def c_in(self, prefix):
        """The same for what a function only reads."""
        t = self.c(prefix)
        return "const " + t if t.endswith("*") else t

    def literal(self, enum_name):
        s = self.spec
        parts = [ATOM_ENUM[self.type]]
        if self.enum is not None:
            parts.append(".enum_ = &" + enum_name)
        if self.type == "integer":
            lo, hi = s.get("minInteger"), s.get("maxInteger")
            parts.append(
                ".integer = { %s, %s }"
                % ("INT64_MIN" if lo is None else lo, "INT64_MAX" if hi is None else hi)
            )
        elif self.type == "real":
            lo, hi = s.get("minReal"), s.get("maxReal")
            parts.append(
                ".real = { %s, %s }"
                % ("-DBL_MAX" if lo is None else lo, "DBL_MAX" if hi is None else hi)
            )
        elif self.type == "string":
            lo, hi = s.get("minLength", 0), s.get("maxLength")
            parts.append(".string = { %s, %s }" % (lo, "UINT32_MAX" if hi is None else hi))
        elif self.type == "uuid":
            if self.ref:
                kind = "REF_WEAK" if s.get("refType") == "weak" else "REF_STRONG"
                parts.append(
                    ".uuid = { (char *)%s, %s, UINT32_MAX }" % (c_string(self.ref), kind)
                )
            else:
                parts.append(".uuid = { NULL, REF_NONE, UINT32_MAX }")
        return "{ " + ", ".join(parts) + " }"


class Column:
    def __init__(self, table, name, spec):
        t = spec["type"]
        if isinstance(t, str):
            t = {"key": t}
        self.table = table
        self.name = name
        self.mutable = spec.get("mutable", True)
        self.key = Base(t["key"])
        self.value = Base(t["value"]) if "value" in t else None
        self.n_min = t.get("min", 1)
        n_max = t.get("max", 1)
        self.n_max = n_max
        self.many = n_max == "unlimited" or n_max > 1
        self.member = name + "_" if name in C_WORDS else name
        pointer = self.key.ref or self.key.type == "string"
        if self.value:
            both = self.key.type == "string" and self.value.type == "string"
            self.shape = "SMAP" if both else "MAP"
        elif not self.many and self.n_min == 1:
            self.shape = "SCALAR"
        elif not self.many and pointer:
            self.shape = "OPTIONAL"
        else:
            self.shape = "SET"

    def members(self, prefix):
        m = self.member
        if self.shape == "SMAP":
            return ["struct smap %s;" % m]
        if self.shape == "MAP":
            return [
                "%s*key_%s;" % (self.key.c(prefix), m),
                "%s*value_%s;" % (self.value.c(prefix), m),
                "size_t n_%s;" % m,
            ]
        if self.shape == "SET":
            return ["%s*%s;" % (self.key.c(prefix), m), "size_t n_%s;" % m]
        return ["%s%s;" % (self.key.c(prefix), m)]

    def names(self):
        m = self.member
        return {
            "SMAP": [m],
            "MAP": ["key_" + m, "value_" + m, "n_" + m],
            "SET": [m, "n_" + m],
            "SCALAR": [m],
            "OPTIONAL": [m],
        }[self.shape]


class Table:
    def __init__(self, prefix, name, spec, any_root):
        self.name = name
        self.noun = "%s_%s" % (prefix, name.lower())
        self.upper = self.noun.upper()
        self.root = spec.get("isRoot", not any_root)
        self.singleton = self.root and spec.get("maxRows") == 1
        self.columns = [Column(self, c, spec["columns"][c]) for c in sorted(spec["columns"])]
        # A member that an earlier column took gets a '_'.
        taken = {"row"}
        for c in self.columns:
            while taken & set(c.names()):
                c.member += "_"
            taken |= set(c.names())


def emit_header(out, prefix, schema, tables, guard):
    p = lambda s="": out.append(s)
    p("/* SPDX-License-Identifier: Apache-2.0 */")
    p("/* Generated by idlgen.py from the schema %s %s; do not edit. */"
      % (schema["name"], schema.get("version", "")))
    p("#ifndef %s" % guard)
    p("#define %s" % guard)
    p()
    p('#include "base/smap.h"')
    p('#include "db/idl.h"')
    p()
    p("extern const struct idl_class %s_class;" % prefix)
    p()
    for t in tables:
        p("struct %s;" % t.noun)
    for t in tables:
        emit_table(p, prefix, t)
    p()
    p("#endif")


def emit_table(p, prefix, t):
    n, u = t.noun, t.upper
    p()
    p("/* Table %s. */" % t.name)
    p("struct %s {" % n)
    p("\tstruct idl_row row;")
    for c in t.columns:
        for m in c.members(prefix):
            p("\t" + m)
    p("};")
    p("enum {")
    for c in t.columns:
        p("\t%s_COL_%s," % (u, c.name.upper()))
    p("\t%s_N_COLUMNS" % u)
    p("};")
    p("extern const struct idl_column_class %s_columns[%s_N_COLUMNS];" % (n, u))
    for c in t.columns:
        p("#define %s_col_%s (%s_columns[%s_COL_%s])" % (n, c.name, n, u, c.name.upper()))
    index = "%s_TABLE_%s" % (prefix.upper(), t.name.upper())
    p("#define %s_table (%s_class.tables[%s])" % (n, prefix, index))
    p("enum { %s = %d };" % (index, t.index))

    def fn(ret, name, args, body):
        p("static inline %s%s_%s(%s)" % (ret if ret.endswith("*") else ret + " ", n, name, args))
        p("{")
        p("\t" + body)
        p("}")

    s = "struct %s *" % n
    cs = "const struct %s *" % n
    cast = "(struct %s *)" % n
    fn(s, "first", "const struct idl *idl", "return %sidl_first(idl, &%s_table);" % (cast, n))
    fn(s, "next", cs + "row", "return %sidl_next(&row->row);" % cast)
    fn(s, "by_uuid", "const struct idl *idl, const struct uuid *uuid",
       "return %sidl_row_by_uuid(idl, &%s_table, uuid);" % (cast, n))
    fn(s, "tracked_first", "const struct idl *idl",
       "return %sidl_tracked_first(idl, &%s_table);" % (cast, n))
    fn(s, "tracked_next", cs + "row", "return %sidl_tracked_next(&row->row);" % cast)
    fn("bool", "is_new", cs + "row", "return row->row.change & IDL_INSERTED;")
    fn("bool", "is_deleted", cs + "row", "return row->row.change & IDL_DELETED;")
    fn("bool", "is_updated", cs + "row, const struct idl_column_class *column",
       "return idl_is_updated(&row->row, column);")
    fn(s, "insert", "struct idl_txn *txn",
       "return %sidl_insert(txn, &%s_table, NULL);" % (cast, n))
    fn("void", "del", s + "row", "idl_delete(&row->row);")
    for macro, walk in (("FOR_EACH", ""), ("FOR_EACH_TRACKED", "tracked_")):
        p("#define %s_%s(VAR, IDL) \\" % (u, macro))
        p("\tfor ((VAR) = %s_%sfirst(IDL); (VAR); (VAR) = %s_%snext(VAR))" % (n, walk, n, walk))
    p("/* The current row may be deleted. */")
    p("#define %s_FOR_EACH_SAFE(VAR, NEXT, IDL) \\" % u)
    p("\tfor ((VAR) = %s_first(IDL); \\" % n)
    p("\t     (VAR) && ((NEXT) = %s_next(VAR), true); (VAR) = (NEXT))" % n)
    for c in t.columns:
        emit_column(p, fn, prefix, t, c)


def emit_column(p, fn, prefix, t, c):
    col = "&%s_col_%s" % (t.noun, c.name)
    row = "struct %s *row" % t.noun
    key = c.key.c_in(prefix)
    fn("void", "verify_" + c.name, row, "idl_verify(&row->row, %s);" % col)

    if c.shape == "SMAP":
        fn("void", "set_" + c.name, row + ", const struct smap *x",
           "idl_set_smap(&row->row, %s, x);" % col)
        fn("void", "update_%s_setkey" % c.name, row + ", const char *key, const char *value",
           "idl_set_key(&row->row, %s, &key, &value);" % col)
        fn("void", "update_%s_delkey" % c.name, row + ", const char *key",
           "idl_del_key(&row->row, %s, &key);" % col)
        return
    if c.shape == "MAP":
        value = c.value.c_in(prefix)
        fn("void", "set_" + c.name,
           "%s, %skeys, %svalues, size_t n"
           % (row, array(c.key, prefix), array(c.value, prefix)),
           "idl_set_map(&row->row, %s, keys, values, n);" % col)
        fn("void", "update_%s_setkey" % c.name, "%s, %skey, %svalue" % (row, key, value),
           "idl_set_key(&row->row, %s, &key, &value);" % col)
        fn("void", "update_%s_delkey" % c.name, "%s, %skey" % (row, key),
           "idl_del_key(&row->row, %s, &key);" % col)
        return
    if c.shape == "SET":
        fn("void", "set_" + c.name, "%s, %sx, size_t n" % (row, array(c.key, prefix)),
           "idl_set_set(&row->row, %s, x, n);" % col)
        if c.many:
            for verb in ("add", "del"):
                fn("void", "update_%s_%svalue" % (c.name, verb), "%s, %sx" % (row, key),
                   "idl_%s_value(&row->row, %s, &x);" % (verb, col))
        return
    if c.shape == "OPTIONAL":
        fn("void", "set_" + c.name, "%s, %sx" % (row, key),
           "idl_set_set(&row->row, %s, &x, x ? 1 : 0);" % col)
        return
    fn("void", "set_" + c.name, "%s, %sx" % (row, key), "idl_set_set(&row->row, %s, &x, 1);" % col)


def array(base, prefix):
    """The type of an array that is read only, ready for its name.  Arrays of rows are not arrays of
    const rows: C would not take the typed members themselves."""
    t = base.c(prefix)
    if t == "char *":
        return "const char *const *"
    return t + "const *" if t.endswith("*") else "const " + t + "*"


def emit_source(out, prefix, schema, tables, header):
    p = lambda s="": out.append(s)
    p("// SPDX-License-Identifier: Apache-2.0")
    p("/* Generated by idlgen.py from the schema %s %s; do not edit. */"
      % (schema["name"], schema.get("version", "")))
    p('#include "%s"' % header)
    p()
    p("#include <float.h>")
    p("#include <stddef.h>")
    for t in tables:
        p()
        for c in t.columns:
            for which, base in (("key", c.key), ("value", c.value)):
                if base is not None and base.enum is not None:
                    emit_enum(p, enum_name(c, which), base)
        p("const struct idl_column_class %s_columns[%s_N_COLUMNS] = {" % (t.noun, t.upper))
        for c in t.columns:
            p("\t[%s_COL_%s] = {" % (t.upper, c.name.upper()))
            p("\t\t.name = %s," % c_string(c.name))
            p("\t\t.type = {")
            p("\t\t\t.key = %s," % c.key.literal(enum_name(c, "key")))
            if c.value:
                p("\t\t\t.value = %s," % c.value.literal(enum_name(c, "value")))
            p("\t\t\t.n_min = %d," % c.n_min)
            p("\t\t\t.n_max = %s," % ("UINT32_MAX" if c.n_max == "unlimited" else c.n_max))
            p("\t\t},")
            p("\t\t.mutable_ = %s," % ("true" if c.mutable else "false"))
            p("\t\t.shape = IDL_%s," % c.shape)
            names = c.names()
            p("\t\t.offset = offsetof(struct %s, %s)," % (t.noun, names[0]))
            if c.shape == "MAP":
                p("\t\t.value_offset = offsetof(struct %s, %s)," % (t.noun, names[1]))
            if c.shape in ("MAP", "SET"):
                p("\t\t.n_offset = offsetof(struct %s, %s)," % (t.noun, names[-1]))
            p("\t},")
        p("};")
    p()
    p("static const struct idl_table_class tables[] = {")
    for t in tables:
        p("\t{")
        p("\t\t.name = %s," % c_string(t.name))
        p("\t\t.columns = %s_columns," % t.noun)
        p("\t\t.n_columns = %s_N_COLUMNS," % t.upper)
        p("\t\t.row_size = sizeof(struct %s)," % t.noun)
        p("\t\t.is_root = %s," % ("true" if t.root else "false"))
        p("\t\t.is_singleton = %s," % ("true" if t.singleton else "false"))
        p("\t},")
    p("};")
    p()
    p("const struct idl_class %s_class = {" % prefix)
    p("\t.database = %s," % c_string(schema["name"]))
    p("\t.version = %s," % c_string(schema.get("version", "")))
    p("\t.tables = tables,")
    p("\t.n_tables = ARRAY_SIZE(tables),")
    p("};")


def enum_name(c, which):
    return "%s_%s_%s_enum" % (c.table.noun, c.name, which)


def emit_enum(p, name, base):
    """The allowed values as a constant datum: sorted, strings that are never freed."""
    if base.type == "string":
        values = sorted(base.enum, key=lambda s: s.encode())
        for i, v in enumerate(values):
            p("static struct atom_string %s_%d = { ATOM_STRING_STATIC, %d, %s };"
              % (name, i, len(v.encode()), c_string(v)))
        keys = [".string = &%s_%d" % (name, i) for i in range(len(values))]
    elif base.type == "integer":
        keys = [".integer = %d" % v for v in sorted(base.enum)]
    else:
        raise ValueError("enum of %s is not supported" % base.type)
    p("static union atom %s_keys[] = {" % name)
    for k in keys:
        p("\t{ %s }," % k)
    p("};")
    p("static struct datum %s = { %d, %s_keys, NULL };" % (name, len(keys), name))


def write(path, lines):
    """In one step, so that a parallel or interrupted build never sees half a file."""
    tmp = "%s.%d.tmp" % (path, os.getpid())
    with open(tmp, "w") as f:
        f.write("\n".join(lines) + "\n")
    os.replace(tmp, path)


def main():
    if len(sys.argv) != 5:
        sys.stderr.write(__doc__)
        return 1
    path, prefix, h_path, c_path = sys.argv[1:]
    with open(path) as f:
        schema = json.load(f)
    any_root = any(t.get("isRoot") for t in schema["tables"].values())
    tables = []
    for i, name in enumerate(sorted(schema["tables"])):
        t = Table(prefix, name, schema["tables"][name], any_root)
        t.index = i
        tables.append(t)
    header = os.path.basename(h_path)
    out = []
    emit_source(out, prefix, schema, tables, "db/" + header)
    write(c_path, out)
    # Last, since the Makefile lets the header depend on the .c file.
    out = []
    emit_header(out, prefix, schema, tables, header.upper().replace(".", "_"))
    write(h_path, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
