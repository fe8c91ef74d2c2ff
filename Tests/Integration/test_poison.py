"""F16 and X9: whatever somebody publishes, it costs a counter, never the gateway. No real workers here: some of it kills workers."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.attackers import HOSTILE_TEXTS
from harness.client import GatewayClient
from harness.events import envelope, event, life, task_events, worker_event
from harness.fixtures import ConnectClient
from harness.paths import FIXTURES
from harness.stack import Stack, unique

MULTI = '/0.celeryev/task.multi'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def body(value: Any) -> bytes:
    return envelope(json.dumps(value).encode(), 'task.multi')


POISON: dict[str, bytes] = {
    'empty': b'',
    'binary': bytes(range(256)),
    'no JSON': b'{"body":',
    'a list': b'[]',
    'a string': b'"x"',
    'a number': b'5',
    'null': b'null',
    'bad base64': envelope(b'', 'task.multi', body='%%% not base64 %%%'),
    'base64 without padding': envelope(b'', 'task.multi', body='W10'),
    'body a number': envelope(b'', 'task.multi', body=5),
    'body missing': json.dumps({'headers': {}}).encode(),
    'body not JSON': envelope(b'not json', 'task.multi'),
    'body binary': envelope(b'\x80\x05\xff\xfe', 'task.multi'),
    'body empty': envelope(b'', 'task.multi'),
    'pickle': envelope(b'\x80\x04K\x05.', 'task.multi', **{'content-type': 'application/x-python-serialize'}),
    'compressed': envelope(b'x', 'task.multi', headers={'compression': 'application/x-gzip'}),
    'unknown encoding': envelope(b'[]', 'task.multi', properties={'body_encoding': 'rot13'}),
    'properties a list': envelope(b'[]', 'task.multi', properties=[]),
    'deep nesting': envelope(b'[' * 100_000 + b']' * 100_000, 'task.multi'),
    'deep objects': envelope(b'{"a":' * 50_000 + b'1' + b'}' * 50_000, 'task.multi'),
    'event a number': body([5]),
    'event a list': body([[]]),
    'event null': body(None),
    'no type': body([{'hostname': 'a', 'uuid': 'b'}]),
    'type a number': body([{'type': 5, 'uuid': 'x', 'hostname': 'h', 'timestamp': 1.0}]),
    'type empty': body([event('', uuid='x')]),
    'type only a prefix': body([event('task-', uuid='x')]),
    'uuid missing': body([event('task-received')]),
    'uuid a number': body([event('task-received', uuid=5)]),
    'uuid null': body([event('task-received', uuid=None)]),
    'uuid empty': body([event('task-received', uuid='')]),
    'uuid huge': body([event('task-received', uuid='u' * 1_000_000)]),
    'hostname missing': body([{'type': 'task-received', 'uuid': str(uuid.uuid4()), 'timestamp': 1.0}]),
    'hostname an object': body([event('task-received', hostname={'a': 1}, uuid='x')]),
    'timestamp a text': body([event('task-received', uuid=str(uuid.uuid4()), timestamp='now')]),
    'timestamp NaN': envelope(
        b'[{"type":"task-received","uuid":"nan","hostname":"h","timestamp":NaN,"pid":1,"clock":1}]', 'task.multi'
    ),
    'timestamp Infinity': envelope(
        b'[{"type":"task-started","uuid":"inf","hostname":"h","timestamp":-Infinity,"pid":1,"clock":1}]', 'task.multi'
    ),
    'timestamp in the year 9999': body([event('task-received', uuid=str(uuid.uuid4()), timestamp=253_402_300_799.0)]),
    'timestamp 1e308': body([event('task-received', uuid=str(uuid.uuid4()), timestamp=1e308)]),
    'numbers beyond 64 bits': body([event('task-received', uuid=str(uuid.uuid4()), pid=10**400, clock=2**70, retries=-(2**70))]),
    'a lone surrogate': envelope(b'[{"type":"task-received","uuid":"s\\ud800","hostname":"h","timestamp":1.0}]', 'task.multi'),
    'runtime a text': body([event('task-succeeded', uuid=str(uuid.uuid4()), runtime='long', result={'a': [1]})]),
    'args as objects': body(
        [event('task-received', uuid=str(uuid.uuid4()), name={'a': 1}, args=[1, {'b': 2}], kwargs=5, retries='x')]
    ),
    'a worker event in a list': body([event('worker-heartbeat', freq='often', active=-5, loadavg='high')]),
    'duplicate members': envelope(
        b'[{"type":"task-received","type":"task-failed","uuid":"d","uuid":"e","hostname":"h","timestamp":1.0}]', 'task.multi'
    ),
    'a very long list': body([{}] * 100_000),
}


async def proven_alive(client: GatewayClient, stack: Stack) -> None:
    """A good event after the bad ones arrives."""
    name = unique('alive')
    view = await client.view(where=['eq', 'name', name], mode='follow')
    stack.publish_raw(*task_events(*life(name)))
    await client.until(lambda: [row['state'] for row in view] == ['SUCCESS'], 20, 'a good event after the bad one')


@pytest.mark.parametrize('case', POISON)
async def test_poison_is_harmless(stack: Stack, connect: ConnectClient, case: str) -> None:
    async with connect(stack) as client:
        for channel in (MULTI, '/0.celeryev/worker.heartbeat', '/0.celeryev/'):
            stack.publish_raw(channel, POISON[case])

        await proven_alive(client, stack)
    assert stack.running_gateway.running


async def test_poison_is_counted(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        health = await client.subscribe('health')
        before = dict(health.get('ingest') or {})

        for _ in range(10):
            stack.publish_raw(MULTI, POISON['bad base64'])
            stack.publish_raw(MULTI, POISON['pickle'])

        await client.until(
            lambda: (
                (row := health.get('ingest') or {}).get('undecodable', 0) >= before.get('undecodable', 0) + 10
                and row.get('skipped', 0) >= before.get('skipped', 0) + 10
            ),
            20,
            lambda: f'the counters to move; {before} {health.get("ingest")}',
        )


async def test_a_message_of_ten_megabytes(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        stack.publish_raw(MULTI, body([event('task-received', uuid=str(uuid.uuid4()), name='big', args='x' * 10_000_000)]))

        await proven_alive(client, stack)


async def test_clocks_that_run_backwards(stack: Stack, connect: ConnectClient) -> None:
    """Lamport clocks and timestamps that fall from event to event: the same record as with right ones, also in a second telling."""
    async with connect(stack) as client:
        name, host, now = unique('backwards'), f'{unique("host")}@test', time.time()
        view = await client.view(where=['eq', 'name', name], mode='follow', limit=200)
        tasks = [str(uuid.uuid4()) for _ in range(50)]
        for number, task in enumerate(tasks):
            events = life(name, hostname=host, task_id=task)
            for place, one in enumerate(events):
                # Within a task as they should be, but each task, and each clock, before the one before it.
                one |= {'timestamp': now - number + place / 100, 'clock': 1_000_000 - 10 * number - place}
            stack.publish_raw(*task_events(*events))
            stack.publish_raw(*task_events(*reversed(events)))
        await client.until(lambda: len(view) == 50 and {row['state'] for row in view} == {'SUCCESS'}, 30, 'all tasks to end')
        for row in view:
            assert 0 <= row['wait'] <= 1 and row['received'] <= row['started'] <= row['finished'] and 'redelivered' not in row, (
                row
            )
        assert [row['id'] for row in view.ordered()] == tasks[::-1], 'the order is that of their arrival'
        await proven_alive(client, stack)


async def test_a_hundred_thousand_task_names(folder: Path, connect: ConnectClient) -> None:
    """Live, with a client that looks on: names are capped, the rest share one row, and nothing is lost."""
    # A gateway of its own: it is full of tasks that never end, and a new one that ends is the first to leave.
    own = Stack(folder).start()
    try:
        await name_a_hundred_thousand(own, connect)
    finally:
        own.stop()


async def name_a_hundred_thousand(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        stats, health = await client.subscribe('stats'), await client.subscribe('health')
        before = int((health.get('ingest') or {}).get('events', 0))
        redis = stack.redis()
        for first in range(0, 100_000, 2_400):
            pipe = redis.pipeline(transaction=False)
            for batch in range(first, min(first + 2_400, 100_000), 24):
                numbers = range(batch, min(batch + 24, 100_000))
                pipe.publish(
                    *task_events(*(event('task-received', uuid=f'named-{n:06}', name=f'forged.{n:06}') for n in numbers))
                )
            pipe.execute()
        await client.until(
            lambda: int((health.get('ingest') or {}).get('events', 0)) >= before + 100_000,
            90,
            lambda: f'all events to be applied; {health.get("ingest")}',
        )
        names = [row for row in stats if str(row['id']).startswith('name:')]
        assert len(names) <= 201 and any(row['name'] == '*other*' for row in names)
        assert (health.get('ingest') or {}).get('dropped', 0) == 0
        view = await client.view(mode='follow')
        stack.publish_raw(*task_events(life('after', task_id='after')[0]))
        await client.until(lambda: view.get('after'), 20, 'a good event after them')


@pytest.mark.parametrize('name', HOSTILE_TEXTS, ids=[repr(name)[:20] for name in HOSTILE_TEXTS])
async def test_hostile_names_are_only_names(stack: Stack, connect: ConnectClient, name: str) -> None:
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        view = await client.view(mode='follow', limit=200)
        task = f'{name}{uuid.uuid4().hex[:6]}'

        stack.publish_raw(*worker_event('worker-online', name))
        stack.publish_raw(*task_events(*life(name, hostname=name, task_id=task)))

        row = await client.until(lambda: view.get(task), 20, lambda: f'the task {task!r}')
        assert row['name'] == name and row['worker'] == name and row['state'] == 'SUCCESS'
        await client.until(lambda: workers.get(name), 20, 'the worker')
    log = stack.running_gateway.process.output() if stack.running_gateway.process else ''
    assert 'line\nbreak' not in log


async def test_many_distinct_names_stay_bounded(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        stats = await client.subscribe('stats')
        for start in range(0, 3000, 20):
            events = [item for number in range(start, start + 20) for item in life(f'name.{number}')]
            stack.publish_raw(*task_events(*events))

        await client.until(lambda: stats.get('name:*other*'), 30, 'the row of the other names')
        names = [row for row in stats if str(row['id']).startswith('name:')]
        assert len(names) <= 201


async def test_a_channel_of_somebody_else_is_not_ours(stack: Stack, connect: ConnectClient) -> None:
    name = unique('foreign')
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'name', name], mode='follow')
        _, payload = task_events(*life(name))

        for channel in ('/1.celeryev/task.multi', 'celeryev/task.multi', '/0.other/task.multi'):
            stack.publish_raw(channel, payload)
        await proven_alive(client, stack)

        assert len(view) == 0


async def test_the_same_events_again_are_one_task(stack: Stack, connect: ConnectClient) -> None:
    name = unique('twice')
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'name', name], mode='follow')
        channel, payload = task_events(*life(name))

        for _ in range(3):
            stack.publish_raw(channel, payload)
        await proven_alive(client, stack)

        assert view.total == 1 and [row['state'] for row in view] == ['SUCCESS']


def test_the_hand_made_envelope_is_what_celery_sends() -> None:
    """Guards the tests above: the good twin must look like a captured message."""
    captured = json.loads((FIXTURES / 'celery' / 'event_envelopes.json').read_text())
    ours = json.loads(task_events(*life('x'))[1])

    assert base64.b64decode(ours['body']).startswith(b'[{')
    text = json.dumps(captured)
    assert all(member in text for member in (*ours, *ours['properties']))
