"""Fan-out with `websockets`, as its documentation shows it. Whoever sends a message is the publisher and gets none."""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

subscribers: set[ServerConnection] = set()


async def handle(socket: ServerConnection) -> None:
    subscribers.add(socket)
    try:
        async for message in socket:
            subscribers.discard(socket)
            broadcast(subscribers, message)
    finally:
        subscribers.discard(socket)


async def main(port: int) -> None:
    async with serve(handle, '127.0.0.1', port, compression=None, ping_interval=None, backlog=4096):
        print('listening', flush=True)
        await asyncio.Future()


asyncio.run(main(int(sys.argv[1])))
