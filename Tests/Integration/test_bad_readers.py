"""F9 and F12, the short form: who does not read, and who is not there any more, is let go and harms nobody. `bin/prove slow` measures."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.churn import churn
from harness.client import GatewayClient
from harness.crowd import codes, gather_crowd
from harness.fixtures import ConnectClient
from harness.machine import open_sockets, resident_bytes
from harness.relay import Relay
from harness.rows import Table
from harness.stack import Stack

DEAF = 20
EACH = 256 << 10
"""Bytes that one who does not read may cost (F9)."""

GONE = 25.0
"""Seconds after which nothing is left of a client that is not there any more (F12)."""
SLACK = float(os.environ.get('CELERIAC_TEST_SLACK', '40'))
"""Seconds that a busy machine may take besides; `bin/prove faults` grants none."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


async def clients(client: GatewayClient, health: Table, number: int, what: str) -> float:
    """Waits until the gateway counts so many clients; gives the moment."""
    await client.until(lambda: (health.get('sessions') or {}).get('clients') == number, 90, what)
    return time.monotonic()


async def test_who_does_not_read_and_who_is_gone_is_let_go_and_harms_nobody(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    assert gateway.process
    pid = gateway.process.pid
    host, port = gateway.address.rsplit(':', 1)
    relay = Relay(int(port))
    try:
        with churn(stack):
            async with connect(stack) as good:
                health, workers = await good.subscribe('health'), await good.subscribe('workers')
                sockets = open_sockets(pid)
                deaf = await gather_crowd(host, int(port), [gateway.token('viewer', 'deaf')], DEAF, opens=('workers', 'stats'))
                # Two behind a network that will drop everything: one that is told all the time, and an idle one.
                token = gateway.token('viewer', 'lost')
                [told] = await gather_crowd(host, relay.port, [token], 1, opens=('workers',))
                [idle] = await gather_crowd(host, relay.port, [token], 1)
                await clients(good, health, DEAF + 3, 'everybody to be there')
                before = resident_bytes(pid)

                for member in deaf:
                    member.stop_reading()
                relay.freeze()
                began, deltas = time.monotonic(), workers.deltas
                gone = await clients(good, health, 2, 'all to be let go who owe an answer')
                assert gone - began >= 9, 'F9: they get ten seconds from the first frame that they owe an answer to'
                assert workers.deltas - deltas > 10, 'who reads is told all the time'
                assert resident_bytes(pid) - before <= DEAF * EACH
                for member in deaf:
                    member.read_on()
                leaves = await asyncio.gather(*(member.left for member in deaf))
                assert codes(list(leaves)) == {4408: DEAF}

                gone = await clients(good, health, 1, 'the idle one to be let go')
                assert gone - began >= 9, 'its last word may be 15 s old, and 25 s of silence are allowed'
                assert not idle.left.done() and not told.left.done(), 'nobody has told them'
                # The connection itself goes at most two seconds after the session.
                await good.until(
                    lambda: open_sockets(pid) <= sockets,
                    30,
                    lambda: f'the sockets to be gone: {open_sockets(pid)} of {sockets} before',
                )
                took = time.monotonic() - began
                print(f'F12: nothing was left of two half-open clients after {took:.1f} s')
                assert took <= GONE + SLACK
    finally:
        relay.stop()
