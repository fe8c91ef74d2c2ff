"""Starts and ends the parts of the demo, and watches that all of them go on."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.paths import APPS, ROOT, artifacts
from harness.process import ManagedProcess
from harness.stack import Stack

from .fleet import WORKERS


class Orchestra:
    """Redis, workers, producer and gateway. `stop` ends every process that was started, whatever state they are in."""

    def __init__(self, listen: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix='celeriac-demo-'))
        self.stack = Stack(self.folder, WORKERS, durable=True)
        self.producer: ManagedProcess | None = None
        self.listen = listen

    def start(self) -> Orchestra:
        self.stack.start(listen=self.listen)
        environment = {'PYTHONPATH': os.pathsep.join([str(APPS), str(ROOT)])}
        command = [
            sys.executable,
            '-m',
            'demo.producer',
            self.stack.broker,
            self.stack.backend,
        ]
        self.producer = ManagedProcess(
            'producer',
            command,
            self.folder / 'producer.log',
            cwd=self.folder,
            env=environment,
        )
        return self

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        found = [self.stack.redis_server.process, self.producer]
        found += [worker.process for worker in self.stack.workers.values()]
        found += [self.stack.gateway.process if self.stack.gateway else None]
        return [process for process in found if process is not None]

    def failure(self) -> str | None:
        """What ended by itself, with its last words; None while all is well."""
        for process in self.processes:
            if not process.running:
                return f'{process.name} ended with code {process.returncode}\n{process.tail()}'
        return None

    def keep_logs(self) -> Path:
        """Copies the logs to where they survive `stop`."""
        target = artifacts() / 'demo-logs'
        target.mkdir(parents=True, exist_ok=True)
        for log in self.folder.rglob('*.log'):
            shutil.copyfile(log, target / log.name)
        return target

    def stop(self) -> None:
        if self.producer:
            self.producer.stop(2)
        self.stack.stop()
        for process in ManagedProcess.spawned:
            if process.running:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
