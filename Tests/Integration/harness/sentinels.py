"""A master, a replica and three Sentinels from the machine's packages, all with passwords: what dies is followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis

from .process import ManagedProcess
from .redis_server import free_port
from .waiting import wait_for

USER, PASSWORD = 'fleet', 'data/word?'
WATCH_PASSWORD = 'watch:word'  # noqa: S105
MASTER = 'themaster'
QUORUM = 2


class DataNode:
    """A redis-server that wants a user; it may be killed or frozen."""

    def __init__(self, folder: Path, master: int | None = None) -> None:
        self.port = free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        command = ['redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--dir', str(folder), '--save', '']
        command += ['--appendonly', 'yes', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
        # Nobody enters without a name: the default user is off.
        command += ['--user', 'default', 'off', '--user', USER, 'on', f'>{PASSWORD}', '~*', '&*', '+@all']
        command += ['--masteruser', USER, '--masterauth', PASSWORD]
        if master is not None:
            command += ['--replicaof', '127.0.0.1', str(master)]
        self.process = ManagedProcess(f'redis {self.port}', command, folder / 'redis.log')

    def client(self, db: int = 0) -> Any:
        return redis.Redis(port=self.port, db=db, username=USER, password=PASSWORD, socket_timeout=5)

    def role(self) -> str:
        try:
            return bytes(self.client().execute_command('ROLE')[0]).decode()
        except redis.RedisError:
            return ''


class SentinelSet:
    """`master` is who is the master at the start; `current()` who is it now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: list[DataNode] = []
        self.sentinels: list[ManagedProcess] = []
        self.ports: list[int] = []

    def start(self) -> SentinelSet:
        self.nodes.append(DataNode(self.folder / 'one'))
        self.nodes.append(DataNode(self.folder / 'two', self.nodes[0].port))
        for node in self.nodes:
            node.process.wait_output('Ready to accept connections', 15)
        wait_for(self._is_replicated, 20, 'the replica to follow')
        for number in range(3):
            self._start_sentinel(number)
        wait_for(self._is_watched, 30, 'the Sentinels to know each other and the replica')
        return self

    def _start_sentinel(self, number: int) -> None:
        port = free_port()
        lines = [
            f'port {port}',
            'bind 127.0.0.1',
            f'dir {self.folder}',
            f'requirepass {WATCH_PASSWORD}',
            f'sentinel sentinel-pass {WATCH_PASSWORD}',
            f'sentinel monitor {MASTER} 127.0.0.1 {self.nodes[0].port} {QUORUM}',
            f'sentinel auth-user {MASTER} {USER}',
            f'sentinel auth-pass {MASTER} {PASSWORD}',
            f'sentinel down-after-milliseconds {MASTER} 1000',
            f'sentinel failover-timeout {MASTER} 4000',
        ]
        file = self.folder / f'sentinel-{number}.conf'
        file.write_text('\n'.join(lines) + '\n')
        self.ports.append(port)
        self.sentinels.append(
            ManagedProcess(f'sentinel {port}', ['redis-sentinel', str(file)], self.folder / f'sentinel-{number}.log')
        )

    def watcher(self, number: int = 0) -> Any:
        return redis.Redis(port=self.ports[number], password=WATCH_PASSWORD, socket_timeout=5)

    def _is_replicated(self) -> bool:
        return bool(self.nodes[1].client().info('replication').get('master_link_status') == 'up')

    def _is_watched(self) -> bool:
        def knows(number: int) -> bool:
            state = self.watcher(number).sentinel_master(MASTER)
            return int(state['num-other-sentinels']) == 2 and int(state['num-slaves']) == 1

        try:
            return all(knows(number) for number in range(3))
        except redis.RedisError:
            return False

    def current(self) -> DataNode | None:
        """The master that most Sentinels name and that says so itself."""
        for node in self.nodes:
            if node.process.running and node.role() == 'master':
                return node
        return None

    def url(self, db: int = 0) -> str:
        """As Celery takes it: the user and password are for the data, those of the Sentinels are options."""
        login = f'{USER}:data%2Fword%3F@'
        return ';'.join(f'sentinel://{login}127.0.0.1:{port}/{db}' for port in self.ports)

    @property
    def gateway_options(self) -> list[str]:
        return ['--sentinel-master', MASTER, '--sentinel-password', WATCH_PASSWORD]

    @property
    def transport_options(self) -> dict[str, object]:
        return {'master_name': MASTER, 'sentinel_kwargs': {'password': WATCH_PASSWORD}}

    def stop(self) -> None:
        for process in [*self.sentinels, *(node.process for node in self.nodes)]:
            process.kill()
