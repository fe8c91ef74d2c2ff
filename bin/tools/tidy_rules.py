"""What the house allows: which target may import what, where `unsafe` may stand, which words are refused where.

The arrows are those of docs/architecture.md. A change here is a change of the architecture and wants a decision record.
"""

from __future__ import annotations

import re

COLLECTIONS = frozenset(
    {'Collections', 'DequeModule', 'OrderedCollections', 'HashTreeCollections', 'HeapModule', 'BitCollections', 'BasicContainers'}
)
SYSTEM = frozenset({'Foundation', 'FoundationEssentials', 'Glibc', 'Musl', 'Synchronization', 'Dispatch'})
PURE = frozenset({'Lookup', 'Fleet', 'LiveSync', 'Jobs', 'WireFormats'})
EXECUTABLES = frozenset({'celeriac', 'celeriac-load'})

# The dependencies of Package.swift, no more and no less (a test compares them): Swift itself would let a target import whatever
# another one has brought along. Beside these: the own module and Swift; outside the pure modules also the system's libraries.
IMPORTS: dict[str, frozenset[str]] = {
    'Lookup': frozenset(),
    'Fleet': frozenset({'Collections', 'Lookup'}),
    'LiveSync': frozenset({'Collections', 'Lookup'}),
    'Jobs': frozenset(),
    'WireFormats': frozenset({'Fleet', 'Jobs', 'LiveSync'}),
    'EventLoop': frozenset({'CUV'}),
    'Ports': frozenset({'EventLoop'}),
    'RedisLink': frozenset({'CHiredis', 'COpenSSL', 'EventLoop', 'Ports'}),
    'SocketServer': frozenset({'CLibwebsockets', 'CZlib', 'EventLoop', 'Ports', 'Logging'}),
    'HttpClient': frozenset({'COpenSSL', 'EventLoop', 'Ports'}),
    'Credentials': frozenset({'COpenSSL', 'Ports'}),
    'Records': frozenset({'GRDB', 'EventLoop', 'Ports', 'Logging'}),
    'Gateway': frozenset({'WireFormats', 'Fleet', 'LiveSync', 'Jobs', 'EventLoop', 'Ports', 'Logging'}),
    'celeriac': frozenset(
        {'Gateway', 'RedisLink', 'SocketServer', 'HttpClient', 'Credentials', 'Records', 'EventLoop', 'Ports', 'WireFormats'}
        | {'Fleet', 'ArgumentParser', 'Logging'}
    ),
    'celeriac-load': frozenset({'CEpoll', 'WireFormats', 'LiveSync', 'ArgumentParser', 'Histogram'}),
}

# Libraries of the toolchain that only these targets may use.
TOOLCHAIN: dict[str, frozenset[str]] = {
    'WireFormats': frozenset({'Synchronization'}),
    'celeriac': frozenset({'FoundationNetworking'}),
}

# Targets, or folders of a target, in which `unsafe` may stand: the edges, byte scanning, and writing log lines to a descriptor.
UNSAFE = (
    'EventLoop/',
    'RedisLink/',
    'SocketServer/',
    'HttpClient/',
    'Credentials/',
    'Records/',
    'WireFormats/Scanning/',
    'celeriac/Logs/',
    'celeriac-load/',
)

LIBRARY_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r'\bfatalError\b'),
        'fatalError ends the process for everybody: throw, or use a precondition for our own mistakes',
    ),
    (re.compile(r'(?<![\w.])print\s*\('), 'libraries do not print: log'),
    (re.compile(r'\btry!'), 'try! ends the process: handle the error'),
)

WEB_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), f'{name} turns hostile text into markup or code: build nodes and set their text')
    for pattern, name in (
        (r'\binnerHTML\b', 'innerHTML'),
        (r'\bouterHTML\b', 'outerHTML'),
        (r'\binsertAdjacentHTML\b', 'insertAdjacentHTML'),
        (r'\bdocument\.write(ln)?\b', 'document.write'),
        (r'(?<![\w.])eval\s*\(', 'eval'),
        (r'\bnew\s+Function\s*\(', 'new Function'),
        (r'\bsetHTMLUnsafe\b', 'setHTMLUnsafe'),
    )
)

# Written so that this file does not contain what it refuses.
ABSOLUTE_PATH = re.compile(r'(?<![\w.)}\]*])/(?:root|work|home/[a-z]\w*|Users/\w+)(?=[/\s\'"`:;,)]|$)')
REGISTRY_HOST = re.compile(
    '|'.join(
        re.escape(host)
        for host in (
            'pypi' + '.org',
            'pythonhosted' + '.org',
            'registry.npmjs' + '.org',
            'proxy.golang' + '.org',
            'crates' + '.io',
            'deb.debian' + '.org',
            'artifactory' + '.',
            'jfrog' + '.',
        )
    ),
    re.IGNORECASE,
)

FILE_LINES = 300
FUNCTION_LINES = 50
