"""What a change needs to be sent to Salesforce, told before anything is armed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aicmo.crm.record import Record
from aicmo.crm.schema import Property
from aicmo.errors import FixInput
from aicmo.gateways.contract import Outcome, OutcomeKind, Staged
from aicmo.gateways.crm_staging import Asked
from aicmo.gateways.salesforce_fields import json_of
from aicmo.gateways.salesforce_org import SalesforceOrg


def staged_with(
    org: SalesforceOrg, by_address: Mapping[str, Sequence[Record]], asked: Asked, staged: Staged
) -> Staged:
    """`staged`, with what its request needs, or why it can't be sent; raises as `CrmGateway.find` does.

    The values: `kinds` of the fields that are written; of an activity the field that it is `kept_in`, its
    status, and whether it was tried before (`again`); of a list its id.
    by_address: the contacts that were found, by their addresses.
    """
    if staged.objection:
        return staged
    change, values = asked.change, staged.values
    org.require_field("Contact", change.id_property)
    known = org.fields("Contact")
    if wrong := _unfitting(known, values["write"]) or _taken(by_address, values):
        outcome = Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=wrong)
        return Staged(asked.draft.staged, outcome)
    own: dict[str, Any] = {"kinds": {name: known[name].type for name in values["write"]}}
    if change.activity:
        org.require_field("Task", change.activity_id_property)
        own |= {"kept_in": change.activity_id_property, "status": org.done()}
        own["again"] = "activity" in asked.draft.staged
    if change.list_name:
        own["list_id"] = org.campaign(change.list_name)
    return Staged({**values, **own})


def _unfitting(known: Mapping[str, Property], values: Mapping[str, str]) -> str:
    """Which of these values can't be written to its field, and why; '' where all of them can.

    Salesforce would refuse all of a request for it.
    """
    for name, value in values.items():
        if not known[name].writable:
            return f"{name} can't be written by this log-in"
        try:
            json_of(known[name].type, value)
        except FixInput as error:
            return f"{name} {error}"
    return ""


def _taken(by_address: Mapping[str, Sequence[Record]], values: Mapping[str, Any]) -> str:
    """Why an address can't be given to a contact: another one has it. Salesforce would let both."""
    wanted = str(values["write"].get("Email") or "").casefold()
    theirs = [each.id for each in by_address.get(wanted, ())] if wanted else []
    is_taken = any(each != values["record"] for each in theirs)
    return "another contact of Salesforce has this address" if is_taken else ""
