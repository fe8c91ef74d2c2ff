"""The gateway answers as its own OpenAPI document says, to whatever schemathesis thinks of. The long form: `bin/prove contract`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.openapi_probe import Probe, answers, run
from harness.stack import Stack, unique


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def test_every_answer_is_one_that_is_described(stack: Stack, tmp_path: Path) -> None:
    done = run(stack, tmp_path, Probe(examples=3))

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    # It has asked: many times, and most of it was looked at, and not refused for coming too often.
    counted = answers(tmp_path)
    assert sum(counted.values()) > 500 and counted['200'] > 30 and counted['202'] > 0, counted
    assert counted.get('429', 0) < sum(counted.values()) / 2, counted
    assert set(counted) <= {str(status) for status in (*range(200, 500), 501)}, counted
    assert stack.running_gateway.running


def test_the_probe_finds_what_is_not_described(stack: Stack, tmp_path: Path) -> None:
    """A document that leaves out an answer: the same gateway must then be wrong."""
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("admin", unique("reader"))}'}
    document = httpx.get(f'{gateway.base_url}/api/openapi.json', headers=headers).json()
    del document['paths']['/api/celery/stats']['get']['responses']['400']

    done = run(stack, tmp_path, Probe(examples=1, operations='^/api/celery/stats$'), document)

    assert done.returncode == 1 and 'Undocumented status code' in done.stdout, done.stdout[-5_000:]
