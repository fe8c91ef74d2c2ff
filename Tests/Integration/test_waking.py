"""F10 and F11: who comes back goes on where it was, however often, or is told that it cannot. `bin/prove asleep` sleeps for real."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import GatewayClient
from harness.events import worker_event
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.leap import Leap
from harness.rows import Table
from harness.sleeper import Sleeper, content, equal, since
from harness.stack import Stack, unique
from harness.waiting import wait_for

MANY = 900
"""Workers whose rows do not fit into a few frames."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def rows_told(client: GatewayClient, table: Table) -> int:
    """Rows that a client was sent for a subscription, in whatever form."""
    frames = [frame.message.get('params') or {} for frame in client.frames if not frame.sent]
    mine = [params for params in frames if params.get('sub') == table.sub]
    return sum(len(params.get(name) or []) for params in mine for name in ('rows', 'new', 'put', 'gone'))


async def until_role(gateway: Gateway, token: str, role: str) -> None:
    """Who a token is may be remembered for some seconds."""
    deadline = time.monotonic() + 40
    while True:
        async with GatewayClient.connect(gateway.ws_url, token) as client:
            if client.session['who']['role'] == role:
                return
        assert time.monotonic() < deadline, f'the token does not become a {role}'
        await asyncio.sleep(0.5)


def mode_of(client: GatewayClient, table: Table) -> tuple[str, str | None]:
    answers = [frame.message['result'] for frame in client.frames if 'mode' in (frame.message.get('result') or {})]
    answer = next(answer for answer in answers if answer['sub'] == table.sub)
    return answer['mode'], answer.get('reason')


@pytest.mark.parametrize(('nap', 'mode', 'resets'), [(5, 'delta', []), (11, 'snapshot', ['too_old'])])
async def test_who_sleeps_goes_on_by_deltas_or_is_told_that_it_cannot(
    folder: Path, connect: ConnectClient, nap: int, mode: str, resets: list[str]
) -> None:
    """F10, with a gateway for which the minutes pass at once."""
    stack = Stack(folder)
    leap = Leap(folder)
    try:
        stack.start(gateway=False)
        gateway = Gateway(stack.broker, folder, backend=stack.backend, env=leap.environment)
        stack.gateway = gateway
        gateway.start()
        token = gateway.token('viewer', 'other')

        def knows(worker: str) -> bool:
            # Again: for the gateway its connections, too, have been silent for minutes, and while it makes new ones it hears nothing.
            stack.publish_raw(*worker_event('worker-online', worker))
            answer = httpx.get(f'{gateway.base_url}/api/celery/workers', headers={'Authorization': f'Bearer {token}'})
            return worker in answer.text

        stack.publish_raw(*worker_event('worker-online', 'before@nap'))
        sleeper = await Sleeper.sign_in(gateway, 'sleeper', ('workers', 'stats'))
        [workers, _] = sleeper.tables
        await asyncio.to_thread(wait_for, lambda: workers.get('before@nap'), 30, 'the first worker')

        sleeper.fall_asleep()
        # It hears two changes at most while it answers nothing. Others are old when it wakes: it cannot go on from before them.
        async with connect(stack) as awake:
            workers = await awake.subscribe('workers')
            for number in range(6):
                stack.publish_raw(*worker_event('worker-online', f'meanwhile-{number}@nap'))
                await awake.until(lambda number=number: workers.get(f'meanwhile-{number}@nap'), 30, 'a change to be told')  # type: ignore[misc]
        leap.ahead(nap * 60)
        await asyncio.to_thread(wait_for, lambda: knows('after@nap'), 40, 'what happened after the nap to be known', every=0.3)
        waking = await sleeper.wake()

        assert waking.leave.code == 4408
        assert {(answer['mode'], answer.get('reason')) for answer in waking.answers.values()} == {
            (mode, resets[0] if resets else None)
        }
        assert list(waking.resets.values()) == [resets, resets]
    finally:
        stack.stop()


