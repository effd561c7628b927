"""The check of a written PDF: what a client would stumble over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pypdfium2

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.outline import marker_in, squeezed

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo.packaging.outline import Outline


def verify_pdf(path: Path, outline: Outline) -> int:
    """The number of pages.

    Raises:
        PackageFileInvalid: it doesn't open, is empty, lacks the client's name, or shows a marker.
    """
    try:
        text, pages = _read(path)
    except (pypdfium2.PdfiumError, OSError) as error:
        raise PackageFileInvalid(f"{path.name} can't be opened again: {error}.") from error
    if problem := _problem(text, outline):
        raise PackageFileInvalid(f"{path.name} {problem}.")
    return pages


def _read(path: Path) -> tuple[str, int]:
    document: Any = pypdfium2.PdfDocument(path)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return "\n".join(pages), len(pages)


def _problem(text: str, outline: Outline) -> str | None:
    if squeezed(outline.client) not in squeezed(text):
        return f"doesn't name the client, {outline.client}"
    return marker_in(text, outline)
