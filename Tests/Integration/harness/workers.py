"""Real Celery workers as subprocesses."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .paths import APPS, old_celery, python_tool
from .process import ManagedProcess


@dataclass(frozen=True)
class WorkerSpec:
    """How to start a worker. `name` is the part before the @."""

    name: str
    pool: str = 'prefork'
    queues: Sequence[str] = ('celery',)
    concurrency: int = 1
    autoscale: tuple[int, int] | None = None
    events: bool = True
    pool_restarts: bool = False
    host: str = 'celeriac.test'
    app: str = 'apps.fleet'
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    is_old: bool = False
    """Whether it runs the Celery of Tests/requirements-old.txt."""

    @property
    def node(self) -> str:
        """The node name, as in events and in remote control."""
        return f'{self.name}@{self.host}'


class Worker:
    """One `celery worker`, ready to take tasks when `start` returns."""

    def __init__(self, spec: WorkerSpec, broker: str, backend: str, folder: Path) -> None:
        self.spec = spec
        self.broker = broker
        self.backend = backend
        self.folder = folder
        self.process: ManagedProcess | None = None
        self._starts = 0

    @property
    def node(self) -> str:
        return self.spec.node

    def launch(self) -> Worker:
        """Starts it without waiting."""
        spec = self.spec
        self._starts += 1
        command = [
            old_celery() if spec.is_old else python_tool('celery'),
            '-A',
            spec.app,
            'worker',
            '-n',
            spec.node,
            '-P',
            spec.pool,
            '-l',
            'INFO',
        ]
        command += ['-Q', ','.join(spec.queues)]
        if spec.autoscale:
            low, high = spec.autoscale
            command += [f'--autoscale={high},{low}']
        else:
            command += ['-c', str(spec.concurrency)]
        if spec.events:
            command.append('-E')
        command += spec.options
        env = {
            'CELERY_BROKER_URL': self.broker,
            'CELERY_RESULT_BACKEND': self.backend,
            'FLEET_POOL_RESTARTS': '1' if spec.pool_restarts else '0',
            'PYTHONPATH': os.pathsep.join([str(APPS)]),
            'PYTHONDONTWRITEBYTECODE': '1',
            'C_FORCE_ROOT': '1',
            'NO_COLOR': '1',
            **spec.env,
        }
        log = self.folder / f'worker-{spec.name}-{self._starts}.log'
        self.process = ManagedProcess(f'worker {spec.node}', command, log, cwd=self.folder, env=env)
        return self

    def wait_ready(self, timeout: float = 60) -> Worker:
        assert self.process
        self.process.wait_output(r' ready\.', timeout)
        return self

    def start(self) -> Worker:
        return self.launch().wait_ready()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.running

    def stop(self, grace: float = 10) -> None:
        if self.process:
            self.process.stop(grace)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
