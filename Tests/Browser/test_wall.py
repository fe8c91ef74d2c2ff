"""The wall display: what a room sees from afar, and never old data that looks new."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness.pages import AXE_TAGS
from harness.stack import Stack, unique
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def token(stack: Stack) -> str:
    """A display's token."""
    gateway = stack.running_gateway
    made = gateway.cli('token', 'create', '--data', str(gateway.data), '--role', 'wall', '--name', unique('display'))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture
def wall(browser: Browser, stack: Stack, token: str) -> Iterator[Page]:
    context = browser.new_context(viewport={'width': 1920, 'height': 1080})
    context.set_default_timeout(20_000)
    page = context.new_page()
    problems: list[str] = []
    page.on('pageerror', lambda error: problems.append(str(error)))
    page.goto(f'{stack.running_gateway.base_url}/wall?distance=3#token={token}')
    # The worst stand first, however many queues other tests have left: nobody consumes this one.
    expect(page.get_by_test_id('wall-queues')).to_contain_text('archive', timeout=20_000)
    yield page
    context.close()
    assert problems == []


def test_the_wall_shows_the_fleet_without_a_scroll_bar(wall: Page, token: str, screenshots: Path) -> None:
    assert token not in wall.url and wall.url.endswith('/wall/?distance=3')
    for node in ('mail@berlin-1', 'reports@berlin-2', 'catalog@oslo-1', 'media@oslo-2'):
        expect(wall.get_by_test_id('wall-workers')).to_contain_text(node)
    expect(wall.get_by_test_id('wall-verdict')).to_contain_text('problem', timeout=40_000)
    expect(wall.locator('.wall-problems')).to_contain_text('Nobody consumes this queue')
    wall.screenshot(path=screenshots / 'wall.png')

    for width, height in ((1920, 1080), (1280, 720), (3840, 2160), (1080, 1920)):
        wall.set_viewport_size({'width': width, 'height': height})
        size = wall.evaluate(
            '() => { const { scrollWidth, scrollHeight } = document.documentElement; return [scrollWidth, scrollHeight]; }'
        )
        assert size == [width, height]
        # Lines are chosen anew within a second; none may then be cut off.
        wall.wait_for_function(
            """() => [...document.querySelectorAll('.wall-lines li')].every((node) => {
                const line = node.getBoundingClientRect();
                const box = (node.closest('.wall-body') ?? document.body).getBoundingClientRect();
                return line.bottom <= box.bottom + 1;
            })"""
        )


def test_what_has_no_room_is_counted(wall: Page, screenshots: Path) -> None:
    wall.goto(wall.url.replace('distance=3', 'distance=8'))

    expect(wall.get_by_test_id('wall-queues')).to_contain_text('more, worst first', timeout=20_000)
    expect(wall.get_by_test_id('wall-queues').locator('li').first).to_contain_text('no consumer')
    expect(wall.get_by_test_id('wall-verdict')).to_contain_text('queue')
    wall.screenshot(path=screenshots / 'wall-far.png')


def test_old_data_does_not_look_like_data(wall: Page, stack: Stack, screenshots: Path) -> None:
    process = stack.running_gateway.process
    assert process
    process.signal(signal.SIGSTOP)
    try:
        expect(wall.get_by_test_id('wall-verdict')).to_contain_text('No data for', timeout=20_000)
        expect(wall.locator('.wall-panel.stale')).to_have_count(3)
        expect(wall.get_by_test_id('wall-queues')).to_contain_text('no data for')
        wall.screenshot(path=screenshots / 'wall-stale.png')
    finally:
        process.signal(signal.SIGCONT)

    expect(wall.locator('.wall-panel.stale')).to_have_count(0, timeout=40_000)


def test_the_wall_is_axe_clean(wall: Page) -> None:
    result = Axe().run(wall, options={'runOnly': {'type': 'tag', 'values': AXE_TAGS}})

    assert result.violations_count == 0, result.generate_report()


def test_a_display_without_a_token_says_what_to_do(browser: Browser, stack: Stack) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f'{stack.running_gateway.base_url}/wall/')

    expect(page.get_by_test_id('wall-sign-in')).to_contain_text('token create --role wall')
    context.close()
