"""Client certificates: whose key is pinned comes in by it, over HTTP and WebSocket; all others are refused, and what
was pinned is worth nothing once it is taken back, resumed TLS sessions and live sockets included."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.certificates import Authority
from harness.client import GatewayClient
from harness.gateway import Gateway
from harness.lateness import watched_lateness
from harness.paths import ROOT
from harness.stack import Stack, unique
from harness.waiting import wait_for

RIGHTS_SECONDS = 5
PATIENCE_SECONDS = 60


@dataclass
class World:
    stack: Stack
    gateway: Gateway
    authority: Authority
    folder: Path
    port: int

    def client(self, name: str, authority: Authority | None = None) -> tuple[Path, Path]:
        certificate, key = (authority or self.authority).sign(name)
        key.chmod(0o600)
        return certificate, key

    def pin(self, certificate: Path, name: str, role: str = 'operator', *options: str) -> Any:
        data = ['--data', str(self.gateway.data), '--role', role, '--name', name, '--certificate', str(certificate)]
        return self.gateway.cli('token', 'create', *data, *options)

    def context(self, pair: tuple[Path, Path] | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        if pair:
            context.load_cert_chain(*pair)
        return context

    def ask(
        self, context: ssl.SSLContext, method: str = 'GET', path: str = '/api/celery/stats', **headers: str
    ) -> tuple[int, str]:
        connection = http.client.HTTPSConnection('127.0.0.1', self.port, context=context, timeout=20)
        try:
            body = '{}' if method == 'POST' else None
            connection.request(method, path, body, {name.replace('_', '-'): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope='module')
def world(module_folder: Path) -> Iterator[World]:
    authority = Authority(module_folder / 'tls', 'authority')
    certificate, key = authority.sign('gateway')
    key.chmod(0o600)
    options = ['--tls-cert', str(certificate), '--tls-key', str(key), '--tls-client-ca', str(authority.certificate)]
    stack = Stack(module_folder)
    stack.start(gateway=False)
    gateway = Gateway(stack.broker, module_folder, options=options)
    stack.gateway = gateway
    gateway.launch().wait_listening()
    yield World(stack, gateway, authority, module_folder, int(gateway.base_url.rsplit(':', 1)[1]))
    stack.stop()


async def test_a_pinned_certificate_signs_in_and_no_other_does(world: World) -> None:
    mine, stranger = world.client('mine'), world.client('stranger')
    name = unique('mine')
    done = world.pin(mine[0], name)
    assert done.returncode == 0 and 'by this client certificate until' in done.stderr and not done.stdout, done.stderr
    assert world.ask(world.context(mine))[0] == 200
    status, text = world.ask(world.context(stranger))
    assert status == 401 and 'client certificate that is pinned' in text
    assert world.ask(world.context(None))[0] == 401
    bearer = world.gateway.token('viewer', unique('viewer'))
    assert world.ask(world.context(None), authorization=f'Bearer {bearer}')[0] == 200

    async with GatewayClient.connect(world.gateway.ws_url, tls=world.context(mine)) as client:
        session = client.session
        assert (session['who']['name'], session['who']['role']) == (name, 'operator')
        assert 0 < session['tokenTtlMs'] <= 2 * 86_400_000
    again = world.pin(mine[0], unique('again'))
    assert again.returncode != 0 and f'signs {name} in' in again.stderr
    listed = world.gateway.cli('token', 'list', '--data', str(world.gateway.data)).stdout
    assert any(name in line and 'by certificate' in line for line in listed.splitlines())


def test_a_certificate_of_another_authority_or_one_that_ended_makes_no_connection(world: World) -> None:
    other = Authority(world.folder / 'other', 'other')
    foreign = world.client('foreign', other)
    assert world.pin(foreign[0], unique('foreign')).returncode == 0
    ended, key = world.folder / 'ended.pem', world.client('ended')[1]
    subprocess.run(
        [
            *('openssl', 'x509', '-req', '-in', str(world.authority.folder / 'authority-ended.csr'), '-days', '-1'),
            *('-CA', str(world.authority.certificate), '-CAkey', str(world.authority.key), '-CAcreateserial', '-out', str(ended)),
        ],
        check=True,
        capture_output=True,
    )
    refused = world.pin(ended, unique('ended'))
    assert refused.returncode != 0 and 'has ended' in refused.stderr, refused.stderr
    for pair in (foreign, (ended, key)):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.BadStatusLine)):
            world.ask(world.context(pair))


def test_a_page_of_others_changes_nothing_with_a_certificate(world: World) -> None:
    mine = world.client('browser')
    assert world.pin(mine[0], unique('browser')).returncode == 0
    path, headers = '/api/celery/commands/task.run', {'content_type': 'application/json', 'idempotency_key': unique('k')}
    for extra in ({'origin': 'https://evil.example'}, {'sec_fetch_site': 'cross-site'}):
        assert world.ask(world.context(mine), 'POST', path, **headers, **extra)[0] == 403
    assert world.ask(world.context(mine), 'POST', path, **headers)[0] == 400


async def test_what_was_taken_back_is_worth_nothing_on_sockets_and_resumed_sessions(world: World) -> None:
    mine, name = world.client('revoked'), unique('revoked')
    assert world.pin(mine[0], name).returncode == 0
    context = world.context(mine)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    connection = http.client.HTTPSConnection('127.0.0.1', world.port, context=context, timeout=20)
    connection.request('GET', '/api/celery/stats')
    assert connection.getresponse().read() and isinstance(connection.sock, ssl.SSLSocket)
    session = connection.sock.session
    connection.close()
    async with GatewayClient.connect(world.gateway.ws_url, tls=world.context(mine)) as client:
        assert world.gateway.cli('token', 'revoke', '--data', str(world.gateway.data), name).returncode == 0
        revoked = time.monotonic()
        async with watched_lateness() as lateness:
            assert await client.wait_closed(PATIENCE_SECONDS) == 4401
        assert client.frames[-1].at - revoked <= RIGHTS_SECONDS + lateness.seconds
    wait_for(lambda: world.ask(world.context(mine))[0] == 401, PATIENCE_SECONDS, '401 for a certificate that was taken back')

    raw = socket.create_connection(('127.0.0.1', world.port), 20)
    with context.wrap_socket(raw, server_hostname='127.0.0.1', session=session) as resumed:
        resumed.sendall(b'GET /api/celery/stats HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
        print(f'the TLS session was {"" if resumed.session_reused else "not "}resumed')
        assert resumed.recv(64).startswith(b'HTTP/1.1 401')


def test_the_script_makes_certificates_of_clients(world: World, tmp_path: Path) -> None:
    subprocess.run(
        [str(ROOT / 'certs' / 'generate'), '--folder', str(tmp_path), '--client', 'loader'], check=True, capture_output=True
    )
    checked = subprocess.run(
        [
            'openssl',
            'verify',
            '-CAfile',
            str(tmp_path / 'authority.pem'),
            '-purpose',
            'sslclient',
            str(tmp_path / 'client-loader.pem'),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr
    assert world.pin(tmp_path / 'client-loader.pem', unique('loader')).returncode == 0
    missing = world.pin(tmp_path / 'nothing.pem', unique('x'))
    assert missing.returncode != 0 and 'cannot be read' in missing.stderr
