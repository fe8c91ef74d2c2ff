"""How long every command's receipt takes: recorded, and of commands that look at nothing first also sent.

    bin/bench receipts [--rounds 100] [--tasks 10000] [--target 20] [--only NAME,NAME]

The names come from the gateway's own catalog, so a new command without a sample here fails the run. `worker.shutdown` is for a worker that stands
still, which no look can hurry. Commands for a plan's tasks are for `--tasks` tasks, three times each, and their dry run, by its nature a long
read, is measured apart. Ends with 1 if the 99th percentile of a receipt is above the target in milliseconds, or a command was refused.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from harness.client import TERMINAL, GatewayClient
from harness.events import event, task_events
from harness.machine import machine
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
CLIENTS = 25
"""A principal may send five commands a second, and those that destroy six times a minute."""
WARM_UP = 5
FEW = {'worker.restart': 20}
"""Rounds of commands that take long to end."""
UNDONE = {'worker.poolGrow': 'worker.poolShrink', 'worker.poolShrink': 'worker.poolGrow'}
"""What is taken back after each round."""
PLANNED = 3
"""Rounds of commands for a plan's tasks."""
A, STILL = 'a@celeriac.test', 'still@celeriac.test'
SLOW_SECONDS = 90
"""How long a command for a plan's tasks may take to be sent."""


@dataclass
class Measured:
    """Of one command."""

    milliseconds: list[float] = field(default_factory=list)
    first: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    def row(self, name: str, target: float) -> tuple[str, bool]:
        ordered = sorted(self.milliseconds)

        def at(share: float) -> float:
            return ordered[math.ceil(share * len(ordered)) - 1]

        is_met = at(0.99) <= target
        states = ', '.join(f'{count} {state}' for state, count in self.ended.most_common())
        first = '/'.join(sorted(self.first))
        return (
            f'| {name} | {len(ordered)} | {at(0.5):.1f} | {at(0.9):.1f} | {at(0.99):.1f} | {ordered[-1]:.1f} | {first} | {states} | '
            f'{"met" if is_met else "MISSED"} |',
            is_met,
        )


