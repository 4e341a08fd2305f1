# SPDX-License-Identifier: Apache-2.0
"""Meters: the family ovs_meter, and the action."""

import struct
import time

import pytest
from scapy.layers.inet import UDP
from scapy.packet import Raw

import odp
import uapi
from frames import ip, udp
from ovsnl import Attrs, NlError, attr, u32

UDP_AB = ip() / udp()
GET, SET, DEL = uapi.OVS_METER_CMD_GET, uapi.OVS_METER_CMD_SET, uapi.OVS_METER_CMD_DEL


def get(kdp, number):
    m, = kdp.dp.meter(GET, u32(uapi.OVS_METER_ATTR_ID, number))
    return m.attrs


def packets(attrs, kind):
    return struct.unpack('=QQ', attrs[kind])


@pytest.fixture
def meter(kdp):
    yield 3
    try:
        kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, 3))
    except NlError:
        pass


@pytest.mark.covers('OVS_METER_CMD_FEATURES', 'OVS_METER_ATTR_MAX_METERS',
                    'OVS_METER_ATTR_MAX_BANDS',
                    'OVS_METER_BAND_TYPE_DROP')
def test_features(kdp):
    m, = kdp.dp.meter(uapi.OVS_METER_CMD_FEATURES)
    assert m.attrs.u32(uapi.OVS_METER_ATTR_MAX_METERS) >= 1
    assert m.attrs.u32(uapi.OVS_METER_ATTR_MAX_BANDS) >= 1
    bands = m.attrs.nest(uapi.OVS_METER_ATTR_BANDS)
    kinds = [struct.unpack('=HHI', b[:8])[2] for _, b in bands.all]
    assert uapi.OVS_METER_BAND_TYPE_DROP in kinds


@pytest.mark.covers('OVS_METER_CMD_SET', 'OVS_METER_CMD_GET', 'OVS_METER_CMD_DEL',
                    'OVS_METER_ATTR_ID',
                    'OVS_METER_ATTR_BANDS', 'OVS_BAND_ATTR_TYPE', 'OVS_BAND_ATTR_RATE',
                    'OVS_BAND_ATTR_BURST')
def test_life(kdp, meter):
    kdp.dp.add_meter(meter, [(10, 5)])
    assert get(kdp, meter).u32(uapi.OVS_METER_ATTR_ID) == meter
    kdp.dp.add_meter(meter, [(20, 5)])
    m, = kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, meter))
    assert m.attrs.u32(uapi.OVS_METER_ATTR_ID) == meter
    with pytest.raises(NlError) as err:
        get(kdp, meter)
    assert err.value.name == 'ENOENT'


def test_refused(kdp):
    for attrs, want in (((), ('EINVAL',)),
                        ((u32(uapi.OVS_METER_ATTR_ID, 0x7fffffff),), ('EINVAL', 'EFBIG'))):
        with pytest.raises(NlError) as err:
            kdp.dp.meter(SET, *attrs)
        assert err.value.name in want


@pytest.mark.covers('OVS_ACTION_ATTR_METER', 'OVS_METER_ATTR_STATS', 'OVS_METER_ATTR_USED',
                    'OVS_BAND_ATTR_STATS')
def test_packets_per_second(kdp, meter):
    """A burst passes, and then what the rate allows; what does not is counted by the band."""
    kdp.dp.add_meter(meter, [(5, 10)])
    kdp.learn(UDP_AB, [odp.meter(meter), odp.output(2)])
    start = time.monotonic()
    passed = len(kdp.send(*[UDP_AB] * 60).out.get(2, []))
    took = time.monotonic() - start
    assert 5 <= passed <= 16 + 5 * took, (passed, took)
    a = get(kdp, meter)
    assert packets(a, uapi.OVS_METER_ATTR_STATS) == (60, 60 * len(UDP_AB))
    band, = (b for _, b in a.nest(uapi.OVS_METER_ATTR_BANDS).all)
    assert packets(Attrs(band), uapi.OVS_BAND_ATTR_STATS) == \
        (60 - passed, (60 - passed) * len(UDP_AB))
    assert abs(a.u64(uapi.OVS_METER_ATTR_USED) - time.monotonic() * 1000) < 5000
    # it fills up again
    time.sleep(1)
    assert len(kdp.send(*[UDP_AB] * 3).out.get(2, [])) == 3


@pytest.mark.covers('OVS_ACTION_ATTR_METER', 'OVS_METER_ATTR_KBPS')
def test_kilobits_per_second(kdp, meter):
    """Large packets cost more than small ones."""
    # 80 kbit/s with as much of a burst: ten packets of 1,000 octets
    kdp.dp.add_meter(meter, [(80, 80)], True)
    big = ip() / UDP(dport=2) / Raw(bytes(1000 - 42))
    kdp.learn(big, [odp.meter(meter), odp.output(2)],
              mask=odp.in_port(0xffffffff) + odp.eth_type(0xffff))
    start = time.monotonic()
    passed = len(kdp.send(*[big] * 40).out.get(2, []))
    took = time.monotonic() - start
    assert 5 <= passed <= 21 + 10 * took, (passed, took)
    time.sleep(1.5)
    small = ip() / UDP(dport=2)
    assert len(kdp.send(*[small] * 60).out.get(2, [])) == 60


@pytest.mark.covers('OVS_METER_ATTR_CLEAR')
def test_clear(kdp, meter):
    kdp.dp.add_meter(meter, [(1000, 1000)])
    kdp.run(UDP_AB, odp.meter(meter), odp.output(2))
    assert packets(get(kdp, meter), uapi.OVS_METER_ATTR_STATS)[0] == 1
    kdp.dp.add_meter(meter, [(1000, 1000)])
    kept = packets(get(kdp, meter), uapi.OVS_METER_ATTR_STATS)[0]
    kdp.dp.add_meter(meter, [(1000, 1000)], False, attr(uapi.OVS_METER_ATTR_CLEAR))
    assert packets(get(kdp, meter), uapi.OVS_METER_ATTR_STATS)[0] == 0
    assert kept in (0, 1)


@pytest.mark.covers('OVS_ACTION_ATTR_METER')
def test_meter_that_is_gone(kdp, meter):
    """A flow outlives its meter, and its packets pass."""
    kdp.dp.add_meter(meter, [(1, 1)])
    kdp.learn(UDP_AB, [odp.meter(meter), odp.output(2)])
    kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, meter))
    assert len(kdp.send(*[UDP_AB] * 20).out[2]) == 20


def test_several_bands(kdp, meter):
    """The band with the highest rate that is exceeded counts the packet."""
    m, = kdp.dp.meter(uapi.OVS_METER_CMD_FEATURES)
    if m.attrs.u32(uapi.OVS_METER_ATTR_MAX_BANDS) < 2:
        with pytest.raises(NlError):
            kdp.dp.add_meter(meter, [(5, 5), (10, 5)])
        return
    kdp.dp.add_meter(meter, [(1000000, 1000000), (5, 5)])
    kdp.learn(UDP_AB, [odp.meter(meter), odp.output(2)])
    assert len(kdp.send(*[UDP_AB] * 40).out.get(2, [])) < 30
