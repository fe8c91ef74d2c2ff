"""Whose credential is for some queues and tasks only is told so, wherever figures could be taken for all there is."""

from __future__ import annotations

from pathlib import Path

from harness.pages import assert_axe_clean, go
from harness.stack import Stack, unique
from playwright.sync_api import BrowserContext, expect

PASSWORD = unique('correct horse')


def test_a_limited_view_says_what_it_shows(context: BrowserContext, stack: Stack, screenshots: Path) -> None:
    gateway = stack.running_gateway
    name, data = unique('shop'), ('--data', str(gateway.data))
    made = gateway.cli('user', 'add', *data, name, '--role', 'operator', '--password-stdin', given=f'{PASSWORD}\n')
    assert made.returncode == 0, made.stderr
    page = context.new_page()
    page.goto(gateway.base_url)
    page.get_by_test_id('sign-in-name').fill(name)
    page.get_by_test_id('sign-in-password').fill(PASSWORD)
    page.keyboard.press('Enter')
    expect(page.get_by_test_id('status-who')).to_have_text(f'{name} · operator')
    expect(page.get_by_test_id('limits-note')).to_be_hidden()

    limits = ('--queue', 'mail', '--queue', 'billing', '--task', 'mail.*')
    assert gateway.cli('token', 'limit', *data, name, *limits).returncode == 0

    # The open page learns it, too.
    words = 'You see the queues billing, mail and the tasks mail.* only.'
    note = page.get_by_test_id('limits-note')
    expect(note).to_contain_text(words, timeout=40_000)
    expect(page.get_by_test_id('status-who')).to_have_text(f'{name} · operator · limited')
    for place in ('#/queues', '#/tasks', '#/overview'):
        go(page, place)
        expect(note).to_be_visible()
    assert_axe_clean(page)
    for width in (390, 1440):
        page.set_viewport_size({'width': width, 'height': 900})
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        page.screenshot(path=screenshots / f'limits-{width}.png')
    page.get_by_test_id('sign-out').click()
    expect(page.get_by_test_id('sign-out-limits')).to_have_text(f'Signed in as {name}. {words}')
    assert_axe_clean(page)
    page.keyboard.press('Escape')

    # So does one that is loaded anew, from the first moment.
    page.reload()
    expect(note).to_contain_text(words)
    assert gateway.cli('token', 'limit', *data, name, '--none').returncode == 0
    expect(note).to_be_hidden(timeout=40_000)
