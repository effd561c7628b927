"""Contacts as HubSpot has them, with who changed a property last.

Source: HubSpot's OpenAPI document of contacts, version 3, 2026-08: `batch/read` is a direct read, which the
search isn't. With histories it takes 50 records instead of 100 (PipedreamHQ/pipedream#8462, 2023-10).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from aicmo.crm.providers import PROVIDERS
from aicmo.crm.record import Found, Match, Record, Several
from aicmo.gateways.hubspot_answers import unreadable
from aicmo.gateways.hubspot_api import CONTACTS, HubspotApi
from aicmo.gateways.hubspot_values import from_hubspot
from aicmo.gateways.json_shapes import an_object, objects
from aicmo.plans.crm import FieldType

_MOST, _MOST_WITH_HISTORY = 100, 50
_OURS = PROVIDERS["hubspot"].contact_id
EMAIL, MORE_EMAILS = "email", "hs_additional_emails"
_BY: Mapping[str, str] = {
    "CRM_UI": "a person",
    "CONTACTS_WEB": "a person",
    "MOBILE_IOS": "a person",
    "MOBILE_ANDROID": "a person",
    "AUTOMATION_PLATFORM": "a workflow",
    "WORKFLOWS": "a workflow",
    "FORM": "a form",
    "IMPORT": "an import",
    "INTEGRATION": "an app",
    "API": "an app",
}
_USER = re.compile(r"userId:(\d{1,15})")


def read_body(
    id_property: str, ids: Sequence[str], names: Collection[str], history: Collection[str] = ()
) -> bytes:
    """The body of a question about many records by a unique property; '' asks by HubSpot's own ids."""
    asked: dict[str, Any] = {
        "inputs": [{"id": each} for each in ids],
        "properties": sorted(names),
        "propertiesWithHistory": sorted(history),
    }
    return json.dumps(asked | ({"idProperty": id_property} if id_property else {})).encode()


def record_of(
    content: Mapping[str, Any], types: Mapping[str, FieldType], id_property: str, link: str
) -> Record:
    """A contact; `types` are those of the properties that were asked for, `link` has `{}` for its id.

    Raises:
        KeyError, TypeError, ValueError: it isn't shaped as documented.
    """
    values = an_object(content["properties"])
    changes = {
        name: _last(found)
        for name, found in an_object(content.get("propertiesWithHistory")).items()
    }
    return Record(
        id=str(content["id"]),
        contact_id=values.get(id_property) or "",
        email=values.get(EMAIL) or "",
        values={name: from_hubspot(kind, values.get(name)) for name, kind in types.items()},
        changed_at={name: at for name, (at, _) in changes.items() if at},
        changed_by={name: by for name, (_, by) in changes.items() if by},
        link=link.format(content["id"]),
    )


def addresses_of(content: Mapping[str, Any]) -> set[str]:
    """All of a contact's addresses, in lower case."""
    values = an_object(content["properties"])
    more = (values.get(MORE_EMAILS) or "").split(";")
    return {each.strip().lower() for each in (values.get(EMAIL) or "", *more) if each.strip()}


def _last(history: object) -> tuple[datetime | None, str]:
    found = sorted(objects(history), key=lambda each: str(each.get("timestamp") or ""))
    if not found:
        return None, ""
    return datetime.fromisoformat(found[-1]["timestamp"]), _who(found[-1])


def _who(change: Mapping[str, Any]) -> str:
    """In words, with the user's number where HubSpot tells."""
    by = _BY.get(str(change.get("sourceType")), "HubSpot")
    told = _USER.search(str(change.get("sourceId") or ""))
    user = change.get("updatedByUserId") or (told[1] if told else "")
    label = change.get("sourceLabel") if by == "an app" else ""
    if isinstance(label, str) and label.strip():
        return f"{by}, {label.strip()[:60]}"
    return f"{by} (user {user})" if user else by


