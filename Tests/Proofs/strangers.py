"""2.14, X3: who has not said who he is costs little, is one of few, and does not stay.

    bin/prove strangers                                          # plain, then TLS

A thousand WebSockets are opened that never say who they are, and what is resident grows by little for each; then, without TLS, as many more as are allowed, and the
next one is told to come later (503). All of them are let go with 4401 after five seconds. Somebody who signs in does so before, and is served all the
while. Then all is as before. Ends with 1 if one of that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import sys
import tempfile
from pathlib import Path

from harness.certificates import encrypted
from harness.client import GatewayClient
from harness.crowd import BusyError, codes
from harness.gateway import Gateway
from harness.machine import machine, open_as_many_as_allowed, open_sockets, resident_bytes
from harness.stack import Stack
from harness.stranger import come
from harness.verdict import verdict

MEASURED = 1_000
ALLOWED = 2_000
PLAIN, TLS = 8_000, 32_000
"""Bytes that one may cost (X3), and that a connection with TLS may (P6)."""
AFTER = (5.0, 6.5)
"""Seconds after which they are let go: the gateway looks once a second, and this process is as busy as two thousand clients."""


async def refused(gateway: Gateway) -> str:
    """What one more is told."""
    try:
        await come(gateway, 1, None)
    except BusyError as problem:
        return str(problem)
    return 'another one'


async def prove(stack: Stack, tls: ssl.SSLContext | None) -> list[str]:
    # So many handshakes of TLS take this process longer than the first ones may stay.
    allowed = MEASURED if tls else ALLOWED
    gateway = stack.running_gateway
    assert gateway.process
    pid = gateway.process.pid
    async with GatewayClient.connect(gateway.ws_url, gateway.token('viewer', 'known'), tls=tls) as known:
        health = await known.subscribe('health', maxHz=20)
        # The first ones let tables grow, and make what TLS makes once.
        first = await come(gateway, 200, tls)
        await asyncio.gather(*(stranger.left for stranger in first))
        await asyncio.sleep(2)
        sockets, before = open_sockets(pid), resident_bytes(pid)

        strangers = await come(gateway, MEASURED, tls)
        each = (resident_bytes(pid) - before) / MEASURED
        # The one who is known is none of them.
        strangers += await come(gateway, allowed - MEASURED, tls)
        refusal = await refused(gateway) if tls is None else ''
        deltas = health.deltas
        leaves = list(await asyncio.gather(*(stranger.left for stranger in strangers)))
        waits = sorted(
            leave.bye_at - stranger.upgraded_at for stranger, leave in zip(strangers, leaves, strict=True) if leave.bye_at
        ) or [0.0]
        await known.until(lambda: health.deltas > deltas and open_sockets(pid) <= sockets, 20, 'all to be as before')
    print(
        f'| {"TLS" if tls else "plain"} | {each / 1000:.1f} kB | {len(strangers):,}{", then " + refusal if refusal else ""} '
        f'| {dict(codes(leaves))} after {waits[0]:.1f} to {waits[-1]:.1f} s |',
        flush=True,
    )
    checks = {
        f'at most {(TLS if tls else PLAIN) / 1000:.0f} kB each': each <= (TLS if tls else PLAIN),
        f'not more than {ALLOWED:,}': ' 503 ' in refusal or tls is not None,
        'let go with 4401': codes(leaves) == {4401: allowed},
        f'after {AFTER[0]:.0f} s': AFTER[0] - 1 <= waits[0] and waits[-1] <= AFTER[1],
    }
    return [what for what, holds in checks.items() if not holds]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove strangers')
    parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}', flush=True)
    print('| strangers | each | how many | let go |\n|---|---|---|---|', flush=True)
    wrong: list[str] = []
    for is_encrypted in (False, True):
        with tempfile.TemporaryDirectory(prefix='celeriac-prove-') as name:
            folder = Path(name)
            tls, extra = encrypted(folder) if is_encrypted else (None, [])
            stack = Stack(folder).start(gateway=False)
            try:
                stack.gateway = Gateway(stack.broker, folder, options=extra).launch().wait_listening()
                wrong += asyncio.run(prove(stack, tls))
            finally:
                stack.stop()
    return verdict(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
