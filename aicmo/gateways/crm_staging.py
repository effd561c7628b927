"""What of a change is sent, noted with its delivery before it is armed: what it writes and overwrites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from aicmo.crm.change import Change
from aicmo.crm.judging import Decision, Difference, Judged, judge
from aicmo.crm.record import Found, Match, Record, Several
from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import NoToken, Refused
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope, Staged

OF_ONE_TRY = ("added", "former", "ours", "list_id")
"""What of the values that were staged counts for the next try only if this one may have been sent: else it
has had no effect, and a list's number may be another list's by then, as in another account."""
IN_STEPS = "in_steps"
"""Among the values of a change that takes several requests, of which earlier ones had their effect."""
_NOBODY = "the CRM doesn't have this contact"


@dataclass(frozen=True, slots=True)
class Asked:
    """A delivery, and the change that it carries."""

    draft: Outgoing
    change: Change

    @property
    def match(self) -> Match:
        change = self.change
        return Match(change.contact_id, change.email, change.id_property)

    @property
    def names(self) -> set[str]:
        """The properties that it is judged by."""
        change = self.change
        names = {each.name for each in change.fields}
        if change.stage:
            names.add(change.stage.property)
        return names | ({change.tags_property} if change.tag else set())


def stage_change(asked: Asked, found: Found) -> Staged:
    """What is sent of a change to the contact as it is now.

    The values: `match`, `record` (the CRM's id; '' of one to be added), `added` (by this delivery),
    `has_id` (our id stands there), `write` by property, `former` and `ours` of what it overwrites,
    `link`; of an activity or a list also its name.
    """
    change = asked.change
    if isinstance(found, Several):
        return _held(asked, f"{len(found.ids)} contacts of the CRM fit")
    if found is None and not change.may_create:
        return _held(asked, _NOBODY)
    if found is not None and _is_another_of_ours(change, found):
        return _held(asked, f"the CRM has the address with {found.contact_id.rpartition(':')[2]}")
    judged = judge(change, found)
    if judged.objections:
        return _held(asked, "; ".join(map(_said, judged.objections)))
    before = asked.draft.staged
    is_added = found is None or _is_ours(asked, found, judged)
    former = judged.former | _ours_already(before, judged.differences)
    values: dict[str, Any] = {
        "match": {
            "contact_id": change.contact_id,
            "email": change.email,
            "id_property": change.id_property,
        },
        "record": found.id if found else "",
        "added": is_added,
        "has_id": bool(found and found.contact_id),
        "write": judged.to_write,
        "former": former,
        "ours": {each.name: each.ours for each in judged.differences if each.name in former},
        "link": found.link if found else "",
    }
    if change.activity:
        values["activity"] = change.activity.kind
    if change.list_name:
        values["list"] = change.list_name
    return Staged(values)


def _is_another_of_ours(change: Change, found: Record) -> bool:
    """The address led to another contact of the same project, whose data this one's would replace."""
    project, own = (each.rpartition(":")[0] for each in (change.contact_id, found.contact_id))
    return found.contact_id != change.contact_id and project == own


def _held(asked: Asked, why: str) -> Staged:
    return Staged(asked.draft.staged, Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=why))


def _said(difference: Difference) -> str:
    asks = difference.decision is Decision.ASK
    return f"{difference.name}: {difference.why}" + (", a person has to answer" if asks else "")


def _is_ours(asked: Asked, found: Record, judged: Judged) -> bool:
    """An earlier try added it, and lost its answer; nobody else has added it, or typed in it, since."""
    is_known = found.contact_id == asked.change.contact_id and not any(judged.former.values())
    return bool(asked.draft.staged.get("added")) and is_known


def _ours_already(before: Mapping[str, Any], differences: tuple[Difference, ...]) -> dict[str, str]:
    """What an earlier try of ours overwrote: its values are there by now, so they are no former ones."""
    if before.get("added"):
        return {}  # it overwrote nothing
    same = {each.name for each in differences if each.decision is Decision.SAME}
    return {name: value for name, value in before.get("former", {}).items() if name in same}


def objection_to(error: Exception) -> Outcome:
    """Why nothing could be read, so that nothing of it is armed now; names the kind of failure only."""
    if isinstance(error, (NoToken, Refused)):
        return error.outcome
    if isinstance(error, FixInput):
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=str(error))
    detail = f"connection failed: {type(error).__name__}"
    scope = Scope.RUN if isinstance(error, httpx.HTTPError) else Scope.DELIVERY
    return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=scope)
