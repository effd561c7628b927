"""What a change needs to be sent to HubSpot, told before anything is armed: properties, a list, an activity's kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aicmo.crm.change import Change
from aicmo.crm.record import Found
from aicmo.errors import FixInput
from aicmo.gateways.contract import Staged
from aicmo.gateways.crm_staging import IN_STEPS, Asked, stage_change
from aicmo.gateways.hubspot_activities import (
    EMAILS,
    NOTE_TO_CONTACT,
    NOTES,
    association_of,
    require_short,
)
from aicmo.gateways.hubspot_answers import unless_forbidden, unreadable
from aicmo.gateways.hubspot_api import CONTACTS, STAGE, HubspotApi
from aicmo.gateways.hubspot_contacts import read_body


class Staging:
    """Looks up once what the changes of a batch need, and notes it with each."""

    def __init__(self, api: HubspotApi) -> None:
        self._api = api
        self._needs: dict[int, dict[str, Any]] = {}

    def look_up(self, asked: Sequence[Asked]) -> None:
        """Raises as `CrmGateway.find` does; FixInput: HubSpot can't take such a change."""
        for each in asked:
            self._require_properties(each)
        self._needs = {each.draft.delivery_id: self._of(each) for each in asked}
        self._note_what_is_there(asked)

    def staged(self, asked: Asked, found: Found) -> Staged:
        """`stage_change`, with what its request needs."""
        staged = stage_change(asked, found)
        if staged.objection:
            return staged
        values = {**staged.values, **self._needs[asked.draft.delivery_id]}
        return Staged(_in_steps(asked, values))

    def _require_properties(self, asked: Asked) -> None:
        change = asked.change
        known = self._api.properties(CONTACTS, {*asked.names, change.id_property})
        for name in sorted(asked.names):
            if name not in known:
                raise FixInput(f"HubSpot has no property {name}: `aicmo crm doctor` compares them")
            if not known[name].writable:
                raise FixInput(f"HubSpot lets nobody write {name}")
        if change.id_property not in known or not known[change.id_property].unique:
            raise _no_unique(change.id_property, "contacts")

    def _of(self, asked: Asked) -> dict[str, Any]:
        change, before = asked.change, asked.draft.staged
        if change.list_name:
            return {"list_id": before.get("list_id") or self._api.list_id(change.list_name)}
        if change.activity is None:
            return {}
        require_short(change.activity)
        is_email = change.activity.kind == "email"
        kind = before.get("object") or self._object(change, is_email=is_email)
        return {
            "object": kind,
            "id_property": change.activity_id_property,
            "association": NOTE_TO_CONTACT if kind == NOTES else self._association(kind),
        }

    def _object(self, change: Change, *, is_email: bool) -> str:
        """An email is noted as one where emails may keep our id, else as a note."""
        name = change.activity_id_property
        if is_email and unless_forbidden(lambda: self._is_unique(EMAILS, name)):
            return EMAILS
        if not self._is_unique(NOTES, name):
            raise _no_unique(name, "notes")
        return NOTES

    def _is_unique(self, object_type: str, name: str) -> bool:
        found = self._api.properties(object_type, [name])
        return name in found and found[name].unique

    def _association(self, object_type: str) -> int:
        path = f"/crm/v4/associations/{quote(object_type)}/{CONTACTS}/labels"
        try:
            return association_of(self._api.content("GET", path))
        except (KeyError, TypeError, ValueError):
            raise unreadable() from None

    def _note_what_is_there(self, asked: Sequence[Asked]) -> None:
        """Activities of an earlier try whose answer was lost: they aren't made again."""
        tried = [each for each in asked if each.change.activity and each.draft.staged.get("object")]
        for some in _by_hundreds(tried):
            object_type, name = some[0].draft.staged["object"], some[0].change.activity_id_property
            tokens = {each.draft.token: each.draft.delivery_id for each in some}
            for found in self._api.records(object_type, read_body(name, [*tokens], [name])):
                if number := tokens.get(found["properties"].get(name, "")):
                    self._needs[number]["there"] = str(found["id"])


def _in_steps(asked: Asked, values: dict[str, Any]) -> dict[str, Any]:
    """A stage that moves back: this try empties it, and the next one sets it.

    What stood there before the first of them is what was overwritten.
    """
    before = asked.draft.staged
    if _moves_back(asked.change, values):
        return {**values, "empties": True, IN_STEPS: True}
    if before.get(IN_STEPS) and not values["former"].get(STAGE):
        return {**values, "former": before["former"], "ours": before["ours"], IN_STEPS: True}
    return values


def _moves_back(change: Change, values: Mapping[str, Any]) -> bool:
    stage = change.stage
    if stage is None or stage.property != STAGE or STAGE not in values["write"]:
        return False
    theirs, order = values["former"][STAGE], stage.order
    is_forward = theirs in order and order.index(theirs) < order.index(stage.value)
    return bool(theirs) and not is_forward


def _by_hundreds(asked: Iterable[Asked]) -> list[list[Asked]]:
    """Those of one kind together, as many as one question takes."""
    by_kind: dict[str, list[Asked]] = {}
    for each in asked:
        by_kind.setdefault(each.draft.staged["object"], []).append(each)
    return [
        some[begin : begin + 100] for some in by_kind.values() for begin in range(0, len(some), 100)
    ]


def _no_unique(name: str, of: str) -> FixInput:
    return FixInput(
        f"HubSpot has no unique property {name} of {of}: `aicmo crm doctor --create` makes it"
    )
