"""A paused queue stays paused: over restarts of its workers and of the gateway, and against who adds a consumer; resumed, it is as before."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness.client import GatewayClient, RpcError
from harness.fixtures import ConnectClient
from harness.rows import Table
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import Worker, WorkerSpec

Json = dict[str, Any]
POOLS = ('prefork', 'solo', 'threads', 'gevent')
FIELDS = ('pausedBy', 'pausedAt', 'pauseReason', 'resumeAt', 'stillConsuming')


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [WorkerSpec(name=pool, pool=pool, queues=(f'q-{pool}', f'other-{pool}'), concurrency=1) for pool in POOLS]
    stack = Stack(module_folder, specs).start(gateway_options=('--inspect-interval', '1'))
    yield stack
    stack.stop()


async def outside(condition: Callable[[], Any], what: str, timeout: float = 40) -> Any:
    return await asyncio.to_thread(wait_for, condition, timeout, what)


async def kill_gateway(stack: Stack) -> None:
    await asyncio.to_thread(stack.running_gateway.kill)


async def start_gateway(stack: Stack) -> None:
    await asyncio.to_thread(stack.running_gateway.start)


def consumed(stack: Stack, node: str) -> dict[str, Json] | None:
    """What a worker consumes, asked with Celery's own client; None if it does not answer."""
    answer = stack.app.control.inspect([node], timeout=3).active_queues()
    return {queue['name']: queue for queue in answer[node]} if answer and node in answer else None


async def comes_to(stack: Stack, node: str, queue: str, *, consuming: bool) -> Json:
    def told() -> tuple[Json] | None:
        queues = consumed(stack, node)
        return (queues,) if queues is not None and (queue in queues) == consuming else None

    queues: Json = (await outside(told, f'{node} {"" if consuming else "not "}to consume {queue}'))[0]
    return queues


def succeeded(stack: Stack, tasks: list[str]) -> int:
    return sum(1 for task in tasks if (stack.result(task) or {}).get('status') == 'SUCCESS')


async def confirmed(client: GatewayClient, command: str, *evidence: str, **args: Any) -> Json:
    row: Json = await client.command(command, args, timeout=60)
    assert row['state'] == 'confirmed', row
    told = '\n'.join(row['evidence'])
    assert all(part in told for part in evidence), (evidence, told)
    return row


async def shown(client: GatewayClient, queues: Table, queue: str, state: str) -> Json:
    return await client.until(
        lambda: row if (row := queues.get(queue)) and row['state'] == state else None, 30, f'{queue} to be {state}'
    )


async def launched(stack: Stack, spec: WorkerSpec) -> Worker:
    return await asyncio.to_thread(stack.start_worker, spec)


async def restarted(worker: Worker) -> None:
    """As after the kernel killed it: no goodbye, the same name."""
    await asyncio.to_thread(worker.kill)
    await asyncio.to_thread(worker.start)


def database(stack: Stack) -> sqlite3.Connection:
    (file,) = stack.running_gateway.data.glob('*.sqlite')
    connection = sqlite3.connect(file, timeout=10)
    connection.execute('PRAGMA foreign_keys = ON')
    return connection


def is_recorded(stack: Stack, queue: str) -> bool:
    with database(stack) as connection:
        return bool(list(connection.execute('SELECT * FROM pausedQueues WHERE queue = ?', (queue,))))


