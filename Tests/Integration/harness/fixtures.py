"""Types of the fixtures, for the tests that use them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from .client import GatewayClient
from .stack import Stack


class ConnectClient(Protocol):
    """What the `connect` fixture is: opens a client with a new token of the role."""

    def __call__(self, stack: Stack, role: str = 'admin', **options: Any) -> AbstractAsyncContextManager[GatewayClient]: ...
