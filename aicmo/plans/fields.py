"""The field types that project documents are made of."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_CONTROLS_IN_LINES = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROLS_IN_PROSE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _single_line(text: str) -> str:
    if found := _BIDI_CONTROLS.search(text):
        msg = f"contains the text direction control U+{ord(found.group()):04X}"
        raise ValueError(msg)
    if any(end in text for end in ("\n", "\r", "\x85", "\u2028", "\u2029")):
        msg = "contains a line break"
        raise ValueError(msg)
    return _without(_CONTROLS_IN_LINES, text)


def _many_lines(text: str) -> str:
    return _without(_CONTROLS_IN_PROSE, text.replace("\r\n", "\n"))


def _without(controls: re.Pattern[str], text: str) -> str:
    if found := controls.search(text):
        msg = f"contains the control character U+{ord(found.group()):04X}"
        raise ValueError(msg)
    return text


def _https(url: str) -> str:
    if not re.fullmatch(r"(https://[^\s<>\"'/]|mailto:)[^\s<>\"']+", url):
        msg = "is not an https:// or mailto: address"
        raise ValueError(msg)
    return _single_line(url)


def _stays_beside(path: str) -> str:
    parts = path.split("/")
    if "\\" in path or ":" in path or any(part in ("", ".", "..") for part in parts):
        msg = "is not a relative path with forward slashes that stays beside the document"
        raise ValueError(msg)
    return path


def _written_as_date(value: object) -> object:
    # pydantic would take a number for seconds since 1970 and a time of day for noise
    if isinstance(value, date) or (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)
    ):
        return value
    msg = "is not a date like 2026-03-02"
    raise ValueError(msg)


Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
"""Letters, digits, `-` and `_`, at most 64: safe as a path component, a key and a file name."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_single_line),
]
"""One line of text, without control characters."""

Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000),
    AfterValidator(_many_lines),
]
"""Text of any number of lines; Markdown where the field says so."""

Link = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_https)]
"""An https:// or mailto: address."""

WebAddress = Annotated[Link, StringConstraints(pattern=r"^https://", max_length=500)]
"""An https:// address, at most as long as a path is kept."""

FilePath = Annotated[Line, AfterValidator(_stays_beside)]
"""A relative path with forward slashes, without `..`."""

Day = Annotated[date, BeforeValidator(_written_as_date)]
"""A date, `2026-03-02`."""

Number = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]
"""An exact number; bounded, so that `1e999999999` is refused and not written out in full."""

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
"""`#rrggbb`."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag: `en`, `pt-BR`."""


class Part(BaseModel):
    """A part of the project document: frozen, and a misspelt field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
