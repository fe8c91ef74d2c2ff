"""Every form of broker URL that Celery takes, against a real Redis with TLS, a unix socket, IPv6 and an ACL user."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from harness.certificates import Authority
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.redis_server import RedisServer, free_port
from harness.stack import Stack
from harness.workers import Worker, WorkerSpec

USER, PASSWORD = 'fleet', 'p@ss:w?rd/#;%+ ü'
LOGIN = f'{USER}:{quote(PASSWORD, safe="")}'


@dataclass
class Place:
    """A Redis and everything that a URL of it may need."""

    server: RedisServer
    tls_port: int
    strict_port: int
    socket: Path
    authority: Authority
    stranger: Authority
    client: tuple[Path, Path]
    folder: Path

    @property
    def trust(self) -> str:
        return f'ssl_cert_reqs=required&ssl_ca_certs={self.authority.certificate}'

    @property
    def identity(self) -> str:
        return f'ssl_certfile={self.client[0]}&ssl_keyfile={self.client[1]}'

    def url(self, form: str) -> str:
        """A URL with the names in braces filled in."""
        return form.format(
            port=self.server.port,
            tls=self.tls_port,
            strict=self.strict_port,
            socket=self.socket,
            login=LOGIN,
            trust=self.trust,
            identity=self.identity,
            ca=self.authority.certificate,
            stranger=self.stranger.certificate,
            closed=free_port(),
        )

    def check(self, form: str, *options: str, verb: str = '--broker') -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
        done = Gateway('', self.folder).cli('check', verb, self.url(form), '--json', '--seconds', '0', *options)
        return json.loads(done.stdout), done


@pytest.fixture(scope='module')
def place(module_folder: Path) -> Iterator[Place]:
    authority, stranger = Authority(module_folder, 'ca'), Authority(module_folder, 'stranger')
    certificate, key = authority.sign('server')
    # A socket's path has at most 107 bytes.
    socket = Path('/tmp') / f'celeriac-{free_port()}.sock'  # noqa: S108
    tls = ['--tls-cert-file', str(certificate), '--tls-key-file', str(key), '--tls-ca-cert-file', str(authority.certificate)]
    tls_port, strict_port = free_port(), free_port()
    server = RedisServer(
        module_folder / 'redis',
        durable=True,
        options=[
            *('--bind', '127.0.0.1', '::1', '--unixsocket', str(socket), *tls),
            *('--tls-port', str(tls_port), '--tls-auth-clients', 'no'),
        ],
    ).start()
    # A second server that asks clients for a certificate.
    strict = RedisServer(
        module_folder / 'strict', durable=True, options=[*tls, '--tls-port', str(strict_port), '--tls-auth-clients', 'yes']
    ).start()
    administrator: Any = server.client()
    administrator.execute_command('ACL', 'SETUSER', USER, 'on', f'>{PASSWORD}', '~*', '&*', '+@all')
    yield Place(server, tls_port, strict_port, socket, authority, stranger, authority.sign('client'), module_folder)
    strict.stop()
    server.stop()
    socket.unlink(missing_ok=True)


@pytest.mark.parametrize(
    'form',
    [
        'redis://127.0.0.1:{port}',
        'redis://127.0.0.1:{port}//2',
        'redis://localhost:{port}/3',
        'redis://[::1]:{port}/0',
        'redis://{login}@[::1]:{port}/1',
        'redis://{login}@127.0.0.1:{port}/0',
        'redis+socket://{socket}',
        'redis+socket://{login}@{socket}?virtual_host=2',
        'redis://127.0.0.1:{closed}/0;redis://127.0.0.1:{port}/0',
        'redis://[::1]:{closed}/0; redis://{login}@[::1]:{port}/0',
        'rediss://127.0.0.1:{tls}/0?{trust}',
        'rediss://{login}@localhost:{tls}/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={ca}',
        'rediss://[::1]:{tls}/0?{trust}',
        'rediss://127.0.0.1:{tls}/0?ssl_cert_reqs=optional&ssl_ca_certs={ca}&ssl_check_hostname=false',
        'rediss://127.0.0.1:{strict}/0?{trust}&{identity}',
    ],
)
def test_a_form_that_celery_takes_is_entered(place: Place, form: str) -> None:
    said, done = place.check(form)

    assert done.returncode == 0 and said['ok'] is True, done.stdout
    assert said['servers'][0]['version'] and said['isBrokerKnown'] is True
    assert said['findings'] == []
    assert quote(PASSWORD, safe='') not in done.stdout + done.stderr and PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize('word', ['none', 'CERT_NONE'])
@pytest.mark.parametrize('verb', ['--broker', '--result-backend'])
def test_no_verification_is_obeyed_and_warned_of(place: Place, word: str, verb: str) -> None:
    options = [] if verb == '--broker' else ['--broker', place.url('redis://127.0.0.1:{port}/0')]

    said, done = place.check(f'rediss://127.0.0.1:{{tls}}/0?ssl_cert_reqs={word}', *options, verb=verb)

    assert done.returncode == 0, done.stdout
    found = {each['rule']: each for each in said['findings']}
    assert found['tls-unverified']['severity'] == 'warning'
    assert found['tls-unverified']['subject'] == ('broker' if verb == '--broker' else 'result backend')
    assert 'ssl_cert_reqs=required' in found['tls-unverified']['fix']


@pytest.mark.parametrize(
    ('form', 'reason', 'fix'),
    [
        # Celery itself would check nothing here.
        ('rediss://127.0.0.1:{tls}/0', 'certificate', 'ssl_ca_certs'),
        ('rediss://127.0.0.1:{tls}/0?ssl_cert_reqs=required&ssl_ca_certs={stranger}', 'certificate', 'ssl_ca_certs'),
        ('rediss://127.0.0.1:{tls}/0?ssl_cert_reqs=required&ssl_ca_certs=/nonexistent.pem', '/nonexistent.pem', 'ssl_ca_certs'),
        # Over TLS 1.3 the server's alert may be lost with the connection.
        ('rediss://127.0.0.1:{strict}/0?{trust}', '127.0.0.1', 'ssl_certfile'),
        ('rediss://127.0.0.1:{port}/0?{trust}', 'TLS', 'redis://'),
        ('redis://fleet:wrong@127.0.0.1:{port}/0', 'WRONGPASS', 'ACL SETUSER'),
        ('redis://127.0.0.1:{port}/99', 'SELECT 99', None),
        ('redis://127.0.0.1:{closed}/0', 'Connection refused', 'Start Redis'),
        ('redis+socket:///nonexistent/redis.sock', 'No such file', 'path'),
        ('redis://no-such-host.invalid/0', 'looking up', 'host name'),
    ],
)
def test_what_cannot_be_entered_is_told_with_what_to_change(place: Place, form: str, reason: str, fix: str | None) -> None:
    said, done = place.check(form)

    assert done.returncode == 1 and said['ok'] is False
    server = said['servers'][0]
    assert reason in server['reason'], server
    assert fix is None or fix in server['fix'], server


@pytest.mark.parametrize(
    ('form', 'word'),
    [
        ('redis://h/0?credential_provider=pkg.Provider', 'Python'),
        ('redis-cluster://h:6379', 'Cluster'),
        ('unix:///run/redis.sock', 'redis+socket://'),
        ('valkey://h', 'redis://'),
        ('amqp://h', 'Redis only'),
        ('sentinel://h:26379/0', '--sentinel-master'),
        ('redis://h/0?socket_timeout=1', 'socket_timeout'),
    ],
)
def test_what_is_impossible_is_refused_with_the_reason(place: Place, form: str, word: str) -> None:
    said, done = place.check(form)
    served = Gateway('', place.folder).cli(
        'serve', '--broker', form, '--listen', '127.0.0.1:0', '--data', str(place.folder / 'none')
    )

    assert done.returncode == 1 and word in said['servers'][0]['reason']
    assert served.returncode != 0 and word in served.stderr


@pytest.mark.parametrize(
    ('broker', 'backend'),
    [
        ('redis+socket://{login}@{socket}?virtual_host=4', 'redis://{login}@[::1]:{port}/5'),
        (
            'rediss://127.0.0.1:{strict}/0?{trust}&{identity}',
            'rediss://{login}@127.0.0.1:{tls}/6?ssl_cert_reqs=none',
        ),
        ('redis://127.0.0.1:{closed}/0;redis://{login}@[::1]:{port}/7', None),
    ],
)
async def test_a_task_runs_over_it_and_is_seen(
    place: Place, folder: Path, connect: ConnectClient, broker: str, backend: str | None
) -> None:
    """Celery itself goes the same way: its worker gets the same URLs."""
    urls = place.url(broker), place.url(backend or 'redis://127.0.0.1:{port}/8')
    worker = Worker(WorkerSpec('solo', pool='solo'), *urls, folder).launch()
    stack = Stack(folder)
    stack.gateway = Gateway(urls[0], folder, backend=urls[1])
    try:
        await asyncio.to_thread(worker.wait_ready)
        await asyncio.to_thread(stack.gateway.start)
        async with connect(stack) as client:
            view = await client.view(mode='follow')
            row = await client.command('task.run', {'task': 'math.add', 'args': [20, 22], 'queue': 'celery'})
            assert row['state'] == 'confirmed', row
            await client.until(lambda: (view.get(row['taskId']) or {}).get('state') == 'SUCCESS', 20, 'the task to run')
            if backend and 'none' in backend:
                alerts = await client.subscribe('alerts')
                await client.until(lambda: alerts.get('tls-unverified:result backend'), 20, 'the alert about the certificate')
            async with httpx.AsyncClient(base_url=stack.gateway.base_url) as http:
                token = stack.gateway.token()
                found = await http.get(f'/api/celery/tasks/{row["taskId"]}', headers={'Authorization': f'Bearer {token}'})
            assert found.json()['result'] == '42'
    finally:
        stack.gateway.stop()
        worker.kill()
