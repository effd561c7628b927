"""What an operator wants to know of a log-in, as its token source tells it."""

from __future__ import annotations

from datetime import datetime

from aicmo.gateways.account_gateway import TokenSource


def scopes_of(tokens: TokenSource) -> tuple[str, ...]:
    """What the log-in may do; empty if nobody knows."""
    return tuple(tokens.extra("scopes").split())  # noqa: S610  (not Django's)


def ends_at(tokens: TokenSource) -> datetime | None:
    """When a person has to log in anew, as far as that is known."""
    told = tokens.extra("ends_at")  # noqa: S610
    return datetime.fromisoformat(told) if told else None
