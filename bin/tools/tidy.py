"""Looks over the whole project for what the compiler does not see. See tidy_rules.py for the rules.

    tidy.py [--quick] [--root FOLDER]

Refusals (exit code 1) are printed as `path:line: what is wrong`; reports are for a reader to judge and refuse nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import swift_text
import tidy_rules as rules

TEXT_SUFFIXES = {
    '.swift', '.js', '.mjs', '.html', '.css', '.json', '.md', '.py', '.toml', '.txt', '.yml', '.yaml',
    '.h', '.modulemap', '.sh', '.svg', '.webmanifest', '.cfg', '.ini', '',
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: {self.text}'


def project_files(root: Path) -> list[Path]:
    """Files that are tracked, or would be: what git ignores is not ours. Outside of git: everything."""
    listed = subprocess.run(
        ['git', '-C', str(root), 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], capture_output=True, check=False
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split('\0') if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob('*')]
    return [Path(name) for name in sorted(set(names)) if (root / name).is_file() and Path(name).suffix in TEXT_SUFFIXES]


def words(path: Path, code: str, table: tuple[tuple[object, str], ...]) -> Iterator[Finding]:
    for number, line in enumerate(code.splitlines(), 1):
        for pattern, message in table:
            if pattern.search(line):  # type: ignore[attr-defined]
                yield Finding(path, number, message)


def check_swift(path: Path, text: str) -> Iterator[Finding]:
    """Imports, `unsafe` and refused words of one file under Sources/TARGET/."""
    if path.parts[0] != 'Sources' or len(path.parts) < 3:
        return
    target, inside = path.parts[1], '/'.join(path.parts[1:])
    code = swift_text.code_only(text)
    if target not in rules.IMPORTS:
        yield Finding(
            path, 1, f'the target {target} is not in the house: add it to bin/tools/tidy_rules.py and docs/architecture.md'
        )
        return
    allowed = rules.IMPORTS[target] | rules.TOOLCHAIN.get(target, frozenset()) | {target.replace('-', '_'), 'Swift'}
    if 'Collections' in allowed:
        allowed |= rules.COLLECTIONS
    if target not in rules.PURE:
        allowed |= rules.SYSTEM
    for line, module in swift_text.imports(code):
        if module not in allowed:
            yield Finding(path, line, f'{target} may not import {module}')
    if not inside.startswith(rules.UNSAFE):
        for number, line_text in enumerate(code.splitlines(), 1):
            if 'unsafe' in line_text.replace('(', ' ').replace(')', ' ').split():
                yield Finding(path, number, f'unsafe code belongs to the edges, not to {target}')
    if target not in rules.EXECUTABLES:
        yield from words(path, code, rules.LIBRARY_WORDS)


def check_web(path: Path, text: str) -> Iterator[Finding]:
    if path.parts[0] == 'web' and 'vendor' not in path.parts and path.suffix in {'.js', '.mjs', '.html'}:
        lines = ('' if line.lstrip().startswith(('//', '*', '/*')) else line for line in text.splitlines())
        yield from words(path, '\n'.join(lines), rules.WEB_WORDS)


def check_places(path: Path, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if rules.ABSOLUTE_PATH.search(line):
            yield Finding(path, number, 'a path of one machine')
        if rules.REGISTRY_HOST.search(line):
            yield Finding(path, number, 'the host of a package registry: that is a setting of the user, not ours')


def refusals(root: Path, files: list[Path]) -> Iterator[Finding]:
    for path in files:
        text = (root / path).read_text(encoding='utf-8', errors='replace')
        if path.suffix == '.swift':
            yield from check_swift(path, text)
        yield from check_web(path, text)
        yield from check_places(path, text)


def reports(root: Path, files: list[Path]) -> Iterator[Finding]:
    """Sizes and missing documentation."""
    for path in files:
        if path.suffix not in {'.swift', '.js', '.py'}:
            continue
        text = (root / path).read_text(encoding='utf-8', errors='replace')
        lines = text.count('\n')
        if lines > rules.FILE_LINES:
            yield Finding(path, 1, f'{lines} lines')
        if path.suffix != '.swift':
            continue
        code = swift_text.code_only(text)
        for first, length in swift_text.functions(code):
            if length > rules.FUNCTION_LINES:
                yield Finding(path, first, f'a function of {length} lines')
        if path.parts[0] == 'Sources':
            for line in swift_text.undocumented_package(text, code):
                yield Finding(path, line, 'a package declaration without documentation')


def run_tools(root: Path) -> list[str]:
    """Formatters and checkers of others; gives the names of those that found something."""
    failed = []
    swift_folders = [name for name in ('Sources', 'Tests') if any((root / name).rglob('*.swift'))]
    commands: list[list[str]] = []
    if swift_folders:
        commands.append(
            [
                'swift',
                'format',
                'lint',
                '--strict',
                '--parallel',
                '--recursive',
                '--configuration',
                '.swift-format',
                *swift_folders,
            ]
        )
    python = root / '.venv' / 'bin' / 'python'
    config = 'Tests/pyproject.toml'
    folders = [name for name in ('Tests', 'demo', 'bin/tools') if (root / name).exists()]
    if python.exists():
        commands.append([str(python), '-m', 'ruff', 'check', '--quiet', '--config', config, *folders])
        commands.append([str(python), '-m', 'ruff', 'format', '--check', '--quiet', '--config', config, *folders])
        commands.append([str(python), '-m', 'mypy', '--config-file', config, '--no-error-summary', *folders])
    else:
        print('tidy: no .venv, so ruff and mypy were left out (bin/setup makes it)')
    for command in commands:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        name = ' '.join(part for part in command[:4] if not part.startswith(('-', '/')))
        if done.returncode != 0:
            print(f'tidy: {name} found:')
            print((done.stdout + done.stderr).strip())
            failed.append(name)
    return failed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description='Looks over the project for what breaks the house.')
    parser.add_argument('--quick', action='store_true', help='leave out swift-format, ruff and mypy')
    parser.add_argument('--root', type=Path, default=Path(__file__).resolve().parents[2])
    options = parser.parse_args(arguments)
    files = project_files(options.root)
    refused = list(refusals(options.root, files))
    reported = list(reports(options.root, files))
    failed = [] if options.quick else run_tools(options.root)
    for finding in refused:
        print(finding)
    if reported:
        print(f'tidy: {len(reported)} things for a reader to judge (nothing is refused for them):')
        for finding in reported:
            print(f'  {finding}')
    print(f'tidy: {len(files)} files, {len(refused) + len(failed)} refused, {len(reported)} reported')
    return 1 if refused or failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
