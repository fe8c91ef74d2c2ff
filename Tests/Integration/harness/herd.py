"""A crowd in several processes, all of which lose their gateway at one moment: one Python process cannot be ten thousand clients at once."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import random
import ssl
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .crowd import Member, come_back, differences, gather_crowd
from .machine import open_as_many_as_allowed
from .rows import Table

RESTLESS = frozenset({
    *('statsAt', 'since', 'heartbeat', 'uptime', 'loadavg', 'drift', 'completeness', 'eventsPerSecond', 'successRate', 'runtimeMean'),
    *('waitMean', 'throughput', 'throughput10s', 'throughput5m', 'succeeded5m', 'failed5m', 'oldestAge', 'rateIn', 'rateOut'),
})  # fmt: skip
"""Fields that follow the clock: clients that are told seldom show another moment's."""


JUDGED = 200
"""Of so many that come back, one."""


@dataclass(frozen=True)
class Place:
    """Where a gateway is, and what its clients do there."""

    host: str
    port: int
    tokens: tuple[str, ...]
    topics: tuple[str, ...]
    authority: Path | None = None
    """The certificate that is trusted, if there is TLS."""
    max_hz: float | None = None

    def options(self) -> dict[str, Any]:
        tls = ssl.create_default_context(cafile=str(self.authority)) if self.authority else None
        return {'opens': self.topics, 'tls': tls, 'max_hz': self.max_hz}


@dataclass
class Return:
    """How a process's clients came back: moments of the clock that all processes share, and seconds."""

    live_at: list[float] = field(default_factory=list)
    handshakes: list[float] = field(default_factory=list)


class Herd:
    """So many clients in so many processes. The gateway must take them all for one address."""

    def __init__(self, place: Place, clients: int, processes: int) -> None:
        context = multiprocessing.get_context('spawn')
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(processes):
            share = clients // processes + (number < clients % processes)
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, place, share), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    async def gather(self) -> None:
        """All clients are live."""
        await self._ask('gather')

    async def lose(self) -> Return:
        """All connections end at once, and all clients come back within a second, each at its own moment."""
        returned = Return()
        for part in await self._ask('lose'):
            returned.live_at += part.live_at
            returned.handshakes += part.handshakes
        return returned

    async def differences(self, truth: dict[str, Table]) -> list[str]:
        """What clients have otherwise than the tables of one that came later; a few of each process."""
        return [line for part in await self._ask(truth) for line in part]

    def end(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(30)
            if process.is_alive():
                process.kill()

    async def _ask(self, question: Any) -> list[Any]:
        for pipe in self._pipes:
            pipe.send(question)
        return list(await asyncio.gather(*(asyncio.to_thread(pipe.recv) for pipe in self._pipes)))


def _serve(pipe: Connection, place: Place, clients: int) -> None:
    open_as_many_as_allowed()
    # They stand for other machines: what they need must not be taken from the gateway.
    os.nice(10)
    asyncio.run(_run(pipe, place, clients))


async def _run(pipe: Connection, place: Place, clients: int) -> None:
    options = place.options()
    crowd: list[Member] = []
    while True:
        try:
            question = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        match question:
            case 'gather':
                crowd = await gather_crowd(place.host, place.port, list(place.tokens), clients, at_once=25, **options)
                # Collecting garbage among so many objects takes a second at a time; attempts that fail leave some, 256 KiB each with TLS.
                gc.collect()
                gc.freeze()
                pipe.send(None)
            case 'lose':
                crowd, returned = await _lose(place, crowd, options)
                pipe.send(returned)
            case truth:
                pipe.send(differences(crowd, truth, RESTLESS)[:3])


async def _lose(place: Place, crowd: list[Member], options: dict[str, Any]) -> tuple[list[Member], Return]:
    loop = asyncio.get_running_loop()
    returned = Return()

    async def one(index: int) -> Member:
        await asyncio.sleep(random.random())
        token = place.tokens[index % len(place.tokens)]
        # A few are held against the contract: that takes longer than all else that they do.
        judged = index % JUDGED == 0
        member = await come_back(place.host, place.port, token, patience=120, judged=judged, **options)
        # What `time.monotonic` says in every process, too.
        returned.live_at.append(loop.time())
        returned.handshakes.append(member.upgraded_at - member.connected_at)
        return member

    for member in crowd:
        member.abort()
    return list(await asyncio.gather(*(one(index) for index in range(len(crowd))))), returned
