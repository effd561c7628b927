"""Deliveries that may have gone out: the evidence about each, and what a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, func, or_, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution.evidence import Answer, Transmission, answers, transmissions
from aicmo.execution.states import LAPSED, Mover, State, move
from aicmo.gateways.contract import OutcomeKind
from aicmo.models import Contact, Delivery, Item, Project

_DELIVERY, _ITEM = cast("Table", Delivery.__table__), cast("Table", Item.__table__)
_CHUNK = 500
_NAMED = 10
_LONGEST_REASON, _LONGEST_REFERENCE = 200, 500
_PROVES_NOTHING = ("", OutcomeKind.UNKNOWN, OutcomeKind.DUPLICATE)


SURE_AFTER = timedelta(seconds=620)
"""The longest bound of a request that any gateway has: that of SMTP's last answer."""


class Standing(StrEnum):
    """How a doubt is moved on."""

    OPEN = "open"
    """A reading of the provider or a person decides it."""
    UNRECORDED = "unrecorded"
    """Its worker stopped; reconciling or the next live run records it first."""
    REPEATS = "repeats"
    """The next live run repeats it with the same token, which has one effect."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A delivery that may have gone out, with everything that is known about it.

    recipient: the address as it is written to, the contact's key, or '' for a post.
    token: what the provider knows it by (for email, the part of the Message-ID before the @).
    since: when the doubt began.
    fence: names the claim that it comes from.
    tries: how many attempts count against the limit.
    """

    delivery_id: int
    item: str
    title: str
    channel: str
    recipient: str
    token: str
    standing: Standing
    reason: str
    since: datetime
    fence: int
    tries: int
    attempts: tuple[Transmission, ...]
    readings: tuple[Answer, ...]

    @property
    def began_at(self) -> datetime:
        """When the first attempt that may have gone out was armed."""
        return min((each.armed_at for each in self._open_attempts), default=self.since)

    @property
    def gateways(self) -> frozenset[str]:
        """Through which it may have gone out; no other one can be asked about it."""
        return frozenset(each.gateway for each in self._open_attempts)

    @property
    def sure_from(self) -> datetime:
        """From then on nothing is still on its way: who doesn't find it knows that it isn't there."""
        return _whole_minute(self.since + SURE_AFTER)

    @property
    def _open_attempts(self) -> list[Transmission]:
        return [each for each in self.attempts if each.outcome in _PROVES_NOTHING]


class Decision(StrEnum):
    """What a person says of a doubt."""

    IS_THERE = "is_there"
    """It went out: it counts as sent."""
    IS_NOT_THERE = "is_not_there"
    """It did not go out: it waits again, and goes out twice if that is wrong."""
    GIVE_UP = "give_up"
    """Nobody will know: it counts as failed and is never sent again."""


def list_doubts(session: Session, project_id: str, *, now: datetime) -> list[Doubt]:
    """Everything in doubt, in the order of the plan.

    Raises:
        NoSuchProject: there is no such project.
    """
    _require_project(session, project_id)
    in_doubt = and_(Delivery.project_id == project_id, _in_doubt(now))
    attempts, readings = transmissions(session, in_doubt), answers(session, in_doubt)
    rows = session.execute(
        select(Delivery, Item, Contact.email, Contact.mailbox)
        .join(Item, Item.id == Delivery.item_id)
        .outerjoin(Contact, Contact.id == Delivery.contact_id)
        .where(in_doubt)
        .order_by(Item.send_at, Item.key, Delivery.id)
    )
    return [
        _doubt(row, item, email if mailbox == row.recipient else row.recipient,
               attempts.get(row.id, ()), readings.get(row.id, ()))
        for row, item, email, mailbox in rows
    ]  # fmt: skip


def decide(
    database: Database,
    project_id: str,
    delivery_ids: Sequence[int],
    decision: Decision,
    *,
    by: str,
    reason: str,
    reference: str = "",
) -> list[int]:
    """Moves doubts on as a person says, all of them or none.

    What is said not to be there waits again, under the guards and the approval that hold then.

    Args:
        database: where the ledger is.
        project_id: the project.
        delivery_ids: the doubts.
        decision: what the person says.
        by: the person.
        reason: how they know; kept in the audit log.
        reference: the provider's own, for what is there.

    Returns:
        The ids that moved, in ascending order.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: one of the ids is no doubt of this project, the name or the reason is missing, or
            one reference is given for several.
    """
    by, reason, reference = by.strip(), reason.strip(), reference.strip()
    ids = sorted(set(delivery_ids))
    _require_words(decision, by, reason, reference, number=len(ids))
    with audit.transaction(database, project_id) as session:
        _require_doubts(session, project_id, ids)
        mover = Mover(project_id, by, database.now(session))
        if decision is Decision.IS_NOT_THERE:
            _require_quiet(session, ids, mover.at)
        moved = _move(session, mover, ids, decision, reason, reference)
        audit.record(
            session, audit.Event.DOUBT_DECIDED, project_id=project_id, actor=by,
            decision=decision.value, reason=reason, reference=reference, deliveries=moved,
        )  # fmt: skip
    return moved


def with_a_run(session: Session, project_id: str) -> tuple[int, datetime | None]:
    """How many deliveries a run holds, or held when it stopped, and until when at the latest."""
    held = select(func.count(), func.max(Delivery.lease_until)).where(
        Delivery.project_id == project_id,
        Delivery.state.in_([State.CLAIMED.value, State.SENDING.value]),
    )
    number, until = session.execute(held).one()
    return number, until


