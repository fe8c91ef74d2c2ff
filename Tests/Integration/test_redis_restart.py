"""F1: Redis dies and comes back under load. Clients stay, the gap is on record, and the state is right again."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.workers import WorkerSpec


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    specs = [
        WorkerSpec('steady', queues=('q-steady',), concurrency=2),
        WorkerSpec('threaded', pool='threads', queues=('q-threaded',)),
    ]
    stack = Stack(folder, specs).start()
    yield stack
    stack.stop()


@contextlib.contextmanager
def load(stack: Stack) -> Iterator[None]:
    """Sends tasks all the time, also into a dead Redis."""
    done = threading.Event()

    def send() -> None:
        while not done.wait(0.05):
            with contextlib.suppress(Exception):
                stack.app.send_task('math.add', args=(1, 1), queue='q-steady', retry=False)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(20)


def broker_state(health: Table) -> str:
    return str((health.get('broker') or {}).get('state'))


def gaps(health: Table) -> list[Row]:
    return [row for row in health if str(row['id']).startswith('gap:')]


async def test_redis_restarts_under_load(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        health = await client.subscribe('health')
        workers = await client.subscribe('workers')
        stats = await client.subscribe('stats')
        view = await client.view(where=['eq', 'queue', 'q-threaded'], mode='follow')
        await client.until(lambda: (stats.get('fleet') or {}).get('workersOnline') == 2, 20, 'both workers')
        gaps_before = len(gaps(health))

        with load(stack):
            await client.until(lambda: (stats.get('fleet') or {}).get('tasks', 0) > 20, 20, 'the load to be seen')

            # Redis dies.
            killed = time.monotonic()
            stack.redis_server.kill()
            await client.until(lambda: broker_state(health) == 'down', 10, 'the broker to be called down')
            noticed = time.monotonic() - killed
            print(f'down noticed after {noticed:.2f} s')
            assert noticed <= 4

            asked = time.monotonic()
            with pytest.raises(RpcError) as refusal:
                await client.submit('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-steady'})
            assert refusal.value.code == 1014 and refusal.value.data.get('retry') is True
            assert time.monotonic() - asked < 1
            async with httpx.AsyncClient(base_url=stack.running_gateway.base_url) as http:
                assert (await http.get('/healthz')).status_code == 200
                assert (await http.get('/readyz')).status_code == 503

            # Redis comes back, empty: no persistence.
            await asyncio.sleep(max(0, killed + 3 - time.monotonic()))
            await asyncio.to_thread(stack.redis_server.restart)
            back = time.monotonic()
            await client.until(lambda: broker_state(health) == 'ok', 40, lambda: f'the broker to be ok; {health.get("broker")}')
            print(f'ok again {time.monotonic() - back:.2f} s after Redis answered')

            # Once more, to see that the second time is like the first.
            stack.redis_server.kill()
            await client.until(lambda: broker_state(health) == 'down', 10, 'the broker to be down again')
            await asyncio.to_thread(stack.redis_server.restart)
            await client.until(lambda: broker_state(health) == 'ok', 40, 'the broker to be ok again')

        # Both gaps are on record, closed and reconciled.
        await client.until(
            lambda: len(found := gaps(health)) >= gaps_before + 2 and all('to' in gap and 'reconciledAt' in gap for gap in found),
            40,
            lambda: f'the gaps to be closed; {gaps(health)}',
        )
        for gap in gaps(health):
            assert gap['from'] <= gap['to'] <= gap['reconciledAt'] and gap['reason']

        # The state is right again: workers online, nothing stale, and new tasks run and are seen.
        await client.until(
            lambda: all(row.get('state') in {'online', 'busy'} and not row.get('stale') for row in workers) and len(workers) == 2,
            60,
            lambda: f'the workers to be online; {[(row["id"], row.get("state"), row.get("stale")) for row in workers]}',
        )
        row = await client.command(
            'task.run', {'task': 'math.add', 'args': [2, 2], 'queue': 'q-threaded'}, timeout=60, deadline_ms=45000
        )
        assert row['state'] == 'confirmed', row
        await client.until(lambda: (view.get(row['taskId']) or {}).get('state') == 'SUCCESS', 30, 'a task to run after the gap')
        assert not client.closed.is_set() and not any(table.resets for table in client.tables.values())


async def test_a_gateway_that_starts_without_redis_waits_for_it(folder: Path) -> None:
    stack = Stack(folder)
    stack.start(gateway=False)
    stack.redis_server.kill()
    stack.gateway = Gateway(stack.broker, folder, backend=stack.backend).launch().wait_listening()
    try:
        async with httpx.AsyncClient(base_url=stack.gateway.base_url) as http:
            assert (await http.get('/healthz')).status_code == 200
            assert (await http.get('/readyz')).status_code == 503
        await asyncio.to_thread(stack.redis_server.restart)
        await asyncio.to_thread(stack.gateway.wait_ready, 30)
    finally:
        stack.stop()


async def test_killed_connections_are_replaced(stack: Stack, connect: ConnectClient) -> None:
    """CLIENT KILL of everything: Redis lives, all sockets die."""
    async with connect(stack) as client:
        health = await client.subscribe('health')
        view = await client.view(where=['eq', 'queue', 'q-threaded'], mode='follow')
        before = len(gaps(health))

        for kind in ('pubsub', 'normal'):
            stack.redis().client_kill_filter(_type=kind, skipme=True)

        await client.until(
            lambda: len(gaps(health)) > before and all('reconciledAt' in gap for gap in gaps(health)),
            40,
            lambda: f'a closed gap; {gaps(health)} {health.get("broker")}',
        )
        task = unique('task')
        stack.app.send_task('math.add', args=(1, 1), queue='q-threaded', task_id=task)
        await client.until(lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 40, 'a task to be seen afterwards')
