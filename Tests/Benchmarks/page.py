"""The dashboard in Chromium while the gateway knows 100,000 tasks: how long the first load takes, what it transfers, and when a delta is painted.

    bin/bench page [--tasks 100000] [--loads 5] [--marks 200] [--background 240]

A *first load* begins in a browser that has never been there: from the start of the navigation until the page's rows are painted and it is live.
*Delta to paint* is from the moment when the page is handed the frame that has a new task's row until the browser has painted that row.
Ends with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import redis
from harness.events import life, task_events
from harness.flood import publishing
from harness.gateway import Gateway
from harness.machine import machine
from harness.redis_server import RedisServer
from harness.verdict import verdict
from harness.waiting import wait_for
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

LOAD_SECONDS = 2.0
LOAD_BYTES = 350 * 1024
PAINT_MS = 50.0
FILL_RATE = 30_000.0
"""Events a second while the store is filled, three for each task."""
PAGES = ('overview', 'tasks', 'workers')
MARK_STEP = 0.1
"""Seconds between two marks."""

WATCH = """
(() => {
  // When what was put into the page in this frame has been painted: a message behind the next animation frame.
  const painted = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(null);
  });
  const watch = { arrived: new Map(), painted: new Map(), firstRows: null, socketBytes: 0 };
  window.paintWatch = watch;
  const Original = window.WebSocket;
  window.WebSocket = class extends Original {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', (event) => {
        if (typeof event.data !== 'string') return;
        watch.socketBytes += event.data.length;
        for (const [id] of event.data.matchAll(/mark-[0-9a-f]+-[0-9]+/g)) if (!watch.arrived.has(id)) watch.arrived.set(id, performance.now());
      });
    }
  };
  const look = () => {
    if (watch.firstRows === null && document.querySelector('[data-testid=row], [data-testid^=stat-]')
        && /live|connected/i.test(document.querySelector('[data-testid=status-connection]')?.textContent ?? '')) {
      watch.firstRows = 0;
      painted((at) => { watch.firstRows = at; });
    }
    for (const node of document.querySelectorAll('tr[data-id^=mark-]')) {
      const id = node.dataset.id;
      if (watch.painted.has(id)) continue;
      watch.painted.set(id, null);
      painted((at) => watch.painted.set(id, at));
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
})();
"""

PAINTED = """marks => {
  const { arrived, painted } = window.paintWatch;
  const both = [...painted].filter(([id, at]) => at && arrived.has(id)).map(([id, at]) => at - arrived.get(id));
  return both.length >= marks ? both : null;
}"""


@dataclass(frozen=True)
class FirstLoad:
    """One load of one page."""

    milliseconds: float
    transferred: int
    """Bytes that came over HTTP, as they were sent, with their heads."""
    frames: int
    """Characters of the WebSocket's messages until the rows were painted."""


def known(gateway: Gateway, token: str) -> int:
    """Tasks that the gateway keeps."""
    answer = httpx.get(f'{gateway.base_url}/api/celery/stats', headers={'Authorization': f'Bearer {token}'}, timeout=10)
    answer.raise_for_status()
    return sum(int(row['count']) for row in answer.json()['stats'] if row['id'].startswith('state:'))


def fill(gateway: Gateway, port: int, tasks: int) -> None:
    """Publishes whole lives until the gateway keeps so many tasks."""
    with publishing(port, FILL_RATE, 3 * tasks / FILL_RATE + 1) as publisher:
        publisher.sent()
    token = gateway.token('viewer', 'counter')
    wait_for(lambda: known(gateway, token) >= tasks, 60, f'{tasks:,} tasks in the gateway')


def open_page(context: BrowserContext, address: str) -> tuple[Page, list[int]]:
    """A page that tells when it has painted what; and a list that grows by the bytes of each answer."""
    page = context.new_page()
    page.add_init_script(WATCH)
    bytes_in: list[int] = []
    session = context.new_cdp_session(page)
    session.send('Network.enable')
    session.on('Network.loadingFinished', lambda event: bytes_in.append(int(event['encodedDataLength'])))
    page.goto(address)
    page.wait_for_function('() => window.paintWatch.firstRows > 0')
    return page, bytes_in


