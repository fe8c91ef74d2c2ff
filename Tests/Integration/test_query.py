"""`query`: a page that is asked for once, with filters that no window can have (R27)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.client import RpcError
from harness.events import event, task_events
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


async def test_a_query_finds_what_no_window_can_filter(stack: Stack, connect: ConnectClient) -> None:
    name = unique('needle')
    async with connect(stack) as client:
        received = [event('task-received', uuid=f'{name}-{n}', name=name, args=f"('Order {n}',)", kwargs='{}') for n in range(30)]
        stack.publish_raw(*task_events(*received))
        window = await client.view('tasks', where=['eq', 'name', name], mode='follow', limit=50)
        await client.until(lambda: len(window.by_id()) == 30, 15, 'thirty tasks')

        page = await client.call(
            'query', {'topic': 'tasks', 'where': ['and', ['eq', 'name', name], ['contains', '*', 'oRDER 2']]}
        )
        assert {row[page['cols'].index('id')] for row in page['rows']} == {f'{name}-{n}' for n in (2, *range(20, 30))}
        assert page['next'] is None and page['looked'] >= 30 and 'partial' not in page

        anything = {'topic': 'tasks', 'where': ['not', ['eq', 'name', 'nobody']], 'limit': 7}
        first = await client.call('query', anything)
        second = await client.call('query', {**anything, 'after': first['next']})
        assert len(first['rows']) == len(second['rows']) == 7
        assert not {row[0] for row in first['rows']} & {row[0] for row in second['rows']}

        with pytest.raises(RpcError) as unknown:
            await client.call('query', {'topic': 'tasks', 'where': ['contains', 'nonsense', 'x']})
        assert unknown.value.code == 1005 and 'args' in unknown.value.message
        with pytest.raises(RpcError) as unindexed:
            await client.view('tasks', where=['contains', 'name', 'x'], is_wrong=True)
        assert unindexed.value.code == 1005


async def test_a_query_sees_no_more_than_its_role(stack: Stack, connect: ConnectClient) -> None:
    async with connect(stack, role='viewer') as viewer:
        with pytest.raises(RpcError) as masked:
            await viewer.call('query', {'topic': 'tasks', 'where': ['contains', 'args', 'x']})
        assert masked.value.code == 1005
    async with connect(stack, role='wall') as wall:
        with pytest.raises(RpcError) as forbidden:
            await wall.call('query', {'topic': 'tasks'})
        assert forbidden.value.code == 1003
