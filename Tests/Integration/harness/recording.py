"""A stream of events of real workers, captured once and replayed byte for byte.

The load is that of the demo, without its waiting: most tasks succeed at once, some fail with a traceback, are retried, tell
progress, belong to a chain, or are thrown away. Workers of three kinds send as they do: prefork and threads in lists of up to 24
events, gevent one event a message, custom events and task-sent alone.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import chain

from .stack import Stack
from .waiting import wait_for
from .workers import WorkerSpec

PATTERN = '/0.celeryev/*'
WORKERS = (
    WorkerSpec('orders', concurrency=2, queues=('celery', 'mail'), host='berlin-1'),
    WorkerSpec('media', pool='threads', concurrency=4, queues=('media',), host='oslo-1'),
    WorkerSpec('search', pool='gevent', concurrency=20, queues=('search',), host='oslo-2'),
)
UUID = re.compile(rb'[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})')
TIMESTAMP = re.compile(rb'(?<="timestamp": )\d+\.\d+')


@dataclass(frozen=True)
class Message:
    """What was published on a channel, and how many events are in it."""

    channel: str
    payload: bytes
    events: int


class Recorder:
    """Keeps everything that is published on the event channels while it runs."""

    def __init__(self, stack: Stack) -> None:
        self.messages: list[Message] = []
        self.events = 0
        redis: Any = stack.redis()
        # Kept: a client that nobody holds closes the connections of its pool, this one among them.
        self._redis = redis
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)
        self._pubsub.psubscribe(PATTERN)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            message = self._pubsub.get_message(timeout=0.2)
            if message is None:
                continue
            body = json.loads(base64.b64decode(json.loads(message['data'])['body']))
            count = len(body) if isinstance(body, list) else 1
            self.messages.append(Message(message['channel'].decode(), message['data'], count))
            self.events += count

    @property
    def is_listening(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> list[Message]:
        self._ended.set()
        self._thread.join()
        self._pubsub.close()
        return self.messages


def produce(stack: Stack, dice: random.Random) -> None:
    """Sends one task of a random kind."""

    def send(name: str, *args: Any, queue: str = 'celery', **options: Any) -> None:
        stack.app.send_task(name, args=args, queue=queue, **options)

    def steps() -> None:
        first = stack.app.signature('math.add', args=(1, 2), options={'queue': 'celery'})
        second = stack.app.signature('math.add', args=(3,), options={'queue': 'celery'})
        chain(first, second, app=stack.app).apply_async()

    document = f'document {dice.randrange(10_000)} of customer {dice.randrange(500)}'
    kinds: list[tuple[float, Callable[[], None]]] = [
        (30, lambda: send('search.index', document, 0.0, queue='search')),
        (20, lambda: send('text.echo', document, kwargs={'retry': False, 'priority': dice.randrange(9)}, queue='media')),
        (18, lambda: send('billing.charge', dice.choice(('', '', '', '', 'card declined')), 0.0)),
        (14, lambda: send('mail.send', dice.choice((0, 0, 0, 1)), 0.0, queue='mail')),
        (8, lambda: send('math.add', dice.randrange(100), dice.randrange(100))),
        (3, lambda: send('media.transcode', 3, 0.0, queue='media')),
        (4, steps),
        (1, lambda: send('mail.send', 0, queue='mail', expires=-1)),
        (1, lambda: send('catalog.reject')),
    ]
    dice.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()


def record(folder: Path, events: int, seed: int = 1) -> list[Message]:
    """At least as many events of real workers, from their start until they have nothing left to do."""
    stack = Stack(folder, WORKERS).start(gateway=False)
    try:
        recorder = Recorder(stack)
        dice = random.Random(seed)
        while recorder.events < events:
            assert recorder.is_listening, 'the connection of the recorder broke: what it has is not the whole stream'
            for _ in range(20):
                produce(stack, dice)
            # Not so many that the queues grow without end: workers here take some hundred a second.
            wait_for(lambda: sum(stack.queue_length(queue) for queue in ('celery', 'mail', 'media', 'search')) < 400, 120, 'room')
        wait_for(
            lambda: sum(stack.queue_length(queue) for queue in ('celery', 'mail', 'media', 'search')) == 0, 120, 'the last task'
        )
        time.sleep(3)
        return recorder.stop()
    finally:
        stack.stop()


def varied(messages: list[Message], number: int, shift: float) -> Iterator[Message]:
    """The same messages with task ids of their own for each `number` (0 leaves them), `shift` seconds later."""
    mask = number * 0x9E3779B1 & 0xFFFFFFFF

    def rename(found: re.Match[bytes]) -> bytes:
        return b'%08x' % (int(found[0], 16) ^ mask)

    def move(found: re.Match[bytes]) -> bytes:
        return b'%.7f' % (float(found[0]) + shift)

    for message in messages:
        envelope = json.loads(message.payload)
        body = base64.b64decode(envelope['body'])
        envelope['body'] = base64.b64encode(TIMESTAMP.sub(move, UUID.sub(rename, body))).decode()
        yield Message(message.channel, json.dumps(envelope).encode(), message.events)


def started_at(messages: list[Message]) -> float:
    """The time of the first event, by its sender's clock."""
    found = TIMESTAMP.search(base64.b64decode(json.loads(messages[0].payload)['body']))
    assert found
    return float(found[0])


def save(messages: list[Message], file: Path) -> None:
    """Writes a recording: one message a line."""
    with gzip.open(file, 'wt', encoding='ascii') as out:
        for message in messages:
            out.write(json.dumps([message.channel, message.events, base64.b64encode(message.payload).decode()]) + '\n')


def load(file: Path) -> list[Message]:
    """Reads what `save` wrote."""
    with gzip.open(file, 'rt', encoding='ascii') as source:
        return [
            Message(channel, base64.b64decode(payload), events)
            for channel, events, payload in (json.loads(line) for line in source)
        ]
