"""Every command on every pool: what the row says, and what really happened in Redis and in the worker."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

POOLS = ('prefork', 'solo', 'threads', 'gevent')


def spec(pool: str, **changes: Any) -> WorkerSpec:
    standard = {'name': pool, 'pool': pool, 'queues': (f'q-{pool}',), 'concurrency': 1 if pool == 'solo' else 2}
    return WorkerSpec(**{**standard, **changes})


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [spec(pool) for pool in POOLS] + [spec('prefork', name='restartable', queues=('q-restartable',), pool_restarts=True)]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


async def answered(stack: Stack, condition: Any, timeout: float, what: str) -> Any:
    """Waits for something outside of the client without holding up its reader."""
    return await asyncio.to_thread(wait_for, condition, timeout, what)


async def started(stack: Stack, task_id: str) -> None:
    await answered(stack, lambda: (stack.result(task_id) or {}).get('status') == 'STARTED', 20, f'{task_id} to start')


# Run --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_run_is_confirmed_by_the_worker_that_received_it(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack, 'operator') as client:
        row = await client.command('task.run', {'task': 'math.add', 'args': [40, 2], 'queue': f'q-{pool}'})

        assert row['state'] == 'confirmed', row
        assert row['taskId'] and any(f'{pool}@celeriac.test' in line for line in row['evidence'])
        assert row['at'] <= row['sentAt'] <= row['endedAt'] and row['by']
        await answered(stack, lambda: (stack.result(row['taskId']) or {}).get('result') == 42, 10, 'the result')


async def test_run_passes_everything_on(stack: Stack, connect: ConnectClient) -> None:
    value: dict[str, Any] = {'text': 'ü \u0000 "quote" \\ 𝄞', 'n': None, 'list': [1, 2.5, True], 'deep': {'a': {'b': []}}}
    async with connect(stack, 'operator') as client:
        arguments = {'task': 'text.echo', 'args': [1, 'two', value], 'kwargs': {'key': value}, 'queue': 'q-prefork'}
        row = await client.command('task.run', {**arguments, 'priority': 9, 'softTimeLimit': 20, 'timeLimit': 30, 'expires': 60})

        assert row['state'] == 'confirmed', row
        result = await answered(
            stack, lambda: r if (r := stack.result(row['taskId'])) and r['status'] == 'SUCCESS' else None, 10, 'its result'
        )
        assert result['result'] == {'args': [1, 'two', value], 'kwargs': {'key': value}}


async def test_run_with_a_countdown_waits(stack: Stack, connect: ConnectClient, folder: Path) -> None:
    trace = folder / 'trace'
    async with connect(stack, 'operator') as client:
        arguments = {'task': 'files.write', 'args': [str(trace), 'ran'], 'queue': 'q-prefork', 'countdown': 3}
        row = await client.command('task.run', arguments)

        assert row['state'] == 'confirmed', row
        assert not trace.exists()
        await answered(stack, trace.exists, 15, 'the task to run')
        assert time.time() - row['sentAt'] > 2


async def test_run_on_a_queue_that_nobody_consumes_ends_unknown(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('nobody')
    async with connect(stack, 'operator') as client:
        arguments = {'task': 'math.add', 'args': [1, 1], 'queue': queue, 'priority': 5}
        row = await client.command('task.run', arguments, deadline_ms=2000)

        assert row['state'] == 'unknown' and row['reason']
        assert stack.redis().llen(f'{queue}\x06\x163') == 1, 'priority 5 is the step 3'


async def test_the_same_key_runs_once(stack: Stack, connect: ConnectClient, folder: Path) -> None:
    """X7: a command that is sent again is not done again, and its key is for nothing else (1009)."""
    trace, key = folder / 'trace', unique('key')
    arguments = {'task': 'files.write', 'args': [str(trace), 'ran'], 'queue': 'q-prefork'}
    async with connect(stack, 'operator') as client:
        first = await client.command('task.run', arguments, key=key)
        again = await client.submit('task.run', arguments, key=key)
        with pytest.raises(RpcError) as conflict:
            await client.submit('task.run', {**arguments, 'queue': 'q-threads'}, key=key)

        assert first['state'] == 'confirmed' and again['duplicate'] is True
        assert conflict.value.code == 1009
        later = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-prefork'})
        await answered(stack, lambda: (stack.result(later['taskId']) or {}).get('status') == 'SUCCESS', 10, 'a later task')
    assert trace.read_text() == 'ran\n'


@pytest.mark.parametrize(
    'arguments',
    [
        {},
        {'task': ''},
        {'task': 5},
        {'task': 'x' * 5000},
        {'task': 'math.add', 'args': {'a': 1}},
        {'task': 'math.add', 'args': 'ab'},
        {'task': 'math.add', 'kwargs': [1]},
        {'task': 'math.add', 'queue': ''},
        {'task': 'math.add', 'priority': 10},
        {'task': 'math.add', 'priority': -1},
        {'task': 'math.add', 'priority': 'high'},
        {'task': 'math.add', 'eta': 'tomorrow'},
        {'task': 'math.add', 'countdown': -5},
        {'task': 'math.add', 'countdown': 1, 'eta': '2030-01-01T00:00:00Z'},
        {'task': 'math.add', 'timeLimit': 'long'},
        {'task': 'math.add', 'args': [{'__type__': 'nonsense', '__value__': 1}]},
    ],
    ids=lambda arguments: json.dumps(arguments)[:60],
)
async def test_wrong_arguments_are_refused_and_nothing_is_sent(
    stack: Stack, connect: ConnectClient, arguments: dict[str, Any]
) -> None:
    queue = unique('untouched')
    async with connect(stack, 'operator') as client:
        with pytest.raises(RpcError) as refusal:
            await client.submit('task.run', {'queue': queue, **arguments})

        assert refusal.value.message and not refusal.value.data.get('retry')
    assert stack.queue_length(queue) == 0


# Revoke -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_revoke_of_a_waiting_task(stack: Stack, connect: ConnectClient, pool: str, folder: Path) -> None:
    trace = folder / 'trace'
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'queue', f'q-{pool}'], mode='follow', limit=100)
        task = stack.send('files.write', str(trace), 'ran', queue=f'q-{pool}', countdown=4)
        await client.until(lambda: view.get(task), 20, 'the task to be received')

        row = await client.command('task.revoke', {'id': task})

        assert row['state'] == 'confirmed', row
        assert row['evidence'] and row['taskId'] == task
        assert (stack.result(task) or {}).get('status') == 'REVOKED'
        await client.until(lambda: (view.get(task) or {}).get('state') == 'REVOKED', 30, lambda: f'the row; {view.get(task)}')
    assert not trace.exists()


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
async def test_terminate_of_a_running_task(stack: Stack, connect: ConnectClient, pool: str, folder: Path) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', f'q-{pool}'], mode='follow', limit=100)
        task = stack.send('time.sleep', 120, queue=f'q-{pool}')
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 20, 'the task to run')

        row = await client.command('task.revoke', {'id': task, 'terminate': True, 'signal': 'SIGTERM'})

        assert row['state'] == 'confirmed', row
        ended = await client.until(
            lambda: r if (r := view.get(task)) and r['state'] == 'REVOKED' else None, 20, lambda: f'the row; {view.get(task)}'
        )
        assert ended.get('terminated') is True
        inspector = stack.app.control.inspect([f'{pool}@celeriac.test'], timeout=3)
        active = await asyncio.to_thread(inspector.active)
        assert active and task not in json.dumps(active)


async def test_terminate_on_threads_is_rejected_with_the_reason(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        await client.until(
            lambda: (workers.get('threads@celeriac.test') or {}).get('pool') == 'threads', 20, 'its pool to be known'
        )
        view = await client.view(where=['eq', 'queue', 'q-threads'], mode='follow', limit=100)
        task = stack.send('time.sleep', 4, queue='q-threads')
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 20, 'the task to run')

        row = await client.command('task.revoke', {'id': task, 'terminate': True, 'signal': 'SIGTERM'}, deadline_ms=5000)

        assert (
            row['state'] == 'rejected' and row['reason'] == 'threads@celeriac.test: the threads pool cannot end a running task'
        ), row
        assert '--pool=prefork' in row['fix'] and 'sentAt' not in row, row
        await client.until(lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 20, 'the task to go on to its end')


async def test_terminate_on_a_busy_solo_worker_ends_unknown_and_names_the_silent_one(
    stack: Stack, connect: ConnectClient
) -> None:
    async with connect(stack) as client:
        commands = await client.subscribe('commands')
        task = stack.send('time.sleep', 7, queue='q-solo')
        await started(stack, task)

        row = await client.command('task.revoke', {'id': task, 'terminate': True, 'signal': 'SIGTERM'}, deadline_ms=2500)

        assert row['state'] == 'unknown', row
        assert row['silent'] == ['solo@celeriac.test'] and 'solo@celeriac.test' in row['reason'], row
        await answered(stack, lambda: (stack.result(task) or {}).get('status') == 'SUCCESS', 20, 'the task to end by itself')
        late = await client.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] != 'unknown' else None, 20, 'the truth to be told late'
        )
        assert late['state'] == 'rejected' and late['reason'] == 'the task went on to its end: SUCCESS', late


async def test_revoke_of_several_ids(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        view = await client.view(where=['eq', 'queue', 'q-prefork'], mode='follow', limit=100)
        tasks = [stack.send('math.add', 1, number, queue='q-prefork', countdown=60) for number in range(3)]
        await client.until(lambda: all(view.get(task) for task in tasks), 20, 'the tasks to be received')

        row = await client.command('task.revoke', {'ids': tasks})

        assert row['state'] == 'confirmed', row
        assert [(stack.result(task) or {}).get('status') for task in tasks] == ['REVOKED'] * 3


@pytest.mark.parametrize(
    'arguments',
    [
        {},
        {'id': ''},
        {'id': 5},
        {'ids': []},
        {'ids': 'abc'},
        {'id': 'a', 'terminate': True, 'signal': 'SIGSTOPX'},
        {'id': 'x' * 5000},
    ],
    ids=lambda arguments: json.dumps(arguments)[:60],
)
async def test_a_wrong_revoke_is_refused(stack: Stack, connect: ConnectClient, arguments: dict[str, Any]) -> None:
    async with connect(stack) as client:
        with pytest.raises(RpcError):
            await client.submit('task.revoke', arguments)


# Purge ------------------------------------------------------------------------------------------------------------------------


async def test_purge_removes_all_priorities_and_tells_how_many(stack: Stack, connect: ConnectClient) -> None:
    queue, other = unique('purge'), unique('keep')
    for number in range(7):
        stack.send('math.add', 1, 1, queue=queue, priority=number)
    stack.send('math.add', 1, 1, queue=other)
    async with connect(stack) as client:
        row = await client.command('queue.purge', {'queue': queue})

        assert row['state'] == 'confirmed', row
        assert row['evidence'][0] == 'broker: 7 messages removed (priority 0: 3, 3: 3, 6: 1)', row['evidence']
    assert stack.queue_length(queue) == 0 and stack.queue_length(other) == 1


async def test_purge_stops_when_there_is_more_than_was_seen(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('guarded')
    for number in range(5):
        stack.send('math.add', 1, 1, queue=queue, priority=number * 2)
    async with connect(stack) as client:
        row = await client.command('queue.purge', {'queue': queue}, expect={'messagesMax': 4})
        told = 'the queue holds 5 messages, more than the 4 that were expected; nothing was removed'
        assert (row['state'], row['reason']) == ('rejected', told), row
        assert stack.queue_length(queue) == 5

        row = await client.command('queue.purge', {'queue': queue}, expect={'messagesMax': 5})
        assert row['state'] == 'confirmed', row
        assert row['evidence'][0] == 'broker: 5 messages removed (priority 0: 2, 3: 1, 6: 2)', row['evidence']
    assert stack.queue_length(queue) == 0


async def test_purge_of_an_empty_queue_is_confirmed_with_zero(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        row = await client.command('queue.purge', {'queue': unique('empty')})

        assert row['state'] == 'confirmed', row
        assert row['evidence'][0] == 'broker: 0 messages removed', row['evidence']
        assert not any(line.startswith('trash ') for line in row['evidence']), 'there is nothing to put back'


async def test_purge_touches_nothing_but_lists(stack: Stack, connect: ConnectClient) -> None:
    """A queue name that is the name of another kind of key must not delete that key."""
    redis = stack.redis()
    redis.hset('not-a-queue', 'field', 'value')
    async with connect(stack) as client:
        row = await client.command('queue.purge', {'queue': 'not-a-queue'}, deadline_ms=4000)

        assert row['state'] == 'failed' and 'WRONGTYPE' in row['reason'], row
    assert redis.hget('not-a-queue', 'field') == b'value'


# Restart and shutdown ---------------------------------------------------------------------------------------------------------


async def test_restart_is_confirmed_by_new_pool_processes(stack: Stack, connect: ConnectClient) -> None:
    node = 'restartable@celeriac.test'
    inspector = stack.app.control.inspect([node], timeout=3)

    def pids() -> set[int]:
        return set(((inspector.stats() or {}).get(node) or {}).get('pool', {}).get('processes', []))

    before = await asyncio.to_thread(pids)
    assert before
    async with connect(stack) as client:
        row = await client.command('worker.restart', {'workers': [node]}, deadline_ms=20000)

        assert row['state'] == 'confirmed', row
        assert any(node in line for line in row['evidence'])
        after = await asyncio.to_thread(pids)
        # Celery replaces one process at once, each other one with its next task: the evidence names both.
        assert after - before and before - after
        assert all(str(pid) in ' '.join(row['evidence']) for pid in after)
        run = await client.command('task.run', {'task': 'math.add', 'args': [1, 2], 'queue': 'q-restartable'})
        assert run['state'] == 'confirmed'


@pytest.mark.parametrize('pool', POOLS)
async def test_restart_without_the_setting_is_rejected_with_what_to_change(
    stack: Stack, connect: ConnectClient, pool: str
) -> None:
    async with connect(stack) as client:
        row = await client.command('worker.restart', {'workers': [f'{pool}@celeriac.test']})

        assert row['state'] == 'rejected', row
        if pool == 'prefork':
            assert 'restarts are not enabled' in row['reason'] and 'worker_pool_restarts = True' in row['fix']
        else:
            assert f'the {pool} pool has no processes' in row['reason'] and '--pool=prefork' in row['fix']
        assert 'sentAt' not in row, 'nobody was asked for what nobody can do'


async def test_restart_of_two_of_which_one_can_is_partial(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        nodes = ['restartable@celeriac.test', 'prefork@celeriac.test']
        row = await client.command('worker.restart', {'workers': nodes}, deadline_ms=20000)

        assert row['state'] == 'partial', row
        assert row['fix'] and len(row['evidence']) >= 2


@pytest.mark.parametrize('pool', POOLS)
async def test_shutdown_ends_the_process(stack: Stack, connect: ConnectClient, pool: str) -> None:
    guest = spec(pool, name=unique(f'leaving-{pool}'), queues=(unique('q'),))
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        worker = stack.launch_worker(guest)
        await asyncio.to_thread(worker.wait_ready)
        await client.until(lambda: (workers.get(guest.node) or {}).get('state') == 'online', 20, 'the worker to be seen')

        row = await client.command('worker.shutdown', {'workers': [guest.node]}, deadline_ms=30000, timeout=45)

        assert row['state'] == 'confirmed', row
        assert worker.process and await asyncio.to_thread(worker.process.wait_exit, 20) == 0
        await client.until(lambda: (workers.get(guest.node) or {}).get('state') == 'offline', 20, 'the row to be offline')
        for other in POOLS:
            assert stack.workers[other].running


async def test_shutdown_reaches_a_worker_whose_mailbox_is_not_open_yet(stack: Stack, connect: ConnectClient) -> None:
    """`worker-online` may come a second before the mailbox opens; the order is drawn anew at each start, so several start."""
    guests = [spec('solo', name=unique('hardly-up'), queues=(unique('q'),)) for _ in range(4)]
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        started = [stack.launch_worker(guest) for guest in guests]

        async def end(guest: WorkerSpec) -> dict[str, Any]:
            await client.until(lambda: (workers.get(guest.node) or {}).get('state') == 'online', 40, f'{guest.node} to be seen')
            row: dict[str, Any] = await client.command(
                'worker.shutdown', {'workers': [guest.node]}, deadline_ms=30_000, timeout=60
            )
            return row

        rows = await asyncio.gather(*map(end, guests))

        assert [row['state'] for row in rows] == ['confirmed'] * len(guests), rows
        for worker in started:
            assert worker.process and await asyncio.to_thread(worker.process.wait_exit, 30) == 0


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
async def test_shutdown_of_a_worker_at_work_is_confirmed_when_its_tasks_are_done(
    stack: Stack, connect: ConnectClient, pool: str, folder: Path
) -> None:
    queue, trace = unique('load'), folder / 'trace'
    guest = spec(pool, name=unique(f'working-{pool}'), queues=(queue,), concurrency=4)
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', queue], mode='follow', limit=200)
        worker = stack.launch_worker(guest)
        for number in range(60):
            stack.send('time.sleep', 0.5, queue=queue) if number % 2 else stack.send('files.write', str(trace), 'x', queue=queue)
        await client.until(lambda: any(row.get('state') == 'STARTED' for row in view.rows.values()), 40, 'it to work')

        row = await client.command('worker.shutdown', {'workers': [guest.node]}, deadline_ms=60_000, timeout=90)

        assert row['state'] == 'confirmed' and f'{guest.node}: said goodbye (worker-offline)' in row['evidence'], row
        assert worker.process and await asyncio.to_thread(worker.process.wait_exit, 30) == 0
        await client.until(
            lambda: all(row.get('state') != 'STARTED' for row in view.rows.values()), 30, 'a warm shutdown ends what runs'
        )


async def test_a_silent_worker_is_told_to_shut_down_all_the_same(stack: Stack, connect: ConnectClient) -> None:
    guest = spec('solo', name=unique('deaf'), queues=(unique('q'),))
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', guest.queues[0]], mode='follow', limit=10)
        worker = stack.launch_worker(guest)
        await asyncio.to_thread(worker.wait_ready)
        task = stack.send('time.sleep', 8, queue=guest.queues[0])
        await started(stack, task)

        row = await client.command('worker.shutdown', {'workers': [guest.node]}, deadline_ms=30_000, timeout=60)

        assert row['state'] == 'confirmed', row
        told = ' '.join(row['evidence'])
        assert 'does not answer pings' in told or 'after its task' in told, row
        assert worker.process and await asyncio.to_thread(worker.process.wait_exit, 30) == 0
        await client.until(lambda: (view.get(task) or {}).get('state') == 'SUCCESS', 20, 'its task to have ended')


@pytest.mark.parametrize('command', ['worker.restart', 'worker.shutdown'])
@pytest.mark.parametrize('arguments', [{}, {'workers': []}, {'workers': 'prefork@celeriac.test'}, {'workers': [5]}])
async def test_workers_are_named_in_a_list(stack: Stack, connect: ConnectClient, command: str, arguments: dict[str, Any]) -> None:
    """Celery takes an empty list for everyone and matches a text as a substring: neither may get through."""
    async with connect(stack) as client:
        with pytest.raises(RpcError):
            await client.submit(command, arguments)
    assert all(stack.workers[pool].running for pool in POOLS)


async def test_a_worker_that_does_not_exist_ends_unknown(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        row = await client.command('worker.shutdown', {'workers': ['nobody@nowhere']}, deadline_ms=2000)

        assert row['state'] == 'unknown' and row['silent'] == ['nobody@nowhere'] and 'nobody@nowhere' in row['reason'], row


# Rows -------------------------------------------------------------------------------------------------------------------------


async def test_everybody_sees_the_command_and_its_end(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'viewer') as watcher, connect(stack, 'operator') as client:
        commands = await watcher.subscribe('commands')

        row = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-prefork'})

        seen = await watcher.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] == 'confirmed' else None, 10, 'the row at the watcher'
        )
        assert seen['cmd'] == 'task.run' and seen['target']


async def test_a_command_survives_its_client(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        handle = (await client.submit('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-prefork'}))['command']

    async with connect(stack, 'operator') as later:
        commands = await later.subscribe('commands')
        row = await later.until(
            lambda: r if (r := commands.rows.get(handle)) and r['state'] == 'confirmed' else None,
            15,
            lambda: f'the command {handle}; {commands.rows.get(handle)}',
        )
        assert row['endedAt']


async def test_commands_leave_no_keys_behind(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-prefork'})
        await client.command('worker.restart', {'workers': ['prefork@celeriac.test']})

        redis = stack.redis()

        def leaking() -> list[bytes]:
            names = [key for key in redis.scan_iter('*') if b'pidbox' in key or b'celeriac' in key]
            return [key for key in names if redis.ttl(key) == -1 and not key.startswith(b'_kombu.binding')]

        await answered(stack, lambda: not leaking(), 10, 'no key without an end to be left')


async def test_workers_live_on_after_everything_above(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        for pool in POOLS:
            assert stack.workers[pool].running
            row = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': f'q-{pool}'})
            assert row['state'] == 'confirmed', (pool, row)
