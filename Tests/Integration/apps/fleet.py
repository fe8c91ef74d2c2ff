"""A Celery app with one task for each thing that can happen to a task. Used by the tests and by the demo.

Settings come from the environment: CELERY_BROKER_URL, CELERY_RESULT_BACKEND, FLEET_POOL_RESTARTS (1 or 0), FLEET_CONF (a JSON
object with any other settings), FLEET_PID (the process id that a solo worker tells, as if it ran in a container).
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

from celery import Celery
from celery.exceptions import Ignore, Reject


class PaymentError(Exception):
    """A failure that people recognize in a list."""


def make_app() -> Celery:
    """Only builds the object: nothing is connected before a worker or a producer uses it."""
    app = Celery('fleet')
    app.conf.update(
        broker_url=os.environ.get('CELERY_BROKER_URL', 'redis://127.0.0.1:6379/0'),
        result_backend=os.environ.get('CELERY_RESULT_BACKEND', 'redis://127.0.0.1:6379/0'),
        worker_pool_restarts=os.environ.get('FLEET_POOL_RESTARTS') == '1',
        task_send_sent_event=True,
        task_track_started=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_default_queue='celery',
        result_expires=3600,
    )
    app.conf.update(json.loads(os.environ.get('FLEET_CONF', '{}')))
    return app


PID = int(os.environ.get('FLEET_PID', '0'))
if PID:
    os.getpid = lambda: PID

app = make_app()


@app.task(name='math.add')
def add(x: float, y: float) -> float:
    """Succeeds at once."""
    return x + y


@app.task(name='text.echo')
def echo(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Gives back what it got."""
    return {'args': list(args), 'kwargs': kwargs}


@app.task(name='request.describe', bind=True)
def describe(self: Any) -> dict[str, Any]:
    """Gives back what came with the message."""
    request = self.request
    return {
        'timelimit': request.timelimit,
        'headers': request.headers,
        'shadow': request.shadow,
        'expires': request.expires,
        'ignore_result': request.ignore_result,
        'priority': request.delivery_info.get('priority'),
        'eta': request.eta,
        'at': time.time(),
    }


@app.task(name='time.sleep')
def sleep(seconds: float) -> float:
    """Runs for a known time."""
    time.sleep(seconds)
    return seconds


@app.task(name='files.write')
def write(path: str, text: str) -> int:
    """Leaves a trace outside Celery: what a test looks at to know that a task really ran."""
    with open(path, 'a', encoding='utf-8') as out:  # noqa: PTH123
        return out.write(text + '\n')


@app.task(name='billing.charge')
def charge(problem: str = '', seconds: float = 0.05) -> str:
    """Succeeds, or fails with a traceback if there is a problem."""
    time.sleep(seconds)
    if problem:
        raise PaymentError(problem)
    return 'paid'


@app.task(name='mail.send', bind=True, max_retries=5)
def flaky(self: Any, failures: int = 1, countdown: float = 0.2) -> str:
    """Asks for `failures` retries, then succeeds."""
    if self.request.retries < failures:
        raise self.retry(exc=ConnectionError('mail server is busy'), countdown=countdown)
    return f'sent after {self.request.retries} retries'


@app.task(name='media.transcode', bind=True)
def progress(self: Any, steps: int = 5, seconds: float = 0.2) -> int:
    """Long, with progress both as backend state and as a custom event."""
    for step in range(1, steps + 1):
        time.sleep(seconds)
        self.update_state(state='PROGRESS', meta={'current': step, 'total': steps})
        self.send_event('task-progress', current=step, total=steps)
    return steps


@app.task(name='catalog.reject', bind=True, acks_late=True)
def reject(self: Any) -> None:
    """Is rejected without being put back."""
    raise Reject('not for us', requeue=False)


@app.task(name='catalog.requeue', bind=True, acks_late=True)
def requeue(self: Any) -> str:
    """Is rejected and put back once, and succeeds when it is delivered again."""
    if not self.request.delivery_info.get('redelivered'):
        raise Reject('later', requeue=True)
    return 'second time'


@app.task(name='catalog.storm', bind=True, acks_late=True)
def storm(self: Any, path: str, rounds: int) -> int:
    """Is rejected and put back so many times before it succeeds; a file counts, for a message cannot."""
    with open(path, 'a+', encoding='utf-8') as count:  # noqa: PTH123
        count.write('.')
        count.flush()
        begun = count.tell()
    if begun <= rounds:
        raise Reject('not now', requeue=True)
    return begun


@app.task(name='catalog.replace', bind=True)
def replace(self: Any, x: float, y: float) -> None:
    """Hands its id, and its result to come, to another task."""
    raise self.replace(app.signature('math.add', args=(x, y), queue=self.request.delivery_info['routing_key']))


@app.task(name='catalog.ignore')
def ignore() -> None:
    """Ends without a word: no event, no result."""
    raise Ignore


@app.task(name='reports.sum')
def total(numbers: list[float]) -> float:
    """The body of a chord."""
    return sum(numbers)


@app.task(name='search.index')
def index(document: str, seconds: float = 0.05) -> int:
    """Short work of varying length."""
    time.sleep(seconds * (0.5 + random.random()))
    return len(document)


@app.task(name='reports.limited', soft_time_limit=2, time_limit=3)
def limited(seconds: float) -> float:
    """Has time limits of its own."""
    time.sleep(seconds)
    return seconds
