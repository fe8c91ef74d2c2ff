"""Messages that our encoder made of random values, on a real worker: it lives through all of them.

The Swift test that owns the generator writes them to a file (Tests/WireFormatsTests/Celery/WorkerMessagesTests.swift).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.paths import ROOT
from harness.stack import Stack
from harness.waiting import wait_for
from harness.workers import WorkerSpec

QUEUE = 'wire'
NUMBER = 300


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder, [WorkerSpec('wire', queues=(QUEUE,), concurrency=2)])
    yield stack.start(gateway=False)
    stack.stop()


def messages(folder: Path) -> list[dict[str, str]]:
    """Runs the Swift test that writes them; it was built before (bin/test builds first)."""
    path = folder / 'messages.jsonl'
    done = subprocess.run(
        ['swift', 'test', '--skip-build', '--filter', 'WireFormatsTests.WorkerMessagesTests'],
        cwd=ROOT,
        env={**os.environ, 'CELERIAC_WIRE_SAMPLES': str(path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f'{done.stdout[-2000:]}{done.stderr[-2000:]}'
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_real_worker_lives_through_what_we_encode(stack: Stack, folder: Path) -> None:
    made = messages(folder)
    assert len(made) == NUMBER
    worker = stack.workers['wire']
    assert worker.process
    pid = worker.process.pid
    redis = stack.redis()

    for message in made:
        redis.lpush(message['key'].encode(), message['payload'].encode())
    wait_for(lambda: stack.queue_length(QUEUE) == 0, 120, 'the worker to take all messages')
    wait_for(lambda: redis.hlen('unacked') == 0, 120, 'the worker to be done with all messages')

    assert worker.running and worker.process.pid == pid
    assert 'Unrecoverable error' not in worker.process.output()
    assert worker.process.output().count(' ready.') == 1, 'the worker began again'
    later = stack.send('math.add', 2, 3, queue=QUEUE)
    wait_for(lambda: (stack.result(later) or {}).get('result') == 5, 60, 'a later task to run')
    assert worker.running and worker.process.pid == pid
