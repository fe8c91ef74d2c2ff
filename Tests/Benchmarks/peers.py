"""One published message to N WebSocket subscribers: ours, the limit, and the peers, side by side.

    bin/bench peers                                               # 200 bytes to 1,000 subscribers, three rounds; about six minutes
    bin/bench peers --clients 5000 --bytes 1024 --rounds 3
    bin/bench peers --only epoll,SocketServer --rounds 5          # whose names have one of these in them

Each server runs on one core, the load client (C, the same for all) on the other. In each round all take turns, and who begins changes. Two
runs for each: *paced*, 50,000 deliveries a second asked for, and *full*, eight messages on the way, as fast as it goes. Peers that
cannot be had are passed over, and loudly. Ends with 1 if ours or the limit lost or doubled a message, or ours misses the target.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable

from harness.fan_out import Delivery, FanOut
from harness.machine import machine, open_as_many_as_allowed
from harness.peers import GATEWAY, LIMIT, RAW, build_ours, contestants, fetch_packages, version, visit

PACED = 50_000
"""Deliveries a second that the paced run asks for."""
IN_FLIGHT = 8
IN_FLIGHT_OF_LOG = 256
"""The event log tells 20 times a second what has come: with eight on the way that would be all that is measured."""
TARGET = 1.15
HEAD = """| server | paced: CPU s per million | x limit | full: M deliveries/s | CPU s per million | x limit | SocketServer needs less by | p99 ms | kB per connection |
|---|---|---|---|---|---|---|---|---|"""
Rounds = dict[str, list[FanOut]]


def spread(values: list[float], digits: int = 2) -> str:
    """The median, and the smallest and largest of several."""
    middle = f'{statistics.median(values):.{digits}f}'
    return middle if len(values) == 1 else f'{middle} ({min(values):.{digits}f}-{max(values):.{digits}f})'


def paced(found: FanOut) -> Delivery:
    return found.runs[0]


def full(found: FanOut) -> Delivery:
    return found.runs[-1]


def ratios(mine: list[FanOut], other: list[FanOut], run: Callable[[FanOut], Delivery]) -> list[float]:
    """CPU for a delivery in multiples of another's, round by round: both had the same minute."""
    pairs = [(run(a).cpu_per_million, run(b).cpu_per_million) for a, b in zip(mine, other, strict=False)]
    return [a / b for a, b in pairs if b]


def row(name: str, rounds: Rounds) -> str:
    found = rounds[name]
    whole = [one for one in found if len(one.runs) == 2 and one.code == 0]
    if len(whole) < len(found):
        shares = [one.runs[-1].share if one.runs else 0.0 for one in found]
        return f'| {name} | broke: delivered {spread([100 * share for share in shares], 0)} % |'
    against = rounds.get(LIMIT, [])
    cells = [name, spread([paced(one).cpu_per_million for one in whole])]
    cells.append(spread(ratios(whole, against, paced)) if against else '')
    cells += [spread([full(one).millions_per_second for one in whole]), spread([full(one).cpu_per_million for one in whole])]
    cells.append(spread(ratios(whole, against, full)) if against else '')
    own = rounds.get(RAW, [])
    cells.append(f'{statistics.median(ratios(whole, own, full)):.1f} x' if own and name != RAW else '')
    cells += [spread([full(one).p99 for one in whole], 0), f'{statistics.median(one.resident for one in whole) / 1e3:.1f}']
    return '| ' + ' | '.join(cells) + ' |'


def verdict(rounds: Rounds) -> bool:
    """Whether ours and the limit counted right, and ours holds its target."""
    holds = True
    for name in rounds:
        is_ours = name in (RAW, GATEWAY) or 'epoll' in name
        if is_ours and any(one.code for one in rounds[name]):
            print(f'FAILED: {name} did not deliver each message once')
            holds = False
    if not holds or LIMIT not in rounds or RAW not in rounds:
        return holds
    for words, run in (('paced', paced), ('full', full)):
        ratio = statistics.median(ratios(rounds[RAW], rounds[LIMIT], run))
        is_met = ratio <= TARGET
        print(f'{RAW}, {words}: {ratio:.2f} x bare epoll, target {TARGET}: {"met" if is_met else "missed"}')
        holds &= is_met
    return holds


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench peers')
    parser.add_argument('--clients', type=int, default=1_000)
    parser.add_argument('--bytes', type=int, default=200, help='of a message')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=3, help='of measuring, in each run')
    parser.add_argument('--only', default='', help='parts of names, with commas')
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    wanted = [part for part in options.only.split(',') if part]
    taking_part = {
        name: contestant
        for name, contestant in contestants(build_ours()).items()
        if not wanted or any(part in name for part in wanted)
    }
    for missing in fetch_packages():
        print(f'SKIPPED: {missing} could not be had')
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}')
    print(
        'Debian: ' + ', '.join(f'{name} {version(name)}' for name in ('nginx', 'libnginx-mod-nchan', 'nats-server', 'mosquitto')),
        flush=True,
    )
    rounds: Rounds = {}
    for number in range(options.rounds):
        names = list(taking_part)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            flight = IN_FLIGHT_OF_LOG if name == GATEWAY else IN_FLIGHT
            runs = [f'paced:{PACED / options.clients}:{options.seconds}', f'full:{flight}:{options.seconds}']
            found = visit(name, taking_part[name], options.clients, options.bytes, runs)
            if found:
                rounds.setdefault(name, []).append(found)
    print(f'{options.clients:,} subscribers, {options.bytes} bytes, {options.rounds} rounds:')
    print(HEAD)
    for name in taking_part:
        if name in rounds:
            print(row(name, rounds))
    return 0 if verdict(rounds) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
