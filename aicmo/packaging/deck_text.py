"""Wraps and splits the deck's text, so that nothing runs out of its box in PowerPoint.

PowerPoint only refits text after somebody edits it, so the sizes are settled here, by the widths of
`deck_metrics`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from aicmo.packaging.deck_metrics import ems

Colour = Literal["ink", "muted", "primary", "accent", "on_primary"]
POINTS = 72.0
SMALLEST = 10.0
_ORPHAN = 0.3  # of a line
_LINE = 1.22  # line height in font sizes: Inter's own is 1.21, Arial's 1.15
_HEADING_LINE = 1.24  # nine tenths of Source Serif's own
HEADING_SPACING = 0.9
OTHER_LINE = 1.5  # of scripts whose fonts differ in height: written as a fixed distance
_OTHER_SCRIPT = re.compile(
    r"[\u0590-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\uffee\U00010000-\U0003ffff]"
)
_IDEOGRAPHS = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
# Between ideographs a line may end anywhere, but not after an opening mark nor before a closing one.
_CLOSING = "、。，．・：；！？）］｝〉》」』】〕ー…‥々ぁぃぅぇぉっゃゅょァィゥェォッャュョ゛゜％%!?),.:;\\]}"
_OPENING = "（［｛〈《「『【〔(\\[{"
_PIECE = re.compile(f"[{_OPENING}]*[{_IDEOGRAPHS}][{_CLOSING}]*|[^{_IDEOGRAPHS}]+", re.UNICODE)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes and space before in points, indent in inches.

    heading: in the heading typeface. inherits: weight, colour and typeface are the layout's.
    """

    size: float
    bold: bool = False
    colour: Colour = "ink"
    before: float = 0.0
    indent: float = 0.0
    heading: bool = False
    inherits: bool = False


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph without line breaks; `bullet` is `•` or a number such as `3.`."""

    text: str
    style: Style
    bullet: str = ""


LEAD = Style(19, colour="primary", before=6)
BODY = Style(16, before=7)
POINT = Style(16, before=6, indent=0.28)
SUBHEAD = Style(17, bold=True, colour="primary", before=4, heading=True)
CAPTION = Style(14, bold=True, before=2)
SOURCE = Style(10, colour="muted", before=3)
TILE_LABEL = Style(11, bold=True, colour="accent")
TILE_TITLE = Style(16, bold=True, colour="primary", before=1, heading=True)
CALLOUT_TITLE = Style(24, bold=True, colour="primary", before=2, heading=True)
TILE_TEXT = Style(13.5, before=4)
TILE_POINT = Style(13.5, before=3, indent=0.24)
TILE_DETAIL = Style(12, colour="muted", before=3)
FIGURE_VALUE = Style(32, bold=True, colour="primary", heading=True)
FIGURE_LABEL = Style(14, bold=True, before=2)
CELL = Style(12, inherits=True)
SPAN_LABEL = Style(12, bold=True, colour="primary")
SPAN_DATES = Style(12)
HEAD_CELL = Style(12, bold=True, inherits=True)


def on_primary(style: Style) -> Style:
    """The style on a ground of the brand's colour."""
    return replace(style, colour="on_primary")


def plain(text: str) -> str:
    """`text` without the characters that XML can't carry; nothing visible is lost."""
    return _NOT_XML.sub(" ", text)


def lines_of(text: str) -> list[str]:
    """The paragraphs of `text`, trimmed, the empty ones left out."""
    return [line for raw in plain(text).splitlines() if (line := " ".join(raw.split()))]


def sized(style: Style, scale: float) -> float:
    """The font size in points: half points, never below ten."""
    return max(SMALLEST, round(style.size * scale * 2) / 2)


def width_of(text: str, style: Style, scale: float = 1.0) -> float:
    """The width of `text` on one line, in inches."""
    return ems(text, bold=style.bold, heading=style.heading) * sized(style, scale) / POINTS


def wrap(text: str, style: Style, scale: float, width: float) -> list[str]:
    """`text` broken into lines no wider than `width` inches; a too long word is broken anywhere."""
    lines: list[str] = []
    line, used = "", 0.0
    space = width_of(" ", style, scale)
    for joint, word in _words(text, style, scale, width):
        size = width_of(word, style, scale)
        gap = space if joint else 0.0
        if line and used + gap + size > width:
            lines.append(line)
            line, used = word, size
        else:
            line = f"{line}{joint}{word}" if line else word
            used += size + (gap if line != word else 0.0)
    return [*lines, line] if line else lines


def _words(text: str, style: Style, scale: float, width: float) -> Iterator[tuple[str, str]]:
    """The pieces between which a line may end, each after what joins it to the one before."""
    for word in text.split():
        joint = " "
        for piece in pieces(word):
            rest = piece
            while width_of(rest, style, scale) > width and len(rest) > 1:
                cut = _fitting_characters(rest, style, scale, width)
                yield joint, rest[:cut]
                rest, joint = rest[cut:], ""
            yield joint, rest
            joint = ""


