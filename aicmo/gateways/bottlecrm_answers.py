"""What BottleCRM's refusals mean; its own words for them hold values and aren't shown.

A log-in that has ended is 403 there, as is a scope that is missing: they differ by their texts.
Facts: django-crm 1.35.0, `common/permissions.py`, `common/scopes.py`, `contacts/serializer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.bottlecrm_fields import CUSTOM
from aicmo.gateways.bottlecrm_timeline import marked
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, confirmed, refused

OK, CREATED, BAD, FORBIDDEN, GONE = 200, 201, 400, 403, 404
TAKEN = "another contact of BottleCRM has this address"
_ITS_WORDS_FOR_TAKEN = "Contact already exists with this email"
_NO_EFFECT = frozenset(OutcomeKind) - {OutcomeKind.UNKNOWN, OutcomeKind.DUPLICATE}
_DEAD = ("Organization context", "Invalid token", "credentials were not provided")


def content_of(answer: Answer, now: datetime) -> dict[str, Any]:
    """The JSON object of an answer to a question.

    Raises:
        Refused: it is another answer, or can't be read.
    """
    if answer.status != OK:
        outcome = refusal(answer, now)
        if outcome.kind not in _NO_EFFECT:
            outcome = replace(outcome, kind=OutcomeKind.NOT_SENT)
        raise Refused(outcome, answer)
    if answer.is_whole and (content := answer.content()):
        return content
    raise unreadable(answer)


def unreadable(answer: Answer | None = None) -> Refused:
    """It may be asked again; nothing is concluded from it."""
    detail = "BottleCRM's answer can't be read"
    return Refused(Outcome(OutcomeKind.NOT_SENT, detail=detail), answer)


def refusal(answer: Answer, now: datetime) -> Outcome:
    """The outcome of any answer but the documented success."""
    outcome = refused(answer, now)
    if answer.status == FORBIDDEN:
        return _forbidden(outcome, answer.content())
    if answer.status == BAD:
        names = ", ".join(sorted(set(_named(answer.content().get("errors")))))
        return replace(outcome, detail=f"BottleCRM refuses {names}" if names else "")
    if answer.status == GONE:
        return replace(outcome, detail="BottleCRM doesn't have this contact any more")
    return outcome


def outcome_of(kind: str, record: str, token: str, answer: Answer, now: datetime) -> Outcome:
    """What the answer to a change of the contact `record` means."""
    if answer.status != (CREATED if kind == "interaction" else OK):
        return _not_done(kind, answer, now)
    if ref := _ref(kind, record, token, answer.content()):
        return confirmed(answer, ref)
    said = "a success that doesn't say of what"
    return Outcome(OutcomeKind.UNKNOWN, str(answer.status), said)


def _ref(kind: str, record: str, token: str, content: Mapping[str, Any]) -> str:
    """The reference of what was done; '' where the answer doesn't say so."""
    match kind:
        case "comment":
            return marked(content.get("comments"), "comment", token)
        case "change" | "tag":
            return record if content.get("error") is False else ""
        case _:
            return str(content.get("id") or "")


def _not_done(kind: str, answer: Answer, now: datetime) -> Outcome:
    outcome = refusal(answer, now)
    if not _has_address_already(answer):
        return outcome
    if kind == "addition":  # since it was looked up: it is found next time
        detail = "somebody else has just added a contact with this address"
        return replace(outcome, kind=OutcomeKind.REFUSED_FOR_NOW, detail=detail)
    return replace(outcome, detail=TAKEN)


def _has_address_already(answer: Answer) -> bool:
    """Refused, as another contact of the organization has the address."""
    errors: object = answer.content().get("errors")
    found = cast("Mapping[str, object]", errors).get("email") if isinstance(errors, dict) else None
    return answer.status == BAD and found == [_ITS_WORDS_FOR_TAKEN]


def _forbidden(outcome: Outcome, content: Mapping[str, Any]) -> Outcome:
    detail = str(content.get("detail", ""))
    if "not scoped" in detail:
        return replace(outcome, detail="the token's scopes don't allow this")
    if any(each in detail for each in _DEAD):
        return replace(outcome, detail="the log-in isn't valid any more")
    return replace(outcome, detail="the token's user may not do this")


def _named(errors: object) -> Iterator[str]:
    """The properties that are refused; texts beside them repeat values."""
    if not isinstance(errors, dict):
        return
    for name, said in cast("dict[str, object]", errors).items():
        if name == "custom_fields" and isinstance(said, dict):
            yield from (f"{CUSTOM}{each}" for each in cast("dict[str, object]", said))
        elif name.isidentifier():
            yield name
