"""F20, the short form: clients come and go all the time, and leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.churn import churn
from harness.client import GatewayClient
from harness.crowd import Member, gather_crowd
from harness.fixtures import ConnectClient
from harness.machine import open_descriptors
from harness.rows import Table
from harness.stack import Stack

CLIENTS = 60
WARM_UP, ROUNDS = 4, 10
TOPICS = ('workers', 'stats', 'queues')
EACH = 4 << 10
"""Bytes that a client who came and went may leave: rows of workers move meanwhile. A session that is kept is many times that."""


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    # What grows by itself until it is full is small.
    stack = Stack(folder).start(gateway_options=('--event-log', '1', '--flower-tasks', '0'))
    yield stack
    stack.stop()


async def allocated(client: GatewayClient, health: Table) -> int:
    """What the gateway holds by its own count, which it takes every 5 s: the next one."""

    def now() -> int:
        return int((health.get('process') or {}).get('allocatedBytes') or 0)

    before = now()
    return await client.until(lambda: now() if now() != before else 0, 60, 'the next figure of memory')


async def leave(number: int, member: Member) -> None:
    """Every other one without a word."""
    if number % 2:
        member.abort()
    else:
        member.close()
    await member.left


async def test_clients_that_come_and_go_leave_nothing(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    assert gateway.process
    host, port = gateway.address.rsplit(':', 1)
    tokens = [gateway.token('viewer', f'soak-{number}') for number in range(4)]
    async with connect(stack) as client:
        health = await client.subscribe('health', maxHz=2)

        async def rounds(number: int) -> None:
            for _ in range(number):
                crowd = await gather_crowd(host, int(port), tokens, CLIENTS, opens=TOPICS)
                await asyncio.gather(*(leave(index, member) for index, member in enumerate(crowd)))
            await client.until(lambda: (health.get('sessions') or {}).get('clients') == 1, 60, 'all who have left to be gone')

        with churn(stack, tasks=False):
            await rounds(WARM_UP)
            before, opened = await allocated(client, health), open_descriptors(gateway.process.pid)

            await rounds(ROUNDS)

            grown, after = await allocated(client, health) - before, open_descriptors(gateway.process.pid)
    print(f'F20: {CLIENTS * ROUNDS} clients came and went: {grown} bytes and {after - opened} descriptors more')
    assert grown / (CLIENTS * ROUNDS) <= EACH
    assert after - opened <= 2
