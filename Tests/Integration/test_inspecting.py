"""What the gateway asks workers by itself: whom, how often, and nothing more."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.stack import Stack
from harness.workers import WorkerSpec

INTERVAL = 3
ROUNDS = 5
SPECS = (WorkerSpec('asked-a'), WorkerSpec('asked-b'))
ASKED = {'stats', 'active_queues', 'active', 'reserved', 'scheduled'}


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, SPECS).start(gateway_options=['--inspect-interval', str(INTERVAL)])
    yield stack
    stack.stop()


def question(payload: bytes) -> dict[str, Any]:
    envelope = json.loads(payload)
    body = envelope['body']
    if envelope['properties'].get('body_encoding') == 'base64':
        body = base64.b64decode(body)
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


def listen(stack: Stack) -> list[tuple[float, dict[str, Any]]]:
    """What is asked by name until so many rounds have begun; what new workers are asked once is left out."""
    heard: list[tuple[float, dict[str, Any]]] = []
    redis: Any = stack.redis()
    pubsub = redis.pubsub()
    pubsub.subscribe('/0.celery.pidbox')
    deadline = time.monotonic() + 20 * INTERVAL
    while time.monotonic() < deadline and sum(q['method'] == 'stats' for _, q in heard) <= ROUNDS:
        found = pubsub.get_message(ignore_subscribe_messages=True, timeout=1)
        if not found:
            continue
        asked = question(found['data'])
        # The last of the questions to a newcomer.
        if asked['method'] == 'conf':
            heard.clear()
        else:
            heard.append((time.monotonic(), asked))
    pubsub.close()
    return heard


async def test_a_refresh_asks_the_live_workers_by_name_as_often_as_it_is_told(stack: Stack) -> None:
    heard = await asyncio.to_thread(listen, stack)
    # This test listens as well and does not answer: so everybody is pinged, to see who else there is.
    pings = [asked for _, asked in heard if asked['method'] == 'ping']
    assert len(pings) in {ROUNDS, ROUNDS + 1} and not any(asked['destination'] for asked in pings), pings
    heard = [(at, asked) for at, asked in heard if asked['method'] != 'ping']
    assert {q['method'] for _, q in heard} == ASKED
    for _, asked in heard:
        assert sorted(asked['destination']) == [spec.node for spec in SPECS], asked
    begun = [at for at, asked in heard if asked['method'] == 'stats']
    assert len(begun) == ROUNDS + 1
    print(f'{ROUNDS} rounds in {begun[-1] - begun[0]:.2f} s')
    assert INTERVAL * ROUNDS - 1 <= begun[-1] - begun[0] <= INTERVAL * ROUNDS + 5
