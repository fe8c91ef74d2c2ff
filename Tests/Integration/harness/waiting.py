"""Waiting on conditions, never on time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar('T')


class NotReachedError(AssertionError):
    """A condition did not become true in its time."""


def wait_for(condition: Callable[[], T | None], timeout: float, what: str, every: float = 0.05) -> T:
    """Asks `condition` until its answer is true, and gives that answer."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise NotReachedError(f'waited {timeout:g} s in vain for {what}; last answer: {answer!r}')
        time.sleep(every)
