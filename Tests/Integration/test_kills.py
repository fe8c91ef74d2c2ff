"""Kills at random moments; the long form is `bin/prove kills`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.kills import storm
from harness.stack import Stack
from harness.workers import WorkerSpec

KILLS = 12


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec(name='a', pool='threads', queues=('q',), concurrency=4)]).start()
    yield stack
    stack.stop()


def test_effects_happen_once_or_are_unknown(stack: Stack, folder: Path) -> None:
    report = storm(stack, folder / 'trace', KILLS, random.Random(7))

    print(report)
    assert not report.wrong
    for command in ('task.run', 'task.group', 'task.revoke', 'worker.ping', 'worker.rateLimit'):
        assert report.of(command).total() > 0, f'{command} was never sent'
    assert report.of('task.run')['confirmed'] > report.of('task.run').total() / 2
    assert report.kills.total() == KILLS
