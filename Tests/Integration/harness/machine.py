"""Where figures come from."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
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


def open_as_many_as_allowed() -> None:
    """Lets this process, and those that it starts, have as many descriptors as they may."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def process_seconds(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def process_nanoseconds(pid: int) -> int:
    """CPU time of all threads that a process has now, finer than `process_seconds`, which counts hundredths."""
    return sum(int(file.read_text().split()[0]) for file in Path(f'/proc/{pid}/task').glob('*/schedstat'))


def pin(pid: int, core: int) -> None:
    """Keeps all threads that a process has, and so those that they start, on one core. Nothing on a machine with one."""
    if (os.cpu_count() or 1) < 2:
        return
    for task in Path(f'/proc/{pid}/task').iterdir():
        os.sched_setaffinity(int(task.name), {core})


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return _status(pid, 'VmRSS')


def peak_bytes(pid: int) -> int:
    """The most that was resident of a process so far."""
    return _status(pid, 'VmHWM')


def forget_peak(pid: int) -> None:
    """`peak_bytes` is from now on the most since now."""
    Path(f'/proc/{pid}/clear_refs').write_text('5')


def _status(pid: int, name: str) -> int:
    line = next(line for line in Path(f'/proc/{pid}/status').read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def open_descriptors(pid: int) -> int:
    """Descriptors that a process has open."""
    return sum(1 for _ in Path(f'/proc/{pid}/fd').iterdir())


def open_sockets(pid: int) -> int:
    """Sockets among them."""
    links = []
    for file in Path(f'/proc/{pid}/fd').iterdir():
        # One that was closed meanwhile has no name any more.
        with contextlib.suppress(FileNotFoundError):
            links.append(str(file.readlink()))
    return sum(link.startswith('socket:') for link in links)
