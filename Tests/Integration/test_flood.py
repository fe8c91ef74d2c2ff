"""F5, the short form: a steady flood and a burst. `bin/prove flood` is the long one, with the release build and its figures."""

from __future__ import annotations

from pathlib import Path

from harness.fixtures import ConnectClient
from harness.flood import LIST, Watch, describe, flood, recovery
from harness.stack import Stack

RATE, SECONDS = 1_200, 10.0
BURST, BURST_SECONDS = 12_000, 2.0
"""Modest: this may be a debug build, and other tests have the cores, too."""


async def test_a_flood_is_taken_in_whole(folder: Path, connect: ConnectClient) -> None:
    stack = Stack(folder).start()
    try:
        async with connect(stack) as client:
            watch = await Watch(client, stack).open()
            before = watch.ingest('batches')

            steady = await flood(stack, watch, RATE, SECONDS)
            burst = await flood(stack, watch, BURST, BURST_SECONDS)
            needed = await recovery(watch, 60)

            for title, result in (('steady', steady), ('burst', burst)):
                print('F5 ' + describe(result, title))
            sent = steady.messages + burst.messages + len(steady.delays) + len(burst.delays)
            await client.until(
                lambda: watch.ingest('batches') + watch.ingest('dropped') - before >= sent, 60, 'every message to be counted'
            )
            assert watch.ingest('dropped') == 0
            # A list has eight lives of three events each; each mark is one event.
            marks = len(steady.delays) + len(burst.delays)
            assert watch.ingest('events') >= (steady.messages + burst.messages) * LIST + marks
            handles = [sample.descriptors for sample in steady.samples]
            assert max(handles) - min(handles) <= 2
            assert steady.delay(0.5) <= 1 and needed <= 20
    finally:
        stack.stop()
