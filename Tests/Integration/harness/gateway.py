"""The gateway's binary as a subprocess."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from .paths import WEB, gateway_binary
from .process import ManagedProcess, outer_environment
from .waiting import NotReachedError, wait_for

# A JSON log line says `"message":"listening"` and `"address":"127.0.0.1:41234"`; on a terminal the line is text.
LISTENING = re.compile(r'"address"\s*:\s*"([^"]+:\d+)"[^\n]*"listening"|listening[^\n]*?"?address"?\s*[:=]\s*"?([^\s",}]+:\d+)')
SETUP = re.compile(r'(https?://\S+/#setup=[A-Za-z0-9._~-]+)')


class Gateway:
    """`celeriac serve` with a broker, on a free port and a data folder of its own."""

    def __init__(
        self,
        broker: str,
        folder: Path,
        *,
        backend: str | None = None,
        listen: str = '127.0.0.1:0',
        web: Path = WEB,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        binary: Path | None = None,
    ) -> None:
        self.broker = broker
        self.backend = backend
        self.folder = folder
        self.data = folder / 'data'
        self.listen = listen
        self.web = web
        self.options = list(options)
        # Many of our clients share one token.
        self.env = {'CELERIAC_CONNECTIONS_PER_PRINCIPAL': '20000', **(env or {})}
        self.binary = binary or gateway_binary()
        self.process: ManagedProcess | None = None
        self.address = ''
        self.is_secure = '--tls-cert' in self.options
        self._starts = 0

    def launch(self) -> Gateway:
        """Starts it without waiting."""
        if not self.binary.exists():
            raise FileNotFoundError(f'no gateway at {self.binary}: run `swift build` first, or set CELERIAC_BIN')
        self._starts += 1
        command = [str(self.binary), 'serve', '--broker', self.broker, '--listen', self.listen]
        if self.backend:
            command += ['--result-backend', self.backend]
        command += ['--data', str(self.data), '--web', str(self.web), *self.options]
        self.process = ManagedProcess('celeriac', command, self.folder / f'gateway-{self._starts}.log', env=self.env)
        return self

    def wait_listening(self, timeout: float = 20) -> Gateway:
        assert self.process
        found = self.process.wait_output(LISTENING.pattern, timeout)
        self.address = found.group(1) or found.group(2)
        return self

    def wait_ready(self, timeout: float = 30) -> Gateway:
        """Waits until /readyz says that the broker is there and the state is reconciled."""
        with httpx.Client(base_url=self.base_url, timeout=5) as client:

            def ready() -> bool:
                if not self.running:
                    raise NotReachedError(f'the gateway ended\n{self.tail()}')
                try:
                    return client.get('/readyz').status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(ready, timeout, '/readyz to answer 200')
        return self

    def start(self) -> Gateway:
        return self.launch().wait_listening().wait_ready()

    @property
    def base_url(self) -> str:
        return f'{"https" if self.is_secure else "http"}://{self.address}'

    @property
    def ws_url(self) -> str:
        return f'{"wss" if self.is_secure else "ws"}://{self.address}/ws/v1'

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.running

    def tail(self, lines: int = 40) -> str:
        return self.process.tail(lines) if self.process else ''

    def setup_link(self, timeout: float = 10) -> str:
        """The one-time link that the first start prints, to make the first admin."""
        assert self.process
        return self.process.wait_output(SETUP.pattern, timeout).group(1)

    def cli(self, *arguments: str, timeout: float = 30, given: str = '') -> subprocess.CompletedProcess[str]:
        """Runs another verb of the binary to its end; `given` is its standard input."""
        return subprocess.run(
            [str(self.binary), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            input=given,
            env=outer_environment(),
            check=False,
        )

    def token(self, role: str = 'admin', name: str = 'test', *options: str) -> str:
        """Makes a bearer token. Works while the gateway runs."""
        done = self.cli('token', 'create', '--data', str(self.data), '--role', role, '--name', name, *options)
        lines = done.stdout.split()
        if done.returncode != 0 or not lines:
            raise RuntimeError(f'token create ended with {done.returncode}: {done.stdout}{done.stderr}')
        return lines[-1]

    def new_link(self) -> str:
        """A new one-time link, or its code alone, as `token link` prints it."""
        done = self.cli('token', 'link', '--data', str(self.data))
        if done.returncode != 0:
            raise RuntimeError(f'token link ended with {done.returncode}: {done.stderr}')
        return done.stdout.strip()

    def login_url(self) -> str:
        """A fresh one-time link to the dashboard."""
        return f'{self.base_url}/#login={self.new_link().rsplit("=", 1)[-1]}'

    def send_signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.signal(number)

    def stop(self, grace: float = 10) -> None:
        if self.process:
            self.process.stop(grace)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
