"""All rows of a whole topic, read over HTTP page by page."""

from __future__ import annotations

import httpx

from .rows import Row


def all_rows(http: httpx.Client, topic: str, limit: int | None = None) -> list[Row]:
    """Follows `next` to the end; pages of the usual size if no `limit` is given."""
    rows: list[Row] = []
    query: dict[str, str] = {} if limit is None else {'limit': str(limit)}
    while True:
        answer = http.get(f'/api/celery/{topic}', params=query, timeout=20)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page[topic]
        if page['next'] is None:
            return rows
        assert limit is None or len(page[topic]) == limit, 'a page that is not the last one is full'
        query['after'] = page['next']
