"""Many clients of all kinds on one gateway: CPU per frame, latency, memory; and everybody knows in the end what the gateway knows.

    bin/bench fanout                                              # the ladder below, once
    bin/bench fanout --browsers 1000 --walls 0 --bots 2 --rate 1000 --seconds 10 --runs 3
    bin/bench fanout --beside OTHER/celeriac                      # another build takes turns with this one
    bin/bench fanout --walls 3000 --limit                         # and what a bare epoll loop needs for the same writes

Each run starts a private Redis and the release gateway with every client on its own connection. Ends with 1 if any client's rows differ
from the gateway's, or a bot misses an event.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

from harness.load import KINDS, Load, limit, run
from harness.machine import machine

LADDER = (
    Load(browsers=100, bots=2, rate=500),
    Load(browsers=1_000, bots=2, rate=1_000),
    Load(walls=5_000, rate=1_000),
    Load(browsers=500, walls=1_000, bots=4, slow=50, rate=1_000),
)
HEAD = """| clients, load | build | frames/s | MB/s | cores | CPU s per million frames | frames per CPU s | p50 | p90 | p99 | differences |
|---|---|---|---|---|---|---|---|---|---|---|"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench fanout')
    for kind in KINDS:
        parser.add_argument(f'--{kind}', type=int, default=0)
    parser.add_argument('--rate', type=int, default=1_000, help='events per second')
    parser.add_argument('--seconds', type=int, default=10, help='of measuring, in each run')
    parser.add_argument('--runs', type=int, default=1)
    parser.add_argument('--limit', action='store_true', help='a bare epoll loop makes the same writes after each run')
    parser.add_argument('--beside', type=Path, help='another gateway binary, which takes turns')
    options = parser.parse_args(arguments)
    tool = os.environ.get('CELERIAC_LOAD', '')
    if not tool:
        print('CELERIAC_LOAD is not set: use bin/bench fanout', file=sys.stderr)
        return 2
    own = Load(rate=options.rate, **{kind: getattr(options, kind) for kind in KINDS})
    loads = (own,) if own.clients else LADDER
    builds = {'this': Path(os.environ['CELERIAC_BIN'])}
    if options.beside:
        builds['beside'] = options.beside
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    rows: list[str] = []
    codes: list[int] = []
    for load in loads:
        spent: dict[str, list[float]] = {build: [] for build in builds}
        for _ in range(options.runs):
            for build, binary in builds.items():
                one = run(load, options.seconds, tool, binary)
                rows.append(one.row(load, build))
                codes.append(one.code)
                spent[build].append(one.figures.get('perMillion', 0))
                # Bots and slow clients have no turns to count.
                if options.limit and one.figures and not load.bots + load.slow:
                    bare = limit(load, one, options.seconds)
                    rows.append(f'| {load} | bare epoll | | | {bare:.2f} | {build} needs {one.cores / bare:.2f} x as much |')
        if options.beside:
            ratio = statistics.median(spent['beside']) / max(1e-9, statistics.median(spent['this']))
            rows.append(f'| {load} | beside / this: {ratio:.2f} x the CPU per frame |')
    print(HEAD)
    print('\n'.join(rows))
    return 1 if any(codes) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
