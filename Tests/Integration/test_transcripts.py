"""The harness's client replays the golden transcripts that the gateway's own tests record: at the end it holds what the gateway
holds. The page's client replays the same files in `Tests/Web/transcripts.test.js`, the load tool's in `LoadToolTests/TranscriptTests`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from harness.rows import Table

FOLDER = Path(__file__).parent.parent / 'Fixtures' / 'transcripts'
TRANSCRIPTS = sorted(FOLDER.glob('*.json'))


def replay(frames: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Table]]:
    tables: dict[int, tuple[dict[str, Any], Table]] = {}
    for entry in frames:
        frame = entry.get('client') or entry.get('server') or {}
        method, params = frame.get('method'), frame.get('params', {})
        if method in {'sub.open', 'view.open'}:
            known = tables.get(params['sub'])
            table = known[1] if known and params.get('since') else Table(params['sub'], params['topic'])
            tables[params['sub']] = (params, table)
        elif 'server' in entry and method and 'sub' in params:
            tables[params['sub']][1].apply(method, params)
    return list(tables.values())


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 6


@pytest.mark.parametrize('file', TRANSCRIPTS, ids=lambda file: file.stem)
def test_a_client_holds_what_the_gateway_holds(file: Path) -> None:
    transcript = json.loads(file.read_text())

    for opened, table in replay(transcript['frames']):
        kept = {
            row['h']: {name: value for name, value in row.items() if name != 'h'} for row in transcript['rows'][opened['topic']]
        }
        if table.order:
            for handle in table.order:
                assert handle in table.left or table.rows[handle] == kept[handle]
        elif 'where' in opened:
            _, field, values = opened['where']
            assert {row['id'] for row in table} == {row['id'] for row in kept.values() if row.get(field) in values}
        else:
            assert table.rows == kept


def held(table: Table) -> dict[str, Any]:
    """What a client holds, as the transcripts write it."""
    found: dict[str, Any] = {
        'topic': table.topic,
        'rev': table.rev,
        'rows': {str(handle): row for handle, row in table.rows.items()},
    }
    if table.topic == 'tasks':
        window = {'order': table.order, 'left': sorted(table.left), 'total': table.total, 'before': table.before}
        found |= window | {'next': table.next}
    return found


@pytest.mark.parametrize('file', TRANSCRIPTS, ids=lambda file: file.stem)
def test_a_client_holds_what_every_other_client_holds(file: Path) -> None:
    transcript = json.loads(file.read_text())

    assert {str(table.sub): held(table) for _, table in replay(transcript['frames'])} == transcript['holds']
