"""The table of imports is the package's own list of dependencies, and the architecture page names the same rooms."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import swift_text
import tidy_rules as rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def targets() -> dict[str, dict[str, Any]]:
    """The targets of Sources/, as Swift itself reads Package.swift."""
    done = subprocess.run(['swift', 'package', 'dump-package'], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)['targets']
    return {target['name']: target for target in found if target['type'] in {'regular', 'executable'} and not target.get('path')}


def dependencies(target: dict[str, Any]) -> frozenset[str]:
    return frozenset(next(iter(dependency.values()))[0] for dependency in target['dependencies'])


def test_each_target_may_import_exactly_what_it_depends_on(targets: dict[str, dict[str, Any]]) -> None:
    assert {name: dependencies(target) for name, target in targets.items()} == rules.IMPORTS


def test_no_dependency_is_there_for_nothing(targets: dict[str, dict[str, Any]]) -> None:
    # Jobs is empty until its issue, so nobody can use it yet.
    for name, target in targets.items():
        imported: set[str] = set()
        for file in (ROOT / 'Sources' / name).rglob('*.swift'):
            imported |= {module for _, module in swift_text.imports(swift_text.code_only(file.read_text()))}
        if imported & rules.COLLECTIONS:
            imported.add('Collections')
        assert dependencies(target) - {'Jobs'} <= imported, name


def test_the_arrows_have_no_circle() -> None:
    order: list[str] = []
    while len(order) < len(rules.IMPORTS):
        free = [
            name for name, needs in rules.IMPORTS.items() if name not in order and not (needs & rules.IMPORTS.keys()) - set(order)
        ]
        assert free, 'a circle among ' + ', '.join(sorted(set(rules.IMPORTS) - set(order)))
        order += free


def test_the_architecture_page_has_every_room() -> None:
    page = (ROOT / 'docs' / 'architecture.md').read_text()

    assert set(re.findall(r'^\| ([A-Za-z-]+) \| (?:pure|edge|contract|shell|executable) \|', page, re.MULTILINE)) == set(
        rules.IMPORTS
    )


def test_versions_are_exact() -> None:
    """Package.resolved is not kept: a clean checkout must build what was tested."""
    text = (ROOT / 'Package.swift').read_text()
    packages = re.findall(r'\.package\(url: "[^"]+", ([a-zA-Z]+):', text)

    assert packages and set(packages) == {'exact'}
