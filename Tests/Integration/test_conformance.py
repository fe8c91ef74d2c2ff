"""P8: a scripted gateway sends every legal sequence, and what no gateway may send, to the harness's client and to `celeriac tail`.
The page's client meets the same files in `Tests/Web/conformance.test.js`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient
from harness.paths import FIXTURES, gateway_binary
from harness.process import outer_environment
from harness.rows import ProtocolError
from harness.scripted import ScriptedSession, scripted_gateway

FOLDER = FIXTURES / 'conformance'
TOPICS = json.loads((FOLDER / 'topics.json').read_text())
EVENTS = json.loads((FOLDER / 'events.json').read_text())


def named(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize('case', cases, ids=[case['name'] for case in cases])


def test_there_are_enough_illegal_ones() -> None:
    assert len(TOPICS['illegal']) >= 40


# The harness's client -------------------------------------------------------------------------------------------------------


async def harness_plays(case: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The rows it holds after a case, and what it has against it."""

    async def play(session: ScriptedSession) -> None:
        await session.grant('sub.open', {'sub': 1, 'mode': 'snapshot', 'reason': 'initial'})
        for frame in [
            *TOPICS['start'],
            *case['frames'],
            {'jsonrpc': '2.0', 'method': 'session.bye', 'params': {'code': 1001, 'reason': 'end'}},
        ]:
            await session.say(frame)
        await session.listen()

    async with scripted_gateway(play) as address:
        problems: list[str] = []
        rows: dict[str, Any] = {}
        try:
            async with GatewayClient.connect(address.replace('http', 'ws') + '/ws/v1', 'token') as client:
                client.auto_ack = False
                table = await client.subscribe('workers')
                await client.until(lambda: client.bye and client.bye['reason'] == 'end', 20, 'the end of the script')
                rows = {str(handle): row for handle, row in table.rows.items()}
        except ProtocolError as problem:
            problems.append(str(problem))
        return rows, problems


@named([case for case in TOPICS['legal'] if not case.get('newer')])
async def test_the_harness_takes_what_is_legal(case: dict[str, Any]) -> None:
    rows, problems = await harness_plays(case)

    assert problems == []
    assert rows == {handle: {k: v for k, v in row.items() if v is not None} for handle, row in case['rows'].items()}


@pytest.mark.wrong_frames
@named(TOPICS['illegal'])
async def test_the_harness_finds_what_is_illegal(case: dict[str, Any]) -> None:
    _, problems = await harness_plays(case)

    assert problems


# celeriac tail --------------------------------------------------------------------------------------------------------------


async def tail_plays(case: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The rows that `celeriac tail` prints, and what it says to people."""
    first = True

    async def play(session: ScriptedSession) -> None:
        nonlocal first
        epoch, offset = EVENTS['epoch'], EVENTS['offset']
        opened = await session.grant('events.open', {'sub': 1, 'epoch': epoch, 'off': offset, 'first': 1, 'head': offset})
        after = opened['after']
        frames = case['frames'] if first else []
        first = False
        for frame in frames:
            await session.say(frame)
        # One that came back after a fault stands where it was before it.
        at = 50 if frames or after == 'now' else max(50, after['off'] + 1)
        end = {'type': 'task-received', 'worker': 'celery@a', 'id': EVENTS['end'], 'event': {'type': 'task-received'}}
        await session.say(
            {'jsonrpc': '2.0', 'method': 'events.batch', 'params': {'sub': 1, 'items': [[at, 1.5, end]], 'scanned': at}}
        )
        await session.listen()

    async with scripted_gateway(play) as address:
        environment = {**outer_environment(), 'CELERIAC_URL': address, 'CELERIAC_TOKEN': 'token'}
        process = await asyncio.create_subprocess_exec(
            str(gateway_binary()), 'tail', '--json',
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
        )  # fmt: skip
        assert process.stdout and process.stderr
        rows: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(30):
                while not any(row.get('id') == EVENTS['end'] for row in rows):
                    line = await process.stdout.readline()
                    assert line, (await process.stderr.read()).decode()
                    rows.append(json.loads(line))
        finally:
            if process.returncode is None:
                process.kill()
            said = (await process.stderr.read()).decode()
            await process.wait()
        return rows, said


@named(EVENTS['legal'])
async def test_tail_takes_what_is_legal(case: dict[str, Any]) -> None:
    rows, said = await tail_plays(case)

    assert [row['id'] for row in rows if 'id' in row] == [*case['rows'], EVENTS['end']]
    assert [row['gap']['reason'] for row in rows if 'gap' in row] == case.get('gaps', [])
    assert 'trying again' not in said


@named(EVENTS['illegal'])
async def test_tail_survives_what_is_illegal(case: dict[str, Any]) -> None:
    rows, _ = await tail_plays(case)

    assert [row['id'] for row in rows if 'id' in row] == [EVENTS['end']], 'nothing of what was wrong was printed'


def test_the_files_are_read_by_all_clients() -> None:
    assert {file.name for file in FOLDER.glob('*.json')} == {'topics.json', 'events.json'}
    assert 'conformance/topics.json' in (Path(__file__).parents[1] / 'Web' / 'conformance.test.js').read_text()
