"""Kinds of recipients, told by what is filled in for them: few emails then show what all look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans.items import EmailContent
from aicmo.plans.placeholders import PLACEHOLDER

SHOWN_AT_MOST = 5
Kind = tuple[bool, ...]
"""Whether each placeholder has a value of the contact's own; last, whether their name is ASCII."""


class Kinds:
    """The kinds of recipients of one item, counted.

    defaults: by name of each placeholder, what stands in for a missing value; None without one.
    """

    def __init__(self, content: EmailContent) -> None:
        self.defaults = _placeholders(content)
        self.counts: Counter[Kind] = Counter()

    def add(self, person: EmailRecipient) -> Kind:
        """Counts a recipient, and says of which kind."""
        name = f"{person.name}{person.first_name}"
        kind = (*(bool(person.value(each)) for each in self.defaults), name.isascii())
        self.counts[kind] += 1
        return kind

    def without(self, name: str) -> int:
        """How many recipients have no value of their own for a placeholder."""
        at = list(self.defaults).index(name)
        return sum(count for kind, count in self.counts.items() if not kind[at])

    def to_show(self, there: Collection[Kind]) -> list[Kind]:
        """The kinds of `there` that show most: first what the others don't show, then the frequent."""
        left, chosen = set(there), list[Kind]()
        seen: set[tuple[int, bool]] = set()
        while left and len(chosen) < SHOWN_AT_MOST:
            best = max(left, key=lambda kind: (len(_traits(kind) - seen), self.counts[kind], kind))
            left.discard(best)
            chosen.append(best)
            seen |= _traits(best)
        return chosen

    def describe(self, kind: Kind) -> str:
        """The kind in words."""
        own = [name for name, filled in zip(self.defaults, kind, strict=False) if filled]
        other = [name for name, filled in zip(self.defaults, kind, strict=False) if not filled]
        parts = [f"{_names(own)} filled in"] if own else []
        parts += [f"{_names([each])} by default (“{self.defaults[each] or ''}”)" for each in other]
        if not kind[-1]:
            parts.append("a name with letters outside ASCII")
        said = ", ".join(parts) or "the same for everyone"
        return said[0].upper() + said[1:]


def _placeholders(content: EmailContent) -> dict[str, str | None]:
    label = content.cta.label if content.cta else ""
    copy = "\n".join((content.subject, content.preheader or "", content.body, label))
    return {found["name"]: found["default"] for found in PLACEHOLDER.finditer(copy)}


def _traits(kind: Kind) -> set[tuple[int, bool]]:
    return set(enumerate(kind))


def _names(fields: list[str]) -> str:
    return " and ".join(each.replace("_", " ") for each in fields)
