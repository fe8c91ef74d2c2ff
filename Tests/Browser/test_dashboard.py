"""The dashboard on the demo's fleet, as a person uses it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness.known import known_task
from harness.pages import AXE_TAGS, SCHEMES, assert_axe_clean, row
from harness.stack import Stack, unique
from harness.waiting import wait_for
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

PAGES = ('overview', 'tasks', 'queues', 'workers', 'activity', 'audit')


def show(page: Page, name: str) -> None:
    """Goes to a page of the dashboard by its address."""
    page.evaluate('name => { location.hash = `#/${name}`; }', name)
    expect(page.get_by_test_id(f'page-{name}')).to_be_visible()


def confirm(page: Page) -> None:
    dialog = page.get_by_test_id('dialog-confirm')
    expect(dialog).to_be_visible()
    dialog.get_by_test_id('confirm-yes').click()


def outcome(page: Page, state: str, timeout: float = 30_000) -> Locator:
    shown = page.locator(f'[data-testid=outcome][data-state={state}]').first
    shown.wait_for(timeout=timeout)
    return shown


def test_the_link_logs_in_and_vanishes_from_the_address(page: Page) -> None:
    assert 'login=' not in page.url
    expect(page.get_by_test_id('status-who')).to_contain_text(re.compile('admin|setup|set-up', re.IGNORECASE))


def test_the_link_works_once(browser: Browser, stack: Stack) -> None:
    link = stack.running_gateway.login_url()
    for attempt in range(2):
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        if attempt == 0:
            expect(page.get_by_test_id('status-connection')).to_contain_text(re.compile('live|connected', re.IGNORECASE))
        else:
            expect(page.get_by_test_id('sign-in')).to_be_visible()
            expect(page.get_by_test_id('stat-eventsPerSecond')).to_have_count(0)
        context.close()


def test_a_reload_stays_logged_in(page: Page) -> None:
    page.reload()

    expect(page.get_by_test_id('status-connection')).to_contain_text(re.compile('live|connected', re.IGNORECASE))


def test_numbers_move(page: Page) -> None:
    show(page, 'overview')
    stats = page.locator('[data-testid^=stat-]')
    expect(stats.first).to_be_visible()
    assert stats.count() >= 4
    before = stats.all_inner_texts()

    page.wait_for_function(
        """before => {
          const now = [...document.querySelectorAll('[data-testid^=stat-]')].map((node) => node.innerText);
          return now.filter((text, index) => text !== before[index]).length >= 2;
        }""",
        arg=before,
    )


def test_the_status_line_tells_connection_age_and_broker(page: Page) -> None:
    for name in ('status-connection', 'status-age', 'status-broker', 'status-who'):
        expect(page.get_by_test_id(name)).to_be_visible()
        assert page.get_by_test_id(name).inner_text().strip()


def test_workers_are_shown_with_their_state_in_words(page: Page) -> None:
    show(page, 'workers')

    for node in ('mail@berlin-1', 'reports@berlin-2', 'catalog@oslo-1', 'media@oslo-2'):
        expect(row(page, node)).to_be_visible()
        expect(row(page, node)).to_contain_text(re.compile('online|busy|slow', re.IGNORECASE))


def test_a_task_is_revoked_from_the_page(page: Page, stack: Stack) -> None:
    task = known_task(stack, stack.send('math.add', 1, 1, queue='search', countdown=600))
    show(page, 'tasks')
    page.evaluate('id => { location.hash = `#/tasks/${encodeURIComponent(id)}`; }', task)
    expect(page.get_by_test_id('task-id')).to_contain_text(task)

    page.get_by_test_id('page-task').get_by_test_id('action-revoke').click()
    confirm(page)

    outcome(page, 'confirmed')
    wait_for(lambda: (stack.result(task) or {}).get('status') == 'REVOKED', 10, 'REVOKED in Redis')


def test_a_queue_is_purged_from_the_page_with_its_count(page: Page, stack: Stack, screenshots: Path) -> None:
    queue = unique('purge-me')
    for _ in range(7):
        stack.send('math.add', 1, 1, queue=queue)
    show(page, 'queues')
    expect(row(page, queue)).to_be_visible(timeout=40_000)
    expect(row(page, queue)).to_contain_text('7')

    row(page, queue).get_by_test_id('action-purge').click()
    expect(page.get_by_test_id('dialog-confirm')).to_contain_text('7')
    page.screenshot(path=screenshots / 'purge-dialog.png')
    confirm(page)

    expect(outcome(page, 'confirmed')).to_contain_text('7')
    wait_for(lambda: stack.queue_length(queue) == 0, 10, 'the queue in Redis to be empty')


def test_a_dialog_can_be_left_without_doing_anything(page: Page, stack: Stack) -> None:
    queue = unique('keep-me')
    stack.send('math.add', 1, 1, queue=queue)
    show(page, 'queues')
    expect(row(page, queue)).to_be_visible(timeout=40_000)

    row(page, queue).get_by_test_id('action-purge').click()
    expect(page.get_by_test_id('dialog-confirm')).to_be_visible()
    page.keyboard.press('Escape')

    expect(page.get_by_test_id('dialog-confirm')).to_be_hidden()
    assert stack.queue_length(queue) == 1


def test_a_task_is_run_from_the_page(page: Page, stack: Stack) -> None:
    show(page, 'tasks')
    page.get_by_test_id('action-run').click()
    form = page.get_by_test_id('dialog-run')
    expect(form).to_be_visible()
    form.get_by_test_id('run-task').fill('math.add')
    form.get_by_test_id('run-args').fill('[40, 2]')
    form.get_by_test_id('run-queue').fill('celery')
    form.get_by_test_id('run-submit').click()

    outcome(page, 'confirmed')


def test_a_wrong_argument_is_told_before_it_is_sent(page: Page) -> None:
    page.get_by_test_id('action-run').click()
    form = page.get_by_test_id('dialog-run')
    form.get_by_test_id('run-task').fill('math.add')
    form.get_by_test_id('run-args').fill('[40, ')
    form.get_by_test_id('run-submit').click()

    expect(form.locator('#run-args-problem')).to_be_visible()
    expect(page.get_by_test_id('outcome')).to_have_count(0)


def test_a_worker_is_restarted_and_one_that_cannot_says_why(page: Page) -> None:
    show(page, 'workers')
    row(page, 'reports@berlin-2').get_by_test_id('action-restart').click()
    confirm(page)
    outcome(page, 'confirmed', 60_000)


def test_activity_shows_what_was_done(page: Page, stack: Stack) -> None:
    show(page, 'activity')

    expect(page.locator('main')).to_contain_text('queue.purge')


def test_hostile_names_are_text(page: Page, stack: Stack) -> None:
    name = '<img src=x onerror="window.__hacked = true">'
    stack.send('text.echo', name, queue=name)
    show(page, 'queues')

    expect(row(page, name)).to_be_visible(timeout=40_000)
    assert page.evaluate('window.__hacked') is None


def test_a_silent_gateway_is_shown_and_the_connection_comes_back(page: Page, stack: Stack, screenshots: Path) -> None:
    shown = page.get_by_test_id('status-connection')
    process = stack.running_gateway.process
    assert process
    process.signal(signal.SIGSTOP)
    try:
        expect(shown).not_to_contain_text('Live', timeout=40_000)
        page.screenshot(path=screenshots / 'silent-gateway.png')
    finally:
        process.signal(signal.SIGCONT)

    expect(shown).to_contain_text('Live', timeout=40_000)


@pytest.mark.parametrize('scheme', SCHEMES)
@pytest.mark.parametrize('name', PAGES)
def test_every_page_is_axe_clean_and_fits(page: Page, name: str, scheme: Literal['light', 'dark'], screenshots: Path) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion='reduce')
    show(page, name)
    page.wait_for_timeout(600)
    page.screenshot(path=screenshots / f'{name}-{scheme}.png')

    result = Axe().run(page, options={'runOnly': {'type': 'tag', 'values': AXE_TAGS}})

    assert result.violations_count == 0, result.generate_report()


def test_the_details_are_axe_clean_and_fit(page: Page, stack: Stack, screenshots: Path) -> None:
    task = known_task(stack, stack.send('math.add', 1, 1, queue='search', countdown=300))
    for kind, key in (('task', task), ('queue', 'celery'), ('worker', 'mail@berlin-1')):
        page.evaluate('path => { location.hash = `#/${path[0]}s/${encodeURIComponent(path[1])}`; }', [kind, key])
        expect(page.get_by_test_id(f'page-{kind}')).to_contain_text(key)
        for width in (1280, 320):
            page.set_viewport_size({'width': width, 'height': 800})
            page.screenshot(path=screenshots / f'{kind}-detail-{width}.png')
            assert page.evaluate('document.documentElement.scrollWidth') <= width + 1
            assert_axe_clean(page)
        page.set_viewport_size({'width': 1280, 'height': 800})


def test_the_dialogs_are_axe_clean(page: Page, screenshots: Path) -> None:
    show(page, 'workers')

    def opened(testid: str) -> None:
        dialog = page.get_by_test_id(testid)
        expect(dialog).to_be_visible()
        page.screenshot(path=screenshots / f'{testid}.png')
        assert_axe_clean(page)
        page.keyboard.press('Escape')
        expect(dialog).to_be_hidden()

    page.keyboard.press('Control+k')
    opened('dialog-palette')
    page.get_by_role('button', name='Keyboard help').click()
    opened('dialog-help')
    page.get_by_test_id('action-run').click()
    opened('dialog-run')
    row(page, 'reports@berlin-2').get_by_test_id('action-restart').click()
    opened('dialog-confirm')


def test_the_sign_in_page_is_axe_clean(context: BrowserContext, stack: Stack, screenshots: Path) -> None:
    page = context.new_page()
    page.goto(stack.running_gateway.base_url)
    expect(page.get_by_test_id('sign-in')).to_be_visible()
    page.screenshot(path=screenshots / 'sign-in.png')
    assert_axe_clean(page)


@pytest.mark.parametrize('name', PAGES)
def test_every_page_fits_a_narrow_screen(page: Page, name: str, screenshots: Path) -> None:
    page.set_viewport_size({'width': 320, 'height': 640})
    show(page, name)
    page.wait_for_timeout(300)
    page.screenshot(path=screenshots / f'{name}-narrow.png')

    assert page.evaluate('document.documentElement.scrollWidth') <= 321


def test_a_task_is_found_by_a_part_of_its_arguments(page: Page, stack: Stack, screenshots: Path) -> None:
    needle = unique('Needle')
    task = stack.send('text.echo', f'before {needle} after', queue='celery')
    wait_for(lambda: (stack.result(task) or {}).get('status') == 'SUCCESS', 20, 'SUCCESS in Redis')
    show(page, 'tasks')
    find = page.get_by_test_id('filter-text')

    find.fill(needle.lower()[2:])
    find.press('Enter')

    expect(row(page, task)).to_be_visible()
    expect(page.get_by_test_id('range')).to_contain_text('Found 1 task')
    page.screenshot(path=screenshots / 'search.png')
    find.fill('nothing holds this')
    find.press('Enter')
    expect(page.get_by_test_id('page-tasks')).to_contain_text('No task matches')
    page.get_by_test_id('clear-filter').click()
    expect(page.locator('[data-testid=row]').first).to_be_visible()


def test_the_activity_page_says_what_the_gateway_costs_with_units(page: Page) -> None:
    show(page, 'activity')
    cost = page.get_by_test_id('cost')

    for words in (
        r'Commands[\d,.  ]+/min',
        r'Publishes among them[\d,.  ]+/min',
        r'Traffic[\d,.  ]+ ?[KMG]?i?B/min',
        r'Ceiling60[,.  ]?000 commands/min',
        r'Put off(nothing|now, \d+|\d+ rounds?)',
        r'Frames sent[\d,.]+ /s',
    ):
        expect(cost).to_contain_text(re.compile(words))
