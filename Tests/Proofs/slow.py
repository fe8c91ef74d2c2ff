"""F9: slow clients beside good ones, and some who never read: what the good ones see is the same, and the others cost little.

    bin/prove slow                                               # 500 browsers; then the same, 500 slow ones, and 50 who never read
    bin/prove slow --browsers 100 --slow 100 --deaf 10 --runs 5

The two take turns, each with a gateway of its own; who begins alternates. The good ones, the slow ones and those who never read are processes
of their own: what it costs to be a slow client is not in the others' times, and these give way. A slow client reads 1,000 bytes a second until
the events have stopped, and a second later it must know everything, as all others must. One who never reads does so from the first event on. Ends with 1
if a client differs in the end, the median of the good ones' 99th percentiles is more than 20 % above that without the others (or what two
equal medians may differ by), one of the others takes more than 256 KiB, or one who never reads is not closed with 4408 after 10 to 15 s.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.deaf import Deaf, deaf_clients
from harness.gateway import Gateway
from harness.load import Load, Run, run, slow_clients
from harness.machine import machine

RATIO = 1.2
NOISE = 2.0
"""Milliseconds that medians of equal runs may differ by."""
EACH = 256 << 10
WAIT = (10.0, 15.0)
"""Seconds after which one who never reads is let go."""
PATIENCE = 0
"""Seconds that clients get in the end, besides the one in which a row may still be on its way."""
BEYOND = 8
"""Seconds that slow clients stay slow, longer than events are measured: before, and a little after them."""


def show(what: str, made: list[Run]) -> None:
    for one in made:
        shown = one.latency['browser']
        cells = [f'{shown[name]:.1f}' for name in ('p50', 'p90', 'p99')]
        cells += [f'{one.cores:.2f}', f'{one.own_cores:.2f}', f'{one.resident / 1e6:.0f}']
        print(f'| {what} | ' + ' | '.join(cells) + ' |')


def middle(made: list[Run], name: str) -> float:
    """The median of a percentile of the good ones, in ms."""
    return statistics.median(one.latency['browser'][name] for one in made)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove slow')
    parser.add_argument('--browsers', type=int, default=500)
    parser.add_argument('--slow', type=int, default=500)
    parser.add_argument('--deaf', type=int, default=50, help='who never read')
    parser.add_argument('--rate', type=int, default=500, help='events per second')
    parser.add_argument('--seconds', type=int, default=20, help='long enough to be let go within them')
    parser.add_argument('--runs', type=int, default=6, help='of each of the two')
    options = parser.parse_args(arguments)
    tool, binary = os.environ['CELERIAC_LOAD'], Path(os.environ['CELERIAC_BIN'])
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    load = Load(browsers=options.browsers, rate=options.rate)
    alone: list[Run] = []
    beside: list[Run] = []
    all_deaf: list[Deaf] = []
    ends: list[int] = []

    @contextlib.contextmanager
    def others(gateway: Gateway) -> Iterator[None]:
        with (
            slow_clients(gateway, options.slow, options.seconds + BEYOND, tool) as codes,
            deaf_clients(gateway, options.deaf) as deaf,
        ):
            yield
        all_deaf.append(deaf)
        ends.extend(codes)

    for number in range(options.runs):
        for made in (alone, beside) if number % 2 == 0 else (beside, alone):
            company = others if made is beside else contextlib.nullcontext
            made.append(run(load, options.seconds, tool, binary, patience=PATIENCE, beside=company))
    if not all(one.latency for one in alone + beside):
        print('a run gave no result')
        return 1
    print('| clients | p50 ms | p90 | p99 | gateway, cores | load tool | resident MB |\n|---|---|---|---|---|---|---|')
    show(f'{options.browsers} browsers', alone)
    show(f'and {options.slow} slow ones, {options.deaf} who never read', beside)
    for name in ('p50', 'p90'):
        print(f'{name}: {middle(alone, name):.1f} ms alone, {middle(beside, name):.1f} ms beside the others')
    first, second = middle(alone, 'p99'), middle(beside, 'p99')
    more = statistics.median(one.resident for one in beside) - statistics.median(one.resident for one in alone)
    each = more / (options.slow + options.deaf)
    waits = sorted(wait for deaf in all_deaf for wait in deaf.waits) or [float('inf')]
    print(f'p99 of the good ones: {first:.1f} ms alone, {second:.1f} ms beside the others: {second / first:.2f} x')
    print(f'memory: {each / 1024:+.0f} KiB for each of the others')
    print(
        f'who never read: {len(waits)} let go after {waits[0]:.1f} to {waits[-1]:.1f} s, with {[dict(deaf.codes) for deaf in all_deaf]}'
    )
    checks = {
        'every client knows everything in the end': not any(one.code for one in alone + beside) and ends == [0] * options.runs,
        f'p99 at most {RATIO} x, or {NOISE:.0f} ms more': second <= max(first * RATIO, first + NOISE),
        f'at most {EACH >> 10} KiB for each of the others': each <= EACH,
        'who never reads is closed with 4408': all(deaf.codes == {4408: options.deaf} for deaf in all_deaf),
        f'after {WAIT[0]:.0f} to {WAIT[1]:.0f} s': len(waits) == options.deaf * options.runs
        and WAIT[0] <= waits[0]
        and waits[-1] <= WAIT[1],
    }
    for what, holds in checks.items():
        print(f'{"holds" if holds else "FAILS"}: {what}')
    return 0 if all(checks.values()) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
