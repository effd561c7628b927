"""A contact's properties at BottleCRM, and how their values stand in its JSON.

A field that an organization added itself is called `cf_` and its key, as in BottleCRM's own filters.
BottleCRM drops names that it doesn't know without a word, so they are known here before anything is
written. Facts: django-crm 1.35.0, `contacts/serializer.py`, `contacts/models.py`, `common/custom_fields.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aicmo.crm.schema import Choice, Property
from aicmo.crm.values import canonical
from aicmo.errors import FixInput
from aicmo.plans.crm import FieldType

CUSTOM = "cf_"
TAGS = "tags"

_TYPES: Mapping[str, FieldType] = {
    "text": "text",
    "textarea": "text",
    "number": "number",
    "dropdown": "choice",
    "date": "date",
    "checkbox": "boolean",
}
_NEVER_NULL = frozenset(
    {"first_name", "last_name", "do_not_call", "is_active", "source", "source_detail", "source_ref"}
)


def _text(name: str, longest: int | None = None, *, required: bool = False) -> Property:
    return Property(name=name, label=_label(name), type="text", longest=longest, required=required)


def _of(name: str, kind: FieldType, longest: int | None = None, **more: Any) -> Property:
    return Property(name=name, label=_label(name), type=kind, longest=longest, **more)


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


FIXED: Mapping[str, Property] = {
    each.name: each
    for each in (
        _text("first_name", 255, required=True),
        _text("last_name", 255, required=True),
        _of("email", "email", 254),
        _of("phone", "phone", 25),
        _text("organization", 255),
        _text("title", 255),
        _text("department", 255),
        _text("address_line", 255),
        _text("city", 255),
        _text("state", 255),
        _text("postcode", 64),
        _of("country", "choice"),
        _text("linkedin_url", 200),
        _text("description"),
        _of("do_not_call", "boolean"),
        _of("is_active", "boolean"),
        _of("source", "choice"),
        _text("source_detail", 100),
        _text("source_ref", 255),
        _of(TAGS, "choices"),
        _of("created_at", "datetime", writable=False),
        _of("updated_at", "datetime", writable=False),
    )
}
"""The properties that every organization has. Accounts, owners and teams are other records' ids: left out."""


def custom_property(definition: Mapping[str, Any]) -> Property:
    """The property that a definition of `custom-fields/` makes.

    Raises:
        KeyError, TypeError: it isn't one.
    """
    options = definition.get("options") or ()
    return Property(
        name=f"{CUSTOM}{definition['key']}",
        label=str(definition["label"]),
        type=_TYPES.get(definition["field_type"], "text"),
        required=definition.get("is_required") is True,
        choices=tuple(Choice(value=each["value"], label=each["label"]) for each in options),
    )


def value_of(contact: Mapping[str, Any], prop: Property, tags: Mapping[str, str]) -> str:
    """A contact's value in the words of `aicmo.crm.values`; `tags`: names by their ids.

    A tag that isn't among them, such as an archived one, stands as its id.
    """
    if prop.name == TAGS:
        found: list[str] = contact.get(TAGS) or []
        return canonical("choices", ";".join(tags.get(each, each) for each in found))
    custom: Mapping[str, Any] = contact.get("custom_fields") or {}
    is_custom = prop.name.startswith(CUSTOM)
    value = custom.get(prop.name.removeprefix(CUSTOM)) if is_custom else contact.get(prop.name)
    return _as_text(prop.type, value)


def _as_text(kind: FieldType, value: object) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        return canonical(kind, text)
    except FixInput:
        return text.strip()


def fields_of(values: Mapping[str, str]) -> dict[str, Any]:
    """The members of a request that sets these values; tags aren't among them.

    An empty one is null, as BottleCRM has it before anybody wrote it; '' removes a custom field's value.
    """
    own = {name: value for name, value in values.items() if not name.startswith(CUSTOM)}
    custom = {
        name.removeprefix(CUSTOM): value
        for name, value in values.items()
        if name.startswith(CUSTOM)
    }
    fields: dict[str, Any] = {
        name: None if value == "" and name not in _NEVER_NULL else value
        for name, value in own.items()
        if name != TAGS
    }
    return {**fields, "custom_fields": custom} if custom else fields
