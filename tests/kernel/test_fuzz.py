# SPDX-License-Identifier: Apache-2.0
"""Damaged requests to all families, and packets through what they installed (fuzz/).

FUZZ_SECONDS makes it longer than it is by default; FUZZ_ARGS are more arguments of fuzz_netlink,
such as the --seed and --round that it printed when it failed."""

import os
import subprocess
import time

import pytest

from rig import tools

SECONDS = int(os.environ.get('FUZZ_SECONDS', 10))


@pytest.mark.differs('stock', 'it warns of what it was sent')
@pytest.mark.timeout(2 * SECONDS + 300)
@pytest.mark.parametrize('noise', [(), ('--noise',)], ids=['alone', 'noise'])
def test_fuzz_netlink(noise):
    """Alone, so that a seed repeats all; and while another process sends frames all the time."""
    args = ['--strict', f'--seed={int(time.time())}', f'--seconds={SECONDS}', *noise,
            *os.environ.get('FUZZ_ARGS', '').split()]
    p = subprocess.run([tools.BUILD / 'tests/kernel/fuzz_netlink', *args],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(p.stdout)
    assert p.returncode == 0, p.stdout
