"""Events at a steady rate for as long as one likes, and what a gateway does meanwhile: delay, memory, descriptors, CPU, losses."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import multiprocessing
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import redis

from .client import GatewayClient
from .events import life, task_events
from .machine import process_nanoseconds, resident_bytes
from .rows import Table
from .stack import Stack

CHANNEL = '/0.celeryev/task.multi'
LIST = 24
SLICE = 0.01
"""Seconds between two looks at what is due."""


def _list(first: int, run: str) -> bytes:
    """A message of eight whole lives of tasks, made quickly: the envelope's frame and the events' texts are always the same."""
    now = time.time()
    events = []
    for number in range(first, first + LIST // 3):
        task = f'{number:08x}-{run}'
        common = f'"uuid": "{task}", "hostname": "flood{number % 8}@host", "utcoffset": 0, "pid": {4000 + number % 8}, "clock": {number}'
        events.append(
            f'{{"type": "task-received", {common}, "name": "flood.step{number % 40}", "args": "({number}, \'customer-{number}\')", '
            f'"kwargs": "{{}}", "root_id": "{task}", "parent_id": null, "retries": 0, "eta": null, "expires": null, "timestamp": {now}}}'
        )
        events.append(f'{{"type": "task-started", {common}, "timestamp": {now + 0.001}}}')
        events.append(
            f'{{"type": "task-succeeded", {common}, "result": "\'order {number} done\'", "runtime": 0.02, "timestamp": {now + 0.02}}}'
        )
    body = base64.b64encode(('[' + ', '.join(events) + ']').encode()).decode()
    return (
        f'{{"body": "{body}", "content-encoding": "utf-8", "content-type": "application/json", "headers": {{"hostname": "flood@host"}}, '
        '"properties": {"delivery_mode": 1, "delivery_info": {"exchange": "celeryev", "routing_key": "task.multi"}, '
        f'"priority": 0, "body_encoding": "base64", "delivery_tag": "{first}"}}}}'
    ).encode()


def publish_lists(port: int, rate: float, seconds: float, done: Event, sent: multiprocessing.Queue[tuple[int, float]]) -> None:
    """Publishes at a rate until it is told to stop; then puts the number of messages and the seconds."""
    client = redis.Redis(port=port)
    run = str(uuid.uuid4())[9:]
    began = time.monotonic()
    messages = 0
    while not done.is_set() and (now := time.monotonic() - began) < seconds:
        due = int(now * rate / LIST)
        pipe = client.pipeline(transaction=False)
        # Not more at once than a moment's worth, or what is made would be late by the time it is sent.
        for _ in range(min(due - messages, 200)):
            pipe.publish(CHANNEL, _list(messages * (LIST // 3), run))
            messages += 1
        pipe.execute()
        if due <= messages:
            time.sleep(SLICE)
    sent.put((messages, time.monotonic() - began))


@contextlib.contextmanager
def publishing(port: int, rate: float, seconds: float) -> Iterator[Publisher]:
    """`publish_lists` in a process of its own, which ends with the block."""
    context = multiprocessing.get_context('spawn')
    done, sent = context.Event(), context.Queue()
    process = context.Process(target=publish_lists, args=(port, rate, seconds, done, sent), daemon=True)
    process.start()
    try:
        yield Publisher(process, sent)
    finally:
        done.set()
        process.join(30)


@dataclass(frozen=True)
class Publisher:
    """Who publishes."""

    process: BaseProcess
    _sent: multiprocessing.Queue[tuple[int, float]]

    def sent(self) -> tuple[int, float]:
        """How many messages it has published in how many seconds, once it has ended."""
        return self._sent.get(timeout=60)


@dataclass
class Sample:
    """What the gateway holds at a moment."""

    at: float
    memory: int
    allocated: int
    """What its allocator has handed out and not got back, as the gateway says of itself every 5 s."""
    descriptors: int


@dataclass
class Flooded:
    """What a flood did."""

    messages: int
    seconds: float
    cpu: float
    delays: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.messages * LIST / self.seconds

    def delay(self, share: float) -> float:
        """The delay that so large a share of the marks did not exceed, seconds."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def slope(self, skip: float) -> float:
        """Growth of what is allocated, bytes a minute, by least squares over the samples after the first `skip` seconds. Not of
        what is resident: that moves with what the allocator keeps for later."""
        points = [(sample.at / 60, sample.allocated) for sample in self.samples if sample.at >= skip]
        if len(points) < 2:
            return 0
        middle = sum(x for x, _ in points) / len(points)
        height = sum(y for _, y in points) / len(points)
        return sum((x - middle) * (y - height) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)