async def test_resuming_again_and_again_without_news_sends_nothing_again(stack: Stack, connect: ConnectClient) -> None:
    """F11: two resumes in a row without new data; what is sent must not grow with their number (Socket.IO #5419)."""
    names = [f'{unique("calm")}@calm' for _ in range(5)]
    calm = ['in', 'id', names]
    async with connect(stack) as client:
        table = await client.subscribe('workers', where=calm)
        for name in names:
            stack.publish_raw(*worker_event('worker-online', name))
            stack.publish_raw(*worker_event('worker-offline', name))
        await client.until(
            lambda: len(table) == len(names) and {row['state'] for row in table} == {'offline'}, 30, 'five workers that are off'
        )
        position, base = since(table), table

    for number in range(4):
        async with connect(stack) as client:
            resumed = await client.subscribe('workers', where=calm, since=position, base=base)
            assert (mode_of(client, resumed), resumed.snapshots, resumed.resets) == (('delta', None), 0, [])
            assert content(resumed) == content(table)
            told = rows_told(client, resumed)
            # The first one may still be told what had come after the last frame it read.
            assert told == 0 or (number == 0 and told <= len(names)), f'resume {number + 1} was told {told} rows'
            position, base = since(resumed), resumed


async def test_a_resume_in_the_midst_of_a_snapshot_ends_equal(stack: Stack, connect: ConnectClient) -> None:
    """F11: the connection is lost while a snapshot comes, and again while the next one does; rows change all the while."""
    names = [f'w{number}@{unique("many")}' for number in range(MANY)]
    redis = stack.redis()

    def tell(kind: str, some: list[str]) -> None:
        with redis.pipeline(transaction=False) as pipe:
            for name in some:
                pipe.publish(*worker_event(kind, name, sw_sys='L' * 64))
            pipe.execute()

    tell('worker-online', names)
    async with connect(stack) as client:
        whole = await client.subscribe('workers')
        await client.until(lambda: set(names) <= {str(row['id']) for row in whole}, 60, 'all workers')
        position, base = since(whole), whole

    for turn, kind in enumerate(('worker-offline', 'worker-online')):
        async with connect(stack) as client:
            client.auto_ack = False
            # Without an acknowledgement only the first parts come.
            client.tables[77] = cut = Table(77, 'workers')
            await client.call('sub.open', {'sub': 77, 'topic': 'workers'})
            await client.until(lambda cut=cut: cut.rows, 30, 'the first part of a snapshot')  # type: ignore[misc]
            assert not cut.live, 'it takes more than what may be unacknowledged'
            tell(kind, names[turn::2])

    async with connect(stack) as client:
        # What never was complete cannot be gone on with; what was complete before still can.
        anew = await client.subscribe('workers')
        resumed = await client.subscribe('workers', since=position, base=base)
        await equal((client, resumed), (client, anew))
        assert mode_of(client, anew) == ('snapshot', 'initial')
        # Changes of so many rows may be larger than a snapshot; then one is told so.
        assert mode_of(client, resumed) == ('delta', None) and resumed.resets in ([], ['too_large'])


async def test_a_resume_with_a_lesser_role_keeps_nothing_of_the_greater_one(stack: Stack, connect: ConnectClient) -> None:
    """F11: who may see less than before is sent everything anew, also if the rows did not change."""
    gateway, name = stack.running_gateway, unique('falling')
    token = gateway.token('operator', name)
    async with connect(stack, token=token) as client:
        commands = await client.subscribe('commands')
        receipt = await client.submit('task.run', {'task': 'math.add', 'args': ['a-secret', 2], 'queue': unique('nobody')})
        await client.until(lambda: 'a-secret' in str(commands.get(receipt['id'])), 30, 'the command with its arguments')
        position = since(commands)
    assert gateway.cli('token', 'role', name, 'viewer', '--data', str(gateway.data)).returncode == 0
    await until_role(gateway, token, 'viewer')

    async with connect(stack, token=token) as client:
        resumed = await client.subscribe('commands', since=position, base=commands)
        fresh = await client.subscribe('commands')
        await equal((client, resumed), (client, fresh))
        assert mode_of(client, resumed) == ('snapshot', 'role_changed') and resumed.resets == ['role_changed']
        assert 'a-secret' not in str(resumed.rows)
        position = since(resumed)

    # And who stays what it is goes on.
    async with connect(stack, token=token) as client:
        again = await client.subscribe('commands', since=position, base=resumed)
        assert mode_of(client, again) == ('delta', None)
