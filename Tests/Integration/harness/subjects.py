"""Three programs that take in events: the gateway, Celery's own EventReceiver with State, and Flower; each with a Redis of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from .gateway import Gateway
from .machine import pin
from .process import ManagedProcess
from .recording import Message
from .redis_server import RedisServer, free_port
from .waiting import wait_for

RECEIVER = """
import sys
from celery import Celery
app = Celery(broker=sys.argv[1])
state = app.events.State()
count = 0
def take(event):
    global count
    state.event(event)
    count += 1
    if count % 100 == 0:
        print(count, flush=True)
with app.connection_for_read() as connection:
    app.events.Receiver(connection, handlers={'*': take}).capture(limit=None, timeout=None, wakeup=False)
"""


class Subject:
    """A program with its Redis; the program on core 1, Redis on core 0."""

    name = ''
    room = 12_000
    """What may be on the way, as `counts` counts it: more would not fit Redis' buffer for a subscriber."""
    step = 1
    """Progress is told in steps of so many."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis = RedisServer(folder / 'redis')

    def __enter__(self) -> Self:
        try:
            self.redis.start()
            self.start()
            pin(self.pid, 1)
            assert self.redis.process
            pin(self.redis.process.pid, 0)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        self.end()
        self.redis.stop()

    def start(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError

    @property
    def pid(self) -> int:
        raise NotImplementedError

    def seen(self) -> int:
        """What was taken in so far: events, or what `counts` counts."""
        raise NotImplementedError

    def counts(self, message: Message) -> int:
        """What `seen` rises by with a message."""
        return message.events

    def check(self) -> None:
        """Fails if an event was lost."""


class GatewaySubject(Subject):
    name = 'gateway'
    # Bytes of messages, told once a second: as many as its inbox has room for, and so never more than it can take.
    room = 24 << 20

    def __init__(self, folder: Path, sockets: int = 0, options: Sequence[str] = ()) -> None:
        super().__init__(folder)
        self.sockets = sockets
        self.options = options

    def start(self) -> None:
        env = {'CELERIAC_SOCKETS_PER_ADDRESS': str(self.sockets)} if self.sockets else {}
        self.gateway = Gateway(self.redis.url(), self.folder, env=env, options=self.options)
        self.gateway.start()
        headers = {'Authorization': f'Bearer {self.gateway.token("viewer")}'}
        self.http = httpx.Client(base_url=self.gateway.base_url, headers=headers, timeout=60)

    def end(self) -> None:
        self.gateway.stop()

    @property
    def pid(self) -> int:
        assert self.gateway.process
        return self.gateway.process.pid

    def health(self) -> dict[str, float]:
        rows = self.http.get('/api/celery/health').json()['health']
        return next((row for row in rows if row['id'] == 'ingest'), {})

    def seen(self) -> int:
        # Not its figure of events, which counts what is decoded and may still wait to be applied.
        return int(self.health().get('bytes') or 0)

    def counts(self, message: Message) -> int:
        return len(message.payload)

    def check(self) -> None:
        row = self.health()
        lost = sum(int(row.get(name) or 0) for name in ('dropped', 'undecodable', 'skipped'))
        assert lost == 0, f'{lost} events were not applied'


class Receiver(Subject):
    name = 'EventReceiver + State'
    step = 100

    def start(self) -> None:
        log = self.folder / 'receiver.log'
        self.process = ManagedProcess('receiver', [sys.executable, '-c', RECEIVER, self.redis.url()], log)
        wait_for(lambda: self.redis.client().pubsub_numpat() > 0, 40, 'the receiver')
        self.last = 0

    def end(self) -> None:
        self.process.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def seen(self) -> int:
        lines = self.process.output().split()
        self.last = int(lines[-1]) if lines and lines[-1].isdigit() else self.last
        return self.last


class Flower(Subject):
    name = 'Flower'

    def counts(self, message: Message) -> int:
        # What it tells are the events of tasks alone.
        return message.events if 'celeryev/task' in message.channel else 0

    def start(self) -> None:
        port = free_port()
        command = [
            sys.executable,
            '-m',
            'celery',
            '--broker',
            self.redis.url(),
            'flower',
            f'--port={port}',
            '--address=127.0.0.1',
        ]
        self.process = ManagedProcess('flower', [*command, '--logging=error'], self.folder / 'flower.log')
        self.http = httpx.Client(base_url=f'http://127.0.0.1:{port}', timeout=60)

        def up() -> bool:
            try:
                return self.http.get('/healthcheck').status_code == 200 and self.redis.client().pubsub_numpat() > 0
            except httpx.TransportError:
                return False

        wait_for(up, 60, 'Flower')

    def end(self) -> None:
        self.process.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def seen(self) -> int:
        text = self.http.get('/metrics').text
        return int(sum(float(value) for value in re.findall(r'^flower_events_total\{[^}]*\} ([\d.e+]+)', text, re.MULTILINE)))
