"""The Swift tests, some integration tests and a gateway in a storm, under the address and the thread sanitizer.

    bin/prove sanitizers [--only address | thread] [--parts unit,integration,storm] [--seconds 60] [--clients 300]

Debug builds of their own in .build-address and .build-thread: minutes each. The storm: clients that come and vanish, clients that never
acknowledge, slow ones, bombs and odd handshakes, few events and then many, and Redis closing the gateway's connections every two seconds; then
SIGTERM. It fails if a sanitizer reports anything, a test fails, or a gateway does not end with 0. What is suppressed stands, with its
reason, in Tests/Proofs/suppressions. Before all else each sanitizer must find what `sanitized.swift` does wrong, with the same options.

Under the thread sanitizer the tests of the pure rooms do not run: those know no thread (docs/architecture.md). There is no third run:
Swift's compiler has no undefined-behavior sanitizer on Linux ("unsupported option '-sanitize=undefined'"), and the project no C to
compile; what it would look for (overflow, bounds, casts, exclusive access) Swift checks in every build.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.attackers import BOMBS, SLOW, be_slow, drop_bomb, odd_handshakes, send_oddly
from harness.client import GatewayClient
from harness.crowd import Member, gather_crowd, join
from harness.flood import LIST, publishing
from harness.gateway import Gateway
from harness.machine import machine
from harness.paths import ROOT
from harness.redis_server import RedisServer

EDGES = 'EventLoop|RedisLink|SocketServer|HttpClient|Credentials|Records|Gateway|Fuzzing'
"""Rooms whose tests have threads, or C; and all readers of strangers' bytes."""
INTEGRATION = ['test_attacks.py', 'test_attacks_clients.py', 'test_attacks_origins.py', 'test_transport.py', 'test_access.py']
INTEGRATION += ['test_sync.py', 'test_commands.py', 'test_deflate.py', 'test_redis_restart.py', 'test_users.py', 'test_tls.py']
MEASURES_MEMORY = 'Tests/Integration/test_attacks.py::test_a_bomb_ends_who_sent_it_and_costs_little'
"""The address sanitizer keeps freed memory, so that it is not used again. The storm sends the same bombs."""
RATES = (500, 20_000)
"""Events a second, in two storms one after the other. While the gateway is idle enough many clients come and go; but a counter that the
ingest thread and the loop share without a lock was found at the high rate only: at the low one they wait for each other all the time."""
DEAF = 20
"""Clients that subscribe and never acknowledge."""
AT_ONCE = 4
"""Swift tests at a time. All of them together are so slow that what waits for a server, or for a second to pass, waits in vain."""
PARTS = ('unit', 'integration', 'storm')
PROOFS = ROOT / 'Tests' / 'Proofs'


