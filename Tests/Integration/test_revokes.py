"""Revocations and idempotency keys outlive workers that restart, and the gateway after kill -9."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import Worker, WorkerSpec

LATER = 12
"""Seconds until a task is due: long enough for a worker to start and to be told."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec(name='always', queues=('q-always',), concurrency=2)]).start()
    yield stack
    stack.stop()


async def outside(condition: Any, timeout: float, what: str) -> Any:
    return await asyncio.to_thread(wait_for, condition, timeout, what)


def restart(stack: Stack) -> None:
    """As after a power cut: no goodbye, the same data folder."""
    gateway = stack.running_gateway
    gateway.kill()
    gateway.start()


@contextmanager
def alone(stack: Stack, spec: WorkerSpec) -> Iterator[Worker]:
    """One new worker and no other: what it knows it has from the gateway."""
    for worker in stack.workers.values():
        worker.stop()
    worker = stack.launch_worker(spec)
    try:
        worker.wait_ready()
        yield worker
    finally:
        worker.stop()
        stack.start_worker(WorkerSpec(name='always', queues=('q-always',), concurrency=2))


def open_revokes(stack: Stack) -> set[str]:
    (file,) = stack.running_gateway.data.glob('*.sqlite')
    with sqlite3.connect(f'file:{file}?mode=ro', uri=True) as database:
        return {row[0] for row in database.execute('SELECT taskID FROM openRevokes')}


@pytest.mark.parametrize('killed', [False, True])
async def test_a_worker_that_starts_later_hears_of_a_revocation(
    stack: Stack, connect: ConnectClient, folder: Path, killed: bool
) -> None:
    queue, trace = unique('later'), folder / 'trace'
    task = stack.send('files.write', str(trace), 'ran', queue=queue, countdown=LATER)
    due = time.time() + LATER
    async with connect(stack, 'operator') as client:
        row = await client.command('task.revoke', {'id': task}, deadline_ms=1500)
        assert row['state'] in {'unknown', 'confirmed'}, row
    assert task in open_revokes(stack)
    if killed:
        await asyncio.to_thread(restart, stack)

    with alone(stack, WorkerSpec(name=unique('late'), queues=(queue,))) as worker:
        assert worker.process
        output = worker.process.output
        await outside(lambda: f'Discarding revoked task: files.write[{task}]' in output(), 30, 'the task to be discarded')
        await outside(lambda: time.time() > due + 0.5, LATER + 5, 'its time to pass')
        assert not trace.exists()
        await outside(lambda: task not in open_revokes(stack), 15, 'the revocation to be forgotten')


async def test_of_many_revoked_tasks_that_wait_hardly_one_runs(stack: Stack, connect: ConnectClient) -> None:
    """A worker may take a message before its mailbox is open: what slips through is not more than it prefetches."""
    queue = unique('many')
    tasks = [stack.send('time.sleep', 0.5, queue=queue) for _ in range(40)]
    async with connect(stack, 'operator') as client:
        await client.submit('task.revoke', {'ids': tasks}, deadline_ms=500)
    worker = stack.launch_worker(WorkerSpec(name=unique('late'), queues=(queue,)))
    assert worker.process

    def outcomes() -> tuple[int, int]:
        assert worker.process
        output = worker.process.output()
        return output.count('Discarding revoked task'), output.count('] succeeded in')

    await outside(lambda: sum(outcomes()) == len(tasks), 25, 'all to be discarded, or to have run')
    discarded, ran = outcomes()
    assert ran <= 4, f'{ran} of {len(tasks)} ran, {discarded} were discarded'
    worker.stop()


