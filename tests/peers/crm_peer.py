"""A scripted CRM on loopback: what the peers of the CRMs share.

It keeps contacts, activities and lists as that CRM would, and counts what was done to each contact: a write
that changes nothing has no effect. Its routes that act are those that change contacts, write activities
or add to lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar

from tests.peers.routed_peer import RoutedPeer

US = "this program"
"""Who changed what, in `Kept.history`, if it was a request; else the name of a person."""


@dataclass
class Kept:
    """A contact or an activity as the CRM has it, by its own names and words.

    history: by property, what it was set to, when (seconds) and by whom; the last one is now.
    contacts: of an activity, whose timelines it is on.
    """

    id: str
    values: dict[str, str] = field(default_factory=dict[str, str])
    history: dict[str, list[tuple[str, float, str]]] = field(
        default_factory=dict[str, list[tuple[str, float, str]]]
    )
    contacts: list[str] = field(default_factory=list[str])
    kind: str = "contact"


@dataclass
class KeptList:
    """is_manual: its members are named one by one, not by a rule."""

    id: str
    name: str
    members: set[str] = field(default_factory=set[str])
    is_manual: bool = True


class CrmPeer(RoutedPeer):
    """One account of a CRM.

    contact_id: the property that keeps our id of a contact; email: that of the address.
    refused: contacts (`contact:c1`) whose changes the CRM refuses by a rule of its own, one by one.
    unnamed: contacts that are changed, but of which the answer says nothing.
    reorders: answers name the records in another order than the request.
    """

    contact_id: ClassVar[str]
    email: ClassVar[str]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.contacts: dict[str, Kept] = {}
        self.activities: dict[str, Kept] = {}
        self.lists: dict[str, KeptList] = {}
        self.refused: set[str] = set()
        self.unnamed: set[str] = set()
        self.reorders = False
        self.acted: list[str] = []
        self._ids = count(1)

    @property
    def effects(self) -> Counter[str]:
        return Counter(self.acted)

    def new_id(self) -> str:
        """An id as this CRM makes them."""
        return str(1000 + next(self._ids))

    def mark(self, contact: Kept) -> str:
        """The recipient of the delivery: by our id, else by the address."""
        own = contact.values.get(self.contact_id, "").rpartition(":")[2]
        return f"contact:{own or contact.values.get(self.email, '').partition('@')[0]}"

    # What a person does there

    def add(self, values: Mapping[str, str], *, by: str = "a person", at: float = 0) -> Kept:
        """A contact that is there already."""
        contact = Kept(self.new_id())
        self._set(contact, values, by, at)
        self.contacts[contact.id] = contact
        return contact

    def edit(self, contact: Kept, values: Mapping[str, str], *, at: datetime | None = None) -> None:
        """A person changes a contact."""
        self._set(contact, values, "a person", at.timestamp() if at else 0)

    def add_list(self, name: str, *, is_manual: bool = True) -> KeptList:
        made = KeptList(self.new_id(), name, is_manual=is_manual)
        self.lists[made.id] = made
        return made

    # What a request does: the effects

    def create(self, values: Mapping[str, str]) -> Kept:
        contact = self.add({name: value for name, value in values.items() if value}, by=US)
        self.acted.append(self.mark(contact))
        return contact

    def change(self, contact: Kept, values: Mapping[str, str]) -> None:
        changed = {
            name: each for name, each in values.items() if contact.values.get(name, "") != each
        }
        self._set(contact, changed, US, 0)
        if changed:
            self.acted.append(self.mark(contact))

    def note(self, kind: str, values: Mapping[str, str], contacts: Iterable[str]) -> Kept:
        """A new activity on these contacts' timelines."""
        made = Kept(self.new_id(), dict(values), contacts=list(contacts), kind=kind)
        self.activities[made.id] = made
        self.acted.extend(self.mark(self.contacts[each]) for each in made.contacts)
        return made

    def join(self, to: KeptList, contact: Kept) -> bool:
        """Whether it wasn't a member yet."""
        if contact.id in to.members:
            return False
        to.members.add(contact.id)
        self.acted.append(self.mark(contact))
        return True

    # What can be asked

    def with_value(self, name: str, value: str) -> list[Kept]:
        """Contacts with this value, whatever its case."""
        return [
            each for each in self.contacts.values()
            if value and each.values.get(name, "").lower() == value.lower()
        ]  # fmt: skip

    def activity_with(self, name: str, value: str) -> Kept | None:
        found = (each for each in self.activities.values() if each.values.get(name) == value)
        return next(found, None)

    def _set(self, contact: Kept, values: Mapping[str, str], by: str, at: float) -> None:
        for name, value in values.items():
            contact.values[name] = value
            contact.history.setdefault(name, []).append((value, at or self.clock(), by))


def iso(seconds: float) -> str:
    """As CRMs write a moment: `2026-11-22T09:00:00.000Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
