"""The delivery's states, the moves between them, and the one function that makes a move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ClauseElement, Table, bindparam, select, update
from sqlalchemy.orm import QueryableAttribute, Session
from sqlalchemy.sql.dml import ReturningUpdate

from aicmo import audit
from aicmo.errors import MoveRefused
from aicmo.models import Delivery, Item


class State(StrEnum):
    PENDING = "pending"
    """Waits to be claimed: for its time, its approval, or a worker."""
    CLAIMED = "claimed"
    """A worker prepares it; no byte may go out."""
    SENDING = "sending"
    """The intent is durable; bytes may go out until the send deadline."""
    SENT = "sent"
    """The provider or a person has shown that it is there."""
    FAILED = "failed"
    """Refused for good, and no earlier attempt in doubt."""
    UNKNOWN = "unknown"
    """It may have gone out; only evidence or a person moves it on."""
    SKIPPED = "skipped"
    """Never to be sent: the recipient left, or can't be written to."""
    HELD = "held"
    """Stopped by a guard; released when its reason is gone."""
    CANCELLED = "cancelled"
    """A person called it off."""
    EXPIRED = "expired"
    """Its time window closed before it was sent; a longer window opens it again."""


_DELIVERY, _ITEM = cast("Table", Delivery.__table__), cast("Table", Item.__table__)
ACCOUNT_OF_NOW = (
    select(_ITEM.c.account_id).where(_ITEM.c.id == _DELIVERY.c.item_id).scalar_subquery()
)
"""The plan's sender as it is now: what is opened again hasn't followed it meanwhile."""
LAPSED = "the worker stopped between arming and recording"
"""The reason of a doubt that nobody recorded: its lease has lapsed while it was being sent."""

WAITING = (State.PENDING, State.CLAIMED, State.SENDING)
"""The states that a report calls `waiting`."""

MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.PENDING, State.CLAIMED),
        (State.CLAIMED, State.PENDING),
        (State.CLAIMED, State.SENDING),
        (State.SENDING, State.SENT),
        (State.SENDING, State.FAILED),
        (State.SENDING, State.PENDING),
        (State.SENDING, State.UNKNOWN),
        (State.UNKNOWN, State.SENT),
        (State.UNKNOWN, State.PENDING),
        (State.UNKNOWN, State.FAILED),
        (State.PENDING, State.SKIPPED),
        (State.PENDING, State.HELD),
        (State.HELD, State.PENDING),
        # A person has posted what no account could.
        (State.HELD, State.SENT),
        (State.PENDING, State.CANCELLED),
        (State.PENDING, State.EXPIRED),
        (State.EXPIRED, State.PENDING),
        # A repeat-safe doubt that can't be repeated any more.
        (State.PENDING, State.UNKNOWN),
        # A person's retry, of what is proven not to have gone out.
        (State.FAILED, State.PENDING),
        (State.CANCELLED, State.PENDING),
    }
)


@dataclass(frozen=True, slots=True)
class Mover:
    """Who moves deliveries, of which project, when and in which run."""

    project_id: str
    actor: str
    at: datetime
    run_id: int | None = None


def move(
    session: Session,
    mover: Mover,
    ids: Sequence[int],
    before: State,
    after: State,
    *,
    reason: str = "",
    fence: int | None = None,
    values: Mapping[str, Any] | None = None,
) -> list[int]:
    """Moves those of `ids` that are still in `before` (and under `fence`), with one audit event.

    Returns:
        The ids that moved, in ascending order; the others belong to somebody else by now.

    Raises:
        MoveRefused: the table of moves has no such move.
    """
    if (before, after) not in MOVES:
        raise MoveRefused(f"A delivery can't move from {before} to {after}")
    if not ids:
        return []
    changed = {"state": after.value, "reason": reason, "since": mover.at, **(values or {})}
    plain = {name: value for name, value in changed.items() if not _is_sql(value)}
    computed = tuple((name, value) for name, value in changed.items() if name not in plain)
    parameters = {f"new_{name}": value for name, value in plain.items()}
    guard = {"ids": list(ids), "before": before.value, "fence_held": fence}
    moving = _moving(tuple(plain), computed, with_fence=fence is not None)
    moved = sorted(session.connection().scalars(moving, {**parameters, **guard}).all())
    if moved:
        audit.record(
            session, audit.Event.DELIVERY_MOVED, project_id=mover.project_id, actor=mover.actor,
            before=before.value, after=after.value, reason=reason, deliveries=moved,
            run=mover.run_id,
        )  # fmt: skip
    return moved


def _is_sql(value: object) -> bool:
    return isinstance(value, ClauseElement | QueryableAttribute)


@lru_cache
def _moving(
    plain: tuple[str, ...], computed: tuple[tuple[str, Any], ...], *, with_fence: bool
) -> ReturningUpdate[tuple[int]]:
    """The guarded UPDATE; built once per shape, since every batch makes three of them."""
    columns = _DELIVERY.c
    query = update(_DELIVERY).where(
        columns.id.in_(bindparam("ids", expanding=True)), columns.state == bindparam("before")
    )
    if with_fence:
        query = query.where(columns.fence == bindparam("fence_held"))
    new = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in plain}
    return query.values({**new, **dict(computed)}).returning(columns.id)
