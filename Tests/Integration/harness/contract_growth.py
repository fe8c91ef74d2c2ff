"""Tells what a newer contract has taken away from an older one: within a major version it only grows (R9)."""

from __future__ import annotations

from typing import Any

FREE = frozenset({'description', 'summary', 'title', 'examples', 'name'})
"""Words for people."""
ASKED = frozenset({'SubAck', 'Proof'})
"""What only clients send, beside parameters."""


def shrunk(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Every place where a client or a server of the older contract would no longer be understood."""
    before, after = old['components'], new['components']
    faults = [f'message {name} is gone' for name in before['messages'] if name not in after['messages']]
    for name, schema in before['schemas'].items():
        if name not in after['schemas']:
            faults.append(f'schema {name} is gone')
        else:
            faults += _compare(schema, after['schemas'][name], name, of_client=name.endswith('Params') or name in ASKED)
    return faults


def _compare(old: Any, new: Any, place: str, *, of_client: bool) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return _compare_objects(old, new, place, of_client=of_client)
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return [f'{place} has {len(new)} parts, not {len(old)}']
        return [
            fault
            for index, part in enumerate(old)
            for fault in _compare(part, new[index], f'{place}/{index}', of_client=of_client)
        ]
    return [] if old == new else [f'{place} was {old} and is {new}']


def _compare_objects(old: dict[str, Any], new: dict[str, Any], place: str, *, of_client: bool) -> list[str]:
    faults: list[str] = []
    for word in old.keys() - FREE:
        where = f'{place}/{word}'
        if word == 'properties':
            faults += [f'{where}/{name} is gone' for name in old[word] if name not in new.get(word, {})]
            for name in old[word].keys() & new.get(word, {}).keys():
                faults += _compare(old[word][name], new[word][name], f'{where}/{name}', of_client=of_client)
        elif word == 'required':
            # A client may be asked for less and told more, never the other way round.
            lost = set(new.get(word, [])) - set(old[word]) if of_client else set(old[word]) - set(new.get(word, []))
            faults += [f'{where}: {name}' for name in sorted(lost)]
        elif word in {'oneOf', 'anyOf'} and of_client:
            # A client may be given another choice behind those that it has.
            faults += _compare(old[word], new.get(word, [])[: len(old[word])], where, of_client=of_client)
        elif word == 'enum':
            faults += [f'{where}: {value} is gone' for value in old[word] if value not in new.get(word, [])]
        elif word not in new:
            faults.append(f'{where} is gone')
        else:
            faults += _compare(old[word], new[word], where, of_client=of_client)
    if of_client and 'required' in new and 'required' not in old:
        faults += [f'{place}/required: {name}' for name in new['required']]
    return faults
