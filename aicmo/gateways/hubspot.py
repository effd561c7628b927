"""A client's contacts in HubSpot: repeat-safe, by unique properties of our own.

Contacts are read and changed up to a hundred at a time, and every answer is taken apart record by record.
Before a lost answer is repeated the contacts are read anew, so what arrived isn't written again.

Facts: HubSpot's OpenAPI documents (HubSpot-public-api-spec-collection, 2026-08) and guides, 2026.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from aicmo.crm.providers import PROVIDERS
from aicmo.crm.record import Found, Match, Record
from aicmo.crm.schema import Schema
from aicmo.gateways.account_gateway import Profile, ProviderAccount, TokenSource
from aicmo.gateways.contract import Found as Told
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
    Staged,
    StillAllowed,
    Timing,
)
from aicmo.gateways.crm_gateway import CrmGateway, Request, Update
from aicmo.gateways.crm_staging import Asked
from aicmo.gateways.http_answers import Answer, Clock, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpExchange, HttpTimes, account_name
from aicmo.gateways.hubspot_account import link_to, profile_of, zone_of
from aicmo.gateways.hubspot_activities import EMAILS, NOTES
from aicmo.gateways.hubspot_answers import (
    CONFLICT,
    CREATED,
    MANY,
    OK,
    refusal,
    unless_forbidden,
)
from aicmo.gateways.hubspot_api import CONTACTS, HubspotApi
from aicmo.gateways.hubspot_contacts import find_contacts, read_body
from aicmo.gateways.hubspot_direct import set_values, unsubscribe
from aicmo.gateways.hubspot_pace import Pace
from aicmo.gateways.hubspot_staging import Staging
from aicmo.gateways.hubspot_writing import (
    LIST,
    kind_of,
    member_outcomes,
    record_outcomes,
    request_of,
)

_HOST = "api.hubapi.com"
_LARGEST_ANSWER = 16 * 1024 * 1024
"""Of a portal's properties: 2,000 of them have about 2 MB."""
_ALONE = " alone "
_EMPTIED = "the stage is empty now, as HubSpot lets none move back, and is set next"
_ONE_BY_ONE = "HubSpot refused all of a request, so each goes by itself"


