"""Waiting until the gateway knows what a test has just made: a page that asks for it sooner gets a 404, an error in its console."""

from __future__ import annotations

import httpx

from .stack import Stack, unique
from .waiting import wait_for


def known_task(stack: Stack, task: str) -> str:
    """Gives the id back once REST has the task's row."""
    gateway = stack.running_gateway
    headers = {'Authorization': f'Bearer {gateway.token("viewer", unique("waiting"))}'}
    with httpx.Client(base_url=gateway.base_url, headers=headers, timeout=5) as http:
        wait_for(lambda: http.get(f'/api/celery/tasks/{task}').status_code == 200, 30, f'the gateway to know the task {task}')
    return task
