"""The one way to a transport: a durable intent, made while every guard says yes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import guards
from aicmo.execution.claims import Claim
from aicmo.execution.composing import Composed
from aicmo.execution.project import load_version
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Outgoing
from aicmo.models import Attempt, Delivery

SEND_DEADLINE_SECONDS = 120
"""From arming to the byte that commits: room for an SMTP dialogue."""
REQUEST_BOUND_SECONDS = 620
"""From that byte to the end: RFC 5321 §4.5.3.2.6 gives the answer to the final dot ten minutes."""
_MARGIN_SECONDS = 30
SENDING_LEASE = timedelta(seconds=SEND_DEADLINE_SECONDS + REQUEST_BOUND_SECONDS + _MARGIN_SECONDS)


@dataclass(frozen=True, slots=True)
class Armed:
    """Deliveries whose intent is committed, in the order they were claimed.

    plan_changed: a newer plan was imported since the bytes were composed, so nothing was armed.
    """

    fence: int
    outgoing: tuple[Outgoing, ...]
    plan_changed: bool = False


def arm(
    database: Database,
    mover: Mover,
    claim: Claim,
    composed: Mapping[int, Composed],
    channels_with_gateway: tuple[str, ...],
    plan_version: int,
) -> Armed:
    """Re-checks every guard and commits the intent; what is stopped goes back with its reason.

    Args:
        database: where the ledger is.
        mover: who arms.
        claim: the deliveries that this worker holds.
        composed: the bytes of each delivery that can be composed; the others aren't armed.
        channels_with_gateway: the channels that can be sent on.
        plan_version: the version that the bytes were composed from. An approval is compared with
            the current plan, so bytes of another version must never be armed under it.
    """
    # Taken before the transaction: a worker frozen in between finds its deadline passed.
    deadline = time.monotonic() + SEND_DEADLINE_SECONDS
    ready = [each for each in claim.delivery_ids if each in composed]
    with audit.transaction(database, mover.project_id) as session:
        if load_version(session, mover.project_id) != plan_version:
            _let_all_go(session, mover, claim)
            return Armed(claim.fence, (), plan_changed=True)
        verdicts = _verdicts(session, mover, ready, channels_with_gateway)
        _let_go(session, mover, claim.fence, verdicts)
        may_go = [each for each in ready if each in verdicts and verdicts[each].may_go]
        armed = _arm(session, database, mover, claim.fence, may_go) if may_go else []
        _write_attempts(session, mover, claim.fence, armed, composed)
    outgoing = [composed[each].outgoing(each, deadline) for each in ready if each in set(armed)]
    return Armed(claim.fence, tuple(outgoing))


def _let_all_go(session: Session, mover: Mover, claim: Claim) -> None:
    free = {"lease_until": None}
    move(
        session,
        mover,
        claim.delivery_ids,
        State.CLAIMED,
        State.PENDING,
        fence=claim.fence,
        values=free,
    )


def _verdicts(
    session: Session, mover: Mover, ids: list[int], channels: tuple[str, ...]
) -> dict[int, guards.Verdict]:
    query = guards.verdicts(channels, mover.at).where(Delivery.id.in_(ids))
    locked = query.with_for_update(of=Delivery)
    return {row[0]: guards.read_verdict(row[1]) for row in session.execute(locked)}


def _let_go(
    session: Session, mover: Mover, fence: int, verdicts: Mapping[int, guards.Verdict]
) -> None:
    for delivery_id, verdict in verdicts.items():
        if not verdict.may_go:
            let_go(session, mover, fence, delivery_id, verdict)


def let_go(
    session: Session, mover: Mover, fence: int, delivery_id: int, verdict: guards.Verdict
) -> None:
    """Gives a claimed delivery back to the queue, and stops it there if the verdict says so."""
    free = {"lease_until": None}
    back = move(
        session, mover, [delivery_id], State.CLAIMED, State.PENDING, fence=fence, values=free
    )
    if back and verdict.state:
        move(session, mover, back, State.PENDING, verdict.state, reason=verdict.reason)


def _arm(
    session: Session, database: Database, mover: Mover, fence: int, ids: list[int]
) -> list[int]:
    values = {
        "lease_until": database.now(session) + SENDING_LEASE,
        "attempts": Delivery.attempts + 1,
    }
    return move(session, mover, ids, State.CLAIMED, State.SENDING, fence=fence, values=values)


def _write_attempts(
    session: Session, mover: Mover, fence: int, armed: list[int], composed: Mapping[int, Composed]
) -> None:
    if not armed:
        return
    columns = select(Delivery.id, Delivery.account_id, Delivery.attempts)
    numbers = session.execute(columns.where(Delivery.id.in_(armed)))
    rows = [
        {
            "delivery_id": delivery_id,
            "account_id": account_id,
            "number": number,
            "fence": fence,
            "run_id": mover.run_id,
            "payload_sha256": hashlib.sha256(composed[delivery_id].payload).hexdigest(),
            "armed_at": mover.at,
        }
        for delivery_id, account_id, number in numbers
    ]
    session.execute(insert(Attempt), rows)
