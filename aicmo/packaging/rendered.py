"""What every renderer hands back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file that was written, reopened and checked.

    pages: pages of a PDF, slides of a deck, 0 for HTML, which has none.
    warnings: what a person should look at, though the file is good; for example a blocked address.
    """

    path: Path
    pages: int
    warnings: tuple[str, ...] = ()
