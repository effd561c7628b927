"""What a contact as it is now says of a change that is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aicmo.crm.record import Found, Record
from aicmo.gateways.contract import Found as Told
from aicmo.gateways.contract import Reading
from aicmo.gateways.crm_staging import IN_STEPS


def reading_of(found: Found, staged: Mapping[str, Any]) -> Reading:
    """PRESENT where every value is ours, ABSENT where all is as it was; else only a person can tell.

    Our id counts as a value, where it was to be written, too.
    """
    if found is None:
        return Reading(Told.ABSENT) if not staged["record"] else _cannot("the contact is gone")
    if not isinstance(found, Record):
        return _cannot(f"{len(found.ids)} contacts of the CRM fit")
    are_ours = [found.values.get(name, "") == value for name, value in staged["write"].items()]
    if not staged["has_id"] and staged["match"]["id_property"]:
        are_ours.append(found.contact_id == staged["match"]["contact_id"])
    if all(are_ours):
        return Reading(Told.PRESENT, found.id, permalink=found.link)
    if any(are_ours):
        return _cannot(f"{sum(are_ours)} of {len(are_ours)} values are ours")
    if staged["record"] and not _is_as_before(found, staged):
        return _cannot("somebody has changed it since, before or after us")
    return Reading(Told.ABSENT)


def _is_as_before(found: Record, staged: Mapping[str, Any]) -> bool:
    """Nobody has written what was to be written: neither we nor somebody else after us."""
    former: Mapping[str, str] = staged["former"]
    now = {name: found.values.get(name, "") for name in staged["write"]}
    may_be_emptied = bool(staged.get(IN_STEPS))  # by the step before
    return all(
        each == former.get(name, "") or (may_be_emptied and not each) for name, each in now.items()
    )


def _cannot(why: str) -> Reading:
    return Reading(Told.CANNOT_TELL, detail=why)