# Pause and resume -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pool', POOLS)
async def test_messages_wait_while_their_queue_is_paused(stack: Stack, connect: ConnectClient, pool: str) -> None:
    queue, node = f'q-{pool}', f'{pool}@celeriac.test'
    before = await comes_to(stack, node, queue, consuming=True)
    async with connect(stack, 'operator') as client:
        queues, alerts = await client.subscribe('queues'), await client.subscribe('alerts')
        await client.until(lambda: node in (queues.get(queue) or {}).get('workers', []), 30, 'its consumer to be known')

        row = await confirmed(
            client, 'queue.pause', f'{node}: active_queues does not show {queue}', 'recorded: ', queue=queue, reason='maintenance'
        )

        assert row['target'] == f'queue {queue}' and not row.get('silent'), row
        paused = await shown(client, queues, queue, 'paused')
        assert paused['pausedBy'] == row['by'] and paused['pausedAt'] == row['at'] and paused['pauseReason'] == 'maintenance'
        assert 'resumeAt' not in paused and 'stillConsuming' not in paused
        tasks = [stack.send('math.add', number, 1, queue=queue) for number in range(5)]
        other = stack.send('math.add', 40, 2, queue=f'other-{pool}')
        await outside(lambda: succeeded(stack, [other]), 'a task of another queue of that worker')
        assert stack.queue_length(queue) == 5 and succeeded(stack, tasks) == 0
        await client.until(lambda: (queues.get(queue) or {}).get('depth') == 5, 20, 'its depth')
        assert not [a for a in alerts.rows.values() if a['subject'] == f'queue {queue}'], 'nobody is missed at a paused queue'

        await confirmed(client, 'queue.resume', f'{node}: active_queues shows {queue}', queue=queue)

        await outside(lambda: succeeded(stack, tasks) == 5, 'the messages to be run')
        resumed = await shown(client, queues, queue, 'ok')
        assert not [field for field in FIELDS if field in resumed], resumed
    assert (await comes_to(stack, node, queue, consuming=True))[queue] == before[queue]
    await outside(lambda: not is_recorded(stack, queue), 'nothing to be kept of a queue that is consumed again')


async def test_a_queue_with_an_exchange_of_its_own_comes_back_with_it(stack: Stack, connect: ConnectClient) -> None:
    """One declared in task_queues, and one that only add_consumer has made: that is gone with the process, and given back."""
    queue, added = unique('topic'), unique('added')
    conf = {'task_queues': {queue: {'exchange': 'letters', 'exchange_type': 'topic', 'routing_key': 'letter.#'}}}
    worker = await launched(stack, WorkerSpec(name=unique('topics'), queues=(queue,), env={'FLEET_CONF': json.dumps(conf)}))
    route = {'exchange': 'stamps', 'exchangeType': 'topic', 'routingKey': 'stamp.#'}
    async with connect(stack) as client:
        await confirmed(client, 'worker.addConsumer', workers=[worker.node], queue=added, **route)
        before = await comes_to(stack, worker.node, added, consuming=True)
        assert before[queue]['exchange']['name'] == 'letters' and before[added]['exchange']['name'] == 'stamps'
        for name in (queue, added):
            await confirmed(client, 'queue.pause', f'{worker.node}: active_queues does not show {name}', queue=name)
        await restarted(worker)
        await comes_to(stack, worker.node, queue, consuming=False)

        for name in (queue, added):
            await confirmed(client, 'queue.resume', f'{worker.node}: active_queues shows {name}', queue=name)

    assert await comes_to(stack, worker.node, added, consuming=True) == before
    for exchange, key in (('letters', 'letter.new'), ('stamps', 'stamp.new')):
        assert stack.redis().exists(f'_kombu.binding.{exchange}'), f'a message to {exchange} with {key} finds its queue'
    worker.kill()


async def test_a_worker_that_started_during_the_pause_is_resumed_too(stack: Stack, connect: ConnectClient) -> None:
    queue = unique('nobody')
    async with connect(stack, 'operator') as client:
        queues, workers = await client.subscribe('queues'), await client.subscribe('workers')
        # Who has not said what it consumes may consume it, and is told.
        await client.until(
            lambda: all('queues' in (workers.get(f'{pool}@celeriac.test') or {}) for pool in POOLS), 30, 'what they consume'
        )
        row = await confirmed(
            client,
            'queue.pause',
            'no worker consumes it now',
            'no worker, message or binding of a queue of this name',
            queue=queue,
        )
        assert 'sentAt' not in row or row['sentAt'] <= row['endedAt']
        await shown(client, queues, queue, 'paused')
        tasks = [stack.send('math.add', 1, 1, queue=queue) for _ in range(3)]
        worker = await launched(stack, WorkerSpec(name=unique('late'), queues=(queue, unique('other'))))
        await comes_to(stack, worker.node, queue, consuming=False)
        waiting = [stack.send('math.add', 1, 1, queue=queue) for _ in range(3)]

        await confirmed(client, 'queue.resume', f'{worker.node}: active_queues shows {queue}', queue=queue)

        await outside(lambda: succeeded(stack, tasks + waiting) == 6, 'all of them to be run')
    worker.kill()


