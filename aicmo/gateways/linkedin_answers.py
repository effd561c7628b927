"""What LinkedIn's answers mean.

Facts: Microsoft Learn, "Posts API", "Error handling" and "Rate limits", version 202609; the answer to a
repeated post and what happens after a version's end are known from the field.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.http_answers import Answer, confirmed, refused
from aicmo.gateways.json_shapes import an_object, objects

_OK, _CREATED, _NO_CONTENT = 200, 201, 204
_NOT_FOUND, _CONFLICT, _UNPROCESSABLE, _TOO_OLD, _TOO_MANY = 404, 409, 422, 426, 429
_POST = re.compile(r"urn:li:(?:share|ugcPost):[0-9]{1,30}")
_NAMES = frozenset(
    {
        "EXPIRED_ACCESS_TOKEN", "REVOKED_ACCESS_TOKEN", "INVALID_ACCESS_TOKEN", "ACCESS_DENIED",
        "CONFLICT", "DUPLICATE_POST", "NONEXISTENT_VERSION", "VERSION_MISSING", "NOT_FOUND",
        "FIELD_LENGTH_TOO_LONG", "FIELD_ARRAY_SIZE_TOO_HIGH", "TOO_MANY_REQUESTS",
    }
)  # fmt: skip
"""Error names are shown only if we know them: a text of the provider could hold anything."""
_VERSIONS = frozenset({"NONEXISTENT_VERSION", "VERSION_MISSING"})
_PASSES = ("concurrent", "try again", "retry")
_SPREAD_SECONDS = 600.0


def is_post(urn: object) -> bool:
    """Whether it names a post; other URNs stand for people, pages and pictures."""
    return isinstance(urn, str) and _POST.fullmatch(urn) is not None


def permalink(urn: str) -> str:
    return f"https://www.linkedin.com/feed/update/{urn}/"


def encoded(urn: str) -> str:
    """As it stands in a path or a query."""
    return quote(urn, safe="")


def published(answer: Answer, now: datetime) -> Outcome:
    """The outcome of `POST /rest/posts`; the reference stands in a header, the body is empty."""
    ref = answer.headers.get("x-restli-id", "")
    if answer.status // 100 == 2 and is_post(ref):  # noqa: PLR2004
        return Outcome(OutcomeKind.SENT, str(answer.status), ref=ref, permalink=permalink(ref))
    if answer.status == _CREATED:
        return confirmed(answer, None)
    if answer.status == _UNPROCESSABLE and "DUPLICATE_POST" in answer.body.decode(errors="replace"):
        return _duplicate(answer)
    return refusal(answer, now)


def refusal(answer: Answer, now: datetime) -> Outcome:
    """The outcome of any other answer."""
    name = _name(answer)
    usual = refused(answer, now, name)
    if answer.status == _TOO_MANY:
        return replace(usual, not_before=_tomorrow(now), scope=Scope.RUN)
    if usual.kind is not OutcomeKind.UNKNOWN and (answer.status == _TOO_OLD or name in _VERSIONS):
        detail = "LinkedIn has ended this version of its API: install a newer AICMO"
        return Outcome(OutcomeKind.REFUSED_ACCOUNT, usual.code, detail)
    if answer.status == _CONFLICT and any(word in _message(answer) for word in _PASSES):
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, usual.code)
    return usual


def deleted(answer: Answer, now: datetime) -> Outcome:
    """The outcome of `DELETE /rest/posts/{urn}`."""
    if answer.status in (_OK, _NO_CONTENT):
        return Outcome(OutcomeKind.SENT, code=str(answer.status))
    if answer.status == _NOT_FOUND:
        return Outcome(OutcomeKind.SENT, code="404", detail="it was gone already")
    return refusal(answer, now)


def _duplicate(answer: Answer) -> Outcome:
    """LinkedIn names the post that it takes this one for; after a doubt, that is the proof."""
    found = _POST.search(answer.body.decode(errors="replace"))
    code = "422 DUPLICATE_POST"
    if found is None:
        return Outcome(OutcomeKind.DUPLICATE, code)
    return Outcome(OutcomeKind.DUPLICATE, code, ref=found[0], permalink=permalink(found[0]))


def _tomorrow(now: datetime) -> datetime:
    """LinkedIn counts by days of UTC; not everybody should come back in its first second."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight + timedelta(seconds=random.uniform(1, _SPREAD_SECONDS))  # noqa: S311


def _name(answer: Answer) -> str:
    names = [answer.content().get("code"), *(each.get("code") for each in _input_errors(answer))]
    return next((name for name in names if isinstance(name, str) and name in _NAMES), "")


def _message(answer: Answer) -> str:
    return str(answer.content().get("message", "")).casefold()


def _input_errors(answer: Answer) -> list[Mapping[str, Any]]:
    try:
        return [*objects(an_object(answer.content().get("errorDetails")).get("inputErrors"))]
    except TypeError:
        return []
