"""HTTPS and WSS by the gateway itself: `--tls-cert`, `--tls-key`, and a new certificate without a dropped client."""

from __future__ import annotations

import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.client import GatewayClient
from harness.gateway import Gateway
from harness.paths import ROOT
from harness.rows import Row, Table
from harness.stack import Stack, unique
from harness.waiting import wait_for
from websockets.asyncio.client import connect as websocket_connect


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of this machine's loopback address, signed by itself, and its key."""
    certificate, key = folder / f'{name}.pem', folder / f'{name}.key'
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'),
            *('-subj', f'/CN={name}', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', str(key), '-out', str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    key.chmod(0o600)
    return certificate, key


@pytest.fixture(scope='module')
def files(module_folder: Path) -> tuple[Path, Path]:
    return make_certificate(module_folder, 'first')


@pytest.fixture(scope='module')
def stack(module_folder: Path, files: tuple[Path, Path]) -> Iterator[Stack]:
    certificate, key = files
    stack = Stack(module_folder)
    stack.start(gateway=False)
    gateway = Gateway(stack.broker, module_folder, options=['--tls-cert', str(certificate), '--tls-key', str(key)])
    stack.gateway = gateway
    gateway.launch().wait_listening()
    yield stack
    stack.stop()


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def served(gateway: Gateway) -> str:
    """The certificate that a new connection gets."""
    host, port = gateway.address.rsplit(':', 1)
    return ssl.get_server_certificate((host, int(port)))


async def test_pages_and_sockets_are_encrypted(stack: Stack, files: tuple[Path, Path]) -> None:
    gateway = stack.running_gateway
    assert gateway.setup_link().startswith('https://')
    link = gateway.login_url()
    async with httpx.AsyncClient(verify=trusting(files[0])) as client:
        page = await client.get(gateway.base_url)
        assert page.status_code == 200 and 'strict-transport-security' in page.headers
        session = await client.post(f'{gateway.base_url}/api/session', json={'code': link.rsplit('=', 1)[-1]})
        assert session.status_code == 200
        cookie = session.headers['set-cookie']
        assert cookie.startswith('__Host-celeriac=') and 'Secure' in cookie
    with pytest.raises(ssl.SSLCertVerificationError):
        async with websocket_connect(gateway.ws_url, ssl=ssl.create_default_context()):
            pass
    async with GatewayClient.connect(gateway.ws_url, gateway.token('admin', unique('tls')), tls=trusting(files[0])) as bot:
        table = await bot.subscribe('health')
        await bot.until(lambda: 'broker' in table.by_id(), 15, 'the health of the broker')


async def test_a_new_certificate_drops_nobody(stack: Stack, files: tuple[Path, Path], folder: Path) -> None:
    """X10: nor does one that cannot be read."""
    gateway = stack.running_gateway
    before = served(gateway)
    async with GatewayClient.connect(gateway.ws_url, gateway.token('admin', unique('tls')), tls=trusting(files[0])) as bot:
        for new, old in zip(make_certificate(folder, 'second'), files, strict=True):
            shutil.copyfile(new, old)
        gateway.send_signal(signal.SIGHUP)
        wait_for(lambda: served(gateway) != before, 10, 'the new certificate')
        assert served(gateway) == files[0].read_text()
        table = await bot.subscribe('health')
        await bot.until(lambda: 'broker' in table.by_id(), 15, 'rows on the old connection')

        kept = served(gateway)
        files[0].write_text('nonsense')
        gateway.send_signal(signal.SIGHUP)
        wait_for(lambda: 'the old certificate stays' in gateway.tail(), 10, 'the complaint')
        assert served(gateway) == kept


def generate(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / 'certs' / 'generate'), '--folder', str(folder), *names]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_made_certificates_serve_and_are_made_anew(stack: Stack, folder: Path) -> None:
    made = generate(folder / 'made', 'ops.example', '2001:db8::7')
    assert made.returncode == 0, made.stderr
    authority, certificate, key = (folder / 'made' / name for name in ('authority.pem', 'gateway.pem', 'gateway.key'))
    assert {path.stat().st_mode & 0o077 for path in (key, authority.with_suffix('.key'))} == {0}
    options = ['--tls-cert', str(certificate), '--tls-key', str(key)]
    gateway = Gateway(stack.broker, folder, options=options)
    try:
        gateway.launch().wait_listening()
        assert 'can be read by others' not in gateway.tail()
        trusted = trusting(authority)
        host, port = gateway.address.rsplit(':', 1)
        for name in ('127.0.0.1', 'localhost', 'ops.example', '2001:db8::7'):
            with socket.create_connection((host, int(port))) as raw, trusted.wrap_socket(raw, server_hostname=name) as wrapped:
                assert (wrapped.version() or '') >= 'TLSv1.2'
        with socket.create_connection((host, int(port))) as raw, pytest.raises(ssl.SSLCertVerificationError):
            trusted.wrap_socket(raw, server_hostname='other.example')

        async with GatewayClient.connect(gateway.ws_url, gateway.token('admin', unique('tls')), tls=trusted) as bot:
            before, root = served(gateway), authority.read_text()
            assert generate(folder / 'made').returncode == 0
            gateway.send_signal(signal.SIGHUP)
            wait_for(lambda: served(gateway) != before, 10, 'the certificate that was made anew')
            assert authority.read_text() == root
            async with httpx.AsyncClient(verify=trusted) as client:
                assert (await client.get(f'{gateway.base_url}/healthz')).status_code == 200
            table = await bot.subscribe('health')
            await bot.until(lambda: 'broker' in table.by_id(), 15, 'rows on the old connection')
    finally:
        gateway.stop()


