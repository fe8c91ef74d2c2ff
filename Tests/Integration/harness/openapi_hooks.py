"""What schemathesis is told about our gateway: whose tokens to show, in turns (`SCHEMATHESIS_HOOKS`)."""

from __future__ import annotations

import itertools
import os
from typing import Any

import schemathesis

_tokens = itertools.cycle(os.environ['CELERIAC_PROBE_TOKENS'].split())


@schemathesis.auth(refresh_interval=None)
class Turns:
    """Each request comes from the next principal."""

    def get(self, case: Any, context: Any) -> str:
        return next(_tokens)

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), 'Authorization': f'Bearer {data}'}
