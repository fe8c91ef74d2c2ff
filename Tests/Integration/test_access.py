"""Closed from the first day: nothing but the two probes answers without a credential."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import raw_http
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.raw_session import RawSession
from harness.stack import Stack, unique
from harness.waiting import wait_for
from websockets.exceptions import ConnectionClosed


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.running_gateway.base_url, timeout=10) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {'Authorization': f'Bearer {token}'}


@pytest.mark.parametrize('path', ['/healthz', '/readyz'])
def test_probes_answer_without_a_credential_and_tell_nothing(http: httpx.Client, stack: Stack, path: str) -> None:
    answer = http.get(path)

    assert answer.status_code == 200
    assert len(answer.content) < 100
    assert str(stack.redis_server.port) not in answer.text


@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('GET', '/api/celery/tasks'),
        ('GET', '/api/celery/tasks/some-id'),
        ('GET', '/api/celery/workers/a@b'),
        ('GET', '/api/celery/queues/celery'),
        ('GET', '/api/session'),
        ('GET', '/api/does-not-exist'),
        ('POST', '/api/celery/tasks'),
    ],
)
def test_every_other_answer_needs_one(http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, path, json={} if method == 'POST' else None).status_code == 401


@pytest.mark.parametrize('value', ['Bearer', 'Bearer wrong', 'Basic YTpi', 'Bearer ' + 'x' * 5000])
def test_a_wrong_credential_is_none(http: httpx.Client, value: str) -> None:
    assert http.get('/api/celery/tasks', headers={'Authorization': value}).status_code == 401


@pytest.mark.parametrize(('path', 'status'), [('/healthz/%ff', 404), ('/api/session/%ff', 401), ('/api/celery/%ff/tasks', 401)])
def test_a_path_that_cannot_be_read_is_not_taken_for_another(stack: Stack, path: str, status: int) -> None:
    head = f'GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n'
    assert raw_http.request(stack.running_gateway.address, head.encode()).status == status


@pytest.mark.parametrize('role', ['viewer', 'operator', 'admin', 'bot'])
def test_a_bearer_token_reads(http: httpx.Client, stack: Stack, role: str) -> None:
    token = stack.running_gateway.token(role, unique(role))

    assert http.get('/api/celery/tasks', headers=bearer(token)).status_code == 200


def test_a_token_in_the_query_is_refused(http: httpx.Client, stack: Stack) -> None:
    token = stack.running_gateway.token('admin', unique('query'))

    assert http.get(f'/api/celery/tasks?token={token}').status_code in {400, 401}


def test_tokens_are_stored_hashed_and_never_logged(stack: Stack) -> None:
    """X11: of a token there is a hash."""
    gateway = stack.running_gateway
    token = gateway.token('admin', unique('secret'))
    assert httpx.get(gateway.base_url + '/api/celery/tasks', headers=bearer(token)).status_code == 200

    for file in gateway.data.rglob('*'):
        if file.is_file():
            assert token.encode() not in file.read_bytes(), f'{file.name} holds the token'
    assert gateway.process and token not in gateway.process.output()


def test_an_unknown_role_and_a_past_expiry_are_refused(stack: Stack) -> None:
    gateway = stack.running_gateway

    for options in (['--role', 'god'], ['--role', 'admin', '--expires', 'soon'], ['--role', 'admin', '--expires=-1d']):
        done = gateway.cli('token', 'create', '--data', str(gateway.data), '--name', 'x', *options)
        assert done.returncode != 0 and done.stderr.strip(), options


# WebSocket --------------------------------------------------------------------------------------------------------------------


async def test_session_start_takes_a_bearer(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'operator') as client:
        assert client.session['who']['role'] == 'operator'
        assert client.session['epoch'] and client.session['rev'] >= 0
        assert client.hello['proto']['major'] == 1 and client.hello['limits']['frame'] >= 8192


async def test_the_authorization_header_works_too(stack: Stack) -> None:
    gateway = stack.running_gateway
    headers = bearer(gateway.token('viewer', unique('header')))

    async with GatewayClient.connect(gateway.ws_url, headers=headers) as client:
        assert client.session['who']['role'] == 'viewer'


@pytest.mark.parametrize(
    'auth',
    [None, {'kind': 'bearer', 'token': 'wrong'}, {'kind': 'cookie', 'csrf': 'x'}, {'kind': 'nonsense'}, {'kind': 'bearer'}],
)
async def test_without_a_credential_the_socket_is_closed_4401(stack: Stack, auth: dict[str, Any] | None) -> None:
    async with GatewayClient.connect(stack.running_gateway.ws_url, start=False) as client:
        params: dict[str, Any] = {'proto': {'major': 1, 'minor': 0}}
        if auth:
            params['auth'] = auth
        is_wrong = auth is not None and set(auth) == {'kind'}
        await client.send({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': params}, is_wrong=is_wrong)

        assert await client.wait_closed() == 4401
        assert client.bye and client.bye['code'] == 4401


@pytest.mark.parametrize('extra', [7, 8, 9])
async def test_a_client_need_not_wait_for_the_answer_to_its_start(stack: Stack, extra: int) -> None:
    gateway = stack.running_gateway
    auth = {'kind': 'bearer', 'token': gateway.token('admin', unique('burst'))}
    start = {'proto': {'major': 1, 'minor': 0}, 'auth': auth}
    messages: list[dict[str, Any]] = [{'jsonrpc': '2.0', 'id': 'start', 'method': 'session.start', 'params': start}]
    topics = ['stats', 'workers', 'queues', 'commands', 'health', 'alerts', 'stats', 'workers', 'queues']
    for sub, topic in enumerate(topics[:extra]):
        messages.append({'jsonrpc': '2.0', 'id': sub, 'method': 'sub.open', 'params': {'sub': sub, 'topic': topic}})
    async with RawSession.connect(gateway.ws_url) as session:
        await session.burst(messages)
        answered: list[Any] = []
        with contextlib.suppress(ConnectionClosed):
            while len(answered) < extra + 1:
                frame = await session.hear()
                if 'result' in frame:
                    answered.append(frame['id'])
        if extra <= 8:
            assert answered == ['start', *range(extra)]
        else:
            assert answered == [] and session.socket.close_code == 4400


async def test_a_second_start_counts_also_before_the_first_is_answered(stack: Stack) -> None:
    gateway = stack.running_gateway
    auth = {'kind': 'bearer', 'token': gateway.token('viewer', unique('twice'))}
    start = {'proto': {'major': 1, 'minor': 0}, 'auth': auth}
    messages = [{'jsonrpc': '2.0', 'id': number, 'method': 'session.start', 'params': start} for number in (1, 2)]
    async with RawSession.connect(gateway.ws_url) as session:
        await session.burst(messages)
        answered = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = await session.hear()
                answered += [frame['id']] if 'result' in frame else []
        assert answered == [1] and session.socket.close_code == 4429


@pytest.mark.parametrize(
    ('message', 'error'),
    [
        ({'id': 1, 'method': 'sub.open', 'params': {'sub': 1, 'topic': 'workers'}}, 1001),
        ({'id': 1, 'method': 'cmd.submit', 'params': {'cmd': 'queue.purge', 'args': {'queue': 'x'}, 'key': 'k'}}, 1001),
        ({'id': 1, 'method': 'session.refresh', 'params': {'auth': {'kind': 'bearer', 'token': 'x'}}}, 1001),
        ({'id': 1, 'method': 'no.such.method'}, -32601),
        ({'id': 1, 'method': 'sub.open', 'params': {}}, -32602),
        ({'method': 'sub.ack', 'params': {'acks': [[1, 1]]}}, None),
    ],
    ids=lambda value: value['method'] if isinstance(value, dict) else '',
)
async def test_whatever_comes_before_the_start_is_refused_and_closed_4400(
    stack: Stack, message: dict[str, Any], error: int | None
) -> None:
    """X3: the first frame of a stranger is `session.start` or the last one."""
    async with GatewayClient.connect(stack.running_gateway.ws_url, start=False) as client:
        await client.send({'jsonrpc': '2.0', **message}, is_wrong=error in {-32601, -32602})

        assert await client.wait_closed() == 4400
        errors = [frame.message['error']['code'] for frame in client.frames if 'error' in frame.message]
        assert errors == ([error] if error else [])
        assert client.bye and client.bye['code'] == 4400


async def test_silence_is_closed_after_five_seconds(stack: Stack) -> None:
    """X3: who never says who they are; too much before it, or too long a first frame, is 4400 at once."""
    async with GatewayClient.connect(stack.running_gateway.ws_url, start=False) as client:
        opened = client.frames[0].at

        assert await client.wait_closed(15) == 4401
        assert 3.5 < time.monotonic() - opened < 9


@pytest.mark.parametrize('origin', ['https://evil.example', 'null', 'http://127.0.0.1:1', 'http://127.0.0.1.evil.example'])
async def test_a_foreign_origin_is_refused_before_the_upgrade(stack: Stack, origin: str) -> None:
    answer = raw_http.websocket_handshake(stack.running_gateway.address, {'Origin': origin})

    assert answer.status == 403


async def test_a_role_may_only_what_it_may(stack: Stack, connect: ConnectClient) -> None:
    refused: dict[str, list[tuple[str, dict[str, Any]]]] = {
        'viewer': [('task.run', {'task': 'x', 'args': []}), ('task.revoke', {'id': 'x'}), ('queue.purge', {'queue': 'x'})],
        'operator': [
            ('queue.purge', {'queue': 'x'}),
            ('worker.restart', {'workers': ['a@b']}),
            ('worker.shutdown', {'workers': ['a@b']}),
            ('task.revoke', {'id': 'x', 'terminate': True, 'signal': 'SIGTERM'}),
        ],
        'wall': [('task.run', {'task': 'x', 'args': []})],
    }
    for role, commands in refused.items():
        async with connect(stack, role) as client:
            for command, arguments in commands:
                with pytest.raises(RpcError) as refusal:
                    await client.submit(command, arguments)
                assert refusal.value.code == 1003, (role, command)
    assert stack.redis().llen('celery') == 0


async def test_a_wall_sees_only_its_topics(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, 'wall') as client:
        for topic in ('stats', 'queues', 'health'):
            await client.subscribe(topic)
        with pytest.raises(RpcError) as refusal:
            await client.subscribe('commands')
        assert refusal.value.code == 1003


# The one-time link ------------------------------------------------------------------------------------------------------------


def code_of(link: str) -> str:
    return link.rsplit('=', 1)[-1].strip()


def test_a_link_of_the_command_line_opens_one_session(http: httpx.Client, stack: Stack) -> None:
    code = code_of(stack.running_gateway.new_link())

    answer = http.post('/api/session', json={'code': code})

    assert answer.status_code == 200
    assert answer.json()['who']['role'] == 'admin' and answer.json()['csrf']
    cookie = answer.headers['set-cookie']
    assert re.search(r'httponly', cookie, re.IGNORECASE) and re.search(r'samesite=strict', cookie, re.IGNORECASE)
    assert http.get('/api/session').status_code == 200
    assert http.get('/api/celery/tasks').status_code == 200
    assert httpx.post(stack.running_gateway.base_url + '/api/session', json={'code': code}).status_code == 401


def test_a_session_ends_when_it_is_deleted(stack: Stack) -> None:
    gateway = stack.running_gateway
    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:
        opened = http.post('/api/session', json={'code': code_of(gateway.new_link())})
        assert opened.status_code == 200

        ended = http.delete('/api/session', headers={'X-CSRF-Token': opened.json()['csrf'], 'Origin': gateway.base_url})

        assert ended.status_code in {200, 204}
        assert http.get('/api/celery/tasks').status_code == 401


def test_wrong_sign_ins_are_slowed_down_and_do_not_fill_the_audit(folder: Path) -> None:
    stack = Stack(folder).start()
    try:
        gateway = stack.running_gateway
        right = gateway.token('viewer', unique('right'))
        with httpx.Client(base_url=gateway.base_url, timeout=10) as http:
            free = [http.post('/api/session', json={'token': 'clr_wrong'}) for _ in range(5)]
            assert [answer.status_code for answer in free] == [401] * 5
            # However many come now: each is refused without being looked at, the right one too, until the time is over.
            slow = [http.post('/api/session', json={'token': right}) for _ in range(20)]
            assert slow[0].status_code == 429 and slow[0].headers['retry-after'] == '1'
            wait_for(
                lambda: http.post('/api/session', json={'token': right}).status_code == 200, 10, 'the right token to be taken'
            )
            assert http.post('/api/session', json={'token': 'clr_wrong'}).status_code == 401, 'the success did not count'
        lines = [
            json.loads(line) for line in gateway.cli('audit', 'list', '--json', '--data', str(gateway.data)).stdout.splitlines()
        ]
        refused = [line for line in lines if line['action'] == 'session.open' and line['outcome'] == 'refused']
        assert len(refused) == 5, refused
        gateway.stop()
        lines = [
            json.loads(line) for line in gateway.cli('audit', 'list', '--json', '--data', str(gateway.data)).stdout.splitlines()
        ]
        assert re.match('1 more refused within [0-9]+ s', lines[-1]['detail']), lines[-1]
    finally:
        stack.stop()


@pytest.mark.parametrize('body', [{'code': 'wrong'}, {'code': 5}, {}, {'code': ''}, {'code': 'a' * 5000}])
def test_a_wrong_code_opens_nothing(stack: Stack, body: dict[str, Any]) -> None:
    answer = httpx.post(stack.running_gateway.base_url + '/api/session', json=body)

    assert answer.status_code in {400, 401, 429} and 'set-cookie' not in answer.headers


FROM_ELSEWHERE: list[dict[str, str | None]] = [
    {'X-CSRF-Token': None},
    {'X-CSRF-Token': 'forged'},
    {'Origin': None},
    {'Origin': 'https://evil.example'},
    {'Origin': 'null'},
    {'Sec-Fetch-Site': 'cross-site'},
    {'Sec-Fetch-Site': 'same-site'},
    {'Sec-Fetch-Site': 'none'},
]
"""What differs from what one of our pages sends; `None` is not sent."""


@pytest.mark.parametrize(
    'method, path', [('POST', '/api/celery/reconcile'), ('DELETE', '/api/session'), ('DELETE', '/api/sessions')]
)
def test_a_change_by_cookie_comes_from_our_page(stack: Stack, method: str, path: str) -> None:
    """X1: of a page's own origin, with the CSRF token, and nothing else; and no other page may read an answer."""
    gateway = stack.running_gateway
    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:
        opened = http.post('/api/session', json={'code': code_of(gateway.new_link())})
        right = {'X-CSRF-Token': opened.json()['csrf'], 'Origin': gateway.base_url, 'Sec-Fetch-Site': 'same-origin'}
        body = b'{}' if method == 'POST' else b''

        def send(given: dict[str, str | None]) -> httpx.Response:
            headers = {name: value for name, value in given.items() if value is not None}
            return http.request(method, path, content=body, headers={'Content-Type': 'application/json', **headers})

        for wrong in FROM_ELSEWHERE:
            refused = send({**right, **wrong})
            assert refused.status_code == 403, (wrong, refused.text)
            assert not [name for name in refused.headers if name.startswith('access-control-')]
            assert http.get('/api/session').status_code == 200, 'what was refused ended the session'
        assert send({**right}).status_code in {200, 202, 204}


