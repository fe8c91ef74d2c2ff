"""Every declared command on every pool: its end, its evidence, and what the worker or Redis says of it. A command without a case here fails.

X13: the gateway's user may do no more at Redis than the documents say.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.least_user import LeastUser
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
POOLS = ('prefork', 'solo', 'threads', 'gevent')
RESIZABLE = ('prefork', 'gevent')


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'q-{pool}',), concurrency=1 if pool == 'solo' else 2) for pool in POOLS]
    specs.append(WorkerSpec(name='scaling', queues=('q-scaling',), autoscale=(1, 3)))
    specs.append(WorkerSpec(name='restartable', queues=('q-restartable',), pool_restarts=True))
    stack = Stack(module_folder, specs).start(gateway=False)
    try:
        user = LeastUser(stack.redis_server)
        stack.gateway = Gateway(user.url(0), module_folder, backend=user.url(1)).start()
        yield stack
        # X13: what the documents tell to allow is enough.
        assert not user.refusals()
    finally:
        stack.stop()


@dataclass
class Case:
    """One command on one pool."""

    stack: Stack
    client: GatewayClient
    pool: str

    @property
    def node(self) -> str:
        return f'{self.pool}@celeriac.test'

    @property
    def queue(self) -> str:
        return f'q-{self.pool}'

    async def run(self, command: str, **args: Any) -> Json:
        row: Json = await self.client.command(command, args, deadline_ms=15_000)
        return row

    async def confirmed(self, command: str, *evidence: str, **args: Any) -> Json:
        row = await self.run(command, **args)
        assert row['state'] == 'confirmed', row
        assert row['at'] <= row['sentAt'] <= row['endedAt'] and not row.get('silent') and not row.get('reason'), row
        told = '\n'.join(row['evidence'])
        assert told and all(part in told for part in evidence), (evidence, told)
        return row

    async def refused(self, command: str, reason: str, **args: Any) -> None:
        row = await self.run(command, **args)
        assert row['state'] == 'rejected' and reason in row['reason'] and row['fix'], row
        assert 'sentAt' not in row, 'nobody was asked for what nobody can do'

    async def known(self, field: str) -> None:
        table = next((t for t in self.client.tables.values() if t.topic == 'workers'), None)
        workers = table or await self.client.subscribe('workers')
        await self.client.until(lambda: (workers.get(self.node) or {}).get(field) is not None, 20, f'{field} of {self.node}')

    async def outside(self, condition: Callable[[], Any], what: str) -> Any:
        return await asyncio.to_thread(wait_for, condition, 20, what)

    async def result(self, task: str) -> Any:
        found = await self.outside(lambda: r if (r := self.stack.result(task)) and r['status'] == 'SUCCESS' else None, task)
        return found['result']

    async def asked(self, question: str, *arguments: Any, node: str | None = None) -> Any:
        node = node or self.node

        def ask() -> Any:
            return (getattr(self.stack.app.control.inspect([node], timeout=3), question)(*arguments) or {}).get(node)

        return await self.outside(ask, f'{node} to answer {question}')

    async def reached(self, task: str, state: str) -> None:
        view = await self.client.view(where=['eq', 'queue', self.queue], mode='follow', limit=200)
        await self.client.until(lambda: (view.get(task) or {}).get('state') == state, 20, f'{task} in {state}')
        await self.client.close_subscription(view, 'view.close')

    def ids(self, row: Json, beginning: str) -> list[str]:
        return [line.split()[-1] for line in row['evidence'] if line.startswith(beginning)]


COVERED: dict[str, Callable[[Case], Awaitable[None]]] = {}


def covers(command: str) -> Callable[[Callable[[Case], Awaitable[None]]], Callable[[Case], Awaitable[None]]]:
    def register(case: Callable[[Case], Awaitable[None]]) -> Callable[[Case], Awaitable[None]]:
        assert command not in COVERED
        COVERED[command] = case
        return case

    return register


# Tasks ------------------------------------------------------------------------------------------------------------------------


@covers('task.run')
async def run(case: Case) -> None:
    row = await case.confirmed('task.run', f'on {case.node}', 'broker: message', task='math.add', args=[40, 2], queue=case.queue)
    assert await case.result(row['taskId']) == 42


@covers('task.group')
async def group(case: Case) -> None:
    tasks = [{'task': 'math.add', 'args': [1, number]} for number in range(3)]
    row = await case.confirmed('task.group', f'on {case.node}', 'broker: 3 messages', tasks=tasks, queue=case.queue)
    ran = {line.split()[1].rstrip(':') for line in row['evidence'] if line.startswith('task ')}
    assert sorted([await case.result(task) for task in ran]) == [1, 2, 3]


@covers('task.chord')
async def chord(case: Case) -> None:
    tasks = [{'task': 'math.add', 'args': [number, number]} for number in range(4)]
    body = {'task': 'reports.sum', 'queue': case.queue}
    row = await case.confirmed('task.chord', f'on {case.node}', tasks=tasks, queue=case.queue, body=body)
    (last,) = case.ids(row, 'then reports.sum')
    assert await case.result(last) == 12


@covers('task.retry')
async def retry(case: Case) -> None:
    task = case.stack.send('math.add', 20, 22, queue=case.queue)
    await case.reached(task, 'SUCCESS')
    row = await case.confirmed('task.retry', f'on {case.node}', f'runs task {task} again', id=task)
    assert row['taskId'] != task and await case.result(row['taskId']) == 42


@covers('task.revoke')
async def revoke(case: Case) -> None:
    task = case.stack.send('math.add', 1, 1, queue=case.queue, countdown=600)
    await case.reached(task, 'RECEIVED')
    await case.confirmed('task.revoke', f'task {task}: REVOKED', id=task)
    assert (case.stack.result(task) or {})['status'] == 'REVOKED'
    assert task in await case.asked('revoked')


@covers('task.revokeStamped')
async def revoke_stamped(case: Case) -> None:
    stamp = unique('customer')
    await case.confirmed('task.revokeStamped', f'{case.node}: ', stamp, stamps={'customer': [stamp]}, keep=0)
    signature = case.stack.app.signature('math.add', args=[1, 1], options={'queue': case.queue})
    signature.stamp(customer=stamp)
    task = signature.apply_async(stamped_headers=['customer'], customer=stamp).id
    await case.outside(lambda: (case.stack.result(task) or {}).get('status') == 'REVOKED', 'the stamped task to be revoked')


@covers('task.query')
async def query(case: Case) -> None:
    task = case.stack.send('math.add', 1, 1, queue=case.queue, countdown=600)
    await case.reached(task, 'RECEIVED')
    await case.confirmed('task.query', f'{case.node}: {task} is ', ids=[task], workers=[case.node])
    case.stack.app.control.revoke(task)


# Workers ----------------------------------------------------------------------------------------------------------------------


@covers('worker.ping')
async def ping(case: Case) -> None:
    await case.confirmed('worker.ping', f'{case.node}: pong', workers=[case.node])


@covers('worker.report')
async def report(case: Case) -> None:
    await case.confirmed('worker.report', f'{case.node}: ', 'celery:5', workers=[case.node])


@covers('worker.memory')
async def memory(case: Case) -> None:
    await case.confirmed('worker.memory', f'{case.node}: ', 'B resident', workers=[case.node])
    assert (await case.asked('memsample')).endswith('B')


async def slots(case: Case) -> int:
    pool = (await case.asked('stats'))['pool']
    return len(pool['processes']) if case.pool == 'prefork' else int(pool['max-concurrency'])


@covers('worker.poolGrow')
async def grow(case: Case) -> None:
    if case.pool not in RESIZABLE:
        await case.refused('worker.poolGrow', f'the {case.pool} pool cannot change its size', workers=[case.node])
        return
    before = await slots(case)
    await case.confirmed('worker.poolGrow', f'stats show {before + 1} pool slots, {before} before', workers=[case.node])
    assert await slots(case) == before + 1


@covers('worker.poolShrink')
async def shrink(case: Case) -> None:
    if case.pool not in RESIZABLE:
        await case.refused('worker.poolShrink', f'the {case.pool} pool cannot change its size', workers=[case.node])
        return
    before = await slots(case)
    await case.confirmed('worker.poolShrink', f'stats show {before - 1} pool slots', workers=[case.node])
    assert await slots(case) == before - 1


@covers('worker.autoscale')
async def autoscale(case: Case) -> None:
    await case.refused('worker.autoscale', 'it runs without an autoscaler', workers=[case.node], max=3, min=1)
    if case.pool == 'prefork':
        node = 'scaling@celeriac.test'
        await case.confirmed('worker.autoscale', 'stats show the autoscaler at 2 to 4', workers=[node], max=4, min=2)
        scaler = (await case.asked('stats', node=node))['autoscaler']
        assert (scaler['min'], scaler['max']) == (2, 4)


@covers('worker.rateLimit')
async def rate_limit(case: Case) -> None:
    limit = {'workers': [case.node], 'task': 'search.index', 'limit': '90/m'}
    await case.confirmed('worker.rateLimit', 'registered shows rate limit 90/m', **limit)
    assert 'search.index [rate_limit=90/m]' in await case.asked('registered', 'rate_limit')


@covers('worker.timeLimit')
async def time_limit(case: Case) -> None:
    limit = {'workers': [case.node], 'task': 'catalog.ignore', 'hard': 30.5}
    if case.pool not in RESIZABLE:
        await case.refused('worker.timeLimit', f'the {case.pool} pool enforces no time limits', **limit)
        return
    if case.pool == 'prefork':
        await case.confirmed('worker.timeLimit', 'registered shows soft limit 20.0 s, hard limit 30.5 s', **limit, soft=20)
    else:
        # It would take it, answer ok, and do nothing with it.
        await case.refused('worker.timeLimit', f'the {case.pool} pool enforces no soft time limit', **limit, soft=20)
        await case.confirmed('worker.timeLimit', 'registered shows soft limit none, hard limit 30.5 s', **limit)
    told = [line for line in await case.asked('registered', 'time_limit') if 'catalog.ignore' in line]
    assert 'time_limit=30.5' in told[0]


@covers('worker.addConsumer')
async def add_consumer(case: Case) -> None:
    queue = unique('added')
    await case.confirmed('worker.addConsumer', f'active_queues shows {queue}', workers=[case.node], queue=queue)
    assert await case.result(case.stack.send('math.add', 20, 22, queue=queue)) == 42


@covers('worker.cancelConsumer')
async def cancel_consumer(case: Case) -> None:
    queue = unique('cancelled')
    await case.confirmed('worker.addConsumer', workers=[case.node], queue=queue)
    await case.confirmed('worker.cancelConsumer', f'active_queues does not show {queue}', workers=[case.node], queue=queue)
    assert queue not in json.dumps(await case.asked('active_queues'))


async def paused(case: Case) -> str:
    """A queue that only this worker consumes, paused, with a message in it."""
    queue = unique('paused')
    await case.confirmed('worker.addConsumer', workers=[case.node], queue=queue)
    await case.confirmed('queue.pause', f'{case.node}: active_queues does not show {queue}', 'recorded: it stays', queue=queue)
    case.stack.send('math.add', 20, 22, queue=queue)
    return queue


@covers('queue.pause')
async def pause(case: Case) -> None:
    queue = await paused(case)
    assert await case.result(case.stack.send('math.add', 1, 1, queue=case.queue)) == 2
    assert case.stack.queue_length(queue) == 1
    assert queue not in json.dumps(await case.asked('active_queues'))


@covers('queue.resume')
async def resume(case: Case) -> None:
    queue = await paused(case)
    await case.confirmed('queue.resume', f'{case.node}: active_queues shows {queue}', queue=queue)
    await case.outside(lambda: case.stack.queue_length(queue) == 0, 'the message to be taken')


@covers('worker.enableEvents')
async def enable_events(case: Case) -> None:
    """Of a worker that was started without -E: what its tasks do is told from then on."""
    guest = WorkerSpec(name=unique(f'quiet-{case.pool}'), pool=case.pool, queues=(unique('q'),), events=False)
    worker = await asyncio.to_thread(case.stack.start_worker, guest)
    events = await case.client.events(types=['task-started'], workers=[guest.node], format='celery')
    queue = guest.queues[0]
    await case.result(case.stack.send('math.add', 1, 1, queue=queue))
    row = await case.run('worker.enableEvents', workers=[guest.node])
    assert row['state'] == 'confirmed' and f'{guest.node}: task events enabled' in row['evidence'], row
    told = case.stack.send('math.add', 2, 2, queue=queue)
    await case.client.until(lambda: events.events, 30, 'its event')
    assert [event['uuid'] for event in events.events] == [told], 'the task before was not told'
    worker.stop()


@covers('worker.disableEvents')
async def disable_events(case: Case) -> None:
    """A task between `disable` and the next `enable` is never told, the one after it is. Started with -E: Celery answers ok,
    and goes on sending."""
    guest = WorkerSpec(name=unique(f'told-{case.pool}'), pool=case.pool, queues=(unique('q'),), events=False)
    worker = await asyncio.to_thread(case.stack.start_worker, guest)
    queue = guest.queues[0]
    events = await case.client.events(
        types=['task-received', 'task-started', 'task-succeeded'], workers=[guest.node], format='celery'
    )

    async def told(event: str) -> str:
        task = case.stack.send('math.add', 1, 1, queue=queue)
        await case.client.until(lambda: task in {e['uuid'] for e in events.of_type(event)}, 30, f'{event} of {task}')
        return task

    await case.confirmed('worker.enableEvents', workers=[guest.node])
    before = await told('task-succeeded')
    row = await case.run('worker.disableEvents', workers=[guest.node])
    assert row['state'] == 'confirmed' and f'{guest.node}: task events disabled' in row['evidence'], row
    silent = case.stack.send('math.add', 20, 22, queue=queue)
    assert await case.result(silent) == 42
    # The result is stored before the worker itself has heard of it, and would tell of it.
    inspect = case.stack.app.control.inspect([guest.node], timeout=3)
    await case.outside(lambda: (inspect.active() or {}).get(guest.node) == [], f'{silent} to be over')
    await case.confirmed('worker.enableEvents', workers=[guest.node])
    marker = await told('task-succeeded')
    assert {event['uuid'] for event in events.events} == {before, marker}, f'{silent} was told'
    worker.stop()

    task = case.stack.send('math.add', 1, 1, queue=case.queue)
    await case.reached(task, 'SUCCESS')
    await case.known('events')
    row = await case.run('worker.disableEvents', workers=[case.node])
    assert row['state'] == 'rejected' and 'started with -E' in row['reason'], row


@covers('worker.restart')
async def restart(case: Case) -> None:
    reason = 'pool restarts are not enabled' if case.pool == 'prefork' else f'the {case.pool} pool has no processes to restart'
    await case.refused('worker.restart', reason, workers=[case.node])
    if case.pool == 'prefork':
        node = 'restartable@celeriac.test'
        before = set((await case.asked('stats', node=node))['pool']['processes'])
        await case.confirmed('worker.restart', 'new pool processes', workers=[node])
        after = set((await case.asked('stats', node=node))['pool']['processes'])
        assert after - before and before - after


@covers('worker.shutdown')
async def shutdown(case: Case) -> None:
    guest = WorkerSpec(name=unique(f'leaving-{case.pool}'), pool=case.pool, queues=(unique('q'),), concurrency=1)
    workers = await case.client.subscribe('workers')
    worker = case.stack.launch_worker(guest)
    await asyncio.to_thread(worker.wait_ready)
    await case.client.until(lambda: (workers.get(guest.node) or {}).get('state') == 'online', 20, 'the worker to be seen')
    # Here, because it has run nothing: started with -E, it says ok to what Celery cannot do, and no event tells so yet.
    row = await case.run('worker.disableEvents', workers=[guest.node])
    assert row['state'] == 'unknown' and 'run too little to tell' in row['reason'] and not row.get('silent'), row
    assert any(line.startswith(f'{guest.node}: task events already disabled') for line in row['evidence']), row
    row = await case.client.command('worker.shutdown', {'workers': [guest.node]}, deadline_ms=30_000, timeout=45)
    assert row['state'] == 'confirmed' and f'{guest.node}: said goodbye (worker-offline)' in row['evidence'], row
    assert worker.process and await asyncio.to_thread(worker.process.wait_exit, 20) == 0


# Messages ---------------------------------------------------------------------------------------------------------------------


@covers('message.delete')
async def delete_message(case: Case) -> None:
    queue = unique('waiting')
    task = case.stack.send('math.add', 1, 1, queue=queue)
    tag = json.loads(case.stack.waiting(queue)[0])['properties']['delivery_tag']
    row = await case.confirmed('message.delete', 'task math.add', f'id {task}', queue=queue, deliveryTag=tag)
    assert row['taskId'] == task and case.stack.queue_length(queue) == 0


@covers('message.move')
async def move_message(case: Case) -> None:
    queue = unique('waiting')
    task = case.stack.send('math.add', 40, 2, queue=queue)
    tag = json.loads(case.stack.waiting(queue)[0])['properties']['delivery_tag']
    row = await case.confirmed(
        'message.move', f'from queue {queue} to queue {case.queue}', queue=queue, deliveryTag=tag, to=case.queue
    )
    assert row['taskId'] == task and await case.result(task) == 42 and case.stack.queue_length(queue) == 0


@covers('message.prioritize')
async def prioritize_message(case: Case) -> None:
    queue = unique('waiting')
    task = case.stack.send('math.add', 1, 1, queue=queue)
    tag = json.loads(case.stack.waiting(queue)[0])['properties']['delivery_tag']
    await case.confirmed('message.prioritize', 'priority 0', 'priority 9', queue=queue, deliveryTag=tag, priority=9)
    moved = json.loads(case.stack.waiting(queue, 9)[0])
    assert moved['headers']['id'] == task and moved['properties']['priority'] == 9 and case.stack.queue_length(queue) == 1


# Queues and their messages: the same whatever the pool; more in test_trash.py --------------------------------------------------


async def waiting(case: Case, count: int) -> tuple[str, list[bytes]]:
    """A queue that nobody consumes, and its messages."""
    queue, redis = unique(f'waiting-{case.pool}'), case.stack.redis()
    for number in range(count):
        case.stack.send('math.add', 20, number, queue=queue)
    messages: Any = redis.lrange(queue, 0, -1)
    return queue, messages


@covers('queue.purge')
async def purge(case: Case) -> None:
    queue, _ = await waiting(case, 3)
    row = await case.confirmed('queue.purge', 'broker: 3 messages removed (priority 0: 3)', 'not touched: ', queue=queue)
    assert any(line.startswith(f'trash {row["id"]}: queue.restore puts it back until ') for line in row['evidence'])
    assert case.stack.queue_length(queue) == 0


@covers('queue.restore')
async def restore(case: Case) -> None:
    queue, messages = await waiting(case, 3)
    trash = (await case.confirmed('queue.purge', queue=queue))['id']
    await case.confirmed(
        'queue.restore', 'broker: 3 messages put back (priority 0: 3)', f'nothing is left in trash {trash}', trash=trash
    )
    assert case.stack.redis().lrange(queue, 0, -1) == messages
    await case.confirmed('worker.addConsumer', workers=[case.node], queue=queue)
    ids = [json.loads(message)['headers']['id'] for message in messages]
    assert sorted([await case.result(task) for task in ids]) == [20, 21, 22]


@pytest.mark.parametrize('pool', POOLS)
@pytest.mark.parametrize('command', sorted(COVERED))
async def test_each_command_on_each_pool(stack: Stack, connect: ConnectClient, command: str, pool: str) -> None:
    async with connect(stack) as client:
        await COVERED[command](Case(stack, client, pool))


# All of them ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def catalog(stack: Stack) -> list[str]:
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("viewer", unique("reader"))}'}
    commands = httpx.get(f'{gateway.base_url}/api/celery/catalog', headers=headers, timeout=10).json()['commands']
    return [command['name'] for command in commands]


def test_no_declared_command_is_without_a_case(catalog: list[str]) -> None:
    assert set(catalog) == set(COVERED)


def submitted(stack: Stack, token: str, name: str, body: Json, key: str = '') -> httpx.Response:
    """The answer of a command's own resource."""
    headers = {'authorization': f'Bearer {token}', 'idempotency-key': key or unique('key')}
    url = f'{stack.running_gateway.base_url}/api/celery/commands/{name}'
    return httpx.post(url, json=body, headers=headers, timeout=10)


