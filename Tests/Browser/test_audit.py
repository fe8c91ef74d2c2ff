"""The audit's page: live for admins, closed for the others, found by words and outcome, with the keyboard."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from harness.pages import SCHEMES, assert_axe_clean
from harness.stack import Stack, unique
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocketRoute, expect


def show(page: Page, query: str = '') -> None:
    page.evaluate('query => { location.hash = `#/audit${query}`; }', query)
    expect(page.get_by_test_id('page-audit')).to_be_visible()


def rows(page: Page) -> Locator:
    return page.get_by_test_id('audit-table').get_by_test_id('row')


def refused_purge(stack: Stack) -> str:
    """A viewer asks for what it may not; gives the viewer's name."""
    gateway = stack.running_gateway
    name = unique('nosy')
    headers = {'Authorization': f'Bearer {gateway.token("viewer", name=name)}', 'Idempotency-Key': unique('key')}
    answer = httpx.post(f'{gateway.base_url}/api/celery/commands/queue.purge', json={'queue': 'celery'}, headers=headers)
    assert answer.status_code == 403
    return name


def test_a_refusal_appears_live_and_is_marked(page: Page, stack: Stack, screenshots: Path) -> None:
    page.get_by_test_id('nav-audit').click()
    expect(rows(page).first).to_be_visible()

    name = refused_purge(stack)

    row = rows(page).filter(has_text=name).filter(has_text='queue.purge')
    expect(row).to_be_visible()
    expect(row).to_contain_text('Refused')
    expect(row).to_contain_text('127.0.0.1')
    expect(row).to_contain_text('role viewer may not do queue.purge')
    assert row.get_attribute('data-state') == 'refused'
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion='reduce')
        page.screenshot(path=screenshots / f'audit-refusal-{scheme}.png')
        assert_axe_clean(page)


def test_lines_are_found_by_words_and_outcome_and_the_address_says_so(page: Page, stack: Stack) -> None:
    name = refused_purge(stack)
    show(page)
    find = page.get_by_test_id('audit-find')

    page.keyboard.press('/')
    expect(find).to_be_focused()
    page.keyboard.type(f'{name} PURGE')
    expect(rows(page)).to_have_count(1)
    page.keyboard.press('Enter')
    expect(page).to_have_url(re.compile(f'find={name}'))
    page.get_by_test_id('audit-outcome').select_option('refused')
    expect(page).to_have_url(re.compile('outcome=refused'))
    expect(rows(page)).to_have_count(1)
    page.get_by_test_id('audit-outcome').select_option('done')

    expect(rows(page)).to_have_count(0)
    expect(page.get_by_test_id('page-audit')).to_contain_text('No line matches')
    page.reload()
    expect(find).to_have_value(f'{name} PURGE')
    expect(page.get_by_test_id('audit-outcome')).to_have_value('done')


def test_a_line_is_opened_with_the_keyboard(page: Page, stack: Stack, screenshots: Path) -> None:
    name = refused_purge(stack)
    show(page, f'?find={name}&outcome=refused')
    expect(rows(page)).to_have_count(1)

    page.locator('h1').focus()
    page.keyboard.press('j')
    expect(rows(page)).to_be_focused()
    page.keyboard.press('Tab')
    page.keyboard.press('Enter')

    dialog = page.get_by_test_id('dialog-audit')
    for words in (name, '127.0.0.1', 'queue.purge', 'Refused', 'role viewer may not do queue.purge'):
        expect(dialog).to_contain_text(words)
    page.screenshot(path=screenshots / 'dialog-audit.png')
    assert_axe_clean(page)
    page.keyboard.press('Escape')
    expect(dialog).to_be_hidden()
    expect(page.get_by_test_id('audit-open')).to_be_focused()


def test_who_is_no_admin_sees_no_entry_and_is_told_why(browser: Browser, stack: Stack, screenshots: Path) -> None:
    gateway = stack.running_gateway
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    page.goto(gateway.base_url)
    answer = page.evaluate(
        """token => fetch('/api/session', {method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({token})}).then((answer) => answer.status)""",
        gateway.token('operator'),
    )
    assert answer == 200
    page.goto(f'{gateway.base_url}/#/overview')
    page.reload()
    expect(page.get_by_test_id('status-connection')).to_contain_text(re.compile('live|connected', re.IGNORECASE))
    expect(page.get_by_test_id('nav-activity')).to_be_visible()
    expect(page.get_by_test_id('nav-audit')).to_be_hidden()
    page.keyboard.press('Control+k')
    page.keyboard.type('audit')
    expect(page.get_by_test_id('dialog-palette')).to_contain_text('Nothing found')
    page.keyboard.press('Escape')

    show(page)

    expect(page.get_by_test_id('audit-denied')).to_contain_text('For administrators only')
    expect(page.get_by_test_id('audit-table')).to_be_hidden()
    assert_axe_clean(page)
    page.screenshot(path=screenshots / 'audit-denied.png')
    assert not [url for url in asked if 'celery/audit' in url]
    context.close()


def test_older_lines_are_read_by_pages(context: BrowserContext, stack: Stack) -> None:
    """As if the topic had its newest two lines only: the others come by REST, when it answers."""
    page = context.new_page()

    def thinned(text: str | bytes) -> str:
        frame = json.loads(text)
        params = frame.get('params', {})
        if frame.get('method') == 'sub.snap' and 'outcome' in params['cols']:
            params['rows'] = params['rows'][-2:]
        return json.dumps(frame)

    def connect(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: socket.send(thinned(text)))

    page.route_web_socket('**/ws/v1', connect)
    page.goto(stack.running_gateway.login_url())
    expect(page.get_by_test_id('nav-audit')).to_be_visible()
    show(page)
    expect(rows(page)).to_have_count(2)
    page.route('**/api/celery/audit?**', lambda route: route.fulfill(status=503))
    page.get_by_test_id('audit-older').click()
    expect(page.get_by_test_id('page-audit')).to_contain_text('The gateway answered 503.')
    page.unroute('**/api/celery/audit?**')

    page.get_by_test_id('audit-older').click()

    expect(page.get_by_test_id('page-audit')).to_contain_text('That is all that is kept.')
    expect(page.get_by_test_id('audit-older')).to_be_hidden()
    page.get_by_test_id('audit-find').fill('setup.link')
    expect(rows(page).filter(has_text='command line').first).to_be_visible()
