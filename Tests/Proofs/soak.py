"""F20: a crowd that stays, and one that comes and goes, under a steady stream of events. Nothing may grow.

    bin/prove soak [--minutes 10] [--clients 2000] [--rate 1000]     # --minutes 60 before a release; bin/prove leaks counts blocks

`celeriac-load crowd` keeps the clients (wall displays: four whole topics, once a second), publishes the events and compares in the end what every
client knows; meanwhile 5 % as many others come and go every minute, half of them without a word. Once all stores are full, descriptors must stay as many
as they are, and what is allocated must not grow by more than the noise of the samples. Ends with 1 if it does, or a client differs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from harness.client import GatewayClient
from harness.crowd import Member, gather_crowd
from harness.flood import Flooded, Sample
from harness.load import Load, tokens
from harness.machine import machine, open_as_many_as_allowed, open_sockets, resident_bytes
from harness.paths import load_binary
from harness.rows import Table
from harness.stack import Stack
from harness.verdict import verdict

FILLING = 270.0
"""Seconds until all stores are full: 100,000 tasks at 1,000 a second, and the log of events, which takes longer."""
GROWTH = 256 << 10
"""Bytes a minute, as in the proof of the flood."""
LONG = 50.0
FILLING_LONG = 600.0
GROWTH_LONG = (1 << 20) / 60
"""Of a run of an hour: a MiB an hour, after ten minutes."""
STEP = 6.0
PER_STEP = 0.005
"""Each so many seconds so large a share of the crowd comes and goes: 5 % a minute."""
SLACK = 2


async def visitors(stack: Stack, number: int, until: float) -> int:
    """Clients that come and stay for two steps. Gives how many there were."""
    gateway = stack.running_gateway
    host, port = gateway.address.rsplit(':', 1)
    own = [gateway.token('viewer', f'visitor-{index}') for index in range(4)]
    there: deque[list[Member]] = deque()
    came = 0
    while time.monotonic() < until:
        there.append(await gather_crowd(host, int(port), own, number, opens=('workers', 'stats', 'queues')))
        came += number
        if len(there) > 2:
            for index, member in enumerate(there.popleft()):
                if index % 2:
                    member.abort()
                else:
                    member.close()
        await asyncio.sleep(STEP)
    for member in (member for group in there for member in group):
        member.abort()
        await member.left
    return came


async def watch(pid: int, health: Table, until: float) -> list[Sample]:
    """What the gateway holds, every five seconds."""
    began, samples = time.monotonic(), []
    while time.monotonic() < until:
        allocated = int((health.get('process') or {}).get('allocatedBytes') or 0)
        samples.append(Sample(time.monotonic() - began, resident_bytes(pid), allocated, open_sockets(pid)))
        await asyncio.sleep(5)
    return samples


async def prove(options: argparse.Namespace, stack: Stack, folder: Path) -> list[str]:
    gateway = stack.running_gateway
    assert gateway.process
    seconds = round(options.minutes * 60)
    tokens(gateway, Load(walls=options.clients, rate=options.rate), folder / 'tokens')
    command = [str(load_binary()), 'crowd', '--broker', stack.broker, '--gateway', gateway.ws_url]
    command += ['--tokens', str(folder / 'tokens'), '--process', str(gateway.process.pid), '--browsers', '0']
    command += ['--walls', str(options.clients), '--rate', str(options.rate), '--seconds', str(seconds)]
    async with GatewayClient.connect(gateway.ws_url, gateway.token('operator', 'soak')) as client:
        health = await client.subscribe('health', maxHz=1)
        tool = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)

        def crowd() -> int:
            return int((health.get('sessions') or {}).get('clients') or 0)

        await client.until(lambda: crowd() > options.clients, 120, 'the crowd to be there')
        client.frames.clear()
        until = time.monotonic() + seconds
        number = max(1, round(options.clients * PER_STEP))
        came, samples = await asyncio.gather(visitors(stack, number, until), watch(gateway.process.pid, health, until))
        said, _ = await tool.communicate()
    print('\n'.join(line for line in said.decode().splitlines() if not line.startswith('result: ')))
    result = Flooded(0, seconds, 0, samples=samples)
    full = FILLING_LONG if options.minutes >= LONG else min(FILLING, seconds * 0.6)
    most = GROWTH_LONG if options.minutes >= LONG else GROWTH
    late = [sample for sample in samples if sample.at >= full]
    slope = result.slope(full)
    by_minute = {int(sample.at // 60): sample.allocated >> 20 for sample in samples}
    print(f'allocated by the minute, MiB: {", ".join(str(value) for value in by_minute.values())}')
    handles = [sample.descriptors for sample in late]
    print(f'{came:,} came and went; sockets open: {min(handles)} to {max(handles)}')
    print(
        f'resident {late[0].memory >> 20} -> {late[-1].memory >> 20} MiB; allocated grows by {slope / (1 << 20):.2f} MiB a minute'
    )
    wrong = []
    if tool.returncode:
        wrong.append('a client differs')
    # Those who come and those who go overlap.
    if max(handles) - min(handles) > 2 * number + SLACK:
        wrong.append(f'sockets went from {min(handles)} to {max(handles)}')
    if slope > most:
        wrong.append(f'what is allocated grew by {slope / (1 << 20):.2f} MiB a minute')
    return wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove soak')
    parser.add_argument('--minutes', type=float, default=9.9, help='60 before a release; at most 65')
    parser.add_argument('--clients', type=int, default=2_000)
    parser.add_argument('--rate', type=int, default=1_000, help='events a second')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-soak-') as name:
        folder = Path(name)
        stack = Stack(folder).start()
        try:
            wrong = asyncio.run(prove(options, stack, folder))
        finally:
            stack.stop()
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
