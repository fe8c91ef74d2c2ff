"""bin/demo as a process: --once passes, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from harness.paths import ROOT, gateway_binary
from harness.process import ManagedProcess
from harness.waiting import wait_for


def start_demo(folder: Path, *options: str) -> ManagedProcess:
    """bin/demo itself, with the gateway under test instead of a release build; its set-up finds everything in place."""
    environment = {
        'CELERIAC_BIN': str(gateway_binary()),
        'CELERIAC_ARTIFACTS': str(folder),
        'PYTHONUNBUFFERED': '1',
        'TMPDIR': str(folder),
    }
    return ManagedProcess('demo', [str(ROOT / 'bin' / 'demo'), *options], folder / 'demo.log', cwd=folder, env=environment)


def processes_of(folder: Path) -> list[str]:
    """Command lines or working folders of running processes that belong to this demo."""
    found = []
    for entry in Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
            place = str((entry / 'cwd').readlink())
        except OSError:
            continue
        if str(folder) in line or place.startswith(str(folder)):
            found.append(f'{entry.name} {line}')
    return found


def test_once_passes(folder: Path) -> None:
    demo = start_demo(folder, '--once')
    try:
        code = demo.wait_exit(240)
        assert code == 0, demo.tail(60)
        assert demo.output().count('✓') >= 10 and '✗' not in demo.output()
    finally:
        demo.kill()
    wait_for(lambda: not processes_of(folder), 15, 'all processes to be gone')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_that_was_started(folder: Path, number: signal.Signals) -> None:
    demo = start_demo(folder, '--listen', '127.0.0.1:0')
    try:
        demo.wait_output(r'http://\S+#login=\S+', 120)
        demo.wait_output('open this link', 10)
        assert len(re.findall(r'http\S+#login=', demo.output())) == 1, 'it prints one link'
        assert len(processes_of(folder)) >= 7, 'redis, four workers, producer, gateway'

        demo.signal(number)

        assert demo.wait_exit(30) == 0
        wait_for(lambda: not processes_of(folder), 15, 'all processes to be gone')
        assert not list(folder.glob('celeriac-demo-*'))
    finally:
        demo.kill()


@pytest.mark.parametrize('part', ['redis-server', ' worker '])
def test_a_signal_while_it_starts_ends_what_has_started(folder: Path, part: str) -> None:
    demo = start_demo(folder, '--listen', '127.0.0.1:0')
    try:
        wait_for(lambda: any(part in line for line in processes_of(folder)), 60, f'{part} to run', every=0.01)
        assert '#login=' not in demo.output()

        demo.signal(signal.SIGINT)

        assert demo.wait_exit(30) == 0, demo.tail(20)
        wait_for(lambda: not processes_of(folder), 15, 'all processes to be gone')
        assert '#login=' not in demo.output() and not list(folder.glob('celeriac-demo-*'))
    finally:
        demo.kill()


def test_when_a_part_ends_the_demo_says_which_and_ends(folder: Path) -> None:
    demo = start_demo(folder, '--listen', '127.0.0.1:0')
    try:
        demo.wait_output(r'#login=\S+', 60)
        victim = next(line for line in processes_of(folder) if re.search(r'redis-server', line))

        os.kill(int(victim.split()[0]), signal.SIGKILL)

        assert demo.wait_exit(30) == 1
        assert 'redis-server ended' in demo.output()
        wait_for(lambda: not processes_of(folder), 15, 'all processes to be gone')
    finally:
        demo.kill()