async def test_a_consumer_that_is_cancelled_meanwhile_is_not_given_back(stack: Stack, connect: ConnectClient) -> None:
    queue, node = unique('cancelled'), 'threads@celeriac.test'
    async with connect(stack, 'operator') as client:
        await confirmed(client, 'worker.addConsumer', workers=[node], queue=queue)
        await confirmed(client, 'queue.pause', queue=queue)
        await confirmed(client, 'worker.cancelConsumer', workers=[node], queue=queue)

        await confirmed(client, 'queue.resume', 'no worker was seen to consume it', queue=queue)

    await comes_to(stack, node, queue, consuming=False)


# Restarts ---------------------------------------------------------------------------------------------------------------------

PREFETCHED = 4
"""Tasks per slot that Celery takes in advance (worker_prefetch_multiplier)."""


@pytest.mark.parametrize('late', [True, False], ids=['acks_late', 'acks_early'])
@pytest.mark.parametrize('pool', POOLS)
async def test_a_paused_queue_stays_paused_when_its_worker_restarts(
    stack: Stack, connect: ConnectClient, pool: str, late: bool
) -> None:
    """What slips through until the new process hears of it is not more than it takes in advance.

    That is `PREFETCHED` for each slot; a task that is acknowledged when it starts makes room for one more.
    """
    queue, slots, count, starts = unique('killed'), 1 if pool == 'solo' else 2, 100, 3
    bound = (PREFETCHED if late else PREFETCHED + 1) * slots
    env = {'FLEET_CONF': json.dumps({'task_acks_late': late})}
    worker = await launched(stack, WorkerSpec(name=unique(pool), pool=pool, queues=(queue,), concurrency=slots, env=env))
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        await client.until(lambda: worker.node in (queues.get(queue) or {}).get('workers', []), 30, 'its consumer to be known')
        await confirmed(client, 'queue.pause', f'{worker.node}: active_queues does not show {queue}', queue=queue)
        tasks = [stack.send('time.sleep', 0.3, queue=queue) for _ in range(count)]
        assert stack.queue_length(queue) == count
        leaks = []
        for _ in range(starts):
            left = stack.queue_length(queue)
            await restarted(worker)
            await comes_to(stack, worker.node, queue, consuming=False)
            leaks.append(left - stack.queue_length(queue))

        paused = await shown(client, queues, queue, 'paused')
        await client.until(lambda: 'stillConsuming' not in (queues.get(queue) or {}), 20, 'nobody to consume it')
        print(f'\nleak per start of a {pool} worker with {slots} slots, late {late}: {leaks}, bound {bound}')
        assert max(leaks) <= bound, leaks
        assert paused['state'] == 'paused'
        await confirmed(client, 'queue.resume', f'{worker.node}: active_queues shows {queue}', queue=queue)
        await outside(lambda: succeeded(stack, tasks) > sum(leaks), 'the rest to be taken')
    worker.kill()


