"""X1: a page of somebody else opens a socket in the browser of one of our users (cross-site WebSocket hijacking)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import raw_http
from harness.stack import Stack

LISTED = 'https://kiosk.example.org'


@pytest.fixture(scope='module')
def address(module_folder: Path) -> Iterator[str]:
    stack = Stack(module_folder).start(gateway_options=['--allowed-origins', LISTED])
    yield stack.running_gateway.address
    stack.stop()


def utf8(text: str) -> str:
    """As the handshake's writer, which writes Latin-1, must be given it."""
    return text.encode().decode('latin-1')


def foreign_origins(address: str) -> dict[str, str]:
    """Near misses of our own origin and of the listed one."""
    host, _, port = address.rpartition(':')
    own, name = f'http://{address}', LISTED.removeprefix('https://')
    return {
        'of a sandboxed frame': 'null',
        'another site': 'https://evil.example',
        'another scheme': f'https://{address}',
        'a scheme of sockets': f'ws://{address}',
        'a file': 'file://',
        'an extension': 'moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc',
        'no scheme': address,
        'another port': f'http://{host}:{int(port) - 1}',
        'no port': f'http://{host}',
        'a longer port': f'{own}0',
        'a port with a zero': f'http://{host}:0{port}',
        'our address as a part of a name': f'{own}.evil.example',
        'our address as a user': f'http://{address}@evil.example',
        'a user before our address': f'http://x@{address}',
        'our address as a path': f'http://evil.example/{address}',
        'our address behind a hash': f'http://evil.example#{own}',
        'a path behind it': f'{own}/',
        'a zero behind it': f'{own}%00',
        'another way to write the address': f'http://2130706433:{port}',
        'the name of the address': f'http://localhost:{port}',
        'two origins in one': f'{own} https://evil.example',
        'two origins in a list': f'https://evil.example, {own}',
        'the listed one, no TLS': f'http://{name}',
        'the listed one, with a port': f'{LISTED}:8443',
        'the listed one, its own port': f'{LISTED}:443',
        'the listed one as the beginning': f'{LISTED}.evil.example',
        'the listed one as the end': f'https://evil{name}',
        'below the listed one': f'https://a.{name}',
        'above the listed one': 'https://example.org',
        'the listed one with a dot': f'{LISTED}.',
        'the listed one, a Kelvin sign in it': utf8(LISTED.replace('k', '\u212a', 1)),
        'the listed one, a dotless i in it': utf8(LISTED.replace('i', '\u0131', 1)),
        'the listed one, wide letters in it': utf8(LISTED.replace('kiosk', '\uff4biosk')),
        'the listed one, an invisible sign in it': utf8(LISTED.replace('kiosk', 'kio\u00adsk')),
    }


def test_only_our_own_and_the_listed_origins_come_in(address: str) -> None:
    """X1: exact, by scheme, host and port; 403 before the upgrade for all others."""
    # Without one, or with an empty one, it is no page, and a cookie counts for nothing (test_access.py).
    for origin in (f'http://{address}', LISTED, LISTED.upper().replace('HTTPS', 'https'), None, ''):
        assert raw_http.websocket_handshake(address, {'Origin': origin}).status == 101, origin

    for what, origin in foreign_origins(address).items():
        answer = raw_http.websocket_handshake(address, {'Origin': origin})
        assert answer.status == 403, f'{what}: {origin!r} is answered with {answer.status}'
        assert b'101 ' not in answer.data


def test_an_origin_that_is_said_twice_is_none_of_ours(address: str) -> None:
    """X1: whichever of the two another program would have looked at."""
    own = f'Origin: http://{address}'
    for first, second in ((own, 'Origin: https://evil.example'), ('Origin: https://evil.example', own)):
        lines = raw_http.handshake_bytes(address)[:-2] + f'{first}\r\n{second}\r\n\r\n'.encode()
        answer = raw_http.request(address, lines)
        assert answer.status in {400, 403}, (first, answer.status)
