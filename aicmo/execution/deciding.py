"""What a person decides of a doubt, with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import SOCIAL, Channel
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution.doubts import SURE_AFTER, require_project, undecided, whole_minute
from aicmo.execution.states import ACCOUNT_OF_NOW, Mover, State, move
from aicmo.models import Delivery, Item
from aicmo.posts.permalinks import read_permalink

_CHUNK = 500
_NAMED = 10
_LONGEST_REASON, _LONGEST_REFERENCE = 200, 500
AS_NEW: dict[str, Any] = {
    "ambiguous": False,
    "not_before": None,
    "repeatable_until": None,
    "account_id": ACCOUNT_OF_NOW,
}
"""What a delivery becomes once it is known not to be there: nothing earlier counts against it."""


class Decision(StrEnum):
    """What a person says of a doubt."""

    IS_THERE = "is_there"
    """It went out: it counts as sent."""
    IS_NOT_THERE = "is_not_there"
    """It did not go out: it waits again, and goes out twice if that is wrong."""
    GIVE_UP = "give_up"
    """Nobody will know: it counts as failed and is never sent again."""


def decide(
    database: Database,
    project_id: str,
    delivery_ids: Sequence[int],
    decision: Decision,
    *,
    by: str,
    reason: str,
    reference: str = "",
) -> list[int]:
    """Moves doubts on as a person says, all of them or none.

    What is said not to be there waits again, under the guards and the approval that hold then.

    Args:
        database: where the ledger is.
        project_id: the project.
        delivery_ids: the doubts.
        decision: what the person says.
        by: the person.
        reason: how they know; kept in the audit log.
        reference: the provider's own, for what is there; of a post also its address.

    Returns:
        The ids that moved, in ascending order.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: one of the ids is no doubt of this project, the name or the reason is missing, or
            one reference is given for several.
    """
    by, reason, reference = by.strip(), reason.strip(), reference.strip()
    ids = sorted(set(delivery_ids))
    _require_words(decision, by, reason, reference, number=len(ids))
    with audit.transaction(database, project_id) as session:
        _require_doubts(session, project_id, ids)
        mover = Mover(project_id, by, database.now(session))
        if decision is Decision.IS_NOT_THERE:
            _require_quiet(session, ids, mover.at)
        where = _where(session, ids, reference)
        moved = _move(session, mover, ids, decision, reason, where)
        audit.record(
            session, audit.Event.DOUBT_DECIDED, project_id=project_id, actor=by,
            decision=decision.value, reason=reason, reference=reference, deliveries=moved,
        )  # fmt: skip
    return moved


def _require_words(
    decision: Decision, by: str, reason: str, reference: str, *, number: int
) -> None:
    if not by:
        raise FixInput("A decision needs a name", next_step="Give it with --by NAME.")
    if not reason:
        raise FixInput("A decision needs a reason", next_step="Give it with --reason TEXT.")
    if reference and decision is not Decision.IS_THERE:
        raise FixInput("Only what is there has a reference")
    if reference and number > 1:
        raise FixInput(
            f"One reference can't be that of {number:,} deliveries; nothing was changed",
            next_step="Decide one delivery at a time, or leave out --reference.",
        )
    if len(reference) > _LONGEST_REFERENCE:
        raise FixInput(f"The reference is longer than {_LONGEST_REFERENCE} characters")


def _require_doubts(session: Session, project_id: str, ids: Sequence[int]) -> None:
    require_project(session, project_id)
    if others := sorted(set(ids) - undecided(session, project_id)):
        named = ", ".join(str(each) for each in others[:_NAMED])
        more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        raise FixInput(
            f"{project_id} has no doubt {named}{more} to be decided; nothing was changed",
            next_step=f"`aicmo doubts {project_id}` lists those there are; "
            f"`aicmo reconcile {project_id}` records those that a stopped worker left.",
        )


def _require_quiet(session: Session, ids: Sequence[int], now: datetime) -> None:
    """A request that was cut off may still arrive: who looks too early sees nothing, truly."""
    fresh = select(func.max(Delivery.since)).where(Delivery.id.in_(ids))
    newest = session.scalars(fresh).one_or_none()
    if newest is not None and now < newest + SURE_AFTER:
        raise FixInput(
            "It is too early to say that it isn't there: a request that was cut off may still "
            "arrive; nothing was changed",
            next_step=f"Look again at {whole_minute(newest + SURE_AFTER):%H:%M} UTC, then decide.",
        )


def _where(session: Session, ids: Sequence[int], reference: str) -> dict[str, str]:
    """What a reference tells of a delivery: of a post's address, also where it can be seen."""
    if not (reference and ids):
        return {}
    channel = session.scalars(
        select(Item.channel)
        .join(Delivery, Delivery.item_id == Item.id)
        .where(Delivery.id == ids[0])
    ).one()
    if channel not in SOCIAL or not reference.startswith("https://"):
        return {"provider_ref": reference}
    link = read_permalink(Channel(channel), reference)
    return {"provider_ref": link.ref, "permalink": link.url}


def _move(
    session: Session,
    mover: Mover,
    ids: Sequence[int],
    decision: Decision,
    reason: str,
    where: Mapping[str, str],
) -> list[int]:
    match decision:
        case Decision.IS_THERE:
            after, told, values = State.SENT, "", where
        case Decision.IS_NOT_THERE:
            after, told, values = State.PENDING, "a person says it isn't there", AS_NEW
        case Decision.GIVE_UP:
            # It stays ambiguous: a retry must never take it for something proven not sent.
            after, told, values = State.FAILED, f"given up: {reason}"[:_LONGEST_REASON], {}
    chunks = (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
    return [
        each
        for chunk in chunks
        for each in move(
            session, mover, chunk, State.UNKNOWN, after, reason=told,
            values={"lease_until": None, **values},
        )
    ]  # fmt: skip
