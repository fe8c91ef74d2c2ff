"""X1-X13: which test holds the gateway to which of them, and what thousands of attackers cost a good client.

    bin/prove attacks [--clients 2000] [--bombs 64] [--table]

The attackers are in processes of their own, so that the good client measures the gateway and not them. It comes in again and again while
they are there: connection, TLS where it is one, handshake, first frame. Must hold: each time takes at most 100 ms; slow clients are
cut off after 5 s (a body at its next byte); bombs and odd handshakes end within a second, each with its code or without an answer; a bomb costs at most
1 MiB of memory, a socket without a credential 8 kB; no question waits longer than 100 ms for a bomb.

--table prints only which test is for which.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.attackers import BOMBS, SLOW, Bombed, be_slow, come_in, drop_bomb, fault_of, odd_handshakes, send_oddly
from harness.certificates import encrypted
from harness.client import GatewayClient
from harness.crowd import TEXT, join
from harness.gateway import Gateway
from harness.loop_turns import loop_turns
from harness.machine import machine, open_as_many_as_allowed, open_sockets, resident_bytes
from harness.paths import ROOT
from harness.raw_http import RawAnswer, handshake_bytes, open_socket, read_until
from harness.redis_server import RedisServer
from harness.waiting import wait_for

GOOD = 0.100
"""Seconds that a good client may need to come in, whoever else is there."""
CUT = 6.5
"""Seconds after which the last slow client is gone: five; how fast a body comes is looked at with each of its bytes, one a second."""
AT_ONCE = 1.0
STALL = 0.005
"""Seconds of a turn of the loop (X4)."""
CHANGE = 1.1
"""What a flood of X8 may change others' p99 by, and seconds that one of ten times as many messages may."""
BEYOND = 0.005
BOMB_BYTES = 1 << 20
UNKNOWN_BYTES = 8 << 10
NAMED = re.compile(r'\bX(?:1[0-3]|[1-9])\b(?!")')


@dataclass
class Table:
    """What was found, a line each."""

    lines: list[str] = field(default_factory=list)
    is_good: bool = True

    def add(self, number: str, what: str, figure: str, holds: bool) -> None:
        self.is_good &= holds
        self.lines.append(f'| {number} | {what} | {figure} | {"holds" if holds else "FAILS"} |')
        print(self.lines[-1], flush=True)


def milliseconds(values: list[float]) -> str:
    return f'{statistics.median(values) * 1000:.1f} ms, at most {max(values) * 1000:.1f} ms ({len(values)} times)'


def come_in_until(done: Callable[[], bool], address: str, tls: ssl.SSLContext | None = None) -> list[float]:
    """Comes in again and again; each time as long as it took."""
    times = []
    while not done():
        times.append(come_in(address, tls))
        time.sleep(0.02)
    return times


def sockets_of(gateway: Gateway) -> int:
    assert gateway.process
    return open_sockets(gateway.process.pid)


def settled(gateway: Gateway) -> int:
    """Sockets of the gateway once those of the attack before are gone."""
    last = -1

    def is_still() -> bool:
        nonlocal last
        last, before = sockets_of(gateway), last
        return last == before

    wait_for(is_still, 60, 'the sockets of the last attack to be gone', every=1)
    return last


# Each attack ----------------------------------------------------------------------------------------------------------------


def slow_clients(
    table: Table, pool: ProcessPoolExecutor, gateway: Gateway, tls: ssl.SSLContext | None, kind: str, number: int
) -> None:
    before = settled(gateway)
    attack: Future[list[float]] = pool.submit(be_slow, gateway.address, number, SLOW[kind])
    wait_for(lambda: sockets_of(gateway) >= before + number, 60, f'{number} slow clients', every=0.01)
    times = come_in_until(lambda: attack.done() or sockets_of(gateway) < before + number // 2, gateway.address, tls)
    lasted = attack.result()
    table.add('X2', f'{number:,} x {kind}: a good client comes in', milliseconds(times), max(times) <= GOOD)
    table.add('X2', f'{number:,} x {kind}: cut off after', f'{min(lasted):.1f} to {max(lasted):.1f} s', max(lasted) <= CUT)


def _drop(address: str, kind: str, number: int) -> list[Bombed]:
    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(lambda _: drop_bomb(address, BOMBS[kind]), range(number)))


