"""The requests that change something in HubSpot, and what their answers say of each record.

A contact that is there is changed by HubSpot's own id, one that isn't is added by ours: `batch/upsert` with a
unique property makes one contact of any number of tries. Activities are made together with whom they belong to,
which `batch/upsert` can't; a second one with the same token is refused, and looked for before it is tried.

Source: HubSpot's OpenAPI documents of contacts, notes, emails and lists, version 3, 2026-08.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aicmo.crm.change import Change
from aicmo.crm.schema import Property
from aicmo.crm.values import is_same
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing
from aicmo.gateways.crm_gateway import Request, Update
from aicmo.gateways.hubspot_activities import input_of
from aicmo.gateways.hubspot_answers import error_of, traced
from aicmo.gateways.hubspot_api import CONTACTS, CRM, STAGE
from aicmo.gateways.hubspot_values import from_hubspot, to_hubspot
from aicmo.gateways.json_shapes import an_object
from aicmo.plans.crm import FieldType

UPSERT, UPDATE, LIST = "upsert", "update", "list"
_GONE = Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail="the contact is no longer there")


def kind_of(staged: Mapping[str, Any]) -> str:
    """What goes in one request together: `upsert`, `update`, `list 12`, `notes`, `emails`."""
    if "list" in staged:
        return f"{LIST} {staged['list_id']}"
    if "activity" in staged:
        return staged["object"]
    return UPDATE if staged["record"] else UPSERT


def request_of(kind: str, group: Sequence[Outgoing]) -> Request:
    name, _, list_id = kind.partition(" ")
    if name == LIST:
        members = [each.staged["record"] for each in group]
        return Request(
            "PUT", f"{CRM}/lists/{list_id}/memberships/add", json.dumps(members).encode()
        )
    made = {UPSERT: _added, UPDATE: _changed}.get(name, _noted)
    inputs = [made(each, Change.from_bytes(each.payload)) for each in group]
    of, verb = (CONTACTS, name) if name in (UPSERT, UPDATE) else (name, "create")
    return Request("POST", f"{CRM}/objects/{of}/batch/{verb}", as_inputs(inputs))


def as_inputs(inputs: Iterable[Mapping[str, Any]]) -> bytes:
    return json.dumps({"inputs": list(inputs)}).encode()


def update_input(update: Update, known: Mapping[str, Property]) -> dict[str, Any]:
    """Values of a record by HubSpot's own id; `known` are the properties that it has."""
    return {
        "id": update.record,
        "properties": {
            name: to_hubspot(known[name].type, value) if name in known else value
            for name, value in update.values.items()
        },
        "objectWriteTraceId": update.record,
    }


def _added(outgoing: Outgoing, change: Change) -> dict[str, Any]:
    return {
        "idProperty": change.id_property,
        "id": change.contact_id,
        "properties": {**_values(outgoing, change), change.id_property: change.contact_id},
        "objectWriteTraceId": outgoing.token,
    }


def _changed(outgoing: Outgoing, change: Change) -> dict[str, Any]:
    """Our id is written where nobody's stands: another project's stays."""
    own = {} if outgoing.staged["has_id"] else {change.id_property: change.contact_id}
    return {
        "id": outgoing.staged["record"],
        "properties": {**_values(outgoing, change), **own},
        "objectWriteTraceId": outgoing.token,
    }


def _noted(outgoing: Outgoing, change: Change) -> dict[str, Any]:
    return input_of(change, outgoing.token, outgoing.staged)


def _values(outgoing: Outgoing, change: Change) -> dict[str, str]:
    types = types_of(change)
    written: Mapping[str, str] = outgoing.staged["write"]
    if outgoing.staged.get("empties"):
        return {STAGE: ""}
    return {name: to_hubspot(types[name], value) for name, value in written.items()}


def types_of(change: Change) -> dict[str, FieldType]:
    """By property, of all that the change may write."""
    types: dict[str, FieldType] = {each.name: each.type for each in change.fields}
    if change.stage:
        types[change.stage.property] = "choice"
    if change.tag:
        types[change.tags_property] = "choices"
    return types


def member_outcomes(group: Sequence[Outgoing], content: Mapping[str, Any]) -> dict[int, Outcome]:
    """Who isn't missing is a member now, or was one already.

    Raises:
        KeyError, TypeError: the answer isn't shaped as documented.
    """
    missing = {str(each) for each in list(content["recordIdsMissing"])}
    sent = Outcome(OutcomeKind.SENT, code="200")
    return {each.delivery_id: _GONE if each.staged["record"] in missing else sent for each in group}


def record_outcomes(
    group: Sequence[Outgoing], content: Mapping[str, Any], status: int
) -> Iterator[tuple[Outgoing, Outcome]]:
    """What an answer says of each delivery that it names; `ref` is HubSpot's id of the record.

    Raises:
        KeyError, TypeError, ValueError: the answer isn't shaped as documented.
    """
    by_token = {each.token: each for each in group}
    values = [each for each in group if "activity" not in each.staged]
    by_record = {each.staged["record"]: each for each in values if each.staged["record"]}
    for trace, told, is_error in traced(content):
        outgoing = by_token.get(trace) if trace else by_record.get(str(told.get("id")))
        if outgoing is None:
            continue
        if is_error:
            yield outgoing, error_of(told, list(outgoing.staged["write"]))
        else:
            yield outgoing, _kept(outgoing, told, status)


def _kept(outgoing: Outgoing, told: Mapping[str, Any], status: int) -> Outcome:
    """HubSpot may take a request and leave a value as it was, as with a stage that moves back."""
    change, written = Change.from_bytes(outgoing.payload), outgoing.staged["write"]
    types, now = types_of(change), an_object(told.get("properties"))
    left = [
        name for name, former in outgoing.staged["former"].items()
        if name in now and name in written
        and is_same(types[name], from_hubspot(types[name], now[name]), former)
        and not is_same(types[name], former, written[name])
    ]  # fmt: skip
    detail = f"HubSpot kept its own {', '.join(left)}" if left else ""
    all_left = bool(left) and len(left) == len(written)
    kind = OutcomeKind.REFUSED_FOR_GOOD if all_left else OutcomeKind.SENT
    ref = None if all_left else str(told["id"])
    return Outcome(kind, str(status), detail[:200], ref=ref)
