"""Just enough of Swift's grammar to look at code without its comments and strings."""

from __future__ import annotations

import re

_IMPORT = re.compile(
    r'^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+'
    r'(?:(?:struct|class|enum|func|protocol|typealias|var|let)\s+)?([A-Za-z_]\w*)',
    re.MULTILINE,
)
_FUNCTION = re.compile(r'\b(?:func\s+[^\s(<]+|init[?!]?\s*[(<]|deinit\b)')
_PACKAGE = re.compile(
    r'^\s*(?:@\w+(?:\([^)]*\))?\s+)*package\s+(?!import\b)(?!extension\b)'
    r'(?:\w+(?:\([^)]*\))?\s+)*?(func|var|let|struct|class|enum|protocol|actor|init|typealias|subscript)\b'
)


def code_only(text: str) -> str:
    """The text with comments and the contents of strings turned into spaces; line breaks stay where they are."""
    out = list(text)
    index, end = 0, len(text)

    def blank(start: int, stop: int) -> None:
        for position in range(start, min(stop, end)):
            if out[position] != '\n':
                out[position] = ' '

    while index < end:
        if text.startswith('//', index):
            stop = text.find('\n', index)
            stop = end if stop < 0 else stop
            blank(index, stop)
            index = stop
        elif text.startswith('/*', index):
            depth, stop = 1, index + 2
            while stop < end and depth:
                if text.startswith('/*', stop):
                    depth, stop = depth + 1, stop + 2
                elif text.startswith('*/', stop):
                    depth, stop = depth - 1, stop + 2
                else:
                    stop += 1
            blank(index, stop)
            index = stop
        elif match := re.compile(r'(#*)("""|")').match(text, index):
            hashes, quote = match.groups()
            close, escape = quote + hashes, '\\' + hashes
            stop = match.end()
            while stop < end and not text.startswith(close, stop):
                if quote == '"' and text[stop] == '\n':
                    break
                stop += len(escape) + 1 if text.startswith(escape, stop) else 1
            blank(match.end(), stop)
            index = stop + len(close)
        else:
            index += 1
    return ''.join(out)


def imports(code: str) -> list[tuple[int, str]]:
    """Line number and module of every import."""
    return [(code.count('\n', 0, match.start(1)) + 1, match.group(1)) for match in _IMPORT.finditer(code)]


def functions(code: str) -> list[tuple[int, int]]:
    """First line and number of lines of every function body's braces."""
    found = []
    for match in _FUNCTION.finditer(code):
        opening = _body(code, match.end())
        if opening is None:
            continue
        depth, position = 0, opening
        while position < len(code):
            depth += {'{': 1, '}': -1}.get(code[position], 0)
            if depth == 0:
                break
            position += 1
        first = code.count('\n', 0, match.start()) + 1
        found.append((first, code.count('\n', match.start(), position) + 1))
    return found


def _body(code: str, position: int) -> int | None:
    """Where the `{` of a function's body is; None for a requirement of a protocol."""
    depth = 0
    while position < len(code):
        character = code[position]
        if character in '([':
            depth += 1
        elif character in ')]':
            depth -= 1
        elif depth <= 0 and character == '{':
            return position
        elif depth <= 0 and (
            character == '}' or re.compile(r'\n\s*(?:func|var|let|init|static|mutating|///|\n)').match(code, position)
        ):
            return None
        position += 1
    return None


def undocumented_package(text: str, code: str) -> list[int]:
    """Lines of `package` declarations without a doc comment above."""
    raw, clean = text.splitlines(), code.splitlines()
    found = []
    for number, line in enumerate(clean):
        if not _PACKAGE.match(line):
            continue
        above = number - 1
        while above >= 0 and re.match(r'^\s*(@|#if|nonisolated\s*$)', raw[above]):
            above -= 1
        if above < 0 or not re.match(r'^\s*(///|\*/|\*)', raw[above]):
            found.append(number + 1)
    return found
