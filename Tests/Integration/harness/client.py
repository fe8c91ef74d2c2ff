"""A client of the gateway's WebSocket protocol, for tests, demo and measurements.

async with GatewayClient.connect(url, token) as client:
    workers = await client.subscribe('workers')
    await client.until(lambda: len(workers) == 4, 10, 'four workers')
    row = await client.command('task.run', {'task': 'math.add', 'args': [1, 2]})
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket_connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .event_reader import EventReader
from .frame_judge import FrameJudge
from .rows import ProtocolError, Row, Table

SUBPROTOCOL = 'celeriac.v1.json'
TERMINAL = frozenset({'confirmed', 'partial', 'rejected', 'failed', 'unknown'})
ACK_INTERVAL = 0.1
"""Acknowledge at most ten times a second (R45)."""
MOST_ACKS = 64

T = TypeVar('T')


class RpcError(Exception):
    """The server answered a request with an error."""

    def __init__(self, method: str, error: Row) -> None:
        self.code: int = error.get('code', 0)
        self.message: str = error.get('message', '')
        self.data: Row = error.get('data') or {}
        super().__init__(f'{method}: {self.code} {self.message} {self.data}')


@dataclass
class Frame:
    """One recorded message. `at` is the client's monotonic clock in seconds."""

    at: float
    sent: bool
    message: Row


