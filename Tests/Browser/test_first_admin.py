"""The page that the link of a first start opens: it makes the first admin, and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.gateway import Gateway
from harness.pages import assert_axe_clean
from harness.stack import Stack, unique
from playwright.sync_api import BrowserContext, Page, expect

PASSWORD = unique('correct horse')
FIELDS = ('setup-name', 'setup-password', 'setup-again')


@pytest.fixture
def unset(stack: Stack, tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(stack.broker, tmp_path).launch().wait_listening()
    yield gateway
    gateway.stop()


def places(page: Page) -> list[object]:
    """Where the parts of the form are."""
    return [page.get_by_test_id(name).bounding_box() for name in (*FIELDS, 'setup-go')]


def fill(page: Page, *texts: str) -> None:
    for name, text in zip(FIELDS, texts, strict=True):
        page.get_by_test_id(name).fill(text)


def test_the_link_leads_to_the_first_admin_with_the_keyboard_alone(context: BrowserContext, unset: Gateway) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url + str(request.headers.get('referer', ''))))
    link = unset.setup_link()
    page.goto(link)
    # The code is out of the address bar, and of the history, before anything else.
    expect(page.get_by_test_id('setup-name')).to_be_focused()
    assert page.url == f'{unset.base_url}/#/overview'
    for name, hint in zip(FIELDS, ('username', 'new-password', 'new-password'), strict=True):
        expect(page.get_by_test_id(name)).to_have_attribute('autocomplete', hint)

    page.keyboard.type('ada')
    for text in (PASSWORD, PASSWORD):
        page.keyboard.press('Tab')
        page.keyboard.type(text)
    page.keyboard.press('Enter')

    expect(page.get_by_test_id('page-overview')).to_be_visible()
    expect(page.get_by_test_id('status-who')).to_have_text('ada · admin')
    expect(page.get_by_test_id('status-connection')).to_contain_text(re.compile('live|connected', re.IGNORECASE))
    code = link.rsplit('=', 1)[-1]
    assert asked and not any(code in url for url in asked)
    # The same link again, in another browser: it makes nobody an admin, and says so.
    browser = context.browser
    assert browser
    other = browser.new_context()
    late = other.new_page()
    late.goto(link)
    expect(late.locator('#openid-problem')).to_contain_text('This set-up link makes nobody an admin')
    expect(late.get_by_test_id('setup-note')).to_be_hidden()
    assert_axe_clean(late)
    late.get_by_test_id('sign-in-name').fill('ada')
    late.get_by_test_id('sign-in-password').fill(PASSWORD)
    late.keyboard.press('Enter')
    expect(late.get_by_test_id('status-who')).to_have_text('ada · admin')
    other.close()


def test_what_is_wrong_is_said_at_its_field_and_nothing_moves(context: BrowserContext, unset: Gateway, screenshots: Path) -> None:
    page = context.new_page()
    page.set_viewport_size({'width': 390, 'height': 844})
    page.goto(unset.setup_link())
    page.get_by_test_id('setup-go').wait_for()
    before = places(page)

    page.get_by_test_id('setup-go').click()
    expect(page.locator('#setup-name-note')).to_have_text('Enter the name that you want to sign in with.')
    expect(page.get_by_test_id('setup-name')).to_be_focused()
    fill(page, 'ada', 'short', 'shorter')
    page.get_by_test_id('setup-go').click()
    expect(page.locator('#setup-password-note')).to_have_text('At least 8 characters; this one has 5.')
    expect(page.locator('#setup-again-note')).to_have_text('This is not the same password.')
    expect(page.get_by_test_id('setup-password')).to_be_focused()
    assert places(page) == before
    assert_axe_clean(page)
    for width, height in ((390, 844), (1440, 900)):
        page.set_viewport_size({'width': width, 'height': height})
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        for scheme in ('light', 'dark'):
            page.emulate_media(color_scheme='light' if scheme == 'light' else 'dark')
            page.screenshot(path=screenshots / f'setup-{width}-{scheme}.png', full_page=True)

    # What only the gateway knows is said at its field, too.
    made = unset.cli('token', 'create', '--data', str(unset.data), '--role', 'viewer', '--name', 'taken')
    assert made.returncode == 0
    fill(page, 'taken', PASSWORD, PASSWORD)
    page.get_by_test_id('setup-go').click()
    expect(page.locator('#setup-name-note')).to_contain_text('token named taken exists')
    expect(page.get_by_test_id('setup-name')).to_be_focused()
    page.get_by_label('Show the password').check()
    expect(page.get_by_test_id('setup-password')).to_have_attribute('type', 'text')


def test_without_the_link_the_page_says_where_it_is_and_takes_it_pasted(context: BrowserContext, unset: Gateway) -> None:
    page = context.new_page()
    page.goto(unset.base_url)

    expect(page.get_by_test_id('setup-note')).to_contain_text('has no admin yet')
    assert_axe_clean(page)
    page.get_by_test_id('sign-in-field').fill(unset.setup_link())
    page.get_by_test_id('sign-in-submit').click()

    expect(page.get_by_test_id('setup-name')).to_be_focused()
    assert '#setup=' not in page.url