class Sanitizer:
    """A build with one sanitizer, and what it has reported so far."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.scratch = ['--scratch-path', f'.build-{kind}', '--sanitize', kind]
        self.binary = ROOT / f'.build-{kind}' / 'debug' / 'celeriac'
        suppressions = PROOFS / 'suppressions' / f'{kind}.txt'
        common = f'log_path={folder}/report:suppressions={suppressions}:symbolize=1'
        self.environment = {
            # Swift's runtime keeps pointers in forms that the search for leaks does not know; bin/prove soak looks for growth.
            'ASAN_OPTIONS': f'{common}:detect_leaks=0:detect_stack_use_after_return=0',
            'TSAN_OPTIONS': f'{common}:halt_on_error=0:second_deadlock_stack=1',
            'SWIFT_BACKTRACE': 'enable=no',
        }
        if kind == 'thread':
            self.environment['LD_PRELOAD'] = str(self.compile_preload())

    def compile_preload(self) -> Path:
        """What tells the sanitizer of Swift's Mutex; only Clang calls as Swift does, and each toolchain of Swift has one."""
        library = self.folder / 'mutex_for_tsan.so'
        swift = shutil.which('swift')
        if not swift:
            sys.exit('sanitizers.py: there is no swift in PATH')
        clang = [str(Path(swift).with_name('clang')), '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC']
        subprocess.run([*clang, str(PROOFS / 'mutex_for_tsan.c'), '-o', str(library)], check=True)
        return library

    def finds(self) -> bool:
        """Whether it reports what is wrong, and nothing else."""
        program = self.folder / 'sanitized'
        source = str(PROOFS / 'sanitized.swift')
        subprocess.run(['swiftc', '-swift-version', '6', '-sanitize=' + self.kind, source, '-o', str(program)], check=True)
        wanted = {'thread': {'race': True, 'lock': False}, 'address': {'overrun': True, 'lock': False}}[self.kind]
        environment = {**os.environ, **self.environment}
        for name, is_wrong in wanted.items():
            before = len(self.reports)
            subprocess.run([str(program), name], env=environment, capture_output=True, check=False)
            if is_wrong != (len(self.reports) > before):
                what = 'found nothing in' if is_wrong else 'reports what is right:'
                print(f'WRONG: the {self.kind} sanitizer {what} {source} {name}')
                return False
        return True

    @property
    def reports(self) -> list[str]:
        """The reports, one text each."""
        texts = [file.read_text(errors='replace') for file in sorted(self.folder.glob('report*'))]
        found = [re.split(r'(?m)^(?==+\n(?:WARNING|==\d+==ERROR))', text) for text in texts]
        return [one for several in found for one in several if 'Sanitizer' in one and 'SUMMARY' in one]

    def build(self, *, tests: bool) -> None:
        what = ['--build-tests'] if tests else ['--product', 'celeriac']
        subprocess.run(['swift', 'build', *what, *self.scratch], cwd=ROOT, check=True)

    def run(self, part: str, command: list[str], again: Callable[[str], list[str]] | None = None) -> bool:
        """Runs a program to its end; True if that was 0, and nothing was reported.

        What failed, without a report, runs once more, alone: `again` makes the command of the output.
        """
        before, began = len(self.reports), time.monotonic()
        environment = {**os.environ, 'CELERIAC_BIN': str(self.binary), **self.environment}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors='replace', check=False)
        output = done.stdout + done.stderr
        summary = re.findall(r'Test run with .* seconds.*|\d+ (?:passed|failed).* in \d.*', output)
        good = self.tell(part, '; '.join(summary[-1:]), done.returncode, before, began, output)
        if good or again is None or len(self.reports) > before or not (alone := again(output)):
            return good
        return self.run(f'{part}, what failed, alone', alone)

    def tell(self, part: str, what: str, code: int | None, before: int, began: float, output: str) -> bool:
        """Prints what a part came to."""
        found = self.reports[before:]
        print(
            f'{self.kind}, {part}: {what}; ended with {code}; {len(found)} reports; {time.monotonic() - began:.0f} s', flush=True
        )
        for report in found[:20]:
            print(report[:6_000])
        if code:
            lines = output.splitlines()
            print('\n'.join([line for line in lines if 'recorded an issue' in line or 'FAILED' in line][:40]))
            print('\n'.join(lines[-15:]), flush=True)
        return code == 0 and not found


def unit_tests(sanitizer: Sanitizer) -> bool:
    command = ['swift', 'test', '--skip-build', *sanitizer.scratch, '--experimental-maximum-parallelization-width']
    only = ['--filter', f'({EDGES})Tests'] if sanitizer.kind == 'thread' else []

    def again(output: str) -> list[str]:
        failed = re.findall(r'^\S+ +Test (?!run|case)"?(.+?)"?(?: with \d+ test cases?)? failed after', output, re.MULTILINE)
        return [*command, '1', '--filter', '|'.join(map(re.escape, failed))] if failed else []

    return sanitizer.run('unit', [*command, str(AT_ONCE), *only], again)


def integration_tests(sanitizer: Sanitizer) -> bool:
    files = [f'Tests/Integration/{name}' for name in INTEGRATION]
    command = [sys.executable, '-m', 'pytest', '-c', 'Tests/pyproject.toml', '-q', *files]
    if sanitizer.kind == 'address':
        command += ['--deselect', MEASURES_MEMORY]
    return sanitizer.run('integration', command)


# The storm ------------------------------------------------------------------------------------------------------------------


async def come_and_vanish(crowd: list[Member], place: tuple[str, int], tokens: list[str], until: float) -> int:
    """Breaks connections without a word, and makes others instead."""
    dice, gone = random.Random(1), 0
    while time.monotonic() < until:
        index = dice.randrange(len(crowd))
        crowd[index].abort()
        crowd[index] = await join(*place, tokens[index % len(tokens)])
        gone += 1
    return gone


