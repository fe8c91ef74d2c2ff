"""Command -> confirmed, side by side with Celery's own `app.control`, `send_task` and purge.

    bin/bench command [--rounds 200] [--workers 1,4] [--target 20]

Starts a private Redis, prefork workers and the release gateway. In every round each of the two asks the same workers the same thing,
one after the other, who begins alternates; then task.run, task.revoke (of a task that waits for its time) and queue.purge (of three
messages); then what Celery cannot do: pause and resume of a queue that the workers consume, and one waiting message moved, put at another
priority and deleted. Ends with 1 if a command was not confirmed or the 99th percentile of the first answer
(recorded, and of task.run, task.revoke and queue.purge also sent to Redis) is above the target in milliseconds.
`bin/bench receipts` measures the first answer of every command.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.client import GatewayClient
from harness.machine import machine
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

CLIENTS = 10
"""A principal may send five commands a second."""
PURGERS = 25
"""And purge six times a minute: so many principals, so few rounds."""
PURGES = 100
PAUSED = 'paused'
"""A queue that all workers consume."""
MORE: dict[str, dict[str, Any]] = {'message.move': {'to': 'moved'}, 'message.prioritize': {'priority': 9}}
"""Arguments besides the message."""
OURS = ('queue.pause', 'queue.resume', 'message.move', 'message.prioritize', 'message.delete')
"""What Celery has no command for."""
WARM_UP = 10
TERMINAL = {'confirmed', 'partial', 'rejected', 'failed', 'unknown'}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Figures:
    """Milliseconds of every round."""

    celery: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    proven: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    unconfirmed: int = 0

    def rows(self, what: str) -> list[str]:
        cells = []
        for name, values in [
            ("Celery's client: done, or all answers in", self.celery),
            ('gateway: first answer', self.answered),
            ('gateway: confirmed (its own times)', self.proven),
            ('gateway: row confirmed at the client', self.seen),
        ]:
            if not values:
                continue
            p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
            ratio = f'{p50 / percentile(self.celery, 0.5):.2f}' if self.celery else ''
            cells.append(
                f'| {what} | {name} | {p50:.1f} | {percentile(values, 0.9):.1f} | {p99:.1f} | {max(values):.1f} | {ratio} |'
            )
        return cells


class Bench:
    def __init__(self, stack: Stack, clients: list[GatewayClient], tables: list[Any], nodes: list[str]) -> None:
        self.stack = stack
        self.clients = clients
        self.tables = tables
        self.nodes = nodes

    async def by_gateway(self, number: int, command: str, arguments: dict[str, Any], figures: Figures) -> None:
        who = number % (CLIENTS if command != 'queue.purge' else PURGERS)
        client, table = self.clients[who], self.tables[who]
        begun = time.perf_counter()
        answer = await client.submit(command, arguments)
        figures.answered.append((time.perf_counter() - begun) * 1000)
        row = await client.until(
            lambda: r if (r := table.rows.get(answer['command'])) and r['state'] in TERMINAL else None, 30, 'the end of a command'
        )
        figures.seen.append((time.perf_counter() - begun) * 1000)
        figures.proven.append((row['endedAt'] - row['at']) * 1000)
        figures.unconfirmed += row['state'] != 'confirmed'

    def by_celery(self, method: str, arguments: dict[str, Any], figures: Figures) -> None:
        """A broadcast, and all answers to it."""
        begun = time.perf_counter()
        replies = self.stack.app.control.broadcast(method, arguments=arguments, destination=self.nodes, reply=True, timeout=5)
        figures.celery.append((time.perf_counter() - begun) * 1000)
        assert replies is not None and len(replies) == len(self.nodes)

    async def measure(self, rounds: int, command: str, ours: dict[str, Any], method: str, theirs: dict[str, Any]) -> Figures:
        figures = Figures()
        for number in range(-WARM_UP, rounds):
            kept = figures if number >= 0 else Figures()
            if number % 2:
                await asyncio.to_thread(self.by_celery, method, theirs, kept)
                await self.by_gateway(number, command, {'workers': self.nodes, **ours}, kept)
            else:
                await self.by_gateway(number, command, {'workers': self.nodes, **ours}, kept)
                await asyncio.to_thread(self.by_celery, method, theirs, kept)
        return figures

    async def measure_others(self, rounds: int, command: str) -> Figures:
        """What Celery does without an answer of a worker."""
        figures = Figures()
        for number in range(-WARM_UP, rounds):
            kept = figures if number >= 0 else Figures()
            ours = await asyncio.to_thread(self.prepare, command)
            theirs = await asyncio.to_thread(self.prepare, command)
            begun = time.perf_counter()
            await asyncio.to_thread(self.plainly, command, theirs)
            kept.celery.append((time.perf_counter() - begun) * 1000)
            await self.by_gateway(number, command, ours, kept)
        return figures

    async def measure_ours(self, rounds: int) -> dict[str, Figures]:
        """What only the gateway can do."""
        figures = {command: Figures() for command in OURS}
        for number in range(-WARM_UP, rounds):
            for command in OURS:
                arguments = await asyncio.to_thread(self.prepare, command)
                await self.by_gateway(number, command, arguments, figures[command] if number >= 0 else Figures())
        return figures

    def prepare(self, command: str) -> dict[str, Any]:
        match command:
            case 'queue.pause' | 'queue.resume':
                return {'queue': PAUSED}
            case 'message.move' | 'message.prioritize' | 'message.delete':
                queue = unique('bench')
                for _ in range(3):
                    self.stack.send('math.add', 1, 2, queue=queue, priority=0)
                tag = json.loads(self.stack.waiting(queue)[1])['properties']['delivery_tag']
                return {'queue': queue, 'deliveryTag': tag, **MORE.get(command, {})}
            case 'task.run':
                return {'task': 'math.add', 'args': [1, 2]}
            case 'task.revoke':
                task = self.stack.send('math.add', 1, 2, countdown=3600)
                # Held by a worker for its time, as most that are revoked.
                wait_for(lambda: self.stack.queue_length('celery') == 0, 10, 'it to be fetched', every=0.005)
                return {'id': task}
            case _:
                queue = unique('bench')
                for _ in range(3):
                    self.stack.send('math.add', 1, 2, queue=queue)
                return {'queue': queue}

    def plainly(self, command: str, arguments: dict[str, Any]) -> None:
        app = self.stack.app
        match command:
            case 'task.run':
                self.stack.send('math.add', 1, 2)
            case 'task.revoke':
                app.control.revoke(arguments['id'], reply=True, timeout=5, limit=len(self.nodes))
            case _:
                with app.connection_for_write() as connection:
                    connection.default_channel.queue_purge(arguments['queue'])


def told(figures: Figures, command: str, count: int, target: float) -> bool:
    """Prints the rows; whether the target was met."""
    p99 = percentile(figures.answered, 0.99)
    verdict = 'met' if p99 <= target else 'MISSED'
    print('\n'.join(figures.rows(f'{command}, {count} workers')), flush=True)
    print(
        f'| {command}, {count} workers | first answer p99 {p99:.1f} ms, target {target:g} ms: {verdict}; {figures.unconfirmed} unconfirmed |'
    )
    return figures.unconfirmed == 0 and p99 <= target


async def run(count: int, rounds: int, target: float) -> bool:
    is_good = True
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as folder:
        specs = [WorkerSpec(name=f'w{number}', queues=('celery', PAUSED), concurrency=1) for number in range(count)]
        stack = Stack(Path(folder), specs).start()
        try:
            gateway = stack.running_gateway
            async with contextlib.AsyncExitStack() as sessions:
                clients = [
                    await sessions.enter_async_context(
                        GatewayClient.connect(gateway.ws_url, gateway.token('admin', f'bench{number}'))
                    )
                    for number in range(PURGERS)
                ]
                tables = [await client.subscribe('commands', maxHz=20) for client in clients]
                bench = Bench(stack, clients, tables, [spec.node for spec in specs])
                for command, ours, method, theirs in [
                    ('worker.ping', {}, 'ping', {}),
                    (
                        'worker.rateLimit',
                        {'task': 'math.add', 'limit': '100/s'},
                        'rate_limit',
                        {'task_name': 'math.add', 'rate_limit': '100/s'},
                    ),
                ]:
                    is_good &= told(await bench.measure(rounds, command, ours, method, theirs), command, count, target)
                for command in ('task.run', 'task.revoke', 'queue.purge'):
                    fewer = min(rounds, PURGES) if command == 'queue.purge' else rounds
                    is_good &= told(await bench.measure_others(fewer, command), command, count, target)
                for command, figures in (await bench.measure_ours(min(rounds, PURGES))).items():
                    is_good &= told(figures, command, count, target)
        finally:
            stack.stop()
    return is_good


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench command')
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--workers', default='1,4')
    parser.add_argument('--target', type=float, default=20)
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}')
    print(f'load before: {os.getloadavg()[0]:.2f}; {options.rounds} rounds')
    print('| command | what | p50 ms | p90 | p99 | max | p50 / Celery |')
    print('|---|---|---|---|---|---|---|', flush=True)
    good = [asyncio.run(run(int(count), options.rounds, options.target)) for count in options.workers.split(',')]
    return 0 if all(good) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
