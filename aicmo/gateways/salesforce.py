"""Contacts, tasks and campaign members in Salesforce: repeat-safe by unique fields that keep our ids.

A contact that is there is changed by its own id, so that only what may add a contact can add one.

Facts: REST API Developer Guide, "sObject Collections"; Tooling API, "CustomField"; Help, "Query for User
Information"; API version 66.0, read in 2026-11.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from aicmo.crm.providers import PROVIDERS
from aicmo.crm.record import Found, Match, Record
from aicmo.crm.schema import Schema
from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import NoToken, Profile, ProviderAccount, Refused, TokenSource
from aicmo.gateways.chosen_server import open_chosen_server
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
    Staged,
    Timing,
)
from aicmo.gateways.crm_gateway import CrmGateway, Request, Update
from aicmo.gateways.crm_staging import Asked, objection_to
from aicmo.gateways.http_answers import Answer, Clock, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpTimes, account_name
from aicmo.gateways.json_shapes import an_object
from aicmo.gateways.login_facts import ends_at, scopes_of
from aicmo.gateways.login_salesforce import check_server
from aicmo.gateways.salesforce_answers import GONE, outcomes
from aicmo.gateways.salesforce_contacts import Contacts, parts_of, query_of
from aicmo.gateways.salesforce_fields import field_of_ids, json_of
from aicmo.gateways.salesforce_org import JSON, SalesforceOrg
from aicmo.gateways.salesforce_queries import (
    API_VERSION,
    QUERIES_PER_REQUEST,
    literal,
    select,
)
from aicmo.gateways.salesforce_records import (
    CHANGE,
    JOIN,
    RECORDS,
    body_of,
    kind_of,
    record_of,
    request_of,
    requests_for,
)
from aicmo.gateways.salesforce_staging import staged_with

_SUPPORTED_UNTIL = datetime(2029, 2, 1, tzinfo=UTC)
"""Salesforce promises three years from a version's release; 66.0 came in February 2026."""
_OWN = PROVIDERS["salesforce"]
_LARGEST_ANSWER = 8 * 1024 * 1024
"""What an org says of an object with hundreds of fields has more than a megabyte."""


