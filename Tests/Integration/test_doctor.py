"""The doctor: a Redis and workers that are set wrong on purpose. Each finding is shown as an alert and printed by `celeriac check`,
says what to change, and goes away once that is done."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.redis_server import RedisServer
from harness.relay import Relay
from harness.rows import Table
from harness.skew import skewed
from harness.stack import Stack
from harness.waiting import wait_for
from harness.workers import WorkerSpec

WRONG_REDIS = [
    *('--maxmemory', '512mb', '--maxmemory-policy', 'allkeys-lru'),
    *('--client-output-buffer-limit', 'pubsub 4mb 1mb 60'),
]
QUIET, THREADED, SKEWED, LATE = (f'{name}@celeriac.test' for name in ('quiet', 'threaded', 'skewed', 'late'))

EXPECTED = {
    'maxmemory-policy:broker': 'error',
    'output-buffer-limit:broker': 'warning',
    'no-persistence:broker': 'warning',
    'reply-keys-leak:broker': 'warning',
    'queue-unconsumed:queue nobody': 'error',
    f'events-off:worker {QUIET}': 'warning',
    f'clock-skew:worker {SKEWED}': 'warning',
    f'pool-cannot-terminate:worker {THREADED}': 'info',
    f'pool-restarts-off:worker {QUIET}': 'info',
    f'sent-events-off:worker {LATE}': 'info',
    f'visibility-timeout:worker {LATE}': 'warning',
    f'visibility-timeout:worker {SKEWED}': 'warning',
}
LONG = {'task_acks_late': True, 'task_time_limit': 7_200}
SHORT = {'task_acks_late': True, 'task_time_limit': 3_599}
"""A time limit that ends a task before the usual visibility timeout of an hour does no harm."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    specs = [
        WorkerSpec('quiet', queues=('q-quiet',), events=False),
        WorkerSpec('threaded', pool='threads', queues=('q-threaded',), env={'FLEET_CONF': json.dumps(SHORT)}),
        WorkerSpec('skewed', pool='threads', queues=('q-skewed',), env={**skewed('+1h'), 'FLEET_CONF': json.dumps(LONG)}),
        WorkerSpec(
            'late',
            queues=('q-late',),
            pool_restarts=True,
            env={'FLEET_CONF': json.dumps({'task_acks_late': True, 'task_send_sent_event': False})},
        ),
    ]
    stack = Stack(module_folder, specs, redis_options=WRONG_REDIS).start(gateway=False)
    yield stack
    stack.stop()


def forget_answers(stack: Stack) -> bytes:
    """A program that asks all workers and is killed while one of them sleeps: that one's answer lies there for ever."""
    client = stack.redis()
    sleeper = stack.workers['threaded'].process
    assert sleeper
    sleeper.signal(signal.SIGSTOP)
    heard = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    heard.subscribe('/0.celery.pidbox')
    try:
        code = (
            'import sys; from celery import Celery; app = Celery(broker=sys.argv[1]); '
            'print("asking", flush=True); app.control.inspect(timeout=60).ping()'
        )
        asker = subprocess.Popen([sys.executable, '-c', code, stack.broker], stdout=subprocess.PIPE)
        assert asker.stdout and asker.stdout.readline()
        binding = b'_kombu.binding.reply.celery.pidbox'
        members = wait_for(lambda: client.smembers(binding), 20, 'the asker to bind its list')
        # What counts is that the question is out, and that one answer is still to come when the asker ends.
        wait_for(lambda: heard.get_message(timeout=0.1), 20, 'the question to be asked')
        asker.kill()
        asker.wait()
    finally:
        heard.close()
        sleeper.signal(signal.SIGCONT)
    member = members.pop()
    assert isinstance(member, bytes)
    name = member.split(b'\x06\x16')[-1]
    wait_for(lambda: client.exists(name), 20, 'the late answer')
    # As if an hour had passed.
    content = client.dump(name)
    assert content is not None
    client.restore(name, 0, content, replace=True, idletime=3600)
    return name


def severities(alerts: Table) -> dict[str, str]:
    return {row['id']: row['severity'] for row in alerts}


def missing(found: dict[str, Any], expected: dict[str, str] = EXPECTED) -> dict[str, str]:
    return {key: value for key, value in expected.items() if found.get(key) != value}


