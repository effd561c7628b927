"""Doubts that end because something came back: what bounced was accepted first."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from sqlalchemy import select

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Found
from aicmo.models import Delivery, Feedback, Reading

_CHUNK = 500


def settle_proven(database: Database, *, by: str) -> int:
    """Calls sent what is in doubt although something came back about it.

    It looks at the ledger rather than at one report, which may be read before its delivery is in
    doubt: while the relay's answer is still awaited.

    Returns:
        How many deliveries that were.
    """
    with database.read() as session:
        query = (
            select(Delivery.project_id, Delivery.id, Feedback.kind, Feedback.status)
            .join(Feedback, Feedback.delivery_id == Delivery.id)
            .where(Delivery.state == State.UNKNOWN.value)
            .order_by(Feedback.id)
        )
        rows = session.execute(query).tuples().all()
    proofs: dict[str, dict[int, str]] = {}
    for project_id, delivery_id, kind, status in rows:
        proofs.setdefault(project_id, {})[delivery_id] = (
            f"it {kind} ({status})" if status else f"it {kind}"
        )
    return sum(_settle(database, project_id, by, each) for project_id, each in proofs.items())


def _settle(database: Database, project_id: str, by: str, proofs: Mapping[int, str]) -> int:
    moved = 0
    ids = iter(proofs)
    while chunk := list(islice(ids, _CHUNK)):
        with audit.transaction(database, project_id) as session:
            mover = Mover(project_id, by, database.now(session))
            settled = move(
                session, mover, chunk, State.UNKNOWN, State.SENT, values={"lease_until": None}
            )
            for each in settled:
                session.add(
                    Reading(delivery_id=each, read_at=mover.at, found=Found.PRESENT.value,
                            detail=f"something came back: {proofs[each]}")
                )  # fmt: skip
                audit.record(
                    session, audit.Event.DOUBT_READ, project_id=project_id, actor=by,
                    delivery=each, found=Found.PRESENT.value,
                )  # fmt: skip
            moved += len(settled)
    return moved
