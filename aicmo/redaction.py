"""Error texts keep their reason and lose their secrets."""

from __future__ import annotations

import re
from contextlib import suppress

from pydantic import SecretStr
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
        text = f"the database refused: {str(error.orig).strip().splitlines()[0]}"
    else:
        text = str(error).strip() or type(error).__name__
    return redact(" ".join(text.split()))


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
        settings = get_settings()
    except FixConfiguration:
        return []
    found: list[SecretStr | None] = [settings.secret_key, settings.smtp_url]
    with suppress(FixConfiguration):
        found.append(settings.require_smtp_relay().password)
    values = [each.get_secret_value() for each in found if each is not None]
    return [value for value in values if len(value) >= _SHORTEST_SECRET]
