"""A client that falls asleep like a laptop's browser, and goes on where it was when it wakes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import GatewayClient
from .crowd import Leave, Member, join
from .gateway import Gateway
from .rows import Table

Since = dict[str, Any]


def content(table: Table) -> dict[str, dict[str, Any]]:
    """The rows without what moves by itself while we compare."""
    return {key: {name: value for name, value in row.items() if name != 'statsAt'} for key, row in table.by_id().items()}


def since(table: Table) -> Since:
    """The position from which a table can be resumed."""
    return {'epoch': table.epoch, 'rev': table.rev}


async def equal(one: tuple[GatewayClient, Table], two: tuple[GatewayClient, Table], timeout: float = 40) -> None:
    """Two live tables show the same. Compares again and again: rows still move by time-outs."""
    deadline = time.monotonic() + timeout
    while (left := content(one[1])) != (right := content(two[1])):
        wrong = {key: (left.get(key), right.get(key)) for key in left | right if left.get(key) != right.get(key)}
        assert time.monotonic() < deadline, f'the tables differ: {wrong}'
        for client, _ in (one, two):
            await client.until(lambda: True, 1, 'no violation')
        await asyncio.sleep(0.2)


@dataclass
class Waking:
    """How a client went on."""

    leave: Leave
    """How the gateway had let it go meanwhile."""
    answers: dict[str, Since] = field(default_factory=dict)
    """What it was answered, by topic."""
    resets: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Sleeper:
    """Signs in with a token of its own and subscribes; `fall_asleep` stops it, `wake` finds out what the gateway thinks and goes on."""

    gateway: Gateway
    token: str
    topics: Sequence[str]
    member: Member

    @classmethod
    async def sign_in(cls, gateway: Gateway, name: str, topics: Sequence[str]) -> Sleeper:
        token = gateway.token('operator', name)
        host, port = gateway.address.rsplit(':', 1)
        return cls(gateway, token, topics, await join(host, int(port), token, opens=topics))

    @property
    def tables(self) -> list[Table]:
        return list(self.member.tables.values())

    def fall_asleep(self) -> None:
        self.member.stop_reading()

    async def wake(self, timeout: float = 60) -> Waking:
        """Reads what had come, sees the end, resumes each topic, and in the end knows what a new client knows."""
        self.member.read_on()
        waking = Waking(await asyncio.wait_for(self.member.left, timeout))
        async with GatewayClient.connect(self.gateway.ws_url, self.token) as client:
            for old in self.tables:
                resumed = await client.subscribe(old.topic, since=since(old), base=old)
                fresh = await client.subscribe(old.topic)
                await equal((client, resumed), (client, fresh))
                answers = [frame.message['result'] for frame in client.frames if 'mode' in (frame.message.get('result') or {})]
                waking.answers[old.topic] = next(answer for answer in answers if answer['sub'] == resumed.sub)
                waking.resets[old.topic] = resumed.resets
        return waking
