"""What the browser tests do on the pages, and what they look for there."""

from __future__ import annotations

import json
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
SCHEMES: tuple[Literal['light', 'dark'], ...] = ('light', 'dark')
KNOWN_MS = 40_000
"""Until what the gateway has to find out first is shown."""


def go(page: Page, address: str) -> None:
    """To an address within the pages, such as `#/queues`."""
    page.evaluate('address => { location.hash = address; }', address)


def row(page: Page, row_id: str) -> Locator:
    """A row of a table."""
    return page.locator(f'[data-testid=row][data-id={json.dumps(row_id)}]').first


def outcome(page: Page, state: str, label: str) -> Locator:
    """A command in the tray of outcomes, once it is in a state."""
    shown = page.locator(f'[data-testid=outcome][data-state={state}]').filter(has_text=label).first
    shown.wait_for(timeout=KNOWN_MS)
    return shown


def clean(page: Page, where: str | None = None) -> None:
    """Refuses what axe finds, in the whole page or a part of it."""
    page.evaluate('() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished))')
    found = Axe().run(page, context=where, options={'runOnly': {'type': 'tag', 'values': AXE_TAGS}})
    assert found.violations_count == 0, found.generate_report()


def assert_axe_clean(page: Page) -> None:
    """In both schemes."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion='reduce')
        result = Axe().run(page, options={'runOnly': {'type': 'tag', 'values': AXE_TAGS}})
        assert result.violations_count == 0, f'{scheme}: {result.generate_report()}'
