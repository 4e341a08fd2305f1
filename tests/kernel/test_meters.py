# SPDX-License-Identifier: Apache-2.0
"""Meters: requests and refusals, rates in packets and in octets, bursts, counters."""

import struct
import time

import pytest

import odp
import ovsnl
import uapi
from ovsnl import NlError, attr, nest, u32
from frames import e, DATA

FEATURES, SET, DEL, GET = (uapi.OVS_METER_CMD_FEATURES, uapi.OVS_METER_CMD_SET,
                           uapi.OVS_METER_CMD_DEL, uapi.OVS_METER_CMD_GET)
try:
    with open('/sys/module/openvswitch/taint') as f:
        OURS = 'O' in f.read()
except OSError:
    OURS = False


def stats(a):
    return struct.unpack('=QQ', a[uapi.OVS_METER_ATTR_STATS])


def bands(a):
    """[(packets, bytes) of each band]"""
    return [struct.unpack('=QQ', ovsnl.Attrs(b)[uapi.OVS_BAND_ATTR_STATS])
            for _, b in a.nest(uapi.OVS_METER_ATTR_BANDS).all]


def get(dp, number):
    m, = dp.meter(GET, u32(uapi.OVS_METER_ATTR_ID, number))
    return m.attrs


def refuse(error, word, call, *args):
    with pytest.raises(NlError) as e:
        call(*args)
    assert e.value.name == error, e.value
    if OURS:
        assert word in e.value.msg, e.value.msg


def offer(kdp, n, size=64):
    """Sends n frames of this size in one go; returns how many came through meter 7."""
    frame = bytes(e(0x88b6) / DATA)
    frame = frame[:size] + bytes(size - len(frame))
    if not kdp.dp.flows():
        kdp.learn(frame, [odp.meter(7), odp.output(2)])
    r = kdp.send(*[frame] * n)
    return len(r.out.get(2, []))


@pytest.fixture(autouse=True)
def no_meters(kdp):
    yield
    for n in (7, 8):
        kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, n))


@pytest.mark.covers('OVS_METER_ATTR_MAX_METERS', 'OVS_METER_ATTR_MAX_BANDS', 'OVS_BAND_ATTR_TYPE')
def test_features(kdp):
    m, = kdp.dp.meter(FEATURES)
    assert m.cmd == FEATURES
    assert m.attrs.u32(uapi.OVS_METER_ATTR_MAX_METERS) >= 1024
    assert m.attrs.u32(uapi.OVS_METER_ATTR_MAX_BANDS) >= 1
    kinds = [ovsnl.Attrs(b).u32(uapi.OVS_BAND_ATTR_TYPE)
             for _, b in m.attrs.nest(uapi.OVS_METER_ATTR_BANDS).all]
    assert kinds == [uapi.OVS_METER_BAND_TYPE_DROP]


@pytest.mark.covers('OVS_METER_ATTR_ID', 'OVS_METER_ATTR_BANDS', 'OVS_METER_ATTR_STATS',
                    'OVS_METER_ATTR_USED', 'OVS_BAND_ATTR_RATE', 'OVS_BAND_ATTR_BURST',
                    'OVS_BAND_ATTR_STATS')
def test_set_get_del(kdp):
    m, = kdp.dp.add_meter(7, [(10, 5)])
    assert m.cmd == SET and m.attrs.u32(uapi.OVS_METER_ATTR_ID) == 7
    a = get(kdp.dp, 7)
    assert a.u32(uapi.OVS_METER_ATTR_ID) == 7 and stats(a) == (0, 0) and bands(a) == [(0, 0)]
    assert 5 <= offer(kdp, 40) < 15
    before = get(kdp.dp, 7)
    assert stats(before) == (40, 40 * 64)
    dropped, = bands(before)
    assert 25 < dropped[0] <= 35 and dropped[1] == 64 * dropped[0]
    # CLOCK_MONOTONIC, in ms
    assert abs(time.monotonic() * 1000 - before.u64(uapi.OVS_METER_ATTR_USED)) < 10000
    m, = kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, 7))
    assert m.cmd == DEL and stats(m.attrs) == (40, 40 * 64)
    with pytest.raises(NlError) as e:
        get(kdp.dp, 7)
    assert e.value.name == 'ENOENT'
    # one that is not there holds nothing back
    assert offer(kdp, 40) == 40
    m, = kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, 7))
    assert uapi.OVS_METER_ATTR_STATS not in m.attrs


