"""X8 and X9 over the WebSocket: a client with a credential that asks too much, or puts more into a text than there is to read."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.attackers import HOSTILE_TEXTS
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from websockets.exceptions import ConnectionClosed

FLOODS: dict[str, tuple[int, Callable[[int], tuple[str, dict[str, Any]]]]] = {
    '1,000 messages': (1_000, lambda _: ('query', {'topic': 'tasks', 'limit': 1})),
    '200 subscriptions': (200, lambda number: ('sub.open', {'sub': 2 + number, 'topic': 'health'})),
    '10,000 moves of a window': (10_000, lambda _: ('view.move', {'sub': 1, 'after': None})),
}


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.mark.parametrize('flood', FLOODS)
async def test_who_asks_without_end_is_refused_then_closed_and_others_are_answered(
    stack: Stack, connect: ConnectClient, flood: str
) -> None:
    """X8: 1012 and how long to wait, then 4429; somebody else's questions are answered meanwhile."""
    number, request = FLOODS[flood]
    async with connect(stack) as good, connect(stack) as bad:
        await bad.view(limit=10)
        with contextlib.suppress(ConnectionClosed):
            for each in range(number):
                method, params = request(each)
                await bad.send({'jsonrpc': '2.0', 'id': f'f{each}', 'method': method, 'params': params})
        assert (await good.call('query', {'topic': 'tasks', 'limit': 1}, timeout=40))['looked'] >= 0

        assert await bad.wait_closed(40) == 4429
        refused = [frame.message['error'] for frame in bad.frames if not frame.sent and 'error' in frame.message]
        limited = [error for error in refused if error['code'] == 1012]
        assert limited and limited[-1]['data']['retry'] is True and limited[-1]['data']['retryAfterMs'] > 0, refused[-3:]


def keys_of(stack: Stack) -> set[bytes]:
    """What is in the broker, but for the gateway's own notes."""
    found: Any = stack.redis().keys('*')
    return {key for key in found if not key.startswith(b'celeriac.')}


@pytest.mark.parametrize('text', [*HOSTILE_TEXTS, 'x' * 20_000], ids=lambda text: repr(text)[:20])
async def test_what_a_client_writes_reaches_the_broker_as_it_is(stack: Stack, connect: ConnectClient, text: str) -> None:
    """X9: by one encoder into one message, one line of the log, and one row; nothing is put together from text."""
    queue, before = unique('inert'), keys_of(stack)
    async with connect(stack, 'operator') as client:
        commands = await client.subscribe('commands')
        arguments = {'task': 'math.add', 'args': [text], 'kwargs': {'note': text}, 'queue': queue}
        handle = (await client.submit('task.run', arguments, deadline_ms=2_000))['command']
        row = await client.until(lambda: commands.rows.get(handle), 20, 'the row of the command')
        assert row['cmd'] == 'task.run', row

        await client.until(lambda: stack.queue_length(queue) == 1, 20, 'the message in its queue')
        [message] = stack.waiting(queue)
        body = json.loads(base64.b64decode(json.loads(message)['body']))
        assert body[:2] == [[text], {'note': text}]
        assert keys_of(stack) - before <= {queue.encode()}
    assert stack.running_gateway.process
    log = stack.running_gateway.process.output()
    assert not any(sign in log for sign in ('\x00', 'line\nbreak', '\u202e', '<img src'))
