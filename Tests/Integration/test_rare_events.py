"""Events that real workers send only in trouble or on request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

NODE = 'careful@celeriac.test'
QUEUE = 'q-careful'
CONF = {'worker_cancel_long_running_tasks_on_connection_loss': True, 'task_acks_late': True}


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    # Only a gevent worker tells of it: the others lose this event with the connection (celery 5.7.0, worker/consumer/events.py).
    spec = WorkerSpec('careful', pool='gevent', queues=(QUEUE,), concurrency=2, env={'FLEET_CONF': json.dumps(CONF)})
    stack = Stack(folder, [spec]).start()
    yield stack
    stack.stop()


def cut_off(stack: Stack) -> int:
    """CLIENT KILL of everybody but the gateway and us: of the worker and its pool, then. Gives how many there were."""
    redis = stack.redis()
    own = redis.client_id()
    clients = [client for client in redis.client_list() if int(client['id']) != own]
    theirs = [client['id'] for client in clients if not client['name'].startswith('celeriac:')]
    return sum(int(redis.client_kill_filter(_id=client)) for client in theirs)


async def test_a_task_that_its_worker_cancels_with_the_connection(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', QUEUE], mode='follow')
        events = await client.events(types=['task-*'], format='celery')
        task = stack.send('time.sleep', 20, queue=QUEUE)
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 30, 'the task to run')

        assert cut_off(stack) > 0

        def of_task() -> list[str]:
            return [event['type'] for _, _, event in events.items if event.get('uuid') == task]

        await client.until(lambda: 'task-cancelled' in of_task(), 60, lambda: f'task-cancelled; there came {of_task()}')
        await client.until(
            lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 90, lambda: f'its end: {view.get(task)} {of_task()}'
        )
    token = stack.running_gateway.token('viewer', unique('detail'))
    async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers={'Authorization': f'Bearer {token}'}) as http:
        detail = (await http.get(f'/api/celery/tasks/{task}')).json()
    attempts = detail['attempts']
    assert [attempt['state'] for attempt in attempts] == ['CANCELLED', 'SUCCESS'], attempts
    assert attempts[0]['finished'] - attempts[0]['started'] < 15 and detail['redelivered'] == 1
    assert detail.get('pid', 1) > 0, 'the id of a greenlet is not one of a process'


async def test_a_heartbeat_on_request_changes_neither_the_period_nor_the_counts(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        view = await client.view(where=['eq', 'queue', QUEUE], mode='follow')
        task = stack.send('math.add', 1, 1, queue=QUEUE)
        await client.until(lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 30, 'a task to end')
        await client.until(
            lambda: (row := workers.get(NODE)) and row.get('processed', 0) >= 1 and row.get('freq') == 2,
            30,
            lambda: f'the worker to be known; {workers.get(NODE)}',
        )
        events = await client.events(types=['worker-heartbeat'], format='celery')

        stack.app.control.broadcast('heartbeat', destination=[NODE])

        asked = await client.until(
            lambda: next((event for _, _, event in events.items if event.get('freq') == 5), None), 30, 'the heartbeat on request'
        )
        assert asked['hostname'] == NODE and 'processed' not in asked
        # Whatever is told after it: the next heartbeat of its own accord comes, and no row ever had the other period.
        number = len(events.items)
        await client.until(lambda: len(events.items) > number, 30, 'an ordinary heartbeat')
        told = [
            value.get('freq') for frame in client.frames if not frame.sent for value in rows_of(frame.message) if 'freq' in value
        ]
        assert told and set(told) == {2}
        row = workers.get(NODE)
        assert row and row['processed'] >= 1 and row['active'] == 0 and row['state'] == 'online'


def rows_of(message: dict[str, object]) -> list[dict[str, object]]:
    """Everything that a frame says of rows: whole ones and changes."""
    params = message.get('params')
    if not isinstance(params, dict):
        return []
    columns = params.get('cols')
    if columns:
        return [dict(zip(columns, values, strict=False)) for values in params.get('rows', ())]
    return [fields for name in ('new', 'put') for _, fields in params.get(name) or ()]


@pytest.fixture
def voters(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder, [WorkerSpec(name, pool='solo', queues=(QUEUE,)) for name in ('voter-a', 'voter-b')]).start()
    yield stack
    stack.stop()


async def test_an_election_of_real_workers_is_heard(voters: Stack, connect: ConnectClient) -> None:
    """Asked for by Celery's own client, among two workers: a lone one would end of it (wire.md 4.4), so the gateway offers none."""
    nodes = {worker.spec.node for worker in voters.workers.values()}
    async with connect(voters) as client:
        workers = await client.subscribe('workers')
        await client.until(
            lambda: all((workers.get(node) or {}).get('pool') == 'solo' for node in nodes), 30, 'the workers to be known'
        )
        events = await client.events(types=['worker-elect', 'worker-elect-ack', 'worker-heartbeat'], format='celery')

        def heard(kind: str) -> list[str]:
            return [event['hostname'] for _, _, event in events.items if event['type'] == kind]

        # Each has heard the other by its second: whoever believes to be alone ends.
        await client.until(
            lambda: all(heard('worker-heartbeat').count(node) >= 2 for node in nodes), 30, 'two heartbeats of each'
        )
        winner = voters.app.signature('math.add', (20, 22), queue=QUEUE)

        voters.app.control.election(unique('poll'), 'task', winner)

        await client.until(lambda: set(heard('worker-elect')) == nodes, 30, lambda: f'every call; {events.items}')
        await client.until(lambda: set(heard('worker-elect-ack')) == nodes, 30, lambda: f'the assents; {events.items}')
        # Who won, and whether all agree on it, is Celery's affair (and not always so); that these were workers' events is ours.
        assert {row['id'] for row in workers} == nodes
