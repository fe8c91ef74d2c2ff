"""Our WebSocket server under the Autobahn test suite: every case of the protocol that it knows (P2).

    bin/prove autobahn [--cases 1,2,3,4,5,6,7,9,10,12.1,13.1] [--report FOLDER] [--echo BINARY]

The suite is wstest of `autobahntestsuite`, which needs Python 2.7: pyenv's is taken where there is one, and the suite is installed once,
below `.build`. Without a Python 2.7 nothing is shown, and this says so loudly and ends with 3. Ends with 1 if a case has another verdict
than OK, for what came back and for how it ended, and it is not among the known ones, each of which has its verdict and its reason here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITE = 'autobahntestsuite==25.10.1'
SUBPROTOCOL = 'celeriac.v1.json'
GROUPS = '1,2,3,4,5,6,7,9,10,12.1,13.1'
OK = ('OK', 'OK')


@dataclass(frozen=True)
class Known:
    """A verdict other than OK that we accept for one case: what came back, and how it ended."""

    verdict: tuple[str, str]
    reason: str


PINGS = Known(
    ('FAILED', 'OK'), 'of pings that come faster than one pong goes out libwebsockets answers one (RFC 6455 5.5.3 allows it)'
)
LATE = Known(('INFORMATIONAL', 'INFORMATIONAL'), "the suite's own verdict for every server: a close behind a large message")
UNDEFINED = Known(
    ('INFORMATIONAL', 'INFORMATIONAL'), "the suite's own verdict for every server: RFC 6455 does not define such codes"
)
NARROW = Known(
    ('UNIMPLEMENTED', 'OK'), 'it offers a window of 512 bytes only; we compress once for all (decision 10), and go without'
)
LONG = Known(('FAILED', 'FAILED'), 'libwebsockets reads at most 255 bytes of extensions; a longer list is answered with 400')
KNOWN = {
    **{'2.10': PINGS, '2.11': PINGS, '7.1.6': LATE, '7.13.1': UNDEFINED, '7.13.2': UNDEFINED},
    **{f'13.{part}.{number}': NARROW for part in (3, 5) for number in range(1, 19)},
    **{f'13.7.{number}': LONG for number in range(1, 19)},
}


def python27() -> str | None:
    """A Python 2.7, pyenv's or the system's."""
    root = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
    found = sorted(root.glob('versions/2.7*/bin/python2.7'))
    return str(found[-1]) if found else shutil.which('python2.7', path='/usr/local/bin:/usr/bin')


def suite(python: str) -> tuple[Path, dict[str, str]]:
    """The wstest program, installed on the first call, and its environment."""
    base = ROOT / '.build' / 'autobahn'
    environment = {**os.environ, 'PYTHONUSERBASE': str(base), 'PYTHONWARNINGS': 'ignore'}
    program = base / 'bin' / 'wstest'
    if not program.exists():
        print(f'installing {SUITE} …', flush=True)
        command = [python, '-m', 'pip', 'install', '--user', '--quiet', '--no-warn-script-location', SUITE]
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    return program, environment


def echo(binary: Path | None) -> tuple[subprocess.Popen[str], int]:
    """The echo server on our SocketServer, and its port."""
    if binary is None:
        build = ['swift', 'build', '-c', 'release', '--product', 'socket-echo']
        subprocess.run(build, check=True, cwd=ROOT)
        binary = ROOT / '.build/release/socket-echo'
    process = subprocess.Popen([binary], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r':(\d+)$', line.strip())
    if not found:
        raise SystemExit(f'the echo server did not start: {line!r}')
    return process, int(found.group(1))


def order(case: str) -> list[int]:
    return [int(part) for part in case.split('.')]


def table(results: dict[str, dict[str, object]]) -> tuple[list[str], list[str]]:
    """Rows by group, and what failed and is not known."""
    groups: dict[int, Counter[str]] = {}
    failed = []
    reasons: dict[str, list[str]] = {}
    for case in sorted(results, key=order):
        result = results[case]
        verdict = (str(result['behavior']), str(result['behaviorClose']))
        known = KNOWN.get(case)
        is_known = known is not None and verdict == known.verdict
        kind = 'OK' if verdict == OK else f'known ({verdict[0]})' if is_known else 'FAILED'
        groups.setdefault(order(case)[0], Counter())[kind] += 1
        if kind == 'FAILED':
            failed.append(f'{case}: {verdict[0]}, close {verdict[1]}')
        elif known and is_known:
            reasons.setdefault(f'{verdict[0]}: {known.reason}', []).append(case)
    for reason, cases in reasons.items():
        print(f'{", ".join(cases)}: {reason}')
    rows = [
        f'| {group} | {sum(kinds.values())} | ' + ', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items())) + ' |'
        for group, kinds in groups.items()
    ]
    return rows, failed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/prove autobahn')
    parser.add_argument('--cases', default=GROUPS, help='groups, or cases such as 9.1.6, with commas')
    parser.add_argument('--report', type=Path, help="keeps the suite's own pages in this folder")
    parser.add_argument('--echo', type=Path, help='a socket-echo that is built already')
    options = parser.parse_args(arguments)
    python = python27()
    if python is None:
        print('SKIPPED: NOTHING WAS SHOWN. The Autobahn suite needs Python 2.7, and there is none (try `pyenv install 2.7.18`).')
        return 3
    program, environment = suite(python)
    server, port = echo(options.echo)
    with tempfile.TemporaryDirectory(prefix='celeriac-autobahn-') as name:
        folder = options.report or Path(name) / 'report'
        cases = [case if '.' in case and len(case.split('.')) == 3 else f'{case}.*' for case in options.cases.split(',')]
        spec = {
            'outdir': str(folder),
            'servers': [{'agent': 'celeriac', 'url': f'ws://127.0.0.1:{port}/ws/v1', 'protocols': [SUBPROTOCOL]}],
            'cases': cases,
            'exclude-cases': [],
            'exclude-agent-cases': {},
        }
        file = Path(name) / 'spec.json'
        file.write_text(json.dumps(spec))
        began = time.monotonic()
        try:
            with (Path(name) / 'log').open('w') as log:
                subprocess.run([program, '-m', 'fuzzingclient', '-s', file], check=True, env=environment, stdout=log, stderr=log)
        finally:
            server.terminate()
            server.wait(10)
        results = json.loads((folder / 'index.json').read_text())['celeriac']
    rows, failed = table(results)
    print(f'{len(results)} cases in {time.monotonic() - began:.0f} s')
    print('| group | cases | results |\n|---|---|---|')
    print('\n'.join(rows))
    for line in failed:
        print(f'FAILED {line}')
    return 1 if failed or not results else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
