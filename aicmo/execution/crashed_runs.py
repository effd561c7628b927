"""Runs that were opened and whose process is gone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.models import Run


def mark_crashed(database: Database, *, by: str) -> list[int]:
    """Marks the open runs that have shown no life for long: their process is gone.

    Returns:
        Their ids. What they left unfinished, the next run finishes.
    """
    with database.read() as session:
        now = database.now(session)
        query = select(Run.id, Run.project_id).where(
            Run.finished_at.is_(None), Run.crashed_at.is_(None), Run.alive_until < now
        )
        gone = session.execute(query).tuples().all()
    return [run_id for run_id, project in gone if _mark(database, run_id, project, by, now)]


def _mark(database: Database, run_id: int, project_id: str, by: str, now: datetime) -> bool:
    with audit.transaction(database, project_id) as session:
        crashed = session.scalars(
            update(Run)
            .where(Run.id == run_id, Run.finished_at.is_(None), Run.crashed_at.is_(None))
            .values(crashed_at=now)
            .returning(Run.id)
        ).all()
        if crashed:
            audit.record(
                session, audit.Event.EXECUTION_CRASHED, project_id=project_id, actor=by, run=run_id
            )
    return bool(crashed)
