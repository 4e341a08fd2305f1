# SPDX-License-Identifier: Apache-2.0
"""Nothing of <linux/openvswitch.h> is forgotten: every member of its enums is named by a test that
uses it (@pytest.mark.covers), but for those below."""

import glob
import os

import pytest

import uapi

EXCEPTIONS = {
    'OVS_PACKET_ATTR_UNUSED1': 'a place that is kept free',
    'OVS_PACKET_ATTR_UNUSED2': 'a place that is kept free',
    'OVS_KEY_ATTR_PACKET_TYPE': 'for userspace alone: no kernel takes or sends it',
    'OVS_KEY_ATTR_ND_EXTENSIONS': 'for userspace alone',
    'OVS_KEY_ATTR_TUNNEL_INFO': 'inside the kernel alone',
    'OVS_FRAG_TYPE_NONE': 'in every key of a packet that is whole',
}


def test_whole_header(request):
    session = request.session
    here = os.path.dirname(__file__)
    if not set(glob.glob(f'{here}/test_*.py')) <= session.config.kernel_files:
        pytest.skip('only a part of the tests was collected')
    there = {m for members in uapi.ENUMS.values() for m in members
             if not m.endswith(('_UNSPEC', '_PAD')) and not m.startswith('__')}
    assert sorted(there - session.config.kernel_covers - set(EXCEPTIONS)) == []
    assert sorted(there & session.config.kernel_covers & set(EXCEPTIONS)) == []
