"""A page whose connection breaks goes on where it was: by deltas, without a snapshot anew."""

from __future__ import annotations

import json
from typing import Any

from harness.stack import Stack
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

LIVE = 'Live'


def test_a_page_goes_on_by_deltas_after_a_break(context: BrowserContext, stack: Stack) -> None:
    page: Page = context.new_page()
    connections: list[tuple[WebSocketRoute, list[dict[str, Any]], list[dict[str, Any]]]] = []

    def connect(socket: WebSocketRoute) -> None:
        said: list[dict[str, Any]] = []
        heard: list[dict[str, Any]] = []
        server = socket.connect_to_server()

        def up(text: str | bytes) -> None:
            said.append(json.loads(text))
            server.send(text)

        def down(text: str | bytes) -> None:
            heard.append(json.loads(text))
            socket.send(text)

        socket.on_message(up)
        server.on_message(down)
        connections.append((socket, said, heard))

    page.route_web_socket('**/ws/v1', connect)
    page.goto(stack.running_gateway.login_url())
    expect(page.get_by_test_id('status-broker')).to_have_text('ok', timeout=40_000)
    topics = {'stats', 'workers', 'queues', 'commands', 'health', 'alerts', 'trash'}

    def wait_for_modes(number: int) -> dict[str, str]:
        """How each whole topic of a connection was answered."""
        while True:
            _, said, heard = connections[number]
            opened = {frame['id']: frame['params']['topic'] for frame in said if frame.get('method') == 'sub.open'}
            answered = {
                frame['id']: frame['result']['mode'] for frame in heard if frame.get('id') in opened and 'result' in frame
            }
            modes = {topic: answered[key] for key, topic in opened.items() if key in answered}
            if topics <= modes.keys():
                return modes
            page.wait_for_timeout(50)

    def whole(number: int) -> set[int]:
        """The subscriptions of a connection whose snapshot has come to its end."""
        ends = [frame['params'] for frame in connections[number][2] if frame.get('method') == 'sub.snap']
        return {end['sub'] for end in ends if not end.get('more')}

    assert set(wait_for_modes(0).values()) == {'snapshot'}
    # Only those are gone on with.
    while len(whole(0)) < len(topics):
        page.wait_for_timeout(50)

    connections[0][0].close(code=4500, reason='a break')
    expect(page.get_by_test_id('status-connection')).not_to_contain_text(LIVE)
    expect(page.get_by_test_id('status-connection')).to_contain_text(LIVE, timeout=40_000)
    modes = wait_for_modes(1)

    assert {mode for topic, mode in modes.items() if topic in topics} == {'delta'}, modes
    assert all('since' in frame['params'] for frame in connections[1][1] if frame.get('method') == 'sub.open')
    # New figures come all the same, and no snapshot.
    while not any(frame.get('method') == 'sub.delta' for frame in connections[1][2]):
        page.wait_for_timeout(50)
    assert whole(1) == set()
