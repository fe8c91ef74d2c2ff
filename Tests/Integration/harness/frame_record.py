"""Records of frames that programs in other languages write: `celeriac-load crowd --record`, the Swift tests of the gateway.

One a line: `{"connection": 3, "sent": true, "wrong": true, "frame": {…}}`; `wrong` is there if a client is wrong on purpose.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from .frame_judge import FrameJudge


@dataclass
class Record:
    """What a record holds."""

    frames: int = 0
    told: set[int] = field(default_factory=set)
    """Connections on which the gateway said something."""


def judge_record(file: Path) -> Record:
    """Holds all frames of a record against the contract; what is wrong is told by `take_faults`."""
    judges: dict[int, FrameJudge] = defaultdict(FrameJudge)
    record = Record()
    with file.open() as lines:
        for line in lines:
            entry = json.loads(line)
            record.frames += 1
            judge = judges[entry['connection']]
            if entry['sent']:
                judge.sent(entry['frame'], is_wrong=entry.get('wrong', False))
            else:
                judge.received(entry['frame'])
                record.told.add(entry['connection'])
    return record
