"""Events from Redis to applied state: the gateway beside Celery's own EventReceiver and State, and beside Flower.

    bin/bench ingest [--runs 3] [--recorded 30000] [--shapes recorded,24,1] [--clients 0] [--memory]

All three are given the same messages: a stream of real workers, captured once at the start (see harness/recording.py), and lives of
tasks made by hand in lists of 24 events and one event a message, the two extremes. The slow ones get a part of what the gateway
gets. What is measured is CPU time of the whole process for each event, read from the kernel; the process that is measured has one
core for itself, Redis and the publisher have the other. The three take turns within each round. A subscriber is never sent more
than it has room for, and every event is counted at its end.

`--clients N` measures the gateway once more in each round while N clients look on: what they take is a share of a core, whatever the
rate of events, and so the ratio is that of a core which is full. `--memory` measures what 10,000 and 100,000 tasks
take in the gateway and in Flower. Ends with 1 if a target is missed that TARGETS says is met.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.machine import machine
from harness.recording import Message, load, record, save, started_at, varied
from harness.replay import Result, feed, footprint, lists
from harness.subjects import Flower, GatewaySubject, Receiver

TARGETS = {
    'events per CPU second': 200_000,
    'x State': 8.0,
    'x Flower': 25.0,
    'x with clients': 1.3,
    'memory of Flower': 1 / 6,
}
# Which of them README.md says are met, by shape: what is missed here fails the benchmark.
MET: dict[str, tuple[str, ...]] = {
    'recorded': ('events per CPU second', 'x State', 'x Flower'),
    '24': ('events per CPU second', 'x State', 'x Flower'),
    '1': ('events per CPU second', 'x State', 'x Flower'),
    'clients': ('x with clients',),
    'memory': (),
}
PARTS = {'gateway': 1.0, 'receiver': 0.1, 'flower': 0.05}
TASKS = 200_000


@dataclass
class Round:
    """What one round of one shape gave, microseconds of CPU for an event."""

    ours: float
    state: float
    flower: float
    # Share of a core that clients took, which does not depend on the events.
    share: float | None = None

    @property
    def ratios(self) -> dict[str, float]:
        found = {'events per CPU second': 1e6 / self.ours, 'x State': self.state / self.ours, 'x Flower': self.flower / self.ours}
        # On a core that is full, events have what the clients leave.
        return found | ({'x with clients': 1 / (1 - self.share)} if self.share is not None else {})


def shaped(shape: str, captured: list[Message], share: float) -> list[Message]:
    """The messages of a shape for a subject that gets a share of them."""
    if shape != 'recorded':
        return lists(int(TASKS * share), int(shape))
    # Never less than the whole recording: its workers and tasks come and go.
    shift = time.time() - started_at(captured)
    loops = max(1, round(TASKS * 3 * share / sum(message.events for message in captured)))
    return [message for loop in range(loops) for message in varied(captured, loop, shift)]


@contextmanager
def watchers(gateway: GatewaySubject, clients: int) -> Iterator[None]:
    """Clients that look at the gateway, each at the newest 50 tasks four times a second."""
    if clients == 0:
        yield
        return
    tokens = gateway.folder / 'tokens'
    tokens.write_text(''.join(gateway.gateway.token('viewer', f'watch-{number}') + '\n' for number in range(-(-clients // 8))))
    command = [os.environ['CELERIAC_LOAD'], 'watch', '--gateway', gateway.gateway.ws_url, '--tokens', str(tokens)]
    with subprocess.Popen(
        [*command, '--clients', str(clients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdin
        assert tool.stdout
        assert tool.stdout.readline().strip() == 'live', 'the clients did not become live'
        os.sched_setaffinity(tool.pid, {0})
        yield
        tool.stdin.close()
        print(f'    watching: {tool.stdout.read().strip()}', flush=True)


def measure(kind: Callable[[Path], GatewaySubject | Receiver | Flower], messages: list[Message], clients: int = 0) -> Result:
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name, kind(Path(name)) as subject:
        if isinstance(subject, GatewaySubject):
            with watchers(subject, clients):
                return feed(subject, messages)
        return feed(subject, messages)


def rounds(shape: str, captured: list[Message], options: argparse.Namespace) -> list[Round]:
    found: list[Round] = []
    streams = {name: shaped(shape, captured, part) for name, part in PARTS.items()}
    for number in range(1, options.runs + 1):
        ours = measure(GatewaySubject, streams['gateway'])
        state = measure(Receiver, streams['receiver'])
        flower = measure(Flower, streams['flower'])
        share, beside = None, ['-', '-']
        if options.clients:
            watched = measure(lambda folder: GatewaySubject(folder, options.clients + 20), streams['gateway'], options.clients)
            share = (watched.cpu - ours.cpu) / watched.wall
            beside = [f'{watched.events / watched.wall:,.0f}', f'{watched.microseconds:.2f}']
        one = Round(ours.microseconds, state.microseconds, flower.microseconds, share)
        found.append(one)
        cells = [shape, str(number), f'{ours.events:,}', *(f'{value:.2f}' for value in (one.ours, one.state, one.flower))]
        cells += [f'{one.ratios["x State"]:.1f}', f'{one.ratios["x Flower"]:.1f}', f'{1e6 / one.ours:,.0f}']
        cells += [f'{ours.events / ours.wall:,.0f}', '-' if share is None else f'{share:.1%}', *beside]
        print('| ' + ' | '.join(cells) + ' |', flush=True)
    return found


def judge(name: str, values: list[float], met: tuple[str, ...]) -> bool:
    """Prints median and spread of a figure beside its target; whether one is missed that was met."""
    middle, target = statistics.median(values), TARGETS[name]
    is_small = name in ('x with clients', 'memory of Flower')
    is_met = middle <= target if is_small else middle >= target
    print(
        f'    {name}: median {middle:,.2f} ({min(values):,.2f}-{max(values):,.2f}), target {target:,.2f}: {"met" if is_met else "missed"}'
    )
    return not is_met and name in met


def alone(folder: Path) -> GatewaySubject:
    """The gateway without what Flower does not have: the log of events, and the view of Celery's own State beside our records."""
    return GatewaySubject(folder, options=['--event-log', '1', '--flower-tasks', '0'])


