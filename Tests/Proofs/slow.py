"""F9: slow clients beside good ones, and some who never read: what the good ones see is the same, and the others cost little.

    bin/prove slow                                               # 500 browsers; then the same, 500 slow ones, and 50 who never read
    bin/prove slow --browsers 100 --slow 100 --deaf 10 --runs 5

The two take turns, each with a gateway of its own; who begins alternates. A slow client reads 1,000 bytes a second until the events stop; a
second after that it must know everything, as all others must. One who never reads does so from the first event on. Ends with 1 if a client differs in the
end, the median of the good ones' 99th percentiles is more than 20 % above that without the others (or what two equal medians may differ
by), one of the others takes more than 256 KiB, or one who never reads is not closed with 4408 after 10 to 15 s.
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
from harness.load import Load, Run, run
from harness.machine import machine

RATIO = 1.2
NOISE = 2.0
"""Milliseconds that medians of equal runs may differ by."""
EACH = 256 << 10
WAIT = (10.0, 15.0)
"""Seconds after which one who never reads is let go."""
PATIENCE = 0
"""Seconds that clients get in the end, besides the one in which a row may still be on its way."""


def show(runs: dict[Load, list[Run]]) -> None:
    print('| clients | p50 ms | p90 | p99 | gateway, cores | load tool | resident MB |\n|---|---|---|---|---|---|---|')
    for load, made in runs.items():
        for one in made:
            shown = one.latency['browser']
            cells = [f'{shown[name]:.1f}' for name in ('p50', 'p90', 'p99')]
            cells += [f'{one.cores:.2f}', f'{one.own_cores:.2f}', f'{one.resident / 1e6:.0f}']
            print(f'| {load} | ' + ' | '.join(cells) + ' |')


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove slow')
    parser.add_argument('--browsers', type=int, default=500)
    parser.add_argument('--slow', type=int, default=500)
    parser.add_argument('--deaf', type=int, default=50, help='who never read')
    parser.add_argument('--rate', type=int, default=500, help='events per second')
    parser.add_argument('--seconds', type=int, default=20, help='long enough to be let go within them')
    parser.add_argument('--runs', type=int, default=3, help='of each of the two')
    options = parser.parse_args(arguments)
    tool, binary = os.environ['CELERIAC_LOAD'], Path(os.environ['CELERIAC_BIN'])
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    alone = Load(browsers=options.browsers, rate=options.rate)
    beside = Load(browsers=options.browsers, slow=options.slow, rate=options.rate)
    runs: dict[Load, list[Run]] = {alone: [], beside: []}
    all_deaf: list[Deaf] = []

    @contextlib.contextmanager
    def listening_to_nothing(gateway: Gateway) -> Iterator[None]:
        with deaf_clients(gateway, options.deaf) as deaf:
            yield
        all_deaf.append(deaf)

    for number in range(options.runs):
        for load in (alone, beside) if number % 2 == 0 else (beside, alone):
            others = listening_to_nothing if load is beside else contextlib.nullcontext
            runs[load].append(run(load, options.seconds, tool, binary, patience=PATIENCE, beside=others))
    if not all(one.latency for made in runs.values() for one in made):
        print('a run gave no result')
        return 1
    show(runs)
    first, second = (statistics.median(one.latency['browser']['p99'] for one in made) for made in runs.values())
    more = statistics.median(one.resident for one in runs[beside]) - statistics.median(one.resident for one in runs[alone])
    each = more / (options.slow + options.deaf)
    waits = sorted(wait for deaf in all_deaf for wait in deaf.waits) or [float('inf')]
    print(f'p99 of the good ones: {first:.1f} ms alone, {second:.1f} ms beside the others: {second / first:.2f} x')
    print(f'memory: {each / 1024:+.0f} KiB for each of the others')
    print(
        f'who never read: {len(waits)} let go after {waits[0]:.1f} to {waits[-1]:.1f} s, with {[dict(deaf.codes) for deaf in all_deaf]}'
    )
    checks = {
        'every client knows everything in the end': not any(one.code for made in runs.values() for one in made),
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
