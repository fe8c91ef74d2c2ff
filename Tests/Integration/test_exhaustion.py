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
from harness.allowance import SLACK
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.machine import open_descriptors
from harness.stack import Stack
from harness.waiting import wait_for

DESCRIPTORS = 512
WAITING = 60
"""Connections for which there is no descriptor."""
IDLE = 0.3
"""Of a core at most, while nobody can come in: who asked the kernel again and again would need all of it."""


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
            await asyncio.sleep(max(0.0, began + 2 - time.monotonic()))
            share = (cpu_seconds(pid) - before) / (time.monotonic() - began)
            assert gateway.running
            assert share < IDLE, f'{share:.0%} of a core while nobody can come in'
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


async def test_who_finds_no_descriptor_waits_and_is_served_when_there_is_one(stack: Stack, connect: ConnectClient) -> None:
    """Here the kernel refuses (EMFILE), below what the gateway would allow by itself."""
    gateway = stack.running_gateway
    process = gateway.process
    assert process
    pid = process.pid
    host, port = gateway.address.rsplit(':', 1)
    granted = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    async with connect(stack) as client:
        health = await client.subscribe('health')
        crowd: list[socket.socket] = []
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_descriptors(pid) + 2, granted[1]))
            for _ in range(WAITING):
                crowd.append(socket.create_connection((host, int(port)), timeout=60))
                crowd[-1].sendall(b'GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n')
            wait_for(lambda: 'there is no room for another' in process.output(), 20, 'the gateway to say so')
            before, began, rev = cpu_seconds(pid), time.monotonic(), health.rev
            await client.until(lambda: health.rev > rev, 20, 'a session that was there to be told')
            await asyncio.sleep(max(0.0, began + 2 - time.monotonic()))
            share = (cpu_seconds(pid) - before) / (time.monotonic() - began)
            print(f'F15: {share:.1%} of a core while {WAITING} connections wait for a descriptor')
            assert share < IDLE, f'{share:.0%} of a core while nobody can come in'

            resource.prlimit(pid, resource.RLIMIT_NOFILE, granted)
            released = time.monotonic()
            answers = [one.recv(12) for one in crowd]
            assert answers == [b'HTTP/1.1 200'] * WAITING
            print(f'F15: all were served {time.monotonic() - released:.2f} s after there was one')
            assert time.monotonic() - released <= 5 + SLACK
        finally:
            for one in crowd:
                one.close()
            resource.prlimit(pid, resource.RLIMIT_NOFILE, granted)