@lru_cache(maxsize=8192)
def pieces(word: str) -> tuple[str, ...]:
    """A word without spaces in pieces between which a line may end: ideographs stand alone."""
    return tuple(_PIECE.findall(word)) if _OTHER_SCRIPT.search(word) else (word,)


def _fitting_characters(word: str, style: Style, scale: float, width: float) -> int:
    used = 0.0
    for index, char in enumerate(word):
        used += width_of(char, style, scale)
        if used > width:
            return max(1, index)
    return len(word)


def needs_fixed_lines(text: str) -> bool:
    """Whether the lines of a text are as high as its script's font makes them, so are set by us."""
    return _OTHER_SCRIPT.search(text) is not None


def line_height(text: str, style: Style, scale: float) -> float:
    factor = _HEADING_LINE if style.heading else _LINE
    factor = OTHER_LINE if needs_fixed_lines(text) else factor
    return sized(style, scale) * factor / POINTS


def indent_of(style: Style, scale: float) -> float:
    """The hanging indent in inches; it grows with the type, since the number in it does."""
    return style.indent * max(1.0, scale)


def para_height(para: Para, width: float, scale: float) -> float:
    lines = len(wrap(para.text, para.style, scale, width - indent_of(para.style, scale))) or 1
    return lines * line_height(para.text, para.style, scale) + para.style.before * scale / POINTS


def height_of(paras: Sequence[Para], width: float, scale: float) -> float:
    """The height of a stack of paragraphs, in inches."""
    return sum(para_height(para, width, scale) for para in paras)


def split(
    paras: Sequence[Para], width: float, scale: float, height: float
) -> tuple[tuple[Para, ...], tuple[Para, ...]]:
    """The paragraphs that fit into `height`, and the rest.

    A paragraph too high for any box is cut between two lines; so the first part is never empty
    unless not even one line fits.
    """
    used = 0.0
    for index, para in enumerate(paras):
        size = para_height(para, width, scale)
        if used + size > height:
            head, tail = _cut(para, width, scale, height - used) if index == 0 else (None, para)
            kept = [*paras[:index], *([head] if head else [])]
            return tuple(kept), (tail, *paras[index + 1 :])
        used += size
    return tuple(paras), ()


def _cut(para: Para, width: float, scale: float, height: float) -> tuple[Para | None, Para]:
    lines = wrap(para.text, para.style, scale, width - indent_of(para.style, scale))
    room = height - para.style.before * scale / POINTS
    count = int(room / line_height(para.text, para.style, scale))
    if count < 1:
        return None, para
    offset = _offset_after(para.text, lines[:count])
    head = replace(para, text=para.text[:offset].rstrip())
    return head, replace(para, text=para.text[offset:].lstrip(), bullet="")


def _offset_after(text: str, lines: Sequence[str]) -> int:
    """Where in `text` its first wrapped `lines` end; a word broken in two stays told apart."""
    wanted = sum(len(line.replace(" ", "")) for line in lines)
    for offset, char in enumerate(text):
        if not char.isspace():
            wanted -= 1
        if wanted == 0:
            return offset + 1
    return len(text)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is shown of a line of text, at which scale, and whether that is all of it."""

    text: str
    scale: float
    whole: bool


def fitted(text: str, style: Style, width: float, height: float, suffix: str = "") -> Fitted:
    """`text` at 100 to 70 % of its size in a box, or its beginning if that isn't small enough.

    The caller puts a text that isn't whole somewhere else.
    """
    text = " ".join(lines_of(text))
    whole = text + suffix
    for scale in (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7):
        if _fits(whole, style, scale, width, height):
            return Fitted(whole, _without_orphan(whole, style, scale, width), whole=True)
    joint = " " if " " in text else ""
    words = text.split() if joint else list(text)
    low, high = 0, len(words)
    while high - low > 1:
        middle = (low + high) // 2
        fits = _fits(joint.join(words[:middle]) + " …" + suffix, style, 0.7, width, height)
        low, high = (middle, high) if fits else (low, middle)
    return Fitted(joint.join(words[:low]) + " …" + suffix, 0.7, whole=False)


def _without_orphan(text: str, style: Style, scale: float, width: float) -> float:
    """The scale, or a slightly smaller one that saves a second line of a word or two."""
    lines = wrap(text, style, scale, width)
    if len(lines) == 2 and width_of(lines[1], style, scale) < _ORPHAN * width:  # noqa: PLR2004
        smaller = (scale * share for share in (0.95, 0.9, 0.85, 0.8))
        return next((one for one in smaller if len(wrap(text, style, one, width)) == 1), scale)
    return scale


def _fits(text: str, style: Style, scale: float, width: float, height: float) -> bool:
    return height_of((Para(text, style),), width, scale) <= height
