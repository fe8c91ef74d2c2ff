"""The targets for many clients: P3, the latency of 1,000 pages and of 10,000 walls, and P4, the CPU that 5,000 clients of one view cost.

    bin/bench targets                                            # all rows, about two minutes each; needs 10,100 descriptors a process
    bin/bench targets --row walls --runs 3

Each row is a run of `celeriac-load crowd` on a gateway of its own (see `bin/bench fanout`). Latency is from the publishing of an event to the
moment when a client has parsed the first frame that knows of it, and counts the newest event of each frame: the client's own pace (4 frames a
second, 1 of a wall) is not in it. Gateway, Redis and all clients share the machine. Ends with 1 if a row misses its target, or a client's rows
differ from the gateway's in the end.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.load import Load, Run, run
from harness.machine import machine, open_as_many_as_allowed


def p99(one: Run) -> float:
    return max(latency['p99'] for latency in one.latency.values())


@dataclass(frozen=True)
class Target:
    """One row."""

    load: Load
    words: str
    figure: Callable[[Run], float]
    most: float


TARGETS = {
    'pages': Target(Load(overviews=1_000, rate=1_000), 'P3: p99, ms', p99, 100),
    'walls': Target(Load(walls=10_000, rate=1_000), 'P3: p99, ms', p99, 500),
    'view': Target(Load(tables=5_000, rate=10_000), 'P4: cores of the gateway', lambda one: one.cores, 0.60),
}
HEAD = """| clients, load | frames/s | of them different | MB/s | p50 ms | p90 | p99 | gateway, cores | load tool, cores | target | |
|---|---|---|---|---|---|---|---|---|---|---|"""


def row(target: Target, one: Run) -> str:
    figures, latency = one.figures, next(iter(one.latency.values()))
    seconds = figures['seconds']
    cells = [str(target.load), *(f'{figures[name] / seconds:,.0f}' for name in ('frames', 'parsed'))]
    cells += [f'{figures["bytes"] / seconds / 1e6:.1f}', *(f'{latency[name]:.0f}' for name in ('p50', 'p90', 'p99'))]
    cells += [f'{one.cores:.2f}', f'{one.own_cores:.2f}', f'{target.words} <= {target.most:g}']
    return '| ' + ' | '.join([*cells, 'met' if target.figure(one) <= target.most else '**missed**']) + ' |'


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench targets')
    parser.add_argument('--row', choices=list(TARGETS), action='append', help='only this row; may be given again')
    parser.add_argument('--seconds', type=int, default=20, help='of measuring, in each run')
    parser.add_argument('--runs', type=int, default=1)
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    rows, holds = [], True
    for name in options.row or TARGETS:
        target = TARGETS[name]
        for _ in range(options.runs):
            one = run(target.load, options.seconds, os.environ['CELERIAC_LOAD'], Path(os.environ['CELERIAC_BIN']))
            if not one.latency:
                print(f'no result of {target.load}')
                return 1
            rows.append(row(target, one))
            holds = holds and not one.code and target.figure(one) <= target.most
    print(HEAD)
    print('\n'.join(rows))
    return 0 if holds else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
