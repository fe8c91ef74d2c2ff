"""A wrong clock for a process, by libfaketime."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def skewed(offset: str) -> dict[str, str]:
    """Environment under which a program's clock is `offset` off, such as '+1h'. Its monotonic clock stays right."""
    program = shutil.which('faketime')
    if program is None:
        raise FileNotFoundError('no faketime: bin/setup names the Debian package')
    shown = subprocess.run([program, '-f', offset, 'env'], capture_output=True, text=True, check=True).stdout
    values = dict(line.split('=', 1) for line in shown.splitlines() if '=' in line)
    return {'LD_PRELOAD': values['LD_PRELOAD'], 'FAKETIME': offset, 'FAKETIME_DONT_FAKE_MONOTONIC': '1'}


def settable(file: Path, offset: str = '+0') -> dict[str, str]:
    """Environment under which a program's clock follows `file`: a test sets it by `set_clock`."""
    set_clock(file, offset)
    values = skewed('+0')
    del values['FAKETIME']
    # Named here, libfaketime need not set it: that would move the environment, behind which Swift looks for the arguments.
    shared = f'/celeriac_sem_{os.getpid()} /celeriac_shm_{os.getpid()}'
    return {**values, 'FAKETIME_TIMESTAMP_FILE': str(file), 'FAKETIME_NO_CACHE': '1', 'FAKETIME_SHARED': shared}


def set_clock(file: Path, offset: str) -> None:
    """Sets the clock of a program that runs: at once for its next look."""
    following = file.with_suffix('.next')
    following.write_text(offset + '\n')
    following.replace(file)
