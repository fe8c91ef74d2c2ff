"""Wrong tokens over HTTP, in the handshake and in `session.start`: slowed down, and in the audit, alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique

FREE = 5


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder).start()
    yield stack
    stack.stop()


async def code_of(stack: Stack, way: str, token: str) -> int:
    """What somebody with this token is told: 0 if it is right."""
    gateway = stack.running_gateway
    headers = {'Authorization': f'Bearer {token}'}
    if way == 'request':
        async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
            answer = await http.get('/api/celery/stats')
        if answer.status_code == 429:
            assert int(answer.headers['retry-after']) >= 1
        return int(answer.json()['code']) if answer.status_code >= 400 else 0
    try:
        options = {'headers': headers} if way == 'handshake' else {'token': token}
        async with GatewayClient.connect(gateway.ws_url, **options):
            return 0
    except RpcError as refusal:
        if refusal.code == 1012:
            assert refusal.data['retryAfterMs'] > 0
        return refusal.code


@pytest.mark.parametrize('way', ['request', 'handshake', 'start'])
async def test_guesses_are_slowed_down_and_told_of(stack: Stack, connect: ConnectClient, way: str) -> None:
    gateway = stack.running_gateway
    known = gateway.token('viewer', unique('known'))
    assert await code_of(stack, way, known) == 0
    guesses = [unique('clr_guess') for _ in range(FREE + 1)]

    async with connect(stack) as admin:
        audit = await admin.subscribe('audit')
        told = [await code_of(stack, way, guess) for guess in guesses]

        # However slow the machine is: the wait of 1 s may be over for the last one, and then it is wrong like the others.
        assert told[:FREE] == [1001] * FREE and told[FREE] in {1001, 1012}
        assert await code_of(stack, way, known) == 0

        def refusals() -> list[dict[str, object]]:
            return [row for row in audit.rows.values() if row['outcome'] == 'refused']

        await admin.until(lambda: len(refusals()) >= FREE, 10, 'the refusals')
    place = {'request': "a request's", 'handshake': "the handshake's", 'start': 'session.start'}[way]
    assert all(place in str(row['detail']) and row['from'] == '127.0.0.1' for row in refusals())
    assert len(refusals()) == FREE, 'no more lines of one address in ten minutes'
    listed = gateway.cli('audit', 'list', '--data', str(gateway.data), '--json').stdout
    assert len([line for line in listed.splitlines() if json.loads(line)['outcome'] == 'refused']) == FREE
    assert not [guess for guess in guesses if guess in listed + (gateway.process.output() if gateway.process else '')]
