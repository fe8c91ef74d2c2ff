"""Single waiting messages from the page of their queue: deleted, moved, and given another urgency."""

from __future__ import annotations

import json

import pytest
from harness.pages import KNOWN_MS, clean, outcome
from harness.stack import Stack, unique
from harness.waiting import wait_for
from playwright.sync_api import Locator, Page, expect


def waiting(page: Page, queue: str) -> Locator:
    """The messages of a queue, as its page shows them once the gateway knows the queue."""
    page.evaluate('queue => { location.hash = `#/queues/${encodeURIComponent(queue)}`; }', queue)
    box = page.get_by_test_id('waiting-messages')
    expect(box).to_be_visible(timeout=KNOWN_MS)
    box.get_by_test_id('peek').click()
    expect(box.get_by_test_id('message').first).to_be_visible()
    return box


def act(page: Page, box: Locator, task: str, action: str) -> None:
    box.locator(f'[data-testid=message][data-id="{task}"]').get_by_test_id('message-actions').click()
    page.get_by_test_id(f'message-{action}').click()


def tasks_in(stack: Stack, queue: str, step: int = 0) -> list[str]:
    """Ids of the tasks that wait in one step of a queue, the next one first."""
    key = queue if step == 0 else f'{queue}\x06\x16{step}'
    return [json.loads(raw)['headers']['id'] for raw in reversed(stack.redis().lrange(key, 0, -1))]


def test_one_message_is_deleted_the_others_stay_and_it_comes_back(page: Page, stack: Stack) -> None:
    queue = unique('delete')
    tasks = [stack.send('math.add', 1, n, queue=queue) for n in range(3)]
    box = waiting(page, queue)

    act(page, box, tasks[1], 'delete')
    dialog = page.get_by_test_id('dialog-confirm')
    expect(dialog).to_contain_text(tasks[1][:8])
    expect(dialog.get_by_test_id('confirm-yes')).to_have_text('Delete 1 message')
    dialog.get_by_test_id('confirm-yes').click()

    shown = outcome(page, 'confirmed', 'Delete math.add')
    assert tasks_in(stack, queue) == [tasks[0], tasks[2]]
    expect(box.get_by_test_id('message')).to_have_count(2)
    expect(page.get_by_test_id('trash')).to_contain_text('1 message')
    shown.get_by_test_id('undo').click()
    outcome(page, 'confirmed', 'Restore 1 message')
    assert sorted(tasks_in(stack, queue)) == sorted(tasks)


def test_one_message_is_moved_to_a_queue_whose_workers_run_it(page: Page, stack: Stack) -> None:
    queue = unique('move')
    task = stack.send('math.add', 20, 22, queue=queue)
    stays = stack.send('math.add', 1, 1, queue=queue)
    box = waiting(page, queue)

    act(page, box, task, 'move')
    dialog = page.get_by_test_id('dialog-move')
    dialog.get_by_test_id('message-submit').click()
    expect(dialog.locator('#move-to-problem')).to_have_text('This is needed.')
    dialog.get_by_test_id('move-to').fill(unique('nobody'))
    expect(dialog).to_contain_text('No such queue is known here')
    dialog.get_by_test_id('move-to').fill('search')
    page.keyboard.press('Enter')

    outcome(page, 'confirmed', 'Move math.add')
    wait_for(lambda: (stack.result(task) or {}).get('result') == 42, 40, 'the moved task to run')
    assert tasks_in(stack, queue) == [stays]


def test_one_message_becomes_more_or_less_urgent(page: Page, stack: Stack) -> None:
    queue = unique('urgency')
    task = stack.send('math.add', 1, 1, queue=queue, priority=9)
    box = waiting(page, queue)

    act(page, box, task, 'urgency')
    dialog = page.get_by_test_id('dialog-prioritize')
    expect(dialog.get_by_test_id('prioritize-urgency')).to_have_value('1')
    dialog.get_by_test_id('prioritize-urgency').select_option('6')
    expect(dialog).to_contain_text("Celery priority 4 and waits in the broker's step 3")
    dialog.get_by_test_id('message-submit').click()

    outcome(page, 'confirmed', 'to urgency 6')
    assert tasks_in(stack, queue, 3) == [task]
    assert tasks_in(stack, queue, 9) == []


def test_a_message_that_a_worker_took_first_is_left_alone(page: Page, stack: Stack) -> None:
    queue = unique('late')
    task = stack.send('math.add', 1, 1, queue=queue)
    box = waiting(page, queue)
    act(page, box, task, 'delete')
    stack.redis().delete(queue)
    page.get_by_test_id('confirm-yes').click()

    outcome(page, 'rejected', 'Delete math.add')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [1280, 320])
def test_messages_and_their_dialogs_can_be_used_by_everybody(page: Page, stack: Stack, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({'width': width, 'height': 800})
    queue = unique('look')
    task = stack.send('math.add', 1, 1, queue=queue, priority=6)
    box = waiting(page, queue)
    clean(page, '[data-testid=waiting-messages]')
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    for action, dialog in (('urgency', 'dialog-prioritize'), ('move', 'dialog-move'), ('delete', 'dialog-confirm')):
        act(page, box, task, action)
        expect(page.get_by_test_id(dialog)).to_be_visible()
        clean(page, f'[data-testid={dialog}]')
        page.keyboard.press('Escape')
        expect(page.get_by_test_id(dialog)).to_have_count(0)
