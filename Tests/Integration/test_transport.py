"""HTTP and WebSocket as bytes (X12): what libwebsockets gets wrong by itself, and the close codes of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import raw_http
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.raw_session import RawSession
from harness.stack import Stack, unique


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


@pytest.fixture(scope='module')
def address(stack: Stack) -> str:
    return stack.running_gateway.address


@pytest.fixture(scope='module')
def http(stack: Stack) -> Iterator[httpx.Client]:
    headers = {'Authorization': f'Bearer {stack.running_gateway.token("admin", unique("http"))}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture(autouse=True)
def still_alive(stack: Stack) -> Iterator[None]:
    """Whatever a test sends, the gateway answers the next one."""
    yield
    assert stack.running_gateway.running
    assert httpx.get(stack.running_gateway.base_url + '/healthz', timeout=5).status_code == 200


# Handshake --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'headers',
    [
        {'Sec-WebSocket-Protocol': None},
        {'Sec-WebSocket-Protocol': 'other.v1'},
        {'Sec-WebSocket-Protocol': 'celeriac.v1.jsonx'},
        {'Sec-WebSocket-Protocol': 'celeriac.v9.json'},
        {'Sec-WebSocket-Version': '8'},
        {'Upgrade': 'foo'},
        {'Upgrade': 'h2c'},
    ],
    ids=lambda headers: ' '.join(f'{name}={value}' for name, value in headers.items()),
)
def test_a_wrong_handshake_is_answered_with_a_client_error(address: str, headers: dict[str, str | None]) -> None:
    answer = raw_http.websocket_handshake(address, headers)

    assert 400 <= answer.status < 500 or (answer.status == 200 and 'Upgrade' in headers)
    assert b'101 ' not in answer.data


@pytest.mark.parametrize('protocol', [None, 'other.v1'])
def test_a_client_without_our_subprotocol_gets_400(address: str, protocol: str | None) -> None:
    assert raw_http.websocket_handshake(address, {'Sec-WebSocket-Protocol': protocol}).status == 400


def test_our_subprotocol_is_chosen_among_others(address: str) -> None:
    answer = raw_http.websocket_handshake(address, {'Sec-WebSocket-Protocol': 'other.v1, celeriac.v1.json'})

    assert answer.status == 101
    assert answer.headers['sec-websocket-protocol'] == 'celeriac.v1.json'


def test_the_socket_is_only_at_its_path(address: str) -> None:
    assert raw_http.websocket_handshake(address, path='/elsewhere').status in range(400, 500)


# HTTP -------------------------------------------------------------------------------------------------------------------------


def test_big_headers_are_served(http: httpx.Client) -> None:
    cookies = '; '.join(f'c{number}={"x" * 500}' for number in range(12))

    assert http.get('/api/celery/tasks', headers={'Cookie': cookies}).status_code == 200


def test_headers_beyond_the_limit_are_refused_quickly(address: str) -> None:
    lines = ''.join(f'X-Filler-{number}: {"x" * 1000}\r\n' for number in range(40))

    answer = raw_http.request(address, f'GET /healthz HTTP/1.1\r\nHost: {address}\r\n{lines}\r\n'.encode(), timeout=8)

    assert answer.status in {400, 413, 414, 431} or (answer.closed and not answer.data)
    assert answer.seconds < 6


def test_a_chunked_request_body_is_refused_not_hung(address: str) -> None:
    head = (
        f'POST /api/session HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
    )

    answer = raw_http.request(address, head.encode() + b'b\r\n{"code":"x"}\r\n0\r\n\r\n')

    assert answer.status == 411 and answer.headers['content-type'] == 'application/problem+json'
    assert answer.seconds < 3


@pytest.mark.parametrize(
    'path', ['/%zz', '/api/%2', '/app%00.js', '/app.js%00', '/healthz%00', '/api/celery/tasks%00', '/?a=%zz', '/web%0d%0ax: y']
)
def test_a_broken_escape_serves_nothing(address: str, path: str) -> None:
    answer = raw_http.request(address, f'GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n'.encode(), until_closed=True, timeout=8)

    assert answer.status in {400, 403, 404} or (answer.closed and not answer.data)
    assert b'\r\nx: y' not in answer.data.lower()


def test_an_escaped_zero_after_the_root_is_the_root(http: httpx.Client) -> None:
    """libwebsockets loses it there; in any other place the request is refused."""
    assert http.get('/%00').content == http.get('/').content


def test_both_lengths_at_once_are_refused(address: str) -> None:
    head = f'POST /api/session HTTP/1.1\r\nHost: {address}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'

    answer = raw_http.request(address, head.encode() + b'0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n', until_closed=True, timeout=3)

    assert answer.data.count(b'HTTP/1.1 ') <= 1
    assert answer.status in {0, 400, 411, 501}


@pytest.mark.parametrize(
    'data',
    [
        b'\x00\x01\x02\x03\r\n\r\n',
        b'GET\r\n\r\n',
        b'GET / HTTP/9.9\r\n\r\n',
        b'NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n',
        b'\r\n' * 50,
    ],
    ids=['binary', 'no path', 'version', 'method', 'empty lines'],
)
def test_nonsense_is_answered_or_closed(address: str, data: bytes) -> None:
    answer = raw_http.request(address, data, timeout=8, until_closed=True)

    assert answer.closed or answer.status


def test_a_body_beyond_the_limit_is_refused(http: httpx.Client) -> None:
    try:
        answer = http.post('/api/session', content=b'{"code":"' + b'x' * 20_000_000 + b'"}')
    except httpx.TransportError:
        return
    assert answer.status_code in {400, 401, 413}


def test_keep_alive_serves_many_requests(http: httpx.Client) -> None:
    assert {http.get('/healthz').status_code for _ in range(50)} == {200}


@pytest.mark.parametrize('path', ['/../../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd'])
def test_files_outside_of_web_are_not_served(address: str, path: str) -> None:
    answer = raw_http.request(address, f'GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n'.encode())

    assert b'root:' not in answer.data
    assert answer.status != 200 or b'<html' in answer.data.lower() or answer.status == 0


def test_files_have_quoted_etags_caching_and_a_strict_policy(http: httpx.Client) -> None:
    page = http.get('/')

    assert page.status_code == 200 and 'text/html' in page.headers['content-type']
    etag = page.headers['etag']
    assert etag.startswith(('"', 'W/"')) and etag.endswith('"')
    assert http.get('/', headers={'If-None-Match': etag}).status_code == 304
    policy = page.headers['content-security-policy']
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert 'unsafe-inline' not in policy and 'unsafe-eval' not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers['x-content-type-options'] == 'nosniff'
    assert 'cache-control' in page.headers


def test_scripts_come_compressed_with_their_type(http: httpx.Client) -> None:
    plain = http.get('/app.js', headers={'Accept-Encoding': 'identity'})
    packed = http.get('/app.js', headers={'Accept-Encoding': 'gzip, br'})

    assert plain.status_code == packed.status_code == 200
    assert 'javascript' in packed.headers['content-type']
    assert packed.headers.get('content-encoding') in {'gzip', 'br'} or len(plain.content) < 1024
    assert 'accept-encoding' in packed.headers.get('vary', '').lower() or 'content-encoding' not in packed.headers
    if packed.headers.get('content-encoding') != 'br':
        assert packed.content == plain.content


def test_a_missing_file_is_404(http: httpx.Client) -> None:
    assert http.get('/no-such-file.js').status_code == 404


def test_head_has_no_body(http: httpx.Client) -> None:
    answer = http.head('/')

    assert answer.status_code == 200 and answer.content == b''


# Messages and close codes -----------------------------------------------------------------------------------------------------


def raw_session(stack: Stack) -> AbstractAsyncContextManager[RawSession]:
    """An authenticated socket without our client around it."""
    gateway = stack.running_gateway
    return RawSession.connect(gateway.ws_url, gateway.token('admin', unique('raw')))


@pytest.mark.parametrize(
    ('message', 'codes'),
    [
        (b'\x00\x01', {1003}),
        ('x' * 70_000, {1009}),
        ('this is not JSON', {4400}),
        ('"a string"', {4400}),
        ('{"jsonrpc":"1.0","id":1,"method":"sub.open"}', {4400}),
    ],
    ids=['binary', 'too big', 'no JSON', 'no object', 'no JSON-RPC'],
)
async def test_malformed_messages_close_with_the_code_of_the_table(stack: Stack, message: str | bytes, codes: set[int]) -> None:
    async with raw_session(stack) as session:
        await session.say_wrong(message)

        assert await session.close_code() in codes
        if codes == {1009}:
            assert '65536 bytes' in (session.socket.close_reason or '')


async def test_invalid_utf8_is_closed(stack: Stack, address: str) -> None:
    reader, writer = await asyncio.open_connection(*address.rsplit(':', 1))
    writer.write(raw_http.handshake_bytes(address))
    await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 5)
    writer.write(raw_http.frame(b'{"a":"\xff\xfe"}'))

    rest = await asyncio.wait_for(reader.read(), 10)

    writer.close()
    close = rest.rfind(b'\x88')
    assert close >= 0 and int.from_bytes(rest[close + 2 : close + 4], 'big') == 1007


async def test_an_unmasked_frame_is_closed(stack: Stack, address: str) -> None:
    reader, writer = await asyncio.open_connection(*address.rsplit(':', 1))
    writer.write(raw_http.handshake_bytes(address))
    await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 5)
    writer.write(raw_http.frame(b'{}', masked=False))

    await asyncio.wait_for(reader.read(), 10)  # ends only when the server closes

    writer.close()


async def test_a_first_frame_beyond_8_kib_is_closed(stack: Stack) -> None:
    """X3: a stranger may say little."""
    async with GatewayClient.connect(stack.running_gateway.ws_url, start=False) as client:
        await client.send({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': {'filler': 'x' * 9000}})

        assert await client.wait_closed() == 4400


async def test_a_second_session_start_is_closed_4429(stack: Stack) -> None:
    start = {'jsonrpc': '2.0', 'id': 2, 'method': 'session.start', 'params': {'proto': {'major': 1, 'minor': 0}}}
    async with raw_session(stack) as session:
        await session.say(start)

        assert await session.close_code() == 4429


async def test_a_wrong_major_version_is_closed_4406(stack: Stack) -> None:
    gateway = stack.running_gateway
    async with GatewayClient.connect(gateway.ws_url, start=False) as client:
        auth = {'kind': 'bearer', 'token': gateway.token('viewer', unique('proto'))}
        params = {'proto': {'major': 99, 'minor': 0}, 'auth': auth}
        await client.send({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': params})

        assert await client.wait_closed() == 4406


async def test_batches_and_unknown_methods_are_errors_not_closes(stack: Stack) -> None:
    async with raw_session(stack) as session:
        await session.say([{'jsonrpc': '2.0', 'id': 1, 'method': 'sub.open'}], is_wrong=True)
        batch = await session.answer()
        await session.say({'jsonrpc': '2.0', 'id': 'u', 'method': 'no.such.method'}, is_wrong=True)
        unknown = await session.answer()

    assert batch['error']['code'] == -32600
    assert unknown['error']['code'] == -32601 and unknown['id'] == 'u'


async def test_a_request_id_is_free_again_only_after_its_answer(stack: Stack) -> None:
    submit = {'cmd': 'task.revoke', 'args': {'id': unique('id')}, 'key': unique('key')}
    request = {'jsonrpc': '2.0', 'id': 'same', 'method': 'cmd.submit', 'params': submit}
    async with raw_session(stack) as session:
        # Both in one write, so that the gateway reads the second before it can have answered the first.
        await session.burst([request, request])
        answers = [await session.answer() for _ in range(2)]
        await session.say(request)
        later = await session.answer()

    refused = [answer['error'] for answer in answers if 'error' in answer]
    assert [error['code'] for error in refused] == [1009]
    assert refused[0]['data']['retry'] is False and 'in flight' in refused[0]['message']
    assert 'result' in later and all(answer['id'] == 'same' for answer in answers)


async def test_only_acknowledgements_may_come_without_an_id(stack: Stack) -> None:
    async with raw_session(stack) as session:
        await session.say({'jsonrpc': '2.0', 'method': 'sub.open', 'params': {'sub': 1, 'topic': 'health'}}, is_wrong=True)

        assert await session.close_code() == 4400


async def test_unknown_members_are_ignored(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        table = await client.subscribe('health', future={'x': 1})

        await client.until(lambda: table.get('broker'), 10, 'the row of the broker')


@pytest.mark.parametrize(
    ('method', 'params', 'code'),
    [
        ('sub.open', {'sub': 1, 'topic': 'nonsense'}, 1004),
        ('sub.open', {'sub': 1, 'topic': 'tasks'}, 1004),
        ('sub.open', {'sub': 1, 'topic': 'workers', 'where': ['eq', 'nonsense', 1]}, 1005),
        ('sub.open', {'sub': 1, 'topic': 'workers', 'where': ['or', ['eq', 'state', 'online']]}, 1005),
        ('view.open', {'sub': 1, 'topic': 'tasks', 'where': ['like', 'name', '%']}, 1005),
        ('sub.open', {'topic': 'workers'}, None),
        ('sub.open', {'sub': 'one', 'topic': 'workers'}, None),
        ('cmd.submit', {'cmd': 'queue.purge', 'args': {'queue': 'x'}}, None),
        ('cmd.submit', {'cmd': 'no.such.command', 'args': {}, 'key': 'k1'}, None),
    ],
)
async def test_wrong_requests_get_the_error_of_the_table(
    stack: Stack, connect: ConnectClient, method: str, params: dict[str, Any], code: int | None
) -> None:
    async with connect(stack) as client:
        with pytest.raises(RpcError) as refusal:
            await client.call(method, params, is_wrong=True)

        assert refusal.value.code == code if code else refusal.value.code != 0
        await client.subscribe('health')


async def test_a_client_that_leaves_is_closed_cleanly(stack: Stack) -> None:
    async with raw_session(stack) as session:
        await session.socket.close(1000)

        assert session.socket.close_code == 1000


async def test_too_many_subscriptions_are_refused(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack) as client:
        limit = client.hello['limits']['subs']
        with pytest.raises(RpcError) as refusal:
            for _ in range(limit + 1):
                await client.subscribe('health')

        assert refusal.value.code == 1012
