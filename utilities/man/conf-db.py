#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the manual page of the switch's database, for scdoc.

usage: conf-db.py SCHEMA DOC

Types, ranges and references come from the schema, the rest from DOC, whose head says how it is
written.  A table or column of one that is not in the other is an error.
"""

import json
import sys

FLAGS = {
    '': '',
    'written': 'written by ovs-vswitchd',
    'server': 'for ovsdb-server',
    'server-written': 'written by ovsdb-server',
    'tools': 'for tools',
    'later': 'not yet',
}

HEAD = '''ovs-vswitchd.conf.db(5)

# NAME

ovs-vswitchd.conf.db - the database Open\\_vSwitch

# DESCRIPTION

The configuration and status of *ovs-vswitchd*(8), served by *ovsdb-server*(1). *ovs-vsctl*(8)
reads and changes it; so does every other client of RFC 7047. The version of the schema is
{version}.

A row belongs to the rows that refer to it: when nothing refers to it any more it is deleted, but
for rows of {roots}, which stay by themselves.
Every table has, besides what is listed, the columns *\\_uuid* and *\\_version*.

A key stands behind its column and a colon, as *ovs-vsctl set bridge br0
other\\_config:hwaddr=*... takes it. What is said of a column in brackets:

_not yet_
	The schema has it, so that every client finds what it knows; values are checked and kept;
	but this version does nothing with it, or does not write it.

_written by ovs-vswitchd_, _written by ovsdb-server_
	Status. What others write there is overwritten.

_for ovsdb-server_
	*ovsdb-server*(1) acts on it, and *ovs-vswitchd* does not.

_for tools_
	The daemons pay no heed to it.

Where nothing is said, *ovs-vswitchd* acts on it at once.
'''


class Error(Exception):
    pass


class Entry:
    """A table, column or key: 'name', 'flag', 'attrs' (default, unit, range), 'text'; columns or
    keys in 'parts'."""

    def __init__(self, name, flag='', attrs=None):
        self.name, self.flag, self.attrs = name, flag, attrs or {}
        self.text = []
        self.parts = {}


def read_doc(path):
    """The tables of DOC: Entry by name, columns in their 'parts', keys in those of the columns."""
    tables = {}
    table = column = entry = None
    with open(path) as f:
        for n, line in enumerate(f, 1):
            if line.startswith('#') or not line.strip():
                continue
            if line[0] == '\t':
                entry.text.append(line.strip())
                continue
            kind, name, *words = line.split()
            flag = words.pop(0) if words and '=' not in words[0] else ''
            attrs = dict(w.split('=', 1) for w in words)
            if flag not in FLAGS or not set(attrs) <= {'default', 'unit', 'range'}:
                raise Error(f'{path}:{n}: {line.strip()}')
            entry = Entry(name, flag, attrs)
            if kind == 'table':
                table, where = entry, tables
            elif kind == 'column':
                column, where = entry, table.parts
            elif kind == 'key' and name.startswith(column_of(name) + ':'):
                column = table.parts.get(column_of(name))
                if not column:
                    raise Error(f'{path}:{n}: there is no column {column_of(name)} above')
                entry.flag = flag or column.flag
                where = column.parts
            else:
                raise Error(f'{path}:{n}: {line.strip()}')
            if name in where:
                raise Error(f'{path}:{n}: {name} is there twice')
            where[name] = entry
    return tables


def column_of(key):
    return key.split(':')[0]


def compare(path, what, documented, known):
    for name in known:
        if name not in documented:
            raise Error(f'{path}: {what} {name} is not described')
    for name in documented:
        if name not in known:
            raise Error(f'{path}: {what} {name} is not in the schema')


def check(path, schema, tables):
    """Raises Error unless the tables and columns of both are the same, and each has a text."""
    compare(path, 'table', tables, schema['tables'])
    for name, table in tables.items():
        compare(path, f'column {name}', table.parts, schema['tables'][name]['columns'])
        for entry in [table, *table.parts.values(),
                      *(k for c in table.parts.values() for k in c.parts.values())]:
            if not entry.text:
                raise Error(f'{path}: {name} {entry.name} has no text')


# ---- text

def esc(s):
    for c in '\\_*[]':
        s = s.replace(c, '\\' + c)
    return s


PLURALS = {'integer': 'integers', 'real': 'reals', 'boolean': 'booleans', 'string': 'strings',
           'uuid': 'UUIDs'}


def atom(spec, plural=False):
    if isinstance(spec, str):
        spec = {'type': spec}
    if 'refTable' in spec:
        weak = 'weak ' if spec.get('refType') == 'weak' else ''
        return f"{weak}reference{'s' if plural else ''} to {spec['refTable']}"
    if 'enum' in spec:
        words = spec['enum'][1] if isinstance(spec['enum'], list) else [spec['enum']]
        return ('some of ' if plural else '') + ', '.join(words[:-1]) + ' or ' + words[-1]
    text = PLURALS[spec['type']] if plural else spec['type']
    lo, hi = spec.get('minInteger'), spec.get('maxInteger')
    if lo is not None and hi is not None:
        text += f' {lo} to {hi}'
    elif lo is not None:
        text += f', at least {lo}'
    return text


def type_text(t):
    if isinstance(t, str):
        return t
    lo, hi = t.get('min', 1), t.get('max', 1)
    if 'value' in t:
        if t['key'] == t['value'] == 'string':
            return 'map of strings'
        return f"map of {atom(t['key'], True)} to {atom(t['value'], True)}"
    if hi == 1:
        return ('optional ' if lo == 0 else '') + atom(t['key'])
    if hi == 'unlimited':
        count = 'one or more ' if lo else 'set of '
    else:
        count = f'up to {hi} '
    return count + atom(t['key'], True)


def notes(*words):
    words = [esc(w) for w in words if w]
    return f": {', '.join(words)}" if words else ''


def term(name, facts, flag):
    mark = f' [_{FLAGS[flag]}_]' if flag else ''
    return f'*{esc(name)}*{facts}{mark}'


def range_text(r):
    if not r:
        return ''
    lo, hi = r.split('-')
    return f'{lo} to {hi}' if hi else f'at least {lo}'


def key_facts(key):
    a = key.attrs
    unit = a.get('unit', '')
    parts = [range_text(a.get('range'))]
    if parts[0] and unit and 'default' not in a:
        parts[0] += ' ' + unit
    if 'default' in a:
        parts.append('default ' + (a['default'] + ' ' + unit).strip())
    elif not parts[0] and unit:
        parts.append('in ' + unit)
    return notes(*parts)


def page(schema, tables):
    roots = [t for t, s in schema['tables'].items() if s.get('isRoot')]
    out = [HEAD.format(version=schema['version'],
                       roots=esc(', '.join(roots[:-1]) + ' and ' + roots[-1]))]
    for name, table in tables.items():
        spec = schema['tables'][name]
        out.append(f'# TABLE {esc(name)}\n')
        out.append(esc(' '.join(table.text)) + '\n')
        for index in spec.get('indexes', []):
            out.append(f"No two rows have the same {esc(' and '.join(index))}.\n")
        for column in table.parts.values():
            column_spec = spec['columns'][column.name]
            fixed = 'cannot be changed' if column_spec.get('mutable') is False else ''
            lost = 'not kept on disk' if column_spec.get('ephemeral') else ''
            out.append(term(column.name, notes(type_text(column_spec['type']), fixed, lost),
                            column.flag))
            out.append('\t' + esc(' '.join(column.text)) + '\n')
            for key in column.parts.values():
                flag = key.flag if key.flag != column.flag else ''
                out.append('\t' + term(key.name, key_facts(key), flag))
                out.append('\t\t' + esc(' '.join(key.text)) + '\n')
    out.append('# SEE ALSO\n\n*ovs-vswitchd*(8), *ovs-vsctl*(8), *ovsdb-server*(1), RFC 7047')
    return '\n'.join(out)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split('\n\n')[1])
    with open(sys.argv[1]) as f:
        schema = json.load(f)
    try:
        tables = read_doc(sys.argv[2])
        check(sys.argv[2], schema, tables)
    except Error as e:
        sys.exit(f'conf-db.py: {e}')
    print(page(schema, tables))


if __name__ == '__main__':
    main()
