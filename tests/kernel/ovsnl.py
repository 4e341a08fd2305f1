# SPDX-License-Identifier: Apache-2.0
"""Generic Netlink to a kernel datapath, message by message, without a library in between.

Attributes are made as bytes by attr() and nest(), and come back as a Attrs, a dict of lists of
payloads.  Errors are raised as NlError, with what the kernel says in its extended
acknowledgement.  Flow keys and actions are made by odp.py."""

import errno
import os
import select
import socket
import struct
import time

import uapi

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_ECHO = 1, 4, 8
NLM_F_DUMP, NLM_F_CREATE, NLM_F_EXCL = 0x300, 0x400, 0x200
NLM_F_DUMP_INTR, NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x10, 0x100, 0x200
NETLINK_GENERIC = 16
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 1, 10, 11
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_POLICY, NLMSGERR_ATTR_MISS_TYPE = 1, 2, 4, 5
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_VERSION = 1, 2, 3
CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_MCAST_GRP_ID = 7, 1, 2


# ---- attributes

def attr(kind, payload=b''):
    """One attribute, padded; a payload that is a list of attributes makes a nest."""
    if not isinstance(payload, (bytes, bytearray)):
        payload = b''.join(payload)
    return struct.pack('=HH', 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def nest(kind, *attrs):
    return attr(kind, b''.join(attrs))


def u8(kind, value):
    return attr(kind, struct.pack('=B', value))


def u16(kind, value):
    return attr(kind, struct.pack('=H', value))


def u32(kind, value):
    return attr(kind, struct.pack('=I', value & 0xffffffff))


def be16(kind, value):
    return attr(kind, struct.pack('!H', value))


def be32(kind, value):
    return attr(kind, struct.pack('!I', value))


def be64(kind, value):
    return attr(kind, struct.pack('!Q', value))


def text(kind, value):
    return attr(kind, value.encode() + b'\0')


class Attrs(dict):
    """The attributes of a message or nest: kind -> payload (of a repeated one, the last)."""

    def __init__(self, data):
        super().__init__()
        self.all = []
        while len(data) >= 4:
            length, kind = struct.unpack_from('=HH', data)
            kind &= 0x3fff
            if not 4 <= length <= len(data):
                raise ValueError(f'an attribute of {length} octets in {len(data)}')
            self.all.append((kind, data[4:length]))
            self[kind] = data[4:length]
            data = data[(length + 3) & ~3:]

    def nest(self, kind):
        return Attrs(self[kind])

    def u8(self, kind):
        return self[kind][0]

    def u16(self, kind):
        return struct.unpack('=H', self[kind])[0]

    def u32(self, kind):
        return struct.unpack('=I', self[kind])[0]

    def u64(self, kind):
        return struct.unpack('=Q', self[kind])[0]

    def be16(self, kind):
        return struct.unpack('!H', self[kind])[0]

    def be32(self, kind):
        return struct.unpack('!I', self[kind])[0]

    def be64(self, kind):
        return struct.unpack('!Q', self[kind])[0]

    def text(self, kind):
        return self[kind].rstrip(b'\0').decode()


# ---- messages

class NlError(OSError):
    """A request was refused; 'msg' is the kernel's sentence, or ''; 'attr' is the kind of the
    attribute that it points at, or None; 'missing' the kind of one that is not there."""

    def __init__(self, code, msg, kind=None, missing=None):
        super().__init__(code, f'{os.strerror(code)}{": " + msg if msg else ""}')
        self.msg = msg
        self.attr = kind
        self.missing = missing

    @property
    def name(self):
        # one number, two names
        return errno.errorcode[self.errno].replace('ENOTSUP', 'EOPNOTSUPP')


class Message:
    """One received: command, dp_ifindex and attributes of a family of the datapath's."""

    def __init__(self, family, data):
        self.family = family
        self.cmd, self.version = data[0], data[1]
        self.dp_ifindex, = struct.unpack_from('=i', data, 4)
        self.attrs = Attrs(data[8:])


class Socket:
    """A Generic Netlink socket of the namespace that 'sock' is in (default: this one)."""

    _serial = 0

    def __init__(self, sock=None):
        self.sock = sock or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.bind((0, 0))
        self.pid = self.sock.getsockname()[0]
        self.seq = 0
        self.families = {}

    def close(self):
        self.sock.close()

    # ---- raw

    def send(self, kind, flags, payload):
        self.seq += 1
        self.sock.send(struct.pack('=IHHII', 16 + len(payload), kind, flags, self.seq,
                                   self.pid) + payload)
        return self.seq

    def recv(self, timeout=5):
        """The next datagram as a list of (kind, flags, seq, payload); [] after 'timeout'."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return []
        data = self.sock.recv(1 << 18)
        out = []
        while len(data) >= 16:
            length, kind, flags, seq, _ = struct.unpack_from('=IHHII', data)
            if not 16 <= length <= len(data):
                raise ValueError(f'a message of {length} octets in {len(data)}')
            out.append((kind, flags, seq, data[16:length]))
            data = data[(length + 3) & ~3:]
        return out

    @staticmethod
    def _error(flags, payload):
        code = -struct.unpack_from('=i', payload)[0]
        if not code:
            return None
        at = 4 + 16
        request_len, = struct.unpack_from('=I', payload, 4)
        if not flags & NLM_F_CAPPED:
            at = 4 + ((request_len + 3) & ~3)
        msg, kind, missing = '', None, None
        if flags & NLM_F_ACK_TLVS:
            tlvs = Attrs(payload[at:])
            if NLMSGERR_ATTR_MSG in tlvs:
                msg = tlvs.text(NLMSGERR_ATTR_MSG)
            if NLMSGERR_ATTR_OFFS in tlvs:
                offset = 4 + tlvs.u32(NLMSGERR_ATTR_OFFS)
                if offset + 4 <= len(payload):
                    kind = struct.unpack_from('=H', payload, offset + 2)[0] & 0x3fff
            if NLMSGERR_ATTR_MISS_TYPE in tlvs:
                missing = tlvs.u32(NLMSGERR_ATTR_MISS_TYPE)
        return NlError(code, msg, kind, missing)

    def transact(self, kind, flags, payload, timeout=5):
        """Sends a request and returns the payloads of its answers."""
        seq = self.send(kind, flags | NLM_F_REQUEST | NLM_F_ACK, payload)
        dump = flags & NLM_F_DUMP == NLM_F_DUMP
        out = []
        self.interrupted = False
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            for k, f, s, p in self.recv(left):
                if s != seq:
                    continue
                self.interrupted |= bool(f & NLM_F_DUMP_INTR)
                if k == NLMSG_ERROR:
                    if error := self._error(f, p):
                        raise error
                    return out
                if k == NLMSG_DONE and dump:
                    if len(p) >= 4 and struct.unpack_from('=i', p)[0]:
                        raise self._error(f, p) or NlError(errno.EIO, '')
                    return out
                out.append(p)
        raise TimeoutError(f'no answer to request {seq}')

    # ---- Generic Netlink

    def family(self, name):
        """(id, version, {multicast group: id}) of a family."""
        if name not in self.families:
            answer, = self.transact(GENL_ID_CTRL, 0, struct.pack('=BBH', CTRL_CMD_GETFAMILY, 1, 0) +
                                    text(CTRL_ATTR_FAMILY_NAME, name))
            a = Attrs(answer[4:])
            groups = {}
            if CTRL_ATTR_MCAST_GROUPS in a:
                for _, g in a.nest(CTRL_ATTR_MCAST_GROUPS).all:
                    g = Attrs(g)
                    groups[g.text(CTRL_ATTR_MCAST_GRP_NAME)] = g.u32(CTRL_ATTR_MCAST_GRP_ID)
            self.families[name] = (a.u16(CTRL_ATTR_FAMILY_ID), a.u32(CTRL_ATTR_VERSION), groups)
        return self.families[name]

    def join(self, family, group):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, self.family(family)[2][group])

    def request(self, family, cmd, dp_ifindex, *attrs, flags=0, version=None, timeout=5):
        """A request to a family of the datapath's; returns the Messages that answer it."""
        kind, v, _ = self.family(family)
        payload = struct.pack('=BBHi', cmd, v if version is None else version, 0, dp_ifindex)
        return [Message(family, p)
                for p in self.transact(kind, flags, payload + b''.join(attrs), timeout)]

    def messages(self, timeout=1):
        """What came unasked (upcalls, notifications) in the next datagram."""
        names = {v[0]: k for k, v in self.families.items()}
        return [Message(names[k], p) for k, _, _, p in self.recv(timeout) if k in names]


# ---- a datapath

class Upcall:
    """A packet that came up: 'miss' or 'action'."""

    def __init__(self, m):
        self.kind = {uapi.OVS_PACKET_CMD_MISS: 'miss', uapi.OVS_PACKET_CMD_ACTION: 'action'}[m.cmd]
        self.attrs = m.attrs
        self.packet = m.attrs[uapi.OVS_PACKET_ATTR_PACKET]
        self.raw_key = m.attrs[uapi.OVS_PACKET_ATTR_KEY]
        self.key = Attrs(self.raw_key)
        self.userdata = m.attrs.get(uapi.OVS_PACKET_ATTR_USERDATA)

    def __repr__(self):
        keys = ' '.join(f'{uapi.name("OVS_KEY_ATTR_", k)[13:]}={v.hex()}'
                        for k, v in self.key.items())
        return f'<{self.kind} {keys} {len(self.packet)} bytes>'


class Flow:
    """A flow as the datapath gives it."""

    def __init__(self, m):
        a = m.attrs
        self.cmd = m.cmd
        self.attrs = a
        self.ufid = a.get(uapi.OVS_FLOW_ATTR_UFID)
        self.key = Attrs(a.get(uapi.OVS_FLOW_ATTR_KEY, b''))
        self.mask = Attrs(a.get(uapi.OVS_FLOW_ATTR_MASK, b''))
        self.raw_key = a.get(uapi.OVS_FLOW_ATTR_KEY)
        self.raw_mask = a.get(uapi.OVS_FLOW_ATTR_MASK)
        self.actions = a.get(uapi.OVS_FLOW_ATTR_ACTIONS)
        self.n_packets, self.n_bytes = struct.unpack(
            '=QQ', a.get(uapi.OVS_FLOW_ATTR_STATS, bytes(16))[:16])
        self.tcp_flags = a.u8(uapi.OVS_FLOW_ATTR_TCP_FLAGS) \
            if uapi.OVS_FLOW_ATTR_TCP_FLAGS in a else 0
        self.used = a.u64(uapi.OVS_FLOW_ATTR_USED) if uapi.OVS_FLOW_ATTR_USED in a else None


class Datapath:
    """A datapath of its own, in the namespace that make_socket() makes sockets in."""

    def __init__(self, name, make_socket=lambda: None, features=None):
        self.name = name
        self.make_socket = make_socket
        self.nl = Socket(make_socket())
        self.up = Socket(make_socket())
        for family in ('ovs_datapath', 'ovs_vport', 'ovs_flow', 'ovs_packet'):
            self.up.family(family)
        if features is None:
            features = uapi.OVS_DP_F_UNALIGNED | uapi.OVS_DP_F_VPORT_PIDS
        m, = self.nl.request('ovs_datapath', uapi.OVS_DP_CMD_NEW, 0,
                             text(uapi.OVS_DP_ATTR_NAME, name),
                             u32(uapi.OVS_DP_ATTR_UPCALL_PID, self.up.pid),
                             u32(uapi.OVS_DP_ATTR_USER_FEATURES, features), flags=NLM_F_ECHO)
        self.ifindex = m.dp_ifindex

    def delete(self):
        self.nl.request('ovs_datapath', uapi.OVS_DP_CMD_DEL, self.ifindex)

    def close(self):
        self.nl.close()
        self.up.close()

    def get(self):
        """The attributes of the datapath."""
        m, = self.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, self.ifindex)
        return m.attrs

    def stats(self):
        """(hit, missed, lost, flows)."""
        return struct.unpack('=4Q', self.get()[uapi.OVS_DP_ATTR_STATS])

    def set(self, *attrs):
        return self.nl.request('ovs_datapath', uapi.OVS_DP_CMD_SET, self.ifindex, *attrs,
                               flags=NLM_F_ECHO)

    # ---- ports

    def add_port(self, name, kind=None, number=None, *more):
        """Adds a port, whose misses come up here, and returns its number."""
        kind = uapi.OVS_VPORT_TYPE_NETDEV if kind is None else kind
        attrs = [text(uapi.OVS_VPORT_ATTR_NAME, name), u32(uapi.OVS_VPORT_ATTR_TYPE, kind),
                 u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, self.up.pid), *more]
        if number is not None:
            attrs.append(u32(uapi.OVS_VPORT_ATTR_PORT_NO, number))
        m, = self.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_NEW, self.ifindex, *attrs,
                             flags=NLM_F_ECHO)
        return m.attrs.u32(uapi.OVS_VPORT_ATTR_PORT_NO)

    def del_port(self, number):
        self.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_DEL, self.ifindex,
                        u32(uapi.OVS_VPORT_ATTR_PORT_NO, number))

    def port(self, number=None, name=None):
        """The attributes of a port."""
        which = u32(uapi.OVS_VPORT_ATTR_PORT_NO, number) if name is None else \
            text(uapi.OVS_VPORT_ATTR_NAME, name)
        m, = self.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_GET, self.ifindex, which)
        return m.attrs

    def ports(self):
        """{name: number}"""
        return {m.attrs.text(uapi.OVS_VPORT_ATTR_NAME): m.attrs.u32(uapi.OVS_VPORT_ATTR_PORT_NO)
                for m in self.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_GET, self.ifindex,
                                         flags=NLM_F_DUMP)}

    # ---- flows

    def put(self, key, actions=b'', mask=None, *more, flags=NLM_F_CREATE | NLM_F_EXCL):
        """Installs a flow; key, mask and actions are the contents of their attributes."""
        attrs = [attr(uapi.OVS_FLOW_ATTR_KEY, key), attr(uapi.OVS_FLOW_ATTR_ACTIONS, actions),
                 *more]
        if mask is not None:
            attrs.append(attr(uapi.OVS_FLOW_ATTR_MASK, mask))
        self.nl.request('ovs_flow', uapi.OVS_FLOW_CMD_NEW, self.ifindex, *attrs, flags=flags)

    def flow(self, cmd, *attrs, flags=0):
        return [Flow(m) for m in self.nl.request('ovs_flow', cmd, self.ifindex, *attrs,
                                                 flags=flags)]

    def get_flow(self, key):
        f, = self.flow(uapi.OVS_FLOW_CMD_GET, attr(uapi.OVS_FLOW_ATTR_KEY, key))
        return f

    def flows(self, *attrs):
        return self.flow(uapi.OVS_FLOW_CMD_GET, *attrs, flags=NLM_F_DUMP)

    def flush(self):
        self.nl.request('ovs_flow', uapi.OVS_FLOW_CMD_DEL, self.ifindex)

    # ---- packets

    def execute(self, packet, key, actions, *more):
        self.nl.request('ovs_packet', uapi.OVS_PACKET_CMD_EXECUTE, self.ifindex,
                        attr(uapi.OVS_PACKET_ATTR_PACKET, bytes(packet)),
                        attr(uapi.OVS_PACKET_ATTR_KEY, key),
                        attr(uapi.OVS_PACKET_ATTR_ACTIONS, actions), *more)

    def upcalls(self, timeout=0.3, sock=None):
        """All upcalls until none has come for 'timeout' seconds."""
        out = []
        while messages := (sock or self.up).messages(timeout):
            out += [Upcall(m) for m in messages if m.family == 'ovs_packet']
        return out

    def upcall(self, timeout=3, sock=None, match=lambda u: True):
        """The next upcall for which match(it) is true; AssertionError without one."""
        end = time.monotonic() + timeout
        others = []
        while (left := end - time.monotonic()) > 0:
            for m in (sock or self.up).messages(left):
                if m.family != 'ovs_packet':
                    continue
                u = Upcall(m)
                if match(u):
                    return u
                others.append(u)
        raise AssertionError(f'the upcall did not come; got {others}')

    # ---- meters, limits of connections

    def meter(self, cmd, *attrs):
        return self.nl.request('ovs_meter', cmd, self.ifindex, *attrs, flags=NLM_F_ECHO)

    def add_meter(self, number, bands, kbps=False, *more):
        """bands: (rate, burst) each, or (rate, burst, kind)."""
        nests = []
        for rate, burst, *kind in bands:
            kind = kind[0] if kind else uapi.OVS_METER_BAND_TYPE_DROP
            nests.append(nest(0, u32(uapi.OVS_BAND_ATTR_TYPE, kind),
                              u32(uapi.OVS_BAND_ATTR_RATE, rate),
                              u32(uapi.OVS_BAND_ATTR_BURST, burst)))
        return self.meter(uapi.OVS_METER_CMD_SET, u32(uapi.OVS_METER_ATTR_ID, number),
                          *([attr(uapi.OVS_METER_ATTR_KBPS)] if kbps else []),
                          nest(uapi.OVS_METER_ATTR_BANDS, *nests), *more)

    def ct_limit(self, cmd, *zones):
        """zones: (zone, limit) each; returns {zone: (limit, count)} of the answer."""
        data = b''.join(struct.pack('=iII', z, limit, 0) for z, limit in zones)
        attrs = [nest(uapi.OVS_CT_LIMIT_ATTR_ZONE_LIMIT, data)] if zones else []
        out = {}
        for m in self.nl.request('ovs_ct_limit', cmd, self.ifindex, *attrs, flags=NLM_F_ECHO):
            data = m.attrs.get(uapi.OVS_CT_LIMIT_ATTR_ZONE_LIMIT, b'')
            for z, limit, count in struct.iter_unpack('=iII', data):
                out[z] = (limit, count)
        return out
