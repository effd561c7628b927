"""What people want to go out, kept apart from the ledger, which must not do otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.projects import NOW, contact, email

ITEMS = ("soon", "later")
PEOPLE = (1, 2, 3)
SEND_AT = {"soon": NOW - timedelta(hours=1), "later": NOW + timedelta(minutes=30)}


@dataclass
class Wishes:
    """text: the version of each item's text; approved: the version of it that is approved."""

    text: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ITEMS, 1))
    approved: dict[str, int | None] = field(
        default_factory=lambda: dict[str, int | None](dict.fromkeys(ITEMS, 1))
    )
    cancelled: set[str] = field(default_factory=set[str])
    unsubscribed: set[str] = field(default_factory=set[str])
    is_paused: bool = False

    def objection(self, item: str, recipient: str, payload: bytes | None = None) -> str:
        """Why this must not go out now; '' if it may. Without `payload`, its text isn't looked at."""
        if self.is_paused:
            return "during a pause"
        if item in self.cancelled:
            return f"after {item} was cancelled"
        if self.approved[item] is None or self.approved[item] != self.text[item]:
            return f"while {item} wasn't approved"
        if payload is not None and _subject(item, self.text[item]).encode() not in payload:
            return f"with another text than the one that was approved for {item}"
        return f"after {recipient} unsubscribed" if recipient in self.unsubscribed else ""

    def items(self) -> list[dict[str, Any]]:
        """The plan as it is wanted now."""
        return [_email(item, version) for item, version in self.text.items()]


def address(person: int) -> str:
    return str(contact(person)["email"])


def _subject(item: str, version: int) -> str:
    return f"Offer {item} {version}."


def _email(item: str, version: int) -> dict[str, Any]:
    content = {"subject": _subject(item, version), "body": "Come to the studio."}
    return email(item, SEND_AT[item], content=content)
