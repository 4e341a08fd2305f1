# SPDX-License-Identifier: Apache-2.0
"""Fixtures and options of all pytest tests.  tests/README.md says how to use them."""

import os
import signal

import pytest

from rig import netns, tools as rig_tools
from rig.switch import DummySwitch, Switch
from rig.tools import Missing

TIMEOUT = 120
PATIENCE = int(os.environ.get('PATIENCE', 1))  # of a slow machine: so many times as long


def pytest_addoption(parser):
    g = parser.getgroup('switch')
    g.addoption('--dp', default='netdev', choices=['netdev', 'system'],
                help='datapath of system tests')
    g.addoption('--tools', default='ours', choices=['ours', 'debian'],
                help='whose commands configure the switch')
    g.addoption('--daemons', default='ours', choices=['ours', 'debian'],
                help='whose daemons are tested')
    g.addoption('--all', action='store_true', help='run long tests too')
    g.addoption('--results', metavar='FILE', help='append one line per test to FILE')
    g.addoption('--results-prefix', metavar='WORD', default='', help='before each name there')


def pytest_collection_modifyitems(config, items):
    if config.getoption('--dp') == 'system':
        # what does not forward by a kernel is no other test there
        idle = [i for i in items if 'tests/system/' in i.path.as_posix()
                and not {'switch', 'make_switch', 'kernel'} & set(i.fixturenames)]
        config.hook.pytest_deselected(items=idle)
        items[:] = [i for i in items if i not in idle]
    if not config.getoption('--all'):
        for item in items:
            if item.get_closest_marker('long'):
                item.add_marker(pytest.mark.skip(reason='long: runs with --all'))


# ---- limits and reports

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Ends a test that hangs."""
    marker = item.get_closest_marker('timeout')
    seconds = PATIENCE * (marker.args[0] if marker else TIMEOUT)

    def expired(signum, frame):
        raise TimeoutError(f'the test did not end within {seconds} s')

    old = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A missing program skips a test; a failure shows the ends of the switches' logs."""
    if call.excinfo and call.excinfo.errisinstance(Missing):
        skip = pytest.skip.Exception(str(call.excinfo.value), _use_item_location=True)
        try:
            raise skip
        except pytest.skip.Exception:
            call.excinfo = pytest.ExceptionInfo.from_current()
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for sw in getattr(item, 'switches', []):
            report.sections.append((f'logs of {sw.dir}', sw.tails()))


def pytest_runtest_logreport(report):
    path, prefix = _results
    if not path or (report.when != 'call' and report.passed):
        return
    name = prefix + report.nodeid.removeprefix(prefix)
    if report.passed:
        line = f'pass\t{name}\t'
    elif report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        line = f'skip\t{name}\t{str(reason).removeprefix("Skipped: ")}'
    else:
        crash = getattr(report.longrepr, 'reprcrash', None)
        reason = crash.message.splitlines()[0] if crash and crash.message else report.when
        line = f'fail\t{name}\t{reason}'
    with open(path, 'a') as f:
        f.write(line.replace('\n', ' ') + '\n')


_results = (None, '')


def pytest_configure(config):
    global _results
    _results = config.getoption('--results'), config.getoption('--results-prefix')
    if os.geteuid() == 0:
        netns.delete_stale()


# ---- fixtures

@pytest.fixture
def dp(request):
    """'netdev' or 'system'."""
    kind = request.config.getoption('--dp')
    if kind == 'system' and not os.path.exists('/sys/module/openvswitch'):
        pytest.skip('the kernel has no module openvswitch loaded')
    return kind


@pytest.fixture
def tools(request):
    """The Tools whose commands configure the switch."""
    return rig_tools.by_name(request.config.getoption('--tools'))


@pytest.fixture
def daemons(request):
    """The Tools whose daemons are tested."""
    return rig_tools.by_name(request.config.getoption('--daemons'))


@pytest.fixture
def net():
    """Namespaces of this test: net.ns(), net.veth(), net.guest()."""
    if os.geteuid() != 0:
        pytest.skip('network namespaces need root')
    n = netns.Net()
    yield n
    n.delete()


def _factory(request, make):
    request.node.switches = switches = getattr(request.node, 'switches', [])
    mine = []

    def create(*args, start=True, **kwargs):
        sw = make(*args, **kwargs)
        switches.append(sw)
        mine.append(sw)
        return sw.start() if start else sw

    yield create
    faults = []
    for sw in reversed(mine):
        try:
            sw.stop()
        except AssertionError as e:
            faults.append(str(e))
    assert not faults, '\n'.join(faults)


@pytest.fixture
def make_switch(request, net, daemons, tools, dp):
    """Makes Switches, each in a namespace of its own; start=False leaves starting to the test."""
    def make(**kwargs):
        kwargs = {'daemons': daemons, 'tools': tools, 'dp': dp, **kwargs}
        if 'ns' not in kwargs:
            kwargs['ns'] = net.ns('sw')
        return Switch(**kwargs)
    yield from _factory(request, make)


@pytest.fixture
def switch(make_switch):
    """A running Switch without bridges, in a namespace of its own."""
    return make_switch()


@pytest.fixture
def make_dummy(request, daemons, tools):
    """Makes DummySwitches."""
    yield from _factory(request, lambda **kw: DummySwitch(
        **{'daemons': daemons, 'tools': tools, **kw}))


@pytest.fixture
def dummy(make_dummy):
    """A running DummySwitch without bridges, its clock stopped."""
    return make_dummy()
