"""Commands for many tasks: the dry run tells exactly what will be touched, and each task has its outcome."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.events import event, task_events
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

Json = dict[str, Any]
LIMIT = 10_000


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec(name='a', queues=('q',), concurrency=2)]).start()
    yield stack
    stack.stop()


@pytest.fixture(scope='module')
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Without workers: events are ours alone."""
    stack = Stack(tmp_path_factory.mktemp('lonely')).start()
    yield stack
    stack.stop()


def named(name: str) -> list[Any]:
    return ['eq', 'name', name]


async def seen(client: GatewayClient, name: str, count: int, state: str) -> None:
    view = await client.view(where=['and', named(name), ['eq', 'state', state]], limit=1, mode='follow')
    await client.until(lambda: view.total == count, 30, lambda: f'{count} of {name} in {state}; there are {view.total}')
    await client.close_subscription(view, 'view.close')


def http_of(stack: Stack, role: str) -> httpx.Client:
    headers = {'authorization': f'Bearer {stack.running_gateway.token(role, unique(role))}'}
    return httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=20)


def publish(stack: Stack, name: str, count: int, *kinds: str) -> list[str]:
    ids = [str(uuid.uuid4()) for _ in range(count)]
    for start in range(0, count, 500):
        for kind in kinds or ('task-received',):
            fields: Json = {'name': name, 'args': '()', 'kwargs': '{}', 'retries': 0} if kind == 'task-received' else {}
            stack.publish_raw(*task_events(*[event(kind, uuid=task, **fields) for task in ids[start : start + 500]]))
    return ids


# Dry run ----------------------------------------------------------------------------------------------------------------------


async def test_a_plan_names_exactly_the_tasks_that_match_and_have_not_ended(lonely: Stack, connect: ConnectClient) -> None:
    name = unique('mine')
    open_tasks, ended = publish(lonely, name, 30), publish(lonely, name, 5, 'task-received', 'task-succeeded')
    publish(lonely, unique('others'), 20)
    async with connect(lonely, 'operator') as client:
        await seen(client, name, 5, 'SUCCESS')

        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)})

        assert plan['count'] == 30 and {task['id'] for task in plan['tasks']} == set(open_tasks)
        assert plan['skipped'] == {'it has ended': 5} and 50_000 < plan['ttlMs'] <= 60_000
        assert all(task['name'] == name and task['state'] == 'RECEIVED' for task in plan['tasks'])
        rest = await client.call('cmd.plan', {'plan': plan['plan'], 'offset': 25})
        assert [task['id'] for task in rest['tasks']] == [task['id'] for task in plan['tasks'][25:]]
        again = await client.call('cmd.plan', {'cmd': 'task.retry', 'where': named(name)})
        assert {task['id'] for task in again['tasks']} == set(ended)
        assert again['skipped'] == {'it has not ended: it is RECEIVED': 30}


@pytest.mark.parametrize('count', [LIMIT, LIMIT + 1])
async def test_a_plan_holds_so_many_tasks(lonely: Stack, connect: ConnectClient, count: int) -> None:
    name = unique('many')
    ids = await asyncio.to_thread(publish, lonely, name, count)
    async with connect(lonely, 'operator') as client:
        await seen(client, name, count, 'RECEIVED')

        if count > LIMIT:
            with pytest.raises(RpcError) as refusal:
                await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)})
            assert refusal.value.code == 1011 and f'{count} tasks match' in refusal.value.message
            return
        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)})
        assert plan['count'] == count
        listed = list(plan['tasks'])
        while len(listed) < count:
            page = await client.call('cmd.plan', {'plan': plan['plan'], 'offset': len(listed)})
            listed += page['tasks']
        assert {task['id'] for task in listed} == set(ids)

        # Nobody can do it: the revocations are kept for workers that appear, and nothing is said to be done.
        row = await client.command('task.revoke', {'plan': plan['plan']}, deadline_ms=2000)
        assert row['state'] == 'unknown' and row['total'] == count and row['done'] == row['refused'] == 0, row
        assert any(f'0 of {count} tasks done; {count} without proof' in line for line in row['evidence'])