class Samples:
    """Arguments for each round of each command."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.numbers = count()
        add: Json = {'task': 'math.add', 'args': [1, 1]}
        members: Json = {'tasks': [add] * 10, 'queue': 'a'}
        self.makers: dict[str, Callable[[], Json]] = {
            'task.run': lambda: {**add, 'queue': 'a'},
            'task.group': lambda: members,
            'task.chord': lambda: {**members, 'body': {'task': 'reports.sum', 'queue': 'a'}},
            'task.retry': lambda: {'id': self.ended, 'queue': 'a'},
            'task.revoke': lambda: {'id': str(uuid.uuid4())},
            'task.revoke, terminate': lambda: {'id': str(uuid.uuid4()), 'terminate': True},
            'task.revokeStamped': lambda: {'stamps': {'customer': [unique('c')]}, 'keep': 0},
            'task.query': lambda: {'ids': [self.ended], **self.here},
            'worker.rateLimit': lambda: {'task': 'math.add', 'limit': f'{1000 + next(self.numbers)}/s', **self.here},
            'worker.timeLimit': lambda: {'task': 'mail.send', 'soft': 40, 'hard': 50 + next(self.numbers), **self.here},
            'worker.autoscale': lambda: {'max': 2, 'min': 1, **self.here},
            'worker.addConsumer': lambda: {'queue': 'added', **self.here},
            'worker.cancelConsumer': lambda: {'queue': 'added', **self.here},
            'worker.shutdown': lambda: {'workers': [STILL]},
            'queue.purge': lambda: {'queue': self.filled()},
            'queue.restore': self.purged,
            'queue.pause': lambda: {'queue': 'a'},
            'queue.resume': lambda: {'queue': 'a'},
            'message.delete': self.message,
            'message.move': lambda: {**self.message(), 'to': 'moved'},
            'message.prioritize': lambda: {**self.message(), 'priority': 9},
        }
        for name in ('ping', 'report', 'memory', 'poolGrow', 'poolShrink', 'enableEvents', 'disableEvents', 'restart'):
            self.makers[f'worker.{name}'] = lambda: self.here
        self.ended = ''
        self.here: Json = {'workers': [A]}
        self.trash: Iterator[str] = iter(())

    def filled(self) -> str:
        """A queue of three messages."""
        queue = unique('bench')
        for _ in range(3):
            self.stack.send('math.add', 1, 2, queue=queue, priority=0)
        return queue

    def message(self) -> Json:
        queue = self.filled()
        return {'queue': queue, 'deliveryTag': json.loads(self.stack.waiting(queue)[1])['properties']['delivery_tag']}

    def purged(self) -> Json:
        return {'trash': next(self.trash)}

    def order(self, catalog: list[str]) -> list[str]:
        """Every command, those together that take each other back."""
        missing = set(catalog) - self.makers.keys()
        assert not missing, f'no sample of {missing}'
        return [name for name in self.makers if name.partition(',')[0] in catalog]


class Bench:
    def __init__(self, samples: Samples, clients: list[GatewayClient], observer: GatewayClient, table: Any) -> None:
        self.samples = samples
        self.clients = clients
        # One session looks on: rows for all of them would be work beside the receipts.
        self.observer = observer
        self.table = table
        self.turns = count()
        self.purges: list[str] = []

    def client(self) -> int:
        return next(self.turns) % len(self.clients)

    async def submit(self, name: str, arguments: Json, measured: Measured, *, waits: bool = True) -> Json:
        """One command and its receipt."""
        client = self.clients[self.client()]
        began = time.perf_counter()
        receipt = await client.submit(name, arguments, deadline_ms=None if waits else 1_000)
        measured.milliseconds.append((time.perf_counter() - began) * 1000)
        measured.first[receipt['state']] += 1
        return receipt

    async def end(self, receipt: Json, name: str) -> Json:
        """The row of a command once it has ended."""
        row: Json = await self.observer.until(
            lambda: r if (r := self.table.rows.get(receipt['command'])) and r['state'] in TERMINAL else None,
            SLOW_SECONDS,
            f'the end of {name}',
        )
        return row

    async def rounds(self, name: str, rounds: int) -> Measured:
        """Receipts one after the other; the commands may end meanwhile, and have ended afterwards."""
        measured, receipts = Measured(), []
        command = name.partition(',')[0]
        waits = command not in {'worker.shutdown', 'task.revoke'}
        for number in range(-WARM_UP, rounds):
            arguments = await asyncio.to_thread(self.samples.makers[name])
            kept = measured if number >= 0 else Measured()
            receipts.append(await self.submit(command, arguments, kept, waits=waits))
            if command in UNDONE:
                # Carried out in this order, whenever that is.
                await self.submit(UNDONE[command], arguments, Measured())
            # The pace of so many principals.
            await asyncio.sleep(0.02)
        if waits:
            measured.ended.update([(await self.end(receipt, name))['state'] for receipt in receipts][WARM_UP:])
        else:
            measured.ended['not waited for'] += rounds
        if command == 'queue.purge':
            self.purges += [receipt['id'] for receipt in receipts]
        return measured

    async def planned(self, command: str, tasks: int, *kinds: str) -> tuple[Measured, list[float]]:
        """A command for a plan's tasks, each time other ones."""
        measured, plans = Measured(), []
        for _ in range(PLANNED):
            name, who = unique('planned'), self.client()
            await asyncio.to_thread(publish, self.samples.stack, name, tasks, *kinds)
            client, table = self.clients[who], self.table
            where = ['and', ['eq', 'name', name], ['eq', 'state', 'FAILURE' if kinds else 'RECEIVED']]
            view = await client.view(where=where, limit=1, mode='follow')
            await client.until(lambda view=view: view.total == tasks, 60, 'the tasks')  # type: ignore[misc]
            began = time.perf_counter()
            plan = await client.call('cmd.plan', {'cmd': command, 'where': where})
            assert plan['count'] == tasks, plan['count']
            plans.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            receipt = await client.submit(
                command, {'plan': plan['plan'], **({'queue': 'nobody'} if kinds else {})}, deadline_ms=5_000
            )
            measured.milliseconds.append((time.perf_counter() - began) * 1000)
            measured.first[receipt['state']] += 1
            row = await self.observer.until(
                lambda table=table, receipt=receipt: (  # type: ignore[misc]
                    r if (r := table.rows.get(receipt['command'])) and r['state'] != 'accepted' else None
                ),
                SLOW_SECONDS,
                'it to be sent',
            )
            measured.ended[f'{row["state"]} first'] += 1
            await self.observer.until(
                lambda table=table, receipt=receipt: (  # type: ignore[misc]
                    r if (r := table.rows.get(receipt['command'])) and r['state'] in TERMINAL else None
                ),
                SLOW_SECONDS,
                'its end',
            )
        return measured, plans


