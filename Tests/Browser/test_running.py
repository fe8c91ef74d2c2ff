"""Running from the pages with everything Celery takes: all options of a run, groups and chords, questions, and the palette's commands."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from harness.known import known_task
from harness.pages import clean, go, outcome
from harness.stack import Stack, unique
from harness.waiting import wait_for
from playwright.sync_api import Locator, Page, expect

CONFIRMED_MS = 40_000


def results(stack: Stack) -> list[Any]:
    """All results of the backend."""
    redis = stack.redis(1)
    stored = [json.loads(redis.get(key) or '{}') for key in redis.scan_iter('celery-task-meta-*')]
    return [one.get('result') for one in stored if one.get('status') == 'SUCCESS']


def run_dialog(page: Page) -> Locator:
    page.get_by_test_id('action-run').click()
    dialog = page.get_by_test_id('dialog-run')
    expect(dialog.get_by_test_id('run-task')).to_be_visible()
    return dialog


def palette(page: Page, words: str) -> None:
    page.keyboard.press('Control+k')
    page.get_by_test_id('palette-input').fill(words)
    page.keyboard.press('Enter')


def test_a_run_carries_every_option_to_the_broker(page: Page, stack: Stack) -> None:
    queue = unique('held')
    dialog = run_dialog(page)
    dialog.get_by_test_id('run-task').fill('math.add')
    dialog.get_by_test_id('run-args').fill('[1, 2]')
    dialog.get_by_test_id('run-queue').fill(queue)
    dialog.locator('summary').click()
    dialog.get_by_test_id('run-urgency').select_option('8')
    expect(dialog.locator('#run-urgency-help')).to_contain_text('Celery priority 2')
    dialog.get_by_test_id('run-headers').fill('{"tenant": "acme"}')
    dialog.get_by_test_id('run-shadow').fill('totals')
    dialog.get_by_test_id('run-ignoreResult').select_option('true')
    dialog.get_by_test_id('run-softTimeLimit').fill('5')
    dialog.get_by_test_id('run-timeLimit').fill('9')
    dialog.get_by_test_id('run-expires').fill('600')
    for name in ('link', 'linkError'):
        dialog.get_by_test_id(f'run-{name}-add').click()
        dialog.get_by_test_id(f'run-{name}-1-task').fill('text.echo')
    expect(dialog.locator('summary')).to_have_text('More options · 9 set')
    dialog.get_by_test_id('run-submit').click()
    outcome(page, 'sent', 'Run math.add')

    raw = stack.redis().lindex(queue, 0)
    assert raw, 'the message is not in the step of priority 2'
    message = json.loads(raw)
    headers = message['headers']
    assert headers['tenant'] == 'acme'
    assert headers['shadow'] == 'totals'
    assert headers['ignore_result'] is True
    assert headers['timelimit'] == [9, 5]
    assert headers['expires']
    assert message['properties']['priority'] == 2
    args, _, embed = json.loads(base64.b64decode(message['body']))
    assert args == [1, 2]
    assert [one['task'] for one in embed['callbacks']] == ['text.echo']
    assert [one['task'] for one in embed['errbacks']] == ['text.echo']


def test_the_steps_of_a_chain_run_one_after_the_other(page: Page, stack: Stack) -> None:
    dialog = run_dialog(page)
    dialog.get_by_test_id('run-task').fill('math.add')
    dialog.get_by_test_id('run-args').fill('[7000000, 40]')
    dialog.get_by_test_id('run-queue').fill('search')
    dialog.locator('summary').click()
    for number, added in ((1, '[2]'), (2, '[900000000]')):
        dialog.get_by_test_id('run-chain-add').click()
        dialog.get_by_test_id(f'run-chain-{number}-task').fill('math.add')
        dialog.get_by_test_id(f'run-chain-{number}-queue').fill('search')
        dialog.get_by_test_id(f'run-chain-{number}-args').fill(added)
    dialog.get_by_test_id('run-submit').click()

    outcome(page, 'confirmed', 'Run math.add')
    wait_for(lambda: 907_000_042 in results(stack), 40, 'the result of the last step')


def test_a_step_without_a_task_is_told_where_it_stands(page: Page) -> None:
    dialog = run_dialog(page)
    dialog.get_by_test_id('run-task').fill('math.add')
    dialog.locator('summary').click()
    dialog.get_by_test_id('run-chain-add').click()
    dialog.locator('summary').click()
    dialog.get_by_test_id('run-submit').click()

    expect(dialog.get_by_test_id('run-chain-1-task')).to_be_focused()
    expect(dialog.locator('#run-chain-1-task-problem')).to_have_text('Which task?')
    dialog.get_by_role('button', name='Remove').click()
    expect(dialog.get_by_test_id('run-chain-row')).to_have_count(0)


def several(page: Page) -> Locator:
    go(page, '#/tasks')
    page.get_by_test_id('tasks-more').click()
    page.get_by_test_id('menu-task.group').click()
    dialog = page.get_by_test_id('dialog-several')
    expect(dialog.get_by_test_id('several-tasks-1-task')).to_be_focused()
    return dialog


def test_a_group_runs_side_by_side(page: Page, stack: Stack) -> None:
    dialog = several(page)
    dialog.get_by_test_id('several-tasks-add').click()
    for number in (1, 2, 3):
        dialog.get_by_test_id(f'several-tasks-{number}-task').fill('math.add')
        dialog.get_by_test_id(f'several-tasks-{number}-args').fill(f'[{number}, 5100000]')
    dialog.get_by_test_id('several-queue').fill('search')
    expect(dialog.get_by_test_id('several-submit')).to_have_text('Run 3 tasks')
    dialog.get_by_test_id('several-submit').click()

    outcome(page, 'confirmed', 'Run a group of 3 tasks')
    wait_for(
        lambda: {5_100_001, 5_100_002, 5_100_003} <= {one for one in results(stack) if isinstance(one, int)}, 40, 'three results'
    )


def test_a_chord_ends_with_the_list_of_results(page: Page, stack: Stack) -> None:
    dialog = several(page)
    dialog.get_by_test_id('several-chord').click()
    for number in (1, 2):
        dialog.get_by_test_id(f'several-tasks-{number}-task').fill('math.add')
        dialog.get_by_test_id(f'several-tasks-{number}-args').fill(f'[{number}, 6200000]')
    dialog.get_by_test_id('several-body-1-task').fill('text.echo')
    dialog.get_by_test_id('several-body-1-queue').fill('search')
    dialog.get_by_test_id('several-queue').fill('search')
    dialog.get_by_test_id('several-submit').click()

    outcome(page, 'confirmed', 'Run a chord of 2 tasks')

    def ended() -> bool:
        lists = [one['args'][0] for one in results(stack) if isinstance(one, dict) and one.get('args')]
        return any(isinstance(one, list) and sorted(one) == [6_200_001, 6_200_002] for one in lists)

    wait_for(ended, 40, 'the body with both results')


def test_workers_are_asked_about_a_task_and_their_answers_read(page: Page, stack: Stack) -> None:
    task = known_task(stack, stack.send('time.sleep', 30, queue='search'))
    go(page, f'#/tasks/{task}')
    expect(page.get_by_test_id('page-task')).to_contain_text('running for', timeout=30_000)
    page.get_by_test_id('action-query').click()
    outcome(page, 'confirmed', 'Ask about').get_by_test_id('show-answers').click()

    answers = page.get_by_test_id('answers')
    expect(answers).to_contain_text('reports@berlin-2')
    expect(answers).to_contain_text(task)
    expect(answers).to_contain_text('active')


def test_tasks_are_revoked_by_their_stamp(page: Page) -> None:
    palette(page, 'Revoke tasks by stamp')
    form = page.get_by_test_id('dialog-command')
    form.get_by_test_id('command-stamps').fill(json.dumps({'tenant': [unique('stamp')]}))
    form.get_by_test_id('command-submit').click()

    outcome(page, 'confirmed', 'Revoke tasks by stamp')


def test_a_command_for_all_workers_is_given_from_the_palette(page: Page) -> None:
    palette(page, 'worker.ping')
    form = page.get_by_test_id('dialog-command')
    expect(form).to_contain_text('4 workers up now')
    form.get_by_test_id('command-submit').click()

    expect(outcome(page, 'confirmed', 'Ping workers')).to_contain_text('pong')


def test_the_palette_asks_which_queue_is_meant(page: Page) -> None:
    palette(page, 'Purge a queue')
    ask = page.get_by_test_id('dialog-ask')
    ask.get_by_test_id('ask-one').fill('no such queue')
    ask.get_by_test_id('ask-one-yes').click()
    expect(ask.locator('#ask-one-problem')).to_have_text('This is not known here.')
    ask.get_by_test_id('ask-one').fill('search')
    page.keyboard.press('Enter')

    expect(page.get_by_test_id('dialog-confirm')).to_contain_text('search')
    page.keyboard.press('Escape')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [1280, 320])
def test_the_dialogs_to_run_tasks_can_be_used_by_everybody(page: Page, screenshots: Path, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({'width': width, 'height': 800})
    dialog = run_dialog(page)
    dialog.locator('summary').click()
    dialog.get_by_test_id('run-chain-add').click()
    clean(page, '[data-testid=dialog-run]')
    page.screenshot(path=screenshots / f'run-{scheme}-{width}.png')
    page.get_by_test_id('run-several').click()
    page.get_by_test_id('several-chord').click()
    clean(page, '[data-testid=dialog-several]')
    page.screenshot(path=screenshots / f'several-{scheme}-{width}.png')
    page.keyboard.press('Escape')
    go(page, '#/tasks')
    page.get_by_test_id('tasks-more').click()
    expect(page.get_by_role('menuitem').first).to_be_focused()
    clean(page, '.menu-anchor')
    page.keyboard.press('ArrowDown')
    expect(page.get_by_role('menuitem').nth(1)).to_be_focused()
    page.keyboard.press('Escape')
    expect(page.get_by_test_id('tasks-more')).to_be_focused()
