"""The published contract: it is what is served, it names all that is spoken, and it only grows."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from harness.contract import CONTRACT, contract, fault, fault_of_request, fault_of_server, message_name, validator
from harness.contract_growth import shrunk
from harness.frame_judge import FrameJudge, take_faults
from harness.paths import FIXTURES
from harness.stack import Stack

TRANSCRIPTS = sorted((FIXTURES / 'transcripts').glob('*.json'))
PUBLISHED = sorted((FIXTURES / 'contract').glob('*.json'))


@pytest.fixture(scope='module')
def stack(module_folder: Path) -> Iterator[Stack]:
    stack = Stack(module_folder).start()
    yield stack
    stack.stop()


def test_it_is_served_without_a_credential(stack: Stack) -> None:
    answer = httpx.get(f'{stack.running_gateway.base_url}/schema/v1')

    assert answer.status_code == 200 and answer.headers['content-type'] == 'application/json'
    assert answer.json() == json.loads(CONTRACT.read_text())


def test_every_schema_is_a_schema() -> None:
    assert contract()['asyncapi'] == '3.0.0'
    for schema in contract()['components']['schemas'].values():
        jsonschema_rs.meta.validate({'$schema': 'https://json-schema.org/draft/2020-12/schema', **schema})
    for name in contract()['components']['messages']:
        assert validator(name) is not None


def test_every_reference_leads_somewhere() -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, list):
            return [found for element in part for found in references(element)]
        if isinstance(part, dict):
            own = [part['$ref']] if isinstance(part.get('$ref'), str) else []
            return own + [found for element in part.values() for found in references(element)]
        return []

    for reference in references(contract()):
        place: Any = contract()
        for step in reference.removeprefix('#/').split('/'):
            place = place[step]
        assert place


def test_every_method_of_the_gateway_is_in_it_and_no_other() -> None:
    """The gateway names its methods when it refuses one that it does not know."""
    source = (Path(__file__).parents[2] / 'Sources/WireFormats/Client/ClientFrame+Decoding.swift').read_text()
    listed = source.split('static let methods = [')[1].split(']')[0]
    methods = {word.strip().strip('"') for word in listed.split(',') if word.strip()}

    receiving = {
        operation['messages'][0]['$ref'].rsplit('/', 1)[1]
        for operation in contract()['operations'].values()
        if operation['action'] == 'receive'
    }
    assert receiving == {message_name(method) for method in methods} | {'SubAck'}


@pytest.mark.parametrize('file', TRANSCRIPTS, ids=lambda file: file.stem)
def test_golden_transcripts_speak_it(file: Path) -> None:
    asked: dict[Any, dict[str, Any]] = {}
    for entry in json.loads(file.read_text())['frames']:
        if frame := entry.get('client'):
            assert fault_of_request(frame) is None
            if 'id' in frame:
                asked[frame['id']] = frame
        elif frame := entry.get('server'):
            request = asked.pop(frame.get('id'), None)
            assert fault_of_server(frame, request['method'] if request else None) is None


@pytest.mark.parametrize(
    ('message', 'frame', 'place'),
    [
        ('SessionHb', {'jsonrpc': '2.0', 'method': 'session.hb', 'params': {'rev': 1}}, '/params'),
        ('SubOpen', {'jsonrpc': '2.0', 'id': 1, 'method': 'sub.open', 'params': {'sub': -1, 'topic': 'x'}}, '/params/sub'),
        ('SubClose', {'jsonrpc': '2.0', 'id': 1, 'method': 'sub.close', 'params': {'sub': 1, 'more': 1}}, '/params'),
        ('Refusal', {'jsonrpc': '2.0', 'id': 1, 'error': {'code': 1, 'message': 'x', 'data': {}}}, '/error'),
    ],
)
def test_what_is_not_in_it_is_found(message: str, frame: dict[str, Any], place: str) -> None:
    found = fault(message, frame)

    assert found and place in found


# Frames of a connection -----------------------------------------------------------------------------------------------------

HEARTBEAT = {'rev': 1, 't': 1, 'asOf': 1, 'ingest': 'ok', 'shed': 0}
CLOSE = {'jsonrpc': '2.0', 'id': 1, 'method': 'sub.close', 'params': {'sub': 1}}
GRANT = {'jsonrpc': '2.0', 'id': 1, 'result': {'sub': 1}}


def judged(*frames: tuple[str, Any]) -> list[str]:
    judge = FrameJudge()
    for side, frame in frames:
        if side == 'gateway':
            judge.received_text(json.dumps(frame))
        else:
            judge.sent_text(json.dumps(frame), is_wrong=side == 'wrong client')
    assert judge.judged == len(frames)
    return take_faults()


def test_what_both_say_as_the_contract_has_it_is_no_fault() -> None:
    heartbeat = {'jsonrpc': '2.0', 'method': 'session.hb', 'params': HEARTBEAT}

    assert judged(('client', CLOSE), ('gateway', heartbeat), ('gateway', GRANT), ('gateway', heartbeat)) == []


@pytest.mark.parametrize(
    ('frames', 'fault'),
    [
        ([('client', {**CLOSE, 'params': {}})], '"sub" is a required property'),
        ([('client', {**CLOSE, 'method': 'sub.none'})], 'no message SubNone'),
        ([('client', [CLOSE])], 'requests and acknowledgements only'),
        ([('gateway', {'jsonrpc': '2.0', 'method': 'session.hb', 'params': {}})], 'SessionHb at /params'),
        ([('gateway', {'jsonrpc': '2.0', 'method': 'session.hb', 'params': {**HEARTBEAT, 'more': 1}})], 'SessionHb at /params'),
        ([('gateway', GRANT)], 'nobody asked for it'),
        ([('client', CLOSE), ('gateway', GRANT), ('gateway', GRANT)], 'nobody asked for it'),
        ([('client', CLOSE), ('gateway', {**GRANT, 'result': {}})], 'SubCloseAnswer at /result'),
        ([('wrong client', {**CLOSE, 'params': {}}), ('gateway', GRANT)], 'granted, but SubClose at /params'),
        ([('gateway', [GRANT])], 'one object'),
    ],
)
def test_a_frame_that_is_not_in_the_contract_is_found(frames: list[tuple[str, Any]], fault: str) -> None:
    [found] = judged(*frames)

    assert fault in found


def test_what_is_wrong_on_purpose_is_no_fault_and_neither_is_its_refusal() -> None:
    refusal = {'jsonrpc': '2.0', 'id': 1, 'error': {'code': -32602, 'message': 'no', 'data': {'retry': False, 'retryAfterMs': 0}}}
    nothing = {**refusal, 'id': None}

    assert judged(('wrong client', {**CLOSE, 'params': {}}), ('gateway', refusal)) == []
    assert judged(('wrong client', [CLOSE]), ('gateway', nothing)) == []


def test_what_is_no_json_is_a_fault_unless_it_is_on_purpose() -> None:
    judge = FrameJudge()
    judge.received_text('no "method"')
    judge.received_text('no JSON')
    judge.sent_text('no JSON')
    judge.sent_text('no JSON', is_wrong=True)

    assert len(take_faults()) == 3


# Growth ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('file', PUBLISHED, ids=lambda file: file.stem)
def test_it_has_only_grown_since(file: Path) -> None:
    assert shrunk(json.loads(file.read_text()), contract()) == []


def test_there_is_a_published_one() -> None:
    assert PUBLISHED


def remove_message(new: dict[str, Any]) -> None:
    del new['components']['messages']['SubDelta']


def remove_property(new: dict[str, Any]) -> None:
    del new['components']['schemas']['SessionHb']['properties']['asOf']


def require_more_of_clients(new: dict[str, Any]) -> None:
    new['components']['schemas']['SubOpenParams']['required'].append('maxHz')


def promise_less(new: dict[str, Any]) -> None:
    new['components']['schemas']['SessionHb']['required'].remove('asOf')


def narrow_an_enum(new: dict[str, Any]) -> None:
    new['components']['schemas']['CommandStage']['enum'].remove('partial')


def another_type(new: dict[str, Any]) -> None:
    new['components']['schemas']['Cursor']['type'] = 'string'


@pytest.mark.parametrize(
    'change', [remove_message, remove_property, require_more_of_clients, promise_less, narrow_an_enum, another_type]
)
def test_what_is_no_growth_is_found(change: Any) -> None:
    changed = copy.deepcopy(contract())
    change(changed)

    assert shrunk(contract(), changed)


def test_additions_are_growth() -> None:
    grown = copy.deepcopy(contract())
    grown['components']['schemas']['SessionHb']['properties']['load'] = {'type': 'number'}
    grown['components']['schemas']['SubOpenParams']['properties']['hint'] = {'type': 'string'}
    grown['components']['messages']['SessionNews'] = {'payload': {}}

    assert shrunk(contract(), grown) == []
