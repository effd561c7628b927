"""A scripted HubSpot portal on loopback.

Shapes: HubSpot's OpenAPI documents of contacts, notes, emails, properties, lists, associations, account
information (version 3) and subscriptions (version 4), 2026-08. Unknown fields are refused, addresses and
unique properties belong to one contact, a batch that names a record twice is refused as a whole, and so is one
with an error in it unless each record has a trace id of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from aicmo.gateways.contract import RepeatClass
from tests.peers.crm_peer import US, CrmPeer, Kept, iso
from tests.peers.routes import Call, Reply, Route, require, require_fields

_CRM = "/crm/v3"
_OBJECTS = ("contacts", "notes", "emails")
_READ, _WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"
_REQUIRED = {
    "notes": ("hs_timestamp",),
    "emails": ("hs_timestamp", "hs_email_direction"),
}
_TO_CONTACT = {"notes": 202, "emails": 198}
_LONGEST_BODY = 65_536


def _prop(name: str, kind: str = "string", form: str = "text", **more: Any) -> dict[str, Any]:
    options = [
        {"value": each, "label": each.title(), "hidden": False} for each in more.pop("options", ())
    ]
    return {
        "name": name, "label": name.title(), "type": kind, "fieldType": form, "description": "",
        "groupName": "contactinformation", "options": options, "hasUniqueValue": False,
        "modificationMetadata": {
            "archivable": True, "readOnlyDefinition": True, "readOnlyValue": False,
        },
    } | more  # fmt: skip


_READ_ONLY = {"modificationMetadata": {"readOnlyValue": True}}
_STAGES = ("subscriber", "lead", "opportunity", "customer")
_PROPERTIES: Mapping[str, Sequence[dict[str, Any]]] = {
    "contacts": (
        _prop("email"), _prop("firstname"), _prop("jobtitle"), _prop("phone", form="phonenumber"),
        _prop("lifecyclestage", "enumeration", "radio", options=_STAGES),
        _prop("sport", "enumeration", "checkbox", options=("golf", "judo", "chess")),
        _prop("score", "number", "number"), _prop("since", "date", "date"),
        _prop("last_visit", "datetime", "date"), _prop("vip", "bool", "booleancheckbox"),
        _prop("hs_email_optout", "bool", "booleancheckbox", **_READ_ONLY),
        _prop("hs_additional_emails", "enumeration", "checkbox", **_READ_ONLY),
        _prop("aicmo_contact_id", hasUniqueValue=True),
    ),
    "notes": (
        _prop("hs_timestamp", "datetime", "date", groupName="engagement"),
        _prop("hs_note_body", form="html", groupName="note"),
        _prop("aicmo_delivery_id", hasUniqueValue=True, groupName="engagement"),
    ),
    "emails": (
        _prop("hs_timestamp", "datetime", "date", groupName="engagement"),
        _prop("hs_email_direction", "enumeration", "select", options=("EMAIL",)),
        _prop("hs_email_status", "enumeration", "select", options=("SENT",)),
        _prop("hs_email_subject"), _prop("hs_email_html", form="html"),
        _prop("aicmo_delivery_id", hasUniqueValue=True, groupName="engagement"),
    ),
}  # fmt: skip


class HubspotPeer(CrmPeer):
    """One portal.

    properties: by object and name, as HubSpot describes them. scopes: of the token.
    stages_go_forward: a stage that is set back stays as it was, without a word.
    hides_activities: they are there, and no read shows them yet.
    out: addresses that are unsubscribed from all.
    headers: of every answer, such as the limit's.
    """

    repeats = RepeatClass.REPEAT_SAFE
    contact_id, email = "aicmo_contact_id", "email"
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
        self.properties = {
            of: {each["name"]: dict(each) for each in some} for of, some in _PROPERTIES.items()
        }
        self.scopes = {_READ, _WRITE, "crm.lists.read", "crm.lists.write", "sales-email-read"}
        self.stages_go_forward = self.hides_activities = False
        self.out: set[str] = set()
        self.headers: dict[str, str] = {}

    def unauthorized(self) -> Reply:
        return _error(401, "INVALID_AUTHENTICATION", "this token isn't valid")

    def bad_request(self, why: str) -> Reply:
        return _error(400, "VALIDATION_ERROR", why)

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

    # Reading

    def read(self, call: Call) -> Reply:
        asked, of = call.json, call.names["object"]
        require(of in _OBJECTS, f"object {of}")
        require_fields(asked, ("inputs", "properties", "propertiesWithHistory"), ("idProperty",))
        if of == "emails" and "sales-email-read" not in self.scopes:
            return _missing_scopes()
        ids = [_only_id(each) for each in asked["inputs"]]
        most = 50 if asked["propertiesWithHistory"] else 100
        require(0 < len(ids) <= most, f"{len(ids)} inputs")
        require(len(set(ids)) == len(ids), "an input twice")
        by = asked.get("idProperty", "")
        require(not by or by == self.email or self._is_unique(of, by), f"{by} isn't unique")
        found = {each: self._find(of, by, each) for each in ids}
        results = [self._shown(each, asked) for each in found.values() if each]
        missing = [name for name, each in found.items() if not each]
        return self._many(200, results, _not_found(missing) if missing else [])

    def _find(self, of: str, by: str, value: str) -> Kept | None:
        kept = self.contacts if of == "contacts" else self.activities
        if of != "contacts" and self.hides_activities:
            return None
        if not by:
            return kept.get(value)
        if by == self.email:
            return next(iter(self._with_address(value)), None)
        found = (each for each in kept.values() if each.values.get(by) == value)
        return next((each for each in found if of in (each.kind, "contacts")), None)

    def _with_address(self, address: str) -> list[Kept]:
        return [
            each for each in self.contacts.values()
            if address.lower() in {
                each.values.get("email", "").lower(),
                *each.values.get("hs_additional_emails", "").lower().split(";"),
            }
        ]  # fmt: skip

    def _shown(self, kept: Kept, asked: Mapping[str, Any]) -> dict[str, Any]:
        history = {
            name: [_version(*each) for each in reversed(kept.history.get(name, []))]
            for name in asked["propertiesWithHistory"]
        }
        values = {name: kept.values.get(name) for name in asked["properties"]}
        shown = _record(kept, values)
        return shown | ({"propertiesWithHistory": history} if history else {})

    # Writing

    def upsert(self, call: Call) -> Reply:
        optional = ("objectWriteTraceId",)
        inputs = self._inputs(call, ("id", "idProperty", "properties"), optional)
        require(len({(each["idProperty"], each["id"]) for each in inputs}) == len(inputs), "twice")
        for each in inputs:
            require(self._is_unique("contacts", each["idProperty"]), "no unique property")
        return self._write(inputs, 200, self._upsert_one)

    def _upsert_one(self, one: Mapping[str, Any]) -> tuple[Kept, dict[str, Any]]:
        kept = self._find("contacts", one["idProperty"], one["id"])
        values = {**one["properties"], one["idProperty"]: one["id"]}
        is_new = kept is None
        if kept is None:
            kept = self.create(values)
        else:
            self.change(kept, self._forward(kept, values))
        return kept, {"new": is_new}

    def update(self, call: Call) -> Reply:
        inputs = self._inputs(call, ("id", "properties"), ("objectWriteTraceId",))
        require(len({each["id"] for each in inputs}) == len(inputs), "the same record twice")
        return self._write(inputs, 200, self._update_one)

    def _update_one(self, one: Mapping[str, Any]) -> tuple[Kept, dict[str, Any]]:
        kept = self.contacts.get(one["id"])
        if kept is None:
            raise _Wrong("OBJECT_NOT_FOUND")
        self.change(kept, self._forward(kept, one["properties"]))
        return kept, {}

    def create_noted(self, call: Call) -> Reply:
        of = call.names["object"]
        require(of in _TO_CONTACT, f"object {of}")
        inputs = self._inputs(call, ("properties", "associations"), ("objectWriteTraceId",), of)
        for each in inputs:
            require(not set(_REQUIRED[of]) - set(each["properties"]), "a required property")
        return self._write(inputs, 201, lambda one: self._note_one(of, one))

    def _note_one(self, of: str, one: Mapping[str, Any]) -> tuple[Kept, dict[str, Any]]:
        contacts = [self._associated(of, each) for each in one["associations"]]
        if any(each not in self.contacts for each in contacts):
            raise _Wrong("OBJECT_NOT_FOUND")
        if any(len(value) > _LONGEST_BODY for value in one["properties"].values()):
            raise _Wrong("VALIDATION_ERROR")
        for name, value in one["properties"].items():
            if self._is_unique(of, name) and self.activity_with(name, value):
                raise _Wrong("VALIDATION_ERROR", "NOT_UNIQUE", name)
        return self.note(of, one["properties"], contacts), {}

    def _associated(self, of: str, association: Mapping[str, Any]) -> str:
        require_fields(association, ("to", "types"))
        for each in association["types"]:
            require_fields(each, ("associationCategory", "associationTypeId"))
            require(each["associationTypeId"] == _TO_CONTACT[of], "association type")
        return _only_id(association["to"])

    def _inputs(
        self, call: Call, required: Sequence[str], optional: Sequence[str], of: str = "contacts"
    ) -> list[dict[str, Any]]:
        require_fields(call.json, ("inputs",))
        inputs = call.json["inputs"]
        require(0 < len(inputs) <= 100, f"{len(inputs)} inputs")
        for each in inputs:
            require_fields(each, required, optional)
            for name, value in each["properties"].items():
                require(isinstance(value, str), f"{name} is no text")
                require(name in self.properties[of], f"PROPERTY_DOESNT_EXIST {name}")
        return inputs

    def _write(
        self,
        inputs: Sequence[dict[str, Any]],
        status: int,
        act: Callable[[Mapping[str, Any]], tuple[Kept, dict[str, Any]]],
    ) -> Reply:
        """Record by record if each has its own trace id; else all of them or none."""
        if _WRITE not in self.scopes:
            return _missing_scopes()
        traces = Counter(each.get("objectWriteTraceId") for each in inputs)
        errors = [(each, wrong) for each in inputs if (wrong := self._objection(each))]
        if errors and (None in traces or max(traces.values()) > 1):
            return _error(400, str(errors[0][1]), "one of them is wrong")
        results: list[dict[str, Any]] = []
        for each in inputs:
            if any(each is one for one, _ in errors):
                continue
            try:
                kept, more = act(each)
            except _Wrong as wrong:
                errors.append((each, wrong))
                continue
            named = {**each["properties"], "hs_object_id": kept.id}
            shown = (
                _record(kept, {name: kept.values.get(name, named[name]) for name in named}) | more
            )
            shown |= {"objectWriteTraceId": each.get("objectWriteTraceId")}
            marks = [self.mark(self.contacts[one]) for one in kept.contacts] or [self.mark(kept)]
            if not self.unnamed & set(marks):
                results.append(shown)
        told = [
            wrong.told(each) for each, wrong in errors if self._name_of(each) not in self.unnamed
        ]
        return self._many(status, results, told)

    def _name_of(self, one: Mapping[str, Any]) -> str:
        return f"contact:{str(one.get('id', '')).rpartition(':')[2]}"

    def _objection(self, one: Mapping[str, Any]) -> _Wrong | None:
        values, kept = one["properties"], self._find_input(one)
        marks = {self._name_of(one)} | ({self.mark(kept)} if kept else set())
        if marks & self.refused:
            return _Wrong("VALIDATION_ERROR", "INVALID_OPTION", "jobtitle")
        for name, value in values.items():
            known = self.properties["contacts"].get(name)
            options = {each["value"] for each in known["options"]} if known else set[str]()
            if value and options and not set(value.split(";")) <= options:
                return _Wrong("VALIDATION_ERROR", "INVALID_OPTION", name)
        others = [each for each in self._with_address(values.get("email", "")) if each is not kept]
        return _Wrong("CONFLICT") if values.get("email") and others else None

    def _find_input(self, one: Mapping[str, Any]) -> Kept | None:
        if "associations" in one:
            return self.contacts.get(one["associations"][0]["to"]["id"])
        return self._find("contacts", one.get("idProperty", ""), one["id"])

    def _forward(self, kept: Kept, values: Mapping[str, str]) -> dict[str, str]:
        stage, now = values.get("lifecyclestage"), kept.values.get("lifecyclestage")
        if not (self.stages_go_forward and stage and now):
            return dict(values)
        is_back = _STAGES.index(stage) < _STAGES.index(now)
        return {
            name: each for name, each in values.items() if name != "lifecyclestage" or not is_back
        }

    def _many(
        self, status: int, results: list[dict[str, Any]], errors: list[dict[str, Any]]
    ) -> Reply:
        if self.reorders:
            results.reverse()
        at = iso(self.clock())
        content: dict[str, Any] = {
            "status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at,
        }  # fmt: skip
        if errors:
            return Reply(207, {**content, "numErrors": len(errors), "errors": errors})
        return Reply(status, content)

    # Properties, lists, consent

    def _is_unique(self, of: str, name: str) -> bool:
        return bool(self.properties[of].get(name, {}).get("hasUniqueValue"))

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
        return self._many(200, found, _not_found(missing) if missing else [])

    def create_property(self, call: Call) -> Reply:
        made, of = call.json, self.properties[call.names["object"]]
        known = ("label", "type", "fieldType", "groupName", "name")
        require_fields(made, known, ("hasUniqueValue", "formField", "description"))
        require(bool(made["groupName"]), "groupName")
        if made["name"] in of:
            return _error(409, "CONFLICT", "it is there")
        of[made["name"]] = _prop(made["name"]) | made
        return Reply(201, of[made["name"]])

    def list_by_name(self, call: Call) -> Reply:
        found = (each for each in self.lists.values() if each.name == call.names["name"])
        for each in found:
            return Reply(content={"list": _list(each.id, each.name, is_manual=each.is_manual)})
        return _error(404, "OBJECT_NOT_FOUND", "no such list")

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
            "lists": [_list(each.id, each.name, is_manual=each.is_manual) for each in page],
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
        number = _TO_CONTACT[call.names["object"]]
        return Reply(content={"results": [
            {"category": "USER_DEFINED", "typeId": 36, "label": "Sent for"},
            {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None},
        ]})  # fmt: skip

    def opt_out(self, call: Call) -> Reply:
        require(call.query == {"channel": "EMAIL"}, "channel")
        address = call.names["email"]
        if address in self.out:
            return _error(400, "VALIDATION_ERROR", "already")
        self.out.add(address)
        for each in self._with_address(address):
            self._set(each, {"hs_email_optout": "true"}, US, 0)
        return Reply(content={"status": "COMPLETE", "results": [_status(address)]})

    def is_out(self, call: Call) -> Reply:
        require(call.query == {"channel": "EMAIL"}, "channel")
        address = call.names["email"]
        results = [_status(address)] if address in self.out else []
        return Reply(content={"status": "COMPLETE", "results": results})


class _Wrong(Exception):
    """What HubSpot says of one record."""

    def __init__(self, category: str, code: str = "", name: str = "") -> None:
        super().__init__(category)
        self.category, self.code, self.name = category, code, name

    def told(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """With an address in its text, as theirs have."""
        context: dict[str, Any] = {"objectWriteTraceId": [one.get("objectWriteTraceId")]}
        details = [{"message": "c1@client.test is wrong", "code": self.code,
                    "context": {"propertyName": [self.name]}}] if self.code else []  # fmt: skip
        return {
            "status": "error", "category": self.category, "message": "c1@client.test: no",
            "context": context, "errors": details, "links": {},
        }  # fmt: skip


def _error(status: int, category: str, message: str) -> Reply:
    return Reply(status, {
        "status": "error", "message": f"{message}: c1@client.test", "category": category,
        "correlationId": "c0ffee",
    })  # fmt: skip


def _missing_scopes() -> Reply:
    return _error(403, "MISSING_SCOPES", "this app hasn't been granted all required scopes")


def _not_found(ids: Sequence[str]) -> list[dict[str, Any]]:
    return [{
        "status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects",
        "context": {"ids": list(ids)}, "errors": [], "links": {},
    }]  # fmt: skip


def _record(kept: Kept, values: Mapping[str, str | None]) -> dict[str, Any]:
    at = iso(0)
    return {
        "id": kept.id, "properties": dict(values), "createdAt": at, "updatedAt": at,
        "archived": False,
    }  # fmt: skip


def _version(value: str, at: float, by: str) -> dict[str, Any]:
    is_us = by == US
    return {
        "value": value, "timestamp": iso(at), "sourceType": "INTEGRATION" if is_us else "CRM_UI",
        "sourceId": "42" if is_us else "userId:5",
    } | ({"sourceLabel": "AICMO"} if is_us else {"updatedByUserId": 5})  # fmt: skip


def _list(number: str, name: str, *, is_manual: bool) -> dict[str, Any]:
    return {
        "listId": number, "listVersion": 1, "name": name, "objectTypeId": "0-1",
        "processingStatus": "COMPLETE", "processingType": "MANUAL" if is_manual else "DYNAMIC",
        "additionalProperties": {},
    }  # fmt: skip


def _status(address: str) -> dict[str, Any]:
    return {
        "channel": "EMAIL", "status": "UNSUBSCRIBED", "source": "API", "subscriptionId": 1,
        "subscriberIdString": address, "timestamp": iso(0),
    }  # fmt: skip


def _only_id(content: Mapping[str, Any]) -> str:
    require_fields(content, ("id",))
    require(isinstance(content["id"], str), "an id that is no text")
    return content["id"]
