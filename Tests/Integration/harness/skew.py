"""A wrong clock for a process, by libfaketime."""

from __future__ import annotations

import shutil
import subprocess


def skewed(offset: str) -> dict[str, str]:
    """Environment under which a program's clock is `offset` off, such as '+1h'. Its monotonic clock stays right."""
    program = shutil.which('faketime')
    if program is None:
        raise FileNotFoundError('no faketime: bin/setup names the Debian package')
    shown = subprocess.run([program, '-f', offset, 'env'], capture_output=True, text=True, check=True).stdout
    values = dict(line.split('=', 1) for line in shown.splitlines() if '=' in line)
    return {'LD_PRELOAD': values['LD_PRELOAD'], 'FAKETIME': offset, 'FAKETIME_DONT_FAKE_MONOTONIC': '1'}
