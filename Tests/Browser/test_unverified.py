"""What a gap in the data left unconfirmed does not look like what is known (R51)."""

from __future__ import annotations

import json

import pytest
from harness.stack import Stack, unique
from playwright.sync_api import BrowserContext, WebSocketRoute, expect


def doubted(message: str | bytes) -> str | bytes:
    """The same snapshot of queues or workers, as it is after events were lost."""
    frame = json.loads(message)
    params = frame.get('params', {})
    if frame.get('method') != 'sub.snap' or not {'depth', 'heartbeat'} & set(params['cols']):
        return message
    kept = [number for number, name in enumerate(params['cols']) if name != 'stale']
    params['rows'] = [[*(row[number] for number in kept), True] for row in params['rows']]
    params['cols'] = [*(params['cols'][number] for number in kept), 'stale']
    return json.dumps(frame)


def doubt(socket: WebSocketRoute) -> None:
    server = socket.connect_to_server()
    server.on_message(lambda message: socket.send(doubted(message)))


@pytest.mark.parametrize('name', ['queues', 'workers'])
def test_a_row_that_was_not_looked_at_again_says_so(context: BrowserContext, stack: Stack, name: str) -> None:
    page = context.new_page()
    page.route_web_socket('**/ws/v1', doubt)
    page.goto(stack.running_gateway.login_url())
    page.evaluate('name => { location.hash = `#/${name}`; }', name)

    row = page.get_by_test_id(f'{name}-table').get_by_role('row').filter(has=page.get_by_text('unverified', exact=True))
    expect(row.first).to_be_visible(timeout=40_000)


def test_the_wall_does_not_call_it_well(context: BrowserContext, stack: Stack) -> None:
    gateway = stack.running_gateway
    made = gateway.cli('token', 'create', '--data', str(gateway.data), '--role', 'wall', '--name', unique('doubtful'))
    page = context.new_page()
    page.set_viewport_size({'width': 1920, 'height': 1080})
    page.route_web_socket('**/ws/v1', doubt)
    page.goto(f'{gateway.base_url}/wall#token={made.stdout.strip()}')

    for panel in ('queues', 'workers'):
        lines = page.get_by_test_id(f'wall-{panel}').locator('li:not([hidden])')
        expect(lines.filter(has_text='unverified').first).to_be_visible(timeout=40_000)
    expect(page.get_by_test_id('wall-verdict')).not_to_have_text('All is well')
