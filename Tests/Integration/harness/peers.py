"""Servers that fan messages out over WebSockets, ours among them; each is started as its makers say, on one core."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .fan_out import CORE_OF_CLIENT, CORE_OF_SERVER, SOURCES, Entrance, FanOut, build, fan_out, on_core
from .gateway import Gateway
from .machine import pin
from .paths import ROOT
from .process import ManagedProcess
from .redis_server import RedisServer, free_port
from .waiting import NotReachedError, wait_for

LISTENING = r'listening on \S+:(\d+)'
STARTING = 30
DEBIAN = ('nginx', 'libnginx-mod-nchan', 'nats-server', 'mosquitto', 'node-ws')
PYPI = ('picows==2.3.1', 'websockets==17.4', 'socketify==0.0.31')
PLACE = ROOT / '.build' / 'peers'
"""Debian's packages are unpacked here, and nowhere else: nothing is installed, and none of their services starts."""
PYTHON = ROOT / '.venv-bench' / 'bin' / 'python'


class MissingError(Exception):
    """A peer that is not here, and why."""


def fetch_packages() -> list[str]:
    """Gets what is missing of the peers, once. Gives back what could not be had."""
    failed = []
    if not (PLACE / 'done').exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        print(f'unpacking {", ".join(DEBIAN)} in {PLACE.relative_to(ROOT)} …', flush=True)
        failed += [name for name in DEBIAN if not unpack(name)]
        if not failed:
            (PLACE / 'done').touch()
    if not PYTHON.exists():
        print(f'installing {", ".join(PYPI)} in {PYTHON.parents[1].name} …', flush=True)
        subprocess.run([sys.executable, '-m', 'venv', str(PYTHON.parents[1])], check=True)
    installing = [str(PYTHON), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', *PYPI]
    if subprocess.run(installing, check=False).returncode:
        failed.append(' '.join(PYPI))
    return failed


def unpack(name: str) -> bool:
    """A Debian package with all that it needs and the machine has not."""
    archives = PLACE / f'{name}-archives'
    (archives / 'partial').mkdir(parents=True, exist_ok=True)
    command = ['apt-get', '-qq', '-y', '--no-install-recommends', '--download-only', '-o', f'Dir::Cache::archives={archives}']
    command += ['-o', 'Debug::NoLocking=1', 'install', name]
    if shutil.which('apt-get') is None or subprocess.run(command, check=False).returncode:
        return False
    return all(
        not subprocess.run(['dpkg-deb', '-x', str(archive), str(PLACE)], check=False).returncode
        for archive in archives.glob('*.deb')
    )


def program(name: str) -> str:
    """A peer's program: the unpacked one, or the system's."""
    for folder in (PLACE / 'usr/sbin', PLACE / 'usr/bin'):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if not found:
        raise MissingError(f'there is no {name}')
    return found


def environment() -> dict[str, str]:
    """Where the unpacked libraries are."""
    libraries = ':'.join(str(folder) for folder in sorted((PLACE / 'usr/lib').glob('*-linux-gnu*')))
    return {'LD_LIBRARY_PATH': libraries} if libraries else {}


@contextmanager
def started(command: list[str], folder: Path, env: dict[str, str] | None = None) -> Iterator[ManagedProcess]:
    process = ManagedProcess('peer', [*on_core(CORE_OF_SERVER), *command], folder / 'peer.log', env=env)
    try:
        yield process
    finally:
        process.stop(3)


def children(pid: int) -> tuple[int, ...]:
    """A process and those that it has started."""
    found = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    return (pid, *(int(child) for child in found))


def accepts(port: int) -> Callable[[], bool]:
    """Whether somebody listens on a port, on whatever address, without connecting to it."""

    def listens() -> bool:
        lines = [line for name in ('tcp', 'tcp6') for line in Path(f'/proc/net/{name}').read_text().splitlines()[1:]]
        return any(fields[1].endswith(f':{port:04X}') and fields[3] == '0A' for fields in map(str.split, lines))

    return listens


@contextmanager
def limit(folder: Path, way: str, tick: int = 0, *, loses: bool = False) -> Iterator[Entrance]:
    """A bare epoll loop; `way` is `each` or `turn`."""
    command = [str(build('limit')), way, str(tick), *(['loses'] if loses else [])]
    with started(command, folder) as process:
        port = int(process.wait_output(LISTENING, STARTING).group(1))
        yield Entrance(port, (process.pid,))


@contextmanager
def raw(folder: Path, binary: Path, tick: int = 0) -> Iterator[Entrance]:
    """Our SocketServer with nothing behind it but the fan-out."""
    with started([str(binary), str(tick)], folder) as process:
        port = int(process.wait_output(LISTENING, STARTING).group(1))
        place = '/ws/v1'
        yield Entrance(port, (process.pid,), path=place, publish_path=place, subprotocol='celeriac.v1.json')


@contextmanager
def gateway(folder: Path, clients: int, binary: Path | None = None) -> Iterator[Entrance]:
    """The whole gateway: a message is a task event that goes through Redis, and subscribers read the event log."""
    redis_server = RedisServer(folder / 'redis')
    server = Gateway('', folder, env={'CELERIAC_SOCKETS_PER_ADDRESS': str(clients + 10)}, binary=binary)
    try:
        redis_server.start()
        assert redis_server.process
        pin(redis_server.process.pid, CORE_OF_CLIENT)
        server.broker = redis_server.url()
        server.start()
        assert server.process
        pin(server.process.pid, CORE_OF_SERVER)
        yield Entrance(
            int(server.address.rsplit(':', 1)[1]),
            (server.process.pid,),
            publish_port=redis_server.port,
            path='/ws/v1',
            subprotocol='celeriac.v1.json',
            speaks='celeriac',
            publishes='redis',
            token=server.token('bot', 'reader'),
            opens=800,
        )
    finally:
        server.stop()
        redis_server.stop()


@contextmanager
def folder_of_nginx() -> Iterator[None]:
    """Whatever its configuration says, nginx with Nchan wants Debian's folder for bodies: it is there as long as it is needed."""
    place = Path('/var/lib/nginx')
    if place.exists():
        yield
        return
    try:
        place.mkdir()
    except OSError as error:
        raise MissingError(f'nginx with Nchan needs {place}: {error}') from error
    try:
        yield
    finally:
        shutil.rmtree(place)


@contextmanager
def nchan(folder: Path) -> Iterator[Entrance]:
    modules = list(PLACE.glob('usr/lib/nginx/modules/ngx_nchan_module.so'))
    if not modules:
        raise MissingError('there is no nchan')
    port = free_port()
    paths = ''.join(f'{kind}_temp_path {folder}/{kind}; ' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    file = folder / 'nginx.conf'
    file.write_text(
        f"""load_module {modules[0]};
daemon off; user root; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 15000; use epoll; }}
http {{
  access_log off; keepalive_requests 100000000; nchan_max_reserved_memory 256M; {paths}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /subscribe {{ nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
    location = /publish {{ nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length 1000; }}
  }}
}}
"""
    )
    command = [program('nginx'), '-p', str(folder), '-c', str(file)]
    with folder_of_nginx(), started(command, folder, environment()) as process:
        wait_for(accepts(port), STARTING, 'nginx')
        wait_for(lambda: len(children(process.pid)) > 1, STARTING, "nginx's worker")
        yield Entrance(port, children(process.pid), path='/subscribe', publish_path='/publish', publishes='http')


@contextmanager
def nats(folder: Path) -> Iterator[Entrance]:
    port, publish_port = free_port(), free_port()
    file = folder / 'nats.conf'
    file.write_text(
        f'listen: "127.0.0.1:{publish_port}"\nmax_connections: 20000\nwrite_deadline: "20s"\n'
        f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}\n'
    )
    with started([program('nats-server'), '-c', str(file)], folder, environment()) as process:
        process.wait_output('Server is ready', STARTING)
        yield Entrance(port, (process.pid,), publish_port=publish_port, speaks='nats', publishes='nats')


@contextmanager
def mosquitto(folder: Path) -> Iterator[Entrance]:
    port, publish_port = free_port(), free_port()
    file = folder / 'mosquitto.conf'
    file.write_text(
        f'listener {port} 127.0.0.1\nprotocol websockets\nlistener {publish_port} 127.0.0.1\nprotocol mqtt\nallow_anonymous true\n'
        'max_queued_messages 0\nset_tcp_nodelay true\npersistence false\nuser root\nlog_type error\nlog_dest stderr\n'
    )
    with started([program('mosquitto'), '-c', str(file)], folder, environment()) as process:
        wait_for(accepts(port), STARTING, 'mosquitto')
        wait_for(accepts(publish_port), STARTING, 'mosquitto')
        yield Entrance(port, (process.pid,), publish_port=publish_port, subprotocol='mqtt', speaks='mqtt', publishes='mqtt')


@contextmanager
def scripted(folder: Path, command: list[str], file: str, env: dict[str, str]) -> Iterator[Entrance]:
    port = free_port()
    with started([*command, str(SOURCES / 'servers' / file), str(port)], folder, env) as process:
        process.wait_output('listening', STARTING)
        yield Entrance(port, (process.pid,))


@contextmanager
def node_ws(folder: Path) -> Iterator[Entrance]:
    modules = PLACE / 'usr/share/nodejs'
    if not (modules / 'ws').exists():
        raise MissingError('there is no node-ws')
    with scripted(folder, [program('node')], 'node_ws.js', {'NODE_PATH': str(modules)}) as entrance:
        yield entrance


@contextmanager
def in_python(folder: Path, name: str) -> Iterator[Entrance]:
    """`picows`, `websockets`, or `socketify`, which is uWebSockets with handlers in Python."""
    has_it = PYTHON.exists() and not subprocess.run([str(PYTHON), '-c', f'import {name}'], check=False).returncode
    if not has_it:
        raise MissingError(f'there is no {name}')
    with scripted(folder, [str(PYTHON)], f'{name}_server.py', {}) as entrance:
        yield entrance


def version(name: str) -> str:
    """What Debian calls the version that was unpacked; empty if it was not."""
    for archive in (PLACE / f'{name}-archives').glob(f'{name}_*.deb'):
        return re.sub(r'^.*?_([^_]*)_.*$', r'\1', archive.name).replace('%3a', ':')
    return ''


Contestant = Callable[[Path, int], AbstractContextManager[Entrance]]
LIMIT, RAW, GATEWAY = 'bare epoll, a write a turn', 'SocketServer', 'gateway, its event log'


def contestants(binary: Path, tick: int = 0) -> dict[str, Contestant]:
    """Everybody by name: the limit, ours (`binary` is `socket-fan-out`), and the peers. Each takes a folder and the number of subscribers."""
    return {
        'bare epoll, a write a message': lambda folder, _: limit(folder, 'each'),
        LIMIT: lambda folder, _: limit(folder, 'turn', tick),
        RAW: lambda folder, _: raw(folder, binary, tick),
        GATEWAY: gateway,
        'Nchan': lambda folder, _: nchan(folder),
        'nats-server': lambda folder, _: nats(folder),
        'mosquitto': lambda folder, _: mosquitto(folder),
        'node ws': lambda folder, _: node_ws(folder),
        'uWebSockets (socketify)': lambda folder, _: in_python(folder, 'socketify'),
        'picows': lambda folder, _: in_python(folder, 'picows'),
        'Python websockets': lambda folder, _: in_python(folder, 'websockets'),
    }


def visit(name: str, contestant: Contestant, clients: int, size: int, runs: list[str]) -> FanOut | None:
    """Starts a server, runs the load client on it, and stops it. A peer that is not there is passed over, and loudly."""
    with tempfile.TemporaryDirectory(prefix='celeriac-bench-') as place:
        folder = Path(place)
        # Servers that give up being root must be able to look into it.
        folder.chmod(0o755)
        try:
            with contestant(folder, clients) as entrance:
                found = fan_out(entrance, clients, size, runs)
        except (MissingError, NotReachedError) as error:
            print(f'SKIPPED: {name}: {error}', flush=True)
            return None
    if found.complaints:
        print(f'{name}: {found.complaints.splitlines()[0]}', flush=True)
    return found


def build_ours() -> Path:
    """The release build of `socket-fan-out`."""
    subprocess.run(['swift', 'build', '-c', 'release', '--product', 'socket-fan-out'], check=True, cwd=ROOT)
    return ROOT / '.build/release/socket-fan-out'
