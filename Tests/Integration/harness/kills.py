"""Kills at random moments while commands come in: whatever was asked for with a key happens once, or its row does not claim to know."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from .stack import Stack, unique
from .waiting import wait_for

Json = dict[str, Any]
SUBMITTERS = 6
OPEN = {'accepted', 'sent'}
MOST = 60
"""Kills in one storm: the gateway keeps rows of the last 1,000 commands."""


class Submitter(threading.Thread):
    """Sends commands, and each again with its key until there is an answer that is no accident."""

    def __init__(self, stack: Stack, token: str, trace: Path, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.base = stack.running_gateway.base_url
        self.headers = {'authorization': f'Bearer {token}'}
        self.trace = trace
        self.stopping = stopping
        self.answers: dict[str, str] = {}
        """Label that the task writes -> id of its command."""
        self.repeated = 0
        self.duplicates = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            label = unique('label')
            body = {'task': 'files.write', 'args': [str(self.trace), label], 'queue': 'q', 'deadlineMs': 4000}
            self.submit(label, body)
            time.sleep(0.25)

    def submit(self, label: str, body: Json) -> None:
        """The label is the key as well."""
        for attempt in range(200):
            try:
                answer = httpx.post(
                    f'{self.base}/api/celery/commands/task.run',
                    json=body,
                    headers={**self.headers, 'idempotency-key': label},
                    timeout=10,
                )
            except httpx.HTTPError:
                self.repeated += 1
            else:
                if answer.status_code in {200, 202}:
                    self.answers[label] = answer.json()['id']
                    self.duplicates += answer.json()['duplicate']
                    return
                # Nothing was taken: no broker, or too many.
                assert answer.status_code in {429, 503}, answer.text
            time.sleep(0.05 + 0.001 * attempt)
        raise AssertionError(f'no answer for {label}')


def written(trace: Path, label: str) -> bool:
    return label in trace.read_text()


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
            for number in dice.sample(ours, dice.randint(1, len(ours))) if ours else []:
                redis.client_kill_filter(_id=number)
            return 'connections'
        case _:
            redis.execute_command('CLIENT', 'PAUSE', 150, 'WRITE')
            return 'pause'


@dataclass
class KillReport:
    """What became of the commands."""

    kills: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    duplicates: int = 0
    ran: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: KillReport) -> None:
        self.kills += other.kills
        self.states += other.states
        self.reasons += other.reasons
        self.repeated += other.repeated
        self.duplicates += other.duplicates
        self.ran += other.ran
        self.wrong += other.wrong

    def __str__(self) -> str:
        kinds = ', '.join(f'{count} {kind}' for kind, count in sorted(self.kills.items()))
        return (
            f'{sum(self.kills.values())} kills ({kinds}), {sum(self.states.values())} commands {dict(self.states)}, '
            f'{self.repeated} sent again ({self.duplicates} of them had been taken), ran {self.ran}, wrong {len(self.wrong)}'
        )


def storm(stack: Stack, trace: Path, kills: int, dice: random.Random) -> KillReport:
    """Kills so many times while commands come in. The stack has a worker with pool threads on queue `q`."""
    assert kills <= MOST
    gateway = stack.running_gateway
    gateway.listen = gateway.address
    stopping = threading.Event()
    trace.touch()
    submitters = [Submitter(stack, gateway.token('bot', unique('killer')), trace, stopping) for _ in range(SUBMITTERS)]
    for submitter in submitters:
        submitter.start()
    report = KillReport()
    for _ in range(kills):
        time.sleep(dice.uniform(0.05, 0.6))
        report.kills[kill_something(stack, dice)] += 1
    stopping.set()
    for submitter in submitters:
        submitter.join(60)
        assert not submitter.is_alive()
    report.repeated = sum(submitter.repeated for submitter in submitters)
    report.duplicates = sum(submitter.duplicates for submitter in submitters)
    judge(stack, trace, {label: command for s in submitters for label, command in s.answers.items()}, report)
    return report


def judge(stack: Stack, trace: Path, commands: dict[str, str], report: KillReport) -> None:
    """Compares what the rows say with what truly ran. `commands`: label that the task writes -> id of its command."""
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("admin", unique("reader"))}'}

    def rows() -> dict[str, Json] | None:
        answer = httpx.get(f'{gateway.base_url}/api/celery/commands', headers=headers, timeout=10)
        found = {row['id']: row for row in answer.json()['commands']}
        is_over = all(found.get(command, {}).get('state', 'accepted') not in OPEN for command in commands.values())
        return found if is_over else None

    ended: dict[str, Json] = wait_for(rows, 30, 'the end of every command')
    # Late proof: what was sent before a kill is looked for after it.
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and any(ended[command]['state'] == 'unknown' for command in commands.values()):
        time.sleep(0.5)
        ended = rows() or ended
    for label, command in commands.items():
        if ended[command]['state'] == 'confirmed':
            # The worker has it; that it has also run may take a moment longer.
            wait_for(partial(written, trace, label), 20, f'{label} to run')
    counts = Counter(trace.read_text().split())
    report.ran = counts.total()
    report.wrong += [f'{label} ran and nobody has an answer' for label in set(counts) - set(commands)]
    for label, command in commands.items():
        row = ended[command]
        report.states[row['state']] += 1
        report.reasons[str(row.get('reason'))] += 1
        if counts[label] > 1:
            report.wrong.append(f'{label} ran {counts[label]} times: {row}')
        if row['state'] == 'failed' and counts[label]:
            report.wrong.append(f'{label} failed and ran: {row}')
        if row['state'] not in {'confirmed', 'failed'} and not (row['state'] == 'unknown' and row.get('reason')):
            report.wrong.append(f'{label} ended without a reason: {row}')
