"""Credentials that are for some queues and task names: what they see and may do on a whole gateway, and how a limit
that changes reaches a live socket."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.events import event, task_events
from harness.lateness import watched_lateness
from harness.stack import Stack, unique
from harness.waiting import wait_for

RIGHTS_SECONDS = 5
PATIENCE_SECONDS = 60


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    """Without workers: what waits stays where it is."""
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def publish(stack: Stack, name: str, queue: str) -> str:
    task = str(uuid.uuid4())
    sent = event('task-sent', uuid=task, name=name, args='()', kwargs='{}', retries=0, queue=queue)
    stack.publish_raw(*task_events(sent))
    return task


def http(stack: Stack, token: str) -> httpx.Client:
    headers = {'Authorization': f'Bearer {token}'}
    return httpx.Client(base_url=f'{stack.running_gateway.base_url}/api/celery', headers=headers, timeout=20)


def known(stack: Stack, *tasks: str) -> None:
    """Waits until an operator without limits sees tasks."""
    with http(stack, stack.running_gateway.token('operator', unique('all'))) as api:
        wait_for(lambda: all(api.get(f'/tasks/{task}').status_code == 200 for task in tasks), PATIENCE_SECONDS, 'the tasks')


async def test_an_operator_of_some_queues_and_names_sees_and_touches_these_only(stack: Stack) -> None:
    gateway = stack.running_gateway
    mine, other_name, other_queue = (
        publish(stack, 'shop.pay', 'mail'),
        publish(stack, 'secret.name', 'mail'),
        publish(stack, 'shop.pay', 'secret-queue'),
    )
    known(stack, mine, other_name, other_queue)
    limits = ['--queue', 'mail', '--queue', 'media-*', '--task', 'shop.*']
    token = gateway.token('operator', unique('shop'), *limits)

    with http(stack, token) as api:
        assert [task['id'] for task in api.get('/tasks').json()['tasks']] == [mine]
        assert [row['id'] for row in api.get('/queues').json()['queues']] == ['mail']
        assert 'secret' not in api.get('/events').text + api.get('/stats').text + api.get('/alerts').text
        hidden, nobody = api.get(f'/tasks/{other_name}'), api.get(f'/tasks/{uuid.uuid4()}')
        assert (hidden.status_code, hidden.text) == (nobody.status_code, nobody.text) == (404, nobody.text)
        for command, body in [
            ('task.revoke', {'id': other_name}),
            ('task.revoke', {'ids': [mine, other_queue]}),
            ('task.run', {'task': 'shop.pay', 'queue': 'secret-queue'}),
            ('task.run', {'task': 'secret.name', 'queue': 'mail'}),
            ('task.run', {'task': 'shop.pay'}),
            ('queue.pause', {'queue': 'mail'}),
        ]:
            answer = api.post(f'/commands/{command}', json=body, headers={'Idempotency-Key': unique('key')})
            assert answer.status_code == 403, (command, body, answer.text)
            assert 'queues mail media-*, tasks shop.* alone' in answer.json()['detail']
        ran = api.post(
            '/commands/task.run',
            json={'task': 'shop.pay', 'queue': 'media-1'},
            headers={'Idempotency-Key': unique('key')},
        )
        assert ran.status_code == 202, ran.text
        plan = api.post('/plans', json={'cmd': 'task.revoke', 'where': ['and', ['eq', 'state', 'PENDING']]}).json()
        assert mine in {task['id'] for task in plan['tasks']}
        assert not {other_name, other_queue} & {task['id'] for task in plan['tasks']} and plan['skipped'] == {}

    async with GatewayClient.connect(gateway.ws_url, token) as client:
        view = await client.view(limit=50, mode='follow')
        assert {row['name'] for row in view.rows.values()} == {'shop.pay'}
        with pytest.raises(RpcError) as refusal:
            await client.call('queue.messages', {'queue': 'secret-queue'})
        assert refusal.value.code == 1003
        waiting = await client.call('queue.messages', {'queue': 'media-1'})
        assert [message['name'] for message in waiting['messages']] == ['shop.pay']


async def test_a_limit_that_changes_reaches_a_live_socket(stack: Stack) -> None:
    gateway = stack.running_gateway
    name = unique('changing')
    first, second = publish(stack, 'shop.first', 'mail'), publish(stack, 'shop.second', 'side')
    known(stack, first, second)
    token = gateway.token('operator', name, '--queue', 'mail', '--queue', 'side')
    async with GatewayClient.connect(gateway.ws_url, token) as client:
        view = await client.view(where=['in', 'name', ['shop.first', 'shop.second']], mode='follow')

        def shown() -> set[Any]:
            return {row['name'] for row in view.rows.values()}

        await client.until(lambda: len(shown()) == 2, PATIENCE_SECONDS, 'both tasks')
        done = gateway.cli('token', 'limit', '--data', str(gateway.data), name, '--queue', 'side')
        assert done.returncode == 0 and 'only queues side' in done.stderr, done.stderr
        changed = time.monotonic()
        async with watched_lateness() as lateness:
            await client.until(lambda: shown() == {'shop.second'}, PATIENCE_SECONDS, 'the narrower limit')
        took = time.monotonic() - changed
        print(f'a narrower limit reached a live socket after {took:.1f} s; the test was late by {lateness.seconds:.1f} s')
        assert took <= RIGHTS_SECONDS + lateness.seconds

        assert gateway.cli('token', 'limit', '--data', str(gateway.data), name, '--none').returncode == 0
        await client.until(lambda: len(shown()) == 2, PATIENCE_SECONDS, 'no limit')


def test_limits_that_cannot_be_are_refused_and_those_that_can_are_listed(stack: Stack) -> None:
    gateway = stack.running_gateway

    def create(*options: str) -> Any:
        return gateway.cli('token', 'create', '--data', str(gateway.data), '--role', 'bot', '--name', unique('x'), *options)

    too_many = [part for number in range(33) for part in ('--queue', f'q{number}')]
    for options in (['--queue', ''], ['--task', 'x' * 129], too_many):
        done = create(*options)
        assert done.returncode != 0 and 'pattern' in done.stderr, done.stderr
    name = unique('listed')
    gateway.token('bot', name, '--queue', 'a', '--task', 'x' * 128)
    listed = gateway.cli('token', 'list', '--data', str(gateway.data)).stdout
    assert any(name in line and f'queue=a,task={"x" * 128}' in line for line in listed.splitlines()), listed
    for options in ([name], [name, '--none', '--queue', 'a'], ['nobody', '--none']):
        assert gateway.cli('token', 'limit', '--data', str(gateway.data), *options).returncode != 0
