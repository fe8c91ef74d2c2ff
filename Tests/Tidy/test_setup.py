"""bin/setup on machines that lack something: what it asks for, from whom, and what it says when it cannot go on.

The script is the real one, in a folder of its own; the system's tools that it would change something with are stand-ins.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

REAL = ('bash', 'cat', 'cut', 'dirname', 'env', 'flock', 'grep', 'head', 'mkdir', 'rm', 'sed', 'tail')
"""Tools of the system that the script may use as they are."""
STAMP = 'stamp'


class Machine:
    """A checkout with bin/setup, and a PATH on which only what we put there can be found."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / 'checkout'
        self.path = folder / 'path'
        self.installed = folder / 'installed'
        self.calls = folder / 'calls'
        for made in (self.root / 'bin', self.root / 'Tests', self.path):
            made.mkdir(parents=True)
        self.installed.touch()
        self.calls.touch()
        shutil.copy(ROOT / 'bin' / 'setup', self.root / 'bin' / 'setup')
        for name in ('requirements.txt', 'constraints.txt', 'requirements-old.txt'):
            (self.root / 'Tests' / name).touch()
        (self.root / 'bin' / 'tools').mkdir()
        (self.root / 'bin' / 'tools' / 'vendor.py').touch()
        # Environments and libraries are in place: their stamps are what the stand-in for sha256sum says.
        for place in ('.venv', '.venv-old', 'web/vendor'):
            (self.root / place / 'bin').mkdir(parents=True)
            (self.root / place / 'bin' / 'python').symlink_to(sys.executable)
            (self.root / place / '.stamp').write_text(f'{STAMP}\n')
        for name in REAL:
            (self.path / name).symlink_to(shutil.which(name) or name)
        self.tool('swift', 'true')
        self.tool('python3', f'exec {sys.executable} "$@"')
        self.tool('node', 'echo v20.1.0')
        self.tool('sha256sum', f'cat >/dev/null; echo "{STAMP}  -"')
        self.tool('id', 'echo 0')
        self.tool(
            'dpkg-query',
            f'for name in "$@"; do grep -qxF "$name" {self.installed} && echo "$name installed"; done; true',
        )
        self.tool(
            'apt-get',
            f'echo "apt-get as ${{AS:-nobody special}}: $*" >>{self.calls}\n'
            f'case " $* " in *" install "*) for name in "$@"; do echo "$name" >>{self.installed}; done;; esac',
        )

    def tool(self, name: str, script: str) -> None:
        place = self.path / name
        place.unlink(missing_ok=True)
        place.write_text(f'#!/bin/bash\n{script}\n')
        place.chmod(0o755)

    def lacks(self, name: str) -> None:
        (self.path / name).unlink()

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / 'bin' / 'setup')],
            env={'PATH': str(self.path), 'HOME': str(self.root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_root_needs_no_sudo_and_a_second_run_installs_nothing(machine: Machine) -> None:
    machine.tool('sudo', f'echo sudo >>{machine.calls}; exit 1')

    first = machine.run()

    assert first.returncode == 0, first.stderr
    assert 'setup: installing with apt:' in first.stdout and 'libwebsockets-dev' in first.stdout
    (call,) = machine.called()
    assert ' install -y --no-install-recommends ' in call and 'redis-server' in call and 'chromium' in call
    again = machine.run()
    assert again.returncode == 0 and again.stdout == 'setup: everything is in place\n'
    assert machine.called() == [call]


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    assert machine.run().returncode == 0
    kept = [name for name in machine.installed.read_text().splitlines() if name not in {'libhiredis-dev', 'faketime'}]
    machine.installed.write_text('\n'.join(kept) + '\n')

    done = machine.run()

    assert 'setup: installing with apt: libhiredis-dev faketime\n' in done.stdout, done.stdout
    assert machine.called()[-1].endswith('--no-install-recommends libhiredis-dev faketime')


def test_who_is_not_root_is_asked_through_sudo(machine: Machine) -> None:
    machine.tool('id', 'echo 1000')
    machine.tool(
        'sudo',
        '[ "$1" = --preserve-env=DEBIAN_FRONTEND ] && [ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1; shift; AS=root exec "$@"',
    )

    done = machine.run()

    assert done.returncode == 0, done.stderr
    assert machine.called() and all(line.startswith('apt-get as root: ') for line in machine.called())


def test_without_root_and_sudo_it_says_what_to_run(machine: Machine) -> None:
    machine.tool('id', 'echo 1000')

    done = machine.run()

    assert done.returncode == 1
    assert 'setup: need root (or sudo) to run: apt-get' in done.stderr and 'libwebsockets-dev' in done.stderr
    assert machine.called() == []


def test_old_package_lists_are_refreshed_once(machine: Machine) -> None:
    fresh = machine.root / 'fresh'
    machine.tool(
        'apt-get',
        f'echo "$*" >>{machine.calls}\n'
        f'case " $* " in *" update "*) echo >{fresh};;\n'
        f'*) [ -e {fresh} ] || exit 100; for name in "$@"; do echo "$name" >>{machine.installed}; done;; esac',
    )

    done = machine.run()

    assert done.returncode == 0, done.stderr
    assert 'setup: refreshing the package lists' in done.stdout
    assert [' update' in f' {line}' for line in machine.called()] == [False, True, False]


def test_what_apt_cannot_install_is_said_with_its_own_words(machine: Machine) -> None:
    machine.tool('apt-get', 'case " $* " in *" update "*) ;; *) echo "E: no space left on device"; exit 100;; esac')

    done = machine.run()

    assert done.returncode == 1
    assert 'E: no space left on device' in done.stderr and 'setup: apt could not install: libwebsockets-dev' in done.stderr


@pytest.mark.parametrize(('tool', 'said'), [('swift', "setup: no 'swift' on PATH"), ('dpkg-query', 'Debian and Ubuntu only')])
def test_what_it_cannot_install_is_named(machine: Machine, tool: str, said: str) -> None:
    machine.lacks(tool)

    done = machine.run()

    assert done.returncode == 1 and said in done.stderr
    assert machine.called() == []
