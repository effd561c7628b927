"""What an outcome does to a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.contacts import suppress
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope
from aicmo.models import Account, Attempt, Contact, Delivery

MAX_ATTEMPTS = 5
FIRST_BACKOFF = timedelta(minutes=5)
LONGEST_BACKOFF = timedelta(hours=4)


_COMES_AGAIN = (OutcomeKind.NOT_SENT, OutcomeKind.REFUSED_FOR_NOW)


@dataclass(frozen=True, slots=True)
class _Next:
    state: State
    reason: str
    ambiguous: bool = False
    not_before: datetime | None = None
    is_uncounted: bool = False


def settle(
    database: Database, mover: Mover, fence: int, outgoing: Outgoing, outcome: Outcome
) -> State | None:
    """Records one answer under the claim's fence.

    Returns:
        The delivery's new state; None if the claim was lost and the answer came too late to move
        it (a late *sent* still closes a doubt).
    """
    with audit.transaction(database, mover.project_id) as session:
        delivery = session.get_one(Delivery, outgoing.delivery_id)
        following = _next(delivery, outcome, mover.at)
        _complete_attempt(session, delivery, fence, outcome, mover.at)
        moved = _move(session, mover, fence, delivery, outcome, following)
        _consequences(session, mover, delivery, outcome)
    return moved


def _next(delivery: Delivery, outcome: Outcome, now: datetime) -> _Next:
    reason = " ".join(part for part in (outcome.code, outcome.detail) if part)[:200]
    if outcome.kind in _COMES_AGAIN and outcome.scope is not Scope.DELIVERY:
        return _Next(State.PENDING, reason, delivery.ambiguous, None, is_uncounted=True)
    match outcome.kind:
        case OutcomeKind.SENT:
            return _Next(State.SENT, "")
        case OutcomeKind.REFUSED_ACCOUNT:
            return _Next(State.PENDING, reason, delivery.ambiguous, None, is_uncounted=True)
        case OutcomeKind.NOT_SENT | OutcomeKind.REFUSED_FOR_NOW:
            return _again(delivery, outcome, reason, now)
        case OutcomeKind.REFUSED_FOR_GOOD:
            return _final(delivery, reason)
        case OutcomeKind.DUPLICATE | OutcomeKind.UNKNOWN:
            return _Next(State.UNKNOWN, reason or "no answer", ambiguous=True)


def _again(delivery: Delivery, outcome: Outcome, reason: str, now: datetime) -> _Next:
    tries = delivery.attempts - delivery.uncounted
    if tries >= MAX_ATTEMPTS:
        return _final(delivery, f"{reason} (attempt {tries} of {MAX_ATTEMPTS})")
    backoff = min(FIRST_BACKOFF * 2 ** (tries - 1), LONGEST_BACKOFF)
    return _Next(State.PENDING, reason, delivery.ambiguous, outcome.not_before or now + backoff)


def _final(delivery: Delivery, reason: str) -> _Next:
    # A refusal now says nothing about an earlier attempt that may have gone out.
    if delivery.ambiguous:
        return _Next(State.UNKNOWN, reason, ambiguous=True)
    return _Next(State.FAILED, reason)


def _complete_attempt(
    session: Session, delivery: Delivery, fence: int, outcome: Outcome, now: datetime
) -> None:
    session.execute(
        update(Attempt)
        .where(Attempt.delivery_id == delivery.id, Attempt.fence == fence)
        .values(
            ended_at=now,
            outcome=outcome.kind.value,
            code=outcome.code[:64],
            detail=outcome.detail[:500],
            provider_ref=outcome.ref or "",
        )
    )


def _move(
    session: Session,
    mover: Mover,
    fence: int,
    delivery: Delivery,
    outcome: Outcome,
    following: _Next,
) -> State | None:
    values = {
        "lease_until": None,
        "not_before": following.not_before,
        "ambiguous": following.ambiguous,
        "provider_ref": outcome.ref or "",
        "uncounted": Delivery.uncounted + int(following.is_uncounted),
    }
    for before in _from_states(following.state):
        if move(
            session, mover, [delivery.id], before, following.state,
            reason=following.reason, fence=fence, values=values,
        ):  # fmt: skip
            return following.state
    return None


def _from_states(after: State) -> tuple[State, ...]:
    # A late answer may close a doubt as sent; it never re-opens anything.
    return (State.SENDING, State.UNKNOWN) if after is State.SENT else (State.SENDING,)


def _consequences(session: Session, mover: Mover, delivery: Delivery, outcome: Outcome) -> None:
    if outcome.kind is OutcomeKind.REFUSED_ACCOUNT:
        _pause_account(session, mover, delivery.account_id, outcome.code or "refused")
    if outcome.suppress and delivery.contact_id is not None:
        hmac = session.scalars(
            select(Contact.address_hmac).where(Contact.id == delivery.contact_id)
        ).one()
        if suppress(session, delivery.project_id, hmac, "hard bounced", mover.at):
            audit.record(
                session, audit.Event.ADDRESS_SUPPRESSED, project_id=delivery.project_id,
                actor=mover.actor, delivery=delivery.id, reason=outcome.code,
            )  # fmt: skip


def _pause_account(session: Session, mover: Mover, account_id: int, reason: str) -> None:
    paused = session.scalars(
        update(Account)
        .where(Account.id == account_id, Account.paused_at.is_(None))
        .values(paused_at=mover.at, pause_reason=reason[:200])
        .returning(Account.id)
    ).all()
    if paused:
        audit.record(
            session, audit.Event.ACCOUNT_PAUSED, project_id=mover.project_id, actor=mover.actor,
            account=account_id, reason=reason,
        )  # fmt: skip
