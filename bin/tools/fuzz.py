"""Builds the fuzz targets with libFuzzer, runs them from the kept corpora, and keeps what reached new code.

    fuzz.py TARGET... | all [--seconds 60 | --runs N] [--keep] [--seed N]

A corpus is a text file with one input in base64 a line. It is unpacked into .build-fuzz/corpus/TARGET, where libFuzzer adds what it
finds; with --keep the smallest set of inputs that reaches the same code is packed again. Inputs that crash, or that take longer than
two seconds, are left in .build-fuzz/crashes, and the line to add to Tests/Fuzzing/regressions/TARGET.txt is printed.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'Tests' / 'Fuzzing'
SCRATCH = ROOT / '.build-fuzz'
PROGRAM = SCRATCH / 'fuzz'
INPUT_BYTES = 4096
KEPT_BYTES = 1024
"""A longer input is not kept: the corpora are to stay small."""
HANG_SECONDS = 2
MEMORY_MB = 1024


def targets() -> list[str]:
    """The names of the targets, as Swift declares them."""
    return re.findall(r'^ {4}case (\w+)$', (FOLDER / 'Targets' / 'FuzzTarget.swift').read_text(), re.MULTILINE)


def unpack(file: Path) -> list[bytes]:
    return [base64.b64decode(line, validate=True) for line in file.read_text().split()] if file.exists() else []


def pack(inputs: list[bytes], file: Path) -> None:
    """Writes a corpus, short inputs first, so that a change is a change of few lines."""
    lines = [base64.b64encode(data).decode() for data in sorted({*inputs}, key=lambda data: (len(data), data)) if data]
    file.write_text('\n'.join(lines) + '\n')


def build() -> None:
    """One program with all targets. Swift's package manager would give it an entry of its own, so it makes a library to link."""
    environment = {**os.environ, 'CELERIAC_FUZZING': '1'}
    # Not by --sanitize twice: of two such options Swift's compiler takes the last one.
    options = ['-Xswiftc', '-sanitize=fuzzer,address', '-Xswiftc', '-enable-testing']
    build = ['swift', 'build', '-c', 'release', '--scratch-path', str(SCRATCH), *options]
    subprocess.run([*build, '--product', 'Fuzzing'], cwd=ROOT, env=environment, check=True)
    found = subprocess.run([*build, '--show-bin-path'], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    library = Path(found.stdout.strip()) / 'libFuzzing.a'
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > library.stat().st_mtime:
        return
    libraries = ['websockets', 'hiredis', 'ssl', 'crypto', 'z', 'uv']
    link = ['swiftc', '-sanitize=fuzzer,address', '-Xlinker', '--whole-archive', str(library), '-Xlinker', '--no-whole-archive']
    subprocess.run([*link, *(f'-l{name}' for name in libraries), '-o', str(PROGRAM)], cwd=ROOT, check=True)


@dataclass
class Result:
    target: str
    code: int
    runs: int = 0
    edges: int = 0
    features: int = 0
    kept: int = 0
    kept_bytes: int = 0

    def __str__(self) -> str:
        end = 'no crash' if self.code == 0 else f'ENDED WITH {self.code}'
        figures = f'{self.runs:,} runs, {self.edges:,} edges, {self.features:,} features'
        return f'{self.target}: {figures}; corpus {self.kept} inputs, {self.kept_bytes:,} bytes; {end}'


def fuzz(target: str, options: argparse.Namespace) -> Result:
    corpus, crashes = SCRATCH / 'corpus' / target, SCRATCH / 'crashes'
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    kept = FOLDER / 'corpora' / f'{target}.txt'
    for number, data in enumerate(unpack(kept)):
        (corpus / f'kept-{number:05}').write_bytes(data)
    environment = {**os.environ, 'CELERIAC_FUZZ_TARGET': target, 'ASAN_OPTIONS': 'detect_leaks=0', 'SWIFT_BACKTRACE': 'enable=no'}
    program = [str(PROGRAM), f'-max_len={INPUT_BYTES}', f'-timeout={HANG_SECONDS}', f'-rss_limit_mb={MEMORY_MB}']
    program += [f'-artifact_prefix={crashes}/{target}-', '-print_final_stats=1', '-use_value_profile=1']
    if (dictionary := FOLDER / 'dictionaries' / f'{target}.dict').exists():
        program.append(f'-dict={dictionary}')
    limit = f'-runs={options.runs}' if options.runs else f'-max_total_time={options.seconds}'
    output = run([*program, limit, f'-seed={options.seed}', str(corpus)], environment)
    result = Result(target, output[0])
    result.runs = last(r'stat::number_of_executed_units: (\d+)', output[1])
    result.edges, result.features = last(r'cov: (\d+)', output[1]), last(r'ft: (\d+)', output[1])
    if result.runs and not result.edges:
        sys.exit('fuzz.py: no coverage is measured: was the library built with -sanitize=fuzzer?')
    if options.keep and result.code == 0:
        keep(program, environment, corpus, kept)
    inputs = unpack(kept)
    result.kept, result.kept_bytes = len(inputs), sum(len(data) for data in inputs)
    return result


def keep(program: list[str], environment: dict[str, str], corpus: Path, kept: Path) -> None:
    """Packs a small set of short inputs that reaches the same code; how often it is reached does not count."""
    merged = corpus.with_name(f'{corpus.name}.merged')
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    short = [word for word in program if not word.startswith(('-max_len', '-use_value_profile'))]
    code, output = run([*short, '-merge=1', '-use_counters=0', f'-max_len={KEPT_BYTES}', str(merged), str(corpus)], environment)
    if code != 0:
        sys.exit(f'fuzz.py: the corpus could not be merged\n{output[-2000:]}')
    pack([file.read_bytes() for file in merged.iterdir() if file.stat().st_size <= KEPT_BYTES], kept)


def run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Runs libFuzzer; what it says is kept, and shown if it ends badly."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors='replace', check=False)
    if done.returncode != 0:
        print(done.stderr[-6000:])
        for artifact in re.findall(r'Test unit written to (\S+)', done.stderr):
            print(f'the line for Tests/Fuzzing/regressions: {base64.b64encode(Path(artifact).read_bytes()).decode()}')
    return done.returncode, done.stderr


def last(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog='bin/fuzz', description=(__doc__ or '').split('\n\n')[0])
    parser.add_argument('targets', nargs='*', metavar='TARGET')
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument('--seconds', type=int, default=60, help='how long each target runs')
    limit.add_argument('--runs', type=int, default=0, help='how many inputs each target gets instead')
    parser.add_argument('--keep', action='store_true', help='keep the inputs that reach new code')
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    known = targets()
    if not options.targets:
        for name in known:
            print(f'{name}: {len(unpack(FOLDER / "corpora" / f"{name}.txt"))} inputs')
        return 0
    chosen = known if options.targets == ['all'] else options.targets
    if unknown := [name for name in chosen if name not in known]:
        print(f'bin/fuzz: no target {" ".join(unknown)}; there are: {" ".join(known)}', file=sys.stderr)
        return 2
    build()
    results = [fuzz(target, options) for target in chosen]
    for result in results:
        print(result)
    return 1 if any(result.code for result in results) else 0


if __name__ == '__main__':
    sys.exit(main())
