"""Kills of the gateway and of its Redis connections while commands come in and are repeated until answered (P7).

    bin/prove kills [--kills 500] [--seed 1]

Six clients send commands over REST, each with its key, again after every broken connection: run, group, revoke, purge, purge with restore, move,
priority and deletion of a waiting message, pause and resume, ping, rate limit, one more consumer,
one more process. Meanwhile the gateway is killed with signal 9 and started again, and some or all of its Redis connections are
closed by the server; those are the kills. Besides, Redis takes no writes for 150 ms now and then, which is counted apart. Every task writes
its own label to a file. Ends with 1 if a row claims what did not happen or denies what did, if an effect happened twice or that of a command
nobody has an answer to, or if a command that is not confirmed has no reason. A short form runs in every bin/test.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from harness.kills import MOST, WORKERS, KillReport, storm
from harness.machine import machine
from harness.stack import Stack


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove kills')
    parser.add_argument('--kills', type=int, default=500)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}; seed {options.seed}', flush=True)
    dice, total, began = random.Random(options.seed), KillReport(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix='celeriac-kills-') as folder:
        stack = Stack(Path(folder), WORKERS).start()
        try:
            while (left := options.kills - total.kills.total()) > 0:
                report = storm(stack, Path(folder) / f'trace-{left}', min(MOST, left), dice)
                print(report, flush=True)
                total.add(report)
        finally:
            stack.stop()
    print(f'all: {total}; {time.monotonic() - began:.0f} s')
    for reason, count in total.reasons.most_common(40):
        if count:
            print(f'  {count} x {reason}')
    for line in total.wrong[:20]:
        print(f'wrong: {line}')
    return 1 if total.wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
