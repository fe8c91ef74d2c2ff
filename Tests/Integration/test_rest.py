"""Reading over HTTP: pages of tasks, one task, one worker, one queue, with the names of the synced rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.events import event, life, task_events, worker_event
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.waiting import wait_for

Json = dict[str, Any]
ENDINGS = ['task-succeeded', 'task-failed', 'task-rejected', 'task-revoked']


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.fixture(scope='module')
def http(stack: Stack) -> Iterator[httpx.Client]:
    token = stack.running_gateway.token('operator', 'rest')
    headers = {'authorization': f'Bearer {token}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=10) as client:
        yield client


def pages(http: httpx.Client, **query: Any) -> list[Json]:
    found: list[Json] = []
    after: str | None = None
    while True:
        answer = http.get('/api/celery/tasks', params={**query, **({'after': after} if after else {})})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page['tasks']
        after = page['next']
        if after is None:
            return found
        assert len(page['tasks']) == query.get('limit', 100)


def test_pages_name_each_task_once_whatever_the_order_of_the_ends(stack: Stack, http: httpx.Client) -> None:
    name, host = unique('paged'), unique('pages@host')
    lives = [life(name, hostname=host, ending=ENDINGS[number % 4]) for number in range(300)]
    stack.publish_raw(*task_events(*[life[0] for life in lives]))
    stack.publish_raw(*task_events(*[event for life in reversed(lives) for event in life[1:]]))
    ids = {life[0]['uuid'] for life in lives}
    wait_for(lambda: len(pages(http, name=name, state='SUCCESS,FAILURE,REJECTED,REVOKED')) == 300, 20, 'the ends of 300 tasks')

    for limit in (7, 100, 299, 300, 301):
        found = [task['id'] for task in pages(http, name=name, limit=limit)]
        assert len(found) == 300 and set(found) == ids, f'limit {limit}'
    places = [(task['seen'], task['id']) for task in pages(http, name=name)]
    assert places == sorted(places, reverse=True)
    assert {task['state'] for task in pages(http, name=name, state='FAILURE')} == {'FAILURE'}
    assert len(pages(http, name=name, state='FAILURE,REVOKED')) == 150
    assert len(pages(http, worker=host)) == 300
    assert pages(http, worker=host, queue='nowhere') == []


def test_the_filter_by_queue(stack: Stack, http: httpx.Client) -> None:
    queue, task = unique('queue'), unique('task')
    fields = {'name': 'q', 'args': '()', 'kwargs': '{}', 'retries': 0, 'root_id': task, 'parent_id': None}
    sent = event('task-sent', 'gen1@host', uuid=task, queue=queue, exchange='', routing_key=queue, **fields)
    stack.publish_raw(*task_events(sent))

    wait_for(lambda: [row['id'] for row in pages(http, queue=queue)] == [task], 10, 'the task in its queue')
    row = http.get(f'/api/celery/queues/{queue}').json()
    assert row['id'] == queue and 'state' in row


async def test_rest_and_rows_say_the_same(stack: Stack, http: httpx.Client, connect: ConnectClient) -> None:
    name, host = unique('same'), unique('same@host')
    stack.publish_raw(*worker_event('worker-online', host))
    stack.publish_raw(*task_events(*life(name, hostname=host, ending='task-failed')))
    async with connect(stack) as client:
        view = await client.view(where=['eq', 'name', name])
        workers = await client.subscribe('workers')
        row = await client.until(lambda: next((r for r in view if r['state'] == 'FAILURE'), None), 10, 'the task')
        await client.until(lambda: workers.get(host), 10, 'the worker')

        told = (await asyncio.to_thread(http.get, f'/api/celery/tasks/{row["id"]}')).json()
        worker = (await asyncio.to_thread(http.get, f'/api/celery/workers/{host}')).json()

        assert {name: told[name] for name in row} == row
        assert set(told) - set(row) == {'traceback', 'children', 'attempts'}
        assert told['traceback'] == 'T' and told['attempts'][0]['state'] == 'FAILURE'
        synced = workers.get(host) or {}
        assert set(synced) - {'completeness', 'reason', 'active'} <= set(worker)
        assert worker['id'] == host and worker['software'] == synced['software']


def test_the_flower_view_of_a_task(stack: Stack, http: httpx.Client) -> None:
    events = life(unique('flower'))
    task = events[0]['uuid']
    late = event('task-retried', uuid=task, exception='Late()', traceback='T')
    stack.publish_raw(*task_events(*events, late))
    wait_for(lambda: http.get(f'/api/celery/tasks/{task}').status_code == 200, 10, 'the task')

    ours = http.get(f'/api/celery/tasks/{task}').json()
    flower = http.get(f'/api/celery/tasks/{task}', params={'view': 'flower'}).json()

    # Celery lets a late retry undo a success; we do not.
    assert (ours['state'], flower['state']) == ('SUCCESS', 'RETRY')
    assert flower['uuid'] == task and flower['type'] == 'task-retried' and flower['exception'] == 'Late()'
    assert flower['retried'] == late['timestamp'] and flower['worker'] == late['hostname']


@pytest.mark.parametrize(
    'query',
    [
        'limit=0',
        'limit=1001',
        'limit=x',
        'after=x',
        'after=nan:1',
        'colour=red',
        'limit=1&limit=2',
        'view=other',
        'view=flower&state=SUCCESS',
        'view=flower&after=1.5',
    ],
)
def test_a_wrong_query_is_refused(http: httpx.Client, query: str) -> None:
    answer = http.get(f'/api/celery/tasks?{query}')

    assert answer.status_code == 400 and answer.headers['content-type'] == 'application/problem+json'


@pytest.mark.parametrize('path', ['tasks/none', 'tasks/none?view=flower', 'workers/none', 'queues/none', 'nothing', 'tasks/a/b'])
def test_what_is_not_there_is_404(http: httpx.Client, path: str) -> None:
    assert http.get(f'/api/celery/{path}').status_code == 404


def test_a_viewer_sees_no_texts_in_either_view(stack: Stack) -> None:
    events = life(unique('masked'))
    events[0]['args'] = "('secret',)"
    events.insert(2, event('task-progress', uuid=events[0]['uuid'], note='secret'))
    stack.publish_raw(*task_events(*events))
    headers = {'authorization': f'Bearer {stack.running_gateway.token("viewer", unique("viewer"))}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers) as http:
        task = f'/api/celery/tasks/{events[0]["uuid"]}'
        wait_for(lambda: http.get(task).json().get('state') == 'SUCCESS', 10, 'the task')
        answers = [http.get(path) for path in (task, f'{task}?view=flower', '/api/celery/tasks', '/api/celery/tasks?view=flower')]

    assert all(answer.status_code == 200 for answer in answers)
    assert all('secret' not in answer.text for answer in answers)


def test_the_flower_view_can_be_off(tmp_path: Path) -> None:
    stack = Stack(tmp_path).start(gateway_options=['--flower-tasks', '0'])
    try:
        headers = {'authorization': f'Bearer {stack.running_gateway.token("admin", "off")}'}
        answer = httpx.get(f'{stack.running_gateway.base_url}/api/celery/tasks?view=flower', headers=headers)
        assert answer.status_code == 404 and '--flower-tasks' in answer.json()['detail']
    finally:
        stack.stop()
