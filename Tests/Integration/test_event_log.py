"""The event log: what bots read, once each and in order, and what they are told when something is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import RpcError
from harness.event_reader import EventReader
from harness.events import event, life, task_events
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.workers import WorkerSpec


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec('a', queues=('q-a',)), WorkerSpec('b', queues=('q-b',))]).start()
    yield stack
    stack.stop()


def about(reader: EventReader, tasks: list[str]) -> list[tuple[str, str]]:
    """Type and task of the events about some tasks, in order."""
    return [(row['type'], row['id']) for row in reader.events if row.get('id') in tasks]


def ended(reader: EventReader, task: str) -> Callable[[], bool]:
    return lambda: any(kind in {'task-succeeded', 'task-failed'} for kind, _ in about(reader, [task]))


def holds(reader: EventReader, count: int) -> Callable[[], bool]:
    return lambda: len(reader.events) >= count


async def test_a_bot_reads_every_event_of_real_tasks_once(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'bot') as bot, connect(stack, 'bot') as other:
        everything = await bot.events()
        ends = await bot.events(types=['task-succeeded', 'task-failed'], queues=['q-a'])
        plain = await other.events(format='celery', types=['task-*'])
        clouds = await other.events(format='cloudevents', types=['task-received'], workers=['b@*'], names=['math.*'])
        on_a = [stack.send('math.add', 1, number, queue='q-a') for number in range(20)]
        on_b = [stack.send('math.add', 2, number, queue='q-b') for number in range(20)]
        wanted = [
            (kind, task) for task in on_a + on_b for kind in ('task-sent', 'task-received', 'task-started', 'task-succeeded')
        ]
        await bot.until(lambda: len(about(everything, on_a + on_b)) >= len(wanted), 30, 'all events')
        assert sorted(about(everything, on_a + on_b)) == sorted(wanted)
        assert everything.offsets() == list(range(everything.offsets()[0], everything.offsets()[-1] + 1))
        succeeded = everything.of_type('task-succeeded')
        # A worker's own event carries neither: the gateway knows them.
        assert {(row['name'], row['queue']) for row in succeeded if row['id'] in on_a} == {('math.add', 'q-a')}

        await bot.until(lambda: len(about(ends, on_a)) >= 20, 20, 'the ends on queue q-a')
        assert sorted(about(ends, on_a)) == sorted(('task-succeeded', task) for task in on_a) and not about(ends, on_b)
        await other.until(lambda: sum(row.get('uuid') in on_a + on_b for row in plain.events) >= len(wanted), 20, 'plain events')
        assert sorted((row['type'], row['uuid']) for row in plain.events if row['uuid'] in on_a + on_b) == sorted(wanted)
        await other.until(lambda: len(clouds.events) >= 20, 20, 'cloud events')
        assert {row['subject'] for row in clouds.events} == set(on_b)
        offset, _, cloud = clouds.items[0]
        assert (
            cloud['id'] == f'{clouds.epoch}/{offset}'
            and cloud['specversion'] == '1.0'
            and cloud['type'] == 'celery.task-received'
        )
        assert cloud['source'].startswith('celery/b@') and cloud['data']['uuid'] == cloud['subject']
        assert not everything.gaps and not ends.gaps and not plain.gaps and not clouds.gaps


async def test_a_bot_that_comes_back_misses_nothing(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'bot') as bot:
        reader = await bot.events(types=['task-*'])
        first = stack.send('math.add', 1, 1, queue='q-a')
        await bot.until(lambda: ('task-succeeded', first) in about(reader, [first]), 20, 'the first task')
    meanwhile = [stack.send('math.add', 1, number, queue='q-a') for number in range(5)]
    async with connect(stack, 'bot') as bot:
        await bot.events(reader=reader, types=['task-*'])
        await bot.until(lambda: len(about(reader, meanwhile)) >= 20, 20, 'what happened meanwhile')
        assert len(set(reader.offsets())) == len(reader.offsets()) and not reader.gaps
        with pytest.raises(RpcError) as refusal:
            await bot.events(after={'epoch': reader.epoch, 'off': 10**9})
        assert refusal.value.code == 1005


async def test_who_may_read_what(stack: Stack, connect: ConnectClient) -> None:
    secret = unique('secret')
    async with connect(stack, 'wall') as wall, connect(stack, 'viewer') as viewer, connect(stack, 'bot') as bot:
        with pytest.raises(RpcError) as refusal:
            await wall.events()
        assert refusal.value.code == 1003
        masked, plain = await viewer.events(), await bot.events()
        cloud = await viewer.events(format='cloudevents')
        task = stack.send('text.echo', secret, queue='q-a')
        for client, reader in ((viewer, masked), (bot, plain)):
            await client.until(ended(reader, task), 20, 'its end')
        await viewer.until(lambda: sum(row.get('subject') == task for row in cloud.events) >= 2, 20, 'the same as cloud events')
        assert secret in str(plain.events) and secret not in str(masked.events) and secret not in str(cloud.events)
        received = next(row for row in masked.events if row.get('id') == task and row['type'] == 'task-received')
        assert received['event']['args'].endswith('characters)')


async def test_a_number_is_used_once(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'bot') as bot:
        for sub in range(101, 105):
            await bot.call('events.open', {'sub': sub})
        with pytest.raises(RpcError) as full:
            await bot.call('events.open', {'sub': 105})
        assert full.value.code == 1012
        await bot.call('events.close', {'sub': 104})
        for method, params in (('events.open', {'sub': 101}), ('sub.open', {'sub': 101, 'topic': 'stats'})):
            with pytest.raises(RpcError) as conflict:
                await bot.call(method, params)
            assert conflict.value.code == 1009
        await bot.call('events.open', {'sub': 104})


async def test_pages_over_http_follow_each_other(stack: Stack, connect: ConnectClient) -> None:
    name = unique('paged')
    gateway = stack.running_gateway
    async with connect(stack, 'bot') as bot:
        reader = await bot.events(names=[name])
        for _ in range(30):
            stack.redis().publish(*task_events(*life(name)))
        await bot.until(lambda: len(reader.events) == 90, 20, 'the events')
    headers = {'authorization': f'Bearer {gateway.token("viewer", unique("pages"))}'}
    async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
        found, at = [], 'oldest'
        while True:
            answer = await http.get('/api/celery/events', params={'from': at, 'limit': 7, 'name': name, 'type': 'task-*'})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += [(off, event['id'], event['type']) for off, _, event in page['items']]
            assert len(page['items']) <= 7 and not page['gaps']
            at = page['next']
            if not page['more']:
                break
        assert found == [(off, event['id'], event['type']) for off, _, event in reader.items]
        for wrong in ({'limit': '0'}, {'limit': '1001'}, {'from': 'x'}, {'format': 'xml'}, {'typ': 'a'}):
            assert (await http.get('/api/celery/events', params=wrong)).status_code == 400
        other = (await http.get('/api/celery/events', params={'from': 'elsewhere/5', 'limit': 1})).json()
        assert [gap['reason'] for gap in other['gaps']] == ['epoch']
    wall = {'authorization': f'Bearer {gateway.token("wall", unique("pages"))}'}
    async with httpx.AsyncClient(base_url=gateway.base_url, headers=wall) as http:
        assert (await http.get('/api/celery/events')).status_code == 403


async def test_a_slow_reader_is_told_what_it_missed(folder: Path, connect: ConnectClient) -> None:
    """Several times what the log holds, while the reader acknowledges nothing: then it is behind the log's end, and told so."""
    stack = Stack(folder).start(gateway_options=['--event-log', '1'])
    try:
        async with connect(stack, 'bot') as slow, connect(stack, 'bot') as quick:
            slow.auto_ack = False
            behind = await slow.events(maxBatch=1000)
            ahead = await quick.events(types=['task-flood'], maxBatch=1000)
            text = 'x' * 10_000
            count = 0
            while count < 400:
                # Not more than the quick one takes: it must not fall behind, too.
                stack.redis().publish(
                    *task_events(*[event('task-flood', uuid=f'{count}-{part}', traceback=text) for part in range(10)])
                )
                count += 10
                await quick.until(holds(ahead, count), 20, 'the flood to pass')
            assert len(behind.events) < 60 and not behind.gaps, 'it was sent more than its credit'
            slow.auto_ack = True
            slow._acknowledge(force=True)
            await slow.until(lambda: bool(behind.gaps) and behind.at >= ahead.at, 20, 'a gap, and then the rest')
            assert [gap['reason'] for gap in behind.gaps] == ['overflow']
            assert len(behind.events) + behind.gaps[0]['lost'] == len(ahead.events) == count
    finally:
        stack.stop()


