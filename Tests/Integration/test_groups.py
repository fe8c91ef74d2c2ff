"""How far chords and groups are, read from the result backend; and what differs between the workers of one fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery import Celery, chord, group
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
ONE = WorkerSpec('one', queues=('q-groups',), concurrency=2)
OTHER = WorkerSpec('other', queues=('q-other',), pool_restarts=True)


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [ONE, OTHER]).start()
    yield stack
    stack.stop()


@pytest.fixture(scope='module')
def http(stack: Stack) -> Iterator[httpx.Client]:
    headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", "groups")}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture(scope='module')
def canvas(stack: Stack) -> Iterator[Celery]:
    """A producer that keeps results, as chords and saved groups need."""
    app = Celery('canvas', broker=stack.broker, backend=stack.backend, set_as_current=False)
    yield app
    app.close()
    # A result that is collected later would look for 20 s for a Redis that is gone, in the midst of another test.
    app.backend.result_consumer._pubsub = None


def task(app: Celery, name: str, *args: Any) -> Any:
    return app.signature(name, args=args, queue='q-groups')


def test_a_chord_counts_up_until_its_body_runs(http: httpx.Client, canvas: Celery) -> None:
    gid = unique('chord')
    header = group([task(canvas, 'math.add', 1, 1), task(canvas, 'time.sleep', 4)], app=canvas)
    body = chord(header, app=canvas)(task(canvas, 'reports.sum'), group_id=gid, task_id=unique('body'))
    path = f'/api/celery/groups/{body.parent.id}'

    half = wait_for(
        lambda: found if (found := http.get(path).json()).get('done') == 1 else None, 10, 'one of two tasks to be counted'
    )
    assert half['size'] == 2 and half['chord'] is True, half
    assert body.get(timeout=20) == 6


def test_a_saved_group_tells_its_tasks(http: httpx.Client, canvas: Celery) -> None:
    result = group([task(canvas, 'math.add', number, 1) for number in range(3)], app=canvas).apply_async()
    result.save()
    found = wait_for(
        lambda: found if (found := http.get(f'/api/celery/groups/{result.id}').json()).get('done') == 3 else None,
        20,
        'all tasks to be counted',
    )
    assert found['size'] == 3 and found['chord'] is False
    assert [row['id'] for row in found['tasks']] == [child.id for child in result.children]
    assert {row['state'] for row in found['tasks']} == {'SUCCESS'}


async def test_a_group_that_was_not_saved_is_known_by_what_ended(
    stack: Stack, http: httpx.Client, canvas: Celery, connect: ConnectClient
) -> None:
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'queue', 'q-groups'], mode='follow')
        result = group([task(canvas, 'math.add', number, 2) for number in range(2)], app=canvas).apply_async()
        ids = [child.id for child in result.children]
        await client.until(
            lambda: all('groupId' in (view.get(child) or {}) for child in ids), 60, 'the results to tell the group'
        )
    found = (await asyncio.to_thread(http.get, f'/api/celery/groups/{result.id}')).json()
    assert 'size' not in found and found['done'] == 2
    assert {row['id'] for row in found['tasks']} == set(ids)


def test_an_unknown_group_is_404(http: httpx.Client) -> None:
    assert http.get('/api/celery/groups/nothing').status_code == 404
    assert http.get(f'/api/celery/groups/{"x" * 5000}').status_code in {404, 414, 431}


def test_a_wall_may_not_look(stack: Stack) -> None:
    headers = {'authorization': f'Bearer {stack.running_gateway.token("wall", "groups-wall")}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=10) as client:
        for path in ('groups/x', 'differences'):
            assert client.get(f'/api/celery/{path}').status_code == 403


def test_what_differs_between_workers_is_listed(http: httpx.Client) -> None:
    def found() -> Json | None:
        rows = http.get('/api/celery/differences').json()['differences']
        return next((row for row in rows if row['name'] == 'worker_pool_restarts'), None)

    difference = wait_for(found, 60, 'both workers to have told their settings')
    assert difference['values'] == {'false': [ONE.node], 'true': [OTHER.node]}
