"""Event published in Redis -> frame parsed by a client, with many clients.

    bin/bench latency [--clients 100] [--rate 500] [--seconds 20]

Starts a private Redis and the release gateway, makes tokens (a principal may have ten connections), and lets the Swift load tool
publish events and measure:

    celeriac-load latency --broker URL --gateway ws://… --tokens FILE --clients N --rate N --seconds N

The tool prints its figures and ends with 0 if the target is met.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.gateway import Gateway
from harness.redis_server import RedisServer

CONNECTIONS_PER_TOKEN = 8


def machine() -> str:
    """One line about where the figures come from."""
    model = next(
        (
            line.split(':', 1)[1].strip()
            for line in Path('/proc/cpuinfo').read_text().splitlines()
            if line.startswith('model name')
        ),
        platform.machine(),
    )
    return f'{os.cpu_count()} x {model}, Linux {platform.release()}'


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench latency')
    parser.add_argument('--clients', type=int, default=100)
    parser.add_argument('--rate', type=int, default=500, help='events per second')
    parser.add_argument('--seconds', type=int, default=20)
    options = parser.parse_args(arguments)
    load = os.environ.get('CELERIAC_LOAD', '')
    if not load:
        print('CELERIAC_LOAD is not set: use bin/bench latency', file=sys.stderr)
        return 2
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}')
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as name:
        folder = Path(name)
        redis_server = RedisServer(folder / 'redis')
        gateway = Gateway('', folder, env={'CELERIAC_SOCKETS_PER_ADDRESS': str(options.clients + 10)})
        try:
            redis_server.start()
            gateway.broker = redis_server.url()
            gateway.start()
            count = -(-options.clients // CONNECTIONS_PER_TOKEN)
            tokens = folder / 'tokens'
            tokens.write_text(''.join(gateway.token('viewer', f'bench-{number}') + '\n' for number in range(count)))
            command = [load, 'latency', '--broker', redis_server.url(), '--gateway', gateway.ws_url, '--tokens', str(tokens)]
            command += ['--clients', str(options.clients), '--rate', str(options.rate), '--seconds', str(options.seconds)]
            return subprocess.run(command, check=False).returncode
        finally:
            gateway.stop()
            redis_server.stop()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
