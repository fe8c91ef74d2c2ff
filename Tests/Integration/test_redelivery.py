"""A message that a worker holds for longer than the visibility timeout is delivered again: the task's row says when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.fixtures import ConnectClient
from harness.stack import Stack
from harness.workers import WorkerSpec

HOLDER = WorkerSpec('holder', queues=('q-held',))
TIMEOUT = 10


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
