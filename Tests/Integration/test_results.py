"""What the result backend holds, as Celery itself writes it: other serializers, compressed values, progress, a key prefix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient
from harness.fixtures import ConnectClient
from harness.rows import Row, Table
from harness.stack import Stack
from harness.workers import WorkerSpec

PREFIX = 'ours'


def spec(name: str, **settings: Any) -> WorkerSpec:
    """A worker whose tasks hide their events: of how they end only the backend tells."""
    return WorkerSpec(name, queues=(f'q-{name}',), app='apps.quiet', env={'FLEET_CONF': json.dumps(settings)})


SPECS = [
    spec('json'),
    spec('pickle', result_serializer='pickle', accept_content=['json', 'pickle'], result_accept_content=['json', 'pickle']),
    spec('gzip', result_compression='gzip'),
]


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, SPECS).start(gateway_options=['--inspect-interval', '1'])
    yield stack
    stack.stop()


def stored(stack: Stack, task: str) -> bytes:
    value = stack.redis(1).get(f'celery-task-meta-{task}')
    return value if isinstance(value, bytes) else b''


async def until_row(client: GatewayClient, view: Table, task: str, condition: Any, what: str) -> Row:
    return await client.until(
        lambda: row if (row := view.get(task)) and condition(row) else None, 60, lambda: f'{what}; {view.get(task)}'
    )


@pytest.mark.parametrize('serializer', ['json', 'pickle'])
async def test_a_state_is_read_in_each_serializer(stack: Stack, connect: ConnectClient, serializer: str) -> None:
    async with connect(stack) as client:
        view = await client.view(mode='follow', limit=100)
        task = stack.send('quiet.add', 20, 22, queue=f'q-{serializer}')

        row = await until_row(client, view, task, lambda row: row['state'] == 'SUCCESS', 'the result to be read')
        value = stored(stack, task)
        assert value.startswith(b'{' if serializer == 'json' else b'\x80')
        assert row['result'] == ('42' if serializer == 'json' else f'<pickle, {len(value)} bytes>')


async def test_a_compressed_value_is_shown_by_size_and_never_lost(stack: Stack, connect: ConnectClient) -> None:
    """No event tells its end, its queue is empty, no worker has it: only that there is a value speaks for it."""
    async with connect(stack) as client:
        view = await client.view(mode='follow', limit=100)
        task = stack.send('quiet.add', 20, 22, queue='q-gzip')

        row = await until_row(
            client, view, task, lambda row: 'cannot be read' in row.get('reason', ''), 'the value to be noticed'
        )
        value = stored(stack, task)
        assert value.startswith(b'\x00celery-compressed\x00')
        assert f'<compressed, {len(value)} bytes>' in row['reason']
        assert row['state'] == 'PENDING'

        # One of which nothing is left is lost in the same rounds; this one is not.
        gone = stack.send('quiet.add', 1, 1, queue='q-gzip')
        await until_row(client, view, gone, lambda row: 'cannot be read' in row.get('reason', ''), 'the second value')
        stack.redis(1).delete(f'celery-task-meta-{gone}')
        await until_row(client, view, gone, lambda row: row['state'] == 'LOST', 'what has no value to be lost')
        assert (view.get(task) or {})['state'] == 'PENDING'

        # What an event tells is shown, and the value by its size beside it.
        seen = stack.send('math.add', 1, 1, queue='q-gzip')
        row = await until_row(client, view, seen, lambda row: row['state'] == 'SUCCESS', 'the event')
        assert row['result'] == '2'


async def test_progress_without_any_event(stack: Stack, connect: ConnectClient) -> None:
    """`update_state` sends no event: its channel alone tells."""
    worker = WorkerSpec('progress', queues=('q-progress',), app='apps.quiet')
    stack.start_worker(worker)
    async with connect(stack) as client:
        view = await client.view(mode='follow', limit=100)
        task = stack.send('quiet.progress', 5, 0.4, queue='q-progress')

        row = await until_row(client, view, task, lambda row: row['state'] == 'PROGRESS', 'the progress')
        assert json.loads(row['progress'])['total'] == 5
        await until_row(client, view, task, lambda row: row['state'] == 'SUCCESS', 'the end')
        # Every step was shown on its way, or one that came after it.
        steps = [
            json.loads(fields['progress'])['current']
            for frame in client.frames
            for name in ('new', 'put')
            for _, fields in frame.message.get('params', {}).get(name) or []
            if fields.get('progress')
        ]
        assert len(set(steps)) >= 3 and steps == sorted(steps)


async def test_a_prefix_of_result_keys_gets_its_separator(folder: Path, connect: ConnectClient) -> None:
    settings = {'result_backend_transport_options': {'global_keyprefix': PREFIX}}
    worker = WorkerSpec('prefixed', queues=('q-prefixed',), app='apps.quiet', env={'FLEET_CONF': json.dumps(settings)})
    stack = Stack(folder, [worker]).start(gateway_options=['--result-key-prefix', PREFIX, '--inspect-interval', '1'])
    try:
        async with connect(stack) as client:
            view = await client.view(mode='follow')
            task = stack.send('quiet.progress', 4, 0.4, queue='q-prefixed')
            await until_row(client, view, task, lambda row: row['state'] == 'PROGRESS', 'the progress')
            row = await until_row(client, view, task, lambda row: row['state'] == 'SUCCESS', 'the end')
            assert row['result'] == '4'
            assert stack.redis(1).exists(f'{PREFIX}_celery-task-meta-{task}')
    finally:
        stack.stop()
