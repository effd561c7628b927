"""Sorting, claiming and recovering deliveries: everything before the first byte."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.execution import courtesy, guards
from aicmo.execution.courtesy import Courtesy
from aicmo.execution.putting_off import PUT_OFF, put_off, take_back, with_times
from aicmo.execution.settling import may_repeat
from aicmo.execution.states import LAPSED, Mover, State, move
from aicmo.models import Account, Delivery, Item, Run

CLAIM_LEASE = timedelta(seconds=60)
RUN_LEASE = timedelta(hours=1)
"""An open run that hasn't claimed anything for this long has crashed."""
_PAGE = 1000
_CHUNK = 500
_SORTED = (State.PENDING, State.HELD, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Claim:
    """Deliveries of one item that one worker holds until its lease lapses."""

    fence: int
    item_id: int
    delivery_ids: tuple[int, ...]


def sort_by_guards(
    database: Database, mover: Mover, item_ids: Sequence[int], channels: Sequence[str]
) -> None:
    """Holds, skips or expires what the guards stop, and releases what they no longer stop."""
    with database.read() as session:
        says = courtesy.of_project(session, mover.project_id, mover.at, mover.run_id)
    judging = guards.verdicts(channels, says)
    for item_id in item_ids:
        last: tuple[int, str] | None = (0, "")
        while last is not None:
            last = _sort_page(database, mover, item_id, judging, says, last)


def _sort_page(
    database: Database,
    mover: Mover,
    item_id: int,
    judging: Select[tuple[int, str]],
    says: Courtesy,
    after: tuple[int, str],
) -> tuple[int, str] | None:
    """One page in the order of the ledger's own key, so that it takes no memory and no sorting."""
    key = (Delivery.account_id, Delivery.recipient)
    columns = (Delivery.state, Delivery.reason, Delivery.ambiguous, *key)
    page = (
        judging.add_columns(*columns)
        .where(
            Delivery.item_id == item_id,
            tuple_(*key) > tuple_(*map(literal, after)),
            Delivery.state.in_([state.value for state in _SORTED]),
        )
        .order_by(*key)
        .limit(_PAGE)
    )
    with audit.transaction(database, mover.project_id) as session:
        rows = [_Row(*row) for row in session.execute(page)]
        _apply(session, mover, rows)
        waits = {row.id: guards.read_verdict(row.verdict) for row in rows if row.waits_anew}
        put_off(session, with_times(session, says, waits))
    return (rows[-1].account_id, rows[-1].recipient) if len(rows) == _PAGE else None


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    verdict: str
    state: str
    reason: str
    ambiguous: bool
    account_id: int
    recipient: str

    @property
    def is_put_off(self) -> bool:
        return self.reason.startswith(PUT_OFF)

    @property
    def waits_anew(self) -> bool:
        is_pending = self.state == State.PENDING and not self.is_put_off
        return is_pending and not self.ambiguous and self.verdict.startswith(guards.WAIT)


def _apply(session: Session, mover: Mover, rows: Iterable[_Row]) -> None:
    release: dict[State, list[int]] = {}
    stop: dict[tuple[State, str], list[int]] = {}
    freed: list[int] = []
    for row in rows:
        verdict = guards.read_verdict(row.verdict)
        if row.is_put_off and verdict.action != guards.WAIT:
            freed.append(row.id)
        # A pending one keeps its reason: why it is to be tried again.
        here = row.reason if row.state == State.PENDING else ""
        wanted = (verdict.state, verdict.reason) if verdict.state else (State.PENDING, here)
        if (State(row.state), row.reason) == wanted:
            continue
        if row.state != State.PENDING:
            release.setdefault(State(row.state), []).append(row.id)
        if verdict.state:
            stop.setdefault((verdict.state, verdict.reason), []).append(row.id)
    take_back(session, freed)
    for stopped, ids in release.items():
        move(session, mover, ids, stopped, State.PENDING)
    for (state, reason), ids in stop.items():
        move(session, mover, ids, State.PENDING, state, reason=reason)


def claim(
    database: Database,
    mover: Mover,
    item_ids: Sequence[int],
    *,
    fence: int,
    at_most: int,
    lease: timedelta = CLAIM_LEASE,
) -> Claim | None:
    """Takes up to `at_most` deliveries that are due, under `fence`; None if there are none."""
    with audit.transaction(database, mover.project_id) as session:
        item_id, ids = _next_due(session, mover, item_ids, at_most)
        now = database.now(session)
        values = {"fence": fence, "lease_until": now + lease, "run_id": mover.run_id}
        claimed = move(session, mover, ids, State.PENDING, State.CLAIMED, values=values)
        alive = update(Run).where(Run.id == mover.run_id).values(alive_until=now + RUN_LEASE)
        session.execute(alive.execution_options(synchronize_session=False))
    return Claim(fence, item_id, tuple(claimed)) if claimed else None


def new_fence() -> int:
    """Names one claim among all, on every machine: 62 random bits."""
    return secrets.randbits(62)


def _due_items(item_ids: Sequence[int], now: datetime) -> Select[tuple[int]]:
    due = select(Item.id).where(Item.id.in_(item_ids), Item.send_at <= now)
    return due.join(Account, Account.id == Item.account_id)


def _next_due(
    session: Session, mover: Mover, item_ids: Sequence[int], at_most: int
) -> tuple[int, list[int]]:
    """Deliveries of the earliest item that has any: one short walk along the queue's index."""
    due = _due_items(item_ids, mover.at).where(
        or_(Account.not_before.is_(None), Account.not_before <= mover.at)
    )
    columns = due.add_columns(Item.channel).order_by(Item.send_at, Item.key)
    for item_id, channel in session.execute(columns).tuples().all():
        query = (
            select(Delivery.id)
            .where(Delivery.item_id == item_id, *_claimable(mover.at))
            .where(*_one_at_a_time(session, mover.project_id, channel))
            .order_by(Delivery.id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        if ids := list(session.scalars(query)):
            return item_id, ids
    return 0, []


def _one_at_a_time(
    session: Session, project_id: str, channel: str
) -> tuple[ColumnElement[bool], ...]:
    """In a CRM, not who is being changed by another worker: what was read of them isn't so any more."""
    if channel != Channel.CRM:
        return ()
    changed = (
        select(Delivery.contact_id)
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.project_id == project_id,
            Delivery.lease_until.is_not(None),
            Delivery.state.in_((State.CLAIMED.value, State.SENDING.value)),
            Item.channel == Channel.CRM.value,
        )
    )
    busy = session.scalars(changed).all()
    return (Delivery.contact_id.not_in(busy),) if busy else ()


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        # Written out, not bound: only then do both databases use the partial index.
        Delivery.state == literal_column(f"'{State.PENDING}'"),
        Delivery.in_plan.is_(True),
        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
    )


def waits_until(session: Session, item_ids: Sequence[int], now: datetime) -> datetime | None:
    """When the first account that holds due deliveries back may go on; None if none does."""
    waiting = exists().where(Delivery.item_id == Item.id, *_claimable(now))
    due = _due_items(item_ids, now).where(Account.not_before > now, waiting)
    earliest = due.with_only_columns(Account.not_before).order_by(Account.not_before).limit(1)
    return session.scalars(earliest).one_or_none()


def repeats_at(session: Session, item_ids: Sequence[int], now: datetime) -> datetime | None:
    """When the first delivery that is put off for a while may be tried again; None if none is."""
    waiting = (
        Delivery.item_id.in_(item_ids),
        Delivery.state == literal_column(f"'{State.PENDING}'"),
        Delivery.in_plan.is_(True),
        Delivery.not_before > now,
    )
    earliest = select(Delivery.not_before).where(*waiting).order_by(Delivery.not_before).limit(1)
    return session.scalars(earliest).one_or_none()


def recover_lapsed(database: Database, mover: Mover) -> int:
    """Takes lapsed leases back: a claim to pending, an armed delivery to unknown.

    An armed one that its provider takes as the same, with its token, is pending again instead.

    Returns:
        The number of deliveries that came into doubt.
    """
    with audit.transaction(database, mover.project_id) as session:
        now = database.now(session)
        lapsed = select(
            Delivery.id,
            Delivery.state,
            Delivery.repeatable_until,
            Delivery.attempts - Delivery.uncounted,
        ).where(Delivery.project_id == mover.project_id, Delivery.lease_until < now)
        found: dict[State, list[int]] = {State.PENDING: [], State.UNKNOWN: []}
        claimed: list[int] = []
        for delivery_id, state, repeatable_until, tries in session.execute(lapsed):
            if state == State.CLAIMED:
                claimed.append(delivery_id)
            elif state == State.SENDING:
                again = may_repeat(repeatable_until, tries, now)
                found[State.PENDING if again else State.UNKNOWN].append(delivery_id)
        here, free = replace(mover, run_id=None), {"lease_until": None}
        for ids in _chunks(claimed):
            move(session, here, ids, State.CLAIMED, State.PENDING, values=free)
        doubt = {**free, "ambiguous": True}
        for state, armed in found.items():
            for ids in _chunks(armed):
                move(session, here, ids, State.SENDING, state, reason=LAPSED, values=doubt)
    return len(found[State.UNKNOWN])


def _chunks(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