@pytest.mark.parametrize(
    ('params', 'code'),
    [
        ({'cmd': 'task.revoke'}, 1005),
        ({'cmd': 'task.revoke', 'where': ['eq', 'nonsense', 1]}, -32602),
        ({'cmd': 'worker.ping', 'where': ['and']}, -32602),
        ({'cmd': 'election', 'where': ['and']}, -32601),
        ({'where': ['and']}, -32602),
        ({'plan': 'nonsense'}, 1010),
        ({'plan': 'nonsense', 'offset': -1}, -32602),
    ],
)
async def test_a_wrong_plan_is_refused(lonely: Stack, connect: ConnectClient, params: Json, code: int) -> None:
    async with connect(lonely, 'operator') as client:
        with pytest.raises(RpcError) as refusal:
            await client.call('cmd.plan', params, is_wrong=True)
        assert refusal.value.code == code, refusal.value


async def test_a_plan_is_for_those_who_may_do_it(lonely: Stack, connect: ConnectClient) -> None:
    for role in ('viewer', 'bot'):
        async with connect(lonely, role) as client:
            with pytest.raises(RpcError) as refusal:
                await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': ['and']})
            assert refusal.value.code == 1003
    gateway = lonely.running_gateway
    found = gateway.cli('audit', 'list', '--data', str(gateway.data), '--json').stdout.splitlines()
    refused = [line for line in map(json.loads, found) if (line['action'], line['outcome']) == ('plan task.revoke', 'refused')]
    assert len([line for line in refused if 'may not' in line['detail'] and line['from'] == '127.0.0.1']) == 2, refused


async def test_a_plan_is_for_its_owner_and_its_command_and_once(stack: Stack, connect: ConnectClient) -> None:
    name = unique('owned')
    publish(stack, name, 3)
    async with connect(stack, 'operator') as client, connect(stack, 'operator') as other:
        await seen(client, name, 3, 'RECEIVED')
        plan = (await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)}))['plan']

        with pytest.raises(RpcError) as stolen:
            await other.submit('task.revoke', {'plan': plan})
        with pytest.raises(RpcError) as wrong:
            await client.submit('task.retry', {'plan': plan})
        with pytest.raises(RpcError) as both:
            await client.submit('task.revoke', {'plan': plan, 'id': 'x'})
        with pytest.raises(RpcError):
            await other.call('cmd.plan', {'plan': plan})
        assert (stolen.value.code, wrong.value.code, both.value.code) == (1010, -32602, -32602)

        key = unique('key')
        first = await client.command('task.revoke', {'plan': plan}, key=key, deadline_ms=4000)
        again = await client.submit('task.revoke', {'plan': plan}, key=key, deadline_ms=4000)
        assert again['duplicate'] is True and again['id'] == first['id']
        with pytest.raises(RpcError) as used:
            await client.submit('task.revoke', {'plan': plan})
        assert used.value.code == 1009 and 'used already' in used.value.message


# Doing it ---------------------------------------------------------------------------------------------------------------------


async def test_tasks_that_ended_between_are_told_apart(stack: Stack, connect: ConnectClient) -> None:
    name = unique('between')
    waiting = [stack.send('math.add', 1, n, queue='q', countdown=600, shadow=name) for n in range(8)]
    async with connect(stack, 'operator') as client:
        await seen(client, name, 8, 'RECEIVED')
        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)})
        assert plan['count'] == 8
        stack.publish_raw(*task_events(*[event('task-succeeded', uuid=task, result="'1'") for task in waiting[:3]]))
        await seen(client, name, 3, 'SUCCESS')

        row = await client.command('task.revoke', {'plan': plan['plan']})

        assert row['state'] == 'partial' and (row['total'], row['done'], row['refused']) == (8, 5, 3), row
        assert '5 of 8 tasks done; 3: the task had ended already: SUCCESS' in row['evidence']
        assert [(stack.result(task) or {}).get('status') for task in waiting] == [None] * 3 + ['REVOKED'] * 5
    with http_of(stack, 'operator') as http:
        items = http.get(f'/api/celery/commands/{row["id"]}/items').json()
        assert items['total'] == 8
        assert {item['id']: item['state'] for item in items['items']} == {
            task: 'refused' if number < 3 else 'done' for number, task in enumerate(waiting)
        }
        page = http.get(f'/api/celery/commands/{row["id"]}/items', params={'offset': 6, 'limit': 1}).json()
        assert page['items'] == items['items'][6:7]
        assert http.get(f'/api/celery/commands/{row["id"]}/items', params={'limit': 1001}).status_code == 400
    for task in waiting[:3]:
        stack.app.control.revoke(task)


