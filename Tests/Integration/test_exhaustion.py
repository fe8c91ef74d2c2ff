"""F15: more connections than the process may have open."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.machine import open_descriptors
from harness.stack import Stack
from harness.waiting import wait_for

DESCRIPTORS = 512


def cpu_seconds(pid: int) -> float:
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(') ', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def limited(gateway: Gateway) -> int:
    """Takes the right to more descriptors from the running gateway, and starts it anew with the limit."""
    assert gateway.process
    gateway.stop()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        # Inherited by the gateway; ours is given back at once, the hard limit stays as it is.
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, before[1]))
        gateway.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    pid = gateway.process.pid
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    return pid


async def test_running_out_of_descriptors_ends_nothing(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    pid = limited(gateway)
    host, port = gateway.address.rsplit(':', 1)
    async with connect(stack) as client:
        health = await client.subscribe('health')
        crowd: list[socket.socket] = []
        try:
            for _ in range(DESCRIPTORS + 200):
                with contextlib.suppress(OSError):
                    crowd.append(socket.create_connection((host, int(port)), timeout=2))
            wait_for(lambda: open_descriptors(pid) >= DESCRIPTORS - 80, 10, 'the descriptors to be used up')
            before, began = cpu_seconds(pid), time.monotonic()
            rev = health.rev
            await client.until(lambda: health.rev > rev, 10, 'a session that was there to be told')
            while time.monotonic() - began < 2:
                await client.until(lambda: True, 1, 'nothing')
                await asyncio.sleep(0.1)
            share = (cpu_seconds(pid) - before) / (time.monotonic() - began)
            assert gateway.running
            assert share < 0.7, f'{share:.0%} of a core while nobody can come in'
        finally:
            for one in crowd:
                one.close()
        released = time.monotonic()

        def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f'{gateway.base_url}/readyz', timeout=1).status_code == 200
            return False

        wait_for(answers, 5, 'newcomers to be answered')
        assert time.monotonic() - released <= 5
        assert (await client.call('query', {'topic': 'tasks', 'limit': 1}))['looked'] >= 0
