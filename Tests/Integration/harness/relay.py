"""A TCP relay in front of a server: it can change what the server says, or fall silent without closing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from .redis_server import free_port

Change = Callable[[bytes], bytes]


class Relay:
    """Listens on a free loopback port and passes everything on to `port`.

    `change` gets each piece of what the server says; another one may be set at any time. While `frozen`, nothing passes in either direction, and no connection ends:
    a network that drops packets.
    """

    def __init__(self, port: int, change: Change | None = None) -> None:
        self.target = port
        self.change = change
        self._open = threading.Event()
        self._open.set()
        self._ended = threading.Event()
        self._sockets: list[socket.socket] = []
        self._server = socket.create_server(('127.0.0.1', free_port()))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    def stop(self) -> None:
        self._ended.set()
        self._open.set()
        for each in [self._server, *self._sockets]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._server.accept()
                self._open.wait()
                server = self._connect()
            except OSError:
                if self._ended.is_set():
                    return
                continue
            self._sockets += [client, server]
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _connect(self) -> socket.socket:
        return socket.create_connection(('127.0.0.1', self.target))

    def _pass(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                self._open.wait()
                change = self.change if is_answer else None
                sink.sendall(change(piece) if change else piece)
        self._close(source, sink)

    @staticmethod
    def _close(*sockets: socket.socket) -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
