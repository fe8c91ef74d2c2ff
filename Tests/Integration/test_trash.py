"""A purge can be undone: byte for byte, in order, in parts, over a restart, and never twice. What Redis holds is compared, not what we say of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
STEPS = (0, 3, 6, 9)
PREFIX = 'tenant-7:'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def keys(queue: str, prefix: str = '') -> list[str]:
    return [prefix + queue + (f'\x06\x16{step}' if step else '') for step in STEPS]


def lists(stack: Stack, queue: str, prefix: str = '') -> list[list[bytes]]:
    """All messages of a queue: of each priority from the newest to the next."""
    client: Any = stack.redis()
    return [client.lrange(key, 0, -1) for key in keys(queue, prefix)]


def trash_keys(stack: Stack, trash: str, prefix: str = '') -> list[str]:
    client: Any = stack.redis()
    return sorted(key.decode() for key in client.keys(f'{prefix}celeriac.trash.{trash}*'))


def fill(stack: Stack, queue: str, count: int, prefix: str = '') -> list[list[str]]:
    """Pushes copies of a message that Celery has made, each with an id of its own; gives the ids by priority, the newest first."""
    template = unique('template')
    task = stack.send('math.add', 20, 22, queue=template)
    client: Any = stack.redis()
    message: bytes = client.lpop(template)
    ids: list[list[str]] = [[] for _ in STEPS]
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            place = number * 7 % 4
            new = f'{task[:28]}{number:08d}'
            ids[place].insert(0, new)
            text = message.replace(task.encode(), new.encode()).replace(template.encode(), queue.encode())
            pipe.lpush(keys(queue, prefix)[place], text.replace(b'"delivery_tag": "', f'"delivery_tag": "{number}-'.encode()))
        pipe.execute()
    return ids


async def purge(client: GatewayClient, queue: str, **args: Any) -> Json:
    row: Json = await client.command('queue.purge', {'queue': queue, **args})
    assert row['state'] == 'confirmed', row
    return row


async def restore(client: GatewayClient, trash: str, **args: Any) -> Json:
    row: Json = await client.command('queue.restore', {'trash': trash, **args})
    assert row['state'] == 'confirmed', row
    return row


def http(stack: Stack, role: str = 'admin') -> httpx.AsyncClient:
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token(role, unique(role))}'}
    return httpx.AsyncClient(base_url=f'{gateway.base_url}/api/celery', headers=headers, timeout=20)


# Everything back --------------------------------------------------------------------------------------------------------------


async def test_ten_thousand_messages_come_back_byte_for_byte_in_order(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('many')
    fill(stack, queue, 10_000)
    before = lists(stack, queue)
    assert [len(messages) for messages in before] == [2_500] * 4
    async with connect(stack) as client:
        table = await client.subscribe('trash')
        row = await client.command('queue.purge', {'queue': queue}, expect={'messagesMax': 10_000})

        assert row['state'] == 'confirmed', row
        assert row['evidence'][0] == 'broker: 10000 messages removed (priority 0: 2500, 3: 2500, 6: 2500, 9: 2500)'
        assert any(line.startswith(f'trash {row["id"]}: queue.restore puts it back until 20') for line in row['evidence'])
        assert lists(stack, queue) == [[], [], [], []]
        await client.until(lambda: table.get(row['id']), 10, 'the row of the trash')
        trash = table.get(row['id']) or {}
        assert (trash['queue'], trash['count'], trash['left'], trash['steps']) == (queue, 10_000, 10_000, [2_500] * 4)
        assert (
            trash['command'] == row['id'] and trash['by'] == row['by'] and trash['expires'] == pytest.approx(trash['at'] + 86_400)
        )
        assert all(86_000 < int(stack.redis().ttl(key)) <= 86_400 for key in trash_keys(stack, row['id']))

        back = await restore(client, row['id'])

        assert (
            back['evidence'][0]
            == f'broker: 10000 messages put back (priority 0: 2500, 3: 2500, 6: 2500, 9: 2500) into queue {queue}'
        )
        assert f'nothing is left in trash {row["id"]}' in back['evidence']
        assert lists(stack, queue) == before
        assert all(stack.redis().ttl(key) == -1 for key in keys(queue)), 'what was put back expires'
        await client.until(lambda: table.get(row['id']) is None, 10, 'the row to go')
        assert trash_keys(stack, row['id']) == []

        with pytest.raises(RpcError, match=f'there is no trash {row["id"]}') as refusal:
            await client.submit('queue.restore', {'trash': row['id']})
        assert refusal.value.code == 1010
        with pytest.raises(RpcError, match='there is no trash nonsense'):
            await client.submit('queue.restore', {'trash': 'nonsense'})
    assert lists(stack, queue) == before


async def test_what_came_since_stays_behind_what_comes_back(stack: Stack, connect: ConnectClient) -> None:
    """More than one script restores, and repeats nothing."""
    queue = unique('since')
    fill(stack, queue, 25_000)
    before = lists(stack, queue)
    async with connect(stack) as client:
        row = await purge(client, queue)
        fill(stack, queue, 10)
        since = lists(stack, queue)

        back = await restore(client, row['id'])

    assert back['evidence'][0].startswith('broker: 25000 messages put back')
    assert lists(stack, queue) == [new + old for new, old in zip(since, before, strict=True)]
    assert trash_keys(stack, row['id']) == []


async def test_parts_come_back_as_they_would_have_been_next(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('parts')
    fill(stack, queue, 40)
    before = lists(stack, queue)
    async with connect(stack) as client:
        table = await client.subscribe('trash')
        row = await purge(client, queue)
        fill(stack, queue, 8)
        since = lists(stack, queue)

        part = await restore(client, row['id'], count=3)

        assert f'37 are left in trash {row["id"]}' in part['evidence']
        assert lists(stack, queue) == [since[0] + before[0][-3:], *since[1:]]
        await client.until(lambda: (table.get(row['id']) or {}).get('left') == 37, 10, 'what is left')
        assert (table.get(row['id']) or {})['steps'] == [7, 10, 10, 10] and (table.get(row['id']) or {})['count'] == 40

        # The next ones go behind those that were put back before, and then over to the next priority.
        await restore(client, row['id'], count=9)
        assert lists(stack, queue) == [since[0] + before[0], since[1] + before[1][-2:], *since[2:]]
        # More than there are: all.
        last = await restore(client, row['id'], count=10_000)
        assert last['evidence'][0].startswith('broker: 28 messages put back')
        await client.until(lambda: table.get(row['id']) is None, 10, 'the row to go')
    assert lists(stack, queue) == [new + old for new, old in zip(since, before, strict=True)]
    assert trash_keys(stack, row['id']) == []


async def test_the_messages_of_certain_tasks_come_back(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('some')
    ids = fill(stack, queue, 5_000)
    before = lists(stack, queue)
    wanted = [ids[0][7], ids[0][1_200], ids[3][0], ids[3][1_249]]
    async with connect(stack) as client:
        row = await purge(client, queue)
        stack.send('math.add', 1, 1, queue=queue)
        since = lists(stack, queue)

        part = await client.command('queue.restore', {'trash': row['id'], 'ids': [*wanted, 'never-heard-of']})

        assert part['state'] == 'partial' and part['reason'] == '4 of 5 tasks were in the trash', part
        assert part['evidence'][0].startswith('broker: 4 messages put back (priority 0: 2, 9: 2)')
        assert 'not in the trash: never-heard-of' in part['evidence']
        assert lists(stack, queue) == [[*since[0], before[0][7], before[0][1_200]], [], [], [before[3][0], before[3][1_249]]]

        nothing = await client.command('queue.restore', {'trash': row['id'], 'ids': ['never-heard-of', wanted[0]]})
        assert nothing['state'] == 'rejected' and 'no message of these tasks' in nothing['reason']
        assert 'sentAt' not in nothing

        await restore(client, row['id'])
    rest = [[m for m in messages if m not in part] for messages, part in zip(before, lists_of(before, ids, wanted), strict=True)]
    chosen = lists_of(before, ids, wanted)
    assert lists(stack, queue) == [new + old + first for new, old, first in zip(since, rest, chosen, strict=True)]


def lists_of(messages: list[list[bytes]], ids: list[list[str]], wanted: list[str]) -> list[list[bytes]]:
    return [[m for m, i in zip(some, names, strict=True) if i in wanted] for some, names in zip(messages, ids, strict=True)]


async def test_all_messages_of_a_task_come_back_if_it_stands_on_several(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('twice')
    task = stack.send('math.add', 1, 1, queue=queue)
    client: Any = stack.redis()
    message = client.lindex(queue, 0)
    client.lpush(queue, b'no message', message, message)
    client.lpush(keys(queue)[2], message)
    async with connect(stack) as gateway:
        row = await purge(gateway, queue)
        await restore(gateway, row['id'], ids=[task])
    assert lists(stack, queue) == [[message] * 3, [], [message], []]


# Not back ---------------------------------------------------------------------------------------------------------------------


async def test_a_purge_that_keeps_nothing_leaves_nothing(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('gone')
    fill(stack, queue, 8)
    async with connect(stack) as client:
        table = await client.subscribe('trash')
        row = await purge(client, queue, keep=0)

        assert 'they cannot be put back: keep was 0' in row['evidence']
        assert lists(stack, queue) == [[], [], [], []] and trash_keys(stack, row['id']) == []
        with pytest.raises(RpcError, match='there is no trash'):
            await client.submit('queue.restore', {'trash': row['id']})
        # A purge that finds nothing leaves no trash either.
        empty = await purge(client, queue)
        assert empty['evidence'][0] == 'broker: 0 messages removed'
        await asyncio.sleep(0.5)
        assert table.get(row['id']) is None and table.get(empty['id']) is None


async def test_what_has_expired_is_gone(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('short')
    fill(stack, queue, 8)
    async with connect(stack) as client:
        table = await client.subscribe('trash')
        row = await purge(client, queue, keep=2.5)
        await client.until(lambda: table.get(row['id']), 10, 'the row')
        await client.until(lambda: table.get(row['id']) is None, 30, 'the row to expire')
        with pytest.raises(RpcError, match='has expired'):
            await client.submit('queue.restore', {'trash': row['id']})
    await asyncio.to_thread(wait_for, lambda: not trash_keys(stack, row['id']), 30, 'the messages to expire')
    assert lists(stack, queue) == [[], [], [], []]


async def test_a_row_whose_messages_somebody_deleted_goes(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('stolen')
    fill(stack, queue, 8)
    async with connect(stack) as client:
        table = await client.subscribe('trash')
        row = await purge(client, queue)
        await client.until(lambda: table.get(row['id']), 10, 'the row')
        redis: Any = stack.redis()
        redis.delete(*trash_keys(stack, row['id'])[:2])
        redis.delete(*trash_keys(stack, row['id']))
        late = await client.command('queue.restore', {'trash': row['id']})
        assert late['state'] == 'failed' and 'the trash is empty' in late['reason']
        await client.until(lambda: table.get(row['id']) is None, 60, 'the row to go')


async def test_only_lists_are_restored_to(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('occupied')
    fill(stack, queue, 8)
    before = lists(stack, queue)
    client: Any = stack.redis()
    async with connect(stack) as gateway:
        row = await purge(gateway, queue)
        client.hset(queue, 'field', 'value')
        refused = await gateway.command('queue.restore', {'trash': row['id']})
        assert refused['state'] == 'failed' and 'WRONGTYPE' in refused['reason'], refused
        client.delete(queue)
        await restore(gateway, row['id'])
    assert lists(stack, queue) == before


# Who, and how -----------------------------------------------------------------------------------------------------------------


async def test_only_admins_purge_and_restore_and_viewers_look(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('roles')
    ids = fill(stack, queue, 8)
    before = lists(stack, queue)
    async with http(stack) as client:
        page = (await client.get(f'/queues/{queue}/messages')).json()
    async with connect(stack) as admin:
        row = await purge(admin, queue)
    for role in ('viewer', 'operator', 'bot'):
        async with connect(stack, role) as client:
            table = await client.subscribe('trash')
            assert (table.get(row['id']) or {})['left'] == 8
            for command, args in (('queue.restore', {'trash': row['id']}), ('queue.purge', {'queue': queue})):
                with pytest.raises(RpcError, match=f'role {role} may not do {command}') as refusal:
                    await client.submit(command, args)
                assert refusal.value.code == 1003
    async with connect(stack, 'wall') as wall:
        with pytest.raises(RpcError):
            await wall.subscribe('trash')
    async with http(stack, 'wall') as client:
        assert (await client.get('/trash')).status_code == 403 and (await client.get(f'/trash/{row["id"]}')).status_code == 403
    async with http(stack, 'viewer') as client:
        listed = (await client.get('/trash')).json()['trash']
        assert any(entry['id'] == row['id'] and entry['queue'] == queue for entry in listed)
        shown = (await client.get(f'/trash/{row["id"]}')).json()
        assert [message['args'] for message in shown['messages']] == ['(8 characters)'] * 8
    async with http(stack, 'operator') as client:
        shown = (await client.get(f'/trash/{row["id"]}', params={'limit': 3})).json()
        assert shown['count'] == 8 and shown['left'] == 8 and shown['queue'] == queue
        assert shown['messages'] == page['messages'][:3]
        assert [message['id'] for message in shown['messages']][:2] == ids[0][::-1][:2]
        assert (await client.get(f'/trash/{row["id"]}', params={'offset': 7})).json()['messages'] == page['messages'][7:]
        assert (await client.get(f'/trash/{row["id"]}', params={'limit': 0})).status_code == 400
        assert (await client.get('/trash/nonsense')).status_code == 404
    assert lists(stack, queue) == [[], [], [], []]
    async with connect(stack) as admin:
        await restore(admin, row['id'])
    assert lists(stack, queue) == before


async def test_the_same_key_purges_and_restores_once(stack: Stack) -> None:
    queue = unique('once')
    fill(stack, queue, 12)
    before = lists(stack, queue)
    async with http(stack) as client:

        async def post(name: str, body: Json, key: str) -> Json:
            answer = await client.post(f'/commands/{name}', json=body, headers={'idempotency-key': key})
            assert answer.status_code in {200, 202}, answer.text
            return dict(answer.json())

        async def done(command: str) -> None:
            def ended() -> Json | None:
                row: Json = httpx.get(f'{client.base_url}commands/{command}', headers=client.headers, timeout=20).json()
                return row if row['state'] not in {'accepted', 'sent'} else None

            row = await asyncio.to_thread(wait_for, ended, 20, f'the end of {command}')
            assert row['state'] == 'confirmed', row

        key = unique('key')
        first = await post('queue.purge', {'queue': queue}, key)
        assert first['state'] == 'confirmed' and not first['duplicate']
        fill(stack, queue, 4)
        since = lists(stack, queue)
        again = await post('queue.purge', {'queue': queue}, key)
        assert again['duplicate'] and again['id'] == first['id'] and again['state'] == 'confirmed'
        assert lists(stack, queue) == since

        key = unique('key')
        body = {'trash': first['id'], 'count': 2}
        await done((await post('queue.restore', body, key))['id'])
        assert (await post('queue.restore', body, key))['duplicate']
        assert lists(stack, queue) == [since[0] + before[0][-2:], *since[1:]]
        await done((await post('queue.restore', {'trash': first['id']}, unique('key')))['id'])
        # The trash is gone, and still the same key gives the same answer.
        assert (await post('queue.restore', body, key))['duplicate']
    assert lists(stack, queue) == [new + old for new, old in zip(since, before, strict=True)]


async def test_a_purge_whose_answer_is_lost_is_asked_for_again_and_done_once(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('lost')
    fill(stack, queue, 12)
    before = lists(stack, queue)
    server = stack.redis_server.process
    assert server
    async with connect(stack) as client:
        server.signal(signal.SIGSTOP)
        try:
            submitting = asyncio.create_task(client.command('queue.purge', {'queue': queue}, timeout=60, deadline_ms=40_000))
            # Longer than the gateway waits for an answer: it breaks the connection off and asks again.
            await asyncio.sleep(6)
        finally:
            server.signal(signal.SIGCONT)
        row = await submitting
        assert row['state'] == 'confirmed' and row['evidence'][0].startswith('broker: 12 messages removed'), row
        await restore(client, row['id'])
    assert lists(stack, queue) == before


# With workers -----------------------------------------------------------------------------------------------------------------


async def test_what_a_purge_does_not_touch_is_told_and_what_comes_back_runs(
    module_folder: Path, connect: ConnectClient, tmp_path: Path
) -> None:
    queue = unique('held')
    stack = Stack(
        tmp_path, [WorkerSpec(name='holder', queues=(queue,), concurrency=1, options=('--prefetch-multiplier', '2'))]
    ).start()
    try:
        running = stack.send('time.sleep', 600, queue=queue)
        scheduled = stack.send('math.add', 1, 1, queue=queue, countdown=3_000)
        async with connect(stack) as client:
            queues = await client.subscribe('queues')
            await client.until(lambda: (queues.get(queue) or {}).get('active') == 1, 30, 'the running task')
            await client.until(lambda: (queues.get(queue) or {}).get('scheduled') == 1, 30, 'the scheduled task')
            tasks = [stack.send('math.add', 20, number, queue=queue) for number in range(6)]
            await client.until(lambda: (queues.get(queue) or {}).get('reserved', 0) >= 1, 30, lambda: f'{queues.get(queue)}')

            def settled() -> bool:
                row = queues.get(queue) or {}
                reserved = row.get('reserved', 0)
                return bool(row.get('depth') == 6 - reserved and row.get('unacked') == reserved + 1)

            await client.until(settled, 30, lambda: f'the counts to agree: {queues.get(queue)}')
            before = dict(queues.get(queue) or {})  # as it is now: rows change in place
            row = await purge(client, queue)

            reserved = before['reserved']
            assert row['evidence'][0].startswith(f'broker: {before["depth"]} message')
            told = [line for line in row['evidence'] if line.startswith('not touched: ')]
            verb = 'is reserved' if reserved == 1 else 'are reserved'
            assert told == [
                f'not touched: {reserved + 1} unacknowledged, which workers hold; 1 runs, {reserved} {verb}, 1 waits for its time'
            ], told
            assert stack.queue_length(queue) == 0

            await restore(client, row['id'])
            assert stack.queue_length(queue) == before['depth']
            for args in ({'id': running, 'terminate': True}, {'id': scheduled}):
                assert (await client.command('task.revoke', args))['state'] == 'confirmed'

        def results() -> bool:
            return all((stack.result(task) or {}).get('status') == 'SUCCESS' for task in tasks)

        await asyncio.to_thread(wait_for, results, 60, 'all tasks to run')
        assert [(stack.result(task) or {})['result'] for task in tasks] == [20 + number for number in range(6)]
    finally:
        stack.stop()


async def test_a_broker_with_steps_of_its_own(connect: ConnectClient, tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    try:
        stack.start(gateway_options=('--priority-steps', '0,5', '--queue-sep', ':'))
        client: Any = stack.redis()
        client.rpush('mail', *[f'urgent {number}' for number in range(3)])
        client.rpush('mail:5', *[f'late {number}' for number in range(4)])
        before = [client.lrange(key, 0, -1) for key in ('mail', 'mail:5')]
        async with connect(stack) as gateway:
            row = await purge(gateway, 'mail')
            assert row['evidence'][0] == 'broker: 7 messages removed (priority 0: 3, 5: 4)'
            assert trash_keys(stack, row['id']) == [f'celeriac.trash.{row["id"]}.{step}' for step in (0, 5)]
            assert not client.exists('mail', 'mail:5')
            await restore(gateway, row['id'], count=4)
            assert [client.lrange(key, 0, -1) for key in ('mail', 'mail:5')] == [before[0], before[1][-1:]]
            await restore(gateway, row['id'])
        assert [client.lrange(key, 0, -1) for key in ('mail', 'mail:5')] == before
    finally:
        stack.stop()


# After a crash ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[Stack]:
    """A gateway that a test may kill; its keys have a prefix."""
    stack = Stack(tmp_path, durable=True)
    try:
        stack.start(gateway_options=('--broker-key-prefix', PREFIX))
        stack.running_gateway.listen = stack.running_gateway.address
        yield stack
    finally:
        stack.stop()


def recorded(gateway: Gateway, command: str) -> list[str]:
    """Ids of the commands of a name in the records."""
    (file,) = gateway.data.glob('*.sqlite')
    with sqlite3.connect(f'file:{file}?mode=ro', uri=True) as database:
        return [row[0] for row in database.execute('SELECT id FROM commands WHERE command = ?', (command,))]


async def test_trash_outlives_the_gateway_and_obeys_the_prefix(crashing: Stack, connect: ConnectClient) -> None:
    queue, gateway = unique('kept'), crashing.running_gateway
    fill(crashing, queue, 40, PREFIX)
    before = lists(crashing, queue, PREFIX)
    async with connect(crashing) as client:
        row = await purge(client, queue)
        assert lists(crashing, queue, PREFIX) == [[], [], [], []]
        assert len(trash_keys(crashing, row['id'], PREFIX)) == 4
        await restore(client, row['id'], count=5)
    gateway.kill()
    gateway.start()
    async with connect(crashing) as client:
        table = await client.subscribe('trash')
        await client.until(lambda: (table.get(row['id']) or {}).get('left') == 35, 10, lambda: f'the row: {table.get(row["id"])}')
        assert (table.get(row['id']) or {})['count'] == 40
        await restore(client, row['id'])
    assert lists(crashing, queue, PREFIX) == before


async def submit_and_kill(stack: Stack, command: str, body: Json) -> str:
    """Asks for something while the broker stands still, and kills the gateway once it is recorded; gives the command's id."""
    gateway, server = stack.running_gateway, stack.redis_server.process
    assert server
    known = set(recorded(gateway, command))
    server.signal(signal.SIGSTOP)
    async with http(stack) as client:
        posting = asyncio.create_task(client.post(f'/commands/{command}', json=body, headers={'idempotency-key': unique('key')}))

        def new() -> set[str]:
            return set(recorded(gateway, command)) - known

        (command_id,) = await asyncio.to_thread(wait_for, new, 20, 'the record')
        # It is sent with the next turn of the loop, and lies in the socket of the broker.
        await asyncio.sleep(0.3)
        gateway.kill()
        # A purge is answered when the broker has taken it, a restore as soon as it is recorded.
        with contextlib.suppress(httpx.HTTPError):
            await posting
    return command_id


