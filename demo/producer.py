"""Sends tasks of every kind at a lively but modest rate, until it is told to stop.

python -m demo.producer BROKER BACKEND
"""

from __future__ import annotations

import math
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery, chain, chord

from .fleet import UNCONSUMED_QUEUE

TASKS_PER_SECOND = 6.0
SWING_SECONDS = 90.0
"""The rate swings by half around its mean in this time, so that charts have a shape."""
UNCONSUMED_MAX = 120
LONGEST_PAUSE = 5.0


class Producer:
    """Knows how to make one task of each kind, and how often each is wanted."""

    def __init__(self, broker: str, backend: str) -> None:
        self.app = Celery('shop', broker=broker, backend=backend, set_as_current=False)
        self.app.conf.update(
            task_send_sent_event=True,
            broker_connection_retry=True,
            broker_connection_max_retries=None,
        )
        self.kinds: list[tuple[float, Callable[[], Any]]] = [
            (30, self.index),
            (22, self.mail),
            (18, self.charge),
            (8, self.add),
            (6, self.catalog),
            (3, self.transcode),
            (3, self.later),
            (2, self.long),
            (2, self.steps),
            (1, self.sums),
            (1, self.too_late),
            (0.5, self.reject),
            (3, self.archive),
        ]

    def send(self, name: str, *args: Any, queue: str, **options: Any) -> Any:
        return self.app.send_task(name, args=args, queue=queue, retry=False, **options)

    def index(self) -> None:
        self.send(
            'search.index',
            f'document {random.randrange(10_000)}',
            queue='search',
            priority=random.choice((0, 3, 6)),
        )

    def mail(self) -> None:
        failures = random.choices((0, 1, 2), (85, 12, 3))[0]
        self.send('mail.send', failures, random.uniform(1, 4), queue='mail')

    def charge(self) -> None:
        problem = random.choices(('', 'card declined', 'bank did not answer'), (90, 8, 2))[0]
        self.send(
            'billing.charge',
            problem,
            random.uniform(0.02, 0.3),
            queue='billing',
            priority=random.randrange(10),
        )

    def add(self) -> None:
        self.send('math.add', random.randrange(100), random.randrange(100), queue='celery')

    def catalog(self) -> None:
        self.send('search.index', f'product {random.randrange(500)}', 0.2, queue='catalog')

    def transcode(self) -> None:
        self.send(
            'media.transcode',
            random.randrange(8, 25),
            random.uniform(0.3, 0.8),
            queue='media',
        )

    def later(self) -> None:
        self.send('reports.limited', 0.2, queue='reports', countdown=random.uniform(10, 60))

    def long(self) -> None:
        self.send('time.sleep', random.uniform(4, 15), queue='reports')

    def steps(self) -> None:
        first = self.app.signature('math.add', args=(1, 2), options={'queue': 'celery'})
        second = self.app.signature('math.add', args=(3,), options={'queue': 'celery'})
        third = self.app.signature('text.echo', options={'queue': 'search'})
        chain(first, second, third, app=self.app).apply_async()

    def sums(self) -> None:
        header = [self.app.signature('math.add', args=(number, number), options={'queue': 'celery'}) for number in range(5)]
        chord(header, app=self.app)(self.app.signature('reports.sum', options={'queue': 'reports'}))

    def too_late(self) -> None:
        self.send('mail.send', 0, queue='mail', expires=-1)

    def reject(self) -> None:
        self.send('catalog.reject', queue='catalog')

    def archive(self) -> None:
        with self.app.connection_for_read() as connection:
            waiting = connection.default_channel.client.llen(UNCONSUMED_QUEUE)
        if waiting < UNCONSUMED_MAX:
            self.send(
                'math.add',
                1,
                1,
                queue=UNCONSUMED_QUEUE,
                priority=random.choice((0, 3, 6, 9)),
            )

    def everything(self) -> None:
        """One of each kind, with a retry and a failure among them: whoever opens the demo need not wait for luck."""
        self.send('mail.send', 1, 1, queue='mail')
        self.send('billing.charge', 'card declined', 0.1, queue='billing', priority=7)
        self.send('math.add', 1, 1, queue=UNCONSUMED_QUEUE, priority=6)
        for _, kind in self.kinds:
            kind()

    def run(self, stop: threading.Event) -> None:
        started = time.monotonic()
        self.everything()
        weights = [weight for weight, _ in self.kinds]
        while True:
            rate = TASKS_PER_SECOND * (1 + 0.5 * math.sin((time.monotonic() - started) / SWING_SECONDS * 2 * math.pi))
            if stop.wait(min(LONGEST_PAUSE, random.expovariate(rate))):
                return
            try:
                random.choices(self.kinds, weights)[0][1]()
            except Exception as problem:  # a broker that is away comes back: the demo goes on
                print(f'not sent: {problem}', flush=True)
                stop.wait(1)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Producer(*arguments).run(stop)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
