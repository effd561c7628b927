"""Why a delivery may not go out now: one SQL expression, used wherever the question is asked.

The preview explains with it, a run sorts with it, and arming re-checks it in the transaction that
commits the intent. Nothing reaches a transport around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, exists, literal, or_, select
from sqlalchemy.orm import aliased

from aicmo.execution.states import State
from aicmo.models import Account, Approval, Contact, Delivery, Item, Pause, Suppression

LATE_AFTER = timedelta(hours=24)
"""An item is held when neither its time nor its approval lies within this span."""

HOLD, SKIP, EXPIRE, WAIT = "held", "skipped", "expired", "waiting"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of one delivery: nothing (`may_go`), or an action and its reason."""

    action: str
    reason: str

    @property
    def may_go(self) -> bool:
        return not self.action

    @property
    def state(self) -> State | None:
        return State(self.action) if self.action not in ("", WAIT) else None


def read_verdict(text: str) -> Verdict:
    """The `Verdict` of what `verdict()` selected."""
    action, _, reason = text.partition(":")
    return Verdict(action, reason)


def verdicts(channels_with_gateway: Sequence[str], now: datetime) -> Select[tuple[int, str]]:
    """Selects delivery id and verdict; the caller adds its own WHERE on `Delivery` and `Item`."""
    return (
        select(Delivery.id, _verdict(channels_with_gateway, now))
        .join(Item, Item.id == Delivery.item_id)
        .join(Account, Account.id == Delivery.account_id)
        .outerjoin(Contact, Contact.id == Delivery.contact_id)
    )


def _verdict(channels_with_gateway: Sequence[str], now: datetime) -> ColumnElement[str]:
    return case(
        (Delivery.in_plan.is_(False), _say(HOLD, "no longer in the plan")),
        (Item.send_until < now, _say(EXPIRE, "its time window has closed")),
        *_recipient_guards(),
        (
            Item.channel.not_in(channels_with_gateway),
            literal(f"{HOLD}:no gateway for ").concat(Item.channel),
        ),
        (_paused(), _say(HOLD, "paused")),
        (
            Account.paused_at.is_not(None),
            literal(f"{HOLD}:account paused: ").concat(Account.pause_reason),
        ),
        (~_approved_ever(), _say(HOLD, "not approved")),
        (~_approved(), _say(HOLD, "changed since its approval")),
        (Item.send_at > now, _say(WAIT, "not due yet")),
        (_late(now), _say(HOLD, "late: approve it again to send it now")),
        else_="",
    )


def _say(action: str, reason: str) -> str:
    return f"{action}:{reason}"


def _recipient_guards() -> list[tuple[ColumnElement[bool], ColumnElement[str] | str]]:
    suppressed = (
        select(Suppression.reason)
        .where(
            Suppression.address_hmac == Contact.address_hmac,
            or_(Suppression.project_id == "", Suppression.project_id == Delivery.project_id),
        )
        .limit(1)
        .scalar_subquery()
    )
    to_mailbox = Item.channel == "email"
    return [
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


def _approved_ever() -> ColumnElement[bool]:
    given = aliased(Approval)
    return exists().where(given.item_id == Item.id, given.revoked_at.is_(None))


def _approved(since: datetime | None = None) -> ColumnElement[bool]:
    given = aliased(Approval)
    matches = [
        given.item_id == Item.id,
        given.revoked_at.is_(None),
        given.fingerprint == Item.fingerprint,
    ]
    if since is not None:
        matches.append(given.approved_at >= since)
    return exists().where(*matches)


def _late(now: datetime) -> ColumnElement[bool]:
    limit = now - LATE_AFTER
    return and_(Item.send_at < limit, ~_approved(since=limit))