class HubspotGateway(CrmGateway):
    """A HubSpot portal.

    times: how long to wait for an answer. clock: what a time to come back is counted from.
    pace: keeps to the limit of requests.

    Raises:
        FixConfiguration: the API's address is another host's.
    """

    repeat_class = RepeatClass.REPEAT_SAFE
    timing = Timing(HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, quiet=300, staging=900)
    token_lifetime = timedelta(hours=24)
    records_per_request = 100

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        self.name = account_name("hubspot", account.identity)
        self._exchange = HttpExchange(
            account.api_url or f"https://{_HOST}", host=_HOST, headers={}, times=times,
            largest_answer=_LARGEST_ANSWER,
        )  # fmt: skip
        self._pace = pace or Pace()
        zone = zone_of(account.profile.get("time_zone"))
        self._api = HubspotApi(self._exchange, self._pace, self._login, clock, zone)
        self._link = link_to(account.profile, account.identity)
        self._staging = Staging(self._api)
        self._alone: set[int] = set()

    def profile(self) -> Profile:
        """See `AccountGateway.profile`; its facts are the portal's time zone and where its pages are."""
        return profile_of(self._api, self._tokens)

    # Reading

    def find(self, matches: Sequence[Match], names: Collection[str]) -> list[Found]:
        """See `CrmGateway.find`; with who changed each property last."""
        return self._find(matches, names, names)

    def _find(
        self, matches: Sequence[Match], names: Collection[str], history: Collection[str]
    ) -> list[Found]:
        return find_contacts(self._api, matches, names, history, self._link)

    def read_schema(self) -> Schema:
        """See `CrmGateway.read_schema`; of activities what notes have, and emails if they can be seen."""
        contacts, _ = self._api.all_properties(CONTACTS)
        notes, _ = self._api.all_properties(NOTES)
        emails = unless_forbidden(lambda: self._api.all_properties(EMAILS))
        both = {name: each for name, each in notes.items() if not emails or name in emails[0]}
        lists = unless_forbidden(self._api.lists) or {}
        return Schema(contacts=contacts, activities=both, lists=lists)

    def create_unique(self, name: str, *, of_activities: bool) -> None:
        """See `CrmGateway.create_unique`; of activities it is made for notes, and for emails if it may be."""
        if not of_activities:
            self._create(CONTACTS, name, "AICMO contact", like="email")
            return
        self._create(NOTES, name, "AICMO delivery", like="hs_timestamp")
        unless_forbidden(lambda: self._create(EMAILS, name, "AICMO delivery", like="hs_timestamp"))

    def _create(self, object_type: str, name: str, label: str, *, like: str) -> None:
        """In the group of a property that is always there."""
        known, groups = self._api.all_properties(object_type)
        if name not in known:
            self._api.create_unique(object_type, name, label, groups.get(like, ""))

    # Staging

    def _read(self, asked: Sequence[Asked], names: Collection[str]) -> list[Found]:
        """Only `newer` needs to know when a property was changed: such questions are for half as many."""
        self._staging.look_up(asked)
        fields = (field for each in asked for field in each.change.fields)
        newer = {each.name for each in fields if each.conflict == "newer"}
        return self._find([each.match for each in asked], names, newer)

    def _staged(self, asked: Asked, found: Found) -> Staged:
        return self._staging.staged(asked, found)

    # Doubts

    def _activity(self, question: Question) -> Reading:
        staged = question.staged
        body = read_body(staged["id_property"], [question.token], [staged["id_property"]])
        found = self._api.records(staged["object"], body)
        if not found:
            return Reading(Told.ABSENT)
        return Reading(Told.PRESENT, str(found[0]["id"]), permalink=staged["link"])

    def _membership(self, question: Question) -> Reading:
        staged = question.staged
        lists, are_all = self._api.memberships(staged["record"])
        if staged["list_id"] in lists:
            return Reading(Told.PRESENT, staged["record"], permalink=staged["link"])
        if not are_all:
            return Reading(Told.CANNOT_TELL, detail="the contact is in too many lists")
        return Reading(Told.ABSENT)

    # Writing

    def set_values(self, updates: Sequence[Update]) -> list[Outcome]:
        """See `CrmGateway.set_values`."""
        return set_values(self._api, updates)

    def opt_out(self, records: Sequence[Record], name: str) -> list[Outcome]:
        """See `CrmGateway.opt_out`; HubSpot sets its own property, which no program may."""
        if name != PROVIDERS["hubspot"].opt_out:
            return super().opt_out(records, name)
        return [unsubscribe(self._api, each) for each in records]

    def _kind(self, outgoing: Outgoing) -> str:
        alone = f"{_ALONE}{outgoing.delivery_id}" if outgoing.delivery_id in self._alone else ""
        return f"{kind_of(outgoing.staged)}{alone}"

    def _request(self, kind: str, group: Sequence[Outgoing]) -> Request:
        return request_of(kind.partition(_ALONE)[0], group)

    def _send_group(
        self, kind: str, group: Sequence[Outgoing], still_allowed: StillAllowed
    ) -> Mapping[int, Outcome]:
        self._pace.before_request()
        return super()._send_group(kind, group, still_allowed)

    def _outcomes(
        self, kind: str, group: Sequence[Outgoing], answer: Answer
    ) -> Mapping[int, Outcome]:
        self._pace.after_answer(answer.headers)
        if answer.status in (OK, CREATED, MANY):
            return self._taken(kind, group, answer)
        outcome = refusal(answer, self._clock(), self._api.zone)
        is_about_one = outcome.kind is OutcomeKind.REFUSED_FOR_GOOD or answer.status == CONFLICT
        if is_about_one and len(group) > 1:
            self._alone |= {each.delivery_id for each in group}
            outcome = Outcome(
                OutcomeKind.NOT_SENT, outcome.code, detail=_ONE_BY_ONE, scope=Scope.BATCH
            )
        return dict.fromkeys((each.delivery_id for each in group), outcome)

    def _taken(self, kind: str, group: Sequence[Outgoing], answer: Answer) -> Mapping[int, Outcome]:
        """Record by record; what the answer doesn't name, or was cut off, is in doubt."""
        outcomes: dict[int, Outcome] = {}
        content = answer.content() if answer.is_whole else {}
        try:
            if kind.startswith(LIST) and content:
                return member_outcomes(group, content)
            for outgoing, outcome in record_outcomes(group, content, answer.status):
                link = self._link.format(outgoing.staged["record"] or outcome.ref)
                outcomes[outgoing.delivery_id] = self._as_step(outgoing, outcome, link)
        except (KeyError, TypeError, ValueError):
            return outcomes
        return outcomes

    def _as_step(self, outgoing: Outgoing, outcome: Outcome, link: str) -> Outcome:
        """A stage that is only emptied is set by the next try, which is due at once."""
        if outcome.kind is OutcomeKind.SENT and outgoing.staged.get("empties"):
            return Outcome(
                OutcomeKind.REFUSED_FOR_NOW, outcome.code, _EMPTIED, not_before=self._clock()
            )
        return replace(outcome, permalink=link)


def open_hubspot_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the portal."""
    return lambda permit: HubspotGateway(permit, account, tokens)
