"""Running tasks in every way Celery knows: our messages are those of Celery's own canvas, and workers do the same with them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.paths import APPS
from harness.process import outer_environment
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
POOLS = ('prefork', 'solo', 'threads', 'gevent')
UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'q-{pool}',), concurrency=1 if pool == 'solo' else 2) for pool in POOLS]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


async def finished(stack: Stack, task: str, timeout: float = 20) -> Json:
    def end() -> Json | None:
        result = stack.result(task)
        return result if result and result['status'] in {'SUCCESS', 'FAILURE'} else None

    return await asyncio.to_thread(wait_for, end, timeout, f'the result of {task}')


def named(row: Json, beginning: str) -> list[str]:
    """Ids from evidence such as `then math.add, <id>`."""
    return [UUID.findall(line)[-1] for line in row['evidence'] if line.startswith(beginning)]


# The messages -----------------------------------------------------------------------------------------------------------------


def waiting(stack: Stack, queue: str) -> list[Json]:
    """All waiting messages of a queue, in the order of their place in their group, with the ids replaced by their order."""
    client = stack.redis()
    raw = [item for step in ('', '\x06\x163', '\x06\x166', '\x06\x169') for item in client.lrange(queue + step, 0, -1)]
    messages = [json.loads(item) for item in raw]
    for message in messages:
        assert message['properties'].pop('body_encoding') == 'base64'
        message['body'] = json.loads(base64.b64decode(message['body']))
        tag = message['properties'].pop('delivery_tag')
        assert tag and tag not in json.dumps(message['headers'].get('x'))
    return sorted(messages, key=lambda message: message['headers']['group_index'] or 0)


def normal(messages: list[Json], queue: str) -> Any:
    """What is left when names that are new each time are replaced by the order in which they come."""
    for message in messages:
        # Ours: no reply queue (results come from the backend), and the task's own setting for its result.
        message['properties']['reply_to'] = ''
        message['headers']['origin'] = ''
        message['headers']['ignore_result'] = message['headers']['ignore_result'] or None
        for name in ('eta', 'expires'):
            if text := message['headers'][name]:
                message['headers'][name] = round(datetime.fromisoformat(text).timestamp() - datetime.now().timestamp(), -1)
        # Celery's promise to AMQP brokers; Redis has no use for it.
        message['properties'].pop('expiration', None)
        for part in [*(message['body'][2]['chain'] or []), message['body'][2]['chord']]:
            if part:
                part['options'].pop('reply_to', None)
    ids: dict[str, str] = {}
    text = json.dumps(messages, sort_keys=True, ensure_ascii=False)
    return json.loads(UUID.sub(lambda match: ids.setdefault(match[0], f'id{len(ids)}'), text).replace(queue, 'QUEUE'))


def ours(kind: str, queue: str) -> tuple[str, Json]:
    first = {'task': 'math.add', 'args': [1, 2]}
    tasks = [first, {'task': 'math.add', 'args': [3, 4], 'priority': 6}]
    follow = {'queue': queue}
    match kind:
        case 'plain':
            return 'task.run', {'task': 'text.echo', 'args': ['ü', {'a': [1, None]}], 'kwargs': {'key': 2.5}, 'queue': queue}
        case 'chain':
            steps = [{'task': 'math.add', 'args': [3], **follow}, {'task': 'text.echo', 'immutable': True, **follow}]
            return 'task.run', {**first, 'queue': queue, 'chain': steps}
        case 'group':
            return 'task.group', {'tasks': tasks, 'queue': queue}
        case 'chord':
            return 'task.chord', {'tasks': tasks, 'queue': queue, 'body': {'task': 'reports.sum', **follow}}
        case 'link':
            link = [{'task': 'text.echo', 'args': ['x'], **follow}]
            return 'task.run', {**first, 'queue': queue, 'link': link, 'linkError': [{'task': 'text.echo', **follow}]}
        case _:
            options: Json = {'headers': {'x-mine': {'a': 1}}, 'shadow': 'shown', 'ignoreResult': True, 'timeLimit': 30}
            options |= {'softTimeLimit': 20.5, 'priority': 3, 'expires': 3600, 'countdown': 60}
            return 'task.run', {**first, 'queue': queue, **options}


@pytest.mark.parametrize('kind', ['plain', 'chain', 'group', 'chord', 'link', 'options'])
async def test_our_messages_are_those_of_celerys_canvas(stack: Stack, connect: ConnectClient, kind: str) -> None:
    theirs, mine = unique('theirs'), unique('mine')
    environment = {
        **os.environ,
        'CELERY_BROKER_URL': stack.broker,
        'CELERY_RESULT_BACKEND': stack.backend,
        'PYTHONPATH': str(APPS),
    }
    command = [sys.executable, '-m', 'apps.canvas', kind, theirs]
    await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=30, capture_output=True)

    async with connect(stack, 'operator') as client:
        name, arguments = ours(kind, mine)
        answer = await client.submit(name, arguments, deadline_ms=1000)
    assert answer['state'] == 'sent'

    expected, sent = waiting(stack, theirs), waiting(stack, mine)
    assert [list(message) for message in sent] == [list(message) for message in expected]
    assert [sorted(message['headers']) for message in sent] == [sorted(message['headers']) for message in expected]
    assert normal(sent, mine) == normal(expected, theirs)
    if kind == 'chord':
        backend = stack.redis(1)
        sizes = {backend.get(f'celery-taskset-meta-{group}.s') for m in sent if (group := m['headers']['group'])}
        assert sizes == {b'2'}


def every_option(queue: str) -> list[Json]:
    """Arguments of `task.run` that have each declared one in one of them: some exclude each other."""
    step: Json = {'task': 'text.echo', 'args': ['x'], 'queue': queue, 'immutable': True}
    common: Json = {'task': 'math.add', 'args': [1, 2], 'kwargs': {'z': None}, 'priority': 3, 'expires': 3600, 'shadow': 'shown'}
    common |= {'softTimeLimit': 20.5, 'timeLimit': 30, 'headers': {'x-mine': {'a': 1}}, 'ignoreResult': True}
    common |= {'link': [step], 'linkError': [step], 'chain': [step, {**step, 'priority': 6}]}
    return [
        {**common, 'queue': queue, 'countdown': 600},
        {**common, 'exchange': queue, 'routingKey': queue, 'eta': '2040-01-01T00:00:00+00:00'},
    ]


@pytest.mark.parametrize('number', [0, 1], ids=['queue', 'exchange'])
async def test_every_option_means_the_same_over_socket_http_and_from_a_shell(
    stack: Stack, connect: ConnectClient, number: int
) -> None:
    gateway = stack.running_gateway
    token = gateway.token('admin', unique('caller'))
    headers = {'authorization': f'Bearer {token}', 'idempotency-key': unique('key')}
    found = []
    async with connect(stack, 'operator') as client, httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
        catalog = (await http.get('/api/celery/catalog')).json()['commands']
        declared = {p['name'] for command in catalog if command['name'] == 'task.run' for p in command['parameters']}
        assert declared == {name for arguments in every_option('q') for name in arguments}, 'an option without a test'
        for way in ('socket', 'http', 'shell'):
            queue = unique(way)
            # Declares the queue with an exchange of its name, as Celery does.
            stack.send('math.add', 1, 1, queue=queue)
            stack.redis().delete(queue)
            arguments = every_option(queue)[number]
            match way:
                case 'socket':
                    assert (await client.submit('task.run', arguments, deadline_ms=1000))['state'] == 'sent'
                case 'http':
                    answer = await http.post('/api/celery/commands/task.run', json=arguments)
                    assert answer.status_code == 202 and answer.json()['state'] == 'sent', answer.text
                case _:
                    environment = {**outer_environment(), 'CELERIAC_URL': gateway.base_url, 'CELERIAC_TOKEN': token}
                    command = [str(gateway.binary), 'call', 'task.run', json.dumps(arguments)]
                    await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=30, capture_output=True)
            (message,) = normal(waiting(stack, queue), queue)
            found.append(message)
    assert found[0] == found[1] == found[2]
    sent = found[0]['headers']
    assert sent['timelimit'] == [30, 20.5] and sent['shadow'] == 'shown' and sent['x-mine'] == {'a': 1}, sent
    assert sent['eta'] and sent['expires'] and sent['ignore_result'], sent
    assert all(found[0]['body'][2][part] for part in ('callbacks', 'errbacks', 'chain')), found[0]


def redis_pubsub(stack: Stack) -> Any:
    client: Any = stack.redis()
    return client.pubsub()


async def test_other_monitors_hear_of_what_we_send(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('nobody')
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'queue', queue], mode='follow', limit=10)
        subscription: Any = redis_pubsub(stack)
        subscription.subscribe('/0.celeryev/task.sent')

        await client.submit('task.run', {'task': 'math.add', 'args': [1, 2], 'queue': queue}, deadline_ms=1000)

        row = await client.until(lambda: next(iter(view.rows.values()), None), 10, 'the row')
        assert row['state'] == 'PENDING' and row['name'] == 'math.add' and row['args'] == '(1, 2)'

        def heard() -> Any:
            message = subscription.get_message(ignore_subscribe_messages=True, timeout=0.2)
            body = json.loads(base64.b64decode(json.loads(message['data'])['body'])) if message else {}
            return body if body.get('queue') == queue else None

        event = await asyncio.to_thread(wait_for, heard, 10, 'the event')
        assert event['type'] == 'task-sent' and event['routing_key'] == queue
        subscription.close()


# What workers do with them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_a_chain_hands_its_results_on(stack: Stack, connect: ConnectClient, pool: str) -> None:
    queue = f'q-{pool}'
    async with connect(stack, 'operator') as client:
        steps = [{'task': 'math.add', 'args': [10], 'queue': queue}, {'task': 'text.echo', 'kwargs': {'k': 1}, 'queue': queue}]
        row = await client.command('task.run', {'task': 'math.add', 'args': [1, 2], 'queue': queue, 'chain': steps})

    assert row['state'] == 'confirmed', row
    assert row['target'] == 'math.add and 2 more in a chain'
    second, third = named(row, 'then ')
    assert (await finished(stack, second))['result'] == 13
    assert (await finished(stack, third))['result'] == {'args': [13], 'kwargs': {'k': 1}}


@pytest.mark.parametrize('pool', POOLS)
async def test_a_chord_calls_its_body_with_all_results(stack: Stack, connect: ConnectClient, pool: str) -> None:
    tasks = [{'task': 'math.add', 'args': [number, number]} for number in range(5)]
    async with connect(stack, 'operator') as client:
        arguments = {'tasks': tasks, 'queue': f'q-{pool}', 'body': {'task': 'reports.sum', 'queue': f'q-{pool}'}}
        row = await client.command('task.chord', arguments)

    assert row['state'] == 'confirmed', row
    (body,) = named(row, 'then reports.sum')
    assert (await finished(stack, body))['result'] == 20


async def test_a_group_over_several_queues(stack: Stack, connect: ConnectClient) -> None:
    tasks = [{'task': 'math.add', 'args': [1, 1], 'queue': f'q-{pool}'} for pool in POOLS]
    async with connect(stack, 'operator') as client:
        row = await client.command('task.group', {'tasks': tasks})

    assert row['state'] == 'confirmed', row
    for pool in POOLS:
        assert any(line.endswith(f'on {pool}@celeriac.test') for line in row['evidence']), row


async def test_a_group_of_which_one_waits_in_vain_is_partial(stack: Stack, connect: ConnectClient) -> None:
    tasks = [{'task': 'math.add', 'args': [1, 1]}, {'task': 'math.add', 'args': [1, 1], 'queue': unique('nobody')}]
    async with connect(stack, 'operator') as client:
        row = await client.command('task.group', {'tasks': tasks, 'queue': 'q-prefork'}, deadline_ms=2500)

    assert row['state'] == 'partial' and 'no worker has reported' in row['reason'], row


@pytest.mark.parametrize('problem', ['', 'card refused'])
async def test_callbacks_for_success_and_failure(stack: Stack, connect: ConnectClient, folder: Path, problem: str) -> None:
    good, bad = folder / 'good', folder / 'bad'
    link = [{'task': 'files.write', 'args': [str(good), 'called'], 'immutable': True, 'queue': 'q-threads'}]
    error = [{'task': 'files.write', 'args': [str(bad), 'called'], 'immutable': True, 'queue': 'q-threads'}]
    async with connect(stack, 'operator') as client:
        arguments = {'task': 'billing.charge', 'args': [problem], 'queue': 'q-prefork', 'link': link, 'linkError': error}
        row = await client.command('task.run', arguments)
        assert row['state'] == 'confirmed', row

    called, other = (bad, good) if problem else (good, bad)
    await asyncio.to_thread(wait_for, called.exists, 20, 'the callback')
    assert not other.exists()


async def test_headers_shadow_and_ignored_result(stack: Stack, connect: ConnectClient) -> None:
    shadow = unique('shown')
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'name', shadow], mode='follow', limit=10)
        arguments = {'task': 'math.add', 'args': [1, 2], 'queue': 'q-prefork', 'shadow': shadow, 'ignoreResult': True}
        row = await client.command('task.run', arguments)
        assert row['state'] == 'confirmed', row
        await client.until(lambda: (view.get(row['taskId']) or {}).get('state') == 'SUCCESS', 20, 'it under its shadow name')
        assert (stack.result(row['taskId']) or {}).get('status') != 'SUCCESS', 'its result was not to be kept'


# Exchanges --------------------------------------------------------------------------------------------------------------------


async def test_a_named_exchange_leads_to_the_queues_that_are_bound(stack: Stack, connect: ConnectClient) -> None:
    exchange, queue = unique('news'), unique('sport')
    async with connect(stack) as client:
        with pytest.raises(RpcError) as refusal:
            arguments: Json = {'task': 'math.add', 'args': [1, 2], 'exchange': exchange, 'routingKey': 'sport.uk'}
            await client.submit('task.run', arguments)
        assert refusal.value.code == 1010 and 'would lose the message' in refusal.value.message

        binding: Json = {'queue': queue, 'exchange': exchange, 'exchangeType': 'topic', 'routingKey': 'sport.*'}
        row = await client.command('worker.addConsumer', {'workers': ['prefork@celeriac.test'], **binding})
        assert row['state'] == 'confirmed', row

        row = await client.command('task.run', arguments)
        assert row['state'] == 'confirmed' and f'broker: message in queue {queue}' in row['evidence'], row
        assert (await finished(stack, row['taskId']))['result'] == 3

        with pytest.raises(RpcError):
            await client.submit('task.run', {**arguments, 'routingKey': 'weather.uk'})


async def test_a_time_beyond_the_visibility_timeout_is_warned_of(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        arguments = {'task': 'math.add', 'args': [1, 2], 'queue': unique('nobody'), 'countdown': 7200}
        row = await client.command('task.run', arguments, deadline_ms=1000)
        assert any('visibility timeout of 3600 s' in line for line in row['evidence']), row


# Again ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_retry_with_the_same_and_with_other_arguments(stack: Stack, connect: ConnectClient, pool: str) -> None:
    value = {'text': 'it\'s "ü"\n', 'list': [1, 2.5, True, None]}
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'queue', f'q-{pool}'], mode='follow', limit=100)
        task = stack.send('text.echo', 1, value, queue=f'q-{pool}', kwargs={'k': [1]})
        await client.until(lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 20, 'the first run')

        row = await client.command('task.retry', {'id': task})
        other = await client.command('task.retry', {'id': task, 'args': ['other'], 'kwargs': {}})

    assert row['state'] == other['state'] == 'confirmed', (row, other)
    assert row['target'] == f'task {task}' and row['taskId'] != task
    assert any(line.endswith(f'on {pool}@celeriac.test') for line in row['evidence'])
    assert (await finished(stack, row['taskId']))['result'] == {'args': [1, value], 'kwargs': {'k': [1]}}
    assert (await finished(stack, other['taskId']))['result'] == {'args': ['other'], 'kwargs': {}}


async def test_retry_is_refused_when_it_would_not_be_the_same(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'queue', 'q-prefork'], mode='follow', limit=100)
        long = stack.send('text.echo', 'x' * 3000, queue='q-prefork')
        waits = stack.send('math.add', 1, 2, queue='q-prefork', countdown=600)
        await client.until(lambda: (view.get(long) or {}).get('state') == 'SUCCESS' and view.get(waits), 20, 'both')

        for task, said in [(long, 'not known exactly'), (waits, 'has not ended'), ('nothing', 'nothing is known')]:
            with pytest.raises(RpcError) as refusal:
                await client.submit('task.retry', {'id': task})
            assert refusal.value.code == 1010 and said in refusal.value.message

        row = await client.command('task.retry', {'id': long, 'args': ['short']})
        assert row['state'] == 'confirmed', row
    stack.app.control.revoke(waits)
