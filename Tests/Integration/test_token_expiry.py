"""Tokens that end: good until then, worthless afterwards, over HTTP and on a live socket."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import GatewayClient
from harness.stack import Stack, unique
from harness.waiting import wait_for

DAYS_30 = 30 * 86_400


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def status(stack: Stack, token: str) -> int:
    headers = {'Authorization': f'Bearer {token}'}
    return httpx.get(f'{stack.running_gateway.base_url}/api/celery/stats', headers=headers, timeout=10).status_code


async def test_a_token_of_thirty_days_works_and_says_when_it_ends(stack: Stack) -> None:
    gateway = stack.running_gateway
    done = gateway.cli(
        'token', 'create', '--data', str(gateway.data), '--role', 'operator', '--name', unique('ada'), '--expires', '30d'
    )

    assert done.returncode == 0 and re.search(r'operator, until 20\d\d-', done.stderr), done.stderr
    (token,) = done.stdout.split()
    assert status(stack, token) == 200
    async with GatewayClient.connect(gateway.ws_url, token) as client:
        assert client.session['who']['role'] == 'operator'
        assert DAYS_30 - 120 <= client.session['tokenTtlMs'] / 1000 <= DAYS_30
        assert (await client.subscribe('workers')).live


async def test_a_token_that_has_ended_is_worth_nothing(stack: Stack) -> None:
    gateway = stack.running_gateway
    made = time.monotonic()
    # Long enough to be used once on a machine with much to do.
    token = gateway.token('operator', unique('brief'), '--expires', '8s')
    assert status(stack, token) == 200
    async with GatewayClient.connect(gateway.ws_url, token) as client:
        assert 0 < client.session['tokenTtlMs'] <= 8_000

        # The live session ends by itself, the rights being looked up every two seconds.
        assert await client.wait_closed(30) == 4401
        assert client.bye and client.bye['code'] == 4401
        assert time.monotonic() - made >= 7, 'it ended before its time'

    wait_for(lambda: status(stack, token) == 401, 10, '401 for a token that has ended')
    async with GatewayClient.connect(gateway.ws_url, start=False) as client:
        params = {'proto': {'major': 1}, 'auth': {'kind': 'bearer', 'token': token}}
        await client.send({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': params})
        assert await client.wait_closed(15) == 4401
