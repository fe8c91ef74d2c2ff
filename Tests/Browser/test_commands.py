"""Giving commands from the pages: one dialog for each, made from the gateway's declarations; a plan before many tasks are touched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from harness.known import known_task
from harness.pages import clean, go, outcome, row
from harness.stack import Stack, unique
from harness.waiting import wait_for
from playwright.sync_api import Locator, Page, expect

WORKER = 'reports@berlin-2'


def commands_of(page: Page, worker: str) -> Locator:
    go(page, '#/workers')
    row(page, worker).get_by_test_id('action-commands').click()
    dialog = page.get_by_test_id('dialog-commands')
    expect(dialog.get_by_test_id('command-worker.ping')).to_be_visible()
    return dialog


def tasks_with(page: Page, name: str, number: int) -> None:
    go(page, f'#/tasks?name={name}')
    expect(page.get_by_test_id('tasks-total')).to_have_text(str(number), timeout=60_000)


def test_a_worker_is_asked_and_answers(page: Page) -> None:
    commands_of(page, WORKER).get_by_test_id('command-worker.ping').click()
    page.get_by_test_id('dialog-command').get_by_test_id('command-submit').click()

    expect(outcome(page, 'confirmed', 'Ping')).to_contain_text(f'{WORKER}: pong')


def test_what_cannot_work_is_disabled_with_its_reason(page: Page) -> None:
    dialog = commands_of(page, WORKER)
    autoscale = dialog.get_by_test_id('command-worker.autoscale')

    expect(autoscale).to_have_attribute('aria-disabled', 'true')
    expect(autoscale).to_contain_text('autoscaler')
    autoscale.click(force=True)
    expect(page.get_by_test_id('dialog-command')).to_have_count(0)


def test_a_queue_that_nobody_consumes_is_given_to_a_worker_from_its_alert(page: Page, stack: Stack) -> None:
    queue = unique('orphan')
    task = stack.send('math.add', 40, 2, queue=queue)
    go(page, '#/overview')
    alert = page.get_by_test_id('alerts').locator('li').filter(has_text=queue)
    alert.get_by_test_id('alert-offer').click(timeout=40_000)
    dialog = page.get_by_test_id('dialog-command')
    expect(dialog).to_contain_text(queue)
    dialog.get_by_test_id('command-workers').fill(WORKER)
    clean(page, '[data-testid=dialog-command]')
    dialog.get_by_test_id('command-submit').click()

    expect(outcome(page, 'confirmed', f'Consume queue {queue}')).to_contain_text(f'{WORKER} takes from {queue}')
    wait_for(lambda: (stack.result(task) or {}).get('status') == 'SUCCESS', 40, 'the task that waited')
    expect(alert).to_have_count(0, timeout=40_000)
    stack.app.control.cancel_consumer(queue, destination=[WORKER])


def test_a_limit_is_set_by_keyboard_alone(page: Page) -> None:
    dialog = commands_of(page, WORKER)
    dialog.get_by_test_id('command-worker.rateLimit').focus()
    page.keyboard.press('Enter')
    form = page.get_by_test_id('dialog-command')
    expect(form.get_by_test_id('command-task')).to_be_focused()

    page.keyboard.press('Enter')
    expect(form.locator('#command-task-problem')).to_have_text('This is needed.')
    page.keyboard.type('math.add')
    form.get_by_test_id('command-limit').fill('100/m')
    page.keyboard.press('Enter')

    expect(outcome(page, 'confirmed', 'Rate limit')).to_contain_text('has the rate limit 100/m')


def test_a_number_beyond_its_bound_is_told_before_it_is_sent(page: Page) -> None:
    commands_of(page, WORKER).get_by_test_id('command-worker.poolGrow').click()
    form = page.get_by_test_id('dialog-command')
    form.get_by_test_id('command-n').fill('1001')
    form.get_by_test_id('command-submit').click()

    expect(form.locator('#command-n-problem')).to_contain_text('1 to 1,000')
    page.keyboard.press('Escape')
    expect(form).to_have_count(0)


def test_all_workers_that_are_shown_are_asked_at_once(page: Page) -> None:
    go(page, '#/workers')
    expect(row(page, WORKER)).to_be_visible()
    page.get_by_test_id('commands-all').click()
    page.get_by_test_id('dialog-commands').get_by_test_id('command-worker.ping').click()
    page.get_by_test_id('command-submit').click()

    outcome(page, 'confirmed', 'Ping')


def test_many_tasks_are_revoked_after_their_plan_was_shown(page: Page, stack: Stack) -> None:
    name = unique('bulk')
    tasks = [stack.send('math.add', 1, n, queue='mail', countdown=900, shadow=name) for n in range(12)]
    tasks_with(page, name, 12)

    page.get_by_test_id('revoke-matching').click()
    dialog = page.get_by_test_id('dialog-bulk')
    expect(dialog.get_by_test_id('bulk-lead')).to_contain_text('Exactly these 12 tasks')
    assert dialog.locator('tbody tr').count() == 12
    expect(dialog.get_by_test_id('bulk-yes')).to_have_text('Revoke 12 tasks')
    dialog.get_by_test_id('bulk-yes').click()

    expect(outcome(page, 'confirmed', 'Revoke 12 tasks')).to_contain_text('12 of 12 tasks done')
    wait_for(lambda: all((stack.result(task) or {}).get('status') == 'REVOKED' for task in tasks), 10, 'REVOKED in Redis')


def test_a_plan_without_a_task_can_do_nothing(page: Page) -> None:
    go(page, f'#/tasks?name={unique("none")}')
    page.get_by_test_id('retry-matching').click()
    dialog = page.get_by_test_id('dialog-bulk')

    expect(dialog.get_by_test_id('bulk-lead')).to_contain_text('No task that matches')
    expect(dialog.get_by_test_id('bulk-yes')).to_have_attribute('aria-disabled', 'true')


@pytest.mark.parametrize('edited', [False, True])
def test_a_task_is_retried_as_it_was_or_with_other_arguments(page: Page, stack: Stack, edited: bool) -> None:
    task = known_task(stack, stack.send('text.echo', 1, 'two', queue='search'))
    wait_for(lambda: (stack.result(task) or {}).get('status') == 'SUCCESS', 30, 'the first run')
    go(page, f'#/tasks/{task}')
    retry = page.get_by_test_id('action-retry')
    expect(retry).not_to_have_attribute('aria-disabled', 'true', timeout=30_000)
    retry.click()
    form = page.get_by_test_id('dialog-command')
    expect(form.get_by_test_id('command-args')).to_have_value('[1,"two"]')
    if edited:
        form.get_by_test_id('command-args').fill("['three']")
        expect(form.locator('#command-args-problem')).to_contain_text('double quotes')
        form.get_by_test_id('command-args').fill('["three"]')
    form.get_by_test_id('command-submit').click()

    label = outcome(page, 'confirmed', 'Retry').locator('.outcome-label')
    expect(label).to_have_attribute('href', re.compile('#/tasks/'))
    expected = ['three'] if edited else [1, 'two']
    redis = stack.redis(1)

    def ran() -> bool:
        for key in redis.scan_iter('celery-task-meta-*'):
            stored = json.loads(redis.get(key) or '{}')
            own = stored.get('task_id') != task and isinstance(stored.get('result'), dict)
            if own and stored['result'].get('args') == expected:
                return True
        return False

    wait_for(ran, 20, 'the second run')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_the_dialogs_can_be_read_by_everybody(page: Page, stack: Stack, screenshots: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    name = unique('axe')
    for n in range(3):
        stack.send('math.add', 1, n, queue='mail', countdown=900, shadow=name)
    dialog = commands_of(page, WORKER)
    clean(page, '[data-testid=dialog-commands]')
    page.screenshot(path=screenshots / f'commands-{scheme}.png')
    dialog.get_by_test_id('command-worker.addConsumer').click()
    page.get_by_test_id('dialog-command').locator('summary').click()
    clean(page, '[data-testid=dialog-command]')
    page.screenshot(path=screenshots / f'command-{scheme}.png')
    page.keyboard.press('Escape')
    tasks_with(page, name, 3)
    page.get_by_test_id('revoke-matching').click()
    expect(page.get_by_test_id('bulk-lead')).to_be_visible()
    clean(page, '[data-testid=dialog-bulk]')
    page.screenshot(path=screenshots / f'bulk-{scheme}.png')
    page.keyboard.press('Escape')
    page.get_by_test_id('bulk-lead').wait_for(state='detached')
    clean(page, '[data-testid=page-tasks]')


def test_a_task_runs_at_a_time_of_this_computer(page: Page, stack: Stack) -> None:
    go(page, '#/tasks')
    page.keyboard.press('Control+k')
    page.get_by_test_id('palette-input').fill('Run a task')
    page.keyboard.press('Enter')
    dialog = page.get_by_test_id('dialog-run')
    dialog.get_by_test_id('run-task').fill('math.add')
    dialog.get_by_test_id('run-args').fill('[20, 22]')
    dialog.get_by_test_id('run-queue').fill('search')
    dialog.locator('summary').click()
    dialog.get_by_test_id('run-eta').fill('2020-02-03T04:05:06')
    dialog.get_by_test_id('run-countdown').fill('5')
    expect(dialog.locator('#run-eta-problem')).to_contain_text('not both')
    dialog.get_by_test_id('run-countdown').fill('')
    dialog.get_by_test_id('run-submit').click()

    # Its time is long over: it runs at once.
    outcome(page, 'confirmed', 'Run math.add')
