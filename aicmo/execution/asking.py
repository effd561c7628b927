"""Asking a provider about one doubt, and what its answer proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.deciding import AS_NEW
from aicmo.execution.doubts import Doubt
from aicmo.execution.guards import is_same_account
from aicmo.execution.settling import MAX_ATTEMPTS
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Found, Gateway, Question, Reading, RepeatClass
from aicmo.models import Account, Attempt, Delivery
from aicmo.models import Reading as ReadingRow

SECOND_LOOK = timedelta(minutes=5)
"""How long after a first "absent" a second one counts.

The quiet period covers the provider's lag. The second look covers a wrong answer: a cache or an
index that was down for a moment must have had time to come back. Where a provider is trusted after
a shorter quiet period, its reads are consistent, and that period is enough.
"""
_LONGEST = 500


class Fate(StrEnum):
    """What became of one doubt."""

    PRESENT = "present"
    """It is there, and counts as sent."""
    ABSENT = "absent"
    """It is proven not to be there, and waits again."""
    EXHAUSTED = "exhausted"
    """It is proven not to be there, and had its last attempt: it failed."""
    CLOSED = "closed"
    """Somebody else closed it while the provider was asked."""
    TOO_YOUNG = "too_young"
    """The provider wasn't asked yet."""
    ABSENT_ONCE = "absent_once"
    """It wasn't found, and is asked about once more."""
    CANNOT_TELL = "cannot_tell"
    """The provider didn't say."""


@dataclass(frozen=True, slots=True)
class Told:
    """again_at: the earliest time for another question; detail: why the provider can't tell."""

    fate: Fate
    detail: str = ""
    again_at: datetime | None = None


def can_be_asked(gateway: Gateway) -> bool:
    """Whether its answers prove anything; one that keeps the contract's default gives none."""
    has_answers = type(gateway).reconcile is not Gateway.reconcile
    return has_answers and gateway.repeat_class is not RepeatClass.BLIND


def ask(database: Database, project_id: str, gateway: Gateway, doubt: Doubt, *, by: str) -> Told:
    """Asks about a doubt once it is old enough, keeps the answer, and does what it proves.

    No transaction is open while the provider is asked, so the doubt may be closed meanwhile.
    """
    with database.read() as session:
        asked_at = database.now(session)
    quiet = timedelta(seconds=gateway.timing.quiet)
    trusted_from = doubt.since + quiet
    if asked_at < trusted_from:
        return Told(Fate.TOO_YOUNG, again_at=trusted_from)
    with database.read() as session:
        question = _question(session, doubt)
    reading = _read(gateway, question)
    proof = _Proof(Told(Fate.CANNOT_TELL, reading.detail))
    if reading.found is Found.PRESENT:
        proof = _Proof(Told(Fate.PRESENT), State.SENT, values=_where(reading))
    elif reading.found is Found.ABSENT:
        proof = _proof_of_absence(doubt, asked_at, trusted_from, min(SECOND_LOOK, quiet))
    elif _is_known(doubt, reading):
        return proof.told
    mover = Mover(project_id, by, asked_at)
    return _record(database, mover, doubt, reading, proof)


def _where(reading: Reading) -> Mapping[str, str]:
    return {"provider_ref": reading.ref, "permalink": reading.permalink}


def _question(session: Session, doubt: Doubt) -> Question:
    delivery = session.get_one(Delivery, doubt.delivery_id)
    last = select(Attempt.payload).where(Attempt.delivery_id == delivery.id)
    payload = session.scalars(last.order_by(Attempt.number.desc()).limit(1)).one_or_none() or ""
    own, its_account = aliased(Account), aliased(Account)
    others = select(Delivery.provider_ref).where(
        Delivery.id != delivery.id,
        Delivery.provider_ref != "",
        own.id == delivery.account_id,
        its_account.id == Delivery.account_id,
        is_same_account(own, its_account),
    )
    taken = frozenset(session.scalars(others)) if payload else frozenset[str]()
    return Question(
        doubt.delivery_id, doubt.token, doubt.recipient, doubt.began_at,
        payload.encode(), delivery.staged, taken,
    )  # fmt: skip


def _read(gateway: Gateway, question: Question) -> Reading:
    """The provider's answer; whatever goes wrong is no answer."""
    try:
        reading = gateway.reconcile(question)
        return Reading(
            Found(reading.found), reading.ref[:_LONGEST], reading.detail[:_LONGEST],
            reading.permalink[:_LONGEST],
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001  (one bad answer must not stop the others)
        return Reading(Found.CANNOT_TELL, detail=type(error).__name__)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What an answer proves: a move, or nothing."""

    told: Told
    after: State | None = None
    reason: str = ""
    values: Mapping[str, Any] | None = None


def _proof_of_absence(
    doubt: Doubt, asked_at: datetime, trusted_from: datetime, second_look: timedelta
) -> _Proof:
    # Answers before this time are about a doubt that the delivery had earlier.
    before = (
        each.read_at
        for each in doubt.readings
        if each.found == Found.ABSENT and each.read_at >= trusted_from
    )
    again_at = min(before, default=asked_at) + second_look
    if asked_at < again_at:
        return _Proof(Told(Fate.ABSENT_ONCE, again_at=again_at))
    if doubt.tries < MAX_ATTEMPTS:
        return _Proof(Told(Fate.ABSENT), State.PENDING, "proven absent", AS_NEW)
    reason = f"proven absent (attempt {doubt.tries} of {MAX_ATTEMPTS})"
    return _Proof(Told(Fate.EXHAUSTED), State.FAILED, reason, AS_NEW)


def _is_known(doubt: Doubt, reading: Reading) -> bool:
    last = doubt.readings[-1] if doubt.readings else None
    return last is not None and (last.found, last.detail) == (reading.found, reading.detail)


def _record(
    database: Database, mover: Mover, doubt: Doubt, reading: Reading, proof: _Proof
) -> Told:
    """Keeps the answer, and moves the doubt if it is still the one that was asked about."""
    with audit.transaction(database, mover.project_id) as session:
        session.add(
            ReadingRow(
                delivery_id=doubt.delivery_id, read_at=mover.at, found=reading.found.value,
                provider_ref=reading.ref, detail=reading.detail,
            )
        )  # fmt: skip
        audit.record(
            session, audit.Event.DOUBT_READ, project_id=mover.project_id, actor=mover.actor,
            delivery=doubt.delivery_id, found=reading.found.value,
        )  # fmt: skip
        if proof.after is None:
            return proof.told
        moved = move(
            session, mover, [doubt.delivery_id], State.UNKNOWN, proof.after,
            reason=proof.reason, fence=doubt.fence, values=proof.values,
        )  # fmt: skip
    return proof.told if moved else Told(Fate.CLOSED)
