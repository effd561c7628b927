"""What HubSpot's answers mean; one to many records is taken apart, record by record.

Every field of an error may be missing, and its texts repeat addresses: only names that we know are shown.

Source: HubSpot, "Error handling" and "API usage guidelines", 2026; its OpenAPI document of contacts, 2026-08.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.http_answers import Answer, come_back_at, refused
from aicmo.gateways.json_shapes import an_object, objects, texts

OK, CREATED, MANY = 200, 201, 207
_FORBIDDEN, CONFLICT, _LIMIT = 403, 409, 429
_Read = TypeVar("_Read")
_LOCKED = (423, 477)
"""Too much at once for a record; the portal is being moved to another data centre."""
_LOCKED_FOR, _WINDOW = timedelta(seconds=2), timedelta(seconds=10)
NOT_FOUND, _TAKEN = "OBJECT_NOT_FOUND", "CONFLICT"
_REFUSALS = frozenset(
    {
        "VALIDATION_ERROR", NOT_FOUND, "INVALID_PARAMS", "INVALID_PROPERTY",
        "PROPERTY_DOESNT_EXIST", "INVALID_EMAIL", "INVALID_OPTION", "INVALID_DATE", "INVALID_LONG",
        "INVALID_INTEGER", "READ_ONLY_VALUE", "REQUIRED_FIELD", "NOT_UNIQUE",
    }
)  # fmt: skip
_NAMES = _REFUSALS | {
    _TAKEN, "MISSING_SCOPES", "RATE_LIMITS", "INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION",
    "USER_DOES_NOT_HAVE_PERMISSIONS", "DAILY", "SECONDLY", "TEN_SECONDLY_ROLLING",
}  # fmt: skip
_SAYS_WHEN = ("retry-after", "x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")


def content_of(answer: Answer, now: datetime, zone: str = "") -> dict[str, Any]:
    """The JSON of an answer to a question.

    Raises:
        Refused: HubSpot refuses, or says nothing that can be read.
    """
    if answer.status not in (OK, CREATED, MANY):
        outcome = refusal(answer, now, zone)
        if outcome.kind is OutcomeKind.UNKNOWN:
            outcome = Outcome(OutcomeKind.NOT_SENT, outcome.code, scope=Scope.RUN)
        raise Refused(outcome, answer)
    content = answer.content()
    if not answer.is_whole or not content:
        raise unreadable()
    return content


def unless_forbidden(read: Callable[[], _Read]) -> _Read | None:
    """What is read; None where the log-in may not, as one for contacts may see no emails or lists.

    Raises:
        Refused: for any other reason.
    """
    try:
        return read()
    except Refused as no:
        if no.answer is None or no.answer.status != _FORBIDDEN:
            raise
        return None


def unreadable() -> Refused:
    return Refused(
        Outcome(OutcomeKind.NOT_SENT, detail="HubSpot's answer can't be read", scope=Scope.RUN)
    )


def refusal(answer: Answer, now: datetime, zone: str = "") -> Outcome:
    """The outcome of anything but the documented success; `zone` is the portal's, for daily limits."""
    content = answer.content()
    name = _known(content.get("policyName")) or _known(content.get("category"))
    code = f"{answer.status} {name}".strip()
    if answer.status == CONFLICT:
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=code)
    if answer.status not in (_LIMIT, *_LOCKED):
        return refused(answer, now, name)
    if answer.status == _LIMIT:
        until = _limit_ends(answer, now, zone if name == "DAILY" else "")
    else:
        until = _until(answer, now, _LOCKED_FOR)
    return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=code, not_before=until, scope=Scope.RUN)


def _limit_ends(answer: Answer, now: datetime, zone: str) -> datetime:
    """A daily limit begins anew at midnight of the portal's time zone."""
    if zone:
        tomorrow = now.astimezone(ZoneInfo(zone)) + timedelta(days=1)
        return tomorrow.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    return _until(answer, now, _WINDOW)


def _until(answer: Answer, now: datetime, otherwise: timedelta) -> datetime:
    says_when = any(answer.headers.get(name) for name in _SAYS_WHEN)
    return come_back_at(answer.headers, now) if says_when else now + otherwise


def _known(name: object) -> str:
    return name if isinstance(name, str) and name in _NAMES else ""


def results_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of an answer to a question about many; those that don't exist are missing.

    Raises:
        Refused: of some it can't be told.
    """
    try:
        errors = objects(content.get("errors"))
        if any(each.get("category") != NOT_FOUND for each in errors):
            raise unreadable()
        return objects(content["results"])
    except (KeyError, TypeError):
        raise unreadable() from None


def traced(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """By the trace id that we gave: what an answer says of a record, and whether it is an error.

    Raises:
        TypeError: it isn't shaped as documented.
    """
    for each in objects(content.get("results")):
        yield _trace(each.get("objectWriteTraceId")), each, False
    for each in objects(content.get("errors")):
        context = an_object(each.get("context"))
        yield (
            _trace(context.get("objectWriteTraceId") or each.get("objectWriteTraceId")),
            each,
            True,
        )


def _trace(value: object) -> str:
    """In errors it is a list of one."""
    if isinstance(value, str):
        return value
    found = texts(value)
    return found[0] if len(found) == 1 else ""


def error_of(error: Mapping[str, Any], names: Sequence[str]) -> Outcome:
    """What an error says of one record; `names` are the properties that were sent.

    Who has the address or the id already came after the contact was read: it is read anew.
    """
    category = _known(error.get("category"))
    found = [*_details(error, names)]
    code = " ".join(dict.fromkeys([str(MANY), category, *found]))[:100].strip()
    if category in ("RATE_LIMITS", _TAKEN):
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=code)
    if category in _REFUSALS:
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, code=code)
    return Outcome(OutcomeKind.UNKNOWN, code=code)


def _details(error: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for each in objects(error.get("errors")):
        yield from filter(None, [_known(each.get("code"))])
        said = texts(an_object(each.get("context")).get("propertyName"))
        yield from (name for name in said if name in names)
