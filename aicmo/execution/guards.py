"""Why a delivery may not go out now: one SQL expression, used wherever the question is asked.

The preview explains with it, a run sorts with it, and arming re-checks it in the transaction that
commits the intent. Nothing reaches a transport around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from aicmo.channels import SOCIAL, Channel
from aicmo.execution import frequency
from aicmo.execution.contacts import ERASED
from aicmo.execution.courtesy import Courtesy, Shape
from aicmo.execution.states import State
from aicmo.models import (
    Account,
    Approval,
    Contact,
    Delivery,
    Installation,
    Item,
    Pause,
    Project,
    Suppression,
    UtcDateTime,
)
from aicmo.plans.sending import LATE_AFTER

HOLD, SKIP, EXPIRE, CANCEL, WAIT = "held", "skipped", "expired", "cancelled", "waiting"
DOUBT = "unknown"
PAUSED = "paused"
PLAN_CHANGED = "the plan was changed during the run"
RESTORED = "restored from a backup: it may have gone out already"
OPERATOR_TASK = "operator task: no account is pinned"
"""Nobody can post it for us: a person does, and `aicmo done` records it."""
NO_CRM = "no CRM is connected"
ALIKE = "the same text goes out on this account within 7 days"
_NOT_GOING = (State.FAILED, State.SKIPPED, State.CANCELLED, State.EXPIRED)
_ENDED = [state.value for state in _NOT_GOING]
_NOT_SENT = [state.value for state in State if state is not State.SENT]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of one delivery: nothing (`may_go`), or an action and its reason.

    not_before: when it may go again, of what waits for an hour that is known.
    """

    action: str
    reason: str
    not_before: datetime | None = None

    @property
    def may_go(self) -> bool:
        return not self.action

    @property
    def state(self) -> State | None:
        return State(self.action) if self.action not in ("", WAIT) else None


REPEAT_LATER = Verdict(WAIT, "it may have gone out, and can't be repeated now")
"""Of a doubt that a guard stops: it keeps waiting until it can be repeated, or no longer can."""

ERASED_BY_NOW = Verdict(SKIP, ERASED)
AFTER_ITS_PART = Verdict(WAIT, "goes out after the part before it")
AFTER_WHAT_IT_NOTES = Verdict(WAIT, "noted once it has gone out")
_DID_NOT_GO = "what it notes didn't go out to them"
_NOT_YET_GONE = (State.FAILED, State.CANCELLED)
"""Of what it notes: `aicmo retry` may still send it."""
_PART_DID_NOT_GO = Verdict(HOLD, "a part before it didn't go out")
_PART_IN_DOUBT = Verdict(HOLD, "a part before it is in doubt")


def of_thread(before: Iterable[str]) -> Verdict:
    """What the states of the parts before it say of a part of a thread; arming asks once more."""
    states = set(before) - {State.SENT.value}
    if states & set(_ENDED):
        return _PART_DID_NOT_GO
    if State.UNKNOWN.value in states:
        return _PART_IN_DOUBT
    return AFTER_ITS_PART if states else Verdict("", "")


@lru_cache(maxsize=256)
def read_verdict(text: str) -> Verdict:
    """The `Verdict` of what `verdict()` selected."""
    action, _, reason = text.partition(":")
    return Verdict(action, reason)


def verdicts(channels_with_gateway: Sequence[str], courtesy: Courtesy) -> Select[tuple[int, str]]:
    """Selects delivery id and verdict at `courtesy.now`; the caller adds its own WHERE."""
    query = _judging(tuple(channels_with_gateway), courtesy.shape)
    return query.params(**_values(courtesy))


@lru_cache
def verdicts_of_batch(
    channels_with_gateway: tuple[str, ...], shape: Shape
) -> Select[tuple[int, str]]:
    """`verdicts`, built once for the many batches of a run; `of_batch` gives its parameters."""
    query = _judging(channels_with_gateway, shape)
    return query.where(Delivery.id.in_(bindparam("ids", expanding=True)))


