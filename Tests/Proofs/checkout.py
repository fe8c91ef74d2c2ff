"""A clean checkout works without any step by hand.

    bin/prove checkout [--test]

Clones HEAD into an empty folder, as anybody would, and runs `bin/demo --once` there: set-up, release build, demo, checks. Then the
set-up a second time, which must be quick. With --test, `bin/test` as well. The folder is removed afterwards. Only Python's standard
library: nothing of this checkout is used but its history.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUP_AGAIN_SECONDS = 10.0


def clean_environment() -> dict[str, str]:
    """Ours without what bin/prove or a developer's shell may have set."""
    inherited = ('CELERIAC_', 'PYTHON', 'VIRTUAL_ENV')
    return {name: value for name, value in os.environ.items() if not name.startswith(inherited)}


def step(command: list[str], folder: Path) -> float:
    """Runs a command with its output shown; ends the proof if it fails. Gives the seconds it took."""
    print(f'$ {" ".join(command)}', flush=True)
    began = time.monotonic()
    code = subprocess.run(command, cwd=folder, env=clean_environment(), stdin=subprocess.DEVNULL, check=False).returncode
    took = time.monotonic() - began
    print(f'-> {code} after {took:.1f} s\n', flush=True)
    if code != 0:
        sys.exit(f'checkout: {" ".join(command)} ended with {code}')
    return took


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove checkout')
    parser.add_argument('--test', action='store_true', help='run bin/test in it as well')
    options = parser.parse_args(arguments)
    head = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=ROOT, capture_output=True, text=True, check=True)
    print(f'a clone of {head.stdout.strip()}', flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-checkout-') as name:
        clone = Path(name) / 'celeriac'
        step(['git', 'clone', '--quiet', '--no-hardlinks', str(ROOT), str(clone)], Path(name))
        demo = step(['bin/demo', '--once'], clone)
        again = step(['bin/setup'], clone)
        test = step(['bin/test'], clone) if options.test else None
        dirty = subprocess.run(['git', 'status', '--porcelain'], cwd=clone, capture_output=True, text=True, check=True).stdout
    print(f'bin/demo --once: {demo:.0f} s with set-up and build; bin/setup again: {again:.1f} s', end='')
    print(f'; bin/test: {test:.0f} s' if test is not None else '')
    if dirty:
        print(f'FAILS: files that git does not know are left:\n{dirty}')
    if again > SETUP_AGAIN_SECONDS:
        print(f'FAILS: the second set-up took more than {SETUP_AGAIN_SECONDS:.0f} s')
    return 1 if dirty or again > SETUP_AGAIN_SECONDS else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