async def test_a_revocation_reaches_workers_whose_mailbox_is_not_open_yet(stack: Stack, connect: ConnectClient) -> None:
    """Asked for in the second between `worker-online` and the mailbox: too late for the one telling, too early for the other."""
    guests = [WorkerSpec(name=unique('hardly-up'), pool='solo', queues=(unique('q'),)) for _ in range(4)]
    async with connect(stack, 'operator') as client:
        workers = await client.subscribe('workers')
        running = [stack.launch_worker(guest) for guest in guests]

        async def revoke(guest: WorkerSpec) -> str:
            await client.until(lambda: (workers.get(guest.node) or {}).get('state') == 'online', 40, f'{guest.node} to be seen')
            task = unique('task')
            await client.submit('task.revoke', {'id': task})
            return task

        tasks = await asyncio.gather(*map(revoke, guests))

        for guest, task in zip(guests, tasks, strict=True):
            inspector = stack.app.control.inspect([guest.node], timeout=3)
            await outside(
                lambda i=inspector, g=guest, t=task: t in (i.revoked() or {}).get(g.node, []), 30, f'{guest.node} to know'
            )
    for worker in running:
        worker.stop()


async def test_a_revocation_ends_with_its_task(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'queue', 'q-always'], mode='follow', limit=100)
        done = stack.send('math.add', 1, 2, queue='q-always')
        await client.until(lambda: (view.get(done) or {}).get('state') == 'SUCCESS', 20, 'its end')
        row = await client.command('task.revoke', {'id': done}, deadline_ms=2000)
        assert row['state'] == 'rejected' and 'ended already' in row['reason'], row
    await outside(lambda: done not in open_revokes(stack), 10, 'nothing to be kept for a task that has ended')


@pytest.mark.parametrize('pool', ['prefork', 'threads', 'solo', 'gevent'])
async def test_revoke_by_stamp(stack: Stack, connect: ConnectClient, folder: Path, pool: str) -> None:
    stamp, queue, trace = unique('customer'), unique('stamped'), folder / 'trace'
    worker = stack.start_worker(WorkerSpec(name=unique(pool), pool=pool, queues=(queue,)))
    async with connect(stack, 'operator') as client:
        workers = await client.subscribe('workers')
        up = {worker.node, 'always@celeriac.test'}
        await client.until(
            lambda: {row['id'] for row in workers.rows.values() if row['state'] in {'online', 'busy', 'slow', 'wedged'}} == up,
            30,
            'the workers of earlier tests to be gone',
        )

        row = await client.command('task.revokeStamped', {'stamps': {'customer': [stamp]}}, deadline_ms=8000)

        assert row['state'] == 'confirmed', json.dumps(row)
        assert any(line.startswith(f'{worker.node}: ') and stamp in line for line in row['evidence']), row
        signature = stack.app.signature('files.write', args=[str(trace), 'ran'], options={'queue': queue})
        signature.stamp(customer=stamp)
        task = signature.apply_async(stamped_headers=['customer'], customer=stamp).id
        assert worker.process
        await outside(lambda: f'{task}' in worker.process.output() and 'Discarding revoked' in worker.process.output(), 20, 'it')
    assert not trace.exists()
    worker.stop()


@pytest.mark.parametrize('killed', [False, True])
async def test_a_worker_that_starts_later_hears_of_a_stamp(
    stack: Stack, connect: ConnectClient, folder: Path, killed: bool
) -> None:
    stamp, queue, trace = unique('customer'), unique('stamped'), folder / 'trace'
    signature = stack.app.signature('files.write', args=[str(trace), 'ran'], options={'queue': queue})
    signature.stamp(customer=stamp)
    task = signature.apply_async(stamped_headers=['customer'], customer=stamp, countdown=LATER).id
    due = time.time() + LATER
    async with connect(stack, 'operator') as client:
        row = await client.command('task.revokeStamped', {'stamps': {'customer': [stamp]}, 'keep': 600}, deadline_ms=4000)
        assert any('are told as well' in line for line in row['evidence']), row
    if killed:
        await asyncio.to_thread(restart, stack)
    with alone(stack, WorkerSpec(name=unique('late'), queues=(queue,))) as worker:
        assert worker.process
        output = worker.process.output
        await outside(lambda: f'{task}' in output() and 'Discarding revoked' in output(), 30, 'the task to be discarded')
        await outside(lambda: time.time() > due + 0.5, LATER + 5, 'its time to pass')
        assert not trace.exists()


