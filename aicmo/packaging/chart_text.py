"""How wide a chart's words are, and where their lines end: SVG breaks none by itself."""

from __future__ import annotations

import re
import unicodedata

SIZE = 13
_CHARACTER = 7.4
"""Mean width of a character of a bold sans face at 13 units, measured on Inter and rounded up."""
_WIDE = re.compile(r"(?<=[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef])|\s+")
"""Where a line may end: at white space, and after any Han or kana character."""
_CLOSING = "、。，．・：；！？）」』】〕〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%％"
"""What no line begins with (JIS X 4051)."""


def width_of(text: str) -> float:
    """The width of one line, rounded up."""
    return sum(_width(character) for character in text)


def lines_of(text: str, width: float) -> list[str]:
    """The text in lines of at most `width`; at least one line, and a word too long is cut."""
    lines = [""]
    for piece in _pieces(text, width):
        if lines[-1] and width_of((lines[-1] + piece).rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece
    lines[-1] = lines[-1].rstrip()
    return lines


def _pieces(text: str, width: float) -> list[str]:
    pieces: list[str] = []
    done = 0
    for found in _WIDE.finditer(text):
        if found.end() <= done or text[found.end() : found.end() + 1] in tuple(_CLOSING):
            continue
        pieces += _cut(text[done : found.end()], width)
        done = found.end()
    return [*pieces, *_cut(text[done:], width)]


def _cut(word: str, width: float) -> list[str]:
    cut = [""]
    for character in word:
        if cut[-1] and width_of(cut[-1] + character.strip()) > width:
            cut.append("")
        cut[-1] += character
    return [one for one in cut if one]


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    return SIZE if unicodedata.east_asian_width(character) in "WF" else _CHARACTER
