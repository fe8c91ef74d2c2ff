"""Starting, stopping and restarting the gateway, and what it says on its command line."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.events import life, task_events
from harness.fixtures import ConnectClient
from harness.gateway import SETUP, Gateway
from harness.process import ManagedProcess, outer_environment
from harness.redis_server import RedisServer
from harness.stack import Stack, unique


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder).start()
    yield stack
    stack.stop()


@pytest.fixture(scope='module')
def redis_server(module_folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(module_folder / 'redis').start()
    yield server
    server.stop()


async def test_sigterm_says_goodbye_and_ends_with_zero(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    async with connect(stack) as one, connect(stack, 'viewer') as two:
        await one.subscribe('workers')
        asked = time.monotonic()

        gateway.send_signal(signal.SIGTERM)

        assert await one.wait_closed(45) == 1001 and await two.wait_closed(45) == 1001
        assert one.bye and one.bye['code'] == 1001 and one.bye['retryAfterMs'] >= 0
    assert gateway.process and await asyncio.to_thread(gateway.process.wait_exit, 45) == 0
    assert time.monotonic() - asked < 15, 'two clients are gone in no time'


def test_sigint_ends_it_too(stack: Stack) -> None:
    stack.running_gateway.send_signal(signal.SIGINT)

    assert stack.running_gateway.process and stack.running_gateway.process.wait_exit(45) == 0


async def test_sighup_is_harmless(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        stats = await client.subscribe('stats')
        for _ in range(3):
            stack.running_gateway.send_signal(signal.SIGHUP)

        stack.publish_raw(*task_events(*life('after.hup')))

        await client.until(lambda: stats.get('name:after.hup'), 15, 'an event after SIGHUP')
        assert stack.running_gateway.running


async def test_a_restart_keeps_the_tokens_and_changes_the_epoch(stack: Stack, connect: ConnectClient) -> None:
    gateway = stack.running_gateway
    token = gateway.token('viewer', unique('kept'))
    async with connect(stack) as client:
        epoch = client.session['epoch']
    gateway.kill()

    gateway.start()

    async with connect(stack) as client:
        assert client.session['epoch'] != epoch
    async with httpx.AsyncClient(base_url=gateway.base_url, headers={'Authorization': f'Bearer {token}'}) as http:
        assert (await http.get('/api/celery/tasks')).status_code == 200
    assert gateway.process and not SETUP.search(gateway.process.output()), 'only the first start prints a link'


def test_two_gateways_cannot_share_a_port(stack: Stack, folder: Path) -> None:
    second = Gateway(stack.broker, folder / 'second', listen=stack.running_gateway.address).launch()

    try:
        assert second.process and second.process.wait_exit(20) != 0
        assert 'listen' in second.tail().lower() or 'address' in second.tail().lower()
    finally:
        second.kill()
    assert stack.running_gateway.running


def test_logs_are_json_lines_when_nobody_looks(stack: Stack) -> None:
    assert stack.running_gateway.process
    lines = [line for line in stack.running_gateway.process.output().splitlines() if line.startswith('{')]

    assert lines
    for line in lines:
        entry = json.loads(line)
        assert entry['level'] and entry['message']


# The command line -------------------------------------------------------------------------------------------------------------


def test_check_tells_what_it_resolved_and_that_the_broker_answers(redis_server: RedisServer, folder: Path) -> None:
    gateway = Gateway(redis_server.url(), folder)

    done = gateway.cli('check', '--broker', redis_server.url())

    assert done.returncode == 0, done.stdout + done.stderr
    assert str(redis_server.port) in done.stdout


def test_check_fails_when_nothing_answers(folder: Path) -> None:
    done = Gateway('', folder).cli('check', '--broker', 'redis://127.0.0.1:1/0')

    assert done.returncode != 0
    assert '127.0.0.1:1' in done.stdout + done.stderr


def test_passwords_are_never_shown(redis_server: RedisServer, folder: Path) -> None:
    done = Gateway('', folder).cli('check', '--broker', f'redis://user:s3cret-w0rd@127.0.0.1:{redis_server.port}/0')

    assert 's3cret-w0rd' not in done.stdout + done.stderr


@pytest.mark.parametrize(
    'broker',
    [
        '',
        'amqp://localhost',
        'redis-cluster://127.0.0.1',
        'http://127.0.0.1',
        'redis://127.0.0.1:99999/0',
        'redis://127.0.0.1/zero',
        'nonsense',
    ],
)
def test_an_impossible_broker_is_refused_with_a_sentence(folder: Path, broker: str) -> None:
    gateway = Gateway(broker, folder)

    for verb in (
        ['check', '--broker', broker],
        ['serve', '--broker', broker, '--listen', '127.0.0.1:0', '--data', str(gateway.data)],
    ):
        done = gateway.cli(*verb)
        assert done.returncode != 0
        assert len((done.stdout + done.stderr).strip()) > 10


def test_flags_win_over_the_environment_and_that_over_the_file(redis_server: RedisServer, folder: Path) -> None:
    settings = folder / 'celeriac.toml'
    settings.write_text(f'broker = "{redis_server.url()}"\nlisten = "127.0.0.1:7000"\n')
    gateway = Gateway('', folder)

    def resolved(*options: str, **env: str) -> str:
        command = [str(gateway.binary), 'check', '--config', str(settings), *options]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**outer_environment(), **env}, timeout=30, check=False
        )
        return done.stdout

    assert '127.0.0.1:7000' in resolved()
    assert '127.0.0.1:7001' in resolved(CELERIAC_LISTEN='127.0.0.1:7001')
    assert '127.0.0.1:7002' in resolved('--listen', '127.0.0.1:7002', CELERIAC_LISTEN='127.0.0.1:7001')


def test_the_environment_is_enough(redis_server: RedisServer, folder: Path) -> None:
    gateway = Gateway('', folder)
    environment = {
        'CELERIAC_BROKER': redis_server.url(),
        'CELERIAC_LISTEN': '127.0.0.1:0',
        'CELERIAC_DATA': str(folder / 'data'),
        'CELERIAC_WEB': str(gateway.web),
    }
    process = ManagedProcess('celeriac', [str(gateway.binary), 'serve'], folder / 'env.log', env=environment)
    try:
        gateway.process = process
        gateway.wait_listening().wait_ready()
    finally:
        process.stop()


def test_it_refuses_to_listen_beyond_loopback_without_tls(redis_server: RedisServer, folder: Path) -> None:
    gateway = Gateway(redis_server.url(), folder, listen='0.0.0.0:0').launch()

    try:
        assert gateway.process and gateway.process.wait_exit(20) != 0
        assert 'tls' in gateway.tail().lower() or 'loopback' in gateway.tail().lower()
    finally:
        gateway.kill()


def test_wrong_options_are_refused(folder: Path) -> None:
    gateway = Gateway('', folder)

    for arguments in (['serve', '--no-such-option'], ['no-such-verb'], ['serve', '--listen', 'nonsense', '--broker', 'redis://']):
        assert gateway.cli(*arguments).returncode != 0, arguments
    assert gateway.cli('--help').returncode == 0 and 'serve' in gateway.cli('--help').stdout
