"""`/metrics` is what Prometheus reads: valid, bounded, behind a credential, without a secret, and true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness.events import event, life, task_events
from harness.fixtures import ConnectClient
from harness.stack import Stack, unique
from harness.waiting import wait_for
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

HOSTILE = ['quote" and \\ and \n feed', '\u2028\x00', '*other*', '{le="1"} 5']
NAMES = 200
"""Task names that have figures of their own."""


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def scrape(stack: Stack, token: str) -> dict[str, Metric]:
    answer = httpx.get(f'{stack.running_gateway.base_url}/metrics', headers={'authorization': f'Bearer {token}'}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers['content-type'] == 'text/plain; version=0.0.4; charset=utf-8'
    families = list(text_string_to_metric_families(answer.text))
    names = [family.name for family in families]
    assert len(set(names)) == len(names), 'each family stands once'
    for family in families:
        assert family.documentation and family.type in {'counter', 'gauge', 'histogram'}, family.name
        samples = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
        assert len(set(samples)) == len(samples), f'{family.name}: a sample stands twice'
        if family.type == 'histogram':
            rising(family)
    return {family.name: family for family in families}


def rising(family: Metric) -> None:
    """The buckets of each histogram rise up to +Inf, which equals the count."""
    found: dict[tuple[tuple[str, str], ...], dict[str, list[tuple[float, float]]]] = {}
    for sample in family.samples:
        labels = {**sample.labels}
        bound = float(labels.pop('le', 'nan'))
        kind = sample.name.removeprefix(family.name)
        found.setdefault(tuple(sorted(labels.items())), {}).setdefault(kind, []).append((bound, sample.value))
    for parts in found.values():
        buckets = parts['_bucket']
        assert buckets == sorted(buckets) and buckets[-1][0] == float('inf')
        assert buckets[-1][1] == parts['_count'][0][1] and '_sum' in parts


def value(families: dict[str, Metric], family: str, /, **labels: str) -> float:
    found = [sample.value for sample in families[family].samples if sample.labels == labels]
    assert len(found) == 1, f'{family} {labels}: {families[family].samples}'
    return float(found[0])


async def test_what_prometheus_reads_is_what_happened(stack: Stack, connect: ConnectClient) -> None:
    token = stack.running_gateway.token('viewer', 'prometheus', '--topics', 'metrics')
    name, queue = unique('measured'), unique('measured-queue')
    tasks = [life(name, ending='task-failed' if number < 3 else 'task-succeeded') for number in range(10)]
    for number, told in enumerate(tasks):
        sent = event('task-sent', 'gen1@host', uuid=told[0]['uuid'], name=name, args='()', kwargs='{}', retries=0, queue=queue)
        told[1]['timestamp'] = told[0]['timestamp'] + 0.0019 * number
        told[2]['timestamp'] = told[0]['timestamp'] + 1
        stack.publish_raw(*task_events(sent, *told))

    async with connect(stack, role='operator') as client:
        stats = await client.subscribe('stats')
        row = await client.until(
            lambda: r if (r := stats.get(f'name:{name}')) and r.get('failed', 0) + r.get('succeeded', 0) == 10 else None,
            40,
            'ten ends',
        )
        # A worker tells how long a success took; a failure took from its start to its end.
        assert (row['runtimeP50'], row['runtimeP99'], row['waitP50']) == (0.01, 1.024, 0.008)
        loads = [load for load in stats if str(load['id']).startswith('load:') and load.get('name') == name]
        assert [(load['queue'], load['count'], load['counts'][3:5]) for load in loads] == [(queue, 10, [7, 3])]
        told_buckets = [bucket for bucket in stats if str(bucket['id']).startswith('latency:')]
        assert sum(bucket['waits'] for bucket in told_buckets) >= 10

        families = scrape(stack, token)
        assert value(families, 'celeriac_task_ends', name=name, state='FAILURE') == 3
        assert value(families, 'celeriac_task_ends', name=name, state='SUCCESS') == 7
        assert value(families, 'celeriac_sessions', role='operator') >= 1
        assert value(families, 'celeriac_sync_rows', topic='stats') >= 1
        counts = {s.name: s.value for s in families['celeriac_task_wait_seconds'].samples if s.labels == {'queue': queue}}
        assert counts['celeriac_task_wait_seconds_count'] == 10
        assert value(families, 'celeriac_frames_sent', kind='snapshot') >= 1
        lag = families['celeriac_delta_lag_seconds'].samples
        assert {'viewer', 'operator', 'admin', 'wall', 'bot'} >= {sample.labels['role'] for sample in lag}


def test_everything_that_the_design_lists_is_there(stack: Stack) -> None:
    """Protocol 2.16, but for the divergence of peers: there are none."""
    families = scrape(stack, stack.running_gateway.token('bot', 'lister'))
    assert families.keys() >= {
        *('celeriac_sessions', 'celeriac_handshakes', 'celeriac_handshakes_rejected', 'celeriac_closes'),
        *('celeriac_frames_sent', 'celeriac_frame_bytes_sent', 'celeriac_sync_frames_computed', 'celeriac_sync_frames_shared'),
        *('celeriac_sync_delta_starts', 'celeriac_delta_lag_seconds', 'celeriac_delta_lag_revisions', 'celeriac_unacked_bytes'),
        *('celeriac_delta_revisions', 'celeriac_sync_resets', 'celeriac_ingest_events', 'celeriac_ingest_state'),
        *('celeriac_broker_probe_seconds', 'celeriac_ingest_dropped', 'celeriac_ingest_gaps', 'celeriac_commands'),
        *('celeriac_audit_lag_seconds', 'process_resident_memory_bytes', 'celeriac_sockets'),
    }


def test_only_who_may_and_no_secret(stack: Stack) -> None:
    gateway = stack.running_gateway
    url = f'{gateway.base_url}/metrics'
    limited = gateway.token('operator', 'elsewhere', '--topics', 'stats')
    wall = gateway.token('wall', 'wall')
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={'authorization': f'Bearer {limited}'}).status_code == 403
    assert httpx.get(url, headers={'authorization': f'Bearer {wall}'}).status_code == 403
    allowed = gateway.token('viewer', 'reader')
    text = httpx.get(url, headers={'authorization': f'Bearer {allowed}'}).text
    for secret in (limited, wall, allowed, 'redis://'):
        assert secret not in text


def test_names_of_strangers_are_inert_and_bounded(stack: Stack) -> None:
    token = stack.running_gateway.token('viewer', 'bounds')
    for name in HOSTILE:
        stack.publish_raw(*task_events(*life(name)))
    for start in range(0, NAMES + 60, 20):
        stack.publish_raw(*task_events(*[told for number in range(start, start + 20) for told in life(f'many.{number}')]))

    def named() -> set[str] | None:
        names = {sample.labels['name'] for sample in scrape(stack, token)['celeriac_tasks_active'].samples}
        return names if len(names) == NAMES + 1 else None

    names = wait_for(named, 40, 'as many names as there may be')
    assert {*HOSTILE[:2], '*other*', HOSTILE[3]} <= names
