"""A reverse proxy in front of the gateway says who asks and how they came; nobody else can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import GatewayClient
from harness.gateway import Gateway
from harness.stack import Stack, unique

CLIENT, OTHER = '192.0.2.1', '2001:db8::2'


@pytest.fixture(scope='module', params=['trusted', 'not trusted'])
def behind(module_folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Gateway, bool]]:
    is_trusted = request.param == 'trusted'
    options = ['--trusted-proxies', '127.0.0.1, 10.0.0.0/8'] if is_trusted else []
    folder = module_folder / str(is_trusted)
    folder.mkdir()
    stack = Stack(folder).start(gateway_options=options)
    yield stack.running_gateway, is_trusted
    stack.stop()


def forwarded(client: str = CLIENT, scheme: str = 'https') -> dict[str, str]:
    # What the client itself had written comes first.
    return {'X-Forwarded-For': f'127.0.0.1, {client}, 10.1.2.3', 'X-Forwarded-Proto': scheme}


def audit(gateway: Gateway) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gateway.cli('audit', 'list', '--json', '--data', str(gateway.data)).stdout.splitlines()]


def test_cookies_are_secure_where_the_way_to_the_proxy_is(behind: tuple[Gateway, bool]) -> None:
    gateway, is_trusted = behind
    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:
        for scheme, is_secure in (('https', is_trusted), ('http', False)):
            code = gateway.new_link().rsplit('=', 1)[-1].strip()
            answer = http.post('/api/session', json={'code': code}, headers=forwarded(scheme=scheme))
            assert answer.status_code == 200, answer.text
            cookie = answer.headers['set-cookie']
            assert cookie.startswith('__Host-celeriac=' if is_secure else 'celeriac='), cookie
            assert ('; Secure' in cookie) == is_secure
            pair = {'Cookie': cookie.split(';')[0]}
            assert http.get('/api/session', headers=forwarded(scheme=scheme) | pair).status_code == 200
        # Whoever comes round the proxy is another one.
        assert {line['from'] for line in audit(gateway) if line['action'] == 'session.open'} == {
            CLIENT if is_trusted else '127.0.0.1'
        }


def test_each_client_behind_it_is_slowed_down_alone(behind: tuple[Gateway, bool]) -> None:
    gateway, is_trusted = behind
    with httpx.Client(base_url=gateway.base_url, timeout=10) as http:

        def attempt(client: str) -> int:
            return http.post('/api/session', json={'token': 'clr_wrong'}, headers=forwarded(client)).status_code

        codes = [attempt(CLIENT) for _ in range(7)]
        assert 429 in codes, codes
        assert attempt(OTHER) == (401 if is_trusted else 429)


async def test_the_origin_of_a_page_is_that_of_the_proxy(behind: tuple[Gateway, bool]) -> None:
    gateway, is_trusted = behind
    token = gateway.token('viewer', unique('behind'))
    origin = gateway.base_url.replace('http://', 'https://')
    opened = GatewayClient.connect(gateway.ws_url, headers=forwarded(), origin=origin, auth={'kind': 'bearer', 'token': token})
    if is_trusted:
        async with opened as client:
            assert client.session['who']['role'] == 'viewer'
    else:
        with pytest.raises(Exception, match='403'):
            async with opened:
                pass
