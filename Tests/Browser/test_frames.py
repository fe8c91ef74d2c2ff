"""What pages say and are told is held against the published contract, in every browser test."""

from __future__ import annotations

from harness.frame_judge import take_faults
from harness.stack import Stack
from playwright.sync_api import BrowserContext

SAY = """([url, text]) => new Promise((resolve) => {
    const socket = new WebSocket(url, ['celeriac.v1.json']);
    socket.onopen = () => socket.send(text);
    socket.onclose = (event) => resolve(event.code);
})"""


def test_a_page_that_says_what_the_contract_has_not_is_found(context: BrowserContext, stack: Stack) -> None:
    gateway = stack.running_gateway
    page = context.new_page()
    page.goto(f'{gateway.base_url}/healthz')

    code = page.evaluate(SAY, [gateway.ws_url, '{"jsonrpc":"2.0","id":1,"method":"no.such.method"}'])

    assert code == 4400
    [fault] = take_faults()
    assert 'the contract has no message NoSuchMethod' in fault
