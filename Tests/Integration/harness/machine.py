"""Where figures come from."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """One line about the machine."""
    model = next(
        (
            line.split(':', 1)[1].strip()
            for line in Path('/proc/cpuinfo').read_text().splitlines()
            if line.startswith('model name')
        ),
        platform.machine(),
    )
    return f'{os.cpu_count()} x {model}, Linux {platform.release()}'


def process_seconds(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
