"""The field types that project documents are made of."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _printable(text: str, *, allowed: str) -> str:
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs") and character not in allowed:
            msg = f"contains the control character U+{ord(character):04X}"
            raise ValueError(msg)
    return text


def _single_line(text: str) -> str:
    if found := _BIDI_CONTROLS.search(text):
        msg = f"contains the text direction control U+{ord(found.group()):04X}"
        raise ValueError(msg)
    if "\u2028" in text or "\u2029" in text:
        msg = "contains a line break"
        raise ValueError(msg)
    return _printable(text, allowed="")


def _many_lines(text: str) -> str:
    return _printable(text.replace("\r\n", "\n"), allowed="\n\t")


def _https(url: str) -> str:
    if not re.fullmatch(r"(https://|mailto:)[^\s<>\"']+", url):
        msg = "is not an https:// or mailto: address"
        raise ValueError(msg)
    return url


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

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
"""`#rrggbb`."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag: `en`, `pt-BR`."""


class Part(BaseModel):
    """A part of the project document: frozen, and a misspelt field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
