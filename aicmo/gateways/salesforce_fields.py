"""Salesforce's fields: what it says of them, and how a value of each is written in its JSON.

Facts: REST API Developer Guide, "sObject Describe"; Object Reference, "Field Types".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aicmo.crm.schema import Choice, Property
from aicmo.crm.values import canonical
from aicmo.errors import FixInput
from aicmo.gateways.json_shapes import objects
from aicmo.plans.crm import FieldType

_CUSTOM = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9]){0,39}__c")
_TYPES: Mapping[str, FieldType] = {
    "string": "text",
    "textarea": "text",
    "url": "text",
    "combobox": "text",
    "reference": "text",
    "id": "text",
    "encryptedstring": "text",
    "email": "email",
    "phone": "phone",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
    "boolean": "boolean",
    "picklist": "choice",
    "multipicklist": "choices",
}
"""Others, such as addresses and places, are made up of fields that can be named one by one."""


def properties_of(described: Mapping[str, Any]) -> dict[str, Property]:
    """The fields that a log-in sees of an object, by name."""
    fields = objects(described.get("fields"))
    return {str(each["name"]): _property(each) for each in fields if each.get("type") in _TYPES}


def _property(field: Mapping[str, Any]) -> Property:
    has_to_be_given = not field.get("nillable", True) and not field.get("defaultedOnCreate")
    return Property(
        name=str(field["name"]),
        label=str(field.get("label") or ""),
        type=_TYPES[field["type"]],
        writable=bool(field.get("updateable")) and bool(field.get("createable")),
        required=has_to_be_given and bool(field.get("createable")),
        # Salesforce finds a record by a field for external ids only.
        unique=bool(field.get("unique")) and bool(field.get("externalId")),
        longest=int(field.get("length") or 0) or None,
        choices=_choices(field) if field.get("restrictedPicklist") else (),
    )


def _choices(field: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(
        Choice(value=str(each["value"]), label=str(each.get("label") or ""))
        for each in objects(field.get("picklistValues"))
        if each.get("active")
    )


def text_of(kind: FieldType, value: object) -> str:
    """A value of Salesforce's JSON in the words of `aicmo.crm.values`; one it can't be read as stays."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        return canonical(kind, text.replace("\r\n", "\n"))
    except FixInput:
        return text


def json_of(kind: FieldType, text: str) -> object:
    """A value in the words of `aicmo.crm.values` as Salesforce's JSON; '' empties the field.

    kind: of Salesforce's field, whatever the project takes it for.

    Raises:
        FixInput: it is no value of such a field; the text doesn't repeat it.
    """
    text = canonical(kind, text)
    if kind == "boolean":
        return text == "true"
    if not text:
        return None
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "datetime":
        moment = datetime.fromisoformat(text).astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    return text


def field_of_ids(sobject: str, name: str) -> dict[str, Any]:
    """The custom field of an object that keeps our ids, as the Tooling API makes it.

    Capitals count in our ids, so they do in the field.

    Raises:
        FixInput: it is no name of a custom field.
    """
    if not _CUSTOM.fullmatch(name):
        raise FixInput(
            f"{name[:80]!r} is no name that Salesforce would give to a custom field",
            next_step="Name it like AICMO_Contact_Id__c.",
        )
    return {
        "FullName": f"{sobject}.{name}",
        "Metadata": {
            "type": "Text",
            "label": name.removesuffix("__c").replace("_", " "),
            "description": "AICMO's own id, by which it knows what it has made or changed.",
            "length": 255,
            "externalId": True,
            "unique": True,
            "caseSensitive": True,
            "required": False,
        },
    }