@dataclass
class Guests:
    """A worker of each pool, with a queue of its own to pause (the first) and another one."""

    stack: Stack
    workers: list[Worker]

    @classmethod
    async def start(cls, stack: Stack) -> Guests:
        specs = [WorkerSpec(name=unique(pool), pool=pool, queues=(unique('q'), unique('other'))) for pool in POOLS]
        return cls(stack, list(await asyncio.gather(*[launched(stack, spec) for spec in specs])))

    @property
    def queues(self) -> dict[str, str]:
        return {worker.node: worker.spec.queues[0] for worker in self.workers}

    def fill(self, count: int, seconds: float) -> None:
        self.stack.redis().delete(*self.queues.values())
        for queue in self.queues.values():
            for _ in range(count):
                self.stack.send('time.sleep', seconds, queue=queue)

    def waiting(self) -> dict[str, int]:
        return {worker.spec.pool: self.stack.queue_length(worker.spec.queues[0]) for worker in self.workers}

    async def restart(self) -> None:
        await asyncio.gather(*map(restarted, self.workers))

    async def stop_consuming(self) -> None:
        """Waits until none of them consumes its first queue."""
        await asyncio.gather(*[comes_to(self.stack, node, queue, consuming=False) for node, queue in self.queues.items()])

    async def hold_nothing(self) -> None:
        nodes = list(self.queues)
        inspect = self.stack.app.control.inspect(nodes, timeout=3)

        def idle() -> bool:
            held = [question() or {} for question in (inspect.active, inspect.reserved)]
            return all(answer.get(node) == [] for answer in held for node in nodes)

        await outside(idle, 'what they have taken to be over')

    async def run_others(self) -> None:
        """Waits until each has run a task of its other queue: what it was about to take before is taken, or put back."""
        tasks = [self.stack.send('math.add', 40, 2, queue=worker.spec.queues[1]) for worker in self.workers]
        await outside(lambda: succeeded(self.stack, tasks) == len(tasks), 'tasks of other queues')


STOPPED_SECONDS = 30
"""So soon after a gateway is ready nobody consumes a paused queue any more: about one, and the rest for a busy machine."""


async def test_a_paused_queue_stays_paused_when_the_gateway_is_killed(stack: Stack, connect: ConnectClient) -> None:
    """The next one knows of it, holds workers that start to it, and stops those that have started while there was none."""
    guests, rows = await Guests.start(stack), {}
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        known = guests.queues.items()
        await client.until(
            lambda: all(node in (queues.get(queue) or {}).get('workers', []) for node, queue in known), 30, 'their consumers'
        )
        for node, queue in guests.queues.items():
            told = f'{node}: active_queues does not show {queue}'
            rows[queue] = await confirmed(client, 'queue.pause', told, queue=queue, reason='night')
    await kill_gateway(stack)
    guests.fill(20, seconds=2)
    await start_gateway(stack)
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        for queue, row in rows.items():
            paused = await shown(client, queues, queue, 'paused')
            assert (paused['pausedBy'], paused['pausedAt']) == (row['by'], pytest.approx(row['at']))
            assert paused['pauseReason'] == 'night'
    await guests.run_others()
    assert guests.waiting() == dict.fromkeys(POOLS, 20), 'no gateway, and the queues are paused all the same'

    await guests.restart()
    await guests.stop_consuming()
    leaks = {pool: 20 - count for pool, count in guests.waiting().items()}
    print(f'\nleak per start of a worker under the next gateway: {leaks}, bound {PREFETCHED + 1}')
    assert max(leaks.values()) <= PREFETCHED + 1, leaks

    await kill_gateway(stack)
    guests.fill(120, seconds=0.5)
    await guests.restart()
    await outside(lambda: max(guests.waiting().values()) < 120, 'all to consume: there is nobody to stop them')
    await start_gateway(stack)
    ready = time.monotonic()
    await guests.stop_consuming()
    stopped = time.monotonic() - ready
    await guests.hold_nothing()
    await guests.run_others()
    left = guests.waiting()
    await guests.run_others()
    print(f'left of 120 by workers that started without a gateway: {left}; they stopped {stopped:.1f} s after it was ready')
    assert stopped <= STOPPED_SECONDS and guests.waiting() == left and min(left.values()) > 0, (stopped, left)

    guests.fill(0, seconds=0)
    async with connect(stack, 'operator') as client:
        for node, queue in guests.queues.items():
            await confirmed(client, 'queue.resume', f'{node}: active_queues shows {queue}', queue=queue)
    for worker in guests.workers:
        worker.kill()