def refused(answer: httpx.Response, status: int, code: int, said: str) -> None:
    """It is the command that refuses, and not the path: that has no code."""
    assert answer.headers['content-type'] == 'application/problem+json', answer.text
    problem = answer.json()
    assert (answer.status_code, problem.get('code')) == (status, code) and said in problem['detail'], answer.text


def bodies(stack: Stack) -> dict[str, Json]:
    """What is posted to the resource of each command, in this order; nothing in it hinders the other tests."""
    held = stack.send('math.add', 1, 1, queue='q-threads', countdown=600)
    ended = stack.send('math.add', 1, 1, queue='q-threads')
    queue, added, run = unique('resources'), unique('added'), {'task': 'math.add', 'args': [1, 1]}
    for _ in range(4):
        stack.send('math.add', 1, 1, queue=queue)
    tags = [json.loads(message)['properties']['delivery_tag'] for message in stack.waiting(queue)]
    solo = {'workers': ['solo@celeriac.test']}
    limited = {**solo, 'task': 'catalog.ignore'}
    bodies: dict[str, Json] = {
        'task.run': {**run, 'queue': 'q-solo'},
        'task.group': {'tasks': [run], 'queue': 'q-solo'},
        'task.chord': {'tasks': [run], 'queue': 'q-solo', 'body': {'task': 'reports.sum', 'queue': 'q-solo'}},
        'task.retry': {'id': ended},
        'task.revoke': {'id': held},
        'task.revokeStamped': {'stamps': {'customer': [unique('nobody')]}, 'keep': 0},
        'task.query': {**solo, 'ids': [held]},
        'worker.autoscale': {**solo, 'max': 2, 'min': 1},
        'worker.rateLimit': {**limited, 'limit': '90/m'},
        'worker.timeLimit': {**limited, 'hard': 5},
        'worker.addConsumer': {**solo, 'queue': added},
        'worker.cancelConsumer': {**solo, 'queue': added},
        'worker.shutdown': {'workers': ['nobody@nowhere']},
        'queue.pause': {'queue': queue},
        'queue.resume': {'queue': queue},
        'message.delete': {'queue': queue, 'deliveryTag': tags[0]},
        'message.move': {'queue': queue, 'deliveryTag': tags[1], 'to': unique('moved')},
        'message.prioritize': {'queue': queue, 'deliveryTag': tags[2], 'priority': 9},
        'queue.purge': {'queue': queue},
        # Its `trash` is the purge.
        'queue.restore': {},
    }
    for name in ('ping', 'report', 'memory', 'poolGrow', 'poolShrink', 'restart', 'enableEvents', 'disableEvents'):
        bodies[f'worker.{name}'] = solo
    return bodies


