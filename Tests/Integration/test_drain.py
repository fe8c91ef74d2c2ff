"""R57: a gateway with many clients lets them go evenly, each with its own time to come back; `bin/prove drain` has ten thousand."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.crowd import LoopWatch, busiest_second, codes, gather_crowd, join
from harness.stack import Stack

CLIENTS = 1_000
LEAVES_PER_SECOND = 350


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder).start()
    yield stack
    stack.stop()


async def test_a_thousand_clients_leave_evenly_and_one_that_never_answers_is_cut(stack: Stack) -> None:
    gateway = stack.running_gateway
    host, port = gateway.address.rsplit(':', 1)
    tokens = [gateway.token('viewer', f'crowd-{number}') for number in range(CLIENTS // 100)]
    crowd = await gather_crowd(host, int(port), tokens, CLIENTS - 1)
    mute = await join(host, int(port), tokens[0], answers_close=False)
    began = time.monotonic()

    async with LoopWatch() as watch:
        gateway.send_signal(signal.SIGTERM)
        leaves = list(await asyncio.wait_for(asyncio.gather(*(member.left for member in [*crowd, mute])), 60))
    assert gateway.process
    assert await asyncio.to_thread(gateway.process.wait_exit, 60) == 0
    took = time.monotonic() - began

    assert took <= 40
    assert codes(leaves) == {1001: CLIENTS}, codes(leaves)
    # What came while this process did not look is counted into the second after it.
    most = busiest_second([leave.bye_at for leave in leaves])
    assert most <= LEAVES_PER_SECOND * (1 + watch.longest), (
        f'{most} left within a second; this process slept {watch.longest:.3f} s'
    )
    waits = [leave.retry_after for leave in leaves]
    assert min(waits) >= 500 and max(waits) - min(waits) >= 500 and len(set(waits)) >= CLIENTS // 4, (min(waits), max(waits))
    # The mute one got the close frame, never answered it, and was cut after the time that it had for it.
    assert 1 <= mute.leave.closed_at - mute.leave.bye_at <= 10, mute.leave
    print(f'{CLIENTS} clients left in {took:.1f} s, at most {most} in a second')
