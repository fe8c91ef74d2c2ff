"""Where things are in the checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
APPS = ROOT / 'Tests' / 'Integration'
WEB = ROOT / 'web'
FIXTURES = ROOT / 'Tests' / 'Fixtures'


def python_tool(name: str) -> str:
    """A program of the Python environment that runs us, such as `celery`."""
    return str(Path(sys.executable).parent / name)


def old_celery() -> str:
    """The `celery` of .venv-old, which bin/setup makes from Tests/requirements-old.txt."""
    program = ROOT / '.venv-old' / 'bin' / 'celery'
    if not program.exists():
        raise FileNotFoundError(f'no old Celery at {program}: run bin/setup')
    return str(program)


def gateway_binary() -> Path:
    """The gateway to test: CELERIAC_BIN, or the debug build."""
    return Path(os.environ.get('CELERIAC_BIN', ROOT / '.build' / 'debug' / 'celeriac'))


def load_binary() -> Path:
    """The load tool: CELERIAC_LOAD, or the debug build."""
    return Path(os.environ.get('CELERIAC_LOAD', ROOT / '.build' / 'debug' / 'celeriac-load'))


def artifacts() -> Path:
    """Where screenshots and logs of a failed run go: CELERIAC_ARTIFACTS, or out/ (not kept in git)."""
    folder = Path(os.environ.get('CELERIAC_ARTIFACTS', ROOT / 'out'))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
