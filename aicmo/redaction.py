"""Error texts keep their reason and lose their secrets."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError

from aicmo.errors import AicmoError, FixConfiguration
from aicmo.settings import get_settings

_PATTERNS = (
    (re.compile(r"(?<=://)[^\s/@]+@"), "***@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)\b(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|signature)"
            r"(['\"]?\s*[=:]\s*)\S+"
        ),
        r"\1\2***",
    ),
    (re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+\.[A-Za-z]{2,}"), "(address)"),
)
_SHORTEST_SECRET = 4


def describe(error: BaseException) -> str:
    """The reason of an error, on one line, without secrets and addresses."""
    if isinstance(error, DBAPIError):
        # The whole text repeats the statement with its parameters, which are people's data.
        text = f"the database refused: {_said(error.orig).splitlines()[0]}"
    else:
        text = _said(error)
    return redact(" ".join(text.split()))


def _said(error: BaseException | None) -> str:
    try:
        return str(error).strip() or type(error).__name__
    except Exception:  # noqa: BLE001  (somebody else's error may fail to say what it is)
        return type(error).__name__


def describe_with_next_step(error: BaseException) -> str:
    """`describe`, and what to do about it where the error knows."""
    step = error.next_step if isinstance(error, AicmoError) else ""
    return f"{describe(error)}. {step}" if step else describe(error)


def redact(text: str) -> str:
    """`text` without the configured secrets, credentials in URLs, tokens and addresses."""
    for secret in _configured_secrets():
        text = text.replace(secret, "***")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _configured_secrets() -> list[str]:
    try:
        values = [each.get_secret_value() for each in get_settings().secrets()]
    except FixConfiguration:
        return []
    # The longest first: one that is the beginning of another must not leave the rest behind.
    return sorted((each for each in values if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)
