"""A million steps of the sync model (P1): random changes, filters, deltas from any age, resumes, resets, fuzzy snapshots.

    bin/prove model [--steps 1000000]

Runs the model tests of LiveSyncTests, which have a short form in every bin/test: one engine with one client that asks from any
earlier revision, and four clients that come back to either of two engines. Both also run with each rule of R17 switched off, and must
then diverge: a model that could not fail would prove nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from harness.machine import machine

ROOT = Path(__file__).resolve().parents[2]
SUITES = ('DeltaModelTests', 'SessionModelTests')
MUTATIONS = 5
"""Tests that switch a rule off: three over one engine, two over two."""


def main() -> int:
    parser = argparse.ArgumentParser(prog='bin/prove model', description=(__doc__ or '').split('\n\n')[0])
    parser.add_argument('--steps', type=int, default=1_000_000, help='steps of each of the two models')
    options = parser.parse_args()
    print(machine())
    subprocess.run(['swift', 'build', '--build-tests'], cwd=ROOT, check=True)
    started = time.monotonic()
    environment = {**os.environ, 'CELERIAC_MODEL_STEPS': str(options.steps)}
    filters = [word for suite in SUITES for word in ('--filter', f'LiveSyncTests.{suite}')]
    done = subprocess.run(
        ['swift', 'test', '--skip-build', *filters], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    print(done.stdout[-4000:])
    passed = re.findall(r'Test "?(.+?)"? (?:with \d+ test cases )?passed after', done.stdout)
    mutations = [name for name in passed if 'diverge' in name]
    print(f'{options.steps:,} steps over one engine and as many over two, {time.monotonic() - started:.0f} s')
    print(f'{len(mutations)} tests with a rule switched off diverged, as they must')
    return 0 if done.returncode == 0 and len(mutations) == MUTATIONS else 1


if __name__ == '__main__':
    sys.exit(main())
