"""Holds the frames that the Swift tests have recorded against the published contract.

judge_frames.py FILE LEAST   fails if a frame is not in the contract, or fewer than LEAST were recorded
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'Tests' / 'Integration'))

from harness.frame_judge import take_faults  # noqa: E402
from harness.frame_record import judge_record  # noqa: E402


def main(file: str, least: str, *chosen: str) -> int:
    """`chosen`: what the runner of the tests was told; a choice of tests may record nothing."""
    if chosen and not Path(file).exists():
        return 0
    record = judge_record(Path(file))
    faults = take_faults()
    for fault in faults:
        print(f'not in the contract: {fault}', file=sys.stderr)
    print(f'{record.frames} frames on {len(record.told)} connections: {len(faults)} are not in the contract')
    return 1 if faults or (not chosen and record.frames < int(least)) else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
