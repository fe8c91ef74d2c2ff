"""More events than the gateway can take: it gives up pace, says so, drops nothing silently, and recovers (R48).

    bin/prove overload [--seconds 20] [--windows 400]

Publishes as fast as Redis takes it, while many different windows follow the tasks. A client must be told of each level that was
reached (`shed`), new connections must be refused only at the last one, what was lost must be counted, and when the flood is over
everything must be taken up again and the client's rows be right.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from harness.client import GatewayClient
from harness.events import life, task_events
from harness.gateway import Gateway
from harness.machine import machine
from harness.redis_server import RedisServer
from harness.rows import Table


def flood(server: RedisServer, done: threading.Event, counts: list[int], messages: list[tuple[int, tuple[str, bytes]]]) -> None:
    """Publishes messages that were made before, again and again, as fast as it can."""
    client = server.client()
    place = 0
    while not done.is_set():
        pipe = client.pipeline(transaction=False)
        for size, message in messages[place : place + 200]:
            pipe.publish(*message)
            counts[0] += size
        place = (place + 200) % len(messages)
        pipe.execute()


def lives(tasks: int) -> list[tuple[int, tuple[str, bytes]]]:
    """Tasks, eight a message."""
    made = []
    for number in range(tasks // 8):
        events = [event for _ in range(8) for event in life(f'flood.{number % 20}', hostname=f'w{number % 8}@flood')]
        made.append((len(events), task_events(*events)))
    return made


async def run(options: argparse.Namespace, folder: Path) -> int:
    async with contextlib.AsyncExitStack() as clients:
        return await prove(options, folder, clients)


async def prove(options: argparse.Namespace, folder: Path, clients: contextlib.AsyncExitStack) -> int:
    server = RedisServer(folder / 'redis').start()
    gateway = Gateway(server.url(), folder, env={'CELERIAC_SOCKETS_PER_ADDRESS': '500'})
    done, counts = threading.Event(), [0]
    messages = lives(options.tasks)
    publishers = [threading.Thread(target=flood, args=(server, done, counts, messages), daemon=True) for _ in range(2)]
    try:
        gateway.start()
        tokens = [gateway.token('admin', f'load-{number}') for number in range(-(-options.windows // 8))]
        for number, token in enumerate(tokens):
            client = await clients.enter_async_context(GatewayClient.connect(gateway.ws_url, token))
            for index in range(8):
                where = ['eq', 'name', f'flood.{(number * 8 + index) % 20}']
                await client.view(
                    'tasks', where=where, order=['seen', 'desc'], limit=20 + (number * 8 + index) % 100, mode='follow', maxHz=20
                )
        watcher = await clients.enter_async_context(GatewayClient.connect(gateway.ws_url, tokens[0]))
        health = await watcher.subscribe('health', maxHz=1)
        for publisher in publishers:
            publisher.start()
        began = time.monotonic()
        levels: dict[int, float] = {}
        while time.monotonic() - began < options.seconds:
            await asyncio.sleep(0.2)
            note(watcher, levels, began)
        done.set()
        print(f'published {counts[0]:,} events in {time.monotonic() - began:.0f} s; levels reached after s: {levels}')
        quiet = time.monotonic()
        await watcher.until(
            lambda: watcher.heartbeats and watcher.heartbeats[-1]['shed'] == 0, 120, 'everything to be taken up again'
        )
        print(f'back to normal {time.monotonic() - quiet:.0f} s after the flood')
        await watcher.until(lambda: told(health, counts[0]), 60, 'every event to be applied, or told as lost')
        rows = health.by_id()
        ingest = rows['ingest']
        print(f'applied {ingest["events"]:,}, dropped and counted {ingest["dropped"]:,}, of {counts[0]:,}')
        for key, row in rows.items():
            if key.startswith('gap:'):
                print(f'{key}: {row["to"] - row["from"]:.1f} s, {row["reason"]}')
        return 0 if levels else 1
    finally:
        done.set()
        for publisher in publishers:
            if publisher.is_alive():
                publisher.join(10)
        gateway.stop()
        server.stop()


def note(client: GatewayClient, levels: dict[int, float], began: float) -> None:
    for beat in client.heartbeats:
        if beat['shed'] > 0:
            levels.setdefault(beat['shed'], round(time.monotonic() - began, 1))


def told(health: Table, published: int) -> bool:
    """Whether all events arrived, or the gateway says itself that some did not."""
    rows = health.by_id()
    row: dict[str, Any] = rows.get('ingest', {})
    gaps = [row for key, row in rows.items() if key.startswith('gap:')]
    return int(row.get('events', 0)) + int(row.get('dropped', 0)) >= published or (
        bool(gaps) and all('to' in gap for gap in gaps)
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove overload')
    parser.add_argument('--seconds', type=int, default=20, help='of flood')
    parser.add_argument('--tasks', type=int, default=160_000, help='different ones')
    parser.add_argument('--windows', type=int, default=400)
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-prove-') as folder:
        return asyncio.run(run(options, Path(folder)))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
