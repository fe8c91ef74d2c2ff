"""Events from Redis to applied state: the gateway beside Flower and beside Celery's own EventReceiver and State.

    bin/bench ingest [--events 600000] [--runs 3]

Each gets the same lives of tasks (received, started, succeeded), in the two shapes that workers send: lists of up to 24 events
(prefork, threads) and one event a message (gevent). What is measured is CPU time of the whole process for each event, read from
the kernel, because all share two cores with Redis and the publisher. A private Redis for each; a subscriber is never sent more than
it has room for, and every event is counted at its end.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import redis
from harness.events import envelope
from harness.gateway import Gateway
from harness.machine import machine, process_seconds
from harness.process import ManagedProcess
from harness.redis_server import RedisServer, free_port
from harness.waiting import wait_for

CHANNEL = '/0.celeryev/task.multi'
BATCH = 24
# Events on the way. The gateway counts once a second, so it needs more than a second's worth; the others count at once, and more than
# this would not fit Redis' buffer for a subscriber.
GATEWAY_ROOM = 80_000
ROOM = 12_000

RECEIVER = """
import sys, threading
from celery import Celery
app = Celery(broker=sys.argv[1])
state = app.events.State()
count = 0
def take(event):
    global count
    state.event(event)
    count += 1
    if count % 500 == 0 or event.get('last'):
        print(count, flush=True)
with app.connection_for_read() as connection:
    app.events.Receiver(connection, handlers={'*': take}).capture(limit=None, timeout=None, wakeup=False)
