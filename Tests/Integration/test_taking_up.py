"""Commands for workers when the gateway is killed, or the broker does not take them: their rows end in what is true."""

from __future__ import annotations

import asyncio
import json
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient
from harness.events import event, task_events
from harness.fixtures import ConnectClient
from harness.process import ManagedProcess
from harness.rows import Row
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

Json = dict[str, Any]
A, LEAVING = 'a@celeriac.test', 'leaving@celeriac.test'
LONG = 120_000
"""A deadline that does not pass in a test: it is the kill that ends the waiting."""
HANDED_OVER = 'broker: it was handed over before the restart'
KEPT = 'recorded before the restart; workers are told again'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [
        WorkerSpec(name='a', queues=('q', 'q-paused'), concurrency=2),
        WorkerSpec(name='leaving', pool='threads', queues=('q-leaving',)),
    ]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


def process(stack: Stack, name: str) -> ManagedProcess:
    found = stack.workers[name].process
    assert found
    return found


async def restart(stack: Stack) -> None:
    """As after a power cut: no goodbye, the same data folder."""
    await asyncio.to_thread(stack.running_gateway.kill)
    await asyncio.to_thread(stack.running_gateway.start)


async def row(client: GatewayClient, commands: Any, command: str, state: str) -> Row:
    return await client.until(
        lambda: r if (r := commands.get(command)) and r['state'] == state else None,
        60,
        lambda: f'{state}: {commands.get(command)}',
    )


async def known(client: GatewayClient, *nodes: str) -> None:
    """Waits until these workers are known, and what each that is up consumes: otherwise it is asked first."""
    workers = await client.subscribe('workers')

    def are_known() -> bool:
        rows = [row for row in workers.rows.values() if row['state'] != 'offline']
        return set(nodes) <= {row['id'] for row in rows} and all('queues' in row and 'cannot' in row for row in rows)

    await client.until(lambda: are_known() or None, 30, lambda: str(workers.rows))


async def test_what_was_sent_is_followed_on(stack: Stack, connect: ConnectClient) -> None:
    """The worker stands still when it is told; it goes on when another run of the gateway waits for its answer."""
    added = unique('added')
    asked: dict[str, tuple[Json, str]] = {
        'worker.ping': ({}, 'pong'),
        'worker.report': ({}, 'celery:5'),
        'task.query': ({'ids': ['nobody-knows']}, 'knows none of them'),
        'worker.enableEvents': ({}, 'already enabled'),
        'worker.rateLimit': ({'task': 'math.add', 'limit': '4711/m'}, 'registered shows rate limit 4711/m'),
        'worker.timeLimit': (
            {'task': 'mail.send', 'soft': 40, 'hard': 50},
            'registered shows soft limit 40.0 s, hard limit 50.0 s',
        ),
        'worker.addConsumer': ({'queue': added}, f'active_queues shows {added}'),
        'worker.poolGrow': ({'n': 1}, 'stats show 3 pool slots, 2 before'),
    }
    async with connect(stack) as client:
        await known(client, A)
        process(stack, 'a').signal(signal.SIGSTOP)
        submitted = [client.submit(name, {'workers': [A], **args}, deadline_ms=LONG) for name, (args, _) in asked.items()]
        submitted.append(client.submit('queue.pause', {'queue': 'q-paused'}, deadline_ms=LONG))
        receipts = await asyncio.gather(*submitted)
        assert [receipt['state'] for receipt in receipts] == ['accepted'] * len(receipts), receipts
        commands = await client.subscribe('commands')
        for receipt in receipts:
            await row(client, commands, receipt['id'], 'sent')

    await restart(stack)
    process(stack, 'a').signal(signal.SIGCONT)

    async with connect(stack) as client:
        commands = await client.subscribe('commands')
        for receipt, (_, proof) in zip(receipts, asked.values(), strict=False):
            found = await row(client, commands, receipt['id'], 'confirmed')
            told = '\n'.join(found['evidence'])
            assert HANDED_OVER in found['evidence'] and f'{A}: ' in told and proof in told, found
            assert not found.get('silent') and not found.get('reason'), found
        found = await row(client, commands, receipts[-1]['id'], 'confirmed')
        assert KEPT in found['evidence'] and f'{A}: active_queues does not show q-paused' in found['evidence'], found
        await client.command('queue.resume', {'queue': 'q-paused'})


