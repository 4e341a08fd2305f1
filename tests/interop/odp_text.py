# SPDX-License-Identifier: Apache-2.0
"""Random texts of datapath flows and actions: every attribute that has a text, with values from all
over its range."""

import ipaddress


class Source:
    """'rng' decides; each method makes one kind of text."""

    def __init__(self, rng):
        self.rng = rng

    def number(self, bits, low=0):
        r = self.rng
        top = 2**bits - 1
        return r.choice([low, top, r.randint(low, top), r.randint(low, top)])

    def mac(self):
        return ':'.join(f'{self.number(8):02x}' for _ in range(6))

    def ip4(self):
        return str(ipaddress.IPv4Address(self.number(32, 1)))

    def ip6(self):
        return str(ipaddress.IPv6Address(self.number(128, 1)))

    def eth(self, members=('src', 'dst')):
        return ','.join(f'{m}={self.mac()}' for m in members)

    def some(self, **members):
        """Some of the members, at least one, in order."""
        names = [m for m in members if self.rng.random() < .6] or [self.rng.choice(list(members))]
        return ','.join(f'{m}={members[m]}' for m in members if m in names)

    # ---- actions

    def action(self, depth=2):
        kinds = [k for k in dir(self) if k.startswith('act_')]
        if not depth:
            kinds = [k for k in kinds if k[4:] not in ('sample', 'clone', 'check_pkt_len')]
        return getattr(self, self.rng.choice(kinds))(depth - 1)

    def actions(self, n=None, depth=2):
        return ','.join(self.action(depth) for _ in range(n or self.rng.randint(1, 5)))

    def act_output(self, _):
        return str(self.number(16))

    def act_trunc(self, _):
        return f'trunc({self.number(16, 14)}),{self.number(16)}'

    def act_recirc(self, _):
        return f'recirc({self.number(32)})'

    def act_hash(self, _):
        return f'hash({self.rng.choice(["l4", "sym_l4"])}({self.number(32)}))'

    def act_vlan(self, _):
        return self.rng.choice([
            'pop_vlan', f'push_vlan(vid={self.number(12)},pcp={self.number(3)})',
            f'push_vlan(tpid=0x88a8,vid={self.number(12)},pcp={self.number(3)})',
            f'push_vlan(vid={self.number(12)},pcp={self.number(3)},cfi=0)'])

    def act_mpls(self, _):
        lse = (f'label={self.number(20)},tc={self.number(3)},ttl={self.number(8)},'
               f'bos={self.number(1)}')
        return self.rng.choice([f'push_mpls({lse},eth_type=0x8847)',
                                f'push_mpls({lse},eth_type=0x8848)', 'pop_mpls(eth_type=0x800)'])

    def act_push_eth(self, _):
        return self.rng.choice(['pop_eth', f'push_eth({self.eth()})'])

    def act_sample(self, depth):
        return (f'sample(sample={self.rng.choice([0, 12.5, 50, 100, 33.3])}%,'
                f'actions({self.actions(2, depth)}))')

    def act_clone(self, depth):
        return f'clone({self.actions(2, depth)})'

    def act_check_pkt_len(self, depth):
        return (f'check_pkt_len(size={self.number(16)},gt({self.actions(1, depth)}),'
                f'le({self.actions(1, depth)}))')

    def act_meter(self, _):
        return f'meter({self.number(31)})'

    def act_userspace(self, _):
        r = self.rng
        data = ''.join(f'{self.number(8):02x}' for _ in range(r.randint(8, 20)))
        tail = r.choice(['', ',actions', ',tunnel_out_port=7', ',actions,tunnel_out_port=1'])
        return f'userspace(pid={self.number(32)},userdata({data}){tail})'

    def act_ct(self, _):
        r = self.rng
        if r.random() < .1:
            return 'ct_clear'
        parts = []
        commit = r.random() < .7
        if commit:
            parts.append(r.choice(['commit', 'force_commit']))
        if r.random() < .5:
            parts.append(f'zone={self.number(16)}')
        if commit and r.random() < .5:
            parts.append(f'mark={self.number(32):#x}/{self.number(32):#x}')
        if commit and r.random() < .5:
            parts.append(f'label={self.number(128):#x}/{self.number(128):#x}')
        if commit and r.random() < .3:
            parts.append(f'helper={r.choice(["ftp", "tftp"])}')
        if commit and r.random() < .3:
            parts.append('timeout=ovs_tp_0_tcp4')
        if r.random() < .5:
            parts.append(self.nat(commit))
        return f'ct({",".join(parts)})' if parts else 'ct'

    def nat(self, commit):
        r = self.rng
        if not commit:
            return 'nat'
        kind = r.choice(['src', 'dst'])
        low, high = sorted(self.number(32, 1) for _ in range(2))
        text = str(ipaddress.IPv4Address(low))
        if r.random() < .5 and low != high:
            text += f'-{ipaddress.IPv4Address(high)}'
        if r.random() < .5:
            first, last = sorted(self.number(16, 1) for _ in range(2))
            text += f':{first}' + (f'-{last}' if first != last else '')
        flags = r.choice(['', ',persistent', ',hash', ',random', ',persistent,random'])
        return f'nat({kind}={text}{flags})'

    def act_set(self, _):
        r = self.rng
        ports = {'src': self.number(16), 'dst': self.number(16)}
        ip4 = {'src': self.ip4(), 'dst': self.ip4(), 'tos': f'{self.number(8):#x}',
               'ttl': self.number(8)}
        ip6 = {'src': self.ip6(), 'dst': self.ip6(), 'tclass': f'{self.number(8):#x}',
               'hlimit': self.number(8)}
        arp = {'sip': self.ip4(), 'tip': self.ip4(), 'op': r.choice([1, 2]), 'sha': self.mac(),
               'tha': self.mac()}
        nd = {'target': self.ip6(), 'sll': self.mac(), 'tll': self.mac()}
        return r.choice([
            lambda: f'set(skb_priority({self.number(32):#x}))',
            lambda: f'set(skb_mark({self.number(32):#x}))',
            lambda: f'set(eth({self.eth()}))',
            lambda: f'set(eth({self.eth(["dst"])}))',
            lambda: f'set(ipv4({self.some(**ip4)}))',
            lambda: f'set(ipv6({self.some(**ip6)}))',
            lambda: f'set(tcp({self.some(**ports)}))',
            lambda: f'set(udp({self.some(**ports)}))',
            lambda: f'set(sctp({self.some(**ports)}))',
            lambda: f'set(arp({self.some(**arp)}))',
            lambda: f'set(nd({self.some(**nd)}))',
            lambda: f'set(icmp(type={self.number(8)},code={self.number(8)}))',
            lambda: (f'set(mpls(label={self.number(20)},tc={self.number(3)},ttl={self.number(8)},'
                     f'bos={self.number(1)}))'),
            lambda: f'set(tunnel({self.tunnel()}))',
        ])()

    def tunnel(self, erspan=True):
        r = self.rng
        v6 = r.random() < .3
        parts = []
        if r.random() < .7:
            parts.append(f'tun_id={self.number(64):#x}')
        src, dst = ('ipv6_src', 'ipv6_dst') if v6 else ('src', 'dst')
        ip = self.ip6 if v6 else self.ip4
        parts += [f'{src}={ip()}', f'{dst}={ip()}']
        if r.random() < .5:
            parts.append(f'tos={self.number(8, 1):#x}')
        parts.append(f'ttl={self.number(8, 1)}')
        if r.random() < .5:
            parts.append(f'tp_src={self.number(16, 1)}')
        if r.random() < .5:
            parts.append(f'tp_dst={self.number(16, 1)}')
        if r.random() < .2:
            parts.append(f'geneve({{class={self.number(16):#x},type={self.number(8):#x},len=4,'
                         f'{self.number(32, 1):#x}}})')
        elif r.random() < .2:
            parts.append(f'vxlan(gbp(id={self.number(16, 1)},flags={self.number(8):#x}))')
        elif erspan and r.random() < .2:
            parts.append(f'erspan(ver=1,idx={self.number(20):#x})')
        flags = [f for f in ('df', 'csum') if r.random() < .5]
        if parts[0].startswith('tun_id'):
            flags.append('key')
        parts.append(f'flags({"|".join(flags)})')
        return ','.join(parts)

    # ---- flows

    def masked(self, value, bits, form='{}'):
        """A number with a mask, or without."""
        if self.rng.random() < .5:
            return form.format(value)
        mask = self.number(bits, 1)
        return form.format(value & mask) + '/' + hex(mask)

    def mac_masked(self):
        r = self.rng
        if r.random() < .6:
            return self.mac()
        n = r.randint(1, 5)
        mac = self.mac().split(':')[:n] + ['00'] * (6 - n)
        return ':'.join(mac) + '/' + ':'.join(['ff'] * n + ['00'] * (6 - n))

    def ip4_masked(self):
        n = self.rng.choice([32, 24, 8, 17])
        net = ipaddress.ip_network(f'{self.ip4()}/{n}', strict=False)
        return str(net.network_address) + (f'/{net.netmask}' if n < 32 else '')

    def ip6_masked(self):
        n = self.rng.choice([128, 64, 8, 49])
        net = ipaddress.ip_network(f'{self.ip6()}/{n}', strict=False)
        return str(net.network_address) + (f'/{net.netmask}' if n < 128 else '')

    def flow(self):
        r = self.rng
        parts = []
        if r.random() < .3:
            parts.append(f'skb_priority({self.masked(self.number(32), 32, "{:#x}")})')
        if r.random() < .2:
            # 3.1 shows a mask of 0 there
            parts.append(f'tunnel({self.tunnel(erspan=False)})')
        if r.random() < .3:
            parts.append(f'skb_mark({self.masked(self.number(32), 32, "{:#x}")})')
        if r.random() < .4:
            parts.append(f'ct_state({r.choice(["+new", "+trk+est", "+trk-inv+rpl", "-trk"])})')
            parts.append(f'ct_zone({self.masked(self.number(16), 16, "{:#x}")})')
            parts.append(f'ct_mark({self.masked(self.number(32), 32, "{:#x}")})')
            parts.append(f'ct_label({self.masked(self.number(128), 128, "{:#x}")})')
        parts.append(f'recirc_id({self.number(32):#x})')
        if r.random() < .3:
            parts.append(f'dp_hash({self.masked(self.number(32), 32, "{:#x}")})')
        parts.append(f'in_port({r.randint(1, 2)})')
        parts.append(f'eth(src={self.mac_masked()},dst={self.mac_masked()})')
        l3 = self.l3()
        if r.random() < .3:
            vlan = f'vlan(vid={self.masked(self.number(12), 12)},pcp={self.number(3)})'
            parts.append(f'eth_type(0x8100),{vlan},encap({l3})')
        else:
            parts.append(l3)
        return ','.join(parts)

    def ports(self):
        return (f'src={self.masked(self.number(16), 16)},'
                f'dst={self.masked(self.number(16), 16)}')

    def l3(self):
        return self.rng.choice([self.l3_ip4, self.l3_ip6, self.l3_arp, self.l3_mpls,
                                lambda: f'eth_type({self.rng.choice([0x88cc, 0x88b5]):#06x})'])()

    def l4(self, v6):
        r = self.rng
        tcp = 6, lambda: (f'tcp({self.ports()})' +
                          r.choice(['', ',tcp_flags(syn|ack)', ',tcp_flags(+syn-ack)']))
        udp = 17, lambda: f'udp({self.ports()})'
        sctp = 132, lambda: f'sctp({self.ports()})'
        icmp = 1, lambda: f'icmp(type={self.number(8)},code={self.number(8)})'
        icmp6 = 58, lambda: f'icmpv6(type={r.choice([1, 128, 129])},code={self.number(8)})'
        nd = 58, lambda: (f'icmpv6(type=135,code=0),nd(target={self.ip6()},'
                          f'sll={self.mac()},tll=00:00:00:00:00:00)')
        other = 99, lambda: ''
        proto, text = r.choice([tcp, udp, sctp, other] + ([icmp6, nd] if v6 else [icmp]))
        return proto, text()

    def l3_ip4(self):
        proto, l4 = self.l4(False)
        frag = self.rng.choice(['no'] * 5 + ['first'])
        text = (f'eth_type(0x0800),ipv4(src={self.ip4_masked()},dst={self.ip4_masked()},'
                f'proto={proto},tos={self.masked(self.number(8), 8, "{:#x}")},'
                f'ttl={self.number(8)},frag={frag})')
        return f'{text},{l4}' if l4 else text

    def l3_ip6(self):
        proto, l4 = self.l4(True)
        text = (f'eth_type(0x86dd),ipv6(src={self.ip6_masked()},dst={self.ip6_masked()},'
                f'label={self.masked(self.number(20), 20, "{:#x}")},proto={proto},'
                f'tclass={self.number(8):#x},hlimit={self.number(8)},frag=no)')
        return f'{text},{l4}' if l4 else text

    def l3_arp(self):
        r = self.rng
        return (f'eth_type(0x0806),arp(sip={self.ip4_masked()},tip={self.ip4_masked()},'
                f'op={r.choice([1, 2])},sha={self.mac_masked()},tha={self.mac_masked()})')

    def l3_mpls(self):
        return (f'eth_type(0x8847),mpls(label={self.masked(self.number(20), 20)},'
                f'tc={self.number(3)},ttl={self.number(8)},bos=1)')
