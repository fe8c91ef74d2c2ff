"""Kills at random moments while commands come in: whatever was asked for with a key happens once, or its row does not claim to know."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from .deeds import GROWING, KINDS, NODE, QUEUE, AddConsumer, Deck, Deed, PoolGrow, Toggle, Truth, growth_faults
from .stack import Stack, unique
from .topic_pages import all_rows
from .waiting import wait_for
from .workers import WorkerSpec

Json = dict[str, Any]
SUBMITTERS = 6
OPEN = {'accepted', 'sent'}
PAUSE = 'pause'
"""Redis takes no writes for a moment: no kill, and counted apart."""
MOST = 40
"""Kills in one storm: the gateway keeps rows of the last 1,000 commands."""


class Submitter(threading.Thread):
    """Sends commands of every kind, and each again with its key until there is an answer that is no accident."""

    def __init__(self, stack: Stack, token: str, deck: Deck, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.stack = stack
        self.base = stack.running_gateway.base_url
        self.headers = {'authorization': f'Bearer {token}'}
        self.deck = deck
        self.stopping = stopping
        self.answers: list[tuple[Deed, str]] = []
        """What was asked for, and the id of its command."""
        self.repeated = 0
        self.duplicates = 0
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                task = self.deck.deal()
                if task.prepare(self.stack, self.submit):
                    self.answers.append((task, self.submit(task)))
                time.sleep(0.35)
        except BaseException as fault:
            self.fault = fault

    def submit(self, task: Deed) -> str:
        """Sends it until it is answered, and gives the id of its row."""
        for attempt in range(200):
            try:
                answer = httpx.post(
                    f'{self.base}/api/celery/commands/{task.command}',
                    json=task.body,
                    headers={**self.headers, 'idempotency-key': task.label},
                    timeout=10,
                )
            except httpx.HTTPError:
                self.repeated += 1
            else:
                if answer.status_code in {200, 202}:
                    self.duplicates += answer.json()['duplicate']
                    return str(answer.json()['id'])
                # Nothing was taken: no broker, or too many.
                assert answer.status_code in {429, 503}, answer.text
            time.sleep(0.05 + 0.001 * attempt)
        raise AssertionError(f'no answer for {task}')


def kill_something(stack: Stack, dice: random.Random) -> str:
    """Gives what was killed."""
    redis: Any = stack.redis()
    match dice.randrange(4):
        case 0:
            stack.running_gateway.kill()
            stack.running_gateway.start()
            return 'gateway'
        case 1 | 2:
            # Ours only: a worker that loses its connection may run a task again, which is Celery's doing.
            ours = [client['id'] for client in redis.client_list() if client['name'].startswith('celeriac:')]
            killed = (
                [redis.client_kill_filter(_id=number) for number in dice.sample(ours, dice.randint(1, len(ours)))] if ours else []
            )
            return 'connections' if any(killed) else PAUSE
        case _:
            redis.execute_command('CLIENT', 'PAUSE', 150, 'WRITE')
            return PAUSE


@dataclass
class KillReport:
    """What became of the commands."""

    kills: Counter[str] = field(default_factory=Counter)
    pauses: int = 0
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(command, state) -> how many."""
    reasons: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    duplicates: int = 0
    ran: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: KillReport) -> None:
        self.kills += other.kills
        self.pauses += other.pauses
        self.states += other.states
        self.reasons += other.reasons
        self.repeated += other.repeated
        self.duplicates += other.duplicates
        self.ran += other.ran
        self.wrong += other.wrong

    def of(self, command: str) -> Counter[str]:
        """The states of one kind of command."""
        return Counter({state: count for (name, state), count in self.states.items() if name == command})

    def __str__(self) -> str:
        kinds = ', '.join(f'{count} {kind}' for kind, count in sorted(self.kills.items()))
        lines = [
            f'{self.kills.total()} kills ({kinds}), {self.pauses} pauses, {self.states.total()} commands, '
            f'{self.repeated} sent again ({self.duplicates} of them had been taken), tasks ran {self.ran}, wrong {len(self.wrong)}'
        ]
        lines += [f'  {name}: {dict(self.of(name))}' for name in sorted({name for name, _ in self.states})]
        return '\n'.join(lines)


GROWING_WORKER = WorkerSpec(name=GROWING.partition('@')[0], queues=('q-growing',), concurrency=1)
WORKERS = [
    WorkerSpec(name='a', pool='threads', queues=(QUEUE, *(f'paused-{number}' for number in range(SUBMITTERS))), concurrency=4),
    GROWING_WORKER,
]
"""The workers of a storm."""


