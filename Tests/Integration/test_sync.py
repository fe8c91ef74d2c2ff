"""Rows at every client equal the gateway's: live, after a resume, for a slow reader, and through filters."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.churn import churn
from harness.client import GatewayClient, RpcError
from harness.events import life, task_events, worker_event
from harness.fixtures import ConnectClient
from harness.rows import Table
from harness.stack import Stack, unique


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def content(table: Table) -> dict[str, dict[str, Any]]:
    """The rows without what moves by itself while we compare."""
    return {key: {name: value for name, value in row.items() if name not in {'statsAt'}} for key, row in table.by_id().items()}


async def settled_equal(one: tuple[GatewayClient, Table], two: tuple[GatewayClient, Table], timeout: float = 20) -> None:
    """Two live tables show the same once both are at the same revision. Compares again and again: rows still move by time-outs."""
    deadline = time.monotonic() + timeout
    while content(one[1]) != content(two[1]):
        difference = {key: (content(one[1]).get(key), content(two[1]).get(key)) for key in content(one[1]) | content(two[1])}
        difference = {key: pair for key, pair in difference.items() if pair[0] != pair[1]}
        assert time.monotonic() < deadline, f'the tables differ: {difference}'
        await asyncio.sleep(0.2)
        for client, _ in (one, two):
            await client.until(lambda: True, 1, 'no violation')


async def test_an_old_client_equals_a_new_one(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as old, connect(stack) as new:
        tables = [await old.subscribe(topic) for topic in ('workers', 'stats')]
        with churn(stack):
            await old.until(lambda: tables[0].deltas >= 10, 30, 'ten deltas')
        for table in tables:
            fresh = await new.subscribe(table.topic)
            await settled_equal((old, table), (new, fresh))
            assert len(fresh) > 3


async def test_deltas_keep_to_the_tick(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        table = await client.subscribe('workers')
        with churn(stack):
            before, started = table.deltas, time.monotonic()
            await asyncio.sleep(4)
            rate = (table.deltas - before) / (time.monotonic() - started)

        assert 0.5 < rate <= 6, 'at most 4 Hz, with some slack for the leading edge'


async def test_a_slower_rate_can_be_asked_for(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        table = await client.subscribe('workers', maxHz=1)
        with churn(stack):
            before = table.deltas
            await asyncio.sleep(4)

        assert 1 <= table.deltas - before <= 6


async def test_resume_sends_only_what_changed_and_ends_equal(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        with churn(stack):
            table = await client.subscribe('workers')
            await client.until(lambda: table.deltas >= 4, 20, 'some deltas')
        since = {'epoch': table.epoch, 'rev': table.rev}

    stack.publish_raw(*worker_event('worker-online', unique('new') + '@churn'))
    async with connect(stack) as client:
        resumed = await client.subscribe('workers', since=since, base=table)
        fresh = await client.subscribe('workers')

        await settled_equal((client, resumed), (client, fresh))
        assert (resumed.snapshots, resumed.resets) == (0, []) and resumed.deltas >= 1, 'it is told by deltas alone'
        answers = [frame.message['result'] for frame in client.frames if 'mode' in (frame.message.get('result') or {})]
        assert [answer['mode'] for answer in answers if answer['sub'] == resumed.sub] == ['delta']


@pytest.mark.parametrize('since', [{'epoch': 'nonsense', 'rev': 5}, {'epoch': '', 'rev': 0}, {'epoch': 'x', 'rev': 2**52}])
async def test_a_resume_that_is_impossible_ends_in_a_snapshot(
    stack: Stack, connect: ConnectClient, since: dict[str, Any]
) -> None:
    async with connect(stack) as client:
        resumed = await client.subscribe('workers', since=since, base=Table(0, 'workers'))
        fresh = await client.subscribe('workers')

        await client.until(lambda: resumed.snapshots == 1, 10, 'a snapshot')
        await settled_equal((client, resumed), (client, fresh))


async def test_a_filtered_subscription_equals_the_filtered_whole(stack: Stack, connect: ConnectClient) -> None:
    """Rows come into the filter and leave it, again and again."""
    hosts = [f'{unique("f")}@filter' for _ in range(8)]
    async with connect(stack) as client:
        whole = await client.subscribe('workers')
        offline = await client.subscribe('workers', where=['eq', 'state', 'offline'])
        for host in hosts:
            stack.publish_raw(*worker_event('worker-online', host))
        await client.until(lambda: set(hosts) <= set(content(whole)), 15, 'the workers')

        for step in range(3):
            leaving = [host for index, host in enumerate(hosts) if index % 2 == step % 2]
            for host in hosts:
                stack.publish_raw(*worker_event('worker-offline' if host in leaving else 'worker-online', host))

            def equal(leaving: list[str] = leaving) -> bool:
                expected = {key: row for key, row in content(whole).items() if row['state'] == 'offline'}
                return content(offline) == expected and {key for key in expected if key in hosts} == set(leaving)

            await client.until(equal, 30, lambda: f'the filter to agree: {sorted(content(offline))}')


async def test_a_client_that_does_not_acknowledge_gets_two_frames_and_then_all_in_one(
    stack: Stack, connect: ConnectClient
) -> None:
    async with connect(stack) as client, connect(stack) as other:
        reference = await other.subscribe('workers')
        client.auto_ack = False
        table = await client.subscribe('workers')
        with churn(stack):
            await asyncio.sleep(4)
            silent = table.deltas
            assert silent <= 4, 'credit: two frames that were not acknowledged'
            client.auto_ack = True
            await client.send({'jsonrpc': '2.0', 'method': 'sub.ack', 'params': {'acks': [[table.sub, table.rev, 99]]}})
            await client.until(lambda: table.deltas > silent, 10, 'the rest')

        await settled_equal((client, table), (other, reference))


async def test_who_never_acknowledges_is_closed_4408(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        client.auto_ack = False
        await client.subscribe('workers')
        with churn(stack):
            assert await client.wait_closed(30) == 4408


async def test_an_idle_connection_hears_a_heartbeat_with_the_age_of_the_data(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        await client.until(lambda: client.heartbeats, 25, 'a heartbeat')

        beat = client.heartbeats[0]
        assert beat['ingest'] == 'ok' and abs(beat['t'] / 1000 - time.time()) < 5
        assert beat['t'] - beat['asOf'] < 10_000
        assert isinstance(beat['rev'], int)


async def test_a_window_in_follow_mode_shows_the_newest(stack: Stack, connect: ConnectClient) -> None:
    name = unique('newest')
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'name', name], mode='follow', limit=10)
        for number in range(25):
            stack.publish_raw(*task_events(*life(name, task_id=f'{name}-{number:02}')))
            await asyncio.sleep(0.02)

        newest = [f'{name}-{number:02}' for number in range(24, 14, -1)]
        await client.until(
            lambda: [row['id'] for row in view.ordered()] == newest,
            15,
            lambda: f'the ten newest; {[row["id"] for row in view.ordered()]}',
        )
        assert view.total == 25 and len(view) == 10


async def test_a_window_is_ordered_by_the_field_that_was_asked_for(stack: Stack, connect: ConnectClient) -> None:
    name = unique('ordered')

    def run(runtime: float, ending: str) -> None:
        events = life(name, task_id=f'{name}-{runtime}', ending=ending)
        if ending == 'task-succeeded':
            events[-1]['runtime'] = runtime
        stack.publish_raw(*task_events(*events))

    def shown(view: Table, field: str) -> list[Any]:
        return [row.get(field) for row in view.ordered()]

    async with connect(stack) as client:
        for runtime in (0.3, 2.5, 0.01, 7.0):
            run(runtime, 'task-succeeded')
        run(1.0, 'task-failed')
        longest = await client.view(where=['eq', 'name', name], order=['runtime', 'desc'], mode='follow', limit=4)
        states = await client.view(where=['eq', 'name', name], order=['state', 'asc'], mode='follow', limit=4)

        await client.until(
            lambda: shown(longest, 'runtime') == [7.0, 2.5, 0.3, 0.01],
            15,
            lambda: f'the longest first; {shown(longest, "runtime")}',
        )
        await client.until(
            lambda: shown(states, 'state') == ['FAILURE', 'SUCCESS', 'SUCCESS', 'SUCCESS'],
            15,
            lambda: f'failures first; {shown(states, "state")}',
        )
        run(4.0, 'task-succeeded')
        run(3.0, 'task-failed')
        await client.until(
            lambda: shown(longest, 'runtime') == [7.0, 4.0, 2.5, 0.3] and longest.total == 7,
            15,
            lambda: f'the new one in its place; {shown(longest, "runtime")} of {longest.total}',
        )
        await client.until(
            lambda: shown(states, 'state') == ['FAILURE', 'FAILURE', 'SUCCESS', 'SUCCESS'],
            15,
            lambda: f'two failures; {shown(states, "state")}',
        )
        with pytest.raises(RpcError):
            await client.view(order=['result', 'asc'])


async def test_the_delay_from_the_socket_to_the_state_is_shown(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        health = await client.subscribe('health')
        with churn(stack):
            await client.until(
                lambda: 0 <= (health.get('ingest') or {}).get('lagMs', -1) < 10_000,
                15,
                lambda: f'a delay; {health.get("ingest")}',
            )


async def test_a_pinned_window_counts_the_newcomers(stack: Stack, connect: ConnectClient) -> None:
    name = unique('pinned')
    async with connect(stack) as client:
        stack.publish_raw(*task_events(*life(name)))
        probe = await client.view(where=['eq', 'name', name], mode='follow')
        await client.until(lambda: len(probe) == 1, 15, 'the first task')
        view = await client.view(where=['eq', 'name', name], mode='pinned', limit=10)

        for _ in range(5):
            stack.publish_raw(*task_events(*life(name)))

        await client.until(
            lambda: view.before == 5 and view.total == 6, 15, lambda: f'five newcomers; {view.before} {view.total}'
        )
        assert len(view) == 1


async def test_closed_subscriptions_are_quiet(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        table = await client.subscribe('workers')
        await client.close_subscription(table)
        mark = len(client.frames)
        with churn(stack):
            await asyncio.sleep(1.5)

        late = [frame for frame in client.frames[mark + 4 :] if frame.message.get('params', {}).get('sub') == table.sub]
        assert not late


async def test_every_frame_is_within_its_bound(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        for topic in ('workers', 'queues', 'stats', 'health', 'commands', 'alerts'):
            await client.subscribe(topic)
        await client.view(mode='follow', limit=200)
        with churn(stack):
            await asyncio.sleep(3)

        limit = client.hello['limits']['frame']
        assert max(len(json.dumps(frame.message, separators=(',', ':'))) for frame in client.frames) <= limit * 1.1
