"""Pictures of the PDF's pages, to look at without opening it: `previews/strategy-01.webp`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aicmo.packaging.translation import Translation

WIDTH = 600
"""Pixels: a page can be told from the others, and its headings read."""

_QUALITY, _EFFORT = 75, 2


def write_previews(pdf: Path, folder: Path, say: Translation) -> dict[str, str]:
    """Writes a WebP of every page; the same PDF gives the same bytes. Returns titles by name."""
    import pypdfium2  # noqa: PLC0415  (only a package with a PDF needs it)

    (folder / "previews").mkdir()
    titles: dict[str, str] = {}
    with pypdfium2.PdfDocument(pdf) as document:
        pages: list[Any] = list(document)
        digits = max(2, len(str(len(pages))))
        for number, page in enumerate(pages, start=1):
            picture = page.render(scale=WIDTH / page.get_width()).to_pil()
            name = f"previews/strategy-{number:0{digits}}.webp"
            picture.save(folder / name, "WEBP", quality=_QUALITY, method=_EFFORT)
            titles[name] = say.text("Page {number} of the strategy", number=number)
    return titles
