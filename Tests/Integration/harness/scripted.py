"""A gateway that plays a script: what it says is decided by a file, so that clients meet frames no real gateway sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .client import SUBPROTOCOL
from .frame_judge import FrameJudge

Play = Callable[['ScriptedSession'], Awaitable[None]]

HELLO = {
    'server': 'scripted',
    'proto': {'major': 1, 'minor': 0},
    'features': ['views', 'ack', 'query', 'events'],
    'nonce': 'n',
    'deadlineMs': 5000,
    'limits': {'frame': 65536, 'subs': 32, 'inflight': 32, 'ratePerS': 20},
}
WELCOME = {
    'session': 's',
    'who': {'sub': 'x', 'name': 'x', 'role': 'bot'},
    'epoch': 'k3V9',
    'rev': 100,
    'tick': 250,
    'hb': {'idleMs': 15000, 'ackTimeoutMs': 10000},
    'now': 1764000000000,
    'resumed': False,
}


class ScriptedSession:
    """One connection, seen from the gateway. What the client says is held against the contract."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.judge = FrameJudge()

    async def say(self, frame: Any) -> None:
        """Sends a frame of a script: any JSON, or `{"text": …}` and `{"binary": hex}` as they are."""
        if isinstance(frame, dict) and set(frame) == {'text'}:
            await self.socket.send(frame['text'])
        elif isinstance(frame, dict) and set(frame) == {'binary'}:
            await self.socket.send(bytes.fromhex(frame['binary']))
        else:
            await self.socket.send(json.dumps(frame))

    async def grant(self, method: str, result: dict[str, Any]) -> dict[str, Any]:
        """Waits for a request, answers it, and gives its params."""
        while True:
            frame = self._heard(await self.socket.recv())
            if frame.get('method') == method:
                await self.say({'jsonrpc': '2.0', 'id': frame['id'], 'result': result})
                params = frame['params']
                assert isinstance(params, dict)
                return params

    async def greet(self) -> None:
        """Hello, and the answer to session.start."""
        await self.say({'jsonrpc': '2.0', 'method': 'session.hello', 'params': HELLO})
        await self.grant('session.start', WELCOME)

    async def listen(self) -> None:
        """Hears the client out until it goes."""
        async for text in self.socket:
            self._heard(text)

    def _heard(self, text: str | bytes) -> Any:
        frame = json.loads(text)
        self.judge.sent(frame)
        return frame


@contextlib.asynccontextmanager
async def scripted_gateway(play: Play) -> AsyncIterator[str]:
    """Serves every connection by the script; gives the address, `http://…`."""

    async def connected(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            session = ScriptedSession(socket)
            await session.greet()
            await play(session)

    async with serve(connected, '127.0.0.1', 0, subprotocols=[Subprotocol(SUBPROTOCOL)], ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f'http://127.0.0.1:{port}'
        await asyncio.sleep(0)