@pytest.mark.parametrize('name', ['a b', 'x,DNS:other.example', '', '-x', 'x' * 254])
def test_a_name_that_is_none_makes_no_certificate(folder: Path, name: str) -> None:
    made = generate(folder / 'made', name)
    assert made.returncode == 1 and 'neither a host name nor an address' in made.stderr
    assert not list((folder / 'made').iterdir())


def test_a_key_that_others_can_read_is_warned_of(stack: Stack, folder: Path) -> None:
    certificate, key = make_certificate(folder, 'open')
    key.chmod(0o644)

    gateway = Gateway(stack.broker, folder, options=['--tls-cert', str(certificate), '--tls-key', str(key)])
    try:
        gateway.launch().wait_listening()
        wait_for(lambda: 'can be read by others' in gateway.tail(), 10, 'the warning')
    finally:
        gateway.stop()
    assert key.read_text().splitlines()[1] not in gateway.tail(400)


async def test_a_gateway_that_is_open_says_so_on_the_page(stack: Stack, files: tuple[Path, Path], folder: Path) -> None:
    def warned(alerts: Table) -> Row | None:
        return next((row for row in alerts if row['rule'] == 'insecure-listen'), None)

    gateway = Gateway(stack.broker, folder, listen='0.0.0.0:0', options=['--insecure-listen'])
    token = gateway.token('admin', unique('open'))
    try:
        gateway.launch().wait_listening()
        async with GatewayClient.connect(gateway.ws_url, token) as client:
            alerts = await client.subscribe('alerts')
            alert = await client.until(lambda: warned(alerts), 15, 'the alert')
            assert (
                alert['severity'] == 'warning'
                and gateway.address.split(':')[0] in alert['detail']
                and '--tls-cert' in alert['fix']
            ), alert
    finally:
        gateway.stop()

    encrypted = stack.running_gateway
    trusted = ssl.create_default_context(cadata=served(encrypted))
    async with GatewayClient.connect(encrypted.ws_url, encrypted.token('viewer', unique('closed')), tls=trusted) as client:
        alerts, health = await client.subscribe('alerts'), await client.subscribe('health')
        await client.until(lambda: 'broker' in health.by_id() and alerts.live, 15, 'the health of the broker')
        assert warned(alerts) is None


@pytest.mark.parametrize('fault', ['absent', 'not a certificate', "another's key", 'no key'])
def test_wrong_files_are_told_before_anything_starts(folder: Path, fault: str) -> None:
    certificate, key = make_certificate(folder, 'good')
    _, other = make_certificate(folder, 'other')
    options = {
        'absent': ['--tls-cert', str(folder / 'nothing.pem'), '--tls-key', str(key)],
        'not a certificate': ['--tls-cert', str(key), '--tls-key', str(key)],
        "another's key": ['--tls-cert', str(certificate), '--tls-key', str(other)],
        'no key': ['--tls-cert', str(certificate)],
    }[fault]
    said = {
        'absent': 'nothing.pem',
        'not a certificate': 'no certificate',
        "another's key": 'does not belong',
        'no key': '--tls-key',
    }[fault]

    gateway = Gateway('redis://127.0.0.1:1/0', folder, options=options)
    done = gateway.cli('serve', '--data', str(folder / 'data'), '--listen', '127.0.0.1:0', *options)

    assert done.returncode != 0 and '--tls-cert' in done.stderr and said in done.stderr
