"""What a revoke's row says, followed to its last state, against what the task really did.

With `task_track_started` off (Celery's default) the result backend knows nothing of a running task, and each worker that does
not run it writes REVOKED there: that alone must never count.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient
from harness.fixtures import ConnectClient
from harness.rows import Row
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

POOLS = ('prefork', 'solo', 'threads', 'gevent')
ENDS = {'confirmed', 'rejected', 'partial', 'failed'}
DEFAULTS = {'FLEET_CONF': json.dumps({'task_track_started': False})}


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'q-{pool}',), env=DEFAULTS) for pool in POOLS]
    specs.append(WorkerSpec(name='mute', queues=('q-mute',), events=False, env=DEFAULTS))
    stack = Stack(module_folder, specs).start()
    yield stack
    stack.stop()


async def runs(stack: Stack, worker: str, task: str, name: str = 'time.sleep') -> None:
    """A busy solo worker tells nobody, but its log says what it took."""
    process = stack.workers[worker].process
    assert process
    await asyncio.to_thread(wait_for, lambda: f'Task {name}[{task}] received' in process.output(), 30, f'{worker} to take {task}')


class Followed:
    """One command's row, and every state in which it was seen."""

    def __init__(self, client: GatewayClient, table: Any, handle: int) -> None:
        self.client, self.table, self.handle = client, table, handle
        self.states: list[str] = []

    def row(self) -> Row:
        row: Row = self.table.rows.get(self.handle) or {}
        if row and (not self.states or self.states[-1] != row['state']):
            self.states.append(row['state'])
        return row

    async def until(self, states: set[str], timeout: float = 40) -> Row:
        return await self.client.until(
            lambda: row if (row := self.row()).get('state') in states else None, timeout, lambda: f'{states}; {self.row()}'
        )


async def revoke(client: GatewayClient, task: str, deadline_ms: int = 2500, **options: Any) -> Followed:
    table = next((t for t in client.tables.values() if t.topic == 'commands'), None) or await client.subscribe('commands')
    receipt = await client.submit('task.revoke', {'id': task, **options}, deadline_ms=deadline_ms)
    return Followed(client, table, receipt['command'])


async def outside(stack: Stack, task: str, *states: str) -> None:
    await asyncio.to_thread(wait_for, lambda: (stack.result(task) or {}).get('status') in states, 40, f'{task} to be {states}')


@pytest.mark.parametrize('pool', [*POOLS, 'mute'])
async def test_a_task_that_runs_on_is_never_called_revoked(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack, 'operator') as client:
        task = stack.send('time.sleep', 6, queue=f'q-{pool}')
        await runs(stack, pool, task)

        command = await revoke(client, task)

        await outside(stack, task, 'REVOKED')
        row = await command.until({'unknown'})
        if pool == 'solo':
            assert 'solo@celeriac.test' in row['silent'] and 'solo@celeriac.test' in row['reason'], row
        else:
            assert f'{pool}@celeriac.test runs it' in row['reason'], row
        row = await command.until(ENDS)
        assert row['state'] == 'rejected' and row['reason'] == 'the task went on to its end: SUCCESS', row
        assert 'confirmed' not in command.states
        await outside(stack, task, 'SUCCESS')