"""


def lives(tasks: int) -> Iterator[list[dict[str, object]]]:
    """The three events of each task, as a prefork worker writes them."""
    begin = time.time()
    for number in range(tasks):
        task = str(uuid.uuid4())
        common = {'uuid': task, 'hostname': f'worker{number % 8}@host', 'utcoffset': 0, 'pid': 4000 + number % 8, 'clock': number}
        at = begin + number / 10_000
        received = {
            'name': f'shop.orders.step{number % 40}',
            'args': f'({number}, "customer-{number}")',
            'kwargs': "{'retry': False}",
        }
        yield [
            {'type': 'task-received', **common, **received, 'root_id': task, 'parent_id': None, 'retries': 0, 'eta': None}
            | {'expires': None, 'timestamp': at},
            {'type': 'task-started', **common, 'timestamp': at + 0.01},
            {'type': 'task-succeeded', **common, 'result': f"'order {number} done'", 'runtime': 0.02, 'timestamp': at + 0.03},
        ]


def messages(tasks: int, batch: int) -> list[tuple[int, bytes]]:
    """Events of 200 tasks at a time, one after the other, in messages of `batch`: how many, and the bytes."""
    made: list[tuple[int, bytes]] = []
    waiting: list[dict[str, object]] = []
    group: list[list[dict[str, object]]] = []

    def flush() -> None:
        waiting.extend(life[step] for step in range(3) for life in group)
        group.clear()
        while waiting:
            part, waiting[:] = waiting[:batch], waiting[batch:]
            body = json.dumps(part if batch > 1 else part[0]).encode()
            made.append((len(part), envelope(body, 'task.multi', 'worker@host')))

    for life in lives(tasks):
        group.append(life)
        if len(group) == 200:
            flush()
    flush()
    return made


@dataclass
class Result:
    events: int
    cpu: float
    wall: float

    @property
    def microseconds(self) -> float:
        return self.cpu / self.events * 1e6


def feed(client: redis.Redis, made: list[tuple[int, bytes]], pid: int, seen: Callable[[], int], room: int = ROOM) -> Result:
    """Publishes everything, never more than `room` events ahead of the subscriber, and waits until it has them all."""
    total = sum(count for count, _ in made)
    before, began = process_seconds(pid), time.monotonic()
    base = seen()
    sent, place = 0, 0
    while place < len(made):
        pipeline = client.pipeline(transaction=False)
        ahead = 0
        while place < len(made) and ahead < room // 4:
            count, payload = made[place]
            pipeline.publish(CHANNEL, payload)
            ahead += count
            place += 1
        pipeline.execute()
        sent += ahead
        while sent - (seen() - base) > room - room // 4:
            time.sleep(0.03)
    wait_for(lambda: seen() - base >= total, 120, 'the last event')
    return Result(total, process_seconds(pid) - before, time.monotonic() - began)


@contextmanager
def broker(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder)
    try:
        yield server.start()
    finally:
        server.stop()


def gateway(folder: Path, made: list[tuple[int, bytes]]) -> Result:
    with broker(folder / 'redis') as server:
        process = Gateway(server.url(), folder)
        try:
            process.start()
            headers = {'Authorization': f'Bearer {process.token("viewer")}'}
            with httpx.Client(base_url=process.base_url, headers=headers, timeout=30) as http:

                def health(name: str) -> int:
                    rows = http.get('/api/celery/health').json()['health']
                    return next((int(row.get(name) or 0) for row in rows if row['id'] == 'ingest'), 0)

                assert process.process
                result = feed(server.client(), made, process.process.pid, lambda: health('events'), GATEWAY_ROOM)
                lost = health('dropped') + health('undecodable') + health('skipped')
                assert lost == 0, f'{lost} events were not applied'
                return result
        finally:
            process.stop()


def receiver(folder: Path, made: list[tuple[int, bytes]]) -> Result:
    with broker(folder / 'redis') as server:
        log = folder / 'receiver.log'
        process = ManagedProcess('receiver', [sys.executable, '-c', RECEIVER, server.url()], log)
        try:
            wait_for(lambda: server.client().pubsub_numpat() > 0, 20, 'the receiver')
            last = 0

            def seen() -> int:
                nonlocal last
                lines = log.read_text().split()
                last = int(lines[-1]) if lines and lines[-1].isdigit() else last
                return last

            total = sum(count for count, _ in made)
            assert total % 500 == 0, 'the receiver tells every 500'
            return feed(server.client(), made, process.pid, seen)
        finally:
            process.stop()


def flower(folder: Path, made: list[tuple[int, bytes]]) -> Result:
    port = free_port()
    with broker(folder / 'redis') as server:
        command = [sys.executable, '-m', 'celery', '--broker', server.url(), 'flower', f'--port={port}', '--address=127.0.0.1']
        process = ManagedProcess('flower', [*command, '--logging=error'], folder / 'flower.log')
        try:
            with httpx.Client(base_url=f'http://127.0.0.1:{port}', timeout=30) as http:

                def seen() -> int:
                    text = http.get('/metrics').text
                    return int(
                        sum(float(value) for value in re.findall(r'^flower_events_total\{[^}]*\} ([\d.e+]+)', text, re.MULTILINE))
                    )

                def up() -> bool:
                    try:
                        return http.get('/healthcheck').status_code == 200 and server.client().pubsub_numpat() > 0
                    except httpx.TransportError:
                        return False

                wait_for(up, 40, 'Flower')
                return feed(server.client(), made, process.pid, seen)
        finally:
            process.stop()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench ingest')
    parser.add_argument('--events', type=int, default=600_000, help='for the gateway; the others get a tenth and a twentieth')
    parser.add_argument('--runs', type=int, default=3)
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    tasks = options.events // 3 // 2000 * 2000
    print(
        '| events a message | run | gateway µs | EventReceiver + State µs | Flower µs | x receiver | x Flower | gateway events per CPU second | wall events/s |'
    )
    print('|---|---|---|---|---|---|---|---|---|')
    for batch in (BATCH, 1):
        big, middle, small = (messages(count, batch) for count in (tasks, tasks // 10, tasks // 20 // 500 * 500))
        for number in range(1, options.runs + 1):
            with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
                folder = Path(name)
                parts = [folder / part for part in ('gateway', 'receiver', 'flower')]
                for part in parts:
                    part.mkdir()
                ours, theirs, peer = gateway(parts[0], big), receiver(parts[1], middle), flower(parts[2], small)
            cells = [f'{result.microseconds:.2f}' for result in (ours, theirs, peer)]
            cells += [f'{theirs.microseconds / ours.microseconds:.1f}', f'{peer.microseconds / ours.microseconds:.1f}']
            cells += [f'{ours.events / ours.cpu:,.0f}', f'{ours.events / ours.wall:,.0f}']
            print(f'| {batch} | {number} | ' + ' | '.join(cells) + ' |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
