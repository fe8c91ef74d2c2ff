"""What is not known is not shown as nothing: pages that wait for rows, and pages that lost their gateway."""

from __future__ import annotations

import pytest
from harness.stack import Stack
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

PAGES = ('overview', 'tasks', 'queues', 'workers', 'audit')


@pytest.mark.parametrize('width', [1280, 320])
def test_rows_that_load_are_not_called_missing(context: BrowserContext, stack: Stack, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({'width': width, 'height': 800})
    page.route_web_socket('**/ws/v1', lambda socket: None)  # opens, and says nothing
    page.goto(stack.running_gateway.login_url())

    for name in PAGES:
        page.evaluate('name => { location.hash = `#/${name}`; }', name)
        shown = page.get_by_test_id(f'page-{name}')
        expect(shown.locator('.skeleton').locator('visible=true').first).to_be_visible()
        expect(shown.locator('.empty').locator('visible=true')).to_have_count(0)
    for path in ('queues/mail', 'workers/mail@berlin-1'):
        page.evaluate('path => { location.hash = `#/${path}`; }', path)
        expect(page.locator('main .skeleton').locator('visible=true').first).to_be_visible()
        expect(page.locator('main .empty').locator('visible=true')).to_have_count(0)


def test_a_page_that_lost_its_gateway_claims_nothing_and_stays_where_it_was(context: BrowserContext, stack: Stack) -> None:
    page: Page = context.new_page()
    sockets: list[WebSocketRoute] = []
    lost = False

    def connect(socket: WebSocketRoute) -> None:
        if lost:
            return
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket('**/ws/v1', connect)
    page.goto(stack.running_gateway.login_url())
    expect(page.get_by_test_id('status-broker')).to_have_text('ok', timeout=30_000)
    page.evaluate("() => { location.hash = '#/queues'; }")
    expect(page.get_by_test_id('queues-table')).to_be_visible()
    top = page.get_by_test_id('page-queues').bounding_box()

    lost = True
    sockets[-1].close(code=1001, reason='gone')
    expect(page.get_by_test_id('banner')).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id('status-broker')).to_have_text('unknown')
    expect(page.get_by_test_id('status-completeness')).to_have_text('unknown')
    expect(page.get_by_test_id('queues-table')).to_be_visible()
    assert page.get_by_test_id('page-queues').bounding_box() == top
