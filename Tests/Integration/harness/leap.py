"""Minutes that pass at once for a program: its clocks leap, and all that is due in them is late."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path


class Leap:
    """Start a program with `environment`; `ahead` then lets so many seconds pass for it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / 'leap'
        self._file.write_bytes(bytes(8))
        library = folder / 'leap.so'
        source = Path(__file__).with_suffix('.c')
        subprocess.run(
            ['cc', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', str(source), '-o', str(library)], check=True
        )
        self.environment = {'LD_PRELOAD': str(library), 'CELERIAC_TEST_LEAP': str(self._file)}

    def ahead(self, seconds: int) -> None:
        # In place: the program has the file mapped.
        with self._file.open('r+b') as file:
            file.write(struct.pack('q', seconds))
