"""Many WebSocket clients that do little: they sign in, keep their session alive, and leave when they are told to.

Raw sockets and no library: ten thousand of them fit into one process. `GatewayClient` is the client that checks the protocol.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import ssl
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import SUBPROTOCOL
from .frame_judge import FrameJudge
from .rows import Table

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
MOST_JUDGED = 1_000
"""Of a larger crowd, so many clients are held against the contract: the others are told the same."""


def masked(opcode: int, payload: bytes) -> bytes:
    """A frame of a client (RFC 6455 5.2). The mask is zero: legal, and the payload stays readable."""
    size = len(payload)
    head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else bytes([0x80 | opcode, 0xFE]) + struct.pack('>H', size)
    return head + b'\0\0\0\0' + payload


class BusyError(ConnectionRefusedError):
    """The gateway answered 503: it wants nobody more for now."""


@dataclass
class Leave:
    """How one client was let go. Times are the loop's clock in seconds."""

    bye_at: float = 0.0
    retry_after: int = -1
    code: int = 1006
    """1006 if the connection ended without a close frame."""
    closed_at: float = 0.0


class Member(asyncio.Protocol):
    """One client, which subscribes to the topics that it `opens`.

    `started` is done once `session.start` was answered and all their first snapshots are here, `left` once the connection is over.
    """

    def __init__(
        self,
        host: str,
        token: str,
        *,
        answers_close: bool = True,
        opens: Sequence[str] = (),
        inflates: bool = False,
        judged: bool = True,
        stays: bool = False,
        max_hz: float | None = None,
    ) -> None:
        self.host = host
        self.judge = FrameJudge() if judged else None
        self.inflates = inflates
        self.stays = stays
        """Whether it stays when it is refused something."""
        self.token = token
        self.answers_close = answers_close
        self.asked = {} if max_hz is None else {'maxHz': max_hz}
        self.tables = {number: Table(number, topic) for number, topic in enumerate(opens, 1)}
        loop = asyncio.get_running_loop()
        # Before any TLS, whose handshake is a part of what one waits for.
        self.connected_at, self.upgraded_at = loop.time(), 0.0
        self.inflated = 0
        """Compressed messages that came."""
        self.started: asyncio.Future[None] = loop.create_future()
        # Whoever waits gets the exception; if nobody does, the connection's end says it all.
        self.started.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.left: asyncio.Future[Leave] = loop.create_future()
        self.leave = Leave()
        self._buffer = b''
        self._acks: list[list[int]] = []
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n' if self.inflates else ''
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f'GET /ws/v1 HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
            f'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n{offer}\r\n',
        )
        transport.write(''.join(lines).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b'\r\n\r\n')
            if not end:
                return
            if not head.startswith(b'HTTP/1.1 101'):
                line = head.split(b'\r\n')[0].decode(errors='replace')
                self._fail(BusyError(line) if ' 503 ' in line else ConnectionRefusedError(line))
                return
            self._upgraded, self._buffer = True, rest
            self.upgraded_at = asyncio.get_running_loop().time()
        while (frame := self._next_frame()) is not None:
            self._take(*frame)
        if self._acks:
            self._request('sub.ack', {'acks': self._acks}, {})
            self._acks = []

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, start = struct.unpack('>H', buffer[2:4])[0], 4
        elif size == 127:
            if len(buffer) < 10:
                return None
            size, start = struct.unpack('>Q', buffer[2:10])[0], 10
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        payload = buffer[start : start + size]
        if buffer[0] & 0x40:
            # RSV1: compressed, each message by itself (RFC 7692, 7.2.2).
            payload = zlib.decompressobj(-15).decompress(payload + b'\0\0\xff\xff')
            self.inflated += 1
        return buffer[0] & 0x0F, payload

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._text(payload)
        elif opcode == PING:
            self.write(PONG, payload)
        elif opcode == CLOSE:
            self.leave.code = struct.unpack('>H', payload[:2])[0] if len(payload) >= 2 else 1005
            if self.answers_close:
                self.write(CLOSE, payload[:2])

    def _text(self, payload: bytes) -> None:
        if self.judge:
            self.judge.received_text(payload.decode())
        if b'"session.hb"' in payload:
            self._request('sub.ack', {'acks': []}, {})
        elif b'"session.hello"' in payload:
            self._request('session.start', {'proto': {'major': 1}, 'auth': {'kind': 'bearer', 'token': self.token}})
        elif b'"session.bye"' in payload:
            self.leave.bye_at = asyncio.get_running_loop().time()
            self.leave.retry_after = json.loads(payload)['params'].get('retryAfterMs', -1)
        elif b'"method"' in payload:
            self._rows(json.loads(payload))
        elif b'"error"' in payload:
            if not self.stays or not self.started.done():
                self._fail(ConnectionRefusedError(payload[:200].decode(errors='replace')))
        elif b'"session"' in payload:
            for table in self.tables.values():
                self._request('sub.open', {'sub': table.sub, 'topic': table.topic, **self.asked}, {'id': 1 + table.sub})
            self._check_started()

    def _rows(self, message: dict[str, Any]) -> None:
        params = message['params']
        table = self.tables.get(params.get('sub', 0))
        if table is None:
            return
        table.apply(message['method'], params)
        if message['method'] != 'sub.reset':
            self._acks.append([table.sub, params['at'] if 'at' in params else params['to'], params.get('part', 0)])
        self._check_started()

    def _check_started(self) -> None:
        if not self.started.done() and all(table.live for table in self.tables.values()):
            self.started.set_result(None)

    def _request(self, method: str, params: dict[str, Any], extra: dict[str, Any] | None = None) -> None:
        message = {'jsonrpc': '2.0', **({'id': 1} if extra is None else extra), 'method': method, 'params': params}
        if self.judge:
            self.judge.sent(message)
        self.write(TEXT, json.dumps(message).encode())

    def write(self, opcode: int, payload: bytes) -> None:
        """Sends a frame, whatever is in it."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(masked(opcode, payload))

    def _fail(self, error: Exception) -> None:
        if not self.started.done():
            self.started.set_exception(error)
        if self._transport:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.leave.closed_at = asyncio.get_running_loop().time()
        if not self.started.done():
            self.started.set_exception(exc or ConnectionResetError('the connection ended before session.start was answered'))
        if not self.left.done():
            self.left.set_result(self.leave)

    def close(self) -> None:
        """Says goodbye; the gateway ends the connection."""
        self.write(CLOSE, struct.pack('>H', 1000))

    def stop_reading(self) -> None:
        """Reads and says nothing more, but stays."""
        assert self._transport
        self._transport.pause_reading()

    @property
    def port(self) -> int:
        """Of our end."""
        assert self._transport
        return int(self._transport.get_extra_info('sockname')[1])

    def read_on(self) -> None:
        assert self._transport
        self._transport.resume_reading()

    def abort(self) -> None:
        """Ends the connection without a word."""
        if self._transport:
            self._transport.abort()


async def join(
    host: str, port: int, token: str, *, patience: float = 60, tls: ssl.SSLContext | None = None, **options: Any
) -> Member:
    """Connects one client and waits until it is live; comes again after a while if the gateway is busy. Options: `Member`'s."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        _, member = await loop.create_connection(lambda: Member(f'{host}:{port}', token, **options), host, port, ssl=tls)
        try:
            await member.started
        except BusyError:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(1 + random.random() * 4)
        else:
            return member


