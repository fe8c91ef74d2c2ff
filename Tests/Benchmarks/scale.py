"""What an event and a client cost while everything else grows: tasks, workers, clients.

    bin/bench scale                                               # all three curves, about six minutes
    bin/bench scale --curve tasks --rounds 5

*tasks*: CPU of the gateway for each event of new tasks, while it knows 1,000, 10,000 or 90,000 already. *workers*: the same, while the tasks
run on 10, 100 or 1,000 workers. *clients*: CPU a second for each further wall (one frame a second of each of two topics, 200 events a second) from 10 to
100, to 1,000 and to 10,000 of them. In each round all sizes take turns. Ends with 1 if a cost grows from one end of its curve to the other by more
than half, whichever rounds are compared: the median may be above by noise.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.events import worker_event
from harness.load import Load, run
from harness.machine import machine, open_as_many_as_allowed
from harness.recording import Message
from harness.replay import feed, lists
from harness.subjects import GatewaySubject

MOST = 1.5
MEASURED = 10_000
"""Tasks whose events are measured at each size."""
BATCH = 24
TASKS = (1_000, 10_000, 90_000)
WORKERS = (10, 100, 1_000)
CLIENTS = (10, 100, 1_000, 10_000)
SECONDS = 8
Costs = dict[int, float]


def tasks() -> Costs:
    """Microseconds for an event, by the tasks that were there before."""
    found: Costs = {}
    there = 0
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name, GatewaySubject(Path(name)) as subject:
        for size in TASKS:
            feed(subject, lists(size - there, BATCH))
            found[size] = feed(subject, lists(MEASURED, BATCH)).microseconds
            there = size + MEASURED
    return found


def workers() -> Costs:
    """Microseconds for an event, by the number of workers."""
    found: Costs = {}
    for size in WORKERS:
        with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name, GatewaySubject(Path(name)) as subject:
            online = [worker_event('worker-online', f'worker{number}@host') for number in range(size)]
            feed(subject, [Message(channel, payload, 1) for channel, payload in online])
            # What the gateway asks new workers is asked now.
            time.sleep(3)
            found[size] = feed(subject, lists(MEASURED, BATCH, workers=size)).microseconds
    return found


def clients() -> Costs:
    """Microseconds a second for each further wall, by how many there are then."""
    used: Costs = {}
    for size in CLIENTS:
        one = run(Load(walls=size, rate=200), SECONDS, os.environ['CELERIAC_LOAD'], Path(os.environ['CELERIAC_BIN']))
        if one.code or not one.figures:
            raise SystemExit(f'FAILED: {size:,} walls did not all know in the end what the gateway knows')
        used[size] = one.cores
        print(f'    {size:,} walls: {one.cores:.3f} cores', flush=True)
    return {more: (used[more] - used[few]) / (more - few) * 1e6 for few, more in itertools.pairwise(CLIENTS)}


CURVES: dict[str, tuple[Callable[[], Costs], str]] = {
    'tasks': (tasks, 'µs an event'),
    'workers': (workers, 'µs an event'),
    'clients': (clients, 'µs a second for a further client'),
}


def grows(first: list[float], last: list[float]) -> bool:
    """Whether the cost at one end is beyond the bound from that at the other, in all rounds of both."""
    return min(last) > MOST * max(first)


def show(name: str, unit: str, rounds: list[Costs]) -> bool:
    """Prints a curve; whether it is flat."""
    for size in rounds[0]:
        values = [one[size] for one in rounds]
        print(f'| {name} | {size:,} | {statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f}) | {unit} |')
    first, last = ([one[size] for one in rounds] for size in (min(rounds[0]), max(rounds[0])))
    is_flat = not grows(first, last)
    growth = statistics.median(last) / statistics.median(first)
    print(f'| {name} | growth | {growth:.2f} x | at most {MOST} x: {"met" if is_flat else "**missed**"} |', flush=True)
    return is_flat


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench scale')
    parser.add_argument('--curve', choices=list(CURVES), action='append', help='only this one; may be given again')
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}')
    print('| what grows | to | cost: median (all rounds) | |\n|---|---|---|---|', flush=True)
    flat = []
    for name in options.curve or CURVES:
        curve, unit = CURVES[name]
        flat.append(show(name, unit, [curve() for _ in range(options.rounds)]))
    return 0 if all(flat) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
