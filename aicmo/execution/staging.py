"""What posts need at their provider before they are armed: uploads, a container, a record's key.

Kept with the delivery before its intent, so that a repetition is of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixAccount
from aicmo.execution import guards
from aicmo.execution.arming import let_go
from aicmo.execution.claims import Claim
from aicmo.execution.composing import Composed
from aicmo.execution.putting_off import NOT_STAGED
from aicmo.execution.settling import let_account_wait, pause_account
from aicmo.execution.states import Mover, State
from aicmo.gateways.contract import Gateway, Outcome, OutcomeKind, Scope, Staged
from aicmo.models import Delivery
from aicmo.redaction import describe

_AGAIN_AFTER = timedelta(minutes=5)


def stage(
    database: Database, mover: Mover, gateway: Gateway, claim: Claim, composed: dict[int, Composed]
) -> dict[int, Composed]:
    """Puts up what the claimed posts need; what can't be put up goes back with its reason.

    Returns:
        Those that can be armed, with what was put up.

    Raises:
        FixAccount: the provider refuses the account, which is paused now.
    """
    ready = {each: one for each, one in composed.items() if not one.is_post}
    for delivery_id, post in composed.items():
        if delivery_id in ready:
            continue
        staged = _ask(gateway, delivery_id, post)
        if staged.values != post.staged:
            _keep(database, mover, claim, delivery_id, staged.values)
        if staged.objection is None:
            ready[delivery_id] = replace(post, staged=staged.values)
            continue
        _give_back(database, mover, claim, delivery_id, staged.objection)
        if staged.objection.kind is OutcomeKind.REFUSED_ACCOUNT:
            raise _refused(mover.project_id, gateway.channel, staged.objection)
    return ready


def _ask(gateway: Gateway, delivery_id: int, post: Composed) -> Staged:
    try:
        return gateway.stage(post.outgoing(delivery_id, 0.0))
    except Exception as error:  # noqa: BLE001  (nothing was armed: it can be tried again)
        return Staged(post.staged, Outcome(OutcomeKind.NOT_SENT, detail=describe(error)[:200]))


def _keep(
    database: Database, mover: Mover, claim: Claim, delivery_id: int, values: Mapping[str, object]
) -> None:
    with audit.transaction(database, mover.project_id) as session:
        held = (Delivery.id == delivery_id, Delivery.fence == claim.fence)
        claimed = Delivery.state == State.CLAIMED.value
        session.execute(update(Delivery).where(*held, claimed).values(staged=dict(values)))


def _give_back(
    database: Database, mover: Mover, claim: Claim, delivery_id: int, objection: Outcome
) -> None:
    with audit.transaction(database, mover.project_id) as session:
        delivery = session.get_one(Delivery, delivery_id)
        account_id, verdict = delivery.account_id, _verdict(objection, mover.at)
        if delivery.ambiguous and verdict.state:
            verdict = guards.REPEAT_LATER
        let_go(session, mover, claim.fence, {delivery_id: verdict})
        said = objection.detail or objection.code
        if objection.kind is OutcomeKind.REFUSED_ACCOUNT:
            pause_account(session, mover, account_id, said)
        elif objection.scope is not Scope.DELIVERY and objection.not_before:
            let_account_wait(session, mover, account_id, objection.not_before, said)


def _refused(project_id: str, channel: str, objection: Outcome) -> FixAccount:
    return FixAccount(
        f"The {channel} account is refused and paused: {objection.code} {objection.detail}".strip(),
        next_step=f"Put its log-in right, then `aicmo unpause {project_id} --channel {channel}` "
        "and run again.",
    )


def _verdict(objection: Outcome, now: datetime) -> guards.Verdict:
    said = " ".join(part for part in (objection.code, objection.detail) if part)
    reason = f"{NOT_STAGED}: {said}"[:180]
    if objection.kind is OutcomeKind.REFUSED_FOR_GOOD:
        return guards.Verdict(guards.HOLD, reason)
    return guards.Verdict(guards.WAIT, reason, objection.not_before or now + _AGAIN_AFTER)
