"""F14: nothing can be written any more. Commands are refused, everything is shown as before, and it passes by itself."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import RpcError
from harness.events import worker_event
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder).start()
    yield stack
    stack.stop()


def limit_files(stack: Stack, most: int) -> None:
    """What no file of the gateway may grow beyond, bytes: its writes fail behind it, its log's too."""
    process = stack.running_gateway.process
    assert process
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


async def test_commands_are_refused_and_reads_go_on_until_there_is_room(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    token = gateway.token('operator', unique('writer'))
    async with connect(stack, 'operator') as client:
        alerts, workers = await client.subscribe('alerts'), await client.subscribe('workers')
        limit_files(stack, 0)
        try:
            for _ in range(3):
                with pytest.raises(RpcError) as refusal:
                    await client.submit('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-full'})
                assert refusal.value.code == 1014 and 'could not be recorded' in refusal.value.message, refusal.value
            asked = await asyncio.to_thread(
                httpx.post,
                f'{gateway.base_url}/api/celery/commands/task.run',
                json={'task': 'math.add', 'args': [1, 1], 'queue': 'q-full'},
                headers={'authorization': f'Bearer {token}', 'idempotency-key': unique('key')},
                timeout=10,
            )
            assert asked.status_code == 503, asked.text
            assert stack.queue_length('q-full') == 0, 'what is not on record is not done'
            # The alert is due within 5 s; the rest is time for this test's own machine.
            alert = await client.until(lambda: alerts.get('records-unwritable:gateway'), 15, 'the alert')
            assert alert['severity'] == 'error' and '--data' in alert['fix'], alert

            node = unique('new') + '@shown'
            stack.publish_raw(*worker_event('worker-online', node))
            await client.until(lambda: workers.get(node), 15, 'news to be shown all the same')
            async with httpx.AsyncClient(base_url=gateway.base_url, headers={'authorization': f'Bearer {token}'}) as http:
                assert (await http.get('/api/celery/workers')).status_code == 200
                assert (await http.get('/readyz')).status_code == 200
        finally:
            limit_files(stack, resource.RLIM_INFINITY)

        await client.until(lambda: alerts.get('records-unwritable:gateway') is None, 15, 'the alert to go by itself')
        row = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-full'}, deadline_ms=1000)
        assert row['state'] == 'unknown' and stack.queue_length('q-full') == 1, row
    verdict = gateway.cli('audit', 'verify', '--data', str(gateway.data))
    assert verdict.returncode == 0, verdict.stderr
