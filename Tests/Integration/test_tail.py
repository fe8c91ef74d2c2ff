"""`celeriac tail`: every event once, over connections that break and gateways that start anew."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from harness.client import SUBPROTOCOL
from harness.events import life, task_events
from harness.frame_judge import FrameJudge
from harness.gateway import Gateway
from harness.process import outer_environment
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder, [WorkerSpec('a', queues=('q',))]).start()
    yield stack
    stack.stop()


class Tail:
    """A running `celeriac tail`, its output in files."""

    def __init__(self, gateway: Gateway, folder: Path, arguments: Sequence[str], token: str) -> None:
        self.out, self.err = folder / f'{unique("tail")}.out', folder / f'{unique("tail")}.err'
        environment = {**outer_environment(), 'CELERIAC_URL': gateway.base_url, 'CELERIAC_TOKEN': token}
        with self.out.open('wb') as out, self.err.open('wb') as err:
            self.process = subprocess.Popen(
                [str(gateway.binary), 'tail', *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text().splitlines(keepends=True) if line.endswith('\n')]

    def tasks(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        return [(row['type'], row['id']) for row in self.rows if row.get('id') in ids]

    @property
    def gaps(self) -> list[str]:
        return [row['gap']['reason'] for row in self.rows if 'gap' in row]


@contextmanager
def tailing(stack: Stack, *arguments: str, role: str = 'bot') -> Iterator[Tail]:
    gateway = stack.running_gateway
    tail = Tail(gateway, stack.folder, arguments, gateway.token(role, unique('tail')))
    try:
        yield tail
    finally:
        tail.process.kill()
        tail.process.wait(10)


def lives(ids: Sequence[str]) -> list[tuple[str, str]]:
    return sorted((kind, task) for task in ids for kind in ('task-sent', 'task-received', 'task-started', 'task-succeeded'))


def test_every_event_once_over_a_gateway_that_was_killed(folder: Path) -> None:
    stack = Stack(folder, [WorkerSpec('a', queues=('q',))])
    stack.start()
    try:
        gateway = stack.running_gateway
        with tailing(stack, '--json', '--from', 'oldest', '--type', 'task-*') as tail:
            before = [stack.send('math.add', 1, number, queue='q') for number in range(20)]
            wait_for(lambda: len(tail.tasks(before)) >= 80, 20, 'the events before')

            gateway.kill()
            gateway.listen = gateway.address
            gateway.start()
            after = [stack.send('math.add', 2, number, queue='q') for number in range(20)]
            wait_for(lambda: len(tail.tasks(after)) >= 80, 30, 'the events after')

            assert sorted(tail.tasks(before)) == lives(before) and sorted(tail.tasks(after)) == lives(after)
            assert tail.gaps == ['epoch']
            assert 'trying again' in tail.err.read_text()
            tail.process.send_signal(signal.SIGINT)
            assert tail.process.wait(10) == 0
    finally:
        stack.stop()


def test_a_filter_a_limit_and_a_position(stack: Stack) -> None:
    name = unique('tailed')
    with tailing(
        stack, '--json', '--from', 'oldest', '--task', name[:-1] + '*', '--type', 'task-succeeded', '--limit', '3'
    ) as first:
        for _ in range(5):
            stack.redis().publish(*task_events(*life(name)))
        assert first.process.wait(20) == 0
    assert [row['type'] for row in first.rows] == ['task-succeeded'] * 3
    with tailing(
        stack, '--json', '--from', first.rows[-1]['position'], '--task', name, '--type', 'task-succeeded', '--limit', '2'
    ) as rest:
        assert rest.process.wait(20) == 0
    ids = [row['id'] for row in first.rows + rest.rows]
    assert len(set(ids)) == 5


def test_text_is_for_people_and_moves_no_cursor(stack: Stack) -> None:
    name = unique('text') + '\x1b[31m\nforged'
    with tailing(stack, '--from', 'oldest', '--type', 'task-succeeded', '--limit', '1') as tail:
        stack.redis().publish(*task_events(*life(name)))
        assert tail.process.wait(20) == 0
    lines = tail.out.read_text().splitlines()
    assert len(lines) == 1 and '\x1b' not in lines[0] and 'task-succeeded' in lines[0] and 'forged' in lines[0]


def test_a_refusal_ends_it(stack: Stack) -> None:
    for role, arguments in (('wall', []), ('bot', ['--from', 'elsewhere'])):
        with tailing(stack, *arguments, role=role) as tail:
            assert tail.process.wait(20) != 0
            assert tail.err.read_text()
    gateway = stack.running_gateway
    wrong = Tail(gateway, stack.folder, [], 'no-such-token')
    assert wrong.process.wait(20) == 1 and '4401' not in wrong.out.read_text()
    assert 'no-such-token' not in wrong.err.read_text()


def test_a_reader_that_goes_away_ends_it(stack: Stack) -> None:
    gateway = stack.running_gateway
    environment = {
        **outer_environment(),
        'CELERIAC_URL': gateway.base_url,
        'CELERIAC_TOKEN': gateway.token('bot', unique('tail')),
    }
    with subprocess.Popen(
        [str(gateway.binary), 'tail', '--from', 'oldest'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        stack.redis().publish(*task_events(*life('piped')))
        assert process.stdout.readline()
        process.stdout.close()
        for _ in range(100):
            stack.redis().publish(*task_events(*life('piped')))
            if process.poll() is not None:
                break
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        assert process.wait(10) == 0


@asynccontextmanager
async def overheard(gateway: Gateway, judge: FrameJudge) -> AsyncIterator[str]:
    """An address at which the gateway answers, and everything that both say is judged."""
    ours = [Subprotocol(SUBPROTOCOL)]

    async def heard(client: ServerConnection) -> None:
        async with connect(gateway.ws_url, subprotocols=ours, compression=None) as server:

            async def say() -> None:
                async for text in client:
                    judge.sent_text(str(text))
                    await server.send(text)
                await server.close()

            saying = asyncio.create_task(say())
            with suppress(ConnectionClosed):
                async for text in server:
                    judge.received_text(str(text))
                    await client.send(text)
            await saying

    async with serve(heard, '127.0.0.1', 0, subprotocols=ours, compression=None, ping_interval=None) as proxy:
        port = next(iter(proxy.sockets)).getsockname()[1]
        yield f'http://127.0.0.1:{port}'


async def test_what_it_says_and_is_told_is_in_the_contract(stack: Stack) -> None:
    gateway, judge = stack.running_gateway, FrameJudge()
    async with overheard(gateway, judge) as address:
        token = gateway.token('bot', unique('tail'))
        environment = {**outer_environment(), 'CELERIAC_URL': address, 'CELERIAC_TOKEN': token}
        arguments = ('tail', '--json', '--from', 'oldest', '--type', 'task-*', '--task', 'heard.*', '--limit', '60')
        process = await asyncio.create_subprocess_exec(
            str(gateway.binary), *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
        )
        try:
            for _ in range(20):
                stack.redis().publish(*task_events(*life(unique('heard.'))))
                await asyncio.sleep(0.02)
            said, _ = await asyncio.wait_for(process.communicate(), 40)
        finally:
            if process.returncode is None:
                process.kill()

    assert process.returncode == 0 and len(said.splitlines()) == 60
    # session.start and events.open; hello, two answers, a heartbeat and a batch.
    assert judge.judged >= 7
