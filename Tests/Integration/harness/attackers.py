"""Clients that mean harm: slow ones, bombs, odd handshakes; and the good client beside them, whose time to come in is what counts.

All calls block and need nothing of their caller, so that they run in a thread of a test or in a process of `bin/prove attacks`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
import zlib
from dataclasses import dataclass

from . import raw_http

HOSTILE_TEXTS = [
    '__proto__',
    'constructor',
    'toString',
    '<img src=x onerror=alert(1)>',
    'a\x00b',
    'line\nbreak',
    '\u202eevil',
    'é' * 100,
    ' ',
]
"""Names that something else than a reader of names might take for more."""

PATIENCE = 60.0
"""Seconds for what the gateway does at once; they count only where it does not."""


def come_in(address: str, tls: ssl.SSLContext | None = None) -> float:
    """Seconds of a good client from its first packet to the gateway's first frame, session.hello."""
    began = time.monotonic()
    with contextlib.ExitStack() as opened:
        connection = opened.enter_context(raw_http.open_socket(address, PATIENCE))
        if tls:
            connection = opened.enter_context(tls.wrap_socket(connection, server_hostname=address.rpartition(':')[0]))
        connection.sendall(raw_http.handshake_bytes(address))
        answer = raw_http.read_until(connection, timeout=PATIENCE, enough=b'session.hello')
        assert b'session.hello' in answer.data, f'a good client is not let in: {answer}'
        return time.monotonic() - began


# Slow ones ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slowness:
    """What a slow client says at once, and what it adds every second."""

    first: bytes
    drip: bytes = b''


SLOW = {
    'half a head': Slowness(b'GET / HTTP/1.1\r\nHost: a\r\nX-A: '),
    'a head that grows': Slowness(b'GET / HTTP/1.1\r\nHost: a\r\n', b'X-A: b\r\n'),
    'a body, 1 byte a second': Slowness(
        b'POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n', b'x'
    ),
    'half a TLS hello': Slowness(b'\x16\x03\x01\x02'),
}
"""The last one is for a gateway with a certificate."""


class _Slow(asyncio.Protocol):
    """One slow connection; `cut` is done with the seconds that it lasted."""

    def __init__(self, slowness: Slowness) -> None:
        self.slowness = slowness
        self.transport: asyncio.Transport | None = None
        self.began = 0.0
        self.cut: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.began = time.monotonic()
        transport.write(self.slowness.first)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.cut.done():
            self.cut.set_result(time.monotonic() - self.began)

    def add(self) -> None:
        if self.slowness.drip and self.transport and not self.transport.is_closing():
            self.transport.write(self.slowness.drip)


async def _be_slow(address: str, number: int, slowness: Slowness, patience: float) -> list[float]:
    loop = asyncio.get_running_loop()
    host, port = address.rsplit(':', 1)
    gate = asyncio.Semaphore(100)

    async def one() -> _Slow:
        async with gate:
            return (await loop.create_connection(lambda: _Slow(slowness), host, int(port)))[1]

    slow = await asyncio.gather(*(one() for _ in range(number)))
    deadline = time.monotonic() + patience
    while (left := [each for each in slow if not each.cut.done()]) and time.monotonic() < deadline:
        await asyncio.wait([each.cut for each in left], timeout=1)
        for each in left:
            each.add()
    for each in left:
        assert each.transport
        each.transport.abort()
    assert not left, f'{len(left)} of {number} slow clients were not cut off within {patience:g} s'
    return [each.cut.result() for each in slow]


def be_slow(address: str, number: int, slowness: Slowness, patience: float = PATIENCE) -> list[float]:
    """Opens so many slow connections and keeps them until the gateway has cut off each; how many seconds each lasted."""
    return asyncio.run(_be_slow(address, number, slowness, patience))


# Bombs ----------------------------------------------------------------------------------------------------------------------


