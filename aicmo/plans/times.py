"""Times as people write them, and the instants they mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aicmo.errors import FixInput

_WRITTEN = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", flags=re.ASCII
)
_HINT = "write it like 2026-03-03T07:30 or 2026-03-03T07:30-06:00"
_NOT_PLACES = ("posix/", "right/", "localtime", "posixrules", "Factory")


def zone(name: str) -> ZoneInfo:
    """The time zone with an IANA name.

    Raises:
        FixInput: there is none, or the name means something else on each machine.
    """
    if not name.startswith(_NOT_PLACES):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    raise FixInput(
        f"{name[:60]} is not the name of a time zone",
        next_step="Write an IANA name, such as America/Chicago or Europe/Berlin.",
    )


def resolve(text: str, timezone: str) -> datetime:
    """The instant that `text` means, aware and in UTC.

    Args:
        text: ISO 8601 date and time; without an offset it is local time in `timezone`.
        timezone: IANA name.

    Raises:
        FixInput: it can't be read, or local time skips it or has it twice (PEP 495); then the text
            gives both readings with their offsets.
    """
    written = _read(text)
    if written.tzinfo is None:
        written = _the_only_reading(written, zone(timezone))
    try:
        return written.astimezone(UTC)
    except OverflowError:
        raise FixInput(f"{text} is out of range") from None


def in_zone(instant: datetime, timezone: str) -> datetime:
    """`instant` by the clocks of `timezone`."""
    return instant.astimezone(zone(timezone))


def _read(text: str) -> datetime:
    if not _WRITTEN.fullmatch(text):
        problem = "has no time of day" if _is_date(text) else "is not a date and time"
        raise FixInput(f"{text[:60]} {problem}; {_HINT}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FixInput(f"{text} is not a date and time ({error}); {_HINT}") from None


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text))


def _the_only_reading(local: datetime, timezone: ZoneInfo) -> datetime:
    first, second = (local.replace(tzinfo=timezone, fold=fold) for fold in (0, 1))
    before, after = first.utcoffset(), second.utcoffset()
    if before is None or after is None or before == after:
        return first
    readings = [_with_offset(reading, timezone) for reading in (first, second)]
    what = "exists twice" if before > after else "does not exist"
    raise FixInput(
        f"{local:%Y-%m-%dT%H:%M} {what} in {timezone.key}, where the clocks change: "
        f"write {' or '.join(sorted(readings))}"
    )


def _with_offset(reading: datetime, timezone: ZoneInfo) -> str:
    return reading.astimezone(UTC).astimezone(timezone).isoformat(timespec="minutes")
