"""What waits in queues: how old the oldest message is, what nobody reads, and a look at messages that takes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.workers import WorkerSpec


@pytest.fixture(scope='module')
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp('queues')
    stack = Stack(folder).start()
    yield stack
    stack.stop()


def raw(value: object) -> bytes:
    """What Redis holds there, which must be something."""
    assert isinstance(value, bytes)
    return value


def http(stack: Stack, role: str = 'operator') -> httpx.AsyncClient:
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token(role, unique(role))}'}
    return httpx.AsyncClient(base_url=gateway.base_url, headers=headers, timeout=10)


async def test_the_oldest_message_has_an_age(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('old')
    async with connect(stack) as client:
        queues = await client.subscribe('queues')
        sent = time.time()
        first = stack.send('math.add', 1, 1, queue=queue, priority=5)
        stack.send('math.add', 2, 2, queue=queue)

        def age() -> float:
            row = queues.get(queue) or {}
            return float(row.get('oldestAge', -1))

        await client.until(lambda: age() >= 2, 30, lambda: f'an age; {queues.get(queue)}')
        assert age() <= time.time() - sent + 1

        # The oldest one is the urgent message no longer: it is taken out, and the other one tells.
        taken = json.loads(raw(stack.redis().rpop(f'{queue}\x06\x163')))
        assert taken['headers']['id'] == first
        await client.until(lambda: (queues.get(queue) or {}).get('depth') == 1, 10, 'the depth to follow')
        assert age() >= 1
        stack.redis().delete(queue)
        await client.until(lambda: age() == -1, 10, 'the age to go with the messages')


async def test_what_comes_in_and_goes_out_is_counted_by_the_minute(stack: Stack, connect: ConnectClient) -> None:
    """By real messages to a real worker."""
    queue = unique('flow')
    stack.start_worker(WorkerSpec(unique('flow'), queues=(queue,)))
    async with connect(stack) as client:
        queues = await client.subscribe('queues')
        await client.until(lambda: (queues.get(queue) or {}).get('consumers') == 1, 40, 'the queue to be consumed')
        for _ in range(12):
            stack.send('math.add', 1, 1, queue=queue)
        await client.until(
            lambda: [(queues.get(queue) or {}).get(field) for field in ('rateIn', 'rateOut', 'depth')] == [12, 12, 0],
            40,
            lambda: f'twelve in and twelve out; {queues.get(queue)}',
        )


async def test_messages_on_other_steps_are_told(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('lost')
    async with connect(stack) as client:
        queues = await client.subscribe('queues')
        alerts = await client.subscribe('alerts')
        stack.send('math.add', 1, 1, queue=queue)
        stack.redis().rename(queue, f'{queue}\x06\x165')
        stack.send('math.add', 1, 1, queue=queue)
        await client.until(lambda: (queues.get(queue) or {}).get('unreachable') == 1, 60, lambda: f'{queues.get(queue)}')
        await client.until(
            lambda: any(row['rule'] == 'queue-unreachable' and queue in str(row) for row in alerts), 10, 'an alert'
        )


async def test_waiting_messages_can_be_looked_at(stack: Stack) -> None:
    queue = unique('peek')
    tasks = [stack.send('math.add', number, 1, queue=queue, priority=9 if number < 3 else 0, expires=3600) for number in range(7)]
    order = tasks[3:] + tasks[:3]
    before = [stack.redis().lrange(key, 0, -1) for key in (queue, f'{queue}\x06\x169')]
    async with http(stack) as client:
        seen: list[str] = []
        for offset in (0, 3, 6, 9):
            page = (await client.get(f'/api/celery/queues/{queue}/messages', params={'offset': offset, 'limit': 3})).json()
            assert page['total'] == 7
            assert [row['position'] for row in page['messages']] == list(range(offset, min(offset + 3, 7)))
            seen += [row['id'] for row in page['messages']]
        assert seen == order

        row = (await client.get(f'/api/celery/queues/{queue}/messages', params={'limit': 1})).json()['messages'][0]
        assert row['name'] == 'math.add' and row['args'] == '(3, 1)' and row['step'] == 0 and row['routingKey'] == queue
        assert row['body'][:2] == [[3, 1], {}] and row['expires'] and row['contentType'] == 'application/json'
        for wrong in ({'limit': 0}, {'limit': 101}, {'offset': -1}, {'page': 2}):
            answer = await client.get(f'/api/celery/queues/{queue}/messages', params=wrong)
            assert answer.status_code == 400 and answer.headers['content-type'] == 'application/problem+json'
        for reserved in ('unacked', 'unacked_index'):
            assert (await client.get(f'/api/celery/queues/{reserved}/messages')).status_code == 400
    assert [stack.redis().lrange(key, 0, -1) for key in (queue, f'{queue}\x06\x169')] == before, 'looking changed something'


async def test_what_cannot_be_read_is_shown_by_size_only(stack: Stack) -> None:
    queue = unique('odd')
    client = stack.redis()
    stack.send('math.add', 'x' * 200_000, 1, queue=queue)
    large = raw(client.lindex(queue, 0))
    message = json.loads(large)
    message |= {'body': 'gASVAA==', 'content-type': 'application/x-python-serialize'}
    client.lpush(queue, json.dumps(message))
    client.lpush(queue, b'\xff\x00 no message')
    async with http(stack) as http_client:
        rows = (await http_client.get(f'/api/celery/queues/{queue}/messages')).json()['messages']
    assert [row['bytes'] for row in rows] == [len(large), len(json.dumps(message)), 13]
    assert 'name' not in rows[0] and rows[0]['id'] == message['headers']['id']
    assert rows[1]['name'] == 'math.add' and 'body' not in rows[1]
    # What has no name of its own gets one, by which it can be removed.
    assert set(rows[2]) == {'position', 'step', 'bytes', 'digest'} and rows[2]['digest'].startswith('13-')
    assert 'digest' not in rows[0] and 'digest' not in rows[1]


async def test_a_viewer_does_not_see_arguments(stack: Stack) -> None:
    queue = unique('masked')
    stack.send('math.add', 'secret', 1, queue=queue)
    async with http(stack, 'viewer') as client:
        text = (await client.get(f'/api/celery/queues/{queue}/messages')).text
    assert 'secret' not in text and 'math.add' in text
    async with http(stack, 'wall') as client:
        assert (await client.get(f'/api/celery/queues/{queue}/messages')).status_code == 403
