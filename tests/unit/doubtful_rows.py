"""Deliveries in doubt, written into the ledger as a worker leaves them behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.execution.doubts import Doubt, list_doubts
from aicmo.execution.states import State
from aicmo.models import Attempt, Delivery, Reading, Run
from tests.projects import NOW, approved, contact, imported

SECONDS = timedelta(seconds=1)
MINUTES = timedelta(minutes=1)


class ClockedDatabase(Database):
    """A database whose clock is set by hand."""

    at = NOW

    def now(self, session: Session) -> datetime:
        return self.at


def doubtful(
    database: Database,
    people: int = 3,
    since: datetime = NOW,
    gateway: str = "searchable",
    **changes: Any,
) -> list[int]:
    """An approved email to some people, each delivery once transmitted without an answer."""
    imported(database, contacts=[contact(number) for number in range(1, people + 1)])
    approved(database)
    with database.write() as session:
        ids = list(session.scalars(select(Delivery.id).order_by(Delivery.id)))
        values = {"state": State.UNKNOWN.value, "reason": "no answer", "since": since, "fence": 7,
                  "attempts": 1, "ambiguous": True}  # fmt: skip
        session.execute(update(Delivery).values(**(values | changes)))
        for each in ids:
            _transmitted(session, each, since, gateway)
    return ids


def _transmitted(session: Session, delivery_id: int, ended_at: datetime, gateway: str) -> None:
    run = session.scalars(select(Run)).first()
    if run is None:
        run = Run(project_id="studio", mode="live", started_by="Casey", started_at=ended_at)
        session.add(run)
        session.flush()
    account_id = session.get_one(Delivery, delivery_id).account_id
    session.add(
        Attempt(
            delivery_id=delivery_id, account_id=account_id, number=1, fence=7, run_id=run.id,
            gateway=gateway, payload_sha256="0" * 64, armed_at=ended_at - 10 * SECONDS, ended_at=ended_at,
            outcome="unknown", code="", detail="connection failed: TimeoutError",
        )
    )  # fmt: skip


def change(database: Database, delivery_id: int, **values: Any) -> None:
    with database.write() as session:
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**values))


def row(database: Database, delivery_id: int) -> Delivery:
    with database.read() as session:
        return session.get_one(Delivery, delivery_id)


def readings(database: Database) -> list[Reading]:
    with database.read() as session:
        return list(session.scalars(select(Reading).order_by(Reading.id)))


def listed(database: Database, now: datetime = NOW) -> list[Doubt]:
    with database.read() as session:
        return list_doubts(session, "studio", now=now)
