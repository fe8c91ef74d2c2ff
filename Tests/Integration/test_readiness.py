"""/readyz: only when the broker is there *and* the state is reconciled."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.links import kill_link
from harness.rows import Table
from harness.stack import Stack
from harness.workers import WorkerSpec


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder, [WorkerSpec('asleep', queues=('q-asleep',))]).start()
    yield stack
    stack.stop()


def state_of_broker(health: Table) -> str:
    """The state of the broker, as topic `health` has it."""
    return str((health.get('broker') or {}).get('state'))


async def test_a_broker_that_answers_is_not_enough(stack: Stack, connect: ConnectClient) -> None:
    """A worker that does not answer holds the round of questions, and that holds /readyz at 503."""
    worker = stack.workers['asleep'].process
    assert worker
    async with connect(stack) as client, httpx.AsyncClient(base_url=stack.running_gateway.base_url, timeout=10) as http:
        health = await client.subscribe('health')
        workers = await client.subscribe('workers')
        await client.until(lambda: len(workers) == 1 and (state_of_broker(health) == 'ok'), 30, 'the worker and an ok broker')
        assert (await http.get('/readyz')).status_code == 200

        worker.signal(signal.SIGSTOP)
        try:
            await asyncio.to_thread(kill_link, stack.redis(), 'events')
            await client.until(
                lambda: state_of_broker(health) == 'reconciling', 30, lambda: f'a new round; {health.get("broker")}'
            )
            answer = await http.get('/readyz')
            # The round was still on when the answer was read, so the answer belongs to it.
            assert state_of_broker(health) == 'reconciling'
            assert stack.redis().ping() and answer.status_code == 503
            assert (await http.get('/healthz')).status_code == 200
            assert answer.text.count('redis') == 0 and len(answer.content) < 400, 'it tells nothing else'
        finally:
            worker.signal(signal.SIGCONT)

        await client.until(lambda: state_of_broker(health) == 'ok', 60, 'the end of the round')
        await asyncio.to_thread(stack.running_gateway.wait_ready, 30)
