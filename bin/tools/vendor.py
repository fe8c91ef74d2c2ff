"""Copies Debian's JavaScript libraries to web/vendor, in a form that a browser can import as modules.

    python3 vendor.py SHARE TARGET      (SHARE is /usr/share)

Chart.js has an ES module build, CodeMirror 5 is a plain script: both are copied as they are. Cronstrue exists only as CommonJS,
which browsers do not know, so its few files are put into one ES module with a `require` of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

CODEMIRROR_MODES = ('javascript', 'python', 'shell', 'sql', 'yaml')
CODEMIRROR_ADDONS = (
    'display/autorefresh.js',
    'display/placeholder.js',
    'edit/closebrackets.js',
    'edit/matchbrackets.js',
    'hint/show-hint.css',
    'hint/show-hint.js',
    'lint/lint.css',
    'lint/lint.js',
)
CRONSTRUE_ENTRY = 'cronstrue'


def copy(source: Path, target: Path) -> None:
    """Copies one file (following links), making its folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def copy_chart(share: Path, target: Path) -> None:
    source = share / 'javascript/chart.js'
    copy(source / 'chart.esm.js', target / 'chart.js/chart.esm.js')
    copy(source / 'chunks/helpers.segment.js', target / 'chart.js/chunks/helpers.segment.js')


def copy_codemirror(share: Path, target: Path) -> None:
    source = share / 'javascript/codemirror'
    names = ['lib/codemirror.js', 'lib/codemirror.css']
    names += [f'mode/{mode}/{mode}.js' for mode in CODEMIRROR_MODES]
    names += [f'addon/{addon}' for addon in CODEMIRROR_ADDONS]
    for name in names:
        copy(source / name, target / 'codemirror' / name)


def resolve(importer: str, specifier: str) -> str:
    """The module name (without .js, relative to dist/) that a relative require in `importer` means."""
    parts = importer.split('/')[:-1]
    for part in specifier.split('/'):
        if part == '..':
            parts.pop()
        elif part != '.':
            parts.append(part)
    return '/'.join(parts)


def bundle_cronstrue(share: Path, target: Path) -> None:
    dist = share / 'nodejs/cronstrue/dist'
    modules: dict[str, str] = {}
    waiting = [CRONSTRUE_ENTRY]
    while waiting:
        name = waiting.pop()
        if name in modules:
            continue
        text = (dist / f'{name}.js').read_text(encoding='utf-8')
        text = re.sub(r'^//# sourceMappingURL=.*$', '', text, flags=re.MULTILINE)
        requires: dict[str, str] = {}
        for specifier in re.findall(r'require\("([^"]+)"\)', text):
            requires[specifier] = resolve(name, specifier)
        for specifier, module in requires.items():
            text = text.replace(f'require("{specifier}")', f'require({json.dumps(module)})')
            waiting.append(module)
        modules[name] = text.strip()
    lines = [
        '// cronstrue (MIT, Brady Holt), Debian package node-cronstrue, wrapped as one ES module by bin/tools/vendor.py.',
        'const definitions = {',
    ]
    for name, text in sorted(modules.items()):
        lines += [f'{json.dumps(name)}(exports, require) {{', text, '},']
    lines += [
        '};',
        'const loaded = {};',
        'function require(name) {',
        '  if (!Object.hasOwn(loaded, name)) {',
        '    loaded[name] = {};',
        '    definitions[name](loaded[name], require);',
        '  }',
        '  return loaded[name];',
        '}',
        f'const cronstrue = require({json.dumps(CRONSTRUE_ENTRY)});',
        'export const toString = cronstrue.toString;',
        'export default cronstrue.default;',
        '',
    ]
    out = target / 'cronstrue/cronstrue.js'
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text('\n'.join(lines), encoding='utf-8')


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    share, target = Path(arguments[0]), Path(arguments[1])
    copy_chart(share, target)
    copy_codemirror(share, target)
    bundle_cronstrue(share, target)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
