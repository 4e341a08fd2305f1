# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the files of the tree, and which folder may use which."""

import os
import subprocess
import sys

# A folder, and the folders it may use directly; it may use whatever those may, too.
# (DESIGN: an arrow never points up this table.)
LIB = ['lib/db', 'lib/openflow', 'lib/dpif', 'lib/proto', 'lib/telemetry']
USES = {
    'include': [],
    'lib/base': [],
    'lib/rpc': ['lib/base'],
    'lib/db': ['lib/rpc'],
    'lib/packet': ['lib/base'],
    'lib/flow': ['lib/packet'],
    'lib/openflow': ['lib/flow', 'lib/rpc'],
    'lib/netdev': ['lib/packet', 'lib/rpc'],
    'lib/dpif': ['lib/flow', 'lib/netdev'],
    'lib/proto': ['lib/packet'],
    'lib/telemetry': ['lib/flow', 'lib/rpc'],
    'ovsdb': ['lib/db'],
    'vswitchd/l2': LIB,
    'vswitchd/tables': ['vswitchd/l2'],
    'vswitchd/pipeline': ['vswitchd/tables'],
    'vswitchd/upcall': ['vswitchd/pipeline'],
    'vswitchd/ofproto': ['vswitchd/upcall'],
    'vswitchd/bridge': ['vswitchd/ofproto'],
    'vswitchd': ['vswitchd/bridge'],
    'utilities': LIB,
}


def allowed(folder, uses=None):
    """All folders that 'folder' may use, itself included; raises ValueError on a circle."""
    uses = uses or USES
    seen, path = set(), []

    def visit(f):
        if f in path:
            raise ValueError('circle of folders: ' + ' -> '.join(path[path.index(f):] + [f]))
        path.append(f)
        for below in uses[f]:
            visit(below)
        path.pop()
        seen.add(f)

    visit(folder)
    return seen | {'include'}


def folder_of(path):
    """The row of USES that a file or object belongs to, None for tests and tools."""
    parts = path.split('/')
    for n in range(len(parts) - 1, 0, -1):
        name = '/'.join(parts[:n])
        if name in USES:
            return name
    if parts[0] in ('lib', 'ovsdb', 'vswitchd', 'utilities'):
        raise ValueError(f'{path}: its folder has no row in tests/lint/tree.py')
    return None


def files(*patterns):
    """The files that git knows (or would, if they were added), or those of an unpacked archive."""
    r = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '--', *patterns],
                       capture_output=True, text=True)
    if r.returncode:
        skip('not a git tree')
    names = [f for f in r.stdout.splitlines() if os.path.isfile(f)]
    builds = {os.path.dirname(f) + '/' for f in names if f.endswith('/config.status')}
    return sorted(f for f in names if not f.startswith(tuple(builds)))


def skip(reason):
    print(reason)
    sys.exit(77)


def finish(findings):
    for f in findings:
        print(f)
    sys.exit(1 if findings else 0)
