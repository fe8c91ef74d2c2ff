"""bin/tidy refuses each thing that it says it refuses, and lets the good twin of it pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import swift_text
import tidy

TOOL = Path(__file__).resolve().parents[2] / 'bin' / 'tools' / 'tidy.py'
SLASH = '/'


def findings(root: Path, name: str, text: str) -> list[str]:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding='utf-8')
    return [found.text for found in tidy.refusals(root, [Path(name)])]


REFUSED = {
    'a pure module that imports an edge': ('Sources/Fleet/A.swift', 'import RedisLink\n'),
    'a pure module that imports Foundation': ('Sources/LiveSync/A.swift', 'internal import Foundation\n'),
    'the table of places that knows the system': ('Sources/Lookup/A.swift', 'internal import Glibc\n'),
    'the sync engine that knows Celery': ('Sources/LiveSync/A.swift', 'package import Fleet\n'),
    'an arrow backwards': ('Sources/Fleet/A.swift', 'import WireFormats\n'),
    'an edge that knows another': ('Sources/RedisLink/A.swift', '@preconcurrency import SocketServer\n'),
    'a C library in the shell': ('Sources/Gateway/A.swift', 'import struct CLibwebsockets.lws_context\n'),
    'a database outside of Records': ('Sources/Gateway/A.swift', 'import GRDB\n'),
    'collections without the dependency': ('Sources/Records/A.swift', 'import DequeModule\n'),
    'the executable past its dependencies': ('Sources/celeriac/A.swift', 'import LiveSync\n'),
    'the load tool past its dependencies': ('Sources/celeriac-load/A.swift', 'import Gateway\n'),
    'an unknown target': ('Sources/Helpers/A.swift', 'let a = 1\n'),
    'unsafe in a pure module': ('Sources/Fleet/A.swift', 'let a = unsafe b.pointee\n'),
    'nonisolated(unsafe) in the shell': ('Sources/Gateway/A.swift', 'nonisolated(unsafe) var a = 1\n'),
    'unsafe in WireFormats outside of Scanning': ('Sources/WireFormats/Celery/A.swift', 'let a = unsafe b\n'),
    'fatalError in a library': ('Sources/Gateway/A.swift', 'func a() { fatalError("no") }\n'),
    'print in a library': ('Sources/RedisLink/A.swift', 'func a() { print("x") }\n'),
    'try! in a library': ('Sources/Records/A.swift', 'let a = try! b()\n'),
    'innerHTML': ('web/app.js', 'node.innerHTML = text;\n'),
    'outerHTML': ('web/elements/a.js', 'node.outerHTML = text;\n'),
    'insertAdjacentHTML': ('web/app.js', "node.insertAdjacentHTML('beforeend', text);\n"),
    'document.write': ('web/index.html', '<script>document.write(1)</script>\n'),
    'eval': ('web/app.js', 'const a = eval(text);\n'),
    'new Function': ('web/app.js', 'const a = new Function(text);\n'),
    'a machine path': ('docs/a.md', f'see {SLASH}root/notes.txt\n'),
    'a path of a home folder': ('demo/a.py', f"path = '{SLASH}home/anna/x'\n"),
    'a registry host': ('README.md', 'pip install -i https://' + 'pypi' + '.org/simple x\n'),
}

ACCEPTED = {
    'an allowed arrow': ('Sources/WireFormats/A.swift', 'package import Fleet\nimport Synchronization\n'),
    'collections where they are a dependency': ('Sources/LiveSync/A.swift', 'internal import DequeModule\n'),
    'an edge with its C library': ('Sources/SocketServer/A.swift', 'internal import CLibwebsockets\nimport Glibc\n'),
    'the executable wires everything': ('Sources/celeriac/A.swift', 'import RedisLink\nimport ArgumentParser\n'),
    'unsafe at an edge': ('Sources/EventLoop/A.swift', 'let a = unsafe b\n'),
    'unsafe where bytes are scanned': ('Sources/WireFormats/Scanning/A.swift', 'let a = unsafe b\n'),
    'the word in a comment': (
        'Sources/Fleet/A.swift',
        '// never unsafe, no print(x), no fatalError\n/* import GRDB */\nlet a = 1\n',
    ),
    'the word in a string': ('Sources/Fleet/A.swift', 'let a = "unsafe print(1) fatalError"\nlet b = """\nimport GRDB\n"""\n'),
    'a name that contains it': ('Sources/Fleet/A.swift', 'let unsafeCount = blueprint(1)\n'),
    'print in an executable': ('Sources/celeriac/A.swift', 'func a() { print("x") }\n'),
    'textContent': ('web/app.js', 'node.textContent = text;\n'),
    'vendored code': ('web/vendor/a.js', 'node.innerHTML = text;\n'),
    'an URL path': ('docs/a.md', 'GET /workers, web/work, https://example.org/root.txt\n'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_refuses(case: str, tmp_path: Path) -> None:
    assert len(findings(tmp_path, *REFUSED[case])) == 1


@pytest.mark.parametrize('case', ACCEPTED)
def test_accepts(case: str, tmp_path: Path) -> None:
    assert findings(tmp_path, *ACCEPTED[case]) == []


def test_the_line_of_a_finding_is_right(tmp_path: Path) -> None:
    (tmp_path / 'Sources/Fleet').mkdir(parents=True)
    (tmp_path / 'Sources/Fleet/A.swift').write_text('/* two\nlines */\nlet s = "x"\nimport GRDB\n')

    found = list(tidy.refusals(tmp_path, [Path('Sources/Fleet/A.swift')]))

    assert [finding.line for finding in found] == [4]


def test_reports_long_files_long_functions_and_missing_documentation(tmp_path: Path) -> None:
    body = '\n'.join(f'    let a{number} = {number}' for number in range(60))
    text = f'package struct A {{\n    func long() {{\n{body}\n    }}\n}}\n' + '// filler\n' * 300
    (tmp_path / 'Sources/Fleet').mkdir(parents=True)
    (tmp_path / 'Sources/Fleet/A.swift').write_text(text)

    reported = [finding.text for finding in tidy.reports(tmp_path, [Path('Sources/Fleet/A.swift')])]

    assert reported == ['364 lines', 'a function of 62 lines', 'a package declaration without documentation']


def test_documented_package_declarations_are_not_reported() -> None:
    text = '/// What it is.\n@frozen\npackage struct A {\n    /// One.\n    package let one = 1\n    package let two = 2\n}\n'

    assert swift_text.undocumented_package(text, swift_text.code_only(text)) == [6]


def test_code_only_keeps_lines_and_blanks_nested_comments_and_raw_strings() -> None:
    text = 'a /* x /* y */ z */ b\n#"quote " inside"# c\n"esc \\" d" e // f\n'

    code = swift_text.code_only(text)

    assert code.count('\n') == text.count('\n')
    assert code.split() == ['a', 'b', '#"', '"#', 'c', '"', '"', 'e']


def test_the_tool_ends_with_an_error_only_for_refusals(tmp_path: Path) -> None:
    (tmp_path / 'docs').mkdir()
    (tmp_path / 'docs/a.md').write_text('fine\n')
    command = [sys.executable, str(TOOL), '--quick', '--root', str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0

    (tmp_path / 'docs/a.md').write_text(f'{SLASH}work/x\n')
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and 'docs/a.md:1:' in done.stdout
