"""`bin/bench peers`, in small: its load client counts every message, says so if one is lost, and speaks with ours and with the limit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from harness import peers
from harness.fan_out import Entrance, fan_out
from harness.paths import ROOT, gateway_binary

CLIENTS, RATE = 20, 100
RUNS = [f'paced:{RATE}:0.3', 'full:4:0.1']


def socket_fan_out() -> Path:
    return ROOT / '.build' / 'debug' / 'socket-fan-out'


SERVERS: dict[str, Callable[[Path], AbstractContextManager[Entrance]]] = {
    'limit, each': lambda folder: peers.limit(folder, 'each'),
    'limit, turn': lambda folder: peers.limit(folder, 'turn'),
    'limit, tick': lambda folder: peers.limit(folder, 'turn', 20),
    'SocketServer': lambda folder: peers.raw(folder, socket_fan_out()),
    'SocketServer, tick': lambda folder: peers.raw(folder, socket_fan_out(), 20),
    'gateway': lambda folder: peers.gateway(folder, CLIENTS, gateway_binary()),
}


@pytest.mark.parametrize('name', list(SERVERS))
def test_everybody_gets_every_message_once(name: str, folder: Path) -> None:
    # More batches than the gateway sends to somebody who does not acknowledge them.
    seconds = 1.2 if name == 'gateway' else 0.3

    with SERVERS[name](folder) as entrance:
        found = fan_out(entrance, CLIENTS, 200, [f'paced:{RATE}:{seconds}', RUNS[1]], warm_up=0)

    assert found.code == 0, found.complaints
    assert [one.kind for one in found.runs] == ['paced', 'full']
    for one in found.runs:
        assert one.is_whole
        assert one.wanted == one.published * CLIENTS
        # All of it has come through the client's sockets: at least so many bytes, and their frames.
        assert one.bytes >= one.delivered * 200
        assert one.cpu > 0
        assert 0 < one.p50 <= one.p99
    assert found.runs[0].published == round(RATE * seconds)


@pytest.mark.parametrize('way', ['each', 'turn'])
def test_one_message_that_one_subscriber_does_not_get_is_noticed(way: str, folder: Path) -> None:
    with peers.limit(folder, way, loses=True) as entrance:
        found = fan_out(entrance, CLIENTS, 200, RUNS, warm_up=0)

    assert found.code == 1
    # The later run, which would be harder, is left out.
    assert [one.missing for one in found.runs] == [1]
    assert not found.runs[0].is_whole


def test_a_server_that_goes_away_is_noticed(folder: Path) -> None:
    with peers.limit(folder, 'turn') as entrance:
        pass

    found = fan_out(entrance, 1, 200, RUNS)

    assert found.code == 2
    assert not found.runs
    assert found.complaints
