"""The small pieces that chapters are made of; each is left out when it has nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aicmo.packaging.content import ItemStatus
from aicmo.packaging.outline import Block, Card, Cards, Section, Table
from aicmo.packaging.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from aicmo.packaging.content import ProjectContent
    from aicmo.plans.document import ProjectDocument
    from aicmo.plans.items import Item

EMPTY_CELL = "–"
_LONGEST_CONCLUSION = 150


@dataclass(frozen=True)
class Material:
    """What every chapter is written from."""

    content: ProjectContent
    say: Wording

    @property
    def document(self) -> ProjectDocument:
        return self.content.document

    def items(self) -> list[Item]:
        """The items in the order they go out."""
        return sorted(self.document.items, key=lambda item: (self.say.sends_at(item), item.id))

    def status(self, item: Item) -> ItemStatus:
        return self.content.items.get(item.id, ItemStatus())

    def unapproved(self) -> list[Item]:
        """The items that wait for approval, in the order they go out."""
        return [item for item in self.items() if not self.status(item).approved]

    def day_of(self, item: Item) -> date:
        """The day an item goes out, by the client's calendar."""
        return self.say.sends_at(item).date()

    def days_of(self, items: Sequence[Item]) -> str:
        """From the first to the last day of items in their order."""
        return self.say.days(self.day_of(items[0]), self.day_of(items[-1]))

    def audience_of(self, item: Item) -> str | None:
        names = {one.id: one.name for one in self.document.audiences}
        return names.get(item.audience) if item.audience else None


def is_short(text: str) -> bool:
    """Whether a text can stand as a chapter's message."""
    return "\n" not in text and len(text) <= _LONGEST_CONCLUSION


def in_short(told: str, shorter: str) -> str:
    """What is told, if it can stand as a chapter's message; the shorter text if names are long."""
    return told if is_short(told) else shorter


def section(heading: str, *blocks: Block | None) -> Section | None:
    """A section of the blocks there are; None if there are none."""
    present = tuple(block for block in blocks if block is not None)
    return Section(heading, present) if present else None


def present(sections: Iterable[Section | None]) -> tuple[Section, ...]:
    return tuple(one for one in sections if one is not None)


def cards(made: Iterable[Card]) -> Cards | None:
    made = tuple(made)
    return Cards(made) if made else None


def details(*pairs: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """The pairs that have a value."""
    return tuple((name, value) for name, value in pairs if value)


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    *,
    numeric: Iterable[str] = (),
    total: Sequence[str] | None = None,
    source: str = "",
    filter_by: Iterable[str] = (),
) -> Table | None:
    """A table without the columns that are empty in every row; None without rows."""
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    if not kept:
        return None
    names = tuple(columns[i] for i in kept)
    return Table(
        caption=caption,
        columns=names,
        rows=tuple(tuple(row[i] or EMPTY_CELL for i in kept) for row in rows),
        numeric=frozenset(i for i, name in enumerate(names) if name in set(numeric)),
        total=None if total is None else tuple(total[i] for i in kept),
        source=source,
        filter_by=tuple(i for i, name in enumerate(names) if name in set(filter_by)),
    )
