"""Until when a delivery is put off that its hours or its person's share stop.

So nobody claims it for nothing: a sort notes it before the first claim, arming what came since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, update
from sqlalchemy.orm import Session

from aicmo.execution import frequency
from aicmo.execution.courtesy import Courtesy
from aicmo.execution.guards import Verdict
from aicmo.execution.states import State
from aicmo.gateways.contract import NOT_CHANGED, NOT_PUT_UP
from aicmo.models import Delivery

PUT_OFF = "put off: "
"""Begins the reason of what waits for its hour: a plan that lets it go earlier takes that back."""
NOT_STAGED = tuple(PUT_OFF + each for each in (NOT_PUT_UP, NOT_CHANGED))
"""Begin the reason of what its provider doesn't take yet, before anything was armed."""
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


def put_off(session: Session, verdicts: Mapping[int, Verdict]) -> None:
    """Notes with deliveries that wait until when, if that isn't told yet; a later time stays."""
    by_verdict: dict[Verdict, list[int]] = {}
    for delivery_id, verdict in verdicts.items():
        if verdict.not_before:
            by_verdict.setdefault(verdict, []).append(delivery_id)
    for verdict, ids in by_verdict.items():
        at = verdict.not_before
        earlier = or_(Delivery.not_before.is_(None), Delivery.not_before < at)
        pending = and_(Delivery.id.in_(ids), Delivery.state == State.PENDING.value)
        values = {"not_before": at, "reason": told(verdict)}
        session.execute(update(Delivery).where(pending, earlier).values(**values))


def told(verdict: Verdict) -> str:
    """The reason that a delivery keeps while it is put off."""
    return (PUT_OFF + verdict.reason)[:200]


def take_back(session: Session, ids: Sequence[int]) -> None:
    """These may go as soon as the guards let them: the rule that put them off is another one now."""
    if ids:
        values = {"not_before": None, "reason": ""}
        session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(**values))