def ask_until(done: Callable[[], bool], address: str) -> list[float]:
    """Seconds of each answer to a question on one connection that stays: what the loop makes others wait."""
    question = f'HEAD /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n'.encode()
    times = []
    with open_socket(address) as connection:
        while not done():
            began = time.monotonic()
            connection.sendall(question)
            assert read_until(connection, timeout=30, enough=b'\r\n\r\n').status == 200
            times.append(time.monotonic() - began)
    return times


def high(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def bombs(table: Table, pool: ProcessPoolExecutor, gateway: Gateway, kind: str, number: int) -> None:
    assert gateway.process
    before = resident_bytes(gateway.process.pid)
    with ThreadPoolExecutor(1) as beside, loop_turns(gateway.process.pid) as turns:
        attack: Future[list[Bombed]] = pool.submit(_drop, gateway.address, kind, number)
        asked = beside.submit(ask_until, attack.done, gateway.address)
        times = come_in_until(attack.done, gateway.address)
        waits = asked.result()
        dropped = attack.result()
    more = (resident_bytes(gateway.process.pid) - before) / number
    codes = sorted({str(bombed.code or 'cut') for bombed in dropped})
    took = max(bombed.seconds for bombed in dropped)
    is_ended = {bombed.code for bombed in dropped} <= {1002, 1009, None} and took <= AT_ONCE
    what = f'{number} x {kind}'
    table.add('X4', f'{what}: ended with', f'{", ".join(codes)} after at most {took * 1000:.0f} ms', is_ended)
    table.add('X4', f'{what}: memory', f'{more / 1024:+.0f} KiB each', more <= BOMB_BYTES)
    table.add('X4', f'{what}: a good client comes in', milliseconds(times), max(times) <= GOOD)
    stall = f'p50 {high(waits, 0.5) * 1000:.1f} ms, p99 {high(waits, 0.99) * 1000:.1f} ms, at most {max(waits) * 1000:.1f} ms'
    table.add('X4', f'{what}: a question is answered after', stall, max(waits) <= GOOD)
    if turns.seconds:
        longest = max(turns.seconds)
        table.add(
            'X4', f'{what}: the loop stalls', f'{longest * 1000:.1f} ms at most in {len(turns.seconds):,} turns', longest <= STALL
        )
    else:
        print(f'SKIPPED: {what}: how long the loop stalls (perf is not here, or may not be used)')


def _send_all(address: str, rounds: int) -> list[tuple[str, RawAnswer]]:
    shapes = list(odd_handshakes(address).items()) * rounds
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda shape: send_oddly(address, shape[1]), shapes)
        return [(name, answer) for (name, _), answer in zip(shapes, answers, strict=True)]


def odd_ones(table: Table, pool: ProcessPoolExecutor, gateway: Gateway) -> None:
    attack: Future[list[tuple[str, RawAnswer]]] = pool.submit(_send_all, gateway.address, 10)
    times = come_in_until(attack.done, gateway.address)
    answers = attack.result()
    faults = sorted({f'{name}: {fault}' for name, answer in answers if (fault := fault_of(answer))})
    took = max(answer.seconds for _, answer in answers)
    shapes = len({name for name, _ in answers})
    figure = f'{len(answers)} sent; all answered or cut off after at most {took * 1000:.0f} ms {"; ".join(faults)}'
    table.add('X12', f'{shapes} odd handshakes', figure, not faults and took <= AT_ONCE)
    table.add('X12', 'beside them a good client comes in', milliseconds(times), max(times) <= GOOD)


@contextlib.contextmanager
def silent_sockets(address: str, number: int) -> Iterator[None]:
    """WebSockets that never say who they are."""
    with contextlib.ExitStack() as stack:
        opened = []
        for count in range(number):
            # No more than 1,000 handshakes a second are answered.
            if count % 100 == 99:
                time.sleep(0.15)
            connection = stack.enter_context(contextlib.closing(open_socket(address, 30)))
            connection.sendall(handshake_bytes(address))
            opened.append(connection)
        for connection in opened:
            assert b'session.hello' in read_until(connection, timeout=30, enough=b'session.hello').data
        yield