async def test_a_cookie_needs_the_csrf_token_on_the_socket(stack: Stack) -> None:
    """X1: the cookie that another site's page brings along is worth nothing without it."""
    gateway = stack.running_gateway
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=10) as http:
        opened = await http.post('/api/session', json={'code': code_of(gateway.new_link())})
        headers = {'Cookie': '; '.join(f'{name}={value}' for name, value in http.cookies.items())}
        csrf = opened.json()['csrf']

    with_token = GatewayClient.connect(
        gateway.ws_url, headers=headers, origin=gateway.base_url, auth={'kind': 'cookie', 'csrf': csrf}
    )
    async with with_token as client:
        assert client.session['who']['role'] == 'admin'

    # A page always has an origin; what has none is no page, and a cookie is for pages only.
    async with GatewayClient.connect(gateway.ws_url, headers=headers, start=False) as client:
        params = {'proto': {'major': 1, 'minor': 0}, 'auth': {'kind': 'cookie', 'csrf': csrf}}
        await client.send({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': params})
        assert await client.wait_closed() == 4401
        assert client.bye and client.bye['code'] == 4401

    other = f'{csrf[:-1]}{"A" if csrf[-1] != "A" else "B"}'
    for auth in ({'kind': 'cookie', 'csrf': 'forged'}, {'kind': 'cookie', 'csrf': other}, {'kind': 'cookie'}):
        async with GatewayClient.connect(gateway.ws_url, headers=headers, origin=gateway.base_url, start=False) as client:
            start = {'proto': {'major': 1, 'minor': 0}, 'auth': auth}
            request = {'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': start}
            await client.send(request, is_wrong='csrf' not in auth)
            assert await client.wait_closed() == 4403, auth
            assert client.bye and client.bye['code'] == 4403


async def test_a_credential_has_at_most_ten_connections(folder: Path) -> None:
    stack = Stack(folder)
    # The default, which the other tests raise.
    stack.redis_server.start()
    stack.gateway = Gateway(stack.broker, folder, env={'CELERIAC_CONNECTIONS_PER_PRINCIPAL': ''})
    try:
        gateway = await asyncio.to_thread(stack.gateway.start)
        token, other = gateway.token('viewer', 'many'), gateway.token('wall', 'display')
        async with contextlib.AsyncExitStack() as open_ones:
            clients = [await open_ones.enter_async_context(GatewayClient.connect(gateway.ws_url, token)) for _ in range(10)]
            async with GatewayClient.connect(gateway.ws_url, token, start=False) as eleventh:
                params = {'proto': {'major': 1, 'minor': 0}, 'auth': {'kind': 'bearer', 'token': token}}
                await eleventh.send({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': params})
                assert await eleventh.wait_closed() == 4413
                assert eleventh.bye and eleventh.bye['code'] == 4413 and eleventh.bye['retryAfterMs'] == 10_000
                (error,) = [frame.message['error'] for frame in eleventh.frames if 'error' in frame.message]
                assert error['code'] == 1012 and 'many has 10 connections already' in error['message'], error
            # Others are not concerned, and those that are there stay.
            async with GatewayClient.connect(gateway.ws_url, other, instance='a'), GatewayClient.connect(gateway.ws_url, other):
                assert not any(client.closed.is_set() for client in clients)
            # The end of one makes room for one.
            await clients[0].socket.close()
            async with GatewayClient.connect(gateway.ws_url, token):
                assert not any(client.closed.is_set() for client in clients[1:])
    finally:
        stack.stop()


@pytest.mark.parametrize('role', ['wall', 'bot'])
async def test_a_display_that_comes_back_replaces_itself_even_with_all_connections_in_use(folder: Path, role: str) -> None:
    stack = Stack(folder)
    stack.redis_server.start()
    stack.gateway = Gateway(stack.broker, folder, env={'CELERIAC_CONNECTIONS_PER_PRINCIPAL': '1'})
    try:
        gateway = await asyncio.to_thread(stack.gateway.start)
        token = gateway.token(role, 'display')
        connect = GatewayClient.connect
        async with connect(gateway.ws_url, token, instance='a') as older, connect(gateway.ws_url, token, instance='a') as newer:
            assert await older.wait_closed() == 4409
            assert not newer.closed.is_set()
    finally:
        stack.stop()


@pytest.mark.parametrize('role', ['wall', 'bot'])
async def test_a_newer_session_of_the_same_display_or_bot_replaces_the_older(stack: Stack, role: str) -> None:
    gateway = stack.running_gateway
    token = gateway.token(role, unique(role))

    def opened(instance: str | None, bearer: str = token) -> AbstractAsyncContextManager[GatewayClient]:
        return GatewayClient.connect(gateway.ws_url, bearer, instance=instance)

    async with opened('lobby') as older, opened('hall') as other, opened(None) as unnamed:
        stranger = gateway.token(role, unique(role))
        async with opened('lobby', stranger) as others_lobby, opened('lobby') as newer:
            assert await older.wait_closed() == 4409
            assert older.bye and older.bye['code'] == 4409
            for client in (other, unnamed, others_lobby, newer):
                assert (await client.subscribe('stats')).live and not client.closed.is_set()

        # The newest has gone by itself: the name is free, and nobody else is ended.
        async with opened('lobby') as again:
            assert (await again.subscribe('health')).live and not other.closed.is_set()


async def test_people_may_have_as_many_sessions_as_they_like_under_one_name(stack: Stack) -> None:
    gateway = stack.running_gateway
    token = gateway.token('operator', unique('operator'))
    async with (
        GatewayClient.connect(gateway.ws_url, token, instance='desk') as one,
        GatewayClient.connect(gateway.ws_url, token, instance='desk') as two,
    ):
        assert (await one.subscribe('stats')).live and (await two.subscribe('stats')).live
