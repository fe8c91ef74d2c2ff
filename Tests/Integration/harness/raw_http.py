"""Bytes on a socket, for requests that no well-behaved client sends."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class RawAnswer:
    """What came back until the server closed or the time was over."""

    data: bytes
    closed: bool
    seconds: float

    @property
    def status(self) -> int:
        """The status code, 0 if the answer is none."""
        line = self.data.split(b'\r\n', 1)[0].split(b' ')
        return int(line[1]) if len(line) > 1 and line[0].startswith(b'HTTP/1.') and line[1].isdigit() else 0

    @property
    def headers(self) -> dict[str, str]:
        head = self.data.split(b'\r\n\r\n', 1)[0].decode('latin-1').split('\r\n')[1:]
        return {name.strip().lower(): value.strip() for name, _, value in (line.partition(':') for line in head)}


def open_socket(address: str, timeout: float = 5) -> socket.socket:
    host, _, port = address.rpartition(':')
    return socket.create_connection((host, int(port)), timeout)


def read_until(
    connection: socket.socket, *, timeout: float, enough: bytes | None = None, is_enough: Callable[[bytes], object] | None = None
) -> RawAnswer:
    """Reads until the peer closes, `enough` was seen, all that came `is_enough`, or the time is over."""
    started = time.monotonic()
    data, closed = b'', False
    while (left := started + timeout - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            break
        except ConnectionError:
            closed = True
            break
        if not piece:
            closed = True
            break
        data += piece
        if (enough is not None and enough in data) or (is_enough is not None and is_enough(data)):
            break
    return RawAnswer(data, closed, time.monotonic() - started)


def request(address: str, data: bytes, *, timeout: float = 5, until_closed: bool = False) -> RawAnswer:
    """Sends bytes and reads the head of the answer (or until the end)."""
    with open_socket(address) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        return read_until(connection, timeout=timeout, enough=None if until_closed else b'\r\n\r\n')


def handshake_bytes(address: str, headers: dict[str, str | None] | None = None, path: str = '/ws/v1') -> bytes:
    """A WebSocket handshake; a header of None leaves the standard one out."""
    standard: dict[str, str | None] = {
        'Host': address,
        'Upgrade': 'websocket',
        'Connection': 'Upgrade',
        'Sec-WebSocket-Key': base64.b64encode(os.urandom(16)).decode(),
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Protocol': 'celeriac.v1.json',
        **(headers or {}),
    }
    lines = [f'GET {path} HTTP/1.1'] + [f'{name}: {value}' for name, value in standard.items() if value is not None]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')


def websocket_handshake(
    address: str, headers: dict[str, str | None] | None = None, *, path: str = '/ws/v1', timeout: float = 5
) -> RawAnswer:
    return request(address, handshake_bytes(address, headers, path), timeout=timeout)


def frame(payload: bytes, opcode: int = 1, *, masked: bool = True, fin: bool = True, rsv: int = 0) -> bytes:
    """One WebSocket frame of a client."""
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + len(payload).to_bytes(2, 'big')
    else:
        head += bytes([bit | 127]) + len(payload).to_bytes(8, 'big')
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
