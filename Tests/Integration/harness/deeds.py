"""Commands with an effect that can be counted from outside: what each row may claim is compared with what truly happened."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .stack import Stack, unique

Json = dict[str, Any]
QUEUE = 'q'
NODE = 'a@celeriac.test'
GROUP = 3
MESSAGES = 4


@dataclass
class Deed:
    """One command, sent again with its key until it is answered."""

    command: str
    body: Json
    label: str = field(default_factory=lambda: unique('label'))
    """Its key, and what its tasks write."""

    def prepare(self, stack: Stack) -> None:
        """Done once, before it is sent first."""

    def settled(self, row: Json, ran: Counter[str]) -> bool:
        """Whether an effect that the row claims, and that may take a moment, is there."""
        return True

    def faults(self, row: Json, ran: Counter[str], stack: Stack) -> list[str]:
        """What is wrong in view of its row. `ran`: how often each label was written."""
        return []


class Run(Deed):
    """A task that writes its label."""

    def __init__(self, trace: Path) -> None:
        super().__init__('task.run', {})
        self.body = {'task': 'files.write', 'args': [str(trace), self.label], 'queue': QUEUE, 'deadlineMs': 4000}

    @property
    def labels(self) -> list[str]:
        return [self.label]

    def settled(self, row: Json, ran: Counter[str]) -> bool:
        return row['state'] != 'confirmed' or all(ran[label] for label in self.labels)

    def faults(self, row: Json, ran: Counter[str], stack: Stack) -> list[str]:
        counts = [ran[label] for label in self.labels]
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

    def prepare(self, stack: Stack) -> None:
        task = stack.send('files.write', str(self.trace), self.label, queue=QUEUE, countdown=3)
        self.body = {'id': task, 'deadlineMs': 2000}

    def settled(self, row: Json, ran: Counter[str]) -> bool:
        return row['state'] not in {'unknown', 'rejected'} or bool(ran[self.label])

    def faults(self, row: Json, ran: Counter[str], stack: Stack) -> list[str]:
        count = ran[self.label]
        wrong = []
        if row['state'] == 'confirmed' and count:
            wrong.append('confirmed and the task ran')
        if row['state'] == 'rejected' and not count:
            wrong.append('rejected and the task did not run')
        if count > 1:
            wrong.append(f'the task ran {count} times')
        return wrong


class Purge(Deed):
    """A purge of a queue of its own with counted messages."""

    def __init__(self) -> None:
        super().__init__('queue.purge', {})
        self.queue = unique('purged')
        self.body = {'queue': self.queue, 'deadlineMs': 4000}

    def prepare(self, stack: Stack) -> None:
        for number in range(MESSAGES):
            stack.send('math.add', number, 1, queue=self.queue, priority=number * 2)

    def faults(self, row: Json, ran: Counter[str], stack: Stack) -> list[str]:
        left, told = stack.queue_length(self.queue), ' '.join(row.get('evidence') or [])
        if left not in {0, MESSAGES}:
            return [f'{left} messages of {MESSAGES} are left']
        if row['state'] == 'confirmed' and (left or f'broker: {MESSAGES} messages removed' not in told):
            return [f'confirmed, and {left} messages are left; {told}']
        if row['state'] in {'failed', 'rejected'} and not left:
            return [f'{row["state"]}, and the messages are gone']
        return []


class Ping(Deed):
    """A question to the worker."""

    def __init__(self) -> None:
        super().__init__('worker.ping', {'workers': [NODE], 'deadlineMs': 2000})

    def faults(self, row: Json, ran: Counter[str], stack: Stack) -> list[str]:
        has_answer = f'{NODE}: pong' in (row.get('evidence') or [])
        return [] if (row['state'] == 'confirmed') == has_answer else ['the answer and the state do not agree']


class RateLimit(Deed):
    """A limit for the worker, each time another one."""

    def __init__(self, dice: random.Random) -> None:
        limit = f'{dice.randint(1000, 9999)}/s'
        super().__init__('worker.rateLimit', {'workers': [NODE], 'task': 'math.add', 'limit': limit, 'deadlineMs': 3000})

    def faults(self, row: Json, ran: Counter[str], stack: Stack) -> list[str]:
        is_seen = f'{NODE}: registered shows rate limit {self.body["limit"]}' in (row.get('evidence') or [])
        return ['confirmed and not seen'] if row['state'] == 'confirmed' and not is_seen else []


def deed(trace: Path, dice: random.Random, *, may_purge: bool) -> Deed:
    """Any of them."""
    match dice.randrange(8 if may_purge else 7):
        case 0 | 1:
            return Run(trace)
        case 2:
            return Group(trace)
        case 3 | 4:
            return Revoke(trace)
        case 5:
            return Ping()
        case 6:
            return RateLimit(dice)
        case _:
            return Purge()
