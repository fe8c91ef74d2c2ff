"""The checks of `bin/demo --once`: that deltas flow, and that commands do what they say, seen from Redis and Celery themselves."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from harness.client import GatewayClient
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.waiting import wait_for

from .fleet import CATALOG, MAIL, MEDIA, REPORTS, UNCONSUMED_QUEUE, WORKERS

TOPICS = ('stats', 'workers', 'queues', 'commands', 'health')
POOL_FACTS = ('pool', 'autoscale', 'poolRestarts', 'queues')
KINDS_SECONDS = 60.0
"""Time until one task of each kind has come so far."""
RENEWAL_SECONDS = 60.0
"""Time until every process of a restarted pool is new."""


class CheckError(AssertionError):
    """A check of the demo failed."""


def expect(condition: object, sentence: str) -> None:
    if not condition:
        raise CheckError(sentence)


class Checks:
    """The checks, in the order in which they run. Each returns the sentence that is shown when it passed."""

    def __init__(self, stack: Stack, client: GatewayClient) -> None:
        self.stack = stack
        self.client = client
        self.tables: dict[str, Table] = {}

    def all(self) -> list[Callable[[], Awaitable[str]]]:
        return [
            self.link,
            self.workers,
            self.deltas,
            self.states,
            self.kinds,
            self.run,
            self.revoke,
            self.terminate,
            self.purge,
            self.restart,
            self.refusal,
        ]

    async def link(self) -> str:
        link = self.stack.running_gateway.login_url()
        page, code = link.split('#login=')
        async with httpx.AsyncClient(timeout=10) as http:
            shown = await http.get(page)
            expect(
                shown.status_code == 200 and '<html' in shown.text.lower(),
                f'{page} answered {shown.status_code}',
            )
            opened = await http.post(f'{page}api/session', json={'code': code})
            expect(
                opened.status_code == 200,
                f'the login code was answered with {opened.status_code} {opened.text}',
            )
            again = await http.get(f'{page}api/session')
            expect(again.status_code == 200, 'the session cookie does not work')
        return f'the page is served and its one-time link opens a session as {opened.json()["who"]}'

    async def workers(self) -> str:
        for topic in TOPICS:
            self.tables[topic] = await self.client.subscribe(topic)
        self.tables['tasks'] = await self.client.view(mode='follow', limit=50)
        nodes = {spec.node for spec in WORKERS}

        def online() -> bool:
            rows = self.tables['workers'].by_id()
            return nodes <= rows.keys() and all(rows[node]['state'] in {'online', 'busy', 'slow'} for node in nodes)

        await self.client.until(
            online,
            40,
            lambda: f'four workers online; {self._shown("workers", "state")}',
        )

        def kinds() -> dict[str, tuple[Any, ...]]:
            rows = self.tables['workers'].by_id()
            return {spec.node: tuple(rows[spec.node].get(name) for name in POOL_FACTS) for spec in WORKERS}

        wanted = {
            MAIL.node: ('prefork', [1, 3], False, ['billing', 'mail']),
            REPORTS.node: ('prefork', None, True, ['reports', 'search']),
            CATALOG.node: ('solo', None, False, ['catalog']),
            MEDIA.node: ('threads', None, False, ['celery', 'media']),
        }
        await self.client.until(
            lambda: kinds() == wanted,
            30,
            lambda: f'{POOL_FACTS} to be {wanted}; they are {kinds()}',
        )
        pools = ', '.join(f'{node} ({facts[0]})' for node, facts in sorted(wanted.items()))
        return f'{len(nodes)} workers are online with their pools, autoscaler, pool restarts and queues: {pools}'

    def _shown(self, topic: str, field: str) -> dict[str, Any]:
        return {key: row.get(field) for key, row in self.tables[topic].by_id().items()}

    async def deltas(self) -> str:
        wanted = ('stats', 'workers', 'queues', 'tasks')
        before = {name: self.tables[name].deltas for name in wanted}
        await self.client.until(
            lambda: all(self.tables[name].deltas - before[name] >= 5 for name in wanted),
            30,
            lambda: f'five deltas each; { ({name: self.tables[name].deltas - before[name] for name in wanted}) }',
        )
        fleet = self.tables['stats'].get('fleet') or {}
        return f'deltas flow on {", ".join(wanted)}; {fleet.get("tasks")} tasks known, {fleet.get("eventsPerSecond", 0):.0f} events/s'

    async def states(self) -> str:
        def counts() -> dict[str, int]:
            rows = [row for row in self.tables['stats'] if str(row['id']).startswith('total:')]
            return {row['state']: row['count'] for row in rows if row['count']}

        await self.client.until(
            lambda: {'SUCCESS', 'STARTED', 'RECEIVED'} <= counts().keys(),
            30,
            lambda: f'tasks that end; {counts()}',
        )
        return f'tasks are followed to their end: {counts()}'

    async def kinds(self) -> str:
        """Each kind that the producer makes, in the rows of real tasks."""
        wanted: dict[str, tuple[str, Callable[[Row], object]]] = {
            'a failure with its exception': (
                'billing.charge',
                lambda row: row['state'] == 'FAILURE' and row.get('exception'),
            ),
            'a retry': ('mail.send', lambda row: row.get('retries')),
            'an ETA': ('reports.limited', lambda row: row.get('eta')),
            'progress': (
                'media.transcode',
                lambda row: 'current' in json.loads(row.get('progress') or '{}'),
            ),
            'a long task': (
                'time.sleep',
                lambda row: row['state'] == 'STARTED' or row.get('runtime', 0) > 4,
            ),
            'the end of a chain': (
                'text.echo',
                lambda row: row.get('parentId') and row.get('rootId') != row['id'],
            ),
            'a chord': (
                'reports.sum',
                lambda row: row['state'] == 'SUCCESS' and row.get('result') == '20',
            ),
            'one that expired': ('mail.send', lambda row: row['state'] == 'REVOKED'),
        }
        seen: dict[str, str] = {}
        deadline = time.monotonic() + KINDS_SECONDS
        while len(seen) < len(wanted):
            for kind, (name, fits) in wanted.items():
                found = await self.client.call(
                    'query',
                    {'topic': 'tasks', 'where': ['eq', 'name', name], 'limit': 100},
                )
                for row in (dict(zip(found['cols'], cells, strict=True)) for cells in found['rows']):
                    if kind not in seen and fits(row):
                        seen[kind] = f'{name} {row["id"][:8]}'
            expect(
                time.monotonic() < deadline,
                f'not seen: {sorted(wanted.keys() - seen.keys())}; seen: {seen}',
            )
            await asyncio.sleep(0.5)
        # Celery's events do not tell priorities: the broker's lists do.
        queue = self.tables['queues'].by_id().get(UNCONSUMED_QUEUE) or {}
        expect(
            (queue.get('steps') or [0, 0, 0, 0])[2],
            f'no message waits with priority 6 in {UNCONSUMED_QUEUE}: {queue}',
        )
        return f'priorities: {queue["steps"]} wait in {UNCONSUMED_QUEUE}; each kind of task is seen: ' + ', '.join(
            f'{kind} ({task})' for kind, task in seen.items()
        )

    async def _result(self, task_id: str, status: str, timeout: float = 20) -> Row:
        def found() -> Row | None:
            result = self.stack.result(task_id)
            return result if result and result['status'] == status else None

        return await asyncio.to_thread(wait_for, found, timeout, f'{status} of {task_id} in the result backend')

    def _confirmed(self, row: Row) -> None:
        expect(
            row['state'] == 'confirmed',
            f'{row["cmd"]} ended {row["state"]}: {row.get("reason")} {row.get("evidence")}',
        )

    async def run(self) -> str:
        row = await self.client.command('task.run', {'task': 'math.add', 'args': [40, 2], 'queue': 'celery'})
        self._confirmed(row)
        result = await self._result(row['taskId'], 'SUCCESS')
        expect(result['result'] == 42, f'the result is {result["result"]}')
        return f'run: {row["evidence"][-1]}; the result in Redis is 42'

    async def revoke(self) -> str:
        task = self.stack.send('math.add', 1, 1, queue='search', countdown=120)
        await self.client.until(lambda: self.tables['tasks'].get(task), 20, 'the waiting task to be seen')
        row = await self.client.command('task.revoke', {'id': task})
        self._confirmed(row)
        await self._result(task, 'REVOKED')
        return f'revoke of a waiting task: {row["evidence"][-1]}; Redis says REVOKED'

    async def terminate(self) -> str:
        task = self.stack.send('time.sleep', 300, queue='search')
        await self._result(task, 'STARTED', 60)
        row = await self.client.command('task.revoke', {'id': task, 'terminate': True, 'signal': 'SIGTERM'})
        self._confirmed(row)
        inspector = self.stack.app.control.inspect([REPORTS.node], timeout=5)
        active = await asyncio.to_thread(inspector.active)
        expect(active and task not in json.dumps(active), f'the worker still runs {task}')
        proof = next(line for line in row['evidence'] if 'REVOKED' in line)
        return f'revoke of a running task: {proof}; the worker no longer runs it'

    async def purge(self) -> str:
        queue, count = unique('purge'), 12
        for number in range(count):
            self.stack.send('math.add', 1, 1, queue=queue, priority=number % 10)
        expect(
            self.stack.queue_length(queue) == count,
            'the messages to purge are not there',
        )
        row = await self.client.command('queue.purge', {'queue': queue}, expect={'messagesMax': count})
        self._confirmed(row)
        expect(
            self.stack.queue_length(queue) == 0,
            f'{self.stack.queue_length(queue)} messages are left',
        )
        expect(
            any(str(count) in line for line in row['evidence']),
            f'the evidence does not say {count}: {row["evidence"]}',
        )
        back = await self.client.command('queue.restore', {'trash': row['id']})
        self._confirmed(back)
        expect(
            self.stack.queue_length(queue) == count,
            f'{self.stack.queue_length(queue)} messages came back',
        )
        return f'purge: {row["evidence"][0]}; the queue in Redis was empty; {back["evidence"][0]}'

    async def _pids(self, node: str) -> set[int]:
        inspector = self.stack.app.control.inspect([node], timeout=5)
        stats = await asyncio.to_thread(inspector.stats)
        return set(((stats or {}).get(node) or {}).get('pool', {}).get('processes', []))

    async def restart(self) -> str:
        before = await self._pids(REPORTS.node)
        row = await self.client.command('worker.restart', {'workers': [REPORTS.node]}, deadline_ms=30000, timeout=60)
        self._confirmed(row)
        deadline = time.monotonic() + RENEWAL_SECONDS
        while before & (after := await self._pids(REPORTS.node)) or not after:
            # Celery replaces one idle process at once and each other one after its next task.
            expect(
                time.monotonic() < deadline,
                f'the pool had the processes {before} and still has {after}',
            )
            self.stack.send('math.add', 1, 1, queue='search')
        return f'restart: {row["evidence"][-1]}; Celery says processes {sorted(before)} became {sorted(after)}'

    async def refusal(self) -> str:
        row = await self.client.command('worker.restart', {'workers': [MAIL.node]})
        expect(
            row['state'] == 'rejected',
            f'restart without the setting ended {row["state"]}',
        )
        expect('worker_pool_restarts' in row.get('fix', ''), f'no fix is named: {row}')
        return f'a restart that cannot work is rejected: {row["reason"]} ({row["fix"]})'


async def run_checks(stack: Stack) -> bool:
    """Runs all checks, prints a line for each, and tells whether all passed. Goes on after a failure: the rest may tell why."""
    gateway = stack.running_gateway
    token = gateway.token('admin', 'demo-once')
    passed = True
    async with GatewayClient.connect(gateway.ws_url, token) as client:
        checks = Checks(stack, client)
        for check in checks.all():
            started = time.monotonic()
            try:
                sentence = await check()
            except Exception as problem:  # every failure is shown, and the exit code tells
                passed = False
                print(
                    f'✗ {check.__name__}: {type(problem).__name__}: {problem}',
                    flush=True,
                )
                if client.closed.is_set():
                    break
            else:
                print(f'✓ {sentence} ({time.monotonic() - started:.1f} s)', flush=True)
    return passed