def storm(stack: Stack, trace: Path, kills: int, dice: random.Random) -> KillReport:
    """Kills so many times, and until every kind of command was answered, while they come in. The stack has `WORKERS`."""
    assert kills <= MOST
    gateway = stack.running_gateway
    gateway.listen = gateway.address
    stopping = threading.Event()
    trace.touch()
    if processes(stack) > 1:
        # Celery does not take processes away reliably.
        stack.workers[GROWING_WORKER.name].stop()
        stack.start_worker(GROWING_WORKER)
    submitters = [
        Submitter(stack, gateway.token('admin', unique('killer')), Deck(number, trace, random.Random(dice.random())), stopping)
        for number in range(SUBMITTERS)
    ]
    for submitter in submitters:
        submitter.start()
    report = KillReport()
    while report.kills.total() < kills or missing(submitters):
        assert report.kills.total() < 10 * kills or not missing(submitters), f'no answer to any {missing(submitters)}'
        time.sleep(dice.uniform(0.05, 0.6))
        what = kill_something(stack, dice)
        if what == PAUSE:
            report.pauses += 1
        else:
            report.kills[what] += 1
    stopping.set()
    for submitter in submitters:
        submitter.join(60)
        assert not submitter.is_alive()
        if submitter.fault:
            raise submitter.fault
    report.repeated = sum(submitter.repeated for submitter in submitters)
    report.duplicates = sum(submitter.duplicates for submitter in submitters)
    judge(stack, trace, [answer for submitter in submitters for answer in submitter.answers], report)
    return report


def missing(submitters: list[Submitter]) -> set[str]:
    """Kinds of commands without an answer; those who fail have one in the end."""
    if any(submitter.fault for submitter in submitters):
        return set()
    return set(KINDS) - {task.command for submitter in submitters for task, _ in submitter.answers}


def judge(stack: Stack, trace: Path, answers: list[tuple[Deed, str]], report: KillReport) -> None:
    """Compares what the rows say with what truly happened."""
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("admin", unique("reader"))}'}

    def rows() -> dict[str, Json] | None:
        with httpx.Client(base_url=gateway.base_url, headers=headers) as http:
            found = {row['id']: row for row in all_rows(http, 'commands')}
        is_over = all(found.get(command, {}).get('state', 'accepted') not in OPEN for _, command in answers)
        return found if is_over else None

    wishes = {task.queue: task.resumes for task, _ in answers if isinstance(task, Toggle)}

    def truth() -> Truth:
        queues = wait_for(lambda: stack.app.control.inspect([NODE], timeout=3).active_queues(), 30, 'the worker to answer')
        consumed = {queue['name'] for queue in queues[NODE]}
        return Truth(stack, Counter(trace.read_text().split()), consumed, processes(stack) - 1, wishes)

    def growth(ended: dict[str, Json], now: Truth) -> list[str]:
        return growth_faults(Counter(ended[command]['state'] for task, command in answers if isinstance(task, PoolGrow)), now)

    def settled() -> bool:
        ended, now = rows(), truth()
        # A pool gets its processes some seconds after it was told.
        return (
            ended is not None and all(task.settled(ended[command], now) for task, command in answers) and not growth(ended, now)
        )

    wait_for(rows, 30, 'the end of every command')
    # Late proof: what was sent before a kill is looked for after it. What never comes is judged below.
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline and not settled():
        time.sleep(0.5)
    ended, now = wait_for(rows, 30, 'the end of every command'), truth()
    report.ran = now.ran.total()
    known = {label for task, _ in answers for label in task.labels}
    report.wrong += [f'{label} ran and nobody has an answer' for label in set(now.ran) - known]
    report.wrong += growth(ended, now)
    for task, command in answers:
        row = ended[command]
        report.states[task.command, row['state']] += 1
        report.reasons[f'{task.command} {row["state"]}: {row.get("reason")}'] += row['state'] != 'confirmed'
        faults = task.faults(row, now)
        if row['state'] != 'confirmed' and not row.get('reason'):
            faults.append('ended without a reason')
        if row['state'] == 'unknown' and not row.get('evidence'):
            faults.append('is unknown without evidence')
        report.wrong += [f'{task.label}: {fault}: {row}' for fault in faults]
        if isinstance(task, AddConsumer):
            # Hundreds of them would slow the worker down.
            stack.app.control.cancel_consumer(task.queue, destination=[NODE])


def processes(stack: Stack) -> int:
    """Processes of the pool that grows."""
    stats = wait_for(lambda: stack.app.control.inspect([GROWING], timeout=3).stats(), 30, 'the growing worker to answer')
    return len(stats[GROWING]['pool']['processes'])