def test_every_command_has_a_resource_of_its_own(stack: Stack, catalog: list[str]) -> None:
    """It takes the command, tells where its row is, and the same key gets the same answer again."""
    gateway, posted = stack.running_gateway, bodies(stack)
    assert set(posted) == set(catalog)
    headers = {'authorization': f'Bearer {gateway.token("operator", unique("reader"))}'}
    with httpx.Client(base_url=gateway.base_url, headers=headers, timeout=10) as http:

        def reached(task: str, state: str) -> None:
            path = f'/api/celery/tasks/{task}'
            wait_for(lambda: http.get(path).json().get('state') == state, 20, f'{task} in {state}')

        def ended(place: str) -> Json:
            return wait_for(lambda: r if (r := http.get(place).json())['state'] not in {'accepted', 'sent'} else None, 30, place)

        reached(posted['task.retry']['id'], 'SUCCESS')
        reached(posted['task.revoke']['id'], 'RECEIVED')
        places: dict[str, str] = {}
        for number, (name, body) in enumerate(posted.items()):
            if number % 4 == 0:
                # Each is posted twice, and ten may come at once.
                token = gateway.token('admin', unique('submitter'))
            if name == 'queue.restore':
                body['trash'] = places['queue.purge'].rsplit('/', 1)[-1]
            key = unique('key')
            first = submitted(stack, token, name, {**body, 'deadlineMs': 3000}, key)
            again = submitted(stack, token, name, {**body, 'deadlineMs': 3000}, key)
            assert (first.status_code, again.status_code) == (202, 200), (name, first.text, again.text)
            assert again.json()['duplicate'] is True and again.json()['id'] == first.json()['id'], (name, again.text)
            places[name] = first.headers['location']
            assert places[name] == f'/api/celery/commands/{first.json()["id"]}'
        for name, place in places.items():
            row = ended(place)
            assert row['cmd'] == name and (row.get('evidence') or row.get('reason')), row


