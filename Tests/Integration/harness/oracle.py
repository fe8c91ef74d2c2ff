"""Random events, through Redis to the gateway and straight into Celery's own State: compared field by field.

`view=flower` must agree with `celery.events.state.State` in everything. Our own view must agree with what truly happened
(lives.py knows), so where it differs from State, State is wrong; each such difference is listed under its rule.
"""

from __future__ import annotations

import heapq
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from celery.events.state import State, Task, Worker

from .events import envelope
from .lives import Event, Host, Life, LifeMaker
from .stack import Stack
from .waiting import wait_for

# Clocks that differ by less than 2 s are not corrected, and the correction moves in steps of 1 s.
CLOCK_TOLERANCE = 3.1
SKEWS = (0, 0, 0, 0.4, -0.7, 1.5, -1.5, 40, -75, 3600)
Json = dict[str, Any]


def worker_event(host: Host, kind: str, random: Random) -> Event:
    return {
        'type': kind,
        'hostname': host.name,
        'pid': host.pid,
        'utcoffset': 0,
        'clock': random.randrange(1_000_000),
        'timestamp': time.time() + host.skew,
        'freq': 2.0,
        'active': random.randrange(9),
        'processed': random.randrange(9_999),
        'loadavg': [random.randrange(99) / 16 for _ in range(3)],
        'sw_ident': 'py-celery',
        'sw_ver': random.choice(('5.6.0', '5.7.0')),
        'sw_sys': 'Linux',
    }


def worker_events(host: Host, random: Random) -> list[Event]:
    """A heartbeat; at times a goodbye and a return instead, or a return that no goodbye was heard of."""
    kinds = random.choices((['worker-heartbeat'], ['worker-offline', 'worker-online'], ['worker-online']), (6, 3, 1))[0]
    return [worker_event(host, kind, random) for kind in kinds]


def arrivals(maker: LifeMaker, count: int) -> tuple[dict[str, Life], list[Event]]:
    """Lives, and `count` events of them in the order of arrival: about 400 tasks at a time."""
    lives: dict[str, Life] = {}
    running: list[tuple[float, int, list[Event]]] = []
    order: list[Event] = []
    chance = maker.random
    # Old enough that all of it has happened.
    at = maker.now - 4_000
    serial = 0
    while len(order) < count:
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
    return lives, order + rest


def publish(stack: Stack, http: httpx.Client, hosts: list[Host], events: list[Event], random: Random) -> list[Event]:
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
            send(worker_events(host, random))
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


def replay(events: list[Event], tasks: int) -> tuple[State, set[str]]:
    """What State makes of the events, and the tasks that it forgot for lack of room and made anew from later events."""
    state = FreedState(max_tasks_in_memory=tasks)
    known: set[str] = set()
    forgotten: set[str] = set()
    for event in events:
        uuid = event.get('uuid')
        if uuid is not None:
            if uuid in known and uuid not in state.tasks:
                forgotten.add(uuid)
            known.add(uuid)
        state.event({**event, 'local_received': time.time()})
    return state, forgotten


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


def worker_differences(state: State, flower: dict[str, Json]) -> tuple[int, list[str]]:
    """Fields of workers. When heartbeats were heard is the receiver's own time: of them the number is compared."""
    compared, differences = 0, []
    for name, worker in state.workers.items():
        ours = dict(flower.get(name, {}))
        theirs = {each: getattr(worker, each) for each in Worker._fields}
        for fields in (ours, theirs):
            fields['heartbeats'] = len(fields.get('heartbeats') or [])
        theirs['loadavg'] = list(theirs['loadavg']) if theirs['loadavg'] else None
        for each in sorted(theirs):
            compared += 1
            if ours.get(each) != theirs[each]:
                differences.append(f'{name} {each}: State {theirs[each]!r}, flower view {ours.get(each)!r}')
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
OPEN = {'PENDING', 'RECEIVED', 'STARTED', 'RETRY', 'PROGRESS', 'MY-STEP'}


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