def of_batch(ids: Sequence[int], courtesy: Courtesy) -> dict[str, Any]:
    return {"ids": list(ids), **_values(courtesy)}


def _values(courtesy: Courtesy) -> dict[str, Any]:
    values: dict[str, Any] = {"now": courtesy.now, "late": courtesy.now - LATE_AFTER}
    for at, (zone, closed) in enumerate(courtesy.closed):
        values |= {f"zone_{at}": zone, f"closed_{at}": closed.reason}
    for at, often in enumerate(courtesy.often):
        values |= {f"since_{at}": often.since, f"most_{at}": often.most}
        values |= {f"often_{at}": often.reason}
    if courtesy.often:
        values["client"] = courtesy.client
    return values | ({"full": courtesy.cap} if courtesy.is_full else {})


_NOW, _LATE = bindparam("now", type_=UtcDateTime), bindparam("late", type_=UtcDateTime)


@lru_cache
def _judging(channels_with_gateway: tuple[str, ...], shape: Shape) -> Select[tuple[int, str]]:
    return (
        select(Delivery.id, _verdict(channels_with_gateway, shape))
        .join(Item, Item.id == Delivery.item_id)
        .join(Account, Account.id == Delivery.account_id)
        .outerjoin(Contact, Contact.id == Delivery.contact_id)
    )


def _verdict(channels_with_gateway: Sequence[str], shape: Shape) -> ColumnElement[str]:
    """What may have gone out already is never held, skipped or called off: it is repeated or in doubt."""
    objection = _objection(channels_with_gateway, shape)
    closed = func.coalesce(Delivery.repeatable_until, _NOW) <= _NOW
    return case(
        (Delivery.ambiguous.is_(False), objection),
        (closed, _say(DOUBT, "it may have gone out, and can't be repeated safely any more")),
        (objection == "", ""),
        else_=_say(WAIT, REPEAT_LATER.reason),
    )


def _objection(channels_with_gateway: Sequence[str], shape: Shape) -> ColumnElement[str]:
    return case(
        *_called_off(),
        (Item.send_until < _NOW, _say(EXPIRE, "its time window has closed")),
        *_recipient_guards(),
        (
            Item.channel.not_in(channels_with_gateway),
            literal(f"{HOLD}:no gateway for ").concat(Item.channel),
        ),
        (_paused(), _say(HOLD, PAUSED)),
        (alike(), _say(HOLD, ALIKE)),
        *_account_and_approval_guards(),
        (
            and_(Item.channel.in_([each.value for each in SOCIAL]), Account.identity == ""),
            _say(HOLD, OPERATOR_TASK),
        ),
        (and_(Item.channel == Channel.CRM.value, Account.identity == ""), _say(HOLD, NO_CRM)),
        *_thread_guards(),
        *_notes_guards(),
        (Item.send_at > _NOW, _say(WAIT, "not due yet")),
        (
            and_(Item.late == "hold", _late()),
            _say(HOLD, "late: approve it again to send it now"),
        ),
        (and_(Item.late == "drop", _late()), _say(EXPIRE, "late")),
        *_courtesy_guards(shape),
        (
            Account.not_before > _NOW,
            literal(f"{WAIT}:account waits: ").concat(Account.wait_reason),
        ),
        (
            and_(Delivery.part > 1, _before(_NOT_SENT)),
            _say(WAIT, AFTER_ITS_PART.reason),
        ),
        (
            and_(Item.follows != "", ~_noted([State.SENT])),
            _say(WAIT, AFTER_WHAT_IT_NOTES.reason),
        ),
        else_="",
    )


def last_words(plan_version: int) -> Select[tuple[int, str]]:
    """What may have changed since arming, asked of deliveries before their committing bytes.

    The caller adds its own WHERE. The clock isn't asked again: the send deadline bounds the time.

    Args:
        plan_version: the version that the bytes were composed from.
    """
    current = select(Project.plan_version).where(Project.id == Delivery.project_id)
    guards = (
        (_paused(), _say(HOLD, PAUSED)),
        (current.scalar_subquery() != plan_version, _say(HOLD, PLAN_CHANGED)),
        *_called_off(),
        *_recipient_guards(),
        *_account_and_approval_guards(),
    )
    return (
        select(Delivery.id, case(*guards, else_=""))
        .select_from(Delivery)
        .join(Item, Item.id == Delivery.item_id)
        .join(Account, Account.id == Delivery.account_id)
        .outerjoin(Contact, Contact.id == Delivery.contact_id)
    )


