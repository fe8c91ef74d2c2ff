"""Slow clients beside good ones (F9): what the good ones see is the same, and the slow ones cost little.

    bin/bench slow                                               # 100 browsers; then the same, and 100 who read 1,000 bytes a second
    bin/bench slow --browsers 500 --slow 500 --runs 3

The two take turns, each with a gateway of its own; who begins alternates. A slow client reads slowly until the events stop; then it must know
everything within the tool's patience, as all others must. Ends with 1 if a client differs in the end, the median of the good ones' 99th
percentiles is more than 20 % above that without slow ones (or what two equal medians may differ by), or a slow one takes more than 256 KiB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

from harness.load import Load, Run, run
from harness.machine import machine

RATIO = 1.2
NOISE = 2.0
"""Milliseconds that medians of equal runs may differ by."""
EACH = 256 << 10


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench slow')
    parser.add_argument('--browsers', type=int, default=100)
    parser.add_argument('--slow', type=int, default=100)
    parser.add_argument('--rate', type=int, default=500, help='events per second')
    parser.add_argument('--seconds', type=int, default=10)
    parser.add_argument('--runs', type=int, default=5, help='of each of the two')
    options = parser.parse_args(arguments)
    tool, binary = os.environ['CELERIAC_LOAD'], Path(os.environ['CELERIAC_BIN'])
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    alone = Load(browsers=options.browsers, rate=options.rate)
    beside = Load(browsers=options.browsers, slow=options.slow, rate=options.rate)
    runs: dict[Load, list[Run]] = {alone: [], beside: []}
    for number in range(options.runs):
        for load in (alone, beside) if number % 2 == 0 else (beside, alone):
            runs[load].append(run(load, options.seconds, tool, binary))
    if not all(one.latency for made in runs.values() for one in made):
        print('a run gave no result')
        return 1
    print('| clients | p50 ms | p90 | p99 | gateway, cores | load tool | resident MB |\n|---|---|---|---|---|---|---|')
    for load, made in runs.items():
        for one in made:
            shown = one.latency['browser']
            cells = [f'{shown[name]:.1f}' for name in ('p50', 'p90', 'p99')]
            cells += [f'{one.cores:.2f}', f'{one.own_cores:.2f}', f'{one.resident / 1e6:.0f}']
            print(f'| {load} | ' + ' | '.join(cells) + ' |')
    first, second = (statistics.median(one.latency['browser']['p99'] for one in made) for made in runs.values())
    more = statistics.median(one.resident for one in runs[beside]) - statistics.median(one.resident for one in runs[alone])
    each = more / options.slow
    print(f'p99 of the good ones: {first:.1f} ms alone, {second:.1f} ms beside slow ones: {second / first:.2f} x')
    print(f'memory: {each / 1024:+.0f} KiB for each slow client')
    checks = {
        'every client knows everything in the end': not any(one.code for made in runs.values() for one in made),
        f'p99 at most {RATIO} x, or {NOISE:.0f} ms more': second <= max(first * RATIO, first + NOISE),
        f'at most {EACH >> 10} KiB for each slow client': each <= EACH,
    }
    for what, holds in checks.items():
        print(f'{"holds" if holds else "FAILS"}: {what}')
    return 0 if all(checks.values()) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
