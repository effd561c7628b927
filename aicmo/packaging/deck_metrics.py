"""How wide a character may get on a slide, whichever typeface the reader's machine shows it in.

A deck names its typefaces and doesn't carry them: Inter or Source Serif 4 where they are installed,
else what PowerPoint puts in their place. So a character counts as the widest of the brand's face and
Arial's or Georgia's, whose widths were read from the metric-compatible Liberation Sans and Gelasio.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from PIL import ImageFont

from aicmo.packaging import fonts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REFERENCE = 1000
_SAFETY = 1.01  # renderers round each glyph to their own grid
_SUBSTITUTE_BOLD = 1.1  # other scripts come in one weight here
_EMOJI, _UNKNOWN = 1.25, 0.7
_ZERO_WIDTH = ("Mn", "Me", "Cf", "Cc")


@lru_cache(maxsize=65536)
def ems(word: str, *, bold: bool, heading: bool) -> float:
    """The width of a word in font sizes."""
    return sum(_advance(char, bold=bold, heading=heading) for char in word) * _SAFETY


@lru_cache(maxsize=8192)
def _advance(char: str, *, bold: bool, heading: bool) -> float:
    category = unicodedata.category(char)
    if category in _ZERO_WIDTH:
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return _EMOJI if category == "So" else 1.0
    known = [
        *_brand_widths(char, bold=bold, heading=heading),
        *_office(char, bold=bold, heading=heading),
    ]
    return max(known) if known else _substitute(char, bold=bold)


def _brand_widths(char: str, *, bold: bool, heading: bool) -> Iterator[float]:
    for typeface in ("sans", "serif") if heading else ("sans",):
        face = fonts.face_for(char, typeface)
        if face and face.family == fonts.FAMILIES[typeface]:
            yield _width(char, fonts.file_for(typeface, 700 if bold or heading else 400))


def _office(char: str, *, bold: bool, heading: bool) -> Iterator[float]:
    faces = ("Georgia 700", "Arial 700") if heading else (f"Arial {700 if bold else 400}",)
    for face in faces:
        if char in _office_widths()[face]:
            yield _office_widths()[face][char] / _REFERENCE


def _substitute(char: str, *, bold: bool) -> float:
    face = fonts.face_for(char, "sans")
    width = _width(char, face.path, face.number) if face else _UNKNOWN
    return width * _SUBSTITUTE_BOLD if bold else width


def _width(char: str, path: Path, number: int = 0) -> float:
    return _face(path, number).getlength(char) / _REFERENCE


@cache
def _face(path: Path, number: int) -> ImageFont.FreeTypeFont:
    # Basic layout: joined Arabic letters count as if they stood alone, which is never narrower.
    return ImageFont.truetype(path, _REFERENCE, number, layout_engine=ImageFont.Layout.BASIC)


@cache
def _office_widths() -> dict[str, dict[str, int]]:
    """Thousandths of the font size, by face and character."""
    written = json.loads((fonts.FOLDER / "office-widths.json").read_text(encoding="utf-8"))
    return {
        name: {char: int(width) for width, chars in by_width.items() for char in chars}
        for name, by_width in written.items()
    }
