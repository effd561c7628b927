"""Taking a published post back: asked for, approved, deleted by its network; the ledger keeps it as sent."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import AicmoError, FixAccount, FixInput, TryLater
from aicmo.execution.gate import issue_recall_permit
from aicmo.execution.identity import require_pinned
from aicmo.execution.published import (
    APPROVED,
    ASKED,
    BY_HAND,
    DELETED,
    REFUSED,
    UNKNOWN,
    Published,
    newest_recalls,
    published,
)
from aicmo.execution.states import Mover
from aicmo.gateways.contract import OpenGateway, Outcome, OutcomeKind
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.models import Attempt, Recall
from aicmo.settings import ExecutionConfig

_STATES = {
    OutcomeKind.SENT: DELETED,
    OutcomeKind.REFUSED_FOR_GOOD: REFUSED,
    OutcomeKind.UNKNOWN: UNKNOWN,
}
"""What a network's answer makes of a recall; after any other it can be tried again."""


def ask_recall(
    database: Database, project_id: str, delivery_id: int, *, by: str, reason: str
) -> Published:
    """Notes the wish to take a post back; nothing is deleted before somebody approves it.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: it isn't a post that is out, it can't be deleted for us, a later part of its
            thread is still there, or the name or the reason is missing.
    """
    if not (by.strip() and reason.strip()):
        raise FixInput("A recall needs a name and a reason", next_step="Give --by and --reason.")
    with audit.transaction(database, project_id) as session:
        post = _require_post(session, project_id, delivery_id)
        _require_recallable(session, project_id, post)
        session.add(
            Recall(
                delivery_id=delivery_id, provider_ref=post.provider_ref,
                reason=reason.strip()[:200], asked_by=by.strip(), asked_at=database.now(session),
            )
        )  # fmt: skip
        audit.record(
            session, audit.Event.RECALL_ASKED, project_id=project_id, actor=by.strip(),
            delivery=delivery_id, reason=reason.strip()[:200],
        )  # fmt: skip
        session.flush()
        return _require_post(session, project_id, delivery_id)


def approve_recall(
    database: Database,
    project_id: str,
    delivery_id: int,
    config: ExecutionConfig,
    open_gateway: Callable[[str], OpenGateway],
    *,
    by: str,
) -> Published:
    """Approves a recall that was asked for, and has the network delete the post.

    A network takes the same deletion again, so that one without an answer can be approved once more.

    Args:
        database: where the ledger is.
        project_id: the project.
        delivery_id: the post.
        config: the environment's side; it has to enable execution on the channel.
        open_gateway: the gateway of a channel.
        by: who approves it.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: no recall of it is open, or the name is missing.
        FixConfiguration: the environment doesn't enable execution on the channel.
        FixAccount: another account is logged in than the post went out as.
        TryLater: the network can't be reached; the recall stays approved.
    """
    if not by.strip():
        raise FixInput("An approval needs a name", next_step="Give it with --by NAME.")
    with database.read() as session:
        post = _require_post(session, project_id, delivery_id)
    if post.recall not in (ASKED, APPROVED, UNKNOWN):
        raise FixInput(
            f"No recall of delivery {delivery_id} is open",
            next_step=f"Ask for it first: `aicmo recall {project_id} {delivery_id} --reason TEXT`.",
        )
    permit = issue_recall_permit(config, post.channel)
    _approve(database, project_id, delivery_id, by.strip())
    mover = _mover(database, project_id, by.strip())
    with open_gateway(post.channel)(permit) as gateway:
        if not isinstance(gateway, SocialGateway):
            raise FixInput(f"Nothing can be taken back on {post.channel}")
        require_pinned(database, mover, post.channel, gateway)
        _require_same_account(database, post, gateway)
        outcome = gateway.recall(post.provider_ref)
    return _record(database, project_id, post, outcome, by.strip())


def _require_post(session: Session, project_id: str, delivery_id: int) -> Published:
    for each in published(session, project_id):
        if each.delivery_id == delivery_id:
            return each
    raise FixInput(
        f"{project_id} has no published post {delivery_id}",
        next_step=f"`aicmo recall {project_id}` lists those there are.",
    )


def _require_recallable(session: Session, project_id: str, post: Published) -> None:
    if post.recall == DELETED:
        raise FixInput(f"Delivery {post.delivery_id} is taken back already")
    by_hand = f"Delete it by hand: {post.permalink}." if post.permalink else "Delete it by hand."
    if post.channel == "instagram":
        raise FixInput("Instagram lets no program delete a post", next_step=by_hand)
    if post.reason == BY_HAND:  # as whom isn't known
        raise FixInput("A person posted it", next_step=by_hand)
    if not post.provider_ref:
        raise FixInput("What its network calls this post isn't known", next_step=by_hand)
    later = [
        each.delivery_id
        for each in published(session, project_id)
        if each.item == post.item and each.part > post.part and each.is_live
    ]
    if later:
        raise FixInput(
            f"Answers to it are still there: delivery {', '.join(map(str, later))}",
            next_step="Take a thread back from its last part to its first.",
        )


def _approve(database: Database, project_id: str, delivery_id: int, by: str) -> None:
    with audit.transaction(database, project_id) as session:
        recall = newest_recalls(session, project_id)[delivery_id]
        recall.approved_by, recall.approved_at = by, database.now(session)
        recall.state = APPROVED
        audit.record(
            session, audit.Event.RECALL_APPROVED, project_id=project_id, actor=by,
            delivery=delivery_id,
        )  # fmt: skip


def _require_same_account(database: Database, post: Published, gateway: SocialGateway) -> None:
    """Another account doesn't have the post, and would say that it is gone.

    The last attempt counts, also where its answer was lost and the post was found later.
    """
    last = select(Attempt.gateway).where(Attempt.delivery_id == post.delivery_id)
    with database.read() as session:
        through = session.scalars(last.order_by(Attempt.number.desc()).limit(1)).one_or_none()
    if through != gateway.name:
        raise FixAccount(
            f"Delivery {post.delivery_id} went out as another {post.channel} account",
            next_step="Log that account in again, or delete the post by hand.",
        )


def _record(
    database: Database, project_id: str, post: Published, outcome: Outcome, by: str
) -> Published:
    said = " ".join(part for part in (outcome.code, outcome.detail) if part)
    with audit.transaction(database, project_id) as session:
        recall = newest_recalls(session, project_id)[post.delivery_id]
        recall.state, recall.detail = _STATES.get(outcome.kind, APPROVED), said[:500]
        recall.ended_at = database.now(session) if recall.state in (DELETED, REFUSED) else None
        audit.record(
            session, audit.Event.RECALL_ENDED, project_id=project_id, actor=by,
            delivery=post.delivery_id, state=recall.state, code=outcome.code,
        )  # fmt: skip
        session.flush()
        now = _require_post(session, project_id, post.delivery_id)
    if now.recall == APPROVED:
        raise _not_now(project_id, post, said)
    return now


def _not_now(project_id: str, post: Published, said: str) -> AicmoError:
    again = f"`aicmo recall {project_id} {post.delivery_id} --approve` tries it again."
    return TryLater(
        f"{post.channel} didn't delete it: {said or 'no reason given'}", next_step=again
    )


def _mover(database: Database, project_id: str, by: str) -> Mover:
    with database.read() as session:
        return Mover(project_id, by, database.now(session))
