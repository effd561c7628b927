"""Which contact of Salesforce a contact of the project is: whoever has our id, else the address."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aicmo.crm.record import Found, Match, Record, Several
from aicmo.crm.schema import Property
from aicmo.gateways.json_shapes import an_object
from aicmo.gateways.salesforce_fields import text_of
from aicmo.gateways.salesforce_queries import is_one_of, select

_MOST = 100
_LONGEST = 12_000
"""Characters of the ids and addresses in a query; Salesforce takes URLs of 16,384."""
_ALWAYS = ("Id", "Email", "LastModifiedDate", "LastModifiedBy.Name")


def parts_of(matches: Sequence[Match]) -> list[list[Match]]:
    """As many to a query as its URL holds, though it stands in a body; in their order."""
    parts: list[list[Match]] = []
    room = 0
    for each in matches:
        taken = len(quote(f"'{each.contact_id}','{each.email}',", safe=""))
        room -= taken
        if room < 0 or len(parts[-1]) == _MOST:
            parts.append([])
            room = _LONGEST - taken
        parts[-1].append(each)
    return parts


def query_of(matches: Sequence[Match], names: Collection[str], contact_id: str) -> str:
    """The query for everybody who may be one of these.

    names: of the fields to be read, all of which a contact has. contact_id: the field of our ids; ''
        where there is none yet.
    """
    own = {each for each in (*names, contact_id) if each}
    selected = [*_ALWAYS, *sorted(own - set(_ALWAYS))]
    conditions = (
        [is_one_of(contact_id, {each.contact_id for each in matches})] if contact_id else []
    )
    if addresses := {each.email for each in matches if each.email}:
        conditions.append(is_one_of("Email", addresses))
    return select(selected, "Contact", " OR ".join(conditions) or "Id = null")


class Contacts:
    """The contacts that a query found; `known` are the fields of a contact, as for the query."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        known: Mapping[str, Property],
        contact_id: str,
        link: Callable[[str], str],
    ) -> None:
        self._by_id: dict[str, list[Record]] = {}
        self.by_address: dict[str, list[Record]] = {}
        for row in rows:
            record = _record(row, known, contact_id, link)
            self._by_id.setdefault(record.contact_id, []).append(record)
            self.by_address.setdefault(record.email.casefold(), []).append(record)

    def of(self, match: Match) -> Found:
        """Whoever has our id, else the address."""
        ours = self._by_id.get(match.contact_id)
        return _one(ours or self.by_address.get(match.email.casefold() or "-") or [])


def _one(found: Sequence[Record]) -> Found:
    if len(found) > 1:
        return Several(tuple(each.id for each in found))
    return found[0] if found else None


def _record(
    row: Mapping[str, Any],
    known: Mapping[str, Property],
    contact_id: str,
    link: Callable[[str], str],
) -> Record:
    """Salesforce tells who changed a record last, but not which of its fields."""
    changed_by = an_object(row.get("LastModifiedBy")).get("Name")
    return Record(
        id=str(row["Id"]),
        contact_id=str(row.get(contact_id) or "") if contact_id else "",
        email=str(row.get("Email") or ""),
        values={
            name: text_of(known[name].type, value) for name, value in row.items() if name in known
        },
        changed_at={"": datetime.fromisoformat(str(row["LastModifiedDate"]))},
        changed_by={"": str(changed_by)} if changed_by else {},
        link=link(str(row["Id"])),
    )