def strangers(table: Table, gateway: Gateway, number: int) -> None:
    """X3: what sockets cost that are open and have not said anything."""
    assert gateway.process
    with silent_sockets(gateway.address, 50):
        pass
    before = resident_bytes(gateway.process.pid)
    with silent_sockets(gateway.address, number):
        each = (resident_bytes(gateway.process.pid) - before) / number
        times = [come_in(gateway.address) for _ in range(20)]
    table.add('X3', f'{number:,} sockets without a credential: memory', f'{each:,.0f} bytes each', each <= UNKNOWN_BYTES)
    table.add('X3', 'beside them a good client comes in', milliseconds(times), max(times) <= GOOD)


async def _query_until(client: GatewayClient, done: Callable[[], bool], least: int) -> list[float]:
    times: list[float] = []
    while not done() or len(times) < least:
        began = time.monotonic()
        await client.call('query', {'topic': 'tasks', 'limit': 1})
        times.append(time.monotonic() - began)
        # Within what one session may ask.
        await asyncio.sleep(0.06)
    return times


Call = tuple[str, dict[str, object]]

MOVE: Call = ('view.move', {'sub': 1, 'after': None})

FLOODS: dict[str, tuple[int, list[Call]]] = {
    '1,000 messages a second': (1_000, [('query', {'topic': 'tasks', 'limit': 1})]),
    '200 subscriptions, again and again': (1_000, [('sub.open', {'sub': n, 'topic': 'workers'}) for n in range(1, 201)]),
    '10,000 moves of a window': (
        1_000,
        [('view.open', {'sub': 1, 'topic': 'tasks', 'limit': 50}), *[MOVE] * 9_999],
    ),
    '10,000 messages a second': (10_000, [MOVE]),
}
"""Messages a second, and those that are sent in turn. The last one is ten times what X8 names."""


@dataclass
class Flooded:
    """What a flood came to."""

    sent: int = 0
    closed: int = 0
    """How often it was closed with 4429."""


def _flood(address: str, token: str, kind: str, seconds: float) -> Flooded:
    """Sends at a pace, comes back when it is closed."""
    rate, calls = FLOODS[kind]

    async def run() -> Flooded:
        host, port = address.rsplit(':', 1)
        began, flooded = time.monotonic(), Flooded()
        while (now := time.monotonic() - began) < seconds:
            # Not held against the contract: that a flood breaks it is no news.
            member = await join(host, int(port), token, judged=False, stays=True)
            first = flooded.sent
            while not member.left.done() and (now := time.monotonic() - began) < seconds:
                while flooded.sent < now * rate:
                    # Whoever comes back begins anew.
                    method, params = calls[(flooded.sent - first) % len(calls)]
                    message = {'jsonrpc': '2.0', 'id': flooded.sent, 'method': method, 'params': params}
                    member.write(TEXT, json.dumps(message).encode())
                    flooded.sent += 1
                await asyncio.sleep(0.01)
            flooded.closed += member.left.done() and (await member.left).code == 4429
            member.abort()
        return flooded

    return asyncio.run(run())


OTHERS = 6
"""Clients beside a flood, each with as many questions as it may ask; of all sessions no more than 8 are looked into at a time."""
ROUNDS = 4
SECONDS = 4.0


