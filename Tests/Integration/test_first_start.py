"""A first start: nobody can come in but by the link that it prints, which makes one admin, once, and is written down nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.certificates import encrypted
from harness.gateway import Gateway
from harness.redis_server import free_port
from harness.stack import unique

PASSWORD = unique('correct horse')


@pytest.fixture
def unset(folder: Path) -> Iterator[Gateway]:
    """A gateway that nobody has come in to. It needs no broker for that."""
    gateway = Gateway(f'redis://127.0.0.1:{free_port()}/0', folder, options=['--log-level', 'trace', '--log-format', 'json'])
    gateway.launch().wait_listening()
    yield gateway
    gateway.stop()


def code_of(gateway: Gateway) -> str:
    return gateway.setup_link().rsplit('=', 1)[-1]


def admin(gateway: Gateway, **changes: str) -> dict[str, str]:
    return {'code': code_of(gateway), 'name': 'ada', 'password': PASSWORD, **changes}


def post(gateway: Gateway, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(f'{gateway.base_url}/api/setup', json=body, headers=headers, timeout=30)


def is_open(gateway: Gateway) -> bool:
    found: bool = httpx.get(f'{gateway.base_url}/api/setup', timeout=10).json()['open']
    return found


def everything_written(gateway: Gateway) -> bytes:
    """All files of the data folder, and what was logged without the line with the link."""
    assert gateway.process
    logged = '\n'.join(line for line in gateway.process.output().splitlines() if not line.startswith('Open http'))
    return b'\n'.join(file.read_bytes() for file in gateway.data.rglob('*') if file.is_file()) + logged.encode()


def test_the_link_makes_the_first_admin_who_signs_in_with_the_password_from_then_on(unset: Gateway) -> None:
    """X11: neither the code nor the password is written down."""
    code = code_of(unset)
    # 256 bits in base64url.
    assert re.fullmatch(r'[A-Za-z0-9_-]{43}', code) and is_open(unset)
    with httpx.Client(base_url=unset.base_url, timeout=30) as http:
        # Nothing else opens to the code.
        assert http.post('/api/session', json={'code': code}).status_code == 401
        assert http.get('/api/celery/workers', headers={'authorization': f'Bearer {code}'}).status_code == 401

        made = http.post('/api/setup', json=admin(unset), headers={'origin': unset.base_url})

        assert made.status_code == 200, made.text
        assert made.json()['who']['name'] == 'ada' and made.json()['who']['role'] == 'admin'
        assert 'HttpOnly' in made.headers['set-cookie'] and 'SameSite=Strict' in made.headers['set-cookie']
        audit = http.get('/api/celery/audit').json()['audit']
    assert [line['action'] for line in audit[:3]] == ['session.open', 'user.add', 'session.open'], audit
    assert audit[1]['target'] == 'user ada' and audit[1]['from'] == '127.0.0.1' and 'set-up link' in audit[1]['detail']
    again = post(unset, admin(unset, name='eve'))
    assert again.status_code == 409 and again.headers['content-type'] == 'application/problem+json'
    assert 'has an admin' in again.json()['detail'] and not is_open(unset)
    signed = httpx.post(f'{unset.base_url}/api/session', json={'name': 'ada', 'password': PASSWORD}, timeout=30)
    assert signed.status_code == 200
    written = everything_written(unset)
    assert code.encode() not in written and PASSWORD.encode() not in written and b'user.add' in written
    # The next start asks nobody.
    unset.stop()
    unset.launch().wait_listening()
    assert unset.process and '#setup=' not in unset.process.output() and not is_open(unset)


def test_of_many_at_once_one_becomes_the_admin(unset: Gateway) -> None:
    bodies = [admin(unset, name=f'user{number}') for number in range(5)]

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda body: post(unset, body), bodies))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    users = unset.cli('user', 'list', '--json', '--data', str(unset.data)).stdout.split('\n')
    assert len([line for line in users if line]) == 1


def test_what_is_wrong_is_said_and_leaves_the_link_as_it_is(unset: Gateway) -> None:
    code = code_of(unset)
    for changes, status, field in [
        ({'password': 'x' * 7}, 400, 'password'),
        ({'password': 'x' * 257}, 400, 'password'),
        ({'name': ''}, 400, 'name'),
        ({'name': 'x' * 129}, 400, 'name'),
    ]:
        answer = post(unset, admin(unset, **changes))
        assert answer.status_code == status and answer.json()['needs'] == field, answer.text
    for origin in ('https://evil.example', 'null', f'{unset.base_url}0'):
        assert post(unset, admin(unset), origin=origin).status_code == 403
    assert post(unset, admin(unset), **{'sec-fetch-site': 'cross-site'}).status_code == 403
    assert httpx.get(f'{unset.base_url}/api/setup?code={code}', timeout=10).json() == {'open': True}
    # Wrong codes: five are free, then one waits.
    wrong = [post(unset, admin(unset, code='x' * 43)).status_code for _ in range(6)]
    assert wrong == [401] * 5 + [429]
    assert is_open(unset)


def test_a_new_start_prints_another_link_and_the_old_one_is_worth_nothing(unset: Gateway) -> None:
    old = code_of(unset)
    unset.stop()
    unset.launch().wait_listening()

    assert code_of(unset) != old
    assert post(unset, admin(unset, code=old)).status_code == 401
    assert post(unset, admin(unset)).status_code == 200


def test_an_admin_of_the_command_line_ends_the_link(unset: Gateway) -> None:
    unset.token('admin', unique('ops'))

    assert not is_open(unset)
    assert post(unset, admin(unset)).status_code == 409


def test_nobody_beyond_this_machine_is_asked_to_come_first(folder: Path) -> None:
    """Not with TLS, nor by --insecure-listen."""
    _, tls = encrypted(folder)
    broker = f'redis://127.0.0.1:{free_port()}/0'
    for options in (['--insecure-listen'], tls):
        gateway = Gateway(broker, folder, listen='0.0.0.0:0', options=options).launch()
        assert gateway.process
        assert gateway.process.wait_exit(30) == 1
        said = gateway.process.output()
        assert 'there is no admin yet' in said and 'celeriac user add' in said and '#setup=' not in said, said
    done = gateway.cli(
        'user', 'add', 'ada', '--role', 'admin', '--password-stdin', '--data', str(gateway.data), given=f'{PASSWORD}\n'
    )
    assert done.returncode == 0, done.stderr

    try:
        gateway.launch().wait_listening()
        assert gateway.process and '#setup=' not in gateway.process.output()
    finally:
        gateway.stop()


def test_whoever_has_a_credential_is_not_locked_out_when_the_last_admin_has_ended(folder: Path) -> None:
    broker = f'redis://127.0.0.1:{free_port()}/0'
    gateway = Gateway(broker, folder, listen='0.0.0.0:0', options=['--insecure-listen'])
    token = gateway.token('wall', 'lobby')

    try:
        gateway.launch().wait_listening()

        assert gateway.process
        gateway.process.wait_output('there is no valid admin any more', 20)
        assert '#setup=' not in gateway.process.output()
        port = gateway.address.rsplit(':', 1)[-1]
        page = f'http://127.0.0.1:{port}'
        told = httpx.get(f'{page}/api/celery/stats', headers={'authorization': f'Bearer {token}'}, timeout=30)
        assert told.status_code == 200
        assert httpx.get(f'{page}/api/setup', timeout=30).json() == {'open': False}
    finally:
        gateway.stop()