@pytest.mark.parametrize('limit', ['queue.purge', 'terminate'])
def test_the_seventh_in_a_minute_is_refused_by_a_limit_of_its_own(stack: Stack, limit: str) -> None:
    """Six, and one more for each ten seconds that this takes; all that comes would be less than ten at once."""
    admin, other = (stack.running_gateway.token('admin', unique(name)) for name in ('admin', 'other'))
    queues = [unique('limited') for _ in range(20)]
    for queue in queues:
        stack.send('math.add', 1, 1, queue=queue)

    def post(token: str, number: int) -> httpx.Response:
        if limit == 'queue.purge':
            return submitted(stack, token, 'queue.purge', {'queue': queues[number]})
        ending = {'terminate': True, 'deadlineMs': 500}
        if number % 2:
            return submitted(stack, token, 'task.revokeStamped', {'stamps': {'nobody': [unique('x')]}, 'keep': 0, **ending})
        return submitted(stack, token, 'task.revoke', {'id': unique('nobody'), **ending})

    began = time.monotonic()
    taken = 0
    while (answer := post(admin, taken)).status_code == 202 and taken < len(queues) - 1:
        taken += 1
    elapsed = time.monotonic() - began

    assert 6 <= taken <= 6 + elapsed / 10, (taken, elapsed)
    refused(answer, 429, 1012, f'too many commands: at most 6 per minute with {limit}; try again in ')
    assert 1 <= int(answer.headers['retry-after']) <= 10
    assert submitted(stack, admin, 'worker.ping', {'all': True}).status_code == 202, 'the limit for all commands has room'
    if limit == 'queue.purge':
        assert [stack.queue_length(queue) for queue in queues] == [0] * taken + [1] * (len(queues) - taken)
    assert post(other, taken).status_code == 202, 'another principal has limits of its own'


