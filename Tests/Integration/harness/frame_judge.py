"""Every frame that a test's client sends or gets is held against the published contract; what is wrong fails the test that made it.

All clients have a judge for each connection: `GatewayClient`, `RawSession`, the crowd, the scripted gateway and the browser's pages. What a
test sends wrong on purpose is marked (`is_wrong`); a test whose scripted gateway says what no gateway may say has the mark `wrong_frames`.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from .contract import fault_of_request, fault_of_server

_found: list[str] = []
"""Faults of all connections that no test has answered for yet."""


def take_faults() -> list[str]:
    """What was found since this was asked last."""
    found = _found[:]
    _found.clear()
    return found


@functools.lru_cache(maxsize=512)
def _fault_of_notification(text: str) -> str | None:
    """Many clients are told the same bytes: they are looked at once."""
    return fault_of_server(json.loads(text))


class FrameJudge:
    """Judges the frames of one connection."""

    def __init__(self) -> None:
        self.judged = 0
        self._asked: dict[Any, list[tuple[str, str | None]]] = {}
        """Methods of the requests without an answer yet, and what is wrong with them, by id; a wrong client may use one twice."""

    def sent(self, frame: Any, *, is_wrong: bool = False) -> str | None:
        """Judges what the client says, and gives what is wrong with it."""
        self.judged += 1
        if isinstance(frame, dict) and isinstance(frame.get('method'), str):
            fault = fault_of_request(frame)
            if isinstance(frame.get('id'), str | int):
                self._asked.setdefault(frame['id'], []).append((frame['method'], fault))
        else:
            fault = 'a client sends requests and acknowledgements only'
        return None if is_wrong else self._wrong(fault, frame)

    def received(self, frame: Any) -> str | None:
        """Judges what the gateway says, and gives what is wrong with it."""
        self.judged += 1
        if not isinstance(frame, dict) or 'method' in frame:
            return self._wrong(fault_of_server(frame), frame)
        number = frame.get('id')
        asked = self._asked.get(number, []) if isinstance(number, str | int) else []
        method, fault = asked.pop(0) if asked else (None, 'nobody asked for it')
        if 'result' in frame and fault is not None:
            return self._wrong(f'granted, but {fault}', frame)
        return self._wrong(fault_of_server(frame, method), frame)

    def sent_text(self, text: str, *, is_wrong: bool = False) -> str | None:
        """The same of a text; one that is no JSON must be wrong on purpose."""
        try:
            return self.sent(json.loads(text), is_wrong=is_wrong)
        except ValueError:
            return None if is_wrong else self._wrong('a client sends JSON', text)

    def received_text(self, text: str) -> str | None:
        """The same of a text."""
        try:
            if '"method"' not in text:
                return self.received(json.loads(text))
            self.judged += 1
            return self._wrong(_fault_of_notification(text), text)
        except ValueError:
            return self._wrong('the gateway sends JSON', text)

    def _wrong(self, fault: str | None, frame: Any) -> str | None:
        if fault is not None:
            _found.append(f'{fault}, in {str(frame)[:400]}')
        return fault
