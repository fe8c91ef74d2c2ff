"""The workers of the demo: one of each kind that people run."""

from __future__ import annotations

from harness.workers import WorkerSpec

MAIL = WorkerSpec('mail', queues=('mail', 'billing'), autoscale=(1, 3), host='berlin-1')
REPORTS = WorkerSpec(
    'reports',
    queues=('reports', 'search'),
    concurrency=2,
    pool_restarts=True,
    host='berlin-2',
)
CATALOG = WorkerSpec('catalog', pool='solo', queues=('catalog',), host='oslo-1')
MEDIA = WorkerSpec('media', pool='threads', queues=('media', 'celery'), concurrency=4, host='oslo-2')

WORKERS = (MAIL, REPORTS, CATALOG, MEDIA)

UNCONSUMED_QUEUE = 'archive'
"""Gets messages that no worker takes: something to see, and to purge."""
