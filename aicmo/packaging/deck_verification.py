"""The check of a written deck: reopened, whole, readable by a screen reader, nothing off the slide."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from pptx import Presentation
from pptx.exc import PackageNotFoundError
from pptx.oxml.ns import qn

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.deck_story import shown_lines
from aicmo.packaging.outline import marker_in, squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aicmo.packaging.outline import Outline

_NEEDS_MEANING = (qn("p:graphicFrame"), qn("p:pic"))


def verify_deck(path: Path, outline: Outline) -> int:
    """The number of slides.

    Raises:
        PackageFileInvalid: the file can't be opened, or a slide has a fault that is named.
    """
    try:
        deck: Any = Presentation(str(path))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise PackageFileInvalid(f"{path.name} can't be opened again: {error}.") from error
    for problem in _problems(deck, outline):
        raise PackageFileInvalid(f"{path.name}: {problem}.")
    return len(deck.slides)


def _problems(deck: Any, outline: Outline) -> Iterator[str]:
    if len(deck.slides) == 0:
        yield "there is no slide"
    for number, slide in enumerate(deck.slides, start=1):
        yield from (f"slide {number} {fault}" for fault in _slide_faults(deck, slide))
    text = "\n".join(part for slide in deck.slides for part in slide_texts(slide))
    if marker := marker_in(text, outline):
        yield f"it {marker}"
    told = squeezed(text)
    for line in shown_lines(outline):
        if squeezed(line) not in told:
            yield f"it lacks “{line[:80]}”"


def _slide_faults(deck: Any, slide: Any) -> Iterator[str]:
    ids = [one.get("id") for one in slide._element.iter(qn("p:cNvPr"))]  # noqa: SLF001  (no API)
    if len(ids) != len(set(ids)):
        yield "has two shapes with one id"
    for shape in slide.shapes:
        if shape.is_placeholder and shape.has_text_frame and not _written(shape):
            yield f"has an empty placeholder, {shape.name}"
        properties = next(shape._element.iter(qn("p:cNvPr")))  # noqa: SLF001  (no API)
        if shape._element.tag in _NEEDS_MEANING and not properties.get("descr"):  # noqa: SLF001
            yield f"has no alternative text for {shape.name}"
        if _outside(deck, shape):
            yield f"has {shape.name} outside its edges"


def _written(shape: Any) -> bool:
    # python-pptx leaves fields, such as the slide number, out of `text`.
    return any((one.text or "").strip() for one in shape._element.iter(qn("a:t")))  # noqa: SLF001


def _outside(deck: Any, shape: Any) -> bool:
    slack = 2  # EMU: inches are rounded
    return (
        min(shape.left, shape.top) < 0
        or shape.left + shape.width > deck.slide_width + slack
        or shape.top + shape.height > deck.slide_height + slack
    )


def slide_texts(slide: Any) -> Iterator[str]:
    """Every text of a slide: shapes, tables, charts and speaker notes, one string a paragraph."""
    for holder in (slide, slide.notes_slide):
        for paragraph in holder._element.iter(qn("a:p")):  # noqa: SLF001  (fields and tables too)
            yield "".join(one.text or "" for one in paragraph.iter(qn("a:t")))
    for shape in slide.shapes:
        if shape.has_chart:
            space = shape.chart._chartSpace  # noqa: SLF001  (labels and categories alike)
            yield from (one.text or "" for one in space.iter(qn("a:t"), qn("c:v")))
