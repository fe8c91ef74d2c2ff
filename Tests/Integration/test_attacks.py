"""X2, X4, X10 and X12, the short form: whoever attacks the door is turned away, and others come in beside them.

`bin/prove attacks` does the same with thousands, from another process, and holds the gateway to the figures.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from harness.attackers import BOMBS, SLOW, be_slow, come_in, drop_bomb, fault_of, odd_handshakes, send_oddly
from harness.certificates import encrypted
from harness.gateway import Gateway
from harness.machine import open_sockets, resident_bytes
from harness.stack import Stack
from harness.waiting import wait_for

SLOW_CLIENTS = 100
"""Of each kind."""
BOMBERS = 6
"""Who drop the same bomb at once."""
EACH = 1 << 20
"""Bytes that a bomb may cost (X4)."""
ROUNDS = 3


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.fixture(scope='module')
def gateway(stack: Stack) -> Gateway:
    return stack.running_gateway


@pytest.fixture(scope='module')
def secure(stack: Stack, module_folder: Path) -> Iterator[tuple[Gateway, ssl.SSLContext]]:
    trusted, options = encrypted(module_folder)
    folder = module_folder / 'secure'
    folder.mkdir()
    gateway = Gateway(stack.broker, folder, options=options)
    try:
        gateway.launch().wait_listening()
        yield gateway, trusted
    finally:
        gateway.stop()


@pytest.fixture(autouse=True)
def still_alive(gateway: Gateway) -> Iterator[None]:
    """Whatever was sent, the gateway answers the next one."""
    yield
    assert gateway.running
    assert httpx.get(gateway.base_url + '/healthz', timeout=30).status_code == 200


def sockets_of(gateway: Gateway) -> int:
    assert gateway.process
    return open_sockets(gateway.process.pid)


def comes_in_beside_the_slow(gateway: Gateway, tls: ssl.SSLContext | None, kinds: list[str]) -> bool:
    """Whether a good client came in while not one of the slow ones had been cut off yet. All of them are in the end."""
    before = sockets_of(gateway)
    crowd = SLOW_CLIENTS * len(kinds)
    with ThreadPoolExecutor(len(kinds)) as pool:
        attacks = [pool.submit(be_slow, gateway.address, SLOW_CLIENTS, SLOW[kind]) for kind in kinds]

        def all_are_there() -> bool:
            return sockets_of(gateway) >= before + crowd

        wait_for(lambda: all_are_there() or any(attack.done() for attack in attacks), 90, f'{crowd} slow clients', every=0.01)
        come_in(gateway.address, tls)
        is_beside = all_are_there()
        assert all(len(attack.result()) == SLOW_CLIENTS for attack in attacks)
    return is_beside


def test_slow_clients_are_cut_off_and_keep_nobody_out(gateway: Gateway, secure: tuple[Gateway, ssl.SSLContext]) -> None:
    """X2: slowloris, with heads, bodies and TLS hellos. Who had to wait for their end would never come in beside them."""
    encrypted_gateway, trusted = secure
    ways = [(gateway, None, [kind for kind in SLOW if 'TLS' not in kind]), (encrypted_gateway, trusted, ['half a TLS hello'])]
    with ThreadPoolExecutor(len(ways)) as pool:
        assert all(pool.map(lambda way: comes_in(*way), ways))


def comes_in(gateway: Gateway, tls: ssl.SSLContext | None, kinds: list[str]) -> bool:
    """A machine that stands still for five seconds is no fault of the gateway: a few rounds."""
    return any(comes_in_beside_the_slow(gateway, tls, kinds) for _ in range(ROUNDS))


@pytest.mark.parametrize('kind', BOMBS)
def test_a_bomb_ends_who_sent_it_and_costs_little(gateway: Gateway, kind: str) -> None:
    """X4: too long, too many, or far more than it looks; from anybody, for it comes before the credential."""
    assert gateway.process
    come_in(gateway.address)
    before = resident_bytes(gateway.process.pid)
    with ThreadPoolExecutor(BOMBERS) as pool:
        dropped = list(pool.map(lambda _: drop_bomb(gateway.address, BOMBS[kind]), range(BOMBERS)))
        come_in(gateway.address)

    # Who still sends when the connection ends may never read how it did.
    assert {bombed.code for bombed in dropped} <= {1002, 1009, None}
    assert resident_bytes(gateway.process.pid) - before <= BOMBERS * EACH


def test_odd_handshakes_are_refused_or_cut_off_and_nobody_waits(gateway: Gateway) -> None:
    """X12: other upgrades, twice the same header, too much of it, and two requests that look like one."""
    shapes = odd_handshakes(gateway.address)
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(shapes, pool.map(lambda data: send_oddly(gateway.address, data), shapes.values()), strict=True))
        come_in(gateway.address)

    assert not {name: fault for name, answer in answers.items() if (fault := fault_of(answer))}


def s_client(address: str, *options: str, said: str = '') -> str:
    """All that OpenSSL's client says of a connection."""
    command = ['openssl', 's_client', '-connect', address, *options]
    done = subprocess.run(command, input=said, capture_output=True, text=True, errors='replace', timeout=60, check=False)
    return done.stdout + done.stderr


def ciphers_taken(address: str) -> set[str]:
    """Of all ciphers of TLS 1.2 that this machine knows, those that the gateway agrees to."""
    host, port = address.rsplit(':', 1)
    taken = set()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    context.set_ciphers('ALL:COMPLEMENTOFALL:@SECLEVEL=0')
    for name in [cipher['name'] for cipher in context.get_ciphers() if not cipher['name'].startswith('TLS_')]:
        context.set_ciphers(f'{name}:@SECLEVEL=0')
        with (
            contextlib.suppress(ssl.SSLError, ConnectionError),
            socket.create_connection((host, int(port)), 30) as raw,
            context.wrap_socket(raw) as wrapped,
        ):
            taken.add((wrapped.cipher() or ('',))[0])
    return taken


def test_tls_has_nothing_old_in_it(secure: tuple[Gateway, ssl.SSLContext]) -> None:
    """X10: TLS 1.2 and later; ciphers with forward secrecy and authenticated encryption only; no compression, no second handshake."""
    address = secure[0].address

    for version in ('-tls1', '-tls1_1'):
        assert 'alert protocol version' in s_client(address, version, '-cipher', 'ALL:@SECLEVEL=0')
    taken = ciphers_taken(address)
    assert taken and all('ECDHE' in name and ('GCM' in name or 'CHACHA20' in name) for name in taken), taken
    modern = s_client(address, '-tls1_2', said='R\n')
    assert 'Compression: NONE' in modern and 'RENEGOTIATING' in modern
    assert 'no renegotiation' in modern, modern[-600:]