def memory() -> bool:
    """What tasks with arguments and results take, in the gateway and in Flower."""
    kinds: dict[str, Callable[[Path], GatewaySubject | Flower]] = {
        'gateway': GatewaySubject,
        'gateway, tasks alone': alone,
        'Flower': Flower,
    }
    found: dict[str, float] = {}
    for title, kind in kinds.items():
        for tasks in (10_000, 100_000):
            with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name, kind(Path(name)) as subject:
                found[title] = grown = footprint(subject, lists(tasks, 24))
                print(f'    {title}: {tasks:,} tasks take {grown / 1e6:.1f} MB, {grown / tasks:,.0f} bytes a task', flush=True)
    return judge('memory of Flower', [found['gateway, tasks alone'] / found['Flower']], MET['memory'])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench ingest')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--recorded', type=int, default=30_000, help='events of real workers to capture')
    parser.add_argument('--recording', type=Path, help='file with a capture: read if it is there, else written')
    parser.add_argument('--shapes', default='recorded,24,1')
    parser.add_argument('--clients', type=int, default=0, help='that look on in one more measurement of each round')
    parser.add_argument('--memory', action='store_true', help='bytes of 10,000 and 100,000 tasks as well')
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    captured: list[Message] = []
    shapes = [shape for shape in options.shapes.split(',') if shape]
    if 'recorded' in shapes:
        captured = capture(options)
    print(
        '| events a message | round | events | gateway µs | State µs | Flower µs | x State | x Flower | events/CPU s | events/s | core of clients | events/s with them | µs with them |'
    )
    print('|---|---|---|---|---|---|---|---|---|---|---|---|---|')
    is_missed = False
    results = {shape: rounds(shape, captured, options) for shape in shapes}
    for shape, found in results.items():
        print(f'{shape}:')
        for name in found[0].ratios:
            met = MET['clients'] if name == 'x with clients' else MET[shape]
            is_missed |= judge(name, [one.ratios[name] for one in found], met)
    if options.memory:
        print('memory:')
        is_missed |= memory()
    return 1 if is_missed else 0


def capture(options: argparse.Namespace) -> list[Message]:
    if options.recording and options.recording.exists():
        return load(options.recording)
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
        captured = record(Path(name), options.recorded)
    events = sum(message.events for message in captured)
    print(f'captured {events:,} events of real workers in {len(captured):,} messages', flush=True)
    if options.recording:
        save(captured, options.recording)
    return captured


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
