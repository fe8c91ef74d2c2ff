"""X11: no password of a URL or of the Sentinels is in anything that the program prints, logs, answers, records or leaves behind."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.redis_server import RedisServer, free_port
from harness.stack import Stack

SECRET = 'SEK?RET9'  # noqa: S105
PIECES = ('SEK?', 'RET9', 'SEK%3F')
TOPICS = ('stats', 'workers', 'queues', 'commands', 'health', 'alerts')


def check_silence(text: str, what: str) -> None:
    for piece in PIECES:
        assert piece not in text, f'{piece} is in {what}: …{text[max(0, text.find(piece) - 200) : text.find(piece) + 50]}…'


@pytest.fixture(scope='module')
def server(module_folder: Path) -> Iterator[RedisServer]:
    started = RedisServer(module_folder / 'redis').start()
    allow(started, SECRET)
    yield started
    started.stop()


def allow(server: RedisServer, password: str) -> None:
    administrator: Any = server.client()
    administrator.execute_command('ACL', 'SETUSER', 'u', 'on', 'resetpass', f'>{password}', '~*', '&*', '+@all')


@pytest.mark.parametrize(
    'url',
    [
        'redis://u:SEK?RET9@localhost:1/0',
        'redis://u:SEK?RET9=1&RET9@localhost:1/0',
        'redis://:SEK%3FRET9@localhost:1/0',
        'redis://u:SEK%3FRET9@localhost:{port}/0',
        'redis://u:SEK%3FRET9x@localhost:{port}/0',
        'redis://u:SEK/RET9@localhost:1/0',
        'redis://u:SEK#RET9@localhost:1/0',
        'redis://u:SEK;RET9@localhost:1/0',
        'redis://u:SEK?%RET9@localhost:1/0',
        'rediss://u:SEK%3FRET9@localhost:{port}/0?ssl_cert_reqs=RET9',
        'redis+socket://u:SEK%3FRET9@/nonexistent.sock',
        'sentinel://u:SEK%3FRET9@localhost:1/0;sentinel://u:SEK?RET9@localhost:2',
        'amqp://u:SEK?RET9@localhost',
        'red://SEK?RET9@h',
    ],
)
@pytest.mark.parametrize('verb', ['--broker', '--result-backend'])
def test_no_form_of_url_tells_its_password(server: RedisServer, folder: Path, url: str, verb: str) -> None:
    url = url.replace('{port}', str(server.port))
    gateway = Gateway('', folder)
    others = ['--sentinel-master', 'm', '--sentinel-password', SECRET]
    if verb == '--result-backend':
        others += ['--broker', server.url()]

    for options in ([], ['--json']):
        done = gateway.cli('check', verb, url, *others, *options, '--seconds', '0')
        check_silence(done.stdout + done.stderr, f'check {options}')
    # Refused, or ended by us: what was said until then counts.
    for form in ('text', 'json'):
        gateway.options = [verb, url, *others, '--log-level', 'trace', '--log-format', form]
        gateway.broker = url if verb == '--broker' else server.url()
        gateway.launch()
        assert gateway.process
        try:
            gateway.process.wait_output('listening|Error|rror:|reason', 20)
        finally:
            gateway.stop()
        check_silence(gateway.process.output(), f'the log of serve, {form}')


@pytest.mark.parametrize('form', ['text', 'json'])
async def test_a_life_with_faults_tells_no_password(server: RedisServer, folder: Path, connect: ConnectClient, form: str) -> None:
    allow(server, SECRET)
    stack = Stack(folder)
    url = f'redis://u:{quote(SECRET, safe="")}@127.0.0.1:{server.port}/0'
    backend = f'redis://:{quote(SECRET, safe="")}@127.0.0.1:{free_port()}/1'
    stack.gateway = gateway = Gateway(url, folder, backend=backend, options=['--log-level', 'trace', '--log-format', form])
    try:
        await asyncio.to_thread(lambda: gateway.launch().wait_listening())
        assert gateway.process
        cores = max(resource.prlimit(gateway.process.pid, resource.RLIMIT_CORE))
        async with connect(stack) as client:
            tables = {topic: await client.subscribe(topic) for topic in TOPICS}
            await client.until(
                lambda: (tables['health'].get('broker') or {}).get('state') in {'ok', 'reconciling'}, 20, 'the broker'
            )
            await client.until(lambda: tables['alerts'].get('results-down:result backend'), 20, 'the alert about the backend')
            await client.submit('task.run', {'task': 'math.add', 'args': [1, 1], 'queue': 'celery'}, deadline_ms=1_000)
            allow(server, 'another')
            administrator: Any = server.client()
            administrator.execute_command('CLIENT', 'KILL', 'USER', 'u')
            await client.until(
                lambda: 'WRONGPASS' in (tables['alerts'].get('gap-open:broker') or {}).get('detail', ''), 20, 'the refusal'
            )
            headers = {'Authorization': f'Bearer {gateway.token()}'}
            async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
                for path in [f'/api/celery/{topic}' for topic in TOPICS] + [
                    '/api/celery/tasks',
                    '/readyz',
                    '/healthz',
                    '/metrics',
                ]:
                    answer = await http.get(path)
                    check_silence(answer.text + str(answer.headers), path)
            check_silence(str([frame.message for frame in client.frames]), 'the frames')
    finally:
        stack.stop()
    assert gateway.process
    check_silence(gateway.process.output(), f'the log, {form}')
    assert cores == 0, 'X11: no memory of it is left behind either'
    for file in gateway.data.rglob('*'):
        if file.is_file():
            check_silence(file.read_bytes().decode('latin-1'), str(file))
