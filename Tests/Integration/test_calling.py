"""Commands over HTTP and from a shell: the same checks, keys and evidence as over the socket."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness.process import outer_environment
from harness.stack import Stack, unique
from harness.waiting import wait_for
from harness.workers import WorkerSpec

Json = dict[str, Any]
NODE = 'a@celeriac.test'


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder, [WorkerSpec(name='a', queues=('q',), concurrency=2)]).start()
    yield stack
    stack.stop()


@pytest.fixture
def token(stack: Stack) -> str:
    """Each test is a caller of its own: how often one may call is limited."""
    return stack.running_gateway.token('admin', unique('caller'))


@pytest.fixture
def http(stack: Stack, token: str) -> Iterator[httpx.Client]:
    headers = {'authorization': f'Bearer {token}'}
    with httpx.Client(base_url=stack.running_gateway.base_url, headers=headers, timeout=10) as client:
        yield client


def celeriac(stack: Stack, token: str | None, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    gateway = stack.running_gateway
    environment = {**outer_environment(), 'CELERIAC_URL': gateway.base_url}
    if token:
        environment['CELERIAC_TOKEN'] = token
    return subprocess.run(
        [str(gateway.binary), *arguments], capture_output=True, text=True, timeout=60, env=environment, input=text, check=False
    )


# Over HTTP --------------------------------------------------------------------------------------------------------------------


def post(http: httpx.Client, name: str, body: Any, key: str | None = None) -> httpx.Response:
    return http.post(f'/api/celery/commands/{name}', json=body, headers={'idempotency-key': key or unique('key')})


def ended(http: httpx.Client, answer: httpx.Response) -> Json:
    assert answer.status_code == 202, answer.text
    assert answer.headers['location'] == f'/api/celery/commands/{answer.json()["id"]}'

    def row() -> Json | None:
        found: Json = http.get(answer.headers['location']).json()
        return found if found['state'] not in {'accepted', 'sent'} else None

    return wait_for(row, 20, 'the end of the command')


@pytest.mark.parametrize(
    ('name', 'body'),
    [
        ('worker.ping', {'all': True}),
        ('worker.report', {'workers': [NODE]}),
        ('task.run', {'task': 'math.add', 'args': [1, 2], 'queue': 'q'}),
        ('task.group', {'tasks': [{'task': 'math.add', 'args': [1, 2]}], 'queue': 'q', 'deadlineMs': 9000}),
        ('worker.rateLimit', {'workers': [NODE], 'task': 'math.add', 'limit': '50/s'}),
        ('queue.purge', {'queue': 'empty', 'expect': {'messagesMax': 0}}),
    ],
)
def test_each_command_has_its_resource(http: httpx.Client, name: str, body: Json) -> None:
    row = ended(http, post(http, name, body))
    assert row['state'] == 'confirmed' and row['cmd'] == name and row['evidence'], row


def test_a_command_may_be_named_in_the_body(http: httpx.Client) -> None:
    body = {'cmd': 'worker.ping', 'args': {'workers': [NODE]}}
    row = ended(http, http.post('/api/celery/commands', json=body, headers={'idempotency-key': unique('key')}))
    assert row['state'] == 'confirmed' and row['cmd'] == 'worker.ping', row


def test_what_is_refused_before_it_is_looked_at_is_in_the_audit(http: httpx.Client, stack: Stack) -> None:
    path = '/api/celery/commands/worker.ping'
    assert http.post(path, json={'all': True}).status_code == 400
    headers = {'idempotency-key': unique('key'), 'content-type': 'application/json'}
    assert http.post(path, content=b'{"all"', headers=headers).status_code == 400
    gateway = stack.running_gateway
    lines = gateway.cli('audit', 'list', '--json', '--limit', '1000', '--data', str(gateway.data)).stdout.splitlines()
    refused = [
        line['detail'] for line in map(json.loads, lines) if (line['action'], line['outcome']) == ('worker.ping', 'refused')
    ]
    assert 'it came without an Idempotency-Key' in refused and 'its body is not the JSON we take' in refused, refused


def test_the_catalog_names_every_command(http: httpx.Client) -> None:
    commands = http.get('/api/celery/catalog').json()['commands']
    names = [command['name'] for command in commands]
    assert len(names) == len(set(names)) >= 20 and {'task.run', 'worker.ping', 'queue.purge'} <= set(names)
    (run,) = [command for command in commands if command['name'] == 'task.run']
    assert run['roles'] == ['operator', 'admin', 'bot'] and run['evidence']
    assert {parameter['name']: parameter['required'] for parameter in run['parameters']}['task'] is True


@pytest.mark.parametrize(
    ('name', 'body', 'status', 'said'),
    [
        ('worker.election', {}, 404, 'unknown command'),
        ('worker.ping', {}, 400, 'args.workers'),
        ('worker.ping', {'all': True, 'nonsense': 1}, 400, 'args.nonsense is not known'),
        ('worker.ping', [1], 400, ''),
        ('queue.purge', {'queue': 'q', 'expect': {'messagesMax': -1}}, 400, 'messagesMax'),
        ('queue.purge', {'queue': 'unacked'}, 400, 'key that Celery needs'),
        ('task.retry', {'id': 'nobody-knows'}, 412, 'nothing is known'),
    ],
)
def test_a_wrong_command_is_a_problem_document(http: httpx.Client, name: str, body: Any, status: int, said: str) -> None:
    answer = post(http, name, body)
    assert answer.status_code == status and answer.headers['content-type'] == 'application/problem+json', answer.text
    assert said in answer.json()['detail']


def test_a_key_is_needed_and_holds(http: httpx.Client) -> None:
    key, body = unique('key'), {'task': 'math.add', 'args': [1, 2], 'queue': 'q'}
    assert http.post('/api/celery/commands/task.run', json=body).status_code == 400
    first = post(http, 'task.run', body, key)
    again = post(http, 'task.run', body, key)
    other = post(http, 'task.run', {**body, 'args': [2, 2]}, key)
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 409)
    assert again.json()['id'] == first.json()['id'] and again.json()['duplicate'] is True


def test_roles_hold_over_http_too(stack: Stack) -> None:
    gateway = stack.running_gateway
    for role, status in [('viewer', 403), ('bot', 403), ('operator', 403), ('admin', 202)]:
        headers = {'authorization': f'Bearer {gateway.token(role, unique(role))}', 'idempotency-key': unique('key')}
        answer = httpx.post(f'{gateway.base_url}/api/celery/commands/queue.purge', json={'queue': 'empty'}, headers=headers)
        assert answer.status_code == status, (role, answer.text)


# From a shell -----------------------------------------------------------------------------------------------------------------


def test_run_waits_and_ends_with_0_if_confirmed(stack: Stack, token: str) -> None:
    done = celeriac(stack, token, 'run', 'math.add', '--args', '[40, 2]', '--queue', 'q', '--wait')
    assert done.returncode == 0, done
    assert 'math.add: confirmed' in done.stdout and f'on {NODE}' in done.stdout and not done.stderr


def test_call_prints_the_row_and_the_answers(stack: Stack, token: str) -> None:
    done = celeriac(stack, token, 'call', 'worker.report', '{"all": true}', '--wait')
    assert done.returncode == 0 and 'broker_url' in done.stdout, done
    done = celeriac(stack, token, 'call', 'worker.ping', '--json', '-', '--wait', '--raw', text=json.dumps({'workers': [NODE]}))
    row = json.loads(done.stdout)
    assert done.returncode == 0 and row['state'] == 'confirmed' and f'{NODE}: pong' in row['evidence']


def test_run_passes_every_option_on(stack: Stack, token: str) -> None:
    options = [
        '--soft-time-limit',
        '20',
        '--time-limit',
        '30',
        '--shadow',
        unique('shown'),
        '--no-ignore-result',
        '--expires',
        '60',
    ]
    options += ['--exchange', 'q', '--routing-key', 'q', '--headers', '{"tenant": "north"}', '--priority', '3']
    done = celeriac(stack, token, 'run', 'request.describe', *options, '--wait', '--raw')
    row = json.loads(done.stdout)
    assert done.returncode == 0 and row['state'] == 'confirmed', done
    # Before its end, the record of a task that is tracked holds its process.
    ended = wait_for(lambda: r if (r := stack.result(row['taskId']) or {}).get('status') == 'SUCCESS' else None, 20, 'its end')
    result = ended['result']
    assert result['timelimit'] == [30, 20] and result['headers']['tenant'] == 'north', result
    assert result['shadow'] == options[5] and result['expires'] and result['ignore_result'] is False, result
    assert result['priority'] == 3, result


def result_of(stack: Stack, task: str) -> Any:
    return wait_for(lambda: r if (r := stack.result(task) or {}).get('status') == 'SUCCESS' else None, 20, f'the end of {task}')[
        'result'
    ]


def step(row: Json, name: str) -> str:
    """The id of a later step, as the evidence tells it."""
    (found,) = [line.removeprefix(f'then {name}, ') for line in row['evidence'] if line.startswith(f'then {name}, ')]
    return str(found)


def run(stack: Stack, token: str, *arguments: str) -> Json:
    done = celeriac(stack, token, 'run', *arguments, '--wait', '--raw')
    assert done.returncode == 0, done
    row: Json = json.loads(done.stdout)
    return row


def test_a_chain_is_run_step_by_step(stack: Stack, token: str, folder: Path) -> None:
    trace = folder / 'trace'
    last = f'files.write("{trace}", text="over") queue=q immutable'
    row = run(stack, token, 'math.add(2, 3) queue=q', '--chain', 'math.add(10) queue=q priority=0', '--chain', last)
    assert row['cmd'] == 'task.run' and result_of(stack, row['taskId']) == 5, row
    assert result_of(stack, step(row, 'math.add')) == 15
    assert result_of(stack, step(row, 'files.write')) == 5 and trace.read_text() == 'over\n'


def test_a_group_and_a_chord_are_run_side_by_side(stack: Stack, token: str) -> None:
    row = run(stack, token, 'math.add(1, 1)', '--group', 'math.add(2, 2)', '--group', 'math.add(3, 3)', '--queue', 'q')
    assert row['cmd'] == 'task.group' and row['target'] == '3 tasks in a group', row
    row = run(stack, token, 'math.add(1, 1)', '--group', 'math.add(2, 2)', '--chord', 'reports.sum queue=q', '--queue', 'q')
    assert row['cmd'] == 'task.chord' and result_of(stack, step(row, 'reports.sum')) == 6, row


@pytest.mark.parametrize(
    ('task', 'option', 'said'), [('math.add(1, 1)', '--link', 'ended'), ('billing.charge("broken")', '--link-error', 'failed')]
)
def test_callbacks_are_called(stack: Stack, token: str, folder: Path, task: str, option: str, said: str) -> None:
    trace, other = folder / 'trace', folder / 'other'
    never = '--link' if option == '--link-error' else '--link-error'
    callback = f"files.write('{trace}', '{said}') queue=q immutable"
    run(stack, token, task, '--queue', 'q', option, callback, never, callback.replace('trace', 'other'))
    wait_for(lambda: trace.exists() and trace.read_text() == said + '\n', 20, f'{option} to be called')
    assert not other.exists()


@pytest.mark.parametrize('option', ['--countdown', '--eta'])
def test_a_task_waits_for_its_time(stack: Stack, token: str, option: str) -> None:
    due = time.time() + 2
    given = '2' if option == '--countdown' else datetime.fromtimestamp(due, UTC).isoformat()
    result = result_of(stack, run(stack, token, 'request.describe', '--queue', 'q', option, given)['taskId'])
    # Celery's timer may be some milliseconds early.
    assert datetime.fromisoformat(result['eta']).timestamp() >= due - 0.01 and result['at'] >= due - 0.1, (due, result)


@pytest.mark.parametrize('place', ['positional', 'option', 'standard input'])
def test_the_arguments_of_call_come_in_three_ways(stack: Stack, token: str, place: str) -> None:
    text = json.dumps({'workers': [NODE]})
    given = {'positional': [text], 'option': ['--json', text], 'standard input': ['-']}[place]
    done = celeriac(stack, token, 'call', 'worker.ping', *given, '--wait', text=text)
    assert done.returncode == 0 and f'{NODE}: pong' in done.stdout, done


def test_what_is_not_confirmed_ends_with_1(stack: Stack, token: str) -> None:
    done = celeriac(stack, token, 'run', 'math.add', '--queue', unique('nobody'), '--wait', '--deadline', '1')
    assert done.returncode == 1 and ': unknown' in done.stdout and 'because: no worker has reported' in done.stdout, done
    done = celeriac(stack, token, 'call', 'worker.restart', '--json', json.dumps({'workers': [NODE]}), '--wait')
    assert done.returncode == 1 and ': rejected' in done.stdout and 'to change: set worker_pool_restarts' in done.stdout, done


def test_without_wait_it_ends_when_the_command_is_taken(stack: Stack, token: str) -> None:
    done = celeriac(stack, token, 'run', 'math.add', '--queue', unique('nobody'))
    assert done.returncode == 0 and ': sent' in done.stdout, done


def test_without_wait_what_was_rejected_already_ends_with_1(stack: Stack, token: str) -> None:
    command = ['call', 'worker.restart', json.dumps({'workers': [NODE]}), '--key', unique('key')]
    first = celeriac(stack, token, *command, '--wait')
    again = celeriac(stack, token, *command)
    assert first.returncode == again.returncode == 1 and ': rejected' in again.stdout, (first, again)


@pytest.mark.parametrize(
    ('state', 'code', 'waited'),
    [
        ('accepted', 0, None),
        ('sent', 0, None),
        ('confirmed', 0, 0),
        ('partial', 1, 1),
        ('rejected', 1, 1),
        ('failed', 1, 1),
        ('unknown', 1, 1),
    ],
)
def test_the_state_decides_how_it_ends(stack: Stack, token: str, state: str, code: int, waited: int | None) -> None:
    with limited(0, '0', state) as (url, _):
        call = ['call', 'worker.ping', '{"all": true}', '--url', url]
        assert celeriac(stack, token, *call).returncode == code
        if waited is not None:
            assert celeriac(stack, token, *call, '--wait').returncode == waited


def test_the_same_key_runs_once(stack: Stack, token: str, folder: Path) -> None:
    trace, key = folder / 'trace', unique('key')
    command = ['run', 'files.write', '--args', json.dumps([str(trace), 'ran']), '--queue', 'q', '--key', key, '--wait']
    first, again = celeriac(stack, token, *command), celeriac(stack, token, *command)
    assert first.returncode == again.returncode == 0 and first.stdout.split()[0] == again.stdout.split()[0]
    wait_for(trace.exists, 10, 'the task to run')
    assert trace.read_text() == 'ran\n'


@pytest.mark.parametrize(
    ('arguments', 'code', 'said'),
    [
        (['call', 'worker.ping', '--json', '{'], 64, 'not JSON'),
        (['call', 'worker.ping', '--json', '[]'], 64, 'must be a JSON object'),
        (['call', 'worker.ping', '{'], 64, "what follows the command's name is not JSON"),
        (['call', 'worker.ping', '{}', '--json', '{}'], 64, 'give the arguments once'),
        (['run', 'math.add', '--headers', '[1]'], 1, 'args.headers'),
        (['run', 'math.add', '--exchange', 'none-such'], 1, 'no queue is bound'),
        (['run', 'math.add', '--queue', 'q', '--exchange', 'q'], 1, 'args.'),
        (['run', 'math.add', '--soft-time-limit', '3', '--time-limit', '2'], 1, 'args.softTimeLimit'),
        (['call', 'no.such'], 1, 'unknown command no.such'),
        (['call', 'worker.ping'], 1, 'args.workers'),
        (['run', 'math.add', '--priority', '11'], 1, 'args.priority'),
        (['run', 'math.add(1'], 64, "the task 'math.add(1': misses the ) after its arguments"),
        (['run', 'math.add(1)', '--args', '[1]'], 64, 'give args once: with the task, or with --args'),
        (['run', 'math.add() immutable'], 64, 'has no result before it'),
        (['run', 'math.add', '--chain', 'x(a)'], 64, "--chain 'x(a)': argument 1 is neither JSON nor a Python literal"),
        (['run', 'math.add', '--chord', ''], 64, 'must begin with the name of a task'),
        (['run', 'math.add', '--group', 'x', '--link', 'y'], 64, '--link is for one task'),
        (['run', 'math.add', '--chord', 'x', '--chain', 'y'], 64, '--chain is for one task'),
        (['run', 'math.add', '--url', 'nonsense'], 64, 'is no URL'),
        (['run', 'math.add', '--url', 'http://127.0.0.1:1'], 1, 'no answer from http://127.0.0.1:1'),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else str(value)[:20],
)
def test_refusals_are_told_on_stderr(stack: Stack, token: str, arguments: list[str], code: int, said: str) -> None:
    done = celeriac(stack, token, *arguments)
    assert done.returncode == code and said in done.stderr and not done.stdout, done
    assert token not in done.stderr


def test_a_token_comes_from_a_file_or_the_environment(stack: Stack, token: str, folder: Path) -> None:
    file = folder / 'token'
    file.write_text(token + '\n')
    ping = ['call', 'worker.ping', '--json', '{"all": true}', '--wait']
    assert celeriac(stack, None, *ping).returncode == 64
    assert celeriac(stack, None, *ping, '--token-file', str(file)).returncode == 0
    assert celeriac(stack, None, *ping, '--token-file', '-', text=token).returncode == 0
    assert 'refused (401)' in celeriac(stack, 'clr_wrong', *ping).stderr


@contextlib.contextmanager
def limited(refusals: int, wait: str, state: str = 'confirmed') -> Iterator[tuple[str, list[str]]]:
    """A server that refuses so many commands with 429; gives its address and the keys that came."""
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers['content-length']))
            keys.append(self.headers['idempotency-key'])
            taken = len(keys) > refusals
            self.say(202 if taken else 429, {'id': 'c1'} if taken else {'detail': 'too many commands'})

        def do_GET(self) -> None:
            self.say(200, {'id': 'c1', 'cmd': 'worker.ping', 'target': 'all', 'state': state})

        def say(self, status: int, body: Json) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header('retry-after', wait)
            self.send_header('content-length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_address[1]}', keys
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ('refusals', 'wait', 'code', 'sent'), [(5, '0', 0, 6), (6, '0', 1, 6), (1, '16', 1, 1), (1, 'soon', 1, 1), (1, '-1', 1, 1)]
)
def test_what_came_too_often_is_sent_again_when_it_may(
    stack: Stack, token: str, refusals: int, wait: str, code: int, sent: int
) -> None:
    with limited(refusals, wait) as (url, keys):
        done = celeriac(stack, token, 'call', 'worker.ping', '{"all": true}', '--wait', '--url', url)
    assert done.returncode == code and len(keys) == sent and len(set(keys)) == 1, done
    assert ('confirmed' in done.stdout) if code == 0 else ('refused (429) too many commands' in done.stderr)


def test_commands_are_explained_offline(stack: Stack) -> None:
    done = stack.running_gateway.cli('commands', 'task.chord')
    assert done.returncode == 0 and done.stdout.startswith('## `task.chord`') and '| `body` |' in done.stdout
    assert stack.running_gateway.cli('commands', 'nonsense').returncode == 64
