"""What a worker is said to be, with real workers that are stopped, killed, doubled, wedged, or lose their connections."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient
from harness.fixtures import ConnectClient
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.workers import Worker, WorkerSpec

GONE_AFTER = 10
SECRET = 'PLANTED9'  # noqa: S105
FLAPPING = (WorkerSpec('flap-a', queues=('q-flap',)), WorkerSpec('flap-b', queues=('q-flap',)))


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, FLAPPING).start(gateway_options=['--inspect-interval', '2'])
    yield stack
    stack.stop()


class States:
    """The states that the row of a worker went through, as its frames told them."""

    def __init__(self, client: GatewayClient, workers: Table, node: str) -> None:
        self.client = client
        self.workers = workers
        self.node = node

    @property
    def row(self) -> Row:
        return self.workers.get(self.node) or {}

    def all(self) -> list[str]:
        handles = {handle for handle, row in self.workers.rows.items() if row['id'] == self.node}
        found: list[str] = []
        for frame in self.client.frames:
            params = frame.message.get('params') or {}
            if frame.sent or params.get('sub') != self.workers.sub:
                continue
            for handle, fields in [*(params.get('new') or []), *(params.get('put') or [])]:
                if handle in handles and fields.get('state') and found[-1:] != [fields['state']]:
                    found.append(fields['state'])
        return found

    async def reach(self, state: str, timeout: float = 60) -> Row:
        return await self.client.until(
            lambda: row if (row := self.row).get('state') == state else None,
            timeout,
            lambda: f'{self.node} to be {state}; {self.row.get("state")}: {self.row.get("reason")}; {self.all()}',
        )


async def get(stack: Stack, path: str, role: str = 'admin') -> Any:
    headers = {'authorization': f'Bearer {stack.running_gateway.token(role, unique(role))}'}
    async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
        answer = await http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def calm(folder: Path) -> Iterator[Stack]:
    """A gateway that asks as seldom as by default: no worker is asked twice before its heartbeat is missed."""
    stack = Stack(folder, [WorkerSpec('stopped')]).start()
    yield stack
    stack.stop()


async def test_a_stopped_worker_is_slow_then_unreachable_and_back(calm: Stack, connect: ConnectClient) -> None:
    worker = calm.workers['stopped']
    spec = worker.spec
    async with connect(calm) as client:
        workers, alerts = await client.subscribe('workers'), await client.subscribe('alerts')
        states = States(client, workers, spec.node)
        await states.reach('online')
        assert worker.process
        worker.process.signal(signal.SIGSTOP)
        try:
            row = await states.reach('slow')
            # The second, if it answered a question after its last heartbeat.
            assert row['reason'].startswith(('Its heartbeat is late', 'No heartbeat for ')), row
            row = await states.reach('unreachable')
            assert row['reason'].startswith('No heartbeat for ') and row['reason'].endswith('and no answer to remote control.')
            alert = await client.until(
                lambda: next((a for a in alerts if a['rule'] == 'worker-unreachable' and spec.node in a['subject']), None),
                10,
                'the alert',
            )
            assert alert['severity'] == 'error' and alert['detail'].startswith('No heartbeat for ')
        finally:
            worker.process.signal(signal.SIGCONT)
        await states.reach('online')
        await client.until(lambda: all(a['rule'] != 'worker-unreachable' for a in alerts), 20, 'the alert to go')
        # It was stopped for less than the time after which it would leave, and no word of an end was said.
        # Between slow and unreachable it may be unknown: until the next question has gone unanswered, nobody can know.
        known = [state for state in states.all() if state != 'unknown']
        assert known[-3:] == ['slow', 'unreachable', 'online'], states.all()
        assert 'offline' not in states.all()


@pytest.fixture
def solos(folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name, pool='solo', queues=(f'q-{name}',)) for name in ('still', 'killed')]
    stack = Stack(folder, specs).start(gateway_options=['--inspect-interval', '2'])
    yield stack
    stack.stop()


async def test_a_killed_solo_worker_is_told_from_one_that_works(solos: Stack, connect: ConnectClient) -> None:
    """Both are silent, and neither has a task that anybody knows of. But the broker counts who listens."""
    async with connect(solos) as client:
        workers = await client.subscribe('workers')
        still, killed = (States(client, workers, solos.workers[name].spec.node) for name in ('still', 'killed'))
        for states in (still, killed):
            await client.until(lambda states=states: states.row.get('pool') == 'solo', 30, 'the pool to be told')  # type: ignore[misc]
            await states.reach('online')

        process = solos.workers['still'].process
        assert process
        process.signal(signal.SIGSTOP)
        try:
            # Asked in vain several times by then.
            def silence() -> int:
                seconds = re.match(r'Silent for (\d+) s', str(still.row.get('reason')))
                return int(seconds[1]) if seconds else 0

            await client.until(lambda: silence() >= 10, 60, lambda: str(still.row))
            assert still.row['state'] == 'busy', still.row
        finally:
            process.signal(signal.SIGCONT)
        await still.reach('online')

        solos.workers['killed'].kill()
        row = await killed.reach('unreachable')
        assert 'nothing listens to its remote control' in row['reason'], row
        assert 'unreachable' not in still.all()


@pytest.fixture
def mute(folder: Path) -> Iterator[Stack]:
    spec = WorkerSpec('mute', queues=('q-mute',), events=False, options=['--without-heartbeat'])
    stack = Stack(folder, [spec]).start(gateway_options=['--inspect-interval', '2'])
    yield stack
    stack.stop()


async def test_a_worker_without_heartbeats_is_known_by_its_answers(mute: Stack, connect: ConnectClient) -> None:
    """Neither heartbeats nor events: online while it answers, unreachable when it does not, unknown while the broker is away."""
    worker = mute.workers['mute']
    async with connect(mute) as client:
        workers = await client.subscribe('workers')
        states = States(client, workers, worker.spec.node)
        row = await states.reach('online')
        assert row['reason'] == 'It sends no heartbeats, but answers remote control.', row
        assert worker.process
        worker.process.signal(signal.SIGSTOP)
        try:
            row = await states.reach('unreachable')
            assert row['reason'] == 'It sends no heartbeats and does not answer remote control.', row
        finally:
            worker.process.signal(signal.SIGCONT)
        await states.reach('online')

        mute.redis_server.kill()
        row = await states.reach('unknown')
        assert row['reason'] == 'We do not hear the broker, so nothing can be said about it.', row
        await asyncio.to_thread(mute.redis_server.restart)
        await states.reach('online')
        assert 'offline' not in states.all()


@pytest.fixture
def hasty(folder: Path) -> Iterator[Stack]:
    """A gateway that lets silent workers go early."""
    stack = Stack(folder, [WorkerSpec('ghost')]).start(gateway_options=['--worker-gone-after', str(GONE_AFTER)])
    yield stack
    stack.stop()


async def test_a_killed_worker_leaves_in_the_stated_time_with_a_trace(hasty: Stack, connect: ConnectClient) -> None:
    worker = hasty.workers['ghost']
    spec = worker.spec
    async with connect(hasty) as client:
        workers, health = await client.subscribe('workers'), await client.subscribe('health')
        row = dict(await States(client, workers, spec.node).reach('online'))
        worker.kill()
        killed = time.time()

        await client.until(lambda: workers.get(spec.node) is None, 60, 'the ghost to leave')
        gone = time.time() - killed
        trace = await client.until(
            lambda: next((r for r in health if str(r['id']).startswith('left:') and r['worker'] == spec.node), None),
            10,
            'its trace',
        )
        print(f'left {gone:.1f} s after it was killed')
        # The last sign is at most a heartbeat older than the kill.
        assert gone >= GONE_AFTER - 2.5
        assert GONE_AFTER <= trace['leftAt'] - trace['lastSeen'] <= GONE_AFTER + 5
        assert trace['pid'] == row['pid'] and trace['reason'].startswith('It gave no sign of life for ')


def start_twins(stack: Stack, spec: WorkerSpec, twins: list[Worker]) -> None:
    """Two workers of one name, each in a folder of its own; on the list as soon as they run."""
    for name in ('one', 'two'):
        folder = stack.folder / unique(name)
        folder.mkdir()
        twins.append(Worker(spec, stack.broker, stack.backend, folder).launch())
    for twin in twins:
        twin.wait_ready()


async def test_two_workers_with_one_name_are_told_apart(stack: Stack, connect: ConnectClient) -> None:
    spec = WorkerSpec(unique('same'), queues=(unique('q'),), concurrency=1)
    twins: list[Worker] = []
    async with connect(stack) as client:
        workers, alerts = await client.subscribe('workers'), await client.subscribe('alerts')
        try:
            await asyncio.to_thread(start_twins, stack, spec, twins)
            pids = sorted(twin.process.pid for twin in twins if twin.process)
            await client.until(lambda: (workers.get(spec.node) or {}).get('duplicates') == 2, 60, 'both to be known')
            await client.until(
                lambda: any(a['rule'] == 'duplicate-name' and spec.node in a['subject'] for a in alerts), 20, 'the alert'
            )
            # Two that run at once run on both, for each takes one.
            # For so long that several rounds of questions ask what they hold: what one of them does not have, the other one may.
            view = await client.view(where=['eq', 'queue', spec.queues[0]], mode='follow')
            tasks = [stack.send('time.sleep', 14, queue=spec.queues[0]) for _ in range(2)]
            passed: set[str] = set()

            def ended() -> bool:
                states = [(view.get(task) or {}).get('state', '') for task in tasks]
                passed.update(states)
                return states == ['SUCCESS', 'SUCCESS']

            async def shown(condition: Any, what: str) -> list[Row]:
                for _ in range(120):
                    found = (await get(stack, f'/api/celery/workers/{spec.node}'))['instances']
                    if condition(found):
                        return list(found)
                    await asyncio.sleep(0.25)
                raise AssertionError(f'{what}; {found}')

            found = await shown(lambda rows: [row.get('active') for row in rows] == [1, 1], 'each to run one task')
            assert sorted(row['pid'] for row in found) == pids
            await client.until(ended, 40, lambda: f'the tasks to end; {[view.get(task) for task in tasks]}')
            assert passed <= {'', 'PENDING', 'RECEIVED', 'STARTED', 'SUCCESS'}, passed
            found = await shown(
                lambda rows: [(row.get('active'), row.get('processed')) for row in rows] == [(0, 1), (0, 1)], 'each to be done'
            )

            await asyncio.to_thread(twins[0].stop, 30)
            await client.until(lambda: 'duplicates' not in (workers.get(spec.node) or {'duplicates': 0}), 30, 'one to be left')
            found = await shown(lambda rows: len(rows) == 1, 'one process')
            assert twins[1].process and found[0]['pid'] == twins[1].process.pid
            assert (workers.get(spec.node) or {})['state'] != 'offline'
        finally:
            for twin in twins:
                twin.kill()


async def test_two_workers_with_one_name_and_one_process_id(stack: Stack, connect: ConnectClient) -> None:
    """As two containers have: no event tells them apart, but both answer when everybody is asked."""
    spec = WorkerSpec(unique('container'), pool='solo', queues=(unique('q'),), env={'FLEET_PID': '7'})
    twins: list[Worker] = []
    async with connect(stack) as client:
        workers, alerts = await client.subscribe('workers'), await client.subscribe('alerts')

        def warned() -> bool:
            return any(a['rule'] == 'duplicate-name' and spec.node in a['subject'] for a in alerts)

        try:
            await asyncio.to_thread(start_twins, stack, spec, twins)
            row = await client.until(
                lambda: found if (found := workers.get(spec.node) or {}).get('duplicates') == 2 else None, 60, 'both to be known'
            )
            assert row['pid'] == 7
            await client.until(warned, 20, 'the alert')
            twins[0].kill()
            await client.until(lambda: 'duplicates' not in (workers.get(spec.node) or {'duplicates': 0}), 60, 'one to be left')
            await client.until(lambda: not warned(), 20, 'the alert to go')
        finally:
            for twin in twins:
                twin.kill()


async def test_workers_that_lose_their_connections_are_never_offline(stack: Stack, connect: ConnectClient) -> None:
    """They say goodbye and hello at each reconnect, up to a second apart."""
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        watched = [States(client, workers, spec.node) for spec in FLAPPING]
        for states in watched:
            await states.reach('online')
        for kind in ('normal', 'pubsub'):
            killed = time.time()
            ours = {each['id'] for each in stack.redis().client_list() if each['name'].startswith('celeriac')}
            for each in stack.redis().client_list(_type=kind):
                if each['id'] not in ours:
                    stack.redis().client_kill_filter(_id=each['id'], skipme=True)
            for states in watched:
                await client.until(
                    lambda states=states, killed=killed: states.row.get('heartbeat', 0) > killed + 5,  # type: ignore[misc]
                    60,
                    lambda states=states: f'{states.node} to be back; {states.row}',  # type: ignore[misc]
                )
        for states in watched:
            assert 'offline' not in states.all(), states.all()
            assert states.row['state'] == 'online'


async def test_a_worker_whose_pool_is_stopped_is_wedged(stack: Stack, connect: ConnectClient) -> None:
    """Heartbeats come, a slot is free, messages wait, nothing is accepted: as after a Redis reconnect of old versions."""
    spec = WorkerSpec(unique('wedged'), queues=(unique('q'),), concurrency=1)
    async with connect(stack) as client:
        workers, alerts = await client.subscribe('workers'), await client.subscribe('alerts')
        worker = await asyncio.to_thread(stack.start_worker, spec)
        states = States(client, workers, spec.node)
        row = await client.until(lambda: r if (r := states.row).get('processes') else None, 30, 'the pool to be known')
        children = list(row['processes'])
        for child in children:
            os.kill(child, signal.SIGSTOP)
        try:
            for number in range(12):
                stack.send('math.add', 1, number, queue=spec.queues[0])
            row = await states.reach('wedged', 120)
            assert row['reason'].startswith('It has free slots and messages wait in its queues'), row
            await client.until(
                lambda: any(a['rule'] == 'worker-wedged' and spec.node in a['subject'] for a in alerts), 20, 'the alert'
            )
        finally:
            for child in children:
                os.kill(child, signal.SIGCONT)
        await states.reach('online')
        worker.kill()


async def test_the_oldest_running_task_is_told(stack: Stack, connect: ConnectClient) -> None:
    spec = WorkerSpec(unique('long'), queues=(unique('q'),), concurrency=2)
    async with connect(stack) as client:
        workers, view = await client.subscribe('workers'), await client.view(mode='follow')
        worker = await asyncio.to_thread(stack.start_worker, spec)
        states = States(client, workers, spec.node)
        await states.reach('online')
        first = stack.send('time.sleep', 25, queue=spec.queues[0])
        row = await client.until(lambda: r if (r := states.row).get('oldestActive') else None, 30, 'the time')
        task = await client.until(lambda: r if 'started' in (r := view.get(first) or {}) else None, 10, 'the start')
        assert row['oldestActive'] == pytest.approx(task['started'], abs=0.01)
        stack.send('time.sleep', 20, queue=spec.queues[0])
        row = await client.until(
            lambda: r if 'its oldest task has run for' in (r := states.row).get('reason', '') else None,
            40,
            lambda: f'{states.row}',
        )
        assert row['state'] == 'busy' and row['reason'].startswith('All 2 slots run a task; its oldest task has run for '), row
        await client.until(lambda: 'oldestActive' not in states.row, 60, 'the time to go')
        worker.kill()


async def test_a_held_task_that_somebody_else_revoked_is_marked(folder: Path, connect: ConnectClient) -> None:
    """Without a result backend nothing tells of it before its time, but its worker knows."""
    spec = WorkerSpec('holder', queues=('q-held',), env={'CELERY_RESULT_BACKEND': 'disabled://'})
    stack = Stack(folder, [spec]).start()
    try:
        async with connect(stack) as client:
            view = await client.view(mode='follow')
            task = stack.send('math.add', 1, 1, queue='q-held', countdown=600)
            other = stack.send('math.add', 1, 2, queue='q-held', countdown=600)
            both = (task, other)
            await client.until(
                lambda: all((view.get(one) or {}).get('state') == 'RECEIVED' for one in both), 30, 'both to be held'
            )
            assert stack.app.control.revoke(task, reply=True, timeout=10) is not None
            headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", unique("round"))}'}
            async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers) as http:
                assert (await http.post('/api/celery/reconcile', json={})).status_code == 202
            row = await client.until(
                lambda: r if (r := view.get(task) or {}).get('reason', '').startswith('Revoked') else None,
                30,
                lambda: f'{view.get(task)}',
            )
            assert row['state'] == 'RECEIVED' and row['reason'] == 'Revoked, waiting for its time: its worker drops it then.'
            assert (view.get(other) or {})['reason'] == 'Held by its worker until its eta.'
    finally:
        stack.stop()


async def test_a_worker_is_described_whole_and_tells_no_secret(stack: Stack, connect: ConnectClient) -> None:
    settings = {
        'task_annotations': {'math.add': {'rate_limit': '5/m'}},
        # Celery masks by the names of settings, not by names inside them.
        'broker_transport_options': {'visibility_timeout': 1234, 'sentinel_kwargs': {'password': SECRET}},
        'my_api_token': SECRET,
        'task_create_missing_queues': True,
        'worker_prefetch_multiplier': 3,
    }
    spec = WorkerSpec(
        unique('whole'), queues=(unique('q'),), autoscale=(1, 3), env={'FLEET_CONF': json.dumps(settings)}, pool_restarts=True
    )
    async with connect(stack) as client:
        workers = await client.subscribe('workers')
        worker = await asyncio.to_thread(stack.start_worker, spec)
        started = time.time()

        def described() -> Row | None:
            row = workers.get(spec.node) or {}
            return row if {'memoryBytes', 'registered', 'rateLimits', 'poolRestarts', 'uptime'} <= set(row) else None

        row = await client.until(described, 60, lambda: f'all of it; {workers.get(spec.node)}')
        assert worker.process and row['pid'] == worker.process.pid
        assert 10 << 20 < row['memoryBytes'] < 2 << 30
        assert row['cpuUser'] > 0 and row['cpuSystem'] >= 0
        assert 0 <= row['uptime'] <= 120 and abs(row['startedAt'] - started) < 120
        assert len(row['loadavg']) == 3 and all(isinstance(load, float) and load >= 0 for load in row['loadavg'])
        assert row['prefetch'] >= 1 and row['autoscale'] == [1, 3] and 1 <= row['concurrency'] <= 3
        assert row['software'] == 'py-celery 5.7.0' and row['platform'] == 'Linux' and row['poolRestarts'] is True
        assert {'math.add', 'time.sleep', 'mail.send'} <= set(row['registered']) and row['rateLimits'] == ['math.add 5/m']

        whole = await get(stack, f'/api/celery/workers/{spec.node}')
        conf = whole['settings']
        assert conf['worker_prefetch_multiplier'] == 3 and conf['broker_transport_options']['visibility_timeout'] == 1234
        assert conf['broker_transport_options']['sentinel_kwargs']['password'] == '********'  # noqa: S105
        assert SECRET not in json.dumps(whole)
        assert SECRET not in json.dumps(await get(stack, '/api/celery/differences'))
        assert 'settings' not in await get(stack, f'/api/celery/workers/{spec.node}', 'operator')
        worker.kill()