def first_load(browser: Browser, gateway: Gateway, name: str) -> FirstLoad:
    """A browser without a cache opens one page, signed in already."""
    context = browser.new_context(viewport={'width': 1440, 'height': 900})
    try:
        signed_in, _ = open_page(context, gateway.login_url())
        signed_in.close()
        context.new_cdp_session(context.new_page()).send('Network.clearBrowserCache')
        page, bytes_in = open_page(context, f'{gateway.base_url}/#/{name}')
        watch = page.evaluate('() => ({ rows: window.paintWatch.firstRows, frames: window.paintWatch.socketBytes })')
        return FirstLoad(watch['rows'], sum(bytes_in), watch['frames'])
    finally:
        context.close()


def paints(browser: Browser, gateway: Gateway, port: int, marks: int, background: float) -> list[float]:
    """Milliseconds from each mark's frame to its row being painted, on the page of tasks, while other tasks come, too."""
    run = f'mark-{time.time_ns():x}'
    context = browser.new_context(viewport={'width': 1440, 'height': 900})
    try:
        page, _ = open_page(context, gateway.login_url())
        page.evaluate("() => { location.hash = '#/tasks'; }")
        page.locator('[data-testid=page-tasks] [data-testid=row]').first.wait_for()
        with publishing(port, background, marks * MARK_STEP + 30), redis.Redis(port=port) as client:
            for number in range(marks):
                client.publish(*task_events(*life('bench.mark', task_id=f'{run}-{number}')))
                page.wait_for_timeout(MARK_STEP * 1000)
        return [float(value) for value in page.wait_for_function(PAINTED, arg=marks).json_value()]
    finally:
        context.close()


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so large a share is not above."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def measure(options: argparse.Namespace, folder: Path) -> list[str]:
    wrong: list[str] = []
    server = RedisServer(folder / 'redis')
    gateway = Gateway(server.url(0), folder)
    try:
        server.start()
        gateway.start()
        fill(gateway, server.port, options.tasks)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=['--no-sandbox', '--disable-dev-shm-usage'])
            print('| page | first load, s: median (all) | HTTP, kB | WebSocket until then, kB | |\n|---|---|---|---|---|')
            for name in PAGES:
                loads = [first_load(browser, gateway, name) for _ in range(options.loads)]
                seconds = sorted(load.milliseconds / 1000 for load in loads)
                most = max(load.transferred for load in loads)
                met = statistics.median(seconds) <= LOAD_SECONDS and most <= LOAD_BYTES
                print(
                    f'| {name} | {statistics.median(seconds):.2f} ({seconds[0]:.2f}-{seconds[-1]:.2f}) | {most / 1024:.0f} '
                    f'| {max(load.frames for load in loads) / 1024:.0f} | {"met" if met else "MISSED"} |',
                    flush=True,
                )
                if not met:
                    wrong.append(f'{name}: more than {LOAD_SECONDS:g} s or {LOAD_BYTES // 1024} kB')
            took = paints(browser, gateway, server.port, options.marks, options.background)
            browser.close()
        p50, p90, p99 = (percentile(took, share) for share in (0.5, 0.9, 0.99))
        print(
            f'delta to paint, {len(took)} marks beside {options.background:g} events/s: p50 {p50:.0f}, p90 {p90:.0f}, p99 {p99:.0f} ms'
        )
        if p50 >= PAINT_MS:
            wrong.append(f'a delta is painted after {p50:.0f} ms at the median, the target is {PAINT_MS:g}')
    finally:
        gateway.stop()
        server.stop()
    return wrong


def chromium() -> str:
    """Debian's Chromium."""
    path = shutil.which('chromium') or shutil.which('chromium-browser')
    if not path:
        raise SystemExit('no chromium: bin/setup installs it')
    return path


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog='bin/bench page')
    parser.add_argument('--tasks', type=int, default=100_000)
    parser.add_argument('--loads', type=int, default=5)
    parser.add_argument('--marks', type=int, default=200)
    parser.add_argument('--background', type=float, default=240)
    options = parser.parse_args(arguments)
    print(f'machine: {machine()}; load before: {os.getloadavg()[0]:.2f}; {options.tasks:,} tasks', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        return verdict(measure(options, Path(folder)))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