async def test_a_purge_that_outlives_the_gateway_is_proven(crashing: Stack, connect: ConnectClient) -> None:
    queue, gateway, server = unique('proven'), crashing.running_gateway, crashing.redis_server.process
    fill(crashing, queue, 40, PREFIX)
    before = lists(crashing, queue, PREFIX)
    assert server

    command = await submit_and_kill(crashing, 'queue.purge', {'queue': queue})
    server.signal(signal.SIGCONT)
    await asyncio.to_thread(wait_for, lambda: lists(crashing, queue, PREFIX) == [[], [], [], []], 20, 'the purge')
    gateway.start()

    async with connect(crashing) as client:
        commands, table = await client.subscribe('commands'), await client.subscribe('trash')
        await client.until(
            lambda: (commands.get(command) or {}).get('state') == 'confirmed', 20, lambda: f'{commands.get(command)}'
        )
        assert 'broker: 40 messages removed (priority 0: 10, 3: 10, 6: 10, 9: 10)' in (commands.get(command) or {})['evidence']
        await client.until(lambda: (table.get(command) or {}).get('left') == 40, 20, 'the trash')

    # The same for a restore.
    back = await submit_and_kill(crashing, 'queue.restore', {'trash': command, 'count': 12})
    server.signal(signal.SIGCONT)
    await asyncio.to_thread(wait_for, lambda: sum(map(len, lists(crashing, queue, PREFIX))) == 12, 20, 'the restore')
    gateway.start()
    async with connect(crashing) as client:
        commands, table = await client.subscribe('commands'), await client.subscribe('trash')
        await client.until(lambda: (commands.get(back) or {}).get('state') == 'confirmed', 20, lambda: f'{commands.get(back)}')
        assert 'broker: 12 messages put back (priority 0: 10, 3: 2)' in (commands.get(back) or {})['evidence']
        await client.until(lambda: (table.get(command) or {}).get('left') == 28, 20, lambda: f'the trash: {table.get(command)}')
        await restore(client, command)
        assert lists(crashing, queue, PREFIX) == before


