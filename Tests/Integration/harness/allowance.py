"""What a busy machine is allowed on top of the protocol's seconds."""

from __future__ import annotations

import os

SLACK = float(os.environ.get('CELERIAC_TEST_SLACK', '5'))
"""Seconds for this process, Redis, the workers and the other tests that share two cores: not the gateway's own. `bin/prove broker`
gives none."""
EXACT = {'CELERIAC_TEST_SLACK': '0'}
"""The environment in which every figure is the protocol's own."""
