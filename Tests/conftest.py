"""What holds for the tests of every folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness.frame_judge import take_faults


@pytest.fixture(autouse=True)
def frames_are_in_the_contract(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test one of whose clients said or was told what the published contract has not."""
    yield
    faults = take_faults()
    if request.node.get_closest_marker('wrong_frames') is None:
        assert faults == [], f'{len(faults)} frames are not in the contract'
