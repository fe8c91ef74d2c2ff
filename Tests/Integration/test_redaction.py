"""Secrets are planted wherever somebody may put one; then every byte that any role can get is searched for them (X11)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.client import RpcError
from harness.events import event, task_events
from harness.fixtures import ConnectClient
from harness.gateway import Gateway
from harness.redis_server import RedisServer
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

ROLES = ('viewer', 'operator', 'admin', 'wall', 'bot')
TOPICS = ('stats', 'workers', 'queues', 'commands', 'health', 'alerts', 'trash', 'audit')
MASK = '********'


class Needles:
    """Secrets, each with the place that it was put into."""

    def __init__(self) -> None:
        self.planted: list[str] = []

    def __call__(self, place: str) -> str:
        self.planted.append(unique(f'needle-{place}'))
        return self.planted[-1]

    def check(self, text: str, what: str) -> None:
        for needle in self.planted:
            place = text.find(needle)
            assert place < 0, f'{needle} is in {what}: …{text[max(0, place - 200) : place + 60]}…'


@pytest.fixture
def needle() -> Needles:
    return Needles()


@pytest.fixture
def stack(folder: Path, needle: Needles) -> Iterator[Stack]:
    stack = Stack(folder, [WorkerSpec('w')])
    try:
        stack.start(gateway=False)
        password = needle('broker')
        server: RedisServer = stack.redis_server
        administrator: Any = server.client()
        administrator.execute_command('ACL', 'SETUSER', 'u', 'on', f'>{password}', '~*', '&*', '+@all')
        url = f'redis://u:{password}@127.0.0.1:{server.port}'
        options = ['--log-level', 'trace', '--redact', 'standard,iban', '--sentinel-password', needle('config')]
        stack.gateway = Gateway(f'{url}/0', folder, backend=f'{url}/1', options=options)
        stack.gateway.launch().wait_listening()
        stack.gateway.wait_ready()
        yield stack
    finally:
        stack.stop()


def plant_tasks(stack: Stack, needle: Needles) -> tuple[str, str]:
    """Secrets in tasks: one that succeeds, one that fails; and in messages that wait, and in events that anybody sends."""
    kwargs = {
        'name': 'ada',
        'password': needle('kwarg'),
        'nested': [{'Api-Key': needle('nested'), 'my_IBAN': needle('own')}],
        'text': json.dumps({'token': needle('json')}),
        'url': f'redis://u:{needle("url")}@h/0',
        'headers': {'Authorization': f'Bearer {needle("header")}'},
    }
    good = stack.send('text.echo', f'access_token={needle("arg")}', kwargs=kwargs, headers={'authorization': needle('message')})
    bad = stack.send('billing.charge', kwargs={'problem': f'login with password={needle("exception")} failed'})
    stack.send('text.echo', kwargs={'password': needle('waiting')}, queue='nobody-consumes')
    progress = event('task-progress', uuid=good, meta={'secret': needle('progress')}, token=needle('custom'))
    stack.publish_raw(*task_events(progress))
    for task, state in ((good, 'SUCCESS'), (bad, 'FAILURE')):
        wait_for(lambda task=task, state=state: (stack.result(task) or {}).get('status') == state, 30, f'{state} of {task}')  # type: ignore[misc]
    return good, bad


async def everything(
    stack: Stack, connect: ConnectClient, role: str, token: str, paths: list[str], reads: list[tuple[str, dict[str, Any]]]
) -> tuple[str, list[str]]:
    """What somebody of a role gets over the socket, and over HTTP."""
    async with connect(stack, token=token) as client:
        for topic in TOPICS:
            try:
                await client.subscribe(topic)
            except RpcError as refusal:
                assert refusal.code == 1003, (role, topic)
        if role != 'wall':
            await client.view()
            for text in ('needle', MASK):
                await client.call('query', {'topic': 'tasks', 'where': ['contains', '*', text]})
            for form in ('celeriac', 'celery', 'cloudevents'):
                reader = await client.events(after='oldest', format=form)
                await client.until(lambda reader=reader: len(reader.items) >= 5, 20, f'the events as {form}')  # type: ignore[misc]
        for method, params in reads:
            try:
                await client.call(method, params)
            except RpcError as refusal:
                assert refusal.code == 1003, (role, method)
        told = json.dumps([frame.message for frame in client.frames if not frame.sent])
    headers = {'Authorization': f'Bearer {token}'}
    answers = []
    async with httpx.AsyncClient(base_url=stack.running_gateway.base_url, headers=headers, timeout=20) as http:
        for path in paths:
            answer = await http.get(path)
            assert answer.status_code in {200, 403, 404}, (role, path, answer.text)
            answers.append(f'{path} {answer.headers} {answer.text}')
    return told, answers


async def test_no_role_gets_any_secret_in_any_way(stack: Stack, connect: ConnectClient, needle: Needles) -> None:
    gateway = stack.running_gateway
    good, bad = await asyncio.to_thread(plant_tasks, stack, needle)
    tokens = {role: gateway.token(role, unique(role)) for role in ROLES}
    needle.planted += [*tokens.values()]
    password = needle('password')
    added = gateway.cli(
        'user', 'add', '--data', str(gateway.data), 'eve', '--role', 'viewer', '--password-stdin', given=f'{password}\n'
    )
    assert added.returncode == 0, added.stderr
    enrolled = gateway.cli('user', 'totp', '--data', str(gateway.data), 'eve')
    found = re.search(r'secret=([A-Z2-7]+)', enrolled.stdout)
    assert found, enrolled.stdout
    needle.planted.append(found.group(1))

    async with connect(stack, token=tokens['admin']) as admin:
        run = {'task': 'text.echo', 'args': [f'token={needle("given")}'], 'kwargs': {'password': needle('command')}}
        row = await admin.command('task.run', run)
        assert row['state'] == 'confirmed' and MASK in row['args']
        asked = await admin.command('task.query', {'ids': [good], 'all': True})
        report = await admin.command('worker.report', {'workers': ['w@celeriac.test']})
        # What was masked is not run again.
        with pytest.raises(RpcError) as refusal:
            await admin.submit('task.retry', {'id': good})
        assert refusal.value.code == 1010 and 'masked' in refusal.value.message
        with pytest.raises(RpcError):
            await admin.submit(f'password={needle("unknown")}', {})
    async with httpx.AsyncClient(base_url=gateway.base_url) as http:
        await http.post('/api/session', json={'name': 'eve', 'password': needle('wrong')})
        await http.post('/api/session', json={'name': f'token={needle("name")}', 'password': password})
        await http.get('/api/celery/stats', headers={'Authorization': f'Bearer {needle("token")}'})
        document = (await http.get('/api/openapi.json', headers={'Authorization': f'Bearer {tokens["admin"]}'})).json()

    ids = {'/tasks/': [good, bad], '/commands/': [row['id'], asked['id'], report['id']], '/trash/': ['x'], '/groups/': ['x']}
    names = {'/workers/': ['w@celeriac.test'], '/queues/': ['nobody-consumes']}
    paths = []
    for path, methods in document['paths'].items():
        if (
            'get' not in methods
            or path == '/api/session'
            or path.startswith(('/api/celery/plans/', '/api/oidc', '/api/session/'))
        ):
            continue
        values = next((values for part, values in {**ids, **names}.items() if part in path and '{' in path), [''])
        paths += [re.sub(r'\{[a-z]+\}', value, path) for value in values]
    paths += [f'/api/celery/tasks/{task}?view=flower' for task in (good, bad)]
    paths += ['/api/celery/tasks?view=flower', '/api/celery/workers/w@celeriac.test?view=flower', '/metrics', '/schema/v1']

    reads: list[tuple[str, dict[str, Any]]] = [('queue.messages', {'queue': 'nobody-consumes'})]
    reads += [('cmd.read', {'id': command}) for command in ids['/commands/']]

    told: dict[str, str] = {}
    for role, token in tokens.items():
        told[role], answers = await everything(stack, connect, role, token, paths, reads)
        needle.check(told[role], f'what {role} is told over the socket')
        for answer in answers:
            needle.check(answer, f'what {role} is told by HTTP')
    # It was all there, without the secrets: who may see texts has seen them.
    for word in ("'name': 'ada'", "'password': " + MASK, 'login with password=' + MASK):
        assert json.dumps(word)[1:-1] in told['admin'] and json.dumps(word)[1:-1] not in told['viewer'], word

    listed = gateway.cli('audit', 'list', '--data', str(gateway.data), '--json')
    needle.check(listed.stdout + listed.stderr, 'the audit')
    checked = gateway.cli('check', '--broker', gateway.broker, *gateway.options, '--json')
    needle.check(checked.stdout + checked.stderr, 'celeriac check')
    stack.stop()
    assert gateway.process
    needle.check(gateway.process.output(), 'the log')