def _deflated(payload: bytes) -> bytes:
    """As the payload of a compressed message (RFC 7692, 7.2.1)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def _mebibyte(payload: bytes) -> list[bytes]:
    """Fragments of a message without end, a mebibyte of them in all."""
    piece = raw_http.frame(payload, opcode=0, fin=False)
    return [raw_http.frame(payload, fin=False), *([piece * 64] * ((1 << 20) // (len(piece) * 64)))]


BOMBS: dict[str, list[bytes]] = {
    'a message of 64 KiB and a byte': [raw_http.frame(b'x' * 65_537)],
    'a length of 2^63': [b'\x81\xff\x80' + bytes(7) + b'\1\2\3\4x'],
    'a length of 2^63 - 1': [b'\x81\xff\x7f' + b'\xff' * 7 + b'\1\2\3\4x'],
    '10 MB of zeros in 10 kB': [raw_http.frame(_deflated(bytes(10 << 20)), rsv=0x40)],
    'fragments of 1 KiB without end': _mebibyte(b'x' * 1024),
    'fragments of 1 byte without end': _mebibyte(b'x'),
}


@dataclass
class Bombed:
    """How a bomb ended; `code` is None if the connection broke before a close frame was read."""

    code: int | None
    seconds: float


def _close_code(data: bytes) -> int | None:
    """The code of the Close that a stream of unmasked frames ends with."""
    while len(data) >= 4:
        opcode, size, start = data[0] & 0x0F, data[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], 'big'), 4
        if opcode == 0x8 and len(data) >= start + 2:
            return int.from_bytes(data[start : start + 2], 'big')
        data = data[start + size :]
    return None


def drop_bomb(address: str, bomb: list[bytes]) -> Bombed:
    """Opens a WebSocket with compression and sends a bomb, without a credential, as anybody could."""
    with raw_http.open_socket(address, PATIENCE) as connection:
        connection.sendall(raw_http.handshake_bytes(address, {'Sec-WebSocket-Extensions': 'permessage-deflate'}))
        hello = raw_http.read_until(connection, timeout=PATIENCE, enough=b'session.hello')
        assert b'permessage-deflate' in hello.data and b'session.hello' in hello.data, hello
        began = time.monotonic()
        # It may be cut off while it still sends.
        with contextlib.suppress(ConnectionError):
            for piece in bomb:
                connection.sendall(piece)
        answer = raw_http.read_until(connection, timeout=PATIENCE, is_enough=_close_code)
        return Bombed(_close_code(answer.data), time.monotonic() - began)


# Handshakes -----------------------------------------------------------------------------------------------------------------


def _head(address: str, *lines: str, start: str = 'GET /ws/v1 HTTP/1.1') -> bytes:
    return '\r\n'.join([start, f'Host: {address}', *lines, '', '']).encode('latin-1')


def odd_handshakes(address: str) -> dict[str, bytes]:
    """What no client sends that means well. None may become a WebSocket, get two answers, or be left waiting."""
    good = raw_http.handshake_bytes(address)
    behind = f'GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n'.encode()
    post = 'POST /api/session HTTP/1.1'

    def but(**headers: str | None) -> bytes:
        return raw_http.handshake_bytes(address, {name.replace('_', '-'): value for name, value in headers.items()})

    def twice(line: str) -> bytes:
        return good[:-2] + line.encode() + b'\r\n\r\n'

    return {
        'Upgrade: foo': but(Upgrade='foo'),
        'Upgrade: h2c': but(Upgrade='h2c', Connection='Upgrade, HTTP2-Settings', HTTP2_Settings='AAMAAABkAARAAAAAAAIAAAAA'),
        "HTTP/2's first words": b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'two keys': twice('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='),
        'two hosts': twice('Host: other.example'),
        'two versions': twice('Sec-WebSocket-Version: 8'),
        'two upgrades': twice('Upgrade: h2c'),
        'no host': but(Host=None),
        '300 bytes of extensions': but(Sec_WebSocket_Extensions='permessage-deflate; ' + 'x' * 280),
        '17 kB of a header that is read': twice('Cookie: a=' + 'x' * 17_000),
        '25 kB of one that is not': twice('X-Filler: ' + 'x' * 25_000),
        '10,000 headers': good[:-2] + b'X-A: b\r\n' * 10_000 + b'\r\n',
        'a name of 100 kB': good[:-2] + b'x' * 100_000 + b': b\r\n\r\n',
        'a key of 5 kB': but(Sec_WebSocket_Key='A' * 5_000),
        'a path of 20 kB': good.replace(b'/ws/v1', b'/ws/v1?' + b'a' * 20_000),
        'a zero in the host': but(Host=f'{address}\0.evil.example'),
        'a length and chunks': _head(address, 'Content-Length: 4', 'Transfer-Encoding: chunked', start=post)
        + b'0\r\n\r\n'
        + behind,
        'chunks and a length': _head(address, 'Transfer-Encoding: chunked', 'Content-Length: 4', start=post)
        + b'0\r\n\r\n'
        + behind,
        'two lengths': _head(address, 'Content-Length: 5', f'Content-Length: {len(behind)}', start=post) + b'hello' + behind,
        'a length with a sign': _head(address, 'Content-Length: +5', start=post) + b'hello' + behind,
        'a length in hexadecimal': _head(address, 'Content-Length: 0x5', start=post) + b'hello' + behind,
        'two lengths in one': _head(address, 'Content-Length: 5, 5', start=post) + b'hello' + behind,
        'chunks behind a tabulator': _head(address, 'Transfer-Encoding:\tchunked', start=post) + b'0\r\n\r\n' + behind,
        'a handshake with a body': but(Content_Length=str(len(behind))) + behind,
        'HTTP/0.9': b'GET /ws/v1\r\n\r\n',
        'HTTP/1.0': good.replace(b'HTTP/1.1', b'HTTP/1.0'),
        'POST': good.replace(b'GET', b'POST'),
        'frames without a handshake': raw_http.frame(b'{"jsonrpc":"2.0"}') * 10,
        'a TLS hello': b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(200),
        'zeros': bytes(5_000),
    }


def send_oddly(address: str, data: bytes) -> raw_http.RawAnswer:
    """What is answered, and after how many seconds; a second answer would come at once behind the first."""
    with raw_http.open_socket(address, PATIENCE) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        first = raw_http.read_until(connection, timeout=PATIENCE, enough=b'\r\n\r\n')
        if first.closed:
            return first
        rest = raw_http.read_until(connection, timeout=0.3)
        return raw_http.RawAnswer(first.data + rest.data, rest.closed, first.seconds)


def fault_of(answer: raw_http.RawAnswer) -> str | None:
    """Why an answer to an odd handshake is wrong, None if it is a refusal or an end."""
    answers = answer.data.count(b'HTTP/1.')
    if answers > 1:
        return f'{answers} answers to one request'
    if answers == 0 and not answer.closed:
        return 'neither an answer nor an end'
    if answers == 1 and not 400 <= answer.status < 500:
        return f'an answer of {answer.status}'
    return None
