"""What keeps contacts from an item, gathered by what it is: how many they are, and the first few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aicmo.gateways.email_findings import Finding

_NAMED = 5
_REASONS = 20


@dataclass
class _Some:
    """Contacts who have the same trouble: how many, and the first few ids."""

    place: str
    fix: str
    count: int = 0
    contacts: list[str] = field(default_factory=list[str])

    def add(self, contact: str) -> None:
        self.count += 1
        if len(self.contacts) < _NAMED:
            self.contacts.append(contact)

    def __str__(self) -> str:
        shown = ", ".join(self.contacts) + (", …" if self.count > len(self.contacts) else "")
        return f"{self.count:,} contact{'s' if self.count != 1 else ''} ({shown})"


class Troubles:
    """Its memory doesn't grow with the audience."""

    def __init__(self) -> None:
        self._known: dict[str, _Some] = {}

    def note(self, contact: str, place: str, text: str, fix: str) -> None:
        """Adds a contact to those with the same trouble; texts that name a value may be many."""
        if text not in self._known and len(self._known) >= _REASONS:
            place, text, fix = "content", "and for other reasons", "Correct the ones above first"
        self._known.setdefault(text, _Some(place, fix)).add(contact)

    def findings(self) -> Iterator[Finding]:
        """One error for each trouble."""
        for text, some in self._known.items():
            yield Finding("error", some.place, f"{some}: {text}", some.fix)
