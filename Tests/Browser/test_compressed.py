"""The browser's own WebSocket client takes compressed frames and reads the same rows (RFC 7692)."""

from __future__ import annotations

from pathlib import Path

from harness.events import life, task_events
from harness.relay import Relay
from harness.stack import Stack, unique
from playwright.sync_api import BrowserContext

ROWS = 60
OPEN = """([url, token]) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url, ['celeriac.v1.json']);
    const send = (message) => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
    socket.onopen = () => {
        const proto = { major: 1, minor: 0 };
        const client = { name: 'page', version: '1' };
        send({ id: 1, method: 'session.start', params: { proto, auth: { kind: 'bearer', token }, client } });
        send({ id: 2, method: 'view.open', params: { sub: 1, topic: 'tasks', limit: 50, mode: 'follow' } });
    };
    socket.onclose = (event) => reject(new Error(`closed with ${event.code} ${event.reason}`));
    socket.onmessage = ({ data }) => {
        const { method, params } = JSON.parse(data);
        if (method !== 'view.snap') return;
        const column = params.cols.indexOf('name');
        resolve([socket.extensions, data.length, params.rows.map((row) => row[column])]);
    };
})"""


def test_chromium_reads_compressed_rows(context: BrowserContext, tmp_path: Path) -> None:
    light = Stack(tmp_path).start()
    gateway = light.running_gateway
    carried: list[int] = []

    def count(data: bytes) -> bytes:
        carried.append(len(data))
        return data

    relay = Relay(int(gateway.address.rsplit(':', 1)[1]), count)
    try:
        light.redis().publish(*task_events(*(event for _ in range(ROWS) for event in life('compressed.task'))))
        page = context.new_page()
        page.goto(f'http://127.0.0.1:{relay.port}/healthz')
        carried.clear()
        url = f'ws://127.0.0.1:{relay.port}/ws/v1'
        extensions, size, names = page.evaluate(OPEN, [url, gateway.token('operator', unique('page'))])
    finally:
        relay.stop()
        light.stop()

    assert 'permessage-deflate' in extensions and 'no_context_takeover' in extensions
    assert names == ['compressed.task'] * 50
    assert sum(carried) < size / 2
