"""A contact as the client's CRM has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Match:
    """Whom to look for: first who has our id, then who has the address.

    contact_id, id_property: as in `Change`; '' is AICMO's own property. email: '' without one.
    """

    contact_id: str
    email: str = ""
    id_property: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A contact, as far as it was asked about.

    id: the CRM's own. contact_id: ours, as it stands there; '' if none does.
    values: by property, in the words of `aicmo.crm.values`; '' is an empty one.
    changed_at, changed_by: of a property, or of the whole record where the CRM knows no more (key '').
    link: where a person opens it.
    """

    id: str
    contact_id: str = ""
    email: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    changed_at: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    changed_by: Mapping[str, str] = field(default_factory=dict[str, str])
    link: str = ""

    def when(self, name: str) -> datetime | None:
        """When a property was last changed, as far as the CRM tells."""
        return self.changed_at.get(name) or self.changed_at.get("")

    def who(self, name: str) -> str:
        """Who changed it last; '' where the CRM doesn't tell."""
        return self.changed_by.get(name) or self.changed_by.get("", "")


@dataclass(frozen=True, slots=True)
class Several:
    """More than one contact fits: which of them is meant, only a person can tell."""

    ids: tuple[str, ...]


Found = Record | Several | None
"""None: the CRM doesn't have the contact."""
