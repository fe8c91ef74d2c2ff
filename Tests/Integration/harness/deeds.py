"""Commands with an effect that can be counted from outside: what each row may claim is compared with what truly happened."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .stack import Stack, unique

Json = dict[str, Any]
QUEUE = 'q'
NODE = 'a@celeriac.test'
GROWING = 'growing@celeriac.test'
"""The worker whose pool grows: prefork, one process at first."""
GROUP = 3
MESSAGES = 4
GROWING_EVERY = 12.0
"""Seconds between two new processes of one submitter: the machine has to bear them."""
DESTROYING_EVERY = 12.0
"""Seconds between two purges of one submitter: a principal may purge six times a minute."""


@dataclass
class Truth:
    """What truly happened, as the tasks, Redis and the worker itself tell it."""

    stack: Stack
    ran: Counter[str]
    """How often each label was written by a task."""
    consumed: set[str]
    """The queues that the worker consumes."""
    grown: int
    """Processes that its pool has got."""
    resumed: dict[str, bool] = field(default_factory=dict)
    """Paused queue -> whether it is wanted to be consumed, by the last answer about it."""


@dataclass
class Deed:
    """One command, sent again with its key until it is answered."""

    command: str
    body: Json
    label: str = field(default_factory=lambda: unique('label'))
    """Its key, and what its tasks write."""

    @property
    def labels(self) -> list[str]:
        """What its tasks write."""
        return [self.label]

    def prepare(self, stack: Stack, submit: Callable[[Deed], str]) -> bool:
        """Done once, before it is sent first. `submit` sends another command and gives its row's id; false: it is left out."""
        return True

    def settled(self, row: Json, truth: Truth) -> bool:
        """Whether an effect that the row claims, and that may take a moment, is there."""
        return True

    def faults(self, row: Json, truth: Truth) -> list[str]:
        """What is wrong in view of its row."""
        return []


# Tasks ------------------------------------------------------------------------------------------------------------------------


class Run(Deed):
    """A task that writes its label."""

    def __init__(self, trace: Path) -> None:
        super().__init__('task.run', {})
        self.body = {'task': 'files.write', 'args': [str(trace), self.label], 'queue': QUEUE, 'deadlineMs': 4000}

    def settled(self, row: Json, truth: Truth) -> bool:
        return row['state'] != 'confirmed' or all(truth.ran[label] for label in self.labels)

    def faults(self, row: Json, truth: Truth) -> list[str]:
        counts = [truth.ran[label] for label in self.labels]
        wrong = []
        if max(counts) > 1:
            wrong.append(f'ran {counts} times')
        if row['state'] == 'failed' and any(counts):
            wrong.append('failed and ran')
        if row['state'] == 'confirmed' and not all(counts):
            wrong.append(f'confirmed and ran {counts} times')
        return wrong


class Group(Run):
    """Tasks side by side, each with a label of its own."""

    def __init__(self, trace: Path) -> None:
        super().__init__(trace)
        self.command = 'task.group'
        tasks = [{'task': 'files.write', 'args': [str(trace), label]} for label in self.labels]
        self.body = {'tasks': tasks, 'queue': QUEUE, 'deadlineMs': 4000}

    @property
    def labels(self) -> list[str]:
        return [f'{self.label}.{number}' for number in range(GROUP)]


class Revoke(Deed):
    """A revocation of a task that would write its label a few seconds later."""

    def __init__(self, trace: Path) -> None:
        super().__init__('task.revoke', {})
        self.trace = trace

    def prepare(self, stack: Stack, submit: Callable[[Deed], str]) -> bool:
        task = stack.send('files.write', str(self.trace), self.label, queue=QUEUE, countdown=3)
        self.body = {'id': task, 'deadlineMs': 2000}
        return True

    def settled(self, row: Json, truth: Truth) -> bool:
        return row['state'] not in {'unknown', 'rejected'} or bool(truth.ran[self.label])

    def faults(self, row: Json, truth: Truth) -> list[str]:
        count = truth.ran[self.label]
        wrong = []
        if row['state'] == 'confirmed' and count:
            wrong.append('confirmed and the task ran')
        if row['state'] == 'rejected' and not count:
            wrong.append('rejected and the task did not run')
        if count > 1:
            wrong.append(f'the task ran {count} times')
        return wrong


# Workers ----------------------------------------------------------------------------------------------------------------------


class Ping(Deed):
    """A question to the worker."""

    def __init__(self) -> None:
        super().__init__('worker.ping', {'workers': [NODE], 'deadlineMs': 2000})

    def faults(self, row: Json, truth: Truth) -> list[str]:
        has_answer = f'{NODE}: pong' in (row.get('evidence') or [])
        return [] if (row['state'] == 'confirmed') == has_answer else ['the answer and the state do not agree']


class RateLimit(Deed):
    """A limit for the worker, each time another one."""

    def __init__(self, dice: random.Random) -> None:
        limit = f'{dice.randint(1000, 9999)}/s'
        super().__init__('worker.rateLimit', {'workers': [NODE], 'task': 'math.add', 'limit': limit, 'deadlineMs': 3000})

    def faults(self, row: Json, truth: Truth) -> list[str]:
        is_seen = f'{NODE}: registered shows rate limit {self.body["limit"]}' in (row.get('evidence') or [])
        return ['confirmed and not seen'] if row['state'] == 'confirmed' and not is_seen else []


