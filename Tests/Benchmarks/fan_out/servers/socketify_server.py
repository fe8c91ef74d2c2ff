"""Fan-out with uWebSockets, through its binding for Python: topics and sending are in C++. Whoever sends a message is the publisher and gets none."""

from __future__ import annotations

import sys

from socketify import App, AppListenOptions, OpCode, WebSocket

TOPIC = 'bench'
publishers: set[WebSocket] = set()
app = App()


def opened(socket: WebSocket) -> None:
    socket.subscribe(TOPIC)


def said(socket: WebSocket, message: str | bytes, opcode: OpCode) -> None:
    if opcode != OpCode.TEXT:
        return
    if socket not in publishers:
        publishers.add(socket)
        socket.unsubscribe(TOPIC)
    app.publish(TOPIC, message, OpCode.TEXT)


# What would be more than this behind for one subscriber is dropped, which the load client would notice.
app.ws(
    '/*',
    {
        'open': opened,
        'message': said,
        'max_payload_length': 1 << 16,
        'max_backpressure': 1 << 24,
        'idle_timeout': 0,
        'compression': 0,
    },
)
app.listen(AppListenOptions(port=int(sys.argv[1]), host='127.0.0.1'), lambda _: print('listening', flush=True))
app.run()
