"""No task stays STARTED for ever: what nobody knows any more becomes LOST, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.stack import Stack
from harness.workers import WorkerSpec

VICTIM = WorkerSpec('victim', queues=('q-victim',), concurrency=2)
BYSTANDER = WorkerSpec('bystander', queues=('q-bystander',), concurrency=2)


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [VICTIM, BYSTANDER]).start()
    yield stack
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
