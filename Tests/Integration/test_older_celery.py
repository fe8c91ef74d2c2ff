"""Workers of two versions on one broker: what the old one cannot do is known before it is asked, and what it leaves out proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

OLD = 'old@celeriac.test'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [
        WorkerSpec(name='old', queues=('q-old',), concurrency=2, is_old=True),
        WorkerSpec(name='new', queues=('q-new',), concurrency=1),
    ]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


async def test_the_version_is_known_and_what_it_cannot_do(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        await client.until(lambda: (workers.get(OLD) or {}).get('cannot') is not None, 30, lambda: str(workers.get(OLD)))
        row = workers.get(OLD) or {}
        assert row['software'] == 'py-celery 5.2.7', row
        assert any('task.revokeStamped' in line and '5.2' in line for line in row['cannot']), row

        row = await client.command('task.revokeStamped', {'stamps': {'customer': [unique('c')]}, 'keep': 0})

        assert row['state'] == 'partial' and any(line.startswith(f'{OLD} cannot: ') for line in row['evidence']), row
        assert row['fix'] == 'it needs Celery 5.3 or later', row


@pytest.mark.parametrize(
    ('command', 'arguments', 'evidence'),
    [
        ('worker.ping', {'workers': [OLD]}, f'{OLD}: pong'),
        ('worker.rateLimit', {'workers': [OLD], 'task': 'math.add', 'limit': '90/m'}, 'registered shows rate limit 90/m'),
        ('worker.addConsumer', {'workers': [OLD], 'queue': 'q-more'}, 'active_queues shows q-more'),
        ('worker.poolGrow', {'workers': [OLD], 'n': 1}, 'stats show 3 pool slots, 2 before'),
        ('task.run', {'task': 'math.add', 'args': [1, 2], 'queue': 'q-old'}, f'on {OLD}'),
    ],
)
async def test_the_rest_is_confirmed_there_too(
    stack: Stack, connect: ConnectClient, command: str, arguments: dict[str, object], evidence: str
) -> None:
    async with connect(stack) as client:
        row = await client.command(command, arguments, deadline_ms=15_000)
        assert row['state'] == 'confirmed' and evidence in '\n'.join(row['evidence']), row


async def test_terminate_ends_what_runs_there(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', 'q-old'], mode='follow', limit=100)
        task = stack.send('time.sleep', 60, queue='q-old')
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 30, 'the task to run')
        row = await client.command('task.revoke', {'id': task, 'terminate': True}, deadline_ms=15_000)
        assert row['state'] == 'confirmed' and f'task {task}: REVOKED on {OLD}' in row['evidence'], row


async def test_alone_it_writes_no_result_so_only_the_discarding_proves(stack: Stack, connect: ConnectClient) -> None:
    stack.workers['new'].stop()
    async with connect(stack) as client:
        commands, workers = await client.subscribe('commands'), await client.subscribe('workers')
        await client.until(
            lambda: (workers.get('new@celeriac.test') or {}).get('state') == 'offline', 30, 'the new one to be gone'
        )
        task = stack.send('math.add', 1, 1, queue='q-old', countdown=8)
        process = stack.workers['old'].process
        assert process
        await asyncio.to_thread(wait_for, lambda: f'[{task}] received' in process.output(), 20, 'the task to be held')

        row = await client.command('task.revoke', {'id': task}, deadline_ms=2000)

        assert row['state'] == 'unknown' and row['reason'], row
        late = await client.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] != 'unknown' else None, 30, 'the task to be thrown away'
        )
        assert late['state'] == 'confirmed' and f'task {task}: REVOKED on {OLD}' in late['evidence'], late
