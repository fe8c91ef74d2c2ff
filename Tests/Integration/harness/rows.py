"""What a client keeps of one subscription: rows by handle, brought up to date by the rules R15-R22 of the protocol.

Nothing here does I/O, so that the same rules serve tests, demo and load. Anything that breaks the contract raises ProtocolError:
a lenient client would hide the gateway's mistakes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


class ProtocolError(AssertionError):
    """The server sent something that the protocol does not allow."""


def is_flat(value: Any) -> bool:
    """Fields are scalars or arrays of scalars (D6)."""
    if isinstance(value, list):
        return all(not isinstance(item, (list, dict)) for item in value)
    return not isinstance(value, dict)


def check_fields(fields: Row) -> None:
    for name, value in fields.items():
        if not is_flat(value):
            raise ProtocolError(f'field {name!r} is nested: {value!r}')


@dataclass
class Table:
    """The rows of one subscription."""

    sub: int
    topic: str
    rows: dict[int, Row] = field(default_factory=dict)
    rev: int = -1
    """Revision up to which the rows are complete; -1 before the first snapshot's end."""
    epoch: str = ''
    snapshots: int = 0
    deltas: int = 0
    resets: list[str] = field(default_factory=list)
    # Windows only.
    order: list[int] = field(default_factory=list)
    left: set[int] = field(default_factory=set)
    total: Any = None
    before: int = 0
    next: Any = None
    _parts: list[Row] = field(default_factory=list)
    _series: tuple[int, int] | None = None
    """Of a snapshot that is not complete: its revision, and the part that must come next."""

    @property
    def live(self) -> bool:
        """True once a snapshot (or a resumed state) is complete."""
        return self.rev >= 0

    def by_id(self) -> dict[str, Row]:
        """The rows by their `id`. Two rows of one topic never share it."""
        found: dict[str, Row] = {}
        for row in self.rows.values():
            key = row['id']
            if key in found:
                raise ProtocolError(f'two rows of {self.topic} have the id {key!r}')
            found[key] = row
        return found

    def get(self, row_id: str) -> Row | None:
        return self.by_id().get(row_id)

    def ordered(self) -> list[Row]:
        """The rows of a window in the server's order."""
        return [self.rows[handle] for handle in self.order if handle in self.rows]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    # Frames -----------------------------------------------------------------------------------------------------------------

    def apply(self, method: str, params: Row) -> None:
        """Applies one frame that carries this subscription's number."""
        match method:
            case 'sub.snap':
                self._snapshot(params)
            case 'sub.delta':
                self._delta(params)
            case 'sub.reset':
                self.resets.append(params.get('reason', ''))
                self.rows.clear()
                self._parts.clear()
                self.rev = -1
                self.epoch = params.get('epoch', self.epoch)
            case 'view.snap':
                self._window(params)
            case 'view.delta':
                self._window_delta(params)
            case _:
                raise ProtocolError(f'unknown frame {method} for subscription {self.sub}')

    def _read_rows(self, params: Row) -> list[tuple[int, Row]]:
        columns = params['cols']
        if 'h' not in columns or 'id' not in columns:
            raise ProtocolError(f'a snapshot without handle or id: {columns}')
        result = []
        for values in params['rows']:
            if len(values) > len(columns):
                raise ProtocolError(f'a row with {len(values)} values for {len(columns)} columns')
            row = {name: value for name, value in zip(columns, values, strict=False) if value is not None}
            handle = row.pop('h')
            check_fields(row)
            result.append((handle, row))
        return result

    def _begin_part(self, params: Row) -> None:
        """Parts of a snapshot come one after the other, all at one revision."""
        expected = (params['at'], 0) if params.get('part', 0) == 0 else self._series
        if (params['at'], params.get('part', 0)) != expected:
            raise ProtocolError(
                f'{self.topic}: part {params.get("part", 0)} of a snapshot at {params["at"]}, expected {expected}'
            )
        self._series = (params['at'], params.get('part', 0) + 1) if params.get('more', False) else None

    def _snapshot(self, params: Row) -> None:
        self._begin_part(params)
        if params.get('part', 0) == 0:
            self.rows.clear()
            self.rev = -1
            self.snapshots += 1
        self.epoch = params.get('epoch', self.epoch)
        for handle, row in self._read_rows(params):
            self.rows[handle] = row
        if not params.get('more', False):
            self.rev = params['at']

    def _changes(self, params: Row) -> None:
        for handle in params.get('gone') or []:
            self.rows.pop(handle, None)
        for handle, fields in params.get('new') or []:
            check_fields(fields)
            self.rows[handle] = {name: value for name, value in fields.items() if value is not None}
        for handle, fields in params.get('put') or []:
            check_fields(fields)
            row = self.rows.get(handle)
            if row is None:
                raise ProtocolError(f'{self.topic}: a patch for the unknown row {handle}: {fields}')
            for name, value in fields.items():
                if value is None:
                    row.pop(name, None)
                else:
                    row[name] = value

    def _advance(self, params: Row) -> None:
        start, end = params['from'], params['to']
        if start > self.rev:
            raise ProtocolError(f'{self.topic}: a delta from {start}, but the client is at {self.rev}')
        if end < start:
            raise ProtocolError(f'{self.topic}: a delta backwards, {start} to {end}')

    def _gather(self, params: Row) -> Row | None:
        """The whole delta once its last part is here: parts of one delta are applied together. None until then."""
        if params.get('part', 0) != len(self._parts):
            raise ProtocolError(f'{self.topic}: part {params.get("part", 0)} of a delta, expected {len(self._parts)}')
        self._parts.append(params)
        if params.get('more', False):
            return None
        parts, self._parts = self._parts, []
        whole = dict(params)
        for name in ('gone', 'new', 'put', 'left', 'back'):
            whole[name] = [entry for part in parts for entry in part.get(name) or []]
        return whole

    def _delta(self, params: Row) -> None:
        if not self.live:
            raise ProtocolError(f'{self.topic}: a delta before the snapshot')
        self._advance(params)
        if (whole := self._gather(params)) is not None:
            self.deltas += 1
            self._changes(whole)
            self.rev = max(self.rev, whole['to'])

    def _window(self, params: Row) -> None:
        self._begin_part(params)
        if params.get('part', 0) == 0:
            self.snapshots += 1
            self.rows.clear()
            self.left.clear()
            self.order = []
            self.rev = -1
        read = self._read_rows(params)
        self.rows.update(read)
        self.order += [handle for handle, _ in read]
        self.total, self.before, self.next = params.get('total'), params.get('before', 0), params.get('next')
        if not params.get('more', False):
            self.rev = params['at']

    def _window_delta(self, params: Row) -> None:
        if not self.live:
            raise ProtocolError(f'{self.topic}: a window delta before the window')
        self._advance(params)
        whole = self._gather(params)
        if whole is None:
            return
        self.deltas += 1
        self._changes(whole)
        self.left |= set(whole['left'])
        self.left -= set(whole['back'])
        if whole.get('order') is not None:
            self._reorder(whole['order'])
        self.total, self.before = whole.get('total', self.total), whole.get('before', self.before)
        self.rev = max(self.rev, whole['to'])

    def _reorder(self, order: list[int]) -> None:
        self.order = list(order)
        unknown = [handle for handle in self.order if handle not in self.rows]
        if unknown:
            raise ProtocolError(f'{self.topic}: the order names unknown rows {unknown}')
        self.rows = {handle: self.rows[handle] for handle in self.order}
        self.left &= set(self.order)