async def test_many_waiting_tasks_are_revoked_by_their_filter(stack: Stack, connect: ConnectClient) -> None:
    name = unique('crowd')
    with stack.app.connection_for_write() as connection, connection.Producer() as producer:
        for _ in range(1200):
            stack.app.send_task('math.add', (1, 1), queue='q', countdown=900, shadow=name, producer=producer)
    async with connect(stack, 'operator') as client:
        await seen(client, name, 1200, 'RECEIVED')
        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)})
        assert plan['count'] == 1200

        commands = await client.subscribe('commands', maxHz=20)
        progress: list[int] = []

        def over() -> Json | None:
            row = next((row for row in commands if row['cmd'] == 'task.revoke' and row.get('total') == 1200), {})
            progress.append(row.get('done', 0))
            return row if row.get('state') in {'confirmed', 'partial', 'unknown', 'rejected', 'failed'} else None

        await client.submit('task.revoke', {'plan': plan['plan']})
        row = await client.until(over, 60, lambda: f'the end; {progress[-5:]}')

        assert row['state'] == 'confirmed' and row['done'] == row['total'] == 1200, row
        assert progress == sorted(progress) and any(0 < done < 1200 for done in progress), progress
        assert '1200 of 1200 tasks done' in row['evidence'] and row['target'] == '1200 tasks'


async def test_failed_tasks_are_run_again_by_their_filter(stack: Stack, connect: ConnectClient) -> None:
    name = 'billing.charge'
    failed = [stack.send(name, f'card {n}', queue='q') for n in range(6)]
    long = stack.send(name, 'x' * 3000, queue='q')
    with http_of(stack, 'operator') as http:
        async with connect(stack, 'operator') as client:
            await seen(client, name, 7, 'FAILURE')
            answer = await asyncio.to_thread(http.post, '/api/celery/plans', json={'cmd': 'task.retry', 'where': named(name)})
            plan = answer.json()
            assert answer.status_code == 201 and plan['count'] == 6, plan
            (reason,) = plan['skipped']
            assert 'not known exactly' in reason and long not in {task['id'] for task in plan['tasks']}
            read = await asyncio.to_thread(http.get, answer.headers['location'], params={'limit': 2})
            assert read.json()['tasks'] == plan['tasks'][:2]

            def post() -> httpx.Response:
                return http.post(
                    '/api/celery/commands/task.retry', json={'plan': plan['plan']}, headers={'idempotency-key': unique('key')}
                )

            taken = await asyncio.to_thread(post)
            assert taken.status_code == 202, taken.text
            commands = await client.subscribe('commands')
            row = await client.until(
                lambda: r if (r := commands.get(taken.json()['id'])) and r['state'] not in {'accepted', 'sent'} else None,
                30,
                'it',
            )
            assert row['state'] == 'confirmed' and row['done'] == 6, row
            items = (await asyncio.to_thread(http.get, f'/api/celery/commands/{row["id"]}/items')).json()['items']
            assert {item['id'] for item in items} == set(failed)
            view = await client.view(where=['eq', 'queue', 'q'], limit=100, mode='follow')
            await client.until(
                lambda: all((view.get(item['newId']) or {}).get('state') == 'FAILURE' for item in items), 20, 'them to run again'
            )

            def exceptions(ids: list[str]) -> set[str]:
                return {(view.get(task) or {})['exception'] for task in ids}

            assert exceptions([item['newId'] for item in items]) == exceptions(failed)


