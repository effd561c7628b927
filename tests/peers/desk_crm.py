"""A small CRM of our own on loopback, and its gateway: for what is said to every CRM alike."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from aicmo.crm.change import Change
from aicmo.crm.record import Found, Match, Record, Several
from aicmo.crm.schema import Schema
from aicmo.gateways.account_gateway import Profile, ProviderAccount, Refused
from aicmo.gateways.contract import (
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    Scope,
    Timing,
)
from aicmo.gateways.crm_gateway import CrmGateway, Request, Update
from aicmo.gateways.http_answers import Answer, refused
from aicmo.gateways.http_exchange import HttpExchange
from tests.peers.crm_peer import US, CrmPeer, Kept
from tests.peers.routed_peer import KEY
from tests.peers.routes import Call, Reply, Route
from tests.projects import NOW

IDENTITY = "4711"
_ANSWERS = {
    200: Outcome(OutcomeKind.SENT),
    400: Outcome(OutcomeKind.REFUSED_FOR_GOOD, code="400"),
    401: Outcome(OutcomeKind.REFUSED_ACCOUNT, code="401"),
    429: Outcome(
        OutcomeKind.REFUSED_FOR_NOW, code="429", scope=Scope.RUN,
        not_before=NOW + timedelta(minutes=10),
    ),
}  # fmt: skip


class DeskCrm(CrmPeer):
    """statuses: of single contacts, instead of 200. deaf_to: properties that it confirms and ignores."""

    repeats: ClassVar[RepeatClass] = RepeatClass.REPEAT_SAFE
    contact_id: ClassVar[str] = "our_id"
    email: ClassVar[str] = "email"
    routes: ClassVar[Sequence[Route]] = (
        Route("GET", "/me", "who"),
        Route("POST", "/find", "find_people"),
        Route("POST", "/set", "set_values"),
        Route("POST", "/change", "change_people", acts=True),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(identity=IDENTITY, **options)
        self.statuses: dict[str, int] = {}
        self.deaf_to: set[str] = set()

    @property
    def sets(self) -> list[dict[str, dict[str, str]]]:
        """What each request set: values by contact."""
        bodies = [json.loads(each.body) for each in self.seen if each.path == "/set"]
        return [{each["record"]: each["values"] for each in body["updates"]} for body in bodies]

    def unauthorized(self) -> Reply:
        return Reply(401)

    def bad_request(self, why: str) -> Reply:
        return Reply(400, {"why": why})

    def who(self, _call: Call) -> Reply:
        return Reply(200, {"id": self.identity})

    def find_people(self, call: Call) -> Reply:
        return Reply(200, {"found": [self._found(each) for each in call.json["matches"]]})

    def _found(self, match: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            {"id": each.id, "values": each.values,
             "history": {name: entries[-1] for name, entries in each.history.items()}}
            for each in self._fitting(match)
        ]  # fmt: skip

    def _fitting(self, match: Mapping[str, str]) -> list[Kept]:
        by_id = self.with_value(self.contact_id, match["contact_id"])
        return by_id or self.with_value(self.email, match["email"])

    def change_people(self, call: Call) -> Reply:
        return Reply(200, {"ids": [self._take(each) for each in call.json["inputs"]]})

    def _take(self, wanted: Mapping[str, Any]) -> str:
        values = {self.contact_id: wanted["match"]["contact_id"], **wanted["values"]}
        there = self._fitting(wanted["match"])
        person = there[0] if there else self.create({"email": wanted["match"]["email"], **values})
        if there:
            self.change(person, values)
        if wanted["note"]:
            self.note("note", {"body": wanted["note"]}, [person.id])
        return person.id

    def set_values(self, call: Call) -> Reply:
        return Reply(200, {"statuses": [self._set_one(each) for each in call.json["updates"]]})

    def _set_one(self, update: Mapping[str, Any]) -> int:
        status = self.statuses.get(update["record"], 200)
        heard = {name: each for name, each in update["values"].items() if name not in self.deaf_to}
        if status == 200:
            self.change(self.contacts[update["record"]], heard)
        return status


class _Token:
    def access_token(self) -> str:
        return KEY

    def extra(self, name: str) -> str:
        return ""


class DeskGateway(CrmGateway):
    """Speaks to `DeskCrm`, two contacts to a request."""

    name = "desk 4711"
    repeat_class = RepeatClass.REPEAT_SAFE
    token_lifetime = timedelta(days=365)
    timing = Timing(send_deadline=5, request_bound=5, quiet=60, staging=30)
    records_per_request: ClassVar[int] = 2

    def __init__(self, permit: LivePermit, url: str, name: str) -> None:
        super().__init__(permit, ProviderAccount(IDENTITY, name="Studio"), _Token(), lambda: NOW)
        self._exchange = HttpExchange(url, host="crm.test", headers={})
        self.name = name

    def profile(self) -> Profile:
        answer = self._exchange.get("/me", self._login())
        return Profile(answer.content()["id"], name="Studio")

    def find(self, matches: Sequence[Match], names: Collection[str]) -> list[Found]:
        answer = self._ask("/find", {"matches": [asdict(each) for each in matches]})
        if answer.status != 200:
            raise Refused(refused(answer, NOW))
        return [_found(each, names) for each in answer.content()["found"]]

    def _ask(self, path: str, content: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/json", **self._login()}
        return self._exchange.prepare("POST", path, json.dumps(content).encode(), headers)

    def read_schema(self) -> Schema:
        return Schema(contacts={})

    def create_unique(self, name: str, *, of_activities: bool) -> None:
        raise NotImplementedError

    def set_values(self, updates: Sequence[Update]) -> list[Outcome]:
        assert len(updates) <= self.records_per_request
        try:
            answer = self._ask("/set", {"updates": [asdict(each) for each in updates]})
        except httpx.HTTPError as error:
            return [Outcome(OutcomeKind.UNKNOWN, detail=type(error).__name__) for _ in updates]
        return [_ANSWERS[each] for each in answer.content()["statuses"]]

    def _activity(self, question: Question) -> Reading:
        raise NotImplementedError

    def _membership(self, question: Question) -> Reading:
        raise NotImplementedError

    def _kind(self, outgoing: Outgoing) -> str:
        return "change"

    def _request(self, kind: str, group: Sequence[Outgoing]) -> Request:
        inputs = [
            {"match": each.staged["match"], "values": each.staged["write"], "note": _note(each)}
            for each in group
        ]
        return Request("POST", "/change", json.dumps({"inputs": inputs}).encode())

    def _outcomes(
        self, kind: str, group: Sequence[Outgoing], answer: Answer
    ) -> Mapping[int, Outcome]:
        if answer.status != 200:
            return {each.delivery_id: refused(answer, NOW) for each in group}
        ids = answer.content()["ids"]
        return {
            each.delivery_id: Outcome(OutcomeKind.SENT, ref=ref, permalink=_link(ref))
            for each, ref in zip(group, ids, strict=True)
        }


def _note(outgoing: Outgoing) -> str:
    activity = Change.from_bytes(outgoing.payload).activity
    return activity.body if activity else ""


def _link(ref: str) -> str:
    return f"https://crm.example/contacts/{ref}"


def _found(people: Sequence[Mapping[str, Any]], names: Collection[str]) -> Found:
    if len(people) > 1:
        return Several(tuple(each["id"] for each in people))
    if not people:
        return None
    (one,) = people
    known = {name: one["history"][name] for name in names if name in one["history"]}
    return Record(
        one["id"], one["values"].get("our_id", ""), one["values"].get("email", ""),
        {name: one["values"].get(name, "") for name in names},
        {name: datetime.fromtimestamp(at, UTC) for name, (_, at, _by) in known.items()},
        {name: "" if by == US else by for name, (_, _at, by) in known.items()},
        _link(one["id"]),
    )  # fmt: skip


def opening(peer: DeskCrm, name: str = DeskGateway.name) -> OpenGateway:
    return lambda permit: DeskGateway(permit, peer.base_url, name)
