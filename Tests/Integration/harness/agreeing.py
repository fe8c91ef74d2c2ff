"""Checks that hold after every fault: no client ever showed a mixed state, and what is shown is what Redis and Celery say.

A revision is one state of a topic. So whatever two clients have at the same revision must be equal, in every moment of a fault: a
client that shows half of one state and half of another shows something else than its neighbor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .client import GatewayClient
from .rows import Row, Table

Redis = Any


class StateLog:
    """What one client's tables held at each revision, as they were told."""

    def __init__(self, client: GatewayClient) -> None:
        self.states: dict[tuple[str, str, int], str] = {}
        for table in client.tables.values():
            self._follow(table)

    def _follow(self, table: Table) -> None:
        apply = table.apply

        def applied(method: str, params: Row) -> None:
            before = table.rev
            apply(method, params)
            if table.live and table.rev != before:
                self.states[table.topic, table.epoch, table.rev] = json.dumps(sorted(table.rows.items()), sort_keys=True)

        table.apply = applied  # type: ignore[method-assign]


def compare(one: StateLog, other: StateLog) -> tuple[int, list[str]]:
    """How many states both clients had, and which of them differ."""
    shared = one.states.keys() & other.states.keys()
    return len(shared), [
        f'{topic} at {rev}' for topic, epoch, rev in shared if one.states[topic, epoch, rev] != other.states[topic, epoch, rev]
    ]


def queue_differences(queues: Table, redis: Redis) -> list[str]:
    """Queues whose depth is not what LLEN says of their keys."""
    found = []
    for row in queues:
        keys = [row['id'], *(f'{row["id"]}\x06\x16{step}' for step in (3, 6, 9))]
        depth = sum(int(redis.llen(key)) for key in keys)
        if row.get('depth') != depth:
            found.append(f'{row["id"]} is shown with {row.get("depth")} messages, Redis has {depth}')
    return found


def task_differences(rows: Iterable[Row], results: Redis) -> list[str]:
    """Tasks whose state is not that of their result, where there is one."""
    found = []
    for row in rows:
        stored = results.get(f'celery-task-meta-{row["id"]}')
        if stored is None:
            continue
        status = json.loads(stored)['status']
        if row.get('state') != status:
            found.append(f'{row["id"]} is shown as {row.get("state")}, its result says {status}')
    return found


def worker_differences(workers: Table, alive: set[str]) -> list[str]:
    """Workers that are shown as up and are not, or the other way round; and rows that are still in doubt."""
    up = {row['id'] for row in workers if row.get('state') in {'online', 'busy', 'slow'}}
    found = [f'{name} is up but not shown so' for name in alive - up]
    found += [f'{name} is shown as up' for name in up - alive]
    return found + [f'{row["id"]} is stale' for row in workers if row.get('stale')]