async def test_one_bulk_command_at_a_time(lonely: Stack, connect: ConnectClient) -> None:
    names = [unique('first'), unique('second')]
    for name in names:
        publish(lonely, name, 2)
    async with connect(lonely, 'operator') as client, connect(lonely, 'operator') as other:
        for name in names:
            await seen(client, name, 2, 'RECEIVED')
        one, two = [await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)}) for name in names]
        theirs = await other.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(names[0])})
        commands = await client.subscribe('commands')
        first = await client.submit('task.revoke', {'plan': one['plan']}, deadline_ms=1500)

        with pytest.raises(RpcError) as refusal:
            await client.submit('task.revoke', {'plan': two['plan']})
        assert refusal.value.code == 1012 and 'at a time' in refusal.value.message
        assert (await other.submit('task.revoke', {'plan': theirs['plan']}, deadline_ms=1000))['state'] == 'accepted'

        await client.until(lambda: (commands.get(first['id']) or {}).get('state') == 'unknown', 10, 'the end of the first')
        assert (await client.submit('task.revoke', {'plan': two['plan']}, deadline_ms=1000))['state'] == 'accepted'


async def test_killed_in_the_middle_nothing_is_done_twice(stack: Stack, connect: ConnectClient) -> None:
    """Redis takes no writes while the plan is carried out; the gateway dies when it has answered, and its client asks again."""
    name, queue, key = 'text.echo', unique('once'), unique('key')
    ended = [stack.send(name, unique('x'), queue='q') for _ in range(20)]
    token = stack.running_gateway.token('operator', unique('keeper'))
    gateway = stack.running_gateway
    gateway.listen = gateway.address
    redis: Any = stack.redis()
    async with connect(stack, token=token) as client:
        await seen(client, name, 20, 'SUCCESS')
        plan = await client.call('cmd.plan', {'cmd': 'task.retry', 'where': named(name)})
        assert plan['count'] == len(ended)
        arguments = {'plan': plan['plan'], 'queue': queue}
        redis.execute_command('CLIENT', 'PAUSE', 3000, 'WRITE')
        row = await client.submit('task.retry', arguments, key=key, deadline_ms=2000)
        assert row['state'] == 'accepted', row
        gateway.kill()
    await asyncio.to_thread(gateway.start)

    async with connect(stack, token=token) as client:
        commands = await client.subscribe('commands')

        def told() -> Json | None:
            found = commands.get(row['id'])
            is_told = found and (
                found['state'] == 'failed' or any('before the restart' in line for line in found.get('evidence', []))
            )
            return found if is_told else None

        last = await client.until(told, 20, lambda: f'what became of it; {commands.get(row["id"])}')
        # The plan is gone with the gateway's memory; the key is not.
        again = await client.submit('task.retry', arguments, key=key, deadline_ms=2000)
        assert again['duplicate'] is True and again['id'] == row['id'] and again['firstState'] == 'accepted', again
    sent = stack.queue_length(queue)
    assert sent == (0 if last['state'] == 'failed' else 20) and last['state'] in {'failed', 'unknown'}, (sent, last)


async def test_killed_at_its_receipt_a_revoke_of_many_says_whether_anybody_was_told(stack: Stack, connect: ConnectClient) -> None:
    """The kill comes before the tasks are recorded, or after: the row must say which, and what it says must be so."""
    token = stack.running_gateway.token('operator', unique('keeper'))
    gateway = stack.running_gateway
    gateway.listen = gateway.address
    name, key = unique('killed'), unique('key')
    tasks = [stack.send('math.add', 1, n, queue='q', countdown=600, shadow=name) for n in range(200)]
    async with connect(stack, token=token) as client:
        await seen(client, name, len(tasks), 'RECEIVED')
        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': named(name)})
        row = await client.submit('task.revoke', {'plan': plan['plan']}, key=key)
        assert row['state'] == 'accepted', row
        gateway.kill()
    await asyncio.to_thread(gateway.start)

    async with connect(stack, token=token) as client:
        commands = await client.subscribe('commands')
        last = await client.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] in {'failed', 'confirmed'} else None,
            60,
            lambda: f'what became of it; {commands.get(row["id"])}',
        )
        again = await client.submit('task.revoke', {'plan': plan['plan']}, key=key)
        assert again['duplicate'] is True and again['id'] == row['id'] and again['firstState'] == 'accepted', again
    revoked = [task for task in tasks if (stack.result(task) or {}).get('status') == 'REVOKED']
    if last['state'] == 'failed':
        assert 'nothing was sent' in last['reason'] and not revoked, (last, len(revoked))
    else:
        assert last['done'] == len(tasks) == len(revoked), (last, len(revoked))
    stack.app.control.revoke(tasks)