class Watch:
    """A client that publishes marks among the flood and sees when their rows come: the delay of everything in between.

    It is told twenty times a second, so 50 ms of each delay may be its own pace.
    """

    def __init__(self, client: GatewayClient, stack: Stack) -> None:
        self.client = client
        self.redis = stack.redis()
        self.view: Table
        self.health: Table

    async def open(self) -> Watch:
        where = ['eq', 'name', 'flood.mark']
        self.view = await self.client.view(where=where, order=['seen', 'desc'], limit=20, mode='follow', maxHz=20)
        self.health = await self.client.subscribe('health', maxHz=2)
        return self

    async def mark(self) -> float:
        """Seconds from publishing to the row."""
        task = str(uuid.uuid4())
        began = time.monotonic()
        await asyncio.to_thread(self.redis.publish, *task_events(life('flood.mark', task_id=task)[0]))
        await self.client.until(lambda: self.view.get(task), 60, 'a mark in the flood')
        return time.monotonic() - began

    def ingest(self, name: str) -> int:
        return int((self.health.get('ingest') or {}).get(name) or 0)

    def allocated(self) -> int:
        return int((self.health.get('process') or {}).get('allocatedBytes') or 0)

    def lost(self) -> int:
        """Messages that closed gaps tell as lost."""
        return sum(int(row.get('lost') or 0) for row in self.health if str(row['id']).startswith('gap:'))


def _sample(pid: int, began: float, watch: Watch) -> Sample:
    return Sample(time.monotonic() - began, resident_bytes(pid), watch.allocated(), len(list(Path(f'/proc/{pid}/fd').iterdir())))


async def flood(stack: Stack, watch: Watch, rate: float, seconds: float, *, every: float = 1.0) -> Flooded:
    """Publishes for `seconds` from another process, and measures all the while."""
    process = stack.running_gateway.process
    assert process
    with publishing(stack.redis_server.port, rate, seconds) as publisher:
        began, cpu = time.monotonic(), process_nanoseconds(process.pid)
        result = Flooded(0, 1, 0)
        while publisher.process.is_alive():
            result.delays.append(await watch.mark())
            if not result.samples or time.monotonic() - began - result.samples[-1].at >= every:
                result.samples.append(_sample(process.pid, began, watch))
            await asyncio.sleep(0.05)
        result.messages, result.seconds = publisher.sent()
        result.cpu = (process_nanoseconds(process.pid) - cpu) / 1e9
        return result


async def recovery(watch: Watch, within: float) -> float:
    """Seconds until a mark needs less than a second again."""
    began = time.monotonic()
    while await watch.mark() >= 1.0:
        if time.monotonic() - began > within:
            break
    return time.monotonic() - began


def describe(result: Flooded, title: str) -> str:
    memory = [sample.memory for sample in result.samples]
    handles = [sample.descriptors for sample in result.samples]
    return (
        f'{title}: {result.messages * LIST:,} events in {result.seconds:.0f} s ({result.rate:,.0f} a second); delay p50 '
        f'{result.delay(0.5) * 1000:.0f} ms, p99 {result.delay(0.99) * 1000:.0f} ms, most {max(result.delays) * 1000:.0f} ms of '
        f'{len(result.delays)} marks; CPU {result.cpu / result.seconds:.0%} of a core; memory {min(memory) >> 20}-{max(memory) >> 20} MiB; '
        f'descriptors {min(handles)}-{max(handles)}; load {os.getloadavg()[0]:.1f}'
    )
