"""The gateway answers as its own OpenAPI document says: no 5xx, and nothing that is not described. The short form is `test_openapi.py`.

bin/prove contract [--examples 200] [--seeds 5]

Each seed is a gateway of its own, without workers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from harness.openapi_probe import Probe, answers, run
from harness.stack import Stack


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--examples', type=int, default=200, help='requests of each operation beside those at its bounds')
    parser.add_argument('--seeds', type=int, default=5)
    options = parser.parse_args()
    failed = 0
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory(prefix='celeriac-contract-') as name:
            stack = Stack(Path(name)).start()
            try:
                began = time.monotonic()
                done = run(stack, Path(name), Probe(examples=options.examples, seed=seed, patience=3_600))
                alive = stack.running_gateway.running
                counted = answers(Path(name))
            finally:
                stack.stop()
        if done.returncode != 0 or not alive:
            failed += 1
            print(done.stdout, done.stderr, sep='\n')
        told = ', '.join(f'{count:,} times {status}' for status, count in sorted(counted.items()))
        seconds = time.monotonic() - began
        print(
            f'seed {seed}: {"FAILS" if done.returncode else "holds"}; {sum(counted.values()):,} requests in {seconds:.0f} s: {told}',
            flush=True,
        )
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
