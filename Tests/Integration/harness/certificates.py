"""Certificates for a test, made by the `openssl` program: an authority, and what it signs."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

NEW_KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')


class Authority:
    """Signs certificates; `certificate` is what to trust."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = name
        self.certificate = folder / f'{name}.pem'
        self.key = folder / f'{name}.key'
        self._openssl('req', '-x509', *NEW_KEY, '-days', '2', '-subj', f'/CN={name}', *self._out(self.certificate, self.key))

    def sign(self, name: str, *, names: str = 'IP:127.0.0.1,IP:::1,DNS:localhost') -> tuple[Path, Path]:
        """A certificate for the names, and its key."""
        certificate, key, request = (self.folder / f'{self.name}-{name}.{ending}' for ending in ('pem', 'key', 'csr'))
        extension = self.folder / f'{name}.ext'
        extension.write_text(f'subjectAltName={names}')
        self._openssl('req', *NEW_KEY, '-subj', f'/CN={name}', *self._out(request, key))
        self._openssl(
            *('x509', '-req', '-in', str(request), '-CA', str(self.certificate), '-CAkey', str(self.key), '-CAcreateserial'),
            *('-days', '2', '-extfile', str(extension), '-out', str(certificate)),
        )
        return certificate, key

    @staticmethod
    def _out(certificate: Path, key: Path) -> tuple[str, ...]:
        return ('-keyout', str(key), '-out', str(certificate))

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(['openssl', *arguments], check=True, capture_output=True)


def encrypted(folder: Path, authority: Authority | None = None) -> tuple[ssl.SSLContext, list[str]]:
    """A new certificate for a gateway: what its clients trust, and its options."""
    authority = authority or Authority(folder / 'tls', 'authority')
    certificate, key = authority.sign('gateway')
    key.chmod(0o600)
    return ssl.create_default_context(cafile=str(authority.certificate)), ['--tls-cert', str(certificate), '--tls-key', str(key)]
