"""A user of Redis that may do what the documents say a gateway needs, and nothing else (X13)."""

from __future__ import annotations

import re
import shlex
from typing import Any

from .paths import ROOT
from .redis_server import RedisServer

NAME = 'celeriac'
PASSWORD = 'least'  # noqa: S105


def documented_rules() -> list[str]:
    """The words behind ACL SETUSER NAME in docs/settings.md, without those about the password."""
    text = (ROOT / 'docs' / 'settings.md').read_text()
    found = re.search(rf'ACL SETUSER {NAME} (.+?)\n```', text, re.DOTALL)
    assert found, 'docs/settings.md does not say what the user of Redis must be allowed'
    return [word for word in shlex.split(found.group(1).replace('\\\n', ' ')) if not word.startswith('>')]


class LeastUser:
    """Made on a server that runs."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        administrator: Any = server.client()
        administrator.execute_command('ACL', 'SETUSER', NAME, 'reset', f'>{PASSWORD}', *documented_rules())

    def url(self, database: int) -> str:
        return f'redis://{NAME}:{PASSWORD}@127.0.0.1:{self.server.port}/{database}'

    def refusals(self) -> list[str]:
        """What the user was not allowed, newest first."""
        administrator: Any = self.server.client()
        entries = administrator.acl_log()
        return [f'{entry["reason"]}: {entry["object"]}' for entry in entries if entry['username'] == NAME]
