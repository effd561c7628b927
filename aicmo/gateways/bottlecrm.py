"""Contacts of BottleCRM (django-crm): it knows no key of ours, so after a lost answer it is asked.

One contact to a request. Facts: django-crm 1.35.0, tried on its own server.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from aicmo.crm.change import Change
from aicmo.crm.record import Found, Match, Record
from aicmo.crm.schema import Schema
from aicmo.gateways.account_gateway import NoToken, Profile, ProviderAccount, Refused, TokenSource
from aicmo.gateways.bottlecrm_answers import (
    CREATED,
    content_of,
    outcome_of,
    refusal,
)
from aicmo.gateways.bottlecrm_contacts import Names, Search, changed_by, read_names
from aicmo.gateways.bottlecrm_fields import CUSTOM, TAGS, fields_of
from aicmo.gateways.bottlecrm_profile import read_profile
from aicmo.gateways.bottlecrm_schema import read_schema
from aicmo.gateways.bottlecrm_staging import stage_known, tag_ids
from aicmo.gateways.bottlecrm_timeline import comment_of, find_entry, interaction_of
from aicmo.gateways.chosen_server import open_chosen_server
from aicmo.gateways.contract import Found as Told
from aicmo.gateways.contract import (
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    RateLimit,
    Reading,
    RepeatClass,
    Staged,
    StillAllowed,
    Timing,
)
from aicmo.gateways.crm_gateway import CrmGateway, Request, Update
from aicmo.gateways.crm_staging import Asked, objection_to
from aicmo.gateways.http_answers import Answer, Clock, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpTimes, account_name

_CONTACTS = "/api/contacts/"
_JSON = {"Content-Type": "application/json"}


class BottleCrmGateway(CrmGateway):
    """An organization on a server of BottleCRM.

    times: how long to wait for an answer. clock: what a time to come back is counted from.

    Raises:
        FixConfiguration: the server's address isn't `https://` and a host.
    """

    repeat_class = RepeatClass.READABLE
    timing = Timing(HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, quiet=300, staging=600)
    limits = (RateLimit(300, timedelta(minutes=1)),)
    largest_batch = 100  # what is read before it is armed should still be so when it is sent

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        host = urlsplit(account.server).netloc.lower()
        self.name = account_name("bottlecrm", host, account.identity)
        self._exchange = open_chosen_server(account.server, account.api_url, times)
        self._search = Search(self._ask, Names({}, {}), ())
        self._tags_now: dict[int, list[str]] = {}

    # Who is logged in, and what there is

    def profile(self) -> Profile:
        """See `AccountGateway.profile`; a token belongs to one organization and one user."""
        return read_profile(self._ask)

    def read_schema(self) -> Schema:
        """See `CrmGateway.read_schema`."""
        return read_schema(self._ask)

    def create_unique(self, name: str, *, of_activities: bool) -> None:
        """See `CrmGateway.create_unique`; BottleCRM lets two contacts have the same value."""
        if of_activities or not name.startswith(CUSTOM):
            detail = f"BottleCRM keeps our ids in a contact's own field, {CUSTOM} and its key"
            raise Refused(Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=detail))
        field = {"target_model": "Contact", "key": name.removeprefix(CUSTOM), "label": "AICMO id"}
        body = json.dumps({**field, "field_type": "text"}).encode()
        answer = self._exchange.prepare("POST", "/api/custom-fields/", body, self._login() | _JSON)
        if answer.status != CREATED and name not in read_names(self._ask).properties:
            raise Refused(refusal(answer, self._clock()), answer)

    # Reading contacts

    def find(self, matches: Sequence[Match], names: Collection[str]) -> list[Found]:
        """See `CrmGateway.find`; with who changed a contact last, where BottleCRM still tells."""
        known = read_names(self._ask, with_tags=TAGS in names)
        self._search = Search(self._ask, known, names)
        found = [self._search.find(each) for each in matches]
        records = [each for each in found if isinstance(each, Record)]
        by = changed_by(records, self._ask) if records else {}
        return [
            replace(each, changed_by={"": by[each.id]})
            if isinstance(each, Record) and each.id in by
            else each
            for each in found
        ]

    def _staged(self, asked: Asked, found: Found) -> Staged:
        return stage_known(asked, found, self._search)

    # Changing them

    def _kind(self, outgoing: Outgoing) -> str:
        staged = outgoing.staged
        if "activity" in staged:
            return "interaction" if staged["activity"] == "email" else "comment"
        if "tag" in staged:
            return "tag"
        return "change" if staged["record"] else "addition"

    def _send_group(
        self, kind: str, group: Sequence[Outgoing], still_allowed: StillAllowed
    ) -> Mapping[int, Outcome]:
        """All tags of a contact are replaced at once, so they are read directly before."""
        if kind == "tag":
            try:
                for each in group:
                    self._tags_now[each.delivery_id] = self._tags_with(each.staged)
            except Exception as error:  # noqa: BLE001  (nothing was written)
                return dict.fromkeys((each.delivery_id for each in group), objection_to(error))
        return super()._send_group(kind, group, still_allowed)

    def _tags_with(self, staged: Mapping[str, Any]) -> list[str]:
        contact = self._ask(_path(staged["record"]))["contact_obj"]
        return [*(each for each in contact[TAGS] if each != staged["tag"]), staged["tag"]]

    def _request(self, kind: str, group: Sequence[Outgoing]) -> Request:
        (one,) = group
        method = "PATCH" if kind in ("change", "tag") else "POST"
        record = one.staged["record"]
        path = {"interaction": "/api/interactions/", "addition": _CONTACTS}.get(kind, _path(record))
        return Request(method, path, json.dumps(self._members(kind, one)).encode())

    def _members(self, kind: str, one: Outgoing) -> dict[str, Any]:
        change, staged = Change.from_bytes(one.payload), one.staged
        if change.activity and kind == "comment":
            return {"comment": comment_of(change.activity, one.token)}
        if change.activity:
            return interaction_of(change.activity, staged["record"], one.token)
        ours = {} if staged["has_id"] else {change.id_property: change.contact_id}
        if kind == "tag":
            return {**fields_of(ours), TAGS: self._tags_now[one.delivery_id]}
        return fields_of({**staged["write"], **ours})

    def _outcomes(
        self, kind: str, group: Sequence[Outgoing], answer: Answer
    ) -> Mapping[int, Outcome]:
        (one,) = group
        outcome = outcome_of(kind, one.staged["record"], one.token, answer, self._clock())
        return {one.delivery_id: outcome}

    def set_values(self, updates: Sequence[Update]) -> list[Outcome]:
        """See `CrmGateway.set_values`."""
        return [self._set(each) for each in updates]

    def _set(self, update: Update) -> Outcome:
        try:
            members = fields_of(update.values)
            if TAGS in update.values:
                known = read_names(self._ask, with_tags=True)
                members[TAGS] = tag_ids(update.values[TAGS], known)
            body, headers = json.dumps(members).encode(), self._login() | _JSON
        except Exception as error:  # noqa: BLE001  (nothing was written)
            return objection_to(error)
        try:
            answer = self._exchange.prepare("PATCH", _path(update.record), body, headers)
        except httpx.HTTPError as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=f"connection failed: {type(error).__name__}")
        return outcome_of("change", update.record, "", answer, self._clock())

    # Doubts

    def reconcile(self, question: Question) -> Reading:
        """See `CrmGateway.reconcile`; another organization's contacts say nothing."""
        try:
            if not self.identity and (objection := self.identify()):
                return _cannot(objection.detail or objection.code)
            if "tag" in question.staged:
                return self._tagged(question)
            return super().reconcile(question)
        except (NoToken, Refused) as none:
            return _cannot(none.outcome.detail or none.outcome.code)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            return _cannot(type(error).__name__)

    def _tagged(self, question: Question) -> Reading:
        staged = question.staged
        contact = self._ask(_path(staged["record"]))["contact_obj"]
        if staged["tag"] in contact[TAGS]:
            return Reading(Told.PRESENT, staged["record"])
        return Reading(Told.ABSENT)

    def _activity(self, question: Question) -> Reading:
        found = find_entry(question.staged, question.token, self._ask)
        return Reading(Told.PRESENT, found) if found else Reading(Told.ABSENT)

    def _membership(self, question: Question) -> Reading:
        del question
        return _cannot("BottleCRM has no lists")

    def _ask(self, path: str) -> dict[str, Any]:
        """The content of what stands there.

        Raises:
            NoToken: the log-in can't be used.
            Refused: BottleCRM refuses to say.
            httpx.HTTPError: there is no answer.
        """
        return content_of(self._exchange.get(path, self._login()), self._clock())


def open_bottlecrm_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: BottleCrmGateway(permit, account, tokens)


def _path(record: str) -> str:
    return f"{_CONTACTS}{quote(record, safe='')}/"


def _cannot(why: str) -> Reading:
    return Reading(Told.CANNOT_TELL, detail=why)
