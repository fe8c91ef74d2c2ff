"""No task stays STARTED for ever: what nobody knows any more becomes LOST, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.stack import Stack
from harness.workers import WorkerSpec

VICTIM = WorkerSpec('victim', queues=('q-victim',), concurrency=2)
BYSTANDER = WorkerSpec('bystander', queues=('q-bystander',), concurrency=2)


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [VICTIM, BYSTANDER]).start()
    yield stack
    stack.stop()


async def test_a_worker_without_remote_control_is_known_by_what_it_sends(folder: Path, connect: ConnectClient) -> None:
    """It cannot be asked what it consumes or runs: its queue is not called unconsumed, and what ended silently is lost."""
    spec = WorkerSpec('mute', queues=('q-mute',), env={'FLEET_CONF': '{"worker_enable_remote_control": false}'})
    stack = Stack(folder)
    stack.redis_server.start()
    try:
        await asyncio.to_thread(stack.launch_worker(spec).wait_ready)
        stack.gateway = Gateway(stack.broker, folder, backend=stack.backend, options=['--inspect-interval', '2'])
        await asyncio.to_thread(stack.gateway.start)
        async with connect(stack) as client:
            view = await client.view(mode='follow', limit=100)
            workers, queues = await client.subscribe('workers'), await client.subscribe('queues')
            alerts = await client.subscribe('alerts')
            await client.until(lambda: workers.get(spec.node), 20, 'its heartbeat')
            silent, long = stack.send('catalog.ignore', queue='q-mute'), stack.send('time.sleep', 3, queue='q-mute')
            row = await client.until(
                lambda: row if (row := view.get(silent) or {}).get('state') == 'LOST' else None,
                90,
                lambda: f'the silent end to be noticed; {view.get(silent)} {workers.get(spec.node)}',
            )
            assert 'its heartbeats say that nothing runs there' in row['reason'], row
            await client.until(lambda: (view.get(long) or {}).get('state') == 'SUCCESS', 20, 'the other one to end')
            for number in range(20):
                stack.send('time.sleep', 1, queue='q-mute', countdown=600 + number)
                stack.send('math.add', 1, number, queue='q-mute')
            alert = await client.until(
                lambda: next((a for a in alerts if a['rule'] == 'worker-unreachable'), None), 30, 'the alert about it'
            )
            assert 'worker_enable_remote_control' in alert['fix'], alert
            await client.until(lambda: queues.get('q-mute'), 20, 'its queue')
            assert (queues.get('q-mute') or {})['state'] == 'unknown', queues.get('q-mute')
            assert not any(a['rule'] == 'queue-unconsumed' for a in alerts)
    finally:
        stack.stop()


async def test_a_round_can_be_asked_for(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        health = await client.subscribe('health')
        await client.until(lambda: (health.get('broker') or {}).get('state') == 'ok', 20, 'the broker to be ok')
        since = (health.get('broker') or {})['since']
        for role, status in (('viewer', 403), ('operator', 202)):
            headers = {'authorization': f'Bearer {stack.running_gateway.token(role, f"reconcile-{role}")}'}
            async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
                assert (await http.post('/api/celery/reconcile', json={})).status_code == status
        await client.until(
            lambda: (row := health.get('broker') or {}).get('state') == 'ok' and row['since'] > since, 20, 'the round to end'
        )


async def test_what_a_killed_worker_ran_and_what_ended_silently_is_lost_and_nothing_else(
    stack: Stack, connect: ConnectClient
) -> None:
    async with connect(stack) as client:
        view = await client.view(mode='follow', limit=100)
        workers = await client.subscribe('workers')
        running = stack.send('time.sleep', 120, queue='q-victim')
        elsewhere = stack.send('time.sleep', 120, queue='q-bystander')
        held = stack.send('math.add', 1, 1, queue='q-bystander', countdown=600)
        # It raises Ignore, which no event tells.
        silent = stack.send('catalog.ignore', queue='q-bystander')
        done = stack.send('math.add', 1, 1, queue='q-victim')

        def state(task: str) -> str | None:
            return (view.get(task) or {}).get('state')

        await client.until(
            lambda: [state(task) for task in (running, elsewhere, held, done)] == ['STARTED', 'STARTED', 'RECEIVED', 'SUCCESS'],
            20,
            lambda: f'the tasks to be under way; {[state(task) for task in (running, elsewhere, held, done)]}',
        )
        before = (workers.get(VICTIM.node) or {}).get('pid')

        stack.workers['victim'].kill()
        # Its successor answers to the same name, and knows nothing of what it did.
        await asyncio.to_thread(stack.workers['victim'].start)
        await client.until(lambda: (workers.get(VICTIM.node) or {}).get('pid') != before, 20, 'the new process')

        row = await client.until(
            lambda: view.get(running) if state(running) == 'LOST' else None, 60, 'the killed task to be lost'
        )
        assert VICTIM.node in row['reason'] and 'STARTED' in row['reason'], row
        row = await client.until(
            lambda: view.get(silent) if state(silent) == 'LOST' else None, 60, 'the silent end to be noticed'
        )
        assert 'without a trace' in row['reason'], row
        assert [state(task) for task in (elsewhere, held, done)] == ['STARTED', 'RECEIVED', 'SUCCESS']
