"""The C programs of `bin/bench peers`: builds them, and runs the load client on a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .paths import ROOT

SOURCES = ROOT / 'Tests' / 'Benchmarks' / 'fan_out'
CLIENT = ('main.c', 'connection.c', 'protocols.c', 'publisher.c', 'tally.c')
CORE_OF_CLIENT, CORE_OF_SERVER = 0, 1


def on_core(core: int) -> list[str]:
    """What stands before a command that keeps to one core; nothing on a machine with one."""
    return ['taskset', '-c', str(core)] if (os.cpu_count() or 1) > 1 and shutil.which('taskset') else []


def compiler() -> str:
    found = shutil.which('cc') or shutil.which('clang')
    if not found:
        raise FileNotFoundError('no C compiler: install gcc, or put the clang of Swift on PATH')
    return found


def build(name: str) -> Path:
    """The load client (`client`) or the limit (`limit`), below `.build`; compiled if its sources are newer."""
    program = ROOT / '.build' / 'fan-out' / name
    sources = [SOURCES / file for file in (CLIENT if name == 'client' else ('limit.c',))]
    newest = max(file.stat().st_mtime for file in (*sources, SOURCES / 'client.h'))
    if not program.exists() or program.stat().st_mtime <= newest:
        program.parent.mkdir(parents=True, exist_ok=True)
        # Others may build it at the same time.
        made = program.with_name(f'{name}-{os.getpid()}')
        files = [str(file) for file in sources]
        subprocess.run([compiler(), '-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', *files, '-o', str(made)], check=True)
        made.replace(program)
    return program


@dataclass(frozen=True)
class Entrance:
    """How a running server is spoken to: the options of the load client."""

    port: int
    processes: tuple[int, ...]
    publish_port: int = 0
    path: str = '/'
    publish_path: str = '/'
    subprotocol: str = ''
    speaks: str = 'plain'
    publishes: str = 'socket'
    token: str = ''
    opens: int = 4_000
    """Connections that it may be asked for in a second."""

    def options(self) -> list[str]:
        options = ['--port', str(self.port), '--publish-port', str(self.publish_port or self.port)]
        options += ['--processes', ','.join(str(process) for process in self.processes), '--opens', str(self.opens)]
        for name in ('path', 'publish_path', 'subprotocol', 'speaks', 'publishes', 'token'):
            if value := getattr(self, name):
                options += ['--' + name.replace('_', '-'), value]
        return options


@dataclass
class Delivery:
    """What one run gave, as the load client prints it."""

    kind: str
    rate: float
    wanted: float
    delivered: float
    seconds: float
    cpu: float
    own: float
    p50: float
    p99: float
    bytes: int
    published: int
    missing: int
    repeated: int
    gone: int

    @property
    def share(self) -> float:
        return self.delivered / self.wanted if self.wanted else 0.0

    @property
    def is_whole(self) -> bool:
        return self.wanted > 0 and self.delivered == self.wanted and not (self.missing or self.repeated or self.gone)

    @property
    def cpu_per_million(self) -> float:
        return self.cpu / self.delivered * 1e6 if self.delivered else 0.0

    @property
    def millions_per_second(self) -> float:
        return self.delivered / self.seconds / 1e6 if self.seconds else 0.0

    @property
    def cores(self) -> float:
        return self.cpu / self.seconds if self.seconds else 0.0


@dataclass
class FanOut:
    """What the load client found out about a server."""

    code: int
    resident: float = 0.0
    """Bytes by which the server grew for each connection."""
    runs: list[Delivery] = field(default_factory=list)
    complaints: str = ''


def fan_out(entrance: Entrance, clients: int, size: int, runs: list[str], warm_up: float = 0.5) -> FanOut:
    """Runs the load client; `runs` are `paced:RATE:SECONDS` and `full:IN_FLIGHT:SECONDS`."""
    command = [*on_core(CORE_OF_CLIENT), str(build('client')), '--clients', str(clients), '--bytes', str(size)]
    command += ['--warm-up', str(warm_up), *entrance.options(), *runs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = FanOut(done.returncode, complaints=done.stderr.strip())
    for line in done.stdout.splitlines():
        told = json.loads(line)
        if told['kind'] == 'connect':
            found.resident = told['resident']
        else:
            found.runs.append(Delivery(**told))
    return found