async def test_a_gateway_that_starts_anew_says_so(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder).start()
    try:
        async with connect(stack, 'bot') as bot:
            reader = await bot.events()
            stack.redis().publish(*task_events(*life('before')))
            await bot.until(lambda: len(reader.events) == 3, 20, 'the events before')
        epoch = reader.epoch
        stack.running_gateway.kill()
        stack.running_gateway.start()
        stack.redis().publish(*task_events(*life('after')))
        async with connect(stack, 'bot') as bot:
            await bot.events(reader=reader)
            await bot.until(lambda: len(reader.events) == 6, 20, 'the events after')
            assert [(gap['reason'], gap['lost']) for gap in reader.gaps] == [('epoch', None)]
            assert reader.epoch != epoch
    finally:
        stack.stop()


async def test_a_redis_that_went_away_leaves_a_gap(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder).start()
    try:
        async with connect(stack, 'bot') as bot:
            health = await bot.subscribe('health')
            reader = await bot.events()
            stack.redis().publish(*task_events(*life('before')))
            await bot.until(lambda: len(reader.events) == 3, 20, 'the events before')
            stack.redis_server.kill()
            await bot.until(lambda: [gap['reason'] for gap in reader.gaps] == ['ingest_lost'], 20, 'the gap')
            await bot.until(lambda: (health.get('broker') or {}).get('state') == 'down', 20, 'the broker to be called down')
            await asyncio.to_thread(stack.redis_server.restart)
            await bot.until(lambda: (health.get('broker') or {}).get('state') == 'ok', 40, 'the broker to be ok')
            stack.redis().publish(*task_events(*life('after')))
            await bot.until(lambda: len(reader.events) == 6, 20, 'the events after')
            assert len(reader.gaps) == 1 and reader.gaps[0]['lost'] is None
    finally:
        stack.stop()
