"""A WebSocket on which a test says exactly what it wants to; what comes and goes is held against the contract."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket_connect
from websockets.typing import Subprotocol

from .client import SUBPROTOCOL
from .frame_judge import FrameJudge
from .rows import Row

PATIENCE = 20.0
"""Seconds that a frame may take."""


class RawSession:
    """One connection. It answers nothing by itself."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.judge = FrameJudge()

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, url: str, token: str | None = None) -> AsyncIterator[RawSession]:
        """Connects and hears the hello; with `token`, the session has begun."""
        async with websocket_connect(
            url, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None, ping_interval=None, close_timeout=2
        ) as socket:
            session = cls(socket)
            await session.hear()
            if token is not None:
                params = {'proto': {'major': 1, 'minor': 0}, 'auth': {'kind': 'bearer', 'token': token}}
                await session.say({'jsonrpc': '2.0', 'id': 'start', 'method': 'session.start', 'params': params})
                answer = await session.answer()
                assert 'result' in answer, answer
            yield session

    async def say(self, frame: Any, *, is_wrong: bool = False) -> None:
        """Sends any JSON."""
        self.judge.sent(frame, is_wrong=is_wrong)
        await self.socket.send(json.dumps(frame))

    async def say_wrong(self, message: str | bytes) -> None:
        """Sends what need not be JSON."""
        if isinstance(message, str):
            self.judge.sent_text(message, is_wrong=True)
        await self.socket.send(message)

    async def burst(self, frames: Sequence[Row], *, is_wrong: bool = False) -> None:
        """Sends all frames in one write, so that the gateway reads them together."""
        for frame in frames:
            self.judge.sent(frame, is_wrong=is_wrong)
            self.socket.protocol.send_text(json.dumps(frame).encode())
        self.socket.transport.write(b''.join(self.socket.protocol.data_to_send()))

    async def hear(self) -> Row:
        """The next frame."""
        text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        assert isinstance(text, str), text
        self.judge.received_text(text)
        frame = json.loads(text)
        assert isinstance(frame, dict)
        return frame

    async def answer(self) -> Row:
        """The next frame that is no notification."""
        while 'method' in (frame := await self.hear()):
            pass
        return frame

    async def close_code(self) -> int | None:
        """Waits for the gateway to close, and gives the code."""
        await asyncio.wait_for(self.socket.wait_closed(), PATIENCE)
        return self.socket.close_code
