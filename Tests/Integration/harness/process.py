"""A program that was started by us, in a process group of its own, with its output in a file."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from .waiting import NotReachedError


def outer_environment() -> dict[str, str]:
    """Our environment without CELERIAC_*: those are for us, or would be settings of a gateway that we start."""
    return {name: value for name, value in os.environ.items() if not name.startswith('CELERIAC_')}


class ManagedProcess:
    """Runs `command`; `stop` ends it and all its children. Output (both streams) goes to `log`."""

    spawned: ClassVar[list[ManagedProcess]] = []
    """All that were started, also those whose owner was interrupted before it could keep them."""
    is_spawning: ClassVar[bool] = False
    """Whether one is being started: a handler that raised now would lose it, and keeps its signal in `held_signal`."""
    held_signal: ClassVar[signal.Signals | None] = None

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.command = list(command)
        log.parent.mkdir(parents=True, exist_ok=True)
        ManagedProcess.is_spawning = True
        try:
            with log.open('ab') as output:
                self._popen = subprocess.Popen(
                    self.command,
                    cwd=cwd,
                    env={**outer_environment(), **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            ManagedProcess.spawned.append(self)
        finally:
            ManagedProcess.is_spawning = False
        if (number := ManagedProcess.held_signal) is not None:
            ManagedProcess.held_signal = None
            signal.raise_signal(number)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs."""
        return self._popen.poll()

    @property
    def running(self) -> bool:
        return self.returncode is None

    def output(self) -> str:
        """Everything it wrote so far."""
        return self.log.read_text(encoding='utf-8', errors='replace')

    def tail(self, lines: int = 30) -> str:
        return '\n'.join(self.output().splitlines()[-lines:])

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the program alone, not to its children."""
        if self.running:
            os.kill(self.pid, number)

    def wait_exit(self, timeout: float) -> int:
        """Waits for the end of the program and gives its exit code."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise NotReachedError(f'{self.name} did not end within {timeout:g} s\n{self.tail()}') from None

    def wait_output(self, pattern: str, timeout: float) -> re.Match[str]:
        """Waits until the output matches; fails at once when the program ends."""
        deadline = time.monotonic() + timeout
        expression = re.compile(pattern)
        while True:
            ended = not self.running
            if match := expression.search(self.output()):
                return match
            if ended:
                raise NotReachedError(f'{self.name} ended with code {self.returncode} before /{pattern}/\n{self.tail()}')
            if time.monotonic() > deadline:
                raise NotReachedError(f'{self.name}: no /{pattern}/ within {timeout:g} s\n{self.tail()}')
            time.sleep(0.05)

    def stop(self, grace: float = 10.0) -> None:
        """SIGTERM to the program, SIGKILL after `grace`; in the end nothing of its group is left. May be called twice."""
        if self.running:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