@pytest.mark.parametrize('pool', POOLS)
async def test_a_task_that_was_fetched_ends_as_its_row_says(
    stack: Stack, connect: ConnectClient, pool: str, folder: Path
) -> None:
    """Threads and gevent run what they have fetched, and a solo worker may meet the task first: only the end tells."""
    trace = folder / 'trace'
    async with connect(stack, 'operator') as client:
        first = stack.send('time.sleep', 5, queue=f'q-{pool}')
        await runs(stack, pool, first)
        task = stack.send('files.write', str(trace), 'ran', queue=f'q-{pool}')
        if pool != 'solo':
            await runs(stack, pool, task, 'files.write')

        command = await revoke(client, task)

        row = await command.until(ENDS)
        await outside(stack, first, 'SUCCESS')
        await asyncio.to_thread(wait_for, lambda: stack.queue_length(f'q-{pool}') == 0, 20, 'nothing to wait')
        assert len(set(command.states) & ENDS) == 1, f'an end was taken back: {command.states}'
        assert (row['state'] == 'rejected') == trace.exists(), row
        if pool == 'prefork':
            assert row['state'] == 'confirmed' and f'task {task}: REVOKED on prefork@celeriac.test' in row['evidence'], row


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
async def test_terminate_ends_what_runs(stack: Stack, connect: ConnectClient, pool: str) -> None:
    async with connect(stack) as client:
        task = stack.send('time.sleep', 60, queue=f'q-{pool}')
        await runs(stack, pool, task)

        command = await revoke(client, task, 10_000, terminate=True, signal='SIGTERM')

        row = await command.until(ENDS)
        assert row['state'] == 'confirmed' and f'task {task}: REVOKED on {pool}@celeriac.test' in row['evidence'], row
        # Something that comes after it on the same worker: what would take the proof back has come before.
        later = stack.send('math.add', 1, 1, queue=f'q-{pool}')
        await outside(stack, later, 'SUCCESS')
        assert command.row()['state'] == 'confirmed' and (stack.result(task) or {})['status'] == 'REVOKED'


async def test_terminate_on_a_busy_solo_worker_ends_as_its_task_does(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        task = stack.send('time.sleep', 6, queue='q-solo')
        await runs(stack, 'solo', task)

        command = await revoke(client, task, terminate=True, signal='SIGTERM')

        row = await command.until({'unknown', *ENDS})
        assert row['state'] == 'unknown' and row['silent'] == ['solo@celeriac.test'], row
        row = await command.until(ENDS)
        assert row['state'] == 'rejected' and row['reason'] == 'the task went on to its end: SUCCESS', row
        assert 'confirmed' not in command.states


@pytest.mark.parametrize('end', ['SUCCESS', 'FAILURE'])
async def test_a_signal_that_ends_no_process_is_no_proof(stack: Stack, connect: ConnectClient, end: str) -> None:
    """SIGINT is ignored by pool processes, SIGUSR1 is a soft time limit: Celery says task-revoked of both."""
    signal = {'SUCCESS': 'SIGINT', 'FAILURE': 'SIGUSR1'}[end]
    async with connect(stack) as client:
        task = stack.send('time.sleep', 5, queue='q-prefork')
        await runs(stack, 'prefork', task)

        command = await revoke(client, task, 2000, terminate=True, signal=signal)

        row = await command.until(ENDS)
        assert row['state'] == 'rejected' and row['reason'] == f'the task went on to its end: {end}', row
        assert any(f'{signal} ends no process of its pool' in line for line in row['evidence']), row
        assert 'confirmed' not in command.states
        # The pool process stores FAILURE, the worker's main one REVOKED, and the backend keeps what comes last: only SUCCESS stays.
        await outside(stack, task, end, *(['REVOKED'] if end == 'FAILURE' else []))


async def test_a_waiting_task_is_revoked_once_every_worker_knows(stack: Stack, connect: ConnectClient) -> None:
    """While one worker cannot hear, it might take the task; when it has answered, none would run it."""
    async with connect(stack, 'operator') as client:
        busy = stack.send('time.sleep', 6, queue='q-solo')
        await runs(stack, 'solo', busy)
        waiting = stack.send('math.add', 1, 1, queue=unique('nobody'))

        command = await revoke(client, waiting)

        await outside(stack, waiting, 'REVOKED')
        row = await command.until({'unknown', *ENDS})
        assert row['state'] == 'unknown' and row['silent'] == ['solo@celeriac.test'], row
        row = await command.until(ENDS)
        assert row['state'] == 'confirmed' and not row.get('reason'), row
        told = '\n'.join(row['evidence'])
        assert f'task {waiting}: REVOKED in the result backend' in told and 'no worker has it, and each of the 5' in told, row


async def test_a_task_that_waits_for_its_time_is_revoked_at_once(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        for pool in POOLS:
            task = stack.send('math.add', 1, 1, queue=f'q-{pool}', countdown=600)
            await runs(stack, pool, task, 'math.add')

            row = await (await revoke(client, task, 10_000)).until({'unknown', *ENDS})

            assert row['state'] == 'confirmed', row
            assert f'task {task}: {pool}@celeriac.test holds it for its time, and throws it away then' in row['evidence'], row