async def come_back(host: str, port: int, token: str, *, patience: float = 60, **options: Any) -> Member:
    """Connects as a client does whose gateway is gone (R56): again and again, also while nobody listens. Options: those of `join`.

    Before the first attempt a caller waits by itself.
    """
    loop = asyncio.get_running_loop()
    deadline, spread = loop.time() + patience, 0.5
    while True:
        try:
            return await join(host, port, token, patience=max(0.0, deadline - loop.time()), **options)
        except (ConnectionError, ssl.SSLError) as problem:
            # One without a number is an answer of the gateway: it does not want us.
            is_refused = isinstance(problem, ConnectionRefusedError) and problem.errno is None
            if is_refused or loop.time() > deadline:
                raise
        await asyncio.sleep(spread * random.random())
        spread = min(30.0, spread * 2)


async def gather_crowd(
    host: str, port: int, tokens: list[str], number: int, *, at_once: int = 50, **options: Any
) -> list[Member]:
    """Connects many clients, so many at a time. Options: those of `join`."""
    gate = asyncio.Semaphore(at_once)
    every = -(-number // MOST_JUDGED)

    async def one(index: int) -> Member:
        async with gate:
            return await join(host, port, tokens[index % len(tokens)], judged=index % every == 0, **options)

    return list(await asyncio.gather(*(one(index) for index in range(number))))


@dataclass
class LoopWatch:
    """How long this process itself did not look: moments of events cannot be known better than that."""

    longest: float = 0.0
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    async def __aenter__(self) -> LoopWatch:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(0.01)
            now = loop.time()
            self.longest = max(self.longest, now - last - 0.01)
            last = now


def busiest_second(moments: list[float]) -> int:
    """The most moments in any second, wherever it begins."""
    ordered = sorted(moments)
    most = first = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def differences(members: list[Member], truth: dict[str, Table], restless: frozenset[str] = frozenset({'statsAt'})) -> list[str]:
    """What members have otherwise than the tables of a client that came later, but for fields that follow the clock."""

    def content(table: Table) -> dict[str, dict[str, Any]]:
        return {key: {name: row[name] for name in row if name not in restless} for key, row in table.by_id().items()}

    wanted = {topic: content(table) for topic, table in truth.items()}
    return [
        f'client {number}, {table.topic}: revision {table.rev}, {len(table)} rows of {len(wanted[table.topic])}'
        for number, member in enumerate(members)
        for table in member.tables.values()
        if content(table) != wanted[table.topic]
    ]


def codes(leaves: list[Leave]) -> Counter[int]:
    """How many connections ended with which code."""
    return Counter(leave.code for leave in leaves)
