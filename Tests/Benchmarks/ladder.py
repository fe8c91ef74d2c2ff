"""The rate of messages to 1,000 WebSocket subscribers, raised until a server breaks.

    bin/bench ladder                                              # ours, the limit and the peers, once
    bin/bench ladder --only turn,SocketServer --rounds 3

100, 200, 400 and 1,600 messages of 200 bytes a second; ours and the limit tell at most every 20 ms. A rung that a server did not deliver in
whole within a few seconds after its end shows the share that it did, and the rungs above are left out. Servers and client as in
`bin/bench peers`. Ends with 1 if ours misses its target at the highest rung. The target is for 1,000 clients and 200 bytes; with others, ours
must deliver in whole what the limit does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from harness.fan_out import Delivery, FanOut
from harness.machine import machine, open_as_many_as_allowed
from harness.peers import LIMIT, RAW, build_ours, contestants, fetch_packages, visit

RUNGS = (100, 200, 400, 1_600)
TICK = 20
TARGET_CLIENTS, TARGET_BYTES = 1_000, 200
MOST_CORES, MOST_P99 = 0.45, 30.0


def cell(found: list[Delivery]) -> str:
    """CPU seconds per million deliveries, share of a core, p99: medians."""
    if not found:
        return ''
    if not all(one.is_whole for one in found):
        return f'{100 * min(one.share for one in found):.0f} % delivered'
    parts = [statistics.median(one.cpu_per_million for one in found), statistics.median(100 * one.cores for one in found)]
    return f'{parts[0]:.2f}, {parts[1]:.0f} %, {statistics.median(one.p99 for one in found):.0f}'


def verdict(found: list[FanOut]) -> bool:
    highest = [one.runs[-1] for one in found if one.code == 0 and one.runs]
    if not highest or len(highest) < len(found):
        print(f'FAILED: {RAW} did not deliver everything')
        return False
    cores, p99 = statistics.median(one.cores for one in highest), statistics.median(one.p99 for one in highest)
    rate = statistics.median(one.millions_per_second for one in highest)
    is_met = cores <= MOST_CORES and p99 <= MOST_P99
    print(
        f'{RAW}: {rate:.2f} M deliveries/s at {cores:.0%} of a core ({min(one.cores for one in highest):.0%}-'
        f'{max(one.cores for one in highest):.0%}), p99 {p99:.0f} ms; target {MOST_CORES:.0%}, {MOST_P99:g} ms: {"met" if is_met else "missed"}'
    )
    return is_met


def height(found: list[FanOut]) -> int:
    """Rungs that were delivered in whole, in every round."""
    return min((sum(run.is_whole for run in one.runs) for one in found), default=0)


def verdict_beside(found: list[FanOut], limit: list[FanOut]) -> bool:
    """For sizes that have no target of their own."""
    holds = height(found) >= height(limit)
    print(f'{RAW}: {height(found)} rungs in whole, the limit {height(limit)}: {"met" if holds else "missed"}')
    return holds


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench ladder')
    parser.add_argument('--clients', type=int, default=1_000)
    parser.add_argument('--bytes', type=int, default=200, help='of a message')
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--seconds', type=float, default=4, help='of measuring, on each rung')
    parser.add_argument('--only', default='', help='parts of names, with commas')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    wanted = [part for part in options.only.split(',') if part]
    taking_part = {
        name: contestant
        for name, contestant in contestants(build_ours(), TICK).items()
        if not wanted or any(part in name for part in wanted)
    }
    for missing in fetch_packages():
        print(f'SKIPPED: {missing} could not be had')
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    runs = [f'paced:{rate}:{options.seconds}' for rate in RUNGS]
    found: dict[str, list[FanOut]] = {}
    for number in range(options.rounds):
        names = list(taking_part)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if one := visit(name, taking_part[name], options.clients, options.bytes, runs):
                found.setdefault(name, []).append(one)
    print(f'{options.clients:,} subscribers, {options.bytes} bytes, tick {TICK} ms; CPU s per million, share of a core, p99 ms:')
    print('| server | ' + ' | '.join(f'{rate:,}/s' for rate in RUNGS) + ' |\n|---|' + '---|' * len(RUNGS))
    for name in (name for name in taking_part if name in found):
        rungs = [cell([one.runs[place] for one in found[name] if len(one.runs) > place]) for place in range(len(RUNGS))]
        print(f'| {name} | ' + ' | '.join(rungs) + ' |')
    if RAW not in found:
        return 0
    has_target = (options.clients, options.bytes) == (TARGET_CLIENTS, TARGET_BYTES)
    return 0 if (verdict(found[RAW]) if has_target else verdict_beside(found[RAW], found.get(LIMIT, []))) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
