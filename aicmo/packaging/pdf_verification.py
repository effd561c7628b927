"""The check of a written PDF: what a client would stumble over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pypdfium2

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.outline import texts

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo.packaging.outline import Outline

_NOT_A_WORD = re.compile(r"\bNone\b")


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
    document = pypdfium2.PdfDocument(path)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return "\n".join(pages), len(pages)


def _problem(text: str, outline: Outline) -> str | None:
    if squeezed(outline.client) not in squeezed(text):
        return f"doesn't name the client, {outline.client}"
    return marker_in(text, outline)


def marker_in(text: str, outline: Outline) -> str | None:
    """What is wrong with a file's text: template marks, or a `None` that the outline hasn't."""
    if "{{" in text or "{%" in text:
        return "shows a template's marks"
    if _NOT_A_WORD.search(text) and not any(_NOT_A_WORD.search(one) for one in texts(outline)):
        return "shows a missing value as None"
    return None


def squeezed(text: str) -> str:
    """The text without white space and line-end hyphens, which pages change."""
    return re.sub(r"[\s\u00ad\ufffe]+", "", text)
