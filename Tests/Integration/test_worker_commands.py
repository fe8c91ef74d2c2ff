"""Every remote control command on every pool: the state, the evidence, and what the worker itself says afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import RpcError
from harness.fixtures import ConnectClient
from harness.paths import APPS
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

POOLS = ('prefork', 'solo', 'threads', 'gevent')
EVERYBODY = (*POOLS, 'scaling', 'quiet')
HOST = 'celeriac.test'


def node(name: str) -> str:
    return f'{name}@{HOST}'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'q-{pool}',), concurrency=1 if pool == 'solo' else 2) for pool in POOLS]
    specs.append(WorkerSpec(name='scaling', queues=('q-scaling',), autoscale=(1, 3)))
    # One without psutil: the import finds this file first.
    blocked = module_folder / 'blocked'
    blocked.mkdir()
    (blocked / 'psutil.py').write_text("raise ImportError('not for this worker')\n")
    env = {'PYTHONPATH': os.pathsep.join([str(blocked), str(APPS)])}
    specs.append(WorkerSpec(name='quiet', queues=('q-quiet',), events=False, env=env))
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


async def asked(stack: Stack, name: str, question: str, *arguments: Any) -> Any:
    """What a worker says to Celery's own client."""

    def ask() -> Any:
        answer = getattr(stack.app.control.inspect([node(name)], timeout=3), question)(*arguments)
        return (answer or {}).get(node(name))

    return await asyncio.to_thread(wait_for, ask, 10, f'{name} to answer {question}')


async def confirmed(stack: Stack, connect: ConnectClient, cmd: str, args: dict[str, Any], role: str = 'admin') -> Any:
    async with connect(stack, role) as client:
        row = await client.command(cmd, args, deadline_ms=15_000)
        assert row['state'] == 'confirmed', row
        assert row['at'] <= row['sentAt'] <= row['endedAt'] and not row.get('silent')
        return row


def evidence(row: Any) -> str:
    return '\n'.join(row['evidence'])


async def knows(client: Any, condition: Callable[[Any], bool], name: str) -> None:
    """Waits until the gateway knows enough of a worker."""
    workers = await client.subscribe('workers')
    await client.until(lambda: condition(workers.get(node(name)) or {}), 20, f'{name} to be known')


# Questions --------------------------------------------------------------------------------------------------------------------


async def test_ping_of_all_names_everybody_who_answered(stack: Stack, connect: ConnectClient) -> None:
    row = await confirmed(stack, connect, 'worker.ping', {'all': True}, 'operator')
    for name in (*POOLS, 'scaling'):
        assert f'{node(name)}: pong' in row['evidence']
    assert row['target'] == 'all workers'