class AddConsumer(Deed):
    """A queue of its own for the worker."""

    def __init__(self) -> None:
        self.queue = unique('added')
        super().__init__('worker.addConsumer', {'workers': [NODE], 'queue': self.queue, 'deadlineMs': 3000})

    def faults(self, row: Json, truth: Truth) -> list[str]:
        is_consumed = self.queue in truth.consumed
        if row['state'] == 'confirmed' and not is_consumed:
            return ['confirmed, and the worker does not consume it']
        if row['state'] in {'failed', 'rejected'} and is_consumed:
            return [f'{row["state"]}, and the worker consumes it']
        return []


class PoolGrow(Deed):
    """One more process for a pool; what all of them did together is judged in `growth_faults`."""

    def __init__(self) -> None:
        super().__init__('worker.poolGrow', {'workers': [GROWING], 'n': 1, 'deadlineMs': 4000})

    def faults(self, row: Json, truth: Truth) -> list[str]:
        is_seen = any(f'{GROWING}: stats show' in line for line in row.get('evidence') or [])
        return ['confirmed and not seen'] if row['state'] == 'confirmed' and not is_seen else []


def growth_faults(states: Counter[str], truth: Truth) -> list[str]:
    """What is wrong with all commands that let the pool grow: each process is one that was confirmed, or may have been one unknown."""
    least, most = states['confirmed'], states['confirmed'] + states['unknown']
    return [] if least <= truth.grown <= most else [f'the pool has {truth.grown} more processes, and the rows say {dict(states)}']


class Toggle(Deed):
    """A pause of a queue, or its end: each of one submitter's in turn."""

    def __init__(self, queue: str, *, resumes: bool) -> None:
        super().__init__('queue.resume' if resumes else 'queue.pause', {'queue': queue, 'deadlineMs': 3000})
        self.queue = queue
        self.resumes = resumes

    def settled(self, row: Json, truth: Truth) -> bool:
        return (self.queue in truth.consumed) == truth.resumed[self.queue]

    def faults(self, row: Json, truth: Truth) -> list[str]:
        wrong = []
        if not self.settled(row, truth):
            wrong.append(f'the last wish was that it is {"consumed" if truth.resumed[self.queue] else "paused"}, and it is not')
        if row['state'] in {'failed', 'rejected'}:
            wrong.append('what is recorded holds, whatever was sent')
        return wrong


# Queues and messages ----------------------------------------------------------------------------------------------------------


def fill(stack: Stack, queue: str) -> None:
    """Puts messages of different priorities into a queue that nobody consumes."""
    for number in range(MESSAGES):
        stack.send('math.add', number, 1, queue=queue, priority=number * 2)


def lists(stack: Stack, queue: str) -> list[list[bytes]]:
    """All its lists as they are."""
    return [stack.waiting(queue, step) for step in (0, 3, 6, 9)]


class Purge(Deed):
    """A purge of a queue of its own with counted messages."""

    def __init__(self) -> None:
        self.queue = unique('purged')
        super().__init__('queue.purge', {'queue': self.queue, 'deadlineMs': 4000})

    def prepare(self, stack: Stack, submit: Callable[[Deed], str]) -> bool:
        fill(stack, self.queue)
        return True

    def faults(self, row: Json, truth: Truth) -> list[str]:
        left, told = truth.stack.queue_length(self.queue), ' '.join(row.get('evidence') or [])
        if left not in {0, MESSAGES}:
            return [f'{left} messages of {MESSAGES} are left']
        if row['state'] == 'confirmed' and (left or f'broker: {MESSAGES} messages removed' not in told):
            return [f'confirmed, and {left} messages are left; {told}']
        if row['state'] in {'failed', 'rejected'} and not left:
            return [f'{row["state"]}, and the messages are gone']
        return []


class Restore(Deed):
    """A purge and what takes it back: the same bytes on the same lists in the same order."""

    def __init__(self) -> None:
        super().__init__('queue.restore', {})
        self.queue = unique('restored')
        self.before: list[list[bytes]] = []

    def prepare(self, stack: Stack, submit: Callable[[Deed], str]) -> bool:
        fill(stack, self.queue)
        self.before = lists(stack, self.queue)
        trash = submit(Deed('queue.purge', {'queue': self.queue, 'deadlineMs': 4000}))
        deadline = time.monotonic() + 10
        while stack.queue_length(self.queue) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.body = {'trash': trash, 'deadlineMs': 4000}
        # A purge that was never sent leaves nothing to restore.
        return not stack.queue_length(self.queue)

    def faults(self, row: Json, truth: Truth) -> list[str]:
        now = lists(truth.stack, self.queue)
        if now not in (self.before, [[], [], [], []]):
            return ['other bytes, or another order, than before the purge']
        if row['state'] == 'confirmed' and now != self.before:
            return ['confirmed, and not restored']
        if row['state'] in {'failed', 'rejected'} and now == self.before:
            return [f'{row["state"]}, and restored']
        return []


