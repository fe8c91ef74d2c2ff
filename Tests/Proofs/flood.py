"""F5: events without end. Nothing grows, nothing is dropped, and a burst beyond what fits is survived and told of.

    bin/prove flood [--minutes 10] [--rate 10000] [--burst 50000] [--burst-seconds 10]

A publisher in a process of its own sends lists of 24 events, whole lives of new tasks, at a steady rate; a client puts marks among
them and sees when their rows come. Ends with 1 if a bound of the protocol's F5 is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from harness.client import GatewayClient
from harness.flood import LIST, Watch, describe, flood, recovery
from harness.machine import machine
from harness.stack import Stack
from harness.verdict import verdict

DELAY = 0.25
CORE = 0.70
MEMORY = 512 << 20
FILLING = 60.0
"""Seconds until all stores are full: 100,000 tasks, the log of events, the rates of the last minutes."""
GROWTH = 256 << 10
"""Bytes a minute that are allocated and not given back: a thousandth of what is held, the noise of the samples."""


async def steady(stack: Stack, watch: Watch, options: argparse.Namespace) -> list[str]:
    before = watch.ingest('batches') + watch.ingest('dropped')
    result = await flood(stack, watch, options.rate, options.minutes * 60, every=5)
    print(describe(result, 'steady'), flush=True)
    sent = result.messages + len(result.delays)
    await watch.client.until(lambda: watch.ingest('batches') - before >= sent, 30, 'every message to be counted')
    handles = [sample.descriptors for sample in result.samples]
    slope = result.slope(min(FILLING, options.minutes * 20))
    print(
        f'    what is allocated grows by {slope / (1 << 20):.2f} MiB a minute once all is full; dropped {watch.ingest("dropped")}',
        flush=True,
    )
    for name, values in (
        ('resident', [sample.memory for sample in result.samples]),
        ('allocated', [sample.allocated for sample in result.samples]),
    ):
        by_minute = {int(sample.at // 60): value >> 20 for sample, value in zip(result.samples, values, strict=True)}
        print(f'    {name} by the minute, MiB: {", ".join(str(value) for value in by_minute.values())}', flush=True)
    wrong = []
    if result.rate < options.rate * 0.98:
        wrong.append(f'only {result.rate:,.0f} events a second were published')
    if result.delay(0.99) > DELAY:
        wrong.append(f'the delay was {result.delay(0.99) * 1000:.0f} ms at the 99th percentile')
    if result.cpu / result.seconds > CORE:
        wrong.append(f'it took {result.cpu / result.seconds:.0%} of a core')
    if watch.ingest('dropped'):
        wrong.append(f'{watch.ingest("dropped")} messages were dropped')
    if slope > GROWTH:
        wrong.append(f'what is allocated grew by {slope / (1 << 20):.1f} MiB a minute')
    if max(handles) - min(handles) > 2:
        wrong.append(f'descriptors went from {min(handles)} to {max(handles)}')
    return wrong


async def burst(stack: Stack, watch: Watch, options: argparse.Namespace) -> list[str]:
    before, told = watch.ingest('batches') + watch.ingest('dropped'), watch.lost()
    result = await flood(stack, watch, options.burst, options.burst_seconds)
    needed = await recovery(watch, 60)
    print(describe(result, 'burst'), flush=True)
    sent = result.messages + len(result.delays)
    await watch.client.until(
        lambda: watch.ingest('batches') + watch.ingest('dropped') - before >= sent, 60, 'every message to be applied or counted'
    )
    dropped = watch.ingest('dropped')
    print(
        f'    a mark needed less than a second again {needed:.1f} s after it; dropped {dropped:,} of {sent:,} messages',
        flush=True,
    )
    wrong = []
    if result.rate < options.burst * 0.9:
        print(f'    the publisher reached {result.rate:,.0f} of {options.burst:,} events a second on this machine', flush=True)
    if needed > 10:
        wrong.append(f'it took {needed:.1f} s to recover')
    peak = max(sample.memory for sample in result.samples)
    if peak > MEMORY:
        wrong.append(f'{peak >> 20} MiB were held')
    if dropped:
        await watch.client.until(lambda: watch.lost() - told >= dropped, 60, 'what was dropped to be in gaps')
    return wrong


async def prove(options: argparse.Namespace, folder: Path) -> list[str]:
    stack = Stack(folder).start()
    try:
        gateway = stack.running_gateway
        async with GatewayClient.connect(gateway.ws_url, gateway.token('operator', 'flood')) as client:
            watch = await Watch(client, stack).open()
            client.frames = Forgetful()
            wrong = await steady(stack, watch, options)
            return wrong + await burst(stack, watch, options)
    finally:
        stack.stop()


class Forgetful(list):  # type: ignore[type-arg]
    """Keeps no frames: there would be hundreds of thousands."""

    def append(self, _: object) -> None:
        pass


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove flood')
    parser.add_argument('--minutes', type=float, default=10)
    parser.add_argument('--rate', type=int, default=10_000, help='events a second')
    parser.add_argument('--burst', type=int, default=50_000, help='events a second of the burst at the end')
    parser.add_argument('--burst-seconds', type=float, default=10)
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}; lists of {LIST} events', flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-flood-') as folder:
        wrong = asyncio.run(prove(options, Path(folder)))
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
