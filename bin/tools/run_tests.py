"""Runs the sections of bin/test one after the other, shows what they print, and counts over all of them.

A section is a name and a command; a parser reads its own summary. A section whose runner ends with an error but counted no
failed test (a build that breaks, a crash) counts as one failure, so that nothing can fail silently.

At most `LOOKED_AT_AGAIN` failures of a pytest section are looked at again, each alone and twice: docs/decisions/0007.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRAMES = str(ROOT / '.build' / 'frames.jsonl')
"""What the Swift tests record."""
PYTEST = ['.venv/bin/python', '-m', 'pytest', '-c', 'Tests/pyproject.toml', '-q']


LOOKED_AT_AGAIN = 3
"""Failed tests of one section that may be the machine's fault. More of them are ours."""


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    unsteady: int = 0
    """Of those that passed: failed among the others, and passed twice alone."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.unsteady + other.unsteady,
        )


def count_swift(output: str) -> Counts:
    """Swift Testing prints `Test run with 12 tests in 3 suites passed after ...`; failed tests are named one by one."""
    counts = Counts()
    for match in re.finditer(r'Test run with (\d+) tests?[^\n]* (passed|failed) after', output):
        counts.passed += int(match.group(1))
    failed = len(
        re.findall(
            r'^\S+ +Test (?!run|case).+ failed after [\d.]+ seconds',
            output,
            re.MULTILINE,
        )
    )
    # A name may say "skipped", too: what counts is the word behind the name, which is in quotes if it is a sentence.
    skipped = len(re.findall(r'^\S+ +Test (?!run|case)(?:".*"|\S+) skipped(?:[.:]|$)', output, re.MULTILINE))
    return Counts(counts.passed - failed - skipped, failed, skipped)


def count_node(output: str) -> Counts:
    """node --test ends with lines such as `# pass 12`, or `ℹ pass 12` on a terminal."""  # noqa: RUF002

    def number(word: str) -> int:
        return sum(int(value) for value in re.findall(rf'^\S+ {word} (\d+)$', output, re.MULTILINE))

    return Counts(
        number('pass'),
        number('fail') + number('cancelled'),
        number('skipped') + number('todo'),
    )


def count_pytest(output: str) -> Counts:
    """pytest ends with a line such as `2 failed, 12 passed, 1 skipped in 3.21s`."""
    lines = [line for line in output.splitlines() if re.search(r'\b(passed|failed|error|errors|skipped)\b.* in [\d.]+s', line)]
    if not lines:
        return Counts()

    def number(word: str) -> int:
        return sum(int(value) for value in re.findall(rf'(\d+) {word}\b', lines[-1]))

    return Counts(
        number('passed') + number('xfailed'),
        number('failed') + number('errors?'),
        number('skipped'),
    )


def failed_tests(output: str) -> list[str]:
    """The ids in pytest's short summary."""
    summary = output.rpartition('short test summary info')[2]
    return re.findall(r'^(?:FAILED|ERROR) (.+?)(?: - .*)?$', summary, re.MULTILINE)


def count_nothing(_: str) -> Counts:
    return Counts()


@dataclass(frozen=True)
class Section:
    name: str
    title: str
    commands: Sequence[Sequence[str]]
    count: Callable[[str], Counts]
    limit: float = 1200
    """Seconds until its processes are ended and it counts as failed."""
    counts_as_test: bool = False
    """A check without tests of its own that counts as one test."""
    again: Sequence[str] = field(default_factory=list)
    """Runs those tests whose ids stand behind it; empty if nothing is looked at again."""


