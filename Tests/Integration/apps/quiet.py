"""Tasks that hide their events, beside one that does not. Settings as in apps.fleet."""

from __future__ import annotations

import time
from typing import Any

from apps.fleet import make_app

app = make_app()


@app.task(name='math.add')
def add(x: float, y: float) -> float:
    """Is seen."""
    return x + y


@app.task(name='quiet.add', send_events=False)
def quiet(x: float, y: float) -> float:
    """Its worker counts it and sends no event of it."""
    return x + y


@app.task(name='quiet.progress', bind=True, send_events=False)
def progress(self: Any, steps: int, seconds: float) -> int:
    """Tells its progress to the result backend alone."""
    for step in range(1, steps + 1):
        self.update_state(state='PROGRESS', meta={'current': step, 'total': steps})
        time.sleep(seconds)
    return steps
