"""Agreement with Celery's own State on random events: the short form of `bin/prove agreement`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.oracle import compare
from harness.stack import Stack

EVENTS = 15_000
# So few that State and the flower view must forget tasks and make them anew.
FLOWER_TASKS = 1_500


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start(gateway_options=['--flower-tasks', str(FLOWER_TASKS)])
    yield stack
    stack.stop()


def test_both_views_agree_with_state_and_with_what_happened(stack: Stack) -> None:
    seed = int(os.environ.get('CELERIAC_SEED', time.time_ns() % 1_000_000_000))
    agreement = compare(stack, EVENTS, seed, FLOWER_TASKS)
    print(agreement.report())

    assert len(agreement.events) >= EVENTS
    assert agreement.flower_tasks == FLOWER_TASKS
    assert agreement.flower_fields > 20 * FLOWER_TASKS
    assert agreement.differences == [], f'seed {seed}: {len(agreement.differences)}, such as {agreement.differences[:10]}'
    assert agreement.wrong == [], f'seed {seed}: {len(agreement.wrong)}, such as {agreement.wrong[:10]}'
