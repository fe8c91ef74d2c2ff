"""F20: clients of all kinds come and go, and leave not one block of memory behind, plain and with TLS.

    bin/prove leaks [--clients 100]                              # of each kind, five times

The gateway runs with a preloaded malloc that counts live blocks by their size (`live_blocks.c`). Clients of one kind after the other come and go; each time the gateway is
looked at while nobody is there, after a first visit, in which what is kept for later is made, and after the last. A block that is forgotten with each client would be one for
each. Ends with 1 if there is half of one, or if the counter does not see the blocks of clients that are there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from harness.certificates import encrypted
from harness.client import GatewayClient
from harness.crowd import gather_crowd
from harness.gateway import Gateway
from harness.machine import machine, open_as_many_as_allowed, open_sockets
from harness.stack import Stack
from harness.stranger import come
from harness.verdict import verdict

STEP, SMALL, CLASSES = 16, 64, 128
TOPICS = ('workers', 'stats', 'queues')
KINDS = ('plain frames', 'compressed frames', 'strangers', 'pages', 'requests')
PATHS = ('/', '/api/celery/tasks', '/api/celery/workers', '/nothing')
ROUNDS = 5
EACH = 0.5
"""Blocks for each client that may be more afterwards: one that is forgotten would be one."""
Counts = dict[int, tuple[int, int]]


class LiveBlocks:
    """What the gateway has from malloc, by the largest size of each class: blocks and bytes."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / 'live-blocks'
        self._file.write_bytes(bytes(CLASSES * 16))
        library = folder / 'live_blocks.so'
        source = Path(__file__).with_name('live_blocks.c')
        subprocess.run(
            ['cc', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', str(source), '-o', str(library)], check=True
        )
        self.environment = {'LD_PRELOAD': str(library), 'CELERIAC_LIVE_BLOCKS': str(self._file)}

    def read(self) -> Counts:
        pairs = list(struct.iter_unpack('qq', self._file.read_bytes()))
        return {(place + 1) * STEP if place < SMALL else 2 << (place - SMALL + 10): pair for place, pair in enumerate(pairs)}


def total(counts: Counts) -> int:
    return sum(blocks for blocks, _ in counts.values())


async def talk(gateway: Gateway, token: str, tls: ssl.SSLContext | None) -> None:
    """One client that does what a page does."""
    async with GatewayClient.connect(gateway.ws_url, token, tls=tls) as client:
        view = await client.view(mode='follow')
        await client.view(mode='pinned', where=['eq', 'state', 'FAILURE'])
        await client.subscribe('alerts')
        await client.events()
        await client.call('query', {'topic': 'tasks', 'where': ['contains', '*', 'x'], 'limit': 10})
        await client.close_subscription(view, 'view.close')


async def members(gateway: Gateway, tokens: list[str], number: int, tls: ssl.SSLContext | None, inflates: bool) -> None:
    """Clients with three topics; every other one leaves without a word."""
    host, port = gateway.address.rsplit(':', 1)
    crowd = await gather_crowd(host, int(port), tokens, number, opens=TOPICS, inflates=inflates, tls=tls)
    for index, member in enumerate(crowd):
        if index % 2:
            member.abort()
        else:
            member.close()
    await asyncio.gather(*(member.left for member in crowd))


async def visit(kind: str, gateway: Gateway, tokens: list[str], number: int, tls: ssl.SSLContext | None) -> None:
    """So many clients of a kind come and go."""
    match kind:
        case 'plain frames' | 'compressed frames':
            await members(gateway, tokens, number, tls, kind == 'compressed frames')
        case 'strangers':
            strangers = await come(gateway, number, tls)
            for stranger in strangers:
                stranger.abort()
            await asyncio.gather(*(stranger.left for stranger in strangers))
        case 'pages':
            for _ in range(number):
                await talk(gateway, tokens[0], tls)
        case _:
            for _ in range(number // len(PATHS)):
                async with httpx.AsyncClient(base_url=gateway.base_url, verify=tls or False) as http:
                    for path in PATHS:
                        await http.get(path, headers={'Authorization': f'Bearer {tokens[0]}'})


class Visits:
    """Clients come and go, and the gateway is looked at while nobody is there."""

    def __init__(self, gateway: Gateway, live: LiveBlocks, tls: ssl.SSLContext | None) -> None:
        assert gateway.process
        self.gateway, self.live, self.tls = gateway, live, tls
        self.pid = gateway.process.pid
        # Few, so that all are known after the first visit.
        self.tokens = [gateway.token('operator', f'visitor-{index}') for index in range(4)]
        self.sockets = open_sockets(self.pid)
        self.a_second = 0.0
        """Blocks that come by themselves: what is remembered of each second, for some minutes."""

    async def at_rest(self) -> Counts:
        while open_sockets(self.pid) > self.sockets:  # noqa: ASYNC110 - a count of the kernel has no event
            await asyncio.sleep(0.2)
        # What is swept once in a while is gone, too.
        await asyncio.sleep(6)
        return self.live.read()

    async def idle(self) -> None:
        before, began = await self.at_rest(), time.monotonic()
        await asyncio.sleep(15)
        self.a_second = (total(await self.at_rest()) - total(before)) / (time.monotonic() - began)

    async def come(self, kind: str, number: int) -> tuple[float, dict[int, int]]:
        """Blocks for each client that are more afterwards, and of which sizes."""
        # What is made once is made now.
        await visit(kind, self.gateway, self.tokens, number, self.tls)
        before, began = await self.at_rest(), time.monotonic()
        for _ in range(ROUNDS):
            await visit(kind, self.gateway, self.tokens, number, self.tls)
        after = await self.at_rest()
        grown = {size: after[size][0] - before[size][0] for size in after if after[size][0] != before[size][0]}
        by_itself = self.a_second * (time.monotonic() - began)
        return (sum(grown.values()) - by_itself) / (number * ROUNDS), grown

    async def held(self, number: int) -> float:
        """Blocks of a client that is there: what the counter must see."""
        before = await self.at_rest()
        host, port = self.gateway.address.rsplit(':', 1)
        crowd = await gather_crowd(host, int(port), self.tokens, number, tls=self.tls)
        seen = total(self.live.read()) - total(before)
        for member in crowd:
            member.abort()
        return seen / number


async def prove(options: argparse.Namespace, stack: Stack, live: LiveBlocks, tls: ssl.SSLContext | None) -> list[str]:
    visits = Visits(stack.running_gateway, live, tls)
    for kind in KINDS:
        await visit(kind, visits.gateway, visits.tokens, options.clients, tls)
    await visits.idle()
    wrong = []
    for kind in KINDS:
        each, grown = await visits.come(kind, options.clients)
        most = sorted(grown, key=lambda size: -abs(grown[size]))[:3]
        sizes = ', '.join(f'{grown[size]:+} of {size} B' for size in most)
        print(f'| {"TLS" if tls else "plain"}, {kind} | {options.clients * ROUNDS:,} | {each:+.2f} | {sizes} |', flush=True)
        if each > EACH:
            wrong.append(f'{each:.2f} blocks were left by each of: {kind}')
    seen = await visits.held(options.clients)
    print(f'a client that is there has {seen:.0f} blocks; {visits.a_second:.1f} blocks a second come by themselves', flush=True)
    if seen < 1:
        wrong.append(f'the counter saw {seen:.1f} blocks of each client that was there')
    return wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove leaks')
    parser.add_argument('--clients', type=int, default=100, help='of each kind at a time')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    print('| clients | came and went | blocks more for each | of these sizes, in all |\n|---|---|---|---|', flush=True)
    wrong: list[str] = []
    for is_encrypted in (False, True):
        with tempfile.TemporaryDirectory(prefix='celeriac-prove-') as name:
            folder = Path(name)
            live = LiveBlocks(folder)
            tls, extra = encrypted(folder) if is_encrypted else (None, [])
            # Stores that grow until they are full are small.
            extra += ['--event-log', '1', '--flower-tasks', '0']
            stack = Stack(folder).start(gateway=False)
            try:
                stack.gateway = Gateway(stack.broker, folder, options=extra, env=live.environment).launch().wait_listening()
                wrong += asyncio.run(prove(options, stack, live, tls))
            finally:
                stack.stop()
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
