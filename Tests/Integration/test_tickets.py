"""R3, R5 and X7: what a browser shows that can set no header, and what a client comes back with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import SUBPROTOCOL, GatewayClient, RpcError
from harness.gateway import Gateway
from harness.stack import Stack, unique
from websockets.asyncio.client import connect as websocket_connect
from websockets.typing import Origin, Subprotocol

PAGE = 'https://ops.example'
URL = 'ws://127.0.0.1:8555/ws/v1'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start(gateway_options=['--allowed-origins', PAGE, '--resume-url', URL])
    yield stack
    stack.stop()


def ticket(gateway: Gateway, token: str, origin: str | None = None, **headers: str) -> str:
    body = {} if origin is None else {'origin': origin}
    answer = httpx.post(f'{gateway.base_url}/api/tickets', json=body, headers={'authorization': f'Bearer {token}', **headers})
    assert answer.status_code == 201, answer.text
    assert answer.json()['ttlMs'] == 30_000 and answer.headers['cache-control'] == 'no-store'
    return str(answer.json()['ticket'])


async def refused(gateway: Gateway, text: str, origin: str | None) -> None:
    async with GatewayClient.connect(gateway.ws_url, origin=origin, start=False) as client:
        with pytest.raises(RpcError) as caught:
            await client.start({'kind': 'ticket', 'ticket': text})
        assert caught.value.code == 1001 and await client.wait_closed() == 4401


async def test_a_ticket_opens_one_session_of_its_owner(stack: Stack) -> None:
    gateway = stack.running_gateway
    text = ticket(gateway, gateway.token('operator', 'ada'), PAGE)
    async with GatewayClient.connect(gateway.ws_url, origin=PAGE, auth={'kind': 'ticket', 'ticket': text}) as client:
        assert client.session['who']['name'] == 'ada' and client.session['who']['role'] == 'operator'
        assert (await client.subscribe('stats')).live
        await refused(gateway, text, PAGE)


@pytest.mark.parametrize(('asked', 'shown'), [(PAGE, None), (None, PAGE)])
async def test_a_ticket_is_for_its_page_only(stack: Stack, asked: str | None, shown: str | None) -> None:
    gateway = stack.running_gateway
    text = ticket(gateway, gateway.token('viewer', unique('page')), asked)
    await refused(gateway, text, shown)
    await refused(gateway, text, asked)


def test_who_is_unknown_or_asks_for_nonsense_gets_none(stack: Stack) -> None:
    gateway = stack.running_gateway
    url, headers = f'{gateway.base_url}/api/tickets', {'authorization': f'Bearer {gateway.token("wall", "lobby")}'}
    assert httpx.post(url, json={}).status_code == 401
    assert httpx.post(url, headers=headers, content=b'{}').status_code == 415
    bodies: list[Any] = [[], {'origin': 5}, {'origin': 'ops.example'}, {'origin': f'{PAGE}, https://b.example'}]
    for body in bodies:
        assert httpx.post(url, headers=headers, json=body).status_code == 400, body
    assert httpx.post(url, headers={**headers, 'origin': PAGE}, json={'origin': 'https://b.example'}).status_code == 400


async def test_the_end_of_a_session_ends_what_its_ticket_opened(stack: Stack) -> None:
    gateway = stack.running_gateway
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=10, headers={'origin': gateway.base_url}) as http:
        opened = await http.post('/api/session', json={'token': gateway.token('viewer', 'leaver')})
        assert (await http.post('/api/tickets', json={})).status_code == 403, 'a cookie alone'
        proof = {'x-csrf-token': opened.json()['csrf']}
        text = (await http.post('/api/tickets', json={}, headers=proof)).json()['ticket']
        async with GatewayClient.connect(
            gateway.ws_url, origin=gateway.base_url, auth={'kind': 'ticket', 'ticket': text}
        ) as client:
            assert client.session['who']['name'] == 'leaver'
            assert (await http.delete('/api/session', headers=proof)).status_code == 204
            assert await client.wait_closed(60) == 4401


async def test_a_token_as_a_second_subprotocol_is_taken_and_not_echoed(stack: Stack) -> None:
    gateway = stack.running_gateway
    token = gateway.token('bot', 'browser')
    for offers, expected in (([SUBPROTOCOL, token[4:]], 'browser'), ([SUBPROTOCOL, token[4:-1] + '_'], None)):
        async with websocket_connect(
            gateway.ws_url, subprotocols=[Subprotocol(offer) for offer in offers], origin=Origin(PAGE), proxy=None
        ) as socket:
            assert socket.subprotocol == SUBPROTOCOL
            assert socket.response and token[4:] not in str(socket.response.headers)
            assert json.loads(await socket.recv())['method'] == 'session.hello'
            await socket.send(json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': 'session.start', 'params': {}}))
            answer: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 40))
            assert answer.get('result', {}).get('who', {}).get('name') == expected, answer


async def test_who_comes_back_is_told_whether_it_can_go_on(stack: Stack) -> None:
    gateway = stack.running_gateway
    token = gateway.token('wall', 'board')
    async with GatewayClient.connect(gateway.ws_url, token, instance='lobby') as client:
        assert client.session['resumed'] is False and client.session['resumeUrl'] == URL and 'reason' not in client.session
        await client.subscribe('stats')
        # A newer session of the same display takes over, which says goodbye to the older one.
        async with GatewayClient.connect(gateway.ws_url, token, instance='lobby'):
            assert await client.wait_closed(40) == 4409
        assert client.bye
        resume = client.bye['resume']
    async with GatewayClient.connect(gateway.ws_url, token, resume=resume) as client:
        assert client.session['resumed'] is True and 'reason' not in client.session
    for text, reason in ((resume[:-2] + 'xx', 'invalid'), ('nonsense', 'invalid')):
        async with GatewayClient.connect(gateway.ws_url, token, resume=text) as client:
            assert (client.session['resumed'], client.session['reason']) == (False, reason)
