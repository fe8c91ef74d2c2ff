"""F10: two browsers fall asleep, for five minutes and for eleven, while the fleet goes on.

    bin/prove asleep                                             # takes eleven minutes, and little of the machine

Each stops to read and to speak, is let go by the gateway, and finds that out when it wakes. The one goes on by deltas alone; the other is told that too much has
happened (`too_old`) and gets all rows anew. Then each knows what a new client knows. Ends with 1 if one of that is not so.
A short form, in which the gateway's own clock goes fast, runs in every bin/test.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from harness.churn import churn
from harness.machine import machine
from harness.sleeper import Sleeper, Waking
from harness.stack import Stack
from harness.verdict import verdict

TOPICS = ('workers', 'stats', 'queues')


def faults(minutes: float, waking: Waking) -> list[str]:
    """What is not as F10 says of one who slept so long."""
    expected = ('delta', []) if minutes < 10 else ('snapshot', ['too_old'])
    return [
        f'after {minutes:g} minutes {topic} was answered {answer}, with resets {waking.resets[topic]}'
        for topic, answer in waking.answers.items()
        if (answer['mode'], waking.resets[topic]) != expected
    ]


async def prove(options: argparse.Namespace, stack: Stack) -> list[str]:
    wrong: list[str] = []
    with churn(stack, per_second=options.rate):
        naps = [
            (minutes, await Sleeper.sign_in(stack.running_gateway, f'nap-{minutes:g}', TOPICS)) for minutes in options.minutes
        ]
        await asyncio.sleep(3)
        began = time.monotonic()
        for _, sleeper in naps:
            sleeper.fall_asleep()
        for minutes, sleeper in naps:
            await asyncio.sleep(max(0.0, began + minutes * 60 - time.monotonic()))
            # It reads what had come first, so the position is a little later than the moment it fell asleep.
            waking = await sleeper.wake()
            modes = {topic: (answer['mode'], answer.get('reason')) for topic, answer in waking.answers.items()}
            print(f'{minutes:g} minutes: let go with {waking.leave.code}; went on by {modes}', flush=True)
            wrong += faults(minutes, waking)
            if waking.leave.code != 4408:
                wrong.append(f'after {minutes:g} minutes the connection had ended with {waking.leave.code}')
    return wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove asleep')
    parser.add_argument('--minutes', type=float, nargs='+', default=[5, 11])
    parser.add_argument('--rate', type=int, default=50, help='events a second meanwhile')
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-prove-') as name:
        stack = Stack(Path(name)).start()
        try:
            wrong = asyncio.run(prove(options, stack))
        finally:
            stack.stop()
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
