"""The stop switches: rows, read by every arming transaction on every machine."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import NoSuchProject
from aicmo.models import Account, Pause, Project


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