def undecided(session: Session, project_id: str) -> set[int]:
    """The deliveries of which a person can decide."""
    doubts = select(Delivery.id).where(
        Delivery.project_id == project_id, Delivery.state == State.UNKNOWN.value
    )
    return set(session.scalars(doubts))


def called_off(
    session: Session, project_id: str, delivery_ids: Collection[int]
) -> Mapping[str, int]:
    """How many of `delivery_ids` belong to an item that was cancelled, by its key."""
    query = (
        select(Item.key, Delivery.id)
        .join(Delivery, Delivery.item_id == Item.id)
        .where(Item.project_id == project_id, Item.cancelled_at.is_not(None))
        .order_by(Item.key)
    )
    wanted = set(delivery_ids)
    return Counter(key for key, each in session.execute(query).tuples() if each in wanted)


def _in_doubt(now: datetime) -> ColumnElement[bool]:
    return or_(
        Delivery.state == State.UNKNOWN.value,
        and_(Delivery.state == State.SENDING.value, Delivery.lease_until < now),
        and_(Delivery.state == State.PENDING.value, Delivery.ambiguous),
    )


def _doubt(
    row: Delivery,
    item: Item,
    recipient: str,
    attempts: tuple[Transmission, ...],
    readings: tuple[Answer, ...],
) -> Doubt:
    standing = {
        State.UNKNOWN: Standing.OPEN,
        State.SENDING: Standing.UNRECORDED,
        State.PENDING: Standing.REPEATS,
    }[State(row.state)]
    return Doubt(
        row.id, item.key, item.title, item.channel, recipient, row.token, standing,
        LAPSED if standing is Standing.UNRECORDED else row.reason, row.since, row.fence,
        row.attempts - row.uncounted, attempts, readings,
    )  # fmt: skip


def _require_project(session: Session, project_id: str) -> None:
    if session.get(Project, project_id) is None:
        raise NoSuchProject(project_id)


def _require_words(
    decision: Decision, by: str, reason: str, reference: str, *, number: int
) -> None:
    if not by:
        raise FixInput("A decision needs a name", next_step="Give it with --by NAME.")
    if not reason:
        raise FixInput("A decision needs a reason", next_step="Give it with --reason TEXT.")
    if reference and decision is not Decision.IS_THERE:
        raise FixInput("Only what is there has a reference")
    if reference and number > 1:
        raise FixInput(
            f"One reference can't be that of {number:,} deliveries; nothing was changed",
            next_step="Decide one delivery at a time, or leave out --reference.",
        )
    if len(reference) > _LONGEST_REFERENCE:
        raise FixInput(f"The reference is longer than {_LONGEST_REFERENCE} characters")


def _require_doubts(session: Session, project_id: str, ids: Sequence[int]) -> None:
    _require_project(session, project_id)
    if others := sorted(set(ids) - undecided(session, project_id)):
        named = ", ".join(str(each) for each in others[:_NAMED])
        more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        raise FixInput(
            f"{project_id} has no doubt {named}{more} to be decided; nothing was changed",
            next_step=f"`aicmo doubts {project_id}` lists those there are; "
            f"`aicmo reconcile {project_id}` records those that a stopped worker left.",
        )


def _whole_minute(moment: datetime) -> datetime:
    """Rounded up, so that what is told to the minute holds from then on."""
    early = moment.replace(second=0, microsecond=0)
    return early if early == moment else early + timedelta(minutes=1)


def _require_quiet(session: Session, ids: Sequence[int], now: datetime) -> None:
    """A request that was cut off may still arrive: who looks too early sees nothing, truly."""
    fresh = select(func.max(Delivery.since)).where(Delivery.id.in_(ids))
    newest = session.scalars(fresh).one_or_none()
    if newest is not None and now < newest + SURE_AFTER:
        raise FixInput(
            "It is too early to say that it isn't there: a request that was cut off may still "
            "arrive; nothing was changed",
            next_step=f"Look again at {_whole_minute(newest + SURE_AFTER):%H:%M} UTC, then decide.",
        )


def _move(
    session: Session,
    mover: Mover,
    ids: Sequence[int],
    decision: Decision,
    reason: str,
    reference: str,
) -> list[int]:
    match decision:
        case Decision.IS_THERE:
            after, told = State.SENT, ""
            values = {"provider_ref": reference} if reference else {}
        case Decision.IS_NOT_THERE:
            after, told, values = State.PENDING, "a person says it isn't there", AS_NEW
        case Decision.GIVE_UP:
            # It stays ambiguous: a retry must never take it for something proven not sent.
            after, told, values = State.FAILED, f"given up: {reason}"[:_LONGEST_REASON], {}
    chunks = (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
    return [
        each
        for chunk in chunks
        for each in move(
            session, mover, chunk, State.UNKNOWN, after, reason=told,
            values={"lease_until": None, **values},
        )
    ]  # fmt: skip


AS_NEW: dict[str, Any] = {
    "ambiguous": False,
    "not_before": None,
    "repeatable_until": None,
    # The sender may have changed meanwhile; what is in doubt keeps the one it went out as.
    "account_id": select(_ITEM.c.account_id)
    .where(_ITEM.c.id == _DELIVERY.c.item_id)
    .scalar_subquery(),
}
"""What a delivery becomes once it is known not to be there: nothing earlier counts against it."""
