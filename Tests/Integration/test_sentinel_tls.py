"""Sentinels and a master that speak TLS only: `broker_use_ssl` and `sentinel_kwargs` in Celery, two flags here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from harness.certificates import Authority
from harness.gateway import Gateway
from harness.process import ManagedProcess
from harness.redis_server import free_port
from harness.waiting import wait_for

MASTER = 'secure'


@dataclass
class Place:
    """A master and one Sentinel, both without any plain port."""

    master: int
    sentinel: int
    authority: Authority
    stranger: Authority
    folder: Path

    def check(self, sentinel: str, master: str) -> tuple[int, dict[str, Any]]:
        options = ['--sentinel-master', MASTER]
        options += ['--sentinel-ssl', sentinel] if sentinel else []
        options += ['--sentinel-master-ssl', master] if master else []
        url = f'sentinel://127.0.0.1:{self.sentinel}/0'
        done = Gateway('', self.folder).cli('check', '--broker', url, *options, '--json', '--seconds', '0')
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope='module')
def place(module_folder: Path) -> Iterator[Place]:
    authority, stranger = Authority(module_folder, 'ca'), Authority(module_folder, 'stranger')
    certificate, key = authority.sign('server')
    tls = ['--tls-cert-file', str(certificate), '--tls-key-file', str(key), '--tls-ca-cert-file', str(authority.certificate)]
    tls += ['--tls-auth-clients', 'no', '--port', '0']
    master, sentinel = free_port(), free_port()
    data = module_folder / 'data'
    data.mkdir()
    command = ['redis-server', '--tls-port', str(master), '--bind', '127.0.0.1', '--dir', str(data), '--save', '', *tls]
    processes = [ManagedProcess('redis', command, data / 'redis.log')]
    file = module_folder / 'sentinel.conf'
    lines = ['bind 127.0.0.1', f'tls-port {sentinel}', 'port 0', 'tls-replication yes', 'tls-auth-clients no']
    lines += [f'tls-cert-file {certificate}', f'tls-key-file {key}', f'tls-ca-cert-file {authority.certificate}']
    lines += [f'sentinel monitor {MASTER} 127.0.0.1 {master} 1', f'dir {module_folder}']
    file.write_text('\n'.join(lines) + '\n')
    try:
        processes[0].wait_output('Ready to accept connections', 15)
        processes.append(ManagedProcess('sentinel', ['redis-sentinel', str(file)], module_folder / 'sentinel.log'))

        def is_watched() -> bool:
            try:
                watcher: Any = redis.Redis(port=sentinel, ssl=True, ssl_ca_certs=str(authority.certificate), socket_timeout=5)
                return 'down' not in watcher.sentinel_master(MASTER)['flags']
            except redis.RedisError:
                return False

        wait_for(is_watched, 30, 'the Sentinel to watch the master')
        yield Place(master, sentinel, authority, stranger, module_folder)
    finally:
        for process in processes:
            process.kill()


def test_both_ways_are_encrypted_and_verified(place: Place) -> None:
    trust = f'ssl_cert_reqs=required&ssl_ca_certs={place.authority.certificate}'
    code, said = place.check(trust, trust)
    assert code == 0 and said['servers'][0]['ok'] is True and said['servers'][0]['version'], said


@pytest.mark.parametrize('kind', ['plain to the Sentinel', 'plain to the master', 'unknown Sentinel', 'unknown master'])
def test_what_is_missing_is_told(place: Place, kind: str) -> None:
    trust = f'ssl_cert_reqs=required&ssl_ca_certs={place.authority.certificate}'
    wrong = f'ssl_cert_reqs=required&ssl_ca_certs={place.stranger.certificate}'
    sentinel, master = {
        'plain to the Sentinel': ('', trust),
        'plain to the master': (trust, ''),
        'unknown Sentinel': (wrong, trust),
        'unknown master': (trust, wrong),
    }[kind]
    code, said = place.check(sentinel, master)
    assert code == 1 and said['servers'][0]['ok'] is False, said
    if kind.startswith('unknown'):
        assert 'certificate' in said['servers'][0]['reason'], said


def test_parameters_in_the_url_are_refused(place: Place) -> None:
    url = f'sentinel://127.0.0.1:{place.sentinel}/0?ssl_cert_reqs=required'
    done = Gateway('', place.folder).cli('check', '--broker', url, '--sentinel-master', MASTER, '--json', '--seconds', '0')
    assert done.returncode != 0 and '--sentinel-master-ssl' in done.stdout + done.stderr, (done.stdout, done.stderr)
