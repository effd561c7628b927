"""What a Mastodon server's refusals mean; its own words for them are texts and aren't shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, refused

OK = 200
GONE = frozenset({404, 410})
_LONGEST = 500
_NO_EFFECT = frozenset(OutcomeKind) - {OutcomeKind.UNKNOWN, OutcomeKind.DUPLICATE}


def content_of(answer: Answer, now: datetime, statuses: Collection[int] = (OK,)) -> dict[str, Any]:
    """The JSON object of a documented success, of something that nobody sees.

    Raises:
        Refused: it is another answer.
    """
    if answer.status not in statuses:
        outcome = refused(answer, now)
        if outcome.kind not in _NO_EFFECT:
            outcome = replace(outcome, kind=OutcomeKind.NOT_SENT)
        raise Refused(outcome, answer)
    if content := answer.content():
        return content
    raise unreadable(answer)


def web_address(value: object) -> str:
    """An address that the server names, if a reader may click it; else ''."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return ""
    return value if value.isprintable() and len(value) <= _LONGEST else ""


def unreadable(answer: Answer | None = None) -> Refused:
    """It may be asked again; nothing is concluded from it."""
    detail = "the server's answer can't be read"
    return Refused(Outcome(OutcomeKind.NOT_SENT, detail=detail), answer)
