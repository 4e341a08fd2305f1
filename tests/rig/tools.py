# SPDX-License-Identifier: Apache-2.0
"""Where programs come from: our build, or Debian's packages extracted into a folder."""

import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('BUILDDIR', TOP / 'build')).resolve()

# Sanitizers must end a program with a status of its own, and say why on stderr.
SANITIZERS = {
    'ASAN_OPTIONS': 'detect_stack_use_after_return=1:exitcode=99',
    'LSAN_OPTIONS': 'exitcode=99:report_objects=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:exitcode=99',
    'TSAN_OPTIONS': 'exitcode=99:second_deadlock_stack=1',
}


class Missing(Exception):
    """Something of somebody else's that is not there: the test is skipped with this reason."""


class Tools:
    """One set of programs: 'name', the folders to search, and the environment they need."""

    def __init__(self, name, folders, schema, env=None):
        self.name = name
        self.folders = [pathlib.Path(f) for f in folders]
        self.schema = pathlib.Path(schema)
        self.env = {**SANITIZERS, **(env or {})}

    def has(self, program):
        return any(os.access(f / program, os.X_OK) for f in self.folders)

    def path(self, program):
        """The program's path; raises Missing, or AssertionError if it is ours to build."""
        for f in self.folders:
            if os.access(f / program, os.X_OK):
                return str(f / program)
        if self.name == 'our':
            raise AssertionError(f'{program} is not built in {BUILD}')
        raise Missing(f'{self.name} has no {program}')

    def __repr__(self):
        return self.name


def ours(build=BUILD):
    return Tools('our', [build / 'ovsdb', build / 'vswitchd', build / 'utilities',
                         TOP / 'utilities'],
                 TOP / 'vswitchd' / 'vswitch.ovsschema')


def debian_root():
    """The folder that Debian's packages were extracted into; raises Missing."""
    root = pathlib.Path(os.environ.get('DEBIAN_OVS', BUILD / 'debian-ovs'))
    if not (root / 'usr/bin/ovs-vsctl').exists():
        fetch = TOP / 'tests/interop/fetch-debian'
        r = subprocess.run([str(fetch), str(root)], capture_output=True, text=True)
        if r.returncode:
            raise Missing('Debian\'s packages cannot be fetched: ' +
                          (r.stderr.strip().splitlines() or ['no reason given'])[-1])
    return root


def debian():
    root = debian_root()
    libs = [str(p) for p in (root / 'usr/lib').glob('*-linux-gnu')]
    return Tools('debian', [root / 'usr/bin', root / 'usr/sbin',
                            root / 'usr/lib/openvswitch-switch'],
                 root / 'usr/share/openvswitch/vswitch.ovsschema',
                 {'LD_LIBRARY_PATH': ':'.join(libs)})


def by_name(name):
    return {'ours': ours, 'debian': debian}[name]()
