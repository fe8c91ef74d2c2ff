"""The rules by which a client applies frames. If these are wrong, every other test here says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from harness.rows import ProtocolError, Table


def snapshot(table: Table, at: int, rows: list[list[Any]], *, part: int = 0, more: bool = False) -> None:
    columns = ['h', 'id', 'n']
    table.apply('sub.snap', {'sub': 1, 'epoch': 'e', 'at': at, 'part': part, 'cols': columns, 'rows': rows, 'more': more})


@pytest.fixture
def table() -> Table:
    table = Table(1, 'workers')
    snapshot(table, 10, [[1, 'a', 5], [2, 'b', None]])
    return table


def test_a_snapshot_in_parts_is_live_only_at_its_end() -> None:
    table = Table(1, 'workers')

    snapshot(table, 10, [[1, 'a', 5]], more=True)
    assert not table.live

    snapshot(table, 10, [[2, 'b', 6]], part=1)
    assert table.live and table.rev == 10
    assert set(table.by_id()) == {'a', 'b'}


def test_a_null_cell_of_a_snapshot_is_an_absent_field(table: Table) -> None:
    assert table.get('b') == {'id': 'b'}


def test_a_delta_applies_gone_then_new_then_put(table: Table) -> None:
    table.apply(
        'sub.delta', {'sub': 1, 'from': 10, 'to': 12, 'gone': [2], 'new': [[11, {'id': 'b', 'n': 1}]], 'put': [[11, {'n': 2}]]}
    )

    assert table.get('b') == {'id': 'b', 'n': 2}
    assert table.rev == 12


def test_a_null_in_a_patch_removes_the_field(table: Table) -> None:
    table.apply('sub.delta', {'sub': 1, 'from': 10, 'to': 11, 'put': [[1, {'n': None}]]})

    assert table.get('a') == {'id': 'a'}


def test_the_same_delta_twice_is_harmless(table: Table) -> None:
    delta = {'sub': 1, 'from': 5, 'to': 12, 'gone': [2], 'put': [[1, {'n': 7}]]}

    table.apply('sub.delta', delta)
    once = dict(table.rows)
    table.apply('sub.delta', delta)

    assert table.rows == once and table.rev == 12


@pytest.mark.parametrize(
    'delta',
    [
        {'from': 11, 'to': 12},
        {'from': 10, 'to': 9},
        {'from': 10, 'to': 12, 'put': [[99, {'n': 1}]]},
        {'from': 10, 'to': 12, 'put': [[1, {'n': {'deep': 1}}]]},
    ],
    ids=['from the future', 'backwards', 'unknown handle', 'nested value'],
)
def test_a_wrong_delta_is_a_protocol_error(table: Table, delta: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        table.apply('sub.delta', {'sub': 1, **delta})


def test_a_reset_empties_the_table_until_the_next_snapshot(table: Table) -> None:
    table.apply('sub.reset', {'sub': 1, 'reason': 'epoch_changed', 'epoch': 'f'})

    assert not table.live and len(table) == 0 and table.resets == ['epoch_changed']


def test_a_window_follows_the_order_and_drops_what_it_no_longer_names() -> None:
    table = Table(2, 'tasks')
    table.apply('view.snap', {'sub': 2, 'at': 5, 'cols': ['h', 'id'], 'rows': [[3, 'c'], [2, 'b']], 'total': 2, 'before': 0})

    table.apply('view.delta', {'sub': 2, 'from': 5, 'to': 6, 'new': [[6, {'id': 'd'}]], 'order': [6, 3], 'total': 3})

    assert [row['id'] for row in table.ordered()] == ['d', 'c']
    assert table.total == 3 and len(table) == 2


def test_a_pinned_window_marks_what_left() -> None:
    table = Table(2, 'tasks')
    table.apply('view.snap', {'sub': 2, 'at': 5, 'cols': ['h', 'id', 'state'], 'rows': [[3, 'c', 'STARTED']], 'total': 1})

    table.apply('view.delta', {'sub': 2, 'from': 5, 'to': 6, 'put': [[3, {'state': 'SUCCESS'}]], 'left': [3], 'before': 4})

    assert table.left == {3} and table.before == 4
    assert table.ordered()[0]['state'] == 'SUCCESS'


def test_the_parts_of_a_delta_are_applied_together(table: Table) -> None:
    first = {'sub': 1, 'from': 10, 'to': 10, 'part': 0, 'more': True, 'put': [[11, {'n': 2}]]}

    table.apply('sub.delta', first)
    assert table.rev == 10 and table.deltas == 0

    table.apply('sub.delta', {'sub': 1, 'from': 10, 'to': 12, 'part': 1, 'gone': [2], 'new': [[11, {'id': 'b'}]]})
    assert table.get('b') == {'id': 'b', 'n': 2} and table.rev == 12 and table.deltas == 1


def test_a_missing_part_of_a_delta_is_a_protocol_error(table: Table) -> None:
    with pytest.raises(ProtocolError):
        table.apply('sub.delta', {'sub': 1, 'from': 10, 'to': 12, 'part': 1})


def test_a_window_comes_in_parts_and_rows_can_come_back() -> None:
    table = Table(2, 'tasks')
    table.apply('view.snap', {'sub': 2, 'at': 5, 'part': 0, 'more': True, 'cols': ['h', 'id'], 'rows': [[3, 'c']], 'total': 2})
    assert not table.live
    table.apply('view.snap', {'sub': 2, 'at': 5, 'part': 1, 'more': False, 'cols': ['h', 'id'], 'rows': [[2, 'b']], 'total': 2})
    assert table.live and [row['id'] for row in table.ordered()] == ['c', 'b']

    table.apply('view.delta', {'sub': 2, 'from': 5, 'to': 6, 'left': [3], 'total': 1, 'before': 0})
    table.apply('view.delta', {'sub': 2, 'from': 6, 'to': 7, 'back': [3], 'total': 2, 'before': 0})
    assert table.left == set()
