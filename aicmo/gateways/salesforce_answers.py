"""What Salesforce's answers mean, for a whole request and record by record.

A message of Salesforce's repeats addresses and names, so none is kept: only codes and names of fields.

Facts: REST API Developer Guide, "Status Codes and Error Responses" and "sObject Collections"; SOAP API
Developer Guide, "StatusCode"; API version 66.0, read in 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.http_answers import Answer, refused, wait
from aicmo.gateways.json_shapes import an_object, objects

_OK = 200
_NOT_FOUND, _ENDED = 404, 410
_USED_UP = "REQUEST_LIMIT_EXCEEDED"
_AGAIN_AFTER = timedelta(hours=1)
"""The day of Salesforce's limit has no end: its 24 hours roll on."""

_PASSING = frozenset(
    {
        "DUPLICATE_VALUE", "UNABLE_TO_LOCK_ROW", "ENTITY_IS_DELETED", "SERVER_UNAVAILABLE",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT",
        "UNKNOWN_EXCEPTION", "LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR",
    }
)  # fmt: skip
"""Of one record: the next try reads it anew, and finds who was quicker."""
GONE = f"{_OK} ENTITY_IS_DELETED"
_LASTING = frozenset(
    {
        "DUPLICATES_DETECTED", "DUPLICATE_EXTERNAL_ID", "REQUIRED_FIELD_MISSING",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION", "STRING_TOO_LONG", "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_FIELD", "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE_ON_FIELD_IN_RECORD", "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_OR_READONLY", "ENTITY_IS_LOCKED",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "CANNOT_EXECUTE_FLOW_TRIGGER", "JSON_PARSER_ERROR", "MULTIPLE_API_ERRORS",
    }
)  # fmt: skip
_OF_THE_ACCOUNT = frozenset(
    {
        "INVALID_SESSION_ID", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "NOT_FOUND",
        "FUNCTIONALITY_NOT_ENABLED", "INSUFFICIENT_ACCESS", "INVALID_TYPE", "STORAGE_LIMIT_EXCEEDED",
        "UNSUPPORTED_API_VERSION",
    }
)  # fmt: skip
_NAMES = _PASSING | _LASTING | _OF_THE_ACCOUNT | {_USED_UP}
"""Error names are shown only if we know them: a text of the provider could hold anything."""
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_MOST_FIELDS = 5

_IN_DOUBT = Outcome(OutcomeKind.UNKNOWN, code=str(_OK))


def content_of(answer: Answer) -> Any:
    """The JSON of the body, whichever it is; None if there is none."""
    try:
        return json.loads(answer.body) if answer.is_whole else None
    except (ValueError, RecursionError):
        return None


def refusal(answer: Answer, now: datetime) -> Outcome:
    """The outcome of an answer that refuses a whole request."""
    name = _name(_error(content_of(answer)))
    usual = refused(answer, now, name)
    if usual.kind is OutcomeKind.UNKNOWN:
        return usual
    if name == _USED_UP:
        return _used_up(answer, now, usual.code)
    if answer.status == _ENDED:
        detail = "Salesforce has ended this version of its API: install a newer AICMO"
        return Outcome(OutcomeKind.REFUSED_ACCOUNT, usual.code, detail)
    if answer.status == _NOT_FOUND or name == "INVALID_FIELD":
        detail = "Salesforce lacks what the project names, or hides it from this log-in"
        return Outcome(OutcomeKind.REFUSED_ACCOUNT, usual.code, detail)
    return usual


def outcomes(
    answer: Answer,
    now: datetime,
    records: Sequence[str],
    *,
    is_member: bool = False,
) -> list[Outcome]:
    """What became of each record of a request to sObject Collections.

    Args:
        answer: to the request.
        now: what a time to come back is counted from.
        records: Salesforce's ids in the order of the request; '' of one that has none yet.
        is_member: the records are memberships: one that is there already is what we want.
    """
    if answer.status != _OK:
        return [refusal(answer, now)] * len(records)
    results = _results(answer)
    if results is None or len(results) != len(records):
        detail = "the answer doesn't say what became of each record"
        return [replace(_IN_DOUBT, detail=detail)] * len(records)
    if not all(map(_is_about, results, records)):
        return [replace(_IN_DOUBT, detail="the answer is about other records")] * len(records)
    return [_of_one(each, answer, now, is_member=is_member) for each in results]


def _results(answer: Answer) -> list[dict[str, Any]] | None:
    content: object = content_of(answer)
    try:
        return None if content is None else objects(content)
    except TypeError:
        return None


def _is_about(result: dict[str, Any], record: str) -> bool:
    """Ids have 15 characters, or 3 more that say which of them are capitals."""
    told = result.get("id")
    return not record or not told or str(told)[:15] == record[:15]


def _of_one(result: dict[str, Any], answer: Answer, now: datetime, *, is_member: bool) -> Outcome:
    ref = result.get("id")
    if result.get("success") is True and isinstance(ref, str) and ref.isalnum():
        return Outcome(OutcomeKind.SENT, str(_OK), ref=ref[:18])
    if result.get("success") is not False:
        return replace(_IN_DOUBT, detail="the answer says nothing of this record")
    error = _error(result.get("errors"))
    name = _name(error)
    code = f"{_OK} {name or 'refused'}"
    if is_member and name == "DUPLICATE_VALUE":
        return Outcome(OutcomeKind.SENT, code, detail="it was in the list already")
    if name == _USED_UP:
        return _used_up(answer, now, code)
    kind = OutcomeKind.REFUSED_FOR_NOW if name in _PASSING else OutcomeKind.REFUSED_FOR_GOOD
    return Outcome(kind, code, _fields(error))


def _used_up(answer: Answer, now: datetime, code: str) -> Outcome:
    """Too many requests at a time pass in a minute; those of a day don't."""
    usual = wait(answer, now, code)
    is_told = "retry-after" in answer.headers
    if is_told or b"concurrent" in answer.body.lower():
        return usual
    return replace(usual, not_before=now + _AGAIN_AFTER)


def spent(usage: str, now: datetime) -> Outcome | None:
    """Why nothing more is asked for now, going by `Sforce-Limit-Info: api-usage=12/15000`.

    The last tenth of the day's requests stays with the client's other programs.
    """
    found = re.search(r"(?<!-)api-usage=(\d{1,12})/(\d{1,12})", usage)
    if found is None or int(found[1]) * 10 <= int(found[2]) * 9:
        return None
    detail = f"{found[1]} of the {found[2]} requests that Salesforce takes a day are used"
    return Outcome(
        OutcomeKind.REFUSED_FOR_NOW, detail=detail, not_before=now + _AGAIN_AFTER, scope=Scope.RUN
    )


def _error(content: object) -> dict[str, Any]:
    """The first of the errors."""
    try:
        found = objects(cast("Any", content))
    except TypeError:
        return {}
    return an_object(found[0]) if found else {}


def _name(error: dict[str, Any]) -> str:
    """One record's errors call it `statusCode`, a request's `errorCode`."""
    name = error.get("statusCode") or error.get("errorCode")
    return name if isinstance(name, str) and name in _NAMES else ""


def _fields(error: dict[str, Any]) -> str:
    told: object = error.get("fields")
    names = cast("list[object]", told) if isinstance(told, list) else []
    known = [each for each in names if isinstance(each, str) and _FIELD.fullmatch(each)]
    return f"fields: {', '.join(known[:_MOST_FIELDS])}" if known else ""
