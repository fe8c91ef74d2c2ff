"""F6, F8: all clients lose the gateway at one moment, and all come back within one second, while events go on.

    bin/prove stampede                                           # 10,000 clients whose balancer died: plain, then TLS
    bin/prove stampede --kind plain --clients 1000,5000
    bin/prove stampede --kind kill --clients 5000                # the gateway itself was killed, and is started again

Each client signs in and subscribes to three topics, and is live when it has all their rows; one that is told to come later (503) does so
after 1 to 5 s, as our own clients do. The clients are processes of their own. Another one publishes events all the while, and a client in this one
puts marks among them and sees when their rows come: that is the lag. In the end the rows of every client are compared with those of one that came
last. Ends with 1 if a client differs, or a bound of F8 (of F6, if the gateway is killed) is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness.certificates import Authority, encrypted
from harness.churn import churn
from harness.client import GatewayClient
from harness.flood import Flooded, Watch, flood
from harness.gateway import Gateway
from harness.herd import Herd, Place
from harness.machine import forget_peak, machine, open_as_many_as_allowed, peak_bytes, process_seconds, resident_bytes
from harness.rows import Table
from harness.stack import Stack
from harness.verdict import verdict

TOPICS = ('workers', 'stats', 'queues')
TOKENS = 40
FILLING = 3
"""Seconds of workers and tasks that come and go before it."""
MEMORY = 256 << 20
HANDSHAKE = 5.0
LAG = 1.0
CLIENTS_HZ = 0.2
"""How often a second clients are told: whoever is live must not take the cores from those who are not, for they are one machine here."""


@dataclass(frozen=True)
class Kind:
    title: str
    live: float
    """Seconds within which all must be live."""
    share: float = 1
    """How many of them must."""
    is_encrypted: bool = False
    is_killed: bool = False


KINDS = {
    'plain': Kind('plain, balancer gone', 15),
    'tls': Kind('TLS, balancer gone', 30, is_encrypted=True),
    'kill': Kind('plain, gateway killed', 15, share=0.99, is_killed=True),
}


async def settled(herd: Herd, client: GatewayClient, truth: dict[str, Table]) -> list[str]:
    """What still differs once the rest has settled: clients are told every five seconds."""
    wrong: list[str] = []
    for _ in range(40):
        if not (wrong := await herd.differences(truth)):
            break
        await client.until(lambda: True, 1, 'nothing')
        await asyncio.sleep(1)
    return wrong


async def restart(gateway: Gateway) -> None:
    """A balancer would not wait for it either: clients try from the first moment on."""
    gateway.listen = gateway.address
    gateway.kill()
    await asyncio.to_thread(lambda: gateway.launch().wait_listening())


async def measure_lag(kind: Kind, stack: Stack, client: GatewayClient, rate: float) -> Flooded | None:
    """A client of a gateway that is killed sees nothing."""
    if kind.is_killed:
        return None
    watch = await Watch(client, stack).open()
    return await flood(stack, watch, rate, kind.live)


async def prove(kind: Kind, number: int, options: argparse.Namespace, stack: Stack, authority: Authority | None) -> list[str]:
    gateway = stack.running_gateway
    assert gateway.process
    host, port = gateway.address.rsplit(':', 1)
    tokens = tuple(gateway.token('viewer', f'herd-{index}') for index in range(TOKENS))
    place = Place(host, int(port), tokens, TOPICS, authority.certificate if authority else None, CLIENTS_HZ)
    tls = place.options()['tls']
    with churn(stack):
        await asyncio.sleep(FILLING)
    herd = Herd(place, number, options.processes)
    try:
        await herd.gather()
        async with GatewayClient.connect(gateway.ws_url, gateway.token('operator', 'watch'), tls=tls) as watching:
            forget_peak(gateway.process.pid)
            before, cpu = resident_bytes(gateway.process.pid), process_seconds(gateway.process.pid)
            lag = asyncio.create_task(measure_lag(kind, stack, watching, options.rate))
            await asyncio.sleep(0 if kind.is_killed else 1)
            began = time.monotonic()
            losing = asyncio.create_task(herd.lose())
            if kind.is_killed:
                await restart(gateway)
                before, cpu = resident_bytes(gateway.process.pid), 0.0
            returned = await losing
            spent, peak = process_seconds(gateway.process.pid) - cpu, peak_bytes(gateway.process.pid)
            flooded = await lag
        async with GatewayClient.connect(gateway.ws_url, gateway.token('viewer', 'last'), tls=tls) as client:
            wrong = await settled(herd, client, {topic: await client.subscribe(topic) for topic in TOPICS})
    finally:
        herd.end()
    times = [moment - began for moment in sorted(returned.live_at)]
    handshakes = sorted(returned.handshakes)
    most = flooded.delay(1) if flooded else 0.0
    lags = f'{1000 * flooded.delay(0.5):.0f}, {1000 * most:.0f} of {len(flooded.delays)}' if flooded else '-'
    print(
        f'| {number:,} {kind.title} | '
        + ' | '.join(f'{part(times, share):.1f}' for share in (0.5, 0.99, 1))
        + f' | {1000 * part(handshakes, 0.5):.0f}, {1000 * part(handshakes, 0.99):.0f} | {lags} | {spent:.1f}'
        + f' | {(peak - before) / (1 << 20):.0f} | {len(wrong)} |',
        flush=True,
    )
    checks = {
        f'{kind.share:.0%} live within {kind.live:.0f} s': part(times, kind.share) <= kind.live,
        f'handshakes, p99 within {HANDSHAKE:.0f} s': part(handshakes, 0.99) <= HANDSHAKE,
        f'at most {MEMORY >> 20} MiB more': peak - before <= MEMORY,
        f'events lag by less than {LAG:.0f} s': most < LAG,
        'every client knows everything in the end': not wrong,
    }
    return [f'{number:,} {kind.title}: {what}' for what, holds in checks.items() if not holds] + wrong[:5]


def part(ordered: list[float], share: float) -> float:
    """What so large a share does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove stampede')
    parser.add_argument('--clients', default='10000', help='how many, with commas')
    parser.add_argument('--kind', default='plain,tls', help=', '.join(KINDS))
    parser.add_argument('--rate', type=int, default=240, help='events a second meanwhile')
    parser.add_argument('--processes', type=int, default=2, help='that the clients are')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    print(
        '| clients | half are live, s | 99 % | all | handshake p50, p99 ms | lag of events p50, most ms | CPU s of the gateway '
        '| MiB at most above before | differ |'
    )
    print('|---|---|---|---|---|---|---|---|---|', flush=True)
    wrong: list[str] = []
    for kind in (KINDS[name] for name in options.kind.split(',')):
        for number in (int(text) for text in options.clients.split(',')):
            with tempfile.TemporaryDirectory(prefix='celeriac-prove-') as name:
                folder = Path(name)
                authority = Authority(folder / 'tls', 'authority') if kind.is_encrypted else None
                extra = encrypted(folder, authority)[1] if authority else []
                stack = Stack(folder).start(gateway=False)
                try:
                    stack.gateway = Gateway(stack.broker, folder, options=extra).launch().wait_listening()
                    wrong += asyncio.run(prove(kind, number, options, stack, authority))
                finally:
                    stack.stop()
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
