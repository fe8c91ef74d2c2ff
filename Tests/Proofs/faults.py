"""F5 to F15 and F20: the long form of every fault of the protocol that has one, or its test in bin/test with no allowance for a busy machine.

    bin/prove faults                                             # what there is, and how long each takes
    bin/prove faults --only F10,F12                              # run them, one after the other
    bin/prove faults --all                                       # about an hour

Ends with 1 if one of them does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.machine import machine
from harness.paths import ROOT


@dataclass(frozen=True)
class Proof:
    what: str
    minutes: float
    arguments: tuple[str, ...]
    """Of `bin/prove`, or a test with its file."""

    @property
    def is_test(self) -> bool:
        return '.py' in self.arguments[0]

    def command(self) -> list[str]:
        if self.is_test:
            tests = [f'Tests/Integration/{test}' for test in self.arguments]
            return [sys.executable, '-m', 'pytest', '-c', 'Tests/pyproject.toml', '-q', '-s', '-p', 'no:cacheprovider', *tests]
        return ['bin/prove', *self.arguments]


PROOFS = {
    'F5': [Proof('flood', 11, ('flood',))],
    'F6': [
        Proof('5,000 clients of a gateway that is killed', 2, ('stampede', '--kind', 'kill', '--clients', '5000')),
        Proof('500 kills while commands come in', 6, ('kills',)),
    ],
    'F7': [Proof('10,000 clients are let go', 2, ('drain',))],
    'F8': [Proof('10,000 clients come back within a second, plain and TLS', 5, ('stampede',))],
    'F9': [Proof('slow clients, and some who never read', 5, ('slow',))],
    'F10': [Proof('browsers asleep for 5 and 11 minutes', 11.5, ('asleep',))],
    'F11': [Proof('resumes again and again, in a snapshot, with a lesser role', 1, ('test_waking.py',))],
    'F12': [Proof('half-open clients', 1, ('test_bad_readers.py',))],
    'F13': [Proof('wrong clocks of workers, and of ours', 1.5, ('test_clocks.py',))],
    'F14': [Proof('a full disk, a blocked log', 1.5, ('test_disk_full.py',))],
    'F15': [Proof('no descriptors left', 0.5, ('test_exhaustion.py',))],
    'F20': [
        Proof('a crowd that stays, and one that comes and goes', 11, ('soak',)),
        Proof('not one block is left behind', 2, ('leaks',)),
    ],
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove faults')
    parser.add_argument('--only', default='', help='numbers, with commas')
    parser.add_argument('--all', action='store_true')
    options = parser.parse_args(arguments)
    names = list(PROOFS) if options.all else [name for name in options.only.split(',') if name]
    unknown = [name for name in names if name not in PROOFS]
    if unknown:
        parser.error(f'no proof of {", ".join(unknown)}; there are {", ".join(PROOFS)}')
    if not names:
        for name, proofs in PROOFS.items():
            for proof in proofs:
                print(f'{name:4} {proof.what}: {" ".join(proof.arguments)}, about {proof.minutes:g} minutes')
        return 0
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    results = {}
    for name in names:
        for proof in PROOFS[name]:
            print(f'\n{name}: {proof.what}', flush=True)
            done = subprocess.run(proof.command(), cwd=Path(ROOT), env={**os.environ, 'CELERIAC_TEST_SLACK': '0'}, check=False)
            results[f'{name}: {proof.what}'] = done.returncode == 0
    print()
    for what, holds in results.items():
        print(f'{"holds" if holds else "FAILS"}: {what}')
    return 0 if all(results.values()) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