async def be_deaf(gateway: Gateway, token: str, until: float) -> None:
    """Subscribes, never acknowledges, and comes back when it is cut off."""
    while time.monotonic() < until:
        # Any end will do: what counts is what the gateway makes of it.
        with contextlib.suppress(Exception):
            async with GatewayClient.connect(gateway.ws_url, token) as client:
                client.auto_ack = False
                await client.subscribe('workers')
                await client.view(limit=50, mode='follow')
                await client.wait_closed(max(0.1, until - time.monotonic()))


async def cut_links(server: RedisServer, until: float) -> int:
    cuts = 0
    while time.monotonic() < until:
        await asyncio.sleep(2)
        for client in server.client(0).client_list():
            if client['name'].startswith('celeriac:'):
                cuts += 1
                server.client(0).client_kill_filter(_id=client['id'])
    return cuts


def attack(address: str, until: float) -> int:
    """Bombs and odd handshakes one after the other, and some slow clients."""
    attacks = 0
    while time.monotonic() < until:
        for bomb in BOMBS.values():
            drop_bomb(address, bomb)
        for data in odd_handshakes(address).values():
            send_oddly(address, data)
        be_slow(address, 20, SLOW['a head that grows'])
        attacks += 1
    return attacks


async def storm(gateway: Gateway, tokens: list[str], server: RedisServer, rate: float, options: argparse.Namespace) -> str:
    host, port = gateway.address.rsplit(':', 1)
    place = host, int(port)
    crowd = await gather_crowd(*place, tokens, options.clients, at_once=20, opens=('stats', 'workers'))
    seconds = options.seconds / len(RATES)
    until = time.monotonic() + seconds
    with publishing(server.port, rate, seconds) as publisher:
        gone, cuts, attacks, *_ = await asyncio.gather(
            come_and_vanish(crowd, place, tokens, until),
            cut_links(server, until),
            asyncio.to_thread(attack, gateway.address, until),
            *(be_deaf(gateway, tokens[number % len(tokens)], until) for number in range(DEAF)),
        )
        messages, _ = await asyncio.to_thread(publisher.sent)
    for member in crowd:
        member.abort()
    return f'{len(crowd)} clients, {gone} replaced, {DEAF} deaf, {cuts} links cut, {attacks} rounds of attacks, {messages * LIST} events'


def survives(sanitizer: Sanitizer, options: argparse.Namespace) -> bool:
    """Runs the storm against a gateway with the sanitizer."""
    before, began = len(sanitizer.reports), time.monotonic()
    folder = sanitizer.folder / 'storm'
    folder.mkdir()
    server = RedisServer(folder / 'redis')
    gateway = Gateway(server.url(0), folder, backend=server.url(1), env=sanitizer.environment, binary=sanitizer.binary)
    try:
        server.start()
        gateway.start()
        tokens = [gateway.token('viewer', f'crowd-{number}') for number in range(10)]
        what = '; then '.join(asyncio.run(storm(gateway, tokens, server, rate, options)) for rate in RATES)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.process
        code = gateway.process.wait_exit(120)
        output = gateway.process.output()
    finally:
        gateway.kill()
        server.stop()
    return sanitizer.tell('storm', what, code, before, began, output)


def main() -> int:
    parser = argparse.ArgumentParser(prog='bin/prove sanitizers', description=(__doc__ or '').split('\n\n')[0])
    parser.add_argument('--only', choices=('address', 'thread'))
    parser.add_argument('--parts', default=','.join(PARTS), help='some of unit, integration, storm')
    parser.add_argument('--seconds', type=int, default=60, help='length of both storms together')
    parser.add_argument('--clients', type=int, default=300)
    options = parser.parse_args()
    parts = options.parts.split(',')
    if unknown := set(parts) - set(PARTS):
        parser.error(f'no part is called {", ".join(sorted(unknown))}; there are {", ".join(PARTS)}')
    print(machine(), flush=True)
    good = True
    for kind in [options.only] if options.only else ['thread', 'address']:
        with tempfile.TemporaryDirectory() as folder:
            sanitizer = Sanitizer(kind, Path(folder))
            if not sanitizer.finds():
                return 1
            sanitizer.build(tests='unit' in parts)
            if 'unit' in parts:
                good &= unit_tests(sanitizer)
            if 'integration' in parts:
                good &= integration_tests(sanitizer)
            if 'storm' in parts:
                good &= survives(sanitizer, options)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
