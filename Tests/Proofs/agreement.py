"""100,000 random events: the flower view against Celery's own State, and our own view against what truly happened.

    bin/prove agreement [--events 100000] [--seed 1] [--runs 1]

Prints events, fields compared, differences (which must be 0), and every difference of our own view from State by rule.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from harness.machine import machine
from harness.oracle import compare
from harness.stack import Stack


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove agreement')
    parser.add_argument('--events', type=int, default=100_000)
    parser.add_argument('--seed', type=int, default=time.time_ns() % 1_000_000_000)
    parser.add_argument('--runs', type=int, default=1, help='each with the next seed')
    parser.add_argument('--flower-tasks', type=int, default=10_000, help="records kept for Flower's view, 10,000 in Celery")
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}', flush=True)
    failed = 0
    for seed in range(options.seed, options.seed + options.runs):
        with tempfile.TemporaryDirectory(prefix='celeriac-agreement-') as folder:
            stack = Stack(Path(folder)).start(gateway_options=['--flower-tasks', str(options.flower_tasks)])
            try:
                agreement = compare(stack, options.events, seed, options.flower_tasks)
            finally:
                stack.stop()
        print(agreement.report(), flush=True)
        if agreement.differences or agreement.wrong or len(agreement.events) < options.events:
            failed += 1
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
