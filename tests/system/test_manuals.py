# SPDX-License-Identifier: Apache-2.0
"""Manual pages say what programs say of themselves, no more and no less: options as in --help and
--option, commands with their arguments as in --help and list-commands."""

import re
import shutil
import subprocess

import pytest

from rig.tools import TOP

PAGES = {
    'ovs-appctl': 'utilities/ovs-appctl.8.scd',
    'ovs-dpctl': 'utilities/ovs-dpctl.8.scd',
    'ovs-vsctl': 'utilities/ovs-vsctl.8.scd',
    'ovs-vswitchd': 'vswitchd/ovs-vswitchd.8.scd',
    'ovsdb-client': 'ovsdb/ovsdb-client.1.scd',
    'ovsdb-server': 'ovsdb/ovsdb-server.1.scd',
    'ovsdb-tool': 'ovsdb/ovsdb-tool.1.scd',
}
# of every daemon, if it is asked to (time/...), described in the page of ovs-appctl
DAEMON_PREFIXES = ('coverage/', 'memory/', 'time/', 'vlog/')


class Page:
    """The terms of a page: paragraphs that do not begin with a tab and are followed by one that
    does.  'options' maps --name to its argument ('', '=', '[='); 'commands' is a set of usages."""

    def __init__(self, path):
        r = subprocess.run([str(TOP / 'utilities/man/expand'), str(TOP / path)],
                           capture_output=True, text=True, check=True)
        self.text = r.stdout
        self.options = {}
        self.commands = set()
        heading = ''
        lines = self.text.splitlines()
        for line, after in zip(lines, lines[1:]):
            if line.startswith('#'):
                heading = line if line.startswith('# ') else heading
            elif after.startswith('\t') and line and line[0] != '\t':
                plain = re.sub(r'(?<!\\)[*]|(?<![\w\\])_|_(?!\w)', '', line)
                plain = re.sub(r'\\(.)', r'\1', plain)
                if plain.startswith('-'):
                    self.add_options(plain)
                elif 'COMMANDS' in heading:
                    self.add_commands(plain)

    def add_options(self, plain):
        for word in plain.split(', '):
            name, arg = re.match(r'(-[-\w]+)(\[?=?)', word).groups()
            assert name not in self.options, f'{name} is described twice'
            self.options[name] = arg

    def add_commands(self, plain):
        # several commands in one paragraph have no arguments
        parts = plain.split(', ')
        if not all(re.fullmatch(r'[-\w/]+', p) for p in parts):
            parts = [plain]
        for p in parts:
            assert normal(p) not in self.commands, f'{p} is described twice'
            self.commands.add(normal(p))


def normal(usage):
    """A usage without what markup and case may change."""
    return re.sub(r'\s+', ' ', usage.strip()).lower()


def output(tools, program, *args):
    r = subprocess.run([tools.path(program), *args], capture_output=True, text=True, timeout=20,
                       env=tools.env)
    assert r.returncode == 0, r.stderr
    return r.stdout


def shown_options(help_text):
    """The options of --help."""
    names = set()
    for line in help_text.splitlines():
        m = re.match(r'  (?:(-\w), )?(--[-\w]+)', line)
        if m:
            names.update(n for n in m.groups() if n)
    return names


def listed_options(text):
    """The options of --option: name to the form of the argument."""
    out = {}
    for line in text.splitlines():
        m = re.fullmatch(r'(--?[-\w]+)(?:(=| )(\[?)ARG\]?)?', line)
        assert m, line
        name, sep, bracket = m.groups()
        out[name] = '' if not sep else '[=' if bracket else '='
    return out


def list_commands(text):
    return {normal(line) for line in text.splitlines()[1:] if line.strip()}


@pytest.fixture
def ours(daemons):
    if daemons.name != 'our':
        pytest.skip('our pages describe our programs')
    return daemons


@pytest.mark.parametrize('program', PAGES)
def test_options(ours, program):
    page = Page(PAGES[program])
    listed = listed_options(output(ours, program, '--option'))
    shown = shown_options(output(ours, program, '--help'))
    assert shown, 'no options were found in --help'
    assert shown <= set(listed), 'in --help, but not in --option'
    assert set(page.options) == shown
    for name in shown:
        if name.startswith('--'):
            assert page.options[name] == listed[name], f'argument of {name}'


