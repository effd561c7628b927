"""When and by whom a contact was changed or read, as the terminal and the page say it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aicmo.execution.crm_difference import ContactChange, FieldChange
from aicmo.execution.crm_preview import CrmPreview

_UNITS: Sequence[tuple[str, timedelta]] = (
    ("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)),
)  # fmt: skip


def last_change(field: FieldChange, timezone: str) -> str:
    """`Ann Smith, 3 Mar 2026`, as far as the CRM tells; the day by the client's clocks."""
    day = _day(field.changed_at, timezone) if field.changed_at else ""
    return ", ".join(part for part in (field.changed_by, day) if part)


def noted_when(change: ContactChange, timezone: str) -> str:
    """When what is noted took place; '' of anything else."""
    if change.activity is None:
        return ""
    at = change.activity.at
    return _day(at, timezone) if at else "noted once it has gone out"


def read_when(crm: CrmPreview) -> str:
    """How old the oldest reading is: `read 5 minutes ago`."""
    if crm.oldest is None:
        return "not read"
    return f"read {_age(crm.at - crm.oldest)} ago"


def _age(age: timedelta) -> str:
    for unit, span in _UNITS:
        if age >= span:
            number = age // span
            return f"{number} {unit}{'s' if number != 1 else ''}"
    return "less than a minute"


def _day(instant: datetime, timezone: str) -> str:
    local = instant.astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%b %Y}"
