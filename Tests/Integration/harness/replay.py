"""Gives a program events as fast as it takes them, and counts what that costs it."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from .events import envelope
from .machine import process_nanoseconds, resident_bytes
from .recording import Message
from .subjects import Subject
from .waiting import wait_for

CHANNEL = '/0.celeryev/task.multi'


@dataclass
class Result:
    """Events that a program took, CPU seconds and seconds that it needed."""

    events: int
    cpu: float
    wall: float

    @property
    def microseconds(self) -> float:
        return self.cpu / self.events * 1e6


def lives(tasks: int, workers: int = 8) -> Iterator[list[dict[str, object]]]:
    """The three events of each task, as a prefork worker writes them."""
    begin = time.time()
    for number in range(tasks):
        task = str(uuid.uuid4())
        common = {
            'uuid': task,
            'hostname': f'worker{number % workers}@host',
            'utcoffset': 0,
            'pid': 4000 + number % workers,
            'clock': number,
        }
        at = begin + number / 10_000
        received = {
            'name': f'shop.orders.step{number % 40}',
            'args': f'({number}, "customer-{number}")',
            'kwargs': "{'retry': False}",
        }
        yield [
            {'type': 'task-received', **common, **received, 'root_id': task, 'parent_id': None, 'retries': 0, 'eta': None}
            | {'expires': None, 'timestamp': at},
            {'type': 'task-started', **common, 'timestamp': at + 0.01},
            {'type': 'task-succeeded', **common, 'result': f"'order {number} done'", 'runtime': 0.02, 'timestamp': at + 0.03},
        ]


def lists(tasks: int, batch: int, workers: int = 8) -> list[Message]:
    """Lives of tasks, 200 at a time one event after the other, in messages of `batch` events."""
    made: list[Message] = []
    waiting: list[dict[str, object]] = []
    group: list[list[dict[str, object]]] = []

    def flush() -> None:
        waiting.extend(life[step] for step in range(3) for life in group)
        group.clear()
        while waiting:
            part, waiting[:] = waiting[:batch], waiting[batch:]
            body = json.dumps(part if batch > 1 else part[0]).encode()
            made.append(Message(CHANNEL, envelope(body, 'task.multi', 'worker@host'), len(part)))

    for life in lives(tasks, workers):
        group.append(life)
        if len(group) == 200:
            flush()
    flush()
    return made


def feed(subject: Subject, messages: list[Message]) -> Result:
    """Publishes everything, never more ahead of the subscriber than it has room for, and waits until it has it all."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {0})
    client = subject.redis.client()
    total = sum(message.events for message in messages)
    base = subject.seen()
    before, began = process_nanoseconds(subject.pid), time.monotonic()
    sent, place = 0, 0
    while place < len(messages):
        pipeline = client.pipeline(transaction=False)
        ahead = 0
        while place < len(messages) and ahead < subject.room // 4:
            pipeline.publish(messages[place].channel, messages[place].payload)
            ahead += subject.counts(messages[place])
            place += 1
        pipeline.execute()
        sent += ahead
        while sent - (subject.seen() - base) > subject.room - subject.room // 4:
            # Being asked costs the subject as well: 33 times a second was 5 % of what the gateway takes.
            time.sleep(0.1)
    # Those who tell in steps may have up to a step that was not told.
    counted = sum(subject.counts(message) for message in messages)
    wait_for(lambda: subject.seen() - base > counted - subject.step, 120, f'{subject.name} to have the last event')
    result = Result(total, (process_nanoseconds(subject.pid) - before) / 1e9, time.monotonic() - began)
    subject.check()
    return result


def footprint(subject: Subject, messages: list[Message]) -> float:
    """By how many bytes of resident memory a program grows when it takes messages in."""
    before = resident_bytes(subject.pid)
    feed(subject, messages)
    # What was learned reaches the rows with the next tick; at least every 35 s the gateway gives back what is free.
    time.sleep(36)
    return resident_bytes(subject.pid) - before
