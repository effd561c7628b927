"""What an organization's contacts at BottleCRM may be given.

Its own description of its interface needs a token that may do everything, so its fixed fields are known
here, and what differs from organization to organization is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from aicmo.crm.schema import Choice, Schema
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.bottlecrm_contacts import Ask, listed, read_names
from aicmo.gateways.bottlecrm_fields import TAGS


def read_schema(ask: Ask) -> Schema:
    """The properties of contacts, with the choices that there are now; there are no lists."""
    known = read_names(ask, with_tags=True)
    choices: Mapping[str, list[Choice]] = {
        "country": _countries(ask),
        "source": _sources(ask),
        TAGS: [Choice(value=each) for each in known.tags.values()],
    }
    own = {
        name: known.properties[name].model_copy(update={"choices": tuple(each)})
        for name, each in choices.items()
    }
    return Schema(contacts={**known.properties, **own})


def _countries(ask: Ask) -> list[Choice]:
    """As pairs of code and name, beside any contact."""
    pairs = ask("/api/contacts/?limit=1")["countries"]
    return [Choice(value=code, label=name) for code, name in pairs]


def _sources(ask: Ask) -> list[Choice]:
    """Those that the organization uses; they need the scope `leads:read`, and any may stand without it."""
    try:
        found = listed(ask("/api/leads/sources/"), "sources")
    except Refused:
        return []
    return [Choice(value=each["key"], label=each["label"]) for each in found if each["is_active"]]
