"""What the pages of a browser say and are told over their WebSockets is held against the published contract."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, WebSocket

from .frame_judge import FrameJudge


def judge_pages(browser: Browser) -> None:
    """Judges all pages that are opened from now on, in whatever context."""
    new_context = browser.new_context

    def judged(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on('page', judge_page)
        return context

    browser.new_context = judged  # type: ignore[method-assign]


def judge_page(page: Page) -> None:
    """Judges the sockets that a page opens from now on."""
    page.on('websocket', judge_socket)


def judge_socket(socket: WebSocket) -> None:
    judge = FrameJudge()

    def sent(payload: bytes | str) -> None:
        judge.sent_text(as_text(payload))

    def received(payload: bytes | str) -> None:
        judge.received_text(as_text(payload))

    socket.on('framesent', sent)
    socket.on('framereceived', received)


def as_text(payload: bytes | str) -> str:
    return payload if isinstance(payload, str) else payload.decode(errors='replace')
