"""F1 to F4 without allowance: the broker restarts, fails over, falls silent or cuts the gateway off, and every figure is the protocol's own.

    bin/prove broker [--runs 3] [--only F3]

Runs the tests of bin/test as often as asked, one after the other, with nothing added for a busy machine. F1: known to be down within 3 s,
live within 2 s after Redis answers (3 s for a client that only hears heartbeats), a command refused within 0.2 s. F2: a dead master noticed
within 6 s, reconciled within 30 s after the promotion. F3: a half-open connection is dead within 5 s, reached within 1 s. F4: back within
2 s, 64 MiB at most. Want a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from harness.allowance import EXACT
from harness.machine import machine
from harness.paths import ROOT

TESTS = {
    'F1': 'test_redis_restart.py::test_redis_restarts_under_load',
    'F2': 'test_sentinel.py',
    'F3': 'test_broker_faults.py::test_a_connection_that_is_half_open',
    'F4': 'test_broker_faults.py::test_a_reader_that_fell_behind_is_cut_off',
}
FIGURES = ('down known', 'load:', 'the open task', 'F2', 'F3', 'F4', 'E  ')


def holds(test: str) -> tuple[bool, list[str]]:
    """Whether all of a test passed, and the figures that it printed."""
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'pytest',
            '-c',
            'Tests/pyproject.toml',
            '-q',
            '-s',
            '-p',
            'no:cacheprovider',
            f'Tests/Integration/{test}',
        ],
        cwd=ROOT,
        env={**os.environ, **EXACT},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (line.lstrip('.') for line in done.stdout.splitlines())
    return done.returncode == 0, [line for line in lines if line.startswith(FIGURES)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove broker')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--only', choices=TESTS)
    options = parser.parse_args(arguments)
    print(f'{machine()}, load before {os.getloadavg()[0]:.2f}', flush=True)
    failures = 0
    for number in range(1, options.runs + 1):
        for fault in [options.only] if options.only else TESTS:
            held, figures = holds(TESTS[fault])
            failures += not held
            print(f'run {number}, {fault}: {"holds" if held else "FAILS"}', *figures, sep='\n    ', flush=True)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
