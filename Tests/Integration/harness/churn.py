"""Workers and tasks that change all the time, by events alone."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .events import life, task_events, worker_event
from .stack import Stack


@contextmanager
def churn(stack: Stack, workers: int = 30, per_second: int = 200, *, tasks: bool = True) -> Iterator[threading.Event]:
    """Workers that come, go and beat, and tasks that run. Publishes until the end of the block."""
    done = threading.Event()
    dice = random.Random(7)

    def run() -> None:
        redis = stack.redis()
        while not done.wait(10 / per_second):
            with redis.pipeline(transaction=False) as pipe:
                for _ in range(7):
                    host = f'w{dice.randrange(workers)}@churn'
                    kind = dice.choices(['worker-heartbeat', 'worker-online', 'worker-offline'], [8, 2, 1])[0]
                    pipe.publish(*worker_event(kind, host, active=dice.randrange(4), processed=dice.randrange(10**6)))
                host = f'w{dice.randrange(workers)}@churn'
                if not tasks:
                    pipe.execute()
                    continue
                pipe.publish(*task_events(*life(f'churn.{dice.randrange(5)}', hostname=host)))
                pipe.execute()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        done.set()
        thread.join(10)
