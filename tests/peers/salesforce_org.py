"""What a scripted Salesforce org tells: its fields, who is logged in, and what it is asked in SOQL."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aicmo.gateways.contract import RepeatClass
from tests.peers.crm_peer import US, CrmPeer, Kept
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.salesforce_fields import CONTACT, CONTACT_ID, TASK, as_told, named, told
from tests.peers.soql import NoQuery, Query, read_query

DATA = "/services/data/v66.0"
ORG = "00D5e000000HEcPEAW"


class RefusedWhole(Exception):
    """A request is refused as a whole: status, code and message."""


class SalesforceOrg(CrmPeer):
    """usage: what `Sforce-Limit-Info` says. page: records of a query's page.

    hidden: fields that the log-in doesn't see. shows_new: it sees fields that it makes.
    tells_limits: it may know how many requests are left.
    done: statuses of tasks that are done.
    swaps: results stand in another order than their records, which Salesforce rules out.
    """

    repeats = RepeatClass.REPEAT_SAFE
    contact_id, email = CONTACT_ID, "Email"

    def __init__(self, *arguments: Any, page: int = 2000, **options: Any) -> None:
        super().__init__(*arguments, **{"identity": ORG, **options})
        self.usage, self.page = "api-usage=12/15000", page
        self.hidden: set[str] = set()
        self.shows_new = self.tells_limits = True
        self.has_campaigns, self.swaps = True, False
        self.done = ["Completed"]
        self.fields = {"Contact": named(CONTACT), "Task": named(TASK)}
        self._left: dict[str, list[dict[str, Any]]] = {}
        self._locators = count(1)

    def new_id(self) -> str:
        return f"003{super().new_id():0>12}AAA"

    def answer(self, route: Route, call: Call) -> Reply:
        try:
            reply = super().answer(route, call)
        except RefusedWhole as refused:
            status, code, message = refused.args
            reply = Reply(status, [{"message": message, "errorCode": code}])
        if not call.request.path.startswith(DATA):
            return reply
        return dataclasses.replace(reply, headers={"Sforce-Limit-Info": self.usage})

    def unauthorized(self) -> Reply:
        said = {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
        return Reply(401, [said])

    def bad_request(self, why: str) -> Reply:
        return Reply(400, [{"message": why, "errorCode": "JSON_PARSER_ERROR"}])

    def composite(self, call: Call) -> Reply:
        require_fields(call.json, ("compositeRequest",), ("allOrNone",))
        asked = call.json["compositeRequest"]
        require(1 <= len(asked) <= 5, f"{len(asked)} queries")
        require("@{" not in call.request.body.decode(), "a reference to another part")
        return Reply(200, {"compositeResponse": [self._part(each) for each in asked]})

    def _part(self, part: Mapping[str, str]) -> dict[str, Any]:
        require_fields(part, ("method", "url", "referenceId"))
        require(re.fullmatch(r"\w+", part["referenceId"]) is not None, part["referenceId"])
        url = urlsplit(part["url"])
        require((part["method"], url.path) == ("GET", f"{DATA}/query"), part["url"])
        require(len(part["url"]) < 16_384, f"a URL of {len(part['url'])} characters")
        try:
            status, body = 200, self._found(dict(parse_qsl(url.query))["q"])
        except RefusedWhole as refused:
            status, code, message = refused.args
            body = [{"message": message, "errorCode": code}]
        head = {"httpHeaders": {}, "httpStatusCode": status, "referenceId": part["referenceId"]}
        return {"body": body, **head}

    def _found(self, text: str) -> Any:
        try:
            query = read_query(text)
        except NoQuery as error:
            raise RefusedWhole(400, "MALFORMED_QUERY", f"unexpected token: {error}") from None
        rows = [each for each in self._rows(query) if query.meets(each)]
        return self._page([_selected(each, query) for each in rows])

    def _page(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        shown, left = rows[: self.page], rows[self.page :]
        if not left:
            return {"totalSize": len(rows), "done": True, "records": shown}
        locator = f"01g{next(self._locators):012}AAA-{self.page}"
        self._left[locator] = left
        more = {"done": False, "nextRecordsUrl": f"{DATA}/query/{locator}"}
        return {"totalSize": len(rows), **more, "records": shown}

    def more(self, call: Call) -> Reply:
        return Reply(200, self._page(self._left.pop(call.names["locator"])))

    def _rows(self, query: Query) -> list[dict[str, Any]]:
        match query.sobject:
            case "Contact":
                self._require_seen(query)
                return [self._row("Contact", each) for each in self.contacts.values()]
            case "Task":
                self._require_seen(query)
                return [self._row("Task", each) for each in self.activities.values()]
            case "Campaign" if self.has_campaigns:
                found = self.lists.values()
                return [{"Id": each.id, "Name": each.name, "IsActive": "true"} for each in found]
            case "CampaignMember" if self.has_campaigns:
                return [
                    {"Id": f"00v{each.id[3:]}", "CampaignId": each.id, "ContactId": member}
                    for each in self.lists.values()
                    for member in each.members
                ]
            case "TaskStatus":
                return [{"ApiName": each, "IsClosed": "true"} for each in self.done]
            case "Organization":
                return [{"Id": ORG, "Name": "Acme", "IsSandbox": False}]
            case _:
                said = f"sObject type '{query.sobject}' is not supported."
                raise RefusedWhole(400, "INVALID_TYPE", said)

    def _require_seen(self, query: Query) -> None:
        for name in query.named:
            if name != "LastModifiedBy.Name" and name not in self._seen(query.sobject):
                said = f"No such column '{name}' on entity '{query.sobject}'"
                raise RefusedWhole(400, "INVALID_FIELD", said)

    def _row(self, sobject: str, record: Kept) -> dict[str, Any]:
        changes = [change for each in record.history.values() for change in each]
        _, at, by = max(changes, key=lambda each: each[1], default=("", self.clock(), US))
        known = self._seen(sobject)
        values = {name: told(each, record.values.get(name, "")) for name, each in known.items()}
        return values | {
            "Id": record.id,
            "LastModifiedDate": as_told(datetime.fromtimestamp(at, UTC)),
            "LastModifiedBy.Name": by,
        }

    def describe(self, call: Call) -> Reply:
        sobject = call.names["sobject"]
        if sobject not in self.fields:
            raise RefusedWhole(404, "NOT_FOUND", "The requested resource does not exist")
        return Reply(200, {"name": sobject, "fields": list(self._seen(sobject).values())})

    def limits(self, call: Call) -> Reply:
        del call
        if not self.tells_limits:
            raise RefusedWhole(403, "INSUFFICIENT_ACCESS", "You do not have access")
        used, most = map(int, self.usage.removeprefix("api-usage=").split("/"))
        return Reply(200, {"DailyApiRequests": {"Max": most, "Remaining": most - used}})

    def userinfo(self, call: Call) -> Reply:
        del call
        person = {
            "sub": f"https://login.salesforce.com/id/{self.identity}/0055e000000abcdAAA",
            "user_id": "0055e000000abcdAAA", "organization_id": self.identity,
            "preferred_username": "integration@acme.test", "name": "AICMO", "active": True,
        }  # fmt: skip
        return Reply(200, person)

    def create_field(self, call: Call) -> Reply:
        require_fields(call.json, ("FullName", "Metadata"))
        owner, _, name = call.json["FullName"].partition(".")
        require(owner in ("Contact", "Activity") and name.endswith("__c"), call.json["FullName"])
        require_fields(
            call.json["Metadata"], ("type", "label", "length", "externalId", "unique"),
            ("caseSensitive", "required", "description"),
        )  # fmt: skip
        require(call.json["Metadata"]["length"] <= 255, "a longer text can't be unique")
        sobject = "Task" if owner == "Activity" else owner
        if name in self.fields[sobject]:
            said = f"There is already a field named {name} on {owner}."
            raise RefusedWhole(400, "DUPLICATE_DEVELOPER_NAME", said)
        made = dict(self.fields["Contact"]["Title"], name=name, length=255)
        own = {"unique": True, "externalId": True, "idLookup": True}
        self.fields[sobject][name] = made | own
        if not self.shows_new:
            self.hidden.add(name)
        return Reply(201, {"id": "00N5e000000abcdEAA", "success": True, "errors": []})

    def _seen(self, sobject: str) -> dict[str, dict[str, Any]]:
        return {
            name: each for name, each in self.fields[sobject].items() if name not in self.hidden
        }


def _selected(row: Mapping[str, Any], query: Query) -> dict[str, Any]:
    shown: dict[str, Any] = {"attributes": {"type": query.sobject, "url": f"{DATA}/sobjects"}}
    for name in query.fields:
        first, _, second = name.partition(".")
        shown[first] = {"attributes": {"type": "User"}, second: row[name]} if second else row[name]
    return shown
