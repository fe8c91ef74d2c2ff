"""Users with passwords: how they are made, come in, and are out again, also everywhere at once."""

from __future__ import annotations

import base64
import hmac
import json
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient
from harness.gateway import Gateway
from harness.lateness import watched_lateness
from harness.stack import Stack, unique

PASSWORD = unique('correct horse')
# What a right that was taken away may last (R6).
RIGHTS_SECONDS = 5


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.fixture
def gateway(stack: Stack) -> Gateway:
    return stack.running_gateway


def user(gateway: Gateway, verb: str, *arguments: str, password: str | None = None) -> subprocess.CompletedProcess[str]:
    options = [] if password is None else ['--password-stdin']
    given = '' if password is None else f'{password}\n'
    return gateway.cli('user', verb, '--data', str(gateway.data), *arguments, *options, given=given)


def added(gateway: Gateway, role: str = 'operator') -> str:
    name = unique('ada')
    done = user(gateway, 'add', name, '--role', role, password=PASSWORD)
    assert done.returncode == 0, done.stderr
    return name


def sign_in(http: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return http.post('/api/session', json={'name': name, 'password': password})


def audit(gateway: Gateway) -> list[dict[str, Any]]:
    done = gateway.cli('audit', 'list', '--json', '--data', str(gateway.data))
    return [json.loads(line) for line in done.stdout.splitlines()]


def page(gateway: Gateway, http: httpx.AsyncClient, csrf: str) -> AbstractAsyncContextManager[GatewayClient]:
    """A socket of a page with this cookie."""
    headers = {'Cookie': '; '.join(f'{name}={value}' for name, value in http.cookies.items())}
    return GatewayClient.connect(gateway.ws_url, headers=headers, origin=gateway.base_url, auth={'kind': 'cookie', 'csrf': csrf})


def test_a_user_signs_in_with_name_and_password(gateway: Gateway) -> None:
    name = added(gateway)
    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:
        wrong = sign_in(http, name, 'wrong horse battery')
        nobody = sign_in(http, unique('eve'), PASSWORD)
        assert wrong.status_code == nobody.status_code == 401 and wrong.json() == nobody.json()

        opened = sign_in(http, name)

        assert opened.status_code == 200 and opened.json()['who']['name'] == name
        assert opened.json()['who']['role'] == 'operator'
        assert http.get('/api/celery/tasks').status_code == 200
    lines = [line for line in audit(gateway) if line['action'] == 'session.open']
    assert [line['outcome'] for line in lines[-3:]] == ['refused', 'refused', 'accepted']
    assert [line['target'] for line in lines[-3:]] == [f'user {name}', '', ''] and lines[-1]['by'] == name


def test_passwords_are_read_from_standard_input_and_kept_as_hashes(gateway: Gateway) -> None:
    name = added(gateway)
    password = unique('battery-staple')
    for line, problem in [('short', '8 to 256 bytes'), ('x' * 257, '8 to 256 bytes'), (None, 'standard input is no terminal')]:
        done = user(gateway, 'password', name, password=line)
        assert done.returncode != 0 and problem in done.stderr, done.stderr
        assert line is None or line not in done.stderr
    assert user(gateway, 'password', name, password=password).returncode == 0
    assert user(gateway, 'add', name, '--role', 'viewer', password=password).returncode != 0, 'the name is taken'

    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:
        assert sign_in(http, name).status_code == 401
        assert sign_in(http, name, password).status_code == 200
    for file in gateway.data.rglob('*'):
        if file.is_file():
            assert password.encode() not in file.read_bytes(), f'{file.name} holds the password'
    assert gateway.process and password not in gateway.process.output()
    assert not any(password in str(line) or 'scrypt' in str(line) for line in audit(gateway))


def test_users_are_listed_changed_and_removed(gateway: Gateway) -> None:
    name = added(gateway, 'viewer')

    def listed() -> dict[str, Any]:
        rows = [json.loads(line) for line in user(gateway, 'list', '--json').stdout.splitlines()]
        return next(row for row in rows if row['name'] == name)

    assert (listed()['role'], listed()['state']) == ('viewer', 'active')
    assert name not in gateway.cli('token', 'list', '--data', str(gateway.data)).stdout
    assert 'is now admin' in user(gateway, 'role', name, 'admin').stderr
    assert user(gateway, 'remove', name).returncode == 0
    assert (listed()['role'], listed()['state']) == ('admin', 'removed')
    assert name in user(gateway, 'list').stdout
    for verb in (['remove', name], ['role', name, 'viewer'], ['sign-out', name]):
        done = user(gateway, *verb)
        assert done.returncode != 0 and f'called {name}' in done.stderr, done.stderr


def code_of(address: str, step: int) -> str:
    """The code that an app shows in a step of 30 s (RFC 6238), computed here and not by what is tested."""
    found = re.fullmatch(
        r'otpauth://totp/Celeriac:[^?]+\?secret=([A-Z2-7]{32})&issuer=Celeriac&algorithm=SHA1&digits=6&period=30', address
    )
    assert found, 'no address of an app'
    digest = hmac.digest(base64.b32decode(found[1]), step.to_bytes(8), 'sha1')
    (number,) = struct.unpack_from('>I', digest, digest[19] & 15)
    return f'{(number & 0x7FFFFFFF) % 1_000_000:06}'


def test_a_second_factor_is_asked_for_and_each_code_counts_once(gateway: Gateway) -> None:
    name = added(gateway)
    address = user(gateway, 'totp', name).stdout.strip()
    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:

        def tried(totp: str | None) -> httpx.Response:
            body = {'name': name, 'password': PASSWORD} | ({} if totp is None else {'totp': totp})
            return http.post('/api/session', json=body)

        asked = tried(None)
        assert asked.status_code == 401 and asked.json()['needs'] == 'totp' and 'set-cookie' not in asked.headers
        # One step ahead is taken however long this takes, for less than half a minute each way.
        code = code_of(address, int(time.time()) // 30 + 1)
        assert tried(code).status_code == 200
        again = tried(code)
        assert again.status_code == 401 and again.json()['needs'] == 'totp', 'a code counts once'
        assert '"secondFactor":true' in user(gateway, 'list', '--json').stdout
        secret = address.split('secret=')[1][:32]
        assert gateway.process and secret not in gateway.process.output()
        assert not any(secret in str(line) for line in audit(gateway))

        assert user(gateway, 'totp', name, '--off').returncode == 0
        assert tried(None).status_code == 200


@pytest.mark.parametrize('way', ['page', 'command'])
async def test_sign_out_everywhere_ends_all_live_sockets_of_a_user(gateway: Gateway, way: str) -> None:
    name, other = added(gateway), added(gateway)
    async with AsyncExitStack() as opened:
        browsers = [await opened.enter_async_context(httpx.AsyncClient(base_url=gateway.base_url, timeout=10)) for _ in range(3)]
        nonces = [await csrf_of(http, who) for http, who in zip(browsers, (name, name, other), strict=True)]
        pages = [await opened.enter_async_context(page(gateway, http, csrf)) for http, csrf in zip(browsers, nonces, strict=True)]
        if way == 'page':
            headers = {'Origin': gateway.base_url}
            refused = await browsers[0].delete('/api/sessions', headers=headers)
            assert refused.status_code == 403, 'without the CSRF token'
            done = await browsers[0].delete('/api/sessions', headers={**headers, 'X-CSRF-Token': nonces[0]})
            assert done.status_code == 200 and done.json() == {'ended': 2}
            assert 'Max-Age=0' in done.headers['set-cookie']
        else:
            assert 'ended 2 sessions' in user(gateway, 'sign-out', name).stderr
        ended = time.monotonic()

        # The wait is long for a starved test; what it lost itself does not count against the gateway.
        async with watched_lateness() as lateness:
            for client in pages[:2]:
                assert await client.wait_closed(60) == 4401
                assert client.bye and client.bye['code'] == 4401
        took = max(client.frames[-1].at - ended for client in pages[:2])
        print(f'the sockets of {name} ended after {took:.1f} s; the test was late by {lateness.seconds:.1f} s')
        assert took <= RIGHTS_SECONDS + lateness.seconds
        assert (await pages[2].subscribe('stats')).live
        assert [(await http.get('/api/session')).status_code for http in browsers] == [401, 401, 200]
        assert await csrf_of(browsers[0], name), 'no new session'


async def csrf_of(http: httpx.AsyncClient, name: str) -> str:
    """Signs in; the nonce of the session."""
    answer = await http.post('/api/session', json={'name': name, 'password': PASSWORD})
    assert answer.status_code == 200, answer.text
    return str(answer.json()['csrf'])
