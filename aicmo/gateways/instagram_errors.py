"""What Instagram's errors mean, by their code and subcode, and by the step that they answer.

Nobody sees a container, so at that step every error is a refusal. At the step that publishes a
post may be live whatever the answer says; only what is listed there is a refusal.

Facts: Meta, "Instagram Platform: Error Codes", 2026-06-02; "Rate Limits", 2026; for posts that were live after an
error, reports of 2026-07.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, cast

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.http_answers import Answer, refused

_NOT_READY = 2207027
_GONE = frozenset({2207006, 2207008, 2207020})
"""The container isn't found, or has expired."""
_FETCH_FAILED = frozenset({2207003, 2207052, 2207053})
_DAY_IS_FULL, _SEEMS_SPAM, _RESTRICTED = 2207042, 2207051, 2207050
_ABOUT_THE_LOGIN = frozenset({10, 102, 190, *range(200, 300)})
_THROTTLED = frozenset({4, 17, 32, 613, 80002})
_PASSES = frozenset({-2, -1, 1, 2})
_SHORT, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LONGEST_NUMBER = 9
_FIRST_5XX = 500


def at_container(answer: Answer, now: datetime) -> Outcome:
    """The outcome of any answer but the documented one, at a step that nobody sees."""
    code, subcode = _numbers(answer)
    if known := _refusal(answer, now):
        return known
    if _is_throttled(answer):
        return _account_waits(answer, now)
    if subcode in _FETCH_FAILED:
        return _later(answer, "Instagram couldn't fetch the media: is the store reachable for all?")
    if code in _PASSES or _is_transient(answer):
        return _later(answer, "Instagram failed for now")
    plain = refused(answer, now, _shown(answer))
    if plain.kind is OutcomeKind.UNKNOWN:
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=plain.code)
    return plain


def at_publish(answer: Answer, now: datetime) -> Outcome:
    """The outcome of any answer but the documented one, at the step that publishes."""
    if known := _refusal(answer, now):
        return known
    if answer.status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
        return refused(answer, now)
    if not _is_throttled(answer):
        return Outcome(OutcomeKind.UNKNOWN, code=_code(answer))
    until = now + _span(answer)
    return Outcome(OutcomeKind.UNKNOWN, code=_code(answer), not_before=until, scope=Scope.RUN)


def of_broken(status_text: str) -> Outcome:
    """Why a container ended with ERROR, from the text beside it, which names a subcode."""
    numbers = [int(each) for each in status_text.replace(".", " ").split() if _is_subcode(each)]
    subcode = numbers[0] if numbers else 0
    code = f"ERROR {subcode}" if subcode else "ERROR"
    if not subcode or subcode in _FETCH_FAILED:
        return Outcome(
            OutcomeKind.REFUSED_FOR_NOW, code, "Instagram couldn't use the media for now"
        )
    return Outcome(OutcomeKind.REFUSED_FOR_GOOD, code, "Instagram doesn't take this media")


def is_gone(answer: Answer) -> bool:
    """The container isn't known any more."""
    code, subcode = _numbers(answer)
    is_refused = HTTPStatus.BAD_REQUEST <= answer.status < _FIRST_5XX
    return is_refused and (subcode in _GONE or (code == 100 and subcode == 33))  # noqa: PLR2004


def day_is_full(now: datetime) -> Outcome:
    """The number of posts that an account has in 24 hours is used up."""
    detail = "the account's posts of 24 hours are used up"
    return Outcome(
        OutcomeKind.REFUSED_FOR_NOW, detail=detail, not_before=now + _HOUR, scope=Scope.RUN
    )


def _refusal(answer: Answer, now: datetime) -> Outcome | None:
    """What is a refusal at either step; a 5xx never is, whatever its body says."""
    code, subcode = _numbers(answer)
    if answer.status >= _FIRST_5XX:
        return None
    if (
        answer.status == HTTPStatus.UNAUTHORIZED
        or code in _ABOUT_THE_LOGIN
        or subcode == _RESTRICTED
    ):
        return Outcome(OutcomeKind.REFUSED_ACCOUNT, code=_code(answer))
    if subcode == _DAY_IS_FULL:
        return day_is_full(now)
    if subcode == _NOT_READY:
        return not_ready(now)
    return None


def not_ready(now: datetime) -> Outcome:
    """Instagram still works on the media."""
    detail = "Instagram still works on the media"
    return Outcome(OutcomeKind.REFUSED_FOR_NOW, detail=detail, not_before=now + _SHORT)


def _is_throttled(answer: Answer) -> bool:
    code, subcode = _numbers(answer)
    is_limit = code in _THROTTLED or subcode == _SEEMS_SPAM
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS or is_limit


def _account_waits(answer: Answer, now: datetime) -> Outcome:
    until = now + _span(answer)
    return Outcome(
        OutcomeKind.REFUSED_FOR_NOW, code=_code(answer), not_before=until, scope=Scope.RUN
    )


def _later(answer: Answer, detail: str) -> Outcome:
    return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=_code(answer), detail=detail)


def _span(answer: Answer) -> timedelta:
    """How long the account waits: the longest time that is named, else the hour that limits are counted in."""
    named = [
        *_minutes(answer.headers.get("x-business-use-case-usage", "")),
        *_minutes(answer.headers.get("x-app-usage", "")),
    ]
    longest = max(named, default=0)
    return min(timedelta(minutes=longest), _DAY) if longest > 0 else _HOUR


def _minutes(text: str) -> list[int]:
    """Every `estimated_time_to_regain_access` in a usage header, wherever it stands; in minutes."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return []
    minutes: list[int] = []
    left = [found]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            fields = cast("dict[str, object]", each)
            said = fields.get("estimated_time_to_regain_access")
            minutes += [said] if isinstance(said, int) and said < 10**_LONGEST_NUMBER else []
            left += fields.values()
        elif isinstance(each, list):
            left += cast("list[object]", each)
    return minutes


def _error(answer: Answer) -> dict[str, Any]:
    error = answer.content().get("error")
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


def _numbers(answer: Answer) -> tuple[int, int]:
    """Code and subcode; 0 where there is none."""
    error = _error(answer)
    found = [error.get(name) for name in ("code", "error_subcode")]
    code, subcode = (each if isinstance(each, int) else 0 for each in found)
    return code, subcode


def _is_transient(answer: Answer) -> bool:
    return _error(answer).get("is_transient") is True


def _shown(answer: Answer) -> str:
    code, subcode = _numbers(answer)
    parts = [str(each)[:_LONGEST_NUMBER] for each in (code, subcode) if each]
    return f"error {'/'.join(parts)}" if parts else ""


def _code(answer: Answer) -> str:
    return f"{answer.status} {_shown(answer)}".strip()


def _is_subcode(word: str) -> bool:
    return word.isascii() and word.isdigit() and word.startswith("2207") and len(word) == 7  # noqa: PLR2004