async def test_a_restore_that_is_cut_off_is_partial_and_the_rest_comes_back_in_order(
    crashing: Stack, connect: ConnectClient
) -> None:
    """More than one script would have restored; the gateway is killed before the second."""
    queue, gateway, server = unique('half'), crashing.running_gateway, crashing.redis_server.process
    fill(crashing, queue, 25_000, PREFIX)
    before = lists(crashing, queue, PREFIX)
    assert server
    async with connect(crashing) as client:
        trash = (await purge(client, queue))['id']
    fill(crashing, queue, 4, PREFIX)
    since = lists(crashing, queue, PREFIX)

    command = await submit_and_kill(crashing, 'queue.restore', {'trash': trash})
    server.signal(signal.SIGCONT)
    await asyncio.to_thread(wait_for, lambda: sum(map(len, lists(crashing, queue, PREFIX))) == 10_004, 20, 'the first script')
    gateway.start()

    async with connect(crashing) as client:
        commands, table = await client.subscribe('commands'), await client.subscribe('trash')
        await client.until(
            lambda: (commands.get(command) or {}).get('state') == 'partial', 20, lambda: f'{commands.get(command)}'
        )
        row = commands.get(command) or {}
        assert 'broker: 10000 messages put back (priority 0: 6250, 3: 3750)' in row['evidence'], row
        assert 'the rest is still in the trash' in row['reason']
        await client.until(lambda: (table.get(trash) or {}).get('left') == 15_000, 20, lambda: f'the trash: {table.get(trash)}')
        await restore(client, trash)
    assert lists(crashing, queue, PREFIX) == [new + old for new, old in zip(since, before, strict=True)]
    assert trash_keys(crashing, trash, PREFIX) == []


