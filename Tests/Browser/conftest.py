"""The demo stack and Debian's Chromium, shared by all browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.page_frames import judge_pages
from harness.paths import artifacts
from harness.stack import Stack
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from demo.orchestra import Orchestra


@pytest.fixture(scope='session')
def orchestra() -> Iterator[Orchestra]:
    orchestra = Orchestra('127.0.0.1:0')
    try:
        yield orchestra.start()
    finally:
        orchestra.stop()


@pytest.fixture(scope='session')
def stack(orchestra: Orchestra) -> Stack:
    return orchestra.stack


@pytest.fixture(scope='session')
def browser() -> Iterator[Browser]:
    path = shutil.which('chromium') or shutil.which('chromium-browser')
    assert path, 'no chromium: bin/setup installs it'
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=['--no-sandbox', '--disable-dev-shm-usage'])
        judge_pages(browser)
        yield browser
        browser.close()


class Recorder:
    """What went wrong inside the page."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def attach(self, page: Page) -> None:
        page.on('console', self._console)
        page.on('pageerror', lambda error: self.problems.append(f'uncaught: {error}'))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == 'error':
            self.problems.append(f'console: {message.text}')


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={'width': 1280, 'height': 800}, locale='en-US')
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, stack: Stack) -> Iterator[Page]:
    """A page that is logged in and live. Errors in its console fail the test."""
    page = context.new_page()
    recorder = Recorder()
    recorder.attach(page)
    page.goto(stack.running_gateway.login_url())
    page.get_by_test_id('status-connection').wait_for()
    page.wait_for_function(
        """() => /live|connected/i.test(document.querySelector('[data-testid=status-connection]')?.textContent ?? '')"""
    )
    yield page
    assert recorder.problems == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Keeps a screenshot of a failed test."""
    report = yield
    page = getattr(item, 'funcargs', {}).get('page')
    if report.failed and call.when == 'call' and isinstance(page, Page):
        name = ''.join(c if c.isalnum() else '-' for c in item.name)
        target = artifacts() / 'screenshots' / f'failed-{name}.png'
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
        report.sections.append(('screenshot', str(target)))
        address = page.url
        report.sections.append(('page', f'{address}\n{page.inner_text("body")[:2000]}'))
    return report


@pytest.fixture(scope='session')
def screenshots() -> Path:
    folder = artifacts() / 'screenshots'
    folder.mkdir(parents=True, exist_ok=True)
    return folder
