"""What a delivery is in Salesforce: a contact's fields, a task of its timeline, a campaign's member.

Facts: Object Reference, "Contact", "Task" and "CampaignMember"; REST API Developer Guide, "sObject
Collections".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from aicmo.crm.change import Activity, Change
from aicmo.gateways.contract import Outgoing
from aicmo.gateways.crm_gateway import Request
from aicmo.gateways.salesforce_fields import json_of
from aicmo.gateways.salesforce_queries import COMPOSITE

RECORDS = f"{COMPOSITE}/sobjects"
ADD, CHANGE, NOTE, JOIN = "Contact, new", "Contact", "Task", "CampaignMember"
"""What may go in one request together."""
_LONGEST_SUBJECT, _LONGEST_TEXT = 255, 32_000
_SUBTYPES = {"email": "Email"}


def kind_of(outgoing: Outgoing) -> str:
    staged = outgoing.staged
    if "activity" in staged:
        return NOTE
    if "list" in staged:
        return JOIN
    return CHANGE if staged["record"] else ADD


def request_of(kind: str, group: Sequence[Outgoing]) -> Request:
    """The request for deliveries of one kind, staged before; its results come in their order."""
    changes = [Change.from_bytes(each.payload) for each in group]
    method, path = _place(kind, changes[0])
    records = [_record(kind, *each) for each in zip(group, changes, strict=True)]
    return Request(method, path, body_of(records))


def body_of(records: Sequence[dict[str, Any]]) -> bytes:
    """A body for sObject Collections: what one record is refused for doesn't touch the others."""
    return json.dumps({"allOrNone": False, "records": list(records)}).encode()


def requests_for(
    records: Sequence[dict[str, Any]], most: int
) -> Iterator[Sequence[dict[str, Any]]]:
    """As many records to a request as it takes, in their order; none twice, which Salesforce refuses."""
    some: dict[str, dict[str, Any]] = {}
    for each in records:
        if len(some) == most or each["Id"] in some:
            yield [*some.values()]
            some = {}
        some[each["Id"]] = each
    if some:
        yield [*some.values()]


def record_of(sobject: str, fields: Mapping[str, object]) -> dict[str, Any]:
    """A record of a body for sObject Collections."""
    return {"attributes": {"type": sobject}, **fields}


def _place(kind: str, change: Change) -> tuple[str, str]:
    if kind == ADD:
        return "PATCH", f"{RECORDS}/Contact/{change.id_property}"
    if kind == NOTE:
        return "PATCH", f"{RECORDS}/Task/{change.activity_id_property}"
    return ("POST" if kind == JOIN else "PATCH"), RECORDS


def _record(kind: str, outgoing: Outgoing, change: Change) -> dict[str, Any]:
    if kind == NOTE and change.activity:
        return _task(outgoing, change, change.activity)
    if kind == JOIN:
        staged = outgoing.staged
        member = {"CampaignId": staged["list_id"], "ContactId": staged["record"]}
        return record_of("CampaignMember", member)
    return _contact(outgoing, change)


def _contact(outgoing: Outgoing, change: Change) -> dict[str, Any]:
    """By the record's own id where there is one: it can't be added a second time then."""
    staged = outgoing.staged
    kinds = staged["kinds"]
    fields = {name: json_of(kinds[name], value) for name, value in staged["write"].items()}
    if staged["record"]:
        fields["Id"] = staged["record"]
    if not staged["has_id"]:
        fields[change.id_property] = change.contact_id
    return record_of("Contact", fields)


def _task(outgoing: Outgoing, change: Change, activity: Activity) -> dict[str, Any]:
    """The same on every attempt but for the subtype, which a task that is there doesn't take."""
    at = activity.at.astimezone(UTC).date().isoformat() if activity.at else None
    link = "" if activity.link in activity.body else f"\n\n{activity.link}"
    fields: dict[str, Any] = {
        change.activity_id_property: outgoing.token,
        "WhoId": outgoing.staged["record"],
        "Subject": _cut(activity.subject, _LONGEST_SUBJECT),
        "Description": _cut(activity.body, _LONGEST_TEXT - len(link)) + link,
        "Status": outgoing.staged["status"],
        "ActivityDate": at,
    }
    if (subtype := _SUBTYPES.get(activity.kind)) and not outgoing.staged["again"]:
        fields["TaskSubtype"] = subtype
    return record_of("Task", fields)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
