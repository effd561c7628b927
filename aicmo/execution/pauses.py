"""The stop switches: rows, read by every arming transaction on every machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import NoSuchProject
from aicmo.execution.states import State
from aicmo.models import Account, Delivery, Item, Pause, Project

_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class InFlight:
    """What workers have armed and not settled yet.

    requests: how many may be open; each worker has one at a time.
    deliveries: how many are armed; those whose request hasn't begun go back to the queue.
    ends_by: when the last of them ends at the latest, by the database's clock; None if there is none.
    """

    requests: int
    deliveries: int
    ends_by: datetime | None


@dataclass(frozen=True, slots=True)
class Stop:
    """How a pause took effect.

    in_flight: what was still open when the waiting ended.
    seconds: from the pause until nothing was in flight any more; None if something still is.
    """

    in_flight: InFlight
    seconds: float | None


def pause(
    database: Database,
    *,
    project_id: str = "",
    channel: str = "",
    by: str,
    now: datetime,
    reason: str = "",
) -> bool:
    """Stops sending: '' means every project, or every channel. False if it was paused already.

    Raises:
        NoSuchProject: there is no such project.
    """
    with audit.transaction(database, project_id) as session:
        _require(session, project_id)
        if _find(session, project_id, channel) is not None:
            return False
        row = Pause(
            project_id=project_id, channel=channel, paused_by=by, paused_at=now, reason=reason
        )
        session.add(row)
        audit.record(
            session, audit.Event.CONTROL_PAUSED, project_id=project_id, actor=by,
            channel=channel, reason=reason,
        )  # fmt: skip
    return True


def unpause(database: Database, *, project_id: str = "", channel: str = "", by: str) -> bool:
    """Releases exactly this switch, and the accounts under it that a provider's refusal paused.

    Broader switches stay. False if there was nothing to release.

    Raises:
        NoSuchProject: there is no such project.
    """
    with audit.transaction(database, project_id) as session:
        _require(session, project_id)
        row = _find(session, project_id, channel)
        accounts = _release_accounts(session, project_id, channel)
        if row is None and not accounts:
            return False
        if row is not None:
            session.execute(delete(Pause).where(Pause.id == row.id))
        audit.record(
            session,
            audit.Event.CONTROL_UNPAUSED,
            project_id=project_id,
            actor=by,
            channel=channel,
            accounts=accounts,
        )
    return True


def current(session: Session, project_id: str | None = None) -> list[Pause]:
    """The switches that are set: all, or those that stop this project."""
    query = select(Pause).order_by(Pause.paused_at)
    if project_id is not None:
        query = query.where(Pause.project_id.in_(("", project_id)))
    return list(session.scalars(query))


def in_flight(
    session: Session, project_id: str = "", channel: str = "", *, now: datetime
) -> InFlight:
    """What may still go out although a switch is set; '' means every project, or every channel.

    now: by the database's clock. A lease that has lapsed is a doubt: its worker has stopped.
    """
    query = select(
        func.count(Delivery.fence.distinct()), func.count(), func.max(Delivery.lease_until)
    ).where(Delivery.state == State.SENDING.value, Delivery.lease_until > now)
    if project_id:
        query = query.where(Delivery.project_id == project_id)
    if channel:
        query = query.join(Item, Item.id == Delivery.item_id).where(Item.channel == channel)
    return InFlight(*session.execute(query).one())


def wait_until_stopped(
    database: Database, project_id: str = "", channel: str = "", *, at_most: float
) -> Stop:
    """Waits up to `at_most` seconds until nothing is in flight; for directly after `pause`."""
    began = time.monotonic()
    while True:
        with database.read() as session:
            found = in_flight(session, project_id, channel, now=database.now(session))
        seconds = time.monotonic() - began
        if not found.requests:
            return Stop(found, seconds)
        if seconds >= at_most:
            return Stop(found, None)
        time.sleep(min(_LOOK_AGAIN_SECONDS, at_most - seconds))


def _release_accounts(session: Session, project_id: str, channel: str) -> list[int]:
    query = select(Account.id).where(Account.paused_at.is_not(None))
    if project_id:
        query = query.where(Account.project_id == project_id)
    if channel:
        query = query.where(Account.channel == channel)
    ids = list(session.scalars(query))
    released = {"paused_at": None, "pause_reason": ""}
    session.execute(update(Account).where(Account.id.in_(ids)).values(**released))
    return ids


def _require(session: Session, project_id: str) -> None:
    if project_id and session.get(Project, project_id) is None:
        raise NoSuchProject(project_id)


def _find(session: Session, project_id: str, channel: str) -> Pause | None:
    query = select(Pause).where(Pause.project_id == project_id, Pause.channel == channel)
    return session.scalars(query).one_or_none()
