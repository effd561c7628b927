"""What a contact as it is now says of a change that is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aicmo.crm.record import Found, Record
from aicmo.gateways.contract import Found as Told
from aicmo.gateways.contract import Reading


def reading_of(found: Found, staged: Mapping[str, Any]) -> Reading:
    """PRESENT where every value is ours, ABSENT where none is; between them only a person can tell."""
    if found is None:
        return Reading(Told.ABSENT) if not staged["record"] else _cannot("the contact is gone")
    if not isinstance(found, Record):
        return _cannot(f"{len(found.ids)} contacts of the CRM fit")
    wanted: Mapping[str, str] = staged["write"]
    ours = [name for name, value in wanted.items() if found.values.get(name, "") == value]
    if len(ours) == len(wanted):
        return Reading(Told.PRESENT, found.id, permalink=found.link)
    if not ours:
        return Reading(Told.ABSENT)
    return _cannot(f"{len(ours)} of {len(wanted)} values are ours")


def _cannot(why: str) -> Reading:
    return Reading(Told.CANNOT_TELL, detail=why)