def rates(table: Table, pool: ProcessPoolExecutor, gateway: Gateway, kind: str) -> None:
    """Alone, beside the flood, alone, in turns: what two equal times differ by is no change."""
    flooded = Flooded()

    async def run() -> tuple[list[float], list[float], list[float]]:
        async with contextlib.AsyncExitStack() as stack:
            token = gateway.token('viewer', f'asks beside {kind}')
            clients = [await stack.enter_async_context(GatewayClient.connect(gateway.ws_url, token)) for _ in range(OTHERS)]

            async def ask(done: Callable[[], bool]) -> list[float]:
                found = await asyncio.gather(*(_query_until(client, done, 1) for client in clients))
                return [time for times in found for time in times]

            async def alone() -> list[float]:
                until = time.monotonic() + SECONDS
                return await ask(lambda: time.monotonic() >= until)

            before, beside, after = [], [], []
            other = gateway.token('viewer', f'floods with {kind}')
            for _ in range(ROUNDS):
                before += await alone()
                attack: Future[Flooded] = pool.submit(_flood, gateway.address, other, kind, SECONDS)
                beside += await ask(attack.done)
                flooded.sent += attack.result().sent
                flooded.closed += attack.result().closed
                after += await alone()
            return before, beside, after

    before, beside, after = (high(times, 0.99) for times in asyncio.run(run()))
    figure = (
        f'p99 {before * 1000:.2f} and {after * 1000:.2f} ms alone, {beside * 1000:.2f} ms beside it; '
        f'{flooded.sent:,} sent in {ROUNDS * SECONDS:.0f} s, closed with 4429 {flooded.closed} times'
    )
    most = max(before, after) * CHANGE if FLOODS[kind][0] <= 1_000 else max(before, after) + BEYOND
    table.add('X8', f'{kind}: others are answered', figure, flooded.closed > 0 and beside <= most)


# Which test is for which ----------------------------------------------------------------------------------------------------


def named_tests() -> dict[str, list[str]]:
    """The files of tests whose text names an X, by X."""
    found: dict[str, list[str]] = {f'X{number}': [] for number in range(1, 14)}
    for file in sorted(
        [*ROOT.glob('Tests/Integration/test_*.py'), *ROOT.glob('Tests/*Tests/**/*.swift'), *ROOT.glob('Tests/Fuzzing/**/*.swift')]
    ):
        for name in {match.group(0) for match in NAMED.finditer(file.read_text())}:
            if name in found:
                found[name].append(file.stem)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog='bin/prove attacks', description=(__doc__ or '').split('\n\n')[0])
    parser.add_argument('--clients', type=int, default=2_000, help='slow clients of each kind')
    parser.add_argument('--bombs', type=int, default=64, help='of each kind')
    parser.add_argument('--table', action='store_true', help='only tell which test is for which')
    options = parser.parse_args()
    named = named_tests()
    for number, files in named.items():
        print(f'{number}: {", ".join(files) or "NO TEST"}')
    if options.table or not all(named.values()):
        return 0 if all(named.values()) else 1
    open_as_many_as_allowed()
    print(
        f'\nmachine: {machine()}; load before: {os.getloadavg()[0]:.2f}\n\n| | attack | figure | |\n|---|---|---|---|', flush=True
    )
    table = Table()
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        folder = Path(name)
        server = RedisServer(folder / 'redis')
        trusted, encryption = encrypted(folder)
        gateways = [
            Gateway(server.url(0), folder / kind, options=given) for kind, given in (('plain', []), ('secure', encryption))
        ]
        try:
            server.start()
            for gateway in gateways:
                gateway.folder.mkdir()
                gateway.launch().wait_listening()
            gateways[0].wait_ready()
            prove(table, pool, gateways, trusted, options)
        finally:
            for gateway in gateways:
                gateway.kill()
            server.stop()
    return 0 if table.is_good else 1


def prove(table: Table, pool: ProcessPoolExecutor, gateways: list[Gateway], trusted: Any, options: argparse.Namespace) -> None:
    plain, secure = gateways
    # The process that attacks is started by the first call.
    pool.submit(os.getpid).result()
    for gateway, tls, what in ((plain, None, 'plain'), (secure, trusted, 'TLS')):
        times = [come_in(gateway.address, tls) for _ in range(100)]
        table.add('-', f'nobody attacks: a good client comes in, {what}', milliseconds(times), max(times) <= GOOD)
    strangers(table, plain, min(options.clients, 1_000))
    for kind in SLOW:
        place, tls = (secure, trusted) if 'TLS' in kind else (plain, None)
        slow_clients(table, pool, place, tls, kind, options.clients)
    for kind in BOMBS:
        bombs(table, pool, plain, kind, options.bombs)
    odd_ones(table, pool, plain)
    for kind in FLOODS:
        rates(table, pool, plain, kind)


if __name__ == '__main__':
    sys.exit(main())
