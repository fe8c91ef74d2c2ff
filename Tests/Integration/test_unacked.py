"""Delivered and not acknowledged, by queue: counted from Redis, up to a bound, and honest beyond it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.stack import Stack
from harness.waiting import wait_for
from harness.workers import WorkerSpec

BOUND = 5_000
SEPARATOR = b'\x06\x16'


async def test_reserved_messages_belong_to_their_queues(folder: Path, connect: ConnectClient) -> None:
    worker = WorkerSpec('holder', queues=('q-first', 'q-second'), concurrency=1)
    stack = Stack(folder, [worker]).start()
    try:
        async with connect(stack) as client:
            queues, view = await client.subscribe('queues'), await client.view(mode='follow')
            busy = stack.send('time.sleep', 60, queue='q-first')
            await client.until(lambda: (view.get(busy) or {}).get('state') == 'STARTED', 30, 'the slot to be taken')
            for number in range(2):
                stack.send('math.add', 1, number, queue='q-first')
            stack.send('math.add', 1, 1, queue='q-second')

            def shown() -> dict[str, Any]:
                return {name: (queues.get(name) or {}).get('unacked') for name in ('q-first', 'q-second')}

            await client.until(lambda: shown() == {'q-first': 2, 'q-second': 1}, 30, lambda: f'{shown()}')
            assert stack.redis().hlen('unacked') == 3
            assert (queues.get('q-first') or {}).get('depth') == 0

            # What runs, waits at the worker and is held for its time is told apart by queue.
            def parts(name: str) -> list[Any]:
                row = queues.get(name) or {}
                return [row.get(part) for part in ('active', 'reserved', 'scheduled', 'unacked')]

            stack.send('math.add', 1, 1, queue='q-second', countdown=600)
            await client.until(
                lambda: (parts('q-first'), parts('q-second')) == ([1, 2, 0, 2], [0, 1, 1, 2]),
                30,
                lambda: f'{parts("q-first")} {parts("q-second")}',
            )
    finally:
        stack.stop()


async def test_messages_of_a_named_exchange_belong_to_the_queue_it_leads_to(folder: Path, connect: ConnectClient) -> None:
    worker = WorkerSpec('holder', queues=('q-plain',), concurrency=1)
    stack = Stack(folder, [worker]).start()
    try:
        async with connect(stack) as client:
            queues, view = await client.subscribe('queues'), await client.view(mode='follow')
            added = await client.command(
                'worker.addConsumer',
                {
                    'workers': [worker.node],
                    'queue': 'q-bound',
                    'exchange': 'media',
                    'exchangeType': 'topic',
                    'routingKey': 'video.*',
                },
            )
            assert added['state'] == 'confirmed', added
            busy = stack.send('time.sleep', 60, queue='q-plain')
            await client.until(lambda: (view.get(busy) or {}).get('state') == 'STARTED', 30, 'the slot to be taken')
            for number in range(2):
                arguments = {'task': 'math.add', 'args': [1, number], 'exchange': 'media', 'routingKey': 'video.short'}
                await client.submit('task.run', arguments)
            held = [json.loads(entry)[1:] for entry in await asyncio.to_thread(held_by_workers, stack, 2)]
            assert held == [['media', 'video.short']] * 2, held
            await client.until(
                lambda: (queues.get('q-bound') or {}).get('unacked') == 2,
                45,
                lambda: f'two to be counted; {queues.get("q-bound")}',
            )
            assert (queues.get('q-plain') or {}).get('unacked') == 0
    finally:
        stack.stop()


def held_by_workers(stack: Stack, count: int) -> list[Any]:
    def held() -> list[Any] | None:
        entries = list(stack.redis().hvals('unacked'))
        return entries if len(entries) == count else None

    return wait_for(held, 30, f'{count} to be held')


async def test_more_than_the_bound_are_not_counted_and_that_is_told(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder)
    stack.redis_server.start()
    redis = stack.redis()
    redis.sadd('_kombu.binding.celery', b'q-bound' + SEPARATOR + SEPARATOR + b'q-bound')
    message = json.dumps([{'body': 'x' * 2000, 'headers': {}}, '', 'q-bound'])
    redis.hset('unacked', mapping={f'tag-{number}': message for number in range(BOUND - 1)})
    # A brace in a name is no end of a message.
    redis.sadd('_kombu.binding.celery', b'q}odd' + SEPARATOR + SEPARATOR + b'q}odd')
    redis.hset('unacked', 'odd', json.dumps([{'body': ''}, '', 'q}odd']))
    try:
        stack.gateway = Gateway(stack.broker, folder)
        await asyncio.to_thread(stack.gateway.start)
        async with connect(stack) as client:
            queues, alerts = await client.subscribe('queues'), await client.subscribe('alerts')
            health = await client.subscribe('health')

            def unacked() -> Any:
                return (queues.get('q-bound') or {}).get('unacked')

            def warned() -> list[str]:
                return [row['detail'] for row in alerts if row['rule'] == 'unacked-uncounted']

            await client.until(lambda: unacked() == BOUND - 1, 60, lambda: f'all to be counted; {queues.get("q-bound")}')
            assert (queues.get('q}odd') or {}).get('unacked') == 1
            assert warned() == []
            # They are counted every second, but messages are not fetched for that: 10 MB a time.
            stats: Any = redis
            await asyncio.to_thread(
                wait_for, lambda: stats.info('commandstats')['cmdstat_hscan']['calls'] >= 100, 60, 'ten rounds', 0.5
            )
            spent = (health.get('cost') or {})['bytesPerMinute']
            print(f'{spent} bytes in ten rounds')
            assert spent < 10_000_000

            redis.hset('unacked', 'one-more', message)
            await client.until(lambda: unacked() is None and warned(), 30, lambda: f'{unacked()} {warned()}')
            assert warned()[0].startswith(f'{BOUND + 1} messages are delivered and not acknowledged')

            redis.hdel('unacked', 'one-more')
            await client.until(lambda: unacked() == BOUND - 1 and not warned(), 30, lambda: f'{unacked()} {warned()}')
    finally:
        stack.stop()
