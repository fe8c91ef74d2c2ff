"""100,000 random events, through Redis to the gateway and straight into Celery's own State: field by field.

`view=flower` must agree with `celery.events.state.State` in everything. Our own view must agree with what truly happened
(harness/lives.py knows), so where it differs from State, State is wrong; each such difference is listed under its rule.
"""

from __future__ import annotations

import heapq
import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery.events.state import State, Task
from harness.events import envelope
from harness.lives import Event, Host, Life, LifeMaker
from harness.stack import Stack
from harness.waiting import wait_for

EVENTS = 100_000
FLOWER_TASKS = 10_000
SEED = int(os.environ.get('CELERIAC_SEED', time.time_ns() % 1_000_000_000))
# Clocks that differ by less than 2 s are not corrected, and the correction moves in steps of 1 s.
CLOCK_TOLERANCE = 3.1
Json = dict[str, Any]


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start(gateway_options=['--flower-tasks', str(FLOWER_TASKS)])
    yield stack
    stack.stop()


def heartbeat(host: Host) -> Event:
    return {
        'type': 'worker-heartbeat',
        'hostname': host.name,
        'pid': host.pid,
        'utcoffset': 0,
        'clock': 1,
        'timestamp': time.time() + host.skew,
        'freq': 2.0,
        'active': 0,
        'sw_ident': 'py-celery',
        'sw_ver': '5.7.0',
        'sw_sys': 'Linux',
    }


def arrivals(maker: LifeMaker) -> tuple[dict[str, Life], list[Event]]:
    """Lives, and EVENTS events of them in the order of arrival: about 400 tasks at a time."""
    lives: dict[str, Life] = {}
    running: list[tuple[float, int, list[Event]]] = []
    order: list[Event] = []
    chance = maker.random
    # Old enough that all of it has happened.
    at = maker.now - 4_000
    serial = 0
    while len(order) < EVENTS:
        while len(running) < 400:
            life = maker.make(chance.choice(maker.kinds), at)
            lives[life.uuid] = life
            at += 0.25
            serial += 1
            heapq.heappush(running, (chance.random(), serial, maker.spoil(life.events)))
        when, number, events = heapq.heappop(running)
        order.append(events.pop(0))
        if events:
            heapq.heappush(running, (when + chance.random() / 10, number, events))
    # What is under way is told to the end, so that every life's truth holds.
    rest = [event for _, _, events in running for event in events]
    return lives, (order + rest)[: EVENTS + len(rest)]


def publish(stack: Stack, http: httpx.Client, hosts: list[Host], events: list[Event], random: Any) -> list[Event]:
    """Publishes in messages of 1 to 24, and gives all events in the order in which they went out."""
    redis = stack.redis()
    published: list[Event] = []

    def send(batch: list[Event]) -> None:
        pipeline.publish('/0.celeryev/task.multi', envelope(json.dumps(batch).encode(), 'task.multi'))
        published.extend(batch)

    place = 0
    while place < len(events):
        pipeline = redis.pipeline(transaction=False)
        for host in hosts:
            send([heartbeat(host)])
        end = min(place + 5_000, len(events))
        while place < end:
            count = random.randint(1, 24)
            send(events[place : min(place + count, end)])
            place = min(place + count, end)
        pipeline.execute()
        wait_for(lambda: ingested(http) >= len(published), 30, f'{len(published)} events to arrive')
    return published


def ingested(http: httpx.Client) -> int:
    rows = http.get('/api/celery/health').json()['health']
    return next((int(row.get('events', 0)) for row in rows if row['id'] == 'ingest'), 0)


def pages(http: httpx.Client, **query: Any) -> dict[str, Json]:
    found: dict[str, Json] = {}
    after: str | None = None
    while True:
        answer = http.get('/api/celery/tasks', params={'limit': 1000, **query, **({'after': after} if after else {})})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        for task in page['tasks']:
            key = task.get('uuid') or task['id']
            assert key not in found, 'a task came twice'
            found[key] = task
        after = page['next']
        if after is None:
            return found


# The flower view --------------------------------------------------------------------------------------------------------


