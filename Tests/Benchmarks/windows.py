"""Many different windows over many rows that change: what opening one costs, and what keeping them costs.

    bin/bench windows [--runs 1] [options of `celeriac-load windows`, such as --rows 100000 --windows 1000 --rate 1000 --seconds 10]

Ends with 1 if a window differs from a scan of all rows, or a target is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from harness.machine import machine


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench windows')
    parser.add_argument('--runs', type=int, default=1)
    options, others = parser.parse_known_args(arguments)
    tool = os.environ.get('CELERIAC_LOAD', '')
    if not tool:
        print('CELERIAC_LOAD is not set: use bin/bench windows', file=sys.stderr)
        return 2
    print(f'machine: {machine()}', flush=True)
    codes = []
    for _ in range(options.runs):
        print(f'load before: {os.getloadavg()[0]:.2f}', flush=True)
        codes.append(subprocess.run([tool, 'windows', *others], check=False).returncode)
    return 1 if any(codes) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