_Guards = list[tuple[ColumnElement[bool], ColumnElement[str] | str]]


def _called_off() -> _Guards:
    return [
        (Item.cancelled_at.is_not(None), _say(CANCEL, "cancelled")),
        (Delivery.in_plan.is_(False), _say(HOLD, "no longer in the plan")),
    ]


def _account_and_approval_guards() -> _Guards:
    return [
        (
            Account.paused_at.is_not(None),
            literal(f"{HOLD}:account paused: ").concat(Account.pause_reason),
        ),
        (_restored(), _say(HOLD, RESTORED)),
        (~_approved_ever(), _say(HOLD, "not approved")),
        (~_approved(), _say(HOLD, "changed since its approval")),
    ]


def _thread_guards() -> _Guards:
    """A thread stops where a part of it didn't go out, or may not have."""
    is_later, doubt = Delivery.part > 1, [State.UNKNOWN.value]
    return [
        (and_(is_later, _before(_ENDED)), _say(HOLD, _PART_DID_NOT_GO.reason)),
        (and_(is_later, _before(doubt)), _say(HOLD, _PART_IN_DOUBT.reason)),
    ]


def _notes_guards() -> _Guards:
    """What an activity notes has to have gone out: to this contact, or as a post."""
    follows, sent = Item.follows != "", _noted([State.SENT])
    gone = and_(follows, ~sent, or_(~_noted(State), _noted([State.SKIPPED, State.EXPIRED])))
    return [
        (gone, _say(SKIP, _DID_NOT_GO)),
        (and_(follows, ~sent, _noted(_NOT_YET_GONE)), _say(HOLD, _DID_NOT_GO)),
    ]


def _noted(states: Iterable[State]) -> ColumnElement[bool]:
    """The delivery that it notes is in one of these states; of a thread, its first part."""
    noted, theirs = aliased(Item), aliased(Delivery)
    return exists().where(
        noted.project_id == Item.project_id,
        noted.key == Item.follows,
        theirs.item_id == noted.id,
        theirs.part == 1,
        or_(theirs.contact_id.is_(None), theirs.contact_id == Delivery.contact_id),
        theirs.state.in_([state.value for state in states]),
    )


def _before(states: Sequence[str]) -> ColumnElement[bool]:
    """A part before it is in one of these states."""
    before = aliased(Delivery)
    return exists().where(
        before.item_id == Delivery.item_id, before.part < Delivery.part, before.state.in_(states)
    )


def alike() -> ColumnElement[bool]:
    """An earlier post of the account has the same text, and went out or still will; in any project.

    Networks refuse it, and a post in doubt could be mistaken for the other one.
    """
    other, theirs = aliased(Item), aliased(Delivery)
    own, its_account = aliased(Account), aliased(Account)
    came_before = or_(
        other.send_at < Item.send_at, and_(other.send_at == Item.send_at, other.id < Item.id)
    )
    went_out = and_(theirs.state == State.SENT.value, theirs.since >= Item.alike_since)
    planned = and_(theirs.state.not_in(_ENDED), came_before, other.send_at >= Item.alike_since)
    return and_(
        Item.text_sha256 != "",
        exists().where(
            other.text_sha256 == Item.text_sha256,
            other.id != Item.id,
            own.id == Item.account_id,
            its_account.id == other.account_id,
            is_same_account(own, its_account),
            theirs.item_id == other.id,
            or_(and_(theirs.in_plan, planned), went_out),
        ),
    )


