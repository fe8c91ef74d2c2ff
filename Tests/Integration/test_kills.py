"""Kills at random moments; the long form is `bin/prove kills`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.deeds import KINDS
from harness.kills import WORKERS, storm
from harness.stack import Stack

KILLS = 12


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, WORKERS).start()
    yield stack
    stack.stop()


def test_effects_happen_once_or_are_unknown(stack: Stack, folder: Path) -> None:
    report = storm(stack, folder / 'trace', KILLS, random.Random(7))

    print(report)
    assert not report.wrong
    for command in KINDS:
        assert report.of(command).total() > 0, f'{command} was never sent'
    assert sum(report.of(command)['confirmed'] for command in KINDS) > report.states.total() / 2
    assert report.kills.total() >= KILLS
