"""Single waiting messages: removed, put elsewhere or among others, in one step and byte for byte, with real workers at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.kills import kill_something
from harness.paths import FIXTURES
from harness.relay import Relay
from harness.stack import Stack, unique
from harness.topic_pages import all_rows
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
POOLS = ('prefork', 'solo', 'threads', 'gevent')
POISON: dict[str, Json] = json.loads((FIXTURES / 'celery' / 'poison_messages.json').read_text())['sample']
STEPS = (0, 3, 6, 9)


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'to-{pool}',), concurrency=1) for pool in POOLS]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


def tag_of(message: bytes) -> str:
    return str(json.loads(message)['properties']['delivery_tag'])


def everything(stack: Stack, queue: str) -> dict[int, list[bytes]]:
    return {step: found for step in STEPS if (found := stack.waiting(queue, step))}


async def act(client: GatewayClient, command: str, **args: Any) -> Json:
    row: Json = await client.command(command, args, deadline_ms=15_000)
    return row


async def result(stack: Stack, task: str) -> Any:
    found = await asyncio.to_thread(
        wait_for, lambda: r if (r := stack.result(task)) and r['status'] in {'SUCCESS', 'FAILURE'} else None, 30, task
    )
    assert found['status'] == 'SUCCESS', found
    return found['result']


@pytest.mark.parametrize('pool', POOLS)
async def test_a_moved_message_runs_from_its_new_queue_and_so_does_its_retry(
    stack: Stack, connect: ConnectClient, pool: str
) -> None:
    queue, to = unique('from'), f'to-{pool}'
    task = stack.send('mail.send', queue=queue, kwargs={'failures': 2, 'countdown': 0.1})
    (message,) = stack.waiting(queue)
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        await client.until(lambda: (queues.get(to) or {}).get('workers'), 30, lambda: f'a consumer; {queues.get(to)}')
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(message), to=to)
        assert row['state'] == 'confirmed' and row['taskId'] == task, row
        assert row['evidence'] == [
            f'message of task mail.send, id {task}, priority 0',
            f'broker: from queue {queue} to queue {to}, priority 0',
        ]
    # Nobody consumes the old queue: had a retry gone there, it would never have run.
    assert await result(stack, task) == 'sent after 2 retries'
    assert everything(stack, queue) == {}


async def test_all_but_route_and_priority_stays_byte_for_byte(stack: Stack, connect: ConnectClient) -> None:
    queue, to = unique('from'), unique('zü 𝄞"\\')
    stack.send('math.add', 'é', 1, queue=queue, priority=4, headers={'x': ['\u2028', 1e300, None]})
    (message,) = stack.waiting(queue, 3)
    async with connect(stack, 'operator') as client:
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(message), to=to, priority=7)
        assert row['state'] == 'confirmed' and f'no worker consumes queue {to} now' in row['evidence'], row
    (moved,) = stack.waiting(to, 6)
    route = f'"delivery_info": {{"exchange": "", "routing_key": "{queue}"}}, "priority": 4'.encode()
    new_route = f'"delivery_info": {{"exchange": "", "routing_key": {json.dumps(to)}}}, "priority": 7'.encode()
    assert message.count(route) == 1 and moved == message.replace(route, new_route)
    assert everything(stack, queue) == {} and everything(stack, to) == {6: [moved]}


async def test_another_priority_changes_what_a_worker_takes_next(stack: Stack, connect: ConnectClient, folder: Path) -> None:
    queue, trace = unique('order'), folder / 'trace'
    for label in 'abcd':
        stack.send('files.write', str(trace), label, queue=queue, priority=3)
    messages = stack.waiting(queue, 3)
    async with connect(stack, 'operator') as client:
        for message, priority in ((messages[3], 0), (messages[0], 9), (messages[1], 5)):
            row = await act(client, 'message.prioritize', queue=queue, deliveryTag=tag_of(message), priority=priority)
            assert row['state'] == 'confirmed' and 'priority 3' in row['evidence'][0], row
        same = await act(client, 'message.prioritize', queue=queue, deliveryTag=tag_of(messages[2]), priority=3)
        assert same['state'] == 'rejected' and 'has that priority already' in same['reason'], same
        worker = await asyncio.to_thread(
            stack.start_worker, WorkerSpec(name=unique('w'), pool='solo', queues=(queue,), options=('--prefetch-multiplier=1',))
        )
        await asyncio.to_thread(wait_for, lambda: trace.exists() and len(trace.read_text().split()) == 4, 30, 'four tasks')
        worker.stop()
    # d is urgent now; b has gone behind c within its step; a has no urgency at all.
    assert trace.read_text().split() == ['d', 'c', 'b', 'a']


async def test_a_message_can_be_removed_and_no_other_one(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('delete')
    tasks = [stack.send('math.add', number, 1, queue=queue, priority=number) for number in range(10)]
    before = everything(stack, queue)
    (message,) = [m for found in before.values() for m in found if tasks[4].encode() in m]
    async with connect(stack) as client:
        row = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(message))
        assert row['state'] == 'confirmed' and row['taskId'] == tasks[4], row
        first, kept, last = row['evidence']
        assert (
            first == f'message of task math.add, id {tasks[4]}' and last == f'broker: removed from queue {queue}, priority step 3'
        )
        assert kept.startswith(f'trash {row["id"]}: queue.restore puts it back until ')
        again = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(message))
        assert again['state'] == 'rejected' and 'a worker has taken it, or it was never there' in again['reason'], again
        left = {step: [other for other in found if other != message] for step, found in before.items()}
        assert everything(stack, queue) == left

        # It can be undone: the very bytes, the very place.
        undone = await act(client, 'queue.restore', trash=row['id'])
        assert undone['state'] == 'confirmed', undone
        assert {step: sorted(found) for step, found in everything(stack, queue).items()} == {
            step: sorted(found) for step, found in before.items()
        }
        assert stack.waiting(queue, 3)[0] == message

        gone = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(message), keep=0)
        assert gone['state'] == 'confirmed' and 'trash' not in str(gone['evidence']), gone
        assert everything(stack, queue) == left
        refused = client.submit('queue.restore', {'trash': gone['id']})
        with pytest.raises(RpcError, match='1010'):
            await refused


async def test_who_may_do_what(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('roles')
    stack.send('math.add', 1, 1, queue=queue)
    (message,) = stack.waiting(queue)
    for role in ('viewer', 'bot', 'operator'):
        async with connect(stack, role) as client:
            with pytest.raises(RpcError, match='1003'):
                await client.submit('message.delete', {'queue': queue, 'deliveryTag': tag_of(message)})
    async with connect(stack, 'bot') as client:
        with pytest.raises(RpcError, match='1003'):
            await client.submit('message.move', {'queue': queue, 'deliveryTag': tag_of(message), 'to': 'b'})
    async with connect(stack) as client:
        for wrong in (
            {'to': queue, 'deliveryTag': 'x'},
            {'to': 'unacked', 'deliveryTag': 'x'},
            {'to': 'b'},
            {'to': 'b', 'deliveryTag': 'x', 'priority': 10},
        ):
            with pytest.raises(RpcError, match='-32602'):
                await client.submit('message.move', {'queue': queue, **wrong})
        for wrong in ({}, {'deliveryTag': 'x', 'digest': f'5-{"a" * 40}'}, {'digest': 'abc'}):
            with pytest.raises(RpcError, match='-32602'):
                await client.submit('message.delete', {'queue': queue, **wrong})
    assert stack.waiting(queue) == [message]


# What must not be moved --------------------------------------------------------------------------------------------------------


def poisoned(name: str, queue: str) -> bytes:
    message = json.loads(json.dumps(POISON[name]['message']))
    message['properties']['delivery_info']['routing_key'] = queue
    message['properties']['delivery_tag'] = unique('tag')
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('body [args,kwargs]', 'the body has 2 elements'),
        ('body not base64', 'body is no base64'),
        ('content-type missing', 'content-type'),
        ('header id missing', 'reconnects for ever'),
        ('timelimit scalar', 'headers.timelimit is no pair'),
        ('body missing', 'body is missing'),
    ],
)
async def test_what_would_harm_a_worker_stays_and_can_be_removed(
    stack: Stack, connect: ConnectClient, name: str, reason: str
) -> None:
    queue = unique('poison')
    message = poisoned(name, queue)
    stack.redis().lpush(queue, message)
    async with connect(stack) as client:
        for command, args in (('message.move', {'to': 'to-solo'}), ('message.prioritize', {'priority': 9})):
            row = await act(client, command, queue=queue, deliveryTag=tag_of(message), **args)
            assert row['state'] == 'rejected' and 'it stays where it is' in row['reason'] and reason in row['reason'], row
            assert everything(stack, queue) == {0: [message]}
        row = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(message))
        assert row['state'] == 'confirmed' and everything(stack, queue) == {}, row


async def test_what_has_no_tag_is_removed_by_its_digest(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('odd')
    odd = [b'\xff\x00 no message', b'{"properties": {}}', b'', b'x' * 200_000, b'[1, 2]']
    stack.redis().lpush(queue, *odd, odd[0])
    async with connect(stack) as client, http(stack) as web:
        for left in ([*odd[1:], odd[0]], [*odd[1:]]):
            digest = await digest_of(web, queue, odd[0])
            row = await act(client, 'message.delete', queue=queue, digest=digest)
            assert row['state'] == 'confirmed' and row['evidence'][0] == f'message of {len(odd[0])} bytes', row
            assert stack.waiting(queue) == left
        again = await act(client, 'message.delete', queue=queue, digest=digest)
        assert again['state'] == 'rejected', again
        for message in odd[1:]:
            row = await act(client, 'message.delete', queue=queue, digest=await digest_of(web, queue, message))
            assert row['state'] == 'confirmed', row
    assert everything(stack, queue) == {}


def http(stack: Stack, role: str = 'operator') -> httpx.AsyncClient:
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token(role, unique(role))}'}
    return httpx.AsyncClient(base_url=gateway.base_url, headers=headers, timeout=30)


async def digest_of(web: httpx.AsyncClient, queue: str, message: bytes) -> str:
    rows = (await web.get(f'/api/celery/queues/{queue}/messages')).json()['messages']
    (digest,) = {
        row['digest']
        for row in rows
        if row['digest'] == f'{len(message)}-{hashlib.sha1(message, usedforsecurity=False).hexdigest()}'
    }
    return str(digest)


async def test_a_tag_elsewhere_in_a_message_is_not_meant(stack: Stack, connect: ConnectClient) -> None:
    """Children name their parent, and anything may stand in headers."""
    queue = unique('alike')
    for number in range(3):
        stack.send(
            'math.add', number, 1, queue=queue, headers={'delivery_tag': 'ä "tag"', 'properties': {'delivery_tag': 'ä "tag"'}}
        )
    (first, meant, last) = [json.loads(message) for message in stack.waiting(queue)]
    meant['properties']['delivery_tag'] = 'ä "tag"'
    messages = [json.dumps(first).encode(), json.dumps(meant, ensure_ascii=False).encode(), json.dumps(last).encode()]
    stack.redis().delete(queue)
    stack.redis().lpush(queue, *messages)
    async with connect(stack) as client:
        row = await act(client, 'message.delete', queue=queue, deliveryTag='ä "tag"')
        assert row['state'] == 'confirmed' and row['taskId'] == meant['headers']['id'], row
    assert stack.waiting(queue) == [messages[0], messages[2]]


# Bounds -----------------------------------------------------------------------------------------------------------------------

SEARCHED = 10_000


async def test_a_message_is_found_up_to_the_bound(stack: Stack, connect: ConnectClient) -> None:
    queue, step = unique('long'), 6
    stack.send('math.add', 1, 1, queue=queue)
    (sample,) = stack.waiting(queue)
    tag = tag_of(sample).encode()
    messages = [sample.replace(tag, f'tag-{number}'.encode()) for number in range(SEARCHED + 1)]
    # The last third waits on a list of its own.
    near = SEARCHED * 2 // 3
    stack.redis().delete(queue)
    stack.redis().lpush(queue, *messages[:near])
    stack.redis().lpush(f'{queue}\x06\x16{step}', *messages[near:])
    async with connect(stack) as client:
        beyond = await act(client, 'message.delete', queue=queue, deliveryTag=f'tag-{SEARCHED}')
        assert beyond['state'] == 'rejected' and f'not among the {SEARCHED} messages' in beyond['reason'], beyond
        found = await act(client, 'message.delete', queue=queue, deliveryTag=f'tag-{SEARCHED - 1}')
        assert found['state'] == 'confirmed' and f'step {step}' in found['evidence'][-1], found
        nearer = await act(client, 'message.delete', queue=queue, deliveryTag=f'tag-{SEARCHED}')
        assert nearer['state'] == 'confirmed', nearer
    assert everything(stack, queue) == {0: messages[:near], step: messages[near:-2]}
    stack.redis().delete(queue, f'{queue}\x06\x16{step}')


async def test_large_messages_are_moved_up_to_a_bound_and_removed_beyond(stack: Stack, connect: ConnectClient) -> None:
    queue, to = unique('large'), unique('to')
    for size in (1_500_000, 3_500_000):
        stack.send('math.add', 'x' * size, 1, queue=queue)
    small, large = stack.waiting(queue)
    assert len(small) < 4 << 20 < len(large)
    async with connect(stack) as client:
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(large), to=to)
        assert row['state'] == 'rejected' and f'has {len(large)} bytes; at most {4 << 20}' in row['reason'], row
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(small), to=to)
        assert row['state'] == 'confirmed', row
        assert stack.waiting(to) == [small.replace(f'"routing_key": "{queue}"'.encode(), f'"routing_key": "{to}"'.encode())]
        row = await act(client, 'message.delete', queue=queue, deliveryTag=tag_of(large))
        assert row['state'] == 'confirmed' and row['taskId'] == json.loads(large)['headers']['id'], row
    assert everything(stack, queue) == {}


# Others at the same time ------------------------------------------------------------------------------------------------------


async def test_a_list_that_cannot_take_it_costs_nothing(stack: Stack, connect: ConnectClient) -> None:
    queue, to = unique('from'), unique('string')
    stack.send('math.add', 1, 1, queue=queue)
    (message,) = stack.waiting(queue)
    stack.redis().set(to, 'no list')
    async with connect(stack) as client:
        row = await act(client, 'message.move', queue=queue, deliveryTag=tag_of(message), to=to)
        assert row['state'] == 'failed' and 'WRONGTYPE' in row['reason'], row
    assert stack.waiting(queue) == [message]


async def test_each_message_goes_to_a_consumer_or_to_the_other_queue(stack: Stack, connect: ConnectClient) -> None:
    """A consumer takes messages from the same end while they are moved: none is lost, none is there twice."""
    queue, to = unique('race'), unique('to')
    count = 60
    tasks = [stack.send('math.add', number, 1, queue=queue) for number in range(count)]
    tags = {task: tag_of(message) for task, message in zip(tasks, stack.waiting(queue), strict=True)}
    popped: list[str] = []
    dice = random.Random(3)

    async def consume() -> None:
        while len(popped) < count // 2:
            found: Any = stack.redis().rpop(queue)
            if found is None:
                return
            popped.append(json.loads(found)['headers']['id'])
            await asyncio.sleep(dice.uniform(0, 0.06))

    rows: dict[str, Json] = {}
    async with contextlib.AsyncExitStack() as clients:
        movers = [await clients.enter_async_context(connect(stack, 'operator')) for _ in range(4)]
        consumer = asyncio.create_task(consume())

        async def move(mover: GatewayClient, some: list[str]) -> None:
            for task in some:
                rows[task] = await act(mover, 'message.move', queue=queue, deliveryTag=tags[task], to=to)
                await asyncio.sleep(0.2)

        # The movers' first ones are the consumer's first ones as well; at most ten each, which is what may come at once.
        await asyncio.gather(*(move(mover, tasks[start : start + 36 : 4]) for start, mover in enumerate(movers)))
        await consumer
    moved = {json.loads(message)['headers']['id'] for message in stack.waiting(to)}
    waiting = [json.loads(message)['headers']['id'] for message in stack.waiting(queue)]
    assert sorted([*popped, *moved, *waiting]) == sorted(tasks)
    assert {task for task, row in rows.items() if row['state'] == 'confirmed'} == moved
    assert {task for task, row in rows.items() if row['state'] == 'rejected'} <= set(popped)
    assert moved and set(rows) - moved, 'nobody met anybody'


# Kills ------------------------------------------------------------------------------------------------------------------------


def test_a_kill_at_any_moment_leaves_each_message_once(stack: Stack) -> None:
    queue, to = unique('kills'), unique('to')
    gateway = stack.running_gateway
    gateway.listen = gateway.address
    tasks = [stack.send('math.add', number, 1, queue=queue, priority=3) for number in range(48)]
    tags = dict(zip(tasks, map(tag_of, stack.waiting(queue, 3)), strict=True))
    acts: dict[str, tuple[str, Json]] = {}
    arguments: dict[str, Json] = {'move': {'to': to}, 'prioritize': {'priority': 0}, 'delete': {}}
    for number, task in enumerate(tasks):
        name = ('move', 'prioritize', 'delete')[number % 3]
        acts[task] = (f'message.{name}', arguments[name])
    threads: list[threading.Thread] = []
    ids: dict[str, str] = {}
    turns = threading.Semaphore(0)
    """Eight commands come with each kill, so that a fast machine does not end them all before the second."""

    def submit(token: str, some: list[str]) -> None:
        for task in some:
            turns.acquire()
            command, args = acts[task]
            ids[task] = posted(gateway.base_url, token, command, {'queue': queue, 'deliveryTag': tags[task], **args})

    for start in range(4):
        token = gateway.token('admin', unique('killer'))
        threads.append(threading.Thread(target=submit, args=(token, tasks[start::4]), daemon=True))
    for thread in threads:
        thread.start()
    dice = random.Random(11)
    kills = 0
    while any(thread.is_alive() for thread in threads) and kills < 40:
        turns.release(8)
        kill_something(stack, dice)
        kills += 1
        time.sleep(dice.uniform(0.05, 0.5))
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert kills >= 5
    gateway.wait_ready()

    rows = wait_for(lambda: ended(gateway, ids), 60, 'the end of every command')
    places = Counter[tuple[str, str]]()
    for name, found in ((queue, everything(stack, queue)), (to, everything(stack, to))):
        for step, messages in found.items():
            places.update((json.loads(message)['headers']['id'], f'{name} {step}') for message in messages)
    print(kills, Counter(row['state'] for row in rows.values()))
    done = {'message.move': {f'{to} 3'}, 'message.prioritize': {f'{queue} 0'}, 'message.delete': set[str]()}
    for task in tasks:
        here = [place for (other, place), count in places.items() for _ in range(count) if other == task]
        state = rows[task]['state']
        assert state in {'confirmed', 'failed'}, rows[task]
        assert set(here) == (done[acts[task][0]] if state == 'confirmed' else {f'{queue} 3'}), (here, rows[task])
        assert len(here) <= 1, (here, rows[task])
    assert Counter(row['state'] for row in rows.values())['confirmed'] > len(tasks) / 2
    # What was removed is in the trash, and nothing else is.
    redis: Any = stack.redis()
    aside = {task: redis.lrange(f'celeriac.trash.{row["id"]}.3', 0, -1) for task, row in rows.items()}
    for task, row in rows.items():
        is_aside = acts[task][0] == 'message.delete' and row['state'] == 'confirmed'
        assert [json.loads(message)['headers']['id'] for message in aside[task]] == ([task] if is_aside else []), row


def posted(base: str, token: str, command: str, body: Json) -> str:
    """Sends a command until there is an answer that is no accident."""
    headers = {'authorization': f'Bearer {token}', 'idempotency-key': unique('key')}
    for _ in range(400):
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.post(f'{base}/api/celery/commands/{command}', json=body, headers=headers, timeout=15)
            if answer.status_code in {200, 202}:
                return str(answer.json()['id'])
            assert answer.status_code in {429, 503}, answer.text
        time.sleep(0.05)
    raise AssertionError(f'no answer to {command}')


def ended(gateway: Gateway, ids: dict[str, str]) -> dict[str, Json] | None:
    """Task -> row, once no command is open or unknown."""
    with httpx.Client(
        base_url=gateway.base_url, headers={'authorization': f'Bearer {gateway.token("admin", unique("r"))}'}
    ) as web:
        found = {row['id']: row for row in all_rows(web, 'commands')}
    rows = {task: found[command] for task, command in ids.items() if command in found}
    is_over = len(rows) == len(ids) and all(row['state'] not in {'accepted', 'sent', 'unknown'} for row in rows.values())
    return rows if is_over else None


def post_until_it_breaks(gateway: Gateway, token: str, body: Json) -> threading.Thread:
    """Asks for a move on a thread of its own, and does not mind if there is no answer."""

    def post() -> None:
        headers = {'authorization': f'Bearer {token}', 'idempotency-key': unique('key')}
        with contextlib.suppress(httpx.HTTPError):
            httpx.post(f'{gateway.base_url}/api/celery/commands/message.move', json=body, headers=headers, timeout=60)

    thread = threading.Thread(target=post, daemon=True)
    thread.start()
    return thread


def end_of_move(gateway: Gateway, queue: str, states: set[str]) -> Json:
    headers = {'authorization': f'Bearer {gateway.token("admin", unique("r"))}'}

    def row() -> Json | None:
        answer = httpx.get(f'{gateway.base_url}/api/celery/commands', headers=headers, timeout=20).json()
        found = [row for row in answer['commands'] if queue in row['target'] and row['state'] in states]
        return found[0] if found else None

    return wait_for(row, 30, f'the move to be {states}')


def test_killed_before_the_script_nothing_is_done_and_that_is_known(stack: Stack) -> None:
    queue, to = unique('before'), unique('to')
    gateway = stack.running_gateway
    stack.send('math.add', 1, 1, queue=queue)
    (message,) = stack.waiting(queue)
    redis: Any = stack.redis()
    token = gateway.token('operator', unique('mover'))
    redis.execute_command('CLIENT', 'PAUSE', 60_000, 'WRITE')
    thread = post_until_it_breaks(gateway, token, {'queue': queue, 'deliveryTag': tag_of(message), 'to': to})
    end_of_move(gateway, queue, {'accepted'})
    gateway.kill()
    redis.execute_command('CLIENT', 'UNPAUSE')
    gateway.start()
    thread.join(30)
    row = end_of_move(gateway, queue, {'failed'})
    assert 'nothing was done, and nothing will be' in row['reason'], row
    assert stack.waiting(queue) == [message] and everything(stack, to) == {}


@pytest.mark.parametrize('killed', ['gateway', 'connections'])
def test_killed_after_the_script_it_is_done_once_and_that_is_known(folder: Path, killed: str) -> None:
    stack = Stack(folder)
    stack.redis_server.start()
    relay = Relay(stack.redis_server.port)
    gateway = stack.gateway = Gateway(f'redis://127.0.0.1:{relay.port}/0', folder)
    try:
        gateway.start()
        queue, to = unique('after'), unique('to')
        stack.send('math.add', 1, 1, queue=queue)
        (message,) = stack.waiting(queue)
        # The answer of the script that moves is lost on its way, and all that follows.
        relay.change = lambda piece: b'' if stack.waiting(to) else piece
        token = gateway.token('operator', unique('mover'))
        thread = post_until_it_breaks(gateway, token, {'queue': queue, 'deliveryTag': tag_of(message), 'to': to})
        (moved,) = wait_for(lambda: stack.waiting(to), 30, 'the message in its new queue')
        if killed == 'gateway':
            gateway.kill()
        relay.change = None
        for client in stack.redis().client_list():
            if client['name'].startswith('celeriac:'):
                stack.redis().client_kill_filter(_id=client['id'])
        if killed == 'gateway':
            gateway.start()
        thread.join(30)
        row = end_of_move(gateway, queue, {'confirmed', 'failed', 'unknown'})
        assert row['state'] == 'confirmed', row
        assert killed == 'connections' or row['evidence'][-1] == 'broker: it had been done when the answer was lost', row
        assert stack.waiting(to) == [moved] and stack.waiting(queue) == []
    finally:
        relay.stop()
        stack.stop()


# Preconditions and repetitions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('command', ['message.delete', 'message.move', 'message.prioritize', 'queue.purge'])
async def test_what_has_changed_since_it_was_seen_is_left_alone(stack: Stack, connect: ConnectClient, command: str) -> None:
    queue = unique('seen')
    stack.send('math.add', 1, 1, queue=queue)
    (message,) = stack.waiting(queue)
    args: Json = {'queue': queue, 'deliveryTag': tag_of(message)} if command != 'queue.purge' else {'queue': queue}
    more: dict[str, Json] = {'message.move': {'to': unique('to')}, 'message.prioritize': {'priority': 9}}
    args |= more.get(command, {})
    async with connect(stack) as client:
        queues = await client.subscribe('queues')

        async def seen(depth: int) -> int:
            await client.until(lambda: (queues.get(queue) or {}).get('depth') == depth, 30, lambda: f'{queues.get(queue)}')
            return queues.rev

        old = await seen(1)
        stack.send('math.add', 2, 2, queue=queue)
        new = await seen(2)
        before = everything(stack, queue)
        for rev in (old, new + 1_000_000):
            with pytest.raises(RpcError, match='1010'):
                await client.submit(command, args, expect={'rev': rev})
        assert everything(stack, queue) == before
        row = await client.command(command, args, expect={'rev': new})
        assert row['state'] == 'confirmed', row
        with pytest.raises(RpcError, match='1010'):
            await client.submit(command, {**args, 'queue': unique('nobody')}, expect={'rev': new})


async def test_a_repetition_is_told_what_was_answered_first(stack: Stack, connect: ConnectClient) -> None:
    key = unique('key')
    async with connect(stack) as client:
        task = {'task': 'math.add', 'args': [1, 1], 'queue': 'to-threads'}
        first = await client.submit('task.run', task, key=key)
        assert first['duplicate'] is False and 'firstState' not in first
        commands = await client.subscribe('commands')
        await client.until(lambda: (commands.get(first['id']) or {}).get('state') == 'confirmed', 30, 'the end')
        again = await client.submit('task.run', task, key=key)
        assert again == {**first, 'state': 'confirmed', 'duplicate': True, 'firstState': first['state']}
    gateway = stack.running_gateway
    gateway.kill()
    gateway.start()
    async with http(stack, 'admin') as web:
        body = {**task}
        answers = [await web.post('/api/celery/commands/task.run', json=body, headers={'idempotency-key': key}) for _ in range(2)]
    # Another principal, another command; its repetition is told.
    assert [a.status_code for a in answers] == [202, 200], answers
    assert answers[1].json()['firstState'] == answers[0].json()['state']
