"""A stampede (F6, F8): all clients lose the gateway at one moment, and all come back within one second.

    bin/bench stampede                                           # 1,000 and 5,000 clients, whose balancer died
    bin/bench stampede --clients 5000 --kill                     # the gateway itself was killed, and is started again
    bin/bench stampede --clients 2000 --tls

Each client signs in and subscribes to three topics, and is live when it has all their rows; one that is told to come later (503) does so
after 1 to 5 s, as our own clients do. In the end the rows of every client are compared with those of one that came last. The clients are one
Python process, which takes a core: a handshake's time has its waiting in it. Ends with 1 if a client differs, or a bound of F8 is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import ssl
import sys
import tempfile
import time
from pathlib import Path

from harness.certificates import encrypted
from harness.churn import churn
from harness.client import GatewayClient
from harness.crowd import Member, come_back, differences, gather_crowd
from harness.gateway import Gateway
from harness.machine import machine, open_as_many_as_allowed, peak_bytes, process_seconds, resident_bytes
from harness.stack import Stack

TOPICS = ('workers', 'stats', 'queues')
TOKENS = 40
FILLING = 3
"""Seconds of workers and tasks that come and go before it. During it nothing changes: one Python process cannot read it all."""
MEMORY = 256 << 20
LIVE = 15.0
LIVE_TLS = 30.0


async def settled(crowd: list[Member], client: GatewayClient) -> int:
    """How many clients still differ once the rest has settled."""
    truth = {topic: await client.subscribe(topic) for topic in TOPICS}
    for _ in range(20):
        if not (wrong := differences(crowd, truth)):
            return 0
        await asyncio.sleep(1)
    print('\n'.join(wrong[:5]))
    return len(wrong)


async def prove(options: argparse.Namespace, number: int, stack: Stack, tls: ssl.SSLContext | None) -> bool:
    gateway = stack.running_gateway
    assert gateway.process
    host, port = gateway.address.rsplit(':', 1)
    tokens = [gateway.token('viewer', f'herd-{number}-{index}') for index in range(TOKENS)]
    moments: list[float] = []
    shaken: list[float] = []

    async def one(index: int) -> Member:
        await asyncio.sleep(random.random())
        member = await come_back(host, int(port), tokens[index % TOKENS], opens=TOPICS, patience=120, tls=tls)
        moments.append(time.monotonic())
        shaken.append(member.upgraded_at - member.connected_at)
        return member

    with churn(stack):
        await asyncio.sleep(FILLING)
    crowd = await gather_crowd(host, int(port), tokens, number, opens=TOPICS, tls=tls)
    gc.collect()
    gc.disable()
    try:
        before, cpu = resident_bytes(gateway.process.pid), process_seconds(gateway.process.pid)
        if options.kill:
            gateway.listen = gateway.address
            gateway.kill()
        for member in crowd:
            member.abort()
        began = time.monotonic()
        returns = [asyncio.create_task(one(index)) for index in range(number)]
        if options.kill:
            await asyncio.to_thread(lambda: gateway.launch().wait_listening())
            before, cpu = resident_bytes(gateway.process.pid), 0.0
        back = list(await asyncio.gather(*returns))
        spent = process_seconds(gateway.process.pid) - cpu
    finally:
        gc.enable()
    peak = peak_bytes(gateway.process.pid)
    async with GatewayClient.connect(gateway.ws_url, gateway.token('viewer', f'last-{number}'), tls=tls) as client:
        wrong = await settled(back, client)
    for member in back:
        member.abort()
    moments.sort()
    shaken.sort()
    times = [moments[min(number - 1, int(number * share))] - began for share in (0.5, 0.99, 1)]
    handshakes = [1000 * shaken[min(number - 1, int(number * share))] for share in (0.5, 0.99)]
    what = 'gateway killed' if options.kill else 'balancer gone'
    print(
        f'| {number:,} {"TLS" if tls else "plain"}, {what} | '
        + ' | '.join(f'{value:.1f}' for value in times)
        + f' | {handshakes[0]:.0f}, {handshakes[1]:.0f} | {spent:.1f} | {(peak - before) / 1e6:.0f} | {wrong} |',
        flush=True,
    )
    return not wrong and times[2] <= (LIVE_TLS if tls else LIVE) and handshakes[1] <= 5000 and peak - before <= MEMORY


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench stampede')
    parser.add_argument('--clients', default='1000,5000', help='how many, with commas')
    parser.add_argument('--kill', action='store_true', help='the gateway is killed, and started again')
    parser.add_argument('--tls', action='store_true')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    print(
        '| clients | half are live, s | 99 % | all | handshake p50, p99 ms | CPU s of the gateway | MB at most above before | differ |'
    )
    print('|---|---|---|---|---|---|---|---|', flush=True)
    holds = True
    for number in (int(text) for text in options.clients.split(',')):
        with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
            folder = Path(name)
            tls, extra = encrypted(folder) if options.tls else (None, [])
            stack = Stack(folder).start(gateway=False)
            try:
                stack.gateway = Gateway(stack.broker, folder, options=extra).launch().wait_listening()
                holds &= asyncio.run(prove(options, number, stack, tls))
            finally:
                stack.stop()
    return 0 if holds else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
