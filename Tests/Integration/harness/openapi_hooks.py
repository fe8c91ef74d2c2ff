"""What schemathesis is told about our gateway (`SCHEMATHESIS_HOOKS`): whose tokens to show, in turns. In the end it says what was answered."""

from __future__ import annotations

import atexit
import itertools
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

KEY = re.compile('[!-~]{1,64}')
_numbers = itertools.count()
_answers: Counter[str] = Counter()
_tokens = itertools.cycle(os.environ['CELERIAC_PROBE_TOKENS'].split())


@schemathesis.auth(refresh_interval=None)
class Turns:
    """Each request comes from the next principal."""

    def get(self, case: Any, context: Any) -> str:
        return next(_tokens)

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), 'Authorization': f'Bearer {data}'}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every second key that may be one is new: of others, the same answer would come again and again."""
    number = next(_numbers)
    key = (case.headers or {}).get('Idempotency-Key', '')
    if number % 2 and KEY.fullmatch(key):
        case.headers['Idempotency-Key'] = f'key-{number}'


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Counts the answers."""
    _answers[str(response.status_code)] += 1


@atexit.register
def tell() -> None:
    Path(os.environ['CELERIAC_PROBE_ANSWERS']).write_text(json.dumps(_answers))
