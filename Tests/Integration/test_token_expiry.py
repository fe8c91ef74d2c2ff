"""Tokens that end or change: what they were is worth nothing afterwards, over HTTP and on a live socket."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.lateness import watched_lateness
from harness.stack import Stack, unique
from harness.waiting import wait_for

DAYS_30 = 30 * 86_400
# What a right that was taken away may last (R6), and how long is waited for it on a machine with much to do.
RIGHTS_SECONDS = 5
PATIENCE_SECONDS = 60


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


def test_a_token_is_for_what_it_names_only(stack: Stack) -> None:
    gateway = stack.running_gateway
    token = gateway.token('admin', unique('limited'), '--topics', 'stats', '--commands', 'worker.ping')
    headers = {'Authorization': f'Bearer {token}'}
    with httpx.Client(base_url=f'{gateway.base_url}/api/celery', headers=headers, timeout=10) as http:
        answers = {topic: http.get(f'/{topic}').status_code for topic in ('stats', 'queues', 'tasks', 'events', 'catalog')}
        assert answers == {'stats': 200, 'queues': 403, 'tasks': 403, 'events': 403, 'catalog': 200}

        purge = http.post('/commands/queue.purge', json={'queue': 'celery'}, headers={'Idempotency-Key': unique('key')})
        assert purge.status_code == 403 and 'not for command queue.purge' in purge.json()['detail']
        ping = http.post('/commands/worker.ping', json={'workers': ['nobody@here']}, headers={'Idempotency-Key': unique('key')})
        assert ping.status_code != 403, ping.text

    for options in (['--topics', 'secrets'], ['--commands', 'task.run,worker.explode'], ['--topics', '']):
        done = gateway.cli('token', 'create', '--data', str(gateway.data), '--role', 'bot', '--name', 'x', *options)
        assert done.returncode != 0 and done.stderr, options
    listed = gateway.cli('token', 'list', '--data', str(gateway.data), '--json').stdout.splitlines()
    assert any('"commands":["worker.ping"]' in line and '"topics":["stats"]' in line for line in listed), listed
    assert 'stats,worker.ping' in gateway.cli('token', 'list', '--data', str(gateway.data)).stdout


async def test_a_revoked_token_ends_its_live_socket(stack: Stack) -> None:
    gateway = stack.running_gateway
    name = unique('revoked')
    token = gateway.token('operator', name)
    async with GatewayClient.connect(gateway.ws_url, token) as client:
        assert gateway.cli('token', 'revoke', '--data', str(gateway.data), name).returncode == 0
        revoked = time.monotonic()

        async with watched_lateness() as lateness:
            assert await client.wait_closed(PATIENCE_SECONDS) == 4401
        took = client.frames[-1].at - revoked
        print(f'the live socket of a revoked token ended after {took:.1f} s; the test was late by {lateness.seconds:.1f} s')
        assert took <= RIGHTS_SECONDS + lateness.seconds
    wait_for(lambda: status(stack, token) == 401, PATIENCE_SECONDS, '401 for a revoked token')


async def test_another_role_reaches_a_live_socket(stack: Stack) -> None:
    """X6: a role that was taken away in the midst of a session."""
    gateway = stack.running_gateway
    name = unique('demoted')
    token = gateway.token('operator', name)
    async with GatewayClient.connect(gateway.ws_url, token) as client:
        trash = await client.subscribe('trash')
        assert trash.live
        done = gateway.cli('token', 'role', '--data', str(gateway.data), name, 'wall')
        assert done.returncode == 0 and 'is now wall' in done.stderr, done.stderr

        def resets() -> list[Any]:
            return [frame.message['params'] for frame in client.frames if frame.message.get('method') == 'sub.reset']

        (reset,) = await client.until(resets, PATIENCE_SECONDS, 'the end of the subscription')
        assert reset['reason'] == 'forbidden'
        with pytest.raises(RpcError) as refusal:
            await client.call('query', {'topic': 'tasks'})
        assert refusal.value.code == 1003
