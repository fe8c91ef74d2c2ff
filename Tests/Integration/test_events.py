"""Every event type that real workers send, on every pool, ends in the right row."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import GatewayClient
from harness.fixtures import ConnectClient
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.workers import WorkerSpec

POOLS = ('prefork', 'solo', 'threads', 'gevent')
EVENTED = ('prefork', 'threads', 'gevent')
"""Pools whose worker goes on talking while a task runs."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(pool, pool=pool, queues=(f'q-{pool}',), concurrency=1 if pool == 'solo' else 2) for pool in POOLS]
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


def find(table: Table, task_id: str, *states: str) -> Row | None:
    """The row of a task, if it is in one of the states (any, if none is given)."""
    row = table.get(task_id)
    return row if row and (not states or row.get('state') in states) else None


async def reach(client: GatewayClient, view: Table, task_id: str, *states: str, timeout: float = 30) -> Row:
    return await client.until(
        lambda: find(view, task_id, *states), timeout, lambda: f'{task_id} to be {states}; it is {view.get(task_id)}'
    )


async def follow(client: GatewayClient, pool: str) -> Table:
    return await client.view(where=['eq', 'queue', f'q-{pool}'], mode='follow', limit=100)


def total(stats: Table, state: str) -> int:
    row = stats.get(f'total:{state}')
    return int(row['count']) if row else 0


# Endings ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_success(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        view = await follow(client, pool)
        before = time.time()

        task = stack.send('math.add', 20, 22, queue=f'q-{pool}', priority=3)
        row = await reach(client, view, task, 'SUCCESS')

        assert row['name'] == 'math.add' and row['worker'] == f'{pool}@celeriac.test' and row['queue'] == f'q-{pool}'
        assert row['result'] == '42' and row['args'] == '(20, 22)' and row['retries'] == 0
        assert before - 1 < row['received'] <= row['started'] + 0.01
        assert row['started'] <= row['finished'] + 0.01 < time.time() + 1
        assert row['runtime'] >= 0 and row['wait'] >= 0
        assert row['rootId'] == task and 'parentId' not in row
        assert isinstance(row['pid'], int) and row['pid'] > 0


@pytest.mark.parametrize('pool', POOLS)
async def test_failure_with_its_traceback(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        view = await follow(client, pool)

        task = stack.send('billing.charge', 'card declined', queue=f'q-{pool}')
        row = await reach(client, view, task, 'FAILURE')

        assert 'card declined' in row['exception'] and 'PaymentError' in row['exception']
        assert 'traceback' not in row, 'list rows carry no traceback'
    token = stack.running_gateway.token('operator', unique('detail'))
    async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers={'Authorization': f'Bearer {token}'}) as http:
        detail = (await http.get(f'/api/celery/tasks/{task}')).json()
    assert detail['id'] == task and detail['state'] == 'FAILURE' and 'Traceback' in detail['traceback']


