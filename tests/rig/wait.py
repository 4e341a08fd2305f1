# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, never for a time."""

import time


def wait_until(condition, timeout=10, what=None, interval=0.02):
    """Calls 'condition' until it returns something true, and returns that.

    An AssertionError in it counts as "not yet"; the last one is raised at the end."""
    end = time.monotonic() + timeout
    while True:
        error = None
        try:
            value = condition()
            if value:
                return value
        except AssertionError as e:
            error = e
        if time.monotonic() > end:
            what = what or getattr(condition, '__name__', 'condition')
            why = f': {error}' if error else ''
            raise AssertionError(f'not within {timeout} s: {what}{why}')
        time.sleep(interval)
