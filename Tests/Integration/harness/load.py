"""Runs `celeriac-load crowd` on a gateway of its own: clients of every kind, and what they and the gateway needed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .gateway import Gateway
from .machine import resident_bytes
from .redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[3]
CONNECTIONS_PER_TOKEN = 8
TOKENS = 250
"""Of one kind at most, because making one takes a while: beyond, more connections share each."""
ROLES = {
    'browsers': 'operator',
    'overviews': 'operator',
    'tables': 'operator',
    'walls': 'wall',
    'bots': 'bot',
    'slow': 'operator',
}
KINDS = tuple(ROLES)


@dataclass(frozen=True)
class Load:
    """Clients of each kind, and events per second."""

    browsers: int = 0
    overviews: int = 0
    tables: int = 0
    walls: int = 0
    bots: int = 0
    slow: int = 0
    rate: int = 1_000

    @property
    def clients(self) -> int:
        return sum(int(getattr(self, kind)) for kind in KINDS)

    def __str__(self) -> str:
        kinds = ', '.join(f'{getattr(self, kind):,} {kind}' for kind in KINDS if getattr(self, kind))
        return f'{kinds}; {self.rate:,} events/s'


@dataclass
class Run:
    """What one run gave."""

    code: int
    figures: dict[str, float]
    latency: dict[str, dict[str, float]]
    resident: int = 0
    """Bytes of the gateway in memory, afterwards."""

    @property
    def cores(self) -> float:
        """Of the gateway, on average."""
        return self.figures['cpu'] / self.figures['seconds']

    @property
    def own_cores(self) -> float:
        """Of the load tool."""
        return self.figures['ownCpu'] / self.figures['seconds']

    def row(self, load: Load, build: str) -> str:
        f = self.figures
        if not f:
            return f'| {load} | {build} | no result |'
        seconds = f['seconds']
        # The tool tells of pages first.
        shown = next(iter(self.latency.values()), {})
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


def tokens(gateway: Gateway, load: Load, file: Path, owner: str = '') -> None:
    """Makes the tokens of a run; their names begin with its owner's."""
    wanted = [(ROLES[kind], min(TOKENS, -(-getattr(load, kind) // CONNECTIONS_PER_TOKEN))) for kind in KINDS]
    # The comparison asks as an operator.
    wanted.append(('operator', 1))
    names = [(role, f'{owner}{role}-{place}-{number}') for place, (role, count) in enumerate(wanted) for number in range(count)]
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda name: gateway.token(*name), names)
        file.write_text(''.join(f'{role} {token}\n' for (role, _), token in zip(names, made, strict=True)))


@contextlib.contextmanager
def slow_clients(gateway: Gateway, number: int, seconds: int, tool: str) -> Iterator[list[int]]:
    """So many browsers that read 1,000 bytes a second for some seconds, then all that there is, and must know everything a second later.
    They give way to all others, because they stand for other machines.

    The list has what the tool ends with, once the block has ended.
    """
    codes: list[int] = []
    with tempfile.TemporaryDirectory(prefix='celeriac-slow-') as name:
        file = Path(name) / 'tokens'
        tokens(gateway, Load(slow=number), file, 'slow-')
        command = [
            'nice',
            '-n',
            '10',
            tool,
            'crowd',
            '--broker',
            gateway.broker,
            '--gateway',
            gateway.ws_url,
            '--tokens',
            str(file),
        ]
        command += [
            '--browsers',
            '0',
            '--slow',
            str(number),
            '--rate',
            '0',
            '--warm-up',
            '0',
            '--patience',
            '0',
            '--seconds',
            str(seconds),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield codes
            said, _ = process.communicate(timeout=seconds + 120)
            codes.append(process.returncode)
            if process.returncode:
                print(said)
        finally:
            process.kill()
            process.wait()


Beside = Callable[[Gateway], contextlib.AbstractContextManager[object]]
"""What else goes on at the gateway during a run."""


def run(
    load: Load, seconds: int, tool: str, binary: Path, *, patience: int | None = None, beside: Beside = contextlib.nullcontext
) -> Run:
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
            if patience is not None:
                command += ['--patience', str(patience)]
            with beside(gateway):
                done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
            resident = resident_bytes(gateway.process.pid)
            print(f'resident afterwards: {resident / 1e6:.0f} MB')
        finally:
            gateway.stop()
            redis_server.stop()
    lines = done.stdout.splitlines()
    print('\n'.join(line for line in lines if not line.startswith('result: ')), flush=True)
    result: dict[str, Any] = next(
        (json.loads(line.removeprefix('result: ')) for line in lines if line.startswith('result: ')), {}
    )
    latency = {name: value for name, value in result.items() if isinstance(value, dict)}
    return Run(done.returncode, {name: value for name, value in result.items() if name not in latency}, latency, resident)


def limit(load: Load, of: Run, seconds: int) -> float:
    """Cores that a bare epoll loop needs for as many writes of as many bytes as a gateway has just made: a write for each
    client's turn, with everything that is due for it."""
    program = ROOT / '.build' / 'bare-epoll'
    source = ROOT / 'Tests' / 'Benchmarks' / 'bare_epoll.c'
    subprocess.run(['cc', '-O2', '-Wall', '-Wextra', '-Werror', str(source), '-o', str(program)], check=True)
    turns = 4 * (load.browsers + load.overviews + load.tables) + load.walls
    size = of.figures['bytes'] / of.figures['seconds'] / turns
    clients = load.browsers + load.overviews + load.tables + load.walls
    command = [str(program), str(clients), str(round(size)), str(turns / clients), str(seconds)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if told['late'] > told['writes'] / 100:
        print(f'the reader of the bare loop did not keep up: {told}')
    return float(told['cpu']) / float(told['seconds'])
