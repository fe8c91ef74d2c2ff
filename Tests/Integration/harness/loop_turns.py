"""How long the turns of a process's event loop take, from inside: between epoll telling what is ready, and being asked again."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EVENTS = 'syscalls:sys_enter_epoll_wait,syscalls:sys_exit_epoll_wait'
PATIENCE = 10
"""Seconds for perf to begin."""
LINE = re.compile(r'^\s*(\d+)\s+(\d+\.\d+):\s+syscalls:sys_(enter|exit)_epoll_wait')


@dataclass
class Turns:
    """Seconds of each turn; none if perf is not here, or may not be used."""

    seconds: list[float] = field(default_factory=list)


@contextmanager
def loop_turns(pid: int) -> Iterator[Turns]:
    """Records all turns of all loops of a process; they are known behind the block."""
    turns = Turns()
    perf = shutil.which('perf')
    if not perf:
        yield turns
        return
    with tempfile.TemporaryDirectory() as folder:
        file, control, answer = (Path(folder) / name for name in ('turns', 'control', 'answer'))
        os.mkfifo(control)
        os.mkfifo(answer)
        command = [perf, 'record', '-q', '-e', EVENTS, '-p', str(pid), '-o', str(file), '-D', '-1']
        command += ['--control', f'fifo:{control},{answer}']
        # Opened for both, so that nobody waits for the other to open it.
        with control.open('r+b', 0) as orders, answer.open('r+b', 0) as answers:
            recorder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                orders.write(b'enable\n')
                # Not here, or not allowed: then there are no turns.
                select.select([answers], [], [], PATIENCE)
                yield turns
            finally:
                recorder.send_signal(signal.SIGINT)
                recorder.wait(30)
        told = subprocess.run(
            [perf, 'script', '-i', str(file), '-F', 'tid,time,event', '--ns'], capture_output=True, text=True, check=False
        )
        turns.seconds = list(durations(told.stdout))


def durations(text: str) -> Iterator[float]:
    """From each return of epoll to the next call of the same thread."""
    began: dict[str, float] = {}
    for line in text.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        thread, moment, what = found[1], float(found[2]), found[3]
        if what == 'exit':
            began[thread] = moment
        elif thread in began:
            yield moment - began.pop(thread)
