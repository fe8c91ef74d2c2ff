"""F2: real Sentinels and a failover, with a lost tail. The gateway follows to the new master and is right again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from harness.agreeing import StateLog, compare, queue_differences, task_differences, worker_differences
from harness.allowance import SLACK
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.rows import Row, Table
from harness.sentinels import MASTER, PASSWORD, USER, WATCH_PASSWORD, SentinelSet
from harness.stack import Stack
from harness.waiting import wait_for
from harness.workers import Worker, WorkerSpec


@pytest.fixture(scope='module')
def sentinels(module_folder: Path) -> Iterator[SentinelSet]:
    started = SentinelSet(module_folder / 'sentinels')
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope='module')
def stack(module_folder: Path, sentinels: SentinelSet) -> Iterator[Stack]:
    conf = {
        'broker_transport_options': sentinels.transport_options,
        'result_backend_transport_options': sentinels.transport_options,
    }
    spec = WorkerSpec('follower', pool='threads', env={'FLEET_CONF': json.dumps(conf)})
    # A queue that nobody consumes, known to the gateway from its start.
    master = sentinels.nodes[0].client()
    master.sadd('_kombu.binding.tail', b'tail\x06\x16\x06\x16tail')
    master.lpush('tail', *(f'{{"n": {n}}}' for n in range(5)))
    # The result backend's URL needs ports: Celery takes Redis's own if there are none.
    worker = Worker(spec, sentinels.url(0), sentinels.url(1), module_folder).launch()
    stack = Stack(module_folder)
    stack.workers['follower'] = worker
    stack.gateway = Gateway(sentinels.url(0), module_folder, backend=sentinels.url(1), options=sentinels.gateway_options)
    try:
        worker.wait_ready()
        stack.gateway.start()
        yield stack
    finally:
        stack.stop()


def broker_state(health: Table) -> str:
    return str((health.get('broker') or {}).get('state'))


def gaps(health: Table) -> list[Row]:
    return [row for row in health if str(row['id']).startswith('gap:')]


def rule(alerts: Table, name: str) -> Row | None:
    return next((row for row in alerts if row['rule'] == name), None)


def test_check_finds_the_master_and_tells_no_secret(sentinels: SentinelSet, folder: Path) -> None:
    url = sentinels.url()
    done = Gateway('', folder).cli('check', '--broker', url, *sentinels.gateway_options, '--json', '--seconds', '0')
    said = json.loads(done.stdout)
    assert said['servers'][0]['ok'] is True and said['servers'][0]['version'], done.stdout
    for secret in (PASSWORD, 'data%2Fword%3F', WATCH_PASSWORD):
        assert secret not in done.stdout + done.stderr

    for options, word, fix in (
        (['--sentinel-master', 'other', '--sentinel-password', WATCH_PASSWORD], 'does not know it', '--sentinel-master'),
        (['--sentinel-master', MASTER, '--sentinel-password', 'wrong'], 'WRONGPASS', 'Sentinel'),
        (['--sentinel-master', MASTER], 'NOAUTH', 'password'),
    ):
        done = Gateway('', folder).cli('check', '--broker', url, *options, '--json', '--seconds', '0')
        server = json.loads(done.stdout)['servers'][0]
        assert done.returncode == 1 and word in server['reason'] and fix in server['fix'], server


async def test_a_worker_with_an_old_kombu_is_told(
    sentinels: SentinelSet, stack: Stack, connect: ConnectClient, folder: Path
) -> None:
    """Before 5.4, kombu does not fill the db into the names of its channels on Sentinel: the worker hears nothing of ours."""
    conf = {
        'broker_transport_options': sentinels.transport_options,
        'result_backend_transport_options': sentinels.transport_options,
    }
    spec = WorkerSpec('ancient', pool='solo', queues=('q-ancient',), is_old=True, env={'FLEET_CONF': json.dumps(conf)})
    worker = Worker(spec, sentinels.url(0), sentinels.url(1), folder)
    async with connect(stack) as client:
        alerts = await client.subscribe('alerts')
        assert rule(alerts, 'kombu-sentinel') is None
        await asyncio.to_thread(worker.start)
        try:
            alert = await client.until(
                lambda: row if (row := rule(alerts, 'kombu-sentinel')) and row['severity'] == 'error' else None,
                60,
                lambda: f'the alert; {rule(alerts, "kombu-sentinel")}',
            )
            assert '5.4' in alert['fix'], alert
        finally:
            await asyncio.to_thread(worker.stop)
        await client.until(lambda: rule(alerts, 'kombu-sentinel') is None, 60, 'the alert to go')


async def test_a_failover_that_loses_the_tail_is_followed(sentinels: SentinelSet, stack: Stack, connect: ConnectClient) -> None:
    old, new = sentinels.nodes
    async with connect(stack) as client, connect(stack) as neighbor:
        health, queues = await client.subscribe('health', maxHz=20), await client.subscribe('queues', maxHz=20)
        workers, view = await client.subscribe('workers', maxHz=20), await client.view(mode='follow', maxHz=20)
        for topic in ('health', 'queues', 'workers'):
            await neighbor.subscribe(topic, maxHz=20)
        await neighbor.view(mode='follow', maxHz=20)
        log, other = StateLog(client), StateLog(neighbor)
        epochs = {table.epoch for table in client.tables.values()}
        first = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'celery'})
        assert first['state'] == 'confirmed', first

        # Five messages are copied; five more the replica never gets, for it may not enter any more.
        await asyncio.to_thread(wait_for, lambda: new.client().llen('tail') == 5, 10, 'the copy')
        await client.until(lambda: (queues.get('tail') or {}).get('depth') == 5, 30, 'five messages to be seen')
        new.client().config_set('masterauth', 'wrong')
        new.client().execute_command('CLIENT', 'KILL', 'TYPE', 'master')
        await asyncio.to_thread(
            wait_for, lambda: new.client().info('replication')['master_link_status'] == 'down', 10, 'the replica to be cut off'
        )
        old.client().lpush('tail', *(f'{{"n": {n}}}' for n in range(5, 10)))
        await client.until(lambda: (queues.get('tail') or {}).get('depth') == 10, 20, 'ten messages to be seen')
        before = len(gaps(health))

        killed = time.monotonic()
        old.process.kill()
        await client.until(lambda: broker_state(health) == 'down', 10, 'the broker to be called down')
        noticed = time.monotonic() - killed
        await asyncio.to_thread(wait_for, lambda: new.role() == 'master', 60, 'the replica to be promoted')
        promoted = time.monotonic() - killed
        await client.until(lambda: broker_state(health) == 'ok', 40, lambda: f'the broker to be ok; {health.get("broker")}')
        back = time.monotonic() - killed
        print(f'F2: noticed after {noticed:.2f} s, promoted after {promoted:.2f} s, followed and reconciled after {back:.2f} s')
        assert noticed <= 6 + SLACK and back - promoted <= 30 + SLACK

        # What was lost is lost, and shown so; the gap is on record.
        await client.until(
            lambda: (queues.get('tail') or {}).get('depth') == new.client().llen('tail') == 5, 30, lambda: f'{queues.get("tail")}'
        )
        await client.until(
            lambda: len(found := gaps(health)) > before and all('reconciledAt' in gap for gap in found),
            40,
            lambda: f'the gap to be closed; {gaps(health)}',
        )
        # The worker follows too, and all works as before.
        node = stack.workers['follower'].node
        await client.until(
            lambda: (row := workers.get(node)) and row.get('state') == 'online' and not row.get('stale'),
            60,
            lambda: f'the worker to be online; {workers.get(node)}',
        )
        row = await client.command(
            'task.run', {'task': 'math.add', 'args': [2, 2], 'queue': 'celery'}, timeout=60, deadline_ms=45_000
        )
        assert row['state'] == 'confirmed', row
        await client.until(lambda: (view.get(row['taskId']) or {}).get('state') == 'SUCCESS', 30, 'a task to run afterwards')
        asked = await client.command('worker.enableEvents', {'workers': [node]})
        assert asked['state'] == 'confirmed', asked

        # Revisions are the gateway's own, not the broker's, whose history has changed: nobody is told of another epoch or sent
        # back to a snapshot. What both clients had at one revision was the same throughout.
        for one in (client, neighbor):
            assert not any(table.resets for table in one.tables.values())
            assert {table.epoch for table in one.tables.values()} == epochs
        shared, mixed = compare(log, other)
        print(f'F2: {shared} states that both clients had, {len(mixed)} of them different')
        assert shared >= 10 and not mixed, mixed

        # And it is what Redis and Celery say: workers, queues, tasks.
        def differences() -> list[str]:
            found = queue_differences(queues, new.client()) + task_differences(view, new.client(1))
            return found + worker_differences(workers, {node})

        await client.until(lambda: not differences(), 30, lambda: f'the model to be the truth; {differences()}')
        with contextlib.suppress(redis.RedisError):
            assert new.client().execute_command('CLIENT', 'LIST').decode().count(f'user={USER}') >= 5