def audit(stack: Stack) -> list[tuple[str, str, str, str]]:
    (file,) = stack.running_gateway.data.glob('*.sqlite')
    with sqlite3.connect(f'file:{file}?mode=ro', uri=True) as database:
        return list(database.execute('SELECT principal, action, outcome, detail FROM audit ORDER BY sequence'))


def test_every_command_is_in_the_audit_and_refused_ones_too(stack: Stack, catalog: list[str]) -> None:
    gateway = stack.running_gateway
    names = {role: unique(role) for role in ('viewer', 'admin')}
    tokens = {role: gateway.token(role, name) for role, name in names.items()}

    def post(role: str, name: str, body: Json) -> httpx.Response:
        return submitted(stack, tokens[role], name, body)

    for name in catalog:
        refused(post('admin', name, {'nonsense': 1}), 400, -32602, 'args.nonsense is not known; known: ')
    refused(post('admin', 'worker.election', {}), 404, -32601, 'unknown command worker.election; known: ')
    refused(post('viewer', 'worker.ping', {'all': True}), 403, 1003, 'role viewer may not')
    assert post('admin', 'worker.ping', {'workers': ['prefork@celeriac.test']}).status_code == 202
    # Six a minute: the clock gives back much less than is asked for, however slow this is.
    purge = {'queue': unique('empty')}
    assert any(post('admin', 'queue.purge', purge).status_code == 429 for _ in range(40))

    def told() -> list[tuple[str, str, str, str]] | None:
        lines = audit(stack)
        return lines if any(line[:3] == (names['admin'], 'worker.ping', 'confirmed') for line in lines) else None

    lines = wait_for(told, 20, 'the end of the ping in the audit')
    for name in [*catalog, 'worker.election']:
        assert any(line[:3] == (names['admin'], name, 'refused') and line[3] for line in lines), name
    assert any(line[:3] == (names['viewer'], 'worker.ping', 'refused') and 'role viewer may not' in line[3] for line in lines)
    limited = (names['admin'], 'queue.purge', 'refused')
    assert any(line[:3] == limited and 'at most 6 per minute with queue.purge' in line[3] for line in lines)
    assert any(line[:3] == (names['admin'], 'worker.ping', 'accepted') for line in lines)
    assert all(token not in str(lines) for token in tokens.values())


