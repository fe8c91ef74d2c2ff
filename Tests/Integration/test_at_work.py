"""A gateway that starts onto a fleet that is already at work knows what it is doing, though it saw none of the events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient
from harness.gateway import Gateway
from harness.rows import Row
from harness.stack import Stack
from harness.waiting import wait_for
from harness.workers import WorkerSpec

STEPS = {0: 3, 3: 2, 6: 1, 9: 4}
"""Messages that wait, by their priority."""


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    specs = [
        WorkerSpec('busy', queues=('q-busy',), concurrency=2),
        WorkerSpec('threaded', pool='threads', queues=('q-threaded',), concurrency=1),
    ]
    stack = Stack(folder, specs).start(gateway=False)
    yield stack
    stack.stop()


def at_work(stack: Stack) -> dict[str, tuple[str, str, str]]:
    """Tasks in each way that a worker holds them: the state, worker and queue that their rows must have."""
    held: dict[str, tuple[str, str, str]] = {}
    for name, running in (('busy', 2), ('threaded', 1)):
        for _ in range(running):
            held[stack.send('time.sleep', 300, queue=f'q-{name}')] = ('STARTED', f'{name}@celeriac.test', f'q-{name}')

    def counts(method: str) -> list[int]:
        answers: dict[str, list[Any]] = getattr(stack.app.control.inspect(timeout=5), method)() or {}
        return sorted(len(tasks) for tasks in answers.values())

    wait_for(lambda: counts('active') == [1, 2], 30, 'three tasks to run')
    for name in ('busy', 'threaded'):
        held[stack.send('math.add', 1, 2, queue=f'q-{name}')] = ('RECEIVED', f'{name}@celeriac.test', f'q-{name}')
        held[stack.send('math.add', 1, 2, queue=f'q-{name}', countdown=900)] = ('RECEIVED', f'{name}@celeriac.test', f'q-{name}')
    wait_for(lambda: counts('scheduled') == [1, 1] and sum(counts('reserved')) >= 2, 30, 'tasks that wait in the workers')
    for step, count in STEPS.items():
        for _ in range(count):
            stack.send('math.add', 1, 1, queue='q-nobody', priority=step)
    return held


async def test_running_reserved_eta_and_waiting_tasks_are_known_after_the_start(stack: Stack) -> None:
    held = await asyncio.to_thread(at_work, stack)
    stack.gateway = Gateway(stack.broker, stack.folder, backend=stack.backend)
    await asyncio.to_thread(stack.gateway.start)
    async with GatewayClient.connect(stack.gateway.ws_url, stack.gateway.token('viewer', 'looker')) as client:
        view = await client.view(mode='follow', limit=100)
        queues, workers = await client.subscribe('queues'), await client.subscribe('workers')
        health = await client.subscribe('health')

        def known() -> bool:
            rows: list[Row] = [view.get(task) or {} for task in held]
            told = [(row.get('state'), row.get('worker'), row.get('queue')) for row in rows]
            return told == list(held.values()) and not any(row.get('stale') for row in rows)

        await client.until(known, 40, lambda: f'{held}; the rows are {[view.get(task) for task in held]}')
        of_one = await client.view(where=['eq', 'worker', 'threaded@celeriac.test'], mode='follow', limit=100)
        assert set(of_one.by_id()) == {task for task, (_, worker, _) in held.items() if worker == 'threaded@celeriac.test'}
        etas = [row for task in held if 'eta' in (row := view.get(task) or {})]
        assert len(etas) == 2, etas
        for row in etas:
            assert 800 < datetime.fromisoformat(row['eta']).timestamp() - row['seen'] < 1000, row

        def depths() -> bool:
            waiting = queues.get('q-nobody') or {}
            return waiting.get('steps') == list(STEPS.values()) and waiting.get('depth') == sum(STEPS.values())

        await client.until(depths, 40, lambda: f'{STEPS} waiting in q-nobody; {[dict(row) for row in queues]}')
        assert (queues.get('q-nobody') or {})['state'] == 'unconsumed'
        await client.until(
            lambda: (
                {row['id']: (row.get('pool'), row.get('active'), row.get('stale')) for row in workers}
                == {'busy@celeriac.test': ('prefork', 2, None), 'threaded@celeriac.test': ('threads', 1, None)}
            ),
            40,
            lambda: f'both workers; {[dict(row) for row in workers]}',
        )
        assert (health.get('broker') or {})['state'] == 'ok'
