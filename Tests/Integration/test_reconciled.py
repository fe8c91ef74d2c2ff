"""After a gap nothing stays stale that waits as it should: in a queue, for its rate limit's token, or in a pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.client import GatewayClient
from harness.dropper import Dropper
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.redis_server import RedisServer
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

LIMITED = WorkerSpec(
    'limited',
    queues=('q-limited',),
    concurrency=2,
    env={'FLEET_CONF': '{"task_annotations": {"math.add": {"rate_limit": "1/m"}}}'},
)
TARGET = 30
"""Seconds after which nothing is stale."""


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder, [LIMITED]).start(gateway=False)
    yield stack
    stack.stop()


@pytest.fixture
def relay(stack: Stack) -> Iterator[Dropper]:
    """Between the broker and the gateway, to keep the gateway out for a while."""
    dropper = Dropper(stack.redis_server.port)
    stack.gateway = Gateway(f'redis://127.0.0.1:{dropper.port}/0', stack.folder, backend=stack.backend).start()
    yield dropper
    dropper.stop()


def kill_subscription(stack: Stack) -> None:
    """Only the gateway's own: workers keep theirs."""
    for client in stack.redis().client_list():
        if client['name'].startswith('celeriac') and int(client['psub']) > 0:
            stack.redis().client_kill_filter(_id=client['id'])


def gaps(health: Table) -> list[Row]:
    return [row for row in health if str(row['id']).startswith('gap:')]


async def begin(client: GatewayClient, stack: Stack) -> tuple[Table, dict[str, str]]:
    """Tasks that wait in each way, and the state that each should stay in."""
    view = await client.view(mode='follow', limit=100)
    nobody = unique('nobody')
    expected: dict[str, str] = {}
    first = stack.send('math.add', 1, 0, queue='q-limited')
    await client.until(lambda: (view.get(first) or {}).get('state') == 'SUCCESS', 60, 'the first task to use the token')
    for number in range(3):
        expected[stack.send('math.add', 1, number, queue='q-limited')] = 'RECEIVED'
        expected[stack.send('math.add', 1, number, queue=nobody)] = 'PENDING'
    expected[stack.send('time.sleep', 300, queue='q-limited')] = 'STARTED'
    expected[stack.send('time.sleep', 1, queue='q-limited', countdown=600)] = 'RECEIVED'
    await reached(client, view, expected)
    return view, expected


async def reached(client: GatewayClient, view: Table, expected: dict[str, str]) -> None:
    def states() -> dict[str, str | None]:
        return {task: (view.get(task) or {}).get('state') for task in expected}

    await client.until(lambda: states() == expected, 60, lambda: f'{expected}; {states()}')


async def test_nothing_stays_stale_after_a_gap(stack: Stack, relay: Dropper, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view, expected = await begin(client, stack)
        health = await client.subscribe('health')
        workers, queues = await client.subscribe('workers'), await client.subscribe('queues')
        before = len(gaps(health))

        def stale() -> list[str]:
            return [row['id'] for table in (view, workers, queues) for row in table if row.get('stale')]

        relay.hold_connections()
        kill_subscription(stack)
        await client.until(lambda: set(stale()) >= set(expected), 30, lambda: f'all to be stale; {stale()}')
        assert all('since events may have been lost' in (view.get(task) or {})['reason'] for task in expected)
        relay.admit_connections()
        await client.until(
            lambda: len(found := gaps(health)) > before and all('to' in gap for gap in found), 60, lambda: f'{gaps(health)}'
        )
        closed = time.monotonic()
        await client.until(
            lambda: all('reconciledAt' in gap for gap in gaps(health)) and not stale(),
            60,
            lambda: f'everything to be confirmed; stale: {stale()}; {gaps(health)}',
        )
        took = time.monotonic() - closed
        print(f'nothing stale {took:.1f} s after the gap')
        assert took <= TARGET
        await reached(client, view, expected)


async def test_a_gap_stays_open_to_doubt_while_results_cannot_be_read(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder)
    results = RedisServer(folder / 'results').start()
    try:
        stack.redis_server.start()
        stack.gateway = Gateway(stack.broker, folder, backend=results.url(0), options=['--log-level', 'debug'])
        await asyncio.to_thread(stack.gateway.start)
        async with connect(stack) as client:
            health, alerts = await client.subscribe('health'), await client.subscribe('alerts')
            view = await client.view(mode='follow')

            def doubted() -> bool:
                return any(row['rule'] == 'gap-unreconciled' for row in alerts)

            task = stack.send('math.add', 1, 1, queue='q-waits')
            await client.until(lambda: (view.get(task) or {}).get('state') == 'PENDING', 30, 'the task to be seen')

            results.kill()
            kill_subscription(stack)
            await client.until(lambda: any('to' in gap for gap in gaps(health)), 60, 'the gap to end')
            # Two rounds were tried.
            log = stack.gateway.process
            assert log is not None
            await client.until(lambda: log.output().count('results could not be read') >= 2, 60, 'two rounds in vain')
            assert all('reconciledAt' not in gap for gap in gaps(health))
            await client.until(doubted, 20, 'the alert that state is in doubt')

            await asyncio.to_thread(results.restart)
            await client.until(
                lambda: all('reconciledAt' in gap for gap in gaps(health)) and not (view.get(task) or {}).get('stale'),
                60,
                lambda: f'the gap to be reconciled; {gaps(health)} {view.get(task)}',
            )
            await client.until(lambda: not doubted(), 20, 'the alert to go')
    finally:
        stack.stop()
        results.stop()
