"""What posts and changes need at their provider before they are armed: uploads, a look at a contact.

Kept with the delivery before its intent, so that a repetition is of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, exists, select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution import guards
from aicmo.execution.arming import let_go
from aicmo.execution.claims import Claim
from aicmo.execution.composing import Composed
from aicmo.execution.settling import let_account_wait, pause_account
from aicmo.execution.states import Mover, State
from aicmo.gateways.contract import Gateway, Outcome, OutcomeKind, Scope, Staged
from aicmo.models import Contact, Delivery
from aicmo.redaction import describe

_AGAIN_AFTER = timedelta(minutes=5)
_HELD = select(Delivery.id, Delivery.account_id, Delivery.ambiguous).where(
    Delivery.id.in_(bindparam("ids", expanding=True))
)


def stage(
    database: Database, mover: Mover, gateway: Gateway, claim: Claim, composed: dict[int, Composed]
) -> dict[int, Composed]:
    """Prepares what is claimed at the provider; what can't be prepared goes back with its reason.

    Returns:
        Those that can be armed, with what was prepared.

    Raises:
        FixAccount: the provider refuses the account, which is paused now.
        TryLater: it can't be reached, or has nothing for us now.
    """
    drafts = {each: one for each, one in composed.items() if one.is_staged}
    if not drafts:
        return composed
    found = _ask(gateway, drafts)
    _keep(database, mover, claim, {
        each: staged.values for each, staged in found.items()
        if staged.values != drafts[each].staged
    })  # fmt: skip
    objections = {each: one.objection for each, one in found.items() if one.objection}
    _give_back(database, mover, claim, gateway, objections)
    for objection in objections.values():
        if objection.ends_run:
            raise _stopped(mover.project_id, gateway.channel, objection)
    ready = {each: one for each, one in composed.items() if each not in drafts}
    for each, staged in found.items():
        if staged.objection is None:
            ready[each] = replace(drafts[each], staged=staged.values)
    return ready


def _ask(gateway: Gateway, drafts: Mapping[int, Composed]) -> dict[int, Staged]:
    try:
        return gateway.stage_batch([one.outgoing(each, 0.0) for each, one in drafts.items()])
    except Exception as error:  # noqa: BLE001  (nothing was armed: it can be tried again)
        objection = Outcome(OutcomeKind.NOT_SENT, detail=describe(error)[:200])
        return {each: Staged(one.staged, objection) for each, one in drafts.items()}


def _keep(
    database: Database, mover: Mover, claim: Claim, values: Mapping[int, Mapping[str, object]]
) -> None:
    if not values:
        return
    columns = cast("Table", Delivery.__table__).c
    mine = (columns.id == bindparam("held_id"), columns.fence == claim.fence)
    claimed = columns.state == State.CLAIMED.value
    # What the CRM had of somebody who was erased meanwhile isn't kept.
    erased = exists().where(Contact.id == columns.contact_id, Contact.removed)
    keeping = update(columns.id.table).where(*mine, claimed, ~erased)
    keeping = keeping.values(staged=bindparam("new_staged"))
    rows = [{"held_id": each, "new_staged": dict(one)} for each, one in values.items()]
    with audit.transaction(database, mover.project_id) as session:
        session.connection().execute(keeping, rows)


def _give_back(
    database: Database, mover: Mover, claim: Claim, gateway: Gateway,
    objections: Mapping[int, Outcome],
) -> None:  # fmt: skip
    if not objections:
        return
    with audit.transaction(database, mover.project_id) as session:
        rows = session.execute(_HELD, {"ids": list(objections)}).tuples()
        known = {row[0]: (row[1], row[2]) for row in rows}
        verdicts: dict[int, guards.Verdict] = {}
        for each, objection in objections.items():
            verdict = _verdict(gateway, objection, mover.at)
            is_in_doubt = known[each][1] and verdict.state
            verdicts[each] = guards.REPEAT_LATER if is_in_doubt else verdict
        let_go(session, mover, claim.fence, verdicts)
        for each, objection in objections.items():
            _tell_account(session, mover, known[each][0], objection)


def _tell_account(session: Session, mover: Mover, account_id: int, objection: Outcome) -> None:
    said = objection.detail or objection.code
    if objection.kind is OutcomeKind.REFUSED_ACCOUNT:
        pause_account(session, mover, account_id, said)
    elif objection.scope is not Scope.DELIVERY and objection.not_before:
        let_account_wait(session, mover, account_id, objection.not_before, said)


def _stopped(project_id: str, channel: str, objection: Outcome) -> FixAccount | TryLater:
    said = f"{objection.code} {objection.detail}".strip()
    if objection.kind is not OutcomeKind.REFUSED_ACCOUNT:
        return TryLater(
            f"Sending on {channel} stopped: {said}",
            next_step="Run again later: nothing is lost or sent twice.",
        )
    return FixAccount(
        f"The {channel} account is refused and paused: {said}",
        next_step=f"Put its log-in right, then `aicmo unpause {project_id} --channel {channel}` "
        "and run again.",
    )


def _verdict(gateway: Gateway, objection: Outcome, now: datetime) -> guards.Verdict:
    said = " ".join(part for part in (objection.code, objection.detail) if part)
    reason = f"{gateway.not_staged}: {said}"[:180]
    if objection.kind is OutcomeKind.REFUSED_FOR_GOOD:
        return guards.Verdict(guards.HOLD, reason)
    return guards.Verdict(guards.WAIT, reason, objection.not_before or now + _AGAIN_AFTER)
