"""Clients that sign in, subscribe, and read nothing more from the moment on at which events come; and when the gateway has let them go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .crowd import codes, gather_crowd
from .gateway import Gateway

TOPICS = ('workers', 'stats', 'queues')
PATIENCE = 60.0
EARLIEST = 9.0
LOOK = 0.4
"""Seconds between two looks."""


def held_by(port: int, peers: set[int]) -> set[int]:
    """The peers' ports whose connections a program on this machine still has open at `port`: one that it has closed has no inode, even
    if its last bytes are still on their way."""
    held: set[int] = set()
    for line in Path('/proc/net/tcp').read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(address.rsplit(':', 1)[1], 16) for address in fields[1:3])
        if local == port and remote in peers and fields[9] != '0':
            held.add(remote)
    return held


@dataclass
class Deaf:
    """What became of them."""

    waits: list[float] = field(default_factory=list)
    """Seconds from the moment at which one stopped reading until the gateway had closed its connection."""
    codes: Counter[int] = field(default_factory=Counter)


@contextlib.contextmanager
def deaf_clients(gateway: Gateway, number: int) -> Iterator[Deaf]:
    """Has so many of them, in a thread, until the gateway has let them all go, or a minute after the end of the block."""
    deaf, over = Deaf(), threading.Event()
    token = gateway.token('viewer', 'deaf')
    thread = threading.Thread(target=lambda: asyncio.run(_stay(gateway, token, number, deaf, over)), daemon=True)
    thread.start()
    try:
        yield deaf
    finally:
        over.set()
        thread.join(PATIENCE * 2)


async def _stay(gateway: Gateway, token: str, number: int, deaf: Deaf, over: threading.Event) -> None:
    # This thread's own (setpriority(2)): they stand for other machines.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    host, port = gateway.address.rsplit(':', 1)
    crowd = await gather_crowd(host, int(port), [token], number, opens=TOPICS)
    first = crowd[0].tables[2]
    before = first.deltas
    while first.deltas == before and not over.is_set():  # noqa: ASYNC110 - frames have no event here
        await asyncio.sleep(0.05)
    for member in crowd:
        member.stop_reading()
    began, ports = time.monotonic(), {member.port for member in crowd}
    # Nobody is let go before, and looking at all connections of a machine with a thousand takes a core for a while.
    await asyncio.sleep(EARLIEST)
    while ports and time.monotonic() - began < PATIENCE:
        gone = ports - held_by(int(port), ports)
        deaf.waits += [time.monotonic() - began] * len(gone)
        ports -= gone
        await asyncio.sleep(LOOK)
    for member in crowd:
        member.read_on()
    if not ports:
        deaf.codes = codes(list(await asyncio.gather(*(member.left for member in crowd))))
    for member in crowd:
        member.abort()
