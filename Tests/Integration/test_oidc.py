"""Signing in with OpenID Connect, at a provider that the test starts: who comes in, and each way in which nobody does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from harness.certificates import Authority
from harness.gateway import Gateway
from harness.openid_provider import CALLBACK, CLIENT, SECRET, Provider, SigningKey, encoded, openid_options
from harness.redis_server import free_port
from harness.stack import Stack, unique

Json = dict[str, Any]
ROLES = 'ada@example.com=admin,mallory@example.com=none,@example.com=viewer,groups:celery=operator'


@pytest.fixture(scope='module')
def running_provider(module_folder: Path) -> Iterator[Provider]:
    provider = Provider(module_folder / 'provider').start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.reset()
    return running_provider


@pytest.fixture(scope='module')
def stack(module_folder: Path, running_provider: Provider) -> Iterator[Stack]:
    stack = Stack(module_folder).start(gateway_options=openid_options(running_provider, module_folder, ROLES))
    yield stack
    stack.stop()


@pytest.fixture
def gateway(stack: Stack) -> Gateway:
    return stack.running_gateway


@pytest.fixture
def http(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.base_url, timeout=20) as http:
        yield http


def sent_away(http: httpx.Client) -> str:
    """Begins, and gives the address at the provider."""
    start = http.get('/auth/oidc/start')
    assert start.status_code == 303, start.text
    return start.headers['location']


def back(http: httpx.Client) -> Json:
    """Goes to the provider, and gives what it sends the browser back with."""
    answer = httpx.get(sent_away(http), timeout=20)
    assert answer.status_code == 302
    address = answer.headers['location']
    assert urlsplit(address).path == CALLBACK
    return dict(parse_qsl(urlsplit(address).query))


def come_back(http: httpx.Client, query: Json) -> httpx.Response:
    answer = http.get(f'{CALLBACK}?{urlencode(query)}')
    assert answer.status_code == 303, answer.text
    return answer


def sign_in(http: httpx.Client) -> httpx.Response:
    return come_back(http, back(http))


def assert_refused(answer: httpx.Response, http: httpx.Client, reason: str) -> None:
    assert answer.headers['location'] == f'/#sign-in={reason}'
    assert 'celeriac' not in http.cookies and 'celeriac-openid' not in http.cookies
    assert http.get('/api/session').status_code == 401


def audit(gateway: Gateway) -> list[Json]:
    done = gateway.cli('audit', 'list', '--json', '--data', str(gateway.data))
    return [json.loads(line) for line in done.stdout.splitlines()]


def last_refusal(gateway: Gateway) -> str:
    """What the log says of it; the line is written before the answer."""
    assert gateway.process
    return [line for line in gateway.process.output().splitlines() if 'no sign-in with OpenID' in line][-1]


def who(http: httpx.Client) -> Json:
    answer = http.get('/api/session')
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()['who']
    return found


@pytest.mark.parametrize('algorithm', ['RS256', 'ES256'])
@pytest.mark.parametrize('proof', ['client_secret_basic', 'client_secret_post'])
def test_whom_the_provider_vouches_for_comes_in(stack: Stack, provider: Provider, algorithm: str, proof: str) -> None:
    provider.algorithm = algorithm
    provider.metadata = {'token_endpoint_auth_methods_supported': [proof], 'authorization_response_iss_parameter_supported': True}
    provider.sent_back = {'iss': provider.issuer}
    # A gateway of its own: the description is believed for an hour.
    gateway = Gateway(stack.broker, stack.folder / f'{algorithm}-{proof}', options=openid_options(provider, stack.folder, ROLES))
    gateway.launch().wait_listening()
    try:
        with httpx.Client(base_url=gateway.base_url, timeout=20) as http:
            assert http.get('/auth/oidc').json() == {'name': 'Our Login'}
            start = http.get('/auth/oidc/start')
            assert re.search(
                r'^celeriac-openid=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600$', start.headers['set-cookie']
            )

            opened = sign_in(http)

            assert opened.headers['location'] == '/'
            session = [text for text in opened.headers.get_list('set-cookie') if text.startswith('celeriac=')]
            assert session and session[0].endswith('; Path=/; HttpOnly; SameSite=Strict')
            assert who(http)['name'] == 'ada@example.com' and who(http)['role'] == 'admin'
            assert http.get('/api/celery/tasks').status_code == 200
        lines = [(line['action'], line['outcome'], line['by'], line['detail']) for line in audit(gateway)][-2:]
        name = 'ada@example.com'
        assert lines[0][:3] == ('user.add', 'done', name) and provider.issuer in lines[0][3]
        assert lines[1] == ('session.open', 'accepted', name, 'with OpenID, role admin')
        output = gateway.process.output() if gateway.process else ''
        assert SECRET not in output and not any(token in output for token in provider.tokens)
    finally:
        gateway.stop()


def test_the_settings_say_who_comes_in_and_as_what(provider: Provider, gateway: Gateway, http: httpx.Client) -> None:
    cases: list[tuple[Json, str]] = [
        ({'email': 'Bob@Example.com', 'email_verified': True}, 'viewer'),
        ({'groups': ['dev', 'celery']}, 'operator'),
        ({'email': 'mallory@example.com', 'email_verified': True, 'groups': ['celery']}, '#unknown'),
        ({'email': 'eve@sub.example.com', 'email_verified': True}, '#unknown'),
        ({}, '#unknown'),
        ({'email': 'ada@example.com', 'email_verified': False}, '#unverified'),
        ({'email': 'ada@example.com'}, '#unverified'),
        ({'email': 'ada@example.com', 'email_verified': 'true'}, '#unverified'),
    ]
    for number, (claims, expected) in enumerate(cases):
        provider.claims = {'sub': f'case-{number}', **claims}
        http.cookies.clear()
        answer = sign_in(http)
        if expected.startswith('#'):
            assert_refused(answer, http, expected[1:])
        else:
            assert who(http)['role'] == expected, claims
    assert audit(gateway)[-1]['outcome'] == 'refused'


def with_header(text: str, header: Json, signature: Callable[[bytes], bytes]) -> str:
    message = f'{encoded(json.dumps(header).encode())}.{text.split(".")[1]}'
    return f'{message}.{encoded(signature(message.encode()))}'


def with_claims(text: str, **changes: Any) -> str:
    """The same signature under other claims."""
    header, claims, signature = text.split('.')
    known = json.loads(base64.urlsafe_b64decode(claims + '=='))
    return f'{header}.{encoded(json.dumps({**known, **changes}).encode())}.{signature}'


def test_a_word_that_does_not_hold_lets_nobody_in(provider: Provider, gateway: Gateway, http: httpx.Client, folder: Path) -> None:
    stranger = SigningKey(folder, 'rs256', 'RS256')
    public = json.dumps(provider.keys['RS256'].entry).encode()
    now = time.time()
    spoiled: dict[str, Callable[[Json, Json], None]] = {
        'iss': lambda header, claims: claims.update(iss='https://evil.example'),
        'aud': lambda header, claims: claims.update(aud='other'),
        'azp': lambda header, claims: claims.update(aud=[CLIENT, 'other'], azp='other'),
        'nonce': lambda header, claims: claims.update(nonce='other'),
        'exp': lambda header, claims: claims.update(exp=now - 3_600),
        'iat': lambda header, claims: claims.update(iat=now - 7_200),
        'nobody': lambda header, claims: claims.update(sub=''),
        'has no key': lambda header, claims: header.update(kid='other'),
    }
    rewritten: dict[str, Callable[[str], str]] = {
        'not signed with RS256': lambda text: with_header(text, {'alg': 'none'}, lambda message: b''),
        'RS256 or ES256': lambda text: with_header(text, {'alg': 'HS256'}, lambda m: hmac.digest(public, m, hashlib.sha256)),
        'signature of the ID token': lambda text: with_header(text, {'alg': 'RS256', 'kid': 'rs256'}, stranger.sign),
        'the signature': lambda text: with_claims(text, sub='2'),
        'no signed JSON': lambda text: 'nonsense',
        'more than 16384 bytes': lambda text: text + 'A' * 16_384,
    }
    # Claims and their keys first, then texts.
    for detail, spoil in spoiled.items():
        provider.reset()
        provider.spoil = spoil
        assert_refused(sign_in(http), http, 'invalid')
        assert detail in last_refusal(gateway)
    for detail, rewrite in rewritten.items():
        provider.reset()
        provider.spoil_text = rewrite
        assert_refused(sign_in(http), http, 'invalid')
        last = last_refusal(gateway)
        assert detail in last and not any(token in last for token in provider.tokens)
    provider.reset()
    assert sign_in(http).headers['location'] == '/', 'the provider is well again'


def test_a_sign_in_counts_once_and_in_its_browser(provider: Provider, gateway: Gateway, http: httpx.Client) -> None:
    query = back(http)
    with httpx.Client(base_url=gateway.base_url, timeout=20) as other:
        assert_refused(come_back(other, query), other, 'expired')
        # Its own sign-in does not help it to another one's state.
        mine = back(other)
        answer = come_back(other, {**mine, 'state': query['state']})
        assert_refused(answer, other, 'expired')
    assert_refused(come_back(http, query), http, 'expired')

    query = back(http)
    assert come_back(http, query).headers['location'] == '/'
    http.cookies.clear()
    assert_refused(come_back(http, query), http, 'expired')
    # A used code under a new state: the provider does not take it a second time.
    assert_refused(come_back(http, {**back(http), 'code': query['code']}), http, 'denied')
    # One browser's code in another one's sign-in: without its verifier it is worth nothing.
    with httpx.Client(base_url=gateway.base_url, timeout=20) as victim:
        stolen = back(victim)['code']
    assert_refused(come_back(http, {**back(http), 'code': stolen}), http, 'denied')
    for nonsense in ({}, {'state': 'x'}, {'code': 'x'}, {'state': 'x', 'code': 'x'}, {'error': 'x'}):
        # Wrong ones are slowed down; a right one makes them forgotten.
        sign_in(http)
        http.cookies.clear()
        assert_refused(come_back(http, nonsense), http, 'expired')
    assert_refused(come_back(http, {**back(http), 'code': 'x' * 4_097}), http, 'expired')
    sign_in(http)


def test_who_may_come_in_no_more_loses_the_sessions_of_before(provider: Provider, gateway: Gateway, http: httpx.Client) -> None:
    provider.claims = {'sub': unique('s'), 'groups': ['celery']}
    sign_in(http)
    assert who(http)['role'] == 'operator'
    provider.claims['groups'] = []
    with httpx.Client(base_url=gateway.base_url, timeout=20) as other:
        assert_refused(sign_in(other), other, 'unknown')
    assert http.get('/api/session').status_code == 401


def test_another_site_can_neither_begin_nor_mix_up(provider: Provider, http: httpx.Client) -> None:
    for site, status in [('cross-site', 403), ('same-site', 403), ('same-origin', 303), ('none', 303)]:
        assert http.get('/auth/oidc/start', headers={'sec-fetch-site': site}).status_code == status
    provider.sent_back = {'iss': 'https://evil.example'}
    assert_refused(sign_in(http), http, 'invalid')


def test_what_the_provider_refuses_is_said_in_its_words(provider: Provider, gateway: Gateway, http: httpx.Client) -> None:
    for error, shown in [('access_denied', 'access_denied'), ('<b>x</b>', 'an error without a proper name')]:
        query = back(http)
        assert_refused(come_back(http, {'state': query['state'], 'error': error}), http, 'denied')
        assert shown in last_refusal(gateway) and '<b>' not in last_refusal(gateway)
    answers: list[tuple[tuple[int, dict[str, str], bytes], str, str]] = [
        ((401, {'WWW-Authenticate': 'Basic realm="x"'}, b'{"error": "invalid_client"}'), 'denied', 'invalid_client'),
        ((200, {}, b'{"access_token": "x"}'), 'unavailable', 'no ID token'),
        ((200, {}, b'<html>'), 'unavailable', 'no JSON'),
        ((500, {}, b''), 'unavailable', 'answered 500'),
        ((302, {'Location': f'{provider.issuer}/token'}, b''), 'unavailable', 'answered 302'),
        ((200, {}, b' ' * (256 * 1024 + 1)), 'unavailable', 'more than 262144 bytes'),
    ]
    for answer, reason, detail in answers:
        provider.token_answer = answer
        assert_refused(sign_in(http), http, reason)
        assert detail in last_refusal(gateway)


def test_who_was_removed_stays_out_and_no_name_is_taken_over(provider: Provider, gateway: Gateway, http: httpx.Client) -> None:
    name = f'{unique("eve")}@example.com'
    provider.claims = {'sub': unique('s'), 'email': name, 'email_verified': True}
    sign_in(http)
    assert who(http)['name'] == name
    listed = gateway.cli('token', 'list', '--data', str(gateway.data)).stdout
    assert re.search(rf'{re.escape(name)} .*OpenID', listed), listed
    # Somebody else at the provider who has taken the name, and a user of the gateway's own.
    provider.claims['sub'] = unique('other')
    http.cookies.clear()
    assert_refused(sign_in(http), http, 'taken')

    provider.claims['sub'] = unique('s')
    local = f'{unique("local")}@example.com'
    done = gateway.cli('token', 'create', '--data', str(gateway.data), '--role', 'viewer', '--name', local)
    assert done.returncode == 0
    provider.claims['email'] = local
    assert_refused(sign_in(http), http, 'taken')

    provider.claims = {'sub': unique('s'), 'email': f'{unique("bob")}@example.com', 'email_verified': True}
    sign_in(http)
    bob = who(http)['name']
    assert gateway.cli('token', 'revoke', '--data', str(gateway.data), bob).returncode == 0
    http.cookies.clear()
    assert_refused(sign_in(http), http, 'removed')


def test_other_settings_end_the_sessions_of_before(stack: Stack, provider: Provider, folder: Path) -> None:
    gateway = Gateway(stack.broker, folder)
    with httpx.Client(timeout=20) as http:
        for roles, is_kept in [('@example.com=admin', False), ('@example.com=admin', True), ('@example.com=viewer', False)]:
            gateway.options = openid_options(provider, folder, roles)
            gateway.launch().wait_listening()
            http.base_url = httpx.URL(gateway.base_url)
            try:
                assert (http.get('/api/session').status_code == 200) == is_kept, roles
                http.cookies.clear()
                sign_in(http)
                assert who(http)['role'] == roles.split('=')[1]
            finally:
                gateway.stop()
    changes = [line['detail'] for line in audit(gateway) if line['action'] == 'token.role']
    assert changes == ['role admin → viewer, by the settings']


def test_certificates_of_providers_are_verified(stack: Stack, folder: Path) -> None:
    authority = Authority(folder / 'tls', 'authority')
    provider = Provider(folder / 'provider', certificate=authority.sign('provider')).start()
    gateways = []
    try:
        for trusted, location in [(False, '/#sign-in=unavailable'), (True, provider.issuer)]:
            env = {'SSL_CERT_FILE': str(authority.certificate)} if trusted else {}
            gateway = Gateway(stack.broker, folder / str(trusted), options=openid_options(provider, folder, ROLES), env=env)
            gateways.append(gateway.launch().wait_listening())
            start = httpx.get(f'{gateway.base_url}/auth/oidc/start', timeout=20)
            assert start.headers['location'].startswith(location)
    finally:
        for gateway in gateways:
            gateway.stop()
        provider.stop()


def test_a_provider_that_is_another_or_away_lets_nobody_in(stack: Stack, provider: Provider, folder: Path) -> None:
    gone = Provider(folder / 'provider').start()
    provider.metadata = {'issuer': 'https://evil.example'}
    gateway = Gateway(stack.broker, folder / 'mixed', options=openid_options(provider, folder, ROLES)).launch().wait_listening()
    other = Gateway(stack.broker, folder / 'away', options=openid_options(gone, folder, ROLES)).launch().wait_listening()
    gone.stop()
    try:
        for running in (gateway, other):
            with httpx.Client(base_url=running.base_url, timeout=20) as http:
                assert sent_away(http) == '/#sign-in=unavailable'
        provider.reset()
        with httpx.Client(base_url=gateway.base_url, timeout=20) as http:
            assert sign_in(http).headers['location'] == '/', 'a bad description is not remembered'
    finally:
        gateway.stop()
        other.stop()


def test_settings_that_cannot_work_are_named(gateway: Gateway, folder: Path) -> None:
    secret = folder / 'secret'
    secret.write_bytes(b'')
    whole = {
        '--oidc-issuer': 'https://id.example',
        '--oidc-client-id': 'c',
        '--oidc-redirect-uri': f'https://ops.example{CALLBACK}',
        '--oidc-roles': '@example.com=viewer',
    }
    cases: list[tuple[dict[str, str | None], str]] = [
        ({'--oidc-issuer': 'http://id.example'}, '--oidc-issuer: must be an https address'),
        ({'--oidc-issuer': None}, '--oidc-issuer is needed too'),
        ({'--oidc-client-id': None}, '--oidc-client-id is needed too'),
        ({'--oidc-redirect-uri': 'https://ops.example/'}, '--oidc-redirect-uri: must be'),
        ({'--oidc-roles': None}, '--oidc-roles is needed too'),
        ({'--oidc-roles': 'ada=admin'}, '--oidc-roles: must be at most 100 entries'),
        ({'--oidc-scopes': 'email'}, '--oidc-scopes: must be'),
        ({'--oidc-client-secret-file': str(folder / 'none')}, 'cannot be read'),
        ({'--oidc-client-secret-file': str(secret)}, 'must hold one line'),
    ]
    for changes, words in cases:
        given = {**whole, **changes}
        arguments = [text for name, value in given.items() if value is not None for text in (name, value)]
        done = gateway.cli('serve', '--listen', f'127.0.0.1:{free_port()}', '--data', str(folder / 'data'), *arguments)
        assert done.returncode != 0 and words in done.stderr, (changes, done.stderr)
