"""Sorting, claiming and recovering deliveries: everything before the first byte."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import guards
from aicmo.execution.states import LAPSED, Mover, State, move
from aicmo.models import Delivery, Item

CLAIM_LEASE = timedelta(seconds=60)
_CHUNK = 500
_SORTED = (State.PENDING, State.HELD, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Claim:
    """Deliveries that one worker holds until its lease lapses."""

    fence: int
    delivery_ids: tuple[int, ...]


def sort_by_guards(
    database: Database, mover: Mover, item_ids: Sequence[int], channels: Sequence[str]
) -> None:
    """Holds, skips or expires what the guards stop, and releases what they no longer stop."""
    for item_id in item_ids:
        with audit.transaction(database, mover.project_id) as session:
            query = guards.verdicts(channels, mover.at).where(
                Delivery.item_id == item_id,
                Delivery.state.in_([state.value for state in _SORTED]),
            )
            columns = query.add_columns(Delivery.state, Delivery.reason)
            rows = session.execute(columns).all()
            _apply(session, mover, [cast("_Row", tuple(row)) for row in rows])


_Row = tuple[int, str, str, str]


def _apply(session: Session, mover: Mover, rows: Iterable[_Row]) -> None:
    release: dict[State, list[int]] = {}
    stop: dict[tuple[State, str], list[int]] = {}
    for delivery_id, text, state, reason in rows:
        verdict = guards.read_verdict(text)
        wanted = (verdict.state, verdict.reason) if verdict.state else (State.PENDING, "")
        if (State(state), reason) == wanted:
            continue
        if state != State.PENDING:
            release.setdefault(State(state), []).append(delivery_id)
        if verdict.state:
            stop.setdefault((verdict.state, verdict.reason), []).append(delivery_id)
    for stopped, ids in release.items():
        for chunk in _chunks(ids):
            move(session, mover, chunk, stopped, State.PENDING)
    for (state, reason), ids in stop.items():
        for chunk in _chunks(ids):
            move(session, mover, chunk, State.PENDING, state, reason=reason)


def claim(
    database: Database, mover: Mover, item_ids: Sequence[int], *, at_most: int
) -> Claim | None:
    """Takes up to `at_most` deliveries that are due, under a new fence; None if there are none."""
    fence = secrets.randbits(62)
    with audit.transaction(database, mover.project_id) as session:
        ids = _next_due(session, mover, item_ids, at_most)
        lease = database.now(session) + CLAIM_LEASE
        values = {"fence": fence, "lease_until": lease, "run_id": mover.run_id}
        claimed = move(session, mover, ids, State.PENDING, State.CLAIMED, values=values)
    return Claim(fence, tuple(claimed)) if claimed else None


def _next_due(session: Session, mover: Mover, item_ids: Sequence[int], at_most: int) -> list[int]:
    """Deliveries of the earliest item that has any: one short walk along the queue's index."""
    due = select(Item.id).where(Item.id.in_(item_ids), Item.send_at <= mover.at)
    for item_id in session.scalars(due.order_by(Item.send_at, Item.key)).all():
        query = (
            select(Delivery.id)
            .where(
                Delivery.item_id == item_id,
                # Written out, not bound: only then do both databases use the partial index.
                Delivery.state == literal_column(f"'{State.PENDING}'"),
                Delivery.in_plan,
                (Delivery.not_before.is_(None)) | (Delivery.not_before <= mover.at),
            )
            .order_by(Delivery.id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        if ids := list(session.scalars(query)):
            return ids
    return []


def recover_lapsed(database: Database, mover: Mover) -> int:
    """Takes lapsed leases back: a claim to pending, an armed delivery to unknown.

    Returns:
        The number of deliveries that came into doubt.
    """
    with audit.transaction(database, mover.project_id) as session:
        now = database.now(session)
        lapsed = select(Delivery.id).where(
            Delivery.project_id == mover.project_id, Delivery.lease_until < now
        )
        claimed = list(session.scalars(lapsed.where(Delivery.state == State.CLAIMED.value)))
        armed = list(session.scalars(lapsed.where(Delivery.state == State.SENDING.value)))
        free = {"lease_until": None}
        here = replace(mover, run_id=None)
        for ids in _chunks(claimed):
            move(session, here, ids, State.CLAIMED, State.PENDING, values=free)
        doubt = {**free, "ambiguous": True}
        for ids in _chunks(armed):
            move(session, here, ids, State.SENDING, State.UNKNOWN, reason=LAPSED, values=doubt)
    return len(armed)


def _chunks(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
