"""Calling items off: what hasn't gone out never will, and what has stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.report import Tally, read_books
from aicmo.execution.selection import named_items
from aicmo.execution.states import Mover, State, move
from aicmo.models import Delivery

CANCELLED = "cancelled"
PAGE = 1000
"""Deliveries per transaction: others wait for the project's audit log no longer than that takes."""
_WAITING = (State.PENDING, State.HELD, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation did.

    items: keys of the items that are called off now.
    deliveries: how many were called off by this call.
    stays: the items' other deliveries as the report tells them. `in progress` among them are
        stopped if their request hasn't begun.
    """

    items: tuple[str, ...]
    deliveries: int
    stays: tuple[Tally, ...]


def cancel(
    database: Database,
    project_id: str,
    item_keys: Sequence[str] | None,
    *,
    by: str,
    reason: str,
) -> Cancelled:
    """Calls the named items off (None: all of the plan), at once and on every machine.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan; nothing was changed.
    """
    with audit.transaction(database, project_id) as session:
        items = named_items(session, project_id, item_keys)
        now = database.now(session)
        for item in items:
            # From here on the guards stop what a worker holds, or a later import adds.
            item.cancelled_at = item.cancelled_at or now
        keys = tuple(item.key for item in items)
        audit.record(
            session, audit.Event.CONTROL_CANCELLED, project_id=project_id, actor=by,
            reason=reason, items=keys,
        )  # fmt: skip
    mover = Mover(project_id, by, now)
    ids = [item.id for item in items]
    moved = sum(_call_off(database, mover, ids, state) for state in _WAITING)
    with database.read() as session:
        books = read_books(session, project_id, now=database.now(session))
    stays = (each for each in books.tallies if each.item in keys and each.state != CANCELLED)
    return Cancelled(keys, moved, tuple(stays))


def _call_off(database: Database, mover: Mover, item_ids: Sequence[int], state: State) -> int:
    moved, last = 0, 0
    while True:
        with audit.transaction(database, mover.project_id) as session:
            page = _page(session, mover, item_ids, state, after=last)
            if not page:
                return moved
            if state is not State.PENDING:
                move(session, mover, page, state, State.PENDING)
            called_off = move(
                session, mover, page, State.PENDING, State.CANCELLED, reason=CANCELLED
            )
        moved, last = moved + len(called_off), page[-1]


def _page(
    session: Session, mover: Mover, item_ids: Sequence[int], state: State, *, after: int
) -> list[int]:
    # What is ambiguous may have gone out: to call it off would hide a doubt.
    query = select(Delivery.id).where(
        Delivery.project_id == mover.project_id,
        Delivery.state == state.value,
        Delivery.item_id.in_(item_ids),
        Delivery.ambiguous.is_(False),
        Delivery.id > after,
    )
    return list(session.scalars(query.order_by(Delivery.id).limit(PAGE)))
