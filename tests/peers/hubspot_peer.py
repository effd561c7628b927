"""A scripted HubSpot portal on loopback: its requests, its account, properties, lists and consent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from aicmo.gateways.contract import RepeatClass
from tests.peers.crm_peer import US
from tests.peers.hubspot_objects import HubspotObjects
from tests.peers.hubspot_shapes import TO_CONTACT, error, list_, not_found, prop, status_of
from tests.peers.routes import Call, Reply, Route, require, require_fields

_CRM = "/crm/v3"


class HubspotPeer(HubspotObjects):
    """One portal.

    out: addresses that are unsubscribed from all.
    headers: of every answer, such as the limit's.
    """

    repeats = RepeatClass.REPEAT_SAFE
    routes: ClassVar[Sequence[Route]] = (
        Route("GET", "/account-info/v3/details", "details"),
        Route("POST", "/oauth/v2/private-apps/get/access-token-info", "token_info"),
        Route("POST", f"{_CRM}/objects/{{object}}/batch/read", "read"),
        Route("POST", f"{_CRM}/objects/contacts/batch/upsert", "upsert", acts=True),
        Route("POST", f"{_CRM}/objects/contacts/batch/update", "update", acts=True),
        Route("POST", f"{_CRM}/objects/{{object}}/batch/create", "create_noted", acts=True),
        Route("GET", f"{_CRM}/properties/{{object}}", "list_properties"),
        Route("POST", f"{_CRM}/properties/{{object}}", "create_property"),
        Route("POST", f"{_CRM}/properties/{{object}}/batch/read", "read_properties"),
        Route("GET", f"{_CRM}/lists/object-type-id/0-1/name/{{name}}", "list_by_name"),
        Route("POST", f"{_CRM}/lists/search", "search_lists"),
        Route("PUT", f"{_CRM}/lists/{{list}}/memberships/add", "join_list", acts=True),
        Route("GET", f"{_CRM}/lists/records/0-1/{{record}}/memberships", "memberships"),
        Route("GET", "/crm/v4/associations/{object}/contacts/labels", "labels"),
        Route("POST", "/communication-preferences/v4/statuses/{email}/unsubscribe-all", "opt_out"),
        Route("GET", "/communication-preferences/v4/statuses/{email}/unsubscribe-all", "is_out"),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.out: set[str] = set()
        self.headers: dict[str, str] = {}

    def unauthorized(self) -> Reply:
        return error(401, "INVALID_AUTHENTICATION", "this token isn't valid")

    def bad_request(self, why: str) -> Reply:
        return error(400, "VALIDATION_ERROR", why)

    def answer(self, route: Route, call: Call) -> Reply:
        reply = super().answer(route, call)
        return Reply(reply.status, reply.content, {**reply.headers, **self.headers})

    # The account

    def details(self, call: Call) -> Reply:
        del call
        return Reply(content={
            "portalId": int(self.identity), "accountType": "STANDARD", "timeZone": "Europe/London",
            "companyCurrency": "GBP", "additionalCurrencies": [], "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0, "uiDomain": "app-eu1.hubspot.com",
            "dataHostingLocation": "eu1",
        })  # fmt: skip

    def token_info(self, call: Call) -> Reply:
        require_fields(call.json, ("tokenKey",))
        return Reply(
            content={"userId": 7, "hubId": int(self.identity), "scopes": sorted(self.scopes)}
        )

    # Properties, lists, consent

    def list_properties(self, call: Call) -> Reply:
        return Reply(content={"results": list(self.properties[call.names["object"]].values())})

    def read_properties(self, call: Call) -> Reply:
        asked, of = call.json, self.properties[call.names["object"]]
        require_fields(asked, ("archived", "dataSensitivity", "inputs"))
        for each in asked["inputs"]:
            require_fields(each, ("name",))
        names = [each["name"] for each in asked["inputs"]]
        require(0 < len(names) <= 100, f"{len(names)} inputs")
        missing = [each for each in names if each not in of]
        found = [of[each] for each in names if each in of]
        return self.many(200, found, not_found(missing) if missing else [])

    def create_property(self, call: Call) -> Reply:
        made, of = call.json, self.properties[call.names["object"]]
        known = ("label", "type", "fieldType", "groupName", "name")
        require_fields(made, known, ("hasUniqueValue", "formField", "description"))
        require(bool(made["groupName"]), "groupName")
        if made["name"] in of:
            return error(409, "CONFLICT", "it is there")
        of[made["name"]] = prop(made["name"]) | made
        return Reply(201, of[made["name"]])

    def list_by_name(self, call: Call) -> Reply:
        found = (each for each in self.lists.values() if each.name == call.names["name"])
        for each in found:
            return Reply(content={"list": list_(each.id, each.name, is_manual=each.is_manual)})
        return error(404, "OBJECT_NOT_FOUND", "no such list")

    def search_lists(self, call: Call) -> Reply:
        asked = call.json
        require_fields(
            asked, ("additionalProperties", "offset"), ("count", "objectTypeId", "processingTypes")
        )
        found = [each for each in self.lists.values() if each.is_manual]
        page = found[asked["offset"] : asked["offset"] + asked["count"]]
        return Reply(content={
            "hasMore": len(found) > asked["offset"] + asked["count"], "total": len(found),
            "offset": asked["offset"] + len(page),
            "lists": [list_(each.id, each.name, is_manual=each.is_manual) for each in page],
        })  # fmt: skip

    def join_list(self, call: Call) -> Reply:
        to, ids = self.lists[call.names["list"]], call.json
        require(isinstance(ids, list) and all(isinstance(each, str) for each in ids), "record ids")
        require(to.is_manual, "only for MANUAL or SNAPSHOT")
        gone = [each for each in ids if each not in self.contacts]
        added = [
            each for each in ids if each in self.contacts and self.join(to, self.contacts[each])
        ]
        return Reply(
            content={"recordsIdsAdded": added, "recordIdsRemoved": [], "recordIdsMissing": gone}
        )

    def memberships(self, call: Call) -> Reply:
        of = [each for each in self.lists.values() if call.names["record"] in each.members]
        results = [{"listId": each.id, "listVersion": 1} for each in of]
        return Reply(content={"total": len(results), "results": results})

    def labels(self, call: Call) -> Reply:
        number = TO_CONTACT[call.names["object"]]
        return Reply(content={"results": [
            {"category": "USER_DEFINED", "typeId": 36, "label": "Sent for"},
            {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None},
        ]})  # fmt: skip

    def opt_out(self, call: Call) -> Reply:
        require(call.query == {"channel": "EMAIL"}, "channel")
        address = call.names["email"]
        if address in self.out:
            return error(400, "VALIDATION_ERROR", "already")
        self.out.add(address)
        for each in self.with_address(address):
            self._set(each, {"hs_email_optout": "true"}, US, 0)
        return Reply(content={"status": "COMPLETE", "results": [status_of(address)]})

    def is_out(self, call: Call) -> Reply:
        require(call.query == {"channel": "EMAIL"}, "channel")
        address = call.names["email"]
        results = [status_of(address)] if address in self.out else []
        return Reply(content={"status": "COMPLETE", "results": results})
