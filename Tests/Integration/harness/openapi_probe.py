"""schemathesis against the gateway's own description (`/api/openapi.json`): every answer must be one that is described.

The stack is one of its own and has no workers: commands go nowhere. What is sent is the same in each run of the same seed, and nothing
depends on how fast the machine is: no health check of the tool's, no limit on the time of an answer but that of a hang.
"""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .paths import APPS, python_tool
from .stack import Stack, unique

HOOKS = 'harness.openapi_hooks'
TOKENS = 8
"""Principals that take turns: each may give so many commands a second only, and what is refused for that is not looked at."""
CHECKS = (
    'not_a_server_error',
    'status_code_conformance',
    'content_type_conformance',
    'response_headers_conformance',
    'response_schema_conformance',
    'negative_data_rejection',
    'missing_required_header',
    'unsupported_method',
    'allow_header_conformance',
)
SETTINGS = """
[checks.not_a_server_error]
# 501: no worker can do it. It is described like every other answer, or another check refuses it.
expected-statuses = ["2xx", "3xx", "4xx", 501]
"""


@dataclass(frozen=True)
class Probe:
    """How much is asked."""

    examples: int
    """Requests of each operation beside those at its bounds."""
    seed: int | None = None
    """Without one, the same is asked in each run."""
    patience: float = 300
    """Seconds after which it hangs."""
    operations: str = ''
    """Only paths that match."""


def tokens(stack: Stack) -> list[str]:
    """Admins, so that nothing is refused before it is looked at."""
    gateway = stack.running_gateway
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda _: gateway.token('admin', unique('probe')), range(TOKENS)))


def run(stack: Stack, folder: Path, probe: Probe, document: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Asks, and gives what the tool says; it ends with 0 if no check failed. `document`: another one than the gateway's own."""
    settings = folder / 'schemathesis.toml'
    settings.write_text(SETTINGS)
    base = stack.running_gateway.base_url
    known = tokens(stack)
    place = f'{base}/api/openapi.json'
    if document is not None:
        file = folder / 'openapi.json'
        file.write_text(json.dumps(document))
        place = str(file)
    command = [python_tool('schemathesis'), '--config-file', str(settings), 'run', place, '--url', base]
    command += ['--header', f'Authorization: Bearer {known[0]}', '--phases', 'coverage,fuzzing', '--checks', ','.join(CHECKS)]
    command += ['--max-examples', str(probe.examples)]
    command += (
        ['--generation-deterministic'] if probe.seed is None else ['--seed', str(probe.seed), '--generation-database', 'none']
    )
    # libwebsockets ends a connection whose request line holds %00, without an answer: docs/libwebsockets.md, test_transport.py.
    command += ['--generation-allow-x00', 'false']
    command += ['--suppress-health-check', 'all', '--request-timeout', '60', '--no-shrink']
    command += ['--workers', '1', '--no-color', '--warnings', 'off', '--continue-on-failure']
    if probe.operations:
        command += ['--include-path-regex', probe.operations]
    environment = {
        **os.environ,
        'PYTHONPATH': str(APPS),
        'SCHEMATHESIS_HOOKS': HOOKS,
        'CELERIAC_PROBE_TOKENS': ' '.join(known),
        'CELERIAC_PROBE_ANSWERS': str(folder / 'answers.json'),
    }
    return subprocess.run(
        command, capture_output=True, text=True, timeout=probe.patience, check=False, env=environment, cwd=folder
    )


def answers(folder: Path) -> dict[str, int]:
    """How often each status was answered."""
    counted: dict[str, int] = json.loads((folder / 'answers.json').read_text())
    return counted
