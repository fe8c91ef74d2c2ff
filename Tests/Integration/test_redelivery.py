"""A message that a worker holds for longer than the visibility timeout is delivered again: the task's row says when."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.stack import Stack
from harness.waiting import wait_for
from harness.workers import WorkerSpec

HOLDER = WorkerSpec('holder', queues=('q-held',))
TIMEOUT = 10
FOLLOWED = 200
"""Held messages whose redelivery is foretold (`heldMessages`)."""
SHORT = 4
"""Seconds after which kombu delivers again, and it looks every second."""
LATE = WorkerSpec(
    'late',
    queues=('q-late',),
    concurrency=2,
    env={
        'FLEET_CONF': json.dumps(
            {
                'task_acks_late': True,
                'broker_transport_options': {
                    'visibility_timeout': SHORT,
                    'unacked_restore_interval': 1,
                    'unacked_restore_throttle': 1,
                },
            }
        )
    },
)


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [HOLDER]).start(gateway_options=['--visibility-timeout', str(TIMEOUT)])
    yield stack
    stack.stop()


async def test_a_held_task_tells_when_it_will_be_delivered_again(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await client.view(mode='follow')
        alerts = await client.subscribe('alerts')
        task = stack.send('math.add', 1, 1, queue='q-held', countdown=600)

        row = await client.until(lambda: r if 'redeliverAt' in (r := view.get(task) or {}) else None, 20, 'the date')
        assert row['state'] == 'RECEIVED'
        held: Any = stack.redis().zrange('unacked_index', 0, -1, withscores=True)
        ((_, score),) = held
        assert row['redeliverAt'] == pytest.approx(score + TIMEOUT, abs=0.01)
        assert abs(row['redeliverAt'] - time.time() - TIMEOUT) < 8

        alert = await client.until(
            lambda: next((r for r in alerts if r['rule'] == 'redelivery-due'), None), 30, 'the warning that it is near'
        )
        assert task in alert['detail'] and HOLDER.node in alert['detail'], alert

        # A worker that shuts down gives back what it holds.
        await asyncio.to_thread(stack.workers['holder'].stop, 30)
        assert stack.queue_length('q-held') == 1
        await client.until(lambda: 'redeliverAt' not in (view.get(task) or {'redeliverAt': 0}), 20, 'the date to go')
        await client.until(lambda: all(r['rule'] != 'redelivery-due' for r in alerts), 20, 'the warning to go')


async def test_a_message_that_is_delivered_twice_is_one_task_with_two_receipts(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder, [LATE]).start()
    try:
        async with connect(stack) as client:
            view, health = await client.view(mode='follow'), await client.subscribe('health')
            # Held for longer than the timeout, and for less than two of them: delivered again once.
            task = stack.send('math.add', 1, 1, queue='q-late', countdown=SHORT + 2)
            row = await client.until(
                lambda: r if (r := view.get(task) or {}).get('redelivered') else None, 60, 'a second receipt'
            )
            assert row['redelivered'] == 1
            await client.until(lambda: (health.get('held') or {}).get('held') == 1, 20, lambda: f'{health.get("held")}')
            assert (health.get('held') or {})['followed'] == 1
            row = await client.until(lambda: r if (r := view.get(task) or {}).get('state') == 'SUCCESS' else None, 60, 'the end')
            assert row['redelivered'] == 1

            headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", "attempts")}'}
            async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
                attempts = (await http.get(f'/api/celery/tasks/{task}')).json()['attempts']
            assert [(attempt['retries'], attempt['occurrence']) for attempt in attempts] == [(0, 0), (0, 1)], attempts
            assert attempts[1]['received'] - attempts[0]['received'] >= SHORT - 1
            await client.until(lambda: (health.get('held') or {}).get('held') == 0, 30, 'nothing to be held')
    finally:
        stack.stop()


async def test_those_held_longest_have_a_date_and_the_rest_are_counted(folder: Path, connect: ConnectClient) -> None:
    """As many as are followed; then one more, which comes last."""
    stack = Stack(folder, [WorkerSpec('many', queues=('q-many',))]).start()
    gateway = stack.running_gateway
    try:
        async with connect(stack) as client:
            health = await client.subscribe('health')
            headers = {'authorization': f'Bearer {gateway.token("operator", "dates")}'}
            async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:

                async def dated(held: int, followed: int) -> set[str]:
                    await client.until(
                        lambda: {'held': held, 'followed': followed}.items() <= (health.get('held') or {}).items(),
                        60,
                        lambda: f'{held} to be held; {health.get("held")}',
                    )
                    rows = (await http.get('/api/celery/tasks/scheduled?limit=1000')).json()['tasks']
                    assert len(rows) == held
                    return {row['id'] for row in rows if 'redeliverAt' in row}

                tasks = {stack.send('math.add', 1, number, queue='q-many', countdown=600) for number in range(FOLLOWED)}
                assert await dated(FOLLOWED, FOLLOWED) == tasks
                stack.send('math.add', 1, 1, queue='q-many', countdown=600)
                assert await dated(FOLLOWED + 1, FOLLOWED) == tasks
    finally:
        stack.stop()


async def test_an_eta_beyond_the_timeout_is_told_to_a_gateway_that_comes_later(folder: Path, connect: ConnectClient) -> None:
    """The worker tells what it holds before it tells its settings; it holds it for 20 of its timeout's 10 minutes."""
    conf = json.dumps({'broker_transport_options': {'visibility_timeout': 600}})
    stack = Stack(folder, [WorkerSpec('far', queues=('q-far',), env={'FLEET_CONF': conf})]).start(gateway=False)
    try:
        task = stack.send('math.add', 1, 1, queue='q-far', countdown=1_200)
        await asyncio.to_thread(wait_for, lambda: stack.redis().hlen('unacked') == 1, 60, 'the worker to hold it')
        stack.gateway = Gateway(stack.broker, folder, backend=stack.backend)
        await asyncio.to_thread(lambda: stack.running_gateway.launch().wait_listening())
        async with connect(stack) as client:
            view, alerts = await client.view(mode='follow'), await client.subscribe('alerts')
            await client.until(lambda: view.get(task), 60, 'the held task')
            row = await client.until(
                lambda: next((r for r in alerts if r['rule'] == 'eta-beyond-visibility'), None), 60, 'the warning'
            )
            assert row['detail'].startswith('1 held tasks') and '(10 min)' in row['detail'], row
    finally:
        stack.stop()


async def test_a_time_limit_of_its_own_message_counts(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder, [LATE]).start()
    try:
        async with connect(stack) as client:
            alerts = await client.subscribe('alerts')

            def warned() -> str:
                return next((str(row['detail']) for row in alerts if row['rule'] == 'limit-beyond-visibility'), '')

            stack.send('time.sleep', 300, queue='q-late', time_limit=SHORT - 1, countdown=600)
            task = stack.send('time.sleep', 300, queue='q-late', time_limit=60, countdown=600)
            await client.until(warned, 40, 'the warning')
            assert task in warned() and ': 1; the first' in warned(), warned()
    finally:
        stack.stop()
