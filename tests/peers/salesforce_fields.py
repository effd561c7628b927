"""The fields of the scripted org, as Salesforce describes them, and how values of each stand in its JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.peers.routes import require

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CONTACT_ID, DELIVERY_ID = "AICMO_Contact_Id__c", "AICMO_Delivery_Id__c"
STAGES = ("subscriber", "lead", "customer")


def _field(name: str, kind: str = "string", length: int = 0, **more: Any) -> dict[str, Any]:
    plain = {
        "name": name, "label": name.removesuffix("__c").replace("_", " "), "type": kind,
        "length": length, "createable": True, "updateable": True, "nillable": True,
        "defaultedOnCreate": False, "unique": False, "externalId": False, "idLookup": False,
        "restrictedPicklist": False, "picklistValues": [],
    }  # fmt: skip
    return plain | more


def _picked(*values: str, gone: str = "") -> dict[str, Any]:
    told = [{"value": each, "label": each.title(), "active": each != gone} for each in values]
    return {"restrictedPicklist": True, "picklistValues": told}


_READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False, "nillable": False}
_ID: dict[str, Any] = {"unique": True, "externalId": True, "idLookup": True}
_ALWAYS = [
    _field("Id", "id", 18, **_READ_ONLY),
    _field("LastModifiedDate", "datetime", **_READ_ONLY),
]

CONTACT = [
    *_ALWAYS,
    _field("Name", "string", 121, **_READ_ONLY),
    _field("FirstName", "string", 40),
    _field("LastName", "string", 80, nillable=False),
    _field("Email", "email", 80, idLookup=True),
    _field("Phone", "phone", 40),
    _field("Title", "string", 128),
    _field("Description", "textarea", 32000),
    _field("Birthdate", "date"),
    _field("Met_At__c", "datetime"),
    _field("Score__c", "double"),
    _field("HasOptedOutOfEmail", "boolean", nillable=False, defaultedOnCreate=True),
    _field("MailingAddress", "address", createable=False, updateable=False),
    _field("Stage__c", "picklist", 255, **_picked(*STAGES, "retired", gone="retired")),
    _field("Topics__c", "multipicklist", 4099, **_picked("tennis", "judo", "golf", "chess")),
    _field(CONTACT_ID, "string", 255, **_ID),
]
TASK = [
    *_ALWAYS,
    _field("WhoId", "reference", 18),
    _field("Subject", "combobox", 255),
    _field("Description", "textarea", 32000),
    _field("Status", "picklist", 255, nillable=False, defaultedOnCreate=True),
    _field("ActivityDate", "date"),
    _field("TaskSubtype", "picklist", 40, updateable=False, **_picked("Task", "Email", "Call")),
    _field(DELIVERY_ID, "string", 255, **_ID),
]


def kept(field: Mapping[str, Any], value: object) -> str:
    """What a value of a request's JSON is kept as; Salesforce parses each as its field's type."""
    if value is None:
        require(field["type"] != "boolean", f"{field['name']} is null")
        return ""
    match field["type"]:
        case "boolean":
            require(isinstance(value, bool), f"{field['name']} is no boolean")
            return str(value).lower()
        case "double":
            require(type(value) in (int, float), f"{field['name']} is no number")
            return f"{value:g}"
        case "datetime":
            require(_MOMENT.fullmatch(str(value)) is not None, str(value))
            return datetime.fromisoformat(str(value)).replace(microsecond=0).isoformat()
        case _:
            require(isinstance(value, str), f"{field['name']} is no text")
            return str(value).strip()


def told(field: Mapping[str, Any], value: str) -> object:
    """A kept value in the JSON of an answer."""
    if field["type"] == "boolean":
        return value == "true"
    if not value:
        return None
    match field["type"]:
        case "double":
            return float(value)
        case "datetime":
            return as_told(datetime.fromisoformat(value))
        case "multipicklist":
            order = [each["value"] for each in field["picklistValues"]]
            return ";".join(sorted(value.split(";"), key=order.index))
        case _:
            return value


def as_told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def refusal_of(field: Mapping[str, Any], value: str) -> str:
    """Salesforce's code for a value that the field doesn't take; '' if it does."""
    if field["length"] and len(value) > field["length"]:
        return "STRING_TOO_LONG"
    if field["type"] == "email" and value and not _looks_like_an_address(value):
        return "INVALID_EMAIL_ADDRESS"
    active = [each["value"] for each in field["picklistValues"] if each["active"]]
    if field["restrictedPicklist"] and value and not set(value.split(";")) <= set(active):
        return "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    return "" if value or field["nillable"] else "REQUIRED_FIELD_MISSING"


def _looks_like_an_address(text: str) -> bool:
    name, _, host = text.partition("@")
    return bool(name) and "." in host


def named(fields: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: dict(each) for each in fields}
