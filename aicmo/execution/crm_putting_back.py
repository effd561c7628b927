"""Which former values are put back: those of fields that still hold what we put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aicmo.crm.record import Found, Match, Record, Several
from aicmo.execution.crm_overwritten import APPROVED, UNKNOWN, SentChange


class Fate(StrEnum):
    """What becomes of one field."""

    PUT_BACK = "put back"
    """It still holds ours, so the former value is written."""
    IS_BACK = "is back"
    """The former value is there already."""
    STAYS = "stays"
    """Somebody has changed it since, or it can't be told: it isn't touched."""


@dataclass(frozen=True, slots=True)
class FieldBack:
    """One field that a change overwrote; '' is an empty value.

    now: what is there; None where it couldn't be read. why: in words, of STAYS.
    changed_at, changed_by: of what is there now, as far as the CRM tells.
    """

    name: str
    former: str
    ours: str
    now: str | None
    fate: Fate
    why: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class PutBack:
    """What putting changes back comes to.

    fields: by delivery. updates: what is written, by the CRM's id of the contact and property.
    """

    fields: dict[int, tuple[FieldBack, ...]] = field(
        default_factory=dict[int, tuple[FieldBack, ...]]
    )
    updates: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


def judge_back(changes: Sequence[SentChange], found: Mapping[Match, Found]) -> PutBack:
    """What of these changes is put back to the contacts as the CRM has them.

    The newest first: where two of them wrote the same field, the older one finds what the newer one
    puts back, and the field gets the value from before both.
    """
    judged = PutBack()
    values: dict[str, dict[str, str]] = {}
    for change in sorted(changes, key=lambda each: each.order, reverse=True):
        there = found.get(change.match) if change.match else None
        if not isinstance(there, Record) or there.id != change.record:
            judged.fields[change.delivery_id] = tuple(_untouched(change, there))
            continue
        expected = values.setdefault(there.id, dict(there.values))
        fields = tuple(_fields(change, there, expected))
        judged.fields[change.delivery_id] = fields
        for each in fields:
            if each.fate is Fate.PUT_BACK:
                judged.updates.setdefault(there.id, {})[each.name] = each.former
                expected[each.name] = each.former
    return judged


def _fields(
    change: SentChange, there: Record, expected: Mapping[str, str]
) -> Iterator[FieldBack]:  # fmt: skip
    # Some CRMs have to empty a field before it goes back, such as HubSpot a stage.
    is_begun = change.wish.state in (APPROVED, UNKNOWN)
    for name, former in change.former.items():
        ours, now = change.ours.get(name), expected.get(name, "")
        fate = Fate.STAYS
        if now == ours or (is_begun and former and not now):
            fate = Fate.PUT_BACK
        elif now == former:
            fate = Fate.IS_BACK
        yield FieldBack(
            name, former, ours or "", there.values.get(name, ""), fate,
            "changed since" if fate is Fate.STAYS else "", there.when(name), there.who(name),
        )  # fmt: skip


def _untouched(change: SentChange, there: Found) -> Iterator[FieldBack]:
    if isinstance(there, Several):
        why = f"{len(there.ids)} contacts of the CRM fit"
    elif there is None:
        why = "the CRM doesn't have the contact any more"
    else:
        why = "another contact of the CRM fits by now"
    for name, former in change.former.items():
        yield FieldBack(name, former, change.ours.get(name, ""), None, Fate.STAYS, why)