async def test_a_purge_that_never_arrived_never_will(crashing: Stack, connect: ConnectClient) -> None:
    queue, gateway = unique('never'), crashing.running_gateway
    fill(crashing, queue, 40, PREFIX)
    before = lists(crashing, queue, PREFIX)
    client: Any = crashing.redis()
    command = await submit_and_kill(crashing, 'queue.purge', {'queue': queue})
    # The broker dies with what lies in its socket.
    crashing.redis_server.kill()
    crashing.redis_server.restart()
    assert lists(crashing, queue, PREFIX) == before
    gateway.start()

    async with connect(crashing) as gateway_client:
        commands, table = await gateway_client.subscribe('commands'), await gateway_client.subscribe('trash')
        await gateway_client.until(
            lambda: (commands.get(command) or {}).get('state') == 'failed', 20, lambda: f'{commands.get(command)}'
        )
        assert 'nothing was done, and nothing will be' in (commands.get(command) or {})['reason']
        assert client.get(f'{PREFIX}celeriac.once.{command}') == b'lost'
        assert table.get(command) is None

        def rows() -> int:
            (file,) = gateway.data.glob('*.sqlite')
            with sqlite3.connect(f'file:{file}?mode=ro', uri=True) as database:
                return int(database.execute('SELECT count(*) FROM trash').fetchone()[0])

        await asyncio.to_thread(wait_for, lambda: rows() == 0, 20, 'the record of the trash to go')
    assert lists(crashing, queue, PREFIX) == before