def is_same_account(one: type[Account], other: type[Account]) -> ColumnElement[bool]:
    """Two projects may post as one account: what goes out of either is on the same timeline."""
    is_one = and_(
        one.identity != "", other.identity == one.identity, other.channel == one.channel,
        other.server == one.server,
    )  # fmt: skip
    return or_(other.id == one.id, is_one)


def _say(action: str, reason: str) -> str:
    return f"{action}:{reason}"


def _recipient_guards() -> _Guards:
    client = select(Project.client).where(Project.id == Delivery.project_id).correlate(Delivery)
    suppressed = (
        select(Suppression.reason)
        .where(
            Suppression.address_hmac == Contact.address_hmac,
            or_(Suppression.client == "", Suppression.client == client.scalar_subquery()),
        )
        .limit(1)
        .scalar_subquery()
    )
    to_mailbox, to_crm = Item.channel == "email", Item.channel == Channel.CRM.value
    return [
        # Who was removed by a document is no longer in the plan, as was said before.
        (and_(to_crm, Contact.removed), _say(SKIP, ERASED)),
        (
            and_(to_mailbox, Contact.mailbox == ""),
            _say(HOLD, "no email address"),
        ),
        (
            and_(to_mailbox, suppressed.is_not(None)),
            literal(f"{SKIP}:").concat(suppressed),
        ),
        (and_(to_mailbox, Contact.hard_bounced), _say(SKIP, "hard bounced")),
        (and_(to_mailbox, Contact.consent == "unsubscribed"), _say(SKIP, "unsubscribed")),
        (and_(to_mailbox, Contact.consent != "opt_in"), _say(HOLD, "no consent")),
    ]


def _paused() -> ColumnElement[bool]:
    return exists().where(
        or_(Pause.project_id == "", Pause.project_id == Delivery.project_id),
        or_(Pause.channel == "", Pause.channel == Item.channel),
    )


def _restored() -> ColumnElement[bool]:
    """It was due when a restored database was first used, and nobody has released it since."""
    disarmed = select(Installation.disarmed_at).limit(1).scalar_subquery()
    return and_(
        or_(disarmed >= Item.send_at, Item.held_since.is_not(None)),
        or_(Item.released_at.is_(None), Item.released_at < disarmed),
    )


def _approved_ever() -> ColumnElement[bool]:
    given = aliased(Approval)
    return exists().where(given.item_id == Item.id, given.revoked_at.is_(None))


def _approved(since: ColumnElement[datetime] | None = None) -> ColumnElement[bool]:
    given = aliased(Approval)
    matches = [
        given.item_id == Item.id,
        given.revoked_at.is_(None),
        given.fingerprint == Item.fingerprint,
        given.identity == Account.identity,
    ]
    if since is not None:
        matches.append(given.approved_at >= since)
    return exists().where(*matches)


def _late() -> ColumnElement[bool]:
    return and_(Item.send_at < _LATE, ~_approved(since=_LATE))


def _courtesy_guards(shape: Shape) -> _Guards:
    """Hours by the recipient's clocks, caps, and what the person got lately; of email alone."""
    to_mailbox = Item.channel == "email"
    guards: _Guards = []
    if shape.closed:
        zones = [_text("zone", at) for at in range(shape.closed)]
        told = {zone: _text("closed", at) for at, zone in enumerate(zones)}
        where = case(*((Contact.timezone == zone, text) for zone, text in told.items()))
        guards += [
            (and_(to_mailbox, Contact.timezone.in_(zones)), literal(f"{WAIT}:").concat(where))
        ]
    if shape.is_full:
        guards += [(to_mailbox, literal(f"{WAIT}:").concat(bindparam("full", type_=String)))]
    for at in range(shape.frequencies):
        since = bindparam(f"since_{at}", type_=UtcDateTime)
        had = frequency.had_since(since, bindparam("client", type_=String))
        enough = had >= bindparam(f"most_{at}", type_=Integer)
        guards += [(and_(to_mailbox, enough), literal(f"{WAIT}:").concat(_text("often", at)))]
    return guards


def _text(name: str, at: int) -> ColumnElement[str]:
    return bindparam(f"{name}_{at}", type_=String)
