"""What a HubSpot portal has and says: its properties, the shapes of its answers.

Source: HubSpot's OpenAPI documents of contacts, notes, emails, properties, lists (version 3) and subscriptions
(version 4), 2026-08.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.peers.crm_peer import US, Kept, iso
from tests.peers.routes import Reply, require, require_fields

REQUIRED = {
    "notes": ("hs_timestamp",),
    "emails": ("hs_timestamp", "hs_email_direction"),
}
TO_CONTACT = {"notes": 202, "emails": 198}
LONGEST_BODY = 65_536


def prop(name: str, kind: str = "string", form: str = "text", **more: Any) -> dict[str, Any]:
    options = [
        {"value": each, "label": each.title(), "hidden": False} for each in more.pop("options", ())
    ]
    return {
        "name": name, "label": name.title(), "type": kind, "fieldType": form, "description": "",
        "groupName": "contactinformation", "options": options, "hasUniqueValue": False,
        "modificationMetadata": {
            "archivable": True, "readOnlyDefinition": True, "readOnlyValue": False,
        },
    } | more  # fmt: skip


_READ_ONLY = {"modificationMetadata": {"readOnlyValue": True}}
STAGES = ("subscriber", "lead", "opportunity", "customer")
PROPERTIES: Mapping[str, Sequence[dict[str, Any]]] = {
    "contacts": (
        prop("email"), prop("firstname"), prop("jobtitle"), prop("phone", form="phonenumber"),
        prop("lifecyclestage", "enumeration", "radio", options=STAGES),
        prop("sport", "enumeration", "checkbox", options=("golf", "judo", "chess")),
        prop("score", "number", "number"), prop("since", "date", "date"),
        prop("last_visit", "datetime", "date"), prop("vip", "bool", "booleancheckbox"),
        prop("hs_email_optout", "bool", "booleancheckbox", **_READ_ONLY),
        prop("hs_additional_emails", "enumeration", "checkbox", **_READ_ONLY),
        prop("aicmo_contact_id", hasUniqueValue=True),
    ),
    "notes": (
        prop("hs_timestamp", "datetime", "date", groupName="engagement"),
        prop("hs_note_body", form="html", groupName="note"),
        prop("aicmo_delivery_id", hasUniqueValue=True, groupName="engagement"),
    ),
    "emails": (
        prop("hs_timestamp", "datetime", "date", groupName="engagement"),
        prop("hs_email_direction", "enumeration", "select", options=("EMAIL",)),
        prop("hs_email_status", "enumeration", "select", options=("SENT",)),
        prop("hs_email_subject"), prop("hs_email_html", form="html"),
        prop("aicmo_delivery_id", hasUniqueValue=True, groupName="engagement"),
    ),
}  # fmt: skip


class Wrong(Exception):
    """What HubSpot says of one record."""

    def __init__(self, category: str, code: str = "", name: str = "") -> None:
        super().__init__(category)
        self.category, self.code, self.name = category, code, name

    def told(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """With an address in its text, as theirs have."""
        context: dict[str, Any] = {"objectWriteTraceId": [one.get("objectWriteTraceId")]}
        details = [{"message": "c1@client.test is wrong", "code": self.code,
                    "context": {"propertyName": [self.name]}}] if self.code else []  # fmt: skip
        return {
            "status": "error", "category": self.category, "message": "c1@client.test: no",
            "context": context, "errors": details, "links": {},
        }  # fmt: skip


def error(status: int, category: str, message: str) -> Reply:
    return Reply(status, {
        "status": "error", "message": f"{message}: c1@client.test", "category": category,
        "correlationId": "c0ffee",
    })  # fmt: skip


def missing_scopes() -> Reply:
    return error(403, "MISSING_SCOPES", "this app hasn't been granted all required scopes")


def not_found(ids: Sequence[str]) -> list[dict[str, Any]]:
    return [{
        "status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects",
        "context": {"ids": list(ids)}, "errors": [], "links": {},
    }]  # fmt: skip


def record(kept: Kept, values: Mapping[str, str | None]) -> dict[str, Any]:
    at = iso(0)
    return {
        "id": kept.id, "properties": dict(values), "createdAt": at, "updatedAt": at,
        "archived": False,
    }  # fmt: skip


def version(value: str, at: float, by: str) -> dict[str, Any]:
    is_us = by == US
    return {
        "value": value, "timestamp": iso(at), "sourceType": "INTEGRATION" if is_us else "CRM_UI",
        "sourceId": "42" if is_us else "userId:5",
    } | ({"sourceLabel": "AICMO"} if is_us else {"updatedByUserId": 5})  # fmt: skip


def list_(number: str, name: str, *, is_manual: bool) -> dict[str, Any]:
    return {
        "listId": number, "listVersion": 1, "name": name, "objectTypeId": "0-1",
        "processingStatus": "COMPLETE", "processingType": "MANUAL" if is_manual else "DYNAMIC",
        "additionalProperties": {},
    }  # fmt: skip


def status_of(address: str) -> dict[str, Any]:
    return {
        "channel": "EMAIL", "status": "UNSUBSCRIBED", "source": "API", "subscriptionId": 1,
        "subscriberIdString": address, "timestamp": iso(0),
    }  # fmt: skip


def only_id(content: Mapping[str, Any]) -> str:
    require_fields(content, ("id",))
    require(isinstance(content["id"], str), "an id that is no text")
    return content["id"]
