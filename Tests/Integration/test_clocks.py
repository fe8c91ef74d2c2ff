"""F13: workers whose clocks are an hour off, and a gateway whose machine is set by ten minutes while it runs."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.rows import Row
from harness.skew import set_clock, settable, skewed
from harness.stack import Stack
from harness.workers import WorkerSpec

HOUR = 3600.0


@pytest.fixture(scope='module')
def clock(module_folder: Path) -> Path:
    return module_folder / 'clock'


@pytest.fixture(scope='module')
def stack(module_folder: Path, clock: Path) -> Iterator[Stack]:
    specs = [
        WorkerSpec('right', pool='threads', queues=('q-right',)),
        WorkerSpec('ahead', pool='threads', queues=('q-ahead',), env=skewed('+1h')),
        WorkerSpec('behind', pool='threads', queues=('q-behind',), env=skewed('-1h')),
    ]
    stack = Stack(module_folder, specs)
    try:
        stack.start(gateway=False)
        stack.gateway = Gateway(stack.broker, module_folder, backend=stack.backend, env=settable(clock))
        stack.gateway.start()
        yield stack
    finally:
        stack.stop()


def node(name: str) -> str:
    return f'{name}@celeriac.test'


async def test_a_wrong_clock_of_a_worker_is_shown_and_changes_nothing_else(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        workers, alerts = await client.subscribe('workers'), await client.subscribe('alerts')
        view = await client.view(mode='follow')
        for name, drift in (('ahead', HOUR), ('behind', -HOUR)):
            await client.until(
                lambda name=name, drift=drift: abs((workers.get(node(name)) or {}).get('drift', 0) - drift) < 5,  # type: ignore[misc]
                30,
                f'the drift of {name}',
            )
            await client.until(lambda name=name: alerts.get(f'clock-skew:worker {node(name)}'), 20, f'the alert about {name}')  # type: ignore[misc]
        assert alerts.get(f'clock-skew:worker {node("right")}') is None and alerts.get('gateway-clock:gateway') is None

        # One after the other over all workers: times are ours, durations of one clock, and the order is that of the runs.
        began, ran = time.time(), []
        for name in ('behind', 'ahead', 'right', 'ahead', 'behind'):
            ran.append(stack.send('math.add', 1, 1, queue=f'q-{name}'))
            await client.until(
                lambda: {'received', 'started', 'finished', 'runtime', 'wait'} <= set(view.get(ran[-1]) or {}),
                20,
                lambda: f'a task to end; {view.get(ran[-1])}',
            )
        rows = [view.get(task) or {} for task in ran]
        for row in rows:
            assert began - 2 <= row['received'] <= row['started'] <= row['finished'] <= time.time() + 2, row
            assert 0 <= row['runtime'] <= 5 and 0 <= row['wait'] <= 5, row
        started = [row['started'] for row in rows]
        assert all(later > earlier - 2.5 for earlier, later in itertools.pairwise(started)), started
        assert [row['seen'] for row in rows] == sorted(row['seen'] for row in rows)
        shown = [row['id'] for row in view.ordered() if row['id'] in ran]
        assert shown == ran[::-1], 'the newest is shown first, whatever its worker says the time is'

        # The end of one with a wrong clock is noticed as soon as that of any other.
        killed = time.monotonic()
        stack.workers['behind'].kill()
        await client.until(lambda: (workers.get(node('behind')) or {}).get('state') not in {'online', 'busy'}, 30, 'its end')
        print(f'F13: the end of a worker an hour behind was noticed after {time.monotonic() - killed:.1f} s')
        assert (workers.get(node('ahead')) or {})['state'] in {'online', 'busy'}


@pytest.mark.parametrize('step', ['+10m', '-10m'])
async def test_a_clock_of_ours_that_is_set_moves_nothing(stack: Stack, connect: ConnectClient, clock: Path, step: str) -> None:
    async with connect(stack) as client:
        workers, alerts = await client.subscribe('workers'), await client.subscribe('alerts')
        view = await client.view(mode='follow')
        await client.until(lambda: (workers.get(node('right')) or {}).get('state') == 'online', 30, 'the worker')
        known, now = len(workers.rows), client.session['now'] / 1000
        assert abs(now - time.time()) < 120
        seen: list[Row] = []
        set_clock(clock, step)
        try:
            await client.until(lambda: alerts.get('gateway-clock:gateway'), 20, 'the alert about our clock')
            began = time.monotonic()
            while time.monotonic() - began < 7:
                row = workers.get(node('right')) or {}
                assert row.get('state') in {'online', 'busy'}, row
                assert alerts.get(f'clock-skew:worker {node("right")}') is None
                seen.append(row)
                await asyncio.sleep(0.2)
            assert len(workers.rows) == known
            task = stack.send('time.sleep', 0.3, queue='q-right')
            await client.until(lambda: {'runtime', 'wait'} <= set(view.get(task) or {}), 20, 'a task to end')
            row = view.get(task) or {}
            assert 0.2 <= row['runtime'] <= 5 and 0 <= row['wait'] <= 5 and abs(row['seen'] - time.time()) < 120, row
            assert (alerts.get('gateway-clock:gateway') or {})['fix']
        finally:
            set_clock(clock, '+0')
        await client.until(lambda: alerts.get('gateway-clock:gateway') is None, 20, 'the alert to go')
