"""F20: clients of all kinds come and go, and leave not one block of memory behind, plain and with TLS.

    bin/prove leaks [--rounds 10] [--clients 100]

The gateway runs with a preloaded malloc that counts live blocks by their size (`live_blocks.c`). After some rounds, in which what is kept for later is made, it is
looked at while nobody is there; then after as many rounds as asked. A block that is kept for each client would be one for each; half of one is allowed for all that
goes on besides. Ends with 1 if there are more, or if the counter did not see blocks that were kept on purpose.
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
from pathlib import Path

import httpx
from harness.certificates import encrypted
from harness.client import GatewayClient
from harness.crowd import gather_crowd
from harness.gateway import Gateway
from harness.machine import machine, open_as_many_as_allowed, open_sockets
from harness.stack import Stack
from harness.stranger import come

STEP, SMALL, CLASSES = 16, 64, 128
TOPICS = ('workers', 'stats', 'queues')
WARM_UP = 4
EACH = 0.5
"""Blocks for each client that may be more afterwards."""
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


async def visit(gateway: Gateway, tokens: list[str], number: int, tls: ssl.SSLContext | None) -> int:
    """Clients of all kinds come and go. Gives how many."""
    host, port = gateway.address.rsplit(':', 1)
    for inflates in (False, True):
        crowd = await gather_crowd(host, int(port), tokens, number, opens=TOPICS, inflates=inflates, tls=tls)
        for index, member in enumerate(crowd):
            if index % 2:
                member.abort()
            else:
                member.close()
        await asyncio.gather(*(member.left for member in crowd))
    for stranger in (strangers := await come(gateway, number, tls)):
        stranger.abort()
    await asyncio.gather(*(stranger.left for stranger in strangers))
    for _ in range(number // 10):
        await talk(gateway, tokens[0], tls)
        async with httpx.AsyncClient(base_url=gateway.base_url, verify=tls or False) as http:
            for path in ('/', '/api/celery/tasks', '/api/celery/workers', '/nothing'):
                await http.get(path, headers={'Authorization': f'Bearer {tokens[0]}'})
    return 3 * number + number // 10 * 2


async def prove(options: argparse.Namespace, stack: Stack, live: LiveBlocks, tls: ssl.SSLContext | None) -> list[str]:
    gateway = stack.running_gateway
    assert gateway.process
    pid = gateway.process.pid
    # Rights of a principal are looked up for as long as it is there; few of them, so that all are known after the first round.
    tokens = [gateway.token('operator', f'visitor-{index}') for index in range(4)]
    sockets = open_sockets(pid)

    async def rounds(count: int) -> tuple[int, Counts]:
        came = 0
        for _ in range(count):
            came += await visit(gateway, tokens, options.clients, tls)
        while open_sockets(pid) > sockets:  # noqa: ASYNC110 - a count of the kernel has no event
            await asyncio.sleep(0.2)
        # What is swept once in a while is gone, too.
        await asyncio.sleep(6)
        return came, live.read()

    _, before = await rounds(WARM_UP)
    host, port = gateway.address.rsplit(':', 1)
    kept = await gather_crowd(host, int(port), tokens, options.clients, tls=tls)
    seen = total(live.read()) - total(before)
    for member in kept:
        member.abort()
    came, after = await rounds(options.rounds)
    grown = {size: (after[size][0] - before[size][0], after[size][1] - before[size][1]) for size in after}
    most = sorted(grown, key=lambda size: -abs(grown[size][0]))[:4]
    each = total(grown) / came
    print(
        f'| {"TLS" if tls else "plain"} | {came:,} | {total(before):,} | {total(grown):+,} | {each:+.3f} '
        f'| {", ".join(f"{size} B: {grown[size][0]:+}" for size in most if grown[size][0])} | {seen / options.clients:.0f} |',
        flush=True,
    )
    wrong = []
    if each > EACH:
        wrong.append(f'{each:.2f} blocks were left by each client')
    if seen < options.clients:
        wrong.append(f'the counter saw {seen} blocks of {options.clients} clients that were there')
    return wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove leaks')
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--clients', type=int, default=100, help='of each kind, in each round')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    print('| clients | came and went | blocks before | more | for each | most of them | blocks of one who is there |')
    print('|---|---|---|---|---|---|---|', flush=True)
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
    for text in wrong:
        print(f'WRONG: {text}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
