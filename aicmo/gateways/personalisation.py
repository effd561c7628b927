"""The placeholder language of email: `{{ contact.NAME }}`, with or without a default.

Nothing else is understood, so a text can't compute, loop or reach anything but the contact. What
is filled in is data: `Template.fill` escapes it for where it lands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
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
        match name:
            case "first_name":
                found = self.first_name
            case "name":
                found = self.name
            case "email":
                found = self.email
            case _:
                found = self.attributes.get(name)
        return (found or "").strip()


@dataclass(frozen=True, slots=True)
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
        return value if value.isprintable() else refuse_controls(value, f"contact.{self.name}")


@dataclass(frozen=True)
class Template:
    """Text in which numbers stand for values; the same values may fill several templates."""

    parts: tuple[str | int, ...]

    def fill(self, values: Sequence[str]) -> str:
        return "".join(part if isinstance(part, str) else values[part] for part in self.parts)


def read_placeholders(text: str, place: str = "text") -> tuple[str | Placeholder, ...]:
    """`text` in pieces: what is literal, and the placeholders between.

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
    return tuple(part for part in parts if part)


def fill(text: str, recipient: EmailRecipient) -> str:
    """Plain `text` with its placeholders filled.

    Raises:
        FixInput: as `read_placeholders`, or the contact lacks a value that has no default.
    """
    return "".join(
        part if isinstance(part, str) else part.fill(recipient) for part in read_placeholders(text)
    )


def _refuse_other_braces(text: str, place: str) -> None:
    blanked = PLACEHOLDER.sub(lambda match: "_" * len(match[0]), text)
    if found := _LEFT_OVER.search(blanked):
        line = text.count("\n", 0, found.start()) + 1
        raise FixInput(
            f"{place}, line {line}: {found[0]!r} isn't a placeholder AICMO knows",
            next_step=_NEXT_STEP,
        )


class Markers:
    """Words that stand for values while Markdown and HTML are rendered around them.

    A marker is made of letters and digits, so rendering leaves it whole, and only afterwards is it
    replaced: what a contact is called can't become markup. Value 0 is the delivery's feedback token,
    the others are the placeholders' in the order of their first use.

    seed: all the text that will be rendered; the markers derive from it, so it can't contain them.
    """

    def __init__(self, seed: str) -> None:
        digest = hashlib.sha256(seed.encode(errors="backslashreplace")).hexdigest()[:24]
        self._stem = f"x{digest}n"
        self._pattern = re.compile(rf"{self._stem}(\d+)z")
        self._placeholders: dict[tuple[str, str | None], Placeholder] = {}

    @property
    def feedback_token(self) -> str:
        return self._marker(0)

    @property
    def count(self) -> int:
        """How many values there are."""
        return 1 + len(self._placeholders)

    def put_into(self, text: str, place: str) -> str:
        """`text` with each placeholder replaced by its marker."""
        return "".join(
            part if isinstance(part, str) else self._marker(self._number(part))
            for part in read_placeholders(text, place)
        )

    def are_in(self, rendered: str) -> bool:
        return self._stem in rendered

    def shown(self, rendered: str) -> str:
        """`rendered` as its author knows it, for a message about it."""
        names = ["token", *(f"contact.{name}" for name, _ in self._placeholders)]
        return self._pattern.sub(lambda found: f"{{{{ {names[int(found[1])]} }}}}", rendered)

    def template(self, rendered: str) -> Template:
        pieces = self._pattern.split(rendered)
        return Template(
            tuple(int(piece) if at % 2 else piece for at, piece in enumerate(pieces) if piece)
        )

    def values(self, recipient: EmailRecipient, feedback_token: str) -> list[str]:
        """What one recipient's email is filled with.

        Raises:
            FixInput: the contact lacks a value that has no default, or it has a control character.
        """
        return [feedback_token, *[each.fill(recipient) for each in self._placeholders.values()]]

    def _number(self, placeholder: Placeholder) -> int:
        key = (placeholder.name, placeholder.default)
        self._placeholders.setdefault(key, placeholder)
        return list(self._placeholders).index(key) + 1

    def _marker(self, number: int) -> str:
        return f"{self._stem}{number}z"