class FreedTask(Task):  # type: ignore[misc]
    """Celery's record, without its references to itself: so that a task which left State is gone at once, as the weak
    references of its parent intend, and not whenever Python's collector comes round."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._serializer_handlers: Json = {}


class FreedState(State):  # type: ignore[misc]
    Task = FreedTask


def state_fields(task: Task) -> Json:
    """Everything that State holds of a task."""
    fields = {**vars(task), **{name: getattr(task, name) for name in Task._fields}}
    for name in ('cluster_state', '_serializer_handlers', 'local_received'):
        fields.pop(name, None)
    fields['worker'] = task.worker.hostname if task.worker else None
    fields['children'] = sorted(child.uuid for child in task.children)
    # As Task.as_dict() writes them.
    fields['root'], fields['parent'] = task.root_id, task.parent_id
    return fields


def flower_differences(state: State, flower: dict[str, Json], began: float) -> tuple[int, list[str]]:
    compared, differences = 0, []
    if set(state.tasks) != set(flower):
        differences.append(f'{len(set(state.tasks) ^ set(flower))} tasks are kept by one alone')
    for uuid, task in state.tasks.items():
        ours = dict(flower.get(uuid, {}))
        # The time of receipt is the receiver's own: it can only be plausible.
        if not began - 1 <= ours.pop('local_received', 0) <= time.time():
            differences.append(f'{uuid} local_received')
        theirs = state_fields(task)
        for name in sorted(set(theirs) | set(ours)):
            compared += 1
            if theirs.get(name) != ours.get(name):
                differences.append(f'{uuid} {name}: State {theirs.get(name)!r}, flower view {ours.get(name)!r}')
    return compared, differences


# Our own view -----------------------------------------------------------------------------------------------------------

# Ours -> State's.
SAME = {
    'state': 'state',
    'name': 'name',
    'worker': 'worker',
    'queue': 'queue',
    'args': 'args',
    'kwargs': 'kwargs',
    'result': 'result',
    'exception': 'exception',
    'retries': 'retries',
    'runtime': 'runtime',
    'expires': 'expires',
    'rootId': 'root_id',
    'parentId': 'parent_id',
    'sent': 'sent',
    'received': 'received',
    'started': 'started',
}
TRUE_NAMES = {'rootId': 'root_id', 'parentId': 'parent_id'}
TIMES = {'sent', 'received', 'started', 'finished'}


def true_value(life: Life, name: str) -> Any:
    truth = life.truth.get(TRUE_NAMES.get(name, name))
    if name == 'name' and truth is None and life.kind == 'unregistered':
        return 'gone.task'
    if name == 'runtime' and truth is None and life.truth['state'] in {'SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', 'CANCELLED'}:
        begun, ended = life.truth.get('started'), life.truth.get('finished')
        return None if begun is None or ended is None else ended - begun
    return truth


def is_same(name: str, ours: Any, truth: Any) -> bool:
    if ours is None or truth is None:
        return ours is None and truth is None
    if name in TIMES:
        return math.isclose(ours, truth, abs_tol=CLOCK_TOLERANCE)
    if name == 'runtime':
        # Ours is rounded to milliseconds.
        return math.isclose(ours, truth, abs_tol=0.0011)
    return bool(ours == truth)


def rule(life: Life, name: str, ours: Any, theirs: Any) -> str | None:
    """Why State says something else than what happened."""
    states = {event['type'] for event in life.events}
    match name:
        case 'state' if theirs == 'RETRY':
            return 'state: an attempt after a retry counts, a late task-retried does not undo it'
        case 'state' if life.kind == 'terminated_in_gevent':
            return 'state: the first end of an attempt is final, a terminated task does not succeed afterwards'
        case 'state' if theirs in {'PROGRESS', 'CANCELLED'} or ours in {'PROGRESS', 'CANCELLED'}:
            return 'state: by the time of the events; in State a custom state outranks STARTED and REVOKED'
        case 'state' if 'task-rejected' in states:
            return 'state: by the time of the events; State ranks REJECTED below RECEIVED'
        case 'state' if life.kind in {'retried', 'waits_for_retry'}:
            return 'state: the state of the newest attempt; State mixes the attempts of one id'
        case 'name' if life.kind == 'unregistered':
            return 'name: of an unregistered task, from its exception'
        case 'worker':
            return 'worker: of the current attempt, not of the event that came last'
        case 'queue' if theirs is not None:
            return None
        case 'result' | 'exception' | 'runtime' if ours is None:
            return f'{name}: only of the current attempt and state'
        case 'result' | 'exception':
            return f'{name}: of the current attempt, not of the event that came last'
        case 'runtime' if theirs is None or life.truth.get('runtime') is None:
            return 'runtime: finished - started where Celery tells none'
        case 'runtime':
            return 'runtime: of the current attempt, not of the event that came last'
        case 'retries' if theirs is None:
            return 'retries: 0 where no event tells'
        case 'retries':
            return 'retries: the highest attempt, not that of the event that came last'
        case 'parentId' if theirs == life.uuid:
            return 'parentId: a retried task is not its own parent'
        case 'sent' | 'received' | 'started' if ours is None:
            return f'{name}: only of the current attempt'
        case 'sent' | 'received' | 'started':
            return f'{name}: of the current attempt, on our clock'
    return None


def own_differences(
    lives: dict[str, Life], own: dict[str, Json], flower: dict[str, Json], forgotten: set[str]
) -> tuple[int, Counter[str], list[str]]:
    """Fields compared, differences from State by rule, and what is wrong or not explained."""
    compared, rules, wrong = 0, Counter[str](), []
    for uuid, life in lives.items():
        task = own.get(uuid)
        if task is None:
            wrong.append(f'{life.kind} {uuid} is not known')
            continue
        if life.kind == 'impossible':
            rules['impossible histories: nothing is true of them, not compared'] += 1
            continue
        if task.get('redelivered', 0) != life.truth['redelivered']:
            wrong.append(f'{life.kind} {uuid} redelivered {task.get("redelivered", 0)}, true {life.truth["redelivered"]}')
        for name in SAME:
            ours, truth = task.get(name), true_value(life, name)
            compared += 1
            if not is_same(name, ours, truth):
                wrong.append(f'{life.kind} {uuid} {name}: ours {ours!r}, true {truth!r}')
                continue
            if uuid not in flower:
                continue
            theirs = flower[uuid].get(SAME[name])
            same = (
                math.isclose(ours, theirs, abs_tol=0.0011)
                if isinstance(ours, float) and isinstance(theirs, float)
                else ours == theirs
            )
            if not same:
                reason = (
                    'any field: State had forgotten the task meanwhile' if uuid in forgotten else rule(life, name, ours, theirs)
                )
                if reason is None:
                    wrong.append(f'{life.kind} {uuid} {name}: ours {ours!r}, State {theirs!r}: no rule explains it')
                else:
                    rules[reason] += 1
    return compared, rules, wrong


def test_agreement_with_state_on_100_000_random_events(stack: Stack) -> None:
    print(f'\nseed {SEED} (CELERIAC_SEED={SEED} runs it again)')
    skews = [0, 0, 0, 0.4, -0.7, 1.5, -1.5, 40, -75, 3600]
    hosts = [Host(f'worker{number}@host', 1000 + number, skew) for number, skew in enumerate(skews)]
    began = time.time()
    maker = LifeMaker(SEED, hosts, began)
    lives, events = arrivals(maker)
    headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", "oracle")}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=30) as http:
        published = publish(stack, http, hosts, events, maker.random)
        flower = pages(http, view='flower')
        own = pages(http)
        seconds = time.time() - began
        # The path of one task gives the same as the pages.
        for uuid in list(flower)[:50]:
            assert http.get(f'/api/celery/tasks/{uuid}', params={'view': 'flower'}).json() == flower[uuid]

    state = FreedState(max_tasks_in_memory=FLOWER_TASKS)
    seen: set[str] = set()
    forgotten: set[str] = set()
    for event in published:
        task_id = str(event.get('uuid'))
        if task_id in seen and task_id not in state.tasks:
            forgotten.add(task_id)
        seen.add(task_id)
        state.event({**event, 'local_received': time.time()})
    compared, differences = flower_differences(state, flower, began)
    kinds = Counter(event['type'] for event in published)
    print(
        f'events {len(published):,} of {len(kinds)} types, {len(lives):,} tasks in {seconds:.0f} s: {dict(sorted(kinds.items()))}'
    )
    print(f'flower view: {len(flower):,} tasks, {compared:,} fields compared with State, {len(differences)} differences')
    own_compared, rules, wrong = own_differences(lives, own, flower, forgotten)
    print(f'our own view: {own_compared:,} fields compared with what happened, {len(wrong)} wrong or unexplained')
    print('differences of our own view from State, by rule:')
    for reason, count in sorted(rules.items()):
        print(f'  {count:7,}  {reason}')

    assert len(published) >= EVENTS
    assert len(flower) == FLOWER_TASKS
    assert differences == [], f'{len(differences)} differences, such as {differences[:10]}'
    what = Counter(' '.join(text.split()[:3:2]) for text in wrong)
    assert wrong == [], f'{len(wrong)} wrong or unexplained: {what}, such as {wrong[:12]}'
