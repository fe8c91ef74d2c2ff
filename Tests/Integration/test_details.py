"""What is read once and in parts: over the socket the same as over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

Json = dict[str, Any]
NODE = 'a@celeriac.test'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec(name='a', queues=('q',), concurrency=1)]).start()
    yield stack
    stack.stop()


async def get(stack: Stack, role: str, path: str, **params: int) -> httpx.Response:
    gateway = stack.running_gateway
    async with httpx.AsyncClient(
        base_url=gateway.base_url, headers={'authorization': f'Bearer {gateway.token(role, unique("reader"))}'}
    ) as web:
        return await web.get(f'/api/celery{path}', params=params, timeout=10)


async def test_waiting_and_purged_messages_are_the_same_both_ways(stack: Stack, connect: ConnectClient) -> None:
    queue, secret = unique('waiting'), unique('secret')
    for number in range(25):
        stack.send('text.echo', f'{secret} {number}', queue=queue, priority=3 * (number % 2))
    async with connect(stack, 'admin') as client, connect(stack, 'viewer') as viewer:
        first = await client.call('queue.messages', {'queue': queue})
        assert (first['total'], len(first['messages'])) == (25, 20) and secret in first['messages'][0]['args'], first
        rest = await client.call('queue.messages', {'queue': queue, 'offset': 20, 'limit': 100})
        assert [message['position'] for message in rest['messages']] == [20, 21, 22, 23, 24]
        for role, reader in (('admin', client), ('viewer', viewer)):
            part = {'offset': 3, 'limit': 4}
            told = await reader.call('queue.messages', {'queue': queue, **part})
            # Only HTTP says where the next page begins.
            assert {**told, 'next': '7'} == (await get(stack, role, f'/queues/{queue}/messages', **part)).json()
            assert (secret in str(told)) == (role == 'admin'), told

        purge = await client.command('queue.purge', {'queue': queue})
        trash = await client.subscribe('trash')
        await client.until(lambda: trash.get(purge['id']), 20, 'the trash')
        told = await client.call('trash.messages', {'id': purge['id'], 'offset': 24, 'limit': 2})
        assert {**told, 'next': None} == (await get(stack, 'admin', f'/trash/{purge["id"]}', offset=24, limit=2)).json()
        assert [message['position'] for message in told['messages']] == [24] and told['left'] == 25, told
        masked = await viewer.call('trash.messages', {'id': purge['id']})
        assert len(masked['messages']) == 20 and secret not in str(masked)


async def test_answers_are_for_those_who_may_ask(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client, connect(stack, 'viewer') as viewer:
        row = await client.command('worker.report', {'workers': [NODE]})
        told = await client.call('cmd.read', {'id': row['id']})
        assert 'broker_url' in told['answers'][NODE]['ok'] and told['state'] == 'confirmed', told
        assert told == (await get(stack, 'operator', f'/commands/{row["id"]}')).json()
        seen = await viewer.call('cmd.read', {'id': row['id']})
        assert 'answers' not in seen and seen == (await get(stack, 'viewer', f'/commands/{row["id"]}')).json()


async def test_items_of_a_command_for_many_are_the_same_both_ways(stack: Stack, connect: ConnectClient) -> None:
    name = unique('many')
    tasks = [stack.send('math.add', 1, number, queue='q', countdown=600, shadow=name) for number in range(5)]
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'name', name], mode='follow', limit=10)
        await client.until(lambda: len(view.rows) == len(tasks), 30, 'the tasks')
        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': ['eq', 'name', name]})
        row = await client.command('task.revoke', {'plan': plan['plan']})
        told = await client.call('cmd.items', {'id': row['id']})
        assert told['total'] == 5 and {item['id']: item['state'] for item in told['items']} == dict.fromkeys(tasks, 'done'), told
        part = await client.call('cmd.items', {'id': row['id'], 'offset': 3, 'limit': 1})
        page = (await get(stack, 'operator', f'/commands/{row["id"]}/items', offset=3, limit=1)).json()
        assert page == {**part, 'next': '4'}
        rest = (await get(stack, 'operator', f'/commands/{row["id"]}/items', after=page['next'])).json()
        assert rest['items'] == told['items'][4:] and rest['next'] is None
        assert part['items'] == told['items'][3:4]


@pytest.mark.parametrize(
    ('role', 'method', 'params', 'code'),
    [
        ('wall', 'queue.messages', {'queue': 'q'}, 1003),
        ('wall', 'trash.messages', {'id': 'x'}, 1003),
        ('viewer', 'cmd.items', {'id': 'x'}, 1003),
        ('wall', 'cmd.read', {'id': 'x'}, 1003),
        ('admin', 'cmd.read', {'id': 'x'}, 1010),
        ('admin', 'cmd.items', {'id': 'x'}, 1010),
        ('admin', 'trash.messages', {'id': 'x'}, 1010),
        ('admin', 'cmd.read', {}, -32602),
        ('admin', 'cmd.items', {'id': 'x', 'limit': 1001}, -32602),
        ('admin', 'queue.messages', {'queue': 'q', 'limit': 101}, -32602),
        ('admin', 'queue.messages', {'queue': 'q', 'offset': -1}, -32602),
        ('admin', 'queue.messages', {'queue': '_kombu.binding.q'}, -32602),
        ('admin', 'trash.messages', {'id': 'x', 'limit': 0}, -32602),
    ],
)
async def test_what_may_not_be_read_is_refused(
    stack: Stack, connect: ConnectClient, role: str, method: str, params: Json, code: int
) -> None:
    async with connect(stack, role) as client:
        with pytest.raises(RpcError) as refusal:
            await client.call(method, params, is_wrong=code == -32602)
    assert refusal.value.code == code, refusal.value


async def test_without_the_broker_it_says_so(stack: Stack, connect: ConnectClient) -> None:
    redis: Any = stack.redis()
    queue = unique('refused')
    stack.send('math.add', 1, 1, queue=queue)
    async with connect(stack, 'admin') as client:
        redis.execute_command('ACL', 'SETUSER', 'default', '-eval')
        try:
            with pytest.raises(RpcError) as refusal:
                await client.call('queue.messages', {'queue': queue})
        finally:
            redis.execute_command('ACL', 'SETUSER', 'default', '+eval')
    assert refusal.value.code == 1014 and 'the broker cannot be asked now' in refusal.value.message
