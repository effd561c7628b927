"""HubSpot's API as it is asked: paced, logged in, addresses in bodies instead of URLs wherever it takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aicmo.crm.schema import Property
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, Clock
from aicmo.gateways.http_exchange import HttpExchange
from aicmo.gateways.hubspot_answers import (
    CONFLICT,
    CREATED,
    OK,
    content_of,
    refusal,
    results_of,
    unreadable,
)
from aicmo.gateways.hubspot_pace import Pace
from aicmo.gateways.hubspot_values import property_of
from aicmo.gateways.json_shapes import objects

CRM = "/crm/v3"
"""Of objects, properties and lists. Dated paths (`/crm/objects/2026-03`) answer the same."""
CONTACTS, CONTACT_TYPE = "contacts", "0-1"
STAGE = "lifecyclestage"
"""HubSpot lets it move forward only: before it moves back it has to be emptied."""
_NOT_FOUND = 404
_FILLED_BY_HAND = frozenset({"MANUAL", "SNAPSHOT"})
_LISTS_AT_ONCE, _MOST_LISTS = 500, 10_000


class HubspotApi:
    """What a portal is asked; everything here changes nothing that a person sees, and may be repeated.

    login: the header of a logged-in request. zone: the portal's, '' if it isn't known.
    """

    def __init__(
        self,
        exchange: HttpExchange,
        pace: Pace,
        login: Callable[[], dict[str, str]],
        clock: Clock,
        zone: str,
    ) -> None:
        self._exchange, self._pace, self._login = exchange, pace, login
        self._clock, self.zone = clock, zone
        self._properties: dict[tuple[str, str], Property | None] = {}
        self._lists: dict[str, str] = {}

    def now(self) -> datetime:
        return self._clock()

    def answer(self, method: str, path: str, content: object = None) -> Answer:
        """Raises NoToken or httpx.HTTPError."""
        self._pace.before_request()
        headers = self._login()
        if content is None:
            answer = (
                self._exchange.get(path, headers)
                if method == "GET"
                else self._exchange.prepare(method, path, headers=headers)
            )
        else:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            headers["Content-Type"] = "application/json"
            answer = self._exchange.prepare(method, path, body, headers)
        self._pace.after_answer(answer.headers)
        return answer

    def content(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        """Raises NoToken, Refused or httpx.HTTPError."""
        return content_of(self.answer(method, path, content), self.now(), self.zone)

    def records(self, object_type: str, body: bytes) -> list[dict[str, Any]]:
        """Those of many that exist; raises as `content` does."""
        return results_of(self.content("POST", f"{CRM}/objects/{object_type}/batch/read", body))

    # Properties

    def properties(self, object_type: str, names: Collection[str]) -> dict[str, Property]:
        """Those that exist, by name; each is asked about once. Raises as `content` does."""
        unknown = [each for each in names if (object_type, each) not in self._properties]
        if unknown:
            asked = {
                "archived": False, "dataSensitivity": "non_sensitive",
                "inputs": [{"name": each} for each in sorted(unknown)],
            }  # fmt: skip
            path = f"{CRM}/properties/{object_type}/batch/read"
            found = _read(results_of(self.content("POST", path, asked)))
            self._properties.update({(object_type, each): found.get(each) for each in unknown})
        known = {each: self._properties[object_type, each] for each in names}
        return {name: each for name, each in known.items() if each is not None}

    def all_properties(self, object_type: str) -> tuple[dict[str, Property], dict[str, str]]:
        """All of them, and the group of each, by name; raises as `content` does."""
        found = results_of(self.content("GET", f"{CRM}/properties/{object_type}"))
        return _read(found), {each["name"]: each.get("groupName") or "" for each in found}

    def create_unique(self, object_type: str, name: str, label: str, group: str) -> None:
        """Makes a text property that no two records share; raises as `content` does."""
        made = {
            "name": name, "label": label, "type": "string", "fieldType": "text",
            "groupName": group, "hasUniqueValue": True, "formField": False,
            "description": "Made by AICMO, so that nothing is written twice.",
        }  # fmt: skip
        answer = self.answer("POST", f"{CRM}/properties/{object_type}", made)
        if answer.status not in (OK, CREATED, CONFLICT):  # 409: it is there
            raise Refused(refusal(answer, self.now(), self.zone), answer)

    # Lists

    def list_id(self, name: str) -> str:
        """The id of a list of contacts that records are put into by hand.

        Raises:
            Refused: there is none of this name, or HubSpot fills it by rules; as `content` does.
        """
        if name not in self._lists:
            self._lists[name] = self._find_list(name)
        return self._lists[name]

    def _find_list(self, name: str) -> str:
        path = f"{CRM}/lists/object-type-id/{CONTACT_TYPE}/name/{quote(name, safe='')}"
        answer = self.answer("GET", path)
        if answer.status == _NOT_FOUND:
            raise _no_list("HubSpot has no list of contacts with this name")
        try:
            found = content_of(answer, self.now(), self.zone)["list"]
            if found["processingType"] not in _FILLED_BY_HAND:
                raise _no_list("HubSpot fills this list by its own rules: it needs a static one")
            return str(found["listId"])
        except (KeyError, TypeError):
            raise unreadable() from None

    def lists(self) -> dict[str, str]:
        """The names of the lists that records are put into by hand, by id; raises as `content` does."""
        found: dict[str, str] = {}
        for offset in range(0, _MOST_LISTS, _LISTS_AT_ONCE):
            asked = {
                "objectTypeId": CONTACT_TYPE, "processingTypes": sorted(_FILLED_BY_HAND),
                "offset": offset, "count": _LISTS_AT_ONCE, "additionalProperties": [],
            }  # fmt: skip
            page = self.content("POST", f"{CRM}/lists/search", asked)
            found |= {str(each["listId"]): each["name"] for each in objects(page.get("lists"))}
            if not page.get("hasMore"):
                break
        return found

    def memberships(self, record: str) -> tuple[set[str], bool]:
        """The ids of a contact's lists, and whether these are all; raises as `content` does."""
        path = f"{CRM}/lists/records/{CONTACT_TYPE}/{quote(record, safe='')}/memberships"
        page = self.content("GET", path)
        try:
            found = {str(each["listId"]) for each in objects(page["results"])}
        except (KeyError, TypeError):
            raise unreadable() from None
        return found, not page.get("paging")


def _read(found: Collection[Mapping[str, Any]]) -> dict[str, Property]:
    try:
        made = [property_of(each) for each in found]
    except (KeyError, TypeError, ValueError):
        raise unreadable() from None
    return {each.name: each for each in made}


def _no_list(why: str) -> Refused:
    return Refused(Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=why))
