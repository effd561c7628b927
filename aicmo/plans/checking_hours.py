"""Whether the hours of a plan let its emails out at all, by the client's clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aicmo.channels import Channel
from aicmo.errors import FixInput
from aicmo.plans import times
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import Item
from aicmo.plans.opening import Hours, hours_of
from aicmo.plans.sending import LATE_AFTER, LateRule
from aicmo.problems import Problem

_THEN: dict[LateRule, str] = {"hold": "held as late", "drop": "dropped as late"}


def check_hours(document: ProjectDocument) -> Iterator[Problem]:
    """An error if no hour of any day is left, a warning for each email that waits too long."""
    hours = hours_of(document.sending)
    if not hours.leave_time:
        message = "covers the whole send window, so that no email could ever go out"
        yield Problem("sending.quiet_hours", message)
        return
    for at, item in enumerate(document.items):
        if item.channel is Channel.EMAIL and hours.are_limited:
            yield from _check_item(f"items[{at}].send_at", item, document, hours)


def _check_item(
    place: str, item: Item, document: ProjectDocument, hours: Hours
) -> Iterator[Problem]:
    try:
        send_at, send_until = _span(item, item.timezone or document.timezone)
        closed = hours.closed(send_at, document.timezone)
    except FixInput:
        return  # A wrong time or zone is told where it stands.
    if closed is None:
        return
    late = item.late or document.sending.late
    if send_until and closed.opens_at >= send_until:
        yield Problem(place, f"{closed.reason}, after send_until: nobody gets it", "warning")
    elif late != "send" and closed.opens_at > send_at + LATE_AFTER:
        message = f"{closed.reason}, more than a day later: it is then {_THEN[late]}"
        yield Problem(place, message, "warning")


def _span(item: Item, timezone: str) -> tuple[datetime, datetime | None]:
    until = times.resolve(item.send_until, timezone) if item.send_until else None
    return times.resolve(item.send_at, timezone), until
