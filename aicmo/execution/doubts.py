"""Deliveries that may have gone out, and the evidence about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from aicmo.errors import NoSuchProject
from aicmo.execution.evidence import Answer, Transmission, answers, transmissions
from aicmo.execution.states import LAPSED, State
from aicmo.gateways.contract import OutcomeKind
from aicmo.models import Contact, Delivery, Item, Project

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
        return whole_minute(self.since + SURE_AFTER)

    @property
    def _open_attempts(self) -> list[Transmission]:
        return [each for each in self.attempts if each.outcome in _PROVES_NOTHING]


def list_doubts(session: Session, project_id: str, *, now: datetime) -> list[Doubt]:
    """Everything in doubt, in the order of the plan.

    Raises:
        NoSuchProject: there is no such project.
    """
    require_project(session, project_id)
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


def require_project(session: Session, project_id: str) -> None:
    """Raises NoSuchProject unless there is such a project."""
    if session.get(Project, project_id) is None:
        raise NoSuchProject(project_id)


def whole_minute(moment: datetime) -> datetime:
    """Rounded up, so that what is told to the minute holds from then on."""
    early = moment.replace(second=0, microsecond=0)
    return early if early == moment else early + timedelta(minutes=1)
