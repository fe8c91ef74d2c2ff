"""bin/bench and bin/prove name what they run, and what they name is there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def named(script: str) -> list[str]:
    said = subprocess.run([str(ROOT / 'bin' / script)], capture_output=True, text=True, check=True, timeout=60)
    return [line.strip() for line in said.stdout.splitlines()[1:]]


@pytest.mark.parametrize(('script', 'folder'), [('bench', 'Benchmarks'), ('prove', 'Proofs')])
def test_every_program_of_the_folder_is_named(script: str, folder: str) -> None:
    own = [name for name in named(script) if '(' not in name]

    assert own == sorted(file.stem for file in (ROOT / 'Tests' / folder).glob('[a-z]*.py'))


def test_what_is_measured_by_a_proof_is_named_and_runs_it() -> None:
    """Many clients that come at once, and slow ones, are named with the benchmarks: one looks for them there."""
    others = [name.split(' (bin/prove ') for name in named('bench') if '(' in name]

    assert [name for name, _ in others] == ['stampede', 'slow']
    for name, proof in others:
        assert proof == f'{name})' and name in named('prove')
        said = subprocess.run(
            ['bash', '-c', f'exec() {{ echo "$@"; exit; }}; source bin/bench {name} --runs 2'],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert said.stdout.split() == ['bin/prove', name, '--runs', '2']
