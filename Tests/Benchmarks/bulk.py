"""Many tasks at once: how long a plan and its command take, and whether others feel it.

    bin/bench bulk [--tasks 10000]

Tasks wait in two real workers for a distant eta. One command revokes all of them by their plan, a second one retries all of them; meanwhile
another request is sent every 20 ms. Ends with 1 if a command was not confirmed for every task, or a request took longer than 100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.client import GatewayClient
from harness.machine import machine
from harness.rows import Table
from harness.stack import Stack
from harness.workers import WorkerSpec

SLOWEST = 0.1


class Watch:
    """Asks something small all the time."""

    def __init__(self, client: GatewayClient) -> None:
        self.client = client
        self.slowest = 0.0

    async def run(self) -> None:
        while True:
            begun = time.perf_counter()
            await self.client.call('query', {'topic': 'tasks', 'limit': 1})
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            await asyncio.sleep(0.02)


async def measure(client: GatewayClient, table: Table, cmd: str, where: list[Any], count: int) -> bool:
    watch = Watch(client)
    task = asyncio.create_task(watch.run())
    begun = time.perf_counter()
    plan = await client.call('cmd.plan', {'cmd': cmd, 'where': where})
    planned = time.perf_counter() - begun
    begun = time.perf_counter()
    answer = await client.submit(cmd, {'plan': plan['plan']})
    answered = time.perf_counter() - begun
    row = await client.until(
        lambda: r if (r := table.rows.get(answer['command'])) and r['state'] not in {'accepted', 'sent'} else None, 150, 'its end'
    )
    task.cancel()
    seconds = row['endedAt'] - row['at']
    print(
        f'| {cmd} | {row["total"]:,} | {planned * 1000:.0f} ms | {answered * 1000:.0f} ms | {row["state"]}, {row["done"]:,} done | '
        f'{seconds:.1f} s | {watch.slowest * 1000:.0f} ms |',
        flush=True,
    )
    return row['state'] == 'confirmed' and row['done'] == row['total'] == count and watch.slowest <= SLOWEST


async def run(count: int) -> bool:
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as folder:
        stack = Stack(Path(folder), [WorkerSpec(name=name, queues=('q',), concurrency=2) for name in 'ab']).start()
        try:
            with stack.app.connection_for_write() as connection, connection.Producer() as producer:
                for _ in range(count):
                    stack.app.send_task('math.add', (1, 1), queue='q', countdown=3000, producer=producer)
            gateway = stack.running_gateway
            async with GatewayClient.connect(gateway.ws_url, gateway.token('operator', 'bench')) as client:
                view = await client.view(where=['eq', 'state', 'RECEIVED'], limit=1, mode='follow')
                await client.until(lambda: view.total == count, 60, lambda: f'the tasks; {view.total}')
                table = await client.subscribe('commands')
                revoked = await measure(client, table, 'task.revoke', ['eq', 'queue', 'q'], count)
                retried = await measure(client, table, 'task.retry', ['eq', 'state', 'REVOKED'], count)
                return revoked and retried
        finally:
            stack.stop()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench bulk')
    parser.add_argument('--tasks', type=int, default=10_000)
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}')
    print('| command | tasks | plan | first answer | end | after | slowest request beside it |')
    print('|---|---|---|---|---|---|---|', flush=True)
    return 0 if asyncio.run(run(options.tasks)) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