class Known:
    """Contacts that were read, by our id and by each address."""

    def __init__(self, id_property: str) -> None:
        self._id_property = id_property
        self._by_id: dict[str, dict[str, Any]] = {}
        self._by_address: dict[str, dict[str, Any]] = {}

    def add(self, found: Sequence[dict[str, Any]]) -> None:
        for each in found:
            own = an_object(each["properties"]).get(self._id_property)
            self._by_id |= {own: each} if own else {}
            self._by_address.update(dict.fromkeys(addresses_of(each), each))

    def with_id(self, match: Match) -> dict[str, Any] | None:
        return self._by_id.get(match.contact_id)

    def with_address(self, match: Match) -> dict[str, Any] | None:
        return self._by_address.get(match.email.lower()) if match.email else None

    def wants_address(self, match: Match, *, is_written: bool) -> bool:
        """Whether somebody may have the address beside, or instead of, who has our id."""
        if not match.email or self.with_address(match):
            return False
        return is_written or self.with_id(match) is None

    def contact(self, match: Match, *, is_written: bool) -> dict[str, Any] | Several | None:
        """Who has our id, else who has the address; both, if they are two and it would be written."""
        own, other = self.with_id(match), self.with_address(match)
        if own and other and is_written and own["id"] != other["id"]:
            return Several((str(own["id"]), str(other["id"])))
        return own or other


def find_contacts(
    api: HubspotApi,
    matches: Sequence[Match],
    names: Collection[str],
    history: Collection[str],
    link: str,
) -> list[Found]:
    """The contact of each match; see `CrmGateway.find`.

    names: the properties to read. history: those of which it is asked who changed them last.
    link: where a person opens a contact, with `{}` for its id.
    """
    id_property = next((each.id_property for each in matches if each.id_property), "") or _OURS
    known = api.properties(CONTACTS, {*names, id_property})
    types: dict[str, FieldType] = {
        each: known[each].type if each in known else "text" for each in names
    }
    asking = _Asking(api, {*names, id_property, EMAIL, MORE_EMAILS}, history)
    found, is_written = Known(id_property), EMAIL in names
    try:
        if id_property in known:
            found.add(asking.by(id_property, [each.contact_id for each in matches]))
        unknown = [each for each in matches if found.wants_address(each, is_written=is_written)]
        found.add(asking.by(EMAIL, [each.email.lower() for each in unknown]))
        return [
            _as_found(found.contact(each, is_written=is_written), types, id_property, link)
            for each in matches
        ]
    except (KeyError, TypeError, ValueError):
        raise unreadable() from None


_AT_ONCE = 4
"""Reads side by side: an answer takes long, and little of it is work here."""


class _Asking:
    """Direct reads, of as many contacts at a time as HubSpot takes."""

    def __init__(self, api: HubspotApi, names: Collection[str], history: Collection[str]) -> None:
        self._api, self._names, self._history = api, names, history
        self._most = _MOST_WITH_HISTORY if history else _MOST

    def by(self, id_property: str, values: Sequence[str]) -> list[dict[str, Any]]:
        asked = list(dict.fromkeys(values))  # one that is named twice is refused
        parts = [asked[begin : begin + self._most] for begin in range(0, len(asked), self._most)]
        if not parts:
            return []
        with ThreadPoolExecutor(_AT_ONCE) as readers:
            read = readers.map(partial(self._read, id_property), parts)
            return [each for found in read for each in found]

    def _read(self, id_property: str, some: Sequence[str]) -> list[dict[str, Any]]:
        body = read_body(id_property, some, self._names, self._history)
        return self._api.records(CONTACTS, body)


def _as_found(
    contact: dict[str, Any] | Several | None,
    types: Mapping[str, FieldType],
    id_property: str,
    link: str,
) -> Found:
    if contact is None or isinstance(contact, Several):
        return contact
    return record_of(contact, types, id_property, link)
