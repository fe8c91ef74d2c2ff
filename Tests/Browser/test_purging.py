"""A purge from the page can be undone: at once from its outcome, or later from the trash of the queue, whole or in part."""

from __future__ import annotations

import json
from typing import Literal

from harness.pages import KNOWN_MS, clean, go, outcome, row
from harness.stack import Stack, unique
from playwright.sync_api import Locator, Page, expect

STEPS = (0, 3, 6, 9)


def lists(stack: Stack, queue: str) -> list[list[bytes | str]]:
    """The messages of a queue, byte for byte, by step."""
    redis = stack.redis()
    return [redis.lrange(queue if step == 0 else f'{queue}\x06\x16{step}', 0, -1) for step in STEPS]


def purge(page: Page, stack: Stack, number: int) -> tuple[str, list[list[bytes | str]], Locator]:
    """Purges a new queue from the page; its name, what was in it, and the outcome."""
    queue = unique('purged')
    for n in range(number):
        stack.send('math.add', 1, n, queue=queue, priority=STEPS[n % len(STEPS)])
    before = lists(stack, queue)
    go(page, '#/queues')
    expect(row(page, queue).locator('.c-depth')).to_have_text(str(number), timeout=KNOWN_MS)
    row(page, queue).get_by_test_id('action-purge').click()
    dialog = page.get_by_test_id('dialog-confirm')
    expect(dialog).to_contain_text('not touched')
    expect(dialog.get_by_test_id('confirm-yes')).to_have_text(f'Purge {number} messages')
    dialog.get_by_test_id('confirm-yes').click()
    shown = outcome(page, 'confirmed', f'Purge queue {queue}')
    assert lists(stack, queue) == [[], [], [], []]
    return queue, before, shown


def choosing(page: Page, queue: str) -> Locator:
    """Opens the dialog in which messages of a queue's trash are chosen."""
    go(page, f'#/queues/{queue}')
    page.get_by_test_id('trash-restore').click()
    dialog = page.get_by_test_id('dialog-restore')
    dialog.get_by_test_id('restore-which').select_option('some')
    return dialog


def test_a_purge_is_undone_from_its_outcome(page: Page, stack: Stack) -> None:
    queue, before, shown = purge(page, stack, 9)
    shown.get_by_test_id('undo').click()

    outcome(page, 'confirmed', 'Restore 9 messages')
    assert lists(stack, queue) == before
    expect(shown).to_have_count(0)


def test_a_purge_is_undone_in_part_from_the_trash(page: Page, stack: Stack) -> None:
    queue, before, shown = purge(page, stack, 6)
    shown.get_by_role('button', name='Dismiss').click()
    go(page, f'#/queues/{queue}')
    trash = page.get_by_test_id('trash')
    expect(trash).to_contain_text('6 messages', timeout=KNOWN_MS)
    expect(trash).to_contain_text('Removed by admin')
    expect(trash).to_contain_text('kept 23 h 59 m more')

    trash.get_by_test_id('trash-restore').click()
    dialog = page.get_by_test_id('dialog-restore')
    dialog.get_by_test_id('restore-which').select_option('first')
    dialog.get_by_test_id('restore-count').fill('7')
    dialog.get_by_test_id('restore-submit').click()
    expect(dialog.locator('#restore-count-problem')).to_contain_text('1 to 6')
    dialog.get_by_test_id('restore-count').fill('2')
    expect(dialog.get_by_test_id('restore-submit')).to_have_text('Restore 2 messages')
    dialog.get_by_test_id('restore-submit').click()
    outcome(page, 'confirmed', 'Restore 2 messages')
    expect(trash).to_contain_text('4 of 6 messages left', timeout=KNOWN_MS)
    assert sum(len(step) for step in lists(stack, queue)) == 2

    trash.get_by_test_id('trash-restore').click()
    page.get_by_test_id('restore-submit').click()
    outcome(page, 'confirmed', 'Restore 4 messages')
    expect(trash).to_be_hidden(timeout=KNOWN_MS)
    assert lists(stack, queue) == before


def test_some_messages_are_chosen_from_the_trash(page: Page, stack: Stack) -> None:
    queue, before, shown = purge(page, stack, 3)
    shown.get_by_role('button', name='Dismiss').click()
    chosen = json.loads(before[1][0])['headers']['id']
    dialog = choosing(page, queue)
    dialog.get_by_test_id('restore-submit').click()
    expect(dialog.locator('#restore-which-problem')).to_have_text('Choose at least one below.')
    dialog.locator(f'input[value="{chosen}"]').check()
    expect(dialog.get_by_test_id('restore-submit')).to_have_text('Restore 1 message')
    clean(page, '[data-testid=dialog-restore]')
    dialog.get_by_test_id('restore-submit').click()

    outcome(page, 'confirmed', 'Restore 1 message')
    assert lists(stack, queue) == [[], before[1], [], []]


def test_more_messages_of_the_trash_than_one_page_are_listed(page: Page, stack: Stack) -> None:
    queue, before, shown = purge(page, stack, 104)
    expect(shown).to_contain_text('can be put back until')
    shown.get_by_role('button', name='Dismiss').click()
    last = json.loads(before[3][0])['headers']['id']
    dialog = choosing(page, queue)
    expect(dialog).to_contain_text('The first 100 messages of 104.')
    more = dialog.get_by_test_id('trash-more')
    expect(more).to_have_text('Show 4 more messages')
    more.click()
    expect(dialog.locator('tbody tr')).to_have_count(104)
    expect(more).to_be_hidden()
    dialog.locator(f'input[value="{last}"]').check()
    clean(page, '[data-testid=dialog-restore]')
    dialog.get_by_test_id('restore-submit').click()

    outcome(page, 'confirmed', 'Restore 1 message')
    assert lists(stack, queue) == [[], [], [], [before[3][0]]]


def test_a_purge_that_keeps_nothing_offers_no_way_back(page: Page, stack: Stack) -> None:
    queue = unique('gone')
    stack.send('math.add', 1, 1, queue=queue)
    go(page, '#/queues')
    expect(row(page, queue)).to_be_visible(timeout=KNOWN_MS)
    row(page, queue).get_by_test_id('action-purge').click()
    page.get_by_test_id('purge-keep').select_option('0')
    page.get_by_test_id('confirm-yes').click()

    expect(outcome(page, 'confirmed', f'Purge queue {queue}').get_by_test_id('undo')).to_have_count(0)
    go(page, f'#/queues/{queue}')
    expect(page.get_by_test_id('page-queue')).to_be_visible()
    expect(page.get_by_test_id('trash')).to_be_hidden()


def test_the_trash_can_be_used_by_everybody(page: Page, stack: Stack) -> None:
    """One purge for every scheme and width: only a few are allowed in a minute."""
    queue, _, shown = purge(page, stack, 2)
    expect(shown.get_by_test_id('undo')).to_be_visible(timeout=KNOWN_MS)
    looks: list[tuple[Literal['light', 'dark'], int]] = [('light', 1280), ('light', 320), ('dark', 1280), ('dark', 320)]
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({'width': width, 'height': 800})
        clean(page, '.tray')
    go(page, f'#/queues/{queue}')
    expect(page.get_by_test_id('trash')).to_be_visible(timeout=KNOWN_MS)
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({'width': width, 'height': 800})
        clean(page, '[data-testid=page-queue]')
        page.get_by_test_id('trash-restore').click()
        clean(page, '[data-testid=dialog-restore]')
        page.keyboard.press('Escape')
        expect(page.get_by_test_id('trash-restore')).to_be_focused()