@pytest.mark.parametrize('number', [0, 54545401, 0xfffffffe])
def test_any_number(kdp, number):
    """Numbers are the user's: Debian's daemon tries two large ones, and uses no meters without."""
    kdp.dp.add_meter(number, [(10, 5)])
    assert get(kdp.dp, number).u32(uapi.OVS_METER_ATTR_ID) == number
    kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, number))


@pytest.mark.parametrize('rate, burst', [(20, 20), (20, 50), (30, 5), (1, 49), (20, 0)])
def test_packets(kdp, rate, burst):
    """What passes at once is the burst, and a second later what the rate gives of it."""
    kdp.dp.add_meter(7, [(rate, burst)])
    start = time.monotonic()
    n = offer(kdp, 100)
    more = (time.monotonic() - start) * rate if burst else 0
    assert burst <= n <= burst + more + 1
    time.sleep(1.1)
    n = offer(kdp, 100)
    more = (time.monotonic() - start) * rate
    assert min(rate, burst) <= n <= min(more, burst + rate) + 1


def test_default_burst(kdp):
    """Without a burst it is a second's worth.  (The kernel's own lets nothing pass then.)"""
    if not OURS:
        pytest.skip('differs')
    kdp.dp.meter(SET, u32(uapi.OVS_METER_ATTR_ID, 7), nest(
        uapi.OVS_METER_ATTR_BANDS, nest(0, u32(uapi.OVS_BAND_ATTR_TYPE, 1),
                                        u32(uapi.OVS_BAND_ATTR_RATE, 40))))
    assert 40 <= offer(kdp, 100) < 80


@pytest.mark.covers('OVS_METER_ATTR_KBPS')
@pytest.mark.parametrize('rate, burst', [(80, 80), (80, 160)])
def test_kbps(kdp, rate, burst):
    kdp.dp.add_meter(7, [(rate, burst)], True)
    size = 500
    per_second = rate * 1000 / 8 / size
    start = time.monotonic()
    n = offer(kdp, 100, size)
    more = (time.monotonic() - start) * per_second
    full = burst * 1000 // (8 * size)
    assert full <= n <= full + more + 1


@pytest.mark.differs('stock', 'it has one band a meter')
def test_bands(kdp):
    """The packet is counted by the band of the highest rate that it exceeds."""
    kdp.dp.add_meter(7, [(2, 2), (30, 30), (5, 5)])
    n = offer(kdp, 60)
    a = get(kdp.dp, 7)
    assert 2 <= n <= 5
    assert stats(a)[0] == 60
    b = bands(a)
    assert sum(p for p, _ in b) == 60 - n
    # what the strictest one dropped took nothing from the others
    assert b[1][0] == 0 and b[2][0] == 0
    # empty at the same packet: the highest rate has it
    kdp.dp.add_meter(7, [(3, 2), (1, 2), (2, 2)], False, attr(uapi.OVS_METER_ATTR_CLEAR))
    n = offer(kdp, 60)
    b = bands(get(kdp.dp, 7))
    assert 2 <= n <= 5 and sum(p for p, _ in b) == 60 - n and b[0][0] > 40, b


