"""bin/demo. See --help."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
import time
from types import FrameType

from harness.process import ManagedProcess

from .once import run_checks
from .orchestra import Orchestra

PORT = 8555
ONCE_SECONDS = 240.0
"""Time for all checks of --once together."""


class StoppedError(BaseException):
    """Somebody asked us to stop. Not an Exception, so that no handler on the way swallows it."""


def on_signal(number: int, _: FrameType | None) -> None:
    asked = signal.Signals(number)
    if ManagedProcess.is_spawning:
        ManagedProcess.held_signal = asked
        return
    raise StoppedError(asked.name)


def standard_address() -> str:
    """The usual port if it is free, otherwise any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', PORT))
        except OSError:
            return '127.0.0.1:0'
    return f'127.0.0.1:{PORT}'


def play(orchestra: Orchestra, once: bool) -> int:
    print('demo: starting redis, four workers, a producer and the gateway', flush=True)
    orchestra.start()
    if once:
        passed = asyncio.run(asyncio.wait_for(run_checks(orchestra.stack), ONCE_SECONDS))
        if failure := orchestra.failure():
            print(f'✗ {failure}')
            passed = False
        print('demo: everything works' if passed else 'demo: something does not work, see above')
        return 0 if passed else 1
    print(f'\n    {orchestra.stack.running_gateway.login_url()}\n', flush=True)
    print('demo: open this link (it works once). Ctrl-C ends everything.', flush=True)
    while True:
        if failure := orchestra.failure():
            print(f'demo: {failure}', file=sys.stderr)
            return 1
        time.sleep(0.5)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog='bin/demo',
        description='A live dashboard on a real Celery fleet, all on this machine.',
    )
    parser.add_argument('--once', action='store_true', help='check that everything works, then end')
    parser.add_argument(
        '--listen',
        help=f'HOST:PORT of the dashboard (default 127.0.0.1:{PORT}, or a free port)',
    )
    options = parser.parse_args(arguments)
    listen = options.listen or ('127.0.0.1:0' if options.once else standard_address())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    orchestra = Orchestra(listen)
    code = 1
    try:
        code = play(orchestra, options.once)
    except StoppedError as asked:
        code = 1 if options.once else 0
        print(f'\ndemo: stopping ({asked})', flush=True)
    except Exception as problem:  # a part that did not start: say which, with its last words
        print(f'demo: {type(problem).__name__}: {problem}', file=sys.stderr)
    finally:
        # From here on nothing may interrupt the clean-up.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if code:
            print(f'demo: the logs are kept in {orchestra.keep_logs()}', file=sys.stderr)
        orchestra.stop()
    return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
