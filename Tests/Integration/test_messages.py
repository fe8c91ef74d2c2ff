"""Single waiting messages: removed, put elsewhere or among others, in one step and byte for byte, with real workers at the other end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.paths import FIXTURES
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
POOLS = ('prefork', 'solo', 'threads', 'gevent')
POISON: dict[str, Json] = json.loads((FIXTURES / 'celery' / 'poison_messages.json').read_text())['sample']
STEPS = (0, 3, 6, 9)


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'to-{pool}',), concurrency=1) for pool in POOLS]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


def tag_of(message: bytes) -> str:
    return str(json.loads(message)['properties']['delivery_tag'])


def everything(stack: Stack, queue: str) -> dict[int, list[bytes]]:
    return {step: found for step in STEPS if (found := stack.waiting(queue, step))}


async def act(client: GatewayClient, command: str, **args: Any) -> Json:
    row: Json = await client.command(command, args, deadline_ms=15_000)
    return row


async def result(stack: Stack, task: str) -> Any:
    found = await asyncio.to_thread(
        wait_for, lambda: r if (r := stack.result(task)) and r['status'] in {'SUCCESS', 'FAILURE'} else None, 30, task
    )
    assert found['status'] == 'SUCCESS', found
    return found['result']


@pytest.mark.parametrize('pool', POOLS)
async def test_a_moved_message_runs_from_its_new_queue_and_so_does_its_retry(
    stack: Stack, connect: ConnectClient, pool: str
) -> None:
    queue, to = unique('from'), f'to-{pool}'
    task = stack.send('mail.send', queue=queue, kwargs={'failures': 2, 'countdown': 0.1})
    (message,) = stack.waiting(queue)
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        await client.until(lambda: (queues.get(to) or {}).get('workers'), 30, lambda: f'a consumer; {queues.get(to)}')
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(message), to=to)
        assert row['state'] == 'confirmed' and row['taskId'] == task, row
        assert row['evidence'] == [
            f'message of task mail.send, id {task}, priority 0',
            f'broker: from queue {queue} to queue {to}, priority 0',
        ]
    # Nobody consumes the old queue: had a retry gone there, it would never have run.
    assert await result(stack, task) == 'sent after 2 retries'
    assert everything(stack, queue) == {}


async def test_all_but_route_and_priority_stays_byte_for_byte(stack: Stack, connect: ConnectClient) -> None:
    queue, to = unique('from'), unique('zü 𝄞"\\')
    stack.send('math.add', 'é', 1, queue=queue, priority=4, headers={'x': ['\u2028', 1e300, None]})
    (message,) = stack.waiting(queue, 3)
    async with connect(stack, 'operator') as client:
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(message), to=to, priority=7)
        assert row['state'] == 'confirmed' and f'no worker consumes queue {to} now' in row['evidence'], row
    (moved,) = stack.waiting(to, 6)
    route = f'"delivery_info": {{"exchange": "", "routing_key": "{queue}"}}, "priority": 4'.encode()
    new_route = f'"delivery_info": {{"exchange": "", "routing_key": {json.dumps(to)}}}, "priority": 7'.encode()
    assert message.count(route) == 1 and moved == message.replace(route, new_route)
    assert everything(stack, queue) == {} and everything(stack, to) == {6: [moved]}


async def test_another_priority_changes_what_a_worker_takes_next(stack: Stack, connect: ConnectClient, folder: Path) -> None:
    queue, trace = unique('order'), folder / 'trace'
    for label in 'abcd':
        stack.send('files.write', str(trace), label, queue=queue, priority=3)
    messages = stack.waiting(queue, 3)
    async with connect(stack, 'operator') as client:
        for message, priority in ((messages[3], 0), (messages[0], 9), (messages[1], 5)):
            row = await act(client, 'message.prioritize', queue=queue, deliveryTag=tag_of(message), priority=priority)
            assert row['state'] == 'confirmed' and 'priority 3' in row['evidence'][0], row
        same = await act(client, 'message.prioritize', queue=queue, deliveryTag=tag_of(messages[2]), priority=3)
        assert same['state'] == 'rejected' and 'has that priority already' in same['reason'], same
        worker = await asyncio.to_thread(
            stack.start_worker, WorkerSpec(name=unique('w'), pool='solo', queues=(queue,), options=('--prefetch-multiplier=1',))
        )
        await asyncio.to_thread(wait_for, lambda: trace.exists() and len(trace.read_text().split()) == 4, 30, 'four tasks')
        worker.stop()
    # d is urgent now; b has gone behind c within its step; a has no urgency at all.
    assert trace.read_text().split() == ['d', 'c', 'b', 'a']


async def test_a_message_can_be_removed_and_no_other_one(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('delete')
    tasks = [stack.send('math.add', number, 1, queue=queue, priority=number) for number in range(10)]
    before = everything(stack, queue)
    (message,) = [m for found in before.values() for m in found if tasks[4].encode() in m]
    async with connect(stack) as client:
        row = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(message))
        assert row['state'] == 'confirmed' and row['taskId'] == tasks[4], row
        assert row['evidence'] == [
            f'message of task math.add, id {tasks[4]}',
            f'broker: removed from queue {queue}, priority step 3',
        ]
        again = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(message))
        assert again['state'] == 'rejected' and 'a worker has taken it, or it was never there' in again['reason'], again
    before[3].remove(message)
    assert everything(stack, queue) == before


async def test_who_may_do_what(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('roles')
    stack.send('math.add', 1, 1, queue=queue)
    (message,) = stack.waiting(queue)
    for role in ('viewer', 'bot', 'operator'):
        async with connect(stack, role) as client:
            with pytest.raises(RpcError, match='1003'):
                await client.submit('message.delete', {'queue': queue, 'deliveryTag': tag_of(message)})
    async with connect(stack, 'bot') as client:
        with pytest.raises(RpcError, match='1003'):
            await client.submit('message.move', {'queue': queue, 'deliveryTag': tag_of(message), 'to': 'b'})
    async with connect(stack) as client:
        for wrong in (
            {'to': queue, 'deliveryTag': 'x'},
            {'to': 'unacked', 'deliveryTag': 'x'},
            {'to': 'b'},
            {'to': 'b', 'deliveryTag': 'x', 'priority': 10},
        ):
            with pytest.raises(RpcError, match='-32602'):
                await client.submit('message.move', {'queue': queue, **wrong})
        for wrong in ({}, {'deliveryTag': 'x', 'digest': f'5-{"a" * 40}'}, {'digest': 'abc'}):
            with pytest.raises(RpcError, match='-32602'):
                await client.submit('message.delete', {'queue': queue, **wrong})
    assert stack.waiting(queue) == [message]
