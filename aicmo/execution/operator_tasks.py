"""Posts that a person publishes, as no account is pinned; and the record that they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import SOCIAL, Channel
from aicmo.database import Database
from aicmo.errors import FixInput, TryLater
from aicmo.execution import guards
from aicmo.execution.doubts import require_project
from aicmo.execution.published import BY_HAND
from aicmo.execution.selection import named_items
from aicmo.execution.states import Mover, State, move
from aicmo.models import Account, Approval, Delivery, Item
from aicmo.posts.permalinks import Permalink, read_permalink

_STEPS_TO_HELD = {
    State.EXPIRED: ((State.EXPIRED, State.PENDING), (State.PENDING, State.HELD)),
    State.PENDING: ((State.PENDING, State.HELD),),
    State.HELD: (),
}
"""How a delivery that hasn't gone out comes to be a person's."""


@dataclass(frozen=True, slots=True)
class OperatorTask:
    """A post, or one part of a thread, that waits for a person.

    is_late: its time has passed. reason: what else stands in its way, such as `not approved`.
    """

    delivery_id: int
    item: str
    title: str
    channel: str
    part: int
    parts: int
    due_at: datetime
    timezone: str
    is_approved: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What a person posted; `was_approved` is False when nobody had said yes to it."""

    item: str
    channel: str
    part: int
    url: str
    was_approved: bool
    new: bool


def operator_tasks(
    session: Session, project_id: str, item_keys: Sequence[str] | None, *, now: datetime
) -> list[OperatorTask]:
    """The posts of the current plan that a person has to publish, by their time.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan.
    """
    items = {item.id: item for item in named_items(session, project_id, item_keys)}
    query = (
        select(Delivery)
        .join(Account, Account.id == Delivery.account_id)
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.item_id.in_(items),
            Delivery.in_plan,
            Delivery.state.in_([State.PENDING.value, State.HELD.value]),
            Delivery.ambiguous.is_(False),
            Item.channel.in_([each.value for each in SOCIAL]),
            Item.cancelled_at.is_(None),
            Account.identity == "",
        )
        .order_by(Item.send_at, Item.key, Delivery.part)
    )
    return [
        _task(session, delivery, items[delivery.item_id], now)
        for delivery in session.scalars(query).all()
    ]


def _task(session: Session, delivery: Delivery, item: Item, now: datetime) -> OperatorTask:
    return OperatorTask(
        delivery.id, item.key, item.title, item.channel, delivery.part, item.planned,
        item.send_at, item.timezone, _is_approved(session, item), item.send_at < now,
    )  # fmt: skip


def _is_approved(session: Session, item: Item) -> bool:
    given = select(Approval.id).where(
        Approval.item_id == item.id,
        Approval.fingerprint == item.fingerprint,
        Approval.revoked_at.is_(None),
    )
    return session.scalars(given.limit(1)).first() is not None


def record_done(
    database: Database, project_id: str, item_key: str, url: str, *, by: str, part: int = 1
) -> Done:
    """Records that a person has published a post, which is then never sent by anybody.

    What is approved isn't asked: that it is out is a fact. The audit log says whether it was.

    Args:
        database: where the ledger is.
        project_id: the project.
        item_key: the item; of a post on several networks, the one of this network.
        url: where the post can be seen; nothing is looked up.
        by: who says so.
        part: of a thread, from 1.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: there is no such post or part, the address isn't one of its network, it is in
            doubt or was called off, or it was recorded with another address.
        TryLater: a run is sending it.
    """
    if not by.strip():
        raise FixInput("A record needs a name", next_step="Give it with --by NAME.")
    with audit.transaction(database, project_id) as session:
        require_project(session, project_id)
        item = _one_post(session, project_id, item_key)
        link = read_permalink(Channel(item.channel), url)
        delivery = _part(session, item, part)
        was_approved = _is_approved(session, item)
        done = Done(item.key, item.channel, part, link.url, was_approved, new=True)
        if delivery.state == State.SENT:
            return _again(done, delivery)
        _require_free(project_id, item, delivery)
        _require_those_before(session, item, delivery)
        mover = Mover(project_id, by.strip(), database.now(session))
        _settle(session, mover, delivery, link)
        audit.record(
            session, audit.Event.DELIVERY_DONE, project_id=project_id, actor=mover.actor,
            delivery=delivery.id, item=item.key, part=part, url=link.url, approved=was_approved,
        )  # fmt: skip
    return done


def _one_post(session: Session, project_id: str, item_key: str) -> Item:
    items = named_items(session, project_id, [item_key])
    posts = [item for item in items if item.channel in SOCIAL]
    if not posts:
        raise FixInput(
            f"{item_key} is no post", next_step=f"`aicmo tasks {project_id}` lists them."
        )
    if len(posts) > 1:
        names = ", ".join(item.key for item in posts)
        raise FixInput(
            f"{item_key} goes to several networks", next_step=f"Name one of its items: {names}."
        )
    return posts[0]


def _part(session: Session, item: Item, part: int) -> Delivery:
    query = select(Delivery).where(Delivery.item_id == item.id, Delivery.part == part)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        raise FixInput(
            f"{item.key} has no part {part}", next_step="Leave --part out, or correct it."
        )
    return found


def _again(done: Done, delivery: Delivery) -> Done:
    if delivery.permalink != done.url:
        at = delivery.permalink or delivery.provider_ref or "an address that isn't known"
        raise FixInput(f"{done.item} is out already, at {at}; nothing was changed")
    return Done(done.item, done.channel, done.part, done.url, done.was_approved, new=False)


def _require_free(project_id: str, item: Item, delivery: Delivery) -> None:
    state = State(delivery.state)
    if state in (State.CLAIMED, State.SENDING):
        raise TryLater(
            f"A run is sending {item.key} at this moment", next_step="Look at it in a minute."
        )
    if state is State.UNKNOWN or delivery.ambiguous:
        raise FixInput(
            f"{item.key} is in doubt: a run may have posted it",
            next_step=f"Look at the account, then decide: `aicmo doubts {project_id}`.",
        )
    if state not in _STEPS_TO_HELD:
        raise FixInput(
            f"{item.key} is {state}, so it isn't to be posted",
            next_step=f"`aicmo retry {project_id} {item.key}` opens it again; then record it.",
        )


def _require_those_before(session: Session, item: Item, delivery: Delivery) -> None:
    before = select(Delivery.part).where(
        Delivery.item_id == item.id,
        Delivery.part < delivery.part,
        Delivery.state != State.SENT.value,
    )
    if missing := session.scalars(before.order_by(Delivery.part).limit(1)).first():
        raise FixInput(
            f"Part {missing} of {item.key} isn't recorded yet",
            next_step="Record the parts of a thread in their order.",
        )


def _settle(session: Session, mover: Mover, delivery: Delivery, link: Permalink) -> None:
    for before, after in _STEPS_TO_HELD[State(delivery.state)]:
        reason = guards.OPERATOR_TASK if after is State.HELD else ""
        move(session, mover, [delivery.id], before, after, reason=reason)
    values = {"permalink": link.url, "provider_ref": link.ref, "not_before": None}
    move(session, mover, [delivery.id], State.HELD, State.SENT, reason=BY_HAND, values=values)
