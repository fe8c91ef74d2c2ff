"""A private redis-server on a free loopback port."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import redis

from .process import ManagedProcess
from .waiting import wait_for

# Below Linux's range for outgoing connections (32768 and up), so that no client can take the port while the server restarts.
PORTS = range(20000, 32000)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    for _ in range(200):
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port
    raise RuntimeError('no free port found')


class RedisServer:
    """Start, kill and restart one server; the port and the data folder stay the same."""

    def __init__(self, folder: Path, *, durable: bool = False, options: list[str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.durable = durable
        self.options = options or []
        self.process: ManagedProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def url(self, db: int = 0) -> str:
        return f'redis://127.0.0.1:{self.port}/{db}'

    def client(self, db: int = 0) -> redis.Redis:
        return redis.Redis(port=self.port, db=db, decode_responses=False, socket_timeout=5)

    def start(self) -> RedisServer:
        for attempt in range(5):
            if attempt:
                self.port = free_port()
            self._launch()
            assert self.process
            try:
                self.process.wait_output('Ready to accept connections', 15)
            except AssertionError:
                if 'Address already in use' not in self.process.output() or attempt == 4:
                    raise
                continue
            break
        return self

    def _launch(self) -> None:
        log = self.folder / 'redis.log'
        log.unlink(missing_ok=True)
        command = ['redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--dir', str(self.folder)]
        command += ['--daemonize', 'no', '--maxmemory-policy', 'noeviction']
        command += ['--appendonly', 'yes', '--appendfsync', 'everysec'] if self.durable else ['--appendonly', 'no']
        command += ['--save', '', *self.options]
        self.process = ManagedProcess('redis-server', command, log)

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        if self.process:
            self.process.kill()

    def restart(self) -> None:
        """Starts it again on its old port, after `kill` or `stop`."""
        self._launch()
        wait_for(self._answers, 15, 'redis to answer after its restart')

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        if self.process:
            self.process.stop()
