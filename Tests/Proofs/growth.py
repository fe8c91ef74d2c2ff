"""A million events, each with names nobody has used before: tasks, task names, hosts, queues, parents, custom states.

    bin/prove growth [--events 1000000] [--limit-mb 900]

First the task store is filled to its bound with ordinary tasks. Then the flood comes in two halves: after the second one the
gateway may hold at most 5 % (and 16 MB) more memory than after the first, every count must be within its bound, no event may have
been dropped, and a request must still be answered at once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from harness.events import envelope
from harness.machine import machine
from harness.stack import Stack
from harness.topic_pages import all_rows
from harness.verdict import verdict
from harness.waiting import wait_for

Json = dict[str, Any]
TASKS = 100_000
BOUNDS = {'tasks': TASKS, 'workers': 5_000, 'queues': 2_000}
NAMES = 200
LEAD = 20_000
"""Events that may be under way before more are published."""


def task(kind: str, uuid: str, host: str, **fields: Any) -> Json:
    common = {'type': f'task-{kind}', 'uuid': uuid, 'hostname': host, 'pid': 7, 'clock': 1, 'utcoffset': 0}
    return {**common, 'timestamp': time.time(), **fields}


def ordinary(count: int) -> Iterator[Json]:
    """Tasks of one name and one worker, received and succeeded, with arguments as long as Celery sends them at most."""
    text = "('" + 'x' * 1_020 + "')"
    for number in range(count // 2):
        uuid = f'ordinary-{number:030}'
        yield task('received', uuid, 'w@host', name='t.add', args=text, kwargs='{}', retries=0, root_id=uuid, parent_id=None)
        yield task('succeeded', uuid, 'w@host', result=text, runtime=0.5)


def strange(first: int, count: int) -> Iterator[Json]:
    """Events that share nothing with any other."""
    for number in range(first, first + count):
        host, name, uuid = f'worker-{number:020}@host', f'forged.name.{number:020}', f'forged-{number:030}'
        described = {'name': name, 'args': '()', 'kwargs': '{}', 'retries': number % 70_000}
        family = {'root_id': f'root-{number:030}', 'parent_id': f'parent-{number:030}'}
        match number % 4:
            case 0:
                queue = f'queue-{number:020}'
                yield task('sent', uuid, host, queue=queue, exchange=queue, routing_key=queue, **described, **family)
            case 1:
                yield task('received', uuid, host, **described, **family)
            case 2:
                yield task(f'state{number}', uuid, host, **{f'field{number}': 'x' * 100})
            case _:
                # One task that is told of without end.
                yield task('received', 'the-same', host, **described, **family)


class Flood:
    """Publishes, and waits for the gateway to have taken it in."""

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack, self.http, self.published = stack, http, 0

    def publish(self, events: Iterator[Json]) -> float:
        """Gives the seconds until the last one was applied."""
        began = time.monotonic()
        redis = self.stack.redis()
        pipeline = redis.pipeline(transaction=False)
        batch: list[Json] = []
        for event in events:
            batch.append(event)
            self.published += 1
            if len(batch) == 24:
                pipeline.publish('/0.celeryev/task.multi', envelope(json.dumps(batch).encode(), 'task.multi'))
                batch = []
            if self.published % 9_600 == 0:
                pipeline.execute()
                self.wait(LEAD)
        if batch:
            pipeline.publish('/0.celeryev/task.multi', envelope(json.dumps(batch).encode(), 'task.multi'))
        pipeline.execute()
        self.wait(0)
        return time.monotonic() - began

    def wait(self, lead: int) -> None:
        wait_for(lambda: self.row('health', 'ingest').get('events', 0) >= self.published - lead, 120, 'events to arrive')

    def row(self, topic: str, row_id: str) -> Json:
        rows = self.http.get(f'/api/celery/{topic}').json()[topic]
        return next((row for row in rows if row['id'] == row_id), {})


def resident_mb(pid: int) -> float:
    line = next(line for line in Path(f'/proc/{pid}/status').read_text().splitlines() if line.startswith('VmRSS'))
    return int(line.split()[1]) / 1024


def prove(stack: Stack, http: httpx.Client, options: argparse.Namespace) -> list[str]:
    gateway = stack.running_gateway.process
    assert gateway
    flood = Flood(stack, http)
    wrong: list[str] = []
    memory = [resident_mb(gateway.pid)]
    half = options.events // 2
    for title, events in (
        (f'{TASKS:,} ordinary tasks', ordinary(2 * TASKS)),
        ('first half of the flood', strange(0, half)),
        ('second half', strange(half, options.events - half)),
    ):
        seconds = flood.publish(events)
        # What was learned reaches the rows with the next tick; removed rows leave in the same way.
        time.sleep(2)
        memory.append(resident_mb(gateway.pid))
        print(f'{title}: {memory[-1]:.0f} MB after {seconds:.0f} s', flush=True)
    began = time.monotonic()
    fleet = flood.row('stats', 'fleet')
    answered = time.monotonic() - began
    ingest = flood.row('health', 'ingest')
    names = sum(row['id'].startswith('name:') for row in all_rows(http, 'stats'))
    print(
        f'{flood.published:,} events; kept: '
        + ', '.join(f'{fleet.get(name, 0):,} {name}' for name in BOUNDS)
        + f', {names} names'
    )
    print(f'bytes a task, ordinary ones: {(memory[1] - memory[0]) * 1024 * 1024 / TASKS:.0f} of resident memory')
    for name, bound in BOUNDS.items():
        if fleet.get(name, 0) > bound:
            wrong.append(f'{fleet[name]} {name} are kept, the bound is {bound}')
    if names > NAMES + 1:
        wrong.append(f'{names} names have figures')
    if ingest.get('dropped') or ingest.get('events') != flood.published:
        wrong.append(f'events were lost: {ingest}')
    if memory[3] > memory[2] * 1.05 + 16:
        wrong.append(f'memory grew from {memory[2]:.0f} to {memory[3]:.0f} MB in the second half')
    if max(memory) > options.limit_mb:
        wrong.append(f'{max(memory):.0f} MB is more than {options.limit_mb}')
    if answered > 2:
        wrong.append(f'a request took {answered:.1f} s')
    return wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove growth')
    parser.add_argument('--events', type=int, default=1_000_000)
    parser.add_argument('--limit-mb', type=int, default=900)
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}', flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-growth-') as folder:
        stack = Stack(Path(folder)).start()
        try:
            headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", "growth")}'}
            with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=30) as http:
                wrong = prove(stack, http, options)
        finally:
            stack.stop()
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
