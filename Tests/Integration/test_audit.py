"""The audit as somebody reads and checks it from outside, while the gateway runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.stack import Stack


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder).start()
    yield stack
    stack.stop()


def lines(stack: Stack, *options: str) -> list[dict[str, Any]]:
    gateway = stack.running_gateway
    done = gateway.cli('audit', 'list', '--data', str(gateway.data), '--json', *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_what_was_asked_and_refused_is_listed_and_a_changed_line_is_found(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    async with connect(stack, 'viewer') as client:
        with pytest.raises(RpcError):
            await client.submit('queue.purge', {'queue': 'secret-queue'})

    found = lines(stack)
    (refused,) = [line for line in found if line['action'] == 'queue.purge']
    assert refused['outcome'] == 'refused' and refused['from'] == '127.0.0.1' and 'role viewer may not' in refused['detail']
    assert [line['line'] for line in found] == list(range(found[0]['line'], found[-1]['line'] + 1))
    assert lines(stack, '--after', str(refused['line'] - 1), '--limit', '1') == [refused]

    whole = gateway.cli('audit', 'verify', '--data', str(gateway.data))
    assert whole.returncode == 0 and whole.stdout == f'intact: {len(lines(stack))} lines\n', whole.stderr

    (file,) = gateway.data.glob('*.sqlite')
    with sqlite3.connect(file) as database:
        database.execute('DROP TRIGGER auditNeverChanges')
        database.execute("UPDATE audit SET principal = 'somebody else' WHERE sequence = ?", (refused['line'],))

    broken = gateway.cli('audit', 'verify', '--data', str(gateway.data))
    assert broken.returncode == 1 and f'line {refused["line"]} ' in broken.stdout, broken.stderr
