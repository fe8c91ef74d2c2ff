"""What is over leaves a trace that people can read: broken links and workers that left. And other priority steps are shown as such."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness.links import kill_link
from harness.stack import Stack
from harness.workers import WorkerSpec
from playwright.sync_api import BrowserContext, Page, expect

KNOWN_MS = 30_000
GONE_AFTER = 10
TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']


@pytest.fixture(scope='module')
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = ['--worker-gone-after', str(GONE_AFTER), '--priority-steps', '0,5']
    stack = Stack(tmp_path_factory.mktemp('traces'), [WorkerSpec('short', queues=('brief',))]).start(gateway_options=options)
    yield stack
    stack.stop()


@pytest.fixture
def page(context: BrowserContext, fleet: Stack) -> Page:
    page = context.new_page()
    page.goto(fleet.running_gateway.login_url())
    expect(page.get_by_test_id('status-broker')).to_have_text('ok', timeout=KNOWN_MS)
    return page


def test_steps_of_the_broker_are_shown_as_its_settings_have_them(page: Page) -> None:
    page.evaluate("() => { location.hash = '#/queues'; }")
    expect(page.locator('.legend')).to_have_text(re.compile('0 urgent.*5 low'), timeout=KNOWN_MS)
    page.evaluate("() => { location.hash = '#/queues/brief'; }")
    expect(page.get_by_test_id('page-queue').locator('.mini-table').first).to_contain_text('priority step 5')
    page.get_by_role('button', name='Run task').click()
    page.locator('.run-fields summary').click()
    expect(page.locator('#run-urgency option')).to_contain_text(['Default', '10 · urgent (step 0)', '9 (step 0)'])
    expect(page.locator('#run-urgency')).to_contain_text('1 · low (step 5)')
    page.keyboard.press('Escape')


def test_a_broken_link_is_told_on_the_activity_page(page: Page, fleet: Stack) -> None:
    page.evaluate("() => { location.hash = '#/activity'; }")
    expect(page.get_by_test_id('page-activity')).to_be_visible()
    outages = page.get_by_test_id('outages')
    expect(outages).to_be_hidden()
    kill_link(fleet.redis(), 'replies')
    expect(outages.get_by_test_id('row')).to_contain_text(['Replies of workers: '], timeout=KNOWN_MS)
    expect(outages.get_by_test_id('row').first).to_contain_text('Back', timeout=KNOWN_MS)
    found = Axe().run(page, context='main', options={'runOnly': {'type': 'tag', 'values': TAGS}})
    assert found.violations_count == 0, found.generate_report()


def test_a_worker_that_left_is_told_on_the_workers_page(page: Page, fleet: Stack) -> None:
    page.evaluate("() => { location.hash = '#/workers'; }")
    expect(page.get_by_test_id('workers-table')).to_contain_text('short@celeriac.test', timeout=KNOWN_MS)
    departures = page.get_by_test_id('departures')
    expect(departures).to_be_hidden()
    fleet.workers['short'].stop()
    expect(departures.get_by_test_id('row')).to_contain_text(['short@celeriac.test'], timeout=60_000)
    expect(departures.get_by_test_id('row').first).to_contain_text('last heard')
    found = Axe().run(page, context='main', options={'runOnly': {'type': 'tag', 'values': TAGS}})
    assert found.violations_count == 0, found.generate_report()
