"""The audit as somebody reads and checks it from outside, while the gateway runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.rows import Table
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


async def test_a_refused_command_of_a_viewer_appears_live_on_an_admins_socket(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as admin, connect(stack, 'viewer') as viewer:
        audit = await admin.subscribe('audit')
        before = len(audit)

        with pytest.raises(RpcError):
            await viewer.submit('queue.purge', {'queue': 'mail'})

        row = await admin.until(
            lambda: next((row for row in audit.rows.values() if row['action'] == 'queue.purge'), None), 10, 'the refusal'
        )
        assert len(audit) > before
        assert row['outcome'] == 'refused' and row['from'] == '127.0.0.1' and 'role viewer may not' in row['detail']
        # What a tool of the command line writes beside the gateway comes too.
        stack.running_gateway.token('bot', 'made-beside')
        await admin.until(lambda: any(row.get('target') == 'token made-beside' for row in audit.rows.values()), 10, 'the token')
        # Every line is the same by each way to it.
        headers = {'Authorization': f'Bearer {stack.running_gateway.token()}'}
        async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
            pages = []
            query = 'limit=2'
            while query:
                page = (await http.get(f'/api/celery/audit?{query}')).json()
                pages += page['audit']
                query = f'limit=2&after={page["next"]}' if page['next'] else ''
        await admin.until(lambda: len(audit) == len(pages), 10, 'the line about the last token')
        assert sorted(audit.rows.values(), key=lambda row: -int(row['id'])) == pages
        assert [int(row['id']) for row in pages] == [line['line'] for line in reversed(lines(stack))]


UNREAD: list[tuple[Any, str, str]] = [
    ({'cmd': 'queue.purge', 'args': {'queue': 'mail'}}, 'queue.purge', 'key must be'),
    ({'cmd': 'queue.restore', 'args': {}, 'key': 'k', 'deadlineMs': -1}, 'queue.restore', 'deadlineMs must be'),
    ({'args': {}, 'key': 'k'}, 'a command', 'cmd must be'),
    (['queue.purge'], 'a command', 'params must be an object'),
]


async def new_line(client: GatewayClient, audit: Table, known: set[int]) -> dict[str, Any]:
    """The refusal that is not one of those, as soon as it is there. (Tokens that were made beside the gateway come when they come.)"""

    def found() -> dict[str, Any] | None:
        return next((row for key, row in audit.rows.items() if key not in known and row['outcome'] == 'refused'), None)

    return await client.until(found, 10, 'a line of the audit')


async def test_commands_that_a_socket_refuses_unread_are_written_like_those_of_rest(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    async with connect(stack) as admin, connect(stack, 'viewer') as viewer:
        audit = await admin.subscribe('audit')
        for params, action, reason in UNREAD:
            known = set(audit.rows)
            with pytest.raises(RpcError, match=reason):
                await viewer.call('cmd.submit', params, is_wrong=True)
            row = await new_line(admin, audit, known)
            assert (row['action'], row['outcome'], row['from']) == (action, 'refused', '127.0.0.1') and reason in row['detail']
        # One who names the method but sends no request at all is cut off, and told of as well.
        known = set(audit.rows)
        await viewer.send({'jsonrpc': '2.0', 'method': 'cmd.submit', 'params': {'cmd': 'worker.shutdown'}}, is_wrong=True)
        row = await new_line(admin, audit, known)
        assert row['action'] == 'worker.shutdown' and row['outcome'] == 'refused'
        assert await viewer.wait_closed() == 4400

        headers = {'Authorization': f'Bearer {gateway.token("operator", "by-rest")}'}
        async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
            assert (await http.post('/api/celery/commands/queue.purge', json={'queue': 'mail'})).status_code == 400
        twin = await admin.until(
            lambda: next((row for row in audit.rows.values() if row.get('by') == 'by-rest'), None), 10, 'its twin'
        )
    (socket,) = [line for line in lines(stack) if line['action'] == 'queue.purge' and line['by'] != 'by-rest']
    assert twin['outcome'] == socket['outcome'] and twin['from'] == socket['from'] and 'Idempotency-Key' in twin['detail']


@pytest.mark.parametrize('role', ['viewer', 'operator', 'wall', 'bot'])
async def test_only_admins_may_subscribe_to_it(stack: Stack, connect: ConnectClient, role: str) -> None:
    async with connect(stack, role) as client:
        with pytest.raises(RpcError) as refusal:
            await client.subscribe('audit')

    assert refusal.value.code == 1003
