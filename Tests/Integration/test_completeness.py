"""The completeness meter against the truth: a relay before Redis loses events and counts which."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.client import GatewayClient
from harness.dropper import Dropper
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

SEEN = WorkerSpec('seen', queues=('q-seen',), concurrency=2)
OTHER = WorkerSpec('other', queues=('q-seen',), concurrency=2)
QUIET = WorkerSpec('quiet', queues=('q-quiet',), concurrency=2, app='apps.quiet')
TASKS = 800
TOLERANCE = 0.01


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [SEEN, OTHER, QUIET]).start(gateway=False)
    yield stack
    stack.stop()


Begin = Callable[[float], Dropper]


@pytest.fixture
def through(stack: Stack) -> Iterator[Begin]:
    """Starts a gateway that hears the broker through a relay which loses a share of the events."""
    droppers: list[Dropper] = []

    def begin(share: float) -> Dropper:
        dropper = Dropper(stack.redis_server.port, share, small=True)
        droppers.append(dropper)
        folder = stack.folder / unique('gateway')
        folder.mkdir()
        broker = f'redis://127.0.0.1:{dropper.port}/0'
        stack.gateway = Gateway(broker, folder, backend=stack.backend, options=['--inspect-interval', '2']).start()
        return dropper

    yield begin
    if stack.gateway:
        stack.gateway.stop(5)
        stack.gateway = None
    for dropper in droppers:
        dropper.stop()


def overall(health: Table) -> Row:
    return health.get('completeness') or {}


def process_rows(health: Table) -> list[Row]:
    return [row for row in health if str(row['id']).startswith('completeness:')]


async def measuring(client: GatewayClient) -> Table:
    """Waits until each worker is heard twice: from then on every start counts."""
    workers = await client.subscribe('workers')
    health = await client.subscribe('health')
    nodes = (SEEN.node, OTHER.node, QUIET.node)

    def beats() -> dict[str, float]:
        rows = {node: workers.get(node) or {} for node in nodes}
        return {node: row['heartbeat'] for node, row in rows.items() if 'processed' in row and row.get('state') == 'online'}

    first = await client.until(lambda: found if len(found := beats()) == len(nodes) else None, 60, 'all workers')
    for _ in range(2):
        before = dict(first)
        first = await client.until(
            lambda before=before: (
                found  # type: ignore[misc]
                if len(found := beats()) == len(nodes) and all(found[node] > before[node] for node in nodes)
                else None
            ),
            60,
            'another heartbeat of each',
        )
    return health


def send(stack: Stack, count: int, name: str = 'math.add', queue: str = 'q-seen') -> list[str]:
    return [stack.send(name, 1, number, queue=queue) for number in range(count)]


def wait_done(stack: Stack, tasks: list[str]) -> None:
    """Until all have a result: the worker has then sent their events, or tried to."""
    keys = [f'celery-task-meta-{task}' for task in tasks]

    def done() -> bool:
        return all(value and b'"SUCCESS"' in value for value in stack.redis(1).mget(keys))

    wait_for(done, 120, 'the tasks to end', every=0.2)


async def settled(client: GatewayClient, health: Table, expected: int) -> Row:
    return await client.until(
        lambda: row if (row := overall(health)).get('expected') == expected else None,
        60,
        lambda: f'{expected} starts to be expected; {overall(health)} {process_rows(health)}',
    )


def check(figure: Row, truth: float) -> None:
    print(f'said {figure["overall"]} ({figure["seen"]} of {figure["expected"]}), truth {truth:.4f}')
    assert abs(figure['overall'] - truth) <= TOLERANCE


@pytest.mark.parametrize('percent', [0, 1, 5, 25])
async def test_the_figure_is_what_was_lost(stack: Stack, connect: ConnectClient, through: Begin, percent: int) -> None:
    dropper = await asyncio.to_thread(through, percent / 100)
    async with connect(stack) as client:
        health, alerts = await measuring(client), await client.subscribe('alerts')
        await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, TASKS))

        figure = await settled(client, health, TASKS)
        check(figure, dropper.truth)
        assert sum(dropper.dropped.values()) + sum(dropper.passed.values()) == TASKS
        assert (figure['overall'] < 1) == (percent > 0)
        # And of each process by itself.
        await client.until(
            lambda: sum(row['expected'] for row in process_rows(health)) == TASKS,
            10,
            lambda: f'the rows of the processes; {process_rows(health)}',
        )
        for row in process_rows(health):
            key = (row['worker'], row['pid'])
            assert row['id'] == f'completeness:{row["worker"]}:{row["pid"]}'
            assert row['expected'] == dropper.passed[key] + dropper.dropped[key]
            assert abs(row['overall'] - dropper.passed[key] / row['expected']) <= TOLERANCE

        def warned() -> dict[str, str]:
            return {row['subject']: row['detail'] for row in alerts if row['rule'] == 'events-incomplete'}

        # Of a worker that has begun so many tasks, one in a hundred may be missing before it is an alert.
        rows = [row for row in process_rows(health) if row['expected'] >= 100 and row['seen'] * 100 < row['expected'] * 99]
        wanted = {
            f'worker {row["worker"]}': f'Of its last {row["expected"]} starts only {row["seen"]} were seen.' for row in rows
        }
        await client.until(lambda: warned() == wanted, 20, lambda: f'{wanted}; {warned()}')
        assert bool(wanted) == (percent > 0) or percent == 1


@pytest.mark.parametrize('percent', [0, 25])
async def test_tasks_that_hide_their_events_are_no_loss(
    stack: Stack, connect: ConnectClient, through: Begin, percent: int
) -> None:
    """Their publisher announces them all the same, and the gateway learns their names from that and from answers."""
    dropper = await asyncio.to_thread(through, percent / 100)
    figures: list[float] = []
    async with connect(stack) as client:
        health = await measuring(client)
        tasks: list[str] = []
        for _ in range(4):
            tasks += await asyncio.to_thread(send, stack, 75, 'quiet.add', 'q-quiet')
            tasks += await asyncio.to_thread(send, stack, 75, 'math.add', 'q-quiet')
            await asyncio.to_thread(wait_done, stack, tasks)
        visible = len(tasks) // 2
        last = await settled(client, health, visible)
        for frame in client.frames:
            for name in ('new', 'put'):
                for _, fields in frame.message.get('params', {}).get(name) or []:
                    if 'overall' in fields and fields['overall'] is not None:
                        figures.append(fields['overall'])
        check(last, dropper.truth)
        assert figures
        if percent == 0:
            assert min(figures) >= 0.99, f'hidden tasks looked like losses: {figures}'


async def test_a_killed_subscription(stack: Stack, connect: ConnectClient, through: Begin) -> None:
    dropper = await asyncio.to_thread(through, 0)
    async with connect(stack) as client:
        health = await measuring(client)
        await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, 300))

        # What happens until it is back is lost.
        dropper.hold_connections()
        for subscription in subscriptions(stack):
            stack.redis().client_kill_filter(_id=subscription)
        await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, 300))
        dropper.admit_connections()
        await client.until(lambda: any('reconciledAt' in row for row in health), 60, 'the gap to be reconciled')
        await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, 300))

        seen = sum(dropper.passed.values())
        assert 600 <= seen < 900
        check(await settled(client, health, 900), seen / 900)


async def test_an_overflowing_output_buffer(stack: Stack, connect: ConnectClient, through: Begin) -> None:
    """Redis cuts off who does not read: the rest of the buffer, and what comes until we are back, is lost."""
    dropper = await asyncio.to_thread(through, 0)
    before = str(stack.redis().config_get('client-output-buffer-limit')['client-output-buffer-limit'])
    stack.redis().config_set('client-output-buffer-limit', 'pubsub 1048576 0 0')
    try:
        async with connect(stack) as client:
            health = await measuring(client)
            await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, 300))

            dropper.hold_subscriptions()
            dropper.hold_connections()
            await asyncio.to_thread(wait_for, lambda: overflow(stack), 30, 'Redis to cut the subscription', 0.01)
            await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, 300))
            dropper.release_subscriptions()
            dropper.admit_connections()
            await client.until(lambda: any('reconciledAt' in row for row in health), 60, 'the gap to be reconciled')
            await asyncio.to_thread(wait_done, stack, await asyncio.to_thread(send, stack, 300))

            seen = sum(dropper.passed.values())
            assert 600 <= seen < 900
            check(await settled(client, health, 900), seen / 900)
    finally:
        stack.redis().config_set('client-output-buffer-limit', before)


def subscriptions(stack: Stack) -> list[str]:
    """Ids of the gateway's connections that subscribe."""
    clients = stack.redis().client_list()
    return [client['id'] for client in clients if client['name'].startswith('celeriac') and int(client['psub']) > 0]


def overflow(stack: Stack) -> bool:
    """Publishes something large that nobody can read, until Redis says that a buffer overflowed."""
    junk = json.dumps({'body': 'x' * 200_000, 'content-type': 'text/plain', 'headers': {}, 'properties': {}})
    for _ in range(10):
        stack.publish_raw('/0.celeryev/task.junk', junk)
    server = stack.redis_server.process
    return server is not None and 'overcoming of output buffer limits' in server.output()
