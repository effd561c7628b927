"""The check of a written PDF: what a client would stumble over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pypdfium2

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.outline import marker_in, squeezed

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo.packaging.outline import Outline

_IN_ORDER = re.compile(r"[^\u0590-\u0dff\ufb1d-\ufdff\ufe70-\ufeff]*")
"""Without a letter of the scripts from Hebrew to Sinhala."""


def verify_pdf(path: Path, outline: Outline) -> int:
    """The number of pages.

    Raises:
        PackageFileInvalid: it doesn't open, is empty, lacks the client's name, or shows a marker.
    """
    try:
        text, title, pages = _read(path)
    except (pypdfium2.PdfiumError, OSError) as error:
        raise PackageFileInvalid(f"{path.name} can't be opened again: {error}.") from error
    if problem := _problem(text, title, outline):
        raise PackageFileInvalid(f"{path.name} {problem}.")
    return pages


def _read(path: Path) -> tuple[str, str, int]:
    document: Any = pypdfium2.PdfDocument(path)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
        title = document.get_metadata_value("Title")
    finally:
        document.close()
    return "\n".join(pages), title, len(pages)


def _problem(text: str, title: str, outline: Outline) -> str | None:
    # Glyphs that make up an Arabic or Indic letter are read back out of order, or as others.
    read = text if _IN_ORDER.fullmatch(outline.client) else title
    if squeezed(outline.client) not in squeezed(read):
        return f"doesn't name the client, {outline.client}"
    return marker_in(text, outline)
