"""How a proof ends."""

from __future__ import annotations

from collections.abc import Sequence


def verdict(wrong: Sequence[str]) -> int:
    """Prints each claim that does not hold, and gives the code to exit with."""
    for text in wrong:
        print(f'WRONG: {text}')
    return 1 if wrong else 0
