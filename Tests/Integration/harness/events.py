"""Event messages made by hand, as kombu puts them on the wire: for what no well-behaved worker would send, and for load."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

Event = dict[str, Any]


def envelope(body: bytes, routing_key: str, hostname: str = 'forged@test', /, **changes: Any) -> bytes:
    """A message of the virtual transport around `body`. `changes` replace top-level members."""
    message: dict[str, Any] = {
        'body': base64.b64encode(body).decode(),
        'content-encoding': 'utf-8',
        'content-type': 'application/json',
        'headers': {'hostname': hostname},
        'properties': {
            'delivery_mode': 1,
            'delivery_info': {'exchange': 'celeryev', 'routing_key': routing_key},
            'priority': 0,
            'body_encoding': 'base64',
            'delivery_tag': str(uuid.uuid4()),
        },
        **changes,
    }
    return json.dumps(message).encode()


def event(kind: str, hostname: Any = 'forged@test', **fields: Any) -> Event:
    """An event with the common fields; `fields` win."""
    return {'type': kind, 'hostname': hostname, 'timestamp': time.time(), 'utcoffset': 0, 'pid': 4242, 'clock': 1, **fields}


def task_events(*events: Event) -> tuple[str, bytes]:
    """Channel and payload of a list of task events, as workers with an event loop send them."""
    host = str(events[0].get('hostname', '')) if events else 'forged@test'
    return '/0.celeryev/task.multi', envelope(json.dumps(list(events)).encode(), 'task.multi', host)


def worker_event(kind: str, hostname: str = 'forged@test', **fields: Any) -> tuple[str, bytes]:
    """Channel and payload of one worker event. Only for brokers without real workers: those would hear it too."""
    key = kind.replace('-', '.')
    standard = {'freq': 2.0, 'active': 0, 'processed': 0, 'loadavg': [0.1, 0.1, 0.1], 'sw_ident': 'py-celery', 'sw_ver': '5.7.0'}
    body = event(kind, hostname, **{**standard, 'sw_sys': 'Linux', **fields})
    return f'/0.celeryev/{key}', envelope(json.dumps(body).encode(), key, hostname)


def life(name: str, *, hostname: str = 'forged@test', ending: str = 'task-succeeded', task_id: str | None = None) -> list[Event]:
    """Received, started and an ending of one new task."""
    task = task_id or str(uuid.uuid4())
    endings: dict[str, Event] = {
        'task-succeeded': {'result': "'ok'", 'runtime': 0.01},
        'task-failed': {'exception': "E('x')", 'traceback': 'T'},
    }
    end = endings.get(ending, {})
    received = {'name': name, 'args': '()', 'kwargs': '{}', 'retries': 0, 'eta': None, 'expires': None}
    return [
        event('task-received', hostname, uuid=task, root_id=task, parent_id=None, **received),
        event('task-started', hostname, uuid=task),
        event(ending, hostname, uuid=task, **end),
    ]
