"""F7: ten thousand clients are let go by a gateway that is told to end, and come back to another one.

    bin/prove drain [--clients 10000]

The clients are told evenly (R57), each with a time after which to come back; each does so, at a second gateway on the same broker,
as behind a balancer. Must hold: at most 350 are told in any second, at most 400 come back in any second, no connection ends
without a close frame (1006), all are served again, and the first gateway has ended within 40 s.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
import tempfile
import time
from pathlib import Path

from harness.crowd import Leave, LoopWatch, Member, busiest_second, codes, gather_crowd, join
from harness.gateway import Gateway
from harness.machine import machine, open_as_many_as_allowed
from harness.redis_server import RedisServer

TOKENS = 40


def place(gateway: Gateway) -> tuple[str, int]:
    host, port = gateway.address.rsplit(':', 1)
    return host, int(port)


async def come_back(member: Member, gateway: Gateway, token: str, arrivals: list[float]) -> tuple[Leave, Member]:
    """What every client does: it waits as long as it was told to, then connects again."""
    leave = await member.left
    if leave.retry_after < 0:
        raise RuntimeError(f'a client was not told when to come back: {leave}')
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(0.0, leave.bye_at + leave.retry_after / 1000 - loop.time()))
    arrivals.append(loop.time())
    return leave, await join(*place(gateway), token)


async def prove(options: argparse.Namespace, first: Gateway, second: Gateway) -> int:
    tokens = [[gateway.token('viewer', f'crowd-{number}') for number in range(TOKENS)] for gateway in (first, second)]
    crowd = await gather_crowd(*place(first), tokens[0], options.clients)
    print(f'{len(crowd):,} clients are live', flush=True)
    arrivals: list[float] = []
    returns = [
        asyncio.create_task(come_back(member, second, tokens[1][index % TOKENS], arrivals)) for index, member in enumerate(crowd)
    ]
    # Nothing of ours may stand still while moments are taken: all tasks wait already, and no garbage is collected.
    await asyncio.sleep(1)
    gc.collect()
    gc.disable()
    began = time.monotonic()
    async with LoopWatch() as watch:
        first.send_signal(signal.SIGTERM)
        assert first.process
        code = await asyncio.to_thread(first.process.wait_exit, 90)
        ended = time.monotonic() - began
        results = await asyncio.wait_for(asyncio.gather(*returns), 60)
        back = time.monotonic() - began
    leaves = [leave for leave, _ in results]
    told, came = busiest_second([leave.bye_at for leave in leaves]), busiest_second(arrivals)
    for _, member in results:
        member.abort()
    print(f'told to leave in any second: at most {told}; came back in any second: at most {came}')
    print(f'how connections ended: {dict(codes(leaves))}; the first gateway ended with {code} after {ended:.1f} s')
    print(f'all {len(results):,} are served again after {back:.1f} s; this process slept at most {watch.longest * 1000:.0f} ms')
    checks = {
        'at most 350 told in any second': told <= 350,
        'at most 400 arrivals in any second': came <= 400,
        'no abnormal end': set(codes(leaves)) == {1001},
        'ended within 40 s, with 0': ended <= 40 and code == 0,
    }
    for what, holds in checks.items():
        print(f'{"holds" if holds else "FAILS"}: {what}')
    return 0 if all(checks.values()) else 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove drain')
    parser.add_argument('--clients', type=int, default=10_000)
    options = parser.parse_args(arguments)
    open_as_many_as_allowed()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix='celeriac-prove-') as name:
        folder = Path(name)
        server = RedisServer(folder / 'redis').start()
        gateways = [Gateway(server.url(), folder / part) for part in ('first', 'second')]
        try:
            for gateway in gateways:
                gateway.folder.mkdir()
                gateway.start()
            return asyncio.run(prove(options, *gateways))
        finally:
            for gateway in gateways:
                gateway.kill()
            server.stop()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
