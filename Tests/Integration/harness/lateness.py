"""How much time this process lost to a busy machine, so that a bound can be held to what it is about."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

_STEP_SECONDS = 0.05


class Lateness:
    """Seconds by which the test's own loop came too late, in all."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def watch(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(_STEP_SECONDS)
            self.seconds += max(0.0, time.monotonic() - began - _STEP_SECONDS)


@contextlib.asynccontextmanager
async def watched_lateness() -> AsyncIterator[Lateness]:
    """Watches while it is open. What the test does must not block the loop meanwhile."""
    lateness = Lateness()
    task = asyncio.create_task(lateness.watch())
    try:
        yield lateness
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
