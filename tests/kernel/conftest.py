# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of a kernel datapath, which run in a guest (README.md)."""

import os

import pytest

import uapi
from rig import netns


def pytest_configure(config):
    config.addinivalue_line('markers', 'covers(name, ...): what of <linux/openvswitch.h> it tests')
    config.addinivalue_line('markers',
                            'differs(module, why): what that module (stock, ours) does not')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session, config, items):
    """Before some are deselected: what there is (test_coverage.py)."""
    config.kernel_files = {str(item.path) for item in items}
    config.kernel_covers = {name for item in items for mark in item.iter_markers('covers')
                            for name in mark.args}


def pytest_runtest_setup(item):
    if os.geteuid() != 0:
        pytest.skip('network namespaces need root')
    if not os.path.exists('/sys/module/openvswitch'):
        pytest.skip('the kernel has no module openvswitch loaded')
    for mark in item.iter_markers('differs'):
        module, why = mark.args
        if module == os.environ.get('GUEST_MODULE'):
            pytest.skip(f'differs on this module ({module}): {why}')
    for mark in item.iter_markers('covers'):
        for name in mark.args:
            if not uapi.has(name):
                pytest.skip(f'{name} is newer than this kernel')


@pytest.fixture(scope='module')
def _kdp():
    from kdp import Kdp
    net = netns.Net()
    try:
        k = Kdp(net)
        yield k
        k.dp.delete()
        k.dp.close()
    finally:
        net.delete()


@pytest.fixture
def kdp(_kdp):
    """A datapath with three ports (kdp.py), without flows."""
    _kdp.reset()
    yield _kdp
    _kdp.reset()
