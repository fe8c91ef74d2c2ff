"""F6 and F8, the short form: everybody loses the gateway at the same moment, and all come back at once. `bin/prove stampede` has thousands."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.churn import churn
from harness.client import GatewayClient
from harness.crowd import Member, codes, come_back, differences, gather_crowd
from harness.fixtures import ConnectClient
from harness.machine import resident_bytes
from harness.stack import Stack

CLIENTS = 300
TOPICS = ('workers', 'stats', 'queues')
MEMORY = 64 << 20
"""Bytes that a stampede of so many may cost: F8 grants 256 MiB to ten thousand."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def place(stack: Stack) -> tuple[str, int]:
    host, port = stack.running_gateway.address.rsplit(':', 1)
    return host, int(port)


async def all_return(stack: Stack, tokens: list[str]) -> list[Member]:
    """Everybody within one second, each at its own moment."""
    host, port = place(stack)

    async def one(number: int) -> Member:
        await asyncio.sleep(random.random())
        return await come_back(host, port, tokens[number % len(tokens)], opens=TOPICS, patience=90)

    return list(await asyncio.gather(*(one(number) for number in range(CLIENTS))))


async def agree(crowd: list[Member], client: GatewayClient) -> None:
    """Everybody has what a client that comes last is told."""
    truth = {topic: await client.subscribe(topic) for topic in TOPICS}
    await client.until(lambda: not differences(crowd, truth), 60, lambda: '; '.join(differences(crowd, truth)[:3]))
    assert len(truth['workers']) > 3


async def test_all_come_back_at_once_to_a_gateway_that_stayed(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    assert gateway.process
    tokens = [gateway.token('viewer', f'herd-{number}') for number in range(4)]
    with churn(stack):
        crowd = await gather_crowd(*place(stack), tokens, CLIENTS, opens=TOPICS)
        before = resident_bytes(gateway.process.pid)

        for member in crowd:
            member.abort()
        back = await all_return(stack, tokens)

    async with connect(stack) as client:
        await agree(back, client)
        health = await client.subscribe('health')
        await client.until(
            lambda: (health.get('sessions') or {}).get('clients') == CLIENTS + 1, 60, 'the old connections to be gone'
        )
    assert resident_bytes(gateway.process.pid) - before <= MEMORY
    for member in back:
        member.abort()


async def test_all_come_back_to_a_gateway_that_was_killed(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    tokens = [gateway.token('viewer', f'orphan-{number}') for number in range(4)]
    with churn(stack):
        crowd = await gather_crowd(*place(stack), tokens, CLIENTS, opens=TOPICS)
        async with connect(stack) as client:
            epoch, resume = client.session['epoch'], client.session.get('resume')
            # The next one must listen where the clients look for it.
            gateway.listen = gateway.address
            gateway.kill()
            returns = asyncio.create_task(all_return(stack, tokens))
            await asyncio.wait_for(client.closed.wait(), 30)
        assert codes([await member.left for member in crowd]) == {1006: CLIENTS}
        await asyncio.to_thread(gateway.start)
        back = await returns

    async with connect(stack, resume=resume) as client:
        assert client.session['epoch'] != epoch and not client.session['resumed']
        await agree(back, client)
    for member in back:
        member.abort()
