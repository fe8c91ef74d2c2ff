"""Clients that never say who they are."""

from __future__ import annotations

import asyncio
import ssl

from .crowd import Member
from .gateway import Gateway

PER_SECOND = 950
"""Fewer than the handshakes that a gateway takes."""


class Stranger(Member):
    """Hears the gateway's greeting, and says nothing."""

    def _text(self, payload: bytes) -> None:
        if b'"session.hello"' in payload:
            self.started.set_result(None)
        else:
            super()._text(payload)


async def come(gateway: Gateway, count: int, tls: ssl.SSLContext | None) -> list[Stranger]:
    """So many more of them, fewer in a second than the gateway takes."""
    host, port = gateway.address.rsplit(':', 1)
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(25)

    async def one(number: int) -> Stranger:
        await asyncio.sleep(number / PER_SECOND)
        async with gate:
            _, stranger = await loop.create_connection(lambda: Stranger(gateway.address, ''), host, int(port), ssl=tls)
            await stranger.started
            return stranger

    return list(await asyncio.gather(*(one(number) for number in range(count))))
