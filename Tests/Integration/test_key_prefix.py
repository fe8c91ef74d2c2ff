"""A broker and a result backend with `global_keyprefix`: everything that is read, sent and subscribed to goes by it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from harness.fixtures import ConnectClient
from harness.rows import Row
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

BROKER, RESULTS = 'acme:', 'shop.results:'
ACROSS = 'another:'
"""Somebody else's keys in the same database: never to be seen."""


@pytest.fixture(scope='module', params=['plain', 'prefixed'])
def prefix(request: pytest.FixtureRequest) -> str:
    return BROKER if request.param == 'prefixed' else ''


@pytest.fixture(scope='module')
def stack(tmp_path_factory: pytest.TempPathFactory, prefix: str) -> Iterator[Stack]:
    results = RESULTS if prefix else ''
    broker, backend = {'global_keyprefix': prefix}, {'global_keyprefix': results}
    conf = json.dumps({'broker_transport_options': broker, 'result_backend_transport_options': backend} if prefix else {})
    spec = WorkerSpec('prefixed', queues=('celery', 'held'), concurrency=1, env={'FLEET_CONF': conf})
    stack = Stack(tmp_path_factory.mktemp('prefix'), [spec])
    if prefix:
        stack.app.conf.broker_transport_options = broker
    options = ['--broker-key-prefix', prefix, '--result-key-prefix', results] if prefix else []
    try:
        yield stack.start(gateway_options=options)
    finally:
        stack.stop()


def result(stack: Stack, prefix: str, task: str) -> Row:
    stored = stack.redis(1).get(f'{RESULTS if prefix else ""}celery-task-meta-{task}')
    assert isinstance(stored, bytes), f'no result of {task} where Celery puts it'
    return dict(json.loads(stored))


async def test_events_results_and_a_task_of_ours(stack: Stack, prefix: str, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await client.view(mode='follow')
        task = stack.send('math.add', 20, 22)
        await client.until(lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 30, 'the events of a task')
        assert result(stack, prefix, task)['result'] == 42

        row = await client.command('task.run', {'task': 'math.add', 'args': [1, 2]})
        assert row['state'] == 'confirmed', row
        await client.until(lambda: (view.get(row['taskId']) or {}).get('state') == 'SUCCESS', 30, 'our own task to run')
        assert result(stack, prefix, row['taskId'])['result'] == 3

        # A result alone, as of a task whose events are off: published on the channel with the prefix.
        lonely = unique('lonely')
        key = f'{RESULTS if prefix else ""}celery-task-meta-{lonely}'
        meta = {'status': 'SUCCESS', 'result': 7, 'traceback': None, 'children': [], 'date_done': None, 'task_id': lonely}
        queued = stack.send('math.add', 1, 1, queue=unique('nobody'), task_id=lonely)
        await client.until(lambda: view.get(queued), 30, 'the task to be sent')
        stack.redis(1).set(key, json.dumps(meta))
        stack.redis(1).publish(key, json.dumps(meta))
        await client.until(
            lambda: (view.get(lonely) or {}).get('state') == 'SUCCESS', 30, lambda: f'its result; {view.get(lonely)}'
        )


async def test_depths_unacked_and_a_purge(stack: Stack, prefix: str, connect: ConnectClient) -> None:
    redis = stack.redis()
    async with connect(stack) as client:
        queues = await client.subscribe('queues')
        waiting = unique('waiting')
        for number in range(4):
            stack.send('math.add', number, 1, queue=waiting, priority=9 if number == 3 else 0)
        redis.rpush(f'{ACROSS}{waiting}', 'not ours')
        await client.until(lambda: (queues.get(waiting) or {}).get('depth') == 4, 40, lambda: f'{queues.get(waiting)}')
        assert redis.llen(f'{prefix}{waiting}') == 3 and redis.llen(f'{prefix}{waiting}\x06\x169') == 1
        assert not any(str(row['id']).startswith((BROKER, ACROSS)) for row in queues), 'a prefix is no part of a name'

        # Messages that a worker holds: they are in `unacked`, which has the prefix as well.
        held = [stack.send('math.add', 1, 1, queue='held', countdown=600) for _ in range(3)]
        await client.until(lambda: (queues.get('held') or {}).get('unacked', 0) >= 3, 40, lambda: f'{queues.get("held")}')
        assert redis.hlen(f'{prefix}unacked') >= 3
        stopped = await client.command('task.revoke', {'ids': held})
        assert stopped['state'] == 'confirmed', stopped

        purged = await client.command('queue.purge', {'queue': waiting}, expect={'messagesMax': 4})
        assert purged['state'] == 'confirmed', purged
        assert redis.llen(f'{prefix}{waiting}') == 0 and redis.llen(f'{prefix}{waiting}\x06\x169') == 0
        assert redis.llen(f'{ACROSS}{waiting}') == 1


async def test_workers_answer(stack: Stack, prefix: str, connect: ConnectClient) -> None:
    node = stack.workers['prefixed'].node
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        await client.until(lambda: (workers.get(node) or {}).get('pool') == 'prefork', 30, lambda: f'stats; {workers.get(node)}')
        assert sorted((workers.get(node) or {})['queues']) == ['celery', 'held']
        pinged = await client.command('worker.ping', {'workers': [node]})
        assert pinged['state'] == 'confirmed', pinged
        assert bool(stack.redis().exists(f'{prefix}_kombu.binding.celery.pidbox'))
