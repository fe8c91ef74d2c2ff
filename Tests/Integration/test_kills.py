"""Kills at random moments: whatever was asked for with a key happens once, or the answer is honest about not knowing.

CELERIAC_KILLS is the number of kills (default 12); `CELERIAC_KILLS=500` takes some minutes.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
KILLS = int(os.environ.get('CELERIAC_KILLS', '12'))
SUBMITTERS = 6
OPEN = {'accepted', 'sent'}


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec(name='a', pool='threads', queues=('q',), concurrency=4)]).start()
    yield stack
    stack.stop()


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


def kill_something(stack: Stack, dice: random.Random) -> None:
    redis: Any = stack.redis()
    match dice.randrange(4):
        case 0:
            stack.running_gateway.kill()
            stack.running_gateway.start()
        case 1 | 2:
            # Ours only: a worker that loses its connection may run a task again, which is Celery's doing.
            ours = [client['id'] for client in redis.client_list() if client['name'].startswith('celeriac:')]
            for number in dice.sample(ours, dice.randint(1, len(ours))) if ours else []:
                redis.client_kill_filter(_id=number)
        case _:
            redis.execute_command('CLIENT', 'PAUSE', 150, 'WRITE')


def test_effects_happen_once_or_are_unknown(stack: Stack, folder: Path) -> None:
    gateway = stack.running_gateway
    gateway.listen = gateway.address
    trace, stopping = folder / 'trace', threading.Event()
    trace.touch()
    submitters = [Submitter(stack, gateway.token('bot', unique('killer')), trace, stopping) for _ in range(SUBMITTERS)]
    dice = random.Random(7)
    for submitter in submitters:
        submitter.start()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.05, 0.6))
        kill_something(stack, dice)
    stopping.set()
    for submitter in submitters:
        submitter.join(60)
        assert not submitter.is_alive()

    headers = {'authorization': f'Bearer {gateway.token("admin", unique("reader"))}'}
    commands = {label: command for submitter in submitters for label, command in submitter.answers.items()}

    def rows() -> dict[str, Json] | None:
        answer = httpx.get(f'{gateway.base_url}/api/celery/commands', headers=headers, timeout=10)
        found = {row['id']: row for row in answer.json()['commands']}
        is_over = all(found.get(command, {}).get('state') not in OPEN for command in commands.values())
        return found if is_over else None

    ended: dict[str, Json] = wait_for(rows, 30, 'the end of every command')
    # Late proof: what was sent before a kill is looked for after it.
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and any(ended[command]['state'] == 'unknown' for command in commands.values()):
        time.sleep(0.5)
        ended = rows() or ended
    counts = Counter(trace.read_text().split())
    assert set(counts) <= set(commands)
    states: Counter[str] = Counter()
    for label, command in commands.items():
        row = ended[command]
        states[row['state']] += 1
        assert counts[label] <= 1, (label, row)
        if row['state'] == 'confirmed':
            # The worker has it; that it has also run may take a moment longer.
            wait_for(partial(written, trace, label), 20, f'{label} to run')
        elif row['state'] == 'failed':
            assert counts[label] == 0, (label, row)
        else:
            assert row['state'] == 'unknown' and row['reason'], (label, row)
    assert states['confirmed'] > len(commands) / 2
    reasons = Counter(ended[command].get('reason') for command in commands.values())
    print(f'{dict(reasons)}')
    print(f'{KILLS} kills, {len(commands)} commands: {dict(states)}; {sum(s.repeated for s in submitters)} sent again, ', end='')
    print(f'{sum(s.duplicates for s in submitters)} of them had been taken; ran: {sum(counts.values())}')
