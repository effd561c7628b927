"""What a Salesforce org is asked: its fields, its campaigns, and queries whose texts stay out of URLs.

Facts: REST API Developer Guide, "Composite", "Query", "sObject Describe" and "Limits"; API version 66.0,
read in 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aicmo.crm.schema import Property
from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, Clock
from aicmo.gateways.http_exchange import HttpExchange
from aicmo.gateways.json_shapes import an_object
from aicmo.gateways.salesforce_answers import content_of, refusal, spent
from aicmo.gateways.salesforce_fields import properties_of
from aicmo.gateways.salesforce_queries import (
    COMPOSITE,
    DATA,
    answers_of,
    composite_of,
    page_of,
)

_DONE = "SELECT ApiName FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder"
_COMPLETED = "Completed"
_FORBIDDEN, _NOT_FOUND = 403, 404
JSON = {"Content-Type": "application/json"}


class SalesforceOrg:
    """Asks for what is told once only once, and stops before the day's requests are used up.

    login: the header of a logged-in request. All methods raise as `CrmGateway.find` does.
    """

    def __init__(
        self, exchange: HttpExchange, login: Callable[[], dict[str, str]], clock: Clock
    ) -> None:
        self._exchange, self._login, self._clock = exchange, login, clock
        self._described: dict[str, Mapping[str, Property]] = {}
        self._campaigns: Mapping[str, str] | None = None
        self._usage = self._done = ""

    def fields(self, sobject: str) -> Mapping[str, Property]:
        """The fields of an object that the log-in sees, by name."""
        if sobject not in self._described:
            described = an_object(self.ask("GET", f"{DATA}/sobjects/{sobject}/describe"))
            self._described[sobject] = properties_of(described)
        return self._described[sobject]

    def fields_or_none(self, sobject: str) -> Mapping[str, Property]:
        """The same of an object that may be hidden from the log-in."""
        try:
            return self.fields(sobject)
        except Refused as refused:
            if refused.answer and refused.answer.status in (_FORBIDDEN, _NOT_FOUND):
                return {}
            raise

    def require_field(self, sobject: str, name: str) -> None:
        """The field of our ids is there."""
        if name not in self.fields(sobject):
            detail = (
                f"{sobject} has no field {name[:80]}, or hides it from this log-in: see "
                "`aicmo crm doctor`"
            )
            raise Refused(Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail))

    def create_field(self, sobject: str, content: Mapping[str, Any]) -> None:
        """Makes a custom field; one that is there already stays as it is."""
        try:
            self.ask("POST", f"{DATA}/tooling/sobjects/CustomField", content)
        except Refused as refused:
            if not refused.answer or b'"DUPLICATE_DEVELOPER_NAME"' not in refused.answer.body:
                raise
        self._described.pop(sobject, None)

    def done(self) -> str:
        """The status of a task that is done: an org has it in the language that it was made in."""
        if not self._done:
            (rows,) = self.query(_DONE)
            told = [str(each["ApiName"]) for each in rows]
            self._done = _COMPLETED if _COMPLETED in told or not told else told[0]
        return self._done

    def campaigns(self) -> Mapping[str, str]:
        """The names of the campaigns that are going on, by id; none where there is no such feature."""
        if self._campaigns is None:
            self._campaigns = self._active_campaigns()
        return self._campaigns

    def campaign(self, name: str) -> str:
        """The id of the one campaign that is called so.

        Raises:
            FixInput: there is none, or more than one.
        """
        found = [each for each, its_name in self.campaigns().items() if its_name == name]
        if len(found) != 1:
            count = len(found) or "no"
            raise FixInput(f"Salesforce has {count} active campaigns called {name[:80]}")
        return found[0]

    def _active_campaigns(self) -> Mapping[str, str]:
        query = "SELECT Id, Name FROM Campaign WHERE IsActive = true ORDER BY Name, Id"
        try:
            (rows,) = self.query(query)
        except Refused as refused:
            if refused.answer and b'"INVALID_TYPE"' in refused.answer.body:
                return {}
            raise
        return {str(each["Id"]): str(each["Name"]) for each in rows}

    def query(self, *queries: str) -> list[list[dict[str, Any]]]:
        """The records that each query finds: asked for in one request, further pages in one each."""
        answer = self._answer("POST", COMPOSITE, composite_of(queries))
        try:
            answers = answers_of(an_object(content_of(answer)), len(queries))
            return [self._pages(each) for each in answers]
        except (KeyError, TypeError, ValueError):
            raise _unreadable(answer) from None

    def _pages(self, answer: Answer) -> list[dict[str, Any]]:
        rows, more = page_of(content_of(self._documented(answer)))
        while more:
            some, more = page_of(self.ask("GET", more))
            rows += some
        return rows

    def requests_today(self) -> tuple[int | None, int | None]:
        """How many are used, and how many there are; None where the log-in may not know."""
        try:
            told = an_object(self.ask("GET", f"{DATA}/limits"))
        except Refused as refused:
            if refused.outcome.kind is OutcomeKind.REFUSED_ACCOUNT:
                return None, None
            raise
        requests = an_object(told.get("DailyApiRequests"))
        most, left = requests.get("Max"), requests.get("Remaining")
        if not isinstance(most, int) or not isinstance(left, int):
            return None, None
        return most - left, most

    def ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """The JSON of the documented success."""
        body = json.dumps(content).encode() if content else b""
        answer = self._answer(method, path, body)
        if (told := content_of(answer)) is None:
            raise _unreadable(answer)
        return told

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        if none := spent(self._usage, self._clock()):
            raise Refused(none)
        headers = self._login() | (JSON if body else {})
        answer = self._exchange.prepare(method, path, body, headers)
        self._usage = answer.headers.get("sforce-limit-info", self._usage)
        return self._documented(answer)

    def _documented(self, answer: Answer) -> Answer:
        if answer.status // 100 == 2:  # noqa: PLR2004
            return answer
        outcome = refusal(answer, self._clock())
        if outcome.kind is OutcomeKind.UNKNOWN:  # nothing was to be changed
            outcome = replace(outcome, kind=OutcomeKind.REFUSED_FOR_NOW)
        raise Refused(outcome, answer)


def _unreadable(answer: Answer) -> Refused:
    detail = "Salesforce's answer can't be read"
    return Refused(Outcome(OutcomeKind.NOT_SENT, detail=detail), answer)
