# SPDX-License-Identifier: Apache-2.0
"""The numbers of <linux/openvswitch.h>, read from the header of the kernel that runs.

Every enumerator and plain #define is an attribute of this module: uapi.OVS_KEY_ATTR_IPV4.  What a
header of an older kernel does not have raises AttributeError; has() asks first.  ENUMS maps the
name of each enum to its members, those that only the kernel sees left out."""

import os
import pathlib
import re


def _header():
    """The header that belongs to the running kernel, else the one programs are compiled with."""
    build = pathlib.Path('/lib/modules') / os.uname().release
    found = [os.environ.get('UAPI', '') + '/linux/openvswitch.h',
             build / 'source/include/uapi/linux/openvswitch.h']
    # Debian's headers are in two halves, and the build directory's Makefile names the other
    kbuild = os.environ.get('KBUILD') or str(build / 'build')
    try:
        with open(pathlib.Path(kbuild) / 'Makefile') as f:
            for line in f:
                if m := re.match(r'include (/.*)/Makefile', line):
                    found.append(m.group(1) + '/include/uapi/linux/openvswitch.h')
    except OSError:
        pass
    found += [kbuild + '/include/uapi/linux/openvswitch.h', '/usr/include/linux/openvswitch.h']
    return next(str(f) for f in found if os.path.exists(f))


def parse(text):
    """Returns ({name: number}, {enum: [name, ...]}) of a header's text."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    text = re.sub(r'#ifdef __KERNEL__\n.*?#endif', '', text, flags=re.S)
    numbers, enums = {}, {}
    for m in re.finditer(r'enum\s*(\w*)\s*\{(.*?)\}|^#define (OVS\w+)[ \t]+([^\n]+)$', text,
                         re.S | re.M):
        if m.group(3):
            value = re.sub(r'\(\(__u32\)0\)', '0', m.group(4).strip())
            try:
                numbers[m.group(3)] = eval(value, {'__builtins__': {}}, numbers)
            except (NameError, SyntaxError, AttributeError, TypeError):
                pass  # in terms of something that is not a number
            continue
        members, last = [], -1
        for word in filter(None, (w.strip() for w in m.group(2).split(','))):
            name, _, value = (p.strip() for p in word.partition('='))
            last = eval(value, {'__builtins__': {}}, numbers) if value else last + 1
            numbers[name] = last
            members.append(name)
        enums[m.group(1) or members[0]] = members
    return numbers, enums


HEADER = _header()
with open(HEADER) as _f:
    NUMBERS, ENUMS = parse(_f.read())
globals().update(NUMBERS)


def has(name):
    return name in NUMBERS


def name(prefix, number):
    """The name with this prefix and number, else the number, for messages."""
    for n, v in NUMBERS.items():
        if v == number and n.startswith(prefix) and not n.endswith('_MAX'):
            return n
    return str(number)