async def test_who_left_while_nobody_listened_is_missed(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        await known(client, LEAVING)
        process(stack, 'leaving').signal(signal.SIGSTOP)
        receipt = await client.submit('worker.shutdown', {'workers': [LEAVING]}, deadline_ms=LONG)
        assert receipt['state'] == 'accepted', 'the receipt does not wait until a worker that stands still is given up'
        await row(client, await client.subscribe('commands'), receipt['id'], 'sent')
    await asyncio.to_thread(stack.running_gateway.kill)
    process(stack, 'leaving').signal(signal.SIGCONT)
    await asyncio.to_thread(process(stack, 'leaving').wait_exit, 30)

    await asyncio.to_thread(stack.running_gateway.start)

    async with connect(stack) as client:
        found = await row(client, await client.subscribe('commands'), receipt['id'], 'confirmed')
        assert HANDED_OVER in found['evidence'], found
        assert f'{LEAVING}: not connected to the broker: everybody who is has answered' in found['evidence'], found


def gateway_cli(stack: Stack, *arguments: str) -> list[Json]:
    gateway = stack.running_gateway
    done = gateway.cli(*arguments, '--data', str(gateway.data))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_what_was_never_sent_says_so_and_is_not_sent_later(stack: Stack, connect: ConnectClient) -> None:
    """Redis takes no writes, so the gateway is killed between its record and the effect."""
    redis: Any = stack.redis()
    limit = '1234/m'
    asked: dict[str, Json] = {
        'worker.rateLimit': {'workers': [A], 'task': 'text.echo', 'limit': limit},
        'worker.ping': {'workers': [A]},
        'queue.pause': {'queue': 'q-paused'},
    }
    async with connect(stack) as client:
        await known(client, A)
        redis.execute_command('CLIENT', 'PAUSE', 60_000, 'WRITE')
        receipts = {name: await client.submit(name, args, deadline_ms=LONG) for name, args in asked.items()}
        ids = {name: receipt['id'] for name, receipt in receipts.items()}
        assert {receipt['state'] for receipt in receipts.values()} == {'accepted'}, receipts
        await asyncio.to_thread(stack.running_gateway.kill)
    redis.execute_command('CLIENT', 'UNPAUSE')

    await asyncio.to_thread(stack.running_gateway.start)

    async with connect(stack) as client:
        commands = await client.subscribe('commands')
        for name in ('worker.rateLimit', 'worker.ping'):
            found = await row(client, commands, ids[name], 'failed')
            assert found['reason'] == 'the gateway was stopped before it was sent; nothing was sent', found
            assert 'sentAt' not in found, found
        found = await row(client, commands, ids['queue.pause'], 'confirmed')
        assert KEPT in found['evidence'], 'what is recorded is wanted, and told by whoever comes next'
        await client.command('queue.resume', {'queue': 'q-paused'})
    answer = await asyncio.to_thread(stack.app.control.inspect([A], timeout=5).registered, 'rate_limit')
    assert limit not in str(answer), answer
    listed = gateway_cli(stack, 'audit', 'list', '--json', '--limit', '1000')
    ends = [(line['action'], line['outcome']) for line in listed]
    assert ends.count(('worker.rateLimit', 'failed')) == 1 and ('queue.pause', 'confirmed') in ends, ends


async def test_a_confirmed_revoke_is_watched_on(stack: Stack, connect: ConnectClient) -> None:
    """No worker has the task when it is revoked; after the restart one tells that it runs."""
    tasks = [str(uuid.uuid4()) for _ in range(2)]
    async with connect(stack, 'operator') as client:
        found = await client.command('task.revoke', {'ids': tasks}, deadline_ms=15_000)
        assert found['state'] == 'confirmed' and 'no worker has it' in '\n'.join(found['evidence']), found

    await restart(stack)

    async with connect(stack, 'operator') as client:
        commands = await client.subscribe('commands')
        assert (await row(client, commands, found['id'], 'confirmed'))['evidence'] == found['evidence']
        stack.publish_raw(*task_events(event('task-started', 'stranger@elsewhere', uuid=tasks[0])))
        late = await row(client, commands, found['id'], 'unknown')
        assert late['reason'] == f'a task has started after all: {tasks[0]} on stranger@elsewhere', late
        stack.publish_raw(*task_events(event('task-succeeded', 'stranger@elsewhere', uuid=tasks[0], result='1', runtime=0.1)))
        late = await row(client, commands, found['id'], 'partial')
        assert late['reason'] == '1 of 2 done', late


async def test_a_revoke_that_the_broker_refuses_stays_open(stack: Stack, connect: ConnectClient) -> None:
    """Nothing was sent, but it is recorded: it is told as soon as that is possible, and the row says so all the time."""
    redis: Any = stack.redis()
    task = str(uuid.uuid4())
    async with connect(stack, 'operator') as client:
        commands = await client.subscribe('commands')
        redis.execute_command('ACL', 'SETUSER', 'default', '-eval')
        try:
            receipt = await client.submit('task.revoke', {'id': task}, deadline_ms=LONG)
            assert receipt['state'] == 'unknown', receipt
            found = await row(client, commands, receipt['id'], 'unknown')
            assert 'NOPERM' in found['reason'] and found['reason'].endswith('workers are told when the broker is back'), found
            ping = await client.command('worker.ping', {'workers': [A]})
            assert ping['state'] == 'failed' and 'NOPERM' in ping['reason'], ping
        finally:
            redis.execute_command('ACL', 'SETUSER', 'default', '+eval')
        found = await row(client, commands, receipt['id'], 'confirmed')
        assert 'no worker has it' in '\n'.join(found['evidence']) and 'reason' not in found, found