class Busy:
    """Keeps the quiet worker processing, so that missing events can be noticed."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.done.wait(0.3):
            self.stack.send('math.add', 1, 1, queue='q-quiet')

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join(10)


async def test_what_is_wrong_is_shown_printed_and_goes_away(stack: Stack, connect: ConnectClient) -> None:
    stack.send('math.add', 1, 1, queue='nobody')
    # A gateway that runs looks for such answers once a minute; one that starts, at once.
    leaked = await asyncio.to_thread(forget_answers, stack)
    stack.gateway = Gateway(stack.broker, stack.folder, backend=stack.backend)
    await asyncio.to_thread(lambda: stack.running_gateway.launch().wait_listening().wait_ready())

    async with connect(stack) as client:
        alerts = await client.subscribe('alerts')
        with Busy(stack):
            await client.until(lambda: not missing(severities(alerts)), 90, lambda: f'the alerts {missing(severities(alerts))}')
            for row in alerts:
                assert row['title'] and row['detail'] and row['fix'] and row['since'] > 0, row
            assert alerts.get(f'visibility-timeout:worker {THREADED}') is None
            words = {node: (alerts.get(f'visibility-timeout:worker {node}') or {})['detail'] for node in (LATE, SKEWED)}
            assert 'have no time limit' in words[LATE] and 'may run 2 h' in words[SKEWED], words

            # The command line says the same.
            done = await asyncio.to_thread(
                stack.running_gateway.cli,
                'check',
                '--broker',
                stack.broker,
                '--result-backend',
                stack.backend,
                '--json',
                timeout=60,
            )
            said = json.loads(done.stdout)
            printed = {f'{each["rule"]}:{each["subject"]}': each['severity'] for each in said['findings']}
            assert not missing(printed), f'not printed: {missing(printed)}; {printed}'
            assert all(each['fix'] for each in said['findings'])
            assert done.returncode == 1 and said['ok'] is False
            assert set(said['workers']) == {QUIET, THREADED, SKEWED, LATE}

            text = await asyncio.to_thread(
                stack.running_gateway.cli, 'check', '--broker', stack.broker, '--seconds', '0', timeout=30
            )
            assert text.returncode == 1
            for rule in ('maxmemory-policy', 'no-persistence', 'output-buffer-limit', 'reply-keys-leak', 'queue-unconsumed'):
                assert rule in text.stdout, text.stdout
            assert 'maxmemory-policy noeviction' in text.stdout

            # What the alert offers puts it right at once.
            row = alerts.get(f'events-off:worker {QUIET}') or {}
            assert row['offer'] == 'worker.enableEvents' and row['workers'] == [QUIET]
            given = await client.command(row['offer'], {'workers': row['workers']})
            assert given['state'] == 'confirmed', given
            await client.until(lambda: alerts.get(row['id']) is None, 30, 'the alert to go away once events are on')

        # Put right, one by one.
        redis = stack.redis()
        redis.config_set('maxmemory-policy', 'noeviction')
        redis.config_set('client-output-buffer-limit', 'pubsub 33554432 8388608 60')
        redis.config_set('appendonly', 'yes')
        redis.delete(leaked)
        redis.delete('nobody')
        for name in ('skewed', 'late', 'threaded'):
            await asyncio.to_thread(stack.workers[name].stop)
        lasting = {f'pool-restarts-off:worker {QUIET}'}
        # The next look for forgotten answers is up to a minute away: `check` below looks at once.
        gone = set(EXPECTED) - lasting - {'reply-keys-leak:broker'}
        await client.until(
            lambda: not gone & set(severities(alerts)), 60, lambda: f'the alerts to go away: {gone & set(severities(alerts))}'
        )
    done = await asyncio.to_thread(
        stack.running_gateway.cli, 'check', '--broker', stack.broker, '--json', '--seconds', '0', timeout=30
    )
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said['ok'] is True, done.stdout
    left = {f'{each["rule"]}:{each["subject"]}' for each in said['findings']}
    assert not left & (gone | {'reply-keys-leak:broker'}), left
    print(f'{len(EXPECTED)} findings shown, printed and gone')


async def test_publishers_that_announce_nothing_are_found(folder: Path, connect: ConnectClient) -> None:
    """Whatever the workers' settings say: what counts is what came before the tasks that ended."""
    stack = Stack(folder, [WorkerSpec('taker', queues=('q-taker',))]).start()
    silent = Celery(broker=stack.broker, set_as_current=False)
    try:
        async with connect(stack) as client:
            alerts = await client.subscribe('alerts')

            def told() -> str:
                return str((alerts.get('sent-events-off:publishers') or {}).get('detail', ''))

            for _ in range(20):
                silent.send_task('math.add', args=(1, 1), queue='q-taker')
            await client.until(told, 40, 'the alert')
            assert told().startswith('Tasks become known only when a worker receives them'), told()
            for _ in range(21):
                stack.send('math.add', 1, 1, queue='q-taker')
            await client.until(lambda: not told(), 40, 'the alert to go')
    finally:
        silent.close()
        stack.stop()


def test_check_ends_well_where_only_hints_are_left(folder: Path) -> None:
    server = RedisServer(folder / 'redis', durable=True).start()
    try:
        done = Gateway('', folder).cli('check', '--broker', server.url(), '--json', '--seconds', '0')
        said = json.loads(done.stdout)
        assert done.returncode == 0 and said['ok'] is True, done.stdout
        assert said['findings'] == [] and said['servers'][0]['version']
    finally:
        server.stop()


def test_a_redis_before_6_2_is_an_error(folder: Path) -> None:
    """There is no old server here: a relay makes this one call itself 6.0.16."""
    server = RedisServer(folder / 'redis', durable=True).start()
    version = str(server.client().info('server')['redis_version'])
    old = '6.0.16'.ljust(len(version), '0')[: len(version)]
    assert len(old) == len(version) and old.startswith('6.0.')
    relay = Relay(
        server.port, lambda piece: piece.replace(b'redis_version:' + version.encode(), b'redis_version:' + old.encode())
    )
    try:
        done = Gateway('', folder).cli('check', '--broker', f'redis://127.0.0.1:{relay.port}/0', '--json', '--seconds', '0')
        found = {each['rule']: each for each in json.loads(done.stdout)['findings']}
        assert found['redis-old']['severity'] == 'error' and '6.0.1' in found['redis-old']['detail'], done.stdout
        assert done.returncode == 1
    finally:
        relay.stop()
        server.stop()
