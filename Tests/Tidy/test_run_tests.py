"""bin/test counts what each runner says, and counts a crash as a failure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import run_tests
from run_tests import LOOKED_AT_AGAIN, Counts, Section

SWIFT = """\
✔ Test "a" passed after 0.001 seconds.
✘ Test `b is right`() recorded an issue at A.swift:1:1: Expectation failed
✘ Test `b is right`() failed after 0.002 seconds with 1 issue.
➜ Test c() skipped.
➜ Test "d is skipped" skipped: "no reason"
✔ Test "e is skipped by name" passed after 0.001 seconds.
✘ Suite S failed after 0.003 seconds with 1 issue.
✘ Test run with 12 tests in 3 suites failed after 0.003 seconds with 1 issue.
"""


def test_swift_summary() -> None:
    assert run_tests.count_swift(SWIFT) == Counts(9, 1, 2)
    passed = '✔ Test run with 4 tests in 1 suite passed after 0.1 seconds.\n'
    assert run_tests.count_swift(passed) == Counts(4, 0, 0)
    assert run_tests.count_swift(passed + passed) == Counts(8, 0, 0)


def test_node_summary() -> None:
    tap = '# tests 9\n# pass 6\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n'

    assert run_tests.count_node(tap) == Counts(6, 2, 1)
    assert run_tests.count_node(tap.replace('#', '\N{INFORMATION SOURCE}')) == Counts(6, 2, 1)


def test_pytest_summary() -> None:
    assert run_tests.count_pytest('2 failed, 12 passed, 1 skipped in 3.21s\n') == Counts(12, 2, 1)
    assert run_tests.count_pytest('1 passed, 1 error in 0.10s\n') == Counts(1, 1, 0)
    assert run_tests.count_pytest('12 passed in 61.20s (0:01:01)\n') == Counts(12, 0, 0)


def test_a_crash_without_summary_is_a_failure() -> None:
    section = Section('x', 'X', [[sys.executable, '-c', 'raise SystemExit(3)']], run_tests.count_pytest)

    assert run_tests.run_section(section, []) == Counts(0, 1, 0)


def test_the_ids_of_failed_tests_are_read() -> None:
    output = (
        'ERROR    root:a.py:1 a log line\n== short test summary info ==\n'
        'FAILED T/a.py::test_x[a b] - assert 1 == 2 - 1\nERROR T/b.py::test_y\n1 failed, 1 error in 0.1s\n'
    )
    assert run_tests.failed_tests(output) == ['T/a.py::test_x[a b]', 'T/b.py::test_y']


TESTS = """
from pathlib import Path

def test_steady(): pass

def test_moody():
    runs = Path(__file__).with_suffix('.runs')
    runs.write_text(runs.read_text() + 'x' if runs.exists() else 'x')
    assert len(runs.read_text()) not in BAD
"""


@pytest.mark.parametrize(
    ('bad', 'failing', 'counts'),
    [
        ({0}, 0, Counts(2)),
        ({1}, 0, Counts(2, 0, 0, 1)),
        ({1, 2}, 0, Counts(1, 1)),
        ({1, 3}, 0, Counts(1, 1)),
        ({1}, LOOKED_AT_AGAIN - 1, Counts(1, LOOKED_AT_AGAIN)),
        ({1}, LOOKED_AT_AGAIN, Counts(1, LOOKED_AT_AGAIN + 1)),
    ],
    ids=['steady', 'once', 'twice', 'now and then', 'beside others', 'too many'],
)
def test_what_failed_is_looked_at_again(tmp_path: Path, bad: set[int], failing: int, counts: Counts) -> None:
    """Passed is what passes twice alone; a test that always fails keeps all from it."""
    others = ''.join(f'def test_wrong_{number}(): assert False\n' for number in range(failing))
    (tmp_path / 'test_it.py').write_text(f'BAD = {bad}\n{TESTS}\n{others}')
    runner = [sys.executable, '-m', 'pytest', '-q', '-c', '/dev/null', '--rootdir', str(tmp_path)]
    section = Section('x', 'X', [[*runner, str(tmp_path)]], run_tests.count_pytest, again=runner)

    assert run_tests.run_section(section, []) == counts


def test_an_unknown_section_is_refused() -> None:
    assert run_tests.main(['nonsense']) == 2


def test_a_section_that_hangs_is_ended_with_its_children() -> None:
    code, output = run_tests.run(['bash', '-c', 'echo begun; sleep 600 & wait'], 1)

    assert code != 0
    assert output == 'begun\n'
