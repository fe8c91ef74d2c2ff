"""A broker whose workers use other priority steps and another separator: nothing of theirs is called unreachable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from celery import Celery
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

STEPS = [0, 2, 5, 8]
SEPARATOR = ':'
OPTIONS = {'priority_steps': STEPS, 'sep': SEPARATOR, 'queue_order_strategy': 'priority'}
WORKER = WorkerSpec('steps', queues=('q-steps',), env={'FLEET_CONF': json.dumps({'broker_transport_options': OPTIONS})})


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WORKER])
    stack.start(gateway_options=['--priority-steps', ','.join(map(str, STEPS)), '--queue-sep', SEPARATOR])
    yield stack
    stack.stop()


async def test_other_steps_are_counted_shown_and_published_to(stack: Stack, connect: ConnectClient) -> None:
    producer = Celery('steps', broker=stack.broker, set_as_current=False)
    producer.conf.update(broker_transport_options=OPTIONS, task_send_sent_event=True)
    queue = unique('steps')
    try:
        for priority in (0, 2, 4, 5, 9, 9):
            producer.send_task('math.add', args=(1, priority), queue=queue, priority=priority)
        assert stack.redis().llen(f'{queue}{SEPARATOR}8') == 2
        async with connect(stack) as client:
            queues, alerts = await client.subscribe('queues'), await client.subscribe('alerts')
            row = await client.until(
                lambda: r if (r := queues.get(queue) or {}).get('depth') == 6 else None, 30, lambda: f'{queues.get(queue)}'
            )
            assert row['steps'] == [1, 2, 1, 2] and row['priorities'] == STEPS
            # Celery's own steps are the wrong ones here.
            stack.redis().lpush(f'{queue}{SEPARATOR}3', 'x')
            await client.until(lambda: (queues.get(queue) or {}).get('unreachable') == 1, 60, lambda: f'{queues.get(queue)}')
            stack.redis().delete(f'{queue}{SEPARATOR}3')
            await client.until(lambda: 'unreachable' not in (queues.get(queue) or {}), 60, lambda: f'{queues.get(queue)}')
            await client.until(lambda: all(row['rule'] != 'queue-unreachable' for row in alerts), 20, lambda: f'{list(alerts)}')

            headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", unique("peek"))}'}
            async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
                page = (await http.get(f'/api/celery/queues/{queue}/messages')).json()
            assert [message['step'] for message in page['messages']] == [0, 2, 2, 5, 8, 8]
            assert page['total'] == 6

            # What we publish ourselves goes where that worker reads, whatever the priority.
            for priority in (3, 9):
                row = await client.command(
                    'task.run', {'task': 'math.add', 'args': [2, 2], 'queue': 'q-steps', 'priority': priority}, timeout=60
                )
                assert row['state'] == 'confirmed', row
    finally:
        producer.close()
