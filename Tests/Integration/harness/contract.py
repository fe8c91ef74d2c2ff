"""The published contract (web/schema/v1.json, AsyncAPI 3 with JSON Schema 2020-12) as a judge of frames.

Both sides ignore members they do not know (R9), so the published schemas are open. Of the gateway's frames they are closed here: what
it says and the contract does not name is a fault of one of them.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema_rs

from .paths import WEB

CONTRACT = WEB / 'schema' / 'v1.json'


@functools.cache
def contract() -> dict[str, Any]:
    """The document as it is served."""
    document = json.loads(CONTRACT.read_text())
    assert isinstance(document, dict)
    return document


def message_name(method: str) -> str:
    """`sub.open` is the message `SubOpen`."""
    return ''.join(part[:1].upper() + part[1:] for part in method.split('.'))


def closed(schema: Any) -> Any:
    """The same schema, but every object with named members has no others."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get('properties'), dict) and schema.get('type') == 'object':
        result.setdefault('additionalProperties', False)
    return result


@functools.cache
def validator(message: str, *, is_open: bool = False) -> jsonschema_rs.Draft202012Validator | None:
    """The judge of one message; None if the contract has no such message."""
    components = contract()['components']
    if message not in components['messages']:
        return None
    schema = {**components['messages'][message]['payload'], 'components': {'schemas': components['schemas']}}
    dialect = {'$schema': 'https://json-schema.org/draft/2020-12/schema'}
    return jsonschema_rs.Draft202012Validator({**dialect, **(schema if is_open else closed(schema))})


def fault(message: str, frame: Any, *, is_open: bool = False) -> str | None:
    """What the contract says against a frame, or None."""
    judge = validator(message, is_open=is_open)
    if judge is None:
        return f'the contract has no message {message}'
    problem = next(judge.iter_errors(frame), None)
    if problem is None:
        return None
    where = '/'.join(str(part) for part in problem.instance_path)
    return f'{message} at /{where}: {problem.message[:300]}'


def fault_of_server(frame: Any, method: str | None = None) -> str | None:
    """What the contract says against a frame of the gateway; `method` is that of the request it answers."""
    if not isinstance(frame, dict):
        return 'a frame is one object'
    if 'error' in frame:
        return fault('Refusal', frame)
    if 'method' in frame:
        return fault(message_name(str(frame['method'])), frame)
    if 'result' not in frame:
        return 'a frame has a method, a result or an error'
    return fault(f'{message_name(method)}Answer', frame) if method else None


def fault_of_request(frame: dict[str, Any]) -> str | None:
    """What the contract says against a request, or the one notification, of a client."""
    return fault(message_name(frame['method']), frame, is_open=True)
