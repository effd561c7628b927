"""Salesforce on loopback: contacts, tasks and campaigns of one org, in the shapes of its REST API 66.0.

It parses each value as its field's type, reads SOQL, and refuses a record by itself, as
`allOrNone: false` has it: with its code, and a message that repeats the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.peers.crm_peer import Kept
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.salesforce_fields import CONTACT_ID, DELIVERY_ID, kept, refusal_of
from tests.peers.salesforce_org import DATA, ORG, RefusedWhole, SalesforceOrg

__all__ = ["ORG", "SalesforcePeer"]

_RECORDS = f"{DATA}/composite/sobjects"


class SalesforcePeer(SalesforceOrg):
    routes: ClassVar = (
        Route("PATCH", f"{_RECORDS}/Contact/{{field}}", "upsert", acts=True),
        Route("PATCH", f"{_RECORDS}/Task/{{field}}", "upsert_tasks", acts=True),
        Route("PATCH", _RECORDS, "update", acts=True),
        Route("POST", _RECORDS, "insert", acts=True),
        Route("POST", f"{DATA}/composite", "composite"),
        Route("GET", f"{DATA}/query/{{locator}}", "more"),
        Route("GET", f"{DATA}/sobjects/{{sobject}}/describe", "describe"),
        Route("GET", f"{DATA}/limits", "limits"),
        Route("GET", "/services/oauth2/userinfo", "userinfo"),
        Route("POST", f"{DATA}/tooling/sobjects/CustomField", "create_field"),
    )

    def upsert(self, call: Call) -> Reply:
        name = call.names["field"]
        self._require_key("Contact", name)
        return self._each(call, "Contact", lambda values: self._upsert(name, values))

    def update(self, call: Call) -> Reply:
        return self._each(call, "Contact", self._update)

    def upsert_tasks(self, call: Call) -> Reply:
        name = call.names["field"]
        self._require_key("Task", name)
        return self._each(call, "Task", lambda values: self._upsert_task(name, values))

    def insert(self, call: Call) -> Reply:
        return self._each(call, "CampaignMember", self._join)

    def _each(self, call: Call, sobject: str, act: Any) -> Reply:
        require_fields(call.json, ("allOrNone", "records"))
        require(call.json["allOrNone"] is False, "allOrNone")
        records = call.json["records"]
        require(1 <= len(records) <= 200, f"{len(records)} records")
        seen: set[str] = set()
        parsed = [self._parsed(each, sobject) for each in records]
        results: list[dict[str, Any]] = []
        for values in parsed:
            key = values.get("Id") or values.get(CONTACT_ID) or values.get(DELIVERY_ID) or ""
            is_twice = bool(key) and key in seen
            seen.add(key)
            results.append(_failed("DUPLICATE_VALUE") if is_twice else act(values))
        return Reply(200, results[::-1] if self.swaps else results)

    def _parsed(self, record: Mapping[str, Any], sobject: str) -> dict[str, str]:
        require(record.get("attributes") == {"type": sobject}, str(record.get("attributes")))
        given = {name: value for name, value in record.items() if name != "attributes"}
        if sobject == "CampaignMember":
            require_fields(given, ("CampaignId", "ContactId"))
            return given
        known = self._seen(sobject)
        for name in given:
            if name not in known:
                said = f"No such column '{name}' on sobject of type {sobject}"
                raise RefusedWhole(400, "INVALID_FIELD", said)
        return {name: kept(known[name], value) for name, value in given.items()}

    def _upsert(self, key: str, values: dict[str, str]) -> dict[str, Any]:
        require("Id" not in values, "an upsert by an external id with a record's id")
        require(bool(values.get(key)), f"no {key}")
        there = [each for each in self.contacts.values() if each.values.get(key) == values[key]]
        if there:
            return self._write(there[0], values, is_new=False)
        if not values.get("LastName"):
            return _failed("REQUIRED_FIELD_MISSING", "LastName")
        return self._write(None, values, is_new=True)

    def _update(self, values: dict[str, str]) -> dict[str, Any]:
        record = values.pop("Id")
        contact = self.contacts.get(record)
        if contact is None and len(record) not in (15, 18):
            return _failed("MALFORMED_ID", "Id")
        if contact is None:
            return _failed("ENTITY_IS_DELETED")
        own = values.get(CONTACT_ID)
        if own and any(
            each is not contact and each.values.get(CONTACT_ID) == own
            for each in self.contacts.values()
        ):
            return _failed("DUPLICATE_VALUE", CONTACT_ID)
        return self._write(contact, values, is_new=False)

    def _write(
        self, contact: Kept | None, values: dict[str, str], *, is_new: bool
    ) -> dict[str, Any]:
        if error := self._error_in("Contact", values, is_new=is_new):
            return error
        whom = self.mark(contact or Kept("", values))
        if whom in self.refused:
            return _failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Email", "Title")
        if contact is None:
            contact = self.create(values)
        else:
            self.change(contact, values)
        if whom in self.unnamed:
            return {}
        return {"id": contact.id, "success": True, "errors": [], "created": is_new}

    def _upsert_task(self, key: str, values: dict[str, str]) -> dict[str, Any]:
        there = self.activity_with(key, values[key])
        if error := self._error_in("Task", values, is_new=there is None):
            return error
        contact = self.contacts.get(values["WhoId"])
        if contact is None:
            return _failed("INVALID_CROSS_REFERENCE_KEY", "WhoId")
        if self.mark(contact) in self.refused:
            return _failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Subject")
        task = there
        if task is None:
            kind = "email" if values.get("TaskSubtype") == "Email" else "note"
            task = self.note(kind, values, [contact.id])
        if self.mark(contact) in self.unnamed:
            return {}
        return {"id": task.id, "success": True, "errors": [], "created": there is None}

    def _join(self, values: dict[str, str]) -> dict[str, Any]:
        to, contact = self.lists.get(values["CampaignId"]), self.contacts.get(values["ContactId"])
        if to is None or contact is None:
            return _failed("INVALID_CROSS_REFERENCE_KEY", "CampaignId")
        if self.mark(contact) in self.refused:
            return _failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Status")
        is_new = self.join(to, contact)
        if self.mark(contact) in self.unnamed:
            return {}
        if not is_new:
            return _failed("DUPLICATE_VALUE")
        return {"id": self.new_id().replace("003", "00v", 1), "success": True, "errors": []}

    def _error_in(
        self, sobject: str, values: Mapping[str, str], *, is_new: bool
    ) -> dict[str, Any] | None:
        for name, value in values.items():
            field = self._seen(sobject)[name]
            if not field["createable" if is_new else "updateable"]:
                return _failed("INVALID_FIELD_FOR_INSERT_UPDATE", name)
            if code := refusal_of(field, value):
                return _failed(code, name)
        return None

    def _require_key(self, sobject: str, name: str) -> None:
        if not self._seen(sobject).get(name, {}).get("externalId"):
            said = f"Provided external ID field does not exist or is not accessible: {name}"
            raise RefusedWhole(404, "NOT_FOUND", said)


def _failed(code: str, *fields: str) -> dict[str, Any]:
    """The message repeats personal data, as Salesforce's own do."""
    said = f"{code}: duplicate value found: c1@client.test"
    return {
        "success": False,
        "errors": [{"statusCode": code, "message": said, "fields": list(fields)}],
    }
