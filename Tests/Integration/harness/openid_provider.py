"""A small provider of OpenID Connect: real keys, made and used by the `openssl` program, and a hook to spoil each answer.

Whoever comes to its authorization endpoint is signed in at once, as the claims of the moment say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

Json = dict[str, Any]
CLIENT = 'celeriac'
# What a form must escape, so that the pair is read as it was meant.
SECRET = 'a secret: with+signs/and%20more'  # noqa: S105


CALLBACK = '/auth/oidc/callback'


def openid_options(provider: Provider, folder: Path, roles: str, port: int = 1) -> list[str]:
    """What a gateway is told of the provider.

    - `port`: of the gateway; another one suffices for a test that goes back by itself.
    """
    secret = folder / 'client-secret'
    folder.mkdir(parents=True, exist_ok=True)
    secret.write_text(f'{SECRET}\n')
    secret.chmod(0o600)
    return [
        *('--oidc-issuer', provider.issuer, '--oidc-client-id', CLIENT, '--oidc-client-secret-file', str(secret)),
        *('--oidc-redirect-uri', f'http://127.0.0.1:{port}{CALLBACK}', '--oidc-roles', roles, '--oidc-name', 'Our Login'),
    ]


def encoded(data: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class SigningKey:
    """A private key, and its entry in the key set."""

    def __init__(self, folder: Path, name: str, algorithm: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.algorithm = algorithm
        self._file = folder / f'{name}.pem'
        is_rsa = algorithm == 'RS256'
        options = ('RSA', '-pkeyopt', 'rsa_keygen_bits:2048') if is_rsa else ('EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
        self._openssl('genpkey', '-algorithm', *options, '-out', str(self._file))
        # The key's numbers stand at the end of its public form: of RSA the modulus, two bytes, the exponent; of P-256 the point.
        public = self._openssl('pkey', '-in', str(self._file), '-pubout', '-outform', 'DER')
        numbers = {'n': public[-261:-5], 'e': public[-3:]} if is_rsa else {'x': public[-64:-32], 'y': public[-32:]}
        kind = {'kty': 'RSA'} if is_rsa else {'kty': 'EC', 'crv': 'P-256'}
        self.entry = {**kind, 'kid': name, 'use': 'sig', **{key: encoded(value) for key, value in numbers.items()}}

    def sign(self, message: bytes) -> bytes:
        made = self._openssl('dgst', '-sha256', '-sign', str(self._file), given=message)
        if self.algorithm == 'RS256':
            return made
        # A sequence of two numbers: here both with 32 bytes.
        end = 4 + made[3]
        return b''.join(int.from_bytes(number).to_bytes(32) for number in (made[4:end], made[end + 2 :]))

    @staticmethod
    def _openssl(*arguments: str, given: bytes = b'') -> bytes:
        return subprocess.run(['openssl', *arguments], input=given, check=True, capture_output=True).stdout


class Provider:
    """The provider. What its fields hold when it is asked is what it answers."""

    def __init__(self, folder: Path, *, certificate: tuple[Path, Path] | None = None) -> None:
        self.keys = {algorithm: SigningKey(folder, algorithm.lower(), algorithm) for algorithm in ('RS256', 'ES256')}
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), self._handler())
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.issuer = f'{"https" if certificate else "http"}://127.0.0.1:{self.server.server_address[1]}'
        self._codes: dict[str, Json] = {}
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.reset()

    def reset(self) -> None:
        """As a provider should be."""
        self.algorithm = 'RS256'
        self.claims: Json = {'sub': '1', 'email': 'ada@example.com', 'email_verified': True}
        self.metadata: Json = {}
        self.sent_back: Json = {}
        # Changes a token before and after it is signed.
        self.spoil: Callable[[Json, Json], None] = lambda header, claims: None
        self.spoil_text: Callable[[str], str] = lambda text: text
        # Answers in place of the token endpoint: a status, headers, and a body.
        self.token_answer: tuple[int, dict[str, str], bytes] | None = None
        self.tokens: list[str] = []

    def start(self) -> Provider:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    # What it answers

    def description(self) -> Json:
        paths = {'authorization_endpoint': '/authorize?tenant=1', 'token_endpoint': '/token', 'jwks_uri': '/jwks'}
        return {'issuer': self.issuer, **{name: self.issuer + path for name, path in paths.items()}, **self.metadata}

    def authorize(self, query: Json) -> str:
        """Where the browser is sent back to."""
        assert query['response_type'] == 'code' and query['client_id'] == CLIENT and query['tenant'] == '1', query
        assert 'openid' in query['scope'].split() and query['code_challenge_method'] == 'S256', query
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return f'{query["redirect_uri"]}?{urlencode({"code": code, "state": query["state"], **self.sent_back})}'

    def exchange(self, form: Json, authorization: str) -> tuple[int, dict[str, str], bytes]:
        if self.token_answer:
            return self.token_answer
        if not self._is_client(form, authorization):
            return 401, {'WWW-Authenticate': 'Basic realm="token"'}, b'{"error": "invalid_client"}'
        query = self._codes.pop(form['code'], None)
        challenge = encoded(hashlib.sha256(form['code_verifier'].encode()).digest())
        if query is None or query['code_challenge'] != challenge or query['redirect_uri'] != form['redirect_uri']:
            return 400, {}, b'{"error": "invalid_grant"}'
        return 200, {}, json.dumps({'access_token': 'unused', 'token_type': 'Bearer', 'id_token': self.token(query)}).encode()

    def token(self, query: Json) -> str:
        key = self.keys[self.algorithm]
        now = int(time.time())
        header: Json = {'alg': self.algorithm, 'kid': key.name}
        claims = {'iss': self.issuer, 'aud': CLIENT, 'iat': now, 'exp': now + 300, 'nonce': query['nonce'], **self.claims}
        self.spoil(header, claims)
        message = '.'.join(encoded(json.dumps(part).encode()) for part in (header, claims))
        text = self.spoil_text(f'{message}.{encoded(key.sign(message.encode()))}')
        self.tokens.append(text)
        return text

    def _is_client(self, form: Json, authorization: str) -> bool:
        if authorization.startswith('Basic '):
            pair = base64.b64decode(authorization.removeprefix('Basic ')).decode().split(':')
            return [unquote(part) for part in pair] == [CLIENT, SECRET]
        return hmac.compare_digest(form.get('client_secret', ''), SECRET) and form['client_id'] == CLIENT

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path == '/.well-known/openid-configuration':
                    self._answer(200, {}, json.dumps(provider.description()).encode())
                elif url.path == '/jwks':
                    self._answer(200, {}, json.dumps({'keys': [key.entry for key in provider.keys.values()]}).encode())
                elif url.path == '/authorize':
                    self._answer(302, {'Location': provider.authorize(dict(parse_qsl(url.query)))}, b'')
                else:
                    self._answer(404, {}, b'')

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers['content-length'])).decode()
                self._answer(*provider.exchange(dict(parse_qsl(body)), self.headers.get('authorization', '')))

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {'Content-Type': 'application/json', 'Content-Length': str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                """Says nothing."""

        return Handler
