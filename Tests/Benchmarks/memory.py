"""What a connection costs in memory (P6): plain, TLS, compressed; signed in, and with three topics; all idle.

    bin/bench memory [--clients 2000]

For each kind a gateway of its own: 200 clients come first and stay, so that tables have grown; then the rest, half of whom only sign in, and
the growth of what is resident is divided by their number. What the kernel keeps for sockets is not in it. Nothing is published: the rows
are 30 workers. A compressed client has got compressed frames, or the bench fails. Ends with 1 if a kind is beyond P6.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.certificates import encrypted
from harness.crowd import Member, gather_crowd
from harness.events import worker_event
from harness.gateway import Gateway
from harness.machine import machine, open_as_many_as_allowed, resident_bytes
from harness.stack import Stack

TOPICS = ('workers', 'stats', 'queues')
FIRST = 200
TOKENS = 40
WORKERS = 30


@dataclass(frozen=True)
class Kind:
    name: str
    is_encrypted: bool
    inflates: bool
    most: int
    """Bytes that one may cost (P6)."""


KINDS = (
    Kind('plain', False, False, 12_000),
    Kind('compressed', False, True, 28_000),
    Kind('TLS', True, False, 32_000),
    Kind('TLS, compressed', True, True, 48_000),
)


async def measure(kind: Kind, number: int, stack: Stack, tls: ssl.SSLContext | None) -> bool:
    gateway = stack.running_gateway
    assert gateway.process
    pid = gateway.process.pid
    host, port = gateway.address.rsplit(':', 1)
    tokens = [gateway.token('viewer', f'crowd-{index}') for index in range(TOKENS)]
    for worker in range(WORKERS):
        stack.publish_raw(*worker_event('worker-online', f'w{worker}@bench'))
    options: dict[str, Any] = {'tls': tls, 'inflates': kind.inflates}

    async def grow(count: int, **more: Any) -> tuple[list[Member], float]:
        await asyncio.sleep(3)
        before = resident_bytes(pid)
        crowd = await gather_crowd(host, int(port), tokens, count, **options, **more)
        await asyncio.sleep(3)
        return crowd, (resident_bytes(pid) - before) / count

    first, _ = await grow(FIRST, opens=TOPICS)
    idle, idle_bytes = await grow(number // 2)
    open_, open_bytes = await grow(number // 2, opens=TOPICS)
    assert not kind.inflates or all(member.inflated for member in open_), 'nobody was sent a compressed frame'
    for member in (*first, *idle, *open_):
        member.abort()
    print(f'| {kind.name} | {idle_bytes / 1000:.1f} kB | {open_bytes / 1000:.1f} kB | {kind.most / 1000:.0f} kB |', flush=True)
    return idle_bytes <= kind.most


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench memory')
    parser.add_argument('--clients', type=int, default=2_000)
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}; {options.clients} clients of each kind', flush=True)
    print('| a connection | signed in, idle | with three topics of 30 workers, idle | P6 |\n|---|---|---|---|', flush=True)
    holds = True
    for kind in KINDS:
        with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
            folder = Path(name)
            tls, extra = encrypted(folder) if kind.is_encrypted else (None, [])
            stack = Stack(folder).start(gateway=False)
            try:
                stack.gateway = Gateway(stack.broker, folder, options=extra).launch().wait_listening()
                holds &= asyncio.run(measure(kind, options.clients, stack, tls))
            finally:
                stack.stop()
    return 0 if holds else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