async def test_a_stamp_is_forgotten_when_it_is_not_to_be_kept(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        row = await client.command('task.revokeStamped', {'stamps': {'customer': [unique('c')]}, 'keep': 0}, deadline_ms=8000)
        assert not any('are told as well' in line for line in row.get('evidence', [])), row
    (file,) = stack.running_gateway.data.glob('*.sqlite')
    with sqlite3.connect(f'file:{file}?mode=ro', uri=True) as database:
        assert row['id'] not in {found[0] for found in database.execute('SELECT command FROM openStampRevokes')}


async def test_an_unknown_signal_or_no_stamp_is_refused(stack: Stack, connect: ConnectClient) -> None:
    wrong: list[dict[str, Any]] = [{}, {'stamps': {}}, {'stamps': {'a': []}}, {'stamps': {'a': [1]}}, {'stamps': ['a=b']}]
    async with connect(stack) as client:
        for arguments in wrong:
            with pytest.raises(RpcError):
                await client.submit('task.revokeStamped', arguments)


@pytest.mark.parametrize('signal', ['SIGTERM', 'SIGKILL', 'SIGQUIT', 'SIGHUP'])
async def test_terminate_with_every_signal_that_ends_a_process(stack: Stack, connect: ConnectClient, signal: str) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', 'q-always'], mode='follow', limit=100)
        task = stack.send('time.sleep', 60, queue='q-always')
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 20, 'the task to run')
        row = await client.command('task.revoke', {'id': task, 'terminate': True, 'signal': signal}, deadline_ms=15_000)
        assert row['state'] == 'confirmed' and f'task {task}: REVOKED on always@celeriac.test' in row['evidence'], row


@pytest.mark.parametrize(('signal', 'end'), [('SIGINT', 'SUCCESS'), ('SIGUSR1', 'FAILURE')])
async def test_terminate_with_a_signal_that_ends_no_process(stack: Stack, connect: ConnectClient, signal: str, end: str) -> None:
    """billiard's children ignore the one and take the other for a soft time limit: Celery says revoked, and the task goes on."""
    async with connect(stack) as client:
        commands = await client.subscribe('commands')
        view = await client.view(where=['eq', 'queue', 'q-always'], mode='follow', limit=100)
        task = stack.send('time.sleep', 5, queue='q-always')
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 20, 'the task to run')
        row = await client.command('task.revoke', {'id': task, 'terminate': True, 'signal': signal}, deadline_ms=2000)
        assert row['state'] == ('unknown' if end == 'SUCCESS' else 'rejected'), row
        last = await client.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] != 'unknown' else None, 20, 'the truth to be told late'
        )
        assert last['state'] == 'rejected' and last['reason'] == f'the task went on to its end: {end}', last


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
async def test_terminate_by_stamp_ends_what_runs_and_names_it(stack: Stack, connect: ConnectClient, pool: str) -> None:
    stamp, queue = unique('customer'), unique('stamped')
    worker = stack.start_worker(WorkerSpec(name=unique(pool), pool=pool, queues=(queue,), concurrency=2))

    def send(value: str) -> str:
        signature = stack.app.signature('time.sleep', args=[40], options={'queue': queue})
        signature.stamp(customer=value)
        return str(signature.apply_async(stamped_headers=['customer'], customer=value).id)

    async with connect(stack) as client:
        workers, commands = await client.subscribe('workers'), await client.subscribe('commands')
        up = {worker.node, 'always@celeriac.test'}
        await client.until(
            lambda: {row['id'] for row in workers.rows.values() if row['state'] in {'online', 'busy', 'slow', 'wedged'}} == up,
            30,
            'the workers of earlier tests to be gone',
        )
        view = await client.view(where=['eq', 'queue', queue], mode='follow', limit=100)
        task, other = send(stamp), send(unique('other'))
        await client.until(
            lambda: all((view.get(running) or {}).get('state') == 'STARTED' for running in (task, other)), 30, 'the tasks to run'
        )

        row = await client.command('task.revokeStamped', {'stamps': {'customer': [stamp]}, 'terminate': True, 'keep': 0})

        assert row['state'] == 'confirmed', row
        told = f'{worker.node} has ended task {task} (task-revoked)'
        await client.until(
            lambda: told in (commands.get(row['id']) or {}).get('evidence', []), 20, lambda: str(commands.get(row['id']))
        )
        await client.until(lambda: (view.get(task) or {}).get('state') == 'REVOKED', 20, 'the stamped task to be over')
        assert (view.get(other) or {}).get('state') == 'STARTED', 'another stamp is not meant'
        assert other not in ' '.join((commands.get(row['id']) or {})['evidence'])
        ended = await client.command('task.revoke', {'id': other, 'terminate': True, 'signal': 'SIGKILL'})
        assert ended['state'] == 'confirmed', ended
    worker.stop()


