"""Compressed frames (RFC 7692) as two independent clients read them: `websockets` and `wsproto`. Chromium: `Tests/Browser/test_compressed.py`.

The bytes themselves are the subject of `DeflateTests` (Swift); here it is that others agree with us on them.
"""

from __future__ import annotations

import asyncio
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import SUBPROTOCOL, GatewayClient
from harness.events import event, task_events
from harness.frame_judge import FrameJudge
from harness.relay import Relay
from harness.stack import Stack, unique
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, RejectConnection, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

ROWS = 60


class Meter:
    """Counts what a relay passes from the server."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, data: bytes) -> bytes:
        self.bytes += len(data)
        return data


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    redis = stack.redis()
    for number in range(ROWS):
        task = f'deflate-{number:03}'
        args = f"('{'äß' * 40}', {number})"
        redis.publish(*task_events(event('task-received', uuid=task, root_id=task, name='deflate.me', args=args, kwargs='{}')))
    yield stack
    stack.stop()


@pytest.fixture
def metered(stack: Stack) -> Iterator[tuple[str, Meter]]:
    meter = Meter()
    relay = Relay(int(stack.running_gateway.address.rsplit(':', 1)[1]), meter)
    yield f'ws://127.0.0.1:{relay.port}/ws/v1', meter
    relay.stop()


def window(rows: int = 50) -> dict[str, Any]:
    return {'sub': 1, 'topic': 'tasks', 'order': ['seen', 'desc'], 'limit': rows, 'mode': 'follow'}


def ids(message: dict[str, Any]) -> list[str]:
    params = message['params']
    return [row[params['cols'].index('id')] for row in params['rows']]


def start(token: str) -> dict[str, Any]:
    return {
        'jsonrpc': '2.0',
        'id': 1,
        'method': 'session.start',
        'params': {
            'proto': {'major': 1, 'minor': 0},
            'auth': {'kind': 'bearer', 'token': token},
            'client': {'name': 'other', 'version': '1'},
        },
    }


class Other:
    """A client on `wsproto`: it has no sockets of its own, so what comes and goes is plain to see."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=10)
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.deflate = PerMessageDeflate()
        self.texts: list[str] = []
        self.judge = FrameJudge()
        self._part = ''
        request = Request(host='127.0.0.1', target='/ws/v1', subprotocols=[SUBPROTOCOL], extensions=[self.deflate])
        self.socket.sendall(self.protocol.send(request))

    def send(self, message: dict[str, Any], filler: int = 0) -> None:
        self.judge.sent(message)
        self.socket.sendall(self.protocol.send(TextMessage(json.dumps(message) + ' ' * filler)))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> tuple[dict[str, Any], int]:
        """The next message that is wanted, and the bytes of its text."""
        while True:
            while self.texts:
                text = self.texts.pop(0)
                message: dict[str, Any] = json.loads(text)
                if wanted(message):
                    return message, len(text.encode())
            self._receive()

    def _receive(self) -> None:
        self.protocol.receive_data(self.socket.recv(65_536))
        for told in self.protocol.events():
            assert not isinstance(told, CloseConnection | RejectConnection), told
            if isinstance(told, TextMessage):
                self._part += told.data
                if told.message_finished:
                    self.judge.received_text(self._part)
                    self.texts.append(self._part)
                    self._part = ''


@pytest.mark.parametrize('compression', ['deflate', None])
async def test_websockets_reads_the_same_rows_with_and_without(
    stack: Stack, metered: tuple[str, Meter], compression: str | None
) -> None:
    url, meter = metered
    wanted = stack.running_gateway.token('operator', unique('deflate'))
    async with GatewayClient.connect(url, wanted, compression=compression) as client:
        extensions = client.socket.protocol.extensions
        assert [each.name for each in extensions] == (['permessage-deflate'] if compression else [])
        before = meter.bytes
        table = await client.view('tasks', order=['seen', 'desc'], limit=50, mode='follow')
        await client.until(lambda: len(table) == 50, 10, 'fifty rows')
        text = sum(len(json.dumps(f.message, ensure_ascii=False).encode()) for f in client.frames if not f.sent)
        carried = meter.bytes - before
        # All args say the same: deflate makes very little of them.
        assert carried < text / 4 if compression else carried > text / 2
        assert {row['id'] for row in table} == {f'deflate-{number:03}' for number in range(ROWS - 50, ROWS)}
        assert client.violations == []


def test_wsproto_reads_the_same_rows_and_its_own_messages_are_understood(stack: Stack, metered: tuple[str, Meter]) -> None:
    url, meter = metered
    client = Other(int(url.rsplit(':', 1)[1].split('/')[0]))
    client.until(lambda message: message.get('method') == 'session.hello')
    assert client.deflate.enabled()
    before = meter.bytes
    client.send(start(stack.running_gateway.token('operator', unique('deflate'))))
    client.send({'jsonrpc': '2.0', 'id': 2, 'method': 'view.open', 'params': window()})
    message, size = client.until(lambda message: message.get('method') == 'view.snap')
    assert ids(message)[0] == f'deflate-{ROWS - 1:03}' and len(ids(message)) == 50
    assert meter.bytes - before < size / 4
    # Long messages of the client, one after the other: each is compressed by itself.
    for number in range(3):
        client.send({'jsonrpc': '2.0', 'id': 10 + number, 'method': 'sub.close', 'params': {'sub': 1}}, filler=3_000)
        answer, _ = client.until(lambda message, number=number: message.get('id') == 10 + number)  # type: ignore[misc]
        assert ('result' in answer) == (number == 0)
    client.socket.close()


async def test_answers_that_may_hold_secrets_are_never_compressed(stack: Stack) -> None:
    """By the bytes: an answer of more than 1 KiB to a client that takes compressed frames has no RSV1."""
    gateway = stack.running_gateway
    token = gateway.token('operator', unique('deflate'))
    host, port = gateway.address.rsplit(':', 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f'GET /ws/v1 HTTP/1.1\r\nHost: {gateway.address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
        f'Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'.encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 10)
    assert b'permessage-deflate; server_no_context_takeover; client_no_context_takeover' in head

    judge = FrameJudge()

    def send(message: dict[str, Any]) -> None:
        judge.sent(message)
        data = json.dumps(message).encode()
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b'\xfe' + len(data).to_bytes(2, 'big')
        writer.write(b'\x81' + length + bytes(4) + data)

    send(start(token))
    send({'jsonrpc': '2.0', 'id': 2, 'method': 'view.open', 'params': window()})
    send({'jsonrpc': '2.0', 'id': 3, 'method': 'query', 'params': {'topic': 'tasks', 'limit': 50}})
    kinds: dict[str, int] = {}
    while len(kinds) < 5:
        first, length = await asyncio.wait_for(reader.readexactly(2), 10)
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), 'big')
        payload = await reader.readexactly(length)
        if first & 0x40:
            payload = zlib.decompressobj(wbits=-15).decompress(payload + b'\x00\x00\xff\xff')
        assert first & 0x0F == 1, (first, payload)
        judge.received_text(payload.decode())
        message = json.loads(payload)
        name = message.get('method') or f'answer {message["id"]}'
        kinds[name] = first
    writer.close()
    assert kinds.pop('view.snap') == 0xC1
    assert set(kinds.values()) == {0x81}, kinds
