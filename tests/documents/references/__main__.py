"""Writes the stored pictures anew: `python -m tests.documents.references`, after a look has changed.

Look at them before they are committed: they are what every later change is held against.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import get_args

from tests.documents.page_pictures import KINDS, Look, pages_of, sheet_of

FOLDER = Path(__file__).parent

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for look in get_args(Look):
            for kind in KINDS:
                file = FOLDER / f"{look}-{kind}.webp"
                sheet_of(pages_of(kind, look, Path(scratch))).save(file, quality=60, method=6)
                sys.stdout.write(f"{file}\n")
