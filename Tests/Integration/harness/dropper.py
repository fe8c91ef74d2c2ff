"""A relay in front of Redis that understands its protocol: it loses a known share of task events, and counts which."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .relay import Relay

MESSAGES = (b'*4\r\n$8\r\npmessage\r\n', b'>4\r\n$8\r\npmessage\r\n')
SUBSCRIBED = b'$10\r\npsubscribe\r\n'
SMALL_BUFFER = 65_536
"""Bytes that wait in the kernel for us: with the default, megabytes of events survive in there."""


class Frames:
    """Cuts a stream of replies into whole ones (RESP2 and RESP3)."""

    def __init__(self) -> None:
        self._buffer = b''

    def feed(self, piece: bytes) -> Iterator[bytes]:
        self._buffer += piece
        start = 0
        while (end := self._end(start)) is not None:
            yield self._buffer[start:end]
            start = end
        self._buffer = self._buffer[start:]

    def _end(self, start: int) -> int | None:
        """Where the reply that begins at `start` ends, None if that is not here yet."""
        line = self._buffer.find(b'\r\n', start)
        if line < 0:
            return None
        kind, text, end = self._buffer[start : start + 1], self._buffer[start + 1 : line], line + 2
        if kind in b'$=!':
            length = int(text)
            end += length + 2 if length >= 0 else 0
            return end if end <= len(self._buffer) else None
        if kind not in b'*>~%|':
            return end
        items = max(0, int(text)) * (2 if kind in b'%|' else 1)
        for _ in range(items):
            found = self._end(end)
            if found is None:
                return None
            end = found
        return end


def message(frame: bytes) -> tuple[str, bytes]:
    """Channel and payload of a pmessage."""
    parts: list[bytes] = []
    place = frame.index(b'\r\n') + 2
    while place < len(frame):
        line = frame.index(b'\r\n', place)
        length = int(frame[place + 1 : line])
        parts.append(frame[line + 2 : line + 2 + length])
        place = line + 2 + length + 2
    return parts[2].decode(), parts[3]


def events_of(payload: bytes) -> list[dict[str, Any]]:
    """The events of one message, none if it is not in JSON."""
    envelope = json.loads(payload)
    if envelope.get('content-type') != 'application/json':
        return []
    body = envelope['body']
    if envelope['properties'].get('body_encoding') == 'base64':
        body = base64.b64decode(body)
    found = json.loads(body)
    return found if isinstance(found, list) else [found]


class Dropper(Relay):
    """Loses whole messages of task events: of each, `share` is the chance.

    `passed` and `dropped` count task-started by (hostname, pid): what was seen, and what was lost here.
    """

    def __init__(self, port: int, share: float = 0.0, *, seed: int = 7, small: bool = False) -> None:
        self.share = share
        self.small = small
        self.passed: Counter[tuple[str, int]] = Counter()
        self.dropped: Counter[tuple[str, int]] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._admits = threading.Event()
        self._admits.set()
        self._flows = threading.Event()
        self._flows.set()
        super().__init__(port)

    @property
    def truth(self) -> float:
        """The share of task-started that was let through."""
        passed, dropped = sum(self.passed.values()), sum(self.dropped.values())
        return passed / (passed + dropped)

    def hold_connections(self) -> None:
        """New connections wait from now on; those that are there stay."""
        self._admits.clear()

    def admit_connections(self) -> None:
        self._admits.set()

    def hold_subscriptions(self) -> None:
        """What subscriptions are told is not read from the server any more; commands go on."""
        self._flows.clear()

    def release_subscriptions(self) -> None:
        self._flows.set()

    def stop(self) -> None:
        self._admits.set()
        self._flows.set()
        super().stop()

    def _connect(self) -> socket.socket:
        self._admits.wait()
        if not self.small:
            return super()._connect()
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Before the connection, so that it is never offered more.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        server.connect(('127.0.0.1', self.target))
        return server

    def _pass(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        if not is_answer:
            super()._pass(source, sink, is_answer)
            return
        frames = Frames()
        subscribes = False
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                kept: list[bytes] = []
                for frame in frames.feed(piece):
                    subscribes = subscribes or SUBSCRIBED in frame[:32]
                    if not self._drops(frame):
                        kept.append(frame)
                if kept:
                    sink.sendall(b''.join(kept))
                if subscribes:
                    self._flows.wait()
        self._close(source, sink)

    def _drops(self, frame: bytes) -> bool:
        if not frame.startswith(MESSAGES):
            return False
        channel, payload = message(frame)
        if '.celeryev/task.' not in channel:
            return False
        with self._lock:
            drops = self._random.random() < self.share
            counts = self.dropped if drops else self.passed
            for event in events_of(payload):
                if event.get('type') == 'task-started':
                    counts[event['hostname'], event['pid']] += 1
        return drops
