"""HubSpot's words for values, which are all strings, and ours (`aicmo.crm.values`).

Source: HubSpot, "Properties" guide, 2026: a date is `YYYY-MM-DD` or midnight UTC in milliseconds, a time is
ISO 8601 or milliseconds, several choices have `;` between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aicmo.crm.schema import Choice, Property
from aicmo.crm.values import canonical
from aicmo.errors import FixInput
from aicmo.gateways.json_shapes import an_object, objects
from aicmo.plans.crm import FieldType

_TYPES: Mapping[str, FieldType] = {
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "boolean",
    "phone_number": "phone",
}
_COMPARED: frozenset[FieldType] = frozenset({"number", "date", "datetime", "boolean", "choices"})
_MILLISECONDS = re.compile(r"-?\d{1,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_TEXT = 65_536


def property_of(content: Mapping[str, Any]) -> Property:
    """A property of HubSpot's.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    kind = _type(content)
    limits = an_object(content.get("modificationMetadata"))
    is_fixed = bool(content.get("calculated")) or bool(limits.get("readOnlyValue"))
    return Property(
        name=content["name"],
        label=content.get("label") or "",
        type=kind,
        writable=not is_fixed,
        unique=bool(content.get("hasUniqueValue")) or content["name"] == "email",
        longest=LONGEST_TEXT if kind == "text" else None,
        choices=_choices(content) if kind in ("choice", "choices") else (),
    )


def _type(content: Mapping[str, Any]) -> FieldType:
    form = content.get("fieldType")
    if content["name"] == "email" or content.get("textDisplayHint") == "email":
        return "email"
    if content["type"] == "enumeration":
        return "choices" if form == "checkbox" else "choice"
    return "phone" if form == "phonenumber" else _TYPES.get(content["type"], "text")


def _choices(content: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(
        Choice(value=each["value"], label=each.get("label") or "")
        for each in objects(content.get("options"))
    )


def from_hubspot(kind: FieldType, text: str | None) -> str:
    """A value in our words; as it is where it is none of its kind."""
    if not text or kind not in _COMPARED:
        return text or ""
    try:
        return canonical(kind, _moment(kind, text))
    except FixInput:
        return text


def to_hubspot(kind: FieldType, value: str) -> str:
    """A value in HubSpot's words; '' empties a property."""
    return value.replace("+00:00", "Z") if kind == "datetime" else value


def _moment(kind: FieldType, text: str) -> str:
    if kind not in ("date", "datetime") or not _MILLISECONDS.fullmatch(text):
        return text
    moment = _EPOCH + timedelta(milliseconds=int(text))
    return moment.date().isoformat() if kind == "date" else moment.isoformat()