@pytest.mark.parametrize('pool', POOLS)
async def test_retries_and_then_success(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        view = await follow(client, pool)
        stats = await client.subscribe('stats')
        retried = total(stats, 'RETRY')

        task = stack.send('mail.send', 2, 0.3, queue=f'q-{pool}')
        row = await reach(client, view, task, 'SUCCESS')

        assert row['retries'] == 2 and 'sent after 2 retries' in row['result']
        await client.until(lambda: total(stats, 'RETRY') >= retried + 2, 10, 'two retries in the totals')


@pytest.mark.parametrize('pool', EVENTED)
async def test_a_task_between_two_attempts_waits_for_its_next_one(stack: Stack, connect: ConnectClient, pool: str) -> None:
    """The next attempt is received before the first one's task-retried, so the row is that of the next attempt."""
    async with connect(stack) as client:
        view = await follow(client, pool)

        task = stack.send('mail.send', 1, 2.5, queue=f'q-{pool}')
        row = await client.until(
            lambda: row if (row := find(view, task, 'RETRY', 'RECEIVED')) and row.get('retries') == 1 else None,
            30,
            lambda: f'the second attempt; {view.get(task)}',
        )
        assert row['state'] == 'RETRY' or 'eta' in row
        await reach(client, view, task, 'SUCCESS')


@pytest.mark.parametrize('pool', POOLS)
async def test_an_expired_task_is_revoked(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        stats = await client.subscribe('stats')
        revoked = total(stats, 'REVOKED')
        view = await client.view(mode='follow', limit=100)

        task = stack.send('math.add', 1, 1, queue=f'q-{pool}', expires=-5)
        row = await reach(client, view, task, 'REVOKED')

        assert row['worker'] == f'{pool}@celeriac.test'
        await client.until(lambda: total(stats, 'REVOKED') > revoked, 10, 'the total of REVOKED to rise')


@pytest.mark.parametrize('pool', POOLS)
async def test_a_rejected_task_is_a_failure(stack: Stack, connect: ConnectClient, pool: str) -> None:
    """Celery 5.7 sends task-failed and then task-rejected, and stores FAILURE: the rejection does not hide that."""
    async with connect(stack) as client:
        view = await follow(client, pool)

        task = stack.send('catalog.reject', queue=f'q-{pool}')
        row = await reach(client, view, task, 'FAILURE')

        assert 'not for us' in row['exception']
        assert (stack.result(task) or {}).get('status') == 'FAILURE'


@pytest.mark.parametrize('pool', POOLS)
async def test_a_task_that_is_put_back_ends_by_its_second_delivery(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        view = await follow(client, pool)
        stats = await client.subscribe('stats')
        rejected = total(stats, 'REJECTED')

        task = stack.send('catalog.requeue', queue=f'q-{pool}')
        row = await reach(client, view, task, 'SUCCESS')

        assert row['result'] == "'second time'"
        await client.until(lambda: total(stats, 'REJECTED') > rejected, 10, 'the total of REJECTED to rise')


async def test_a_replaced_task_shows_what_replaced_it(stack: Stack, connect: ConnectClient) -> None:
    """The first run never tells its end; the second one has the same id."""
    async with connect(stack) as client:
        view = await follow(client, 'prefork')
        task = stack.send('catalog.replace', 2, 3, queue='q-prefork')
        row = await reach(client, view, task, 'SUCCESS')
        assert row['name'] == 'math.add' and row['result'] == '5' and row['args'] == '(2, 3)'
    headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", unique("replaced"))}'}
    async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
        attempts = (await http.get(f'/api/celery/tasks/{task}')).json()['attempts']
    assert [(attempt['state'], attempt.get('superseded')) for attempt in attempts] == [('STARTED', True), ('SUCCESS', None)]


async def test_a_storm_of_deliveries_is_an_alert(stack: Stack, connect: ConnectClient) -> None:
    """A task that is put back whenever it starts comes hundreds of times a second."""
    rounds = 25
    async with connect(stack) as client:
        view, alerts = await follow(client, 'prefork'), await client.subscribe('alerts')
        task = stack.send('catalog.storm', str(stack.folder / unique('storm')), rounds, queue='q-prefork')
        row = await reach(client, view, task, 'SUCCESS')
        assert row['redelivered'] == rounds and row['result'] == str(rounds + 1)

        def told() -> Row:
            return next((each for each in alerts if each['subject'] == f'task {task}'), {})

        words = f'catalog.storm was delivered again {rounds} times without an end.'
        await client.until(lambda: told().get('detail') == words, 30, lambda: f'the alert; {told()}')
        assert told()['rule'] == 'delivery-storm' and told()['severity'] == 'error'


@pytest.mark.parametrize('pool', EVENTED)
async def test_custom_progress_is_shown_while_the_task_runs(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        view = await follow(client, pool)

        task = stack.send('media.transcode', 10, 0.3, queue=f'q-{pool}')
        row = await client.until(
            lambda: row if (row := find(view, task)) and 'progress' in row and 'finished' not in row else None,
            30,
            lambda: f'progress of {task}; its row is {view.get(task)}',
        )

        progress = json.loads(row['progress'])
        assert progress['total'] == 10 and 1 <= progress['current'] <= 10
        final = await reach(client, view, task, 'SUCCESS')
        assert final['result'] == '10'


@pytest.mark.parametrize('pool', POOLS)
async def test_an_unregistered_task_is_a_failure(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        view = await client.view(mode='follow', limit=100)

        task = stack.send('no.such.task', queue=f'q-{pool}')
        row = await reach(client, view, task, 'FAILURE')

        assert 'NotRegistered' in row['exception'] and row['worker'] == f'{pool}@celeriac.test'


async def test_a_hard_time_limit_counts_as_one_failure(stack: Stack, connect: ConnectClient) -> None:
    """Celery 5.7 sends task-failed twice for it."""
    async with connect(stack) as client:
        view = await follow(client, 'prefork')
        stats = await client.subscribe('stats')
        failed, succeeded = total(stats, 'FAILURE'), total(stats, 'SUCCESS')

        task = stack.send('time.sleep', 30, queue='q-prefork', time_limit=1)
        await reach(client, view, task, 'FAILURE')
        other = stack.send('math.add', 1, 1, queue='q-prefork')
        await reach(client, view, other, 'SUCCESS')
        await client.until(
            lambda: total(stats, 'SUCCESS') > succeeded and total(stats, 'FAILURE') > failed, 30, 'both tasks in the statistics'
        )

        assert total(stats, 'FAILURE') == failed + 1


async def test_a_viewer_sees_only_the_size_of_texts(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client, connect(stack, 'viewer') as viewer:
        whole, view = await follow(client, 'prefork'), await follow(viewer, 'prefork')

        task = stack.send('text.echo', 'a secret text', queue='q-prefork', kwargs={'key': 'another secret'})
        await reach(client, whole, task, 'SUCCESS')
        row = await reach(viewer, view, task, 'SUCCESS')

        assert 'secret' not in json.dumps(row) and row['name'] == 'text.echo'
        assert not any('secret' in json.dumps(frame.message) for frame in viewer.frames)
    token = stack.running_gateway.token('viewer', unique('detail'))
    async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers={'Authorization': f'Bearer {token}'}) as http:
        assert 'secret' not in (await http.get(f'/api/celery/tasks/{task}')).text
        assert 'secret' not in (await http.get('/api/celery/tasks')).text


# What is known of a task ------------------------------------------------------------------------------------------------------


async def test_the_client_that_sent_it_and_the_time_it_was_sent(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await follow(client, 'prefork')

        task = stack.send('text.echo', 'a', queue='q-prefork', kwargs={'b': 1})
        row = await client.until(
            lambda: row if (row := find(view, task, 'SUCCESS')) and 'sent' in row else None, 20, 'the time of sending'
        )

        assert row['sent'] <= row['received'] + 0.5
        assert row['kwargs'] == "{'b': 1}"
        assert row['exchange'] == '' or 'exchange' not in row
        assert row['routingKey'] == 'q-prefork'


async def test_a_chain_knows_its_parent_and_its_root(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await follow(client, 'prefork')
        step = {'queue': 'q-prefork'}

        first = stack.app.signature('math.add', args=(1, 2), options=step)
        second = stack.app.signature('math.add', args=(3,), options=step)
        result = (first | second).apply_async()
        row = await reach(client, view, result.id, 'SUCCESS')

        assert row['result'] == '6'
        assert row['parentId'] == row['rootId'] == result.parent.id


async def test_a_task_that_waits_for_its_time(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await follow(client, 'prefork')

        task = stack.send('math.add', 1, 1, queue='q-prefork', countdown=3)
        row = await reach(client, view, task, 'RECEIVED')
        assert row['eta'].startswith('20') and 'T' in row['eta']

        row = await reach(client, view, task, 'SUCCESS')
        assert row['finished'] - row['received'] > 2


async def test_a_task_nobody_takes_is_known_from_its_sender(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('nobody')
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', queue], mode='follow')

        task = stack.send('math.add', 1, 1, queue=queue)
        row = await reach(client, view, task, 'PENDING')

        assert row['queue'] == queue and 'worker' not in row


# Workers ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_a_worker_is_described(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        workers = await client.subscribe('workers')

        def described() -> Row | None:
            row = workers.get(f'{pool}@celeriac.test')
            return row if row and row.get('state') == 'online' and 'pool' in row and 'registered' in row else None

        row = await client.until(described, 30, lambda: f'the {pool} worker; {workers.get(f"{pool}@celeriac.test")}')

        process = stack.workers[pool].process
        assert process and row['pid'] == process.pid
        assert row['pool'] == pool and row['queues'] == [f'q-{pool}']
        assert row['concurrency'] == (1 if pool == 'solo' else 2)
        assert row['software'] == 'py-celery 5.7.0' and 'math.add' in row['registered']
        assert abs(row['drift']) < 5 and row['freq'] == 2.0
        if pool == 'prefork':
            assert len(row['processes']) == 2


async def test_heartbeats_move(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        rows = {pool: workers.get(f'{pool}@celeriac.test') for pool in POOLS}
        seen = {pool: row['heartbeat'] if row else 0 for pool, row in rows.items()}

        for pool in POOLS:
            node = f'{pool}@celeriac.test'
            await client.until(
                lambda node=node, pool=pool: (workers.get(node) or {}).get('heartbeat', 0) > seen[pool],  # type: ignore[misc]
                20,
                f'a heartbeat of {node}',
            )


async def test_a_worker_that_stops_is_offline_and_comes_back_as_a_new_process(stack: Stack, connect: ConnectClient) -> None:
    spec = WorkerSpec(unique('guest'), queues=(unique('q'),), concurrency=1)
    async with connect(stack) as client:
        workers = await client.subscribe('workers')

        def state(*wanted: str) -> Row | None:
            row = workers.get(spec.node)
            return row if row and row.get('state') in wanted else None

        worker = stack.start_worker(spec)
        online = dict(await client.until(lambda: state('online'), 20, 'the new worker'))
        worker.stop(30)
        offline = await client.until(lambda: state('offline'), 30, 'the worker to be offline')
        assert 'offlineAt' in offline

        worker.start()
        again = await client.until(
            lambda: row if (row := state('online')) and row.get('pid') != online['pid'] else None, 30, 'the worker to be back'
        )
        assert worker.process and again['pid'] == worker.process.pid
        worker.kill()


async def test_a_worker_that_is_killed_does_not_stay_online(stack: Stack, connect: ConnectClient) -> None:
    spec = WorkerSpec(unique('victim'), pool='threads', queues=(unique('q'),))
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        worker = stack.start_worker(spec)
        await client.until(lambda: (workers.get(spec.node) or {}).get('state') == 'online', 20, 'the new worker')

        worker.kill()

        row = await client.until(
            lambda: r if (r := workers.get(spec.node)) and r['state'] in {'offline', 'unreachable', 'unknown'} else None,
            40,
            lambda: f'the killed worker to be missed; {workers.get(spec.node)}',
        )
        assert row.get('reason'), 'the state has a reason'


async def test_a_busy_solo_worker_is_not_called_dead(stack: Stack, connect: ConnectClient) -> None:
    """A solo worker sends no heartbeats while a task runs. That is silence, not death."""
    node = 'solo@celeriac.test'
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        states: list[str] = []
        task = stack.send('time.sleep', 12, queue='q-solo')

        def done() -> bool:
            row = workers.get(node)
            if row:
                states.append(row['state'])
            return stack.result(task) is not None and (stack.result(task) or {}).get('status') == 'SUCCESS'

        await client.until(done, 40, 'the long task on the solo worker')

        assert 'offline' not in states, 'no reply is unknown, never dead'


# Queues and sums --------------------------------------------------------------------------------------------------------------


async def test_a_queue_counts_all_its_priorities(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('waiting')
    async with connect(stack) as client:
        queues = await client.subscribe('queues')

        for priority in (0, 0, 3, 6, 9):
            stack.send('math.add', 1, 1, queue=queue, priority=priority)
        row = await client.until(
            # As long as one worker has not said what it consumes, nobody knows whether this is.
            lambda: row if (row := queues.get(queue)) and row.get('depth') == 5 and row['state'] == 'unconsumed' else None,
            30,
            lambda: f'a depth of 5 that nobody consumes; {queues.get(queue)}',
        )

        assert row['steps'] == [2, 1, 1, 1] and row.get('consumers', 0) == 0


async def test_consumed_queues_know_their_workers(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        queues = await client.subscribe('queues')

        for pool in POOLS:
            row = await client.until(
                lambda pool=pool: row if (row := queues.get(f'q-{pool}')) and row.get('consumers') == 1 else None,  # type: ignore[misc]
                30,
                f'the consumer of q-{pool}',
            )
            assert row['workers'] == [f'{pool}@celeriac.test']


async def test_sums_agree_with_the_rows(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        stats = await client.subscribe('stats')
        workers = await client.subscribe('workers')
        for _ in range(20):
            stack.send('math.add', 1, 1, queue='q-prefork')

        def agree() -> bool:
            fleet = stats.get('fleet') or {}
            states = [row for row in stats if str(row['id']).startswith('state:')]
            online = [row for row in workers if row['state'] in {'online', 'busy', 'slow'}]
            return (
                sum(row['count'] for row in states) == fleet.get('tasks')
                and fleet.get('workers') == len(workers)
                and fleet.get('workersOnline') == len(online)
            )

        await client.until(agree, 30, lambda: f'the sums to agree; {stats.get("fleet")}')


async def test_a_finished_task_counts_once_although_event_and_result_tell_it(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        stats = await client.subscribe('stats')
        view = await follow(client, 'prefork')

        def finished() -> int:
            return sum(total(stats, state) for state in ('SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED'))

        tasks = [stack.send('math.add', 1, number, queue='q-prefork') for number in range(40)]
        await client.until(lambda: all(find(view, task, 'SUCCESS') for task in tasks), 30, 'the tasks to end')

        # The rate of the last minute never tells more ends than there were, whoever told them first.
        def agrees() -> bool:
            return bool(40 <= (stats.get('fleet') or {}).get('throughput', 0) <= finished())

        await client.until(agrees, 10, 'a throughput of all ends, each counted once')


async def test_the_window_filters_and_orders(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        for _ in range(3):
            stack.send('text.echo', 'x', queue='q-threads')
            stack.send('billing.charge', 'no', queue='q-threads')
        failures = await client.view(
            where=['and', ['eq', 'queue', 'q-threads'], ['in', 'state', ['FAILURE']]], order=['seen', 'desc'], mode='follow'
        )
        await client.until(lambda: len(failures) >= 3, 20, 'three failures')

        rows = failures.ordered()
        assert {row['state'] for row in rows} == {'FAILURE'} and {row['queue'] for row in rows} == {'q-threads'}
        assert [row['seen'] for row in rows] == sorted((row['seen'] for row in rows), reverse=True)
        assert failures.total == len(rows)


async def test_a_pinned_window_keeps_its_rows(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        task = stack.send('time.sleep', 3, queue='q-prefork')
        running = await client.view(where=['eq', 'state', 'STARTED'], mode='follow')
        await client.until(lambda: running.get(task), 20, 'the task to start')

        pinned = await client.view(where=['eq', 'state', 'STARTED'], mode='pinned')
        handle = next(handle for handle, row in pinned.rows.items() if row['id'] == task)

        await client.until(lambda: handle in pinned.left, 20, 'the row to be marked as left')
        assert pinned.rows[handle]['state'] == 'SUCCESS' and handle in pinned.order


async def test_rest_and_socket_show_the_same_row(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        view = await follow(client, 'prefork')
        task = stack.send('math.add', 1, 5, queue='q-prefork')
        row = await reach(client, view, task, 'SUCCESS')
        token = stack.running_gateway.token('admin', unique('rest'))
        async with httpx.AsyncClient(
            base_url=stack.running_gateway.base_url, headers={'Authorization': f'Bearer {token}'}
        ) as http:
            detail = (await http.get(f'/api/celery/tasks/{task}')).json()
            worker = (await http.get('/api/celery/workers/prefork@celeriac.test')).json()
            queue = (await http.get('/api/celery/queues/q-prefork')).json()
            missing = await http.get('/api/celery/tasks/no-such-id')

    assert {name: detail[name] for name in row} == row
    assert worker['id'] == 'prefork@celeriac.test' and worker['pool'] == 'prefork'
    assert queue['id'] == 'q-prefork'
    assert missing.status_code == 404