# Keys -------------------------------------------------------------------------------------------------------------------------


async def test_a_key_outlives_kill_9(stack: Stack, connect: ConnectClient, folder: Path) -> None:
    trace, key = folder / 'trace', unique('key')
    token = stack.running_gateway.token('operator', unique('keeper'))
    arguments = {'task': 'files.write', 'args': [str(trace), 'ran'], 'queue': 'q-always'}
    async with connect(stack, token=token) as client:
        first = await client.command('task.run', arguments, key=key)
        assert first['state'] == 'confirmed', first

    await asyncio.to_thread(restart, stack)

    async with connect(stack, token=token) as client:
        again = await client.submit('task.run', arguments, key=key)
        assert again['duplicate'] is True and again['id'] == first['id'] and again['state'] == 'confirmed'
        with pytest.raises(RpcError) as conflict:
            await client.submit('task.run', {**arguments, 'queue': 'q-other'}, key=key)
        assert conflict.value.code == 1009
        later = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-always'})
        assert later['state'] == 'confirmed'
    assert trace.read_text() == 'ran\n'


async def test_killed_between_record_and_effect_it_is_sent_once_or_never(stack: Stack, connect: ConnectClient) -> None:
    """Redis takes no writes while the command is accepted; the gateway dies before it has an answer."""
    queue, key = unique('once'), unique('key')
    token = stack.running_gateway.token('operator', unique('keeper'))
    arguments = {'task': 'math.add', 'args': [1, 1], 'queue': queue}
    redis: Any = stack.redis()
    async with connect(stack, token=token) as client:
        commands = await client.subscribe('commands')
        redis.execute_command('CLIENT', 'PAUSE', 4000, 'WRITE')
        pending = asyncio.create_task(client.submit('task.run', arguments, key=key, deadline_ms=2000))
        row = await client.until(
            lambda: next((r for r in commands.rows.values() if r['by'].startswith('keeper') and r['state'] == 'accepted'), None),
            10,
            'it to be recorded',
        )
        stack.running_gateway.kill()
        with pytest.raises(Exception):  # noqa: B017 - the connection went away, however that is told
            await pending

    await asyncio.to_thread(stack.running_gateway.start)

    async with connect(stack, token=token) as client:
        commands = await client.subscribe('commands')

        def told() -> Any:
            found = commands.get(row['id'])
            is_told = found and (
                found['state'] == 'failed' or any('before the restart' in line for line in found.get('evidence', []))
            )
            return found if is_told else None

        last = await client.until(told, 20, lambda: f'what became of it; {commands.get(row["id"])}')
        again = await client.submit('task.run', arguments, key=key)
        assert again['duplicate'] is True and again['id'] == row['id']
    sent = stack.queue_length(queue)
    assert sent == (0 if last['state'] == 'failed' else 1), last
