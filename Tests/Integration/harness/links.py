"""The gateway's own connections to Redis, by the names that CLIENT LIST shows."""

from __future__ import annotations

import redis

from .rows import Row, Table

LINKS = ('events', 'commands', 'replies', 'results', 'result-news')


def kill_link(server: redis.Redis, link: str) -> None:
    """CLIENT KILL of one link. Redis lives, and so do the other links."""
    found = [client['id'] for client in server.client_list() if client['name'] == f'celeriac:{link}']
    assert len(found) == 1, f'celeriac:{link} is not one connection: {found}'
    server.client_kill_filter(_id=found[0])


def outages(health: Table, link: str) -> list[Row]:
    """The rows that tell when a link was broken."""
    return [row for row in health if str(row['id']).startswith('outage:') and row.get('link') == link]


def gaps(health: Table) -> list[Row]:
    """The rows that tell when events were missed."""
    return [row for row in health if str(row['id']).startswith('gap:')]
