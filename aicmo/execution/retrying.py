"""Opening again what is proven not to have gone out: refused for good, or called off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import courtesy, guards
from aicmo.execution.selection import named_items
from aicmo.execution.states import ACCOUNT_OF_NOW, Mover, State, move
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Delivery, Item

PAGE = 1000
"""Deliveries per transaction: others wait for the project's audit log no longer than that takes."""
IN_DOUBT = "in doubt: `aicmo doubts` decides"
GIVEN_UP = "given up in doubt"
CALLED_OFF = "cancelled: name the item to open it again"
_CLOSED = (State.FAILED.value, State.CANCELLED.value)

_AFRESH = {
    # The attempts so far no longer count against the limit.
    "uncounted": Delivery.attempts,
    "not_before": None,
    "account_id": ACCOUNT_OF_NOW,
}


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry did.

    items: keys of the items that were looked at.
    deliveries: how many wait again.
    stopped: how many of them the guards stop now, by what they say (`skipped: hard bounced`).
    refused: how many were left as they are, by reason.
    """

    items: tuple[str, ...]
    deliveries: int
    stopped: Mapping[str, int]
    refused: Mapping[str, int]


def retry(
    database: Database,
    project_id: str,
    item_keys: Sequence[str] | None,
    *,
    by: str,
    reason: str,
) -> Retried:
    """Lets what failed or was called off be tried afresh, under approval and every guard.

    An item that was called off is only opened again by its name: whoever tries the failures of a
    whole plan again doesn't mean it. A suppression stays, also one that a bounce has made.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan; nothing was changed.
    """
    with audit.transaction(database, project_id) as session:
        items = named_items(session, project_id, item_keys)
        keys, ids = tuple(item.key for item in items), [item.id for item in items]
        named = items if item_keys is not None else ()
        waiting = _still_waiting(
            session, project_id, [each.id for each in named if each.cancelled_at]
        )
        for item in named:
            item.cancelled_at = None
        session.flush()
        refused = _refused(session, project_id, ids)
        mover = Mover(project_id, by, database.now(session))
        audit.record(
            session, audit.Event.CONTROL_RETRIED, project_id=project_id, actor=by,
            reason=reason, items=keys, refused=refused,
        )  # fmt: skip
    stopped: Counter[str] = Counter()
    moved = sum(_open_again(database, mover, ids, state, stopped) for state in _CLOSED)
    return Retried(keys, waiting + moved, dict(stopped.most_common()), refused)


def _still_waiting(session: Session, project_id: str, cancelled: Sequence[int]) -> int:
    """What came back after its item was called off, and that no run has closed since."""
    query = _of_items(project_id, cancelled).where(
        Delivery.state == State.PENDING.value, Delivery.ambiguous.is_(False)
    )
    return session.scalars(query.with_only_columns(func.count())).one()


def _open_again(
    database: Database,
    mover: Mover,
    item_ids: Sequence[int],
    state: str,
    stopped: Counter[str],
) -> int:
    moved, last = 0, 0
    while True:
        with audit.transaction(database, mover.project_id) as session:
            query = _of_items(mover.project_id, item_ids).where(
                Delivery.state == state, _objection() == "", Delivery.id > last
            )
            page = list(session.scalars(query.order_by(Delivery.id).limit(PAGE)))
            if not page:
                return moved
            opened = move(session, mover, page, State(state), State.PENDING, values=_AFRESH)
            stopped.update(_stopped(session, mover, opened))
        moved, last = moved + len(opened), page[-1]


def _refused(session: Session, project_id: str, item_ids: Sequence[int]) -> dict[str, int]:
    objection = _objection()
    doubtful = and_(Delivery.state == State.PENDING.value, Delivery.ambiguous)
    not_waiting = Delivery.state.in_([*_CLOSED, State.UNKNOWN.value])
    query = _of_items(project_id, item_ids).where(doubtful | not_waiting)
    counts = query.with_only_columns(objection, func.count()).group_by(objection)
    return {said: count for said, count in session.execute(counts).tuples() if said}


def _of_items(project_id: str, item_ids: Sequence[int]) -> Select[tuple[int]]:
    return (
        select(Delivery.id)
        .join(Item, Item.id == Delivery.item_id)
        .where(Delivery.project_id == project_id, Delivery.item_id.in_(item_ids))
    )


def _objection() -> ColumnElement[str]:
    """Why a closed delivery isn't opened again; '' for what is proven not to have gone out.

    Every doubt makes a delivery ambiguous. Only "it isn't there" takes that back, of a person or of
    the provider; giving up keeps it.
    """
    return case(
        (Delivery.state.not_in(_CLOSED), IN_DOUBT),
        (Delivery.ambiguous, GIVEN_UP),
        (Item.cancelled_at.is_not(None), CALLED_OFF),
        else_="",
    )


def _stopped(session: Session, mover: Mover, opened: Sequence[int]) -> Counter[str]:
    says = courtesy.of_project(session, mover.project_id, mover.at)
    judged = guards.verdicts(CHANNELS_WITH_GATEWAY, says).where(Delivery.id.in_(opened))
    _, verdict = judged.subquery().c
    counts = session.execute(select(verdict, func.count()).group_by(verdict)).tuples()
    said = ((guards.read_verdict(text), count) for text, count in counts)
    return Counter({f"{each.action}: {each.reason}": count for each, count in said if each.state})