def names(stack: Stack) -> list[str]:
    """Every command that the gateway has."""
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("admin", "reader")}'}
    return [
        command['name'] for command in httpx.get(f'{gateway.base_url}/api/celery/catalog', headers=headers).json()['commands']
    ]


def publish(stack: Stack, name: str, tasks: int, *kinds: str) -> None:
    """Events of tasks that no worker has."""
    ids = [str(uuid.uuid4()) for _ in range(tasks)]
    for start in range(0, tasks, 500):
        some = ids[start : start + 500]
        fields = {'name': name, 'args': '(1, 1)', 'kwargs': '{}', 'retries': 0}
        stack.publish_raw(*task_events(*[event('task-received', uuid=task, **fields) for task in some]))
        for kind in kinds:
            stack.publish_raw(*task_events(*[event(kind, uuid=task, exception="ValueError('x')") for task in some]))


async def run(rounds: int, tasks: int, target: float, only: set[str]) -> bool:
    specs = [WorkerSpec(name='a', queues=('a',), concurrency=2, pool_restarts=True), WorkerSpec(name='still', queues=('still',))]
    is_good = True
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as folder:
        stack = Stack(Path(folder), specs).start()
        try:
            gateway = stack.running_gateway
            samples = Samples(stack)
            samples.ended = stack.send('math.add', 1, 2, queue='a')
            wait_for(lambda: stack.result(samples.ended), 20, 'the task that is run again')
            catalog = names(stack)
            async with contextlib.AsyncExitStack() as sessions:
                clients = [
                    await sessions.enter_async_context(GatewayClient.connect(gateway.ws_url, gateway.token('admin', f'bench{n}')))
                    for n in range(CLIENTS)
                ]
                observer = await sessions.enter_async_context(
                    GatewayClient.connect(gateway.ws_url, gateway.token('admin', 'observer'))
                )
                bench = Bench(samples, clients, observer, await observer.subscribe('commands', maxHz=20))
                still = stack.workers['still'].process
                assert still
                still.signal(signal.SIGSTOP)
                for name in samples.order(catalog):
                    if only and name not in only:
                        continue
                    samples.trash = iter(bench.purges)
                    line, is_met = (await bench.rounds(name, min(rounds, FEW.get(name, rounds)))).row(name, target)
                    print(line, flush=True)
                    is_good &= is_met
                for command, kinds in (('task.revoke', ()), ('task.retry', ('task-failed',))) if tasks else ():
                    measured, plans = await bench.planned(command, tasks, *kinds)
                    line, is_met = measured.row(f'{command}, a plan of {tasks:,}', target)
                    print(line, flush=True)
                    print(
                        f'| the plan of {tasks:,} for {command} | {len(plans)} |  |  |  | {max(plans):.1f} | | | apart |',
                        flush=True,
                    )
                    is_good &= is_met
        finally:
            stack.stop()
    return is_good


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench receipts')
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--tasks', type=int, default=10_000)
    parser.add_argument('--target', type=float, default=20)
    parser.add_argument('--only', default='', help='names with commas between')
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}')
    print('| command | rounds | p50 ms | p90 | p99 | max | receipt says | ended | p99 |')
    print('|---|---|---|---|---|---|---|---|---|', flush=True)
    return 0 if asyncio.run(run(options.rounds, options.tasks, options.target, set(options.only.split(',')) - {''})) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
