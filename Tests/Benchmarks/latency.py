"""Event published by a worker -> row parsed by a client, with many clients.

    bin/bench latency [--clients 100] [--rate 500] [--seconds 20] [--max-hz 20] [--runs 1] [--target 100] [--source all]

Each run starts a private Redis and the release gateway, makes tokens (a principal may have ten connections), and lets the Swift
load tool publish events as a worker does, and measure; and then the same with real workers, whose own times of their events count.
The tool counts: every client must have seen every event, and at most one row in a thousand
twice. It ends with 1 if a count differs or the 99th percentile is above the target, and so does this; with several runs, if any of
them did.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from celery import Celery
from harness.gateway import Gateway
from harness.machine import machine, process_seconds
from harness.redis_server import RedisServer
from harness.stack import Stack
from harness.workers import WorkerSpec

CONNECTIONS_PER_TOKEN = 8
EVENTS_PER_TASK = 3
"""task-received, task-started and task-succeeded."""
TICKS = os.sysconf('SC_CLK_TCK')


@dataclass
class Run:
    """What one run gave."""

    code: int
    figures: dict[str, float]
    load: float
    # Cores in use on average: by the gateway, by the load tool, and by everything else on the machine.
    gateway: float
    tool: float
    others: float

    def row(self, number: int) -> str:
        """A row of the table in README.md."""
        figures = self.figures
        if not figures:
            return f'| {number} | no result |'
        cells = [f'{number}', f'{self.load:.2f}']
        cells += [f'{figures[name]:.0f}' for name in ('p50', 'p90', 'p99', 'p999', 'max')]
        cells += [
            f'{figures["expected"]:,.0f}',
            f'{figures["missing"]:.0f}',
            f'{figures["again"]:.0f}',
            f'{figures["frames"]:,.0f}',
        ]
        cells += [f'{self.gateway:.2f}', f'{self.tool:.2f}', f'{self.others:.2f}']
        return '| ' + ' | '.join(cells) + ' |'


HEAD = """| run | load before | p50 | p90 | p99 | p99.9 | max | to be seen | missing | sent again | frames | gateway | load tool | all else |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"""


def machine_seconds() -> float:
    """CPU seconds that the machine has spent on anything but waiting."""
    fields = [int(field) for field in Path('/proc/stat').read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / TICKS


def tool_seconds() -> float:
    """CPU seconds of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(options: argparse.Namespace, tool: str) -> Run:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
        folder = Path(name)
        redis_server = RedisServer(folder / 'redis')
        gateway = Gateway('', folder, env={'CELERIAC_SOCKETS_PER_ADDRESS': str(options.clients + 10)})
        try:
            redis_server.start()
            gateway.broker = redis_server.url()
            gateway.start()
            count = -(-options.clients // CONNECTIONS_PER_TOKEN)
            tokens = folder / 'tokens'
            tokens.write_text(''.join(gateway.token('viewer', f'bench-{number}') + '\n' for number in range(count)))
            command = [tool, 'latency', '--broker', redis_server.url(), '--gateway', gateway.ws_url, '--tokens', str(tokens)]
            for option in ('clients', 'rate', 'seconds', 'max_hz', 'target'):
                command += ['--' + option.replace('_', '-'), str(getattr(options, option))]
            assert gateway.process
            began = (time.monotonic(), process_seconds(gateway.process.pid), tool_seconds(), machine_seconds())
            done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
            ended = (time.monotonic(), process_seconds(gateway.process.pid), tool_seconds(), machine_seconds())
        finally:
            gateway.stop()
            redis_server.stop()
    span, served, measured, busy = (after - before for before, after in zip(began, ended, strict=True))
    lines = done.stdout.splitlines()
    print('\n'.join(line for line in lines if not line.startswith('result: ')), flush=True)
    figures: dict[str, float] = next(
        (json.loads(line.removeprefix('result: ')) for line in lines if line.startswith('result: ')), {}
    )
    return Run(done.returncode, figures, load, served / span, measured / span, max(0.0, busy - served - measured) / span)


@contextlib.contextmanager
def steady_tasks(broker: str, queues: Sequence[str], rate: float) -> Iterator[None]:
    """Sends so many short tasks a second, evenly, and no events of its own."""
    app = Celery('producer', broker=broker, set_as_current=False)
    done = threading.Event()

    def send() -> None:
        began = time.monotonic()
        sent = 0
        while not done.wait(0.002):
            while sent < (time.monotonic() - began) * rate:
                app.send_task('math.add', args=(sent, 1), queue=queues[sent % len(queues)], ignore_result=True)
                sent += 1

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(20)
        app.close()


def run_workers(options: argparse.Namespace, tool: str) -> int:
    """One run with real workers; each task makes three events."""
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
        folder = Path(name)
        specs = [
            WorkerSpec('forked', queues=('q-forked',), concurrency=2),
            WorkerSpec('threaded', pool='threads', queues=('q-threaded',), concurrency=2),
        ]
        stack = Stack(folder, specs)
        try:
            stack.start(gateway_options=('--sockets-per-address', str(options.clients + 10)))
            gateway = stack.running_gateway
            tokens = folder / 'tokens'
            count = -(-options.clients // CONNECTIONS_PER_TOKEN)
            tokens.write_text(''.join(gateway.token('viewer', f'bench-{number}') + '\n' for number in range(count)))
            command = [tool, 'workers', '--gateway', gateway.ws_url, '--tokens', str(tokens)]
            # A fleet that is slower than asked would make the latency look better than it is.
            command += ['--least-rate', str(options.rate * 95 // 100)]
            for option in ('clients', 'seconds', 'max_hz', 'target'):
                command += ['--' + option.replace('_', '-'), str(getattr(options, option))]
            with steady_tasks(stack.broker, [spec.queues[0] for spec in specs], options.rate / EVENTS_PER_TASK):
                done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        finally:
            stack.stop()
    print(f'two real workers (prefork and threads, 2 each), {options.rate} events/s asked of them:')
    print('\n'.join(line for line in done.stdout.splitlines() if not line.startswith('result: ')), flush=True)
    return done.returncode


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench latency')
    parser.add_argument('--clients', type=int, default=100)
    parser.add_argument('--rate', type=int, default=500, help='events per second')
    parser.add_argument('--seconds', type=int, default=20, help='of measuring, in each run')
    parser.add_argument('--max-hz', type=int, default=20, help='deltas per second that each client asks for')
    parser.add_argument('--target', type=float, default=100.0, help='for the 99th percentile, in milliseconds')
    parser.add_argument('--runs', type=int, default=1)
    parser.add_argument('--source', choices=('all', 'tool', 'workers'), default='all', help='who makes the events')
    options = parser.parse_args(arguments)
    tool = os.environ.get('CELERIAC_LOAD', '')
    if not tool:
        print('CELERIAC_LOAD is not set: use bin/bench latency', file=sys.stderr)
        return 2
    print(f'machine: {machine()}', flush=True)
    codes: list[int] = []
    if options.source != 'workers':
        runs = [run(options, tool) for _ in range(options.runs)]
        print(HEAD)
        for number, one in enumerate(runs, 1):
            print(one.row(number))
        codes += [one.code for one in runs]
    if options.source != 'tool':
        codes += [run_workers(options, tool) for _ in range(options.runs)]
    return 1 if any(codes) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
