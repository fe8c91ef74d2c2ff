"""Logs: text for a person at a terminal, one JSON object a line for everything else."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from harness.gateway import Gateway
from harness.paths import WEB
from harness.process import outer_environment
from harness.redis_server import RedisServer


def read_until(terminal: int, pattern: str, timeout: float) -> str:
    """What the program writes to its terminal, until it matches."""
    output = ''
    deadline = time.monotonic() + timeout
    while not re.search(pattern, output):
        assert time.monotonic() < deadline, f'no /{pattern}/ within {timeout:g} s in {output!r}'
        if select.select([terminal], [], [], 0.2)[0]:
            with contextlib.suppress(OSError):
                output += os.read(terminal, 65_536).decode(errors='replace')
    return output


@pytest.mark.parametrize('options', [(), ('--log-format', 'json')], ids=['by itself', 'asked for JSON'])
def test_a_terminal_gets_text_unless_json_is_asked_for(folder: Path, options: tuple[str, ...]) -> None:
    server = RedisServer(folder / 'redis').start()
    gateway = Gateway(server.url(), folder)
    ours, theirs = pty.openpty()
    command = [str(gateway.binary), 'serve', '--broker', server.url(), '--listen', '127.0.0.1:0']
    command += ['--data', str(gateway.data), '--web', str(WEB), *options]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=outer_environment(), start_new_session=True
    )
    try:
        os.close(theirs)
        output = read_until(ours, r'reconciled[^\n]*\n', 30)
        process.send_signal(signal.SIGTERM)
        output += read_until(ours, r'stopped', 30)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
        server.stop()

    lines = [line for line in output.splitlines() if line and not line.startswith('Open http')]
    assert len(lines) >= 4, output
    for line in lines[:-1]:
        if options:
            assert json.loads(line)['message']
        else:
            assert re.fullmatch(r'\d\d:\d\d:\d\dZ? [A-Z]+ .+', line), line
    # The link that makes the first admin is for a person in both cases, and there is one.
    assert len(re.findall(r'#setup=', output)) == 1


def test_a_pipe_gets_json(folder: Path) -> None:
    server = RedisServer(folder / 'redis').start()
    gateway = Gateway(server.url(), folder)
    try:
        gateway.start()
        assert gateway.process
        lines = [line for line in gateway.process.output().splitlines() if not line.startswith('Open http')]
        assert lines and all(json.loads(line)['level'] for line in lines)
    finally:
        gateway.stop()
        server.stop()
