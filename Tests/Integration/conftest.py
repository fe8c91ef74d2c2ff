"""Fixtures. Processes are shared by the tests of one file; every test opens its own client."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient
from harness.fixtures import ConnectClient
from harness.paths import artifacts
from harness.stack import Stack, unique


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Puts the gateway's last words into the report of a failed test, and keeps its whole log."""
    report = yield
    if report.failed and call.when in {'setup', 'call'}:
        for value in getattr(item, 'funcargs', {}).values():
            if isinstance(value, Stack) and value.gateway is not None and value.gateway.process is not None:
                report.sections.append(('gateway log', value.gateway.tail(40)))
                with contextlib.suppress(OSError):
                    name = ''.join(c if c.isalnum() else '-' for c in item.name)
                    shutil.copyfile(value.gateway.process.log, artifacts() / f'gateway-{name}.log')
    return report


@pytest.fixture
def connect() -> ConnectClient:
    @contextlib.asynccontextmanager
    async def opened(
        stack: Stack, role: str = 'admin', *, token: str | None = None, **options: Any
    ) -> AsyncIterator[GatewayClient]:
        gateway = stack.running_gateway
        async with GatewayClient.connect(gateway.ws_url, token or gateway.token(role, unique(role)), **options) as client:
            yield client

    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(scope='module')
def module_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('stack')
