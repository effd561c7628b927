"""Until when a delivery is put off that caps or courtesy stop, so that it isn't claimed for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from aicmo.execution import frequency
from aicmo.execution.courtesy import Courtesy
from aicmo.execution.guards import Verdict
from aicmo.models import Delivery

PUT_OFF = "put off: "
"""Begins the reason of what waits for its hour: a plan that lets it go earlier takes that back."""
_HOUR = timedelta(hours=1)


def with_times(
    session: Session, courtesy: Courtesy, verdicts: Mapping[int, Verdict]
) -> dict[int, Verdict]:
    """The verdicts, those that wait for an hour of the day or for their share with its time."""
    opens = {closed.reason: closed.opens_at for _, closed in courtesy.closed}
    spans = {each.reason for each in courtesy.often}
    often = [each for each, verdict in verdicts.items() if verdict.reason in spans]
    free = _free_again(session, courtesy, often)
    return {
        each: replace(verdict, not_before=free.get(each) or opens.get(verdict.reason))
        for each, verdict in verdicts.items()
    }


def _free_again(session: Session, courtesy: Courtesy, ids: Sequence[int]) -> dict[int, datetime]:
    """When the last rule lets each person have another one; by the full hour, so that few differ."""
    free: dict[int, datetime] = {}
    for often in courtesy.often if ids else ():
        got = frequency.times_since(session, ids, often.since, courtesy.client)
        for each, times in got.items():
            if len(times) >= often.most:
                at = _next_hour(times[often.most - 1] + (courtesy.now - often.since))
                free[each] = max(at, free.get(each, at))
    return free


def _next_hour(at: datetime) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if hour == at else hour + _HOUR


def take_back(session: Session, ids: Sequence[int]) -> None:
    """These may go as soon as the guards let them: the rule that put them off is another one now."""
    if ids:
        values = {"not_before": None, "reason": ""}
        session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(**values))
