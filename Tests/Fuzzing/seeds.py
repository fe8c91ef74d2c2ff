"""Makes the first inputs of the corpora from what the tests have captured of Celery, and from the transcripts.

python3 Tests/Fuzzing/seeds.py          then bin/fuzz all --keep, which keeps those that reach code of their own
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'bin' / 'tools'))

import fuzz  # noqa: E402

FIXTURES = ROOT / 'Tests' / 'Fixtures'
SEED_BYTES = 2048


def sample(name: str) -> Any:
    return json.loads((FIXTURES / 'celery' / f'{name}.json').read_text())['sample']


def frames(side: str) -> Iterator[bytes]:
    for file in sorted((FIXTURES / 'transcripts').glob('*.json')):
        for frame in json.loads(file.read_text())['frames']:
            if side in frame:
                yield json.dumps(frame[side]).encode()
    if side == 'client':
        for line in (ROOT / 'docs' / 'client-protocol.md').read_text().splitlines():
            if line.startswith(('C {', '> {')):
                yield line[2:].encode()


def messages() -> Iterator[bytes]:
    for name in ('poison_messages', 'handmade_canvas', 'minimal_task_variants'):
        for entry in sample(name).values():
            if isinstance(entry, dict) and 'message' in entry:
                yield json.dumps(entry['message']).encode()
    for entry in sample('unacked')['HGETALL unacked'].values():
        yield json.dumps([entry[0], *entry[1:]]).encode()
    for entry in sample('results').values():
        yield (entry.get('value_raw') or '').encode()
    for entry in sample('control_replies').values():
        if isinstance(entry, dict):
            yield from (json.dumps(reply).encode() for reply in entry.get('replies', []))
    yield from (b"('a', 1, {'k': None, 'x': [1.5, True]})", b"(b'\\x00', 'it''s')", b'{"a": "\\ud800"}')


def events() -> Iterator[bytes]:
    for entry in sample('event_envelopes').values():
        yield b'\0' + entry['redis_payload_raw'].encode()
    for event in sample('events_by_type').values():
        yield b'\1' + json.dumps(event).encode()
        yield b'\1' + json.dumps([event, event]).encode()


def pushes() -> Iterator[bytes]:
    def bulk(*parts: bytes) -> bytes:
        return b''.join(b'$%d\r\n%s\r\n' % (len(part), part) for part in parts)

    yield b'\3*4\r\n' + bulk(b'pmessage', b'celeryev*', b'celeryev/worker', b'{}')
    yield b'\3*3\r\n' + bulk(b'message', b'probe', b'12') + b'*3\r\n' + bulk(b'message', b'other', b'12')
    yield b'\5*3\r\n' + bulk(b'psubscribe', b'a*') + b':1\r\n*2\r\n' + bulk(b'pong', b'')
    yield b'\0-NOPERM this user has no permissions\r\n'
    yield b'\0*3\r\n' + bulk(b'subscribe', b'probe') + b':2\r\n'


def deflated() -> Iterator[bytes]:
    """Compressed messages without their last four bytes, whole and not."""
    for level in (0, 1, 9):
        for text in (b'', b'a', b'{"jsonrpc":"2.0"}' * 3, bytes(300), bytes(range(256)), bytes(70_000), b'ab' * 32_768):
            deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
            whole = (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
            yield from (whole, whole[: len(whole) // 2], whole + b'\0')
    yield bytes.fromhex('f348cdc9c9070000')
    yield b'\xff\xff\xff'


FILTERS = (
    '["eq","state","STARTED"]', '["in","queue",["a","b",3,null,true]]', '["and",["eq","id","a"],["range","seen",1,3.5]]',
    '["prefix","note","a"]', '["or",["eq","state","a"],["not",["contains","*","x"]]]', '["and"]', '["eq","seen",3.0]',
    '["and",["eq","seen",3],["eq","seen",3.5]]', '["range","state","a",null]', '["in","args",[]]',
)  # fmt: skip

URLS = (
    'redis://:{s}@h/1', 'redis://user:{s}@h:6380/1', 'redis://:{s}@a;redis://:{s}@b', 'redis://:a/{s}@h', 'redis://:{s}@h:x/1',
    'rediss://:{s}@h/0?ssl_cert_reqs=none', 'redis+socket://:{s}@/run/redis.sock?virtual_host=2', 'sentinel://:{s}@s1;sentinel://s2',
    'redis://:{s}@h/#x', 'redis://%zz:{s}@h', 'redis://h/:{s}@', 'redis://a?b=:{s}@c', ':{s}@', 'redis://[::1:{s}@]',
)  # fmt: skip

REQUESTS = (
    '/api/celery/tasks\nstate=STARTED,RETRY&queue=mail&limit=50', '/api/celery/tasks\nlimit=10&after=1.5:abc&view=flower',
    '/a/../b%2Fc//d\na=b&a=c', '/\u00e9/\u4e2d\nn=%00', '/x\ngzip;q=0, *;q=0.1', '/y\nx-gzip', '/z\nidentity, *;q=0', '/\xff\n=', '/\n',
)  # fmt: skip

HEADERS = (
    'permessage-deflate', 'permessage-deflate; client_max_window_bits', 'permessage-deflate; server_max_window_bits=15',
    'permessage-deflate; server_max_window_bits=9, permessage-deflate; client_max_window_bits=10', 'x-webkit-deflate-frame, permessage-deflate',
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover', 'permessage-deflate; a=b', 'permessage-deflate; "',
    'permessage-deflate, permessage-deflate; client_max_window_bits=16', '192.0.2.7', '192.0.2.7, 10.0.0.1', 'unknown, fd00::1', '[::1]:80',
    '::ffff:10.0.0.1, 203.0.113.9', '1.2.3.4:80, 10.0.0.9', 'https', ' HTTPS ', 'Bearer clr_a_b', 'bearer  x', 'Bearer ', 'Basic YTpi',
    'celeriac=abc', 'a=b; celeriac=abc; c=d', 'celeriac=abc; celeriac=planted', '__Host-celeriac=s', 'celeriac', 'http://gw.example:8555',
    'HTTP://GW.example:8555', 'http://gw.example:8555/', 'https://gw.example:8555', 'null', 'http://gw.example:8555.evil', '\u212a', '\x00',
)  # fmt: skip

STREAMS = (
    b'\x81\x02hi', b'\x01\x01h\x80\x01i', b'\x89\x00', b'\x88\x02\x03\xe8', b'\x88\x00', b'\x82\x01x', b'\x81\x7e\x00\x80' + b'a' * 128,
    b'\x81\x7f' + b'\xff' * 8, b'\x80\x00', b'\x81\x82aaaahi', b'\x09\x00', b'\x8a\x01x\x81\x00',
)  # fmt: skip

REPLIES = (
    b'+OK\r\n:-12\r\n$-1\r\n$0\r\n\r\n', b'$5\r\na\r\nbc\r\n*-1\r\n*0\r\n-ERR no\r\n', b'*3\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n-E\r\n',
    b'*1\r\n' * 9, b'*513\r\n', b'$1025\r\n', b'$99999999999999999999\r\n', b':9223372036854775807\r\n:9223372036854775808\r\n',
    b'%1\r\n', b'*2147483648\r\n', b'$-2\r\n', b'*-2\r\n', b':\r\n', b'+\r\n',
)  # fmt: skip


def seeds(target: str) -> Iterator[bytes]:
    """The first inputs of a target."""
    match target:
        case 'frame':
            yield from frames('client')
        case 'json':
            for data in (
                *frames('client'),
                *messages(),
                *frames('server'),
                b'[1e400, NaN, -Infinity, 1.5e-7, 12345678901234567890]',
            ):
                yield from (b'\0' + data, b'\1' + data)
        case 'event':
            yield from events()
        case 'message':
            yield from messages()
        case 'resp':
            yield from (bytes([size]) + data for size, data in enumerate(REPLIES))
        case 'push':
            yield from pushes()
        case 'filter':
            yield from (text.encode() for text in FILTERS)
        case 'url':
            yield from (url.encode() for url in (*sample('broker_urls'), *URLS))
        case 'request':
            yield from (text.encode() for text in REQUESTS)
        case 'header':
            yield from (text.encode() for text in HEADERS)
        case 'deflate':
            yield from deflated()
        case 'stream':
            yield from (bytes([size]) + data for size, data in enumerate(STREAMS))
        case _:
            sys.exit(f'seeds.py: no seeds for the target {target}')


def main() -> None:
    for target in fuzz.targets():
        folder = fuzz.SCRATCH / 'corpus' / target
        folder.mkdir(parents=True, exist_ok=True)
        first = [data for data in seeds(target) if len(data) <= SEED_BYTES]
        for number, data in enumerate(first):
            (folder / f'seed-{number:04}').write_bytes(data)
        print(f'{target}: {len(first)} seeds')


if __name__ == '__main__':
    main()
