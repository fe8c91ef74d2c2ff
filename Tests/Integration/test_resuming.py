"""Commands whose effect is out when the gateway is killed: the next run finds out what became of every task of theirs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.rows import Row
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
LONG = 120_000
"""A deadline that does not pass in a test: it is the kill that ends the waiting."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name='deaf', pool='solo', queues=('q-deaf',)), WorkerSpec(name='a', queues=('q',), concurrency=2)]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


def restart(stack: Stack) -> None:
    """As after a power cut: no goodbye, the same data folder."""
    gateway = stack.running_gateway
    gateway.kill()
    gateway.start()


def tell(stack: Stack, number: signal.Signals) -> None:
    """Lets a worker stand still, so that it cannot hear, or go on."""
    process = stack.workers['deaf'].process
    assert process
    process.signal(number)


async def ended(stack: Stack, connect: ConnectClient, command: str, state: str) -> Row:
    """The row after the restart, once it is in a state; and that it never was in a better one before."""
    async with connect(stack, 'operator') as client:
        commands = await client.subscribe('commands')
        row: Row = await client.until(
            lambda: r if (r := commands.get(command)) and r['state'] == state else None, 60, lambda: str(commands.get(command))
        )
        return row


def items(stack: Stack, command: str) -> list[str]:
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("operator", unique("reader"))}'}
    answer = httpx.get(f'{gateway.base_url}/api/celery/commands/{command}/items', headers=headers, timeout=10).json()
    return [item['state'] for item in answer['items']]


async def test_a_revoke_is_followed_on(stack: Stack, connect: ConnectClient) -> None:
    tell(stack, signal.SIGSTOP)
    tasks = [stack.send('math.add', 1, 1, queue='q', countdown=600) for _ in range(2)]
    async with connect(stack, 'operator') as client:
        receipt = await client.submit('task.revoke', {'ids': tasks}, deadline_ms=LONG)
        assert receipt['state'] == 'sent', receipt

    await asyncio.to_thread(restart, stack)

    row = await ended(stack, connect, receipt['id'], 'unknown')
    assert 'recorded before the restart; workers are told again' in row['evidence'] and row['reason'], row
    tell(stack, signal.SIGCONT)
    row = await ended(stack, connect, receipt['id'], 'confirmed')
    assert all(any(line.startswith(f'task {task}: ') for line in row['evidence']) for task in tasks), row


async def test_a_revoke_of_many_is_followed_on(stack: Stack, connect: ConnectClient) -> None:
    name = unique('many')
    tasks = [stack.send('math.add', 1, n, queue='q', countdown=600, shadow=name) for n in range(60)]
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'name', name], mode='follow', limit=100)
        await client.until(lambda: len(view.rows) == len(tasks), 30, 'the tasks to be known')
        tell(stack, signal.SIGSTOP)
        plan = await client.call('cmd.plan', {'cmd': 'task.revoke', 'where': ['eq', 'name', name]})
        receipt = await client.submit('task.revoke', {'plan': plan['plan']}, deadline_ms=LONG)
        commands = await client.subscribe('commands')
        await client.until(lambda: (commands.get(receipt['id']) or {}).get('state') == 'sent', 30, 'it to be sent')

    await asyncio.to_thread(restart, stack)

    tell(stack, signal.SIGCONT)
    row = await ended(stack, connect, receipt['id'], 'confirmed')
    assert (row['total'], row['done']) == (60, 60), row
    assert items(stack, receipt['id']) == ['done'] * 60


@pytest.mark.parametrize('command', ['task.group', 'task.chord'])
async def test_a_group_is_followed_on(stack: Stack, connect: ConnectClient, command: str) -> None:
    queue = unique('later')
    body = {'body': {'task': 'reports.sum', 'queue': queue}} if command == 'task.chord' else {}
    tasks = [{'task': 'math.add', 'args': [1, number]} for number in range(3)]
    async with connect(stack, 'operator') as client:
        receipt = await client.submit(command, {'tasks': tasks, 'queue': queue, **body}, deadline_ms=LONG)
        assert receipt['state'] == 'sent', receipt

    await asyncio.to_thread(restart, stack)

    row = await ended(stack, connect, receipt['id'], 'unknown')
    assert 'broker: it had the message before the restart' in row['evidence'], row
    worker = stack.launch_worker(WorkerSpec(name=unique('late'), queues=(queue,)))
    row = await ended(stack, connect, receipt['id'], 'confirmed')
    assert len({line.split()[1] for line in row['evidence'] if line.startswith('task ')}) == 3, row
    worker.stop()


async def test_retries_of_many_are_followed_on(stack: Stack, connect: ConnectClient) -> None:
    name, queue = unique('again'), unique('later')
    tasks = [stack.send('math.add', 1, n, queue='q', shadow=name) for n in range(20)]
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'name', name], mode='follow', limit=100)
        await client.until(
            lambda: len(view.rows) == len(tasks) and all(row['state'] == 'SUCCESS' for row in view.rows.values()), 30, 'their end'
        )
        plan = await client.call('cmd.plan', {'cmd': 'task.retry', 'where': ['eq', 'name', name]})
        receipt = await client.submit('task.retry', {'plan': plan['plan'], 'queue': queue}, deadline_ms=LONG)
        await asyncio.to_thread(wait_for, lambda: stack.queue_length(queue) == len(tasks), 20, 'the messages')

    await asyncio.to_thread(restart, stack)

    worker = stack.launch_worker(WorkerSpec(name=unique('late'), queues=(queue,)))
    row = await ended(stack, connect, receipt['id'], 'confirmed')
    assert (row['total'], row['done']) == (20, 20) and items(stack, receipt['id']) == ['done'] * 20, row
    assert stack.queue_length(queue) == 0
    worker.stop()