@pytest.mark.parametrize('program,column', [('ovs-vsctl', 42), ('ovsdb-tool', 26),
                                            ('ovsdb-client', 0)])
def test_commands_of_help(ours, program, column):
    """'column' is where --help says what a command does, if that stands in the same line."""
    text = output(ours, program, '--help')
    head = re.split(r'\nA RECORD|\nOptions|\nThe default', text)[0]
    commands = set()
    for line in head.splitlines():
        if re.match(r'  \S', line):
            cut = column and re.match(r' [a-z]', line[column - 1:])
            usage = line[2:column] if cut else line[2:]
            commands.add(normal(usage))
    described = set(Page(PAGES[program]).commands)
    if program == 'ovsdb-tool':
        # these two are not worth a line of --help
        listed = list_commands(output(ours, program, 'list-commands'))
        described -= {'help', 'list-commands'}
        assert listed == commands | {'help', 'list-commands'}
    assert len(commands) > 10
    assert described == commands


def test_commands_of_dpctl(ours):
    """Its commands, which are those of ovs-vswitchd without a prefix."""
    commands = list_commands(output(ours, 'ovs-dpctl', 'list-commands'))
    assert Page(PAGES['ovs-dpctl']).commands == commands
    assert {c.removeprefix('dpctl/') for c in Page(PAGES['ovs-vswitchd']).commands
            if c.startswith('dpctl/')} == commands - {'help'}
    shown = output(ours, 'ovs-dpctl', 'help')
    assert shown == output(ours, 'ovs-dpctl', '--help')
    for c in commands:
        assert re.search(rf'^  {re.escape(c.split()[0])} ', shown, re.M), c


def test_vsctl_completion_list(ours):
    """--commands knows the same commands as the page."""
    names = {line.split(',')[1] for line in output(ours, 'ovs-vsctl', '--commands').splitlines()}
    page = Page(PAGES['ovs-vsctl'])
    described = {next(w for w in re.sub(r'\[--.*?\]', '', c).split()) for c in page.commands}
    assert names == described


@pytest.mark.parametrize('daemon', ['ovs-vswitchd', 'ovsdb-server'])
def test_commands_of_daemons(ours, dummy, daemon):
    common = Page(PAGES['ovs-appctl']).commands
    own = Page(PAGES[daemon]).commands
    commands = list_commands(dummy.appctl('list-commands', target=daemon))
    if daemon == 'ovsdb-server':
        assert not any(c.startswith('time/') for c in commands)
        common = {c for c in common if not c.startswith('time/')}
    own_names = {c.split()[0] for c in own}
    expected = own | {c for c in common if c.split()[0] not in own_names}
    assert commands == expected
    # what the page of ovs-appctl has, no page of a daemon has again
    assert not [c for c in own if c.startswith(DAEMON_PREFIXES)]


def test_appctl_help(ours):
    """The common commands in the help of ovs-appctl are in its page."""
    text = output(ours, 'ovs-appctl', '--help').split('Common commands:')[1].split('Options:')[0]
    names = set(re.findall(r'^  (\S+)', text, re.M))
    assert len(names) > 3
    assert names <= {c.split()[0] for c in Page(PAGES['ovs-appctl']).commands}


def test_pages_can_be_formatted(ours):
    if not shutil.which('scdoc'):
        pytest.skip('scdoc is not installed')
    pages = {p: Page(path).text for p, path in PAGES.items()}
    words = ('utilities/man/conf-db.py', 'vswitchd/vswitch.ovsschema', 'vswitchd/vswitch.doc')
    r = subprocess.run([str(TOP / w) for w in words], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    pages['ovs-vswitchd.conf.db'] = r.stdout
    for name, text in pages.items():
        r = subprocess.run(['scdoc'], input=text, capture_output=True, text=True)
        assert r.returncode == 0, f'{name}: {r.stderr}'
        assert r.stdout.startswith('.\\"') and f'.TH "{name}"' in r.stdout


def test_references_exist(ours):
    """A page that another refers to is there."""
    sections = {p: path.rsplit('.', 2)[1] for p, path in PAGES.items()}
    sections['ovs-vswitchd.conf.db'] = '5'
    for program, path in PAGES.items():
        for name, section in re.findall(r'\*([-.\w]+)\*\((\d)\)', Page(path).text):
            assert sections.get(name) == section, f'{program} refers to {name}({section})'
