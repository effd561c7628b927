"""Looks contacts up at BottleCRM: first who has our id in a custom field, then who has the address.

Its filters find parts of an address and ignore names they don't know, so what they give is compared.
Facts: django-crm 1.35.0, `contacts/views.py`, `common/views/tag_views.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aicmo.crm.providers import PROVIDERS
from aicmo.crm.record import Found, Match, Record, Several
from aicmo.crm.schema import Property
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.bottlecrm_fields import CUSTOM, FIXED, custom_property, value_of
from aicmo.gateways.json_shapes import an_object, objects

_PAGE, _PAGES = 50, 20
_SAME_MOMENT = timedelta(seconds=5)
Ask = Callable[[str], Mapping[str, Any]]
"""The content of the answer to a GET of this path; raises as `CrmGateway.find` does."""


@dataclass(frozen=True, slots=True)
class Names:
    """properties: by name. tags: those that can be given now: their names by their ids."""

    properties: Mapping[str, Property]
    tags: Mapping[str, str]

    def tag_id(self, name: str) -> str:
        """The id of a tag, which BottleCRM knows in any case; '' if there is none."""
        wanted = name.casefold()
        return next((key for key, each in self.tags.items() if each.casefold() == wanted), "")


def listed(content: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list that must be there: none of them is an answer, too.

    Raises:
        KeyError, TypeError: it isn't there.
    """
    if content[name] is None:
        raise TypeError(name)
    return objects(content[name])


def read_names(ask: Ask, *, with_tags: bool = False) -> Names:
    """What the organization's contacts have by now; tags only if they are asked for."""
    query = "target_model=Contact&include_counts=false&active_only=true"
    definitions = listed(ask(f"/api/custom-fields/?{query}"), "definitions")
    custom = map(custom_property, definitions)
    properties = {**FIXED, **{each.name: each for each in custom}}
    tags = listed(ask("/api/tags/"), "tags") if with_tags else []
    return Names(properties, {str(each["id"]): str(each["name"]) for each in tags})


@dataclass(frozen=True)
class Search:
    """One look-up of several contacts, whose values are asked for by `names`."""

    ask: Ask
    known: Names
    names: Collection[str]

    def find(self, match: Match) -> Found:
        """The contact; `Several` where BottleCRM has more than one that fits."""
        found = self._by_id(match) or self.by_address(match.email)
        by_id = {str(each["id"]): each for each in found}  # a page may show one of the page before
        if len(by_id) > 1:
            return Several(tuple(by_id))
        return self._record(found[0], _id_property(match)) if found else None

    def _by_id(self, match: Match) -> list[dict[str, Any]]:
        name, wanted = _id_property(match), match.contact_id
        listed = self._listed({name: wanted}) if name.startswith(CUSTOM) else ()
        return [each for each in listed if _our_id(each, name) == wanted]

    def by_address(self, email: str) -> list[dict[str, Any]]:
        """The contacts with this address, whatever its case: at most one, as BottleCRM has it."""
        if not email:
            return []
        wanted = email.casefold()
        listed = self._listed({"email": email})
        return [each for each in listed if str(each["email"] or "").casefold() == wanted]

    def _listed(self, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for page in range(_PAGES):
            bounds = {"limit": _PAGE, "offset": page * _PAGE}
            content = self.ask(f"/api/contacts/?{urlencode({**query, **bounds})}")
            yield from listed(content, "results")
            if int(content["count"]) <= (page + 1) * _PAGE:
                return
        raise ValueError("too many contacts are like this one")

    def _record(self, contact: Mapping[str, Any], id_property: str) -> Record:
        asked = [
            self.known.properties[name] for name in self.names if name in self.known.properties
        ]
        return Record(
            str(contact["id"]),
            contact_id=_our_id(contact, id_property),
            email=str(contact["email"] or ""),
            values={each.name: value_of(contact, each, self.known.tags) for each in asked},
            changed_at={"": datetime.fromisoformat(str(contact["updated_at"]))},
        )


def _id_property(match: Match) -> str:
    return match.id_property or PROVIDERS["bottlecrm"].contact_id


def _our_id(contact: Mapping[str, Any], id_property: str) -> str:
    custom = an_object(contact["custom_fields"])
    return str(custom.get(id_property.removeprefix(CUSTOM)) or "")


def changed_by(records: Collection[Record], ask: Ask) -> dict[str, str]:
    """Who changed these last, by their ids, as far as they are among the last changes of all contacts.

    BottleCRM tells it of the newest 50 only, and only to a token whose scopes have `activities:read`.
    """
    try:
        told = listed(ask("/api/activities/?entity_type=Contact&limit=50"), "activities")
    except Refused:
        return {}
    latest: dict[str, dict[str, Any]] = {}
    for each in told:  # the newest first
        latest.setdefault(str(each["entity_id"]), each)
    return {
        each.id: str(an_object(latest[each.id]["user"]).get("email") or "")
        for each in records
        if each.id in latest and _is_that_change(latest[each.id], each)
    }


def _is_that_change(activity: Mapping[str, Any], record: Record) -> bool:
    at = datetime.fromisoformat(str(activity["timestamp"]))
    return abs(at - record.changed_at[""]) < _SAME_MOMENT
