"""F1 without allowance: Redis dies and comes back under load, and every figure is the protocol's own.

    bin/prove restart [--runs 3]

Runs the test of bin/test as often as asked, one after the other, with nothing added for a busy machine: known to be down within 3 s,
live within 2 s after Redis answers (3 s for a client that only hears heartbeats), a command refused within 0.2 s. Want a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from harness.machine import machine
from harness.paths import ROOT

TEST = 'Tests/Integration/test_redis_restart.py::test_redis_restarts_under_load'


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove restart')
    parser.add_argument('--runs', type=int, default=3)
    options = parser.parse_args(arguments)
    print(f'{machine()}, load before {os.getloadavg()[0]:.2f}', flush=True)
    failures = 0
    for number in range(1, options.runs + 1):
        done = subprocess.run(
            [sys.executable, '-m', 'pytest', '-c', 'Tests/pyproject.toml', '-q', '-s', '-p', 'no:cacheprovider', TEST],
            cwd=ROOT,
            env={**os.environ, 'CELERIAC_TEST_SLACK': '0'},
            capture_output=True,
            text=True,
            check=False,
        )
        failures += done.returncode != 0
        said = [line for line in done.stdout.splitlines() if line.startswith(('down known', 'load:', 'the open task', 'E  '))]
        print(f'run {number}: {"holds" if done.returncode == 0 else "FAILS"}; ' + '; '.join(said), flush=True)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
