"""What of one item doesn't fit the CRM's own schema: its values, and those parts of the mapping that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aicmo.crm.fitting import Misfit, check_mapping
from aicmo.crm.fitting_values import check_item
from aicmo.crm.schema import Schema
from aicmo.plans.crm import CrmSetup
from aicmo.plans.items import CrmContent

_FIELD = re.compile(r"crm\.fields\[(\d+)\]")
_USED_BY = {
    "crm.stages.property": "set_stage",
    "crm.stages.order": "set_stage",
    "crm.tags": "add_tag",
    "crm.delivery_id": "log_activity",
}


def misfits_of(setup: CrmSetup, schema: Schema, content: CrmContent) -> Iterator[Misfit]:
    """Why a run couldn't do what the item says, whoever the contact is."""
    yield from check_item(setup, schema, "content", content)
    for each in check_mapping(setup, schema, [content.action]):
        if _is_used(setup, each.place, content):
            yield each


def _is_used(setup: CrmSetup, place: str, content: CrmContent) -> bool:
    if found := _FIELD.match(place):
        field = setup.fields[int(found[1])]
        is_sent = field.direction != "from_crm" and content.action == "upsert_contact"
        return is_sent or field.ours in content.properties
    if place in _USED_BY:
        return content.action == _USED_BY[place]
    return place in ("crm.fields", "crm.contact_id")
