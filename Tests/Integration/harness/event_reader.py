"""A reader of the event log, with the rules of the protocol as checks."""

from __future__ import annotations

from typing import Any

from .rows import ProtocolError, Row


class EventReader:
    """Every event and gap in order. A hole or a double that no gap explains is a broken protocol."""

    def __init__(self, sub: int) -> None:
        self.sub = sub
        self.epoch = ''
        self.at = -1
        self.items: list[tuple[int, float, Row]] = []
        self.gaps: list[Row] = []

    def again(self, sub: int) -> EventReader:
        """The same reader, with another number."""
        self.sub = sub
        return self

    @property
    def position(self) -> Row:
        """What `events.open` takes as `after`."""
        return {'epoch': self.epoch, 'off': self.at}

    @property
    def events(self) -> list[Row]:
        return [event for _, _, event in self.items]

    def begin(self, answer: Row) -> None:
        """The answer to events.open: where a first reading starts. One that goes on stays where it is until a gap moves it."""
        if not self.epoch:
            self.at = answer['off'] if self.at < 0 else self.at
            self.epoch = answer['epoch']

    def apply(self, method: str, params: Row) -> int:
        """Takes a batch or a gap and gives the offset to acknowledge."""
        if method == 'events.gap':
            return self._gap(params)
        offset = -1
        for offset, _, _ in params['items']:
            if offset <= self.at:
                raise ProtocolError(f'event {offset} comes after {self.at}')
            if offset > params['scanned']:
                raise ProtocolError(f'event {offset} is above scanned {params["scanned"]}')
            self.at = offset
        if params['scanned'] < self.at:
            raise ProtocolError(f'scanned went back from {self.at} to {params["scanned"]}')
        self.items += [(off, at, event) for off, at, event in params['items']]
        self.at = params['scanned']
        return self.at

    def _gap(self, params: Row) -> int:
        if params['reason'] not in {'trimmed', 'overflow', 'ingest_lost', 'epoch'}:
            raise ProtocolError(f'unknown reason {params["reason"]}')
        expected = 1 if params['reason'] == 'epoch' else self.at + 1
        if params['from'] != expected or params['to'] < expected - 1:
            raise ProtocolError(f'a gap {params} at {self.at}')
        self.gaps.append(params)
        self.epoch = params['epoch']
        self.at = int(params['to'])
        return self.at

    def offsets(self) -> list[int]:
        return [offset for offset, _, _ in self.items]

    def of_type(self, *types: str) -> list[Any]:
        """The events of some types; of format celeriac and celery."""
        return [event for event in self.events if event.get('type') in types]
