"""What the gateway causes at Redis: the row `cost` agrees with what Redis counts, and the ceiling is obeyed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from harness.client import GatewayClient
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.rows import Row, Table
from harness.stack import Stack
from harness.waiting import wait_for

OWN = ('info', 'config|resetstat', 'sadd')
"""What only this test says."""
LINKS = (
    'hello',
    'auth',
    'client|setname',
    'client|setinfo',
    'client|id',
    'ping',
    'select',
    'psubscribe',
    'subscribe',
    'unsubscribe',
)
"""What connections say of themselves, which is not counted."""


def commands_of(stack: Stack) -> dict[str, int]:
    """Calls by command since the server started, without this test's and the connections' own."""
    stats = stack.redis().info('commandstats')
    calls = {name.removeprefix('cmdstat_'): int(value['calls']) for name, value in stats.items()}
    return {name: count for name, count in calls.items() if name not in (*OWN, *LINKS)}


def cost(health: Table) -> Row:
    return health.get('cost') or {}


async def settled(client: GatewayClient, health: Table, total: Callable[[], int], slack: int) -> tuple[int, int]:
    """Waits until row and Redis agree: the row is a second old at most, the first minute counts from the start."""
    pair = (0, 0)

    def agree() -> bool:
        nonlocal pair
        pair = (int(cost(health).get('commandsPerMinute') or 0), total())
        return pair[0] > 50 and abs(pair[0] - pair[1]) <= slack

    await client.until(agree, 30, lambda: f'row and Redis to agree: {pair}')
    return pair


async def test_the_row_says_what_redis_counted(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder).start()
    try:
        async with connect(stack) as client:
            health = await client.subscribe('health')
            # `info` is the gateway's too: its calls are known from its rows' rise, so it is compared without.
            said, counted = await settled(client, health, lambda: sum(commands_of(stack).values()), 12)
            print(f'row {said}, Redis {counted}')
            publishes = int(stack.redis().info('commandstats')['cmdstat_publish']['calls'])
            assert cost(health)['publishesPerMinute'] <= publishes
            await client.until(lambda: cost(health)['publishesPerMinute'] >= publishes, 5, 'the row to know all publishes')
            assert cost(health)['bytesPerMinute'] > 1000
            assert cost(health)['state'] == 'ok' and cost(health)['ceiling'] == 60_000
    finally:
        stack.stop()


async def test_the_ceiling_is_obeyed(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder)
    stack.redis_server.start()
    queues = 30
    separator = b'\x06\x16'
    for number in range(queues):
        name = f'q{number}'.encode()
        stack.redis().sadd('_kombu.binding.celery', name + separator + separator + name)
    try:
        stack.gateway = Gateway(stack.broker, folder, options=['--cost-ceiling', '600'])
        await asyncio.to_thread(lambda: stack.running_gateway.launch().wait_listening())
        started = time.monotonic()
        async with connect(stack) as client:
            health, known = await client.subscribe('health'), await client.subscribe('queues')
            await client.until(lambda: len(known) == queues, 30, 'all queues')
            await client.until(lambda: cost(health).get('state') == 'limited', 30, 'the ceiling to be felt')
            assert 'ceiling' in cost(health)['detail'] and cost(health)['putOff'] > 0
            # One reading of all lengths is 120 commands: without a ceiling, 120 a second.
            await asyncio.to_thread(wait_for, lambda: time.monotonic() - started > 15, 20, 'some seconds to pass')
            counted = sum(commands_of(stack).values())
            print(f'{counted} commands in {time.monotonic() - started:.0f} s; without a ceiling at least {15 * 4 * queues}')
            assert counted < 600
            # It is slow, but it goes on.
            client_of_redis = stack.redis()
            client_of_redis.lpush('q7', 'x')
            await client.until(lambda: (known.by_id().get('q7') or {}).get('depth') == 1, 120, 'the length to be read')
    finally:
        stack.stop()


async def test_a_round_dearer_than_the_ceiling_is_read_bit_by_bit(folder: Path, connect: ConnectClient) -> None:
    """2,000 queues are 8,001 commands in each round of lengths, and 12,000 to look at lists that nobody reads."""
    stack = Stack(folder)
    stack.redis_server.start()
    queues = [f'q{number:04}' for number in range(2_000)]
    separator = '\x06\x16'
    stack.redis().sadd('_kombu.binding.celery', *(name + separator + separator + name for name in queues))
    try:
        stack.gateway = Gateway(stack.broker, folder, options=['--cost-ceiling', '600'])
        await asyncio.to_thread(lambda: stack.running_gateway.launch().wait_listening())
        async with connect(stack) as client:
            health, known = await client.subscribe('health'), await client.subscribe('queues')

            def lengths_read() -> int:
                return int(commands_of(stack).get('llen', 0))

            await client.until(lambda: cost(health).get('state') == 'limited', 30, 'the ceiling to be felt')
            await client.until(lambda: any(row.get('depth') == 0 for row in known), 60, 'the first lengths')
            before = lengths_read()
            await client.until(lambda: lengths_read() > before, 30, 'more lengths to be read')
            counted = sum(commands_of(stack).values())
            said = int(cost(health)['commandsPerMinute'])
            print(f'{counted} commands, {lengths_read()} of them lengths; the row says {said}')
            assert counted < 600 and said < 600
    finally:
        stack.stop()


async def test_scripts_count_by_what_they_do_in_redis(folder: Path, connect: ConnectClient) -> None:
    """30 queues with a message on each of their four lists: looking at the oldest of each is 120 commands in one script."""
    stack = Stack(folder)
    stack.redis_server.start()
    separator = b'\x06\x16'
    for number in range(30):
        name = f'q{number}'.encode()
        stack.redis().sadd('_kombu.binding.celery', name + separator + separator + name)
        for step in (b'', separator + b'3', separator + b'6', separator + b'9'):
            stack.redis().lpush(name + step, b'{"headers": {}, "properties": {"delivery_tag": "t"}}')
    for number in range(250):
        stack.redis().zadd('unacked_index', {f'tag{number}': time.time()})
        stack.redis().hset('unacked', f'tag{number}', '[{"properties": {"delivery_tag": "t"}}, "", "q0"]')
    own = ('lpush', 'zadd', 'hset')
    try:
        stack.gateway = Gateway(stack.broker, folder, options=['--cost-ceiling', '6000'])
        await asyncio.to_thread(lambda: stack.running_gateway.launch().wait_listening())
        started = time.monotonic()
        async with connect(stack) as client:
            health, known = await client.subscribe('health'), await client.subscribe('queues')
            await client.until(lambda: any(row.get('oldestAge') is not None for row in known), 60, 'an age')
            await client.until(lambda: (health.get('held') or {}).get('held') == 250, 60, 'the held messages')
            await client.until(lambda: cost(health).get('state') == 'limited', 60, 'the ceiling to be felt')
            await asyncio.to_thread(wait_for, lambda: time.monotonic() - started > 30, 40, 'some seconds to pass')
            counts = commands_of(stack)
            counted = sum(count for name, count in counts.items() if name not in own)
            said = int(cost(health)['commandsPerMinute'])
            print(f'{counted} commands in {time.monotonic() - started:.0f} s, the row says {said}; {counts}')
            assert counts['lindex'] >= 120 and counts['hget'] >= 200
            assert counted < 6000
            # The row is a second old at most: one round of readings may be missing in it.
            assert abs(said - counted) <= 600
    finally:
        stack.stop()
