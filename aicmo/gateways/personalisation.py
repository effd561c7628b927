"""The placeholder language of email: `{{ contact.NAME }}`, with or without a default.

Nothing else is understood, so a text can't compute, loop or reach anything but the contact. What
is filled in is data: `Template.fill` escapes it for where it lands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aicmo.errors import FixInput
from aicmo.gateways.email_headers import refuse_controls
from aicmo.plans.placeholders import PLACEHOLDER

_LEFT_OVER = re.compile(r"(\{\{|\{%|%\}|\}\}).{0,30}", re.DOTALL)
_NEXT_STEP = 'Write {{ contact.first_name }} or {{ contact.first_name | default("there") }}.'


@dataclass(frozen=True)
class EmailRecipient:
    """What an email may know about the person it goes to."""

    email: str
    name: str | None = None
    first_name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])

    def value(self, name: str) -> str:
        """The value of a placeholder; empty if there is none."""
        own = {"email": self.email, "name": self.name, "first_name": self.first_name}
        found = own[name] if name in own else self.attributes.get(name)
        return (found or "").strip()


@dataclass(frozen=True)
class Placeholder:
    """`{{ contact.NAME }}`; `place` is the field it stands in."""

    name: str
    default: str | None
    place: str

    def fill(self, recipient: EmailRecipient) -> str:
        value = recipient.value(self.name) or self.default
        if value is None:
            raise FixInput(
                f"{self.place} needs contact.{self.name}, which this contact doesn't have",
                next_step=f'Give the contact a {self.name}, or write {{{{ contact.{self.name} | default("…") }}}}.',
            )
        return refuse_controls(value, f"contact.{self.name}")


@dataclass(frozen=True)
class Template:
    """Text with placeholders, read once and filled for many recipients."""

    parts: tuple[str | Placeholder, ...]

    def fill(self, recipient: EmailRecipient, escape: Callable[[str], str] = str) -> str:
        """The text for one recipient; `escape` is applied to the filled values only.

        Raises:
            FixInput: the contact lacks a value that has no default, or it has a control character.
        """
        return "".join(
            part if isinstance(part, str) else escape(part.fill(recipient)) for part in self.parts
        )


def read_template(text: str, place: str = "text") -> Template:
    """`text` as a template.

    Raises:
        FixInput: there is anything in braces but a contact placeholder; the text names `place` and
            the line.
    """
    parts: list[str | Placeholder] = []
    end = 0
    for match in PLACEHOLDER.finditer(text):
        parts += [text[end : match.start()], Placeholder(match["name"], match["default"], place)]
        end = match.end()
    parts.append(text[end:])
    _refuse_other_braces(text, place)
    return Template(tuple(part for part in parts if part))


def fill(text: str, recipient: EmailRecipient) -> str:
    """Plain `text` with its placeholders filled; raises what `read_template` and `fill` raise."""
    return read_template(text).fill(recipient)


def names(text: str) -> set[str]:
    """The contact fields that `text` uses."""
    return {p.name for p in read_template(text).parts if isinstance(p, Placeholder)}


def _refuse_other_braces(text: str, place: str) -> None:
    blanked = PLACEHOLDER.sub(lambda match: "_" * len(match[0]), text)
    if found := _LEFT_OVER.search(blanked):
        line = text.count("\n", 0, found.start()) + 1
        raise FixInput(
            f"{place}, line {line}: {found[0]!r} isn't a placeholder AICMO knows",
            next_step=_NEXT_STEP,
        )


class Markers:
    """Words that stand for placeholders while Markdown and HTML are rendered around them.

    A marker is made of letters and digits, so rendering leaves it whole, and only afterwards is it
    replaced: what a contact is called can't become markup.

    seed: all the text that will be rendered; the markers derive from it, so it can't contain them.
    """

    def __init__(self, seed: str) -> None:
        digest = hashlib.sha256(seed.encode(errors="backslashreplace")).hexdigest()[:24]
        self._stem = f"x{digest}n"
        self._placeholders: list[Placeholder] = []

    def put_into(self, text: str, place: str) -> str:
        """`text` with each placeholder replaced by its marker."""
        return "".join(
            part if isinstance(part, str) else self._marker(part)
            for part in read_template(text, place).parts
        )

    def are_in(self, rendered: str) -> bool:
        return self._stem in rendered

    def template(self, rendered: str) -> Template:
        """`rendered` as a template: the markers are placeholders again."""
        pieces = re.split(rf"{self._stem}(\d+)z", rendered)
        return Template(
            tuple(
                self._placeholders[int(piece)] if index % 2 else piece
                for index, piece in enumerate(pieces)
            )
        )

    def _marker(self, placeholder: Placeholder) -> str:
        self._placeholders.append(placeholder)
        return f"{self._stem}{len(self._placeholders) - 1}z"