def sections() -> list[Section]:
    web_tests = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'Tests' / 'Web').rglob('*.test.js'))
    return [
        Section(
            'build',
            'Build',
            [['swift', 'build', '--build-tests']],
            count_nothing,
            counts_as_test=True,
        ),
        Section(
            'swift',
            'Swift tests',
            [['swift', 'test', '--skip-build'], ['.venv/bin/python', 'bin/tools/judge_frames.py', FRAMES, '500']],
            count_swift,
            limit=600,
        ),
        Section(
            'web',
            'Web tests',
            [['node', '--test', *web_tests]] if web_tests else [],
            count_node,
        ),
        Section('tidy', 'Tidy', [['bin/tidy']], count_nothing, counts_as_test=True),
        Section('tools', 'Tests of the tools', [[*PYTEST, 'Tests/Tidy']], count_pytest),
        Section(
            'integration',
            'Integration tests',
            [[*PYTEST, '-n', '3', '--dist', 'loadfile', 'Tests/Integration']],
            count_pytest,
            again=PYTEST,
        ),
        Section('browser', 'Browser tests', [[*PYTEST, 'Tests/Browser']], count_pytest, again=PYTEST),
    ]


def run(command: Sequence[str], limit: float) -> tuple[int, str]:
    """Runs with its output both shown and kept; after `limit` seconds its whole process group is ended."""
    output: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        start_new_session=True,
        env={**os.environ, 'CELERIAC_FRAMES': FRAMES},
    ) as process:
        assert process.stdout
        watch = threading.Timer(
            limit,
            end_group,
            (process.pid, f'{" ".join(command)}: ended after {limit:.0f} s'),
        )
        watch.daemon = True
        watch.start()
        try:
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                output.append(line)
        except KeyboardInterrupt:
            end_group(process.pid, 'interrupted')
            raise
        finally:
            watch.cancel()
    return process.returncode, ''.join(output)


def end_group(group: int, reason: str) -> None:
    """Ends a section's processes; those that made a session of their own are their starter's duty."""
    print(f'\n{reason}', flush=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def look_again(section: Section, counts: Counts, failed: Sequence[str]) -> Counts:
    """Runs the tests that failed alone, twice: those that pass both times failed because of what ran beside them."""
    for _ in range(2):
        print(f'\n=== {section.title}: what failed, alone', flush=True)
        code, output = run([*section.again, *failed], section.limit)
        if code != 0 or section.count(output) != Counts(counts.failed):
            return counts
    print(f'UNSTEADY: {counts.failed} of these failed above, and passed twice alone', flush=True)
    return Counts(counts.passed + counts.failed, 0, counts.skipped, counts.failed)


def run_section(section: Section, extra: Sequence[str]) -> Counts:
    started = time.monotonic()
    print(f'\n=== {section.title}', flush=True)
    total = Counts()
    if not section.commands:
        print('nothing to run')
    for command in section.commands:
        code, output = run([*command, *extra], section.limit)
        counts = section.count(output)
        if section.counts_as_test:
            counts.passed += code == 0
        if code != 0 and counts.failed == 0:
            counts.failed = 1
        elif section.again and 1 <= counts.failed <= LOOKED_AT_AGAIN and not extra:
            counts = look_again(section, counts, failed_tests(output))
        total += counts
    seconds = time.monotonic() - started
    print(
        f'=== {section.title}: {total.passed} passed, {total.failed} failed, {total.skipped} skipped, {seconds:.0f} s',
        flush=True,
    )
    return total


def main(arguments: list[str]) -> int:
    extra: list[str] = []
    if '--' in arguments:
        cut = arguments.index('--')
        arguments, extra = arguments[:cut], arguments[cut + 1 :]
    known = sections()
    names = [section.name for section in known]
    if unknown := [name for name in arguments if name not in names]:
        print(
            f'bin/test: no section {" ".join(unknown)}; there are: {" ".join(names)}',
            file=sys.stderr,
        )
        return 2
    chosen = [section for section in known if not arguments or section.name in arguments]
    started = time.monotonic()
    total = Counts()
    failed_sections = []
    for section in chosen:
        counts = run_section(section, extra)
        total += counts
        if counts.failed:
            failed_sections.append(section.name)
    print(f'\ntotal time {time.monotonic() - started:.0f} s')
    if total.skipped:
        print(f'{total.skipped} skipped')
    if total.unsteady:
        print(f'UNSTEADY: {total.unsteady} failed among the others and passed twice alone; look for UNSTEADY above')
    if failed_sections:
        print(f'failed sections: {" ".join(failed_sections)}')
    print(f'{total.passed} passed, {total.failed} failed')
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
