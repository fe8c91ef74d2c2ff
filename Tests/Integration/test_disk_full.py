"""F14: nothing can be written any more. Commands are refused, everything is shown as before, and it passes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import httpx
import pytest
from harness.client import RpcError
from harness.events import worker_event
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.links import kill_link, outages
from harness.paths import gateway_binary
from harness.rows import Table
from harness.stack import Stack, unique
from harness.waiting import wait_for

DISK = 16 << 20
"""Bytes of the small disk."""
FILLER = '.' * 1023 + '\n'


@pytest.fixture(params=['small', 'limited'])
def stack(folder: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """With its records on a small disk of their own, or on the machine's."""
    data = folder / 'data'
    is_small = request.param == 'small'
    if is_small:
        data.mkdir(mode=0o700)
        mount = ['mount', '-t', 'tmpfs', '-o', f'size={DISK},mode=0700', 'tmpfs', str(data)]
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f'a disk can be mounted by root only: {made.stderr.strip()}')
    stack = Stack(folder)
    try:
        yield stack.start()
    finally:
        stack.stop()
        if is_small:
            subprocess.run(['umount', str(data)], check=True)


@contextlib.contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is left on the disk (ENOSPC)."""
    ballast = disk / 'ballast'
    with ballast.open('wb', buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 16, 1 << 12):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        assert os.statvfs(disk).f_bavail == 0
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def limited(stack: Stack) -> Iterator[None]:
    """No file of the gateway may grow (EFBIG): its writes fail behind it, its log's too."""
    process = stack.running_gateway.process
    assert process
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def no_room(stack: Stack) -> AbstractContextManager[None]:
    data = stack.running_gateway.data
    return filled(data) if data.is_mount() else limited(stack)


async def test_commands_are_refused_and_reads_go_on_until_there_is_room(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    token = gateway.token('operator', unique('writer'))
    async with connect(stack, 'operator') as client:
        alerts, workers = await client.subscribe('alerts'), await client.subscribe('workers')
        with no_room(stack):
            for _ in range(3):
                with pytest.raises(RpcError) as refusal:
                    await client.submit('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-full'})
                assert refusal.value.code == 1014 and 'could not be recorded' in refusal.value.message, refusal.value
            asked = await asyncio.to_thread(
                httpx.post,
                f'{gateway.base_url}/api/celery/commands/task.run',
                json={'task': 'math.add', 'args': [1, 1], 'queue': 'q-full'},
                headers={'authorization': f'Bearer {token}', 'idempotency-key': unique('key')},
                timeout=10,
            )
            assert asked.status_code == 503, asked.text
            assert stack.queue_length('q-full') == 0, 'what is not on record is not done'
            # The alert is due within 5 s; the rest is time for this test's own machine.
            alert = await client.until(lambda: alerts.get('records-unwritable:gateway'), 15, 'the alert')
            assert alert['severity'] == 'error' and '--data' in alert['fix'], alert

            node = unique('new') + '@shown'
            stack.publish_raw(*worker_event('worker-online', node))
            await client.until(lambda: workers.get(node), 15, 'news to be shown all the same')
            async with httpx.AsyncClient(base_url=gateway.base_url, headers={'authorization': f'Bearer {token}'}) as http:
                assert (await http.get('/api/celery/workers')).status_code == 200
                assert (await http.get('/readyz')).status_code == 200

        await client.until(lambda: alerts.get('records-unwritable:gateway') is None, 15, 'the alert to go by itself')
        row = await client.command('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'q-full'}, deadline_ms=1000)
        assert row['state'] == 'unknown' and stack.queue_length('q-full') == 1, row
    verdict = gateway.cli('audit', 'verify', '--data', str(gateway.data))
    assert verdict.returncode == 0, verdict.stderr


def read_by_a_program(folder: Path) -> tuple[Path, Path]:
    """A gateway whose log goes through a pipe to another program, and the file with that program's process id."""
    reader, script = folder / 'reader', folder / 'celeriac'
    binary = shlex.quote(str(gateway_binary()))
    script.write_text(
        f'#!/bin/bash\n[ "$1" = serve ] || exec {binary} "$@"\n'
        f'exec {binary} "$@" 2> >(echo $BASHPID > {shlex.quote(str(reader))}; exec cat)\n'
    )
    script.chmod(0o700)
    return script, reader


def fill_pipe(pid: int) -> int:
    """Writes into the pipe behind a process's standard error until there is no room; gives the bytes."""
    # Opened anew, so that it is not the process's own descriptor that does not block.
    pipe = os.open(f'/proc/{pid}/fd/2', os.O_WRONLY | os.O_NONBLOCK)
    written = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            written += os.write(pipe, FILLER.encode())
    os.close(pipe)
    return written


async def test_a_log_that_nobody_reads_any_more_stops_nothing(folder: Path, connect: ConnectClient) -> None:
    """F14: the program that reads the log stands still, and the pipe to it is full."""
    stack = Stack(folder)
    script, reader = read_by_a_program(folder)
    try:
        stack.start(gateway=False)
        stack.gateway = gateway = Gateway(stack.broker, folder, backend=stack.backend, binary=script)
        gateway.start()
        assert gateway.process
        async with connect(stack) as client:
            health, workers = await client.subscribe('health'), await client.subscribe('workers')
            program = int(reader.read_text())
            os.kill(program, signal.SIGSTOP)
            try:
                assert fill_pipe(gateway.process.pid) >= 4_096
                for number in (1, 2):
                    kill_link(stack.redis(), 'commands')
                    await client.until(partial(has_ended, health, number), 40, 'an outage, which is logged, and its end')
                node = unique('new') + '@shown'
                stack.publish_raw(*worker_event('worker-online', node))
                await client.until(lambda: workers.get(node), 40, 'news to be shown')
            finally:
                os.kill(program, signal.SIGCONT)
            wait_for(lambda: gateway.process and FILLER.strip() in gateway.process.output(), 40, 'the pipe to be read again')
            before = told(gateway)
            kill_link(stack.redis(), 'commands')
            await client.until(lambda: told(gateway) > before, 40, 'lines in the log, once somebody reads')
    finally:
        stack.stop()


def has_ended(health: Table, number: int) -> bool:
    """Whether so many outages of the connection for commands are over."""
    return sum('to' in outage for outage in outages(health, 'commands')) == number


def told(gateway: Gateway) -> int:
    """Lines of the log about an end of that connection."""
    assert gateway.process
    return gateway.process.output().count('broker disconnected')