class SalesforceGateway(CrmGateway):
    """An org of Salesforce, at its own domain.

    times: how long to wait for an answer. clock: what a time to come back is counted from.

    Raises:
        FixInput: the server isn't an org's.
    """

    repeat_class = RepeatClass.REPEAT_SAFE
    timing = Timing(
        HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, HTTP_TIMING.quiet, staging=800
    )
    token_lifetime = timedelta(hours=24)  # the ids stay, but after a day the org is asked instead
    records_per_request = 200

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
        server = check_server(account.server)
        self.name = account_name("salesforce", account.identity)
        self._exchange = open_chosen_server(
            server, account.api_url, times, largest_answer=_LARGEST_ANSWER
        )
        self._org = SalesforceOrg(self._exchange, self._login, clock)
        self._by_address: dict[str, list[Record]] = {}

    def profile(self) -> Profile:
        """See `AccountGateway.profile`; the account is the org, whoever is logged in to it."""
        user = an_object(self._org.ask("GET", "/services/oauth2/userinfo"))
        ((org,),) = self._org.query("SELECT Name, IsSandbox FROM Organization")
        used, most = self._org.requests_today()
        return Profile(
            identity=str(user["organization_id"]),
            name=str(org["Name"]),
            facts={
                "user": str(user.get("preferred_username", "")),
                "is_sandbox": org["IsSandbox"] is True,
            },
            scopes=scopes_of(self._tokens),
            expires_at=ends_at(self._tokens),
            api_version=API_VERSION,
            api_ends_on=_SUPPORTED_UNTIL,
            quota_used=used,
            quota_total=most,
        )

    def read_schema(self) -> Schema:
        """See `CrmGateway.read_schema`; its lists are the campaigns that are going on.

        Contacts have to be seen; tasks and campaigns may be hidden from the log-in.
        """
        return Schema(
            contacts=dict(self._org.fields("Contact")),
            activities=dict(self._org.fields_or_none("Task")),
            lists=dict(self._org.campaigns()),
        )

    def create_unique(self, name: str, *, of_activities: bool) -> None:
        """See `CrmGateway.create_unique`; who sees a new field, an administrator has to say."""
        owner, seen_in = ("Activity", "Task") if of_activities else ("Contact", "Contact")
        self._org.create_field(seen_in, field_of_ids(owner, name))
        if name not in self._org.fields(seen_in):
            detail = (
                f"{owner}.{name} is there, but hidden from this log-in: let an administrator give it "
                "read and edit access, with a permission set"
            )
            raise Refused(Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail))

    def find(self, matches: Sequence[Match], names: Collection[str]) -> list[Found]:
        """See `CrmGateway.find`; of a contact's addresses, it is `Email` that is looked at.

        The matches are of one project, so that one property keeps our ids of all of them.
        """
        known = self._org.fields("Contact")
        if unknown := sorted(set(names) - set(known)):
            shown = ", ".join(each[:80] for each in unknown[:5])
            raise FixInput(f"Contact has no field {shown}, or hides it from this log-in")
        asked_by = next((each.id_property for each in matches), "") or _OWN.contact_id
        kept = asked_by if asked_by in known else ""
        found: list[Found] = []
        self._by_address = {}
        parts = parts_of(matches)
        for start in range(0, len(parts), QUERIES_PER_REQUEST):
            some = parts[start : start + QUERIES_PER_REQUEST]
            answers = self._org.query(*(query_of(each, names, kept) for each in some))
            for part, rows in zip(some, answers, strict=True):
                contacts = Contacts(rows, known, kept, self._link)
                self._by_address |= contacts.by_address
                found += map(contacts.of, part)
        return found

    def _staged(self, asked: Asked, found: Found) -> Staged:
        return staged_with(self._org, self._by_address, asked, super()._staged(asked, found))

    def _kind(self, outgoing: Outgoing) -> str:
        return kind_of(outgoing)

    def _request(self, kind: str, group: Sequence[Outgoing]) -> Request:
        return request_of(kind, group)

    def _outcomes(
        self, kind: str, group: Sequence[Outgoing], answer: Answer
    ) -> Mapping[int, Outcome]:
        records = [each.staged["record"] if kind == CHANGE else "" for each in group]
        said = outcomes(answer, self._clock(), records, is_member=kind == JOIN)
        sobject = kind.partition(",")[0]
        return {
            each.delivery_id: replace(one, permalink=self._link(one.ref, sobject))
            if one.ref
            else one
            for each, one in zip(group, said, strict=True)
        }

    def set_values(self, updates: Sequence[Update]) -> list[Outcome]:
        """See `CrmGateway.set_values`."""
        try:
            records = [self._update(each) for each in updates]
        except Exception as error:  # noqa: BLE001  (nothing was asked for yet)
            return [objection_to(error)] * len(updates)
        said: list[Outcome] = []
        for some in requests_for(records, self.records_per_request):
            said += self._set(some)
        return said

    def _update(self, update: Update) -> dict[str, Any]:
        known = self._org.fields("Contact")
        for name in update.values:
            self._org.require_field("Contact", name)
        values = {name: json_of(known[name].type, text) for name, text in update.values.items()}
        return record_of("Contact", {"Id": update.record, **values})

    def _set(self, records: Sequence[dict[str, Any]]) -> list[Outcome]:
        try:
            headers = {**JSON, **self._login()}
            answer = self._exchange.prepare("PATCH", RECORDS, body_of(records), headers)
        except NoToken as none:
            return [none.outcome] * len(records)
        except httpx.HTTPError as error:
            detail = f"no answer: {type(error).__name__}"
            return [Outcome(OutcomeKind.UNKNOWN, detail=detail)] * len(records)
        said = outcomes(answer, self._clock(), [str(each["Id"]) for each in records])
        return [
            each if each.code != GONE else replace(each, kind=OutcomeKind.REFUSED_FOR_GOOD)
            for each in said
        ]

    def _activity(self, question: Question) -> Reading:
        kept_in = question.staged["kept_in"]
        return self._reading("Task", f"{kept_in} = {literal(question.token)}")

    def _membership(self, question: Question) -> Reading:
        campaign, contact = question.staged["list_id"], question.staged["record"]
        condition = f"CampaignId = {literal(campaign)} AND ContactId = {literal(contact)}"
        return self._reading("CampaignMember", condition)

    def _reading(self, sobject: str, condition: str) -> Reading:
        (rows,) = self._org.query(select(["Id"], sobject, condition))
        if not rows:
            return Reading(Told.ABSENT)
        ref = str(rows[0]["Id"])
        return Reading(Told.PRESENT, ref, permalink=self._link(ref, sobject))

    def _link(self, record: str, sobject: str = "Contact") -> str:
        return f"{self.account.server}/lightning/r/{sobject}/{record}/view"


def open_salesforce_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the org."""
    return lambda permit: SalesforceGateway(permit, account, tokens)
