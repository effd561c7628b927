"""What a Bluesky server's refusals mean; they come as `{"error": "Name", "message": "…"}`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, refused

REFUSES = frozenset({400, 401, 403})
GONE = "RecordNotFound"
_KINDS = {
    "InvalidSwap": OutcomeKind.DUPLICATE,  # another record stands under the key
    "BlobNotFound": OutcomeKind.REFUSED_FOR_NOW,  # it goes up again before the next attempt
    "ExpiredToken": OutcomeKind.REFUSED_ACCOUNT,
    "InvalidToken": OutcomeKind.REFUSED_ACCOUNT,
    "AuthMissing": OutcomeKind.REFUSED_ACCOUNT,
    "AccountTakedown": OutcomeKind.REFUSED_ACCOUNT,
    "AccountDeactivated": OutcomeKind.REFUSED_ACCOUNT,
    "RepoTakendown": OutcomeKind.REFUSED_ACCOUNT,
    "RepoDeactivated": OutcomeKind.REFUSED_ACCOUNT,
}
_NAMES = frozenset({*_KINDS, GONE, "InvalidRequest", "RateLimitExceeded", "PayloadTooLarge"})
"""Names are shown only if we know them: a text of the server could hold anything."""


def error_name(answer: Answer) -> str:
    """The server's name for its error, if it is one that we know."""
    name = answer.content().get("error")
    return name if isinstance(name, str) and name in _NAMES else ""


def refusal(answer: Answer, now: datetime) -> Outcome:
    """The outcome of anything but 200."""
    name = error_name(answer)
    usual = refused(answer, now, name)
    if answer.status in REFUSES and name in _KINDS:
        return Outcome(_KINDS[name], code=usual.code)
    return usual


def is_gone(answer: Answer) -> bool:
    """The server says that there is no such record."""
    return answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND) and (
        error_name(answer) == GONE
    )
