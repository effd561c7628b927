"""Settles what killed workers of this machine left behind, from their journals."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import journal
from aicmo.execution.journal import LeftBehind
from aicmo.execution.settling import settle
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.models import Delivery, Run

_CUT_OFF = Outcome(OutcomeKind.UNKNOWN, detail="the worker stopped during the request")
_LOST = Outcome(OutcomeKind.UNKNOWN, detail="the worker's machine stopped; it may have been sent")
_NEVER_BEGUN = Outcome(
    OutcomeKind.NOT_SENT, detail="the worker stopped before the request", scope=Scope.BATCH
)


@dataclass
class Replayed:
    """What came of the journals: deliveries settled by their answers, in doubt, and free again."""

    answered: int = 0
    in_doubt: int = 0
    freed: int = 0


def replay(database: Database, *, by: str) -> Replayed:
    """Replays every journal of this machine whose worker is gone; harmless to repeat."""
    total = Replayed()
    with journal.abandoned(database.journal_folder) as claims:
        for left in claims:
            _replay_claim(database, by, left, total)
    return total


def _replay_claim(database: Database, by: str, left: LeftBehind, total: Replayed) -> None:
    mover, claimed, armed = _find(database, by, left)
    if mover is None:
        return
    answers = {each: left.answers.get(each) or _without_answer(left, each) for each in armed}
    # An answer to what isn't being sent any more still completes its attempt, or closes its doubt.
    settle(database, mover, left.fence, {**left.answers, **answers})
    with audit.transaction(database, mover.project_id) as session:
        free = {"lease_until": None}
        move(
            session, mover, claimed, State.CLAIMED, State.PENDING, fence=left.fence, values=free
        )  # fmt: skip
    total.answered += len(left.answers)
    total.in_doubt += sum(1 for each in answers.values() if each in (_CUT_OFF, _LOST))
    total.freed += len(claimed) + sum(1 for each in answers.values() if each is _NEVER_BEGUN)


def _without_answer(left: LeftBehind, delivery_id: int) -> Outcome:
    if delivery_id in left.begun:
        return _CUT_OFF
    return _NEVER_BEGUN if left.is_complete else _LOST


def _find(
    database: Database, by: str, left: LeftBehind
) -> tuple[Mover | None, list[int], list[int]]:
    """Who moves, and what of the claim is still claimed or being sent."""
    with database.read() as session:
        run = session.get(Run, left.run_id)
        if run is None:
            return None, [], []
        mover = Mover(run.project_id, by, database.now(session), run.id)
        mine = select(Delivery.id).where(
            Delivery.project_id == run.project_id, Delivery.fence == left.fence
        )
        claimed = session.scalars(mine.where(Delivery.state == State.CLAIMED.value)).all()
        armed = session.scalars(mine.where(Delivery.state == State.SENDING.value)).all()
    return mover, list(claimed), list(armed)