async def test_a_stopped_process_is_silent_and_the_rest_have_answered(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        commands = await client.subscribe('commands')
        process = stack.workers['scaling'].process
        assert process
        process.signal(signal.SIGSTOP)
        try:
            row = await client.command('worker.ping', {'workers': [node('prefork'), node('scaling')]}, deadline_ms=1500)
            assert row['state'] == 'partial', row
            assert row['silent'] == [node('scaling')] and f'{node("prefork")}: pong' in row['evidence']
            assert node('scaling') in row['reason']
        finally:
            process.signal(signal.SIGCONT)
        # It finds the question when it goes on: late proof lifts the verdict.
        await client.until(lambda: (commands.get(row['id']) or {}).get('state') == 'confirmed', 10, 'the late pong')


@pytest.mark.parametrize('pool', POOLS)
async def test_report(stack: Stack, connect: ConnectClient, pool: str) -> None:
    row = await confirmed(stack, connect, 'worker.report', {'workers': [node(pool)]}, 'operator')
    assert 'celery:5' in evidence(row)
    gateway = stack.running_gateway
    headers = {'authorization': f'Bearer {gateway.token("operator", unique("reader"))}'}
    async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
        full = (await http.get(f'/api/celery/commands/{row["id"]}')).json()
    assert 'broker_url' in full['answers'][node(pool)]['ok'] and full['state'] == 'confirmed'


@pytest.mark.parametrize('pool', POOLS)
async def test_memory_is_told(stack: Stack, connect: ConnectClient, pool: str) -> None:
    row = await confirmed(stack, connect, 'worker.memory', {'workers': [node(pool)]}, 'operator')
    assert f'{node(pool)}: ' in evidence(row) and 'B resident' in evidence(row), row


async def test_a_worker_without_psutil_names_the_missing_module(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        row = await client.command('worker.memory', {'workers': [node('quiet')]}, deadline_ms=15_000)
        assert row['state'] == 'rejected' and 'psutil' in row['reason'] and 'install psutil' in row['fix'], row


@pytest.mark.parametrize('pool', POOLS)
async def test_query_of_a_held_task(stack: Stack, connect: ConnectClient, pool: str) -> None:
    task = stack.send('math.add', 1, 1, queue=f'q-{pool}', countdown=600)
    await asyncio.to_thread(wait_for, lambda: task in json.dumps(stack.app.control.inspect([node(pool)]).scheduled()), 20, 'it')
    row = await confirmed(stack, connect, 'task.query', {'ids': [task, 'nobody-knows'], 'workers': [node(pool)]}, 'bot')
    assert f'{node(pool)}: {task} is scheduled' in row['evidence'] or f'{task} is reserved' in evidence(row), row
    stack.app.control.revoke(task)


# Capability -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('name', 'commands'),
    [
        ('prefork', {'worker.autoscale', 'worker.restart'}),
        ('scaling', {'worker.poolGrow', 'worker.poolShrink', 'worker.restart'}),
        ('gevent', {'worker.autoscale', 'worker.restart', 'worker.timeLimit+soft'}),
        (
            'solo',
            {
                'task.revoke+terminate',
                'task.revokeStamped+terminate',
                'worker.autoscale',
                'worker.restart',
                'worker.poolGrow',
                'worker.poolShrink',
                'worker.timeLimit',
                'worker.timeLimit+soft',
            },
        ),
    ],
)
async def test_the_row_tells_what_a_worker_cannot_do(stack: Stack, connect: ConnectClient, name: str, commands: set[str]) -> None:
    async with connect(stack, 'viewer') as client:
        workers = await client.subscribe('workers')

        def told() -> set[str]:
            row = workers.get(node(name)) or {}
            return {command for line in row.get('cannot') or [] for command in line.split(': ')[0].split(' ')}

        await client.until(lambda: told() == commands, 20, lambda: f'{commands}; the row is {workers.get(node(name))}')


# Pools ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
async def test_grow_and_shrink_change_the_pool(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async def slots() -> int:
        info = (await asked(stack, pool, 'stats'))['pool']
        return len(info['processes']) if pool == 'prefork' else info['max-concurrency']

    before = await slots()
    row = await confirmed(stack, connect, 'worker.poolGrow', {'workers': [node(pool)], 'n': 2})
    assert f'stats show {before + 2} pool slots, {before} before' in evidence(row)
    assert await slots() == before + 2

    row = await confirmed(stack, connect, 'worker.poolShrink', {'workers': [node(pool)], 'n': 2})
    assert f'stats show {before} pool slots' in evidence(row)
    assert await slots() == before


@pytest.mark.parametrize(
    ('command', 'name', 'arguments', 'reason'),
    [
        ('worker.poolGrow', 'solo', {'n': 1}, 'the solo pool cannot change its size'),
        ('worker.poolShrink', 'threads', {'n': 1}, 'the threads pool cannot change its size'),
        ('worker.poolGrow', 'scaling', {'n': 1}, 'its autoscaler sets the size'),
        ('worker.autoscale', 'prefork', {'max': 3, 'min': 1}, 'it runs without an autoscaler'),
        ('worker.autoscale', 'gevent', {'max': 3, 'min': 1}, 'it runs without an autoscaler'),
        ('worker.timeLimit', 'solo', {'task': 'math.add', 'hard': 5}, 'the solo pool enforces no time limits'),
        ('worker.timeLimit', 'threads', {'task': 'math.add', 'hard': 5}, 'the threads pool enforces no time limits'),
    ],
)
async def test_what_a_worker_cannot_do_is_rejected_before_it_is_sent(
    stack: Stack, connect: ConnectClient, command: str, name: str, arguments: dict[str, Any], reason: str
) -> None:
    async with connect(stack) as client:
        await knows(client, lambda row: row.get('statsAt') is not None, name)
        row = await client.command(command, {'workers': [node(name)], **arguments})
        assert row['state'] == 'rejected' and reason in row['reason'] and row['fix'], row
        assert 'sentAt' not in row and 'silent' not in row


async def test_shrink_of_a_busy_pool_is_refused_by_the_worker(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', 'q-prefork'], mode='follow', limit=100)
        tasks = [stack.send('time.sleep', 6, queue='q-prefork') for _ in range(2)]
        await client.until(lambda: all((view.get(t) or {}).get('state') == 'STARTED' for t in tasks), 20, 'both to run')

        row = await client.command('worker.poolShrink', {'workers': [node('prefork')]})

        assert row['state'] == 'rejected' and 'All processes busy' in row['reason'], row


async def test_autoscale_moves_the_bounds(stack: Stack, connect: ConnectClient) -> None:
    row = await confirmed(stack, connect, 'worker.autoscale', {'workers': [node('scaling')], 'max': 4, 'min': 2})
    assert 'autoscale now max=4 min=2' in evidence(row) and 'stats show the autoscaler at 2 to 4' in evidence(row)
    scaler = (await asked(stack, 'scaling', 'stats'))['autoscaler']
    assert (scaler['min'], scaler['max']) == (2, 4)


# Limits -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_rate_limit_is_set_and_lifted(stack: Stack, connect: ConnectClient, pool: str) -> None:
    arguments = {'workers': [node(pool)], 'task': 'search.index'}
    row = await confirmed(stack, connect, 'worker.rateLimit', {**arguments, 'limit': '100/m'}, 'operator')
    assert 'registered shows rate limit 100/m' in evidence(row) and row['target'] == f'search.index on {node(pool)}'
    assert 'search.index [rate_limit=100/m]' in await asked(stack, pool, 'registered', 'rate_limit')
    async with connect(stack, 'viewer') as client:
        await knows(client, lambda row: 'search.index 100/m' in (row.get('rateLimits') or []), pool)

    row = await confirmed(stack, connect, 'worker.rateLimit', arguments, 'operator')
    assert 'registered shows no rate limit' in evidence(row)


async def test_a_limit_of_an_unknown_task_is_rejected_by_every_worker(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        row = await client.command('worker.rateLimit', {'all': True, 'task': 'no.such', 'limit': '1/s'})
        assert row['state'] == 'rejected' and 'unknown task' in row['reason'], row
        assert len(row['evidence']) >= 5


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
async def test_time_limits_are_set_and_lifted(stack: Stack, connect: ConnectClient, pool: str) -> None:
    arguments = {'workers': [node(pool)], 'task': 'catalog.ignore'}
    soft = {'soft': 20} if pool == 'prefork' else {}
    await confirmed(stack, connect, 'worker.timeLimit', {**arguments, **soft, 'hard': 30.5}, 'operator')
    (line,) = [
        line for line in await asked(stack, pool, 'registered', 'soft_time_limit', 'time_limit') if 'catalog.ignore' in line
    ]
    assert ('soft_time_limit=20' in line) == bool(soft) and 'time_limit=30.5' in line
    row = await confirmed(stack, connect, 'worker.timeLimit', arguments, 'operator')
    assert 'soft limit none, hard limit none' in evidence(row)


# Queues and events ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_a_consumer_is_added_and_cancelled(stack: Stack, connect: ConnectClient, pool: str) -> None:
    queue = unique('extra')
    row = await confirmed(stack, connect, 'worker.addConsumer', {'workers': [node(pool)], 'queue': queue}, 'operator')
    assert f'active_queues shows {queue}' in evidence(row)
    task = stack.send('math.add', 20, 22, queue=queue)
    await asyncio.to_thread(wait_for, lambda: (stack.result(task) or {}).get('result') == 42, 20, 'a task of that queue')

    row = await confirmed(stack, connect, 'worker.cancelConsumer', {'workers': [node(pool)], 'queue': queue}, 'operator')
    assert f'active_queues does not show {queue}' in evidence(row)
    assert queue not in json.dumps(await asked(stack, pool, 'active_queues'))


async def test_events_are_switched_on_and_off(stack: Stack, connect: ConnectClient) -> None:
    row = await confirmed(stack, connect, 'worker.enableEvents', {'workers': [node('quiet')]}, 'operator')
    assert 'task events enabled' in evidence(row)
    async with connect(stack, 'viewer') as client:
        view = await client.view(where=['eq', 'queue', 'q-quiet'], mode='follow', limit=100)
        task = stack.send('math.add', 1, 1, queue='q-quiet')
        await client.until(lambda: (view.get(task) or {}).get('worker') == node('quiet'), 20, 'its task events')
    row = await confirmed(stack, connect, 'worker.disableEvents', {'workers': [node('quiet')]})
    assert 'task events disabled' in evidence(row)


@pytest.mark.parametrize('pool', POOLS)
async def test_events_that_celery_cannot_switch_off_are_no_false_ok(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        task = stack.send('math.add', 1, 1, queue=f'q-{pool}')
        await knows(client, lambda row: row.get('events') is True, pool)
        assert task
        row = await client.command('worker.disableEvents', {'workers': [node(pool)]})
        assert row['state'] == 'rejected' and 'started with -E' in row['reason'], row


# Several workers, and all of them ---------------------------------------------------------------------------------------------


async def asked_all(stack: Stack, question: str, *arguments: Any) -> dict[str, Any]:
    """What every worker says to Celery's own client."""
    nodes = [node(name) for name in EVERYBODY]

    def ask() -> dict[str, Any] | None:
        answer = getattr(stack.app.control.inspect(nodes, timeout=3), question)(*arguments) or {}
        return {name: answer[node(name)] for name in EVERYBODY} if set(answer) == set(nodes) else None

    return await asyncio.to_thread(wait_for, ask, 20, f'everybody to answer {question}')


def to(names: Sequence[str]) -> dict[str, Any]:
    """The arguments that name these workers; for everybody, `all`."""
    return {'all': True} if names == EVERYBODY else {'workers': [node(name) for name in names]}


async def seen_online(stack: Stack, connect: ConnectClient) -> None:
    """Waits until the gateway knows of everybody: `all` means who is up when it is accepted."""
    async with connect(stack, 'viewer') as client:
        workers = await client.subscribe('workers')
        await client.until(
            lambda: all((workers.get(node(name)) or {}).get('state') == 'online' for name in EVERYBODY), 20, 'everybody'
        )


@pytest.mark.parametrize('names', [POOLS, EVERYBODY], ids=['several', 'all'])
async def test_a_rate_limit_for_several_workers_reaches_just_those(
    stack: Stack, connect: ConnectClient, names: Sequence[str]
) -> None:
    await seen_online(stack, connect)

    async def limited() -> set[str]:
        told = await asked_all(stack, 'registered', 'rate_limit')
        return {name for name, lines in told.items() if 'billing.charge [rate_limit=70/m]' in lines}

    arguments = {**to(names), 'task': 'billing.charge'}
    row = await confirmed(stack, connect, 'worker.rateLimit', {**arguments, 'limit': '70/m'}, 'operator')
    assert {f'{node(name)}: registered shows rate limit 70/m' for name in names} <= set(row['evidence'])
    assert row['target'] == f'billing.charge on {"all" if names == EVERYBODY else len(names)} workers'
    assert await limited() == set(names)

    row = await confirmed(stack, connect, 'worker.rateLimit', arguments, 'operator')
    assert {f'{node(name)}: registered shows no rate limit' for name in names} <= set(row['evidence'])
    assert await limited() == set()


@pytest.mark.parametrize('names', [POOLS, EVERYBODY], ids=['several', 'all'])
async def test_several_workers_are_given_a_queue_and_no_other_one(
    stack: Stack, connect: ConnectClient, names: Sequence[str]
) -> None:
    await seen_online(stack, connect)
    queue = unique('shared')

    async def consumers() -> set[str]:
        told = await asked_all(stack, 'active_queues')
        return {name for name, queues in told.items() if queue in {shown['name'] for shown in queues}}

    row = await confirmed(stack, connect, 'worker.addConsumer', {**to(names), 'queue': queue}, 'operator')
    assert {f'{node(name)}: active_queues shows {queue}' for name in names} <= set(row['evidence'])
    assert await consumers() == set(names)

    row = await confirmed(stack, connect, 'worker.cancelConsumer', {**to(names), 'queue': queue}, 'operator')
    assert {f'{node(name)}: active_queues does not show {queue}' for name in names} <= set(row['evidence'])
    assert await consumers() == set()


async def test_pools_of_several_workers_grow_and_all_that_can_shrink(stack: Stack, connect: ConnectClient) -> None:
    """To shrink is asked of all: who cannot is named with the reason, and the rest do it."""
    await seen_online(stack, connect)
    resizable = ('prefork', 'gevent', 'quiet')

    async def idle() -> None:
        def all_idle() -> bool:
            return (stack.app.control.inspect([node('prefork')], timeout=3).active() or {}).get(node('prefork')) == []

        await asyncio.to_thread(wait_for, all_idle, 20, 'prefork to have nothing to do')

    async def slots() -> dict[str, int]:
        pools = {name: stats['pool'] for name, stats in (await asked_all(stack, 'stats')).items()}
        return {n: len(p['processes']) if 'processes' in p else p.get('max-concurrency', 1) for n, p in pools.items()}

    await idle()
    before = await slots()
    grown = {name: count + (name in resizable) for name, count in before.items()}
    row = await confirmed(stack, connect, 'worker.poolGrow', to(resizable))
    told = {f'{node(name)}: stats show {grown[name]} pool slots, {before[name]} before' for name in resizable}
    assert told <= set(row['evidence']), (told, row)
    assert await slots() == grown

    async with connect(stack) as client:
        row = await client.command('worker.poolShrink', {'all': True}, deadline_ms=15_000)
    cannot = {
        'solo': 'the solo pool cannot change its size',
        'threads': 'the threads pool cannot change its size',
        'scaling': 'its autoscaler sets the size',
    }
    assert row['state'] == 'partial' and row['fix'] and not row.get('silent'), row
    shrunk = [f'{node(name)}: stats show {before[name]} pool slots' for name in resizable]
    assert all(any(line.startswith(start) for line in row['evidence']) for start in shrunk), (shrunk, row)
    for name, reason in cannot.items():
        assert f'{node(name)} cannot: {reason}' in '\n'.join(row['evidence']), row
    assert await slots() == before


# A busy solo worker -----------------------------------------------------------------------------------------------------------


async def test_a_busy_solo_worker_is_named_at_once_and_confirms_late(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', 'q-solo'], mode='follow', limit=100)
        commands = await client.subscribe('commands')
        task = stack.send('time.sleep', 5, queue='q-solo')
        await client.until(lambda: (view.get(task) or {}).get('state') == 'STARTED', 20, 'the task to run')

        workers = await client.subscribe('workers')
        await client.until(lambda: (workers.get(node('solo')) or {}).get('answersLate') is True, 10, 'the worker to be busy')

        row = await client.command(
            'worker.rateLimit', {'workers': [node('solo')], 'task': 'math.add', 'limit': '50/s'}, deadline_ms=1000
        )

        assert row['state'] == 'unknown' and row['silent'] == [node('solo')], row
        assert 'will answer after its task' in evidence(row) and 'will answer after its task' in row['reason']
        late = await client.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] == 'confirmed' else None, 20, 'late proof'
        )
        assert not late.get('silent') and not late.get('reason')


# Refusals ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('command', 'arguments'),
    [
        ('worker.ping', {}),
        ('worker.ping', {'workers': 'prefork@celeriac.test'}),
        ('worker.poolGrow', {'workers': ['prefork@celeriac.test'], 'n': 0}),
        ('worker.poolGrow', {'workers': ['prefork@celeriac.test'], 'n': '2'}),
        ('worker.autoscale', {'workers': ['scaling@celeriac.test'], 'max': 1, 'min': 2}),
        ('worker.rateLimit', {'all': True, 'task': 'math.add', 'limit': 'often'}),
        ('worker.rateLimit', {'all': True, 'task': 'math.add', 'limit': 5}),
        ('worker.timeLimit', {'all': True, 'task': 'math.add', 'soft': 5, 'hard': 1}),
        ('worker.addConsumer', {'all': True, 'queue': 'unacked'}),
        ('worker.addConsumer', {'all': True, 'queue': 'q', 'exchangeType': 'headers'}),
        ('worker.cancelConsumer', {'all': True, 'queue': '_kombu.binding.celery'}),
        ('worker.election', {'all': True}),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:40],
)
async def test_wrong_commands_are_refused(stack: Stack, connect: ConnectClient, command: str, arguments: dict[str, Any]) -> None:
    async with connect(stack) as client:
        with pytest.raises(RpcError):
            await client.submit(command, arguments)
    assert all(worker.running for worker in stack.workers.values())