def is_loss(task: Json, life: Life) -> bool:
    """Whether LOST is right, judged by its evidence: a message that was sent last is in no queue (there is none in this Redis), or
    the worker that had the task last has said goodbye or fallen silent for long. That a worker answers nothing, as all of them here,
    is no evidence."""
    state, reason = life.truth['state'], str(task.get('reason'))
    end = f' and the result backend knows nothing of it; last seen {state}.'
    if state in {'PENDING', 'RETRY'}:
        return reason == f'Queue {life.truth.get("queue")} is empty, no worker has it{end}'
    worker = life.truth.get('worker')
    gone = [f'{worker} is {health}, no other worker has it{end}' for health in ('offline', 'unreachable')]
    return state in OPEN and reason in gone


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
        if task['state'] == 'LOST' and is_loss(task, life):
            rules['state: LOST, its queue is empty or its worker gone, and nobody knows of it'] += 1
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
                reason = rule(life, name, ours, theirs)
                if uuid in forgotten:
                    reason = f'{name}: State had no room for the task in between and forgot what came before'
                if reason is None:
                    wrong.append(f'{life.kind} {uuid} {name}: ours {ours!r}, State {theirs!r}: no rule explains it')
                else:
                    rules[reason] += 1
    return compared, rules, wrong


@dataclass
class Agreement:
    """What one comparison found."""

    seed: int
    events: list[Event] = field(default_factory=list)
    lives: int = 0
    seconds: float = 0
    flower_tasks: int = 0
    flower_fields: int = 0
    workers: int = 0
    worker_fields: int = 0
    differences: list[str] = field(default_factory=list)
    own_fields: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def report(self) -> str:
        kinds = sorted(Counter(event['type'] for event in self.events).items())
        lines = [
            f'{len(self.events):,} events of {self.lives:,} tasks in {self.seconds:.0f} s, seed {self.seed}: '
            + ', '.join(f'{kind} {count:,}' for kind, count in kinds),
            f'flower view: {self.flower_tasks:,} tasks, {self.flower_fields:,} fields compared with State, '
            f'and of {self.workers} workers {self.worker_fields}: {len(self.differences)} differences',
            f'our own view: {self.own_fields:,} fields compared with what happened, {len(self.wrong)} wrong or unexplained',
            'differences of our own view from State, by rule:',
            *(f'  {count:7,}  {reason}' for reason, count in sorted(self.rules.items())),
            *self.differences[:20],
            *self.wrong[:20],
        ]
        return '\n'.join(lines)


def compare(stack: Stack, count: int, seed: int, flower_tasks: int) -> Agreement:
    """Publishes `count` random events to a gateway that keeps `flower_tasks` records for Flower's view, and compares."""
    agreement = Agreement(seed)
    hosts = [Host(f'worker{number}@host', 1000 + number, skew) for number, skew in enumerate(SKEWS)]
    began = time.time()
    maker = LifeMaker(seed, hosts, began)
    lives, events = arrivals(maker, count)
    headers = {'authorization': f'Bearer {stack.running_gateway.token("operator", "oracle")}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=30) as http:
        agreement.events = publish(stack, http, hosts, events, maker.random)
        flower = pages(http, view='flower')
        own = pages(http)
        workers = {host.name: http.get(f'/api/celery/workers/{host.name}', params={'view': 'flower'}).json() for host in hosts}
        # The path of one task gives the same as the pages.
        for uuid in list(flower)[:50]:
            one = http.get(f'/api/celery/tasks/{uuid}', params={'view': 'flower'}).json()
            if one != flower[uuid]:
                agreement.differences.append(f'{uuid}: its own path and the page differ')
    agreement.seconds = time.time() - began
    state, forgotten = replay(agreement.events, flower_tasks)
    agreement.lives = len(lives)
    agreement.flower_tasks = len(flower)
    agreement.flower_fields, found = flower_differences(state, flower, began)
    agreement.differences += found
    agreement.workers = len(state.workers)
    agreement.worker_fields, found = worker_differences(state, workers)
    agreement.differences += found
    agreement.own_fields, agreement.rules, agreement.wrong = own_differences(lives, own, flower, forgotten)
    return agreement
