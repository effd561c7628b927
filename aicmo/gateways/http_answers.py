"""What an HTTP provider's answer means for a delivery, unless its own error codes say more."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, cast

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope

# Their meaning is RFC 9110 §15; 422, 426, 429 and 431 are from RFC 9110 and RFC 6585.
_REFUSES_THE_CONTENT = frozenset({400, 404, 405, 406, 410, 411, 413, 415, 417, 422, 426, 431})
_REFUSES_THE_ACCOUNT = frozenset({401, 402, 403})
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=24)
_OWN_BACKOFF_SECONDS = 60.0
_SAYS_WHEN = ("retry-after", "ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_NUMBER = re.compile(r"\d{1,11}(\.\d{1,6})?")
Clock = Callable[[], datetime]
_LATEST_SPAN = 1_000_000_000
"""Seconds; a larger number is a Unix time (it was passed in 2001)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer as far as it came.

    headers: by their names in lower case.
    is_whole: the body came to its end in time and wasn't too large.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool

    def content(self) -> dict[str, Any]:
        """The JSON object of the body; empty if there is none."""
        try:
            content: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def utc_now() -> datetime:
    return datetime.now(UTC)


def confirmed(answer: Answer, ref: object) -> Outcome:
    """The outcome of the documented success; `ref` is what stands where the reference should be.

    The status is the confirmation: a body that was cut costs the reference only.
    """
    has_ref = isinstance(ref, str) and 0 < len(ref) <= 200  # noqa: PLR2004  (ours is a column)
    detail = "" if has_ref else "accepted, but the answer held no reference"
    shown = ref if isinstance(ref, str) and has_ref else None
    return Outcome(OutcomeKind.SENT, code=str(answer.status), detail=detail, ref=shown)


def refused(answer: Answer, now: datetime, name: str = "") -> Outcome:
    """The outcome of any other status.

    A 5xx and a 408 also come from machines between us and a provider that has acted, so they prove
    nothing; a redirection is never followed, because the credentials would travel with it.

    now: what a time to come back is counted from.
    name: the provider's own name for the error; it must be one that we know.
    """
    status, code = answer.status, f"{answer.status} {name}".strip()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return wait(answer, now, code)
    if status == HTTPStatus.TOO_EARLY:
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=code)
    if status in _REFUSES_THE_ACCOUNT:
        return Outcome(OutcomeKind.REFUSED_ACCOUNT, code=code)
    if status in _REFUSES_THE_CONTENT:
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, code=code)
    if status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, code=code, detail="a redirection")
    return Outcome(OutcomeKind.UNKNOWN, code=code)


def wait(answer: Answer, now: datetime, code: str) -> Outcome:
    """The outcome of a limit that is used up: the whole account waits, not one delivery."""
    until = come_back_at(answer.headers, now)
    return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=code, not_before=until, scope=Scope.RUN)


def come_back_at(headers: Mapping[str, str], now: datetime) -> datetime:
    """When to try again: 1 second to 24 hours from `now`, as the provider says.

    It may say a number of seconds, an HTTP date (RFC 9110 §10.2.3), a Unix time or an ISO 8601 time.
    Where it says nothing of that, up to a minute at random, so that workers don't come back together.
    """
    for name in _SAYS_WHEN:
        if (span := _span(headers.get(name, "").strip(), now)) is not None:
            return now + min(max(span, _SHORTEST_WAIT), _LONGEST_WAIT)
    seconds = random.uniform(_SHORTEST_WAIT.total_seconds(), _OWN_BACKOFF_SECONDS)  # noqa: S311
    return now + timedelta(seconds=seconds)


def _span(text: str, now: datetime) -> timedelta | None:
    if _NUMBER.fullmatch(text):
        seconds = float(text)
        since = now.timestamp() if seconds > _LATEST_SPAN else 0.0
        return timedelta(seconds=seconds - since)
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except (ValueError, TypeError, OverflowError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return None