async def test_what_was_recorded_is_done_although_the_gateway_was_killed_right_after(stack: Stack) -> None:
    """A kill between the record and its effect leaves just the rows: they are written here as the command writes them."""
    queue, node = 'q-gevent', 'gevent@celeriac.test'
    await comes_to(stack, node, queue, consuming=True)
    await kill_gateway(stack)
    with database(stack) as connection:
        connection.execute("INSERT INTO pausedQueues (queue, pausedBy, at) VALUES (?, 'ops', ?)", (queue, time.time()))
        connection.execute('INSERT INTO pausedConsumers (queue, worker) VALUES (?, ?)', (queue, node))
    await start_gateway(stack)
    await comes_to(stack, node, queue, consuming=False)

    await kill_gateway(stack)
    with database(stack) as connection:
        connection.execute('UPDATE pausedQueues SET resumedAt = ? WHERE queue = ?', (time.time(), queue))
    await start_gateway(stack)

    await comes_to(stack, node, queue, consuming=True)
    await outside(lambda: not is_recorded(stack, queue), 'nothing to be kept of it')


# The end of a pause -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('down', [False, True])
async def test_a_pause_ends_at_its_time(stack: Stack, connect: ConnectClient, down: bool) -> None:
    queue, node = unique('timed'), 'prefork@celeriac.test'
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        await confirmed(client, 'worker.addConsumer', workers=[node], queue=queue)
        end = time.time() + 3
        when = {'seconds': 3} if down else {'resumeAt': datetime.fromtimestamp(end, UTC).isoformat()}
        await confirmed(client, 'queue.pause', 'recorded: it stays paused until 20', queue=queue, **when)
        paused = await shown(client, queues, queue, 'paused')
        assert paused['resumeAt'] == pytest.approx(end, abs=2)
        task = stack.send('math.add', 1, 1, queue=queue)
        if down:
            await kill_gateway(stack)
            await outside(lambda: time.time() > paused['resumeAt'], 'its end')
            assert stack.queue_length(queue) == 1
            await asyncio.to_thread(stack.running_gateway.start)

    async with connect(stack, 'operator') as client:
        commands = await client.subscribe('commands')

        def ended() -> Json | None:
            found = [r for r in commands.rows.values() if r['cmd'] == 'queue.resume' and r['target'] == f'queue {queue}']
            return found[0] if found and found[0]['state'] == 'confirmed' else None

        row = await client.until(ended, 40, 'the gateway to resume it')
        assert row['by'] == 'gateway' and row['at'] >= paused['resumeAt'], row
        assert any(line.startswith('the pause by ') for line in row['evidence']), row
        await outside(lambda: succeeded(stack, [task]), 'the message to be run')


# Drift ------------------------------------------------------------------------------------------------------------------------


async def test_who_consumes_a_paused_queue_is_shown_and_told_again(stack: Stack, connect: ConnectClient) -> None:
    queue, node = unique('drift'), 'threads@celeriac.test'
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        await confirmed(client, 'worker.addConsumer', workers=[node], queue=queue)
        await confirmed(client, 'queue.pause', queue=queue)
        await shown(client, queues, queue, 'paused')

        stack.app.control.add_consumer(queue, destination=[node])

        drift = await client.until(
            lambda: row if 'stillConsuming' in (row := queues.get(queue) or {}) else None, 30, 'the drift to be shown'
        )
        assert drift['stillConsuming'] == [node] and drift['state'] == 'paused'
        await client.until(lambda: 'stillConsuming' not in (queues.get(queue) or {}), 30, 'the drift to end')
        await comes_to(stack, node, queue, consuming=False)
        await confirmed(client, 'queue.resume', f'{node}: active_queues shows {queue}', queue=queue)