class GatewayClient:
    """One session. All frames are kept in `frames`; what breaks the protocol is kept in `violations` and fails every wait."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.violations: list[str] = []
        self.tables: dict[int, Table] = {}
        self.readers: dict[int, EventReader] = {}
        self.hello: Row = {}
        self.session: Row = {}
        self.heartbeats: list[Row] = []
        self.bye: Row | None = None
        self.closed = asyncio.Event()
        self.auto_ack = True
        self._pending: dict[Any, tuple[str, asyncio.Future[Any]]] = {}
        self._judge = FrameJudge()
        self._changed = asyncio.Event()
        self._next_id = 0
        self._next_sub = 0
        self._unacked: dict[tuple[int, int], int] = {}
        self._last_ack = 0.0
        self._ack_task: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None

    # Opening and closing ----------------------------------------------------------------------------------------------------

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(
        cls,
        url: str,
        token: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        origin: str | None = None,
        auth: Row | None = None,
        resume: str | None = None,
        instance: str | None = None,
        start: bool = True,
        compression: str | None = 'deflate',
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[GatewayClient]:
        """Opens a session: `token` goes as a bearer in the first frame. `start=False` stops after the server's hello."""
        async with websocket_connect(
            url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers=headers,
            origin=origin,  # type: ignore[arg-type]
            compression=compression,
            ssl=tls,
            max_size=1 << 20,
            open_timeout=20,
            close_timeout=2,
            ping_interval=None,
            proxy=None,
        ) as socket:
            client = cls(socket)
            try:
                await client._await_hello()
                client._reader = asyncio.create_task(client._read())
                if start:
                    await client.start(
                        auth or ({'kind': 'bearer', 'token': token} if token else None), resume=resume, instance=instance
                    )
                yield client
            finally:
                await client._shut()

    async def _await_hello(self) -> None:
        message = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
        self._record(message, sent=False)
        if message.get('method') != 'session.hello':
            raise ProtocolError(f'the first frame is not session.hello: {message}')
        self.hello = message['params']

    async def start(self, auth: Row | None = None, *, resume: str | None = None, instance: str | None = None) -> Row:
        """Sends session.start and keeps its answer in `session`."""
        params: Row = {'proto': {'major': 1, 'minor': 0}, 'client': {'name': 'harness', 'version': '1'}}
        if instance is not None:
            params['client']['instance'] = instance
        if auth is not None:
            params['auth'] = auth
        if resume is not None:
            params['resume'] = resume
        self.session = await self.call('session.start', params)
        return self.session

    async def _shut(self) -> None:
        for task in (self._reader, self._ack_task):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        for _, future in self._pending.values():
            future.cancel()
        if self.violations:
            raise ProtocolError('; '.join(self.violations))

    # Requests ---------------------------------------------------------------------------------------------------------------

    async def call(self, method: str, params: Row | None = None, timeout: float = 15, *, is_wrong: bool = False) -> Any:
        """One request and its answer; RpcError if the server refuses."""
        self._next_id += 1
        request = self._next_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[request] = (method, future)
        try:
            await self.send({'jsonrpc': '2.0', 'id': request, 'method': method, 'params': params or {}}, is_wrong=is_wrong)
            return await asyncio.wait_for(future, timeout)
        except TimeoutError:
            raise ProtocolError(f'no answer to {method} within {timeout:g} s') from None
        finally:
            self._pending.pop(request, None)

    async def send(self, message: Any, *, is_wrong: bool = False) -> None:
        """Sends any JSON; what is not in the contract must be wrong on purpose."""
        self._record(message, sent=True, is_wrong=is_wrong)
        await self.socket.send(json.dumps(message))

    async def subscribe(self, topic: str, *, timeout: float = 15, **options: Any) -> Table:
        """Opens a whole topic and waits for the end of its snapshot. Options: where, since, maxHz, is_wrong."""
        return await self._open('sub.open', topic, timeout, options)

    async def view(self, topic: str = 'tasks', *, timeout: float = 15, **options: Any) -> Table:
        """Opens a window. Options: where, order, limit, after, mode, maxHz, is_wrong."""
        return await self._open('view.open', topic, timeout, {'limit': 50, **options})

    async def _open(self, method: str, topic: str, timeout: float, options: Row) -> Table:
        self._next_sub += 1
        table = Table(self._next_sub, topic)
        self.tables[table.sub] = table
        since = options.get('since')
        is_wrong = options.pop('is_wrong', False)
        base: Table | None = options.pop('base', None)
        if base is not None and since:
            # Resume: the client still has the rows of an earlier subscription.
            table.rows = {handle: dict(row) for handle, row in base.rows.items()}
            table.rev, table.epoch = since['rev'], since['epoch']
        try:
            answer = await self.call(method, {'sub': table.sub, 'topic': topic, **options}, timeout, is_wrong=is_wrong)
        except RpcError:
            del self.tables[table.sub]
            raise
        if isinstance(answer, dict) and answer.get('mode') == 'snapshot' and table.snapshots == 0:
            # The reader may have applied the snapshot before this coroutine runs again: then there is nothing to forget.
            table.rows.clear()
            table.rev = -1
        await self.until(lambda: table.live, timeout, f'the first rows of {topic}')
        return table

    async def events(self, *, reader: EventReader | None = None, **options: Any) -> EventReader:
        """Reads the event log: options are those of events.open. With `reader`, goes on where that one was."""
        self._next_sub += 1
        sub = self._next_sub
        opened = EventReader(sub) if reader is None else reader.again(sub)
        if reader is not None:
            options = {'after': reader.position, **options}
        self.readers[sub] = opened
        try:
            opened.begin(await self.call('events.open', {'sub': sub, **options}))
        except RpcError:
            del self.readers[sub]
            raise
        return opened

    async def close_subscription(self, table: Table, method: str = 'sub.close') -> None:
        await self.call(method, {'sub': table.sub})
        self.tables.pop(table.sub, None)

    # Commands ---------------------------------------------------------------------------------------------------------------

    async def submit(
        self,
        cmd: str,
        args: Row,
        *,
        key: str | None = None,
        expect: Row | None = None,
        deadline_ms: int | None = None,
        is_wrong: bool = False,
    ) -> Row:
        """Step 1 of a command: the server's answer {command, state, duplicate}."""
        params: Row = {'cmd': cmd, 'args': args, 'key': key or str(uuid.uuid4())}
        if expect is not None:
            params['expect'] = expect
        if deadline_ms is not None:
            params['deadlineMs'] = deadline_ms
        answer = await self.call('cmd.submit', params, is_wrong=is_wrong)
        assert isinstance(answer, dict)
        return answer

    async def command(self, cmd: str, args: Row, *, timeout: float = 30, **options: Any) -> Row:
        """Submits and waits until the command's row is in a final state; gives that row."""
        table = next((t for t in self.tables.values() if t.topic == 'commands'), None) or await self.subscribe('commands')
        handle = (await self.submit(cmd, args, **options))['command']
        return await self.until(
            lambda: row if (row := table.rows.get(handle)) and row.get('state') in TERMINAL else None,
            timeout,
            lambda: f'the end of {cmd} {args}; its row is {table.rows.get(handle)}',
        )

    # Waiting ----------------------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], T | None], timeout: float, what: str | Callable[[], str]) -> T:
        """Waits for frames until the condition is true; fails on a broken protocol and at the end of the connection."""
        deadline = time.monotonic() + timeout
        while True:
            self._changed.clear()
            if self.violations:
                raise ProtocolError('; '.join(self.violations))
            if answer := condition():
                return answer
            left = deadline - time.monotonic()
            said = what if isinstance(what, str) else what()
            if self.closed.is_set():
                raise ProtocolError(f'the connection ended ({self.close_code} {self.socket.close_reason}) before {said}')
            if left <= 0:
                raise ProtocolError(f'waited {timeout:g} s in vain for {said}')
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), min(left, 0.5))

    async def wait_closed(self, timeout: float = 15) -> int | None:
        """Waits for the end of the connection and gives its close code (None or 1006: without a close frame)."""
        await asyncio.wait_for(self.closed.wait(), timeout)
        return self.close_code

    @property
    def close_code(self) -> int | None:
        return self.socket.close_code

    # Receiving --------------------------------------------------------------------------------------------------------------

    def _record(self, message: Any, *, sent: bool, is_wrong: bool = False) -> None:
        """Keeps a frame, and holds it against the published contract."""
        self.frames.append(Frame(time.monotonic(), sent, message))
        problem = self._judge.sent(message, is_wrong=is_wrong) if sent else self._judge.received(message)
        if problem is not None:
            raise ProtocolError(f'not in the contract: {problem}')

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                try:
                    self._receive(json.loads(text))
                except (ProtocolError, KeyError, TypeError, ValueError) as problem:
                    self.violations.append(f'{type(problem).__name__}: {problem} in {str(text)[:400]}')
                self._changed.set()
        except ConnectionClosed:
            pass
        finally:
            self.closed.set()
            self._changed.set()
            for method, future in self._pending.values():
                if not future.done():
                    future.set_exception(ProtocolError(f'the connection ended ({self.close_code}) before the answer to {method}'))

    def _receive(self, message: Row) -> None:
        self._record(message, sent=False)
        if 'method' not in message:
            self._answer(message)
            return
        method, params = message['method'], message.get('params') or {}
        if 'id' in message:
            raise ProtocolError('the server sent a request')
        match method:
            case 'session.hb':
                self.heartbeats.append(params)
                self._acknowledge(force=True)
            case 'session.bye':
                self.bye = params
            case 'events.batch' | 'events.gap' if params['sub'] in self.readers:
                reader = self.readers[params['sub']]
                self._unacked[reader.sub, reader.apply(method, params)] = 0
                self._acknowledge()
            case _ if 'sub' in params:
                table = self.tables.get(params['sub'])
                if table is not None:
                    table.apply(method, params)
                    if method != 'sub.reset':
                        # An entry acknowledges the parts of a series up to the named one.
                        revision = params['at'] if 'at' in params else params['to']
                        self._unacked[table.sub, revision] = params.get('part', 0)
                        self._acknowledge()
            case _:
                # Unknown notifications are ignored (R9): additive change is allowed.
                pass

    def _answer(self, message: Row) -> None:
        if (message.get('id')) is None:
            return
        method, future = self._pending.get(message['id'], ('', None))
        if future is None or future.done():
            return
        if 'error' in message:
            future.set_exception(RpcError(method, message['error']))
        else:
            future.set_result(message.get('result'))

    def _acknowledge(self, *, force: bool = False) -> None:
        if self.auto_ack and (self._ack_task is None or self._ack_task.done()):
            self._ack_task = asyncio.create_task(self._send_ack(force))

    async def _send_ack(self, force: bool) -> None:
        # What comes while this task sends has no task of its own.
        while force or self._unacked:
            await asyncio.sleep(max(0.0, self._last_ack + ACK_INTERVAL - time.monotonic()))
            acks = [[sub, rev, part] for (sub, rev), part in self._unacked.items()][:MOST_ACKS]
            force = False
            self._last_ack = time.monotonic()
            for sub, rev, _ in acks:
                del self._unacked[sub, rev]
            with contextlib.suppress(ConnectionClosed):
                await self.send({'jsonrpc': '2.0', 'method': 'sub.ack', 'params': {'acks': acks}})
