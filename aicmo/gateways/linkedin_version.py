"""The version of LinkedIn's API that is spoken here, and when LinkedIn stops speaking it.

A version lives for about a year, then everything is answered with 426 and nothing warns of it before.
Ends that were announced: 202511 on 2026-11-16, 202601 on 2027-01-15, 202603 on 2027-03-16.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

VERSION = "202609"
_DAY_OF_THE_MONTH = 15
_WARN_BEFORE = timedelta(days=60)


def ends_on(version: str) -> datetime:
    """From when on it mustn't be counted on: the earliest day of the announced ends, a year later."""
    year, month = int(version[:4]), int(version[4:])
    return datetime(year + 1, month, _DAY_OF_THE_MONTH, tzinfo=UTC)


def warnings(now: datetime) -> list[str]:
    """What an operator should do while there is time."""
    left = ends_on(VERSION) - now
    if left > _WARN_BEFORE:
        return []
    days = max(left.days, 0)
    return [f"LinkedIn's API version {VERSION} ends in {days} days: install a newer AICMO before."]


def has_ended(now: datetime) -> bool:
    return now >= ends_on(VERSION)