class Message(Deed):
    """Something with the second of three waiting messages."""

    def __init__(self, command: str, **body: Any) -> None:
        self.queue = unique('waiting')
        super().__init__(command, {'queue': self.queue, 'deadlineMs': 4000, **body})
        self.task = ''

    def prepare(self, stack: Stack, submit: Callable[[Deed], str]) -> bool:
        tasks = [stack.send('math.add', number, 1, queue=self.queue, priority=0) for number in range(3)]
        message = json.loads(stack.waiting(self.queue)[1])
        self.task = tasks[1]
        assert message['headers']['id'] == self.task
        self.body['deliveryTag'] = message['properties']['delivery_tag']
        return True

    def places(self, stack: Stack) -> tuple[bool, bool]:
        """Whether the message is where it was, and where it should be."""
        raise NotImplementedError

    def has(self, stack: Stack, queue: str, step: int) -> bool:
        """Whether a list has the message; twice is a fault."""
        found = [json.loads(message)['headers']['id'] for message in stack.waiting(queue, step)]
        assert found.count(self.task) <= 1, f'{self.task} is twice on one list'
        return self.task in found

    def faults(self, row: Json, truth: Truth) -> list[str]:
        is_here, is_there = self.places(truth.stack)
        wrong = []
        if is_here == is_there:
            wrong.append('the message is in both places' if is_here else 'the message is lost')
        if row['state'] == 'confirmed' and not is_there:
            wrong.append('confirmed, and nothing was done')
        if row['state'] in {'failed', 'rejected'} and not is_here:
            wrong.append(f'{row["state"]}, and it was done')
        others = truth.stack.queue_length(self.queue) - sum(self.has(truth.stack, self.queue, step) for step in (0, 9))
        if others != 2:
            wrong.append(f'{others} of the 2 other messages are there')
        return wrong


class Move(Message):
    """One message into another queue."""

    def __init__(self) -> None:
        super().__init__('message.move', to=unique('moved'))

    def places(self, stack: Stack) -> tuple[bool, bool]:
        return self.has(stack, self.queue, 0), self.has(stack, self.body['to'], 0)


class Prioritize(Message):
    """One message to the last priority."""

    def __init__(self) -> None:
        super().__init__('message.prioritize', priority=9)

    def places(self, stack: Stack) -> tuple[bool, bool]:
        return self.has(stack, self.queue, 0), self.has(stack, self.queue, 9)


class Delete(Message):
    """One message into the trash."""

    def __init__(self) -> None:
        super().__init__('message.delete')

    def places(self, stack: Stack) -> tuple[bool, bool]:
        is_here = self.has(stack, self.queue, 0)
        return is_here, not is_here


# The deck ---------------------------------------------------------------------------------------------------------------------

KINDS = (
    'task.run',
    'task.group',
    'task.revoke',
    'worker.ping',
    'worker.rateLimit',
    'worker.addConsumer',
    'worker.poolGrow',
    'queue.pause',
    'queue.purge',
    'queue.restore',
    'message.move',
    'message.prioritize',
    'message.delete',
)
"""What is sent; a `queue.pause` is followed by a `queue.resume`."""
DESTROYING = {'queue.purge', 'queue.restore'}


class Deck:
    """Deals commands of every kind to one submitter, in turn from a place of its own."""

    def __init__(self, number: int, trace: Path, dice: random.Random) -> None:
        self.trace = trace
        self.dice = dice
        self.queue = f'paused-{number}'
        self.turn = 2 * number
        self.is_paused = False
        self.destroyer, self.destroyed = '', -DESTROYING_EVERY
        self.grown = -GROWING_EVERY

    def deal(self) -> Deed:
        """The next one."""
        while True:
            kind = KINDS[self.turn % len(KINDS)]
            self.turn += 1
            if kind in DESTROYING:
                if kind == self.destroyer or time.monotonic() - self.destroyed < DESTROYING_EVERY:
                    continue
                self.destroyer, self.destroyed = kind, time.monotonic()
            if kind == 'worker.poolGrow':
                if time.monotonic() - self.grown < GROWING_EVERY:
                    continue
                self.grown = time.monotonic()
            return self.make(kind)

    def make(self, kind: str) -> Deed:
        match kind:
            case 'task.run':
                return Run(self.trace)
            case 'task.group':
                return Group(self.trace)
            case 'task.revoke':
                return Revoke(self.trace)
            case 'worker.ping':
                return Ping()
            case 'worker.rateLimit':
                return RateLimit(self.dice)
            case 'worker.addConsumer':
                return AddConsumer()
            case 'worker.poolGrow':
                return PoolGrow()
            case 'queue.pause':
                self.is_paused = not self.is_paused
                return Toggle(self.queue, resumes=not self.is_paused)
            case 'queue.purge':
                return Purge()
            case 'queue.restore':
                return Restore()
            case 'message.move':
                return Move()
            case 'message.prioritize':
                return Prioritize()
            case _:
                return Delete()