async def test_a_gateway_that_has_just_started_knows_before_it_asks(stack: Stack, connect: ConnectClient) -> None:
    """Perhaps nobody has told it anything yet: it finds out what a worker can before it sends the command."""
    gateway = stack.running_gateway
    await asyncio.to_thread(gateway.kill)
    await asyncio.to_thread(lambda: gateway.launch().wait_listening())
    cannot = {'worker.restart': 'pool restarts are not enabled', 'worker.autoscale': 'it runs without an autoscaler'}
    async with connect(stack) as client:
        case = Case(stack, client, 'prefork')

        async def run(command: str, **args: Any) -> Json:
            while True:
                try:
                    return await case.run(command, workers=[case.node], **args)
                except RpcError as refusal:
                    # It may not be connected yet.
                    assert refusal.code == 1014, refusal
                await asyncio.sleep(0.01)

        rows = await asyncio.gather(run('worker.restart'), run('worker.autoscale', max=2, min=1))
        await asyncio.to_thread(gateway.wait_ready)
        for row in rows:
            assert row['state'] == 'rejected' and cannot[row['cmd']] in row['reason'] and row['fix'], row
            assert 'sentAt' not in row, row


def test_the_nine_endpoints_that_were_asked_for(stack: Stack) -> None:
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("admin", unique("seed"))}'}
    queue, guest = unique('nine'), WorkerSpec(name=unique('guest'), queues=(unique('q'),))
    scheduled = stack.send('math.add', 1, 1, queue='q-threads', countdown=600)
    for _ in range(3):
        stack.send('math.add', 1, 1, queue=queue)
    worker = stack.launch_worker(guest)
    worker.wait_ready()
    with httpx.Client(base_url=f'{gateway.base_url}/api/celery', headers=headers, timeout=10) as http:

        def listed(path: str) -> set[str]:
            return {task['id'] for task in http.get(path, params={'limit': 1000}).json()['tasks']}

        def ended(answer: httpx.Response) -> Json:
            assert answer.status_code == 202, answer.text
            path = f'/commands/{answer.json()["id"]}'
            return wait_for(lambda: r if (r := http.get(path).json())['state'] not in {'accepted', 'sent'} else None, 30, path)

        def post(path: str) -> Json:
            return ended(http.post(path, json={}, headers={'idempotency-key': unique('key')}))

        assert {row['id'] for row in http.get('/stats').json()['stats']} >= {'fleet'}
        wait_for(lambda: guest.node in {row['id'] for row in http.get('/workers').json()['workers']}, 20, 'the guest')
        wait_for(lambda: queue in {row['id'] for row in http.get('/queues').json()['queues']}, 40, 'the queue')
        active = stack.send('time.sleep', 6, queue='q-threads')
        wait_for(lambda: active in listed('/tasks/active'), 20, 'the running task')
        wait_for(lambda: scheduled in listed('/tasks/scheduled'), 20, 'the scheduled task')
        assert scheduled not in listed('/tasks/active') and active not in listed('/tasks/scheduled')
        assert post(f'/tasks/{scheduled}/revoke')['state'] == 'confirmed'
        assert post(f'/queues/{queue}/purge')['state'] == 'confirmed' and stack.queue_length(queue) == 0
        assert post('/workers/restartable@celeriac.test/restart')['state'] == 'confirmed'
        assert post(f'/workers/{guest.node}/shutdown')['state'] == 'confirmed'
        wait_for(lambda: scheduled not in listed('/tasks/scheduled'), 20, 'the revoked task to be scheduled no more')
