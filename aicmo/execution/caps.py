"""How many emails a run, or a project in a day, may still arm; counted from the attempts.

What certainly never left doesn't count: else a relay that is down would use up a day's cap.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from aicmo.execution.states import Mover
from aicmo.gateways.contract import OutcomeKind
from aicmo.models import Account, Attempt, Run
from aicmo.plans.opening import clock_text, day_began, day_ends, hours_of
from aicmo.plans.sending import SendingRules


class Room(NamedTuple):
    """How many more may be armed, and why none when they are."""

    left: int
    reason: str


def room(session: Session, rules: SendingRules, mover: Mover, timezone: str) -> Room | None:
    """What the tighter of the two caps leaves at `mover.at`; None without a cap.

    timezone: IANA name of the project's; its calendar day counts.
    """
    found: list[Room] = []
    if rules.per_day is not None:
        used = _armed(session, mover, rules.per_day, day_began(mover.at, timezone))
        found.append(Room(rules.per_day - used, _day_is_over(rules, mover.at, timezone)))
    if rules.per_run is not None:
        used = _armed_by_run(session, mover, rules.per_run)
        found.append(Room(rules.per_run - used, f"cap per run reached ({rules.per_run})"))
    return min(found, key=lambda each: each.left) if found else None


def _armed_by_run(session: Session, mover: Mover, at_most: int) -> int:
    """Of a run that hasn't begun, none."""
    began = session.scalars(select(Run.started_at).where(Run.id == mover.run_id)).one_or_none()
    if began is None:
        return 0
    return _armed(session, mover, at_most, began, Attempt.run_id == mover.run_id)


def _armed(
    session: Session, mover: Mover, at_most: int, since: datetime, *also: ColumnElement[Any]
) -> int:
    """Emails of the project that were armed since then; no more than `at_most` are counted."""
    accounts = select(Account.id).where(
        Account.project_id == mover.project_id, Account.channel == "email"
    )
    armed = select(Attempt.id).where(
        Attempt.account_id.in_(accounts),
        Attempt.armed_at >= since,
        Attempt.outcome != OutcomeKind.NOT_SENT.value,
        *also,
    )
    counted = select(func.count()).select_from(armed.limit(at_most).subquery())
    return session.scalars(counted).one()


def _day_is_over(rules: SendingRules, now: datetime, timezone: str) -> str:
    midnight = day_ends(now, timezone)
    closed = hours_of(rules).closed(midnight, timezone)
    until = clock_text(closed.opens_at if closed else midnight, now, timezone)
    return f"cap per day reached ({rules.per_day}) in {timezone} until {until}"
