"""`celeriac-load crowd`: clients of every kind end up with what the gateway knows, and if one does not, the tool says so."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.frame_record import judge_record
from harness.paths import load_binary
from harness.stack import Stack, unique

KINDS = {'browsers': 3, 'overviews': 2, 'tables': 2, 'walls': 2, 'bots': 2, 'slow': 1}
CLIENTS = sum(KINDS.values())


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.mark.parametrize(
    ('flag', 'fault'),
    [
        ([], ''),
        (['--loses-deltas'], 'browser 0: stats '),
        (['--loses-batch'], 'bot '),
    ],
    ids=['whole', 'lost deltas', 'lost batch'],
)
def test_a_difference_is_found_if_and_only_if_there_is_one(stack: Stack, tmp_path: Path, flag: list[str], fault: str) -> None:
    gateway = stack.running_gateway
    tokens = tmp_path / 'tokens'
    tokens.write_text(''.join(f'{role} {gateway.token(role, unique(role))}\n' for role in ('operator', 'wall', 'bot')))
    command = [str(load_binary()), 'crowd', '--broker', stack.broker, '--gateway', gateway.ws_url, '--tokens', str(tokens)]
    command += [part for kind, count in KINDS.items() for part in (f'--{kind}', str(count))]
    record = tmp_path / 'frames'
    command += ['--rate', '200', '--seconds', '1', '--record', str(record)]
    # Whoever must find a difference need not wait long for it to go; whoever must find none may have a slow machine.
    command += ['--warm-up', '0', '--patience', '0' if flag else '30', *flag]

    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)

    assert (done.returncode == 0) == (not flag), done.stdout + done.stderr
    assert fault in done.stderr
    assert ('every client knows what the gateway knows' in done.stdout) == (not flag)
    assert len(judge_record(record).told) == CLIENTS
