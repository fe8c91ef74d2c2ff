"""Publishes with Celery's own canvas what the gateway builds by itself: `python -m apps.canvas KIND QUEUE`."""

from __future__ import annotations

import sys
from typing import Any

from celery import chain, chord, group
from celery.canvas import Signature

from .fleet import app


def publish(kind: str, queue: str) -> None:
    def task(name: str, *args: Any, **options: Any) -> Signature:
        immutable = options.pop('immutable', False)
        return app.signature(name, args=args, options={'queue': queue, **options}, immutable=immutable)

    first, second = task('math.add', 1, 2), task('math.add', 3, 4, priority=6)
    match kind:
        case 'plain':
            task('text.echo', 'ü', {'a': [1, None]}).apply_async(kwargs={'key': 2.5})
        case 'chain':
            chain(first, task('math.add', 3), task('text.echo', immutable=True)).apply_async()
        case 'group':
            group(first, second).apply_async()
        case 'chord':
            chord([first, second], task('reports.sum')).apply_async()
        case 'link':
            first.apply_async(link=[task('text.echo', 'x')], link_error=[task('text.echo')])
        case 'options':
            first.apply_async(
                headers={'x-mine': {'a': 1}},
                shadow='shown',
                ignore_result=True,
                time_limit=30,
                soft_time_limit=20.5,
                priority=3,
                expires=3600,
                countdown=60,
            )
        case _:
            raise ValueError(kind)


if __name__ == '__main__':
    publish(sys.argv[1], sys.argv[2])
