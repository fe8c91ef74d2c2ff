"""Takes the README's picture: the overview after the demo has run for a while.

python -m demo.screenshot TARGET.png [SECONDS]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from .orchestra import Orchestra

WARM_UP_SECONDS = 75.0
"""Long enough for rates over a minute, and for charts with a shape."""


def take(target: Path, seconds: float) -> None:
    orchestra = Orchestra('127.0.0.1:0')
    try:
        orchestra.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
            page = browser.new_page(viewport={'width': 1280, 'height': 800}, color_scheme='dark')
            page.goto(orchestra.stack.running_gateway.login_url())
            page.get_by_test_id('status-connection').wait_for()
            page.wait_for_timeout(seconds * 1000)
            target.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=target)
            browser.close()
    finally:
        orchestra.stop()


def main(arguments: list[str]) -> int:
    if len(arguments) not in {1, 2}:
        print(__doc__, file=sys.stderr)
        return 2
    take(
        Path(arguments[0]),
        float(arguments[1]) if len(arguments) == 2 else WARM_UP_SECONDS,
    )
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
