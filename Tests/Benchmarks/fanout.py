"""Many clients of all kinds on one gateway: CPU per frame, latency, memory; and everybody knows in the end what the gateway knows.

    bin/bench fanout                                              # the ladder below, once
    bin/bench fanout --browsers 1000 --walls 0 --bots 2 --rate 1000 --seconds 10 --runs 3
    bin/bench fanout --beside OTHER/celeriac                      # another build takes turns with this one

Each run starts a private Redis and the release gateway with every client on its own connection. Ends with 1 if any client's rows differ
from the gateway's, or a bot misses an event.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.gateway import Gateway
from harness.machine import machine, resident_bytes
from harness.redis_server import RedisServer

CONNECTIONS_PER_TOKEN = 8
KINDS = ('browsers', 'walls', 'bots', 'slow')
ROLES = {'browsers': 'operator', 'walls': 'wall', 'bots': 'bot', 'slow': 'operator'}


@dataclass(frozen=True)
class Load:
    """Clients of each kind, and events per second."""

    browsers: int = 0
    walls: int = 0
    bots: int = 0
    slow: int = 0
    rate: int = 1_000

    @property
    def clients(self) -> int:
        return self.browsers + self.walls + self.bots + self.slow

    def __str__(self) -> str:
        kinds = ', '.join(f'{getattr(self, kind):,} {kind}' for kind in KINDS if getattr(self, kind))
        return f'{kinds}; {self.rate:,} events/s'


LADDER = (
    Load(browsers=100, bots=2, rate=500),
    Load(browsers=1_000, bots=2, rate=1_000),
    Load(walls=5_000, rate=1_000),
    Load(browsers=500, walls=1_000, bots=4, slow=50, rate=1_000),
)
HEAD = """| clients, load | build | frames/s | MB/s | cores | CPU s per million frames | frames per CPU s | p50 | p90 | p99 | differences |
|---|---|---|---|---|---|---|---|---|---|---|"""


@dataclass
class Run:
    """What one run gave."""

    code: int
    figures: dict[str, float]
    latency: dict[str, dict[str, float]]

    def row(self, load: Load, build: str) -> str:
        f = self.figures
        if not f:
            return f'| {load} | {build} | no result |'
        seconds = f['seconds']
        shown = self.latency.get('browser') or self.latency.get('wall') or self.latency.get('bot') or {}
        cells = [
            str(load),
            build,
            f'{f["frames"] / seconds:,.0f}',
            f'{f["bytes"] / seconds / 1e6:.1f}',
            f'{f["cpu"] / seconds:.2f}',
        ]
        cells += [f'{f["perMillion"]:.1f}', f'{1e6 / f["perMillion"]:,.0f}']
        cells += [f'{shown.get(name, 0):.0f}' for name in ('p50', 'p90', 'p99')]
        return '| ' + ' | '.join([*cells, f'{f["faults"]:.0f}']) + ' |'


def tokens(gateway: Gateway, load: Load, file: Path) -> None:
    wanted = [(ROLES[kind], -(-getattr(load, kind) // CONNECTIONS_PER_TOKEN)) for kind in KINDS]
    # The comparison asks as an operator.
    wanted.append(('operator', 1))
    names = [(role, f'{role}-{place}-{number}') for place, (role, count) in enumerate(wanted) for number in range(count)]
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda name: gateway.token(*name), names)
        file.write_text(''.join(f'{role} {token}\n' for (role, _), token in zip(names, made, strict=True)))


def run(load: Load, seconds: int, tool: str, binary: Path) -> Run:
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
        folder = Path(name)
        redis_server = RedisServer(folder / 'redis')
        gateway = Gateway('', folder, env={'CELERIAC_SOCKETS_PER_ADDRESS': str(load.clients + 10)}, binary=binary)
        try:
            redis_server.start()
            gateway.broker = redis_server.url()
            gateway.start()
            tokens(gateway, load, folder / 'tokens')
            assert gateway.process
            command = [tool, 'crowd', '--broker', redis_server.url(), '--gateway', gateway.ws_url]
            command += ['--tokens', str(folder / 'tokens'), '--process', str(gateway.process.pid), '--seconds', str(seconds)]
            for option in (*KINDS, 'rate'):
                command += ['--' + option, str(getattr(load, option))]
            done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
            print(f'resident afterwards: {resident_bytes(gateway.process.pid) / 1e6:.0f} MB')
        finally:
            gateway.stop()
            redis_server.stop()
    lines = done.stdout.splitlines()
    print('\n'.join(line for line in lines if not line.startswith('result: ')), flush=True)
    result: dict[str, Any] = next(
        (json.loads(line.removeprefix('result: ')) for line in lines if line.startswith('result: ')), {}
    )
    latency = {name: value for name, value in result.items() if isinstance(value, dict)}
    return Run(done.returncode, {name: value for name, value in result.items() if name not in latency}, latency)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench fanout')
    for kind in KINDS:
        parser.add_argument(f'--{kind}', type=int, default=0)
    parser.add_argument('--rate', type=int, default=1_000, help='events per second')
    parser.add_argument('--seconds', type=int, default=10, help='of measuring, in each run')
    parser.add_argument('--runs', type=int, default=1)
    parser.add_argument('--beside', type=Path, help='another gateway binary, which takes turns')
    options = parser.parse_args(arguments)
    tool = os.environ.get('CELERIAC_LOAD', '')
    if not tool:
        print('CELERIAC_LOAD is not set: use bin/bench fanout', file=sys.stderr)
        return 2
    own = Load(options.browsers, options.walls, options.bots, options.slow, options.rate)
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
        if options.beside:
            ratio = statistics.median(spent['beside']) / max(1e-9, statistics.median(spent['this']))
            rows.append(f'| {load} | beside / this: {ratio:.2f} x the CPU per frame |')
    print(HEAD)
    print('\n'.join(rows))
    return 1 if any(codes) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
