"""Whether the values that a plan and its contacts have are ones that the CRM's properties take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from aicmo.crm.fitting import Misfit
from aicmo.crm.providers import tags_of
from aicmo.crm.schema import Schema, require_fitting, some_of
from aicmo.crm.values import canonical
from aicmo.errors import FixInput
from aicmo.plans.crm import CrmField, CrmSetup
from aicmo.plans.crm_values import value_of
from aicmo.plans.items import CrmContent


def check_item(
    setup: CrmSetup, schema: Schema, place: str, content: CrmContent
) -> Iterator[Misfit]:
    """What the CRM doesn't take of an item's content, which stands at `place` of the document."""
    for name, value in content.properties.items():
        field = setup.field(name)
        if field is not None and (why := _refused(schema, field, value)):
            fix = "write one that it takes"
            yield Misfit(f"{place}.properties.{name}", f"{field.theirs} {why}", fix)
    if content.stage and setup.stages:
        yield from _check_choice(schema, f"{place}.stage", setup.stages.property, content.stage)
    if content.tag:
        yield from _check_choice(schema, f"{place}.tag", tags_of(setup), content.tag)
    if content.list_name:
        yield from _check_list(schema, f"{place}.list_name", content.list_name)


def check_contact(setup: CrmSetup, schema: Schema, own: Mapping[str, Any]) -> Iterator[Misfit]:
    """What the CRM doesn't take of a contact, with our name of the field as place; no value is repeated.

    own: the fields of a project document's contact.
    """
    for field in setup.fields:
        if field.direction == "from_crm":
            continue
        if why := _refused(schema, field, value_of(own, field.ours)):
            fix = "correct it in the document, or map the field to another property"
            yield Misfit(field.ours, f"{field.theirs} {why}", fix)


def _refused(schema: Schema, field: CrmField, text: str) -> str:
    """Why a value isn't taken; '' where it is, and where the property itself is the trouble."""
    known = schema.contacts.get(field.theirs)
    if known is None or not known.writable:
        return ""
    try:
        require_fitting(known, canonical(field.type, text))
    except FixInput as error:
        return str(error)
    return ""


def _check_choice(schema: Schema, place: str, name: str, value: str) -> Iterator[Misfit]:
    known = schema.contacts.get(name)
    choices = [each.value for each in known.choices] if known else []
    if choices and value not in choices:
        text = f"{name} has no {value} in the CRM; it has {some_of(choices)}"
        yield Misfit(place, text, "write one of these, or add it to the property there")


def _check_list(schema: Schema, place: str, name: str) -> Iterator[Misfit]:
    """Lists are looked at only where the CRM has told of any."""
    names = sorted(set(schema.lists.values()))
    if names and name not in names:
        near = get_close_matches(name, names, n=1, cutoff=0.6)
        fix = f"write {near[0]}, if that is meant" if near else f"write one of {some_of(names)}"
        yield Misfit(place, f"the CRM has no list {name}", fix)
