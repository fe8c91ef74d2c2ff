"""Fan-out with picows, as its documentation shows it. Whoever sends a message is the publisher and gets none."""

from __future__ import annotations

import asyncio
import sys

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

subscribers: set[WSTransport] = set()


class Listener(WSListener):  # type: ignore[misc]  # it is in .venv-bench, where mypy does not look
    def on_ws_connected(self, transport: WSTransport) -> None:
        subscribers.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        subscribers.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        subscribers.discard(transport)
        message = frame.get_payload_as_bytes()
        for subscriber in subscribers:
            subscriber.send(WSMsgType.TEXT, message)


def listener(request: WSUpgradeRequest) -> Listener:
    return Listener()


async def main(port: int) -> None:
    server = await ws_create_server(listener, '127.0.0.1', port, backlog=4096)
    print('listening', flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