async def test_a_worker_that_does_not_hear_is_told_of_in_an_alert(stack: Stack, connect: ConnectClient) -> None:
    """A solo worker does one thing at a time: the pause is unknown until its task is over, and confirmed then."""
    queue, node = 'q-solo', 'solo@celeriac.test'
    async with connect(stack, 'operator') as client:
        queues, alerts = await client.subscribe('queues'), await client.subscribe('alerts')
        commands = await client.subscribe('commands')
        await client.until(lambda: node in (queues.get(queue) or {}).get('workers', []), 30, 'its consumer to be known')
        task = stack.send('time.sleep', 16, queue=queue)
        await client.until(lambda: (queues.get(queue) or {}).get('active') == 1, 20, 'its task to run')

        row = await client.command('queue.pause', {'queue': queue}, deadline_ms=1500)

        assert row['state'] == 'unknown' and row['silent'] == [node] and 'after its task' in row['reason'], row
        assert any('1 running' in line for line in row['evidence']), row
        assert (await shown(client, queues, queue, 'paused'))['stillConsuming'] == [node]
        alert = await client.until(lambda: alerts.get(f'queue-pause-drift:queue {queue}'), 30, 'the alert')
        assert alert['severity'] == 'warning' and node in alert['detail'] and f'still consumes {queue}' in alert['detail'], alert
        await client.until(lambda: 'stillConsuming' not in (queues.get(queue) or {}), 40, 'the drift to end')
        late = await client.until(
            lambda: r if (r := commands.get(row['id'])) and r['state'] == 'confirmed' else None, 30, 'late proof'
        )
        assert f'{node}: active_queues does not show {queue}' in late['evidence']
        await client.until(lambda: alerts.get(f'queue-pause-drift:queue {queue}') is None, 20, 'the alert to go')
        assert succeeded(stack, [task]) == 1
        await confirmed(client, 'queue.resume', f'{node}: active_queues shows {queue}', queue=queue)


# What is refused --------------------------------------------------------------------------------------------------------------


async def test_what_makes_no_sense_is_refused(stack: Stack, connect: ConnectClient) -> None:
    queue, node = unique('refused'), 'prefork@celeriac.test'

    async def refused(client: GatewayClient, code: int, said: str, command: str, **args: Any) -> None:
        with pytest.raises(RpcError) as refusal:
            await client.submit(command, args)
        assert refusal.value.code == code and said in refusal.value.message, refusal.value

    async with connect(stack, 'operator') as client:
        await refused(client, 1010, f'queue {queue} is not paused', 'queue.resume', queue=queue)
        await refused(client, -32602, 'must be in the future', 'queue.pause', queue=queue, resumeAt='2020-01-01T00:00:00Z')
        assert not is_recorded(stack, queue)
        await confirmed(client, 'queue.pause', queue=queue)
        await refused(
            client, 1010, f'queue {queue} is paused; resume it first', 'worker.addConsumer', workers=[node], queue=queue
        )
        for role in ('viewer', 'bot'):
            async with connect(stack, role) as other:
                await refused(other, 1003, f'role {role} may not', 'queue.pause', queue=queue)
                await refused(other, 1003, f'role {role} may not', 'queue.resume', queue=queue)
        await confirmed(client, 'queue.resume', queue=queue)


async def test_the_same_key_pauses_once_and_a_new_one_replaces_the_pause(stack: Stack, connect: ConnectClient) -> None:
    queue, key, args = unique('same'), unique('key'), {'reason': 'first', 'seconds': 600}
    async with connect(stack, 'operator') as client:
        queues = await client.subscribe('queues')
        await confirmed(client, 'worker.addConsumer', workers=['prefork@celeriac.test'], queue=queue)
        first = await client.submit('queue.pause', {'queue': queue, **args}, key=key)
        commands = await client.subscribe('commands')
        await client.until(lambda: (commands.get(first['id']) or {}).get('state') == 'confirmed', 30, 'the end of the pause')
        await shown(client, queues, queue, 'paused')
        await confirmed(client, 'queue.resume', queue=queue)
        again = await client.submit('queue.pause', {'queue': queue, **args}, key=key)
        assert (again['command'], again['state'], again['duplicate']) == (first['command'], 'confirmed', True), again
        await shown(client, queues, queue, 'ok')

        await confirmed(client, 'queue.pause', queue=queue, **args)
        row = await confirmed(client, 'queue.pause', 'it was paused already, by ', queue=queue, reason='second')

        paused = await client.until(
            lambda: r if (r := queues.get(queue) or {}).get('pauseReason') == 'second' else None, 20, 'the second pause'
        )
        assert paused['pausedAt'] == row['at'] and 'resumeAt' not in paused
        await confirmed(client, 'queue.resume', f'prefork@celeriac.test: active_queues shows {queue}', queue=queue)