@pytest.mark.covers('OVS_METER_ATTR_CLEAR')
def test_replace(kdp):
    kdp.dp.add_meter(7, [(10, 10)])
    assert offer(kdp, 30) < 20
    before = get(kdp.dp, 7)
    m, = kdp.dp.add_meter(7, [(50, 50)])
    assert stats(m.attrs) == stats(before), 'the answer tells of the old one'
    if OURS:  # counters stay; the bucket is a new one
        assert stats(get(kdp.dp, 7)) == stats(before) and bands(get(kdp.dp, 7)) == bands(before)
    assert offer(kdp, 50) == 50
    kdp.dp.add_meter(7, [(50, 50)], False, attr(uapi.OVS_METER_ATTR_CLEAR))
    assert stats(get(kdp.dp, 7)) == (0, 0) and bands(get(kdp.dp, 7)) == [(0, 0)]


def test_no_bands(kdp):
    kdp.dp.add_meter(7, [])
    assert offer(kdp, 30) == 30
    assert stats(get(kdp.dp, 7))[0] == 30


def test_two_meters(kdp):
    """One after the other: the second sees what the first lets pass."""
    kdp.dp.add_meter(7, [(20, 20)])
    kdp.dp.add_meter(8, [(5, 5)])
    frame = bytes(e(0x88b6) / DATA)
    kdp.learn(frame, [odp.meter(7), odp.meter(8), odp.output(2)])
    n = len(kdp.send(*[frame] * 60).out[2])
    assert 5 <= n <= 9
    assert stats(get(kdp.dp, 7))[0] == 60
    assert stats(get(kdp.dp, 8))[0] == 60 - bands(get(kdp.dp, 7))[0][0]


def test_many(kdp):
    """Numbers far apart, and many of them."""
    for n in (0, 1, 63, 1000, 4000):
        kdp.dp.add_meter(n, [(n + 1, 1)])
    for n in (0, 1, 63, 1000, 4000):
        assert get(kdp.dp, n).u32(uapi.OVS_METER_ATTR_ID) == n
    with pytest.raises(NlError):
        get(kdp.dp, 2)
    for n in (0, 1, 63, 1000, 4000):
        kdp.dp.meter(DEL, u32(uapi.OVS_METER_ATTR_ID, n))
        with pytest.raises(NlError):
            get(kdp.dp, n)


def test_refused(kdp):
    good = nest(uapi.OVS_METER_ATTR_BANDS)
    refuse('EINVAL', 'OVS_METER_ATTR_ID', kdp.dp.meter, SET, good)
    refuse('EINVAL', 'OVS_METER_ATTR_BANDS', kdp.dp.meter, SET, u32(uapi.OVS_METER_ATTR_ID, 7))
    refuse('EINVAL', 'OVS_METER_ATTR_ID', kdp.dp.meter, GET)
    refuse('EINVAL', 'OVS_METER_ATTR_ID', kdp.dp.meter, DEL)
    if OURS:  # the kernel's own takes any for a drop
        refuse('EINVAL', 'OVS_BAND_ATTR_TYPE', kdp.dp.add_meter, 7, [(1, 1, 77)])
    refuse('EINVAL', 'OVS_BAND_ATTR_TYPE', kdp.dp.meter, SET, u32(uapi.OVS_METER_ATTR_ID, 7),
           nest(uapi.OVS_METER_ATTR_BANDS, nest(0, u32(uapi.OVS_BAND_ATTR_RATE, 1))))
    refuse('EINVAL', 'OVS_BAND_ATTR_RATE', kdp.dp.meter, SET, u32(uapi.OVS_METER_ATTR_ID, 7),
           nest(uapi.OVS_METER_ATTR_BANDS, nest(0, u32(uapi.OVS_BAND_ATTR_TYPE, 1))))
    refuse('EINVAL', 'OVS_METER_ATTR_BANDS', kdp.dp.add_meter, 7, [(1, 1)] * 1000)
    with pytest.raises(NlError):
        get(kdp.dp, 7)
    refuse('ENODEV', 'dp_ifindex', kdp.dp.nl.request, 'ovs_meter', GET, 9999,
           u32(uapi.OVS_METER_ATTR_ID, 7))
