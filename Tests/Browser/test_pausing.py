"""A queue is paused and resumed from the page, with who, why and until when on show."""

from __future__ import annotations

import re
import signal

import pytest
from harness.pages import KNOWN_MS, clean, go, outcome, row
from harness.stack import Stack
from harness.waiting import wait_for
from playwright.sync_api import Page, expect

QUEUE = 'catalog'
WORKER = 'catalog@oslo-1'


def is_consumed(stack: Stack) -> bool:
    """Whether the worker says itself that it consumes the queue."""
    answer = stack.app.control.inspect(destination=[WORKER], timeout=5).active_queues() or {}
    return any(queue['name'] == QUEUE for queue in answer.get(WORKER, []))


def test_a_queue_is_paused_with_its_reason_and_resumed(page: Page, stack: Stack) -> None:
    go(page, '#/queues')
    row(page, QUEUE).get_by_test_id('action-pause').click()
    dialog = page.get_by_test_id('dialog-pause')
    expect(dialog.get_by_test_id('pause-lead')).to_contain_text('1 worker will stop taking tasks')
    dialog.get_by_test_id('pause-until').select_option('open')
    dialog.get_by_test_id('pause-reason').fill('new shelves')
    dialog.get_by_test_id('pause-submit').click()

    outcome(page, 'confirmed', f'Pause queue {QUEUE}')
    assert not is_consumed(stack)
    expect(row(page, QUEUE).locator('.c-state')).to_contain_text('Paused', timeout=KNOWN_MS)
    expect(row(page, QUEUE).locator('.c-state')).to_contain_text('by admin')
    task = stack.send('text.echo', 'shelf', queue=QUEUE)

    go(page, f'#/queues/{QUEUE}')
    note = page.get_by_test_id('pause-note')
    expect(note).to_contain_text('Paused by admin')
    expect(note).to_contain_text('new shelves')
    expect(note).to_contain_text('until somebody resumes it')
    expect(note.get_by_test_id('pause-drift')).to_be_hidden()
    wait_for(lambda: stack.queue_length(QUEUE) > 0, 20, 'the task to wait in the broker')
    assert stack.result(task) is None
    page.get_by_test_id('action-resume').click()

    outcome(page, 'confirmed', f'Resume queue {QUEUE}')
    expect(note).to_be_hidden(timeout=KNOWN_MS)
    wait_for(lambda: (stack.result(task) or {}).get('status') == 'SUCCESS', 40, 'the task that waited')
    assert is_consumed(stack)


def test_a_pause_says_when_it_ends(page: Page, stack: Stack) -> None:
    go(page, f'#/queues/{QUEUE}')
    page.get_by_test_id('action-pause').click()
    dialog = page.get_by_test_id('dialog-pause')
    dialog.get_by_test_id('pause-until').select_option('at')
    dialog.get_by_test_id('pause-at').fill('2020-01-02T03:04')
    dialog.get_by_test_id('pause-submit').click()
    expect(dialog.locator('#pause-at-problem')).to_have_text('This time is over.')
    dialog.get_by_test_id('pause-until').select_option('3600')
    dialog.get_by_test_id('pause-submit').click()

    outcome(page, 'confirmed', f'Pause queue {QUEUE}')
    expect(page.get_by_test_id('pause-note')).to_contain_text(
        re.compile(r'resumes by itself at .*, in (59 m|1 h) '), timeout=KNOWN_MS
    )
    clean(page, '[data-testid=page-queue]')
    page.get_by_test_id('action-resume').click()
    outcome(page, 'confirmed', f'Resume queue {QUEUE}')
    wait_for(lambda: is_consumed(stack), 40, 'the worker to consume it again')


def test_who_still_consumes_a_paused_queue_is_shown(page: Page, stack: Stack) -> None:
    """The worker stands still, so it does not hear of the pause; it follows when it goes on."""
    process = stack.workers[WORKER.split('@')[0]].process
    assert process
    go(page, f'#/queues/{QUEUE}')
    expect(page.get_by_test_id('action-pause')).to_be_visible()
    process.signal(signal.SIGSTOP)
    try:
        page.get_by_test_id('action-pause').click()
        page.get_by_test_id('dialog-pause').get_by_test_id('pause-submit').click()
        drift = page.get_by_test_id('pause-drift')
        expect(drift).to_be_visible(timeout=KNOWN_MS)
        expect(drift).to_contain_text(WORKER)
    finally:
        process.signal(signal.SIGCONT)
    expect(drift).to_be_hidden(timeout=KNOWN_MS)
    wait_for(lambda: not is_consumed(stack), 40, 'the worker to stop consuming it')
    page.get_by_test_id('action-resume').click()
    outcome(page, 'confirmed', f'Resume queue {QUEUE}')
    wait_for(lambda: is_consumed(stack), 40, 'the worker to consume it again')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [1280, 320])
def test_the_dialog_to_pause_can_be_used_by_everybody(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({'width': width, 'height': 800})
    go(page, f'#/queues/{QUEUE}')
    page.get_by_test_id('action-pause').click()
    dialog = page.get_by_test_id('dialog-pause')
    expect(dialog.get_by_test_id('pause-until')).to_be_focused()
    dialog.get_by_test_id('pause-until').select_option('at')
    clean(page, '[data-testid=dialog-pause]')
    page.keyboard.press('Escape')
    expect(page.get_by_test_id('action-pause')).to_be_focused()
