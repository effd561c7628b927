"""What answers do to deliveries: all of a batch in one transaction, under the claim's fence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import attempts
from aicmo.execution.contacts import suppress
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.models import Account, Attempt, Contact, Delivery, Project

MAX_ATTEMPTS = 5
FIRST_BACKOFF = timedelta(minutes=5)
LONGEST_BACKOFF = timedelta(hours=4)
REPEAT_AFTER = timedelta(minutes=1)
"""A repeat-safe delivery without an answer is repeated with its token after this, unless its gateway
says when."""

_DELIVERY = cast("Table", Delivery.__table__)
_ATTEMPT = cast("Table", Attempt.__table__)
_ANSWERED = select(
    _DELIVERY.c.id, _DELIVERY.c.account_id, _DELIVERY.c.contact_id, _DELIVERY.c.ambiguous,
    _DELIVERY.c.attempts - _DELIVERY.c.uncounted, _DELIVERY.c.repeatable_until,
).where(_DELIVERY.c.id.in_(bindparam("ids", expanding=True)))  # fmt: skip
_REFERENCE = (
    select(_ATTEMPT.c.provider_ref)
    .where(_ATTEMPT.c.delivery_id == _DELIVERY.c.id, _ATTEMPT.c.fence == _DELIVERY.c.fence)
    .scalar_subquery()
)
_PERMALINK = (
    select(_ATTEMPT.c.permalink)
    .where(_ATTEMPT.c.delivery_id == _DELIVERY.c.id, _ATTEMPT.c.fence == _DELIVERY.c.fence)
    .scalar_subquery()
)
_ONE_MORE_UNCOUNTED = _DELIVERY.c.uncounted + 1
_COMES_AGAIN = (OutcomeKind.NOT_SENT, OutcomeKind.REFUSED_FOR_NOW)


@dataclass(frozen=True, slots=True)
class _Next:
    state: State
    reason: str = ""
    ambiguous: bool = False
    not_before: datetime | None = None
    is_uncounted: bool = False


def settle(
    database: Database, mover: Mover, fence: int, answers: Mapping[int, Outcome]
) -> dict[int, State]:
    """Records the answers to deliveries that were armed under `fence`.

    Returns:
        The new state of each; one is missing if its claim was lost and the answer came too late to
        move it (a late *sent* still closes a doubt).
    """
    if not answers:
        return {}
    with audit.transaction(database, mover.project_id) as session:
        deliveries = _deliveries(session, answers)
        attempts.complete(session, fence, answers, mover.at)
        moved = _move_all(session, mover, fence, _sorted_by_next(deliveries, answers, mover.at))
        for delivery in _with_consequences(session, fence, deliveries, answers):
            _consequences(session, mover, delivery, answers[delivery.id])
    return moved


@dataclass(frozen=True, slots=True)
class _Delivery:
    id: int
    account_id: int
    contact_id: int | None
    ambiguous: bool
    tries: int
    repeatable_until: datetime | None


def _deliveries(session: Session, answers: Mapping[int, Outcome]) -> list[_Delivery]:
    rows = session.connection().execute(_ANSWERED, {"ids": list(answers)}).all()
    return [_Delivery(*row) for row in rows]


def _sorted_by_next(
    deliveries: Iterable[_Delivery], answers: Mapping[int, Outcome], now: datetime
) -> dict[_Next, list[int]]:
    by_next: dict[_Next, list[int]] = {}
    for delivery in deliveries:
        following = _next(delivery, answers[delivery.id], now)
        by_next.setdefault(following, []).append(delivery.id)
    return by_next


def _next(delivery: _Delivery, outcome: Outcome, now: datetime) -> _Next:
    reason = " ".join(part for part in (outcome.code, outcome.detail) if part)[:200]
    beyond = outcome.kind in _COMES_AGAIN and outcome.scope is not Scope.DELIVERY
    if beyond or outcome.kind is OutcomeKind.REFUSED_ACCOUNT:
        return _Next(State.PENDING, reason, delivery.ambiguous, is_uncounted=True)
    match outcome.kind:
        case OutcomeKind.SENT:
            return _Next(State.SENT, outcome.detail[:200])  # such as a text that was cut off
        case OutcomeKind.REFUSED_FOR_GOOD:
            return _final(delivery, reason)
        case OutcomeKind.DUPLICATE | OutcomeKind.UNKNOWN:
            return _doubt(delivery, outcome, reason or "no answer", now)
        case _:
            return _again(delivery, outcome, reason, now)


def _doubt(delivery: _Delivery, outcome: Outcome, reason: str, now: datetime) -> _Next:
    if outcome.kind is OutcomeKind.DUPLICATE:
        # That it is there, and as what, is an answer to an earlier doubt only.
        is_answer = delivery.ambiguous and outcome.ref
        return _Next(State.SENT) if is_answer else _Next(State.UNKNOWN, reason, ambiguous=True)
    if may_repeat(delivery.repeatable_until, delivery.tries, now):
        again_at = outcome.not_before or now + REPEAT_AFTER
        return _Next(State.PENDING, reason, ambiguous=True, not_before=again_at)
    return _Next(State.UNKNOWN, reason, ambiguous=True)


def may_repeat(repeatable_until: datetime | None, tries: int, now: datetime) -> bool:
    """Whether a delivery in doubt can be repeated with its token, to one effect."""
    return repeatable_until is not None and now < repeatable_until and tries < MAX_ATTEMPTS


def _again(delivery: _Delivery, outcome: Outcome, reason: str, now: datetime) -> _Next:
    tries = delivery.tries
    if tries >= MAX_ATTEMPTS:
        return _final(delivery, f"{reason} (attempt {tries} of {MAX_ATTEMPTS})")
    backoff = min(FIRST_BACKOFF * 2 ** (tries - 1), LONGEST_BACKOFF)
    return _Next(State.PENDING, reason, delivery.ambiguous, outcome.not_before or now + backoff)


def _final(delivery: _Delivery, reason: str) -> _Next:
    # A refusal now says nothing about an earlier attempt that may have gone out.
    if delivery.ambiguous:
        return _Next(State.UNKNOWN, reason, ambiguous=True)
    return _Next(State.FAILED, reason)


def _move_all(
    session: Session, mover: Mover, fence: int, by_next: Mapping[_Next, Sequence[int]]
) -> dict[int, State]:
    moved: dict[int, State] = {}
    for following, ids in by_next.items():
        for each in _move(session, mover, fence, following, ids):
            moved[each] = following.state
    return moved


def _move(
    session: Session, mover: Mover, fence: int, following: _Next, ids: Sequence[int]
) -> list[int]:
    values: dict[str, Any] = {
        "lease_until": None,
        "not_before": following.not_before,
        "ambiguous": following.ambiguous,
        "provider_ref": _REFERENCE,
        "permalink": _PERMALINK,
    }
    if following.is_uncounted:
        values["uncounted"] = _ONE_MORE_UNCOUNTED
    moved = move(
        session, mover, ids, State.SENDING, following.state,
        reason=following.reason, fence=fence, values=values,
    )  # fmt: skip
    if following.state is State.SENT and len(moved) < len(ids):
        # A late answer may close a doubt as sent; it never re-opens anything.
        moved += move(
            session, mover, ids, State.UNKNOWN, State.SENT, fence=fence, values=values
        )  # fmt: skip
    return moved


def _with_consequences(
    session: Session,
    fence: int,
    deliveries: Iterable[_Delivery],
    answers: Mapping[int, Outcome],
) -> list[_Delivery]:
    """Those whose answer says something about the account or the address, and is theirs."""
    telling = {
        each.id: each
        for each in deliveries
        if answers[each.id].kind is OutcomeKind.REFUSED_ACCOUNT
        or answers[each.id].suppress
        or answers[each.id].not_before
    }
    if not telling:
        return []
    theirs = select(Attempt.delivery_id).where(
        Attempt.delivery_id.in_(telling), Attempt.fence == fence
    )
    return [telling[each] for each in session.scalars(theirs)]


def _consequences(session: Session, mover: Mover, delivery: _Delivery, outcome: Outcome) -> None:
    if outcome.kind is OutcomeKind.REFUSED_ACCOUNT:
        pause_account(session, mover, delivery.account_id, outcome.code or "refused")
    elif outcome.scope is not Scope.DELIVERY and outcome.not_before:
        let_account_wait(
            session, mover, delivery.account_id, outcome.not_before, outcome.detail or outcome.code
        )
    if outcome.suppress and delivery.contact_id is not None:
        client, hmac = session.execute(
            select(Project.client, Contact.address_hmac)
            .join(Contact, Contact.project_id == Project.id)
            .where(Contact.id == delivery.contact_id)
        ).one()
        if suppress(session, client, hmac, "hard bounced", mover.at):
            audit.record(
                session, audit.Event.ADDRESS_SUPPRESSED, project_id=mover.project_id,
                actor=mover.actor, delivery=delivery.id, reason=outcome.code,
            )  # fmt: skip


def pause_account(session: Session, mover: Mover, account_id: int, reason: str) -> None:
    """Nothing more goes out on the account until a person puts it right."""
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


def let_account_wait(
    session: Session, mover: Mover, account_id: int, until: datetime, reason: str
) -> None:
    """Nothing more goes out on the account before `until`, whichever worker asks."""
    waits = session.scalars(
        update(Account)
        .where(
            Account.id == account_id, or_(Account.not_before.is_(None), Account.not_before < until)
        )
        .values(not_before=until, wait_reason=reason[:200])
        .returning(Account.id)
    ).all()
    if waits:
        audit.record(
            session, audit.Event.ACCOUNT_WAITS, project_id=mover.project_id, actor=mover.actor,
            account=account_id, until=until.isoformat(), reason=reason[:200],
        )  # fmt: skip
